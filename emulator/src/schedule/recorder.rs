//! Records what another policy decides.

use std::collections::VecDeque;

use super::explore::Explorer;
use super::recording::Recording;
use super::{Schedule, Turn};

/// Records what another policy decides.
#[derive(Debug)]
pub(super) struct Recorder {
    policy: Box<dyn Schedule>,
    recording: Recording,
}

impl Recorder {
    pub(super) fn new(policy: Box<dyn Schedule>) -> Recorder {
        Recorder { policy, recording: Recording::default() }
    }
}

impl Schedule for Recorder {
    fn next(&mut self, ready: &mut VecDeque<usize>) -> Result<Option<Turn>, String> {
        let turn = self.policy.next(ready)?;
        if let Some(turn) = turn {
            self.recording.turn(turn);
        }
        Ok(turn)
    }

    fn find(&mut self, oldest: &mut dyn FnMut() -> usize, newest: usize) -> usize {
        let found = self.policy.find(oldest, newest);
        self.recording.load(newest - found);
        found
    }

    fn executed(&mut self, instructions: u32) {
        self.policy.executed(instructions);
    }

    fn explorer(&mut self) -> Option<&mut Explorer> {
        self.policy.explorer()
    }

    fn recording(&self) -> Option<&Recording> {
        Some(&self.recording)
    }
}
