//! Addresses, and weak reads and writes of whole values in as few and as wide instructions as alignment allows.

use super::address::split;
use super::frame::Frame;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Base, Class, Register};
use crate::back::layout::{Leaf, LeafType};
use crate::ir::{Expr, Scalar, Space, Span};

/// The PTX name of a pointer's space.
pub(super) fn space_name(space: Space) -> &'static str {
    match space {
        Space::Global | Space::Peer => "global",
        Space::Shared => "shared",
    }
}

/// The type suffix of a load or store of one leaf.
pub(super) fn memory_type(ty: LeafType) -> &'static str {
    match ty {
        LeafType::Scalar(Scalar::Bool | Scalar::U8) => "u8",
        LeafType::Scalar(Scalar::I8) => "s8",
        LeafType::Scalar(Scalar::U16) => "u16",
        LeafType::Scalar(Scalar::I16) => "s16",
        LeafType::Scalar(scalar) => super::arithmetic::suffix(scalar),
        LeafType::Pointer(Space::Shared) => "u32",
        LeafType::Pointer(_) => "u64",
    }
}

impl<'p> Specialiser<'p> {
    /// `pointer.read()` and its relatives, which differ in modifiers.
    pub(super) fn read(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        (before, modifiers): (&str, &str),
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let [pointer] = arguments else {
            return Err(self.mistake(frame, expression.span, "`read` takes a pointer"));
        };
        let (space, pointee) = self.pointee(frame, pointer)?;
        let leaves = self.leaves(frame, pointee, expression.span)?;
        let align = self.layout(frame, pointee, expression.span)?.align;
        let address = self.scalar(frame, pointer, &Want::anything())?;
        let (base, offset) = self.reach(address, &leaves, space);
        self.at(frame, expression.span);
        let mut values = Vec::with_capacity(leaves.len());
        let mut start = 0;
        for group in groups(&leaves, align) {
            let registers: Vec<(Register, LeafType)> = group
                .iter()
                .enumerate()
                .map(|(index, leaf)| {
                    let loaded = match leaf.ty {
                        LeafType::Scalar(Scalar::Bool) => self.body.register(Class::Bits32, None),
                        ty => self.result(&want.part(start + index, 1, &leaf.suffix), ty.class()),
                    };
                    (loaded, leaf.ty)
                })
                .collect();
            let parts = registers.iter().map(|(register, _)| Argument::Register(*register)).collect();
            let opcode = format!("ld{before}.{}{modifiers}{}", space_name(space), access_type(group));
            let place = Argument::Address(base.clone(), offset + group[0].offset as i64);
            self.body.effect(opcode, vector(parts), vec![place]);
            for (index, (register, ty)) in registers.into_iter().enumerate() {
                let wish = want.part(start + index, 1, &group[index].suffix);
                values.push(match ty {
                    LeafType::Scalar(Scalar::Bool) => self.nonzero(register, &wish),
                    _ => Value::Register(register),
                });
            }
            start += group.len();
        }
        Ok(values)
    }

    /// `pointer.write(value)` and `write_hinted`, which differ in modifiers.
    pub(super) fn write(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        (before, modifiers): (&str, &str),
        arguments: &'p [Expr],
    ) -> Outcome<Vec<Value>> {
        let [pointer, value] = arguments else {
            return Err(self.mistake(frame, span, "`write` takes a pointer and a value"));
        };
        let (space, pointee) = self.pointee(frame, pointer)?;
        let leaves = self.leaves(frame, pointee, span)?;
        let align = self.layout(frame, pointee, span)?.align;
        let address = self.scalar(frame, pointer, &Want::anything())?;
        let values = self.value(frame, value, &Want::anything())?;
        let (base, offset) = self.reach(address, &leaves, space);
        self.at(frame, span);
        let mut values = values.into_iter();
        for group in groups(&leaves, align) {
            let mut parts = Vec::with_capacity(group.len());
            for (leaf, value) in group.iter().zip(values.by_ref()) {
                parts.push(match leaf.ty {
                    LeafType::Scalar(Scalar::Bool) => {
                        let byte =
                            self.cast(frame, span, value, Scalar::Bool, Scalar::U32, &Want::anything())?;
                        self.argument(&byte, Class::Bits32)
                    }
                    ty => self.argument(&value, ty.class()),
                });
            }
            let opcode = format!("st{before}.{}{modifiers}{}", space_name(space), access_type(group));
            let place = Argument::Address(base.clone(), offset + group[0].offset as i64);
            self.body.perform(opcode, vec![place, vector(parts)]);
        }
        Ok(Vec::new())
    }

    /// A byte or word that is not zero, as a predicate.
    pub(super) fn nonzero(&mut self, register: Register, want: &Want) -> Value {
        let result = self.result(want, Class::Predicate);
        self.body.pure("setp.ne.u32", result, vec![Argument::Register(register), Argument::Integer(0)]);
        Value::Register(result)
    }

    /// Base and offset from which every leaf is within an instruction's reach.
    fn reach(&mut self, address: Value, leaves: &[Leaf], space: Space) -> (Base, i64) {
        let (base, offset) = split(address);
        let last = leaves.last().map_or(0, |leaf| leaf.offset as i64);
        if offset.checked_add(last).is_some_and(|far| i32::try_from(far).is_ok()) {
            return (base, offset);
        }
        let start = self.register(&Value::Address(base, offset), LeafType::Pointer(space).class());
        (Base::Register(start), 0)
    }
}

impl Value {
    /// An address without offset from a register is the register.
    pub(super) fn simplified(self) -> Value {
        match self {
            Value::Address(Base::Register(register), 0) => Value::Register(register),
            value => value,
        }
    }
}

/// Leaves that go into one instruction each: runs of neighbours of one size, as wide as the alignment allows.
fn groups(leaves: &[Leaf], align: u64) -> Vec<&[Leaf]> {
    let mut groups = Vec::new();
    let mut rest = leaves;
    while let Some(first) = rest.first() {
        let bytes = first.ty.bytes();
        let fits = |count: &usize| {
            let width = bytes * *count as u64;
            *count <= rest.len()
                && width <= 16
                && bytes >= 4
                && align.is_multiple_of(width)
                && first.offset.is_multiple_of(width)
                && rest[..*count].iter().enumerate().all(|(index, leaf)| {
                    leaf.ty.bytes() == bytes && leaf.offset == first.offset + index as u64 * bytes
                })
        };
        let count = [4, 2].into_iter().find(fits).unwrap_or(1);
        let (group, others) = rest.split_at(count);
        groups.push(group);
        rest = others;
    }
    groups
}

/// `.v4.u32`; neighbours of different types move as bits.
fn access_type(group: &[Leaf]) -> String {
    let ty = memory_type(group[0].ty);
    let same = group.iter().all(|leaf| memory_type(leaf.ty) == ty);
    let ty = match (same, group[0].ty.bytes()) {
        (true, _) => ty,
        (false, 8) => "b64",
        (false, _) => "b32",
    };
    match group.len() {
        1 => format!(".{ty}"),
        count => format!(".v{count}.{ty}"),
    }
}

fn vector(mut parts: Vec<Argument>) -> Argument {
    match parts.len() {
        1 => parts.remove(0),
        _ => Argument::Vector(parts),
    }
}
