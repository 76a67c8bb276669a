//! Patterns: the parts that they take a value into, and `let`, `if let`, `while let` and
//! `let .. else` with them.
//!
//! What a pattern tests and binds is worked out in [`super::matching`], for arms as for these.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Block, Expr, ExprLet, Pat};

use super::body::{Body, Enclosing, Left};
use super::matching::{after, copied};
use super::terms::{BOOL, Kind, Term, U64};
use super::tree::{Node, NodeKind};
use crate::ir::{Path, Size, UnaryOp};

/// Which part of a value a pattern is for.
type Positions<'p> = Vec<(&'p Pat, usize)>;

impl Body<'_> {
    /// The patterns inside a tuple, struct or array pattern, each with the part of the value that
    /// it is for.
    pub(super) fn parts_of_pattern<'p>(&mut self, pattern: &'p Pat, whole: &Node) -> Vec<(&'p Pat, Node)> {
        match pattern {
            Pat::Tuple(tuple) => {
                let known = match self.table.shallow(&whole.term) {
                    Term::Tuple(parts) => Some(parts.len()),
                    _ => None,
                };
                let Some((count, positions)) = self.positions(tuple.elems.iter(), known, pattern.span())
                else {
                    return self.failed_parts(tuple.elems.iter());
                };
                let kind = self.kind_of_parts(whole);
                let terms: Vec<Term> = (0..count).map(|_| self.table.fresh(kind)).collect();
                if !self.expect_at(tuple.span(), &whole.term, &Term::Tuple(terms.clone())) {
                    return self.failed_parts(tuple.elems.iter());
                }
                positions
                    .into_iter()
                    .map(|(pattern, index)| (pattern, field(whole, index, terms[index].clone())))
                    .collect()
            }
            Pat::Struct(written) => {
                let Some((path, types)) = self.struct_of_pattern(&written.path, whole) else {
                    return self.failed_parts(written.fields.iter().map(|field| &*field.pat));
                };
                let mut parts = Vec::new();
                for part in &written.fields {
                    let name = match &part.member {
                        syn::Member::Named(name) => name.to_string(),
                        syn::Member::Unnamed(index) => index.index.to_string(),
                    };
                    let definition = self.environment.definition(&path);
                    let index = definition
                        .and_then(|definition| definition.fields.iter().position(|field| field.name == name));
                    match index {
                        Some(index) => {
                            let term = self.field_term(&path, &types, index);
                            parts.push((&*part.pat, field(whole, index, term)));
                        }
                        None => {
                            let message = format!("`{}` has no field `{name}`", path.item);
                            parts.push((&*part.pat, self.error(part.member.span(), message)));
                        }
                    }
                }
                parts
            }
            Pat::TupleStruct(written) => {
                let Some((path, types)) = self.struct_of_pattern(&written.path, whole) else {
                    return self.failed_parts(written.elems.iter());
                };
                let count = self.environment.definition(&path).map(|definition| definition.fields.len());
                let Some((_, positions)) = self.positions(written.elems.iter(), count, pattern.span()) else {
                    return self.failed_parts(written.elems.iter());
                };
                positions
                    .into_iter()
                    .map(|(pattern, index)| {
                        (pattern, field(whole, index, self.field_term(&path, &types, index)))
                    })
                    .collect()
            }
            Pat::Slice(written) => {
                let (element, known) = match self.table.shallow(&whole.term) {
                    Term::Array(element, Size::Literal(count)) => (*element, usize::try_from(count).ok()),
                    Term::Array(element, _) => (*element, None),
                    _ if self.is_reported(whole) => (self.table.fresh(Kind::Reported), None),
                    _ => {
                        let message = format!("`{}` is not an array", self.table.describe(&whole.term));
                        self.diagnostics.report(pattern.span(), message);
                        return self.failed_parts(written.elems.iter());
                    }
                };
                let Some((_, positions)) = self.positions(written.elems.iter(), known, pattern.span()) else {
                    return self.failed_parts(written.elems.iter());
                };
                positions
                    .into_iter()
                    .map(|(pattern, index)| (pattern, item(whole, index, element.clone())))
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// How many parts there are, and which of them the patterns are for, where `..` stands for the
    /// ones between.
    fn positions<'p>(
        &mut self,
        written: impl Iterator<Item = &'p Pat>,
        known: Option<usize>,
        span: Span,
    ) -> Option<(usize, Positions<'p>)> {
        let written: Vec<&Pat> = written.collect();
        let rest = written.iter().position(|pattern| matches!(pattern, Pat::Rest(_)));
        let Some(rest) = rest else {
            let count = written.len();
            if known.is_some_and(|known| known != count) {
                let message =
                    format!("this pattern has {count} parts, and the value has {}", known.unwrap_or(0));
                self.diagnostics.report(span, message);
                return None;
            }
            return Some((
                count,
                written.into_iter().enumerate().map(|(index, part)| (part, index)).collect(),
            ));
        };
        let (before, behind) = (&written[..rest], &written[rest + 1..]);
        let count = match known {
            Some(known) if known >= before.len() + behind.len() => known,
            None if behind.is_empty() => before.len(),
            _ => {
                let message =
                    "how many parts `..` stands for is not known here: name the parts, or drop them with `_`";
                self.diagnostics.report(span, message);
                return None;
            }
        };
        let first = count - behind.len();
        let before = before.iter().enumerate().map(|(index, part)| (*part, index));
        let behind = behind.iter().enumerate().map(|(index, part)| (*part, first + index));
        Some((count, before.chain(behind).collect()))
    }

    /// The parts of a pattern with a mistake: its names are known, and nothing more is said about
    /// them.
    fn failed_parts<'p>(&mut self, written: impl Iterator<Item = &'p Pat>) -> Vec<(&'p Pat, Node)> {
        let parts = written.filter(|pattern| !matches!(pattern, Pat::Rest(_)));
        parts.map(|pattern| (pattern, self.failed(pattern.span()))).collect()
    }

    fn kind_of_parts(&self, whole: &Node) -> Kind {
        if self.is_reported(whole) { Kind::Reported } else { Kind::Any }
    }

    /// The struct that a pattern names, which the value is, and its type arguments.
    fn struct_of_pattern(&mut self, path: &syn::Path, whole: &Node) -> Option<(Path, Vec<Term>)> {
        let name = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let known = if path.segments.len() == 1 { self.struct_named(&name) } else { None };
        let Some(known) = known.filter(|known| self.environment.definition(known).is_some()) else {
            let message = format!(
                "there is no struct `{name}` here: define it, or import it from a `#[device]` module with `use`"
            );
            self.diagnostics.report(path.span(), message);
            return None;
        };
        let types = self.fresh_arguments(&known, path.span());
        let term = Term::Struct(known.clone(), types.clone());
        self.expect_at(path.span(), &whole.term, &term).then_some((known, types))
    }

    /// `let` with a pattern that takes parts, or with `else`; the value is worked out already.
    pub(super) fn let_parts(
        &mut self,
        pattern: &Pat,
        value: Node,
        otherwise: Option<&Expr>,
        span: Span,
    ) -> Vec<Node> {
        let pattern = self.stated(pattern, &value);
        let (mut nodes, subject) = self.subject(value, span);
        let mut bindings = Vec::new();
        let test = self.test(pattern, &subject, &mut bindings);
        if let Some(otherwise) = otherwise {
            // The names are not known in it.
            let before = self.diverges;
            let otherwise = Box::new(self.expression(otherwise));
            self.diverges = before;
            self.expect(&otherwise, &Term::Unit);
            if let Some(test) = test {
                let condition =
                    Node { kind: NodeKind::Unary(UnaryOp::Not, Box::new(test)), term: BOOL, span };
                let kind = NodeKind::If { condition: Box::new(condition), then: otherwise, otherwise: None };
                nodes.push(Node { kind, term: Term::Unit, span });
            }
        }
        nodes.extend(self.bind_all(&bindings));
        nodes
    }

    /// The pattern without its type, which the value gets.
    fn stated<'p>(&mut self, pattern: &'p Pat, value: &Node) -> &'p Pat {
        let Pat::Type(typed) = pattern else { return pattern };
        if let Some(stated) = self.scope().term(&typed.ty, &mut self.table, &mut self.diagnostics) {
            self.expect_at(typed.pat.span(), &value.term, &stated);
        }
        &typed.pat
    }

    /// The head and the first block of `if let`: statements before it, its condition, and the block
    /// with its names.
    pub(super) fn let_condition(
        &mut self,
        bound: &ExprLet,
        value: Node,
        block: &Block,
    ) -> (Vec<Node>, Box<Node>, Node) {
        let span = bound.let_token.span;
        let (setup, subject) = self.subject(value, span);
        self.scoped(|body| {
            let mut bindings = Vec::new();
            let test = body.test(&bound.pat, &subject, &mut bindings);
            let lets = body.bind_all(&bindings);
            let block = body.block(block);
            let always = || Node { kind: NodeKind::Bool(true), term: BOOL, span };
            (setup, Box::new(test.unwrap_or_else(always)), after(lets, block))
        })
    }

    /// `while let`: a loop that ends when the pattern does not match.
    pub(super) fn while_let(&mut self, repeated: &syn::ExprWhile, bound: &ExprLet) -> Node {
        let span = repeated.while_token.span;
        self.loops.push(Enclosing::new(repeated.label.as_ref(), Left::Counted));
        let value = self.expression(&bound.expr);
        let before = self.diverges;
        let (mut round, condition, then) = self.let_condition(bound, value, &repeated.body);
        self.diverges = before;
        self.expect(&then, &Term::Unit);
        self.loops.pop();
        let leave = Node { kind: NodeKind::Break(0, None), term: Term::Unit, span };
        let kind = NodeKind::If { condition, then: Box::new(then), otherwise: Some(Box::new(leave)) };
        round.push(Node { kind, term: Term::Unit, span });
        let body = Box::new(Node { kind: NodeKind::Block(round, None), term: Term::Unit, span });
        Node { kind: NodeKind::Loop { body, breaks: true }, term: Term::Unit, span }
    }
}

/// Whether a `let` with this pattern only gives names to a value or to the parts of a tuple.
pub(super) fn only_names(pattern: &Pat) -> bool {
    match pattern {
        Pat::Wild(_) => true,
        Pat::Ident(ident) => ident.subpat.is_none(),
        Pat::Paren(paren) => only_names(&paren.pat),
        Pat::Type(typed) => only_names(&typed.pat),
        Pat::Tuple(tuple) => tuple.elems.iter().all(only_names),
        _ => false,
    }
}

fn field(whole: &Node, index: usize, term: Term) -> Node {
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    Node { kind: NodeKind::Field(Box::new(copied(whole)), index), term, span: whole.span }
}

fn item(whole: &Node, index: usize, term: Term) -> Node {
    let span = whole.span;
    let index = Node { kind: NodeKind::Integer(index as i128), term: U64, span };
    Node { kind: NodeKind::Index(Box::new(copied(whole)), Box::new(index)), term, span }
}
