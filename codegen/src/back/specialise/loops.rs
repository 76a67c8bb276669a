//! Loops: tested at the top, one branch back; or unrolled.

use crossdock_ptx::opcode;
use crossdock_ptx::table::opcode::Words;

use std::collections::BTreeSet;

use super::control::meet;
use super::frame::{Flow, Frame, LoopTarget};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::{Constant, range};
use crate::back::emit::{Argument, Label, Register};
use crate::back::layout::LeafType;
use crate::ir::{Block, Expr, Scalar, Span, StatementKind};

/// The head of a `for`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) local: usize,
    pub(super) inclusive: bool,
    pub(super) unroll: bool,
    pub(super) span: Span,
}

impl<'p> Specialiser<'p> {
    /// `loop`, which also is `while`.
    pub(super) fn endless(&mut self, frame: &mut Frame<'p>, body: &'p Block) -> Outcome<Flow> {
        let assigned = frame.assigned_in(&[body]);
        self.bring_home(frame, &assigned)?;
        let is_while = matches!(
            body.first().map(|statement| &statement.kind),
            Some(StatementKind::If { then, otherwise, .. })
                if then.is_empty() && matches!(otherwise.as_slice(), [only] if only.kind == StatementKind::Break(0))
        );
        let names = if is_while { ["while", "end_while"] } else { ["loop", "end_loop"] };
        let [head, after] = self.body.labels(names);
        self.body.place(head);
        let (flow, target) = self.loop_body(frame, head, after, &assigned, body)?;
        if flow == Flow::Continues {
            self.bring_home(frame, &assigned)?;
            self.body.branch(None, head);
        }
        self.body.place(after);
        match target.breaks.is_empty() {
            true => Ok(Flow::Leaves),
            false => {
                frame.locals = meet(target.breaks);
                Ok(Flow::Continues)
            }
        }
    }

    /// The body of a loop that runs an unknown number of times.
    fn loop_body(
        &mut self,
        frame: &mut Frame<'p>,
        next: Label,
        after: Label,
        assigned: &BTreeSet<usize>,
        body: &'p Block,
    ) -> Outcome<(Flow, LoopTarget)> {
        let target =
            LoopTarget { after, next, assigned: assigned.clone(), breaks: Vec::new(), continues: Vec::new() };
        let fallback =
            LoopTarget { after, next, assigned: BTreeSet::new(), breaks: Vec::new(), continues: Vec::new() };
        frame.loops.push(target);
        frame.uncertain += 1;
        let flow = self.block(frame, body)?;
        frame.uncertain -= 1;
        Ok((flow, frame.loops.pop().unwrap_or(fallback)))
    }

    /// `for`.
    pub(super) fn count_through(
        &mut self,
        frame: &mut Frame<'p>,
        counter: Counter,
        start: &'p Expr,
        end: &'p Expr,
        body: &'p Block,
    ) -> Outcome<Flow> {
        let scalar = self.scalar_type(frame, start)?;
        let first = self.scalar(frame, start, &Want::anything())?;
        let bound = self.scalar(frame, end, &Want::anything())?;
        if let (Value::Constant(Constant::Integer(first)), Value::Constant(Constant::Integer(bound))) =
            (&first, &bound)
        {
            let last = if counter.inclusive { *bound } else { bound - 1 };
            // A single turn needs no loop.
            if counter.unroll || last <= *first {
                return self.unrolled(frame, counter, *first..=last, body);
            }
        } else if counter.unroll {
            let message = format!(
                "#[unroll] needs constant bounds: make the bounds of `{}` constant, or remove #[unroll]",
                frame.name(counter.local)
            );
            return Err(self.mistake(frame, counter.span, message));
        }
        let class = LeafType::Scalar(scalar).class();
        let bound = self.settle(bound, class, Some(&format!("{}_end", frame.name(counter.local))));
        // `..=end` is `..end + 1` unless that overflows.
        let (bound, inclusive) = match bound {
            Value::Constant(Constant::Integer(last)) if counter.inclusive && last < range(scalar).1 => {
                (Value::Constant(Constant::Integer(last + 1)), false)
            }
            bound => (bound, counter.inclusive),
        };
        self.counted(frame, counter, (first, bound, inclusive), scalar, body)
    }

