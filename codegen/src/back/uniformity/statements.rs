//! Statements: assignments, branches and early exits.

use super::control::{Parting, Way};
use super::fact::{Fact, Value};
use super::{Analysis, State, Step, Walk};
use crate::back::constant::Constant;
use crate::ir::{Block, Expr, ExprKind, Place, Span, Statement, StatementKind};

/// Whether control reaches the end of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continues,
    Leaves,
}

impl<'p> Analysis<'p> {
    pub(super) fn block(&mut self, walk: &mut Walk<'p>, block: &'p Block) -> Step<Flow> {
        self.depth += 1;
        for statement in block {
            if self.statement(walk, statement)? == Flow::Leaves {
                self.depth -= 1;
                return Ok(Flow::Leaves);
            }
        }
        self.depth -= 1;
        Ok(Flow::Continues)
    }

    fn statement(&mut self, walk: &mut Walk<'p>, statement: &'p Statement) -> Step<Flow> {
        self.step()?;
        let span = statement.span;
        match &statement.kind {
            StatementKind::Assign(place, value) => self.assign(walk, place, value, span)?,
            StatementKind::Evaluate(value) => drop(self.value(walk, value)?),
            StatementKind::If { condition, then, otherwise } => {
                return self.branch(walk, condition, then, otherwise, span);
            }
            StatementKind::Loop { body } => return self.repeat(walk, statement, None, body),
            StatementKind::Roles(roles) => return self.roles(walk, roles, span),
            StatementKind::For { local, start, end, inclusive, unroll, body } => {
                let (start, end) = (self.value(walk, start)?.summary(), self.fact_and_name(walk, end)?);
                if let (true, Some(Constant::Integer(first)), Some(Constant::Integer(bound))) =
                    (*unroll, start.constant, end.0.constant)
                {
                    let last = if *inclusive { bound } else { bound.saturating_sub(1) };
                    return self.unrolled(walk, *local, first..=last, body);
                }
                return self.count_through(walk, statement, *local, (start, end), body);
            }
            StatementKind::Break(depth) | StatementKind::Continue(depth) if walk.leaves_role(*depth) => {
                let message = "a role is left at its end: `break` and `continue` are for loops inside it, so put the loop into the roles";
                self.refuse(walk, span, message.to_string());
                return Ok(Flow::Leaves);
            }
            StatementKind::Break(depth) => {
                walk.leave_loop(*depth, true, span);
                return Ok(Flow::Leaves);
            }
            StatementKind::Continue(depth) => {
                walk.leave_loop(*depth, false, span);
                return Ok(Flow::Leaves);
            }
            StatementKind::Return(value) => {
                if let Some(value) = value {
                    let (at, value) = (walk.position(span), self.value(walk, value)?);
                    let mut control = walk.control();
                    if walk.around_role.is_some() {
                        control = control.seen_by_the_block(at, Way::Return(at));
                    }
                    let value = control.assigned(value, at);
                    let value = match walk.undecided > walk.undecided_before {
                        true => value.map(&mut |_| Fact::undecided()),
                        false => value,
                    };
                    walk.result = Some(match walk.result.take() {
                        Some(result) => result.or(&value),
                        None => value,
                    });
                }
                walk.leave_function(span);
                return Ok(Flow::Leaves);
            }
            StatementKind::Assert { .. } => {}
        }
        Ok(Flow::Continues)
    }

    fn assign(&mut self, walk: &mut Walk<'p>, place: &'p Place, value: &'p Expr, span: Span) -> Step<()> {
        let value = self.value(walk, value)?;
        let identities = &mut self.identities;
        let value = value.map(&mut |mut fact| {
            *identities += 1;
            fact.identity = fact.identity.or(Some(*identities));
            fact
        });
        let value = walk.control().assigned(value, walk.position(span));
        if let Some(local) = walk.locals.get_mut(place.local.0 as usize) {
            match local {
                Some(whole) => whole.replace(&place.projections, value),
                None => *local = Some(value),
            }
        }
        Ok(())
    }

    /// A value's summary, and the binding that makes it what it is.
    pub(super) fn fact_and_name(
        &mut self,
        walk: &mut Walk<'p>,
        expression: &'p Expr,
    ) -> Step<(super::Fact, Option<String>)> {
        let fact = self.value(walk, expression)?.summary();
        let name = self.differing(walk, expression, &fact);
        Ok((fact, name))
    }

