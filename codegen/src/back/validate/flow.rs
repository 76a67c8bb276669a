//! Control flow: `break` and `continue` are inside loops, functions return, locals are assigned
//! before they are read.
//!
//! A local that one statement assigns is replaced by its value later. That is right because, by
//! these rules, every read of it comes after that statement on every path.

use super::Checker;
use crate::ir::{Block, Expr, ExprKind, Function, Intrinsic, Projection, Role, Span, StatementKind, Type};

/// Which locals certainly have a value; `None` where control does not get.
type Assigned = Option<Vec<bool>>;

/// What is known of an enclosing loop.
struct Enclosing {
    breaks: Assigned,
    counter: Option<usize>,
}

impl Checker<'_> {
    /// Checks the control flow of a function whose expressions are right.
    pub(super) fn flow(&mut self, function: &Function) {
        let mut assigned = vec![false; function.locals.len()];
        assigned[..function.parameters].fill(true);
        let mut walk = Walk { function, loops: Vec::new(), mistakes: Vec::new() };
        let end = walk.block(&function.body, Some(assigned));
        let mut mistakes = walk.mistakes;
        if end.is_some() && function.result != Type::Unit {
            mistakes
                .push((function.span, format!("`{}` does not return a value on every path", function.name)));
        }
        for (span, message) in mistakes {
            self.mistake(span, message);
        }
    }
}

