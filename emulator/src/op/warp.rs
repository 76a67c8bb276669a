//! Instructions that lanes or warps execute together.

use super::{Atomic, FloatBinary};
use crate::register::{PredicateSource, Slot};

/// Kinds of `shfl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShuffleMode {
    Up,
    Down,
    Butterfly,
    Index,
}

/// Kinds of `vote`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vote {
    All,
    Any,
    Uniform,
    Ballot,
}

/// How `redux` makes one value of those of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    Integer(Atomic),
    /// `min` or `max` of `f32`, perhaps of magnitudes; with the kinds for NaN, one NaN makes the
    /// result NaN.
    Float {
        kind: FloatBinary,
        absolute: bool,
    },
}

/// An instruction that waits for the lanes of its member mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WarpOp {
    Barrier { members: Slot },
    Shuffle { mode: ShuffleMode, d: Slot, valid: Slot, a: Slot, b: Slot, c: Slot, members: Slot },
    Vote { kind: Vote, d: Slot, a: PredicateSource, members: Slot },
    Match { wide: bool, all: bool, d: Slot, valid: Slot, a: Slot, members: Slot },
    Redux { kind: Reduction, d: Slot, a: Slot, members: Slot },
    Elect { d: Slot, leader: Slot, members: Slot },
}

impl WarpOp {
    pub(crate) fn members(&self) -> Slot {
        match *self {
            WarpOp::Barrier { members }
            | WarpOp::Shuffle { members, .. }
            | WarpOp::Vote { members, .. }
            | WarpOp::Match { members, .. }
            | WarpOp::Redux { members, .. }
            | WarpOp::Elect { members, .. } => members,
        }
    }
}

/// What a block barrier instruction does on arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BarrierKind {
    Sync,
    Arrive,
    Population { d: Slot, a: PredicateSource },
    All { d: Slot, a: PredicateSource },
    Any { d: Slot, a: PredicateSource },
}

/// `bar` and `barrier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BarrierOp {
    pub(crate) kind: BarrierKind,
    pub(crate) aligned: bool,
    pub(crate) id: Slot,
    /// Threads that take part; `None` for all of the block.
    pub(crate) threads: Option<Slot>,
}
