//! The copies of a warp that may be incomplete, in the groups that its threads committed (PTX ISA
//! section 9.7.9.25).

use std::collections::VecDeque;

use crate::agent::Agents;
use crate::consistency::{Knowledge, Trail};

/// A copy that a thread issued.
#[derive(Clone, Copy, Debug)]
struct Issued {
    serial: u64,
    /// What whoever waits for it learns, if checks are on.
    trail: Option<Trail>,
}

/// A committed group.
#[derive(Clone, Debug, Default)]
struct Group {
    copies: Vec<Issued>,
    /// The thread knows that the copies have read their sources.
    read: bool,
}

/// The groups of copies that one thread committed, and the copies that it did not commit yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    open: Vec<Issued>,
    committed: VecDeque<Group>,
}

impl Groups {
    pub(crate) fn add(&mut self, serial: u64, trail: Option<Trail>, agents: &Agents) {
        // A thread may wait by mbarriers only and never commit.
        if self.open.len() >= 64 {
            self.open.retain(|copy| agents.is_live(copy.serial));
        }
        self.open.push(Issued { serial, trail });
    }

    /// Puts the open copies into a group, and forgets leading groups of which nothing is to be
    /// learned.
    pub(crate) fn commit(&mut self, agents: &Agents) {
        self.committed.push_back(Group { copies: std::mem::take(&mut self.open), read: false });
        let forgotten = |copy: &Issued| copy.trail.is_none() && !agents.is_live(copy.serial);
        while self.committed.front().is_some_and(|group| group.copies.iter().all(forgotten)) {
            self.committed.pop_front();
        }
    }

    /// Groups that are older than the latest `most`.
    fn older(&self, most: u32) -> usize {
        self.committed.len().saturating_sub(most as usize)
    }

    /// Whether all but the latest `most` groups are complete, or have read their sources.
    pub(crate) fn are_past(&self, agents: &Agents, most: u32, read: bool) -> bool {
        let older = self.committed.iter().take(self.older(most));
        older.flat_map(|group| &group.copies).all(|copy| agents.is_past(copy.serial, read))
    }

    /// What the thread learns from all but the latest `most` groups, which are past.
    pub(crate) fn learn(&mut self, most: u32, read: bool) -> Knowledge {
        let mut knowledge = Knowledge::default();
        let older = self.older(most);
        if read {
            // Groups before one whose reads are known are known too.
            let fresh = self.committed.iter_mut().take(older).rev().take_while(|group| !group.read);
            for group in fresh {
                group.read = true;
                learn_from(&mut knowledge, &group.copies, true);
            }
        } else {
            for group in self.committed.drain(..older) {
                learn_from(&mut knowledge, &group.copies, false);
            }
        }
        knowledge
    }

    /// Whether every copy, committed or not, is complete.
    pub(crate) fn are_complete(&self, agents: &Agents) -> bool {
        self.all().all(|serial| !agents.is_live(serial))
    }

    /// What the thread learns from all copies, committed or not, which are complete.
    pub(crate) fn learn_all(&mut self) -> Knowledge {
        let mut knowledge = self.learn(0, false);
        learn_from(&mut knowledge, &std::mem::take(&mut self.open), false);
        knowledge
    }

    /// What the completion of all copies will make known.
    pub(crate) fn knowledge(&self) -> Knowledge {
        let mut knowledge = Knowledge::default();
        for group in &self.committed {
            learn_from(&mut knowledge, &group.copies, false);
        }
        learn_from(&mut knowledge, &self.open, false);
        knowledge
    }

    /// Every copy that may be incomplete.
    pub(crate) fn all(&self) -> impl Iterator<Item = u64> {
        self.committed.iter().flat_map(|group| &group.copies).chain(&self.open).map(|copy| copy.serial)
    }
}

fn learn_from(knowledge: &mut Knowledge, copies: &[Issued], read: bool) {
    for trail in copies.iter().filter_map(|copy| copy.trail) {
        knowledge.join(&trail.knowledge(read));
    }
}

/// The copies of a warp, by lane.
#[derive(Clone, Debug)]
pub(crate) struct Outstanding {
    pub(crate) bulk: Vec<Groups>,
    pub(crate) copies: Vec<Groups>,
}

impl Default for Outstanding {
    fn default() -> Self {
        Outstanding { bulk: vec![Groups::default(); 32], copies: vec![Groups::default(); 32] }
    }
}
