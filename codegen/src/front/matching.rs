//! `match`: the value is worked out once, and the arms become a chain of branches.
//!
//! rustc checks on the twin that the arms cover every value. So the last arm that can be reached
//! needs no test.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, ExprMatch, Pat, RangeLimits};

use super::attributes;
use super::body::Body;
use super::names::Entity;
use super::terms::{BOOL, Kind, Term};
use super::tree::{Node, NodeKind, Pattern};
use crate::ir::{BinaryOp, UnaryOp};

/// A name that a pattern binds, and the part of the value that it is bound to.
pub(super) struct Binding {
    ident: syn::Ident,
    mutable: bool,
    part: Node,
}

/// An arm whose names and types are worked out; neither test nor guard means that it is always
/// taken.
struct Arm {
    test: Option<Node>,
    guard: Option<Node>,
    body: Node,
}

impl Body<'_> {
    pub(super) fn match_value(&mut self, written: &ExprMatch) -> Node {
        attributes::check(&written.attrs, &[], &mut self.diagnostics);
        let span = written.match_token.span;
        let value = self.expression(&written.expr);
        let (setup, subject) = self.subject(value, span);
        let before = self.diverges;
        let (mut arms, mut all_diverge) = (Vec::new(), true);
        for arm in &written.arms {
            attributes::check(&arm.attrs, &[], &mut self.diagnostics);
            self.diverges = before;
            arms.push(self.scoped(|body| body.arm(arm, &subject)));
            all_diverge &= self.diverges;
        }
        self.diverges = before || all_diverge;
        let term = match arms.first() {
            Some(first) => first.body.term.clone(),
            None => return self.error(span, "a `match` has arms: write at least `_ => ..`"),
        };
        let mut term = term;
        for arm in &arms[1..] {
            if !self.expect(&arm.body, &term) {
                term = self.table.fresh(Kind::Reported);
            }
        }
        let always = |arm: &Arm| arm.test.is_none() && arm.guard.is_none();
        let last = arms.iter().position(always).or_else(|| arms.iter().rposition(|arm| arm.guard.is_none()));
        let Some(last) = last else {
            return self.error(span, "some arm of a `match` has no guard: add `_ => ..` at the end");
        };
        arms.truncate(last + 1);
        let mut chain = None;
        for Arm { test, guard, body } in arms.into_iter().rev() {
            let Some(otherwise) = chain else {
                chain = Some(body);
                continue;
            };
            let span = body.span;
            let condition = match (test, guard) {
                (Some(test), Some(guard)) => logical(true, test, guard),
                (test, guard) => match test.or(guard) {
                    Some(condition) => condition,
                    None => return self.failed(span),
                },
            };
            let (condition, then, otherwise) =
                (Box::new(condition), Box::new(body), Some(Box::new(otherwise)));
            chain =
                Some(Node { kind: NodeKind::If { condition, then, otherwise }, term: term.clone(), span });
        }
        let Some(chain) = chain else { return self.failed(span) };
        match setup.is_empty() {
            true => chain,
            false => Node { kind: NodeKind::Block(setup, Some(Box::new(chain))), term, span },
        }
    }

    /// The value in a form that can be looked at several times, and the statements that put it
    /// there.
    pub(super) fn subject(&mut self, value: Node, span: Span) -> (Vec<Node>, Node) {
        if let Some(subject) = self.repeatable(&value) {
            return (Vec::new(), subject);
        }
        let term = value.term.clone();
        let local = self.hidden("value", term.clone(), false, value.span);
        let subject = Node { kind: NodeKind::Local(local), term, span: value.span };
        let kind = NodeKind::Let(Pattern::Local(local), Box::new(value));
        (vec![Node { kind, term: Term::Unit, span }], subject)
    }

    fn arm(&mut self, arm: &syn::Arm, subject: &Node) -> Arm {
        let (pattern, guard) = match &arm.pat {
            Pat::Guard(guarded) => (&*guarded.pat, Some(&*guarded.guard)),
            pattern => (pattern, None),
        };
        let mut bindings = Vec::new();
        let test = self.test(pattern, subject, &mut bindings);
        let guard = guard.map(|guard| {
            self.scoped(|body| {
                let lets = body.bind_all(&bindings);
                let condition = *body.condition(guard);
                after(lets, condition)
            })
        });
        let lets = self.bind_all(&bindings);
        let body = self.expression(&arm.body);
        Arm { test, guard, body: after(lets, body) }
    }

    /// Whether the part matches; `None` if it always does.
    pub(super) fn test(&mut self, pattern: &Pat, part: &Node, bindings: &mut Vec<Binding>) -> Option<Node> {
        match pattern {
            Pat::Wild(_) => None,
            Pat::Paren(paren) => self.test(&paren.pat, part, bindings),
            Pat::Lit(literal) => {
                let value = self.literal(literal);
                Some(self.comparison(BinaryOp::Equal, part, value))
            }
            Pat::Path(path) => {
                let value = self.expression(&Expr::Path(path.clone()));
                Some(self.comparison(BinaryOp::Equal, part, value))
            }
            Pat::Ident(ident) if ident.by_ref.is_none() => {
                let plain = ident.subpat.is_none() && ident.mutability.is_none();
                if plain && self.names_a_constant(&ident.ident.to_string()) {
                    let path =
                        syn::ExprPath { attrs: Vec::new(), qself: None, path: ident.ident.clone().into() };
                    let value = self.expression(&Expr::Path(path));
                    return Some(self.comparison(BinaryOp::Equal, part, value));
                }
                let mutable = ident.mutability.is_some();
                bindings.push(Binding { ident: ident.ident.clone(), mutable, part: copied(part) });
                ident.subpat.as_ref().and_then(|(_, inner)| self.test(inner, part, bindings))
            }
            Pat::Range(range) => {
                let mut tests = Vec::new();
                if let Some(start) = &range.start {
                    let start = self.expression(start);
                    tests.push(self.comparison(BinaryOp::GreaterEqual, part, start));
                }
                if let Some(end) = &range.end {
                    let inclusive = matches!(range.limits, RangeLimits::Closed(_));
                    let operator = if inclusive { BinaryOp::LessEqual } else { BinaryOp::Less };
                    let end = self.expression(end);
                    tests.push(self.comparison(operator, part, end));
                }
                tests.into_iter().reduce(|left, right| logical(true, left, right))
            }
            Pat::Or(or) => {
                let (mut tests, mut names) = (Vec::new(), Vec::new());
                for case in &or.cases {
                    let mut bound = Vec::new();
                    tests.push(self.test(case, part, &mut bound));
                    names.push(bound);
                }
                let mut names = names.into_iter();
                let first = names.next().unwrap_or_default();
                if !names.all(|others| same_bindings(&first, &others)) {
                    self.diagnostics.report(
                        or.span(),
                        "a name stands at one place in all alternatives of a pattern: write an arm for each of them",
                    );
                }
                bindings.extend(first);
                let tests: Option<Vec<Node>> = tests.into_iter().collect();
                tests?.into_iter().reduce(|left, right| logical(false, left, right))
            }
            Pat::Tuple(_) | Pat::Struct(_) | Pat::TupleStruct(_) | Pat::Slice(_) => {
                let mut tests = Vec::new();
                for (pattern, part) in self.parts_of_pattern(pattern, part) {
                    tests.extend(self.test(pattern, &part, bindings));
                }
                tests.into_iter().reduce(|left, right| logical(true, left, right))
            }
            other => {
                self.diagnostics.report(
                    other.span(),
                    "a pattern is a literal, a range, a constant, a variant, a name, `_`, or a tuple, struct or array of \
                     them: test the rest in a guard, `_ if ..`",
                );
                None
            }
        }
    }

    fn names_a_constant(&self, name: &str) -> bool {
        self.local(name).is_none()
            && (self.environment.local_constant(self.scope().function, name).is_some()
                || matches!(self.environment.resolve(name), Some(Entity::Constant(_))))
    }

    fn comparison(&mut self, operator: BinaryOp, part: &Node, value: Node) -> Node {
        self.expect(&value, &part.term);
        let span = value.span;
        let part = Box::new(copied(part));
        let kind = match value.kind {
            NodeKind::Bool(true) => return *part,
            NodeKind::Bool(false) => NodeKind::Unary(UnaryOp::Not, part),
            _ => NodeKind::Binary(operator, part, Box::new(value)),
        };
        Node { kind, term: BOOL, span }
    }

    /// Makes the names known; the statements that give them their values.
    pub(super) fn bind_all(&mut self, bindings: &[Binding]) -> Vec<Node> {
        let mut lets = Vec::new();
        for Binding { ident, mutable, part } in bindings {
            let (name, span) = (ident.to_string(), ident.span());
            match part.kind {
                NodeKind::Local(local) if !mutable => self.alias(&name, local),
                _ => {
                    let local = self.declare(&name, part.term.clone(), *mutable, span);
                    let kind = NodeKind::Let(Pattern::Local(local), Box::new(copied(part)));
                    lets.push(Node { kind, term: Term::Unit, span });
                }
            }
        }
        lets
    }

    /// The value again, if that needs no operation and nothing changes it in between.
    fn repeatable(&self, node: &Node) -> Option<Node> {
        match &node.kind {
            NodeKind::Local(local) if self.variable(*local).mutable => None,
            NodeKind::Local(_) | NodeKind::ConstParameter(_) | NodeKind::Constant(_) => Some(copied(node)),
            _ => None,
        }
    }
}

