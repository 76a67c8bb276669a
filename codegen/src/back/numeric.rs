//! The intrinsics that have a value at specialisation: the numeric ones on constants, and questions about the target.

use crossdock_ptx::table::Target;

use super::constant::{Constant, Fault, bits, wrap};
use crate::ir::{Intrinsic, Rounding, Scalar};
use crate::rounded;
use crate::small_float::{E4M3, E5M2, F16, Format};

/// The value of an intrinsic of constants; `None` when it only has one on the GPU.
///
/// `scalar` is the first argument's type and `result` the type of the whole.
pub(super) fn intrinsic(
    target: Target,
    intrinsic: Intrinsic,
    scalar: Scalar,
    result: Scalar,
    values: &[Constant],
) -> Option<Result<Constant, Fault>> {
    use Constant::{Float32, Float64, Integer};
    let unsigned = |value: i128| value as u128 & (u128::MAX >> (128 - bits(scalar)));
    let count = |count: u32| Ok(Integer(i128::from(count)));
    Some(match (intrinsic, values) {
        (Intrinsic::TargetIsAtLeast, [Integer(least)]) => {
            Ok(Constant::Bool(i128::from(target.sm().number) >= *least))
        }
        (Intrinsic::TargetIsSpecific, []) => Ok(Constant::Bool(target.sm().specific)),
        (Intrinsic::FusedMultiplyAdd, [Float32(a), Float32(b), Float32(c)]) => {
            Ok(Constant::of_f32(f32::from_bits(*a).mul_add(f32::from_bits(*b), f32::from_bits(*c))))
        }
        (Intrinsic::FusedMultiplyAdd, [Float64(a), Float64(b), Float64(c)]) => {
            Ok(Constant::of_f64(f64::from_bits(*a).mul_add(f64::from_bits(*b), f64::from_bits(*c))))
        }
        (Intrinsic::Minimum, [Integer(a), Integer(b)]) => Ok(Integer(*a.min(b))),
        (Intrinsic::Maximum, [Integer(a), Integer(b)]) => Ok(Integer(*a.max(b))),
        (Intrinsic::Minimum | Intrinsic::Maximum, [Float32(a), Float32(b)]) => {
            let (a, b) = (f64::from(f32::from_bits(*a)), f64::from(f32::from_bits(*b)));
            Ok(Constant::of_f32(extreme(a, b, intrinsic == Intrinsic::Minimum) as f32))
        }
        (Intrinsic::Minimum | Intrinsic::Maximum, [Float64(a), Float64(b)]) => {
            let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
            Ok(Constant::of_f64(extreme(a, b, intrinsic == Intrinsic::Minimum)))
        }
        (Intrinsic::Absolute, [Integer(a)]) => Ok(Integer(wrap(scalar, a.wrapping_abs()))),
        (Intrinsic::Absolute, [Float32(a)]) => Ok(Float32(a & 0x7fff_ffff)),
        (Intrinsic::Absolute, [Float64(a)]) => Ok(Float64(a & (u64::MAX >> 1))),
        (Intrinsic::SquareRoot, [Float32(a)]) => Ok(Constant::of_f32(f32::from_bits(*a).sqrt())),
        (Intrinsic::SquareRoot, [Float64(a)]) => Ok(Constant::of_f64(f64::from_bits(*a).sqrt())),
        (Intrinsic::Integral(rounding), [Float32(a)]) => {
            // Every f32 is an f64, and what it rounds to is an f32.
            Ok(Constant::of_f32(integral(f64::from(f32::from_bits(*a)), rounding) as f32))
        }
        (Intrinsic::Integral(rounding), [Float64(a)]) => {
            Ok(Constant::of_f64(integral(f64::from_bits(*a), rounding)))
        }
        (Intrinsic::CopySign, [Float32(a), Float32(b)]) => {
            Ok(Float32(f32::from_bits(*a).copysign(f32::from_bits(*b)).to_bits()))
        }
        (Intrinsic::CopySign, [Float64(a), Float64(b)]) => {
            Ok(Float64(f64::from_bits(*a).copysign(f64::from_bits(*b)).to_bits()))
        }
        (Intrinsic::Rounded(operation, direction), floats) if floats.len() == operation.operands() => {
            let mut operands = [0.0; 3];
            for (operand, float) in operands.iter_mut().zip(floats) {
                let Float32(bits) = float else { return Some(Err(Fault::Type)) };
                *operand = f32::from_bits(*bits);
            }
            Ok(Constant::of_f32(rounded::rounded(operation, direction, operands)))
        }
        (Intrinsic::ToF32(direction), [Float64(a)]) => {
            Ok(Constant::of_f32(rounded::from_f64(f64::from_bits(*a), direction)))
        }
        (Intrinsic::ToF32(direction), [Integer(a)]) => {
            Ok(Constant::of_f32(rounded::from_integer(*a, direction)))
        }
        (Intrinsic::PackTowardZero(format), [Float32(low), Float32(high)]) => {
            let word = rounded::pack_toward_zero(format, f32::from_bits(*low), f32::from_bits(*high));
            Ok(Integer(i128::from(word)))
        }
        (Intrinsic::HalfPair(format, operation), words) if words.len() == operation.operands() => {
            let mut operands = [0; 3];
            for (operand, word) in operands.iter_mut().zip(words) {
                let Integer(word) = word else { return Some(Err(Fault::Type)) };
                *operand = *word as u32;
            }
            Ok(Integer(i128::from(rounded::half_pair(format, operation, operands))))
        }
        (Intrinsic::CountOnes, [Integer(a)]) => count(unsigned(*a).count_ones()),
        (Intrinsic::LeadingZeros, [Integer(a)]) => count(unsigned(*a).leading_zeros() - (128 - bits(scalar))),
        (Intrinsic::TrailingZeros, [Integer(a)]) => count(unsigned(*a).trailing_zeros().min(bits(scalar))),
        (Intrinsic::ReverseBits, [Integer(a)]) => {
            let reversed = unsigned(*a).reverse_bits() >> (128 - bits(scalar));
            Ok(Integer(wrap(scalar, reversed as i128)))
        }
        (Intrinsic::Bitcast, [value]) => match (value, result) {
            (Float32(a), Scalar::U32 | Scalar::I32) => Ok(Integer(wrap(result, i128::from(*a)))),
            (Float64(a), Scalar::U64 | Scalar::I64) => Ok(Integer(wrap(result, i128::from(*a)))),
            (Integer(a), Scalar::F32) => Ok(Float32(*a as u32)),
            (Integer(a), Scalar::F64) => Ok(Float64(*a as u64)),
            _ => Err(Fault::Type),
        },
        (Intrinsic::PackBf16, [Float32(low), Float32(high)]) => {
            let [low, high] = [*low, *high].map(|bits| i128::from(rounded::bf16_bits(f32::from_bits(bits))));
            Ok(Integer(high << 16 | low))
        }
        (Intrinsic::PackF16, [Float32(low), Float32(high)]) => Ok(pair(F16, 16, *low, *high, false)),
        (Intrinsic::PackE4m3, [Float32(low), Float32(high)]) => Ok(pair(E4M3, 8, *low, *high, true)),
        (Intrinsic::PackE5m2, [Float32(low), Float32(high)]) => Ok(pair(E5M2, 8, *low, *high, true)),
        (Intrinsic::F16Value, [Integer(code)]) => Ok(Constant::of_f32(F16.decode(*code as u32))),
        (Intrinsic::WidenE4m3 | Intrinsic::WidenE5m2, [Integer(codes)]) => {
            let format = if intrinsic == Intrinsic::WidenE4m3 { E4M3 } else { E5M2 };
            let [low, high] = [*codes, *codes >> 8].map(|code| format.decode(code as u32 & 0xff).to_bits());
            Ok(pair(F16, 16, low, high, false))
        }
        _ => return None,
    })
}

/// The integral number next to `value`.
fn integral(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::NearestEven => value.round_ties_even(),
        Rounding::TowardZero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    }
}

/// The lesser or greater number; a NaN loses, and -0 is less than +0 (PTX ISA section 9.7.3).
fn extreme(a: f64, b: f64, least: bool) -> f64 {
    if a.is_nan() {
        return b;
    }
    if b.is_nan() {
        return a;
    }
    let first = a.total_cmp(&b).is_le();
    if first == least { a } else { b }
}

/// Two floats' codes beside each other.
fn pair(format: Format, bits: u32, low: u32, high: u32, saturate: bool) -> Constant {
    let [low, high] = [low, high].map(|value| i128::from(format.encode(f32::from_bits(value), saturate)));
    Constant::Integer(high << bits | low)
}
