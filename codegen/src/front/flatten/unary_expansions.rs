//! Scalar methods without arguments that PTX has no instruction for, as ordinary operations.

use super::super::literals::integer;
use super::super::scalar_methods::unsigned;
use super::super::tree::Expansion;
use super::Flattener;
use super::builder::Builder;
use crate::ir::{BinaryOp, Expr, Intrinsic, Rounding, Scalar, Span};

impl Flattener<'_, '_> {
    /// The value of an `expansion` of a float that may be read several times.
    pub(super) fn expand_float(&mut self, expansion: Expansion, value: Expr, span: Span) -> Expr {
        let build = Builder { span };
        let scalar = value.ty.scalar().unwrap_or(Scalar::F32);
        let size = || build.intrinsic(Intrinsic::Absolute, vec![value.clone()], scalar);
        let infinity = || build.float(f32::INFINITY, scalar);
        // The least normal number: a power of two, which both types have.
        let least_normal = || match scalar {
            Scalar::F64 => build.float_bits(f64::MIN_POSITIVE.to_bits(), scalar),
            _ => build.float(f32::MIN_POSITIVE, scalar),
        };
        let truncated =
            || build.intrinsic(Intrinsic::Integral(Rounding::TowardZero), vec![value.clone()], scalar);
        match expansion {
            Expansion::IsFinite => build.binary(BinaryOp::Less, size(), infinity()),
            Expansion::IsInfinite => build.binary(BinaryOp::Equal, size(), infinity()),
            Expansion::IsNormal | Expansion::IsSubnormal => {
                let size = self.reusable(size());
                let (low, high) = match expansion {
                    Expansion::IsNormal => {
                        let above = build.binary(BinaryOp::GreaterEqual, size.clone(), least_normal());
                        (above, build.binary(BinaryOp::Less, size, infinity()))
                    }
                    _ => {
                        let above = build.binary(BinaryOp::Greater, size.clone(), build.float(0.0, scalar));
                        (above, build.binary(BinaryOp::Less, size, least_normal()))
                    }
                };
                build.binary(BinaryOp::And, low, high)
            }
            Expansion::IsSignNegative | Expansion::IsSignPositive => {
                let bits = build.intrinsic(Intrinsic::Bitcast, vec![value], unsigned(scalar));
                let signed = if scalar == Scalar::F64 { Scalar::I64 } else { Scalar::I32 };
                let operator = match expansion {
                    Expansion::IsSignNegative => BinaryOp::Less,
                    _ => BinaryOp::GreaterEqual,
                };
                build.binary(operator, build.cast(bits, signed), integer(0, signed, span))
            }
            Expansion::Round => {
                // The rest is exact. Infinity and NaN have none that is at least one half.
                let whole = self.reusable(truncated());
                let rest = build.binary(BinaryOp::Subtract, value.clone(), whole.clone());
                let rest = build.intrinsic(Intrinsic::Absolute, vec![rest], scalar);
                let far = build.binary(BinaryOp::GreaterEqual, rest, build.float(0.5, scalar));
                let one = vec![build.float(1.0, scalar), value];
                let step = build.intrinsic(Intrinsic::CopySign, one, scalar);
                build.select(far, build.binary(BinaryOp::Add, whole.clone(), step), whole)
            }
            Expansion::Fraction => {
                let whole = truncated();
                build.binary(BinaryOp::Subtract, value, whole)
            }
            Expansion::Reciprocal => build.binary(BinaryOp::Divide, build.float(1.0, scalar), value),
            Expansion::FloatSign => {
                let is_nan = build.binary(BinaryOp::NotEqual, value.clone(), value.clone());
                let one = vec![build.float(1.0, scalar), value.clone()];
                build.select(is_nan, value, build.intrinsic(Intrinsic::CopySign, one, scalar))
            }
            _ => build.binary(BinaryOp::NotEqual, value.clone(), value),
        }
    }

