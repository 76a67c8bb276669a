//! What the lanes of a warp know of each other and of other warps, and what they knew at a moment.

use super::clock::{LaunchId, Time, lanes};
use super::knowledge::Knowledge;
use super::stamp::Stamp;

/// Until when each lane knows the accesses of its siblings.
#[derive(Clone, Debug)]
pub(super) enum Siblings {
    Uniform(Time),
    Each(Box<[[Time; 32]; 32]>),
}

/// What each lane knows of other warps.
#[derive(Clone, Debug)]
pub(super) enum Others {
    Same(Knowledge),
    Each(Box<[Knowledge; 32]>),
}

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
