//! Statements other than control flow: assignments, effects, assertions.

use super::frame::{Flow, Frame, reads};
use super::value::{Value, Want};
use super::{MOST_DEPTH, MOST_LINES, MOST_STATEMENTS, Outcome, Specialiser, Stop};
use crate::back::constant::Constant;
use crate::back::emit::Register;
use crate::ir::{Block, Expr, ExprKind, Intrinsic, Place, Projection, Span, Statement, StatementKind, Type};
use crate::{Error, Mistake};

impl<'p> Specialiser<'p> {
    /// Writes a block down; recorded mistakes do not keep the rest of it from being looked at.
    pub(super) fn block(&mut self, frame: &mut Frame<'p>, block: &'p Block) -> Outcome<Flow> {
        let depth = self.depth;
        self.enter(frame, block.first().map_or(Span::default(), |statement| statement.span))?;
        let mut flow = Flow::Continues;
        for statement in block {
            let outcome = self.statement(frame, statement);
            self.depth = depth + 1;
            match outcome {
                Ok(Flow::Continues) | Err(Stop::Recorded) => {}
                Ok(Flow::Leaves) => {
                    flow = Flow::Leaves;
                    break;
                }
                Err(stop) => return Err(stop),
            }
        }
        self.depth = depth;
        Ok(flow)
    }

    /// One level deeper, within the limits.
    pub(super) fn enter(&mut self, frame: &Frame<'_>, span: Span) -> Outcome<()> {
        let message = if self.depth >= MOST_DEPTH {
            format!(
                "calls, blocks and expressions are nested more than {MOST_DEPTH} deep here: split the function up"
            )
        } else if self.body.len() > MOST_LINES || self.statements > MOST_STATEMENTS {
            "this kernel unrolls to more code than fits: unroll fewer or shorter loops, and call fewer functions".to_string()
        } else {
            self.depth += 1;
            return Ok(());
        };
        let _ = self.mistake(frame, span, message);
        Err(Stop::Fatal(Box::new(Error::Specialise(std::mem::take(&mut self.mistakes)))))
    }

    fn statement(&mut self, frame: &mut Frame<'p>, statement: &'p Statement) -> Outcome<Flow> {
        self.statements += 1;
        self.at(frame, statement.span);
        let span = statement.span;
        match &statement.kind {
            StatementKind::Assign(place, value) => self.assign(frame, place, value)?,
            StatementKind::Evaluate(value) => {
                self.evaluate(frame, value)?;
                if matches!(value.kind, ExprKind::Intrinsic(Intrinsic::Trap, _)) {
                    return Ok(Flow::Leaves);
                }
            }
            StatementKind::If { condition, then, otherwise } => {
                return self.branch(frame, condition, then, otherwise);
            }
            StatementKind::Loop { body } => return self.endless(frame, body),
            StatementKind::Roles(roles) => return self.roles(frame, roles, span),
            StatementKind::For { local, start, end, inclusive, unroll, body } => {
                let counter = super::loops::Counter {
                    local: local.0 as usize,
                    inclusive: *inclusive,
                    unroll: *unroll,
                    span,
                };
                return self.count_through(frame, counter, start, end, body);
            }
            StatementKind::Break(depth) => return self.leave_loop(frame, *depth, span, true),
            StatementKind::Continue(depth) => return self.leave_loop(frame, *depth, span, false),
            StatementKind::Return(value) => return self.leave_function(frame, value.as_ref()),
            StatementKind::Assert { condition, message, arguments } => {
                self.assert(frame, condition, message, arguments, span)?;
            }
        }
        Ok(Flow::Continues)
    }

    /// An expression for its effects: an atomic operation does not fetch what nobody reads.
    fn evaluate(&mut self, frame: &mut Frame<'p>, expression: &'p Expr) -> Outcome<()> {
        if let ExprKind::Intrinsic(Intrinsic::Atomic(op, order, scope), arguments) = &expression.kind {
            self.at(frame, expression.span);
            let atomic = (*op, *order, *scope);
            if let Some(floats) = self.floats(frame, *op, arguments)? {
                return self
                    .change_floats(frame, expression.span, atomic, arguments, (floats, false))
                    .map(drop);
            }
            if self.sixteen_bytes(frame, arguments)?.is_none() {
                return self.reduce(frame, expression.span, atomic, arguments);
            }
        }
        self.value(frame, expression, &Want::anything()).map(drop)
    }

