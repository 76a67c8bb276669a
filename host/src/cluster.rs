//! The ranks together: one thread each, one program for all.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossdock_device::layout::code::MAX_RANKS;

use crate::backend::{Backend, Departure, Emulated, Settings};
use crate::rank::Rank;
use crate::{Error, Result, Topology, Trace};

/// GPUs that work together, and the options of the machine that runs them.
///
/// ```
/// use crossdock_host::{Cluster, Error, Topology};
///
/// # fn main() -> Result<(), Error> {
/// let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(4))?.schedule_seed(7);
/// let numbers = cluster.run(|rank| -> Result<usize, Error> {
///     rank.barrier()?;
///     Ok(rank.index())
/// })?;
/// assert_eq!(numbers, [0, 1, 2, 3]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cluster {
    topology: Topology,
    schedule_seed: u64,
    priority_changes: Option<u32>,
    multiprocessors: u32,
    deadline: Duration,
    patience: Duration,
}

impl Cluster {
    /// Virtual GPUs that execute PTX text on the CPU: 132 multiprocessors each, all connected by NVLink.
    ///
    /// # Errors
    /// When the topology is empty, has several nodes, or has more ranks than the kernels address.
    pub fn emulated(topology: Topology) -> Result<Cluster> {
        topology.check()?;
        let (ranks, most) = (topology.ranks(), MAX_RANKS as usize);
        if ranks > most {
            return Err(Error::TooManyRanks { ranks, most });
        }
        Ok(Cluster {
            topology,
            schedule_seed: 0,
            priority_changes: None,
            multiprocessors: 132,
            deadline: Duration::from_secs(10),
            patience: Duration::from_secs(60),
        })
    }

    /// The order in which virtual warps take turns: 0, the default, is round robin; every other value is a random fair
    /// order of its own. Results do not depend on it.
    pub fn schedule_seed(self, seed: u64) -> Cluster {
        Cluster { schedule_seed: seed, ..self }
    }

    /// Lets virtual warps go on by random priorities, which change at up to so many random moments, instead of in turn:
    /// probabilistic concurrency testing, which finds mistakes that need few but particular switches. The schedule seed
    /// draws priorities and moments.
    pub fn priorities(self, changes: u32) -> Cluster {
        Cluster { priority_changes: Some(changes), ..self }
    }

    /// Multiprocessors of each virtual GPU; 0 counts as 1.
    pub fn multiprocessors(self, count: u32) -> Cluster {
        Cluster { multiprocessors: count.max(1), ..self }
    }

    /// How long a kernel waits for a peer, in the clock of the device, before the round fails with
    /// [`Error::Late`]. The default is 10 s.
    pub fn deadline(self, deadline: Duration) -> Cluster {
        Cluster { deadline, ..self }
    }

    /// How long waiting ranks bear with a rank whose program neither calls this library nor ends, in wall-clock time,
    /// before they fail with [`Error::NotArrived`]. The default is 60 s.
    pub fn patience(self, patience: Duration) -> Cluster {
        Cluster { patience, ..self }
    }

    /// The ranks.
    pub fn topology(&self) -> Topology {
        self.topology
    }

    /// Runs `program` on every rank, each on a thread of its own and on a fresh machine, and returns the results in
    /// rank order once all have ended.
    ///
    /// # Errors
    /// The error of the lowest rank that failed by itself, not only because another rank had failed. A rank that
    /// fails or panics never leaves the others hanging: they get [`Error::PeerFailed`] where they wait.
    pub fn run<T, E, F>(&self, program: F) -> Result<Vec<T>, E>
    where
        T: Send,
        E: From<Error> + Display + Send,
        F: Fn(&Rank) -> Result<T, E> + Sync,
    {
        self.start(program, false).0
    }

    /// The same, and what ran when on the virtual GPUs, also of a run that fails. Recording costs memory: a slice for every
    /// warp and wait.
    pub fn run_traced<T, E, F>(&self, program: F) -> (Result<Vec<T>, E>, Option<Trace>)
    where
        T: Send,
        E: From<Error> + Display + Send,
        F: Fn(&Rank) -> Result<T, E> + Sync,
    {
        self.start(program, true)
    }

    fn start<T, E, F>(&self, program: F, trace: bool) -> (Result<Vec<T>, E>, Option<Trace>)
    where
        T: Send,
        E: From<Error> + Display + Send,
        F: Fn(&Rank) -> Result<T, E> + Sync,
    {
        let settings = Settings {
            ranks: self.topology.ranks(),
            schedule_seed: self.schedule_seed,
            priority_changes: self.priority_changes,
            trace,
            multiprocessors: self.multiprocessors,
            patience: self.patience,
        };
        let backend: Arc<dyn Backend> = match Emulated::new(settings) {
            Ok(backend) => Arc::new(backend),
            Err(error) => return (Err(error.into()), None),
        };
        let outcome = self.run_on(&backend, program);
        (outcome, backend.take_trace())
    }

    fn run_on<T, E, F>(&self, backend: &Arc<dyn Backend>, program: F) -> Result<Vec<T>, E>
    where
        T: Send,
        E: From<Error> + Display + Send,
        F: Fn(&Rank) -> Result<T, E> + Sync,
    {
        let ranks = self.topology.ranks();
        let program = &program;
        let outcomes: Vec<Result<T, E>> = thread::scope(|scope| {
            let start = |index: usize| {
                let here = Arc::clone(backend);
                let body = move || {
                    let rank = Rank::new(Arc::clone(&here), self.topology, index, self.deadline);
                    let outcome = catch_unwind(AssertUnwindSafe(|| program(&rank))).unwrap_or_else(|panic| {
                        Err(Error::Panicked { rank: index, message: panic_message(&*panic) }.into())
                    });
                    here.leave(index, departure(&outcome));
                    outcome
                };
                thread::Builder::new().name(format!("rank {index}")).spawn_scoped(scope, body).map_err(
                    |error| {
                        let failed = Err(Error::Thread { rank: index, message: error.to_string() }.into());
                        backend.leave(index, departure(&failed));
                        failed
                    },
                )
            };
            let threads: Vec<_> = (0..ranks).map(start).collect();
            let join = |(index, thread): (usize, Result<thread::ScopedJoinHandle<'_, _>, _>)| match thread {
                Ok(thread) => thread.join().unwrap_or_else(|panic| {
                    Err(Error::Panicked { rank: index, message: panic_message(&*panic) }.into())
                }),
                Err(failed) => failed,
            };
            threads.into_iter().enumerate().map(join).collect()
        });
        let mut results = Vec::with_capacity(ranks);
        let mut failure: Option<(bool, E)> = None;
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(result) => results.push(result),
                Err(error) => {
                    let consequence = backend.was_told_of_failure(index);
                    if failure.as_ref().is_none_or(|(other, _)| *other && !consequence) {
                        failure = Some((consequence, error));
                    }
                }
            }
        }
        failure.map_or(Ok(results), |(_, error)| Err(error))
    }
}

fn departure<T, E: Display>(outcome: &Result<T, E>) -> Departure {
    match outcome {
        Ok(_) => Departure::Finished,
        Err(error) => Departure::Failed(error.to_string()),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
