//! One program on every rank of this process, each on a thread of its own.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use crate::backend::Backend;
use crate::backend::emulated::Emulated;
use crate::exchange::{Exchange, RankExit};
use crate::gpu::rank::Rank;
use crate::{Error, Result, Trace};

/// What was opened for one run.
#[derive(Debug)]
pub(super) struct Opened {
    /// The GPUs of this process's ranks, in rank order.
    pub(super) gpus: Vec<Arc<dyn Backend>>,
    /// Where all ranks meet.
    pub(super) exchange: Arc<dyn Exchange>,
    /// The number of the first of these ranks.
    pub(super) first: usize,
    /// The machine, if the GPUs are virtual.
    pub(super) emulated: Option<Arc<Emulated>>,
}

impl Opened {
    /// What ran when; `None` where nothing is recorded.
    pub(super) fn take_trace(&self) -> Option<Trace> {
        self.emulated.as_ref().and_then(|emulated| emulated.take_trace())
    }
}

/// Runs `program` on the ranks that `rank` makes, and returns the results in rank order once all
/// have ended, or the error of the lowest rank that failed by itself.
pub(super) fn on_every_rank<T, E, F>(
    opened: &Opened,
    rank: impl Fn(usize, Arc<dyn Backend>) -> Rank + Sync,
    program: F,
) -> Result<Vec<T>, E>
where
    T: Send,
    E: From<Error> + Display + Send,
    F: Fn(&Rank) -> Result<T, E> + Sync,
{
    let (program, rank) = (&program, &rank);
    let Opened { gpus, exchange, first, .. } = opened;
    let here = *first..first + gpus.len();
    let outcomes: Vec<Result<T, E>> = thread::scope(|scope| {
        let start = |(index, gpu): (usize, Arc<dyn Backend>)| {
            let body = move || {
                let rank = rank(index, gpu);
                let outcome = catch_unwind(AssertUnwindSafe(|| program(&rank))).unwrap_or_else(|panic| {
                    Err(Error::Panicked { rank: index, message: panic_message(&*panic) }.into())
                });
                if let Err(error) = &outcome {
                    tracing::warn!(rank = index, %error, "the program of the rank failed");
                }
                exchange.leave(index, exit(&outcome));
                outcome
            };
            thread::Builder::new().name(format!("rank {index}")).spawn_scoped(scope, body).map_err(|error| {
                let failed = Err(Error::Thread { rank: index, message: error.to_string() }.into());
                exchange.leave(index, exit(&failed));
                failed
            })
        };
        let threads: Vec<_> = here.clone().zip(gpus.iter().map(Arc::clone)).map(start).collect();
        let join = |(index, thread): (usize, Result<thread::ScopedJoinHandle<'_, _>, _>)| match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| {
                Err(Error::Panicked { rank: index, message: panic_message(&*panic) }.into())
            }),
            Err(failed) => failed,
        };
        here.clone().zip(threads).map(join).collect()
    });
    let mut results = Vec::with_capacity(here.len());
    let mut failure: Option<(bool, E)> = None;
    for (index, outcome) in here.zip(outcomes) {
        match outcome {
            Ok(result) => results.push(result),
            Err(error) => {
                let consequence = exchange.was_told_of_failure(index);
                if failure.as_ref().is_none_or(|(other, _)| *other && !consequence) {
                    failure = Some((consequence, error));
                }
            }
        }
    }
    failure.map_or(Ok(results), |(_, error)| Err(error))
}

fn exit<T, E: Display>(outcome: &Result<T, E>) -> RankExit {
    match outcome {
        Ok(_) => RankExit::Finished,
        Err(error) => RankExit::Failed(error.to_string()),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