    fn assign(&mut self, frame: &mut Frame<'p>, place: &'p Place, expression: &'p Expr) -> Outcome<()> {
        let local = place.local.0 as usize;
        if local >= frame.locals.len() {
            return Err(self.mistake(
                frame,
                expression.span,
                "this assigns a local that the function does not have",
            ));
        }
        let leaves = self.leaves(frame, frame.ty(local), expression.span)?;
        if place.projections.is_empty() && !frame.varies[local] {
            let name = frame.name(local);
            let values = self.value(frame, expression, &Want::named(name))?;
            let mut settled = Vec::with_capacity(values.len());
            for (leaf, value) in leaves.iter().zip(values) {
                let name = format!("{name}{}", leaf.suffix);
                settled.push(self.settle(value, leaf.ty.class(), Some(&name)));
            }
            frame.locals[local] = Some(settled);
            return Ok(());
        }
        let (start, count) = self.part_of(frame, place, expression.span)?;
        let homes = self.homes(frame, local, expression.span)?[start..start + count].to_vec();
        let name = leaves.get(start).filter(|_| count == 1).map_or("", |leaf| &leaf.suffix);
        let name = Some(format!("{}{name}", frame.name(local)));
        let into = (count == 1 || !reads(expression, place.local)).then(|| homes.clone());
        let mut values = self.value(frame, expression, &Want { name, into })?;
        if values.len() != count {
            return Err(self.mistake(frame, expression.span, "this value has another shape than its place"));
        }
        // Moves happen one after the other: a part that another part still reads is copied first.
        for (index, value) in values.iter_mut().enumerate() {
            if let Value::Register(register) | Value::Not(register) = value
                && homes.iter().enumerate().any(|(other, home)| home == register && other != index)
            {
                let class = self.body.class(homes[index]);
                let copy = self.body.register(class, None);
                self.move_into(copy, value);
                *value = Value::Register(copy);
            }
        }
        if frame.locals[local].is_none() {
            if !place.projections.is_empty() {
                return Err(self.unassigned(frame, local, expression.span));
            }
            frame.locals[local] = Some(values.clone());
        }
        for (index, value) in values.into_iter().enumerate() {
            let kept = match value {
                Value::Constant(constant) => Value::Constant(constant),
                value => {
                    self.move_into(homes[index], &value);
                    Value::Register(homes[index])
                }
            };
            if let Some(slot) = frame.locals[local].as_mut().and_then(|whole| whole.get_mut(start + index)) {
                *slot = kept;
            }
        }
        Ok(())
    }

    /// A read or partial assignment of a local without a value: validation excludes it, unless a
    /// mistake came before.
    pub(super) fn unassigned(&mut self, frame: &Frame<'_>, local: usize, span: Span) -> Stop {
        match self.mistakes.is_empty() {
            true => {
                self.mistake(frame, span, format!("`{}` is read before it has a value", frame.name(local)))
            }
            false => Stop::Recorded,
        }
    }

    /// The home registers of a varying local.
    pub(super) fn homes(
        &mut self,
        frame: &mut Frame<'p>,
        local: usize,
        span: Span,
    ) -> Outcome<Vec<Register>> {
        if let Some(homes) = &frame.homes[local] {
            return Ok(homes.clone());
        }
        let leaves = self.leaves(frame, frame.ty(local), span)?;
        let name = frame.name(local);
        let homes: Vec<Register> = leaves
            .iter()
            .map(|leaf| self.body.register(leaf.ty.class(), Some(&format!("{name}{}", leaf.suffix))))
            .collect();
        self.homes.extend(homes.iter().copied());
        frame.homes[local] = Some(homes.clone());
        Ok(homes)
    }

