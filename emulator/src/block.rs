//! A resident thread block and its barriers (PTX ISA section 9.7.13.1).

use crate::consistency::Knowledge;
use crate::counters::BlockWaits;

/// Barriers of a block.
pub(crate) const BARRIERS: usize = 16;

/// A resident block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) launch: usize,
    pub(crate) index: [u32; 3],
    pub(crate) sm: usize,
    pub(crate) threads: u32,
    /// Its cluster (a slot), and its rank there.
    pub(crate) cluster: usize,
    pub(crate) rank: u32,
    /// Warps (in the machine's slab) in order.
    pub(crate) warps: Vec<usize>,
    /// Warps with a lane that has not exited.
    pub(crate) alive: u32,
    pub(crate) barriers: Vec<Barrier>,
    /// Agents that its warps issued and that are not finished.
    pub(crate) agents: u32,
    /// Virtual cycle at which it started.
    pub(crate) started: u64,
    pub(crate) waits: BlockWaits,
}

/// One of the 16 barriers; the default is idle.
#[derive(Clone, Debug, Default)]
pub(crate) struct Barrier {
    /// Warps that arrived.
    pub(crate) arrived: u32,
    /// Warps that take part; `None` for all that have not exited.
    pub(crate) expected: Option<u32>,
    /// The kind of the first arrival, for the check that `bar.red` is not mixed with others.
    pub(crate) reduces: bool,
    /// Groups that wait: (warp, group).
    pub(crate) waiting: Vec<(usize, u32)>,
    pub(crate) population: u32,
    pub(crate) any: bool,
    pub(crate) not_all: bool,
    /// What those who arrived know.
    pub(crate) knowledge: Knowledge,
}

impl Barrier {
    /// Whether everybody is there.
    pub(crate) fn is_complete(&self, alive: u32) -> bool {
        self.arrived > 0 && self.arrived >= self.expected.unwrap_or(alive)
    }
}
