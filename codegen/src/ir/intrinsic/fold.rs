//! What operations give for constant operands: the numeric ones, and questions about the target.

use crossdock_ptx::table::Target;

use super::parameters::{Direction, Format, HalfFormat, HalfOperation, RoundedOperation, Rounding};
use crate::constant::{Arithmetic, Constant, Fault, bits, range, wrap};
use crate::ir::types::Scalar;
use crate::rounded;

use Constant::{Float32, Float64, Integer};

/// The constants that an operation is asked about.
pub(crate) struct Known<'a> {
    pub(crate) target: Target,
    /// The type of the first operand.
    pub(crate) scalar: Scalar,
    /// The type of the result.
    pub(crate) result: Scalar,
    pub(crate) values: &'a [Constant],
    pub(crate) arithmetic: Arithmetic,
}

/// A value, why there is none, or that there is one on the GPU only.
pub(crate) type Folded = Option<Result<Constant, Fault>>;

impl Known<'_> {
    /// All operands, if there are so many and each is of that kind.
    fn all<T, const N: usize>(&self, of: impl Fn(Constant) -> Option<T>) -> Option<[T; N]> {
        let values: Option<Vec<T>> = self.values.iter().map(|value| of(*value)).collect();
        values?.try_into().ok()
    }

    fn singles<const N: usize>(&self) -> Option<[f32; N]> {
        self.all(|value| match value {
            Float32(bits) => Some(f32::from_bits(bits)),
            _ => None,
        })
    }

    fn integers<const N: usize>(&self) -> Option<[i128; N]> {
        self.all(Constant::integer)
    }

    /// The operands, and zero for those that the operation does not have.
    fn padded<T: Copy + Default>(&self, of: impl Fn(Constant) -> Option<T>) -> Option<[T; 3]> {
        let mut padded = [T::default(); 3];
        for (place, value) in padded.iter_mut().zip(self.values) {
            *place = of(*value)?;
        }
        Some(padded)
    }

    /// The integer without its sign, above which all bits are zero.
    fn unsigned(&self) -> Option<u128> {
        let [value] = self.integers()?;
        Some(value as u128 & (u128::MAX >> (128 - bits(self.scalar))))
    }
}

/// An operation on floats of either width.
fn floats<const N: usize>(
    known: &Known<'_>,
    single: impl Fn([f32; N]) -> Constant,
    double: impl Fn([f64; N]) -> Constant,
) -> Folded {
    if let Some(values) = known.singles() {
        return Some(Ok(single(values)));
    }
    let values = known.all(|value| match value {
        Float64(bits) => Some(f64::from_bits(bits)),
        _ => None,
    })?;
    Some(Ok(double(values)))
}

fn count(count: u32) -> Folded {
    Some(Ok(Integer(i128::from(count))))
}

pub(super) fn none(_: &Known<'_>) -> Folded {
    None
}

pub(super) fn target_is_at_least(known: &Known<'_>) -> Folded {
    let [least] = known.integers()?;
    Some(Ok(Constant::Bool(i128::from(known.target.sm().number) >= least)))
}

pub(super) fn target_is_specific(known: &Known<'_>) -> Folded {
    Some(Ok(Constant::Bool(known.target.sm().specific)))
}

/// What has no operand that is not constant is constant.
pub(super) fn is_constant(_: &Known<'_>) -> Folded {
    Some(Ok(Constant::Bool(true)))
}

pub(super) fn mul_add(known: &Known<'_>) -> Folded {
    floats(
        known,
        |[a, b, c]| Constant::of_f32(a.mul_add(b, c)),
        |[a, b, c]| Constant::of_f64(a.mul_add(b, c)),
    )
}

/// The lesser or greater number.
pub(super) fn extreme(least: bool, known: &Known<'_>) -> Folded {
    if let Some([a, b]) = known.integers() {
        return Some(Ok(Integer(if least { a.min(b) } else { a.max(b) })));
    }
    // A NaN loses, and -0 is less than +0 (PTX ISA section 9.7.3).
    let choose = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (_, true) => a,
        _ if a.total_cmp(&b).is_le() == least => a,
        _ => b,
    };
    floats(
        known,
        |[a, b]| Constant::of_f32(choose(f64::from(a), f64::from(b)) as f32),
        |[a, b]| Constant::of_f64(choose(a, b)),
    )
}

