//! Which expressions may be evaluated whether or not their value is needed, and which may be
//! evaluated later.

use super::{Costs, Flattener};
use crate::ir::{BinaryOp, Cost, Expr, ExprKind, Function, Intrinsic, Path, StatementKind};

/// Operations on the right of `&&` that are cheaper than a branch.
pub(super) const LOGICAL_LIMIT: u32 = 6;
/// Operations in one arm of an `if` value that are cheaper than a branch.
pub(super) const SELECT_LIMIT: u32 = 4;

/// What a call of `function` costs, if its body is one cheap expression.
pub(crate) fn of_function(function: &Function, costs: &Costs) -> Option<u32> {
    match function.body.as_slice() {
        [statement] => match &statement.kind {
            StatementKind::Return(Some(value)) => cost(value, costs).filter(|cost| *cost <= LOGICAL_LIMIT),
            _ => None,
        },
        _ => None,
    }
}

/// Number of operations, if all are without effects, cannot fail at specialisation and are cheap.
pub(super) fn cost(expression: &Expr, costs: &Costs) -> Option<u32> {
    let all = |parts: &[Expr]| {
        parts.iter().try_fold(0u32, |sum, part| Some(sum.saturating_add(cost(part, costs)?)))
    };
    let own = match &expression.kind {
        ExprKind::Bool(_) | ExprKind::Integer(_) | ExprKind::Float(_) => 0,
        ExprKind::Local(_) | ExprKind::ConstParameter(_) | ExprKind::Constant(_) => 0,
        ExprKind::Unary(_, operand) | ExprKind::Cast(operand) => 1 + cost(operand, costs)?,
        ExprKind::Field(base, _) | ExprKind::Repeat(base) => cost(base, costs)?,
        ExprKind::Binary(BinaryOp::Divide | BinaryOp::Remainder, ..) | ExprKind::Index(..) => return None,
        ExprKind::Binary(_, left, right) => 1 + cost(left, costs)? + cost(right, costs)?,
        ExprKind::Aggregate(parts) => all(parts)?,
        ExprKind::Select { condition, then, otherwise } => {
            1 + cost(condition, costs)? + cost(then, costs)? + cost(otherwise, costs)?
        }
        ExprKind::Call { function, arguments, .. } => {
            costs.get(&Path::new(&function.module, &function.item))?.saturating_add(all(arguments)?)
        }
        // Whoever writes PTX means it to run where it stands.
        ExprKind::Asm(..) => return None,
        ExprKind::Intrinsic(intrinsic, operands) => weight(*intrinsic)?.saturating_add(all(operands)?),
    };
    Some(own)
}

fn weight(intrinsic: Intrinsic) -> Option<u32> {
    match intrinsic.row().cost {
        Cost::Operations(count) => Some(count),
        Cost::Many | Cost::Effect => None,
    }
}

/// Whether evaluating the expression has no effect and depends on locals and constants only.
pub(super) fn is_pure(expression: &Expr, costs: &Costs) -> bool {
    computes(expression, costs) && operands(expression).into_iter().all(|operand| is_pure(operand, costs))
}

/// Whether the expression, its operands aside, neither reads nor changes anything.
fn computes(expression: &Expr, costs: &Costs) -> bool {
    match &expression.kind {
        ExprKind::Call { function, .. } => costs.contains_key(&Path::new(&function.module, &function.item)),
        ExprKind::Asm(..) => false,
        ExprKind::Intrinsic(intrinsic, _) => intrinsic.row().cost != Cost::Effect,
        _ => true,
    }
}

/// Whether the expression needs no operation to be read again.
pub(super) fn is_simple(expression: &Expr) -> bool {
    match &expression.kind {
        ExprKind::Bool(_) | ExprKind::Integer(_) | ExprKind::Float(_) => true,
        ExprKind::Local(_) | ExprKind::ConstParameter(_) | ExprKind::Constant(_) => true,
        ExprKind::Field(base, _) => is_simple(base),
        _ => false,
    }
}

fn operands(expression: &Expr) -> Vec<&Expr> {
    match &expression.kind {
        ExprKind::Unary(_, operand) | ExprKind::Cast(operand) => vec![operand],
        ExprKind::Field(operand, _) | ExprKind::Repeat(operand) => vec![operand],
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => vec![left, right],
        ExprKind::Select { condition, then, otherwise } => vec![condition, then, otherwise],
        ExprKind::Aggregate(parts) | ExprKind::Intrinsic(_, parts) | ExprKind::Asm(_, parts) => {
            parts.iter().collect()
        }
        ExprKind::Call { arguments, .. } => arguments.iter().collect(),
        _ => Vec::new(),
    }
}

impl Flattener<'_, '_> {
    /// Whether statements that run before the expression is evaluated cannot change its value.
    pub(super) fn is_stable(&self, expression: &Expr) -> bool {
        match &expression.kind {
            ExprKind::Local(local) => self.fixed.get(local.0 as usize).copied().unwrap_or(false),
            _ => {
                computes(expression, self.costs)
                    && operands(expression).into_iter().all(|operand| self.is_stable(operand))
            }
        }
    }
}
