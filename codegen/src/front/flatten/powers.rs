//! Scalar methods of two operands that need more than one expression: powers, products that may overflow, and Euclid's division
//! of floats.

use super::super::literals::integer;
use super::super::scalar_methods::unsigned;
use super::super::tree::Expansion;
use super::Flattener;
use super::builder::Builder;
use crate::ir::{
    BinaryOp, Expr, ExprKind, Intrinsic, LocalId, Place, Rounding, Scalar, Span, Statement, StatementKind,
    Type,
};

/// A power with a constant exponent up to this is written as products.
const MOST_PRODUCTS: i128 = 64;

impl Flattener<'_, '_> {
    /// `base` to the power of `exponent`: by squaring.
    pub(super) fn power(&mut self, expansion: Expansion, base: Expr, exponent: Expr, span: Span) -> Expr {
        let build = Builder { span };
        let scalar = base.ty.scalar().unwrap_or(Scalar::U32);
        let product = match expansion {
            Expansion::WrappingPower => BinaryOp::WrappingMultiply,
            _ => BinaryOp::Multiply,
        };
        if let ExprKind::Integer(mut rest @ ..=MOST_PRODUCTS) = exponent.kind {
            let (mut result, mut square) = (None, base);
            while rest > 0 {
                if rest & 1 == 1 {
                    result = Some(match result {
                        Some(result) => self.reusable(build.binary(product, result, square.clone())),
                        None => square.clone(),
                    });
                }
                rest >>= 1;
                // The last square would overflow where the power does not.
                if rest > 0 {
                    square = self.reusable(build.binary(product, square.clone(), square));
                }
            }
            return result.unwrap_or_else(|| integer(1, scalar, span));
        }
        let local = |id: LocalId, scalar| Expr { kind: ExprKind::Local(id), ty: Type::Scalar(scalar), span };
        let assign = |id: LocalId, value: Expr| Statement {
            kind: StatementKind::Assign(Place { local: id, projections: Vec::new() }, value),
            span,
        };
        let result = self.temporary("power", Type::Scalar(scalar));
        let square = self.temporary("square", Type::Scalar(scalar));
        let rest = self.temporary("exponent", Type::Scalar(Scalar::U32));
        for id in [result, square, rest] {
            self.fixed[id.0 as usize] = false;
        }
        for (id, value) in [(result, integer(1, scalar, span)), (square, base), (rest, exponent)] {
            self.push(assign(id, value).kind, span);
        }
        let odd = build.binary(BinaryOp::And, local(rest, Scalar::U32), integer(1, Scalar::U32, span));
        let odd = build.binary(BinaryOp::NotEqual, odd, integer(0, Scalar::U32, span));
        let times = |id| build.binary(product, local(id, scalar), local(square, scalar));
        let half =
            build.binary(BinaryOp::ShiftRight, local(rest, Scalar::U32), integer(1, Scalar::U32, span));
        let done = build.binary(BinaryOp::Equal, local(rest, Scalar::U32), integer(0, Scalar::U32, span));
        let branch = |condition, then| Statement {
            kind: StatementKind::If { condition, then, otherwise: Vec::new() },
            span,
        };
        let body = vec![
            branch(odd, vec![assign(result, times(result))]),
            assign(rest, half),
            branch(done, vec![Statement { kind: StatementKind::Break(0), span }]),
            assign(square, times(square)),
        ];
        self.push(StatementKind::Loop { body }, span);
        local(result, scalar)
    }

    /// The result that wraps and whether it did, or the nearest number for `SaturatingMultiply`.
    pub(super) fn overflowing(&mut self, expansion: Expansion, left: Expr, right: Expr, span: Span) -> Expr {
        let build = Builder { span };
        let scalar = left.ty.scalar().unwrap_or(Scalar::U32);
        let zero = || integer(0, scalar, span);
        let negative = |value: Expr| build.binary(BinaryOp::Less, value, zero());
        let xor = |left: Expr, right: Expr| build.binary(BinaryOp::Xor, left, right);
        let and = |left: Expr, right: Expr| build.binary(BinaryOp::And, left, right);
        let (operator, adds) = match expansion {
            Expansion::OverflowingAdd => (BinaryOp::WrappingAdd, true),
            Expansion::OverflowingSubtract => (BinaryOp::WrappingSubtract, false),
            _ => return self.overflowing_product(expansion, left, right, span),
        };
        let wrapped = self.reusable(build.binary(operator, left.clone(), right.clone()));
        let overflows = match (scalar.is_signed(), adds) {
            (false, true) => build.binary(BinaryOp::Less, wrapped.clone(), left),
            (false, false) => build.binary(BinaryOp::Less, left, right),
            // The result has the wrong sign exactly when it wrapped.
            (true, true) => negative(and(xor(left, wrapped.clone()), xor(right, wrapped.clone()))),
            (true, false) => negative(and(xor(left.clone(), wrapped.clone()), xor(left, right))),
        };
        pair(wrapped, overflows)
    }

