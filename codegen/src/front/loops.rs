//! Loops, and how they are left.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Block, Expr, ExprForLoop, Label, Lifetime, Pat, RangeLimits};

use super::attributes;
use super::body::{Body, Enclosing, Left};
use super::terms::{Kind, Term, U64};
use super::tree::{Node, NodeKind, Walk};
use crate::ir::LocalId;

impl Body<'_> {
    /// The condition, which is evaluated in every round, and the body of a loop.
    fn enclosed(
        &mut self,
        label: Option<&Label>,
        condition: Option<&Expr>,
        body: &Block,
        left: Left,
    ) -> (Option<Box<Node>>, Node, Enclosing) {
        self.loops.push(Enclosing::new(label, left));
        let condition = condition.map(|condition| self.condition(condition));
        let before = self.diverges;
        let body = self.block(body);
        self.diverges = before;
        self.expect(&body, &Term::Unit);
        let enclosing = self.loops.pop().unwrap_or(Enclosing::new(None, left));
        (condition, body, enclosing)
    }

    pub(super) fn while_loop(&mut self, repeated: &syn::ExprWhile) -> Node {
        attributes::check(&repeated.attrs, &[], &mut self.diagnostics);
        if let Expr::Let(bound) = &*repeated.cond {
            return self.while_let(repeated, bound);
        }
        let (condition, body, _) =
            self.enclosed(repeated.label.as_ref(), Some(&repeated.cond), &repeated.body, Left::Counted);
        let condition = condition.unwrap_or_else(|| Box::new(self.failed(repeated.while_token.span)));
        let kind = NodeKind::While { condition, body: Box::new(body) };
        Node { kind, term: Term::Unit, span: repeated.while_token.span }
    }

    pub(super) fn endless_loop(&mut self, repeated: &syn::ExprLoop) -> Node {
        attributes::check(&repeated.attrs, &[], &mut self.diagnostics);
        let (_, body, enclosing) =
            self.enclosed(repeated.label.as_ref(), None, &repeated.body, Left::Endless);
        let (breaks, span) = (enclosing.breaks, repeated.loop_token.span);
        let term = if breaks { Term::Unit } else { self.never() };
        self.with_value(NodeKind::Loop { body: Box::new(body), breaks }, term, enclosing.target, span)
    }

    /// `'label: { .. }`.
    pub(super) fn labelled_block(&mut self, label: &Label, block: &Block) -> Node {
        let span = label.name.span();
        self.loops.push(Enclosing::new(Some(label), Left::Block));
        let before = self.diverges;
        let body = self.block(block);
        let enclosing = self.loops.pop().unwrap_or(Enclosing::new(None, Left::Block));
        let Enclosing { breaks, mut target, .. } = enclosing;
        match target {
            Some(target) => {
                let term = self.variable(target).term.clone();
                self.expect(&body, &term);
            }
            None if breaks => {
                self.expect(&body, &Term::Unit);
            }
            None if body.term != Term::Unit => {
                target = Some(self.hidden("value", body.term.clone(), false, span));
            }
            None => {}
        }
        self.diverges = before || (self.diverges && !breaks);
        let term = if self.diverges { self.table.fresh(Kind::Never) } else { Term::Unit };
        self.with_value(NodeKind::Labelled { body: Box::new(body), target, breaks }, term, target, span)
    }

    /// A statement that leaves its value in `target`, as an expression.
    fn with_value(&mut self, kind: NodeKind, term: Term, target: Option<LocalId>, span: Span) -> Node {
        let node = Node { kind, term, span };
        let Some(target) = target else { return node };
        let term = self.variable(target).term.clone();
        let value = Node { kind: NodeKind::Local(target), term: term.clone(), span };
        let node = Node { kind: NodeKind::Discard(Box::new(node)), term: Term::Unit, span };
        Node { kind: NodeKind::Block(vec![node], Some(Box::new(value))), term, span }
    }

    pub(super) fn for_loop(&mut self, repeated: &ExprForLoop) -> Node {
        attributes::check(&repeated.attrs, &["unroll"], &mut self.diagnostics);
        let unroll = attributes::find(&repeated.attrs, "unroll").is_some();
        let span = repeated.for_token.span;
        let mut iterated = &*repeated.expr;
        while let Expr::Paren(syn::ExprParen { expr, .. }) | Expr::Group(syn::ExprGroup { expr, .. }) =
            iterated
        {
            iterated = expr;
        }
        let mut walk = Walk::Forwards;
        if let Expr::MethodCall(call) = iterated
            && let Expr::Paren(range) = &*call.receiver
            && matches!(&*range.expr, Expr::Range(_))
        {
            match (call.method.to_string().as_str(), call.args.first(), call.args.len()) {
                ("rev", None, _) => walk = Walk::Backwards,
                ("step_by", Some(step), 1) => {
                    let step = self.expression(step);
                    self.expect(&step, &U64);
                    walk = Walk::Steps(Box::new(step));
                }
                _ => {
                    return self.error(
                        call.method.span(),
                        "a range in `for` has `rev()` or `step_by(n)`: write a `while` loop for the rest",
                    );
                }
            }
            iterated = &range.expr;
        }
        let (from, to, inclusive) = match iterated {
            Expr::Range(syn::ExprRange { start: Some(start), end: Some(end), limits, .. }) => {
                (start, end, matches!(limits, RangeLimits::Closed(_)))
            }
            other => {
                return self.error(
                    other.span(),
                    "`for` runs over a range: write `for i in a..b`, `(a..b).rev()` or `(a..b).step_by(n)`",
                );
            }
        };
        let (start, end) = (self.expression(from), self.expression(to));
        self.expect(&end, &start.term);
        let term = start.term.clone();
        let node = self.scoped(|body| {
            let local = match &*repeated.pat {
                Pat::Wild(_) => body.hidden("index", term, false, span),
                Pat::Ident(ident) if ident.by_ref.is_none() && ident.subpat.is_none() => {
                    if ident.mutability.is_some() {
                        body.diagnostics.report(
                            ident.span(),
                            format!(
                                "a loop variable is fixed: write `let mut {0} = {0};` in the body",
                                ident.ident
                            ),
                        );
                    }
                    body.declare(&ident.ident.to_string(), term, false, ident.ident.span())
                }
                other => {
                    body.diagnostics.report(other.span(), "a loop variable is a name or `_`");
                    body.hidden("index", term, false, span)
                }
            };
            let (_, inside, _) = body.enclosed(repeated.label.as_ref(), None, &repeated.body, Left::Counted);
            let (start, end) = (Box::new(start), Box::new(end));
            NodeKind::For { local, start, end, inclusive, walk, unroll, body: Box::new(inside) }
        });
        Node { kind: node, term: Term::Unit, span }
    }

    /// How many loops out `label` is; reports if there is none.
    fn depth(&mut self, label: Option<&Lifetime>, word: &str, span: Span) -> Option<u32> {
        let wanted = label.map(|label| label.ident.to_string());
        let found = self.loops.iter().rev().position(|enclosing| match &wanted {
            Some(_) => enclosing.label == wanted,
            None => enclosing.left != Left::Block,
        });
        if found.is_none() {
            let message = match &wanted {
                Some(label) => format!("there is no enclosing loop `'{label}`"),
                None => format!("`{word}` stands only inside a loop"),
            };
            self.diagnostics.report(span, message);
        }
        found.and_then(|depth| u32::try_from(depth).ok())
    }

    pub(super) fn break_loop(&mut self, leave: &syn::ExprBreak) -> Node {
        let span = leave.break_token.span;
        let value = leave.expr.as_ref().map(|value| self.expression(value));
        let Some(depth) = self.depth(leave.label.as_ref(), "break", span) else { return self.failed(span) };
        let index = self.loops.len() - 1 - depth as usize;
        self.loops[index].breaks = true;
        let value = match (value, self.loops[index].left) {
            (Some(value), Left::Counted) => {
                return self.error(
                    value.span,
                    "`while` and `for` have no value: assign a variable before the loop ends, or write `loop`",
                );
            }
            (Some(value), _) => {
                let target = match self.loops[index].target {
                    Some(target) => target,
                    None => self.hidden("value", value.term.clone(), false, span),
                };
                self.loops[index].target = Some(target);
                let term = self.variable(target).term.clone();
                self.expect(&value, &term);
                Some((target, Box::new(value)))
            }
            (None, _) => None,
        };
        Node { kind: NodeKind::Break(depth, value), term: self.never(), span }
    }

    pub(super) fn continue_loop(&mut self, next: &syn::ExprContinue) -> Node {
        let span = next.continue_token.span;
        let Some(depth) = self.depth(next.label.as_ref(), "continue", span) else { return self.failed(span) };
        Node { kind: NodeKind::Continue(depth), term: self.never(), span }
    }
}
