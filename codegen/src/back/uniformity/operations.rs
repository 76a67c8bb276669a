//! What each operation of the prelude gives, and who must be there for it.

use super::control::Control;
use super::fact::{Fact, Form, Level, Origin, Position, Value};
use super::message;
use super::{Analysis, Walk};
use crate::Mistake;
use crate::back::constant::Constant;
use crate::ir::{Assumption, Axis, Intrinsic, KernelAttributes, ShuffleKind, Span, Threads, VoteKind};

/// All 32 lanes.
const ALL_LANES: Constant = Constant::Integer(0xffff_ffff);

impl<'p> Analysis<'p> {
    /// The value of an operation whose arguments have these values.
    pub(super) fn operation(
        &mut self,
        walk: &Walk<'p>,
        intrinsic: Intrinsic,
        values: Vec<Value>,
        span: Span,
    ) -> Value {
        let here = walk.position(span);
        let facts: Vec<Fact> = values.iter().map(Value::summary).collect();
        let all = facts.iter().fold(Fact::uniform(), |all, fact| all.with(fact));
        let undecided = all.is_undecided();
        let computed = Value::Whole(all);
        let called = message::Operation::Intrinsic(intrinsic);
        match intrinsic.row().threads {
            Threads::Alone => computed,
            Threads::EachLane(name) => Value::Whole(Fact::from_operation(Level::Lane, name, here)),
            Threads::ThreadIndex(name) => {
                Value::Whole(Fact::from_operation(Level::Lane, name, here).of_form(Form::ThreadIndex))
            }
            Threads::ThreadOn(axis) => Value::Whole(self.thread_on(axis, here)),
            Threads::Block => {
                match walk.control().role {
                    Some(role) => self.refuse(walk, span, self.whole_block_in_role("`block_barrier`", role)),
                    None => self.together(walk, called, self.whole_block, span),
                }
                computed
            }
            Threads::Role => {
                self.all_of_role(walk, "`role_barrier`", span);
                computed
            }
            Threads::Named => {
                self.all_of_role(walk, "named barrier", span);
                self.reach(walk, &facts, span);
                // What `bar.red` gives is the same for all that wait.
                Value::Whole(Fact::uniform())
            }
            Threads::Members => {
                self.members(walk, called, facts.last(), span);
                computed
            }
            Threads::Shuffle(kind) => {
                let all_lanes = self.members(walk, called, facts.last(), span);
                let [value, lane, ..] = facts.as_slice() else { return computed };
                if undecided {
                    return computed;
                }
                let level = match (all_lanes, kind) {
                    (true, ShuffleKind::Index) if lane.level() <= Level::Warp => Level::Warp,
                    _ => Level::Lane,
                };
                // A value that all lanes have is what every lane gets.
                Value::Whole(match all_lanes && value.level() <= Level::Warp {
                    true => Fact::at_level(value.level(), value.origin()),
                    false => Fact::at_level(level, Some(Origin::Lanes(intrinsic, all_lanes, here))),
                })
            }
            Threads::Vote(_) | Threads::Groups => {
                let all_lanes = self.members(walk, called, facts.last(), span);
                let Some(asked) = facts.first() else { return computed };
                if undecided {
                    return computed;
                }
                let threads = intrinsic.row().threads;
                let origin = Some(Origin::Lanes(intrinsic, all_lanes, here));
                let fact = match (all_lanes, threads) {
                    (true, _) if asked.level() <= Level::Warp => {
                        Fact::at_level(asked.level(), asked.origin())
                    }
                    (true, Threads::Vote(_)) => Fact::at_level(Level::Warp, origin),
                    _ => Fact::at_level(Level::Lane, origin),
                };
                let form = match (all_lanes, threads) {
                    (true, Threads::Groups) => Form::Group,
                    (true, Threads::Vote(VoteKind::Ballot)) => {
                        asked.identity.map_or(Form::Plain, Form::Ballot)
                    }
                    _ => Form::Plain,
                };
                Value::Whole(fact.of_form(form))
            }
            Threads::Parts => Value::Parts(values),
            Threads::Assume(assumption) => match values.into_iter().next() {
                Some(value) => value.map(&mut |fact| assumed(fact, assumption)),
                None => computed,
            },
        }
    }