    fn overflowing_product(&mut self, expansion: Expansion, left: Expr, right: Expr, span: Span) -> Expr {
        let build = Builder { span };
        let scalar = left.ty.scalar().unwrap_or(Scalar::U32);
        let zero = |scalar| integer(0, scalar, span);
        let product = build.binary(BinaryOp::WrappingMultiply, left.clone(), right.clone());
        let product = self.reusable(product);
        let overflows = if scalar.bytes() < 8 {
            // Twice as many bits hold every product.
            let double = if scalar.is_signed() { Scalar::I64 } else { Scalar::U64 };
            let [a, b, c] =
                [left.clone(), right.clone(), product.clone()].map(|value| build.cast(value, double));
            let exact = build.binary(BinaryOp::WrappingMultiply, a, b);
            build.binary(BinaryOp::NotEqual, exact, c)
        } else {
            // By magnitudes: a product is too large if its quotient is. A negative one may be larger by one.
            let bits = unsigned(scalar);
            let size = |this: &mut Self, value: Expr| match scalar.is_signed() {
                true => {
                    let size = build.intrinsic(Intrinsic::Absolute, vec![value], scalar);
                    this.reusable(build.cast(size, bits))
                }
                false => value,
            };
            let (a, b) = (size(self, left.clone()), size(self, right.clone()));
            let most = match scalar.is_signed() {
                true => {
                    let differ = build.binary(BinaryOp::Xor, left.clone(), right.clone());
                    let negative = build.binary(BinaryOp::Less, differ, zero(scalar));
                    let most = integer(i128::from(i64::MAX), bits, span);
                    build.binary(BinaryOp::Add, most, build.cast(negative, bits))
                }
                false => integer(i128::from(u64::MAX), bits, span),
            };
            let divisor = build.intrinsic(Intrinsic::Maximum, vec![b, integer(1, bits, span)], bits);
            build.binary(BinaryOp::Greater, a, build.binary(BinaryOp::Divide, most, divisor))
        };
        if expansion == Expansion::OverflowingMultiply {
            return pair(product, overflows);
        }
        let width = 8 * i128::from(scalar.bytes());
        let nearest = match scalar.is_signed() {
            true => {
                let differ = build.binary(BinaryOp::Xor, left, right);
                let sign = build.binary(BinaryOp::ShiftRight, differ, integer(width - 1, Scalar::U32, span));
                build.binary(BinaryOp::Xor, sign, integer((1 << (width - 1)) - 1, scalar, span))
            }
            false => build.not(zero(scalar)),
        };
        build.select(overflows, nearest, product)
    }

    /// `div_euclid` and `rem_euclid` of floats, as Rust defines them.
    pub(super) fn float_euclid(&mut self, expansion: Expansion, left: Expr, right: Expr, span: Span) -> Expr {
        let build = Builder { span };
        let scalar = left.ty.scalar().unwrap_or(Scalar::F32);
        let zero = || build.float(0.0, scalar);
        let rest = self.reusable(build.binary(BinaryOp::Remainder, left.clone(), right.clone()));
        let negative = build.binary(BinaryOp::Less, rest.clone(), zero());
        if expansion == Expansion::RemainderEuclid {
            let size = build.intrinsic(Intrinsic::Absolute, vec![right], scalar);
            return build.select(negative, build.binary(BinaryOp::Add, rest.clone(), size), rest);
        }
        let quotient = build.binary(BinaryOp::Divide, left, right.clone());
        let whole = build.intrinsic(Intrinsic::Integral(Rounding::TowardZero), vec![quotient], scalar);
        let whole = self.reusable(whole);
        let positive = build.binary(BinaryOp::Greater, right, zero());
        let step = build.select(positive, build.float(1.0, scalar), build.float(-1.0, scalar));
        build.select(negative, build.binary(BinaryOp::Subtract, whole.clone(), step), whole)
    }
}

/// A tuple of a number and a `bool`.
fn pair(value: Expr, overflows: Expr) -> Expr {
    let (span, ty) = (value.span, Type::Tuple(vec![value.ty.clone(), overflows.ty.clone()]));
    Expr { kind: ExprKind::Aggregate(vec![value, overflows]), ty, span }
}
