//! Fundamental types: their names, widths and kinds.

use std::fmt;

use crate::format::Format;
use crate::modifier::modifiers;

/// What a register must be to serve as an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `.pred`
    Predicate,
    /// Untyped bits of a width.
    Bits(u32),
    /// `.u` or `.s` of a width.
    Integer(u32),
    /// Floating point of a width.
    Float(u32),
}

impl Class {
    /// The class of a type modifier; `None` when the modifier is not a type.
    pub(crate) fn of(name: &str) -> Option<Class> {
        Type::from_modifier(name).map(Type::class)
    }

    /// Width in bits; 1 for a predicate.
    pub(crate) const fn bits(self) -> u32 {
        match self {
            Class::Predicate => 1,
            Class::Bits(bits) | Class::Integer(bits) | Class::Float(bits) => bits,
        }
    }

    /// The class of the same kind and another width.
    pub(crate) fn with_bits(self, bits: u32) -> Class {
        match self {
            Class::Predicate => Class::Predicate,
            Class::Bits(_) => Class::Bits(bits),
            Class::Integer(_) => Class::Integer(bits),
            Class::Float(_) => Class::Float(bits),
        }
    }

    /// Whether a register of type `ty` fits (PTX ISA section 9.4). `wider` allows a
    /// register with more bits, except for floats.
    pub(crate) fn admits(self, ty: Type, wider: bool) -> bool {
        let register = ty.class();
        let width_fits = register.bits() == self.bits()
            || (wider && !matches!(self, Class::Float(_)) && register.bits() > self.bits());
        match (self, register) {
            (Class::Predicate, Class::Predicate) => true,
            (Class::Predicate, _) | (_, Class::Predicate) => false,
            (Class::Integer(_), Class::Float(_)) | (Class::Float(_), Class::Integer(_)) => false,
            _ => width_fits,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Class::Predicate => f.write_str("a predicate register"),
            Class::Bits(bits) => write!(f, "a {bits}-bit register"),
            Class::Integer(bits) => write!(f, "a {bits}-bit integer register"),
            Class::Float(bits) => write!(f, "a {bits}-bit float register"),
        }
    }
}

/// Defines the types: those of variables and registers, and those that only instructions have.
macro_rules! types {
    ($($(#[$about:meta])* $kind:ident { $($variant:ident = $name:literal $class:expr,)* })*) => {
        modifiers! {
            /// A type (PTX ISA section 5.2). The names are those of PTX.
            Type { $($($variant = $name,)*)* }
        }

        impl Type {
            $(
                $(#[$about])*
                pub const $kind: &[Type] = &[$(Type::$variant),*];
            )*

            /// What its registers are.
            pub(crate) const fn class(self) -> Class {
                match self {
                    $($(Type::$variant => $class,)*)*
                }
            }
        }
    };
}

types! {
    /// Fundamental types: a variable or register may have them.
    FUNDAMENTAL {
        Pred = "pred" Class::Predicate,
        B8 = "b8" Class::Bits(8),
        B16 = "b16" Class::Bits(16),
        B32 = "b32" Class::Bits(32),
        B64 = "b64" Class::Bits(64),
        B128 = "b128" Class::Bits(128),
        U8 = "u8" Class::Integer(8),
        U16 = "u16" Class::Integer(16),
        U32 = "u32" Class::Integer(32),
        U64 = "u64" Class::Integer(64),
        S8 = "s8" Class::Integer(8),
        S16 = "s16" Class::Integer(16),
        S32 = "s32" Class::Integer(32),
        S64 = "s64" Class::Integer(64),
        F16 = "f16" Class::Bits(16),
        F16x2 = "f16x2" Class::Bits(32),
        Bf16 = "bf16" Class::Bits(16),
        Bf16x2 = "bf16x2" Class::Bits(32),
        F32 = "f32" Class::Float(32),
        F64 = "f64" Class::Float(64),
    }
    /// Types that only instructions have; their registers are bits.
    OF_INSTRUCTIONS {
        U16x2 = "u16x2" Class::Integer(32),
        S16x2 = "s16x2" Class::Integer(32),
        F32x2 = "f32x2" Class::Bits(64),
        Tf32 = "tf32" Class::Bits(32),
        E4m3x2 = "e4m3x2" Class::Bits(16),
        E5m2x2 = "e5m2x2" Class::Bits(16),
        E4m3x4 = "e4m3x4" Class::Bits(32),
        E5m2x4 = "e5m2x4" Class::Bits(32),
        E2m3x2 = "e2m3x2" Class::Bits(16),
        E3m2x2 = "e3m2x2" Class::Bits(16),
        E2m1x2 = "e2m1x2" Class::Bits(8),
        Ue8m0x2 = "ue8m0x2" Class::Bits(16),
    }
}

impl Type {
    /// The fundamental type with this PTX name (without the dot).
    pub fn fundamental(name: &str) -> Option<Type> {
        Type::from_modifier(name).filter(|ty| Type::FUNDAMENTAL.contains(ty))
    }

    /// Width in bits of a register; 1 for a predicate.
    pub const fn bits(self) -> u32 {
        self.class().bits()
    }

    /// Whether it is an integer with a sign, or two of them.
    pub const fn is_signed(self) -> bool {
        matches!(self, Type::S8 | Type::S16 | Type::S32 | Type::S64 | Type::S16x2)
    }

    /// The format of one of its floats, if it has floats of at most 32 bits.
    pub const fn format(self) -> Option<Format> {
        Some(match self {
            Type::F32 | Type::F32x2 => Format::F32,
            Type::Tf32 => Format::Tf32,
            Type::F16 | Type::F16x2 => Format::F16,
            Type::Bf16 | Type::Bf16x2 => Format::Bf16,
            Type::E4m3x2 | Type::E4m3x4 => Format::E4m3,
            Type::E5m2x2 | Type::E5m2x4 => Format::E5m2,
            Type::E2m3x2 => Format::E2m3,
            Type::E3m2x2 => Format::E3m2,
            Type::E2m1x2 => Format::E2m1,
            _ => return None,
        })
    }
}
