//! Release and acquire patterns of the lanes of a warp (PTX ISA section 8.8): what a lane keeps
//! between an operation and the fence that makes a pattern of both, and what it learns when a
//! pattern is complete.

use super::clock::{LaunchId, lanes};
use super::halves::{Found, Halves};
use super::knowledge::Knowledge;
use super::lanes::LaneClocks;
use super::location::Release;
use super::scope::mutual;
use super::stamp::Mark;
use crate::op::{Scope, Strength};

/// What is kept for reports only is bounded.
const MOST_REMEMBERED: usize = 16;

impl LaneClocks {
    pub(crate) fn halves(&mut self, lane: usize) -> &mut Halves {
        &mut self.halves.get_or_insert_with(Default::default)[lane]
    }

    pub(crate) fn halves_of(&self, lane: usize) -> Option<&Halves> {
        self.halves.as_ref().map(|halves| &halves[lane])
    }

    /// A release by `lane` now.
    pub(crate) fn release(&self, lane: usize, pc: u32, scope: Scope) -> Release {
        let knowledge = self.published(lane);
        Release { actor: self.actor, lane, time: self.time, pc, place: self.place, scope, knowledge }
    }

    /// The release fences that a strong store by `lane` completes to patterns.
    pub(crate) fn fences(&self, lane: usize) -> &[Release] {
        self.halves.as_ref().map_or(&[], |halves| &halves[lane].fences)
    }

    /// An acquire fence takes what earlier strong reads found.
    pub(crate) fn fence_acquire(&mut self, mask: u32, scope: Scope, pc: u32) {
        if self.halves.is_none() {
            return;
        }
        for lane in lanes(mask) {
            for found in std::mem::take(&mut self.halves(lane).found) {
                if !self.take(lane, &found.release, found.key, scope, pc) {
                    self.halves(lane).found.push(found);
                }
            }
        }
    }

    /// A release fence: later strong stores publish what is known here.
    pub(crate) fn fence_release(&mut self, mask: u32, scope: Scope, pc: u32) {
        for lane in lanes(mask) {
            let release = self.release(lane, pc, scope);
            let fences = &mut self.halves(lane).fences;
            fences.retain(|earlier| earlier.scope > scope);
            fences.push(release);
        }
        self.tick();
    }

    /// Joins what a release published if its scope and that of the acquire contain each other;
    /// whether they do.
    pub(crate) fn take(&mut self, lane: usize, release: &Release, key: u64, scope: Scope, pc: u32) -> bool {
        if !mutual((release.scope, release.place), (scope, self.place)) {
            self.miss(lane, Found { release: release.clone(), key, pc, scope });
            return false;
        }
        let own = release.actor == self.actor && release.lane == lane;
        // Whoever knows the release knows all that it published, but for fences if the news came by
        // way of another block.
        let published = &release.knowledge;
        let known = (release.place.block != self.place.block || published.is_generic())
            && self.knowledge(lane).generic.covers(
                release.actor,
                LaunchId::NONE,
                1 << release.lane,
                release.time,
            );
        if !own && !known {
            self.acquire_from_anyone(lane, published, release.place);
        }
        true
    }

    /// A release was found, but scopes keep it from having an effect.
    pub(crate) fn miss(&mut self, lane: usize, found: Found) {
        let missed = &mut self.halves(lane).missed;
        missed.retain(|earlier| earlier.release.actor != found.release.actor || earlier.pc != found.pc);
        if missed.len() == MOST_REMEMBERED {
            missed.remove(0);
        }
        missed.push(found);
    }

    /// A strong read by `lane` found a release that it does not acquire: an acquire of the location
    /// or a fence may follow.
    pub(crate) fn find(&mut self, lane: usize, found: Found) {
        let all = &mut self.halves(lane).found;
        // A later release of the same thread published at least as much.
        all.retain(|earlier| {
            earlier.release.actor != found.release.actor
                || earlier.release.lane != found.release.lane
                || earlier.release.scope > found.release.scope
                || earlier.key != found.key
        });
        all.push(found);
    }

    /// An acquire of a location takes what earlier strong reads of it found.
    pub(crate) fn take_found(&mut self, lane: usize, key: u64, scope: Scope, pc: u32) {
        if self.halves_of(lane).is_none_or(|halves| halves.found.is_empty()) {
            return;
        }
        let (here, elsewhere) =
            std::mem::take(&mut self.halves(lane).found).into_iter().partition(|found| found.key == key);
        self.halves(lane).found = elsewhere;
        let here: Vec<Found> = here;
        for found in here {
            if !self.take(lane, &found.release, key, scope, pc) {
                self.halves(lane).found.push(found);
            }
        }
    }

    /// What an arrival of `lane` at an mbarrier publishes.
    pub(crate) fn arrival(&self, lane: usize, strength: Strength, reach: Scope) -> Knowledge {
        if strength.releases() {
            return self.published(lane);
        }
        let mut knowledge = Knowledge::default();
        for fence in self.fences(lane).iter().filter(|fence| fence.scope >= reach) {
            knowledge.join(&fence.knowledge);
        }
        knowledge
    }

    /// `lane` finds a phase of an mbarrier complete.
    pub(crate) fn wait(&mut self, lane: usize, strength: Strength, knowledge: &Knowledge, pc: u32) {
        if strength.acquires() {
            return self.acquire_from_anyone(lane, knowledge, self.place);
        }
        // Nobody in particular: all arrivals were made in this block.
        let (actor, place, scope) = (u32::MAX, self.place, Scope::System);
        let release =
            Release { actor, lane, time: self.time, pc, place, scope, knowledge: knowledge.clone() };
        self.find(lane, Found { release, key: u64::MAX, pc, scope });
    }

    /// A strong read found a store that publishes nothing.
    pub(crate) fn find_bare(&mut self, store: Mark, pc: u32) {
        if self.bare.last() == Some(&(store, pc)) {
            return;
        }
        if self.bare.len() == MOST_REMEMBERED {
            self.bare.remove(0);
        }
        self.bare.push((store, pc));
    }

    pub(crate) fn bare(&self) -> &[(Mark, u32)] {
        &self.bare
    }
}
