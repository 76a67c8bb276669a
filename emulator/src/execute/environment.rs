//! What instructions act on, and what ends a run of them.

use super::private::Private;
use crate::agent::{Agents, Issuer};
use crate::block::Block;
use crate::cluster::Cluster;
use crate::code::Code;
use crate::consistency::Detector;
use crate::counters::Counters;
use crate::error::FaultKind;
use crate::memory::{Memory, Region};
use crate::parking::{Parking, Spin};
use crate::register::Registers;
use crate::schedule::Schedule;

/// What the instructions of a warp act on, besides its registers.
pub(crate) struct Environment<'a> {
    pub(crate) code: &'a Code,
    /// What its [`Op::Own`](crate::op::Op::Own) do.
    pub(crate) operations: &'a [Box<dyn Operation>],
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

/// An operation that the interpreter's loop knows no more of than that it has one: its decoding and
/// its meaning stand in a file of their own.
pub(crate) trait Operation: std::fmt::Debug + Send + Sync {
    /// Executes it for the lanes of `site`.
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised>;
}

/// What follows an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The next one.
    Next,
    /// The same one again, when what it waits for may have happened.
    Wait(Awaited),
}

/// What lanes wait for at an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Copies that they issued.
    Copies,
    /// The barrier of their cluster.
    Cluster,
}

/// Where an instruction is executed, and for which lanes.
pub(crate) struct Site<'a, 'e> {
    pub(crate) env: &'a mut Environment<'e>,
    pub(crate) private: &'a mut Private,
    pub(crate) spin: &'a mut Spin,
    pub(crate) r: &'a mut Registers,
    pub(crate) pc: u32,
    pub(crate) mask: u32,
}

impl<'e> Site<'_, 'e> {
    /// The same for other lanes.
    pub(crate) fn of_lanes(&mut self, mask: u32) -> Site<'_, 'e> {
        Site { env: self.env, private: self.private, spin: self.spin, r: self.r, pc: self.pc, mask }
    }
}

/// A fault of one lane.
pub(crate) fn raise<T>(lane: usize, kind: FaultKind) -> Result<T, Raised> {
    Err(Raised { kind, lane: Some(lane as u32) })
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
    /// The group waits for agents of its warp, or for its cluster.
    Await(Awaited),
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
    /// Stop before this instruction or one after it.
    pub(crate) limit: u32,
    /// Stop before these instructions.
    pub(crate) meetings: &'a [u32],
}
