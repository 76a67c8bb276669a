//! Constant scalars: what the device would compute, known at specialisation.

use crate::ir::types::Scalar;

/// A scalar constant. Integers are always in the range of their type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Constant {
    Bool(bool),
    Integer(i128),
    Float32(u32),
    Float64(u64),
}

/// Why an operation on constants has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    DivisionByZero,
    /// Only in [`Arithmetic::Checked`].
    Overflow,
    /// Only in [`Arithmetic::Checked`]: an amount that is negative or not less than the width.
    Shift,
    /// The operands do not have the types that validation promises.
    Type,
}

impl Fault {
    /// The end of a sentence about an expression.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Fault::DivisionByZero => {
                "this constant expression divides by zero: exclude that divisor with `if` or `const { assert!(..) }`"
            }
            Fault::Overflow => {
                "this constant expression overflows its type: use a wider type, or a `wrapping_` method if it should wrap"
            }
            Fault::Shift => {
                "this constant expression shifts by more bits than its type has: use a wider type, `wrapping_shl` or `wrapping_shr`"
            }
            Fault::Type => "this constant expression has operands of the wrong type",
        }
    }
}

/// What overflow means: code that runs wraps, constant expressions must not overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Wrapping,
    Checked,
}

/// NaN as the device's arithmetic makes it.
const NAN32: u32 = 0x7fff_ffff;
const NAN64: u64 = 0x7ff8_0000_0000_0000;

impl Constant {
    /// An `f32`, NaN made canonical.
    pub(crate) fn of_f32(value: f32) -> Constant {
        Constant::Float32(if value.is_nan() { NAN32 } else { value.to_bits() })
    }

    /// An `f64`, NaN made canonical.
    pub(crate) fn of_f64(value: f64) -> Constant {
        Constant::Float64(if value.is_nan() { NAN64 } else { value.to_bits() })
    }

    /// The integer, if it is one.
    pub(crate) fn integer(self) -> Option<i128> {
        match self {
            Constant::Integer(value) => Some(value),
            _ => None,
        }
    }

    /// As a person writes it.
    pub(crate) fn text(self) -> String {
        match self {
            Constant::Bool(value) => value.to_string(),
            Constant::Integer(value) => value.to_string(),
            Constant::Float32(bits) => f32::from_bits(bits).to_string(),
            Constant::Float64(bits) => f64::from_bits(bits).to_string(),
        }
    }

    /// A parameter's number as a constant of type `scalar`, if it is in range. Floats have no such
    /// form.
    pub(crate) fn from_number(scalar: Scalar, number: i128) -> Option<Constant> {
        match scalar {
            Scalar::Bool => match number {
                0 => Some(Constant::Bool(false)),
                1 => Some(Constant::Bool(true)),
                _ => None,
            },
            _ if scalar.is_integer() => (wrap(scalar, number) == number).then_some(Constant::Integer(number)),
            _ => None,
        }
    }
}

/// Width of an integer type in bits.
pub(crate) fn bits(scalar: Scalar) -> u32 {
    scalar.bytes() as u32 * 8
}

/// Least and greatest value of an integer type.
pub(crate) fn range(scalar: Scalar) -> (i128, i128) {
    let bits = bits(scalar);
    match scalar.is_signed() {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    }
}

/// `value` modulo two to the width, in the type's range.
pub(crate) fn wrap(scalar: Scalar, value: i128) -> i128 {
    let shift = 128 - bits(scalar);
    match scalar.is_signed() {
        true => value.wrapping_shl(shift) >> shift,
        false => ((value as u128) << shift >> shift) as i128,
    }
}
