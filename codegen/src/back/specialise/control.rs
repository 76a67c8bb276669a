//! Branches and `return`.

use super::frame::{Flow, Frame, State};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::Constant;
use crate::back::emit::{Guard, Label};
use crate::ir::{Block, Expr, Span, StatementKind};

impl<'p> Specialiser<'p> {
    /// `if`: a constant condition leaves one arm, and the other is never looked at.
    pub(super) fn branch(
        &mut self,
        frame: &mut Frame<'p>,
        condition: &'p Expr,
        then: &'p Block,
        otherwise: &'p Block,
    ) -> Outcome<Flow> {
        let condition = self.scalar(frame, condition, &Want::anything())?;
        if let Value::Constant(constant) = condition {
            return self.block(frame, if constant == Constant::Bool(true) { then } else { otherwise });
        }
        let (predicate, negated) = self.predicate(&condition);
        if self.jumps(frame, then, Some((predicate, negated))) {
            return self.block(frame, otherwise);
        }
        if self.jumps(frame, otherwise, Some((predicate, !negated))) {
            return self.block(frame, then);
        }
        let assigned = frame.assigned_in(&[then, otherwise]);
        self.bring_home(frame, &assigned)?;
        let [other, after] = self.body.labels(["else", "end_if"]);
        let other = if otherwise.is_empty() { after } else { other };
        self.body.branch(Some((predicate, !negated)), other);
        let before = frame.locals.clone();
        let mut ends = Vec::new();
        frame.uncertain += 1;
        if self.block(frame, then)? == Flow::Continues {
            self.bring_home(frame, &assigned)?;
            if other != after {
                self.body.branch(None, after);
            }
            ends.push(std::mem::replace(&mut frame.locals, before));
        } else {
            frame.locals = before;
        }
        if other != after {
            self.body.place(other);
        }
        if self.block(frame, otherwise)? == Flow::Continues {
            self.bring_home(frame, &assigned)?;
            ends.push(std::mem::take(&mut frame.locals));
        }
        frame.uncertain -= 1;
        self.body.place(after);
        match ends.is_empty() {
            true => Ok(Flow::Leaves),
            false => {
                frame.locals = meet(ends);
                Ok(Flow::Continues)
            }
        }
    }

    /// Writes a block that only jumps as one guarded branch. Says whether it did.
    fn jumps(&mut self, frame: &mut Frame<'p>, block: &'p Block, guard: Guard) -> bool {
        let [statement] = block.as_slice() else { return false };
        match &statement.kind {
            StatementKind::Break(depth) | StatementKind::Continue(depth) => {
                let Some(position) = frame.loops.len().checked_sub(1 + *depth as usize) else { return false };
                if !self.is_home(frame, &frame.loops[position].assigned) {
                    return false;
                }
                let state = frame.locals.clone();
                let target = &mut frame.loops[position];
                match &statement.kind {
                    StatementKind::Break(_) => {
                        target.breaks.push(state);
                        self.body.branch(guard, target.after);
                    }
                    _ => {
                        target.continues.push(state);
                        self.body.branch(guard, target.next);
                    }
                }
                true
            }
            StatementKind::Return(None) if frame.result.is_kernel => {
                self.body.ret(guard);
                true
            }
            StatementKind::Return(None) => {
                let end = self.end_of(frame);
                self.body.branch(guard, end);
                true
            }
            _ => false,
        }
    }

    /// `break` or `continue`.
    pub(super) fn leave_loop(
        &mut self,
        frame: &mut Frame<'p>,
        depth: u32,
        span: Span,
        is_break: bool,
    ) -> Outcome<Flow> {
        let Some(position) = frame.loops.len().checked_sub(1 + depth as usize) else {
            return Err(self.mistake(frame, span, "there is no loop here to leave"));
        };
        let assigned = frame.loops[position].assigned.clone();
        self.bring_home(frame, &assigned)?;
        let state = frame.locals.clone();
        let target = &mut frame.loops[position];
        if is_break {
            target.breaks.push(state);
            self.body.branch(None, target.after);
        } else {
            target.continues.push(state);
            self.body.branch(None, target.next);
        }
        Ok(Flow::Leaves)
    }

    /// The end of an inlined function without a value.
    fn end_of(&mut self, frame: &mut Frame<'p>) -> Label {
        if let Some((_, end)) = &frame.result.joined {
            return *end;
        }
        let [end] = self.body.labels(["end_call"]);
        frame.result.joined = Some((Vec::new(), end));
        end
    }

    /// `return`: the end of the entry, or of the inlined function.
    pub(super) fn leave_function(&mut self, frame: &mut Frame<'p>, value: Option<&'p Expr>) -> Outcome<Flow> {
        let certain = frame.uncertain == 0
            && frame.result.joined.is_none()
            && frame.loops.iter().all(|target| target.breaks.is_empty() && target.continues.is_empty());
        let Some(expression) = value else {
            if frame.result.is_kernel {
                self.body.ret(None);
            } else if !certain {
                let end = self.end_of(frame);
                self.body.branch(None, end);
            }
            return Ok(Flow::Leaves);
        };
        if certain {
            let want = frame.result.want.clone();
            let value = self.value(frame, expression, &want)?;
            frame.result.value = Some(value);
            return Ok(Flow::Leaves);
        }
        if frame.result.joined.is_none() {
            let leaves = self.leaves(frame, &frame.function.result, expression.span)?;
            let want = frame.result.want.clone();
            let name = want.name.clone().unwrap_or_else(|| "result".to_string());
            let mut registers = Vec::with_capacity(leaves.len());
            for (index, leaf) in leaves.iter().enumerate() {
                let mut want = want.part(index, 1, &leaf.suffix);
                want.name = Some(format!("{name}{}", leaf.suffix));
                registers.push(self.result(&want, leaf.ty.class()));
            }
            let [end] = self.body.labels(["end_call"]);
            frame.result.joined = Some((registers, end));
        }
        let Some((registers, end)) = frame.result.joined.clone() else { return Ok(Flow::Leaves) };
        // The result's registers are read by nothing before the end, so every part may go there
        // directly.
        let want = Want { name: None, into: Some(registers.clone()) };
        let values = self.value(frame, expression, &want)?;
        for (register, value) in registers.iter().zip(&values) {
            self.move_into(*register, value);
        }
        self.body.branch(None, end);
        Ok(Flow::Leaves)
    }
}

/// The state where several paths meet. Varying locals are at home on each of them; a local that
/// only some paths assigned is not read afterwards, or the others do not get here.
pub(super) fn meet(states: Vec<State>) -> State {
    let mut states = states.into_iter();
    let mut met = states.next().unwrap_or_default();
    for state in states {
        for (local, other) in met.iter_mut().zip(state) {
            if local.is_none() {
                *local = other;
            }
        }
    }
    met
}
