//! Fundamental types: their names, widths and kinds.

use std::fmt;

use crate::model::{Space, Type};

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
        Some(match name {
            "pred" => Class::Predicate,
            "b8" => Class::Bits(8),
            "b16" | "bf16" | "e4m3x2" | "e5m2x2" | "ue8m0x2" | "e2m3x2" | "e3m2x2" => Class::Bits(16),
            "b32" | "bf16x2" | "tf32" | "f16x2" | "e4m3x4" | "e5m2x4" => Class::Bits(32),
            "b64" => Class::Bits(64),
            "b128" => Class::Bits(128),
            "u8" | "s8" => Class::Integer(8),
            "u16" | "s16" | "u16x2" | "s16x2" => Class::Integer(if name.ends_with("x2") { 32 } else { 16 }),
            "u32" | "s32" => Class::Integer(32),
            "u64" | "s64" => Class::Integer(64),
            "f16" => Class::Bits(16),
            "f32" => Class::Float(32),
            "f64" => Class::Float(64),
            "f32x2" => Class::Bits(64),
            _ => return None,
        })
    }

    /// Width in bits; 1 for a predicate.
    pub(crate) fn bits(self) -> u32 {
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
        let Some(register) = Class::of(ty.name()) else { return false };
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

impl Type {
    /// Every type with its PTX name, without the dot.
    pub const NAMES: [(Type, &'static str); 20] = [
        (Type::Pred, "pred"),
        (Type::B8, "b8"),
        (Type::B16, "b16"),
        (Type::B32, "b32"),
        (Type::B64, "b64"),
        (Type::B128, "b128"),
        (Type::U8, "u8"),
        (Type::U16, "u16"),
        (Type::U32, "u32"),
        (Type::U64, "u64"),
        (Type::S8, "s8"),
        (Type::S16, "s16"),
        (Type::S32, "s32"),
        (Type::S64, "s64"),
        (Type::F16, "f16"),
        (Type::F16x2, "f16x2"),
        (Type::Bf16, "bf16"),
        (Type::Bf16x2, "bf16x2"),
        (Type::F32, "f32"),
        (Type::F64, "f64"),
    ];

    /// The PTX name without its dot: `u32`.
    pub fn name(self) -> &'static str {
        Type::NAMES.iter().find(|(ty, _)| *ty == self).map_or("", |(_, name)| name)
    }

    /// The type with this PTX name (without the dot).
    pub fn from_name(name: &str) -> Option<Type> {
        Type::NAMES.iter().find(|(_, n)| *n == name).map(|(ty, _)| *ty)
    }

    /// Width in bits; 1 for a predicate.
    pub fn bits(self) -> u32 {
        Class::of(self.name()).map_or(0, Class::bits)
    }
}

impl Space {
    /// The PTX name without its dot: `global`.
    pub fn name(self) -> &'static str {
        match self {
            Space::Const => "const",
            Space::Global => "global",
            Space::Local => "local",
            Space::Param => "param",
            Space::Shared => "shared",
        }
    }

    /// The space with this PTX name (without the dot); `shared::cta` is shared.
    pub fn from_name(name: &str) -> Option<Space> {
        Some(match name {
            "const" => Space::Const,
            "global" => Space::Global,
            "local" => Space::Local,
            "param" => Space::Param,
            "shared" | "shared::cta" | "shared::cluster" => Space::Shared,
            _ => return None,
        })
    }
}
