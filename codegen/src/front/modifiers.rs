//! Parameters that are memory orders and scopes: `order: impl Load`, `scope: impl Scope`.
//!
//! The type of such a parameter is `u32`, and its value the number of what the caller names: rustc
//! sees to it on the twin that nothing else comes in and that nothing else is done with it. All
//! calls are inlined, so the code is known where an instruction is made. An operation that states
//! such a parameter becomes a chain of branches over what the parameter may be, of which one is
//! left; inline PTX has it as an operand.

use proc_macro2::Span;
use syn::{Expr, Type as RustType, TypeParamBound};

use super::body::Body;
use super::names::Environment;
use super::operations::intrinsic;
use super::terms::{BOOL, Term, U32};
use super::tree::{Modifier, Node, NodeKind, Pattern};
use crate::ir::intrinsic::parameters::{
    ATOMIC_ORDERS, FENCE_ORDERS, LOAD_ORDERS, STORE_ORDERS, order, scope,
};
use crate::ir::{BinaryOp, Intrinsic, LocalId, Order, Scope};

/// An order or scope that an operation states.
#[derive(Clone, Debug)]
pub(super) enum Stated<T> {
    Known(T),
    /// The parameter, and what it may be.
    Parameter(LocalId, Vec<T>),
}

impl<T: Copy> Stated<T> {
    /// What it may be.
    fn choices(&self) -> Vec<T> {
        match self {
            Stated::Known(known) => vec![*known],
            Stated::Parameter(_, choices) => choices.clone(),
        }
    }
}

/// What the type of a parameter lets it be, if it is `impl` of a trait of orders or scopes.
pub(super) fn of_type(ty: &RustType, environment: &Environment<'_>) -> Option<Modifier> {
    let RustType::ImplTrait(written) = ty else { return None };
    let mut bounds = written.bounds.iter();
    let (Some(TypeParamBound::Trait(bound)), None) = (bounds.next(), bounds.next()) else { return None };
    let name = bound.path.get_ident()?.to_string();
    Some(match environment.built_in(&name) {
        "Load" => Modifier::Order(LOAD_ORDERS.to_vec()),
        "Store" => Modifier::Order(STORE_ORDERS.to_vec()),
        "Atomic" => Modifier::Order(ATOMIC_ORDERS.to_vec()),
        "Fence" => Modifier::Order(FENCE_ORDERS.to_vec()),
        "Scope" => Modifier::Scope(Scope::ALL.to_vec()),
        "BarrierScope" => Modifier::Scope(vec![Scope::Block, Scope::Cluster]),
        _ => return None,
    })
}

impl Body<'_> {
    /// The parameter that an argument names, and what it may be.
    pub(super) fn modifier(&self, argument: &Expr) -> Option<(LocalId, Modifier)> {
        let Expr::Path(path) = argument else { return None };
        let local = self.local(&path.path.get_ident()?.to_string())?;
        Some((local, self.variable(local).modifier.clone()?))
    }

    /// The order or scope of that name as an argument of a call.
    pub(super) fn modifier_code(&self, name: &str, span: Span) -> Option<Node> {
        let name = self.environment.built_in(name);
        let order = order(name).map(|order| order as i128);
        let code = order.or_else(|| scope(name).map(|scope| scope as i128))?;
        Some(Node { kind: NodeKind::Integer(code), term: U32, span })
    }

    /// The operation with the order and scope that it states, of the operands that are given.
    pub(super) fn ordered(
        &mut self,
        operation: Intrinsic,
        (order, scope): (Stated<Order>, Stated<Scope>),
        operands: Vec<Node>,
        term: Term,
        span: Span,
    ) -> Node {
        if let (Stated::Known(order), Stated::Known(scope)) = (&order, &scope) {
            return intrinsic(operation.stated(*order, *scope), operands, term, span);
        }
        // Operands are evaluated once, before the branches.
        let (mut setup, mut locals) = (Vec::new(), Vec::new());
        for operand in operands {
            let (operand_term, at) = (operand.term.clone(), operand.span);
            let local = self.hidden("operand", operand_term.clone(), false, at);
            let kind = NodeKind::Let(Pattern::Local(local), Box::new(operand));
            setup.push(Node { kind, term: Term::Unit, span: at });
            locals.push((local, operand_term, at));
        }
        let mut chain = None;
        for one_order in order.choices().into_iter().rev() {
            for one_scope in scope.choices().into_iter().rev() {
                let operands = locals
                    .iter()
                    .map(|(local, term, span)| Node {
                        kind: NodeKind::Local(*local),
                        term: term.clone(),
                        span: *span,
                    })
                    .collect();
                let arm = intrinsic(operation.stated(one_order, one_scope), operands, term.clone(), span);
                let tests = [test(&order, one_order as i128, span), test(&scope, one_scope as i128, span)];
                chain = Some(match (chain, tests.into_iter().flatten().reduce(both)) {
                    (Some(otherwise), Some(condition)) => Node {
                        kind: NodeKind::If {
                            condition: Box::new(condition),
                            then: Box::new(arm),
                            otherwise: Some(Box::new(otherwise)),
                        },
                        term: term.clone(),
                        span,
                    },
                    _ => arm,
                });
            }
        }
        let Some(chain) = chain else { return self.failed(span) };
        Node { kind: NodeKind::Block(setup, Some(Box::new(chain))), term, span }
    }
}

/// Whether the parameter is that.
fn test<T>(stated: &Stated<T>, code: i128, span: Span) -> Option<Node> {
    let Stated::Parameter(local, _) = stated else { return None };
    let parameter = Node { kind: NodeKind::Local(*local), term: U32, span };
    let code = Node { kind: NodeKind::Integer(code), term: U32, span };
    let kind = NodeKind::Binary(BinaryOp::Equal, Box::new(parameter), Box::new(code));
    Some(Node { kind, term: BOOL, span })
}

fn both(left: Node, right: Node) -> Node {
    let span = left.span;
    let kind = NodeKind::Logical { and: true, left: Box::new(left), right: Box::new(right) };
    Node { kind, term: BOOL, span }
}
