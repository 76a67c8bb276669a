//! Calls by name: device functions, struct constructors and intrinsics.

use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprCall, GenericArgument, PathArguments, Token};

use super::body::Body;
use super::expressions::aggregate;
use super::intrinsics::{self, Members, Operation, Shape};
use super::literals::range;
use super::names::{Entity, Signature};
use super::terms::{BOOL, Kind, Term, U32, U64};
use super::tree::{Node, NodeKind};
use super::types::scalar_named;
use crate::ir::{Intrinsic, Order, Path, Scalar, Scope, Size, Space, Type};

/// What stands between `<` and `>` of a call.
pub(super) type Generics<'g> = Option<&'g Punctuated<GenericArgument, Token![,]>>;

/// All 32 lanes.
const ALL_LANES: i128 = 0xffff_ffff;

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
        let owner = path.segments.iter().rev().nth(1).map(|segment| segment.ident.to_string());
        let arguments: Vec<&Expr> = call.args.iter().collect();
        match owner {
            None => self.call_named(&name, generics, &arguments, span),
            Some(owner) if path.segments.len() == 2 => {
                self.call_associated(&owner, &name, generics, &arguments, span)
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
            Some(Entity::Function(path)) => self.call_function(path, None, generics, arguments, span),
            Some(Entity::Struct(path)) => self.construct(path, arguments, span),
            Some(Entity::Constant(_)) => self.error(span, format!("`{name}` is a constant, not a function")),
            None => self.call_intrinsic(name, generics, arguments, span),
        }
    }

    fn call_associated(
        &mut self,
        owner: &str,
        name: &str,
        generics: Generics<'_>,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        if let Some(owner_path) = self.struct_named(owner) {
            let path = self.environment.associated(&owner_path, name);
            if self.environment.signature(&path).is_some() {
                return self.call_function(path, None, generics, arguments, span);
            }
            let message = format!("`{owner}` has no function `{name}`: write one in its `impl`");
            return self.error(span, message);
        }
        if let Some(scalar) = scalar_named(owner) {
            if name == "from_bits" && scalar.is_float() {
                let bits = Term::Scalar(super::scalar_methods::unsigned(scalar));
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
        let fields: Vec<Term> = definition.fields.iter().map(|field| Term::from(&field.ty)).collect();
        match self.arguments(&path.item, &fields, arguments, span) {
            Some(parts) => aggregate(parts, Term::Struct(path), span),
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

    /// A call of a device function; `receiver` is a method's `self` when it is written before the dot.
    pub(super) fn call_function(
        &mut self,
        path: Path,
        receiver: Option<Node>,
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
        let Some(const_arguments) = self.const_arguments(&name, signature, generics, span) else {
            for argument in arguments {
                self.expression(argument);
            }
            return self.failed(span);
        };
        let sizes = self.sizes(signature, &const_arguments);
        let expected: Vec<Term> = signature.parameters.iter().map(|ty| substitute(ty, &sizes)).collect();
        let result = substitute(&signature.result, &sizes);
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
        Node { kind: NodeKind::Call { function: path, const_arguments, arguments }, term: result, span }
    }

    fn const_arguments(
        &mut self,
        name: &str,
        signature: &Signature,
        generics: Generics<'_>,
        span: Span,
    ) -> Option<Vec<Node>> {
        let given = generics.map_or(0, Punctuated::len);
        let parameters = &signature.const_parameters;
        if given != parameters.len() {
            let names = parameters.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let message = match parameters.len() {
                0 => format!("`{name}` has no const parameters: write `{name}(..)`"),
                _ => format!("`{name}` needs its const parameters: write `{name}::<{names}>(..)`"),
            };
            self.diagnostics.report(span, message);
            return None;
        }
        let given = generics.into_iter().flatten();
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

    fn call_intrinsic(
        &mut self,
        name: &str,
        generics: Generics<'_>,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let built_in = self.environment.built_in(name).to_string();
        match built_in.as_str() {
            "shared" => return self.shared(generics, arguments, span),
            "fence" => return self.fence(arguments, span),
            _ => {}
        }
        let Some(operation) = intrinsics::operation(&built_in) else {
            for argument in arguments {
                self.expression(argument);
            }
            return self.error(
                span,
                format!(
                    "there is no device function `{name}` here: define it in this module, or import it from a \
                     `#[device]` module with `use`"
                ),
            );
        };
        self.operation(operation, arguments, span)
    }

    fn operation(&mut self, operation: &Operation, arguments: &[&Expr], span: Span) -> Node {
        let value = self.table.fresh(Kind::Any);
        let term = |shape: &Shape| match shape {
            Shape::Unit | Shape::Never => Term::Unit,
            Shape::Bool => BOOL,
            Shape::U32 => U32,
            Shape::U64 => U64,
            Shape::F32 => Term::Scalar(Scalar::F32),
            Shape::Value => value.clone(),
        };
        let mut expected: Vec<Term> = operation.arguments.iter().map(term).collect();
        if operation.members == Members::First {
            expected.insert(0, U32);
        }
        let Some(written) = self.arguments(operation.name, &expected, arguments, span) else {
            return self.failed(span);
        };
        let count = operation.arguments.len();
        let mut operands: Vec<(usize, Node)> = match operation.members {
            Members::First => {
                // The members are written first and are the last operand.
                let position = |written: usize| if written == 0 { count } else { written - 1 };
                written.into_iter().enumerate().map(|(index, node)| (position(index), node)).collect()
            }
            _ => written.into_iter().enumerate().collect(),
        };
        if operation.members == Members::All {
            operands.push((count, Node { kind: NodeKind::Integer(ALL_LANES), term: U32, span }));
        }
        let result = if operation.result == Shape::Never { self.never() } else { term(&operation.result) };
        Node { kind: NodeKind::Intrinsic(operation.intrinsic, operands), term: result, span }
    }

    /// `shared::<T>(count)`.
    fn shared(&mut self, generics: Generics<'_>, arguments: &[&Expr], span: Span) -> Node {
        let element = self.type_argument("shared", generics, span);
        let Some(written) = self.arguments("shared", &[U32], arguments, span) else {
            return self.failed(span);
        };
        intrinsic(Intrinsic::SharedArray, written, Term::Pointer(Space::Shared, Box::new(element)), span)
    }

    /// The one type argument of `shared` and `cast`; a hole if it is not written.
    pub(super) fn type_argument(&mut self, name: &str, generics: Generics<'_>, span: Span) -> Term {
        let given: Vec<&GenericArgument> = generics.into_iter().flatten().collect();
        let written = match given.as_slice() {
            [] => None,
            [GenericArgument::Type(ty)] => {
                let term = self.scope().term(ty, &mut self.table, &mut self.diagnostics);
                if let Some(term) = &term {
                    self.scope().check_layout(term, ty.span(), &mut self.diagnostics);
                }
                term
            }
            _ => {
                self.diagnostics
                    .report(span, format!("`{name}` has one type argument: write `{name}::<T>(..)`"));
                None
            }
        };
        written.unwrap_or_else(|| self.table.fresh(Kind::Any))
    }

    /// `fence(order, scope)`.
    fn fence(&mut self, arguments: &[&Expr], span: Span) -> Node {
        let [order, scope] = arguments else {
            return self.error(span, "a fence states order and scope: write `fence(AcquireRelease, Gpu)`");
        };
        let legal = [Order::AcquireRelease, Order::SequentiallyConsistent];
        let order = self.order(order, "a fence", &legal);
        let scope = self.memory_scope(scope);
        match (order, scope) {
            (Some(order), Some(scope)) => {
                intrinsic(Intrinsic::Fence(order, scope), Vec::new(), Term::Unit, span)
            }
            _ => self.failed(span),
        }
    }

    /// The built-in name that an argument states; `None` for anything else.
    fn built_in_path(&self, argument: &Expr) -> Option<String> {
        let Expr::Path(path) = argument else { return None };
        let name = path.path.segments.last()?.ident.to_string();
        if self.local(&name).is_some() || self.environment.resolve(&name).is_some() {
            return None;
        }
        Some(self.environment.built_in(&name).to_string())
    }

    /// A memory order among those that `operation` may have.
    pub(super) fn order(&mut self, argument: &Expr, operation: &str, legal: &[Order]) -> Option<Order> {
        let found = self.built_in_path(argument).and_then(|name| intrinsics::order(&name));
        if let Some(order) = found
            && legal.contains(&order)
        {
            return Some(order);
        }
        let names: Vec<String> = legal.iter().map(|order| format!("`{order:?}`")).collect();
        let choices = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.join(""),
        };
        let message = match found {
            Some(order) => format!("{operation} cannot be `{order:?}`: write {choices}"),
            None => format!("the memory order of {operation} is written out: {choices}"),
        };
        self.diagnostics.report(argument.span(), message);
        None
    }

    /// A memory scope.
    pub(super) fn memory_scope(&mut self, argument: &Expr) -> Option<Scope> {
        let found = self.built_in_path(argument).and_then(|name| intrinsics::scope(&name));
        if found.is_none() {
            self.diagnostics.report(
                argument.span(),
                "the scope of a memory operation is written out: `Block`, `Cluster`, `Gpu` or `System`",
            );
        }
        found
    }
}

/// An operation whose operands are written in their order.
pub(super) fn intrinsic(intrinsic: Intrinsic, written: Vec<Node>, term: Term, span: Span) -> Node {
    Node { kind: NodeKind::Intrinsic(intrinsic, written.into_iter().enumerate().collect()), term, span }
}

/// A parameter or result type as the caller sees it.
fn substitute(ty: &Type, sizes: &[(String, Size)]) -> Term {
    match ty {
        Type::Array(element, Size::Parameter(name)) => {
            let size = sizes.iter().find(|(known, _)| known == name).map(|(_, size)| size.clone());
            Term::Array(
                Box::new(substitute(element, sizes)),
                size.unwrap_or_else(|| Size::Parameter(name.clone())),
            )
        }
        Type::Array(element, size) => Term::Array(Box::new(substitute(element, sizes)), size.clone()),
        Type::Tuple(parts) => Term::Tuple(parts.iter().map(|part| substitute(part, sizes)).collect()),
        Type::Pointer(space, element) => Term::Pointer(*space, Box::new(substitute(element, sizes))),
        Type::Peers(element) => Term::Peers(Box::new(substitute(element, sizes))),
        other => Term::from(other),
    }
}

/// Whether `value` fits into `scalar`.
pub(super) fn fits(value: i128, scalar: Scalar) -> bool {
    range(scalar).is_some_and(|(low, high)| (low..=high).contains(&value))
}
