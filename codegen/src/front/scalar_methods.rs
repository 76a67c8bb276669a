//! Methods of the scalar types, as rows: which scalars have them, what they take, and what they become.

use super::terms::{BOOL, Term, U32};
use super::tree::Expansion;
use crate::ir::{BinaryOp, Bound, Call, Intrinsic, Kind, Scalar};

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
    /// A tuple of the receiver's type and a `bool`.
    SameAndBool,
}

/// What a method becomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Intrinsic(Intrinsic),
    Binary(BinaryOp),
    Expansion(Expansion),
}

/// One method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScalarMethod {
    name: &'static str,
    receivers: Receivers,
    pub(super) arguments: &'static [Argument],
    result: Outcome,
    pub(super) meaning: Meaning,
}

impl ScalarMethod {
    /// The type of the result for that receiver.
    pub(super) fn result(&self, receiver: Scalar) -> Term {
        self.result_for(Term::Scalar(receiver)).unwrap_or(Term::Scalar(unsigned(receiver)))
    }

    /// The type of the result for a receiver of that type, if it does not depend on which scalar that is.
    pub(super) fn result_for(&self, receiver: Term) -> Option<Term> {
        Some(match self.result {
            Outcome::Same => receiver,
            Outcome::U32 => U32,
            Outcome::Bool => BOOL,
            Outcome::Unsigned => return None,
            Outcome::SameAndBool => Term::Tuple(vec![receiver, BOOL]),
        })
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

/// The method of that name, if `receiver` has it: an operation of the table, or one of the rows below.
pub(super) fn method(name: &str, receiver: Scalar) -> Option<ScalarMethod> {
    let operation = Intrinsic::written(Call::Method, name).filter(|intrinsic| has(receiver, *intrinsic));
    let mut rows = METHODS.iter().filter(|method| method.receivers.include(receiver));
    operation.map(of_table).or_else(|| rows.find(|method| method.name == name).copied())
}

/// The method of that name that every type of the set has. Where `Ord` has the names `min` and `max` for some of them
/// alone, the methods are called `smaller` and `larger`.
pub(super) fn of_every(bound: Bound, name: &str) -> Option<ScalarMethod> {
    let mixed = matches!(bound, Bound::Number | Bound::Word);
    let name = match name {
        "smaller" if mixed => "min",
        "larger" if mixed => "max",
        "min" | "max" if mixed => return None,
        _ => name,
    };
    let mut found = bound.members().iter().map(|member| method(name, *member));
    let first = found.next()??;
    let one = bound != Bound::Copy && found.all(|other| other.is_some_and(|other| other == first));
    let is_typed = !matches!(first.meaning, Meaning::Expansion(_)) && first.result != Outcome::Unsigned;
    (one && is_typed).then_some(first)
}

/// The names of the methods that every type of the set has.
pub(super) fn names_of_every(bound: Bound) -> Vec<String> {
    let own = bound.members().first().map_or_else(Vec::new, |member| names(*member));
    let names = ["smaller", "larger"].map(String::from).into_iter().chain(own);
    names.filter(|name| of_every(bound, name).is_some()).collect()
}

/// The names of all methods that `receiver` has, in the order of the alphabet.
pub(super) fn names(receiver: Scalar) -> Vec<String> {
    let operations = Intrinsic::all().iter().filter(|intrinsic| has(receiver, **intrinsic));
    let rows = METHODS.iter().filter(|method| method.receivers.include(receiver));
    let rows = rows.map(|row| row.name.to_string());
    let mut names: Vec<String> =
        operations.map(|intrinsic| intrinsic.row().rust_name()).chain(rows).collect();
    names.sort_unstable();
    names
}

/// Whether the operation is a method of that scalar.
fn has(receiver: Scalar, intrinsic: Intrinsic) -> bool {
    let row = intrinsic.row();
    let kind = match row.takes.first() {
        // The other way is a function of the float's type.
        Some(Kind::Bits) => Kind::Float,
        Some(kind) => *kind,
        None => return false,
    };
    row.call == Call::Method && kind.includes(receiver)
}

/// An operation of the table as a method; all operands have one type.
fn of_table(intrinsic: Intrinsic) -> ScalarMethod {
    let row = intrinsic.row();
    let result = match row.gives {
        Kind::Is(Scalar::Bool) => Outcome::Bool,
        Kind::Is(_) => Outcome::U32,
        Kind::Bits => Outcome::Unsigned,
        _ => Outcome::Same,
    };
    let arguments = &[Same, Same][..row.takes.len() - 1];
    ScalarMethod { name: "", receivers: Number, arguments, result, meaning: Operation(intrinsic) }
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
use Receivers::{Bool, Float, Integer, Number, Signed, Unsigned};

const METHODS: &[ScalarMethod] = &[
    row("wrapping_abs", Signed, &[], Outcome::Same, Expand(Expansion::WrappingAbsolute)),
    row("round", Float, &[], Outcome::Same, Expand(Expansion::Round)),
    row("fract", Float, &[], Outcome::Same, Expand(Expansion::Fraction)),
    row("recip", Float, &[], Outcome::Same, Expand(Expansion::Reciprocal)),
    row("signum", Float, &[], Outcome::Same, Expand(Expansion::FloatSign)),
    row("is_finite", Float, &[], Outcome::Bool, Expand(Expansion::IsFinite)),
    row("is_infinite", Float, &[], Outcome::Bool, Expand(Expansion::IsInfinite)),
    row("is_normal", Float, &[], Outcome::Bool, Expand(Expansion::IsNormal)),
    row("is_subnormal", Float, &[], Outcome::Bool, Expand(Expansion::IsSubnormal)),
    row("is_sign_positive", Float, &[], Outcome::Bool, Expand(Expansion::IsSignPositive)),
    row("is_sign_negative", Float, &[], Outcome::Bool, Expand(Expansion::IsSignNegative)),
    row("is_nan", Float, &[], Outcome::Bool, Expand(Expansion::IsNan)),
    row("count_zeros", Integer, &[], Outcome::U32, Expand(Expansion::CountZeros)),
    row("leading_ones", Integer, &[], Outcome::U32, Expand(Expansion::LeadingOnes)),
    row("trailing_ones", Integer, &[], Outcome::U32, Expand(Expansion::TrailingOnes)),
    row("signum", Signed, &[], Outcome::Same, Expand(Expansion::IntegerSign)),
    row("is_positive", Signed, &[], Outcome::Bool, Expand(Expansion::IsPositive)),
    row("is_negative", Signed, &[], Outcome::Bool, Expand(Expansion::IsNegative)),
    row("unsigned_abs", Signed, &[], Outcome::Unsigned, Expand(Expansion::UnsignedAbsolute)),
    row("div_euclid", Float, &[Same], Outcome::Same, Expand(Expansion::DivideEuclid)),
    row("rem_euclid", Float, &[Same], Outcome::Same, Expand(Expansion::RemainderEuclid)),
    row("swap_bytes", Integer, &[], Outcome::Same, Expand(Expansion::SwapBytes)),
    row("to_be", Integer, &[], Outcome::Same, Expand(Expansion::SwapBytes)),
    row("pow", Integer, &[Amount], Outcome::Same, Expand(Expansion::Power)),
    row("wrapping_pow", Integer, &[Amount], Outcome::Same, Expand(Expansion::WrappingPower)),
    row("wrapping_div", Unsigned, &[Same], Outcome::Same, Binary(BinaryOp::Divide)),
    row("wrapping_rem", Unsigned, &[Same], Outcome::Same, Binary(BinaryOp::Remainder)),
    row("wrapping_div", Signed, &[Same], Outcome::Same, Expand(Expansion::WrappingDivide)),
    row("wrapping_rem", Signed, &[Same], Outcome::Same, Expand(Expansion::WrappingRemainder)),
    row("saturating_mul", Integer, &[Same], Outcome::Same, Expand(Expansion::SaturatingMultiply)),
    row("overflowing_add", Integer, &[Same], Outcome::SameAndBool, Expand(Expansion::OverflowingAdd)),
    row("overflowing_sub", Integer, &[Same], Outcome::SameAndBool, Expand(Expansion::OverflowingSubtract)),
    row("overflowing_mul", Integer, &[Same], Outcome::SameAndBool, Expand(Expansion::OverflowingMultiply)),
    row("ilog2", Integer, &[], Outcome::U32, Expand(Expansion::FloorOfLogarithm)),
    row("div_euclid", Integer, &[Same], Outcome::Same, Expand(Expansion::DivideEuclid)),
    row("rem_euclid", Integer, &[Same], Outcome::Same, Expand(Expansion::RemainderEuclid)),
    row("is_multiple_of", Unsigned, &[Same], Outcome::Bool, Expand(Expansion::IsMultiple)),
    row("next_power_of_two", Unsigned, &[], Outcome::Same, Expand(Expansion::NextPowerOfTwo)),
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
