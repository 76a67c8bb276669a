//! Loops: walked until nothing that holds at the head gets weaker; and the exits that lead out of
//! them.

use super::control::{Control, Parting, Way};
use super::fact::{Fact, Value};
use super::statements::{Flow, doubt, unite};
use super::{Analysis, State, Step, Walk};
use crate::back::constant::Constant;
use crate::ir::{Block, LocalId, Span, Statement};

/// What holds at the head of a loop.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Head {
    locals: State,
    /// Who has left in an earlier turn.
    left: Control,
}

/// A loop whose body is being walked.
pub(super) struct Running {
    /// Who has left the loop, in this turn or before.
    pub(super) left: Control,
    /// Who has gone on to the next turn.
    pub(super) skipped: Control,
    breaks: Vec<State>,
    continues: Vec<State>,
    /// What held at the head of this turn, and after how many undecided branches that is.
    head: State,
    undecided: u32,
}

/// The variable of a `for` and what is known of it.
struct Counter {
    local: LocalId,
    value: Fact,
    bound: Control,
}

impl<'p> Analysis<'p> {
    /// `for`: all threads run it equally often when its bounds are the same for all.
    pub(super) fn count_through(
        &mut self,
        walk: &mut Walk<'p>,
        statement: &'p Statement,
        local: LocalId,
        (start, (end, subject)): (Fact, (Fact, Option<String>)),
        body: &'p Block,
    ) -> Step<Flow> {
        let both = start.with(&end);
        let subject = subject.filter(|_| end.level() == both.level());
        let at = walk.position(statement.span);
        let parting = Parting { at, way: Way::Count, subject, origin: both.origin() };
        let bound = Control::together().divided(&both, true, parting);
        let bound = Control { guard: None, ..bound };
        let value = match start.is_undecided() {
            true => start,
            false => Fact::at_level(start.level(), start.origin()),
        };
        let before = walk.undecided;
        walk.undecided += u32::from(both.is_undecided());
        let flow = self.repeat(walk, statement, Some((local, value, bound)), body);
        walk.undecided = before;
        flow
    }

    /// `#[unroll] for`: the body again and again, its variable a constant. What leaves a turn early
    /// does not come to the later ones, and earlier ones are over.
    pub(super) fn unrolled(
        &mut self,
        walk: &mut Walk<'p>,
        local: LocalId,
        turns: std::ops::RangeInclusive<i128>,
        body: &'p Block,
    ) -> Step<Flow> {
        let saved = walk.base.clone();
        walk.base = walk.control();
        let (mut left, mut ends, mut reached) = (Control::together(), Vec::new(), true);
        for turn in turns {
            self.step()?;
            if let Some(counter) = walk.locals.get_mut(local.0 as usize) {
                *counter = Some(Value::Whole(Fact::constant(Constant::Integer(turn))));
            }
            let running = Running {
                left: left.clone(),
                skipped: Control::together(),
                breaks: Vec::new(),
                continues: Vec::new(),
                head: walk.locals.clone(),
                undecided: walk.undecided,
            };
            walk.loops.push(running);
            let flow = self.block(walk, body)?;
            let Some(running) = walk.loops.pop() else { break };
            walk.undecided = running.undecided;
            left = running.left;
            ends.extend(running.breaks);
            let mut states = running.continues;
            if flow == Flow::Continues {
                states.push(std::mem::take(&mut walk.locals));
            }
            let mut states = states.into_iter();
            let Some(mut met) = states.next() else {
                reached = false;
                break;
            };
            states.for_each(|state| unite(&mut met, &state));
            walk.locals = met;
        }
        walk.base = saved;
        if reached {
            ends.push(std::mem::take(&mut walk.locals));
        }
        let mut ends = ends.into_iter();
        let Some(mut met) = ends.next() else { return Ok(Flow::Leaves) };
        ends.for_each(|state| unite(&mut met, &state));
        walk.locals = met;
        Ok(Flow::Continues)
    }

