//! Who looks at memory, and what they are after: the lanes of a warp as they are, or as they were
//! when they issued a copy.

use super::Actor;
use super::clock::{LaunchId, Time, lanes};
use super::knowledge::Knowledge;
use super::lanes::{LaneClocks, Others, Siblings};
use super::stamp::Stamp;
use crate::op::Space;

/// What the lanes of a warp knew at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    pub(crate) actor: u32,
    pub(super) time: Time,
    pub(super) siblings: Siblings,
    pub(super) others: Others,
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
    /// Whether each lane of `mine` is ordered after an access by the lanes of `theirs`, as far as
    /// synchronisation goes.
    fn is_after(&self, stamp: &Stamp, actor: &Actor, theirs: u32, mine: u32, space: Space) -> bool;

    /// Whether each lane of `mine` knows that a launch is over.
    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool;
}

impl View for LaneClocks {
    #[inline]
    fn is_after(&self, stamp: &Stamp, actor: &Actor, theirs: u32, mine: u32, _: Space) -> bool {
        self.knows(stamp, actor.launch, theirs, mine)
    }

    fn knows_end_of(&self, launch: LaunchId, mine: u32) -> bool {
        lanes(mine).all(|lane| self.knowledge(lane).generic.knows_end_of(launch))
    }
}
