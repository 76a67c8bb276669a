//! What belongs to the lanes of one warp alone, besides their registers.

use crate::consistency::LaneClocks;
use crate::memory::ahead::Ahead;
use crate::memory::{Recent, Region};
use crate::outstanding::Outstanding;
use crate::register::lanes;

/// Memory, calls and knowledge of the lanes of one warp.
#[derive(Debug)]
pub(crate) struct Private {
    /// Local memory of lane 0, then of lane 1, ...
    pub(crate) local: Region,
    /// Bytes of each lane.
    pub(crate) local_bytes: usize,
    /// The allocations that were accessed last.
    pub(crate) recent: Recent,
    pub(crate) ahead: Ahead,
    /// Copies that its lanes issued.
    pub(crate) outstanding: Option<Box<Outstanding>>,
    /// The calls of each lane, innermost last; empty before the first call.
    pub(crate) activations: Vec<Vec<Activation>>,
    /// At the barrier of the cluster.
    pub(crate) cluster_lanes: ClusterLanes,
    /// What its lanes know of other threads, if checks are on.
    pub(crate) clocks: Option<Box<LaneClocks>>,
}

impl Private {
    /// The private part of a warp that starts.
    pub(crate) fn new(local_bytes: usize) -> Private {
        Private {
            local: Region::new(32 * local_bytes),
            local_bytes,
            recent: Recent::default(),
            ahead: Ahead::default(),
            outstanding: None,
            activations: Vec::new(),
            cluster_lanes: ClusterLanes::default(),
            clocks: None,
        }
    }
}

/// A call that a lane has not returned from.
#[derive(Clone, Debug)]
pub(crate) struct Activation {
    /// The call.
    pub(super) pc: u32,
    pub(super) call: u32,
    pub(super) subroutine: u32,
    /// Where the caller's frame begins.
    pub(super) frame: u64,
    /// What the subroutine's registers held: the caller may be the subroutine itself.
    pub(super) words: Vec<u32>,
    pub(super) longs: Vec<u64>,
    pub(super) predicates: Vec<bool>,
}

/// Where the lanes of a warp are at the barrier of their cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterLanes {
    /// Lanes that arrived and have not waited since.
    pub(crate) arrived: u32,
    /// In which phase each arrived.
    pub(crate) phases: [u32; 32],
}

impl ClusterLanes {
    /// How many of some lanes arrived in a phase.
    pub(crate) fn arrived_in(&self, phase: u32, mask: u32) -> u32 {
        lanes(mask & self.arrived).filter(|&lane| self.phases[lane] == phase).count() as u32
    }
}
