//! Floating-point arithmetic on all lanes (PTX ISA sections 9.7.3 to 9.7.5).
//!
//! Approximate instructions (`rcp.approx`, `ex2.approx`, ...) return the correctly rounded result of the host's `f64`
//! function, which is within the error that the ISA allows but need not be the bits that a GPU returns.

use crate::numeric::arithmetic::{
    add, canonical_f32, canonical_f64, flush, maximum_f32, maximum_f64, minimum_f32, minimum_f64, multiply,
    multiply_add, round_to_f32, saturate_f32, saturate_f64,
};
use crate::numeric::{BF16, F16, F32, Format, Rounding};
use crate::op::{FloatBinary, FloatMode, FloatUnary, HalfFormat, HalfOperation};
use crate::register::{Registers, Slot};

#[inline(always)]
pub(super) fn apply32(kind: FloatBinary, a: f32, b: f32) -> f32 {
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
pub(crate) fn binary64(r: &mut Registers, mask: u32, kind: FloatBinary, saturate: bool, operands: [Slot; 3]) {
    r.map_two(mask, operands, |a: f64, b: f64| {
        let result = apply64(kind, a, b);
        if saturate { saturate_f64(result) } else { result }
    });
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
            FloatBinary::Add => add(F32, a, b, rounding),
            FloatBinary::Subtract => add(F32, a, b ^ 0x8000_0000, rounding),
            _ => multiply(F32, a, b, rounding),
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
        finish(mode, f32::from_bits(multiply_add(F32, a, b, c, rounding)))
    });
}

/// `f32` operations of one operand.
#[inline(never)]
pub(crate) fn unary32(r: &mut Registers, mask: u32, kind: FloatUnary, mode: FloatMode, d: Slot, a: Slot) {
    r.map(mask, d, a, |x: f32| {
        let x = start(mode, x);
        let through_f64 = |f: fn(f64) -> f64| round_to_f32(f(f64::from(x)), Rounding::Nearest);
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

/// One operation on 16-bit floats.
pub(crate) fn half(format: HalfFormat, kind: HalfOperation, a: u32, b: u32, c: u32) -> u32 {
    let encoding: Format = match format {
        HalfFormat::F16 => F16,
        HalfFormat::Bf16 => BF16,
    };
    let sign = 0x8000;
    let is_nan = |x: u32| encoding.decode(x).is_nan();
    let extremum = |nan: bool, pick: fn(f64, f64) -> f64| {
        if is_nan(a) && is_nan(b) || nan && (is_nan(a) || is_nan(b)) {
            return encoding.nan();
        }
        encoding.encode(pick(encoding.decode(a), encoding.decode(b)), Rounding::Nearest, false)
    };
    match kind {
        HalfOperation::Add => add(encoding, a, b, Rounding::Nearest),
        HalfOperation::Subtract => add(encoding, a, if is_nan(b) { b } else { b ^ sign }, Rounding::Nearest),
        HalfOperation::Multiply => multiply(encoding, a, b, Rounding::Nearest),
        HalfOperation::MultiplyAdd { relu } => {
            let result = multiply_add(encoding, a, b, c, Rounding::Nearest);
            if relu && result & sign != 0 { 0 } else { result }
        }
        HalfOperation::Minimum { nan } => extremum(nan, minimum_f64),
        HalfOperation::Maximum { nan } => extremum(nan, maximum_f64),
        HalfOperation::Negate if is_nan(a) => encoding.nan(),
        HalfOperation::Absolute if is_nan(a) => encoding.nan(),
        HalfOperation::Negate => a ^ sign,
        HalfOperation::Absolute => a & !sign,
    }
}

/// An operation on 16-bit floats, one or two per word.
pub(crate) fn half_word(
    format: HalfFormat,
    packed: bool,
    kind: HalfOperation,
    a: u32,
    b: u32,
    c: u32,
) -> u32 {
    let low = half(format, kind, a & 0xffff, b & 0xffff, c & 0xffff);
    if packed { low | half(format, kind, a >> 16, b >> 16, c >> 16) << 16 } else { low }
}

/// Operations on 16-bit floats in all lanes.
#[inline(never)]
pub(crate) fn half_lanes(
    r: &mut Registers,
    mask: u32,
    (format, packed, kind): (HalfFormat, bool, HalfOperation),
    operands: [Slot; 4],
) {
    r.map_three(mask, operands, |a: u32, b: u32, c: u32| half_word(format, packed, kind, a, b, c));
}
