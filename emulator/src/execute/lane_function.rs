//! Rare instructions, lane by lane (PTX ISA sections 9.7.1 to 9.7.5 and 9.7.9.21).

use super::float::{apply32, half};
use super::packing;
use crate::numeric::arithmetic::{add, canonical_f64, flush, multiply, multiply_add, saturate_f64};
use crate::numeric::directed;
use crate::numeric::format::ue8m0_from_f32;
use crate::numeric::{BF16, F16, F32, Format, Rounding, TF32};
use crate::op::{FloatBinary, Function, HalfFormat, HalfOperation, LaneFunction};
use crate::register::Registers;

/// Executes the function in the lanes of `mask`.
#[inline(never)]
pub(super) fn execute(r: &mut Registers, mask: u32, op: &LaneFunction) {
    for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
        let source =
            |index: usize| op.sources.get(index).map_or(0, |&data| packing::read(r, data, 64, lane) as u64);
        let value = apply(op.function, [source(0), source(1), source(2)]);
        packing::write(r, op.d, if op.d.long { 64 } else { 32 }, lane, value.into());
    }
}

fn apply(function: Function, [a, b, c]: [u64; 3]) -> u64 {
    let [x, y, z] = [a as u32, b as u32, c as u32];
    let single = |bits: u32, flushes: bool| {
        let value = f32::from_bits(bits);
        if flushes { flush(value) } else { value }
    };
    let finish =
        |value: f32, flushes: bool| u64::from((if flushes { flush(value) } else { value }).to_bits());
    match function {
        Function::FindNthSet => find_nth_set(x, y, z as i32).into(),
        Function::BitMask { clamp } => {
            let (start, length) = if clamp { (x.min(32), y.min(32)) } else { (x & 31, y & 31) };
            let ones = if length == 32 { u32::MAX } else { (1 << length) - 1 };
            ones.checked_shl(start).unwrap_or(0).into()
        }
        Function::ExtendFrom { clamp, signed } => {
            let bits = if clamp { y.min(32) } else { y & 31 };
            let unused = 32 - bits;
            let shifted = x.checked_shl(unused).unwrap_or(0);
            let extended = if signed {
                ((shifted as i32) >> unused.min(31)) as u32
            } else {
                shifted.checked_shr(unused).unwrap_or(0)
            };
            if bits == 0 { 0 } else { extended.into() }
        }
        Function::Multiply24 { high, signed, saturate } => {
            multiply_24(high, signed, saturate, [x, y, z]).into()
        }
        Function::MultiplyAddHighSaturating => {
            let high = (i64::from(x as i32) * i64::from(y as i32)) >> 32;
            u64::from((high as i32).saturating_add(z as i32) as u32)
        }
        Function::PackSaturating { bits, signed, shift } => {
            let (low, high) = if signed {
                (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1)
            } else {
                (0, (1i64 << bits) - 1)
            };
            let clamped = |v: u32| (i64::from(v as i32).clamp(low, high) as u64) & ((1 << bits) - 1);
            let pair = clamped(x) << bits | clamped(y);
            let above = if shift { u64::from(z) << (2 * bits) } else { 0 };
            (above | pair) & 0xffff_ffff
        }
        Function::Tf32 { rounding, away, saturate, relu } => {
            tf32(f32::from_bits(x), rounding, away, saturate, relu).into()
        }
        Function::ToPowersOfTwo { packed, up, saturate } => {
            let (high, low) = if packed { (x & 0xffff_0000, x << 16) } else { (x, y) };
            (ue8m0_from_f32(high, up, saturate) << 8 | ue8m0_from_f32(low, up, saturate)).into()
        }
        Function::FromPowersOfTwo => {
            // 2^-127 is half of the least normal number.
            let value = |code: u32| match code & 0xff {
                0 => 0x0040,
                0xff => 0x7fff,
                exponent => exponent << 7,
            };
            (value(x >> 8) << 16 | value(x)).into()
        }
        Function::Divide32 { rounding, flush } => {
            finish(directed::divide_f32(single(x, flush), single(y, flush), rounding), flush)
        }
        Function::SquareRoot32 { rounding, flush } => {
            finish(directed::square_root_f32(single(x, flush), rounding), flush)
        }
        Function::Binary64 { kind, rounding } => {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            let result = match kind {
                FloatBinary::Add => directed::add(a, b, rounding),
                FloatBinary::Subtract => directed::add(a, -b, rounding),
                FloatBinary::Divide => directed::divide(a, b, rounding),
                _ => directed::multiply(a, b, rounding),
            };
            canonical_f64(result).to_bits()
        }
        Function::Fma64 { rounding } => {
            let result =
                directed::multiply_add(f64::from_bits(a), f64::from_bits(b), f64::from_bits(c), rounding);
            canonical_f64(result).to_bits()
        }
        Function::SquareRoot64 { rounding } => {
            canonical_f64(directed::square_root(f64::from_bits(a), rounding)).to_bits()
        }
        Function::Pair32 { kind, rounding, flush } => {
            let part = |shift: u32| {
                let [x, y, z] = [a, b, c].map(|v| single((v >> shift) as u32, flush).to_bits());
                let result = match kind {
                    None => multiply_add(F32, x, y, z, rounding),
                    Some(FloatBinary::Add) => add(F32, x, y, rounding),
                    Some(FloatBinary::Subtract) => add(F32, x, y ^ 0x8000_0000, rounding),
                    Some(_) => multiply(F32, x, y, rounding),
                };
                finish(f32::from_bits(result), flush)
            };
            part(0) | part(32) << 32
        }
        Function::Half { format, packed, kind, flush, saturate, xor_sign } => {
            let lanes = |shift: u32| {
                half_with_modes(
                    format,
                    kind,
                    (flush, saturate, xor_sign),
                    [x, y, z].map(|v| v >> shift & 0xffff),
                )
            };
            u64::from(lanes(0) | if packed { lanes(16) << 16 } else { 0 })
        }
        Function::ExtremumXorSign { kind, flush } => {
            let sign = (x ^ y) & 0x8000_0000;
            let magnitude = |bits: u32| single(bits & 0x7fff_ffff, flush);
            finish(
                f32::from_bits(apply32(kind, magnitude(x), magnitude(y)).to_bits() & 0x7fff_ffff | sign),
                flush,
            )
        }
        Function::HalfApproximate { format, packed, tangent } => {
            let encoding = encoding(format);
            let value = |shift: u32| {
                let v = encoding.decode(x >> shift & 0xffff);
                encoding.encode(if tangent { v.tanh() } else { v.exp2() }, Rounding::Nearest, false)
            };
            u64::from(value(0) | if packed { value(16) << 16 } else { 0 })
        }
        Function::Video { kind, bits, signed, saturate, then } => {
            super::video::apply(kind, bits, signed, saturate, then, [x, y, z]).into()
        }
        Function::HalfSet { format, packed, test, flush, truth } => {
            let encoding = encoding(format);
            let value = |shift: u32| {
                let [p, q] = [x, y].map(|v| encoding.decode(flush_half(format, flush, v >> shift & 0xffff)));
                if super::compare::holds(test, p, q) { truth } else { 0 }
            };
            u64::from(value(0) | if packed { value(16) << 16 } else { 0 })
        }
    }
}

