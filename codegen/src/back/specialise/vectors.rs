//! Read-modify-write operations on several floats at once (PTX ISA section 9.7.13, `atom` and
//! `red`): `.v2.f32` and `.v4.f32`, and 16-bit floats, which lie two in a word. Each float is
//! changed atomically, the whole is not.

use crossdock_ptx::table::opcode::Words;
use crossdock_ptx::{AtomicOperation, opcode};

use super::address::split;
use super::frame::Frame;
use super::scalar::{AtomicOrder, StoreOrder, Width, some};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Class, Register};
use crate::back::layout::LeafType;
use crate::ir::{AtomicOp, Expr, HalfFormat, Order, Scalar, Scope, Space, Span, Type};

/// The floats that an operation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Floats {
    /// So many `f32`.
    Singles(Width),
    /// A word of two 16-bit floats, or so many of them.
    Words(Option<Width>),
}

some! {
    /// What happens to floats.
    FloatChange of AtomicOperation { Add Minimum Maximum }
}

impl Floats {
    /// `atom` and `red` in that space, which is global memory except for sums in one word.
    fn opcodes(
        self,
        change: FloatChange,
        format: HalfFormat,
        (order, scope): (Order, Scope),
        space: Space,
    ) -> [Words; 2] {
        let (order, store_order, pair) = (AtomicOrder::of(order), StoreOrder::of(order), format.pair());
        match self {
            Floats::Singles(width) => [
                opcode!(atom.(order).(scope).global.add.(width).f32),
                opcode!(red.(store_order).(scope).global.add.(width).f32),
            ],
            Floats::Words(None) if change == FloatChange::Add => [
                opcode!(atom.(order).(scope).(space).add.noftz.(pair)),
                opcode!(red.(store_order).(scope).(space).add.noftz.(pair)),
            ],
            Floats::Words(None) => [
                opcode!(atom.(order).(scope).global.(change).noftz.v2.(format)),
                opcode!(red.(store_order).(scope).global.(change).noftz.v2.(format)),
            ],
            Floats::Words(Some(width)) => [
                opcode!(atom.(order).(scope).global.(change).noftz.(width).(pair)),
                opcode!(red.(store_order).(scope).global.(change).noftz.(width).(pair)),
            ],
        }
    }
}

impl<'p> Specialiser<'p> {
    /// What the operation changes, if it is one on several floats.
    pub(super) fn floats(
        &mut self,
        frame: &Frame<'p>,
        op: AtomicOp,
        arguments: &'p [Expr],
    ) -> Outcome<Option<Floats>> {
        let Some(pointer) = arguments.first() else { return Ok(None) };
        let (space, pointee) = self.pointee(frame, pointer)?;
        let is_struct = matches!(pointee, Type::Struct(_));
        let compared = op.half().is_some_and(|(_, name)| name != "add");
        if matches!(op, AtomicOp::Exchange | AtomicOp::CompareExchange) || !(is_struct || compared) {
            return Ok(None);
        }
        let leaves = self.leaves(frame, pointee, pointer.span)?;
        let layout = self.layout(frame, pointee, pointer.span)?;
        let all = |scalar| leaves.iter().all(|leaf| leaf.ty == LeafType::Scalar(scalar));
        let floats = match (op.half(), Width::of(leaves.len())) {
            (None, Some(width)) if op == AtomicOp::Add && all(Scalar::F32) => Floats::Singles(width),
            (Some(_), width) if (width.is_some() || leaves.len() == 1) && all(Scalar::U32) => {
                Floats::Words(width)
            }
            (Some(_), _) => {
                let message = "this operation works on words (u32) of two 16-bit floats: use one, or a struct of 2 or 4 of \
                               them with #[repr(C, align(8))] or #[repr(C, align(16))]";
                return Err(self.mistake(frame, pointer.span, message));
            }
            (None, _) => {
                let message = "PTX has no such atomic operation on this struct: it has `fetch_add` for 2 or 4 `f32`, and \
                               `exchange` and `compare_exchange` for 16 bytes";
                return Err(self.mistake(frame, pointer.span, message));
            }
        };
        let size = 4 * leaves.len() as u64;
        if layout.size != size || layout.align < size {
            let message =
                format!("this operation needs an alignment of {size}: write #[repr(C, align({size}))]");
            return Err(self.mistake(frame, pointer.span, message));
        }
        let scalar = floats == Floats::Words(None) && !compared;
        if space == Space::Shared && !scalar {
            let message = "shared memory has no atomic operation on several floats: change them one by one";
            return Err(self.mistake(frame, pointer.span, message));
        }
        Ok(Some(floats))
    }

    /// The operation; the parts of what it gives, which is nothing if nobody reads it and `red`
    /// does the same.
    pub(super) fn change_floats(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        (op, order, scope): (AtomicOp, Order, Scope),
        arguments: &'p [Expr],
        (floats, is_read): (Floats, bool),
    ) -> Outcome<Vec<Value>> {
        let [pointer, value] = arguments else {
            return Err(self.mistake(frame, span, "this operation takes a pointer and a value"));
        };
        let (space, _) = self.pointee(frame, pointer)?;
        let (base, offset) = split(self.scalar(frame, pointer, &Want::anything())?);
        let values = self.value(frame, value, &Want::anything())?;
        self.at(frame, span);
        let (change, format) = match op.half() {
            Some((format, "min")) => (FloatChange::Minimum, format),
            Some((format, "max")) => (FloatChange::Maximum, format),
            Some((format, _)) => (FloatChange::Add, format),
            None => (FloatChange::Add, HalfFormat::F16),
        };
        let [atom, red] = floats.opcodes(change, format, (order, scope), space);
        let parted = floats == Floats::Words(None) && change != FloatChange::Add;
        let class = if matches!(floats, Floats::Singles(_)) { Class::Float32 } else { Class::Bits32 };
        let given: Vec<Argument> = match (parted, values.first()) {
            (true, Some(word)) => {
                let word = self.register(word, Class::Bits32);
                let halves = self.halves();
                self.body.effect(opcode!(mov.b32), vector(&halves), vec![Argument::Register(word)]);
                halves.into_iter().map(Argument::Register).collect()
            }
            _ => values.iter().map(|value| Argument::Register(self.register(value, class))).collect(),
        };
        let given = if given.len() == 1 { given } else { vec![Argument::Vector(given)] };
        let operands = [vec![Argument::Address(base, offset)], given].concat();
        if !is_read && matches!(order, Order::Relaxed | Order::Release) {
            self.body.perform(red, operands);
            return Ok(Vec::new());
        }
        if parted {
            let halves = self.halves();
            self.body.effect(atom, vector(&halves), operands);
            let word = self.body.register(Class::Bits32, None);
            self.body.pure(opcode!(mov.b32), word, vec![vector(&halves)]);
            return Ok(vec![Value::Register(word)]);
        }
        let old: Vec<Register> = values.iter().map(|_| self.body.register(class, None)).collect();
        let result = match old.as_slice() {
            [one] => Argument::Register(*one),
            several => vector(several),
        };
        self.body.effect(atom, result, operands);
        Ok(old.into_iter().map(Value::Register).collect())
    }

    fn halves(&mut self) -> [Register; 2] {
        [(); 2].map(|()| self.body.register(Class::Bits16, None))
    }
}

fn vector(parts: &[Register]) -> Argument {
    Argument::Vector(parts.iter().copied().map(Argument::Register).collect())
}
