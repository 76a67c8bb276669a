//! Types with holes, and their unification: how the type of a literal or of a plain `let` is found.
//!
//! A [`Term`] is an [`ir::Type`](crate::ir::Type) that may contain variables. A variable stands for
//! any type, for any integer type (an integer literal) or for any float type. Unification is
//! first-order, with an occurs check; what is left open at the end of a body becomes `i32` or
//! `f64`, as in Rust.

use crate::ir::{Path, Scalar, Size, Space, Type};

/// A type that may contain variables.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// A hole of a [`Table`].
    Variable(usize),
    Unit,
    Scalar(Scalar),
    /// A type parameter.
    Parameter(String),
    /// A struct, by its path alone, and its type arguments.
    Struct(Path, Vec<Term>),
    Enum(Path, Scalar),
    Tuple(Vec<Term>),
    Array(Box<Term>, Size),
    Pointer(Space, Box<Term>),
    Peers(Box<Term>),
    /// A pointer, which is the one inside, and how many elements it reaches.
    Slice(Box<Term>),
}

pub(super) const BOOL: Term = Term::Scalar(Scalar::Bool);
pub(super) const U32: Term = Term::Scalar(Scalar::U32);
pub(super) const U64: Term = Term::Scalar(Scalar::U64);

impl From<&Type> for Term {
    fn from(ty: &Type) -> Self {
        match ty {
            Type::Unit => Term::Unit,
            Type::Scalar(scalar) => Term::Scalar(*scalar),
            Type::Parameter(name) => Term::Parameter(name.clone()),
            Type::Struct(path) => Term::Struct(
                Path::new(&path.module, &path.item),
                path.arguments.iter().map(Term::from).collect(),
            ),
            Type::Enum(path, scalar) => Term::Enum(path.clone(), *scalar),
            Type::Tuple(parts) => Term::Tuple(parts.iter().map(Term::from).collect()),
            Type::Array(element, size) => Term::Array(Box::new(Term::from(&**element)), size.clone()),
            Type::Pointer(space, element) => Term::Pointer(*space, Box::new(Term::from(&**element))),
            Type::Peers(element) => Term::Peers(Box::new(Term::from(&**element))),
            Type::Slice(pointer) => Term::Slice(Box::new(Term::from(&**pointer))),
        }
    }
}

/// A parameter, result or field type as whoever mentions the item sees it.
pub(super) fn substitute(ty: &Type, sizes: &[(String, Size)], types: &[(String, Term)]) -> Term {
    let part = |ty: &Type| substitute(ty, sizes, types);
    let inner = |ty: &Type| Box::new(part(ty));
    match ty {
        Type::Parameter(name) => {
            let stands_for = types.iter().find(|(known, _)| known == name).map(|(_, term)| term.clone());
            stands_for.unwrap_or_else(|| Term::Parameter(name.clone()))
        }
        Type::Struct(path) => {
            Term::Struct(Path::new(&path.module, &path.item), path.arguments.iter().map(part).collect())
        }
        Type::Array(element, Size::Parameter(name)) => {
            let size = sizes.iter().find(|(known, _)| known == name).map(|(_, size)| size.clone());
            Term::Array(inner(element), size.unwrap_or_else(|| Size::Parameter(name.clone())))
        }
        Type::Array(element, size) => Term::Array(inner(element), size.clone()),
        Type::Tuple(parts) => Term::Tuple(parts.iter().map(part).collect()),
        Type::Pointer(space, element) => Term::Pointer(*space, inner(element)),
        Type::Peers(element) => Term::Peers(inner(element)),
        Type::Slice(pointer) => Term::Slice(inner(pointer)),
        other => Term::from(other),
    }
}

/// What an unbound variable may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Integer,
    Float,
    /// The value of an expression after which control does not continue: any type, and `()` if
    /// nothing asks.
    Never,
    /// A type that could not be read, or that of an expression with a mistake: it fits everything,
    /// so that nothing more is said about what follows from a mistake that is reported.
    Reported,
}

#[derive(Clone, Debug)]
enum Binding {
    Open(Kind),
    Bound(Term),
}

/// The variables of one body.
#[derive(Debug, Default)]
pub(super) struct Table {
    bindings: Vec<Binding>,
    has_reported: bool,
}

impl Table {
    /// A new variable.
    pub(super) fn fresh(&mut self, kind: Kind) -> Term {
        self.has_reported |= kind == Kind::Reported;
        self.bindings.push(Binding::Open(kind));
        Term::Variable(self.bindings.len() - 1)
    }

    /// The type of a signature; a variable for one that could not be read.
    pub(super) fn stated(&mut self, ty: Option<&Type>) -> Term {
        ty.map_or_else(|| self.fresh(Kind::Reported), Term::from)
    }

