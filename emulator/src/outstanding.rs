//! The copies of a warp that may be incomplete, in the groups that its threads committed (PTX ISA section 9.7.9.25).

use std::collections::VecDeque;

use crate::agent::Agents;

/// The groups of copies that one thread committed, and the copies that it did not commit yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Groups {
    open: Vec<u64>,
    committed: VecDeque<Vec<u64>>,
}

impl Groups {
    pub(crate) fn add(&mut self, serial: u64, agents: &Agents) {
        // A thread may wait by mbarriers only and never commit.
        if self.open.len() >= 64 {
            self.open.retain(|&serial| agents.is_live(serial));
        }
        self.open.push(serial);
    }

    /// Puts the open copies into a group, and forgets leading groups that are complete.
    pub(crate) fn commit(&mut self, agents: &Agents) {
        self.committed.push_back(std::mem::take(&mut self.open));
        self.forget_complete(agents);
    }

    fn forget_complete(&mut self, agents: &Agents) {
        while self.committed.front().is_some_and(|group| group.iter().all(|&serial| !agents.is_live(serial)))
        {
            self.committed.pop_front();
        }
    }

    /// Whether all but the latest `most` groups are complete, or have read their sources.
    pub(crate) fn are_past(&mut self, agents: &Agents, most: u32, read: bool) -> bool {
        let older = self.committed.len().saturating_sub(most as usize);
        self.committed.iter().take(older).flatten().all(|&serial| agents.is_past(serial, read))
    }

    /// Whether every copy, committed or not, is complete.
    pub(crate) fn are_complete(&self, agents: &Agents) -> bool {
        self.all().all(|serial| !agents.is_live(serial))
    }

    /// Every copy that may be incomplete.
    pub(crate) fn all(&self) -> impl Iterator<Item = u64> {
        self.committed.iter().flatten().chain(&self.open).copied()
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
