//! The ranks together: one thread each, one program for all.

mod run;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crossdock_device::Target;
use crossdock_device::layout::code::MAX_RANKS;

use self::run::Opened;
use crate::backend::Backend;
#[cfg(feature = "cuda")]
use crate::backend::cuda;
use crate::backend::emulated::{Emulated, Settings, VirtualGpu};
use crate::exchange::Exchange;
use crate::gpu::rank::Rank;
use crate::planning::Rates;
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
    machine: Machine,
    /// What kernels are made for, if not for the newest target that the GPUs run.
    target: Option<Target>,
    rates: Rates,
    deadline: Duration,
    patience: Duration,
}

/// What runs the kernels.
#[derive(Clone, Debug)]
enum Machine {
    Emulated {
        schedule_seed: u64,
        priority_changes: Option<u32>,
        multiprocessors: u32,
    },
    #[cfg(feature = "cuda")]
    Cuda {
        ranks: cuda::Ranks,
        multiprocessors: Option<u32>,
    },
}

impl Cluster {
    /// Virtual GPUs that execute PTX text on the CPU: 132 multiprocessors each, all connected by
    /// NVLink.
    ///
    /// # Errors
    /// When the topology is empty, has several nodes, or has more ranks than the kernels address.
    pub fn emulated(topology: Topology) -> Result<Cluster> {
        Cluster::with(
            topology,
            Machine::Emulated { schedule_seed: 0, priority_changes: None, multiprocessors: 132 },
        )
    }

    /// All ranks in this process, on NVIDIA GPUs: rank `r` on GPU `r`, or, where there are more
    /// ranks than GPUs, on GPU `r` modulo their number. Ranks that share a GPU share its
    /// multiprocessors.
    ///
    /// # Errors
    /// [`Error::NoGpu`] when there is no driver or no GPU; otherwise as for
    /// [`emulated`](Self::emulated).
    #[cfg(feature = "cuda")]
    pub fn cuda(topology: Topology) -> Result<Cluster> {
        let count = cuda::gpus()?.len();
        let devices = (0..topology.ranks()).map(|rank| rank % count).collect();
        Cluster::with(topology, Machine::Cuda { ranks: cuda::Ranks::Threads(devices), multiprocessors: None })
    }

    /// One process per rank, started by torchrun or Slurm: this one runs the rank that its
    /// variables say ([`Environment`](crate::exchange::Environment)), on the GPU with the number of
    /// its local rank. [`run`](Self::run) meets the others and returns one result.
    ///
    /// # Errors
    /// [`Error::Variable`] when a variable is missing or means nothing; [`Error::NoGpu`] without a
    /// driver or a GPU.
    #[cfg(feature = "cuda")]
    pub fn from_env() -> Result<Cluster> {
        let environment = crate::exchange::Environment::from_env()?;
        let topology = environment.topology();
        cuda::gpus()?;
        Cluster::with(
            topology,
            Machine::Cuda { ranks: cuda::Ranks::Process(environment), multiprocessors: None },
        )
    }

    fn with(topology: Topology, machine: Machine) -> Result<Cluster> {
        topology.check()?;
        let (ranks, most) = (topology.ranks(), MAX_RANKS as usize);
        if ranks > most {
            return Err(Error::TooManyRanks { ranks, most });
        }
        let (deadline, patience) = (Duration::from_secs(10), Duration::from_secs(60));
        Ok(Cluster { topology, machine, target: None, rates: Rates::default(), deadline, patience })
    }

    /// The order in which virtual warps take turns: 0, the default, is round robin; every other
    /// value is a random fair order of its own. Results do not depend on it. Real GPUs have an
    /// order of their own.
    pub fn schedule_seed(mut self, seed: u64) -> Cluster {
        if let Machine::Emulated { schedule_seed, .. } = &mut self.machine {
            *schedule_seed = seed;
        }
        self
    }

    /// Lets virtual warps go on by random priorities, which change at up to so many random moments,
    /// instead of in turn: probabilistic concurrency testing, which finds mistakes that need few
    /// but particular switches. The schedule seed draws priorities and moments. Real GPUs have an
    /// order of their own.
    pub fn priorities(mut self, changes: u32) -> Cluster {
        if let Machine::Emulated { priority_changes, .. } = &mut self.machine {
            *priority_changes = Some(changes);
        }
        self
    }

