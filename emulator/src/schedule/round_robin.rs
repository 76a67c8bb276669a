//! Every ready warp in turn, and loads that find what memory holds.

use std::collections::VecDeque;

use super::{Schedule, Turn};

const BUDGET: u32 = 512;

/// First come, first served.
#[derive(Debug)]
pub(super) struct RoundRobin;

impl Schedule for RoundRobin {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String> {
        Ok(ready.pop_front().map(|warp| Turn { warp, budget: BUDGET, group: None }))
    }

    fn find(&mut self, _: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        newest
    }
}
