//! Probabilistic concurrency testing ("A Randomized Scheduler with Probabilistic Guarantees of
//! Finding Bugs", Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010).
//!
//! Every warp and agent gets a random priority when it is first seen, and the highest that is ready
//! goes on. Before a run, moments are drawn at which the one that executes falls below all others.
//! Deviations:
//!
//! 1. How long a run will be is not known, so the horizon over which moments are drawn is drawn
//!    too, up to 2^22 instructions.
//! 2. A warp that does not stop by itself, such as one that stores while it waits for another,
//!    would starve the rest: it falls below them after [`LONGEST`] turns in a row.
//! 3. Lanes of a warp that took different paths are threads too; which goes first is drawn in every
//!    eighth turn.

use std::collections::{HashMap, VecDeque};

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::random::Stores;
use super::{Schedule, Turn};

/// Instructions of a turn: the longest that a warp with a higher priority waits after it was woken.
const LONGEST_TURN: u32 = 64;
/// Turns in a row of one warp.
const LONGEST: u64 = 1 << 12;

/// Priorities, and the moments at which they change.
#[derive(Debug)]
pub(super) struct Priorities {
    generator: Pcg64Mcg,
    stores: Stores,
    /// By warp or agent; a slot is used for one warp after the other, all with one priority.
    priorities: HashMap<usize, i64>,
    /// Instructions after which a priority changes, the next one last.
    moments: Vec<u64>,
    executed: u64,
    /// Lower than all priorities so far.
    lowest: i64,
    /// Who executed last, and for how many turns in a row.
    last: (usize, u64),
}

impl Priorities {
    pub(super) fn new(seed: u64, changes: u32) -> Priorities {
        let mut generator = Pcg64Mcg::seed_from_u64(seed);
        let horizon = 1 << generator.random_range(3..=22u32);
        let mut moments: Vec<u64> = (0..changes).map(|_| generator.random_range(1..horizon)).collect();
        moments.sort_unstable_by(|a, b| b.cmp(a));
        let stores = Stores::new(seed);
        let priorities = HashMap::new();
        Priorities { generator, stores, priorities, moments, executed: 0, lowest: 0, last: (usize::MAX, 0) }
    }

    fn priority(&mut self, entry: usize) -> i64 {
        let generator = &mut self.generator;
        *self.priorities.entry(entry).or_insert_with(|| generator.random_range(1..i64::MAX))
    }
}

impl Schedule for Priorities {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String> {
        if ready.is_empty() {
            return Ok(None);
        }
        let (last, turns) = self.last;
        let is_moment = self.moments.last().is_some_and(|&moment| moment <= self.executed);
        if is_moment || turns >= LONGEST {
            if is_moment {
                self.moments.pop();
            }
            self.lowest -= 1;
            self.priorities.insert(last, self.lowest);
        }
        let mut highest: Option<(i64, usize)> = None;
        for (position, &entry) in ready.iter().enumerate() {
            let priority = self.priority(entry);
            if highest.is_none_or(|(other, _)| priority > other) {
                highest = Some((priority, position));
            }
        }
        let Some(warp) = highest.and_then(|(_, position)| ready.remove(position)) else { return Ok(None) };
        self.last = if last == warp { (warp, turns % LONGEST + 1) } else { (warp, 1) };
        let until = self.moments.last().map_or(u64::MAX, |moment| moment.saturating_sub(self.executed));
        let budget = until.clamp(1, LONGEST_TURN.into()) as u32;
        let group = self.generator.random_bool(0.125).then(|| self.generator.random());
        Ok(Some(Turn { warp, budget, group }))
    }

    fn executed(&mut self, instructions: u32) {
        self.executed += u64::from(instructions);
    }

    fn find(&mut self, oldest: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        self.stores.find(oldest, newest)
    }
}
