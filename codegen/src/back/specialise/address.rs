//! Addresses: constant distances go into the instruction that uses them, indices are scaled and
//! added in one.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::scalar::{Integer, narrow};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Base, Class, Register};
use crate::back::layout::LeafType;
use crate::ir::{BinaryOp, Expr, Scalar, Space, Span, Type};

impl<'p> Specialiser<'p> {
    /// The space and pointee of a pointer expression.
    pub(super) fn pointee(&mut self, frame: &Frame<'_>, pointer: &'p Expr) -> Outcome<(Space, &'p Type)> {
        match &pointer.ty {
            Type::Pointer(space, pointee) => Ok((*space, pointee)),
            _ => Err(self.mistake(frame, pointer.span, "a pointer is needed here")),
        }
    }

    /// `pointer.at(index)`.
    pub(super) fn offset(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let [pointer, index] = arguments else {
            return Err(self.mistake(frame, expression.span, "`at` takes a pointer and an index"));
        };
        let (space, pointee) = self.pointee(frame, pointer)?;
        let size = self.layout(frame, pointee, pointer.span)?.size;
        let start = self.scalar(frame, pointer, &Want::anything())?;
        // A widened 32-bit index is scaled, widened and added in one instruction.
        let index = narrow(index).unwrap_or(index);
        let index_type = self.scalar_type(frame, index)?;
        let position = self.scalar(frame, index, &Want::anything())?;
        let (base, offset) = split(start);
        if let Value::Constant(Constant::Integer(position)) = position {
            let further =
                position.checked_mul(i128::from(size)).and_then(|bytes| bytes.checked_add(offset.into()));
            return match further.and_then(|further| i32::try_from(further).ok()) {
                Some(further) => Ok(Value::Address(base, i64::from(further))),
                None => self.far(frame, expression.span, (base, offset), position, size, want),
            };
        }
        let class = LeafType::Pointer(space).class();
        let whole = offset == 0;
        let start = self.register(&Value::Address(base.clone(), 0), class);
        let start = match base {
            Base::Register(register) => register,
            Base::Symbol(_) => start,
        };
        let want = if whole { want.clone() } else { Want { name: want.name.clone(), into: None } };
        let address = self.scaled(frame, expression.span, start, (position, index_type), size, &want)?;
        Ok(Value::Address(Base::Register(address), offset).simplified())
    }

    /// An address so far away that its distance does not fit into an instruction.
    pub(super) fn far(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        (base, offset): (Base, i64),
        position: i128,
        size: u64,
        want: &Want,
    ) -> Outcome<Value> {
        let bytes = position.checked_mul(i128::from(size)).and_then(|bytes| i64::try_from(bytes).ok());
        let Some(bytes) = bytes else {
            return Err(self.mistake(frame, span, "this index reaches beyond the address space"));
        };
        let class = match &base {
            Base::Register(register) => self.body.class(*register),
            Base::Symbol(_) => Class::Bits32,
        };
        let start = self.register(&Value::Address(base, 0).simplified(), class);
        let total = i128::from(bytes) + i128::from(offset);
        let result = self.result(want, class);
        let add = if class == Class::Bits64 { opcode!(add.s64) } else { opcode!(add.s32) };
        self.body.pure(add, result, vec![Argument::Register(start), Argument::Integer(total)]);
        Ok(Value::Register(result))
    }

    /// `start + position * size`.
    pub(super) fn scaled(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        start: Register,
        (position, index_type): (Value, Scalar),
        size: u64,
        want: &Want,
    ) -> Outcome<Register> {
        let class = self.body.class(start);
        let start = Argument::Register(start);
        let scale = Argument::Integer(i128::from(size));
        if class == Class::Bits64 && index_type == Scalar::U32 && size <= u64::from(u32::MAX) {
            let position = self.argument(&position, Class::Bits32);
            let result = self.result(want, Class::Bits64);
            self.body.pure(opcode!(mad.wide.u32), result, vec![position, scale, start]);
            return Ok(result);
        }
        let target = if class == Class::Bits64 { Scalar::U64 } else { Scalar::U32 };
        let position = self.cast(frame, span, position, index_type, target, &Want::anything())?;
        if size.is_power_of_two() {
            let factor = Value::Constant(Constant::Integer(i128::from(size)));
            let bytes =
                self.binary(frame, span, BinaryOp::Multiply, target, (position, factor), &Want::anything())?;
            let bytes = self.argument(&bytes, class);
            let result = self.result(want, class);
            let add = if class == Class::Bits64 { opcode!(add.s64) } else { opcode!(add.s32) };
            self.body.pure(add, result, vec![start, bytes]);
            return Ok(result);
        }
        let position = self.argument(&position, class);
        let result = self.result(want, class);
        self.body.pure(opcode!(mad.lo.(Integer::of(target))), result, vec![position, scale, start]);
        Ok(result)
    }

    /// `peers.rank(rank)`: the address of that rank's copy.
    pub(super) fn peer_rank(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let [table, rank] = arguments else {
            return Err(self.mistake(frame, span, "`rank` takes a table of peers and a rank"));
        };
        let table = self.scalar(frame, table, &Want::anything())?;
        let index_type = self.scalar_type(frame, rank)?;
        let rank = self.scalar(frame, rank, &Want::anything())?;
        let (base, offset) = split(table);
        let entry = match rank {
            Value::Constant(Constant::Integer(rank)) if rank < 1 << 24 => {
                Argument::Address(base, offset + rank as i64 * 8)
            }
            rank => {
                let start = self.register(&Value::Address(base, offset).simplified(), Class::Bits64);
                let entry = self.scaled(frame, span, start, (rank, index_type), 8, &Want::anything())?;
                Argument::Address(Base::Register(entry), 0)
            }
        };
        self.at(frame, span);
        let result = self.result(want, Class::Bits64);
        self.body.effect(opcode!(ld.global.u64), Argument::Register(result), vec![entry]);
        Ok(Value::Register(result))
    }
}

/// Base and offset of a pointer value.
pub(super) fn split(value: Value) -> (Base, i64) {
    match value {
        Value::Address(base, offset) => (base, offset),
        Value::Register(register) | Value::Not(register) => (Base::Register(register), 0),
        // Pointers are never constants: no expression makes one.
        Value::Constant(_) => (Base::Symbol("null".to_string()), 0),
    }
}
