//! Calls by name: device functions and struct constructors.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, GenericArgument, PathArguments, PathSegment, Token};

use super::body::Body;
use super::names::{Entity, Signature};
use super::operations::intrinsic;
use super::parts::aggregate;
use super::terms::{Kind, Term, substitute};
use super::tree::{Node, NodeKind};
use super::types::scalar_named;
use crate::ir::{Bound, Intrinsic, Path, Scalar, Size, Type, TypeParameter};

/// What stands between `<` and `>` of a call.
pub(super) type Generics<'g> = Option<&'g Punctuated<GenericArgument, Token![,]>>;

impl Body<'_> {
    pub(super) fn call(&mut self, call: &ExprCall) -> Node {
        let span = call.func.span();
        let path = match &*call.func {
            Expr::Path(path) if path.qself.is_none() => &path.path,
            _ => return self.error(span, "device code calls functions by their name: write `function(..)`"),
        };
        let Some(last) = path.segments.last() else { return self.failed(span) };
        let generics = match &last.arguments {
            PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
            _ => None,
        };
        let name = last.ident.to_string();
        let owner = path.segments.iter().rev().nth(1);
        let arguments: Vec<&Expr> = call.args.iter().collect();
        let first = path.segments.first().map(|segment| segment.ident.to_string());
        if path.segments.len() > 1 && matches!(first.as_deref(), Some("core" | "std")) {
            let message = match name.as_str() {
                "min" | "max" => {
                    format!("device code has no functions of the standard library: write `a.{name}(b)`")
                }
                _ => format!(
                    "device code has no functions of the standard library but methods of numbers: write `{name}` as a device \
                     function"
                ),
            };
            for argument in arguments {
                self.expression(argument);
            }
            return self.error(span, message);
        }
        match owner {
            None => self.call_named(&name, generics, &arguments, span),
            Some(owner) if path.segments.len() == 2 => {
                self.call_associated(owner, &name, generics, &arguments, span)
            }
            Some(_) => self
                .error(span, format!("a function is called without its module: import `{name}` with `use`")),
        }
    }

    fn call_named(&mut self, name: &str, generics: Generics<'_>, arguments: &[&Expr], span: Span) -> Node {
        if self.local(name).is_some() {
            return self
                .error(span, format!("`{name}` is a variable here: device code calls functions only"));
        }
        let constructed = if name == "Self" { self.self_type.clone().map(Entity::Struct) } else { None };
        match constructed.or_else(|| self.environment.resolve(name)) {
            Some(Entity::Function(path)) => {
                self.call_function(path, None, Vec::new(), generics, arguments, span)
            }
            Some(Entity::Struct(path)) => self.construct(path, arguments, span),
            Some(Entity::Constant(_)) => self.error(span, format!("`{name}` is a constant, not a function")),
            Some(Entity::Enum(_)) => self.error(span, format!("`{name}` is an enum, not a function")),
            None => self.call_intrinsic(name, generics, arguments, span),
        }
    }

    fn call_associated(
        &mut self,
        owner: &PathSegment,
        name: &str,
        generics: Generics<'_>,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let segment = owner;
        let owner = &segment.ident.to_string();
        if let Some(owner_path) = self.struct_named(owner) {
            let path = self.environment.associated(&owner_path, name);
            if self.environment.signature(&path).is_some() {
                let parameters = self.environment.struct_parameters(&owner_path);
                let scope = self.scope();
                let of_owner = scope.arguments(
                    &owner_path.item,
                    parameters,
                    segment,
                    &mut self.table,
                    &mut self.diagnostics,
                );
                let Some(of_owner) = of_owner else { return self.failed(span) };
                return self.call_function(path, None, of_owner, generics, arguments, span);
            }
            let message = format!("`{owner}` has no function `{name}`: write one in its `impl`");
            return self.error(span, message);
        }
        let converts = match self.scope().bound(owner) {
            Some(bound) => bound != Bound::Copy,
            None => scalar_named(owner).is_some_and(|scalar| scalar != Scalar::Bool),
        };
        if name == "of" && converts {
            let value = self.table.fresh(Kind::Any);
            let Some(mut written) = self.arguments("of", &[value], arguments, span) else {
                return self.failed(span);
            };
            let Some(value) = written.pop() else { return self.failed(span) };
            let term = match scalar_named(owner) {
                Some(scalar) => Term::Scalar(scalar),
                None => Term::Parameter(owner.clone()),
            };
            return Node { kind: NodeKind::Cast(Box::new(value)), term, span };
        }
        if name == "from_bits" && self.scope().bound(owner) == Some(Bound::Float) {
            let bits = self.table.fresh(Kind::Any);
            let Some(written) = self.arguments(name, &[bits], arguments, span) else {
                return self.failed(span);
            };
            return intrinsic(Intrinsic::Bitcast, written, Term::Parameter(owner.clone()), span);
        }
        if let Some(scalar) = scalar_named(owner) {
            if name == "from_bits" && scalar.is_float() {
                let bits = Term::Scalar(scalar.unsigned());
                let Some(written) = self.arguments(name, &[bits], arguments, span) else {
                    return self.failed(span);
                };
                return intrinsic(Intrinsic::Bitcast, written, Term::Scalar(scalar), span);
            }
            if name == "from" {
                return self
                    .error(span, format!("device code has no conversion traits: write `value as {owner}`"));
            }
            if let Some((receiver, rest)) = arguments.split_first() {
                let receiver = self.expression(receiver);
                self.expect(&receiver, &Term::Scalar(scalar));
                return self.scalar_method(receiver, scalar, name, rest, span);
            }
        }
        self.error(
            span,
            format!("there is no function `{owner}::{name}` here: import functions with `use` and call them by name alone"),
        )
    }

    /// A value of a tuple struct.
    fn construct(&mut self, path: Path, arguments: &[&Expr], span: Span) -> Node {
        let Some(definition) = self.environment.definition(&path) else { return self.failed(span) };
        if definition.fields.iter().enumerate().any(|(index, field)| field.name != index.to_string()) {
            return self
                .error(span, format!("the fields of `{0}` have names: write `{0} {{ .. }}`", path.item));
        }
        let count = definition.fields.len();
        let types = self.fresh_arguments(&path, span);
        let fields: Vec<Term> = (0..count).map(|index| self.field_term(&path, &types, index)).collect();
        match self.arguments(&path.item, &fields, arguments, span) {
            Some(parts) => aggregate(parts, Term::Struct(path, types), span),
            None => self.failed(span),
        }
    }

    /// Arguments of the given types; `None` after reporting if their number is wrong.
    pub(super) fn arguments(
        &mut self,
        name: &str,
        expected: &[Term],
        written: &[&Expr],
        span: Span,
    ) -> Option<Vec<Node>> {
        let nodes: Vec<Node> = written.iter().map(|argument| self.expression(argument)).collect();
        if nodes.len() != expected.len() {
            let plural = if expected.len() == 1 { "" } else { "s" };
            self.diagnostics.report(
                span,
                format!("`{name}` takes {} argument{plural}, and {} are given", expected.len(), nodes.len()),
            );
            return None;
        }
        for (node, expected) in nodes.iter().zip(expected) {
            self.expect(node, expected);
        }
        Some(nodes)
    }

    /// Unknown types for the type parameters of a struct.
    pub(super) fn fresh_arguments(&mut self, path: &Path, span: Span) -> Vec<Term> {
        let parameters = self.environment.struct_parameters(path);
        parameters.iter().map(|parameter| self.fresh_argument(&path.item, parameter, span)).collect()
    }

    fn fresh_argument(&mut self, item: &str, parameter: &TypeParameter, span: Span) -> Term {
        let term = self.table.fresh(Kind::Any);
        self.type_arguments.push((span, item.to_string(), parameter.clone(), term.clone()));
        term
    }

    /// The types that stand for a function's type parameters: what is written, and unknown ones for
    /// the rest. How many of the generics that are written for the call are types.
    fn function_arguments(
        &mut self,
        path: &Path,
        signature: &Signature,
        of_owner: &[Term],
        generics: Generics<'_>,
        span: Span,
    ) -> (Vec<Term>, usize) {
        let parameters = &signature.type_parameters;
        let name = &path.item;
        let outer = name.rsplit_once("::").map_or(0, |(owner, _)| {
            self.environment.struct_parameters(&Path::new(&path.module, owner)).len()
        });
        let given = generics.map_or(0, Punctuated::len);
        let written = if given == 0 { 0 } else { parameters.len().saturating_sub(outer) };
        let mut terms = Vec::new();
        for (index, parameter) in parameters.iter().enumerate() {
            let term = self.fresh_argument(name, parameter, span);
            let stated = match index.checked_sub(outer) {
                None => of_owner.get(index).cloned(),
                Some(own) => {
                    match generics.and_then(|generics| generics.get(own)).filter(|_| own < written) {
                        Some(GenericArgument::Type(ty)) => {
                            self.scope().term(ty, &mut self.table, &mut self.diagnostics)
                        }
                        _ => None,
                    }
                }
            };
            if let Some(stated) = stated {
                self.table.unify(&term, &stated);
            }
            terms.push(term);
        }
        (terms, written)
    }

    /// A call of a device function; `receiver` is a method's `self` when it is written before the
    /// dot, `of_owner` the type arguments of its struct that are written.
    pub(super) fn call_function(
        &mut self,
        path: Path,
        receiver: Option<Node>,
        of_owner: Vec<Term>,
        generics: Generics<'_>,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let Some(signature) = self.environment.signature(&path) else { return self.failed(span) };
        let name = path.item.clone();
        if signature.is_kernel {
            return self.error(
                span,
                format!("`{name}` is a kernel, which the host launches: move its body into a function"),
            );
        }
        let (type_arguments, types) = self.function_arguments(&path, signature, &of_owner, generics, span);
        let Some(const_arguments) = self.const_arguments(&name, signature, generics, types, span) else {
            for argument in arguments {
                self.expression(argument);
            }
            return self.failed(span);
        };
        let sizes = self.sizes(signature, &const_arguments);
        let names = signature.type_parameters.iter().map(|parameter| parameter.name.clone());
        let known: Vec<(String, Term)> = names.zip(type_arguments.iter().cloned()).collect();
        let mut term = |ty: &Option<Type>| match ty {
            Some(ty) => substitute(ty, &sizes, &known),
            None => self.table.stated(None),
        };
        let expected: Vec<Term> = signature.parameters.iter().map(&mut term).collect();
        let result = term(&signature.result);
        let skip = usize::from(receiver.is_some()).min(expected.len());
        if let Some(receiver) = &receiver {
            if !signature.is_method {
                return self.error(span, format!("`{name}` takes no `self`: write `{name}(..)`"));
            }
            self.expect(receiver, &expected[0]);
        }
        let Some(written) = self.arguments(&name, &expected[skip..], arguments, span) else {
            return self.failed(span);
        };
        if path.module == self.environment.module {
            self.calls.push(path.clone());
        }
        let arguments = receiver.into_iter().chain(written).collect();
        Node {
            kind: NodeKind::Call { function: path, type_arguments, const_arguments, arguments },
            term: result,
            span,
        }
    }

    fn const_arguments(
        &mut self,
        name: &str,
        signature: &Signature,
        generics: Generics<'_>,
        types: usize,
        span: Span,
    ) -> Option<Vec<Node>> {
        let given = generics.map_or(0, Punctuated::len).saturating_sub(types);
        let parameters = &signature.const_parameters;
        if !signature.refused.is_empty() {
            return None;
        }
        if given != parameters.len() {
            let own = signature.type_parameters.iter().rev().take(types).rev();
            let names = own.map(|parameter| parameter.name.as_str());
            let names = names.chain(parameters.iter().map(|(name, _)| name.as_str()));
            let names = names.collect::<Vec<_>>().join(", ");
            let message = match parameters.len() {
                0 if types > 0 => {
                    format!("`{name}` has one type for each of `{names}`: write `{name}::<{names}>(..)`")
                }
                0 => format!("`{name}` has no const parameters: write `{name}(..)`"),
                _ => format!("`{name}` needs its const parameters: write `{name}::<{names}>(..)`"),
            };
            self.diagnostics.report(span, message);
            return None;
        }
        let given = generics.into_iter().flatten().skip(types);
        let mut nodes = Vec::new();
        for ((parameter, scalar), argument) in parameters.iter().zip(given) {
            let node = match argument {
                GenericArgument::Const(value) => self.constant(|body| body.expression(value)),
                // A lone name between `<` and `>` reads like a type.
                GenericArgument::Type(syn::Type::Path(path)) if path.qself.is_none() => {
                    let path = syn::ExprPath { attrs: Vec::new(), qself: None, path: path.path.clone() };
                    self.constant(|body| body.expression(&Expr::Path(path)))
                }
                other => self
                    .error(other.span(), format!("`{parameter}` is a constant of type `{}`", scalar.name())),
            };
            self.expect(&node, &Term::Scalar(*scalar));
            nodes.push(node);
        }
        Some(nodes)
    }

    /// What the const parameters of a signature are as array lengths.
    fn sizes(&self, signature: &Signature, arguments: &[Node]) -> Vec<(String, Size)> {
        let parameters = signature.const_parameters.iter().map(|(name, _)| name.clone());
        let known =
            parameters.zip(arguments).filter_map(|(name, argument)| Some((name, self.size(argument)?)));
        known.collect()
    }

    fn size(&self, argument: &Node) -> Option<Size> {
        match &argument.kind {
            NodeKind::Integer(value) => u64::try_from(*value).ok().map(Size::Literal),
            NodeKind::ConstParameter(name) => Some(Size::Parameter(name.clone())),
            NodeKind::Constant(path) => Some(super::lengths::of_constant(path, self.environment)),
            NodeKind::Block(statements, Some(tail)) if statements.is_empty() => self.size(tail),
            _ => None,
        }
    }
}
