//! Copies that go on by themselves, as threads of their own.
//!
//! A copy starts with what its issuer knows (it is ordered after the instructions before it, PTX
//! ISA section 8.9.1.1) and nobody is after it until its completion is waited for. It is a lane of
//! a *helper*, which is a warp that does not exist. A lane of a helper copies again only when the
//! issuer knows that its last copy is complete, so there are few helpers, however many copies there
//! are. Its accesses are noted when it is issued, so whether it races does not depend on when the
//! schedule performs it.

use super::check::{Racing, Request};
use super::clock::{Known, LaunchId, Time, lanes};
use super::knowledge::Knowledge;
use super::lanes::LaneClocks;
use super::past::Past;
use super::scope::Place;
use super::shadow::Shadow;
use super::stamp::{Access, Kind, Mark, Proxy, Stamp};
use super::view::View;
use super::{Actor, Detector};
use crate::op::Space;

/// Helpers whose lanes are looked at for a free one.
const MOST_EXAMINED: usize = 8;

/// What somebody who waits for a copy learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trail {
    pub(crate) actor: u32,
    pub(crate) launch: LaunchId,
    pub(crate) lanes: u32,
    /// When it has read; when it has written is one later.
    pub(crate) time: Time,
}

impl Trail {
    /// What the completion of the copy, or with `read` of its reads, makes known. Completion orders
    /// both proxies.
    pub(crate) fn knowledge(&self, read: bool) -> Knowledge {
        let time = if read { self.time } else { self.time + 1 };
        let mut knowledge = Knowledge::default();
        knowledge.add_everywhere(self.actor, self.launch, &Known::Some { base: 0, lanes: self.lanes, time });
        knowledge
    }
}

/// The clock of a copy.
#[derive(Clone, Debug)]
pub(crate) struct AgentClock {
    pub(crate) trail: Trail,
    pub(crate) launch: LaunchId,
    pub(crate) place: Place,
    pub(crate) proxy: Proxy,
    /// What its issuer knew.
    past: Past,
    /// The lane that issued it, of a bulk copy.
    issuer: Option<usize>,
}

impl AgentClock {
    /// What the issuer of the part that helper lane `lane` copies knew.
    pub(crate) fn knowledge(&self, lane: usize) -> &Knowledge {
        self.past.knowledge(self.issuer.unwrap_or(lane))
    }

    /// Whether an access is known to the issuer, proxies aside.
    pub(crate) fn knows(&self, stamp: &Stamp, launch: LaunchId, theirs: u32, lane: usize) -> bool {
        self.past.knows(stamp, launch, theirs, self.issuer.unwrap_or(lane))
    }

    /// The helper lane that copies for a lane.
    pub(crate) fn lane_for(&self, lane: usize) -> usize {
        if self.issuer.is_some() { self.trail.lanes.trailing_zeros() as usize } else { lane }
    }
}

impl View for AgentClock {
    fn is_after(&self, stamp: &Stamp, actor: &Actor, theirs: u32, mine: u32, space: Space) -> bool {
        if stamp.actor == self.trail.actor && theirs & !mine == 0 {
            return true;
        }
        // Order is preserved within the async proxy of one block, not between those of two.
        let same_proxy = stamp.access.proxy == Proxy::Async && actor.place.block == self.place.block;
        let crosses = self.proxy == Proxy::Async && !same_proxy;
        lanes(mine).all(|lane| {
            // A read that is over cannot be disturbed, whatever way the later write takes.
            if crosses && stamp.access.kind != Kind::Read {
                let clock = self.knowledge(lane).async_proxy(space);
                return clock.covers(stamp.actor, actor.launch, theirs, stamp.time);
            }
            self.knows(stamp, actor.launch, theirs, lane)
        })
    }

    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool {
        lanes(mine).all(|lane| self.knowledge(lane).generic.knows_end_of(launch))
    }
}

impl Detector {
    /// Lane `lane` issues a bulk copy.
    pub(crate) fn start_bulk(&mut self, clocks: &mut LaneClocks, lane: usize) -> AgentClock {
        let free =
            clocks.helpers.0.iter().enumerate().rev().take(MOST_EXAMINED).find_map(|(index, helper)| {
                let slot = (0..32).find(|&slot| is_free(clocks, helper, slot, lane))?;
                Some((index, slot))
            });
        let (index, slot) = free.unwrap_or((usize::MAX, 0));
        self.start_copy(clocks, index, 1 << slot, Proxy::Async, Some(lane))
    }

    /// The lanes of `mask` issue a `cp.async` together, which uses the generic proxy.
    pub(crate) fn start_lane_copies(&mut self, clocks: &mut LaneClocks, mask: u32) -> AgentClock {
        let free = clocks
            .helpers
            .0
            .iter()
            .enumerate()
            .rev()
            .take(MOST_EXAMINED)
            .find(|(_, helper)| lanes(mask).all(|lane| is_free(clocks, helper, lane, lane)));
        let index = free.map_or(usize::MAX, |(index, _)| index);
        self.start_copy(clocks, index, mask, Proxy::Generic, None)
    }

    fn start_copy(
        &mut self,
        clocks: &mut LaneClocks,
        index: usize,
        mask: u32,
        proxy: Proxy,
        issuer: Option<usize>,
    ) -> AgentClock {
        let index = if index < clocks.helpers.0.len() {
            index
        } else {
            let number = self.add_helper(clocks.actor);
            clocks.helpers.0.push((number, [0; 32]));
            clocks.helpers.0.len() - 1
        };
        let (actor, times) = &mut clocks.helpers.0[index];
        let time = lanes(mask).map(|lane| times[lane]).max().unwrap_or(0) + 1;
        for lane in lanes(mask) {
            times[lane] = time + 1;
        }
        let trail = Trail { actor: *actor, launch: clocks.launch, lanes: mask, time };
        // What the issuer does from here on is not ordered with the copy.
        let past = clocks.past();
        clocks.tick();
        AgentClock { trail, launch: clocks.launch, place: clocks.place, proxy, past, issuer }
    }

    /// A copy that is issued will access a run of bytes, by a lane of its helper.
    pub(crate) fn copy(
        &mut self,
        shadow: &mut Shadow,
        clock: &AgentClock,
        access: Access,
        (pc, lane): (u32, usize),
        space: Space,
        (offset, length): (usize, usize),
    ) -> Result<(), Racing> {
        let time = if access.kind == Kind::Read { clock.trail.time } else { clock.trail.time + 1 };
        let stamp = Stamp { actor: clock.trail.actor, time, pc, lanes: 0, access };
        let mark = Mark::lane(self.stamps.add(stamp), lane);
        let request = Request {
            view: clock,
            actor: clock.trail.actor,
            launch: clock.launch,
            place: clock.place,
            mark,
            lanes: 1 << lane,
            access,
            space,
        };
        self.request(shadow, &request, offset, length)
    }

    /// A copy is complete: whoever follows the launch knows it.
    pub(crate) fn end_copy(&mut self, trail: &Trail) {
        let launch = self.actors[trail.actor as usize].launch;
        self.launches[launch.number as usize].end.join(&trail.knowledge(false));
    }
}

/// Whether `lane` of a warp knows that the last copy by lane `slot` of a helper is complete.
fn is_free(clocks: &LaneClocks, (actor, times): &(u32, [Time; 32]), slot: usize, lane: usize) -> bool {
    times[slot] == 0 || clocks.knows_moment((*actor, clocks.launch, times[slot]), 1 << slot, 1 << lane)
}
