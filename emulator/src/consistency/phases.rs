//! What mbarriers make known: whoever finds a phase complete is after all releases by arrivals up
//! to its end, and after the copies whose bytes it counted (PTX ISA section 9.7.13.15).
//!
//! A bulk copy uses its mbarrier through the async proxy, and `mbarrier.init` writes it through the
//! generic one. So the copy must be after a fence between the two: `fence.proxy.async`, or
//! `fence.mbarrier_init` by the thread that initialised it.

use super::Detector;
use super::check::Racing;
use super::helper::AgentClock;
use super::knowledge::Knowledge;
use super::lanes::LaneClocks;
use super::location::Moment;
use super::stamp::{Mark, Stamp};
use super::view::View;
use crate::op::Space;

/// The knowledge that an mbarrier collects: from its own block, and from other blocks of the
/// cluster, which only waits at cluster scope learn.
#[derive(Clone, Debug, Default)]
pub(crate) struct Phases {
    arrived: Knowledge,
    arrived_remotely: Knowledge,
    complete: Knowledge,
    complete_remotely: Knowledge,
    initialised: Mark,
    /// A `fence.mbarrier_init` after the initialisation.
    fenced: Option<Moment>,
}

impl Phases {
    /// Those of an mbarrier that was initialised by that access.
    pub(crate) fn of(initialised: Mark) -> Phases {
        Phases { initialised, ..Phases::default() }
    }

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

impl Detector {
    /// `fence.mbarrier_init` by the lanes of `mask`, in a block with these mbarriers.
    pub(super) fn fence_initialised<'a>(
        &mut self,
        clocks: &mut LaneClocks,
        mask: u32,
        mbarriers: impl Iterator<Item = &'a mut Phases>,
    ) {
        for phases in mbarriers {
            let stamp = self.stamps.get(phases.initialised.stamp());
            let lanes = phases.initialised.lanes(stamp);
            if stamp.actor == clocks.actor && lanes & !mask == 0 && phases.fenced.is_none() {
                phases.fenced = Some(Moment { actor: clocks.actor, lanes, time: clocks.time });
            }
        }
        clocks.tick();
    }

    /// Whether a bulk copy that a lane issues finds its mbarrier initialised.
    pub(crate) fn completes_at(
        &self,
        phases: &Phases,
        clock: &AgentClock,
        (lane, offset): (usize, usize),
    ) -> Result<(), Racing> {
        let mark = phases.initialised;
        if mark.is_nobody() {
            return Ok(());
        }
        let stamp = self.stamps.get(mark.stamp());
        let actor = &self.actors[stamp.actor as usize];
        let helper = clock.lane_for(lane);
        let is_fenced = phases.fenced.is_some_and(|Moment { actor: _, lanes, time }| {
            clock.knows(&Stamp { time, ..*stamp }, actor.launch, lanes, helper)
        });
        let theirs = mark.lanes(stamp);
        if is_fenced || clock.is_after(stamp, actor, theirs, 1 << helper, Space::Shared) {
            return Ok(());
        }
        Err(Racing { earlier: mark, offset, lane: helper })
    }
}
