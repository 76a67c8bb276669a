//! What the lanes of a warp know: mostly the same, but a lane that acquires alone knows more than its siblings, and lanes
//! know of each other's accesses only what a barrier of the warp or block has shown them (independent thread scheduling).

use super::clock::{Clock, Known, LaunchId, Time, lanes};
use super::helper::Helpers;
use super::knowledge::Knowledge;
use super::location::Release;
use super::scope::{Place, mutual};
use super::stamp::{Mark, Stamp};
use crate::op::{Order, Scope, Space};

/// Until when each lane knows the accesses of its siblings.
#[derive(Clone, Debug)]
enum Siblings {
    Uniform(Time),
    Each(Box<[[Time; 32]; 32]>),
}

/// What each lane knows of other warps.
#[derive(Clone, Debug)]
enum Others {
    Same(Knowledge),
    Each(Box<[Knowledge; 32]>),
}

/// What a lane keeps between an operation and a fence that makes a pattern of both.
#[derive(Clone, Debug, Default)]
pub(crate) struct Halves {
    /// The latest release fence of each scope.
    fences: Vec<Release>,
    /// Releases that strong reads found and that no acquire has taken yet.
    pub(crate) found: Vec<Found>,
    /// Releases that were found but whose scopes, or those of who found them, do not suffice.
    pub(crate) missed: Vec<Found>,
}

/// A release that a strong read found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) release: Release,
    /// The location, for a later acquire of it.
    pub(crate) key: u64,
    /// The read, or the acquire whose scope did not suffice.
    pub(crate) pc: u32,
    pub(crate) scope: Scope,
}

/// What is kept for reports only is bounded.
const MOST_REMEMBERED: usize = 16;

/// The clocks of a warp.
#[derive(Clone, Debug)]
pub(crate) struct LaneClocks {
    pub(crate) actor: u32,
    pub(crate) launch: LaunchId,
    pub(crate) place: Place,
    pub(crate) time: Time,
    all: u32,
    siblings: Siblings,
    others: Others,
    halves: Option<Box<[Halves; 32]>>,
    /// Strong stores without a release that strong reads found lately, with the read, for reports.
    bare: Vec<(Mark, u32)>,
    /// Stamps that were used last: (pc, time, lanes, stamp).
    stamps: [(u32, Time, u32, u32); 16],
    pub(crate) helpers: Helpers,
}

impl LaneClocks {
    /// A warp whose `lanes` start with what their launch knows.
    pub(crate) fn new(
        actor: u32,
        launch: LaunchId,
        place: Place,
        lanes: u32,
        start: Knowledge,
    ) -> LaneClocks {
        LaneClocks {
            actor,
            launch,
            place,
            time: 1,
            all: lanes,
            siblings: Siblings::Uniform(0),
            others: Others::Same(start),
            halves: None,
            bare: Vec::new(),
            stamps: [(u32::MAX, 0, 0, 0); 16],
            helpers: Helpers::default(),
        }
    }

    pub(crate) fn knowledge(&self, lane: usize) -> &Knowledge {
        match &self.others {
            Others::Same(knowledge) => knowledge,
            Others::Each(each) => &each[lane],
        }
    }

    fn knowledge_mut(&mut self, lane: usize) -> &mut Knowledge {
        if let Others::Same(knowledge) = &self.others {
            self.others = Others::Each(Box::new(std::array::from_fn(|_| knowledge.clone())));
        }
        match &mut self.others {
            Others::Same(knowledge) => knowledge,
            Others::Each(each) => &mut each[lane],
        }
    }

    /// What the lanes know at this moment.
    pub(crate) fn past(&self) -> Past {
        Past {
            actor: self.actor,
            time: self.time,
            siblings: self.siblings.clone(),
            others: self.others.clone(),
        }
    }

    /// What all lanes know of other warps, if they know the same.
    #[inline]
    pub(crate) fn common(&self) -> Option<&Knowledge> {
        match &self.others {
            Others::Same(knowledge) => Some(knowledge),
            Others::Each(_) => None,
        }
    }

    /// Until when all lanes know all others.
    pub(crate) fn common_time(&self) -> Time {
        match &self.siblings {
            Siblings::Uniform(time) => *time,
            Siblings::Each(_) => 0,
        }
    }

    /// Its own past as `lane` knows it.
    fn own(&self, lane: usize) -> Known {
        match &self.siblings {
            Siblings::Uniform(base) => {
                Known::Some { base: *base, lanes: 1 << lane, time: self.time.max(*base) }
            }
            Siblings::Each(each) => {
                let mut times = each[lane];
                times[lane] = self.time;
                Known::from_times(&times)
            }
        }
    }