    /// The index of a thread along a dimension of its block: `thread_in_block() / before % size`.
    fn thread_on(&self, axis: Axis, here: Position) -> Fact {
        // A function that is looked at alone may be called by kernels of any block.
        let Some(KernelAttributes { block, block_is_most, .. }) = self.attributes else {
            return Fact::undecided();
        };
        let (name, before) = match axis {
            Axis::X => ("`thread_x()`", 1),
            Axis::Y => ("`thread_y()`", block.x),
            Axis::Z => ("`thread_z()`", block.x.saturating_mul(block.y)),
        };
        match axis.of(*block) {
            1 => Fact::constant(Constant::Integer(0)),
            // Along its only dimension, a block is whole warps whatever the launch says.
            size if *block_is_most && block.count() != size.into() => {
                Fact::from_operation(Level::Lane, name, here)
            }
            // Whole warps have one index.
            _ if before.is_multiple_of(32) => Fact::from_operation(Level::Warp, name, here),
            // Counted from a multiple of the warp's size on, the lanes of a warp follow one
            // another.
            size if axis == Axis::X && size.is_multiple_of(32) => {
                Fact::from_operation(Level::Lane, name, here).of_form(Form::ThreadIndex)
            }
            _ => Fact::from_operation(Level::Lane, name, here),
        }
    }

    /// Checks a warp operation; whether it names all lanes.
    pub(super) fn members(
        &mut self,
        walk: &Walk<'p>,
        operation: message::Operation<'_>,
        members: Option<&Fact>,
        span: Span,
    ) -> bool {
        let Some(members) = members else { return false };
        if members.constant == Some(ALL_LANES) {
            self.together(walk, operation, Level::Warp, span);
            return true;
        }
        match members.form {
            Form::Assumed | Form::Undecided => {}
            Form::Group => self.together_among(walk, operation, span),
            Form::Ballot(identity) if walk.control().guard == Some(identity) => {}
            _ => {
                let sentence = message::members(operation);
                self.refuse(walk, span, sentence);
            }
        }
        false
    }

    fn together_among(&mut self, walk: &Walk<'p>, operation: message::Operation<'_>, span: Span) {
        let control = walk.control();
        if control.level > Level::Warp {
            let sentence = self.sentence(walk, &message::among(operation), Level::Warp, &control);
            self.refuse(walk, span, sentence);
        }
    }

    /// Checks that control has not parted further than `least`.
    pub(super) fn together(
        &mut self,
        walk: &Walk<'p>,
        operation: message::Operation<'_>,
        least: Level,
        span: Span,
    ) {
        self.must(walk, &message::must(operation, least), least, span);
    }

    /// The same, with the sentence's beginning.
    pub(super) fn must(&mut self, walk: &Walk<'p>, must: &str, least: Level, span: Span) {
        let control = walk.control();
        if control.level > least {
            let sentence = self.sentence(walk, must, least, &control);
            self.refuse(walk, span, sentence);
        }
    }

    fn sentence(&self, walk: &Walk<'p>, must: &str, least: Level, control: &Control) -> String {
        let here = walk.outside.map_or(walk.module, |outside| outside.module);
        let files = message::Files { modules: &self.program.modules, here };
        message::parted(&files, must, least, control)
    }

    /// Records a mistake, once for each operation.
    pub(super) fn refuse(&mut self, walk: &Walk<'p>, span: Span, message: String) {
        // Behind two undecided branches there may be nothing that is ever reached.
        if walk.undecided > 1 {
            return;
        }
        let Position { module, span } = walk.outside.unwrap_or_else(|| walk.position(span));
        let file = &self.program.modules[module].file;
        let is_known = |mistake: &Mistake| {
            mistake.span == span && mistake.file == *file && (span.line > 0 || mistake.message == message)
        };
        if !self.mistakes.iter().any(is_known) {
            self.mistakes.push(Mistake { file: file.clone(), span, message });
            self.called_at.push(walk.called_at);
        }
    }
}

/// What is known of a value that the programmer vouches for.
fn assumed(fact: Fact, assumption: Assumption) -> Fact {
    if fact.is_undecided() {
        return fact;
    }
    let level = match assumption {
        Assumption::BlockUniform => Level::Block,
        Assumption::WarpUniform => Level::Warp,
        Assumption::Members => return fact.of_form(Form::Assumed),
    };
    match fact.level() > level {
        true => Fact::at_level(level, fact.origin()),
        false => fact,
    }
}
