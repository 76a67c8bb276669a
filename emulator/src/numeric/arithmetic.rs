//! Arithmetic with PTX's rules: canonical NaN, flushed subnormals, minimum and maximum, directed
//! rounding.

use crossdock_ptx::{Format, Rounding};

/// The NaN that `f32` arithmetic produces (PTX ISA section 9.7.3).
pub(crate) const NAN_F32: f32 = f32::from_bits(0x7fff_ffff);

/// Replaces every NaN by the canonical one.
#[inline(always)]
pub(crate) fn canonical_f32(x: f32) -> f32 {
    if x.is_nan() { NAN_F32 } else { x }
}

/// Replaces every NaN by the canonical one.
#[inline(always)]
pub(crate) fn canonical_f64(x: f64) -> f64 {
    if x.is_nan() { f64::from_bits(0x7fff_ffff_ffff_ffff) } else { x }
}

/// `.ftz`: subnormals become zero of the same sign.
#[inline(always)]
pub(crate) fn flush(x: f32) -> f32 {
    if x.is_subnormal() { f32::from_bits(x.to_bits() & 0x8000_0000) } else { x }
}

/// `.sat`: clamps to [0, 1]; NaN becomes +0.
#[inline(always)]
pub(crate) fn saturate_f32(x: f32) -> f32 {
    if x > 0.0 { if x < 1.0 { x } else { 1.0 } } else { 0.0 }
}

/// `.sat` of `f64`.
#[inline(always)]
pub(crate) fn saturate_f64(x: f64) -> f64 {
    if x > 0.0 { if x < 1.0 { x } else { 1.0 } } else { 0.0 }
}

macro_rules! extremum {
    ($minimum:ident, $maximum:ident, $float:ty, $canonical:ident) => {
        /// The smaller operand; a NaN loses against a number, -0 is below +0.
        #[inline(always)]
        pub(crate) fn $minimum(a: $float, b: $float) -> $float {
            let lesser = if a < b || (a == b && a.is_sign_negative()) { a } else { b };
            $canonical(if b.is_nan() {
                a
            } else if a.is_nan() {
                b
            } else {
                lesser
            })
        }

        /// The larger operand; a NaN loses against a number, +0 is above -0.
        #[inline(always)]
        pub(crate) fn $maximum(a: $float, b: $float) -> $float {
            let greater = if a > b || (a == b && a.is_sign_positive()) { a } else { b };
            $canonical(if b.is_nan() {
                a
            } else if a.is_nan() {
                b
            } else {
                greater
            })
        }
    };
}
extremum!(minimum_f32, maximum_f32, f32, canonical_f32);
extremum!(minimum_f64, maximum_f64, f64, canonical_f64);

/// `a + b` in `f64`, rounded to odd: a later rounding to a format of at most 24 bits is then the
/// rounding of the exact sum (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums").
pub(crate) fn add_to_odd(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if !sum.is_finite() {
        return sum;
    }
    let b_part = sum - a;
    let error = (a - (sum - b_part)) + (b - b_part);
    if error == 0.0 || sum.to_bits() & 1 == 1 {
        return sum;
    }
    let outwards = (error > 0.0) == (sum > 0.0);
    f64::from_bits(if outwards { sum.to_bits() + 1 } else { sum.to_bits() - 1 })
}

/// `a + b` as seen by `rounding`: an exact zero sum of opposite operands is -0 when rounding down.
fn exact_sum(a: f64, b: f64, rounding: Rounding) -> f64 {
    let sum = add_to_odd(a, b);
    if sum == 0.0 && rounding == Rounding::Down && (a.is_sign_negative() || b.is_sign_negative()) {
        return -0.0;
    }
    sum
}

/// `a + b` in a format of at most 24 bits of precision.
pub(crate) fn add(format: Format, a: u32, b: u32, rounding: Rounding) -> u32 {
    format.encode(exact_sum(format.decode(a), format.decode(b), rounding), rounding, false)
}

/// `a * b` in a format of at most 24 bits of precision.
pub(crate) fn multiply(format: Format, a: u32, b: u32, rounding: Rounding) -> u32 {
    format.encode(format.decode(a) * format.decode(b), rounding, false)
}

/// `a * b + c`, rounded once.
pub(crate) fn multiply_add(format: Format, a: u32, b: u32, c: u32, rounding: Rounding) -> u32 {
    let product = format.decode(a) * format.decode(b);
    format.encode(exact_sum(product, format.decode(c), rounding), rounding, false)
}

/// Rounds a value to `f32` with a direction.
pub(crate) fn round_to_f32(x: f64, rounding: Rounding) -> f32 {
    f32::from_bits(Format::F32.encode(x, rounding, false))
}
