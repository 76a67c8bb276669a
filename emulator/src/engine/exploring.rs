//! Whose turn is next. A policy takes it from the ready queue, except when all schedules are
//! enumerated: then every group of lanes that can go on is a candidate, and a turn ends before the
//! next instruction that others may notice.

use super::Engine;
use crate::error::Error;
use crate::pending::Pending;
use crate::schedule::{AGENT, Turn};

/// Who could have the next turn.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// In the ready queue.
    entry: usize,
    /// The number among the ready groups of a warp, the group's name, and its next instruction.
    group: Option<(u32, u32, u32)>,
}

impl Candidate {
    fn identity(&self) -> (usize, u32) {
        (self.entry, self.group.map_or(0, |(_, id, _)| id))
    }
}

impl Engine {
    pub(super) fn next_turn(&mut self, launches: &[Pending]) -> Result<Option<Turn>, Error> {
        if self.schedule.explorer().is_none() {
            return self.schedule.next(&mut self.ready).map_err(Error::Replay);
        }
        let mut candidates = self.candidates();
        let Some(explorer) = self.schedule.explorer() else { return Ok(None) };
        let current = explorer.current.take();
        let position = candidates.iter().position(|candidate| Some(candidate.identity()) == current);
        if let Some(position) = position {
            candidates[..=position].rotate_right(1);
        }
        let Some(first) = candidates.first().copied() else {
            return self.schedule.next(&mut self.ready).map_err(Error::Replay);
        };
        let goes_on = position.is_some();
        let is_hidden =
            goes_on && first.group.is_some_and(|(_, _, pc)| !self.is_noticed(launches, first.entry, pc));
        let Some(explorer) = self.schedule.explorer() else { return Ok(None) };
        let preempts = goes_on && first.entry & AGENT == 0;
        let chosen = if is_hidden { 0 } else { explorer.choose(candidates.len(), preempts) };
        let candidate = candidates[chosen];
        let turn =
            Turn { warp: candidate.entry, budget: 1, group: candidate.group.map(|(number, ..)| number) };
        explorer.current = Some(candidate.identity());
        explorer.took(turn);
        self.ready.retain(|&entry| entry != candidate.entry);
        Ok(Some(turn))
    }

    fn candidates(&mut self) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        for index in 0..self.ready.len() {
            let entry = self.ready[index];
            if entry & AGENT != 0 {
                candidates.push(Candidate { entry, group: None });
            } else if let Some(warp) = self.warp_mut(entry) {
                // As it will be when the turn begins.
                warp.merge_ready();
                let ready = warp.ready_groups().enumerate();
                candidates.extend(ready.map(|(number, group)| Candidate {
                    entry,
                    group: Some((number as u32, group.id, group.pc)),
                }));
            }
        }
        candidates
    }

    /// Whether others may notice an instruction, or it may notice what they do.
    fn is_noticed(&self, launches: &[Pending], place: usize, pc: u32) -> bool {
        let block = self.warp(place).and_then(|warp| self.blocks.get(warp.block)?.as_ref());
        let op = block.and_then(|block| launches[block.launch].code.instructions.get(pc as usize));
        op.is_none_or(|instruction| instruction.op.effect().is_noticed())
    }
}
