//! Counters of a stage as JSON: `docs/counters.md` defines each.

use std::collections::BTreeMap;

use crossdock::host::report as host;
use serde::Serialize;

/// What the launches of a stage did on all ranks together.
#[derive(Debug, Serialize)]
pub(super) struct Activity {
    /// Warp instructions by class.
    instructions: BTreeMap<&'static str, u64>,
    lane_instructions: u64,
    divergent_branches: u64,
    loads: Requests,
    stores: Requests,
    atomics: Requests,
    shared: Shared,
    barrier_waits: Waits,
    spin_waits: Waits,
    sleeps: Waits,
    copy_waits: Waits,
    /// Blocks of the largest launch.
    blocks: u64,
    warps: u64,
    multiprocessors: u64,
    /// Virtual cycles of all launches, one after the other.
    cycles: u64,
    multiprocessor_cycles: u64,
    warp_cycles: u64,
    /// Share of the warps that would have fitted on the busy multiprocessors.
    occupancy: f64,
}

#[derive(Debug, Serialize)]
struct Requests {
    requests: u64,
    sectors: u64,
}

#[derive(Debug, Serialize)]
struct Shared {
    requests: u64,
    conflicts: u64,
}

#[derive(Debug, Serialize)]
struct Waits {
    count: u64,
    cycles: u64,
}

impl Activity {
    pub(super) fn new(activity: &host::Activity) -> Activity {
        let requests =
            |counted: host::Requests| Requests { requests: counted.requests, sectors: counted.sectors };
        let waits = |counted: host::Waits| Waits { count: counted.count, cycles: counted.cycles };
        Activity {
            instructions: activity.instructions.iter().map(|(class, count)| (class.name(), count)).collect(),
            lane_instructions: activity.lane_instructions,
            divergent_branches: activity.divergent_branches,
            loads: requests(activity.loads),
            stores: requests(activity.stores),
            atomics: requests(activity.atomics),
            shared: Shared { requests: activity.shared.requests, conflicts: activity.shared.conflicts },
            barrier_waits: waits(activity.barrier_waits),
            spin_waits: waits(activity.spin_waits),
            sleeps: waits(activity.sleeps),
            copy_waits: waits(activity.copy_waits),
            blocks: activity.blocks,
            warps: activity.warps,
            multiprocessors: activity.multiprocessors,
            cycles: activity.cycles,
            multiprocessor_cycles: activity.multiprocessor_cycles,
            warp_cycles: activity.warp_cycles,
            occupancy: activity.occupancy(),
        }
    }
}
