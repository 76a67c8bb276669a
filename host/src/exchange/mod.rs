//! How ranks meet: everybody's bytes in rank order, and what the others are told when one ends or fails.

pub(crate) mod in_process;
pub(crate) mod seats;
pub(crate) mod tcp;

pub use self::tcp::{Environment, Tcp};

/// How a rank ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RankExit {
    /// Its program returned.
    Finished,
    /// Its program failed or panicked, with the reason.
    Failed(String),
}