    /// The binding in an expression that is the first to differ as the whole does.
    fn differing(&self, walk: &Walk<'p>, expression: &Expr, whole: &super::Fact) -> Option<String> {
        let any = |parts: &[&Expr]| parts.iter().find_map(|part| self.differing(walk, part, whole));
        match &expression.kind {
            ExprKind::Local(local) => {
                let fact = walk.locals.get(local.0 as usize)?.as_ref()?.summary();
                let differs = fact.level() == whole.level() && fact.origin() == whole.origin();
                differs.then(|| walk.function.locals[local.0 as usize].name.clone())
            }
            ExprKind::Field(operand, _) | ExprKind::Unary(_, operand) | ExprKind::Cast(operand) => {
                any(&[operand])
            }
            ExprKind::Binary(_, left, right) => any(&[left, right]),
            ExprKind::Select { condition, then, otherwise } => any(&[condition, then, otherwise]),
            ExprKind::Intrinsic(_, arguments) | ExprKind::Asm(_, arguments) => {
                any(&arguments.iter().collect::<Vec<_>>())
            }
            _ => None,
        }
    }

    fn branch(
        &mut self,
        walk: &mut Walk<'p>,
        condition: &'p Expr,
        then: &'p Block,
        otherwise: &'p Block,
        span: Span,
    ) -> Step<Flow> {
        let (fact, subject) = self.fact_and_name(walk, condition)?;
        if let Some(Constant::Bool(holds)) = fact.constant {
            return self.block(walk, if holds { then } else { otherwise });
        }
        if fact.is_undecided() {
            return self.either(walk, then, otherwise);
        }
        let at = walk.position(span);
        let parting = Parting { at, way: Way::Branch, subject, origin: fact.origin() };
        let saved = walk.base.clone();
        let here = walk.control();
        let before = walk.locals.clone();
        walk.base = here.divided(&fact, true, parting.clone());
        let first = self.block(walk, then)?;
        let after_then = std::mem::replace(&mut walk.locals, before);
        walk.base = here.divided(&fact, false, parting);
        let second = self.block(walk, otherwise)?;
        walk.base = saved;
        match (first, second) {
            (Flow::Leaves, Flow::Leaves) => return Ok(Flow::Leaves),
            (Flow::Continues, Flow::Leaves) => walk.locals = after_then,
            (Flow::Leaves, Flow::Continues) => {}
            (Flow::Continues, Flow::Continues) => unite(&mut walk.locals, &after_then),
        }
        Ok(Flow::Continues)
    }
}

impl<'p> Analysis<'p> {
    /// A branch that a const parameter decides, for all threads alike. Either arm may be the one
    /// that is there, so each is looked at, and afterwards only what both agree upon is held
    /// against anybody.
    fn either(&mut self, walk: &mut Walk<'p>, then: &'p Block, otherwise: &'p Block) -> Step<Flow> {
        let depth = walk.undecided;
        let before = walk.locals.clone();
        let exits = walk.exits();
        walk.undecided = depth + 1;
        let first = self.block(walk, then)?;
        let after_then = std::mem::replace(&mut walk.locals, before);
        walk.set_exits(exits.clone());
        walk.undecided = depth + 1;
        let second = self.block(walk, otherwise)?;
        walk.set_exits(exits);
        walk.undecided = depth;
        match (first, second) {
            (Flow::Leaves, Flow::Leaves) => return Ok(Flow::Leaves),
            (Flow::Continues, Flow::Continues) => doubt(&mut walk.locals, &after_then),
            (first, _) => {
                if first == Flow::Continues {
                    walk.locals = after_then;
                }
                // What follows is there only if the other arm is not.
                walk.undecided = depth + 1;
            }
        }
        Ok(Flow::Continues)
    }
}

/// What holds where two paths meet. A local that only one of them assigned is not read afterwards.
pub(super) fn unite(state: &mut State, other: &State) {
    for (local, other) in state.iter_mut().zip(other) {
        match (&mut *local, other) {
            (Some(value), Some(other)) if value != other => *value = value.or(other),
            (None, Some(other)) => *local = Some(Value::clone(other)),
            _ => {}
        }
    }
}

/// What a state is if it is undecided whether this state or the other one arrives: what both have.
pub(super) fn doubt(state: &mut State, other: &State) {
    for (local, other) in state.iter_mut().zip(other) {
        if local != other && (local.is_some() || other.is_some()) {
            *local = Some(Value::Whole(Fact::undecided()));
        }
    }
}
