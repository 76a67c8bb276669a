//! Who decides what the PTX ISA leaves open: which warp or copy goes on next, and what strong loads
//! find.

use crate::schedule::{Path, Recording};

/// How decisions are made. The same policy and seed make the same decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// Fair: with [`Config::schedule_seed`](crate::Config::schedule_seed) 0 round robin, and loads
    /// find the newest store; with every other seed a random warp for a random time, and loads find
    /// any store that the memory model allows.
    #[default]
    Fair,
    /// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS
    /// 2010): warps and copies have random priorities, the highest always goes on, and at up to
    /// `changes` random moments the one that executes falls behind all others. Finds what needs few
    /// but particular switches. The seed draws priorities and moments.
    Priorities {
        /// The most moments at which a priority changes: a mistake that needs `n` ordered switches
        /// takes `n - 1`.
        changes: u32,
    },
    /// The decisions of an earlier run, one by one; when they are used up, round robin.
    Replay(Recording),
    /// One of the schedules of [`explore`](crate::explore), which makes this policy.
    Explore(Path),
}

impl Policy {
    /// The policy in words, for reports.
    pub(crate) fn describe(&self, seed: u64) -> String {
        match self {
            Policy::Fair if seed == 0 => "round robin (seed 0)".into(),
            Policy::Fair => format!("random, seed {seed}"),
            Policy::Priorities { changes } => format!("priorities with {changes} changes, seed {seed}"),
            Policy::Replay(_) => "replayed from a recording".into(),
            Policy::Explore(path) => format!("number {} of an exploration", path.number()),
        }
    }
}