fn encoding(format: HalfFormat) -> Format {
    match format {
        HalfFormat::F16 => F16,
        HalfFormat::Bf16 => BF16,
    }
}

/// `.ftz` of a 16-bit float: subnormals become zeros of their sign.
fn flush_half(format: HalfFormat, flush: bool, bits: u32) -> u32 {
    let exponent = match format {
        HalfFormat::F16 => 0x7c00,
        HalfFormat::Bf16 => 0x7f80,
    };
    if flush && bits & exponent == 0 { bits & 0x8000 } else { bits }
}

fn half_with_modes(
    format: HalfFormat,
    kind: HalfOperation,
    (flush, saturate, xor_sign): (bool, bool, bool),
    operands: [u32; 3],
) -> u32 {
    let sign = (operands[0] ^ operands[1]) & 0x8000;
    let [a, b, c] =
        operands.map(|bits| flush_half(format, flush, if xor_sign { bits & 0x7fff } else { bits }));
    let result = flush_half(format, flush, half(format, kind, a, b, c));
    let encoding = encoding(format);
    if saturate {
        return encoding.encode(saturate_f64(encoding.decode(result)), Rounding::Nearest, false);
    }
    if xor_sign { result & 0x7fff | sign } else { result }
}

/// `fns.b32 d, mask, base, offset`: from `base`, the `offset`-th set bit upwards, or downwards if it is negative.
fn find_nth_set(mask: u32, base: u32, offset: i32) -> u32 {
    const NONE: u32 = u32::MAX;
    if base > 31 {
        return NONE;
    }
    let is_set = |bit: &u32| mask >> bit & 1 == 1;
    let count = (offset.unsigned_abs() as usize).saturating_sub(1);
    match offset {
        0 => {
            if is_set(&base) {
                base
            } else {
                NONE
            }
        }
        1.. => (base..32).filter(is_set).nth(count).unwrap_or(NONE),
        _ => (0..=base).rev().filter(is_set).nth(count).unwrap_or(NONE),
    }
}

fn multiply_24(high: bool, signed: bool, saturate: bool, [a, b, c]: [u32; 3]) -> u32 {
    let low_24 = |v: u32| if signed { i64::from((v << 8) as i32 >> 8) } else { i64::from(v & 0xff_ffff) };
    let product = low_24(a) * low_24(b);
    let part = if high { product >> 16 } else { product } as u32;
    if saturate { (part as i32).saturating_add(c as i32) as u32 } else { part.wrapping_add(c) }
}

fn tf32(x: f32, rounding: Rounding, away: bool, saturate: bool, relu: bool) -> u32 {
    // Ties away from zero: half a unit is added to the magnitude, the rest is cut off.
    let code = if away && x.is_finite() {
        let rounded = (x.to_bits() & 0x7fff_ffff).wrapping_add(1 << 12) & !0x1fff;
        rounded.min(if saturate { 0x7f7f_e000 } else { 0x7f80_0000 }) | x.to_bits() & 0x8000_0000
    } else {
        // The code of the narrower format, moved to where the same fields are in `f32`.
        TF32.encode(f64::from(x), rounding, saturate) << 13 | if x.is_nan() { 0x1fff } else { 0 }
    };
    if relu && code >> 31 == 1 && !x.is_nan() { 0 } else { code }
}
