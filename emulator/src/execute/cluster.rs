//! The barrier of a cluster (PTX ISA section 9.7.13.4): each thread arrives, and later waits.

use super::asynchronous::{lanes, raise};
use super::{Environment, Private, Raised};
use crate::consistency::Knowledge;
use crate::error::FaultKind;
use crate::op::{Order, Scope};

/// Where the lanes of a warp are at the barrier of their cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterLanes {
    /// Lanes that arrived and have not waited since.
    arrived: u32,
    /// In which phase each arrived.
    phases: [u32; 32],
}

impl ClusterLanes {
    /// How many of some lanes arrived in a phase.
    pub(crate) fn arrived_in(&self, phase: u32, mask: u32) -> u32 {
        lanes(mask & self.arrived).filter(|&lane| self.phases[lane] == phase).count() as u32
    }
}

/// `barrier.cluster.arrive`, with `.release` or `.relaxed`.
pub(super) fn arrive(
    env: &mut Environment<'_>,
    private: &mut Private,
    releases: bool,
    mask: u32,
) -> Result<(), Raised> {
    let twice = mask & private.cluster_lanes.arrived;
    if twice != 0 {
        let text = "a thread arrives at the barrier of the cluster again before it waits".to_owned();
        return raise(twice.trailing_zeros() as usize, FaultKind::Barrier(text));
    }
    let barrier = &mut env.cluster.barrier;
    private.cluster_lanes.arrived |= mask;
    for lane in lanes(mask) {
        private.cluster_lanes.phases[lane] = barrier.phase;
    }
    let knowledge = private.clocks.as_ref().map(|clocks| {
        if releases {
            return clocks.published_by(mask);
        }
        let mut knowledge = Knowledge::default();
        for lane in lanes(mask) {
            knowledge.join(&clocks.arrival(lane, Order::Relaxed(Scope::Cluster), Scope::Cluster));
        }
        knowledge
    });
    barrier.arrive(mask.count_ones(), knowledge.as_ref());
    if let Some(clocks) = &mut private.clocks {
        clocks.tick();
    }
    Ok(())
}

/// `barrier.cluster.wait`; false when its phase is not complete.
pub(super) fn wait(env: &mut Environment<'_>, private: &mut Private, mask: u32) -> Result<bool, Raised> {
    let ClusterLanes { arrived, phases } = &mut private.cluster_lanes;
    let early = mask & !*arrived;
    if early != 0 {
        let text = "a thread waits at the barrier of the cluster, but has not arrived".to_owned();
        return raise(early.trailing_zeros() as usize, FaultKind::Barrier(text));
    }
    let barrier = &env.cluster.barrier;
    if lanes(mask).any(|lane| phases[lane] == barrier.phase) {
        return Ok(false);
    }
    *arrived &= !mask;
    if let Some(clocks) = &mut private.clocks {
        for lane in lanes(mask) {
            // Whose arrivals they were is not kept, so fences between proxies count for all blocks.
            clocks.acquire_from_anyone(lane, &barrier.complete, clocks.place);
        }
    }
    Ok(true)
}
