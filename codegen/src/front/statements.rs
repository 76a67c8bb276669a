//! Blocks, `let`, assignment, `if` and `return`.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Block, Expr, ExprIf, Local, Pat, Stmt};

use super::attributes;
use super::body::Body;
use super::matching::{after, copied};
use super::terms::{BOOL, Kind, Term, U64};
use super::tree::{Node, NodeKind, Pattern};
use super::{patterns, roles};
use crate::ir::{BinaryOp, Size};

impl Body<'_> {
    /// A block in a scope of its own; its type is that of the trailing expression.
    pub(super) fn block(&mut self, block: &Block) -> Node {
        self.scoped(|body| body.statements(block))
    }

    fn statements(&mut self, block: &Block) -> Node {
        let mut nodes = Vec::new();
        let mut tail = None;
        let mut next = 0;
        while let Some(statement) = block.stmts.get(next) {
            let index = next;
            next += 1;
            match statement {
                Stmt::Expr(Expr::Block(first), _) if roles::attribute(first).is_some() => {
                    let others = block.stmts[next..].iter().map_while(roles::of_statement);
                    let written: Vec<_> = std::iter::once(first).chain(others).collect();
                    next = index + written.len();
                    nodes.push(self.roles(&written));
                }
                Stmt::Local(local) => nodes.extend(self.binding(local)),
                Stmt::Expr(expression, None) if index + 1 == block.stmts.len() => {
                    tail = Some(Box::new(self.expression(expression)));
                }
                // A semicolon alone.
                Stmt::Expr(Expr::Verbatim(nothing), _) if nothing.is_empty() => {}
                Stmt::Expr(expression, semicolon) => {
                    let node = self.expression(expression);
                    if semicolon.is_none() {
                        self.expect(&node, &Term::Unit);
                    }
                    let (term, span) = (Term::Unit, expression.span());
                    nodes.push(Node { kind: NodeKind::Discard(Box::new(node)), term, span });
                }
                // Collected with the module's items.
                Stmt::Item(syn::Item::Const(_)) => {}
                Stmt::Item(item) => self.diagnostics.report(
                    item.span(),
                    "items other than `const` stand in the module, not in a function: move this one out of the body",
                ),
                Stmt::Macro(call) => {
                    let node = self.macro_call(&call.mac);
                    if call.semi_token.is_none() && index + 1 == block.stmts.len() {
                        tail = Some(Box::new(node));
                    } else {
                        let (term, span) = (Term::Unit, node.span);
                        nodes.push(Node { kind: NodeKind::Discard(Box::new(node)), term, span });
                    }
                }
            }
        }
        let term = match &tail {
            Some(tail) => tail.term.clone(),
            None if self.diverges => self.table.fresh(Kind::Never),
            None => Term::Unit,
        };
        Node { kind: NodeKind::Block(nodes, tail), term, span: block.span() }
    }

    fn binding(&mut self, local: &Local) -> Vec<Node> {
        attributes::check(&local.attrs, &[], &mut self.diagnostics);
        let span = local.let_token.span;
        let value = local.init.as_ref().map(|init| self.expression(&init.expr));
        let otherwise = local.init.as_ref().and_then(|init| init.diverge.as_ref()).map(|(_, block)| &**block);
        let value = match value {
            Some(value) if otherwise.is_some() || !patterns::only_names(&local.pat) => {
                return self.let_parts(&local.pat, value, otherwise, span);
            }
            value => value,
        };
        let term = value.as_ref().map_or_else(|| self.table.fresh(Kind::Any), |value| value.term.clone());
        let pattern = self.pattern(&local.pat, &term, value.as_ref().map(|value| value.span));
        let node = value.map(|value| NodeKind::Let(pattern, Box::new(value)));
        node.map(|kind| Node { kind, term: Term::Unit, span }).into_iter().collect()
    }

    /// `value` is where the value stands, if there is one.
    fn pattern(&mut self, pattern: &Pat, term: &Term, value: Option<Span>) -> Pattern {
        match pattern {
            Pat::Wild(_) => Pattern::Wild,
            Pat::Paren(paren) => self.pattern(&paren.pat, term, value),
            Pat::Type(typed) => {
                if let Some(stated) = self.scope().term(&typed.ty, &mut self.table, &mut self.diagnostics) {
                    // What it states is what is meant.
                    if !self.expect_at(value.unwrap_or_else(|| typed.pat.span()), term, &stated) {
                        return self.pattern(&typed.pat, &stated, value);
                    }
                }
                self.pattern(&typed.pat, term, value)
            }
            Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => {
                // A `let` without a value is assigned later, perhaps in a loop: only `let x = ..`
                // is surely fixed.
                let mutable = ident.mutability.is_some() || value.is_none();
                let name = ident.ident.to_string();
                Pattern::Local(self.declare(&name, term.clone(), mutable, ident.ident.span()))
            }
            Pat::Tuple(tuple) => {
                let kind = self.table.open(term).filter(|kind| *kind == Kind::Reported).unwrap_or(Kind::Any);
                let parts: Vec<Term> = tuple.elems.iter().map(|_| self.table.fresh(kind)).collect();
                self.expect_at(tuple.span(), term, &Term::Tuple(parts.clone()));
                let patterns = tuple.elems.iter().zip(&parts);
                Pattern::Tuple(patterns.map(|(pattern, part)| self.pattern(pattern, part, value)).collect())
            }
            Pat::Ident(ident) => {
                self.diagnostics
                    .report(ident.span(), "device code has no references: bind a plain name, without `ref`");
                Pattern::Wild
            }
            other => {
                self.diagnostics
                    .report(other.span(), "a `let` without a value binds names, `_` or a tuple of them");
                Pattern::Wild
            }
        }
    }

    /// `place = value` and `place op= value`.
    pub(super) fn assignment(
        &mut self,
        place: &Expr,
        operator: Option<BinaryOp>,
        value: &Expr,
        span: Span,
    ) -> Node {
        let target = match place {
            Expr::Infer(_) if operator.is_none() => {
                let value = self.expression(value);
                return Node { kind: NodeKind::Discard(Box::new(value)), term: Term::Unit, span };
            }
            Expr::Tuple(_) | Expr::Array(_) if operator.is_none() => {
                let value = self.expression(value);
                return self.assign_parts(place, value, span);
            }
            Expr::Tuple(_) | Expr::Struct(_) | Expr::Array(_) => self.error(
                place.span(),
                "an assignment names one place, or a tuple of places: assign the parts one by one",
            ),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => {
                self.error(place.span(), "device memory is written with `pointer.write(value)`")
            }
            _ => self.expression(place),
        };
        if !is_place(&target) {
            self.diagnostics.report(
                place.span(),
                "only a local, its fields and its elements are assigned: write memory with `pointer.write(value)`",
            );
        }
        let value = self.expression(value);
        if !matches!(operator, Some(BinaryOp::ShiftLeft | BinaryOp::ShiftRight)) {
            self.expect(&value, &target.term);
        }
        let (place, value) = (Box::new(target), Box::new(value));
        Node { kind: NodeKind::Assign { place, operator, value }, term: Term::Unit, span }
    }

    /// `(a, b) = value`: the value is worked out, then its parts are assigned from left to right.
    fn assign_parts(&mut self, place: &Expr, value: Node, span: Span) -> Node {
        let term = value.term.clone();
        let local = self.hidden("parts", term.clone(), false, span);
        let mut statements = vec![Node {
            kind: NodeKind::Let(Pattern::Local(local), Box::new(value)),
            term: Term::Unit,
            span,
        }];
        let whole = Node { kind: NodeKind::Local(local), term, span };
        self.assign_each(place, whole, &mut statements);
        Node { kind: NodeKind::Block(statements, None), term: Term::Unit, span }
    }

    fn assign_each(&mut self, place: &Expr, value: Node, statements: &mut Vec<Node>) {
        let (places, is_tuple) = match place {
            Expr::Infer(_) => return,
            Expr::Paren(paren) => return self.assign_each(&paren.expr, value, statements),
            Expr::Tuple(tuple) => (&tuple.elems, true),
            Expr::Array(array) => (&array.elems, false),
            other => {
                let target = self.expression(other);
                if !is_place(&target) {
                    let message = "only a local, its fields and its elements are assigned: write memory with \
                                   `pointer.write(value)`";
                    self.diagnostics.report(other.span(), message);
                }
                self.expect_at(other.span(), &value.term, &target.term);
                let kind =
                    NodeKind::Assign { place: Box::new(target), operator: None, value: Box::new(value) };
                statements.push(Node { kind, term: Term::Unit, span: other.span() });
                return;
            }
        };
        let parts: Vec<Term> = places.iter().map(|_| self.table.fresh(Kind::Any)).collect();
        let element = self.table.fresh(Kind::Any);
        let expected = match is_tuple {
            true => Term::Tuple(parts.clone()),
            false => Term::Array(Box::new(element.clone()), Size::Literal(parts.len() as u64)),
        };
        if !self.expect_at(place.span(), &value.term, &expected) {
            return;
        }
        for (index, (place, part)) in places.iter().zip(parts).enumerate() {
            let (whole, span) = (copied(&value), place.span());
            let (kind, term) = match is_tuple {
                true => (NodeKind::Field(Box::new(whole), u32::try_from(index).unwrap_or(u32::MAX)), part),
                false => {
                    let position = Node { kind: NodeKind::Integer(index as i128), term: U64, span };
                    (NodeKind::Index(Box::new(whole), Box::new(position)), element.clone())
                }
            };
            self.assign_each(place, Node { kind, term, span }, statements);
        }
    }

    pub(super) fn condition(&mut self, condition: &Expr) -> Box<Node> {
        let node = self.expression(condition);
        self.expect(&node, &BOOL);
        Box::new(node)
    }

    pub(super) fn branch(&mut self, branch: &ExprIf) -> Node {
        let before;
        let (setup, condition, then) = match &*branch.cond {
            Expr::Let(bound) => {
                let value = self.expression(&bound.expr);
                before = self.diverges;
                self.let_condition(bound, value, &branch.then_branch)
            }
            condition => {
                let condition = self.condition(condition);
                before = self.diverges;
                (Vec::new(), condition, self.block(&branch.then_branch))
            }
        };
        let then_diverges = std::mem::replace(&mut self.diverges, before);
        let mut term = then.term.clone();
        let otherwise = match &branch.else_branch {
            Some((_, otherwise)) => {
                let node = self.expression(otherwise);
                if !self.expect(&node, &then.term) {
                    term = self.table.fresh(Kind::Reported);
                }
                self.diverges = before || (then_diverges && self.diverges);
                Some(Box::new(node))
            }
            None => {
                term = Term::Unit;
                if !self.table.unify(&then.term, &Term::Unit) {
                    let at = branch.if_token.span;
                    self.diagnostics.report(at, "an `if` without `else` has no value: add `else { .. }`");
                    term = self.table.fresh(Kind::Reported);
                }
                None
            }
        };
        let (kind, span) =
            (NodeKind::If { condition, then: Box::new(then), otherwise }, branch.if_token.span);
        after(setup, Node { kind, term, span })
    }

    /// The type of an expression after which control does not continue.
    pub(super) fn never(&mut self) -> Term {
        self.diverges = true;
        self.table.fresh(Kind::Never)
    }

    pub(super) fn return_from(&mut self, leave: &syn::ExprReturn) -> Node {
        let span = leave.return_token.span;
        let value = leave.expr.as_ref().map(|value| Box::new(self.expression(value)));
        match self.result.clone() {
            Some(result) => {
                match &value {
                    Some(value) => self.expect(value, &result),
                    None => self.expect_at(span, &Term::Unit, &result),
                };
            }
            None => self.diagnostics.report(span, "a constant has no `return`: write the value itself"),
        }
        Node { kind: NodeKind::Return(value), term: self.never(), span }
    }
}

/// Whether the node is a local or a part of one.
fn is_place(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Local(_) | NodeKind::Error => true,
        NodeKind::Field(base, _) | NodeKind::Index(base, _) => is_place(base),
        _ => false,
    }
}
