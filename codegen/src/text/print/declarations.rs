//! Finds the locals that can be declared where they are first assigned.

use crate::ir::{Block, Expr, ExprKind, Function, LocalId, Place, Projection, Statement, StatementKind};

/// For each local, whether its first mention in the text assigns all of it: that statement becomes
/// its `let`. The others are declared at the top of the body.
pub(super) fn in_place(function: &Function) -> Vec<bool> {
    let mut mentions =
        Mentions { seen: vec![false; function.locals.len()], in_place: vec![false; function.locals.len()] };
    for seen in mentions.seen.iter_mut().take(function.parameters) {
        *seen = true;
    }
    mentions.block(&function.body);
    mentions.in_place
}

struct Mentions {
    seen: Vec<bool>,
    in_place: Vec<bool>,
}

impl Mentions {
    fn mention(&mut self, id: LocalId, assigns: bool) {
        if let Some(seen) = self.seen.get_mut(id.0 as usize)
            && !std::mem::replace(seen, true)
        {
            self.in_place[id.0 as usize] = assigns;
        }
    }

    fn block(&mut self, block: &Block) {
        for statement in block {
            self.statement(statement);
        }
    }

    /// Visits in the order of the text, except that an assigned local comes after its value.
    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            StatementKind::Assign(place, value) => {
                self.expression(value);
                self.place(place);
            }
            StatementKind::Evaluate(value) | StatementKind::Return(Some(value)) => self.expression(value),
            StatementKind::If { condition, then, otherwise } => {
                self.expression(condition);
                self.block(then);
                self.block(otherwise);
            }
            StatementKind::Loop { body } => self.block(body),
            StatementKind::Roles(roles) => {
                for role in roles {
                    role.constants().for_each(|constant| self.expression(constant));
                    self.block(&role.body);
                }
            }
            StatementKind::For { local, start, end, body, .. } => {
                self.mention(*local, true);
                self.expression(start);
                self.expression(end);
                self.block(body);
            }
            StatementKind::Break(_) | StatementKind::Continue(_) | StatementKind::Return(None) => {}
            StatementKind::Assert { condition, arguments, .. } => {
                self.expression(condition);
                self.expressions(arguments);
            }
        }
    }

    fn place(&mut self, place: &Place) {
        self.mention(place.local, place.projections.is_empty());
        for projection in &place.projections {
            if let Projection::Index(index) = projection {
                self.expression(index);
            }
        }
    }

    fn expressions(&mut self, expressions: &[Expr]) {
        for expression in expressions {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expr) {
        match &expression.kind {
            ExprKind::Bool(_)
            | ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::ConstParameter(_)
            | ExprKind::Constant(_) => {}
            ExprKind::Local(id) => self.mention(*id, false),
            ExprKind::Unary(_, value)
            | ExprKind::Cast(value)
            | ExprKind::Field(value, _)
            | ExprKind::Repeat(value) => self.expression(value),
            ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Aggregate(parts) | ExprKind::Intrinsic(_, parts) | ExprKind::Asm(_, parts) => {
                self.expressions(parts)
            }
            ExprKind::Select { condition, then, otherwise } => {
                self.expression(condition);
                self.expression(then);
                self.expression(otherwise);
            }
            ExprKind::Call { const_arguments, arguments, .. } => {
                self.expressions(const_arguments);
                self.expressions(arguments);
            }
        }
    }
}
