//! Strong accesses: what they publish and what they learn (PTX ISA section 8.8).

use super::Detector;
use super::check::Racing;
use super::clock::lanes;
use super::halves::Found;
use super::lanes::LaneClocks;
use super::location::{Location, Moment, Release, Store};
use super::scope::mutual;
use super::shadow::Shadow;
use super::stamp::{Access, Kind, Mark, Proxy};
use crate::op::{Scope, Space, Strength};
use crate::schedule::Schedule;

/// Strong reads of a location in a row that may find something else than its newest store.
const MOST_STALE: u32 = 16;

/// A strong access by one lane, or by several that load the same, to one scalar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strong {
    pub(crate) space: Space,
    pub(crate) strength: Strength,
    pub(crate) pc: u32,
    pub(crate) lanes: u32,
    pub(crate) offset: usize,
    pub(crate) bytes: u8,
    /// Names the location among all that the warp can reach.
    pub(crate) key: u64,
}

impl Strong {
    fn lane(&self) -> usize {
        self.lanes.trailing_zeros() as usize
    }

    fn scope(&self) -> Scope {
        self.strength.scope().unwrap_or(Scope::Gpu)
    }

    fn access(&self, kind: Kind) -> Access {
        let strong = Some(self.scope());
        Access {
            kind,
            strong,
            bytes: self.bytes,
            proxy: Proxy::Generic,
            non_coherent: false,
            asynchronous: false,
        }
    }
}

impl Detector {
    fn check(
        &mut self,
        shadow: &mut Shadow,
        clocks: &mut LaneClocks,
        strong: &Strong,
        kind: Kind,
    ) -> Result<Mark, Racing> {
        let bytes = (strong.offset, usize::from(strong.bytes));
        self.access((shadow, strong.space), clocks, strong.access(kind), strong.pc, strong.lanes, bytes)
    }

    /// The store that a strong load finds: any that is not hidden by a later one which the load is
    /// after, or which a read that the load is after has found (PTX ISA section 8.10, coherence,
    /// causality and SC-per-location).
    fn choose(
        &self,
        shadow: &Shadow,
        clocks: &LaneClocks,
        schedule: &mut dyn Schedule,
        strong: &Strong,
    ) -> usize {
        let Some(location) = shadow.locations.get(&strong.offset) else { return 0 };
        let newest = location.stores.len().saturating_sub(1);
        if newest == 0 || location.stale >= MOST_STALE {
            return newest;
        }
        let knows = |actor: u32, time, theirs: u32| {
            let launch = self.actors[actor as usize].launch;
            lanes(strong.lanes).any(|lane| clocks.knows_moment((actor, launch, time), theirs, 1 << lane))
        };
        let hides = |store: &Store| {
            let stamp = self.stamps.get(store.by.stamp());
            !store.by.is_nobody() && knows(stamp.actor, stamp.time, store.by.lanes(stamp))
                || store
                    .reads
                    .iter()
                    .any(|read| lanes(read.lanes).any(|lane| knows(read.actor, read.time, 1 << lane)))
        };
        schedule.find(&mut || location.stores.iter().rposition(hides).unwrap_or(0), newest)
    }

    /// A strong load; `newest` is what memory holds. Returns what it finds.
    pub(crate) fn load(
        &mut self,
        shadow: &mut Shadow,
        clocks: &mut LaneClocks,
        schedule: &mut dyn Schedule,
        strong: &Strong,
        newest: u128,
    ) -> Result<u128, Racing> {
        self.check(shadow, clocks, strong, Kind::Read)?;
        let mut value = newest;
        let chosen = self.choose(shadow, clocks, schedule, strong);
        let location = shadow.locations.get_mut(&strong.offset);
        if let Some(location) = location.filter(|location| location.bytes == strong.bytes)
            && let Some(store) = location.stores.get_mut(chosen)
        {
            value = store.value;
            observe(clocks, store, strong);
            let is_newest = chosen + 1 == location.stores.len();
            location.stale = if is_newest { 0 } else { location.stale + 1 };
        }
        if strong.strength.acquires() {
            for lane in lanes(strong.lanes) {
                clocks.take_found(lane, strong.key, strong.scope(), strong.pc);
            }
        }
        Ok(value)
    }