    /// A loop with a counter in a register.
    fn counted(
        &mut self,
        frame: &mut Frame<'p>,
        counter: Counter,
        (first, bound, inclusive): (Value, Value, bool),
        scalar: Scalar,
        body: &'p Block,
    ) -> Outcome<Flow> {
        let assigned = frame.assigned_in(&[body]);
        self.bring_home(frame, &assigned)?;
        let class = LeafType::Scalar(scalar).class();
        let ty = super::scalar::Integer::of(scalar);
        let register = self.body.register(class, Some(frame.name(counter.local)));
        self.homes.insert(register);
        self.move_into(register, &first);
        let [head, next, after] = self.body.labels(["for", "next", "end_for"]);
        let limit = self.argument(&bound, class);
        if inclusive {
            self.exit_unless(opcode!(setp.le.(ty)), register, limit.clone(), after);
            self.body.place(head);
        } else {
            self.body.place(head);
            self.exit_unless(opcode!(setp.lt.(ty)), register, limit.clone(), after);
        }
        frame.locals[counter.local] = Some(vec![Value::Register(register)]);
        // The loop may run zero times: what holds before it also arrives after it.
        let before = frame.locals.clone();
        let (flow, target) = self.loop_body(frame, next, after, &assigned, body)?;
        if flow == Flow::Continues {
            self.bring_home(frame, &assigned)?;
        }
        if flow == Flow::Continues || !target.continues.is_empty() {
            self.body.place(next);
            self.at(frame, counter.span);
            if inclusive {
                self.exit_unless(opcode!(setp.lt.(ty)), register, limit, after);
            }
            self.body.pure(
                opcode!(add.(ty)),
                register,
                vec![Argument::Register(register), Argument::Integer(1)],
            );
            self.body.branch(None, head);
        }
        self.body.place(after);
        self.homes.remove(&register);
        let mut states = vec![before];
        states.extend(target.breaks);
        frame.locals = meet(states);
        Ok(Flow::Continues)
    }

    fn exit_unless(&mut self, comparison: Words, counter: Register, limit: Argument, after: Label) {
        let holds = self.body.register(crate::back::emit::Class::Predicate, None);
        self.body.pure(comparison, holds, vec![Argument::Register(counter), limit]);
        self.body.branch(Some((holds, true)), after);
    }

    /// The body once for every value of the counter.
    fn unrolled(
        &mut self,
        frame: &mut Frame<'p>,
        counter: Counter,
        values: std::ops::RangeInclusive<i128>,
        body: &'p Block,
    ) -> Outcome<Flow> {
        let assigned = frame.assigned_in(&[body]);
        let [after] = self.body.labels(["end_unrolled"]);
        let mut ends = Vec::new();
        let mut runs_out = true;
        for value in values {
            self.enter(frame, counter.span)?;
            self.depth -= 1;
            self.statements += 1;
            frame.locals[counter.local] = Some(vec![Value::Constant(Constant::Integer(value))]);
            let [next] = self.body.labels(["next"]);
            frame.loops.push(LoopTarget {
                after,
                next,
                assigned: assigned.clone(),
                breaks: std::mem::take(&mut ends),
                continues: Vec::new(),
            });
            let flow = self.block(frame, body)?;
            let Some(target) = frame.loops.pop() else { break };
            ends = target.breaks;
            let mut states = target.continues;
            if flow == Flow::Continues {
                if !states.is_empty() {
                    self.bring_home(frame, &assigned)?;
                }
                states.push(std::mem::take(&mut frame.locals));
            }
            self.body.place(next);
            if states.is_empty() {
                runs_out = false;
                break;
            }
            frame.locals = meet(states);
        }
        if runs_out {
            if !ends.is_empty() {
                self.bring_home(frame, &assigned)?;
            }
            ends.push(std::mem::take(&mut frame.locals));
        }
        self.body.place(after);
        match ends.is_empty() {
            true => Ok(Flow::Leaves),
            false => {
                frame.locals = meet(ends);
                Ok(Flow::Continues)
            }
        }
    }
}