    /// Whether something is missing because of a mistake that is reported, here or at the item that
    /// is used.
    pub(super) fn has_reported(&self) -> bool {
        self.has_reported
    }

    /// Follows bound variables at the top of `term`.
    pub(super) fn shallow(&self, term: &Term) -> Term {
        let mut term = term;
        while let Term::Variable(index) = term {
            match &self.bindings[*index] {
                Binding::Bound(bound) => term = bound,
                Binding::Open(_) => break,
            }
        }
        term.clone()
    }

    /// What the open variable `term` may become; `None` for anything else.
    pub(super) fn open(&self, term: &Term) -> Option<Kind> {
        match self.shallow(term) {
            Term::Variable(index) => match self.bindings[index] {
                Binding::Open(kind) => Some(kind),
                Binding::Bound(_) => None,
            },
            _ => None,
        }
    }

    /// The scalar type, if it is known to be one.
    pub(super) fn scalar(&self, term: &Term) -> Option<Scalar> {
        match self.shallow(term) {
            Term::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Makes both equal if that is possible.
    pub(super) fn unify(&mut self, left: &Term, right: &Term) -> bool {
        match (self.shallow(left), self.shallow(right)) {
            (Term::Variable(a), Term::Variable(b)) if a == b => true,
            (Term::Variable(a), other) | (other, Term::Variable(a)) if self.is_reported(a) => {
                if let Term::Variable(other) = other {
                    self.bindings[other] = Binding::Bound(Term::Variable(a));
                }
                true
            }
            (Term::Variable(variable), other) | (other, Term::Variable(variable)) => {
                self.bind(variable, other)
            }
            (Term::Tuple(a), Term::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| self.unify(a, b))
            }
            (Term::Struct(left, a), Term::Struct(right, b)) => {
                left == right && a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| self.unify(a, b))
            }
            (Term::Array(a, m), Term::Array(b, n)) => m == n && self.unify(&a, &b),
            (Term::Pointer(s, a), Term::Pointer(t, b)) => s == t && self.unify(&a, &b),
            (Term::Peers(a), Term::Peers(b)) | (Term::Slice(a), Term::Slice(b)) => self.unify(&a, &b),
            (a, b) => a == b,
        }
    }

    fn is_reported(&self, variable: usize) -> bool {
        matches!(self.bindings[variable], Binding::Open(Kind::Reported))
    }

    fn bind(&mut self, variable: usize, term: Term) -> bool {
        let Binding::Open(kind) = self.bindings[variable] else { return false };
        let fits = match (&term, kind) {
            (Term::Variable(other), _) => {
                if let Binding::Open(others) = self.bindings[*other] {
                    match (kind, others) {
                        (Kind::Never, _) | (Kind::Any, Kind::Any | Kind::Integer | Kind::Float) => true,
                        (_, Kind::Reported) => true,
                        (_, Kind::Never | Kind::Any) => {
                            self.bindings[*other] = Binding::Open(kind);
                            true
                        }
                        _ => kind == others,
                    }
                } else {
                    false
                }
            }
            (term, Kind::Any | Kind::Never | Kind::Reported) => !self.occurs(variable, term),
            (Term::Scalar(scalar), Kind::Integer) => scalar.is_integer(),
            (Term::Scalar(scalar), Kind::Float) => scalar.is_float(),
            _ => false,
        };
        if fits {
            self.bindings[variable] = Binding::Bound(term);
        }
        fits
    }

    fn occurs(&self, variable: usize, term: &Term) -> bool {
        match self.shallow(term) {
            Term::Variable(other) => other == variable,
            Term::Tuple(parts) | Term::Struct(_, parts) => {
                parts.iter().any(|part| self.occurs(variable, part))
            }
            Term::Array(inner, _) | Term::Pointer(_, inner) | Term::Peers(inner) | Term::Slice(inner) => {
                self.occurs(variable, &inner)
            }
            Term::Unit | Term::Scalar(_) | Term::Parameter(_) | Term::Enum(..) => false,
        }
    }

