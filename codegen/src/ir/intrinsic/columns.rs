//! The columns of the table: what can be said of an operation.

use std::fmt;

use super::parameters::{Assumption, Axis, ShuffleKind, VoteKind};
use crate::ir::types::{Scalar, Space, Type};

/// What the table says of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// What the text form calls it, without order and scope.
    pub name: Name,
    /// How Rust code writes it.
    pub call: Call,
    /// Its operands.
    pub takes: &'static [Kind],
    /// Its result.
    pub gives: Kind,
    /// What it takes, for messages.
    pub needs: &'static str,
    /// Its name in Rust, if that is another one.
    pub(super) rust: Option<&'static str>,
    /// What messages call it, if not by its name in Rust.
    pub(super) called: Option<&'static str>,
    /// What a local that holds the result is called.
    pub temporary: &'static str,
    /// Whether and when it may be evaluated where nobody needs it.
    pub cost: Cost,
    /// Which threads must be there for it, and among which the result is the same.
    pub threads: Threads,
}

/// A name in parts.
#[derive(Clone, Copy, Debug)]
pub struct Name([&'static str; 4]);

impl Name {
    pub(super) fn new<const N: usize>(parts: [&'static str; N]) -> Name {
        let mut name = Name([""; 4]);
        name.0[..N].copy_from_slice(&parts);
        name
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| f.write_str(part))
    }
}

/// How Rust code writes an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `name(a, b)`. With member lanes as the last operand there are two: `name(a)` of all lanes,
    /// `name_among(members, a)`.
    Function,
    /// `a.name(b)`.
    Method,
}

/// The type of an operand or of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// No value.
    Unit,
    /// No value: control does not come back.
    Never,
    /// That scalar.
    Is(Scalar),
    /// Anything that fits registers.
    Any,
    /// An integer or a float.
    Number,
    /// A signed integer or a float.
    Signed,
    /// An integer.
    Integer,
    /// A float.
    Float,
    /// A scalar of 32 or 64 bits.
    Word,
    /// A float or an unsigned integer of its width; as a result, the other one of both.
    Bits,
    /// That of the first operand, or of what that points to.
    Same,
    /// The mask of the lanes that take part, a `u32`.
    Members,
    /// A pointer.
    Pointer(Reach, Content),
    /// The pointer that the first operand is.
    Moved,
    /// A `u32` or a `u64`.
    Index,
    /// The copies of all ranks.
    Peers,
    /// A pointer into one of the copies.
    Copy,
    /// A slice that begins at the first operand.
    Slice,
    /// The pointer type that is written in the expression: into the same space as the first
    /// operand, or else shared memory.
    Written,
    /// The type of a slice that is written in the expression, of shared memory.
    WrittenSlice,
}

impl Kind {
    /// Whether a scalar of that type is meant.
    pub fn includes(self, scalar: Scalar) -> bool {
        match self {
            Kind::Any => true,
            Kind::Is(one) => scalar == one,
            Kind::Members => scalar == Scalar::U32,
            Kind::Index => matches!(scalar, Scalar::U32 | Scalar::U64),
            Kind::Number => scalar != Scalar::Bool,
            Kind::Signed => scalar.is_signed() || scalar.is_float(),
            Kind::Integer => scalar.is_integer(),
            Kind::Float => scalar.is_float(),
            Kind::Word => scalar.bytes() >= 4,
            Kind::Bits => scalar.is_float() || matches!(scalar, Scalar::U32 | Scalar::U64),
            _ => false,
        }
    }
}

/// Where a pointer may point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Into any memory.
    Anywhere,
    /// Into the global memory of this rank or of another.
    Global,
    /// Into the global memory of this rank.
    Own,
}

impl Reach {
    /// Whether a pointer into that space is meant.
    pub fn includes(self, space: Space) -> bool {
        match self {
            Reach::Anywhere => true,
            Reach::Global => space != Space::Shared,
            Reach::Own => space == Space::Global,
        }
    }
}

/// What a pointer may point to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Anything that may lie in memory.
    Any,
    /// A number of 8 to 64 bits.
    Number,
    /// A number of 8 to 64 bits, or a struct of 16 bytes.
    Strong,
    /// What has the read-modify-write operation.
    Atomic,
}

/// What evaluating an operation costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// So many instructions, and nothing but its operands is read or changed.
    Operations(u32),
    /// More instructions than a branch around it, and nothing but its operands is read or changed.
    Many,
    /// It reads or changes something else: it stays where it is written.
    Effect,
}

/// Which threads an operation needs, and among which its result is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threads {
    /// Each thread for itself; the result differs as the operands do. So do weak reads: a race-free
    /// program reads the same where the address is the same.
    Alone,
    /// Each thread for itself; every lane has a result of its own, which messages call so.
    EachLane(&'static str),
    /// As `EachLane`, the index of the thread in its block.
    ThreadIndex(&'static str),
    /// Each thread for itself; the result is the index of the thread along that dimension of its
    /// block.
    ThreadOn(Axis),
    /// All threads of the block.
    Block,
    /// All threads of the warp role around it.
    Role,
    /// All threads of the warps that name the barrier; the result is the same for all of them.
    Named,
    /// The member lanes.
    Members,
    /// The member lanes, which give each other values.
    Shuffle(ShuffleKind),
    /// The member lanes, which learn the same.
    Vote(VoteKind),
    /// The member lanes, which learn the mask of those with their own value.
    Groups,
    /// Each thread for itself; the result is what the operand is, believed to be the same among
    /// more threads.
    Assume(Assumption),
    /// Each thread for itself; the result has the operands as its parts.
    Parts,
}

impl Row {
    /// What messages call it.
    pub fn called(&self) -> String {
        self.called.map_or_else(|| format!("`{}`", self.rust_name()), str::to_string)
    }

    /// Its name in Rust.
    pub(crate) fn rust_name(&self) -> String {
        self.rust.map_or_else(|| self.name.to_string(), str::to_string)
    }

    /// Whether its last operand is the mask of the lanes that take part.
    pub fn has_members(&self) -> bool {
        self.takes.last() == Some(&Kind::Members)
    }

    /// What [`Kind::Same`] is with that first operand.
    pub fn same<'t>(&self, first: &'t Type) -> Option<&'t Type> {
        match (self.takes.first(), first) {
            (Some(Kind::Pointer(..)), Type::Pointer(_, content)) => Some(content),
            (Some(Kind::Pointer(..)), _) => None,
            _ => Some(first),
        }
    }

    /// The type of the result with that first operand; none where only the expression says it.
    pub fn result(&self, first: Option<&Type>) -> Option<Type> {
        Some(match self.gives {
            Kind::Unit | Kind::Never => Type::Unit,
            Kind::Is(scalar) => Type::Scalar(scalar),
            Kind::Same => self.same(first?)?.clone(),
            Kind::Moved => first?.clone(),
            Kind::Slice => Type::Slice(Box::new(first?.clone())),
            Kind::Copy => match first? {
                Type::Peers(content) => Type::Pointer(Space::Peer, content.clone()),
                _ => return None,
            },
            Kind::Bits => Type::Scalar(match first?.scalar()? {
                Scalar::F32 => Scalar::U32,
                Scalar::F64 => Scalar::U64,
                Scalar::U32 => Scalar::F32,
                Scalar::U64 => Scalar::F64,
                _ => return None,
            }),
            _ => return None,
        })
    }
}
