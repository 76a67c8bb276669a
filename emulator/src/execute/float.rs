//! Floating-point arithmetic on all lanes (PTX ISA sections 9.7.3 to 9.7.5).
//!
//! Approximate instructions (`rcp.approx`, `ex2.approx`, ...) return the correctly rounded result
//! of the host's `f64` function, which is within the error that the ISA allows but need not be the
//! bits that a GPU returns.

use crossdock_ptx::Format;

use crate::numeric::arithmetic::{
    add, canonical_f32, canonical_f64, flush, maximum_f32, maximum_f64, minimum_f32, minimum_f64, multiply,
    multiply_add, round_to_f32, saturate_f32,
};
use crate::numeric::half::{half, halves};
use crate::op::{FloatBinary, FloatMode, FloatUnary, HalfFormat, HalfOperation, Rounding};
use crate::register::{Registers, Slot};

#[inline(always)]
pub(crate) fn apply32(kind: FloatBinary, a: f32, b: f32) -> f32 {
    match kind {
        FloatBinary::Add => canonical_f32(a + b),
        FloatBinary::Subtract => canonical_f32(a - b),
        FloatBinary::Multiply => canonical_f32(a * b),
        FloatBinary::Divide => canonical_f32(a / b),
        FloatBinary::Minimum => minimum_f32(a, b),
        FloatBinary::Maximum => maximum_f32(a, b),
        FloatBinary::MinimumNan => {
            canonical_f32(if a.is_nan() || b.is_nan() { f32::NAN } else { minimum_f32(a, b) })
        }
        FloatBinary::MaximumNan => {
            canonical_f32(if a.is_nan() || b.is_nan() { f32::NAN } else { maximum_f32(a, b) })
        }
        FloatBinary::CopySign => b.copysign(a),
    }
}

#[inline(always)]
fn apply64(kind: FloatBinary, a: f64, b: f64) -> f64 {
    match kind {
        FloatBinary::Add => canonical_f64(a + b),
        FloatBinary::Subtract => canonical_f64(a - b),
        FloatBinary::Multiply => canonical_f64(a * b),
        FloatBinary::Divide => canonical_f64(a / b),
        FloatBinary::Minimum => minimum_f64(a, b),
        FloatBinary::Maximum => maximum_f64(a, b),
        FloatBinary::MinimumNan => {
            canonical_f64(if a.is_nan() || b.is_nan() { f64::NAN } else { minimum_f64(a, b) })
        }
        FloatBinary::MaximumNan => {
            canonical_f64(if a.is_nan() || b.is_nan() { f64::NAN } else { maximum_f64(a, b) })
        }
        FloatBinary::CopySign => b.copysign(a),
    }
}

#[inline(always)]
fn finish(mode: FloatMode, x: f32) -> f32 {
    let x = if mode.flush { flush(x) } else { x };
    if mode.saturate { saturate_f32(x) } else { x }
}

#[inline(always)]
fn start(mode: FloatMode, x: f32) -> f32 {
    if mode.flush { flush(x) } else { x }
}

/// `f32` operations of two operands.
#[inline(always)]
pub(crate) fn binary32(
    r: &mut Registers,
    mask: u32,
    kind: FloatBinary,
    mode: FloatMode,
    operands: [Slot; 3],
) {
    if !mode.is_plain() {
        return binary32_with_mode(r, mask, kind, mode, operands);
    }
    macro_rules! specialised {
        ($($operation:ident)*) => {
            match kind {
                $(FloatBinary::$operation => {
                    r.map_two(mask, operands, |a: f32, b: f32| apply32(FloatBinary::$operation, a, b))
                })*
            }
        };
    }
    specialised!(Add Subtract Multiply Divide Minimum Maximum MinimumNan MaximumNan CopySign);
}

#[inline(never)]
fn binary32_with_mode(r: &mut Registers, mask: u32, kind: FloatBinary, mode: FloatMode, operands: [Slot; 3]) {
    r.map_two(mask, operands, |a: f32, b: f32| finish(mode, apply32(kind, start(mode, a), start(mode, b))));
}

/// `f64` operations of two operands.
#[inline(never)]
pub(crate) fn binary64(r: &mut Registers, mask: u32, kind: FloatBinary, operands: [Slot; 3]) {
    r.map_two(mask, operands, |a: f64, b: f64| apply64(kind, a, b));
}

/// `fma.rn.f32`: one rounding.
#[inline(always)]
pub(crate) fn fma32(r: &mut Registers, mask: u32, mode: FloatMode, operands: [Slot; 4]) {
    if mode.is_plain() {
        r.map_three(mask, operands, |a: f32, b: f32, c: f32| canonical_f32(a.mul_add(b, c)));
    } else {
        fma32_with_mode(r, mask, mode, operands);
    }
}

