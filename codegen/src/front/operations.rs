//! Calls of intrinsics, and the memory orders and scopes that some of them state.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, GenericArgument};

use super::body::Body;
use super::calls::Generics;
use super::modifiers::Stated;
use super::terms::{Kind, Term, U32};
use super::tree::{Modifier, Node, NodeKind};
use crate::ir::intrinsic::parameters::{self, FENCE_ORDERS};
use crate::ir::{self, Call, Intrinsic, Order, Scope, Space};

/// All 32 lanes.
const ALL_LANES: i128 = 0xffff_ffff;

/// The function of that name, and whether its first argument are the lanes that take part.
fn function(name: &str) -> Option<(Intrinsic, bool)> {
    let of = |name: &str| Intrinsic::written(Call::Function, name);
    let among = || of(name.strip_suffix("_among")?).filter(|named| named.row().has_members());
    of(name).map(|named| (named, false)).or_else(|| Some((among()?, true)))
}

impl Body<'_> {
    /// A call of a name that is no item: an intrinsic.
    pub(super) fn call_intrinsic(
        &mut self,
        name: &str,
        generics: Generics<'_>,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let built_in = self.environment.built_in(name).to_string();
        match built_in.as_str() {
            "shared" => return self.shared(generics, arguments, span),
            "dynamic_shared" => return self.dynamic_shared(generics, arguments, span),
            "fence" => return self.fence(arguments, span),
            _ => {}
        }
        if self.is_of_an_option(name) {
            return self.option(arguments, span);
        }
        let Some(operation) = function(&built_in) else {
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
        self.operation(&built_in, operation, arguments, span)
    }

    /// Whether the name is a variant of Rust's `Option` or `Result`.
    pub(super) fn is_of_an_option(&self, name: &str) -> bool {
        matches!(name, "Some" | "None" | "Ok" | "Err") && self.environment.resolve(name).is_none()
    }

    /// A value of Rust's `Option` or `Result`, which are reported where a type names them.
    pub(super) fn option(&mut self, arguments: &[&Expr], span: Span) -> Node {
        for argument in arguments {
            self.expression(argument);
        }
        if self.result.as_ref().is_some_and(|result| self.table.open(result) == Some(Kind::Reported)) {
            return self.failed(span);
        }
        self.error(span, "device code has no `Option` and no `Result`: return a `bool` beside the value")
    }

    /// A function of the table, by its name or that of its form for some lanes.
    fn operation(
        &mut self,
        name: &str,
        (intrinsic, among): (Intrinsic, bool),
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let row = intrinsic.row();
        let value = self.table.fresh(Kind::Any);
        let term = |kind: &ir::Kind| match kind {
            ir::Kind::Unit | ir::Kind::Never => Term::Unit,
            ir::Kind::Is(scalar) => Term::Scalar(*scalar),
            ir::Kind::Members => U32,
            _ => value.clone(),
        };
        let mut expected: Vec<Term> = row.takes.iter().map(term).collect();
        // The members are written first, or are all lanes, and are the last operand.
        match (row.has_members(), among) {
            (true, true) => expected.rotate_right(1),
            (true, false) => expected.truncate(expected.len() - 1),
            (false, _) => {}
        }
        let Some(written) = self.arguments(name, &expected, arguments, span) else {
            return self.failed(span);
        };
        let count = row.takes.len();
        let position = |index: usize| if among { (index + count - 1) % count } else { index };
        let mut operands: Vec<(usize, Node)> =
            written.into_iter().enumerate().map(|(index, node)| (position(index), node)).collect();
        if operands.len() < count {
            operands.push((count - 1, Node { kind: NodeKind::Integer(ALL_LANES), term: U32, span }));
        }
        let result = if row.gives == ir::Kind::Never { self.never() } else { term(&row.gives) };
        Node { kind: NodeKind::Intrinsic(intrinsic, operands), term: result, span }
    }

    /// `shared::<T>(count)`.
    fn shared(&mut self, generics: Generics<'_>, arguments: &[&Expr], span: Span) -> Node {
        let element = self.type_argument("shared", generics, span);
        let Some(written) = self.arguments("shared", &[U32], arguments, span) else {
            return self.failed(span);
        };
        intrinsic(Intrinsic::SharedArray, written, Term::Pointer(Space::Shared, Box::new(element)), span)
    }

    /// `dynamic_shared::<T>()`.
    fn dynamic_shared(&mut self, generics: Generics<'_>, arguments: &[&Expr], span: Span) -> Node {
        let element = self.type_argument("dynamic_shared", generics, span);
        let Some(written) = self.arguments("dynamic_shared", &[], arguments, span) else {
            return self.failed(span);
        };
        let slice = Term::Slice(Box::new(Term::Pointer(Space::Shared, Box::new(element))));
        intrinsic(Intrinsic::DynamicShared, written, slice, span)
    }

    /// The one type argument of `shared`, `dynamic_shared` and `cast`; a hole if it is not written.
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
        let order = self.order(order, "a fence", FENCE_ORDERS);
        let scope = self.memory_scope(scope);
        match (order, scope) {
            (Some(order), Some(scope)) => {
                let fence = Intrinsic::Fence(Order::AcquireRelease, Scope::Gpu);
                self.ordered(fence, (order, scope), Vec::new(), Term::Unit, span)
            }
            _ => self.failed(span),
        }
    }

    /// The built-in name that an argument states; `None` for anything else.
    pub(super) fn built_in_path(&self, argument: &Expr) -> Option<String> {
        let Expr::Path(path) = argument else { return None };
        let name = path.path.segments.last()?.ident.to_string();
        if self.local(&name).is_some() || self.environment.resolve(&name).is_some() {
            return None;
        }
        Some(self.environment.built_in(&name).to_string())
    }

    /// A memory order among those that `operation` may have, or a parameter that is one of them.
    pub(super) fn order(
        &mut self,
        argument: &Expr,
        operation: &str,
        legal: &[Order],
    ) -> Option<Stated<Order>> {
        let found = self.built_in_path(argument).and_then(|name| parameters::order(&name));
        if let Some(order) = found
            && legal.contains(&order)
        {
            return Some(Stated::Known(order));
        }
        let mut illegal = found;
        if let Some((local, Modifier::Order(choices))) = self.modifier(argument) {
            illegal = choices.iter().copied().find(|order| !legal.contains(order));
            if illegal.is_none() {
                return Some(Stated::Parameter(local, choices));
            }
        }
        let names: Vec<String> = legal.iter().map(|order| format!("`{order:?}`")).collect();
        let choices = match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.join(""),
        };
        let message = match illegal {
            Some(order) => format!("{operation} cannot be `{order:?}`: write {choices}"),
            None => format!("the memory order of {operation} is written out: {choices}"),
        };
        self.diagnostics.report(argument.span(), message);
        None
    }

    /// A memory scope, or a parameter that is one.
    pub(super) fn memory_scope(&mut self, argument: &Expr) -> Option<Stated<Scope>> {
        if let Some(scope) = self.built_in_path(argument).and_then(|name| parameters::scope(&name)) {
            return Some(Stated::Known(scope));
        }
        if let Some((local, Modifier::Scope(choices))) = self.modifier(argument) {
            return Some(Stated::Parameter(local, choices));
        }
        self.diagnostics.report(
            argument.span(),
            "the scope of a memory operation is written out: `Block`, `Cluster`, `Gpu` or `System`",
        );
        None
    }
}

/// An operation whose operands are written in their order.
pub(super) fn intrinsic(intrinsic: Intrinsic, written: Vec<Node>, term: Term, span: Span) -> Node {
    Node { kind: NodeKind::Intrinsic(intrinsic, written.into_iter().enumerate().collect()), term, span }
}
