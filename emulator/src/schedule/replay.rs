//! Makes the decisions of an earlier run again.

use std::collections::VecDeque;

use super::round_robin::RoundRobin;
use super::{AGENT, Recording, Schedule, Turn, take};

/// A recording and how far it has been followed.
#[derive(Debug)]
pub(super) struct Replay {
    recording: Recording,
    turns: usize,
    loads: u64,
    old: usize,
}

impl Replay {
    pub(super) fn new(recording: Recording) -> Replay {
        Replay { recording, turns: 0, loads: 0, old: 0 }
    }
}

impl Schedule for Replay {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String> {
        if ready.is_empty() {
            return Ok(None);
        }
        let Some(&turn) = self.recording.turns.get(self.turns) else { return RoundRobin.next(ready) };
        self.turns += 1;
        if take(ready, turn.warp).is_none() {
            let kind = if turn.warp & AGENT == 0 { "warp" } else { "agent" };
            return Err(format!(
                "the recorded schedule is one of another program, other arguments or another machine: turn {} is that of \
                 {kind} {}, which cannot go on",
                self.turns,
                turn.warp & !AGENT
            ));
        }
        Ok(Some(turn))
    }

    fn find(&mut self, _: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        let number = self.loads;
        self.loads += 1;
        match self.recording.old.get(self.old) {
            Some(&(load, back)) if load == number => {
                self.old += 1;
                newest.saturating_sub(usize::try_from(back).unwrap_or(usize::MAX))
            }
            _ => newest,
        }
    }
}