#[inline(never)]
fn fma32_with_mode(r: &mut Registers, mask: u32, mode: FloatMode, operands: [Slot; 4]) {
    r.map_three(mask, operands, |a: f32, b: f32, c: f32| {
        let product = start(mode, a).mul_add(start(mode, b), start(mode, c));
        finish(mode, canonical_f32(product))
    });
}

/// `fma.rn.f64`.
#[inline(always)]
pub(crate) fn fma64(r: &mut Registers, mask: u32, operands: [Slot; 4]) {
    r.map_three(mask, operands, |a: f64, b: f64, c: f64| canonical_f64(a.mul_add(b, c)));
}

/// `f32` addition, subtraction and multiplication that round towards zero, down or up.
#[inline(never)]
pub(crate) fn directed32(
    r: &mut Registers,
    mask: u32,
    kind: FloatBinary,
    rounding: Rounding,
    mode: FloatMode,
    operands: [Slot; 3],
) {
    r.map_two(mask, operands, |a: f32, b: f32| {
        let (a, b) = (start(mode, a).to_bits(), start(mode, b).to_bits());
        let result = match kind {
            FloatBinary::Add => add(Format::F32, a, b, rounding),
            FloatBinary::Subtract => add(Format::F32, a, b ^ 0x8000_0000, rounding),
            _ => multiply(Format::F32, a, b, rounding),
        };
        finish(mode, f32::from_bits(result))
    });
}

/// `fma` with directed rounding.
#[inline(never)]
pub(crate) fn directed_fma32(
    r: &mut Registers,
    mask: u32,
    rounding: Rounding,
    mode: FloatMode,
    operands: [Slot; 4],
) {
    r.map_three(mask, operands, |a: f32, b: f32, c: f32| {
        let [a, b, c] = [a, b, c].map(|x| start(mode, x).to_bits());
        finish(mode, f32::from_bits(multiply_add(Format::F32, a, b, c, rounding)))
    });
}

/// `f32` operations of one operand.
#[inline(never)]
pub(crate) fn unary32(r: &mut Registers, mask: u32, kind: FloatUnary, mode: FloatMode, d: Slot, a: Slot) {
    r.map(mask, d, a, |x: f32| {
        let x = start(mode, x);
        let through_f64 = |f: fn(f64) -> f64| round_to_f32(f(f64::from(x)), Rounding::NearestEven);
        let result = match kind {
            FloatUnary::Negate => f32::from_bits(x.to_bits() ^ 0x8000_0000),
            FloatUnary::Absolute => f32::from_bits(x.to_bits() & 0x7fff_ffff),
            FloatUnary::Reciprocal => 1.0 / x,
            FloatUnary::SquareRoot => x.sqrt(),
            FloatUnary::ReciprocalSquareRoot => through_f64(|x| 1.0 / x.sqrt()),
            FloatUnary::Sine => through_f64(f64::sin),
            FloatUnary::Cosine => through_f64(f64::cos),
            FloatUnary::Exponential2 => through_f64(f64::exp2),
            FloatUnary::Logarithm2 => through_f64(f64::log2),
            FloatUnary::HyperbolicTangent => through_f64(f64::tanh),
        };
        finish(mode, canonical_f32(result))
    });
}

/// `f64` operations of one operand.
#[inline(never)]
pub(crate) fn unary64(r: &mut Registers, mask: u32, kind: FloatUnary, d: Slot, a: Slot) {
    r.map(mask, d, a, |x: f64| {
        let result = match kind {
            FloatUnary::Negate => return f64::from_bits(x.to_bits() ^ 1 << 63),
            FloatUnary::Absolute => return f64::from_bits(x.to_bits() & !(1 << 63)),
            FloatUnary::Reciprocal => 1.0 / x,
            FloatUnary::SquareRoot => x.sqrt(),
            FloatUnary::ReciprocalSquareRoot => 1.0 / x.sqrt(),
            FloatUnary::Sine => x.sin(),
            FloatUnary::Cosine => x.cos(),
            FloatUnary::Exponential2 => x.exp2(),
            FloatUnary::Logarithm2 => x.log2(),
            FloatUnary::HyperbolicTangent => x.tanh(),
        };
        canonical_f64(result)
    });
}

/// Operations on 16-bit floats in all lanes.
#[inline(never)]
pub(crate) fn half_lanes(
    r: &mut Registers,
    mask: u32,
    format: HalfFormat,
    packed: bool,
    kind: HalfOperation,
    operands: [Slot; 4],
) {
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| {
        halves(packed, [a, b, c], |operands| half(format, kind, operands))
    });
}
