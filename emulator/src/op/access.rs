//! Memory instructions: where, how strong, what.

use super::{AtomicOperation, Order, Scope, Space, Type};
use crate::register::{Registers, Slot};

/// The bits of an address whose base is a register of 32 bits: shared and local addresses have no
/// more. Without a space it is generic.
#[inline(always)]
pub(crate) fn address_bits(space: Option<Space>) -> u64 {
    match space {
        Some(Space::Shared | Space::Cluster | Space::Local) => u32::MAX.into(),
        None | Some(Space::Global | Space::Const | Space::Param) => u64::MAX,
    }
}

/// How strong an access is (PTX ISA sections 8.4 and 8.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Weak,
    Volatile,
    Mmio,
    Ordered(Order, Scope),
}

impl Strength {
    /// The scope of a strong access; `None` for a weak one. Volatile and mmio accesses are relaxed
    /// at system scope (PTX ISA sections 8.4.1 and 8.4.2).
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Strength::Weak => None,
            Strength::Volatile | Strength::Mmio => Some(Scope::System),
            Strength::Ordered(_, scope) => Some(scope),
        }
    }

    pub(crate) fn acquires(self) -> bool {
        matches!(self, Strength::Ordered(Order::Acquire | Order::AcquireRelease, _))
    }

    pub(crate) fn releases(self) -> bool {
        matches!(self, Strength::Ordered(Order::Release | Order::AcquireRelease, _))
    }
}

/// What a fence orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fence {
    /// Accesses of the threads of a scope.
    Threads(Order, Scope),
    /// Bulk copies of global or shared memory with ordinary accesses.
    Proxy { global: bool, shared: bool },
    /// Makes the thread's initialised mbarriers visible to bulk copies.
    MbarrierInit,
}

/// A register or constant operand of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) slot: Slot,
    pub(crate) long: bool,
}

/// What becomes of memory and an operand, both of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Atomic {
    pub(crate) operation: AtomicOperation,
    pub(crate) ty: Type,
}

impl Atomic {
    /// Bytes of an element.
    pub(crate) fn bytes(self) -> usize {
        self.ty.bits() as usize / 8
    }
}

/// A memory instruction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MemoryOp {
    /// `None` for a generic address.
    pub(crate) space: Option<Space>,
    pub(crate) strength: Strength,
    /// `ld.global.nc`: the read-only data path.
    pub(crate) non_coherent: bool,
    /// Address register; `None` for an absolute address.
    pub(crate) base: Option<Data>,
    pub(crate) offset: i64,
    /// Bytes of one element: 1, 2, 4, 8 or 16.
    pub(crate) element: u8,
    pub(crate) signed: bool,
    /// Destinations of a load, sources of a store; slot [`NONE`](crate::register::NONE) for `_`.
    pub(crate) data: Vec<Data>,
    /// The operation of `atom` and `red`.
    pub(crate) atomic: Option<Atomic>,
    /// Where `atom` puts the old values.
    pub(crate) old: Vec<Data>,
}

impl MemoryOp {
    /// A weak access to elements of a type.
    pub(crate) fn weak(address: Address, ty: Type, data: Vec<Data>) -> MemoryOp {
        MemoryOp {
            space: address.space,
            strength: Strength::Weak,
            non_coherent: false,
            base: address.base,
            offset: address.offset,
            element: (ty.bits() / 8) as u8,
            signed: ty.is_signed(),
            data,
            atomic: None,
            old: Vec::new(),
        }
    }

    /// Bytes that one lane accesses.
    pub(crate) fn bytes(&self) -> usize {
        let compares = self.atomic.is_some_and(|atomic| atomic.operation == AtomicOperation::CompareExchange);
        usize::from(self.element) * if compares { 1 } else { self.data.len() }
    }
}

/// An address operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Address {
    /// `None` for a generic address.
    pub(crate) space: Option<Space>,
    pub(crate) base: Option<Data>,
    pub(crate) offset: i64,
}

impl Address {
    /// The address of one lane.
    pub(crate) fn of(&self, r: &Registers, lane: usize) -> u64 {
        let base = match self.base {
            Some(Data { slot, long: true }) => r.longs[usize::from(slot)][lane],
            Some(Data { slot, long: false }) => {
                let base = u64::from(r.words[usize::from(slot)][lane]);
                return base.wrapping_add(self.offset as u64) & address_bits(self.space);
            }
            None => 0,
        };
        base.wrapping_add(self.offset as u64)
    }
}
