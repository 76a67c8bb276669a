//! Shuffles, votes, barriers, sleep and traps.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::scalar::Bits;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Class, Register};
use crate::back::layout::LeafType;
use crate::ir::{Expr, Intrinsic, Scalar, ShuffleKind, Span, VoteKind};

impl<'p> Specialiser<'p> {
    /// `shuffle(value, lane)` and its relatives: one instruction for every 32 bits.
    pub(super) fn shuffle(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        kind: ShuffleKind,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let span = expression.span;
        let [value, lane, members] = arguments else {
            return Err(self.mistake(frame, span, "`shuffle` takes a value, a lane and the member lanes"));
        };
        let leaves = self.leaves(frame, &value.ty, span)?;
        let values = self.value(frame, value, &Want::anything())?;
        let lane = self.scalar(frame, lane, &Want::anything())?;
        let members = self.scalar(frame, members, &Want::anything())?;
        self.at(frame, span);
        let (lane, members) = (self.argument(&lane, Class::Bits32), self.argument(&members, Class::Bits32));
        let (opcode, bound) = match kind {
            ShuffleKind::Index => (opcode!(shfl.sync.idx.b32), 31),
            ShuffleKind::Up => (opcode!(shfl.sync.up.b32), 0),
            ShuffleKind::Down => (opcode!(shfl.sync.down.b32), 31),
            ShuffleKind::Xor => (opcode!(shfl.sync.bfly.b32), 31),
        };
        let control = [lane, Argument::Integer(bound), members];
        let mut results = Vec::with_capacity(leaves.len());
        for (index, (leaf, value)) in leaves.iter().zip(values).enumerate() {
            let want = want.part(index, 1, &leaf.suffix);
            let shuffle = |this: &mut Self, from: Register, to: Register| {
                let mut sources = vec![Argument::Register(from)];
                sources.extend(control.iter().cloned());
                this.body.effect(opcode.clone(), Argument::Register(to), sources);
            };
            let class = leaf.ty.class();
            results.push(match class {
                Class::Bits16 | Class::Bits128 => {
                    return Err(self.mistake(frame, span, "a shuffle moves whole values"));
                }
                Class::Predicate => {
                    let word = self.cast(frame, span, value, Scalar::Bool, Scalar::U32, &Want::anything())?;
                    let word = self.register(&word, Class::Bits32);
                    let arrived = self.body.register(Class::Bits32, None);
                    shuffle(self, word, arrived);
                    self.nonzero(arrived, &want)
                }
                Class::Bits32 | Class::Float32 => {
                    let from = self.register(&value, class);
                    let result = self.result(&want, class);
                    shuffle(self, from, result);
                    Value::Register(result)
                }
                Class::Bits64 | Class::Float64 => {
                    let from = self.register(&value, class);
                    let halves =
                        [self.body.register(Class::Bits32, None), self.body.register(Class::Bits32, None)];
                    let arrived =
                        [self.body.register(Class::Bits32, None), self.body.register(Class::Bits32, None)];
                    self.body.push(crate::back::emit::Instruction {
                        opcode: opcode!(mov.b64),
                        arguments: vec![
                            Argument::Vector(halves.map(Argument::Register).to_vec()),
                            Argument::Register(from),
                        ],
                        results: 1,
                        pure: true,
                        guard: None,
                    });
                    for (from, to) in halves.into_iter().zip(arrived) {
                        shuffle(self, from, to);
                    }
                    let result = self.result(&want, class);
                    let parts = Argument::Vector(arrived.map(Argument::Register).to_vec());
                    self.body.pure(opcode!(mov.b64), result, vec![parts]);
                    Value::Register(result)
                }
            });
        }
        Ok(results)
    }

    /// `any`, `all`, `ballot`.
    pub(super) fn vote(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        kind: VoteKind,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let [asked, members] = arguments else {
            return Err(self.mistake(frame, span, "a vote takes a bool and the member lanes"));
        };
        let asked = self.scalar(frame, asked, &Want::anything())?;
        let members = self.scalar(frame, members, &Want::anything())?;
        self.at(frame, span);
        let sources = vec![self.argument(&asked, Class::Predicate), self.argument(&members, Class::Bits32)];
        let (opcode, class) = match kind {
            VoteKind::Any => (opcode!(vote.sync.any.pred), Class::Predicate),
            VoteKind::All => (opcode!(vote.sync.all.pred), Class::Predicate),
            VoteKind::Ballot => (opcode!(vote.sync.ballot.b32), Class::Bits32),
        };
        let result = self.result(want, class);
        self.body.effect(opcode, Argument::Register(result), sources);
        Ok(Value::Register(result))
    }

    /// `match_any`: the lanes that have the same value.
    pub(super) fn match_any(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let [value, members] = arguments else {
            return Err(self.mistake(frame, span, "`match_any` takes a value and the member lanes"));
        };
        let scalar = self.scalar_type(frame, value)?;
        let class = LeafType::Scalar(scalar).class();
        let value = self.scalar(frame, value, &Want::anything())?;
        let members = self.scalar(frame, members, &Want::anything())?;
        self.at(frame, span);
        let value = Argument::Register(self.register(&value, class));
        let members = self.argument(&members, Class::Bits32);
        let result = self.result(want, Class::Bits32);
        let opcode = opcode!(match.any.sync.(Bits::of(scalar)));
        self.body.effect(opcode, Argument::Register(result), vec![value, members]);
        Ok(Value::Register(result))
    }

    /// Barriers, sleep and trap.
    pub(super) fn wait(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        intrinsic: Intrinsic,
        arguments: &'p [Expr],
    ) -> Outcome<Vec<Value>> {
        let mut operands = Vec::new();
        for argument in arguments {
            let value = self.scalar(frame, argument, &Want::anything())?;
            operands.push(self.argument(&value, Class::Bits32));
        }
        self.at(frame, span);
        let opcode = match intrinsic {
            Intrinsic::WarpBarrier => opcode!(bar.warp.sync),
            Intrinsic::BlockBarrier => {
                operands = vec![Argument::Integer(0)];
                opcode!(bar.sync)
            }
            Intrinsic::Nanosleep => opcode!(nanosleep.u32),
            _ => opcode!(trap),
        };
        self.body.perform(opcode, operands);
        Ok(Vec::new())
    }
}
