//! A random ready warp for a random time: fair with probability one, and different for every seed.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::{Schedule, Turn};

/// Uniform choice, reproducible from its seed.
#[derive(Debug)]
pub(super) struct Random {
    generator: Pcg64Mcg,
    stores: Stores,
}

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random { generator: Pcg64Mcg::seed_from_u64(seed), stores: Stores::new(seed) }
    }
}

impl Schedule for Random {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String> {
        if ready.is_empty() {
            return Ok(None);
        }
        let chosen = ready.swap_remove_back(self.generator.random_range(0..ready.len()));
        Ok(chosen.map(|warp| {
            // Quanta of very different lengths, short ones being as likely as long ones.
            let budget = 1 << self.generator.random_range(0..8u32);
            let group = self.generator.random_bool(0.25).then(|| self.generator.random());
            Turn { warp, budget, group }
        }))
    }

    fn find(&mut self, oldest: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        self.stores.find(oldest, newest)
    }
}

/// Draws what strong loads find: every second one the newest store, the others any that may be
/// found.
#[derive(Debug)]
pub(super) struct Stores(Pcg64Mcg);

impl Stores {
    pub(super) fn new(seed: u64) -> Stores {
        // Not the numbers that turns are drawn from.
        Stores(Pcg64Mcg::seed_from_u64(seed ^ 0x6d65_6d6f_7279))
    }

    pub(super) fn find(&mut self, oldest: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        if self.0.random_bool(0.5) { newest } else { self.0.random_range(oldest()..=newest) }
    }
}