    /// The type, with literals defaulted; `None` if something is still open.
    pub(super) fn finish(&self, term: &Term) -> Option<Type> {
        Some(match self.shallow(term) {
            Term::Variable(index) => match self.bindings[index] {
                Binding::Open(Kind::Integer) => Type::Scalar(Scalar::I32),
                Binding::Open(Kind::Float) => Type::Scalar(Scalar::F64),
                Binding::Open(Kind::Never) => Type::Unit,
                _ => return None,
            },
            Term::Unit => Type::Unit,
            Term::Scalar(scalar) => Type::Scalar(scalar),
            Term::Parameter(name) => Type::Parameter(name),
            Term::Struct(path, arguments) => {
                let arguments = arguments.iter().map(|part| self.finish(part)).collect::<Option<_>>()?;
                Type::Struct(Path { arguments, ..path })
            }
            Term::Enum(path, scalar) => Type::Enum(path, scalar),
            Term::Tuple(parts) => {
                Type::Tuple(parts.iter().map(|part| self.finish(part)).collect::<Option<Vec<_>>>()?)
            }
            Term::Array(element, size) => Type::Array(Box::new(self.finish(&element)?), size),
            Term::Pointer(space, element) => Type::Pointer(space, Box::new(self.finish(&element)?)),
            Term::Peers(element) => Type::Peers(Box::new(self.finish(&element)?)),
            Term::Slice(pointer) => Type::Slice(Box::new(self.finish(&pointer)?)),
        })
    }

    /// How a message names the type.
    pub(super) fn describe(&self, term: &Term) -> String {
        match self.shallow(term) {
            Term::Variable(index) => match self.bindings[index] {
                Binding::Open(Kind::Integer) => "integer".to_string(),
                Binding::Open(Kind::Float) => "float".to_string(),
                _ => "_".to_string(),
            },
            Term::Unit => "()".to_string(),
            Term::Scalar(scalar) => scalar.name().to_string(),
            Term::Parameter(name) => name,
            Term::Struct(path, arguments) if !arguments.is_empty() => {
                let parts: Vec<String> = arguments.iter().map(|part| self.describe(part)).collect();
                format!("{}<{}>", path.item, parts.join(", "))
            }
            Term::Struct(path, _) | Term::Enum(path, _) => path.item,
            Term::Tuple(parts) => {
                let comma = if parts.len() == 1 { "," } else { "" };
                let parts = parts.iter().map(|part| self.describe(part)).collect::<Vec<_>>().join(", ");
                format!("({parts}{comma})")
            }
            Term::Array(element, size) => {
                let size = match size {
                    Size::Literal(length) => length.to_string(),
                    Size::Parameter(name) => name,
                    Size::Constant(path) => path.item,
                };
                format!("[{}; {size}]", self.describe(&element))
            }
            Term::Pointer(space, element) => format!("{}<{}>", pointer_name(space), self.describe(&element)),
            Term::Peers(element) => format!("Peers<{}>", self.describe(&element)),
            Term::Slice(pointer) => match self.shallow(&pointer) {
                Term::Pointer(space, element) => {
                    format!("{}Slice<{}>", pointer_name(space), self.describe(&element))
                }
                other => self.describe(&other),
            },
        }
    }
}

/// The Rust name of a pointer type.
pub(super) fn pointer_name(space: Space) -> &'static str {
    match space {
        Space::Global => "Global",
        Space::Shared => "Shared",
        Space::Peer => "Peer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_takes_the_type_it_meets_and_defaults_otherwise() {
        let mut table = Table::default();
        let (met, alone) = (table.fresh(Kind::Integer), table.fresh(Kind::Float));
        assert!(table.unify(&met, &U64));
        assert_eq!(table.finish(&met), Some(Type::Scalar(Scalar::U64)));
        assert_eq!(table.finish(&alone), Some(Type::Scalar(Scalar::F64)));
    }

    #[test]
    fn an_integer_literal_is_neither_bool_nor_float() {
        let mut table = Table::default();
        let literal = table.fresh(Kind::Integer);
        assert!(!table.unify(&literal, &BOOL));
        assert!(!table.unify(&literal, &Term::Scalar(Scalar::F32)));
        let unknown = table.fresh(Kind::Any);
        assert!(table.unify(&unknown, &literal));
        assert!(!table.unify(&unknown, &BOOL), "the kind of the literal is kept through the variable");
    }

    #[test]
    fn a_type_cannot_contain_itself() {
        let mut table = Table::default();
        let unknown = table.fresh(Kind::Any);
        let pair = Term::Tuple(vec![unknown.clone(), U32]);
        assert!(!table.unify(&unknown, &pair));
        assert_eq!(table.finish(&unknown), None);
    }

    #[test]
    fn an_expression_that_never_ends_takes_any_type() {
        let mut table = Table::default();
        let (alone, met, literal) =
            (table.fresh(Kind::Never), table.fresh(Kind::Never), table.fresh(Kind::Integer));
        assert!(table.unify(&literal, &met));
        assert!(table.unify(&met, &U32));
        assert_eq!(table.finish(&literal), Some(Type::Scalar(Scalar::U32)));
        assert_eq!(table.finish(&alone), Some(Type::Unit));
    }
}
