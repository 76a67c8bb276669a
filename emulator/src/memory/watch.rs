//! Which parked warps wait for which bytes.
//!
//! A store asks a small counting filter first, so stores that nobody waits for cost a few loads.

use std::collections::HashMap;

const LINE_SHIFT: u32 = 6;
const FILTER: usize = 4096;

/// A path group of a warp: (warp, group).
pub(crate) type Waiting = (usize, u32);

/// The watched lines of 64 bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    lines: HashMap<u64, Vec<Waiting>>,
    filter: Vec<u32>,
    /// Groups of which a watched line was written; drained by the scheduler.
    pub(crate) notified: Vec<Waiting>,
}

fn lines(address: u64, bytes: u64) -> impl Iterator<Item = u64> {
    (address >> LINE_SHIFT)..=((address + bytes.max(1) - 1) >> LINE_SHIFT)
}

fn bucket(line: u64) -> usize {
    (line ^ line >> 12) as usize % FILTER
}

impl Watch {
    pub(crate) fn add(&mut self, who: Waiting, address: u64, bytes: u64) {
        if self.filter.is_empty() {
            self.filter = vec![0; FILTER];
        }
        for line in lines(address, bytes) {
            let waiting = self.lines.entry(line).or_default();
            if !waiting.contains(&who) {
                waiting.push(who);
                self.filter[bucket(line)] += 1;
            }
        }
    }

    pub(crate) fn remove(&mut self, who: Waiting, address: u64, bytes: u64) {
        for line in lines(address, bytes) {
            let Some(waiting) = self.lines.get_mut(&line) else { continue };
            if let Some(position) = waiting.iter().position(|&entry| entry == who) {
                waiting.swap_remove(position);
                self.filter[bucket(line)] -= 1;
            }
            if waiting.is_empty() {
                self.lines.remove(&line);
            }
        }
    }

    /// Tells the watch that bytes were written.
    #[inline(always)]
    pub(crate) fn written(&mut self, address: u64, bytes: u64) {
        if !self.lines.is_empty() {
            self.written_watched(address, bytes);
        }
    }

    #[inline(never)]
    fn written_watched(&mut self, address: u64, bytes: u64) {
        for line in lines(address, bytes) {
            if self.filter[bucket(line)] != 0
                && let Some(waiting) = self.lines.get(&line)
            {
                self.notified.extend_from_slice(waiting);
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Watch::default();
    }
}