    /// A loop, with the variable, its value and who leaves when, if it is a `for`.
    pub(super) fn repeat(
        &mut self,
        walk: &mut Walk<'p>,
        statement: &'p Statement,
        counter: Option<(LocalId, Fact, Control)>,
        body: &'p Block,
    ) -> Step<Flow> {
        let counter = counter.map(|(local, value, bound)| Counter { local, value, bound });
        let key = (self.path.clone(), std::ptr::from_ref(statement) as usize);
        let saved = walk.base.clone();
        walk.base = walk.control();
        let mut head = Head { locals: std::mem::take(&mut walk.locals), left: Control::together() };
        if let Some(counter) = &counter {
            head.left.meet(&counter.bound);
        }
        // What held when an enclosing loop came here before can only have become weaker since.
        if let Some(known) = self.heads.get(&key) {
            unite(&mut head.locals, &known.locals);
            head.left.meet(&known.left);
        }
        let ends = loop {
            self.step()?;
            walk.locals = head.locals.clone();
            let running = Running {
                left: head.left.clone(),
                skipped: Control::together(),
                breaks: Vec::new(),
                continues: Vec::new(),
                head: head.locals.clone(),
                undecided: walk.undecided,
            };
            walk.loops.push(running);
            if let Some(counter) = &counter
                && walk.locals.len() > counter.local.0 as usize
            {
                let value = Value::Whole(counter.value.clone());
                let value = walk.control().assigned(value, walk.position(statement.span));
                walk.locals[counter.local.0 as usize] = Some(value);
            }
            let flow = self.block(walk, body)?;
            let Some(running) = walk.loops.pop() else { break Vec::new() };
            walk.undecided = running.undecided;
            let mut next = Head { locals: head.locals.clone(), left: running.left };
            if flow == Flow::Continues {
                unite(&mut next.locals, &walk.locals);
            }
            for state in &running.continues {
                unite(&mut next.locals, state);
            }
            if next == head {
                let mut ends = running.breaks;
                if counter.is_some() {
                    ends.push(head.locals.clone());
                }
                break ends;
            }
            head = next;
        };
        self.heads.insert(key, head);
        walk.base = saved;
        let mut ends = ends.into_iter();
        let Some(mut met) = ends.next() else { return Ok(Flow::Leaves) };
        ends.for_each(|state| unite(&mut met, &state));
        walk.locals = met;
        Ok(Flow::Continues)
    }
}

impl Walk<'_> {
    /// `break` or `continue` of the loop `depth` levels out: inner loops are left either way.
    pub(super) fn leave_loop(&mut self, depth: u32, is_break: bool, span: Span) {
        let Some(target) = self.loops.len().checked_sub(1 + depth as usize) else { return };
        let (control, at) = (self.control(), self.position(span));
        let state = self.locals.clone();
        for (index, running) in self.loops.iter_mut().enumerate().skip(target) {
            match index > target || is_break {
                true => running.left.meet(&control.clone().leaving(Way::Break(at))),
                false => running.skipped.meet(&control.clone().leaving(Way::Continue(at))),
            }
        }
        let running = &mut self.loops[target];
        let mut state = state;
        if self.undecided > running.undecided {
            doubt(&mut state, &running.head);
        }
        if is_break { running.breaks.push(state) } else { running.continues.push(state) }
    }

    /// Whether leaving the loop `depth` levels out leaves a role too.
    pub(super) fn leaves_role(&self, depth: u32) -> bool {
        let target = self.loops.len().checked_sub(1 + depth as usize);
        self.around_role.zip(target).is_some_and(|(around, target)| target < around)
    }

    /// `return`: all loops of the function are left, and so is the rest of it.
    pub(super) fn leave_function(&mut self, span: Span) {
        let at = self.position(span);
        let control = self.control().leaving(Way::Return(at));
        let outside = match self.around_role {
            Some(_) => control.clone().seen_by_the_block(at, Way::Return(at)),
            None => control.clone(),
        };
        let around = self.around_role.unwrap_or(0);
        for (index, running) in self.loops.iter_mut().enumerate() {
            running.left.meet(if index < around { &outside } else { &control });
        }
        self.returned.meet(&outside);
    }
}
