//! `for i in (a..b).rev()` and `(a..b).step_by(n)`: a loop over the turns, which computes the index
//! of each.

use super::super::literals::integer;
use super::super::tree::{Node, NodeKind, Walk};
use super::builder::Builder;
use super::{Flattener, at, whole};
use crate::ir::{BinaryOp, Expr, ExprKind, Scalar, Statement, StatementKind, Type};

impl Flattener<'_, '_> {
    /// A `for` that does not go forwards in steps of one.
    pub(super) fn walk(&mut self, node: &Node) -> Option<()> {
        let NodeKind::For { local, start, end, inclusive, walk, unroll, body } = &node.kind else {
            return None;
        };
        let (span, build) = (at(node), Builder { span: at(node) });
        let nodes = [&**start, &**end].into_iter().chain(match walk {
            Walk::Steps(step) => Some(&**step),
            _ => None,
        });
        let operands = self.operands(nodes)?;
        self.check_range(operands.first()?, node.span);
        let scalar = operands.first()?.ty.scalar()?;
        let mut operands =
            operands.into_iter().map(|operand| self.reusable(operand)).collect::<Vec<_>>().into_iter();
        let (start, end, step) = (operands.next()?, operands.next()?, operands.next());
        // Positions and distances wrap, so that signed ranges of any length work.
        let bits = scalar.unsigned();
        let fits = match step.as_ref().map(|step| &step.kind) {
            None => true,
            Some(ExprKind::Integer(step)) => *step < 1 << (8 * scalar.bytes()),
            Some(_) => false,
        };
        let turns = if fits { bits } else { Scalar::U64 };
        let minus = |left, right| build.binary(BinaryOp::WrappingSubtract, left, right);
        let (first, behind) = (build.cast(start.clone(), bits), build.cast(end.clone(), bits));
        let distance = match inclusive {
            true => minus(behind.clone(), first.clone()),
            false => minus(minus(behind.clone(), first.clone()), integer(1, bits, span)),
        };
        let distance = build.cast(distance, turns);
        let step = step.map(|step| build.cast(step, turns));
        if let Some(step) = &step
            && !matches!(step.kind, ExprKind::Integer(_))
        {
            self.trap_if(build.binary(BinaryOp::Equal, step.clone(), integer(0, turns, span)), span);
        }
        let last = match &step {
            Some(step) => build.binary(BinaryOp::Divide, distance, step.clone()),
            None => distance,
        };
        let turn = self.temporary("turn", Type::Scalar(turns));
        let read = Expr { kind: ExprKind::Local(turn), ty: Type::Scalar(turns), span };
        let index = match &step {
            Some(step) => {
                let further = build.binary(BinaryOp::WrappingMultiply, read, step.clone());
                build.binary(BinaryOp::WrappingAdd, first, build.cast(further, bits))
            }
            None if *inclusive => minus(behind, read),
            None => minus(minus(behind, integer(1, bits, span)), read),
        };
        let index = build.cast(index, scalar);
        let (inside, _) = self.nested(|flattener| {
            flattener.push(StatementKind::Assign(whole(*local), index), span);
            flattener.effect(body)
        });
        let counted = StatementKind::For {
            local: turn,
            start: integer(0, turns, span),
            end: last,
            inclusive: true,
            unroll: *unroll,
            body: inside,
        };
        let operator = if *inclusive { BinaryOp::LessEqual } else { BinaryOp::Less };
        let condition = build.binary(operator, start, end);
        let then = vec![Statement { kind: counted, span }];
        self.push(StatementKind::If { condition, then, otherwise: Vec::new() }, span);
        Some(())
    }
}
