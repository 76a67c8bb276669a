//! Slices: an element or a part that does not exist is a `trap`, where Rust panics.

use super::super::tree::SliceOperation;
use super::Flattener;
use super::builder::Builder;
use crate::ir::{BinaryOp, Expr, ExprKind, Intrinsic, Scalar, Span, Statement, StatementKind, Type};

impl Flattener<'_, '_> {
    /// The value of the operation, of the type `ty`; the test that it exists is pushed first.
    pub(super) fn slice(
        &mut self,
        operation: SliceOperation,
        operands: Vec<Expr>,
        ty: Type,
        span: Span,
    ) -> Option<Expr> {
        let build = Builder { span };
        let make = |pointer: Expr, length: Expr| {
            let ty = Type::Slice(Box::new(pointer.ty.clone()));
            Expr { kind: ExprKind::Intrinsic(Intrinsic::Slice, vec![pointer, length]), ty, span }
        };
        let further = |pointer: Expr, index: Expr| {
            let ty = pointer.ty.clone();
            Expr { kind: ExprKind::Intrinsic(Intrinsic::Offset, vec![pointer, index]), ty, span }
        };
        let mut operands = operands.into_iter();
        let (first, second) = (operands.next()?, operands.next()?);
        if operation == SliceOperation::New {
            return Some(make(first, build.cast(second, Scalar::U64)));
        }
        let (slice, position) = (self.reusable(first), self.reusable(second));
        let [pointer, length] = slice.ty.slice_parts()?.map(Type::clone);
        let field = |index, ty| Expr { kind: ExprKind::Field(Box::new(slice.clone()), index), ty, span };
        let (pointer, length) = (field(0, pointer), field(1, length));
        let wide = build.cast(position.clone(), Scalar::U64);
        match operation {
            SliceOperation::At => {
                self.trap_if(build.binary(BinaryOp::GreaterEqual, wide, length), span);
                Some(further(pointer, position))
            }
            SliceOperation::Part => {
                let end = self.reusable(build.cast(operands.next()?, Scalar::U64));
                let reversed = build.binary(BinaryOp::Greater, wide.clone(), end.clone());
                let beyond = build.binary(BinaryOp::Greater, end.clone(), length);
                self.trap_if(build.binary(BinaryOp::Or, reversed, beyond), span);
                Some(make(further(pointer, position), build.binary(BinaryOp::Subtract, end, wide)))
            }
            _ => {
                self.trap_if(build.binary(BinaryOp::Greater, wide.clone(), length.clone()), span);
                let rest = build.binary(BinaryOp::Subtract, length, wide.clone());
                let parts = vec![make(pointer.clone(), wide), make(further(pointer, position), rest)];
                Some(Expr { kind: ExprKind::Aggregate(parts), ty, span })
            }
        }
    }

    pub(super) fn trap_if(&mut self, condition: Expr, span: Span) {
        let trap = Expr { kind: ExprKind::Intrinsic(Intrinsic::Trap, Vec::new()), ty: Type::Unit, span };
        let then = vec![Statement { kind: StatementKind::Evaluate(trap), span }];
        self.push(StatementKind::If { condition, then, otherwise: Vec::new() }, span);
    }
}
