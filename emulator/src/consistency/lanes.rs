//! What the lanes of a warp know: mostly the same, but a lane that acquires alone knows more than
//! its siblings, and lanes know of each other's accesses only what a barrier of the warp or block
//! has shown them (independent thread scheduling).

use super::clock::{Clock, Known, LaunchId, Time, lanes};
use super::halves::Halves;
use super::knowledge::Knowledge;
use super::past::{Others, Past, Siblings};
use super::scope::Place;
use super::stamp::{Mark, Stamp};

/// The helpers of a warp: actor, and the time of each lane's last copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Helpers(pub(super) Vec<(u32, [Time; 32])>);

/// The clocks of a warp.
#[derive(Clone, Debug)]
pub(crate) struct LaneClocks {
    pub(crate) actor: u32,
    pub(crate) launch: LaunchId,
    pub(crate) place: Place,
    pub(crate) time: Time,
    all: u32,
    pub(super) siblings: Siblings,
    pub(super) others: Others,
    pub(super) halves: Option<Box<[Halves; 32]>>,
    /// Strong stores without a release that strong reads found lately, with the read, for reports.
    pub(super) bare: Vec<(Mark, u32)>,
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
        self.learn(mask, |mine| mine.join(knowledge));
    }

    fn learn(&mut self, mask: u32, join: impl Fn(&mut Knowledge)) {
        match &mut self.others {
            Others::Same(mine) if self.all & !mask == 0 => join(mine),
            _ => lanes(mask).for_each(|lane| join(self.knowledge_mut(lane))),
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

    /// A lane learns what was published, perhaps by its siblings too.
    pub(crate) fn acquire_from_anyone(&mut self, lane: usize, knowledge: &Knowledge, from: Place) {
        let newer = (0..32).any(|other| {
            let time = knowledge.generic.time_of(self.actor, other);
            other != lane && time > self.own(lane).of(other)
        });
        if newer {
            self.learn_of_siblings(lane, &knowledge.generic);
        }
        if from.block == self.place.block {
            self.acquire(1 << lane, knowledge);
        } else {
            self.learn(1 << lane, |mine| mine.join_from_elsewhere(knowledge));
        }
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