struct Walk<'a> {
    function: &'a Function,
    loops: Vec<Enclosing>,
    mistakes: Vec<(Span, String)>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block, mut assigned: Assigned) -> Assigned {
        for statement in block {
            let span = statement.span;
            match &statement.kind {
                StatementKind::Assign(place, value) => {
                    self.reads(value, &assigned);
                    for projection in &place.projections {
                        if let Projection::Index(index) = projection {
                            self.reads(index, &assigned);
                        }
                    }
                    let local = place.local.0 as usize;
                    if self.loops.iter().any(|enclosing| enclosing.counter == Some(local)) {
                        let name = &self.function.locals[local].name;
                        self.mistakes
                            .push((span, format!("the loop counts with `{name}`: assign another local")));
                    }
                    if !place.projections.is_empty() {
                        self.read(local, span, &assigned);
                    }
                    if let Some(assigned) = &mut assigned {
                        assigned[local] = true;
                    }
                }
                StatementKind::Evaluate(value) => {
                    self.reads(value, &assigned);
                    if matches!(value.kind, ExprKind::Intrinsic(Intrinsic::Trap, _)) {
                        assigned = None;
                    }
                }
                StatementKind::If { condition, then, otherwise } => {
                    self.reads(condition, &assigned);
                    let then = self.block(then, assigned.clone());
                    let otherwise = self.block(otherwise, assigned);
                    assigned = meet(then, otherwise);
                }
                StatementKind::Loop { body } => {
                    self.loops.push(Enclosing { breaks: None, counter: None });
                    self.block(body, assigned);
                    assigned = self.loops.pop().and_then(|enclosing| enclosing.breaks);
                }
                StatementKind::Roles(roles) => {
                    let mut ends = None;
                    for role in roles {
                        role.constants().for_each(|constant| self.constant(constant));
                        ends = meet(ends, self.block(&role.body, assigned.clone()));
                    }
                    assigned = ends;
                }
                StatementKind::For { local, start, end, body, .. } => {
                    self.reads(start, &assigned);
                    self.reads(end, &assigned);
                    let local = local.0 as usize;
                    if self.loops.iter().any(|enclosing| enclosing.counter == Some(local)) {
                        let name = &self.function.locals[local].name;
                        self.mistakes
                            .push((span, format!("two nested loops count with `{name}`: use two locals")));
                    }
                    self.loops.push(Enclosing { breaks: None, counter: Some(local) });
                    let mut inside = assigned.clone();
                    if let Some(inside) = &mut inside {
                        inside[local] = true;
                    }
                    self.block(body, inside);
                    self.loops.pop();
                    // The loop may run zero times, so it assigns nothing for certain.
                }
                StatementKind::Break(depth) => {
                    match self.enclosing(*depth) {
                        Some(enclosing) => enclosing.breaks = meet(enclosing.breaks.take(), assigned),
                        None => self.mistakes.push((span, "`break` must be inside a loop".to_string())),
                    }
                    assigned = None;
                }
                StatementKind::Continue(depth) => {
                    if self.enclosing(*depth).is_none() {
                        self.mistakes.push((span, "`continue` must be inside a loop".to_string()));
                    }
                    assigned = None;
                }
                StatementKind::Return(value) => {
                    if let Some(value) = value {
                        self.reads(value, &assigned);
                    }
                    assigned = None;
                }
                StatementKind::Assert { condition, arguments, .. } => {
                    for part in std::iter::once(condition).chain(arguments) {
                        self.constant(part);
                    }
                }
            }
        }
        assigned
    }

    fn enclosing(&mut self, depth: u32) -> Option<&mut Enclosing> {
        let index = self.loops.len().checked_sub(1 + depth as usize)?;
        self.loops.get_mut(index)
    }

    fn read(&mut self, local: usize, span: Span, assigned: &Assigned) {
        if assigned.as_ref().is_some_and(|assigned| !assigned[local]) {
            let name = &self.function.locals[local].name;
            self.mistakes.push((span, format!("`{name}` is read before it has a value on every path")));
        }
    }

    fn reads(&mut self, expression: &Expr, assigned: &Assigned) {
        each(expression, &mut |part| {
            if let ExprKind::Local(local) = &part.kind {
                self.read(local.0 as usize, part.span, assigned);
            }
            if let ExprKind::Asm(asm, values) = &part.kind {
                let takers = asm.operands.iter().filter(|operand| operand.role.takes_value());
                for (operand, value) in takers.zip(values) {
                    if operand.role == Role::Const {
                        self.constant(value);
                    }
                }
            }
            if let ExprKind::Call { const_arguments, .. } = &part.kind {
                const_arguments.iter().for_each(|argument| self.constant(argument));
            }
        });
    }

    /// Reports locals in an expression that must be constant.
    fn constant(&mut self, expression: &Expr) {
        each(expression, &mut |part| {
            if let ExprKind::Local(local) = &part.kind {
                let name = &self.function.locals[local.0 as usize].name;
                self.mistakes.push((part.span, format!("`{name}` is not constant: use a const parameter")));
            }
        });
    }
}

fn meet(left: Assigned, right: Assigned) -> Assigned {
    match (left, right) {
        (Some(left), Some(right)) => {
            Some(left.iter().zip(&right).map(|(left, right)| *left && *right).collect())
        }
        (left, right) => left.or(right),
    }
}

/// Visits an expression and all its parts, const arguments excepted.
pub(super) fn each(expression: &Expr, visit: &mut impl FnMut(&Expr)) {
    visit(expression);
    match &expression.kind {
        ExprKind::Bool(_)
        | ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::Local(_)
        | ExprKind::ConstParameter(_)
        | ExprKind::Constant(_) => {}
        ExprKind::Unary(_, operand)
        | ExprKind::Cast(operand)
        | ExprKind::Field(operand, _)
        | ExprKind::Repeat(operand) => each(operand, visit),
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
            each(left, visit);
            each(right, visit);
        }
        ExprKind::Aggregate(parts)
        | ExprKind::Intrinsic(_, parts)
        | ExprKind::Asm(_, parts)
        | ExprKind::Call { arguments: parts, .. } => {
            parts.iter().for_each(|part| each(part, visit));
        }
        ExprKind::Select { condition, then, otherwise } => {
            each(condition, visit);
            each(then, visit);
            each(otherwise, visit);
        }
    }
}