    /// First register and number of registers of a place within its local.
    fn part_of(&mut self, frame: &mut Frame<'p>, place: &'p Place, span: Span) -> Outcome<(usize, usize)> {
        let mut ty: &Type = frame.ty(place.local.0 as usize);
        let mut start = 0;
        for projection in &place.projections {
            let (offset, part) = match projection {
                Projection::Field(field) => self.field_of(frame, ty, *field, span)?,
                Projection::Index(index) => {
                    let index = self.constant_index(frame, index)?;
                    self.element_of(frame, ty, index, span)?
                }
            };
            start += offset;
            ty = part;
        }
        let count = self.count(frame, ty, span)?;
        Ok((start, count))
    }

    /// Puts constants of varying locals into their homes, because control flow meets here.
    pub(super) fn bring_home(
        &mut self,
        frame: &mut Frame<'p>,
        locals: &std::collections::BTreeSet<usize>,
    ) -> Outcome<()> {
        for local in locals {
            let Some(values) = frame.locals[*local].clone() else { continue };
            let homes = self.homes(frame, *local, Span::default())?;
            for (value, home) in values.iter().zip(&homes) {
                self.move_into(*home, value);
            }
            frame.locals[*local] = Some(homes.into_iter().map(Value::Register).collect());
        }
        Ok(())
    }

    /// Whether [`Specialiser::bring_home`] would write anything.
    pub(super) fn is_home(&self, frame: &Frame<'p>, locals: &std::collections::BTreeSet<usize>) -> bool {
        locals.iter().all(|local| match (&frame.locals[*local], &frame.homes[*local]) {
            (None, _) => true,
            (Some(values), Some(homes)) => {
                values.iter().zip(homes).all(|(value, home)| *value == Value::Register(*home))
            }
            (Some(values), None) => values.is_empty(),
        })
    }

    fn assert(
        &mut self,
        frame: &mut Frame<'p>,
        condition: &'p Expr,
        message: &str,
        arguments: &'p [Expr],
        span: Span,
    ) -> Outcome<()> {
        let holds = self
            .evaluator
            .expression(frame.module, &frame.parameters, condition)
            .map_err(|mistake| self.record(mistake))?;
        if holds == [Constant::Bool(true)] {
            return Ok(());
        }
        let text = self
            .evaluator
            .assertion(frame.module, &frame.parameters, message, arguments)
            .map_err(|mistake| self.record(mistake))?;
        let mut parameters: Vec<String> = Vec::new();
        for expression in std::iter::once(condition).chain(arguments) {
            each_parameter(expression, &mut |name| {
                for origin in frame.origins.get(name).into_iter().flatten() {
                    if !parameters.contains(origin) {
                        parameters.push(origin.clone());
                    }
                }
            });
        }
        let file = self.program.modules[frame.module].file.clone();
        Err(Stop::Fatal(Box::new(Error::Relation {
            mistake: Mistake { file, span, message: text },
            parameters,
        })))
    }
}

/// Calls `found` for every const parameter that an expression mentions, in order.
pub(super) fn each_parameter(expression: &Expr, found: &mut impl FnMut(&str)) {
    match &expression.kind {
        ExprKind::ConstParameter(name) => found(name),
        ExprKind::Bool(_)
        | ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::Local(_)
        | ExprKind::Constant(_) => {}
        ExprKind::Unary(_, operand)
        | ExprKind::Cast(operand)
        | ExprKind::Field(operand, _)
        | ExprKind::Repeat(operand) => each_parameter(operand, found),
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
            each_parameter(left, found);
            each_parameter(right, found);
        }
        ExprKind::Aggregate(parts) | ExprKind::Intrinsic(_, parts) | ExprKind::Asm(_, parts) => {
            parts.iter().for_each(|part| each_parameter(part, found));
        }
        ExprKind::Select { condition, then, otherwise } => {
            each_parameter(condition, found);
            each_parameter(then, found);
            each_parameter(otherwise, found);
        }
        ExprKind::Call { const_arguments, arguments, .. } => {
            const_arguments.iter().chain(arguments).for_each(|part| each_parameter(part, found));
        }
    }
}
