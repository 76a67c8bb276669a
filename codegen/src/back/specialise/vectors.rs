//! Read-modify-write operations on several floats at once (PTX ISA section 9.7.13, `atom` and `red`): `.v2.f32` and `.v4.f32`, and
//! 16-bit floats, which lie two in a word. Each float is changed atomically, the whole is not.

use super::address::split;
use super::frame::Frame;
use super::memory::space_name;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Class, Register};
use crate::back::layout::LeafType;
use crate::ir::{AtomicOp, Expr, HalfFormat, Order, Scalar, Scope, Space, Span, Type};

/// The floats that an operation changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Floats {
    /// So many `f32`.
    Singles(usize),
    /// So many words of two 16-bit floats.
    Words(usize),
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
        let floats = match (op.half(), leaves.len()) {
            (None, count @ (2 | 4)) if op == AtomicOp::Add && all(Scalar::F32) => Floats::Singles(count),
            (Some(_), count @ (1 | 2 | 4)) if all(Scalar::U32) => Floats::Words(count),
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
        let scalar = floats == Floats::Words(1) && !compared;
        if space == Space::Shared && !scalar {
            let message = "shared memory has no atomic operation on several floats: change them one by one";
            return Err(self.mistake(frame, pointer.span, message));
        }
        Ok(Some(floats))
    }

    /// The operation; the parts of what it gives, which is nothing if nobody reads it and `red` does the same.
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
        let (name, format) = match op.half() {
            Some((format, name)) => (name, Some(format)),
            None => ("add", None),
        };
        let half = if format == Some(HalfFormat::Bf16) { "bf16" } else { "f16" };
        let operation = match floats {
            Floats::Singles(count) => format!("add.v{count}.f32"),
            Floats::Words(1) if name == "add" => format!("add.noftz.{half}x2"),
            Floats::Words(1) => format!("{name}.noftz.v2.{half}"),
            Floats::Words(count) => format!("{name}.noftz.v{count}.{half}x2"),
        };
        let parted = floats == Floats::Words(1) && name != "add";
        let class = if floats == Floats::Singles(values.len()) { Class::Float32 } else { Class::Bits32 };
        let given: Vec<Argument> = match (parted, values.first()) {
            (true, Some(word)) => {
                let word = self.register(word, Class::Bits32);
                let halves = self.halves();
                self.body.effect("mov.b32", vector(&halves), vec![Argument::Register(word)]);
                halves.into_iter().map(Argument::Register).collect()
            }
            _ => values.iter().map(|value| Argument::Register(self.register(value, class))).collect(),
        };
        let given = if given.len() == 1 { given } else { vec![Argument::Vector(given)] };
        let operands = [vec![Argument::Address(base, offset)], given].concat();
        let tail = format!("{}.{}.{}.{operation}", order.modifier(), scope.modifier(), space_name(space));
        if !is_read && matches!(order, Order::Relaxed | Order::Release) {
            self.body.perform(format!("red.{tail}"), operands);
            return Ok(Vec::new());
        }
        let opcode = format!("atom.{tail}");
        if parted {
            let halves = self.halves();
            self.body.effect(opcode, vector(&halves), operands);
            let word = self.body.register(Class::Bits32, None);
            self.body.pure("mov.b32", word, vec![vector(&halves)]);
            return Ok(vec![Value::Register(word)]);
        }
        let old: Vec<Register> = values.iter().map(|_| self.body.register(class, None)).collect();
        let result = match old.as_slice() {
            [one] => Argument::Register(*one),
            several => vector(several),
        };
        self.body.effect(opcode, result, operands);
        Ok(old.into_iter().map(Value::Register).collect())
    }

    fn halves(&mut self) -> [Register; 2] {
        [(); 2].map(|()| self.body.register(Class::Bits16, None))
    }
}

fn vector(parts: &[Register]) -> Argument {
    Argument::Vector(parts.iter().copied().map(Argument::Register).collect())
}
