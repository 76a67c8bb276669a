//! Methods of the scalar types, as rows: which scalars have them, what they take, and what they become.

use super::terms::{BOOL, Term, U32};
use crate::ir::{BinaryOp, Intrinsic, Scalar};

/// Which scalars have a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Receivers {
    Bool,
    Integer,
    Unsigned,
    Signed,
    Float,
    /// Integers and floats.
    Number,
    /// Signed integers and floats.
    WithSign,
}

impl Receivers {
    fn include(self, scalar: Scalar) -> bool {
        match self {
            Receivers::Bool => scalar == Scalar::Bool,
            Receivers::Integer => scalar.is_integer(),
            Receivers::Unsigned => scalar.is_integer() && !scalar.is_signed(),
            Receivers::Signed => scalar.is_signed(),
            Receivers::Float => scalar.is_float(),
            Receivers::Number => scalar != Scalar::Bool,
            Receivers::WithSign => scalar.is_signed() || scalar.is_float(),
        }
    }
}

/// The type of a further argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    /// That of the receiver.
    Same,
    U32,
}

/// The type of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// That of the receiver.
    Same,
    U32,
    Bool,
    /// The unsigned integer of the receiver's width.
    Unsigned,
}

/// A method that becomes several operations on its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expansion {
    /// Shifts whose amount is taken modulo the width.
    ShiftLeft,
    ShiftRight,
    RotateLeft,
    RotateRight,
    IsPowerOfTwo,
    DivideUp,
    NextMultiple,
    SaturatingAdd,
    SaturatingSubtract,
    /// Of three operands.
    Clamp,
    AbsoluteDifference,
    IsNan,
    WrappingNegate,
}

/// What a method becomes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    Intrinsic(Intrinsic),
    Binary(BinaryOp),
    Expansion(Expansion),
}

/// One method.
#[derive(Debug)]
pub(super) struct ScalarMethod {
    pub(super) name: &'static str,
    receivers: Receivers,
    pub(super) arguments: &'static [Argument],
    result: Outcome,
    pub(super) meaning: Meaning,
}

impl ScalarMethod {
    /// The type of the result for that receiver.
    pub(super) fn result(&self, receiver: Scalar) -> Term {
        match self.result {
            Outcome::Same => Term::Scalar(receiver),
            Outcome::U32 => U32,
            Outcome::Bool => BOOL,
            Outcome::Unsigned => Term::Scalar(unsigned(receiver)),
        }
    }
}

/// The unsigned integer of the same width.
pub(super) fn unsigned(scalar: Scalar) -> Scalar {
    match scalar.bytes() {
        1 => Scalar::U8,
        2 => Scalar::U16,
        4 => Scalar::U32,
        _ => Scalar::U64,
    }
}

/// The method of that name, if `receiver` has it.
pub(super) fn method(name: &str, receiver: Scalar) -> Option<&'static ScalarMethod> {
    METHODS.iter().find(|method| method.name == name && method.receivers.include(receiver))
}

/// The names of all methods that `receiver` has.
pub(super) fn names(receiver: Scalar) -> Vec<&'static str> {
    METHODS.iter().filter(|method| method.receivers.include(receiver)).map(|method| method.name).collect()
}

const fn row(
    name: &'static str,
    receivers: Receivers,
    arguments: &'static [Argument],
    result: Outcome,
    meaning: Meaning,
) -> ScalarMethod {
    ScalarMethod { name, receivers, arguments, result, meaning }
}

use Argument::{Same, U32 as Amount};
use Meaning::{Binary, Expansion as Expand, Intrinsic as Operation};
use Receivers::{Bool, Float, Integer, Number, Signed, Unsigned, WithSign};

const METHODS: &[ScalarMethod] = &[
    row("min", Number, &[Same], Outcome::Same, Operation(Intrinsic::Minimum)),
    row("max", Number, &[Same], Outcome::Same, Operation(Intrinsic::Maximum)),
    row("abs", WithSign, &[], Outcome::Same, Operation(Intrinsic::Absolute)),
    row("wrapping_abs", Signed, &[], Outcome::Same, Operation(Intrinsic::Absolute)),
    row("mul_add", Float, &[Same, Same], Outcome::Same, Operation(Intrinsic::FusedMultiplyAdd)),
    row("sqrt", Float, &[], Outcome::Same, Operation(Intrinsic::SquareRoot)),
    row("to_bits", Float, &[], Outcome::Unsigned, Operation(Intrinsic::Bitcast)),
    row("is_nan", Float, &[], Outcome::Bool, Expand(Expansion::IsNan)),
    row("count_ones", Integer, &[], Outcome::U32, Operation(Intrinsic::CountOnes)),
    row("leading_zeros", Integer, &[], Outcome::U32, Operation(Intrinsic::LeadingZeros)),
    row("trailing_zeros", Integer, &[], Outcome::U32, Operation(Intrinsic::TrailingZeros)),
    row("reverse_bits", Integer, &[], Outcome::Same, Operation(Intrinsic::ReverseBits)),
    row("wrapping_add", Integer, &[Same], Outcome::Same, Binary(BinaryOp::WrappingAdd)),
    row("wrapping_sub", Integer, &[Same], Outcome::Same, Binary(BinaryOp::WrappingSubtract)),
    row("wrapping_mul", Integer, &[Same], Outcome::Same, Binary(BinaryOp::WrappingMultiply)),
    row("wrapping_shl", Integer, &[Amount], Outcome::Same, Expand(Expansion::ShiftLeft)),
    row("wrapping_shr", Integer, &[Amount], Outcome::Same, Expand(Expansion::ShiftRight)),
    row("wrapping_neg", Integer, &[], Outcome::Same, Expand(Expansion::WrappingNegate)),
    row("rotate_left", Integer, &[Amount], Outcome::Same, Expand(Expansion::RotateLeft)),
    row("rotate_right", Integer, &[Amount], Outcome::Same, Expand(Expansion::RotateRight)),
    row("is_power_of_two", Unsigned, &[], Outcome::Bool, Expand(Expansion::IsPowerOfTwo)),
    row("div_ceil", Unsigned, &[Same], Outcome::Same, Expand(Expansion::DivideUp)),
    row("next_multiple_of", Unsigned, &[Same], Outcome::Same, Expand(Expansion::NextMultiple)),
    row("saturating_add", Integer, &[Same], Outcome::Same, Expand(Expansion::SaturatingAdd)),
    row("saturating_sub", Integer, &[Same], Outcome::Same, Expand(Expansion::SaturatingSubtract)),
    row("clamp", Number, &[Same, Same], Outcome::Same, Expand(Expansion::Clamp)),
    row("min", Bool, &[Same], Outcome::Same, Binary(BinaryOp::And)),
    row("max", Bool, &[Same], Outcome::Same, Binary(BinaryOp::Or)),
    row("abs_diff", Integer, &[Same], Outcome::Unsigned, Expand(Expansion::AbsoluteDifference)),
];