    /// Multiprocessors of each virtual GPU, or the most that are used of a real one; 0 counts as 1.
    pub fn multiprocessors(mut self, count: u32) -> Cluster {
        match &mut self.machine {
            Machine::Emulated { multiprocessors, .. } => *multiprocessors = count.max(1),
            #[cfg(feature = "cuda")]
            Machine::Cuda { multiprocessors, .. } => *multiprocessors = Some(count.max(1)),
        }
        self
    }

    /// Makes kernels for this target, where ranks make them ([`Rank::kernels`]), instead of the
    /// newest that the GPUs run. Results do not depend on it, and ranks may differ.
    pub fn for_target(self, target: Target) -> Cluster {
        Cluster { target: Some(target), ..self }
    }

    /// What ranks make kernels for: what [`for_target`](Self::for_target) says, or the newest
    /// target that the GPUs of this process's ranks run under their driver. Virtual GPUs run every
    /// target, and are taken for Hopper (`sm_90`).
    ///
    /// # Errors
    /// [`Error::NoGpu`] when the GPUs do not answer, or are older than all targets.
    pub fn target(&self) -> Result<Target> {
        match (&self.machine, self.target) {
            (_, Some(target)) => Ok(target),
            (Machine::Emulated { .. }, None) => {
                Ok(Target::named("sm_90").expect("the table of targets has Hopper"))
            }
            #[cfg(feature = "cuda")]
            (Machine::Cuda { ranks, .. }, None) => ranks.target(),
        }
    }

    /// How fast GPUs and links are: what docks plan with (see [`planning`](crate::planning)). Those
    /// of an H100 otherwise.
    pub fn rates(self, rates: Rates) -> Cluster {
        Cluster { rates, ..self }
    }

    /// How long a kernel waits for a peer, in the clock of the device, before the round fails with
    /// [`Error::Late`]. The default is 10 s.
    pub fn deadline(self, deadline: Duration) -> Cluster {
        Cluster { deadline, ..self }
    }

    /// How long waiting ranks bear with a rank whose program neither calls this library nor ends,
    /// in wall-clock time, before they fail with [`Error::NotArrived`]. The default is 60 s.
    pub fn patience(self, patience: Duration) -> Cluster {
        Cluster { patience, ..self }
    }

    /// The ranks.
    pub fn topology(&self) -> Topology {
        self.topology
    }

    /// Runs `program` on every rank of this process, each on a thread of its own and on a fresh
    /// machine, and returns the results in rank order once all have ended.
    ///
    /// # Errors
    /// The error of the lowest rank that failed by itself, not only because another rank had
    /// failed. A rank that fails or panics never leaves the others hanging: they get
    /// [`Error::PeerFailed`] where they wait.
    pub fn run<T, E, F>(&self, program: F) -> Result<Vec<T>, E>
    where
        T: Send,
        E: From<Error> + Display + Send,
        F: Fn(&Rank) -> Result<T, E> + Sync,
    {
        self.start(program, false).0
    }

    /// The same, and what ran when on the virtual GPUs, also of a run that fails. Recording costs
    /// memory: a slice for every warp and wait.
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
        match self.target().and_then(|target| Ok((target, self.open(trace)?))) {
            Ok((target, opened)) => {
                let rank = |index, gpu| {
                    let exchange = Arc::clone(&opened.exchange);
                    Rank::new(gpu, exchange, self.topology, index, target, self.rates, self.deadline)
                };
                (run::on_every_rank(&opened, rank, program), opened.take_trace())
            }
            Err(error) => (Err(error.into()), None),
        }
    }

    /// What runs the kernels of the ranks of this process.
    fn open(&self, trace: bool) -> Result<Opened> {
        match &self.machine {
            Machine::Emulated { schedule_seed, priority_changes, multiprocessors } => {
                let ranks = self.topology.ranks();
                let emulated = Emulated::open(&Settings {
                    ranks,
                    schedule_seed: *schedule_seed,
                    priority_changes: *priority_changes,
                    trace,
                    multiprocessors: *multiprocessors,
                    patience: self.patience,
                })?;
                let gpu = |rank| -> Arc<dyn Backend> { Arc::new(VirtualGpu::new(rank, &emulated)) };
                let gpus = (0..ranks).map(gpu).collect();
                let exchange: Arc<dyn Exchange> = Arc::<Emulated>::clone(&emulated);
                Ok(Opened { gpus, exchange, first: 0, emulated: Some(emulated) })
            }
            #[cfg(feature = "cuda")]
            Machine::Cuda { ranks, multiprocessors } => {
                let (gpus, exchange) = ranks.open(*multiprocessors, self.patience)?;
                Ok(Opened { gpus, exchange, first: ranks.first(), emulated: None })
            }
        }
    }
}
