//! Types as they are written.

use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments};

use super::diagnostic::Diagnostics;
use super::lengths;
use super::names::{Entity, Environment};
use super::terms::{Kind, Table, Term};
use crate::ir::{Bound, Path, Scalar, Space, Type, TypeParameter};

/// What a type or constant may mention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) environment: &'a Environment<'a>,
    pub(super) type_parameters: &'a [TypeParameter],
    pub(super) const_parameters: &'a [(String, Scalar)],
    pub(super) self_type: &'a Option<Path>,
    /// The function whose constants can be mentioned.
    pub(super) function: Option<&'a str>,
    /// Generics that device code does not have: reported where they are declared.
    pub(super) refused: &'a [String],
}

/// The scalar type of that name.
pub(super) fn scalar_named(name: &str) -> Option<Scalar> {
    Some(match name {
        "bool" => Scalar::Bool,
        "u8" => Scalar::U8,
        "u16" => Scalar::U16,
        "u32" => Scalar::U32,
        "u64" | "usize" => Scalar::U64,
        "i8" => Scalar::I8,
        "i16" => Scalar::I16,
        "i32" => Scalar::I32,
        "i64" | "isize" => Scalar::I64,
        "f32" => Scalar::F32,
        "f64" => Scalar::F64,
        _ => return None,
    })
}

impl<'a> Scope<'a> {
    /// Where no generics are known.
    pub(super) fn outside_functions(environment: &'a Environment<'a>) -> Self {
        Scope {
            environment,
            type_parameters: &[],
            const_parameters: &[],
            self_type: &None,
            function: None,
            refused: &[],
        }
    }
}

