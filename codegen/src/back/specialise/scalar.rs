//! Scalars as instructions see them: register classes, and the types that each kind of instruction
//! has.
//!
//! Integers of 8 and 16 bits compute in 32 bits. `of` gives a type to every scalar: what is none of
//! the kind has the one of its size.

use crossdock_ptx::{Order, Spelling, Type, VectorWidth};

use crate::back::constant::bits;
use crate::back::emit::Class;
use crate::back::layout::LeafType;
use crate::ir::{Expr, ExprKind, Scalar, Space};

/// Defines some of the choices of a kind of modifier: those that certain instructions have.
macro_rules! some {
    ($($(#[$about:meta])* $name:ident of $owner:ident { $($choice:ident)* })*) => {$(
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::back) enum $name {
            $($choice),*
        }

        impl crossdock_ptx::Spelling for $name {
            const SPELLINGS: &'static [&'static str] = &[$($owner::$choice.modifier()),*];

            fn spelling(self) -> &'static str {
                match self {
                    $($name::$choice => $owner::$choice.modifier()),*
                }
            }
        }
    )*};
}
pub(super) use some;

some! {
    /// Types of integer arithmetic.
    Integer of Type { U32 S32 U64 S64 }
    /// Types of float arithmetic.
    Float of Type { F32 F64 }
    /// Types of arithmetic.
    Number of Type { U32 S32 U64 S64 F32 F64 }
    /// Types of arithmetic on numbers with a sign.
    Signed of Type { S32 S64 F32 F64 }
    /// Types of what works on bits.
    Bits of Type { B32 B64 }
    /// Types of a choice between two registers.
    Selected of Type { B32 B64 F32 F64 }
    /// Types in memory.
    Data of Type { B32 B64 U8 U16 U32 U64 S8 S16 S32 S64 F32 F64 }
    /// How many elements an access has, if several.
    Width of VectorWidth { Two Four }
    /// Orders of a load.
    LoadOrder of Order { Relaxed Acquire }
    /// Orders of a store, and of `red`.
    StoreOrder of Order { Relaxed Release }
    /// Orders of a read-modify-write operation.
    AtomicOrder of Order { Relaxed Acquire Release AcquireRelease }
}

impl Integer {
    pub(super) fn of(scalar: Scalar) -> Integer {
        match (bits(scalar), scalar.is_signed()) {
            (64, true) => Integer::S64,
            (64, false) => Integer::U64,
            (_, true) => Integer::S32,
            (_, false) => Integer::U32,
        }
    }
}

impl Float {
    pub(super) fn of(scalar: Scalar) -> Float {
        if bits(scalar) == 64 { Float::F64 } else { Float::F32 }
    }
}

impl Number {
    pub(super) fn of(scalar: Scalar) -> Number {
        match scalar {
            Scalar::F32 => Number::F32,
            Scalar::F64 => Number::F64,
            _ => match Integer::of(scalar) {
                Integer::U32 => Number::U32,
                Integer::S32 => Number::S32,
                Integer::U64 => Number::U64,
                Integer::S64 => Number::S64,
            },
        }
    }
}

impl Signed {
    pub(super) fn of(scalar: Scalar) -> Signed {
        match (bits(scalar), scalar.is_float()) {
            (64, true) => Signed::F64,
            (64, false) => Signed::S64,
            (_, true) => Signed::F32,
            (_, false) => Signed::S32,
        }
    }
}

impl Bits {
    pub(super) fn of(scalar: Scalar) -> Bits {
        if bits(scalar) == 64 { Bits::B64 } else { Bits::B32 }
    }
}

impl Selected {
    pub(super) fn of(class: Class) -> Selected {
        match class {
            Class::Float32 => Selected::F32,
            Class::Float64 => Selected::F64,
            Class::Bits64 | Class::Bits128 => Selected::B64,
            Class::Predicate | Class::Bits16 | Class::Bits32 => Selected::B32,
        }
    }
}

impl Data {
    /// The type of a load or store of one leaf.
    pub(super) fn of(ty: LeafType) -> Data {
        match ty {
            LeafType::Pointer(Space::Shared) => Data::U32,
            LeafType::Pointer(_) => Data::U64,
            LeafType::Scalar(scalar) => match scalar {
                Scalar::Bool | Scalar::U8 => Data::U8,
                Scalar::I8 => Data::S8,
                Scalar::U16 => Data::U16,
                Scalar::I16 => Data::S16,
                Scalar::U32 => Data::U32,
                Scalar::I32 => Data::S32,
                Scalar::U64 => Data::U64,
                Scalar::I64 => Data::S64,
                Scalar::F32 => Data::F32,
                Scalar::F64 => Data::F64,
            },
        }
    }
}

impl Width {
    pub(super) fn of(elements: usize) -> Option<Width> {
        match elements {
            2 => Some(Width::Two),
            4 => Some(Width::Four),
            _ => None,
        }
    }
}

// Validation leaves no other orders in these places.

impl LoadOrder {
    pub(super) fn of(order: Order) -> LoadOrder {
        if order == Order::Acquire { LoadOrder::Acquire } else { LoadOrder::Relaxed }
    }
}

impl StoreOrder {
    pub(super) fn of(order: Order) -> StoreOrder {
        if order == Order::Release { StoreOrder::Release } else { StoreOrder::Relaxed }
    }
}

impl AtomicOrder {
    pub(super) fn of(order: Order) -> AtomicOrder {
        match order {
            Order::Relaxed => AtomicOrder::Relaxed,
            Order::Acquire => AtomicOrder::Acquire,
            Order::Release => AtomicOrder::Release,
            Order::AcquireRelease | Order::SequentiallyConsistent => AtomicOrder::AcquireRelease,
        }
    }
}

/// The memory of other ranks is global memory.
impl Spelling for Space {
    const SPELLINGS: &'static [&'static str] =
        &[crossdock_ptx::Space::Global.modifier(), crossdock_ptx::Space::Shared.modifier()];

    fn spelling(self) -> &'static str {
        match self {
            Space::Global | Space::Peer => crossdock_ptx::Space::Global.modifier(),
            Space::Shared => crossdock_ptx::Space::Shared.modifier(),
        }
    }
}

/// The register class of a scalar.
pub(super) fn class(scalar: Scalar) -> Class {
    LeafType::Scalar(scalar).class()
}

/// The `u32` that an expression of type `u64` was widened from.
pub(super) fn narrow(expression: &Expr) -> Option<&Expr> {
    match &expression.kind {
        ExprKind::Cast(inner)
            if expression.ty.scalar() == Some(Scalar::U64) && inner.ty.scalar() == Some(Scalar::U32) =>
        {
            Some(inner)
        }
        _ => None,
    }
}
