//! Strong operations on sixteen bytes at once: `ld`, `st`, `atom.exch` and `atom.cas` of the type
//! `.b128` (PTX ISA section 9.7.9, `ld`; 9.7.13.5, `atom`). The parts of the value stay in
//! registers of their own; a `mov` puts them together.

use crossdock_ptx::opcode;

use super::address::split;
use super::frame::Frame;
use super::scalar::{AtomicOrder, LoadOrder, StoreOrder};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Class, Register};
use crate::back::layout::{Leaf, LeafType};
use crate::ir::{AtomicOp, Expr, Intrinsic, Scalar, Span, Type};

impl<'p> Specialiser<'p> {
    /// The parts of what the first argument points to, if that is a struct: it must be one of
    /// sixteen bytes, aligned to them.
    pub(super) fn sixteen_bytes(
        &mut self,
        frame: &Frame<'p>,
        arguments: &'p [Expr],
    ) -> Outcome<Option<Vec<Leaf>>> {
        let Some(pointer) = arguments.first() else { return Ok(None) };
        let (_, pointee) = self.pointee(frame, pointer)?;
        if !matches!(pointee, Type::Struct(_)) {
            return Ok(None);
        }
        let leaves = self.leaves(frame, pointee, pointer.span)?;
        let layout = self.layout(frame, pointee, pointer.span)?;
        let words = leaves
            .iter()
            .all(|leaf| leaf.ty != LeafType::Scalar(Scalar::Bool) && matches!(leaf.ty.bytes(), 4 | 8));
        let filled = leaves.iter().map(|leaf| leaf.ty.bytes()).sum::<u64>() == 16;
        if layout.size != 16 || layout.align < 16 || !words || !filled {
            let message = "this operation moves a number, or a struct of 16 bytes in parts of 4 or 8 bytes with \
                           #[repr(C, align(16))]: use such a one";
            return Err(self.mistake(frame, pointer.span, message));
        }
        Ok(Some(leaves))
    }

    /// The operation; the parts of what it gives.
    pub(super) fn wide(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        intrinsic: Intrinsic,
        arguments: &'p [Expr],
        leaves: &[Leaf],
    ) -> Outcome<Vec<Value>> {
        let Some((pointer, values)) = arguments.split_first() else {
            return Err(self.mistake(frame, span, "this operation takes a pointer"));
        };
        let (space, _) = self.pointee(frame, pointer)?;
        let address = self.scalar(frame, pointer, &Want::anything())?;
        let (base, offset) = split(address);
        let mut given = Vec::new();
        for value in values {
            given.push(self.value(frame, value, &Want::anything())?);
        }
        self.at(frame, span);
        let mut operands = vec![Argument::Address(base, offset)];
        for value in given {
            operands.push(Argument::Register(self.joined_bytes(&value, leaves)));
        }
        let opcode = match intrinsic {
            Intrinsic::Load(order, scope) => opcode!(ld.(LoadOrder::of(order)).(scope).(space).b128),
            Intrinsic::Store(order, scope) => {
                self.body.perform(opcode!(st.(StoreOrder::of(order)).(scope).(space).b128), operands);
                return Ok(Vec::new());
            }
            Intrinsic::Atomic(AtomicOp::Exchange, order, scope) => {
                opcode!(atom.(AtomicOrder::of(order)).(scope).(space).exch.b128)
            }
            Intrinsic::Atomic(AtomicOp::CompareExchange, order, scope) => {
                opcode!(atom.(AtomicOrder::of(order)).(scope).(space).cas.b128)
            }
            _ => {
                let message =
                    "PTX has no such atomic operation on 16 bytes: use `exchange` or `compare_exchange`";
                return Err(self.mistake(frame, span, message));
            }
        };
        let result = self.body.register(Class::Bits128, None);
        self.body.effect(opcode, Argument::Register(result), operands);
        Ok(self.parted_bytes(result, leaves))
    }

    /// One register of all parts.
    fn joined_bytes(&mut self, values: &[Value], leaves: &[Leaf]) -> Register {
        let parts: Vec<(Argument, u64)> = values
            .iter()
            .zip(leaves)
            .map(|(value, leaf)| (Argument::Register(self.register(value, leaf.ty.class())), leaf.ty.bytes()))
            .collect();
        let (mut halves, mut low) = (Vec::new(), None);
        for (part, bytes) in parts {
            match (bytes, low.take()) {
                (8, _) => halves.push(part),
                (_, None) => low = Some(part),
                (_, Some(low)) => {
                    let half = self.body.register(Class::Bits64, None);
                    self.body.pure(opcode!(mov.b64), half, vec![Argument::Vector(vec![low, part])]);
                    halves.push(Argument::Register(half));
                }
            }
        }
        let whole = self.body.register(Class::Bits128, None);
        self.body.pure(opcode!(mov.b128), whole, vec![Argument::Vector(halves)]);
        whole
    }

    /// The parts of one register.
    fn parted_bytes(&mut self, whole: Register, leaves: &[Leaf]) -> Vec<Value> {
        let halves = [(); 2].map(|()| self.body.register(Class::Bits64, None));
        let both = Argument::Vector(halves.map(Argument::Register).to_vec());
        self.body.effect(opcode!(mov.b128), both, vec![Argument::Register(whole)]);
        let mut values = Vec::new();
        for (half, register) in (0u64..).zip(halves) {
            let inside: Vec<&Leaf> = leaves.iter().filter(|leaf| leaf.offset / 8 == half).collect();
            if let [leaf] = inside.as_slice() {
                let value = match leaf.ty.class() {
                    Class::Bits64 => register,
                    class => {
                        let value = self.body.register(class, None);
                        self.body.pure(opcode!(mov.b64), value, vec![Argument::Register(register)]);
                        value
                    }
                };
                values.push(Value::Register(value));
                continue;
            }
            let parts: Vec<Register> =
                inside.iter().map(|leaf| self.body.register(leaf.ty.class(), None)).collect();
            let both = Argument::Vector(parts.iter().copied().map(Argument::Register).collect());
            self.body.effect(opcode!(mov.b64), both, vec![Argument::Register(register)]);
            values.extend(parts.into_iter().map(Value::Register));
        }
        values
    }
}