impl Scope<'_> {
    /// A type without holes; `None` after reporting.
    pub(super) fn whole(&self, ty: &syn::Type, diagnostics: &mut Diagnostics) -> Option<Type> {
        let mut table = Table::default();
        let before = diagnostics.count();
        let term = self.term(ty, &mut table, diagnostics)?;
        let whole = table.finish(&term);
        if whole.is_none() && diagnostics.count() == before {
            diagnostics.report(ty.span(), "a signature states its types: write the type in place of `_`");
        }
        whole
    }

    /// A type with a variable of `table` for each `_`; `None` after reporting.
    pub(super) fn term(
        &self,
        ty: &syn::Type,
        table: &mut Table,
        diagnostics: &mut Diagnostics,
    ) -> Option<Term> {
        let refuse = |diagnostics: &mut Diagnostics, message: &str| {
            diagnostics.report(ty.span(), message);
            None
        };
        match ty {
            syn::Type::Paren(paren) => self.term(&paren.elem, table, diagnostics),
            syn::Type::Group(group) => self.term(&group.elem, table, diagnostics),
            syn::Type::Infer(_) => Some(table.fresh(Kind::Any)),
            syn::Type::Path(path) if path.qself.is_none() => self.named(&path.path, table, diagnostics),
            syn::Type::Tuple(tuple) if tuple.elems.is_empty() => Some(Term::Unit),
            syn::Type::Tuple(tuple) => {
                let parts: Vec<_> =
                    tuple.elems.iter().map(|part| self.term(part, table, diagnostics)).collect();
                Some(Term::Tuple(parts.into_iter().collect::<Option<_>>()?))
            }
            syn::Type::Array(array) => {
                let element = self.term(&array.elem, table, diagnostics);
                match lengths::size(&array.len, self) {
                    Ok(size) => Some(Term::Array(Box::new(element?), size)),
                    Err(message) => {
                        diagnostics.report(array.len.span(), message);
                        None
                    }
                }
            }
            syn::Type::Reference(reference) if matches!(&*reference.elem, syn::Type::Slice(_)) => refuse(
                diagnostics,
                "device code has no references: pass a `GlobalSlice<T>`, a `SharedSlice<T>` or a `PeerSlice<T>`",
            ),
            syn::Type::Reference(_) => refuse(
                diagnostics,
                "device code has no references: pass the value itself, all device types are `Copy`",
            ),
            syn::Type::Ptr(_) => refuse(
                diagnostics,
                "device code has no raw pointers: use `Global<T>`, `Shared<T>` or `Peer<T>`",
            ),
            syn::Type::Slice(_) => refuse(
                diagnostics,
                "device code has no slices without a state space: use `GlobalSlice<T>`, `SharedSlice<T>`, `PeerSlice<T>` or an array `[T; N]`",
            ),
            syn::Type::ImplTrait(_) => refuse(
                diagnostics,
                "`impl` of a trait is the type of a parameter that is a memory order or scope, `impl Load`, `impl Store`, \
                 `impl Atomic`, `impl Fence`, `impl Scope` or `impl BarrierScope`: name another type",
            ),
            syn::Type::TraitObject(_) => refuse(
                diagnostics,
                "device code has no traits: name a scalar, struct, tuple, array or pointer type",
            ),
            syn::Type::FnPtr(_) => {
                refuse(diagnostics, "device code has no function pointers: call the function by its name")
            }
            syn::Type::Never(_) => refuse(
                diagnostics,
                "device functions return: leave out `-> !` and call `trap()` where control must end",
            ),
            _ => refuse(
                diagnostics,
                "this is not a device type: use scalars, structs, tuples, arrays, `Global`, `Shared`, `Peer`, their slices and `Peers`",
            ),
        }
    }

    fn named(&self, path: &syn::Path, table: &mut Table, diagnostics: &mut Diagnostics) -> Option<Term> {
        let (Some(last), 1) = (path.segments.last(), path.segments.len()) else {
            let name = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            diagnostics.report(
                path.span(),
                format!("a type is named without a path: import it with `use ..::{name};`"),
            );
            return None;
        };
        let name = last.ident.to_string();
        if self.refused.contains(&name) {
            return None;
        }
        if self.bound(&name).is_some() && last.arguments.is_none() {
            return Some(Term::Parameter(name));
        }
        if let Some(entity) = self.environment.resolve(&name) {
            if let Entity::Struct(path) = &entity {
                return self.struct_term(path, last, table, diagnostics);
            }
            if let (Entity::Enum(path), PathArguments::None) = (&entity, &last.arguments) {
                return Some(Term::from(&self.environment.item_type(path)));
            }
            let message = match entity {
                Entity::Enum(_) => format!("`{name}` takes no type arguments: write `{name}`"),
                _ => format!("`{name}` is not a type"),
            };
            diagnostics.report(path.span(), message);
            return None;
        }
        if name == "Self" {
            if let Some(path) = self.self_type {
                return Some(Term::from(&self.environment.item_type(path)));
            }
            diagnostics.report(path.span(), "`Self` is known only inside an `impl`: name the struct");
            return None;
        }
        let name = self.environment.built_in(&name);
        if let Some(scalar) = scalar_named(name) {
            return Some(Term::Scalar(scalar));
        }
        let (pointer, is_slice) = match name.strip_suffix("Slice") {
            Some(pointer) => (pointer, true),
            None => (name, false),
        };
        let space = match pointer {
            "Global" => Some(Space::Global),
            "Shared" => Some(Space::Shared),
            "Peer" => Some(Space::Peer),
            "Peers" if !is_slice => None,
            _ => {
                diagnostics.report(path.span(), unknown(name));
                return None;
            }
        };
        let element = Box::new(self.element(last, table, diagnostics)?);
        Some(match space {
            Some(space) if is_slice => Term::Slice(Box::new(Term::Pointer(space, element))),
            Some(space) => Term::Pointer(space, element),
            None => Term::Peers(element),
        })
    }

    /// What a type parameter of that name is bounded by.
    pub(super) fn bound(&self, name: &str) -> Option<Bound> {
        let parameter = self.type_parameters.iter().find(|parameter| parameter.name == name);
        parameter.map(|parameter| parameter.bound)
    }

    /// Whether the type may be in the set, as far as it is known.
    pub(super) fn is_in(&self, bound: Bound, term: &Term) -> bool {
        match term {
            Term::Variable(_) => true,
            Term::Scalar(scalar) => bound.has(&Type::Scalar(*scalar)),
            Term::Parameter(name) => self.bound(name).is_none_or(|other| bound.includes(other)),
            _ => bound == Bound::Copy,
        }
    }

    /// A struct with the type arguments that are written.
    fn struct_term(
        &self,
        path: &Path,
        segment: &syn::PathSegment,
        table: &mut Table,
        diagnostics: &mut Diagnostics,
    ) -> Option<Term> {
        let parameters = self.environment.struct_parameters(path);
        let arguments = self.arguments(&path.item, parameters, segment, table, diagnostics)?;
        if arguments.len() != parameters.len() {
            diagnostics.report(segment.span(), wrong_number(&path.item, parameters));
            return None;
        }
        Some(Term::Struct(path.clone(), arguments))
    }

    /// The type arguments that are written for `item`, at most one for each of its parameters;
    /// `None` after reporting.
    pub(super) fn arguments(
        &self,
        item: &str,
        parameters: &[TypeParameter],
        segment: &syn::PathSegment,
        table: &mut Table,
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Term>> {
        let written: Vec<&GenericArgument> = match &segment.arguments {
            PathArguments::None => return Some(Vec::new()),
            PathArguments::AngleBracketed(arguments) => arguments.args.iter().collect(),
            PathArguments::Parenthesized(_) => Vec::new(),
        };
        if written.len() != parameters.len() {
            diagnostics.report(segment.span(), wrong_number(item, parameters));
            return None;
        }
        let mut terms = Vec::new();
        for (parameter, argument) in parameters.iter().zip(written) {
            let GenericArgument::Type(ty) = argument else {
                diagnostics.report(argument.span(), format!("`{}` of `{item}` is a type", parameter.name));
                return None;
            };
            let term = self.term(ty, table, diagnostics)?;
            if let Some(message) = self.outside(item, parameter, &term, table) {
                diagnostics.report(ty.span(), message);
                return None;
            }
            terms.push(term);
        }
        Some(terms)
    }

    /// A sentence if `term` may not stand for the parameter of `item`.
    pub(super) fn outside(
        &self,
        item: &str,
        parameter: &TypeParameter,
        term: &Term,
        table: &Table,
    ) -> Option<String> {
        let (name, bound) = (&parameter.name, parameter.bound.name());
        (!self.is_in(parameter.bound, &table.shallow(term)))
            .then(|| format!("`{item}` takes `{name}: {bound}`, and `{}` is none", table.describe(term)))
    }

    /// The `T` of `Global<T>`; a hole if it is not written.
    fn element(
        &self,
        segment: &syn::PathSegment,
        table: &mut Table,
        diagnostics: &mut Diagnostics,
    ) -> Option<Term> {
        let arguments = match &segment.arguments {
            PathArguments::None => return Some(table.fresh(Kind::Any)),
            PathArguments::AngleBracketed(arguments) => &arguments.args,
            PathArguments::Parenthesized(_) => {
                diagnostics.report(segment.span(), format!("write `{}<T>`", segment.ident));
                return None;
            }
        };
        if let (Some(GenericArgument::Type(ty)), 1) = (arguments.first(), arguments.len()) {
            let element = self.term(ty, table, diagnostics)?;
            self.check_layout(&element, ty.span(), diagnostics);
            return Some(element);
        }
        diagnostics
            .report(segment.span(), format!("a pointer has one element type: write `{}<T>`", segment.ident));
        None
    }

    /// Reports a struct that is to lie in memory although Rust does not promise its layout.
    pub(super) fn check_layout(
        &self,
        element: &Term,
        span: proc_macro2::Span,
        diagnostics: &mut Diagnostics,
    ) {
        if let Some(name) = self.environment.without_repr(element) {
            let message =
                format!("`{name}` lies in memory here: write `#[repr(u32)]` or its like on `enum {name}`");
            diagnostics.report(span, message);
            return;
        }
        match element {
            Term::Struct(path, _) if self.environment.lacks_layout(path) => {
                let name = &path.item;
                diagnostics.report(
                    span,
                    format!("`{name}` lies in memory here: write `#[repr(C)]` on `struct {name}`"),
                );
            }
            Term::Array(element, _) => self.check_layout(element, span, diagnostics),
            _ => {}
        }
    }
}

/// What to write where the type arguments of an item do not fit its parameters.
fn wrong_number(item: &str, parameters: &[TypeParameter]) -> String {
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
    match names.is_empty() {
        true => format!("`{item}` takes no type arguments: write `{item}`"),
        false => format!("`{item}` is generic: write `{item}<{}>`", names.join(", ")),
    }
}

/// What to write instead of a type that device code lacks.
fn unknown(name: &str) -> String {
    match name {
        "u128" | "i128" => format!("`{name}` is not available in device code: use two `u64`"),
        "char" | "str" | "String" => format!("`{name}` is not available in device code: use integers"),
        "Option" | "Result" => {
            format!("`{name}` is not available in device code: return a `bool` beside the value")
        }
        "Vec" | "Box" => {
            format!("`{name}` is not available in device code: use an array `[T; N]` or `shared::<T>(n)`")
        }
        _ => format!(
            "there is no device type `{name}` here: define it in this module or import it from a `#[device]` module"
        ),
    }
}
