//! What each operation of the prelude gives, and who must be there for it.

use super::control::Control;
use super::fact::{Fact, Form, Level, Position, Value};
use super::message;
use super::{Analysis, Walk};
use crate::Mistake;
use crate::back::constant::Constant;
use crate::ir::{Assumption, Intrinsic, ShuffleKind, Span};

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
        let own = |level, name| Value::Whole(Fact::from_operation(level, name, walk.position(span)));
        let facts: Vec<Fact> = values.iter().map(Value::summary).collect();
        let all = facts.iter().fold(Fact::uniform(), |all, fact| all.with(fact));
        let pure = Value::Whole(all);
        let called = message::Operation::Intrinsic(intrinsic);
        match intrinsic {
            Intrinsic::Lane => own(Level::Lane, "`lane()`"),
            Intrinsic::ThreadInBlock => {
                let fact = Fact::from_operation(Level::Lane, "`thread_in_block()`", walk.position(span));
                Value::Whole(fact.of_form(Form::ThreadIndex))
            }
            Intrinsic::GlobalTimer => own(Level::Lane, "`global_timer()`"),
            // Other threads may write between the loads of two lanes.
            Intrinsic::Load(..) => own(Level::Lane, "a strong `load`"),
            Intrinsic::ReadHinted(crate::ir::LoadHint::DoNotCache) => own(Level::Lane, "an uncached `read`"),
            Intrinsic::ReadVolatile | Intrinsic::ReadMmio => own(Level::Lane, "a volatile `read`"),
            Intrinsic::Atomic(..) => own(Level::Lane, "an atomic operation"),
            Intrinsic::BlockBarrier => {
                match walk.control().role {
                    Some(role) => self.refuse(walk, span, self.whole_block_in_role("`block_barrier`", role)),
                    None => self.together(walk, called, self.whole_block, span),
                }
                pure
            }
            Intrinsic::RoleBarrier => {
                self.all_of_role(walk, "`role_barrier`", span);
                pure
            }
            Intrinsic::NamedBarrier(_) => {
                self.all_of_role(walk, "named barrier", span);
                self.reach(walk, &facts, span);
                // What `bar.red` gives is the same for all that wait.
                Value::Whole(Fact::uniform())
            }
            Intrinsic::WarpBarrier => {
                self.members(walk, called, facts.last(), span);
                pure
            }
            Intrinsic::Shuffle(kind) => {
                let all_lanes = self.members(walk, called, facts.last(), span);
                let [value, lane, ..] = facts.as_slice() else { return pure };
                if pure.summary().is_undecided() {
                    return pure;
                }
                let level = match (all_lanes, kind) {
                    (true, ShuffleKind::Index) if lane.level() <= Level::Warp => Level::Warp,
                    _ => Level::Lane,
                };
                // A value that all lanes have is what every lane gets.
                match all_lanes && value.level() <= Level::Warp {
                    true => Value::Whole(Fact::at_level(value.level(), value.origin())),
                    false => own(level, message::name(intrinsic, all_lanes)),
                }
            }
            Intrinsic::Vote(_) | Intrinsic::MatchAny => {
                let all_lanes = self.members(walk, called, facts.last(), span);
                let Some(asked) = facts.first() else { return pure };
                if pure.summary().is_undecided() {
                    return pure;
                }
                let name = message::name(intrinsic, all_lanes);
                let is_vote = matches!(intrinsic, Intrinsic::Vote(_));
                let fact = match (all_lanes, is_vote) {
                    (true, _) if asked.level() <= Level::Warp => {
                        Fact::at_level(asked.level(), asked.origin())
                    }
                    (true, true) => Fact::from_operation(Level::Warp, name, walk.position(span)),
                    _ => Fact::from_operation(Level::Lane, name, walk.position(span)),
                };
                let form = match (all_lanes, intrinsic) {
                    (true, Intrinsic::MatchAny) => Form::Group,
                    (true, Intrinsic::Vote(crate::ir::VoteKind::Ballot)) => {
                        asked.identity.map_or(Form::Plain, Form::Ballot)
                    }
                    _ => Form::Plain,
                };
                Value::Whole(fact.of_form(form))
            }
            Intrinsic::Slice => Value::Parts(values),
            Intrinsic::Assume(assumption) => match values.into_iter().next() {
                Some(value) => value.map(&mut |fact| assumed(fact, assumption)),
                None => pure,
            },
            // Everything else is computed from its operands. That includes weak reads: a race-free program reads the
            // same where the address is the same.
            _ => pure,
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
