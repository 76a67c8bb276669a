//! The instructions as the interpreter sees them: [`table`] has the rows, the other files what
//! their operands are.
//!
//! Memory instructions keep their order, scope and cache semantics in a side table ([`MemoryOp`])
//! so that models which need them find them there.

mod access;
mod call;
mod kind;
mod table;
mod warp;

pub(crate) use crossdock_ptx::{
    AtomicOperation, Boolean, Comparison, HalfFormat, Order, Rounding, Scope, Space, Type,
};

pub(crate) use access::*;
pub(crate) use call::*;
pub(crate) use kind::*;
pub(crate) use table::*;
pub(crate) use warp::*;

use crate::register::{PredicateSource, Slot};

/// `cvt` of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conversion {
    pub(crate) to: Type,
    pub(crate) from: Type,
    /// Rounding of a result that does not fit; `None` for conversions that are exact or that
    /// truncate bits.
    pub(crate) rounding: Option<Rounding>,
    /// Round to an integral value in the same format (`cvt.rni.f32.f32`).
    pub(crate) integral: bool,
    pub(crate) saturate: bool,
    pub(crate) saturate_finite: bool,
    pub(crate) relu: bool,
    pub(crate) flush: bool,
    pub(crate) d: Data,
    pub(crate) a: Data,
}

impl Conversion {
    /// A conversion to a type from itself, without modifiers.
    pub(crate) fn exact(to: Type, d: Data, a: Data) -> Conversion {
        Conversion {
            to,
            from: to,
            rounding: None,
            integral: false,
            saturate: false,
            saturate_finite: false,
            relu: false,
            flush: false,
            d,
            a,
        }
    }
}

/// A comparison whose result is combined with a predicate, or written as a number (`set`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct CombinedCompare {
    pub(crate) ty: Type,
    pub(crate) test: Comparison,
    pub(crate) flush: bool,
    pub(crate) d: Slot,
    pub(crate) q: Slot,
    pub(crate) a: Slot,
    pub(crate) b: Slot,
    pub(crate) combine: Option<(Boolean, PredicateSource)>,
    /// `set`: the word written for true.
    pub(crate) truth: u32,
}

/// `mov` between one register and a list.
#[derive(Clone, Debug)]
pub(crate) struct PackList {
    pub(crate) whole: Data,
    /// Bits of the whole: 32, 64 or 128 (two neighbouring longs).
    pub(crate) bits: u32,
    /// From the low bits upwards.
    pub(crate) parts: Vec<Data>,
}
