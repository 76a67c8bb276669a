//! A random ready warp for a random time: fair with probability one, and different for every seed.

use std::collections::VecDeque;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::{Schedule, Turn};

/// Uniform choice, reproducible from its seed.
#[derive(Debug)]
pub(crate) struct Random {
    generator: Pcg64Mcg,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random { generator: Pcg64Mcg::seed_from_u64(seed) }
    }
}

impl Schedule for Random {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Option<Turn> {
        if ready.is_empty() {
            return None;
        }
        let warp = ready.swap_remove_back(self.generator.random_range(0..ready.len()))?;
        // Quanta of very different lengths, short ones being as likely as long ones.
        let budget = 1 << self.generator.random_range(0..8u32);
        let group = self.generator.random_bool(0.25).then(|| self.generator.random());
        Some(Turn { warp, budget, group })
    }
}
