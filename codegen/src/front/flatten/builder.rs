//! Expressions made by the compiler, at the position of the method that they stand for.

use crate::ir::{BinaryOp, Expr, ExprKind, Scalar, Span, Type};

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

    pub(super) fn cast(&self, value: Expr, scalar: Scalar) -> Expr {
        if value.ty.scalar() == Some(scalar) {
            return value;
        }
        self.expression(ExprKind::Cast(Box::new(value)), scalar)
    }
}