    /// The value of an `expansion` of an integer that may be read several times.
    pub(super) fn expand_integer(&mut self, expansion: Expansion, value: Expr, span: Span) -> Expr {
        let build = Builder { span };
        let scalar = value.ty.scalar().unwrap_or(Scalar::U32);
        let zero = || integer(0, scalar, span);
        let count = |intrinsic, value| build.intrinsic(intrinsic, vec![value], Scalar::U32);
        match expansion {
            Expansion::SwapBytes => {
                // Neighbours of one byte change places, then neighbours of two, then of four.
                let bits = unsigned(scalar);
                let mut swapped = build.cast(value, bits);
                let mut width = 8;
                while width < 8 * scalar.bytes() {
                    let lower = match width {
                        8 => 0x00ff_00ff_00ff_00ff_u64,
                        16 => 0x0000_ffff_0000_ffff,
                        _ => 0x0000_0000_ffff_ffff,
                    };
                    let mask = || integer(i128::from(lower >> (64 - 8 * scalar.bytes())), bits, span);
                    let amount = || integer(i128::from(width), Scalar::U32, span);
                    let before = self.reusable(swapped);
                    let down = build.binary(BinaryOp::ShiftRight, before.clone(), amount());
                    let down = build.binary(BinaryOp::And, down, mask());
                    let up = build.binary(BinaryOp::And, before, mask());
                    let up = build.binary(BinaryOp::ShiftLeft, up, amount());
                    swapped = build.binary(BinaryOp::Or, down, up);
                    width *= 2;
                }
                build.cast(swapped, scalar)
            }
            Expansion::FloorOfLogarithm => {
                let none = build.binary(BinaryOp::LessEqual, value.clone(), zero());
                if self.constant {
                    // In a constant, the difference overflows, which is an error there.
                    let zeros = count(Intrinsic::LeadingZeros, build.select(none, zero(), value));
                    let last = integer(8 * i128::from(scalar.bytes()) - 1, Scalar::U32, span);
                    return build.binary(BinaryOp::Subtract, last, zeros);
                }
                self.trap_if(none, span);
                let last = integer(8 * i128::from(scalar.bytes()) - 1, Scalar::U32, span);
                build.binary(BinaryOp::Subtract, last, count(Intrinsic::LeadingZeros, value))
            }
            Expansion::WrappingNegate => build.negation(value),
            Expansion::CountZeros => count(Intrinsic::CountOnes, build.not(value)),
            Expansion::LeadingOnes => count(Intrinsic::LeadingZeros, build.not(value)),
            Expansion::TrailingOnes => count(Intrinsic::TrailingZeros, build.not(value)),
            Expansion::IsPositive => build.binary(BinaryOp::Greater, value, zero()),
            Expansion::IsNegative => build.binary(BinaryOp::Less, value, zero()),
            Expansion::IntegerSign => {
                let above = build.binary(BinaryOp::Greater, value.clone(), zero());
                let below = build.binary(BinaryOp::Less, value, zero());
                build.binary(BinaryOp::Subtract, build.cast(above, scalar), build.cast(below, scalar))
            }
            Expansion::UnsignedAbsolute | Expansion::WrappingAbsolute => {
                // The smallest number is its own negative, which in a constant `abs` refuses.
                let negative = build.binary(BinaryOp::WrappingSubtract, zero(), value.clone());
                let size = build.intrinsic(Intrinsic::Maximum, vec![value, negative], scalar);
                match expansion {
                    Expansion::UnsignedAbsolute => build.cast(size, unsigned(scalar)),
                    _ => size,
                }
            }
            Expansion::NextPowerOfTwo => {
                // All ones below the answer, plus one; outside constants it wraps to zero as in a release build.
                let (one, ones) = (integer(1, scalar, span), build.not(zero()));
                let less = build.binary(BinaryOp::WrappingSubtract, value.clone(), one.clone());
                let zeros = build.amount(count(Intrinsic::LeadingZeros, less), scalar);
                let below = build.binary(BinaryOp::ShiftRight, ones, zeros);
                let small = build.binary(BinaryOp::LessEqual, value, one.clone());
                build.binary(BinaryOp::Add, build.select(small, zero(), below), one)
            }
            _ => {
                let ones = count(Intrinsic::CountOnes, value);
                build.binary(BinaryOp::Equal, ones, integer(1, Scalar::U32, span))
            }
        }
    }
}
