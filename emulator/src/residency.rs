//! When blocks and warps of a launch were resident, and what its warps waited for, in virtual
//! cycles.

use std::collections::{BTreeMap, BTreeSet};

use crate::activity::Activity;
use crate::counters::BlockWaits;

/// The residency of one launch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Residency {
    begun: Option<u64>,
    /// Blocks on each multiprocessor that has any, and since when it has.
    busy: BTreeMap<usize, (u32, u64)>,
    /// Multiprocessors that ever had one.
    used: BTreeSet<usize>,
    blocks: u64,
    warps: u64,
    multiprocessor_cycles: u64,
    warp_cycles: u64,
    waits: BlockWaits,
}

impl Residency {
    /// A block starts.
    pub(crate) fn block_starts(&mut self, multiprocessor: usize, now: u64) {
        self.used.insert(multiprocessor);
        self.blocks += 1;
        self.begun.get_or_insert(now);
        self.busy.entry(multiprocessor).or_insert((0, now)).0 += 1;
    }

    /// A warp exits that became resident at `started`.
    pub(crate) fn warp_ends(&mut self, started: u64, now: u64) {
        self.warps += 1;
        self.warp_cycles += now - started;
    }

    /// A block exits.
    pub(crate) fn block_ends(&mut self, multiprocessor: usize, waits: &BlockWaits, now: u64) {
        if let Some((blocks, since)) = self.busy.get_mut(&multiprocessor) {
            *blocks -= 1;
            if *blocks == 0 {
                self.multiprocessor_cycles += now - *since;
                self.busy.remove(&multiprocessor);
            }
        }
        self.waits.barrier += &waits.barrier;
        self.waits.spin += &waits.spin;
        self.waits.sleep += &waits.sleep;
        self.waits.copy += &waits.copy;
    }

    /// Virtual cycle at which the first block started.
    pub(crate) fn begun(&self) -> Option<u64> {
        self.begun
    }

    /// Adds what is known when the launch ends.
    pub(crate) fn complete(&self, activity: &mut Activity, now: u64) {
        activity.blocks = self.blocks;
        activity.warps = self.warps;
        activity.multiprocessors = self.used.len() as u64;
        activity.cycles = now - self.begun.unwrap_or(now);
        activity.multiprocessor_cycles = self.multiprocessor_cycles;
        activity.warp_cycles = self.warp_cycles;
        activity.barrier_waits = self.waits.barrier;
        activity.spin_waits = self.waits.spin;
        activity.sleeps = self.waits.sleep;
        activity.copy_waits = self.waits.copy;
    }
}