    /// Whether each lane of `mine` knows that the lanes of `theirs` made an access.
    #[inline]
    pub(crate) fn knows(&self, stamp: &Stamp, launch: LaunchId, theirs: u32, mine: u32) -> bool {
        self.knows_moment((stamp.actor, launch, stamp.time), theirs, mine)
    }

    #[inline]
    pub(crate) fn knows_moment(
        &self,
        (actor, launch, time): (u32, LaunchId, Time),
        theirs: u32,
        mine: u32,
    ) -> bool {
        if actor == self.actor {
            return match &self.siblings {
                Siblings::Uniform(base) => time <= *base || theirs == mine && mine.is_power_of_two(),
                Siblings::Each(each) => lanes(mine)
                    .all(|lane| lanes(theirs & !(1 << lane)).all(|other| time <= each[lane][other])),
            };
        }
        match &self.others {
            Others::Same(knowledge) => knowledge.generic.covers(actor, launch, theirs, time),
            Others::Each(each) => {
                lanes(mine).all(|lane| each[lane].generic.covers(actor, launch, theirs, time))
            }
        }
    }

    /// What `lane` publishes.
    pub(crate) fn published(&self, lane: usize) -> Knowledge {
        let mut knowledge = self.knowledge(lane).clone();
        knowledge.add(self.actor, self.launch, &self.own(lane));
        knowledge
    }

    /// What the lanes of `mask` publish together.
    pub(crate) fn published_by(&self, mask: u32) -> Knowledge {
        if let (Others::Same(knowledge), true) = (&self.others, self.all & !mask == 0) {
            let mut knowledge = knowledge.clone();
            knowledge.add(self.actor, self.launch, &Known::All(self.time));
            return knowledge;
        }
        let mut joined = Knowledge::default();
        let mut own = Known::All(0);
        for lane in lanes(mask) {
            joined.join(self.knowledge(lane));
            own.join(&self.own(lane));
        }
        joined.add(self.actor, self.launch, &own);
        joined
    }

    /// Accesses from here on are later than what was published.
    pub(crate) fn tick(&mut self) {
        self.time = self.time.saturating_add(1);
    }

    /// The lanes of `mask` learn what was published.
    pub(crate) fn acquire(&mut self, mask: u32, knowledge: &Knowledge) {
        match &mut self.others {
            Others::Same(mine) if self.all & !mask == 0 => mine.join(knowledge),
            _ => {
                for lane in lanes(mask) {
                    self.knowledge_mut(lane).join(knowledge);
                }
            }
        }
    }

    /// The lanes of `mask` meet: each knows what the others knew and did.
    pub(crate) fn meet(&mut self, mask: u32) {
        if let Others::Each(each) = &mut self.others {
            let mut joined = Knowledge::default();
            let mut last: Option<usize> = None;
            for lane in lanes(mask) {
                if last.is_none_or(|last| !each[last].is_same(&each[lane])) {
                    joined.join(&each[lane]);
                }
                last = Some(lane);
            }
            if self.all & !mask == 0 {
                self.others = Others::Same(joined);
            } else {
                for lane in lanes(mask) {
                    each[lane] = joined.clone();
                }
            }
        }
        if self.all & !mask == 0 {
            self.siblings = Siblings::Uniform(self.time);
        } else {
            let mut each = match std::mem::replace(&mut self.siblings, Siblings::Uniform(0)) {
                Siblings::Uniform(base) => Box::new([[base; 32]; 32]),
                Siblings::Each(each) => each,
            };
            let mut row = [0; 32];
            for lane in lanes(mask) {
                for other in 0..32 {
                    row[other] = each[lane][other].max(row[other]);
                }
            }
            for lane in lanes(mask) {
                row[lane] = self.time;
            }
            for lane in lanes(mask) {
                each[lane] = row;
            }
            self.siblings = Siblings::Each(each);
        }
        self.tick();
    }

    /// Lanes that exited take no part in later meetings.
    pub(crate) fn exit(&mut self, mask: u32) {
        self.all &= !mask;
    }

    /// The lanes that have not exited.
    pub(crate) fn alive(&self) -> u32 {
        self.all
    }

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

