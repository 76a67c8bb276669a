//! Type parameters, each bounded by a closed set of types.
//!
//! What may be done with a value of the type is what can be done with every member of the set, so
//! that a generic item is right or wrong where it is defined, whatever it is used for.

use super::{Scalar, Type};

/// A type parameter of a struct or function.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TypeParameter {
    /// Its name.
    pub name: String,
    /// What may stand for it.
    pub bound: Bound,
}

/// A set of types: a trait of the prelude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// `Copy`, or no bound: any device type. Its values are moved, read and written, and nothing
    /// else.
    Copy,
    /// Integers and floats.
    Number,
    /// Integers.
    Integer,
    /// Integers without a sign.
    Unsigned,
    /// Integers with a sign.
    Signed,
    /// `f32` and `f64`.
    Float,
    /// Integers and floats of 32 and 64 bits, which atomics take.
    Word,
    /// The integers among these.
    IntegerWord,
}

impl Bound {
    /// Every set.
    pub const ALL: [Bound; 8] = [
        Bound::Copy,
        Bound::Number,
        Bound::Integer,
        Bound::Unsigned,
        Bound::Signed,
        Bound::Float,
        Bound::Word,
        Bound::IntegerWord,
    ];

    /// The name of the trait.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Copy => "Copy",
            Bound::Number => "Number",
            Bound::Integer => "Integer",
            Bound::Unsigned => "Unsigned",
            Bound::Signed => "Signed",
            Bound::Float => "Float",
            Bound::Word => "Word",
            Bound::IntegerWord => "IntegerWord",
        }
    }

    /// The set of that name.
    pub fn named(name: &str) -> Option<Bound> {
        Bound::ALL.into_iter().find(|bound| bound.name() == name)
    }

    /// The scalars in the set. `Copy` has other types too, and none that matters more than another.
    pub fn members(self) -> &'static [Scalar] {
        use Scalar::{F32, F64, I8, I16, I32, I64, U8, U16, U32, U64};
        match self {
            Bound::Copy => &[U32],
            Bound::Number => &[U8, U16, U32, U64, I8, I16, I32, I64, F32, F64],
            Bound::Integer => &[U8, U16, U32, U64, I8, I16, I32, I64],
            Bound::Unsigned => &[U8, U16, U32, U64],
            Bound::Signed => &[I8, I16, I32, I64],
            Bound::Float => &[F32, F64],
            Bound::Word => &[U32, U64, I32, I64, F32, F64],
            Bound::IntegerWord => &[U32, U64, I32, I64],
        }
    }

    /// Whether every type of the other set is in this one.
    pub fn includes(self, other: Bound) -> bool {
        let all = || other.members().iter().all(|member| self.members().contains(member));
        self == Bound::Copy || (other != Bound::Copy && all())
    }

    /// Whether the type, which is no type parameter, is in the set.
    pub fn has(self, ty: &Type) -> bool {
        match ty {
            Type::Scalar(scalar) => self == Bound::Copy || self.members().contains(scalar),
            _ => self == Bound::Copy,
        }
    }
}
