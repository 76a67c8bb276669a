//! Addresses, and weak reads and writes of whole values in as few and as wide instructions as
//! alignment allows.

use crossdock_ptx::table::opcode::Words;
use crossdock_ptx::{LoadCache, opcode};

use super::address::split;
use super::frame::Frame;
use super::scalar::{Data, Width, some};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Base, Class, Register};
use crate::back::layout::{Leaf, LeafType};
use crate::ir::{Expr, LoadHint, Scalar, Space, Span, StoreHint};

some! {
    /// Hints for the caches of a load of read-only data.
    ReadOnlyCache of LoadCache { All Global Streaming }
}

/// How a value is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    Plain,
    Volatile,
    Hinted(LoadHint),
    ReadOnly(Option<LoadHint>),
}

impl Reading {
    fn opcode(self, space: Space, width: Option<Width>, ty: Data) -> Words {
        match self {
            Reading::Plain => opcode!(ld.(space).(width).(ty)),
            Reading::Volatile => opcode!(ld.volatile.(space).(width).(ty)),
            Reading::Hinted(hint) => match hint.cache() {
                Some(cache) => opcode!(ld.global.(cache).(width).(ty)),
                None => opcode!(ld.global.(hint.eviction()).(hint.prefetch()).(width).(ty)),
            },
            Reading::ReadOnly(hint) => {
                let cache = hint.and_then(LoadHint::cache).and_then(|cache| match cache {
                    LoadCache::All => Some(ReadOnlyCache::All),
                    LoadCache::Global => Some(ReadOnlyCache::Global),
                    LoadCache::Streaming => Some(ReadOnlyCache::Streaming),
                    // Validation leaves no such read-only load.
                    LoadCache::LastUse | LoadCache::Uncached => None,
                });
                let (eviction, prefetch) =
                    (hint.and_then(LoadHint::eviction), hint.and_then(LoadHint::prefetch));
                opcode!(ld.global.(cache).nc.(eviction).(prefetch).(width).(ty))
            }
        }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Writing {
    Plain,
    Volatile,
    Hinted(StoreHint),
}

impl Writing {
    fn opcode(self, space: Space, width: Option<Width>, ty: Data) -> Words {
        match self {
            Writing::Plain => opcode!(st.(space).(width).(ty)),
            Writing::Volatile => opcode!(st.volatile.(space).(width).(ty)),
            Writing::Hinted(hint) => match hint.cache() {
                Ok(cache) => opcode!(st.global.(cache).(width).(ty)),
                Err(eviction) => opcode!(st.global.(eviction).(width).(ty)),
            },
        }
    }
}

impl<'p> Specialiser<'p> {
    /// `pointer.read()` and its relatives.
    pub(super) fn read(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        reading: Reading,
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
            let place = Argument::Address(base.clone(), offset + group[0].offset as i64);
            let opcode = reading.opcode(space, Width::of(group.len()), access_type(group));
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

    /// `pointer.write(value)` and its relatives.
    pub(super) fn write(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        writing: Writing,
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
            let place = Argument::Address(base.clone(), offset + group[0].offset as i64);
            let access = access_type(group);
            if let Data::B32 | Data::B64 = access {
                parts.iter_mut().for_each(as_bits);
            }
            let opcode = writing.opcode(space, Width::of(group.len()), access);
            self.body.perform(opcode, vec![place, vector(parts)]);
        }
        Ok(Vec::new())
    }

    /// A byte or word that is not zero, as a predicate.
    pub(super) fn nonzero(&mut self, register: Register, want: &Want) -> Value {
        let result = self.result(want, Class::Predicate);
        self.body.pure(
            opcode!(setp.ne.u32),
            result,
            vec![Argument::Register(register), Argument::Integer(0)],
        );
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

/// Leaves that go into one instruction each: runs of neighbours of one size, as wide as the
/// alignment allows.
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

/// The type of a group; neighbours of different types move as bits.
fn access_type(group: &[Leaf]) -> Data {
    let ty = Data::of(group[0].ty);
    match (group.iter().all(|leaf| Data::of(leaf.ty) == ty), group[0].ty.bytes()) {
        (true, _) => ty,
        (false, 8) => Data::B64,
        (false, _) => Data::B32,
    }
}

/// Where neighbours of different types move as bits, ptxas takes no constant that is written as a
/// number with a point.
fn as_bits(part: &mut Argument) {
    match *part {
        Argument::Float32(bits) => *part = Argument::Integer(bits.into()),
        Argument::Float64(bits) => *part = Argument::Integer(bits.into()),
        _ => {}
    }
}

fn vector(mut parts: Vec<Argument>) -> Argument {
    match parts.len() {
        1 => parts.remove(0),
        _ => Argument::Vector(parts),
    }
}