    /// Joins what a release published if its scope and that of the acquire contain each other; whether they do.
    pub(crate) fn take(&mut self, lane: usize, release: &Release, key: u64, scope: Scope, pc: u32) -> bool {
        if !mutual((release.scope, release.place), (scope, self.place)) {
            self.miss(lane, Found { release: release.clone(), key, pc, scope });
            return false;
        }
        let own = release.actor == self.actor && release.lane == lane;
        // Whoever knows the release knows all that it published.
        let known = self.knowledge(lane).generic.covers(
            release.actor,
            LaunchId::NONE,
            1 << release.lane,
            release.time,
        );
        if !own && !known {
            self.acquire_from_anyone(lane, &release.knowledge);
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

    /// A lane learns what was published, perhaps by its siblings too.
    pub(crate) fn acquire_from_anyone(&mut self, lane: usize, knowledge: &Knowledge) {
        let newer = (0..32).any(|other| {
            let time = knowledge.generic.time_of(self.actor, other);
            other != lane && time > self.own(lane).of(other)
        });
        if newer {
            self.learn_of_siblings(lane, &knowledge.generic);
        }
        self.acquire(1 << lane, knowledge);
    }

    fn learn_of_siblings(&mut self, lane: usize, clock: &Clock) {
        let mut each = match std::mem::replace(&mut self.siblings, Siblings::Uniform(0)) {
            Siblings::Uniform(base) => Box::new([[base; 32]; 32]),
            Siblings::Each(each) => each,
        };
        for other in 0..32 {
            each[lane][other] = each[lane][other].max(clock.time_of(self.actor, other));
        }
        self.siblings = Siblings::Each(each);
    }

    /// A strong read by `lane` found a release that it does not acquire: an acquire of the location or a fence may follow.
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
    pub(crate) fn arrival(&self, lane: usize, order: Order, reach: Scope) -> Knowledge {
        if order.releases() {
            return self.published(lane);
        }
        let mut knowledge = Knowledge::default();
        for fence in self.fences(lane).iter().filter(|fence| fence.scope >= reach) {
            knowledge.join(&fence.knowledge);
        }
        knowledge
    }

    /// `lane` finds a phase of an mbarrier complete.
    pub(crate) fn wait(&mut self, lane: usize, order: Order, knowledge: &Knowledge, pc: u32) {
        if order.acquires() {
            return self.acquire_from_anyone(lane, knowledge);
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

    /// `fence.proxy.async` by the lanes of `mask`.
    pub(crate) fn fence_proxy(&mut self, mask: u32, global: bool, shared: bool) {
        for lane in lanes(mask) {
            let own = self.own(lane);
            let (actor, launch) = (self.actor, self.launch);
            let knowledge = self.knowledge_mut(lane);
            knowledge.add(actor, launch, &own);
            knowledge.fence_proxy(global, shared);
        }
        self.tick();
    }

    /// The stamp that was made for an instruction at this time, if any.
    #[inline]
    pub(crate) fn stamp(&self, pc: u32, mask: u32) -> Option<u32> {
        let (at, time, lanes, stamp) = self.stamps[Self::slot(pc, mask)];
        (at == pc && time == self.time && lanes == mask).then_some(stamp)
    }

    #[inline]
    fn slot(pc: u32, mask: u32) -> usize {
        (pc ^ mask.wrapping_mul(0x9e37_79b9) >> 28) as usize & 15
    }

    pub(crate) fn remember_stamp(&mut self, pc: u32, mask: u32, stamp: u32) {
        self.stamps[Self::slot(pc, mask)] = (pc, self.time, mask, stamp);
    }
}

/// What the lanes of a warp knew at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) actor: u32,
    time: Time,
    siblings: Siblings,
    others: Others,
}

impl Past {
    pub(crate) fn knowledge(&self, lane: usize) -> &Knowledge {
        match &self.others {
            Others::Same(knowledge) => knowledge,
            Others::Each(each) => &each[lane],
        }
    }

    /// Whether `lane` knew an access by the lanes of `theirs`.
    pub(crate) fn knows(&self, stamp: &Stamp, launch: LaunchId, theirs: u32, lane: usize) -> bool {
        if stamp.actor != self.actor {
            return self.knowledge(lane).generic.covers(stamp.actor, launch, theirs, stamp.time);
        }
        lanes(theirs).all(|other| {
            let until = match &self.siblings {
                _ if other == lane => self.time,
                Siblings::Uniform(base) => *base,
                Siblings::Each(each) => each[lane][other],
            };
            stamp.time <= until
        })
    }
}

/// Who looks at memory.
pub(crate) trait View {
    /// Whether each lane of `mine` is ordered behind an access by the lanes of `theirs`, as far as synchronisation goes.
    fn is_behind(&self, stamp: &Stamp, launch: LaunchId, theirs: u32, mine: u32, space: Space) -> bool;

    /// Whether each lane of `mine` knows that a launch is over.
    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool;
}

impl View for LaneClocks {
    #[inline]
    fn is_behind(&self, stamp: &Stamp, launch: LaunchId, theirs: u32, mine: u32, _: Space) -> bool {
        self.knows(stamp, launch, theirs, mine)
    }

    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool {
        lanes(mine).all(|lane| self.knowledge(lane).generic.knows_end_of(launch))
    }
}
