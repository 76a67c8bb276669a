//! Random types and what a function can see.

use crossdock_codegen::ir::{Path, Scalar, Size, Space, Span, Type};

use super::choices::Choices;

/// Every scalar.
pub(super) const SCALARS: [Scalar; 11] = [
    Scalar::U32,
    Scalar::Bool,
    Scalar::F32,
    Scalar::U64,
    Scalar::I32,
    Scalar::U8,
    Scalar::U16,
    Scalar::I8,
    Scalar::I16,
    Scalar::I64,
    Scalar::F64,
];

/// A function that can be called.
#[derive(Clone)]
pub(super) struct Callable {
    pub(super) path: Path,
    pub(super) is_const: bool,
    pub(super) const_parameters: Vec<Scalar>,
    pub(super) parameters: Vec<Type>,
    pub(super) result: Type,
}

/// The items above the current place, of both modules.
#[derive(Clone, Default)]
pub(super) struct Items {
    pub(super) structs: Vec<(Path, Vec<Type>)>,
    pub(super) enums: Vec<(Path, Scalar, Vec<i128>)>,
    pub(super) constants: Vec<(Path, Type)>,
    pub(super) functions: Vec<Callable>,
}

impl Items {
    /// Types of the parts of a value, if it has parts and their number is known.
    pub(super) fn parts(&self, ty: &Type) -> Option<Vec<Type>> {
        match ty {
            Type::Tuple(parts) => Some(parts.clone()),
            Type::Array(element, Size::Literal(count)) => Some(vec![(**element).clone(); *count as usize]),
            Type::Struct(path) => {
                self.structs.iter().find(|(name, _)| name == path).map(|(_, fields)| fields.clone())
            }
            _ => None,
        }
    }
}

/// A scalar.
pub(super) fn scalar(choices: &mut Choices) -> Scalar {
    choices.one(&SCALARS)
}

/// A scalar with arithmetic.
pub(super) fn number(choices: &mut Choices) -> Scalar {
    match scalar(choices) {
        Scalar::Bool => Scalar::U32,
        scalar => scalar,
    }
}

/// An integer scalar.
pub(super) fn integer(choices: &mut Choices) -> Scalar {
    let scalar = scalar(choices);
    if scalar.is_integer() { scalar } else { Scalar::U32 }
}

/// A type of values: no pointer in it.
pub(super) fn value(choices: &mut Choices, items: &Items, depth: u32) -> Type {
    let kind = if depth == 0 { 0 } else { choices.below(8) };
    match kind {
        4 => match choices.maybe_one(&items.enums) {
            Some((path, scalar, _)) => Type::Enum(path, scalar),
            None => Type::Scalar(Scalar::I64),
        },
        5 => match choices.maybe_one(&items.structs) {
            Some((path, _)) => Type::Struct(path),
            None => Type::Scalar(Scalar::U32),
        },
        6 => {
            let count = 2 + choices.below(3);
            Type::Tuple((0..count).map(|_| value(choices, items, depth - 1)).collect())
        }
        7 => {
            let element = value(choices, items, depth - 1);
            Type::Array(Box::new(element), Size::Literal(1 + choices.below(4) as u64))
        }
        _ => Type::Scalar(scalar(choices)),
    }
}

/// What pointers point to: a scalar or a struct.
pub(super) fn pointee(choices: &mut Choices, items: &Items) -> Type {
    match choices.maybe_one(&items.structs) {
        Some((path, _)) if choices.once_in(3) => Type::Struct(path),
        _ => Type::Scalar(scalar(choices)),
    }
}

/// The type of a parameter.
pub(super) fn parameter(choices: &mut Choices, items: &Items, only_values: bool, kernel: bool) -> Type {
    let kind = if only_values { 0 } else { choices.below(6) };
    let pointee = |choices: &mut Choices| Box::new(pointee(choices, items));
    match kind {
        1 | 4 => Type::Pointer(Space::Global, pointee(choices)),
        2 => Type::Peers(pointee(choices)),
        3 if !kernel => {
            let space = choices.one(&[Space::Peer, Space::Shared]);
            Type::Pointer(space, pointee(choices))
        }
        5 => Type::Slice(Box::new(Type::Pointer(Space::Global, pointee(choices)))),
        _ if kernel => Type::Scalar(scalar(choices)),
        _ => value(choices, items, 2),
    }
}

/// A position: often none, often close to others.
pub(super) fn span(choices: &mut Choices) -> Span {
    match choices.below(8) {
        0 => Span::default(),
        7 => Span { line: choices.number(), column: choices.number() },
        _ => Span { line: 1 + choices.below(4) as u32, column: choices.below(6) as u32 },
    }
}
