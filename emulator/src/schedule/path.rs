//! A path through the tree of all schedules of a program: what was chosen, of how many.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::recording::Recording;

/// What an exploration covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most schedules that are run.
    pub schedules: u64,
    /// How often a schedule may leave a warp that could go on. Leaving one that waits or exits is
    /// free.
    pub preemptions: u32,
    /// How many strong loads of a schedule may find another store than the newest.
    pub stale_loads: u32,
    /// Choices of one schedule; after them the first alternative is always taken.
    pub choices: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { schedules: 100_000, preemptions: 3, stale_loads: 2, choices: 10_000 }
    }
}

/// A place in the tree of all schedules; only [`explore`](super::explore()) makes them.
#[derive(Clone, Debug, Default)]
pub struct Path(Arc<Mutex<Walk>>);

impl PartialEq for Path {
    fn eq(&self, other: &Path) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Path {}

impl Path {
    pub(super) fn walk(&self) -> MutexGuard<'_, Walk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn number(&self) -> u64 {
        self.walk().number
    }
}

#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) bounds: Bounds,
    number: u64,
    /// What was chosen, of how many.
    choices: Vec<(usize, usize)>,
    position: usize,
    pub(super) preemptions: u32,
    pub(super) stale_loads: u32,
    pub(super) truncated: bool,
    pub(super) recording: Recording,
}

impl Walk {
    pub(super) fn begin(&mut self, number: u64) {
        let (bounds, choices) = (self.bounds, std::mem::take(&mut self.choices));
        *self = Walk { bounds, number, choices, ..Walk::default() };
    }

    pub(super) fn choose(&mut self, count: usize) -> usize {
        if count < 2 {
            return 0;
        }
        if self.position >= self.bounds.choices {
            self.truncated = true;
            return 0;
        }
        if self.position == self.choices.len() {
            self.choices.push((0, count));
        }
        let (chosen, _) = self.choices[self.position];
        self.position += 1;
        // Never needed unless the program differs from run to run.
        chosen.min(count - 1)
    }

    /// Goes to the next schedule; false when there is none.
    pub(super) fn advance(&mut self) -> bool {
        self.choices.truncate(self.position);
        while let Some((chosen, count)) = self.choices.pop() {
            if chosen + 1 < count {
                self.choices.push((chosen + 1, count));
                return true;
            }
        }
        false
    }
}
