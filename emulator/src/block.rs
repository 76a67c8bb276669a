//! A resident thread block: its shared memory and its barriers (PTX ISA section 9.7.13.1).

use std::collections::BTreeMap;

use crate::consistency::{Knowledge, Phases, Shadow};
use crate::counters::BlockWaits;
use crate::mbarrier::{Mbarrier, Mbarriers};
use crate::memory::Region;

/// Barriers of a block.
pub(crate) const BARRIERS: usize = 16;

/// A resident block.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) launch: usize,
    pub(crate) index: [u32; 3],
    pub(crate) sm: usize,
    pub(crate) threads: u32,
    pub(crate) shared: Region,
    /// Who accessed shared memory.
    pub(crate) shadow: Shadow,
    /// Warps (in the machine's slab) in order.
    pub(crate) warps: Vec<usize>,
    /// Warps with a lane that has not exited.
    pub(crate) alive: u32,
    pub(crate) barriers: Vec<Barrier>,
    pub(crate) mbarriers: Mbarriers,
    /// What mbarriers make known, by offset, if checks are on.
    pub(crate) phases: BTreeMap<u32, Phases>,
    /// Agents that its warps issued and that are not finished.
    pub(crate) agents: u32,
    /// Virtual cycle at which it started.
    pub(crate) started: u64,
    pub(crate) waits: BlockWaits,
}

impl Block {
    /// Changes an mbarrier and hands what is known by who changes it to those who wait for the phase.
    pub(crate) fn update_mbarrier<T>(
        &mut self,
        offset: u32,
        knowledge: Option<&Knowledge>,
        change: impl FnOnce(&mut Mbarrier) -> Result<T, String>,
    ) -> Result<T, String> {
        let before = self.mbarriers.get(&self.shared, offset)?.phase();
        let result = self.mbarriers.update(&mut self.shared, offset, change)?;
        if let Some(knowledge) = knowledge {
            self.phases.entry(offset).or_default().arrive(knowledge);
        }
        if self.mbarriers.get(&self.shared, offset)?.phase() != before
            && let Some(phases) = self.phases.get_mut(&offset)
        {
            phases.advance();
        }
        Ok(result)
    }
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
