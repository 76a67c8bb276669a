//! Memory instructions: where, how strong, what.

use super::HalfFormat;
use crate::register::Slot;

/// State spaces as an instruction names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Space {
    Generic,
    Global,
    Const,
    /// Shared memory of the block: `.shared` and `.shared::cta`.
    Shared,
    /// Shared memory of all blocks of the cluster: `.shared::cluster`.
    Cluster,
    Local,
    Param,
}

impl Space {
    /// The bits of an address whose base is a register of 32 bits: shared and local addresses have no more.
    #[inline(always)]
    pub(crate) fn address_bits(self) -> u64 {
        match self {
            Space::Shared | Space::Cluster | Space::Local => u32::MAX.into(),
            Space::Generic | Space::Global | Space::Const | Space::Param => u64::MAX,
        }
    }
}

/// Scope of a strong access or fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    Block,
    Cluster,
    Gpu,
    System,
}

/// Memory order of an access (PTX ISA section 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Weak,
    Volatile,
    Relaxed(Scope),
    Acquire(Scope),
    Release(Scope),
    AcquireRelease(Scope),
    Mmio,
}

/// Order of a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fence {
    SequentiallyConsistent(Scope),
    AcquireRelease(Scope),
    Acquire(Scope),
    Release(Scope),
    /// Orders bulk copies of global or shared memory with ordinary accesses.
    Proxy {
        global: bool,
        shared: bool,
    },
    /// Makes the thread's initialised mbarriers visible to bulk copies.
    MbarrierInit,
}

/// A register or constant operand of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) slot: Slot,
    pub(crate) long: bool,
}

/// Atomic operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Atomic {
    Exchange,
    CompareExchange,
    Add,
    And,
    Or,
    Xor,
    MinimumUnsigned,
    MinimumSigned,
    MaximumUnsigned,
    MaximumSigned,
    Increment,
    Decrement,
    AddF32,
    AddF64,
    /// Adds packed 16-bit floats; the flag tells whether there are two.
    AddHalf(HalfFormat, bool),
    MinimumHalf(HalfFormat, bool),
    MaximumHalf(HalfFormat, bool),
}

/// A memory instruction.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MemoryOp {
    pub(crate) space: Space,
    pub(crate) order: Order,
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
    /// Bytes that one lane accesses.
    pub(crate) fn bytes(&self) -> usize {
        let elements = if self.atomic == Some(Atomic::CompareExchange) { 1 } else { self.data.len() };
        usize::from(self.element) * elements
    }
}

/// What a `multimem` instruction does with its place on every GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MulticastAction {
    /// `multimem.ld_reduce`.
    Load(MulticastReduction),
    /// `multimem.st`.
    Store,
    /// `multimem.red`.
    Reduce,
}

/// How the values of the GPUs become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MulticastReduction {
    /// As an atomic operation would make it, one GPU after the other.
    Atomic(Atomic),
    /// A sum of pairs of 16-bit floats that is rounded once: `.acc::f32`.
    SumInF32(HalfFormat),
}

/// A `multimem` instruction: the access to make on every GPU, and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MulticastOp {
    pub(crate) access: MemoryOp,
    pub(crate) action: MulticastAction,
}
