//! Instructions that are too rare for operations of their own: pure functions of up to three registers, lane by lane.

use super::{Comparison, Data, FloatBinary, HalfFormat, HalfOperation};
use crate::numeric::Rounding;

/// What a video instruction does with each pair of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VideoKind {
    Add,
    Subtract,
    Average,
    AbsoluteDifference,
    Minimum,
    Maximum,
}

/// How a video instruction goes on: its elements are added to the last operand, or the smaller or greater one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VideoThen {
    Add,
    Minimum,
    Maximum,
}

/// What is computed from the sources.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Function {
    /// `fns`: the position of the n-th set bit.
    FindNthSet,
    /// `bmsk`.
    BitMask {
        clamp: bool,
    },
    /// `szext`.
    ExtendFrom {
        clamp: bool,
        signed: bool,
    },
    /// `mul24.hi`, and `mad24` with an addend.
    Multiply24 {
        high: bool,
        signed: bool,
        saturate: bool,
    },
    /// `mad.hi.sat.s32`.
    MultiplyAddHighSaturating,
    /// `cvt.pack.sat`: two or three sources; bits of an element.
    PackSaturating {
        bits: u32,
        signed: bool,
        shift: bool,
    },
    /// To 8 bits of exponent and 10 of mantissa; `away` rounds ties away from zero.
    Tf32 {
        rounding: Rounding,
        away: bool,
        saturate: bool,
        relu: bool,
    },
    /// `cvt.ue8m0x2` of two `f32`, or of a packed pair of `bf16`.
    ToPowersOfTwo {
        packed: bool,
        up: bool,
        saturate: bool,
    },
    /// `cvt.rn.bf16x2.ue8m0x2`.
    FromPowersOfTwo,
    /// `div`, `rcp` and `sqrt` of `f32` with directed rounding.
    Divide32 {
        rounding: Rounding,
        flush: bool,
    },
    SquareRoot32 {
        rounding: Rounding,
        flush: bool,
    },
    /// `add`, `sub`, `mul`, `div` of `f64` with directed rounding.
    Binary64 {
        kind: FloatBinary,
        rounding: Rounding,
    },
    Fma64 {
        rounding: Rounding,
    },
    SquareRoot64 {
        rounding: Rounding,
    },
    /// Two `f32` in 64 bits: `add`, `sub`, `mul`, and `fma` without a kind.
    Pair32 {
        kind: Option<FloatBinary>,
        rounding: Rounding,
        flush: bool,
    },
    /// 16-bit floats with `.ftz` or `.sat`, or `.xorsign.abs`.
    Half {
        format: HalfFormat,
        packed: bool,
        kind: HalfOperation,
        flush: bool,
        saturate: bool,
        xor_sign: bool,
    },
    /// `min` or `max` of `f32` with `.xorsign.abs`.
    ExtremumXorSign {
        kind: FloatBinary,
        flush: bool,
    },
    /// `ex2` and `tanh` of 16-bit floats.
    HalfApproximate {
        format: HalfFormat,
        packed: bool,
        tangent: bool,
    },
    /// `vadd4` and its kin: of words, halves or bytes.
    Video {
        kind: VideoKind,
        /// Bits of an element.
        bits: u32,
        /// Whether elements of the result and of the sources are signed.
        signed: [bool; 3],
        saturate: bool,
        /// What becomes of the result and the last operand.
        then: Option<VideoThen>,
    },
    /// `set` with 16-bit floats; `truth` is what a lane becomes where the comparison holds.
    HalfSet {
        format: HalfFormat,
        packed: bool,
        test: Comparison,
        flush: bool,
        truth: u32,
    },
}

/// A function with its registers.
#[derive(Clone, Debug)]
pub(crate) struct LaneFunction {
    pub(crate) function: Function,
    pub(crate) d: Data,
    pub(crate) sources: Vec<Data>,
}
