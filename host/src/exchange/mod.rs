//! How ranks meet: everybody's bytes in rank order, and what the others are told when one ends or
//! fails.
//!
//! Ranks that are threads of one process meet in memory (`in_process`), whether they drive real
//! GPUs or virtual ones; ranks that are processes meet over TCP ([`Tcp`]). Nothing else knows which
//! of them it is.

use std::fmt;

use crate::Result;

pub(crate) mod in_process;
mod seats;
pub(crate) mod tcp;

pub(crate) use self::seats::Seats;
pub use self::tcp::{Environment, Tcp};

/// How a rank ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RankExit {
    /// Its program returned.
    Finished,
    /// Its program failed or panicked, with the reason.
    Failed(String),
}

/// Where the ranks of a cluster meet.
///
/// Each method is called from the thread of the rank that it names.
pub(crate) trait Exchange: Send + Sync + fmt::Debug {
    /// Hands `bytes` to every rank and waits for theirs: the result holds one entry per rank, in
    /// rank order. All ranks must call it for the same `purpose`, in the same order. Gives up with
    /// [`Error::NotArrived`](crate::Error::NotArrived) when another rank makes no progress for
    /// long.
    fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>>;

    /// The rank takes no further part. Ranks that wait for it get an error that names it.
    fn leave(&self, rank: usize, exit: RankExit);

    /// Whether the rank was told that a peer failed, so that its own failure may be only a
    /// consequence.
    fn was_told_of_failure(&self, rank: usize) -> bool;

    /// What a rank waits for all others in, as far as this process knows.
    fn gathers_for(&self, rank: usize) -> Option<String>;
}

/// The purpose of ranks that begin anew after a round failed.
pub(crate) const RESET: &str = "resetting a dock";
