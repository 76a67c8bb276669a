//! The instructions as the interpreter sees them: types, rounding and register slots resolved, 16 bytes or so each.
//!
//! Memory instructions keep their order, scope and cache semantics in a side table ([`MemoryOp`]) so that models
//! which need them find them there.

mod access;
mod asynchronous;
mod call;
mod kind;
mod lane_function;
mod warp;

pub(crate) use access::*;
pub(crate) use asynchronous::*;
pub(crate) use call::*;
pub(crate) use kind::*;
pub(crate) use lane_function::*;
pub(crate) use warp::*;

use crate::numeric::Rounding;
use crate::register::{PredicateSource, Slot};

/// `cvt` of one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Conversion {
    pub(crate) to: Scalar,
    pub(crate) from: Scalar,
    /// Rounding of a result that does not fit; `None` for conversions that are exact or that truncate bits.
    pub(crate) rounding: Option<Rounding>,
    /// Round to an integral value in the same format (`cvt.rni.f32.f32`).
    pub(crate) integral: bool,
    pub(crate) saturate: bool,
    pub(crate) saturate_finite: bool,
    pub(crate) relu: bool,
    pub(crate) flush: bool,
    pub(crate) d: Slot,
    pub(crate) d_long: bool,
    pub(crate) a: Slot,
    pub(crate) a_long: bool,
}

/// The clocks that a kernel can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockRead {
    Cycles,
    CyclesHigh,
    Nanoseconds,
    NanosecondsHigh,
}

/// One decoded instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    // Moves.
    Move32 {
        d: Slot,
        a: Slot,
    },
    Move64 {
        d: Slot,
        a: Slot,
    },
    MovePredicate {
        d: Slot,
        a: PredicateSource,
    },
    Pack16 {
        d: Slot,
        low: Slot,
        high: Slot,
    },
    Unpack16 {
        low: Slot,
        high: Slot,
        a: Slot,
    },
    Pack32 {
        d: Slot,
        low: Slot,
        high: Slot,
    },
    Unpack32 {
        low: Slot,
        high: Slot,
        a: Slot,
    },
    PackMany(u32),
    UnpackMany(u32),
    // Integers.
    Unary {
        width: Width,
        kind: IntegerUnary,
        d: Slot,
        a: Slot,
    },
    Count {
        width: Width,
        kind: BitCount,
        d: Slot,
        a: Slot,
    },
    Binary16 {
        kind: IntegerBinary,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    Binary32 {
        kind: IntegerBinary,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    Binary64 {
        kind: IntegerBinary,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    Shift {
        width: Width,
        kind: Shift,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    MultiplyAdd {
        width: Width,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    MultiplyAddHigh {
        width: Width,
        signed: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    MultiplyWide {
        width: Width,
        signed: bool,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    MultiplyAddWide {
        width: Width,
        signed: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    AddCarry {
        wide: bool,
        subtract: bool,
        carry_in: bool,
        carry_out: bool,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    SumOfDifferences {
        width: Width,
        signed: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    ExtractBits {
        wide: bool,
        signed: bool,
        d: Slot,
        a: Slot,
        position: Slot,
        length: Slot,
    },
    InsertBits {
        wide: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        position: Slot,
        length: Slot,
    },
    Permute {
        mode: Permute,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    Logic3 {
        table: u8,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    FunnelShift {
        left: bool,
        clamp: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    DotProduct4 {
        a_signed: bool,
        b_signed: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    DotProduct2 {
        a_signed: bool,
        b_signed: bool,
        high: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    // Predicates, comparison, selection.
    PredicateLogic {
        kind: Boolean,
        d: Slot,
        a: PredicateSource,
        b: PredicateSource,
    },
    Compare {
        ty: CompareType,
        test: Comparison,
        flush: bool,
        d: Slot,
        q: Slot,
        a: Slot,
        b: Slot,
    },
    /// Combines the result of the comparison before it with a predicate: part of `setp` with a Boolean operator.
    CompareCombine(u32),
    Set(u32),
    Select {
        wide: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        p: PredicateSource,
    },
    SelectSign {
        wide: bool,
        float: bool,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    // Floating point.
    Float32 {
        kind: FloatBinary,
        mode: FloatMode,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    Float64 {
        kind: FloatBinary,
        saturate: bool,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    Fma32 {
        mode: FloatMode,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    Fma64 {
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    Directed32 {
        kind: FloatBinary,
        rounding: Rounding,
        mode: FloatMode,
        d: Slot,
        a: Slot,
        b: Slot,
    },
    DirectedFma32 {
        rounding: Rounding,
        mode: FloatMode,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    FloatUnary32 {
        kind: FloatUnary,
        mode: FloatMode,
        d: Slot,
        a: Slot,
    },
    FloatUnary64 {
        kind: FloatUnary,
        d: Slot,
        a: Slot,
    },
    Half {
        format: HalfFormat,
        packed: bool,
        kind: HalfOperation,
        d: Slot,
        a: Slot,
        b: Slot,
        c: Slot,
    },
    TestProperty {
        wide: bool,
        property: FloatProperty,
        d: Slot,
        a: Slot,
    },
    // Conversions.
    Convert(u32),
    ConvertPair {
        to: Packed,
        rounding: Rounding,
        relu: bool,
        saturate: bool,
        d: Slot,
        high: Slot,
        low: Slot,
    },
    /// Two 8-bit floats from two 16-bit floats packed in a word.
    NarrowPair {
        to: Packed,
        from: Packed,
        rounding: Rounding,
        relu: bool,
        d: Slot,
        a: Slot,
    },
    /// Two 16-bit floats from two 8-bit floats.
    WidenPair {
        to: Packed,
        from: Packed,
        relu: bool,
        d: Slot,
        a: Slot,
    },
    // Memory.
    Load(u32),
    Store(u32),
    Atomic(u32),
    Multicast(u32),
    LoadParameter {
        offset: u32,
        d: Slot,
        long: bool,
        bytes: u8,
        signed: bool,
    },
    Fence(Fence),
    InSpace {
        space: Space,
        d: Slot,
        a: Slot,
    },
    /// A cache hint: executes as nothing.
    Nothing,
    // Warps, blocks and time.
    Warp(u32),
    ActiveMask {
        d: Slot,
    },
    Barrier(u32),
    Clock {
        kind: ClockRead,
        d: Slot,
        long: bool,
    },
    Sleep {
        a: Slot,
    },
    /// Mbarriers, and copies that agents perform.
    Asynchronous(u32),
    // Control.
    Branch {
        target: u32,
    },
    /// A rare instruction.
    Function(u32),
    /// Calls a subroutine.
    Call(u32),
    /// Goes back behind the call.
    Return,
    /// Calls a function of the driver.
    System(u32),
    Exit,
    Trap {
        name: &'static str,
    },
}

/// A comparison whose result is combined with a predicate, or written as a number (`set`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct CombinedCompare {
    pub(crate) ty: CompareType,
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
