//! Method calls: of pointers, of scalars, of structs.

use proc_macro2::Span;
use syn::{Expr, ExprMethodCall, ExprRange, RangeLimits};

use super::body::Body;
use super::calls::Generics;
use super::operations::intrinsic;
use super::scalar_methods::{self, Meaning, ScalarMethod};
use super::terms::{BOOL, Kind, Term, U32, U64, substitute};
use super::tree::{Node, NodeKind, Pattern, SliceOperation};
use crate::ir::{
    self, BinaryOp, Bound, Call, Intrinsic, LoadHint, Path, Scalar, Size, Space, StoreHint, Type,
};

impl Body<'_> {
    pub(super) fn method_call(&mut self, call: &ExprMethodCall) -> Node {
        if call.method == "contains"
            && let Expr::Paren(range) = &*call.receiver
            && let (Expr::Range(range), Some(Expr::Reference(asked)), 1) =
                (&*range.expr, call.args.first(), call.args.len())
        {
            return self.contains(range, &asked.expr, call.method.span());
        }
        let receiver = self.expression(&call.receiver);
        let (name, span) = (call.method.to_string(), call.method.span());
        let generics: Generics<'_> = call.turbofish.as_ref().map(|turbofish| &turbofish.args);
        let arguments: Vec<&Expr> = call.args.iter().collect();
        if self.is_reported(&receiver) {
            for argument in arguments {
                self.expression(argument);
            }
            return self.failed(span);
        }
        match self.table.shallow(&receiver.term) {
            Term::Pointer(space, element) => {
                self.pointer_method(receiver, space, &element, &name, generics, &arguments, span)
            }
            Term::Slice(pointer) => self.slice_method(receiver, *pointer, &name, &arguments, span),
            Term::Peers(element) => {
                if name != "rank" {
                    return self.error(
                        span,
                        format!("`Peers` has no method `{name}`: choose a rank first, `peers.rank(rank).{name}(..)`"),
                    );
                }
                let Some(rank) = self.arguments(&name, &[U32], &arguments, span) else {
                    return self.failed(span);
                };
                let operands = std::iter::once(receiver).chain(rank).collect();
                intrinsic(Intrinsic::PeerRank, operands, Term::Pointer(Space::Peer, element), span)
            }
            Term::Struct(path, _) | Term::Enum(path, _) => {
                let method = self.environment.associated(&path, &name);
                if self.environment.signature(&method).is_none() {
                    return self.error(
                        span,
                        format!(
                            "`{}` has no method `{name}`: write one in its `impl`, without traits",
                            path.item
                        ),
                    );
                }
                self.call_function(method, Some(receiver), Vec::new(), generics, &arguments, span)
            }
            Term::Scalar(scalar) => self.scalar_method(receiver, scalar, &name, &arguments, span),
            Term::Parameter(parameter) => {
                self.parameter_method(receiver, &parameter, &name, &arguments, span)
            }
            Term::Variable(_) => {
                let message = match self.table.open(&receiver.term) {
                    Some(Kind::Any | Kind::Never | Kind::Reported) | None => {
                        "the type of this value is not known yet: state it in its `let`".to_string()
                    }
                    Some(Kind::Integer) => {
                        "the type of this number is not known yet: give the literal a suffix, such as `1u32`".to_string()
                    }
                    Some(Kind::Float) => {
                        "the type of this number is not known yet: give the literal a suffix, such as `1.0f32`".to_string()
                    }
                };
                self.error(receiver.span, message)
            }
            Term::Array(_, size) if name == "len" && arguments.is_empty() => {
                let kind = match size {
                    Size::Literal(length) => NodeKind::Integer(i128::from(length)),
                    Size::Constant(path) => NodeKind::Constant(path),
                    Size::Parameter(name) => NodeKind::ConstParameter(name),
                };
                Node { kind, term: U64, span }
            }
            Term::Array(..) => self.error(
                span,
                format!("arrays have no method `{name}` in device code: write a `for` loop over the indices"),
            ),
            Term::Unit | Term::Tuple(_) => {
                let message = format!("`{}` has no method `{name}`", self.table.describe(&receiver.term));
                self.error(span, message)
            }
        }
    }

    /// `(a..b).contains(&value)`, with either end or without.
    fn contains(&mut self, range: &ExprRange, value: &Expr, span: Span) -> Node {
        let inclusive = matches!(range.limits, RangeLimits::Closed(_));
        let mut setup = Vec::new();
        let mut kept = |body: &mut Self, node: Node| {
            let (term, at) = (node.term.clone(), node.span);
            let local = body.hidden("value", term.clone(), false, at);
            let kind = NodeKind::Let(Pattern::Local(local), Box::new(node));
            setup.push(Node { kind, term: Term::Unit, span: at });
            move || Node { kind: NodeKind::Local(local), term: term.clone(), span: at }
        };
        let mut ends = Vec::new();
        for (end, operator) in [
            (&range.start, BinaryOp::GreaterEqual),
            (&range.end, if inclusive { BinaryOp::LessEqual } else { BinaryOp::Less }),
        ] {
            if let Some(end) = end {
                let end = self.expression(end);
                ends.push((kept(self, end), operator));
            }
        }
        let value = self.expression(value);
        let term = value.term.clone();
        let value = kept(self, value);
        let mut tests = Vec::new();
        for (end, operator) in ends {
            let end = end();
            self.expect(&end, &term);
            let kind = NodeKind::Binary(operator, Box::new(value()), Box::new(end));
            tests.push(Node { kind, term: BOOL, span });
        }
        let all = tests.into_iter().reduce(|left, right| {
            let kind = NodeKind::Logical { and: true, left: Box::new(left), right: Box::new(right) };
            Node { kind, term: BOOL, span }
        });
        let all = all.unwrap_or(Node { kind: NodeKind::Bool(true), term: BOOL, span });
        Node { kind: NodeKind::Block(setup, Some(Box::new(all))), term: BOOL, span }
    }

    /// A method of a scalar, also when it is called as `u32::min(a, b)`.
    pub(super) fn scalar_method(
        &mut self,
        receiver: Node,
        scalar: Scalar,
        name: &str,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let core = self.environment.core;
        let Some(method) = scalar_methods::method(name, scalar) else {
            if let Some(function) = core.and_then(|core| core.method(name, scalar)) {
                return self.call_core(function, receiver, scalar, arguments, span);
            }
            for argument in arguments {
                self.expression(argument);
            }
            let known = scalar_methods::names(scalar, core).join("`, `");
            let message = match (name, scalar) {
                ("into" | "try_into", _) => {
                    "device code has no conversion traits: write `value as T`".to_string()
                }
                ("checked_add" | "checked_sub" | "checked_mul", scalar) if scalar.is_integer() => format!(
                    "device code has no `Option`: write `{}`, which gives the result and whether it overflows",
                    name.replace("checked", "overflowing")
                ),
                (name, scalar) if name.starts_with("checked_") && scalar.is_integer() => {
                    format!("device code has no `Option`: test for what `{name}` refuses with `if`")
                }
                ("overflowing_neg" | "overflowing_abs", scalar) if scalar.is_integer() => {
                    // Without a sign, everything but zero overflows.
                    let odd =
                        if scalar.is_signed() { format!("{}::MIN", scalar.name()) } else { "0".to_string() };
                    format!(
                        "`{name}` is not there: write `{}`, and compare with `{odd}` for whether it overflows",
                        name.replace("overflowing", "wrapping")
                    )
                }
                ("overflowing_shl" | "overflowing_shr", scalar) if scalar.is_integer() => format!(
                    "`{name}` is not there: write `{}`, and compare the amount with `{}::BITS` for whether it overflows",
                    name.replace("overflowing", "wrapping"),
                    scalar.name()
                ),
                (name, scalar)
                    if scalar.is_integer()
                        && (name.starts_with("overflowing_")
                            || name.starts_with("saturating_")
                            || name.starts_with("wrapping_")) =>
                {
                    format!(
                        "`{}` has no method `{name}` in device code: test for what overflows with `if`, and write `wrapping_`, \
                         `overflowing_` or `saturating_` with `add`, `sub` or `mul`",
                        scalar.name()
                    )
                }
                (
                    "exp" | "exp2" | "exp_m1" | "ln" | "ln_1p" | "log" | "log2" | "log10" | "sin" | "cos"
                    | "tan" | "sin_cos" | "asin" | "acos" | "atan" | "atan2" | "sinh" | "cosh" | "tanh"
                    | "asinh" | "acosh" | "atanh" | "powf" | "powi" | "cbrt" | "hypot",
                    scalar,
                ) if scalar.is_float() => format!(
                    "`{name}` is only approximated by hardware: write `approximate_exp2(x)` or `approximate_reciprocal(x)` of \
                     `crossdock::library::approximate`, `ptx!`, or the formula"
                ),
                (_, Scalar::Bool) => format!("`bool` has no method `{name}` in device code: write `if`"),
                _ => format!("`{}` has no method `{name}` in device code; it has `{known}`", scalar.name()),
            };
            return self.error(span, message);
        };
        let term = method.result(scalar);
        self.apply((name, &method), receiver, Term::Scalar(scalar), term, arguments, span)
    }

    /// A call of a function of the core library.
    fn call_core(
        &mut self,
        function: Path,
        receiver: Node,
        scalar: Scalar,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let Some(signature) = self.environment.signature(&function) else { return self.failed(span) };
        let types = signature.type_parameters.iter().zip([scalar, scalar.unsigned()]);
        let types: Vec<(String, Term)> =
            types.map(|(parameter, scalar)| (parameter.name.clone(), Term::Scalar(scalar))).collect();
        let term = |ty: &Option<Type>| ty.as_ref().map_or(Term::Unit, |ty| substitute(ty, &[], &types));
        let expected: Vec<Term> = signature.parameters.iter().skip(1).map(term).collect();
        let result = term(&signature.result);
        let Some(written) = self.arguments(&function.item, &expected, arguments, span) else {
            return self.failed(span);
        };
        let arguments = std::iter::once(receiver).chain(written).collect();
        let type_arguments = types.into_iter().map(|(_, term)| term).collect();
        let kind = NodeKind::Call { function, type_arguments, const_arguments: Vec::new(), arguments };
        Node { kind, term: result, span }
    }

    /// A method of a value whose type is a type parameter: what every type has that it may be.
    fn parameter_method(
        &mut self,
        receiver: Node,
        parameter: &str,
        name: &str,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let bound = self.scope().bound(parameter).unwrap_or(Bound::Copy);
        if name == "to_bits" && bound == Bound::Float && arguments.is_empty() {
            // The core library states the type of the bits.
            let bits = self.table.fresh(Kind::Any);
            return intrinsic(Intrinsic::Bitcast, vec![receiver], bits, span);
        }
        let Some(method) = scalar_methods::of_every(bound, name) else {
            for argument in arguments {
                self.expression(argument);
            }
            let message = match bound {
                Bound::Copy => {
                    format!(
                        "`{parameter}` may be any type: bound it, such as `{parameter}: Number`, for methods and operators"
                    )
                }
                _ => format!(
                    "`{parameter}: {}` has no method `{name}`; it has `{}`",
                    bound.name(),
                    scalar_methods::names_of_every(bound).join("`, `")
                ),
            };
            return self.error(span, message);
        };
        let this = Term::Parameter(parameter.to_string());
        let term = method.result_for(this.clone()).unwrap_or_else(|| this.clone());
        self.apply((name, &method), receiver, this, term, arguments, span)
    }

    /// The method of `receiver`, which has the type `this`.
    fn apply(
        &mut self,
        (name, method): (&str, &ScalarMethod),
        receiver: Node,
        this: Term,
        term: Term,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let expected = vec![this; method.arguments];
        let Some(written) = self.arguments(name, &expected, arguments, span) else {
            return self.failed(span);
        };
        let mut operands: Vec<Node> = std::iter::once(receiver).chain(written).collect();
        let kind = match method.meaning {
            Meaning::Intrinsic(operation) => return intrinsic(operation, operands, term, span),
            Meaning::Binary(operator) => match (operands.pop(), operands.pop()) {
                (Some(right), Some(left)) => NodeKind::Binary(operator, Box::new(left), Box::new(right)),
                _ => return self.failed(span),
            },
        };
        Node { kind, term, span }
    }

    #[expect(clippy::too_many_arguments, reason = "a method call has this many parts")]
    fn pointer_method(
        &mut self,
        receiver: Node,
        space: Space,
        element: &Term,
        name: &str,
        generics: Generics<'_>,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let this = receiver.term.clone();
        let mut operands = vec![receiver];
        match name {
            "at" => {
                let index = self.table.fresh(Kind::Integer);
                let Some(written) = self.arguments(name, std::slice::from_ref(&index), arguments, span)
                else {
                    return self.failed(span);
                };
                self.indices.push((written.first().map_or(span, |index| index.span), index));
                operands.extend(written);
                return intrinsic(Intrinsic::Offset, operands, this, span);
            }
            "slice" => {
                let term = Term::Slice(Box::new(this));
                let Some(pointer) = operands.pop() else { return self.failed(span) };
                return self.slice_operation(SliceOperation::New, pointer, 1, name, arguments, term, span);
            }
            "cast" => {
                let to = self.type_argument(name, generics, span);
                let term = Term::Pointer(space, Box::new(to));
                if self.arguments(name, &[], arguments, span).is_none() {
                    return self.failed(span);
                }
                return intrinsic(Intrinsic::CastPointer, operands, term, span);
            }
            "read_only" | "read_hinted" | "read_only_hinted" | "write_hinted" => {
                return self.hinted(operands, space, element, name, arguments, span);
            }
            _ => {}
        }
        let access = Intrinsic::written(Call::Method, name).map(|access| (access, access.row()));
        let Some((access, row, reach)) = access.and_then(|(access, row)| match row.takes.first() {
            Some(ir::Kind::Pointer(reach, _)) => Some((access, row, reach)),
            _ => None,
        }) else {
            for argument in arguments {
                self.expression(argument);
            }
            return self.error(
                span,
                format!(
                    "pointers have no method `{name}`; they have `at`, `cast`, `slice`, `read`, `write`, `load`, `store`, \
                     `read_only`, `read_hinted` and `write_hinted`, `read_volatile`, `read_mmio` and their likes, `fetch_add` and its kind, `exchange` and `compare_exchange`"
                ),
            );
        };
        if !reach.includes(space) {
            let message = format!(
                "shared memory is of no other device: write `{}`",
                name.replace("_mmio", "_volatile")
            );
            return self.error(span, message);
        }
        let expected = vec![element.clone(); row.takes.len() - 1];
        let result = if row.gives == ir::Kind::Same { element.clone() } else { Term::Unit };
        let orders = access.orders();
        let Some(usual) = orders.first() else {
            let Some(written) = self.arguments(name, &expected, arguments, span) else {
                return self.failed(span);
            };
            operands.extend(written);
            return intrinsic(access, operands, result, span);
        };
        let Some((written, [order, scope])) = arguments.split_last_chunk() else {
            return self
                .error(span, format!("`{name}` states order and scope last: write `.., {usual:?}, Gpu)`"));
        };
        let described = match access {
            Intrinsic::Atomic(..) => format!("`{name}`"),
            _ => format!("a {name}"),
        };
        let order = self.order(order, &described, orders);
        let scope = self.memory_scope(scope);
        let written = self.arguments(name, &expected, written, span);
        let (Some(written), Some(order), Some(scope)) = (written, order, scope) else {
            return self.failed(span);
        };
        operands.extend(written);
        self.ordered(access, (order, scope), operands, result, span)
    }

    /// A weak access that tells the caches something.
    fn hinted(
        &mut self,
        mut operands: Vec<Node>,
        space: Space,
        element: &Term,
        name: &str,
        arguments: &[&Expr],
        span: Span,
    ) -> Node {
        let read_only = name.starts_with("read_only");
        if space == Space::Shared || (read_only && space == Space::Peer) {
            let message = match read_only {
                true => format!(
                    "`{name}` is for memory that nobody writes while the kernel runs, which a `Global` may be: write `read`"
                ),
                false => "shared memory has no caches: write `read` or `write`".to_string(),
            };
            return self.error(span, message);
        }
        let is_write = name == "write_hinted";
        let (written, hint) = match (name, arguments.split_last()) {
            ("read_only", _) => (arguments, None),
            (_, Some((hint, written))) => (written, Some(*hint)),
            (_, None) => {
                return self.error(span, format!("`{name}` states a hint last: write `.., NoAllocate)`"));
            }
        };
        let expected = if is_write { vec![element.clone()] } else { Vec::new() };
        let Some(written) = self.arguments(name, &expected, written, span) else { return self.failed(span) };
        operands.extend(written);
        let named = hint.and_then(|hint| self.built_in_path(hint));
        let load = named.as_deref().and_then(LoadHint::named);
        let store = named.as_deref().and_then(StoreHint::named);
        let operation = match (name, load, store) {
            ("read_only", ..) => Some(Intrinsic::ReadOnly),
            ("read_only_hinted", Some(hint), _) if hint.is_for_read_only() => {
                Some(Intrinsic::ReadOnlyHinted(hint))
            }
            ("read_hinted", Some(hint), _) => Some(Intrinsic::ReadHinted(hint)),
            ("write_hinted", _, Some(hint)) => Some(Intrinsic::WriteHinted(hint)),
            _ => None,
        };
        let Some(operation) = operation else {
            let at = hint.map_or(span, syn::spanned::Spanned::span);
            return self.error(
                at,
                format!("this is no hint that `{name}` may have: write one such as `NoAllocate`"),
            );
        };
        let result = if is_write { Term::Unit } else { element.clone() };
        intrinsic(operation, operands, result, span)
    }
}
