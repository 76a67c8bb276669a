//! Every ready warp in turn.

use std::collections::VecDeque;

use super::{Schedule, Turn};

const BUDGET: u32 = 512;

/// First come, first served.
#[derive(Debug)]
pub(crate) struct RoundRobin;

impl Schedule for RoundRobin {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Option<Turn> {
        Some(Turn { warp: ready.pop_front()?, budget: BUDGET, group: None })
    }
}
