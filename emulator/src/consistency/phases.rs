//! What the phases of an mbarrier make known: whoever finds a phase complete is behind all releases by arrivals up to its
//! end, and behind the copies whose bytes it counted (PTX ISA section 9.7.13.15).

use super::knowledge::Knowledge;

/// The knowledge that an mbarrier collects: from its own block, and from other blocks of the cluster, which only waits at
/// cluster scope learn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phases {
    arrived: Knowledge,
    arrived_remotely: Knowledge,
    complete: Knowledge,
    complete_remotely: Knowledge,
}

impl Phases {
    pub(crate) fn arrive(&mut self, knowledge: &Knowledge, remote: bool) {
        if remote { &mut self.arrived_remotely } else { &mut self.arrived }.join(knowledge);
    }

    /// The current phase is complete.
    pub(crate) fn advance(&mut self) {
        self.complete = self.arrived.clone();
        self.complete_remotely = self.arrived_remotely.clone();
    }

    /// What a waiter learns whose scope is the cluster, or else the block.
    pub(crate) fn complete(&self, cluster: bool) -> Knowledge {
        let mut knowledge = self.complete.clone();
        if cluster {
            knowledge.join(&self.complete_remotely);
        }
        knowledge
    }
}