/// Whether two alternatives bind the same names to the same parts.
fn same_bindings(one: &[Binding], other: &[Binding]) -> bool {
    let same = |a: &Binding, b: &Binding| {
        a.ident == b.ident && a.mutable == b.mutable && same_part(&a.part, &b.part)
    };
    one.len() == other.len() && one.iter().all(|a| other.iter().any(|b| same(a, b)))
}

fn same_part(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (NodeKind::Local(one), NodeKind::Local(other)) => one == other,
        (NodeKind::ConstParameter(one), NodeKind::ConstParameter(other)) => one == other,
        (NodeKind::Constant(one), NodeKind::Constant(other)) => one == other,
        (NodeKind::Field(one, index), NodeKind::Field(other, other_index)) => {
            index == other_index && same_part(one, other)
        }
        (NodeKind::Index(one, index), NodeKind::Index(other, other_index)) => {
            same_part(index, other_index) && same_part(one, other)
        }
        (NodeKind::Integer(one), NodeKind::Integer(other)) => one == other,
        _ => false,
    }
}

pub(super) fn logical(and: bool, left: Node, right: Node) -> Node {
    let span = left.span;
    Node { kind: NodeKind::Logical { and, left: Box::new(left), right: Box::new(right) }, term: BOOL, span }
}

/// The value after the statements.
pub(super) fn after(statements: Vec<Node>, value: Node) -> Node {
    if statements.is_empty() {
        return value;
    }
    let (term, span) = (value.term.clone(), value.span);
    Node { kind: NodeKind::Block(statements, Some(Box::new(value))), term, span }
}

/// The same name, or the same part of it.
pub(super) fn copied(node: &Node) -> Node {
    let kind = match &node.kind {
        NodeKind::Local(local) => NodeKind::Local(*local),
        NodeKind::ConstParameter(name) => NodeKind::ConstParameter(name.clone()),
        NodeKind::Constant(path) => NodeKind::Constant(path.clone()),
        NodeKind::Field(base, index) => NodeKind::Field(Box::new(copied(base)), *index),
        NodeKind::Index(base, index) => NodeKind::Index(Box::new(copied(base)), Box::new(copied(index))),
        NodeKind::Integer(value) => NodeKind::Integer(*value),
        _ => NodeKind::Error,
    };
    Node { kind, term: node.term.clone(), span: node.span }
}
