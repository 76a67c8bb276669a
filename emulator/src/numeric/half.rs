//! Arithmetic of the 16-bit formats, one value or two packed in a word.

use super::arithmetic::{add, maximum_f64, minimum_f64, multiply, multiply_add, saturate_f64};
use crate::op::{FloatBinary, HalfFormat, HalfOperation, Rounding};

const SIGN: u32 = 0x8000;

/// One operation.
pub(crate) fn half(format: HalfFormat, kind: HalfOperation, [a, b, c]: [u32; 3]) -> u32 {
    let format = format.format();
    let is_nan = |x: u32| format.decode(x).is_nan();
    let extremum = |nan: bool, pick: fn(f64, f64) -> f64| {
        if is_nan(a) && is_nan(b) || nan && (is_nan(a) || is_nan(b)) {
            return format.nan();
        }
        format.encode(pick(format.decode(a), format.decode(b)), Rounding::NearestEven, false)
    };
    match kind {
        HalfOperation::Binary(FloatBinary::Subtract) => {
            add(format, a, if is_nan(b) { b } else { b ^ SIGN }, Rounding::NearestEven)
        }
        HalfOperation::Binary(FloatBinary::Multiply) => multiply(format, a, b, Rounding::NearestEven),
        HalfOperation::Binary(FloatBinary::Minimum) => extremum(false, minimum_f64),
        HalfOperation::Binary(FloatBinary::Maximum) => extremum(false, maximum_f64),
        HalfOperation::Binary(FloatBinary::MinimumNan) => extremum(true, minimum_f64),
        HalfOperation::Binary(FloatBinary::MaximumNan) => extremum(true, maximum_f64),
        HalfOperation::Binary(_) => add(format, a, b, Rounding::NearestEven),
        HalfOperation::MultiplyAdd { relu } => {
            let result = multiply_add(format, a, b, c, Rounding::NearestEven);
            if relu && result & SIGN != 0 { 0 } else { result }
        }
        HalfOperation::Negate | HalfOperation::Absolute if is_nan(a) => format.nan(),
        HalfOperation::Negate => a ^ SIGN,
        HalfOperation::Absolute => a & !SIGN,
    }
}

/// Applies a function to the low halves of words, and to the high ones if they are packed.
pub(crate) fn halves<const N: usize>(packed: bool, words: [u32; N], f: impl Fn([u32; N]) -> u32) -> u32 {
    let low = f(words.map(|word| word & 0xffff));
    if packed { low | f(words.map(|word| word >> 16)) << 16 } else { low }
}

/// `.ftz` of a 16-bit float: subnormals become zeros of their sign.
pub(crate) fn flush_half(format: HalfFormat, flush: bool, bits: u32) -> u32 {
    let exponent = format.format().infinity().unwrap_or_default();
    if flush && bits & exponent == 0 { bits & SIGN } else { bits }
}

/// How an operation on 16-bit floats differs from the plain one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfModes {
    pub(crate) flush: bool,
    pub(crate) saturate: bool,
    /// `.xorsign.abs`: of magnitudes, with the product's sign.
    pub(crate) xor_sign: bool,
}

/// One operation with modes.
pub(crate) fn half_with_modes(
    format: HalfFormat,
    kind: HalfOperation,
    HalfModes { flush, saturate, xor_sign }: HalfModes,
    operands: [u32; 3],
) -> u32 {
    let sign = (operands[0] ^ operands[1]) & SIGN;
    let operands = operands.map(|bits| flush_half(format, flush, if xor_sign { bits & !SIGN } else { bits }));
    let result = flush_half(format, flush, half(format, kind, operands));
    if saturate {
        let value = saturate_f64(format.format().decode(result));
        return format.format().encode(value, Rounding::NearestEven, false);
    }
    if xor_sign { result & !SIGN | sign } else { result }
}
