//! Operators and casts.

use proc_macro2::Span;
use syn::UnOp;

use super::body::Body;
use super::terms::BOOL;
use super::tree::{Node, NodeKind};
use crate::ir::{BinaryOp, Scalar, UnaryOp};

impl Body<'_> {
    pub(super) fn unary(&mut self, unary: &syn::ExprUnary, span: Span) -> Node {
        let operator = match unary.op {
            UnOp::Neg(_) => UnaryOp::Negate,
            UnOp::Not(_) => UnaryOp::Not,
            _ => {
                let operand = &unary.expr;
                self.expression(operand);
                return self.error(span, "device code has no references: read memory with `pointer.read()`");
            }
        };
        let operand = self.expression(&unary.expr);
        let term = operand.term.clone();
        // The smallest integer of a type is written as the negation of a number that is out of its
        // range.
        let kind = match (operator, operand.kind) {
            (UnaryOp::Negate, NodeKind::Integer(value)) => NodeKind::Integer(value.wrapping_neg()),
            (UnaryOp::Negate, NodeKind::Float(digits)) => NodeKind::Float(match digits.strip_prefix('-') {
                Some(positive) => positive.to_string(),
                None => format!("-{digits}"),
            }),
            (_, kind) => {
                NodeKind::Unary(operator, Box::new(Node { kind, term: term.clone(), span: operand.span }))
            }
        };
        Node { kind, term, span }
    }

    pub(super) fn binary(&mut self, operator: BinaryOp, binary: &syn::ExprBinary, span: Span) -> Node {
        let left = self.expression(&binary.left);
        let right = self.expression(&binary.right);
        let shift = matches!(operator, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
        let computes = !shift && !is_comparison(operator);
        let bitwise = matches!(operator, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        if computes && !bitwise && self.table.scalar(&left.term) == Some(Scalar::Bool) {
            return self.error(span, "this operator takes numbers, not `bool`s: convert with `as u32`");
        }
        if !shift && !self.expect(&right, &left.term) {
            return self.failed(span);
        }
        let term = if is_comparison(operator) { BOOL } else { left.term.clone() };
        Node { kind: NodeKind::Binary(operator, Box::new(left), Box::new(right)), term, span }
    }

    pub(super) fn logical(&mut self, binary: &syn::ExprBinary, span: Span) -> Node {
        let and = matches!(binary.op, syn::BinOp::And(_));
        let left = self.condition(&binary.left);
        let diverges = self.diverges;
        let right = self.condition(&binary.right);
        self.diverges = diverges;
        Node { kind: NodeKind::Logical { and, left, right }, term: BOOL, span }
    }

    pub(super) fn cast(&mut self, cast: &syn::ExprCast, span: Span) -> Node {
        let operand = self.expression(&cast.expr);
        let Some(term) = self.scope().term(&cast.ty, &mut self.table, &mut self.diagnostics) else {
            return self.failed(span);
        };
        // As in Rust, a literal takes the type that it is cast to if it can: `3_000_000_000 as u32`
        // is in range.
        let literal = matches!(operand.kind, NodeKind::Integer(_) | NodeKind::Float(_));
        if literal && self.table.open(&operand.term).is_some() {
            self.table.unify(&operand.term, &term);
        }
        Node { kind: NodeKind::Cast(Box::new(operand)), term, span }
    }
}

/// The operator of `a op b`; whether it also assigns.
pub(super) fn operator(operator: &syn::BinOp) -> Option<(BinaryOp, bool)> {
    use syn::BinOp as Op;
    Some(match operator {
        Op::Add(_) => (BinaryOp::Add, false),
        Op::Sub(_) => (BinaryOp::Subtract, false),
        Op::Mul(_) => (BinaryOp::Multiply, false),
        Op::Div(_) => (BinaryOp::Divide, false),
        Op::Rem(_) => (BinaryOp::Remainder, false),
        Op::BitXor(_) => (BinaryOp::Xor, false),
        Op::BitAnd(_) => (BinaryOp::And, false),
        Op::BitOr(_) => (BinaryOp::Or, false),
        Op::Shl(_) => (BinaryOp::ShiftLeft, false),
        Op::Shr(_) => (BinaryOp::ShiftRight, false),
        Op::Eq(_) => (BinaryOp::Equal, false),
        Op::Ne(_) => (BinaryOp::NotEqual, false),
        Op::Lt(_) => (BinaryOp::Less, false),
        Op::Le(_) => (BinaryOp::LessEqual, false),
        Op::Gt(_) => (BinaryOp::Greater, false),
        Op::Ge(_) => (BinaryOp::GreaterEqual, false),
        Op::AddAssign(_) => (BinaryOp::Add, true),
        Op::SubAssign(_) => (BinaryOp::Subtract, true),
        Op::MulAssign(_) => (BinaryOp::Multiply, true),
        Op::DivAssign(_) => (BinaryOp::Divide, true),
        Op::RemAssign(_) => (BinaryOp::Remainder, true),
        Op::BitXorAssign(_) => (BinaryOp::Xor, true),
        Op::BitAndAssign(_) => (BinaryOp::And, true),
        Op::BitOrAssign(_) => (BinaryOp::Or, true),
        Op::ShlAssign(_) => (BinaryOp::ShiftLeft, true),
        Op::ShrAssign(_) => (BinaryOp::ShiftRight, true),
        _ => return None,
    })
}

/// Whether the operator gives a bool whatever its operands are.
pub(super) fn is_comparison(operator: BinaryOp) -> bool {
    matches!(
        operator,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    )
}

/// Whether the scalar may stand in a bitwise operation.
pub(super) fn is_bitwise(scalar: Scalar) -> bool {
    scalar.is_integer() || scalar == Scalar::Bool
}
