//! Loops, and how they are left.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Block, Expr, ExprForLoop, Label, Lifetime, Pat, RangeLimits};

use super::attributes;
use super::body::{Body, Enclosing};
use super::terms::Term;
use super::tree::{Node, NodeKind};

impl Body<'_> {
    /// The condition, which is evaluated in every round, and the body of a loop.
    fn enclosed(
        &mut self,
        label: Option<&Label>,
        condition: Option<&Expr>,
        body: &Block,
    ) -> (Option<Box<Node>>, Node, Enclosing) {
        let label = label.map(|label| label.name.ident.to_string());
        self.loops.push(Enclosing { label, breaks: false });
        let condition = condition.map(|condition| self.condition(condition));
        let before = self.diverges;
        let body = self.block(body);
        self.diverges = before;
        self.expect(&body, &Term::Unit);
        let enclosing = self.loops.pop().unwrap_or(Enclosing { label: None, breaks: false });
        (condition, body, enclosing)
    }

    pub(super) fn while_loop(&mut self, repeated: &syn::ExprWhile) -> Node {
        attributes::check(&repeated.attrs, &[], &mut self.diagnostics);
        let (condition, body, _) =
            self.enclosed(repeated.label.as_ref(), Some(&repeated.cond), &repeated.body);
        let condition = condition.unwrap_or_else(|| Box::new(self.failed(repeated.while_token.span)));
        let kind = NodeKind::While { condition, body: Box::new(body) };
        Node { kind, term: Term::Unit, span: repeated.while_token.span }
    }

    pub(super) fn endless_loop(&mut self, repeated: &syn::ExprLoop) -> Node {
        attributes::check(&repeated.attrs, &[], &mut self.diagnostics);
        let (_, body, enclosing) = self.enclosed(repeated.label.as_ref(), None, &repeated.body);
        let breaks = enclosing.breaks;
        let term = if breaks { Term::Unit } else { self.never() };
        Node { kind: NodeKind::Loop { body: Box::new(body), breaks }, term, span: repeated.loop_token.span }
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
        let (from, to, inclusive) = match iterated {
            Expr::Range(syn::ExprRange { start: Some(start), end: Some(end), limits, .. }) => {
                (start, end, matches!(limits, RangeLimits::Closed(_)))
            }
            other => {
                return self.error(
                    other.span(),
                    "`for` runs over a range: write `for i in a..b`, or `while` for other steps and directions",
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
            let (_, inside, _) = body.enclosed(repeated.label.as_ref(), None, &repeated.body);
            let (start, end) = (Box::new(start), Box::new(end));
            NodeKind::For { local, start, end, inclusive, unroll, body: Box::new(inside) }
        });
        Node { kind: node, term: Term::Unit, span }
    }

    /// How many loops out `label` is; reports if there is none.
    fn depth(&mut self, label: Option<&Lifetime>, word: &str, span: Span) -> Option<u32> {
        let wanted = label.map(|label| label.ident.to_string());
        let found =
            self.loops.iter().rev().position(|enclosing| wanted.is_none() || enclosing.label == wanted);
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
        if let Some(value) = &leave.expr {
            self.diagnostics.report(
                value.span(),
                "`break` has no value in device code: assign a variable before the loop ends",
            );
        }
        let Some(depth) = self.depth(leave.label.as_ref(), "break", span) else { return self.failed(span) };
        let index = self.loops.len() - 1 - depth as usize;
        self.loops[index].breaks = true;
        Node { kind: NodeKind::Break(depth), term: self.never(), span }
    }

    pub(super) fn continue_loop(&mut self, next: &syn::ExprContinue) -> Node {
        let span = next.continue_token.span;
        let Some(depth) = self.depth(next.label.as_ref(), "continue", span) else { return self.failed(span) };
        Node { kind: NodeKind::Continue(depth), term: self.never(), span }
    }
}