pub(super) fn absolute(known: &Known<'_>) -> Folded {
    match known.values {
        // Code that runs wraps; a constant must not overflow.
        [Integer(a)] if known.arithmetic == Arithmetic::Checked && *a == range(known.scalar).0 && *a < 0 => {
            Some(Err(Fault::Overflow))
        }
        [Integer(a)] => Some(Ok(Integer(wrap(known.scalar, a.wrapping_abs())))),
        [Float32(a)] => Some(Ok(Float32(a & 0x7fff_ffff))),
        [Float64(a)] => Some(Ok(Float64(a & (u64::MAX >> 1)))),
        _ => None,
    }
}

pub(super) fn square_root(known: &Known<'_>) -> Folded {
    floats(known, |[a]| Constant::of_f32(a.sqrt()), |[a]| Constant::of_f64(a.sqrt()))
}

pub(super) fn integral(rounding: Rounding, known: &Known<'_>) -> Folded {
    let round = |value: f64| match rounding {
        Rounding::NearestEven => value.round_ties_even(),
        Rounding::TowardZero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    };
    // Every f32 is an f64, and what it rounds to is an f32.
    floats(known, |[a]| Constant::of_f32(round(f64::from(a)) as f32), |[a]| Constant::of_f64(round(a)))
}

pub(super) fn copy_sign(known: &Known<'_>) -> Folded {
    floats(known, |[a, b]| Float32(a.copysign(b).to_bits()), |[a, b]| Float64(a.copysign(b).to_bits()))
}

pub(super) fn rounded(operation: RoundedOperation, direction: Direction, known: &Known<'_>) -> Folded {
    let operands = known.padded(|value| match value {
        Float32(bits) => Some(f32::from_bits(bits)),
        _ => None,
    })?;
    Some(Ok(Constant::of_f32(rounded::rounded(operation, direction, operands))))
}

pub(super) fn to_f32(direction: Direction, known: &Known<'_>) -> Folded {
    Some(Ok(Constant::of_f32(match known.values {
        [Float64(a)] => rounded::from_f64(f64::from_bits(*a), direction),
        [Integer(a)] => rounded::from_integer(*a, direction),
        _ => return None,
    })))
}

pub(super) fn pack(format: Format, known: &Known<'_>) -> Folded {
    let [low, high] = known.singles()?;
    count(rounded::pack(format, low, high))
}

pub(super) fn pack_toward_zero(format: HalfFormat, known: &Known<'_>) -> Folded {
    let [low, high] = known.singles()?;
    count(rounded::pack_toward_zero(format, low, high))
}

pub(super) fn widen(format: Format, known: &Known<'_>) -> Folded {
    let [codes] = known.integers()?;
    count(rounded::widen(format, codes as u16))
}

pub(super) fn f16_value(known: &Known<'_>) -> Folded {
    let [code] = known.integers()?;
    Some(Ok(Constant::of_f32(rounded::decode(Format::F16, code as u32))))
}

pub(super) fn half_pair(format: HalfFormat, operation: HalfOperation, known: &Known<'_>) -> Folded {
    let words = known.padded(|value| value.integer().map(|word| word as u32))?;
    count(rounded::half_pair(format, operation, words))
}

pub(super) fn count_ones(known: &Known<'_>) -> Folded {
    count(known.unsigned()?.count_ones())
}

pub(super) fn leading_zeros(known: &Known<'_>) -> Folded {
    count(known.unsigned()?.leading_zeros() - (128 - bits(known.scalar)))
}

pub(super) fn trailing_zeros(known: &Known<'_>) -> Folded {
    count(known.unsigned()?.trailing_zeros().min(bits(known.scalar)))
}

pub(super) fn reverse_bits(known: &Known<'_>) -> Folded {
    let reversed = known.unsigned()?.reverse_bits() >> (128 - bits(known.scalar));
    Some(Ok(Integer(wrap(known.scalar, reversed as i128))))
}

pub(super) fn bitcast(known: &Known<'_>) -> Folded {
    let result = known.result;
    Some(match (known.values, result) {
        ([Float32(a)], Scalar::U32 | Scalar::I32) => Ok(Integer(wrap(result, i128::from(*a)))),
        ([Float64(a)], Scalar::U64 | Scalar::I64) => Ok(Integer(wrap(result, i128::from(*a)))),
        ([Integer(a)], Scalar::F32) => Ok(Float32(*a as u32)),
        ([Integer(a)], Scalar::F64) => Ok(Float64(*a as u64)),
        ([_], _) => Err(Fault::Type),
        _ => return None,
    })
}
