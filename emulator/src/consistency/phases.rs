//! What the phases of an mbarrier make known: whoever finds a phase complete is behind all releases by arrivals up to its
//! end, and behind the copies whose bytes it counted (PTX ISA section 9.7.13.15).

use super::knowledge::Knowledge;

/// The knowledge that an mbarrier collects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phases {
    arrived: Knowledge,
    complete: Knowledge,
}

impl Phases {
    pub(crate) fn arrive(&mut self, knowledge: &Knowledge) {
        self.arrived.join(knowledge);
    }

    /// The current phase is complete.
    pub(crate) fn advance(&mut self) {
        self.complete = self.arrived.clone();
    }

    /// What a waiter learns.
    pub(crate) fn complete(&self) -> &Knowledge {
        &self.complete
    }
}
