//! Who executes next, and for how long: one decision at a time, so that policies can be exchanged and replayed.

mod random;
mod round_robin;

use std::collections::VecDeque;

pub(crate) use random::Random;
pub(crate) use round_robin::RoundRobin;

/// Marks entries of the ready queue that are agents, by serial number, instead of warps.
pub(crate) const AGENT: usize = 1 << (usize::BITS - 1);

/// One turn of a warp or an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The warp, or an [`AGENT`].
    pub(crate) warp: usize,
    /// Instructions.
    pub(crate) budget: u32,
    /// The path group to start with, modulo the number of ready ones.
    pub(crate) group: Option<u32>,
}

/// A scheduling policy.
pub(crate) trait Schedule: std::fmt::Debug + Send {
    /// Takes a warp or an agent out of the ready queue; `None` when it is empty.
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Option<Turn>;
}

/// The policy that a seed stands for.
pub(crate) fn from_seed(seed: u64) -> Box<dyn Schedule> {
    if seed == 0 { Box::new(RoundRobin) } else { Box::new(Random::new(seed)) }
}
