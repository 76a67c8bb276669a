//! Types: structs and lengths exist, memory holds only what has C's layout.

use super::Checker;
use crate::ir::{Scalar, Size, Space, Span, Type};

/// Types inside types.
const MOST_NESTED: u32 = 64;

impl Checker<'_> {
    /// Checks that a type is well formed.
    pub(super) fn ty(&mut self, ty: &Type, span: Span) {
        self.nested(ty, span, false, 0);
    }

    fn nested(&mut self, ty: &Type, span: Span, in_memory: bool, depth: u32) {
        if depth > MOST_NESTED {
            self.mistake(span, format!("this type is nested more than {MOST_NESTED} deep: use structs"));
            return;
        }
        match ty {
            Type::Unit | Type::Scalar(_) => {}
            Type::Parameter(name) => {
                self.mistake(span, format!("there is no type parameter `{name}` here"));
            }
            Type::Struct(path) => {
                if let Err(message) = self.program.structure(path) {
                    self.mistake(span, message);
                }
            }
            Type::Enum(path, scalar) => match self.program.enumeration(path) {
                Some(definition) if definition.scalar != *scalar => {
                    let message = format!("`{path}` is held by {}", definition.scalar.name());
                    self.mistake(span, message);
                }
                Some(definition) if in_memory && !definition.stated => {
                    let message = format!("`{path}` lies in memory: state its layout with #[repr(u32)]");
                    self.mistake(span, message);
                }
                Some(_) => {}
                None => self.mistake(span, format!("there is no enum `{path}`")),
            },
            Type::Tuple(parts) => {
                if in_memory {
                    self.mistake(
                        span,
                        "a tuple has no fixed layout in memory: point to a #[repr(C)] struct instead",
                    );
                }
                parts.iter().for_each(|part| self.nested(part, span, in_memory, depth + 1));
            }
            Type::Array(element, size) => {
                self.size(size, span);
                self.nested(element, span, in_memory, depth + 1);
            }
            Type::Pointer(Space::Shared, _) if in_memory => {
                self.mistake(
                    span,
                    "an address of shared memory means nothing outside its block: do not store it",
                );
            }
            Type::Pointer(_, pointee) | Type::Peers(pointee) => self.nested(pointee, span, true, depth + 1),
            Type::Slice(pointer) => match **pointer {
                Type::Pointer(..) => self.nested(pointer, span, in_memory, depth + 1),
                _ => self.mistake(span, "a slice has a Global, a Shared or a Peer in it"),
            },
        }
    }

    fn size(&mut self, size: &Size, span: Span) {
        match size {
            Size::Literal(_) => {}
            Size::Parameter(name) => {
                let scalar = self.const_parameter(name);
                if !scalar.is_some_and(Scalar::is_integer) {
                    self.mistake(span, format!("the array length `{name}` is no const parameter here"));
                }
            }
            Size::Constant(path) => {
                let ty = self.program.constant(path).map(|(_, constant)| &constant.ty);
                if !ty.and_then(Type::scalar).is_some_and(Scalar::is_integer) {
                    self.mistake(span, format!("the array length `{path}` is no integer constant"));
                }
            }
        }
    }

    /// The type of a const parameter of the enclosing function.
    pub(super) fn const_parameter(&self, name: &str) -> Option<Scalar> {
        let parameters = &self.function?.const_parameters;
        parameters.iter().find(|(parameter, _)| parameter == name).map(|(_, scalar)| *scalar)
    }

    /// Reports two types that should be one.
    pub(super) fn agree(&mut self, expected: &Type, found: &Type, span: Span, what: &str) {
        if !same(expected, found) {
            self.mistake(
                span,
                format!("{what} has the type {}, but {} is needed", text(found), text(expected)),
            );
        }
    }
}

/// Whether two types are one as far as that is known before const parameters are: lengths that are
/// not numbers agree with every length, and specialisation compares them.
pub(super) fn same(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Array(left, left_size), Type::Array(right, right_size)) => {
            let literals = matches!((left_size, right_size), (Size::Literal(_), Size::Literal(_)));
            same(left, right) && (!literals || left_size == right_size)
        }
        (Type::Tuple(left), Type::Tuple(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Type::Pointer(left_space, left), Type::Pointer(right_space, right)) => {
            left_space == right_space && same(left, right)
        }
        (Type::Peers(left), Type::Peers(right)) | (Type::Slice(left), Type::Slice(right)) => {
            same(left, right)
        }
        _ => left == right,
    }
}

/// A type as Rust writes it.
pub(super) fn text(ty: &Type) -> String {
    ty.to_string()
}