    /// A strong store; `old` is what memory held before it, if anything.
    pub(crate) fn store(
        &mut self,
        shadow: &mut Shadow,
        clocks: &mut LaneClocks,
        strong: &Strong,
        old: Option<u128>,
        value: u128,
    ) -> Result<(), Racing> {
        let by = self.check(shadow, clocks, strong, Kind::Write)?;
        let location = location(shadow, strong, old);
        let mut releases = published(clocks, strong);
        // A release of the location followed by a strong store to it, by the same thread, is a
        // release pattern.
        let own = |release: &&Release| release.actor == clocks.actor && release.lane == strong.lane();
        let earlier = location.stores.iter().rev().flat_map(|store| &store.releases).find(own);
        if let Some(earlier) = earlier
            && releases.iter().all(|release| release.scope < earlier.scope)
        {
            releases.push(earlier.clone());
        }
        let strength = Some((strong.scope(), clocks.place));
        location.push(Store { by, value, strong: strength, atomic: false, releases, reads: Vec::new() });
        Ok(())
    }

    /// An atomic operation that found `old`, which becomes `new` unless it does not write;
    /// `returns` tells `atom` from `red`, which forms no acquire pattern.
    pub(crate) fn atomic(
        &mut self,
        shadow: &mut Shadow,
        clocks: &mut LaneClocks,
        strong: &Strong,
        old: u128,
        new: Option<u128>,
        returns: bool,
    ) -> Result<(), Racing> {
        let kind = if new.is_some() { Kind::Atomic } else { Kind::Read };
        let by = self.check(shadow, clocks, strong, kind)?;
        let scope = strong.scope();
        let location = location(shadow, strong, Some(old));
        let mut releases = Vec::new();
        if let Some(store) = location.stores.back_mut() {
            if returns {
                observe(clocks, store, strong);
            }
            if store.strong.is_some_and(|theirs| mutual(theirs, (scope, clocks.place))) {
                releases.clone_from(&store.releases);
            }
        }
        if returns && strong.strength.acquires() {
            clocks.take_found(strong.lane(), strong.key, scope, strong.pc);
        }
        let Some(value) = new else { return Ok(()) };
        for release in published(clocks, strong) {
            releases.retain(|earlier| {
                earlier.actor != release.actor
                    || earlier.lane != release.lane
                    || earlier.scope > release.scope
            });
            releases.push(release);
        }
        let strength = Some((scope, clocks.place));
        location.push(Store { by, value, strong: strength, atomic: true, releases, reads: Vec::new() });
        Ok(())
    }
}

/// The location of a strong store.
fn location<'a>(shadow: &'a mut Shadow, strong: &Strong, old: Option<u128>) -> &'a mut Location {
    let known = shadow.locations.get(&strong.offset).is_some_and(|found| found.bytes == strong.bytes);
    if !known {
        shadow.forget_locations(strong.offset, usize::from(strong.bytes));
    }
    shadow.locations.entry(strong.offset).or_insert_with(|| Location::new(strong.bytes, old))
}

/// The release patterns that a strong store completes.
fn published(clocks: &LaneClocks, strong: &Strong) -> Vec<Release> {
    let mut releases = clocks.fences(strong.lane()).to_vec();
    if strong.strength.releases() {
        let scope = strong.scope();
        releases.retain(|fence| fence.scope > scope);
        releases.push(clocks.release(strong.lane(), strong.pc, scope));
    }
    releases
}

/// A strong read finds a store.
fn observe(clocks: &mut LaneClocks, store: &mut Store, strong: &Strong) {
    let Strong { key, pc, .. } = *strong;
    let scope = strong.scope();
    let Some(theirs) = store.strong else { return };
    let reaches = mutual(theirs, (scope, clocks.place));
    if reaches {
        store.note_read(Moment { actor: clocks.actor, lanes: strong.lanes, time: clocks.time });
    }
    if store.releases.is_empty() {
        clocks.find_bare(store.by, pc);
    }
    for lane in lanes(strong.lanes) {
        // The latest first: it usually covers those before it.
        for release in store.releases.iter().rev() {
            if release.actor == clocks.actor && release.lane == lane {
                continue;
            }
            if !reaches {
                clocks.miss(lane, Found { release: release.clone(), key, pc, scope });
            } else if !(strong.strength.acquires() && clocks.take(lane, release, key, scope, pc)) {
                clocks.find(lane, Found { release: release.clone(), key, pc, scope });
            }
        }
    }
}
