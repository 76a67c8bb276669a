//! Scalar methods that PTX has no instruction for, as ordinary operations.

use super::super::literals::integer;
use super::super::scalar_methods::unsigned;
use super::super::tree::Expansion;
use super::Flattener;
use super::builder::Builder;
use crate::ir::{BinaryOp, Expr, Intrinsic, Scalar, Span};

impl Flattener<'_, '_> {
    /// The value of `expansion`. No intermediate result overflows, so that it may be computed in constants too.
    pub(super) fn expand(&mut self, expansion: Expansion, operands: Vec<Expr>, span: Span) -> Expr {
        let operands: Vec<Expr> = operands.into_iter().map(|operand| self.reusable(operand)).collect();
        let mut operands = operands.into_iter();
        let Some(left) = operands.next() else { return super::unit(span) };
        let scalar = left.ty.scalar().unwrap_or(Scalar::U32);
        let build = Builder { span };
        let Some(right) = operands.next() else {
            return match scalar.is_float() {
                true => self.expand_float(expansion, left, span),
                false => self.expand_integer(expansion, left, span),
            };
        };
        match expansion {
            Expansion::Power | Expansion::WrappingPower => self.power(expansion, left, right, span),
            Expansion::OverflowingAdd
            | Expansion::OverflowingSubtract
            | Expansion::OverflowingMultiply
            | Expansion::SaturatingMultiply => self.overflowing(expansion, left, right, span),
            Expansion::DivideEuclid | Expansion::RemainderEuclid if scalar.is_float() => {
                self.float_euclid(expansion, left, right, span)
            }
            Expansion::ShiftLeft => build.binary(BinaryOp::ShiftLeft, left, build.amount(right, scalar)),
            Expansion::ShiftRight => build.binary(BinaryOp::ShiftRight, left, build.amount(right, scalar)),
            Expansion::RotateLeft | Expansion::RotateRight => {
                let there = self.reusable(build.amount(right, scalar));
                let width = integer(8 * i128::from(scalar.bytes()), Scalar::U32, span);
                let back = build.amount(build.binary(BinaryOp::Subtract, width, there.clone()), scalar);
                let (up, down) =
                    if expansion == Expansion::RotateLeft { (there, back) } else { (back, there) };
                let bits = build.cast(left, unsigned(scalar));
                let high = build.binary(BinaryOp::ShiftLeft, bits.clone(), up);
                let low = build.binary(BinaryOp::ShiftRight, bits, down);
                build.cast(build.binary(BinaryOp::Or, high, low), scalar)
            }
            Expansion::WrappingDivide | Expansion::WrappingRemainder => {
                // What minus one divides, one divides too; the quotient changes its sign.
                let (zero, one, minus_one) =
                    (integer(0, scalar, span), integer(1, scalar, span), integer(-1, scalar, span));
                let turned = self.reusable(build.binary(BinaryOp::Equal, right.clone(), minus_one));
                let divisor = build.select(turned.clone(), one, right);
                if expansion == Expansion::WrappingRemainder {
                    return build.binary(BinaryOp::Remainder, left, divisor);
                }
                let quotient = self.reusable(build.binary(BinaryOp::Divide, left, divisor));
                let negative = build.binary(BinaryOp::WrappingSubtract, zero, quotient.clone());
                build.select(turned, negative, quotient)
            }
            Expansion::DivideUp => {
                let rest = build.binary(BinaryOp::Remainder, left.clone(), right.clone());
                let more = build.binary(BinaryOp::NotEqual, rest, integer(0, scalar, span));
                let quotient = build.binary(BinaryOp::Divide, left, right);
                build.binary(BinaryOp::Add, quotient, build.cast(more, scalar))
            }
            Expansion::NextMultiple => {
                let rest = build.binary(BinaryOp::Remainder, left.clone(), right.clone());
                let rest = self.reusable(rest);
                let exact = build.binary(BinaryOp::Equal, rest.clone(), integer(0, scalar, span));
                let missing = build.binary(BinaryOp::Subtract, right, rest);
                let missing = build.select(exact, integer(0, scalar, span), missing);
                build.binary(BinaryOp::Add, left, missing)
            }
            Expansion::DivideEuclid | Expansion::RemainderEuclid => {
                let rest = build.binary(BinaryOp::Remainder, left.clone(), right.clone());
                if !scalar.is_signed() {
                    let operator = match expansion {
                        Expansion::DivideEuclid => BinaryOp::Divide,
                        _ => return rest,
                    };
                    return build.binary(operator, left, right);
                }
                let rest = self.reusable(rest);
                let zero = integer(0, scalar, span);
                let negative = build.binary(BinaryOp::Less, rest.clone(), zero.clone());
                if expansion == Expansion::RemainderEuclid {
                    let size = build.intrinsic(Intrinsic::Absolute, vec![right], scalar);
                    let raised = build.binary(BinaryOp::WrappingAdd, rest.clone(), size);
                    return build.select(negative, raised, rest);
                }
                let quotient = build.binary(BinaryOp::Divide, left, right.clone());
                let positive = build.binary(BinaryOp::Greater, right, zero.clone());
                let (one, minus_one) = (integer(1, scalar, span), integer(-1, scalar, span));
                let step = build.select(negative, build.select(positive, minus_one, one), zero);
                build.binary(BinaryOp::WrappingAdd, quotient, step)
            }
            Expansion::IsMultiple => {
                // Of zero, only zero is a multiple. Both arms are computed, so the divisor is made one.
                let (zero, one) = (integer(0, scalar, span), integer(1, scalar, span));
                let of_zero = self.reusable(build.binary(BinaryOp::Equal, right.clone(), zero.clone()));
                let divisor = build.select(of_zero.clone(), one, right);
                let rest = build.binary(BinaryOp::Remainder, left.clone(), divisor);
                build.binary(BinaryOp::Equal, build.select(of_zero, left, rest), zero)
            }
            Expansion::SaturatingAdd | Expansion::SaturatingSubtract if scalar.is_signed() => {
                let operator = match expansion {
                    Expansion::SaturatingAdd => BinaryOp::WrappingAdd,
                    _ => BinaryOp::WrappingSubtract,
                };
                let wrapped = self.reusable(build.binary(operator, left.clone(), right.clone()));
                // The result has the wrong sign exactly when it wrapped.
                let other =
                    if expansion == Expansion::SaturatingAdd { wrapped.clone() } else { left.clone() };
                let signs = [
                    build.binary(BinaryOp::Xor, left.clone(), wrapped.clone()),
                    build.binary(BinaryOp::Xor, other, right),
                ];
                let [first, second] = signs;
                let signs = build.binary(BinaryOp::And, first, second);
                let overflows = build.binary(BinaryOp::Less, signs, integer(0, scalar, span));
                let bits = 8 * i128::from(scalar.bytes());
                let sign = build.binary(BinaryOp::ShiftRight, left, integer(bits - 1, Scalar::U32, span));
                let greatest = integer((1 << (bits - 1)) - 1, scalar, span);
                build.select(overflows, build.binary(BinaryOp::Xor, sign, greatest), wrapped)
            }
            Expansion::SaturatingAdd => {
                let room = build.not(left.clone());
                let smaller = build.intrinsic(Intrinsic::Minimum, vec![right, room], scalar);
                build.binary(BinaryOp::Add, left, smaller)
            }
            Expansion::Clamp => {
                let greatest = operands.next().unwrap_or_else(|| right.clone());
                if scalar.is_float() {
                    // As in Rust, NaN and the sign of a zero within the bounds stay.
                    let low = build.binary(BinaryOp::Less, left.clone(), right.clone());
                    let raised = self.reusable(build.select(low, right, left));
                    let high = build.binary(BinaryOp::Greater, raised.clone(), greatest.clone());
                    return build.select(high, greatest, raised);
                }
                let raised = build.intrinsic(Intrinsic::Maximum, vec![left, right], scalar);
                build.intrinsic(Intrinsic::Minimum, vec![raised, greatest], scalar)
            }
            Expansion::SaturatingSubtract => {
                let smaller = build.intrinsic(Intrinsic::Minimum, vec![left.clone(), right], scalar);
                build.binary(BinaryOp::Subtract, left, smaller)
            }
            _ => {
                // With the sign bit flipped, signed numbers are ordered like unsigned ones.
                let (left, right) = (self.reusable(build.lifted(left)), self.reusable(build.lifted(right)));
                let unsigned = unsigned(scalar);
                let greater =
                    build.intrinsic(Intrinsic::Maximum, vec![left.clone(), right.clone()], unsigned);
                let smaller = build.intrinsic(Intrinsic::Minimum, vec![left, right], unsigned);
                build.binary(BinaryOp::Subtract, greater, smaller)
            }
        }
    }
}
