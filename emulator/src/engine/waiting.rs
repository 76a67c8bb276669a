//! Groups that wait for memory or for time, and what wakes them.

use std::cmp::Reverse;

use super::Engine;
use crate::memory::{Memory, Recent, window};
use crate::op::Space;
use crate::parking::{Parking, Read};
use crate::warp::State;

impl Engine {
    /// A group begins to wait now.
    pub(super) fn begin_wait(&mut self, place: usize, group: u32) {
        let now = self.clock.cycles();
        if let Some(group) = self.warp_mut(place).and_then(|warp| warp.group_mut(group)) {
            group.since = now;
        }
    }

    /// A group is about to go on, its state still says what it waited for: the wait is counted.
    pub(super) fn end_wait(&mut self, place: usize, group: u32) {
        let now = self.clock.cycles();
        let Some(warp) = self.warps.get_mut(place).and_then(Option::as_deref_mut) else { return };
        let Some(group) = warp.groups.iter().find(|other| other.id == group) else { return };
        let Some(block) = self.blocks[warp.block].as_mut() else { return };
        let (name, waits) = match group.state {
            State::Barrier(_) => ("waits at a barrier", &mut block.waits.barrier),
            State::Parked(_) => ("waits for memory to change", &mut block.waits.spin),
            State::Sleeping => ("sleeps", &mut block.waits.sleep),
            State::Awaits(_) => ("waits for copies", &mut block.waits.copy),
            State::Ready | State::WarpSync | State::Gathering => return,
        };
        waits.count += 1;
        waits.cycles += now.saturating_sub(group.since);
        if let Some(recorder) = &mut self.recorder {
            recorder.waited(place, (name, group.pc), (group.since, now));
        }
    }

    pub(super) fn current(&self, memory: &Memory, read: &Read) -> Option<u128> {
        let length = usize::from(read.bytes);
        if window::space(read.address) == Space::Shared {
            let slot = (window::offset(read.address) >> 32) as usize;
            let offset = (read.address & 0xffff_ffff) as usize;
            return Some(self.clusters.get(slot)?.as_ref()?.shared.value(offset, length));
        }
        let (number, offset) = memory.locate(&mut Recent::default(), read.address, length as u64).ok()?;
        Some(memory.allocations[number].region.value(offset, length))
    }

    pub(super) fn is_unchanged(&self, memory: &Memory, parking: &Parking) -> bool {
        parking.reads.iter().all(|read| self.current(memory, read) == Some(read.value))
    }

    pub(super) fn park(&mut self, memory: &mut Memory, place: usize, group: u32, parking: Parking) {
        if !self.is_unchanged(memory, &parking) {
            return;
        }
        for read in &parking.reads {
            memory.watch.add((place, group), read.address, u64::from(read.bytes));
        }
        if let Some(group) = self.warp_mut(place).and_then(|warp| warp.group_mut(group)) {
            group.state = State::Parked(Box::new(parking));
        }
        self.begin_wait(place, group);
    }

    pub(super) fn unpark(&mut self, memory: &mut Memory, place: usize, group: u32) {
        let Some(found) = self.warp_mut(place).and_then(|warp| warp.group_mut(group)) else { return };
        if matches!(found.state, State::Parked(_)) {
            self.end_wait(place, group);
        }
        let Some(found) = self.warp_mut(place).and_then(|warp| warp.group_mut(group)) else { return };
        if let State::Parked(parking) = std::mem::replace(&mut found.state, State::Ready) {
            for read in &parking.reads {
                memory.watch.remove((place, group), read.address, u64::from(read.bytes));
            }
        }
        self.enqueue(place);
    }

    /// Wakes those of the notified groups whose bytes have changed.
    pub(super) fn wake_watchers(&mut self, memory: &mut Memory) {
        let notified = std::mem::take(&mut memory.watch.notified);
        for &(place, id) in &notified {
            let group = self.warp(place).and_then(|warp| warp.groups.iter().find(|group| group.id == id));
            let Some(State::Parked(parking)) = group.map(|group| &group.state) else { continue };
            if !self.is_unchanged(memory, parking) {
                self.unpark(memory, place, id);
                self.clock.reset_jump();
            }
        }
    }

    /// Advances the clock to the next sleeper; false when nobody sleeps.
    pub(super) fn wake_sleepers(&mut self) -> bool {
        let Some(&Reverse((until, ..))) = self.sleepers.peek() else { return false };
        self.clock.advance_to(until);
        while let Some(&Reverse((until, place, id))) = self.sleepers.peek()
            && until <= self.clock.cycles()
        {
            self.sleepers.pop();
            self.end_wait(place, id);
            if let Some(group) = self.warp_mut(place).and_then(|warp| warp.group_mut(id))
                && matches!(group.state, State::Sleeping)
            {
                group.state = State::Ready;
                self.enqueue(place);
            }
        }
        true
    }

    /// Lets time pass for parked groups that watch a clock; false when there are none or time is
    /// over.
    pub(super) fn wake_timed(&mut self, memory: &mut Memory) -> bool {
        let mut timed = Vec::new();
        for (place, warp) in self.warps.iter().enumerate() {
            for group in warp.iter().flat_map(|warp| &warp.groups) {
                if let State::Parked(parking) = &group.state
                    && parking.timed
                {
                    timed.push((place, group.id));
                }
            }
        }
        if timed.is_empty() || !self.clock.jump() {
            return false;
        }
        for (place, id) in timed {
            self.unpark(memory, place, id);
        }
        true
    }
}
