//! What instructions act on, and what ends a run of them.

use super::call::Activation;
use super::cluster::ClusterLanes;
use crate::agent::{Agents, Issuer};
use crate::block::Block;
use crate::cluster::Cluster;
use crate::code::Code;
use crate::consistency::{Detector, LaneClocks};
use crate::counters::Counters;
use crate::error::FaultKind;
use crate::memory::ahead::Ahead;
use crate::memory::{Memory, Recent, Region};
use crate::outstanding::Outstanding;
use crate::parking::{Parking, Spin};
use crate::register::Registers;
use crate::schedule::Schedule;

/// What the instructions of a warp act on, besides its registers.
pub(crate) struct Environment<'a> {
    pub(crate) code: &'a Code,
    pub(crate) memory: &'a mut Memory,
    pub(crate) block: &'a mut Block,
    /// The block's cluster, which has its shared memory.
    pub(crate) cluster: &'a mut Cluster,
    pub(crate) parameters: &'a mut Region,
    pub(crate) counters: &'a mut Counters,
    /// Use the loop that is compiled for AVX2 and FMA.
    pub(crate) wide: bool,
    /// Cycle at which the turn began.
    pub(crate) now: u64,
    /// Instructions per cycle of the clock: the number of warps that share the time.
    pub(crate) sharing: u64,
    /// Watch key of the cluster's first byte of shared memory.
    pub(crate) shared_key: u64,
    pub(crate) agents: &'a mut Agents,
    /// The warp.
    pub(crate) issuer: Issuer,
    /// Counts the unfinished agents of the launch.
    pub(crate) launched: &'a mut u32,
    pub(crate) gpu: usize,
    /// What the launch printed.
    pub(crate) printed: &'a mut String,
    /// Looks for data races, if checks are on.
    pub(crate) detector: Option<&'a mut Detector>,
    /// Decides what strong loads find.
    pub(crate) schedule: &'a mut dyn Schedule,
}

/// Memory that belongs to the lanes of one warp.
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

/// A fault, before it is known where.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) kind: FaultKind,
    pub(crate) lane: Option<u32>,
}

/// Why the interpreter stopped; the group's `pc` is at the instruction concerned.
#[derive(Debug)]
pub(crate) enum Event {
    /// The budget is used up, or another group's instruction is reached.
    Pause,
    /// The lanes of `taken` go on at `target`, the others at `rest`.
    Split { taken: u32, target: u32, rest: u32 },
    /// The lanes exit.
    Exit(u32),
    /// The lanes wait for other lanes of the warp.
    WarpSync(u32),
    /// The lanes are at a block barrier.
    Barrier(u32),
    /// The group waits for agents of its warp.
    Asynchronous,
    /// The lanes sleep until a cycle.
    Sleep { until: u64 },
    /// The group spins; its `pc` is at the start of the loop.
    Park(Parking),
}

/// The group that executes.
pub(crate) struct Running<'a> {
    pub(crate) registers: &'a mut Registers,
    pub(crate) private: &'a mut Private,
    pub(crate) spin: &'a mut Spin,
    pub(crate) pc: u32,
    pub(crate) mask: u32,
    /// Lanes of the warp that have not exited.
    pub(crate) alive: u32,
    /// Instructions executed.
    pub(crate) executed: u32,
    pub(crate) budget: u32,
    /// Stop before this instruction or one behind it.
    pub(crate) limit: u32,
    /// Stop before these instructions.
    pub(crate) meetings: &'a [u32],
}
