//! Expressions made by the compiler, at the position of the method that they stand for.

use super::super::literals::integer;
use super::super::scalar_methods::unsigned;
use crate::ir::{BinaryOp, Expr, ExprKind, Intrinsic, Scalar, Span, Type, UnaryOp};

/// Makes expressions at one position.
pub(super) struct Builder {
    pub(super) span: Span,
}

impl Builder {
    pub(super) fn expression(&self, kind: ExprKind, scalar: Scalar) -> Expr {
        Expr { kind, ty: Type::Scalar(scalar), span: self.span }
    }

    pub(super) fn binary(&self, operator: BinaryOp, left: Expr, right: Expr) -> Expr {
        let scalar = left.ty.scalar().unwrap_or(Scalar::U32);
        let comparison = super::super::operators::is_comparison(operator);
        let kind = ExprKind::Binary(operator, Box::new(left), Box::new(right));
        self.expression(kind, if comparison { Scalar::Bool } else { scalar })
    }

    pub(super) fn intrinsic(&self, intrinsic: Intrinsic, operands: Vec<Expr>, scalar: Scalar) -> Expr {
        self.expression(ExprKind::Intrinsic(intrinsic, operands), scalar)
    }

    pub(super) fn cast(&self, value: Expr, scalar: Scalar) -> Expr {
        if value.ty.scalar() == Some(scalar) {
            return value;
        }
        self.expression(ExprKind::Cast(Box::new(value)), scalar)
    }

    /// A shift amount below the width of `scalar`.
    pub(super) fn amount(&self, value: Expr, scalar: Scalar) -> Expr {
        let mask = integer(8 * i128::from(scalar.bytes()) - 1, Scalar::U32, self.span);
        self.binary(BinaryOp::And, value, mask)
    }

    /// The number as an unsigned one, in the same order.
    pub(super) fn lifted(&self, value: Expr) -> Expr {
        let scalar = value.ty.scalar().unwrap_or(Scalar::U32);
        if !scalar.is_signed() {
            return value;
        }
        let unsigned = unsigned(scalar);
        let sign = integer(1 << (8 * scalar.bytes() - 1), unsigned, self.span);
        self.binary(BinaryOp::Xor, self.cast(value, unsigned), sign)
    }

    /// `0 - value`, which unsigned numbers have too.
    pub(super) fn negation(&self, value: Expr) -> Expr {
        let scalar = value.ty.scalar().unwrap_or(Scalar::U32);
        self.binary(BinaryOp::WrappingSubtract, integer(0, scalar, self.span), value)
    }

    pub(super) fn select(&self, condition: Expr, then: Expr, otherwise: Expr) -> Expr {
        let scalar = then.ty.scalar().unwrap_or(Scalar::U32);
        let (condition, then, otherwise) = (Box::new(condition), Box::new(then), Box::new(otherwise));
        self.expression(ExprKind::Select { condition, then, otherwise }, scalar)
    }

    /// A float constant by its bits.
    pub(super) fn float_bits(&self, bits: u64, scalar: Scalar) -> Expr {
        self.expression(ExprKind::Float(bits), scalar)
    }

    /// A float constant of either width.
    pub(super) fn float(&self, value: f32, scalar: Scalar) -> Expr {
        let bits = match scalar {
            Scalar::F64 => f64::from(value).to_bits(),
            _ => u64::from(value.to_bits()),
        };
        self.float_bits(bits, scalar)
    }

    /// `!value`.
    pub(super) fn not(&self, value: Expr) -> Expr {
        let scalar = value.ty.scalar().unwrap_or(Scalar::U32);
        self.expression(ExprKind::Unary(UnaryOp::Not, Box::new(value)), scalar)
    }
}
