//! Methods of the scalar types: operations of the table, operators that Rust writes as methods, and
//! functions of the core library.

use super::core::Core;
use super::terms::Term;
use crate::ir::{BinaryOp, Bound, Call, Intrinsic, Kind, Scalar};

/// What a method becomes, if not a call of the core library.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Meaning {
    Intrinsic(Intrinsic),
    Binary(BinaryOp),
}

/// A method whose operands have one type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScalarMethod {
    pub(super) meaning: Meaning,
    /// How many operands there are beside the receiver.
    pub(super) arguments: usize,
    result: Kind,
}

impl ScalarMethod {
    /// The type of the result for that receiver.
    pub(super) fn result(&self, receiver: Scalar) -> Term {
        self.result_for(Term::Scalar(receiver)).unwrap_or(Term::Scalar(receiver.unsigned()))
    }

    /// The type of the result for a receiver of that type, if it does not depend on which scalar
    /// that is.
    pub(super) fn result_for(&self, receiver: Term) -> Option<Term> {
        match self.result {
            Kind::Bits => None,
            Kind::Is(scalar) => Some(Term::Scalar(scalar)),
            _ => Some(receiver),
        }
    }
}

/// Operators that are written as methods.
const OPERATORS: [(&str, Kind, BinaryOp); 5] = [
    ("wrapping_add", Kind::Integer, BinaryOp::WrappingAdd),
    ("wrapping_sub", Kind::Integer, BinaryOp::WrappingSubtract),
    ("wrapping_mul", Kind::Integer, BinaryOp::WrappingMultiply),
    ("min", Kind::Is(Scalar::Bool), BinaryOp::And),
    ("max", Kind::Is(Scalar::Bool), BinaryOp::Or),
];

/// The method of that name, if `receiver` has it and it is no function of the core library.
pub(super) fn method(name: &str, receiver: Scalar) -> Option<ScalarMethod> {
    let operation = Intrinsic::written(Call::Method, name).filter(|intrinsic| has(receiver, *intrinsic));
    let mut operators = OPERATORS.iter().filter(|(known, ..)| *known == name);
    operation.map(of_table).or_else(|| {
        let (_, _, operator) = operators.find(|(_, receivers, _)| receivers.includes(receiver))?;
        Some(ScalarMethod { meaning: Meaning::Binary(*operator), arguments: 1, result: Kind::Same })
    })
}

/// The method of that name that every type of the set has. Where `Ord` has the names `min` and
/// `max` for some of them alone, the methods are called `smaller` and `larger`.
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
    (one && first.result != Kind::Bits).then_some(first)
}

/// The names of the methods that every type of the set has.
pub(super) fn names_of_every(bound: Bound) -> Vec<String> {
    let own = bound.members().first().map_or_else(Vec::new, |member| names(*member, None));
    let names = ["smaller", "larger"].map(String::from).into_iter().chain(own);
    names.filter(|name| of_every(bound, name).is_some()).collect()
}

/// The names of all methods that `receiver` has, in the order of the alphabet.
pub(super) fn names(receiver: Scalar, core: Option<&Core>) -> Vec<String> {
    let operations = Intrinsic::all().iter().filter(|intrinsic| has(receiver, **intrinsic));
    let operators = OPERATORS.iter().filter(|(_, receivers, _)| receivers.includes(receiver));
    let mut names: Vec<String> = operations.map(|intrinsic| intrinsic.row().rust_name()).collect();
    names.extend(operators.map(|(name, ..)| name.to_string()));
    names.extend(core.into_iter().flat_map(|core| core.names(receiver)));
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
    let result = row.gives;
    ScalarMethod { meaning: Meaning::Intrinsic(intrinsic), arguments: row.takes.len() - 1, result }
}
