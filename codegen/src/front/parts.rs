//! Values with parts: struct literals, fields and elements.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, Member};

use super::body::Body;
use super::terms::{Term, U64};
use super::tree::{Node, NodeKind};

impl Body<'_> {
    pub(super) fn field(&mut self, field: &syn::ExprField, span: Span) -> Node {
        let base = self.expression(&field.base);
        let name = match &field.member {
            Member::Named(name) => name.to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let part = match self.table.shallow(&base.term) {
            _ if self.is_reported(&base) => return self.failed(span),
            Term::Struct(path, arguments) => {
                let definition = self.environment.definition(&path);
                let index = definition
                    .and_then(|definition| definition.fields.iter().position(|field| field.name == name));
                index.map(|index| (index, self.field_term(&path, &arguments, index)))
            }
            Term::Tuple(parts) => {
                name.parse::<usize>().ok().and_then(|index| Some((index, parts.get(index)?.clone())))
            }
            Term::Variable(_) => {
                return self
                    .error(base.span, "the type of this value is not known yet: state it in its `let`");
            }
            _ => None,
        };
        let Some((index, term)) = part else {
            let message = format!("`{}` has no field `{name}`", self.table.describe(&base.term));
            return self.error(field.member.span(), message);
        };
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        Node { kind: NodeKind::Field(Box::new(base), index), term, span }
    }

    pub(super) fn index(&mut self, index: &syn::ExprIndex, span: Span) -> Node {
        let base = self.expression(&index.expr);
        if let Expr::Range(range) = &*index.index {
            return self.error(range.span(), "device code has no range as an index: write `slice.subslice(start, end)`, or read the elements one by one");
        }
        let position = self.expression(&index.index);
        let element = match self.table.shallow(&base.term) {
            _ if self.is_reported(&base) => return self.failed(span),
            Term::Array(element, _) => *element,
            Term::Pointer(..) | Term::Peers(_) | Term::Slice(_) => {
                return self
                    .error(span, "memory is reached through a pointer to it: write `.at(index).read()`");
            }
            _ => {
                let message = format!("`{}` is not an array", self.table.describe(&base.term));
                return self.error(base.span, message);
            }
        };
        self.expect(&position, &U64);
        Node { kind: NodeKind::Index(Box::new(base), Box::new(position)), term: element, span }
    }

    pub(super) fn struct_literal(&mut self, literal: &syn::ExprStruct, span: Span) -> Node {
        let name = literal.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let path = if literal.path.segments.len() == 1 { self.struct_named(&name) } else { None };
        let path = path.filter(|path| self.environment.definition(path).is_some());
        let Some(path) = path else {
            return self.error(
                literal.path.span(),
                format!("there is no struct `{name}` here: define it, or import it from a `#[device]` module with `use`"),
            );
        };
        let Some(definition) = self.environment.definition(&path) else { return self.failed(span) };
        let types = self.fresh_arguments(&path, literal.path.span());
        let parameters = self.environment.struct_parameters(&path);
        let stated = literal.path.segments.last().and_then(|segment| {
            let scope = self.scope();
            scope.arguments(&path.item, parameters, segment, &mut self.table, &mut self.diagnostics)
        });
        for (term, stated) in types.iter().zip(stated.unwrap_or_default()) {
            self.table.unify(term, &stated);
        }
        let mut written = Vec::new();
        for field in &literal.fields {
            let name = match &field.member {
                Member::Named(name) => name.to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            };
            let value = self.expression(&field.expr);
            match definition.fields.iter().position(|known| known.name == name) {
                Some(index) if written.iter().any(|(known, _)| *known == index) => {
                    self.diagnostics
                        .report(field.member.span(), format!("the field `{name}` is written twice"));
                }
                Some(index) => {
                    let expected = self.field_term(&path, &types, index);
                    self.expect(&value, &expected);
                    written.push((index, value));
                }
                None => {
                    let message = format!("`{}` has no field `{name}`", path.item);
                    self.diagnostics.report(field.member.span(), message);
                }
            }
        }
        let term = Term::Struct(path.clone(), types);
        let base = literal.rest.as_ref().map(|rest| {
            let base = self.expression(rest);
            self.expect(&base, &term);
            Box::new(base)
        });
        let count = definition.fields.len();
        if base.is_none() {
            let missing = (0..count).filter(|index| !written.iter().any(|(known, _)| known == index));
            let missing: Vec<_> =
                missing.map(|index| format!("`{}`", definition.fields[index].name)).collect();
            if !missing.is_empty() {
                return self.error(
                    span,
                    format!("`{}` lacks {}: give every field a value", path.item, missing.join(", ")),
                );
            }
        }
        Node { kind: NodeKind::Aggregate { written, base, count }, term, span }
    }
}

/// A value from all its parts in order.
pub(super) fn aggregate(parts: Vec<Node>, term: Term, span: Span) -> Node {
    let count = parts.len();
    let written = parts.into_iter().enumerate().collect();
    Node { kind: NodeKind::Aggregate { written, base: None, count }, term, span }
}
