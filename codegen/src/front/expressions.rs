//! Expressions: names, operators, parts and values put together.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, ExprPath, Member, UnOp};

use super::body::Body;
use super::literals;
use super::names::Entity;
use super::refused;
use super::terms::{BOOL, Kind, Term, U64};
use super::tree::{Node, NodeKind};
use crate::ir::{BinaryOp, LocalId, Path, Scalar, Size, UnaryOp};

impl Body<'_> {
    /// Works out one expression; mistakes are reported and leave a node that fits anything.
    pub(super) fn expression(&mut self, expression: &Expr) -> Node {
        let span = expression.span();
        match expression {
            Expr::Paren(paren) => self.expression(&paren.expr),
            Expr::Group(group) => self.expression(&group.expr),
            Expr::Lit(literal) => self.literal(literal),
            Expr::Path(path) => self.path(path),
            Expr::Unary(unary) => self.unary(unary, span),
            Expr::Binary(binary) => match literals::operator(&binary.op) {
                Some((operator, true)) => self.assignment(&binary.left, Some(operator), &binary.right, span),
                Some((operator, false)) => self.binary(operator, binary, span),
                None => self.logical(binary, span),
            },
            Expr::Assign(assign) => self.assignment(&assign.left, None, &assign.right, span),
            Expr::Cast(cast) => self.cast(cast, span),
            Expr::Field(field) => self.field(field, span),
            Expr::Index(index) => self.index(index, span),
            Expr::Tuple(tuple) if tuple.elems.is_empty() => self.unit(span),
            Expr::Tuple(tuple) => {
                let parts: Vec<Node> = tuple.elems.iter().map(|part| self.expression(part)).collect();
                let term = Term::Tuple(parts.iter().map(|part| part.term.clone()).collect());
                aggregate(parts, term, span)
            }
            Expr::Array(array) => {
                let element = self.table.fresh(Kind::Any);
                let parts: Vec<Node> = array.elems.iter().map(|part| self.expression(part)).collect();
                for part in &parts {
                    self.expect(part, &element);
                }
                let size = Size::Literal(parts.len() as u64);
                aggregate(parts, Term::Array(Box::new(element), size), span)
            }
            Expr::Repeat(repeat) => {
                let value = self.expression(&repeat.expr);
                match super::lengths::size(&repeat.len, &self.scope()) {
                    Ok(size) => {
                        let term = Term::Array(Box::new(value.term.clone()), size);
                        Node { kind: NodeKind::Repeat(Box::new(value)), term, span }
                    }
                    Err(message) => self.error(repeat.len.span(), message),
                }
            }
            Expr::Struct(literal) => self.struct_literal(literal, span),
            Expr::Call(call) => self.call(call),
            Expr::MethodCall(call) => self.method_call(call),
            Expr::Block(block) => {
                if let Some(label) = &block.label {
                    self.diagnostics.report(
                        label.span(),
                        "device code has no labelled blocks: write a function and `return` from it",
                    );
                }
                self.block(&block.block)
            }
            Expr::Const(block) => self.const_block(block, span),
            Expr::If(branch) => self.branch(branch),
            Expr::While(repeated) => self.while_loop(repeated),
            Expr::Loop(repeated) => self.endless_loop(repeated),
            Expr::ForLoop(repeated) => self.for_loop(repeated),
            Expr::Break(leave) => self.break_loop(leave),
            Expr::Continue(next) => self.continue_loop(next),
            Expr::Return(leave) => self.return_from(leave),
            Expr::Macro(call) => self.error(call.mac.path.span(), refused::macro_call(&call.mac.path)),
            other => self.error(span, refused::expression(other)),
        }
    }

    fn path(&mut self, path: &ExprPath) -> Node {
        let span = path.span();
        let segments: Vec<String> =
            path.path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        match segments.as_slice() {
            [name] if path.qself.is_none() => self.name(name, span),
            [owner, name] if path.qself.is_none() => self.associated_constant(owner, name, span),
            _ => self.error(
                span,
                "an item is named without its module: import it with `use` and write its name alone",
            ),
        }
    }

    fn name(&mut self, name: &str, span: Span) -> Node {
        if let Some(local) = self.local(name) {
            return self.read(local, span);
        }
        if let Some((name, scalar)) = self.const_parameters.iter().find(|(known, _)| known == name) {
            return Node { kind: NodeKind::ConstParameter(name.clone()), term: Term::Scalar(*scalar), span };
        }
        match self.environment.resolve(name) {
            Some(Entity::Constant(path)) => self.constant_item(path, span),
            Some(Entity::Function(_)) => {
                self.error(span, format!("a function is not a value in device code: call it, `{name}(..)`"))
            }
            Some(Entity::Struct(path)) => match self.environment.definition(&path) {
                Some(definition) if definition.fields.is_empty() => {
                    aggregate(Vec::new(), Term::Struct(path), span)
                }
                _ => {
                    self.error(span, format!("`{name}` is a struct: write a value of it, `{name} {{ .. }}`"))
                }
            },
            None if name == "self" => {
                self.error(span, "this function has no `self`: add it as the first parameter")
            }
            None => self.error(
                span,
                format!(
                    "there is no `{name}` here: declare it, or import it from a `#[device]` module with `use`"
                ),
            ),
        }
    }

    fn read(&mut self, local: LocalId, span: Span) -> Node {
        Node { kind: NodeKind::Local(local), term: self.variable(local).term.clone(), span }
    }

    fn constant_item(&mut self, path: Path, span: Span) -> Node {
        match self.environment.constant(&path) {
            Some(ty) => Node { term: Term::from(ty), kind: NodeKind::Constant(path), span },
            None => self.failed(span),
        }
    }

    fn associated_constant(&mut self, owner: &str, name: &str, span: Span) -> Node {
        if let Some(owner_path) = self.struct_named(owner) {
            let path = self.environment.associated(&owner_path, name);
            if self.environment.constant(&path).is_some() || self.environment.source(&path).is_some() {
                return self.constant_item(path, span);
            }
            let message =
                format!("`{owner}` has no constant `{name}`: write `const {name}: T = ..;` in its `impl`");
            return self.error(span, message);
        }
        if let Some(scalar) = super::types::scalar_named(owner) {
            let message = match self.scalar_constant(scalar, name, span) {
                Some(node) => return node,
                None if scalar.is_integer() => {
                    format!("`{owner}` has the constants `MIN`, `MAX` and `BITS` here")
                }
                None => format!(
                    "`{owner}` has the constants `MIN`, `MAX`, `MIN_POSITIVE`, `EPSILON`, `INFINITY`, `NEG_INFINITY` \
                     and `NAN` here"
                ),
            };
            return self.error(span, message);
        }
        self.error(
            span,
            format!(
                "there is no `{owner}::{name}` here: import `{name}` with `use` and write its name alone"
            ),
        )
    }

    /// The struct of that name, `Self` included.
    pub(super) fn struct_named(&self, name: &str) -> Option<Path> {
        if name == "Self" {
            return self.self_type.clone();
        }
        match self.environment.resolve(name) {
            Some(Entity::Struct(path)) => Some(path),
            _ => None,
        }
    }

    fn unary(&mut self, unary: &syn::ExprUnary, span: Span) -> Node {
        let operator = match unary.op {
            UnOp::Neg(_) => UnaryOp::Negate,
            UnOp::Not(_) => UnaryOp::Not,
            _ => {
                let operand = &unary.expr;
                self.expression(operand);
                return self.error(span, "device code has no references: read memory with `pointer.read()`");
            }
        };
        let operand = self.expression(&unary.expr);
        let term = operand.term.clone();
        // The smallest integer of a type is written as the negation of a number that is out of its range.
        let kind = match (operator, operand.kind) {
            (UnaryOp::Negate, NodeKind::Integer(value)) => NodeKind::Integer(value.wrapping_neg()),
            (UnaryOp::Negate, NodeKind::Float(digits)) => NodeKind::Float(match digits.strip_prefix('-') {
                Some(positive) => positive.to_string(),
                None => format!("-{digits}"),
            }),
            (_, kind) => {
                NodeKind::Unary(operator, Box::new(Node { kind, term: term.clone(), span: operand.span }))
            }
        };
        Node { kind, term, span }
    }

    fn binary(&mut self, operator: BinaryOp, binary: &syn::ExprBinary, span: Span) -> Node {
        let left = self.expression(&binary.left);
        let right = self.expression(&binary.right);
        let shift = matches!(operator, BinaryOp::ShiftLeft | BinaryOp::ShiftRight);
        if !shift {
            self.expect(&right, &left.term);
        }
        let term = if is_comparison(operator) { BOOL } else { left.term.clone() };
        Node { kind: NodeKind::Binary(operator, Box::new(left), Box::new(right)), term, span }
    }

    fn logical(&mut self, binary: &syn::ExprBinary, span: Span) -> Node {
        let and = matches!(binary.op, syn::BinOp::And(_));
        let left = self.condition(&binary.left);
        let diverges = self.diverges;
        let right = self.condition(&binary.right);
        self.diverges = diverges;
        Node { kind: NodeKind::Logical { and, left, right }, term: BOOL, span }
    }

    fn cast(&mut self, cast: &syn::ExprCast, span: Span) -> Node {
        let operand = self.expression(&cast.expr);
        let Some(term) = self.scope().term(&cast.ty, &mut self.table, &mut self.diagnostics) else {
            return self.failed(span);
        };
        // As in Rust, a literal takes the type that it is cast to if it can: `3_000_000_000 as u32` is in range.
        let literal = matches!(operand.kind, NodeKind::Integer(_) | NodeKind::Float(_));
        if literal && self.table.open(&operand.term).is_some() {
            self.table.unify(&operand.term, &term);
        }
        Node { kind: NodeKind::Cast(Box::new(operand)), term, span }
    }

    fn field(&mut self, field: &syn::ExprField, span: Span) -> Node {
        let base = self.expression(&field.base);
        let name = match &field.member {
            Member::Named(name) => name.to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        };
        let part = match self.table.shallow(&base.term) {
            _ if matches!(base.kind, NodeKind::Error) => return self.failed(span),
            Term::Struct(path) => self.environment.definition(&path).and_then(|definition| {
                let index = definition.fields.iter().position(|field| field.name == name)?;
                Some((index, Term::from(&definition.fields[index].ty)))
            }),
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

    fn index(&mut self, index: &syn::ExprIndex, span: Span) -> Node {
        let base = self.expression(&index.expr);
        if let Expr::Range(range) = &*index.index {
            return self.error(range.span(), "device code has no slices: read the elements one by one");
        }
        let position = self.expression(&index.index);
        let element = match self.table.shallow(&base.term) {
            _ if matches!(base.kind, NodeKind::Error) => return self.failed(span),
            Term::Array(element, _) => *element,
            Term::Pointer(..) | Term::Peers(_) => {
                return self
                    .error(span, "memory is reached through its pointer: write `pointer.at(index).read()`");
            }
            _ => {
                let message = format!("`{}` is not an array", self.table.describe(&base.term));
                return self.error(base.span, message);
            }
        };
        self.expect(&position, &U64);
        Node { kind: NodeKind::Index(Box::new(base), Box::new(position)), term: element, span }
    }

    fn struct_literal(&mut self, literal: &syn::ExprStruct, span: Span) -> Node {
        let name = literal.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let path = if literal.path.segments.len() == 1 { self.struct_named(&name) } else { None };
        let Some(path) = path else {
            return self.error(
                literal.path.span(),
                format!("there is no struct `{name}` here: define it, or import it from a `#[device]` module with `use`"),
            );
        };
        let Some(definition) = self.environment.definition(&path) else { return self.failed(span) };
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
                    self.expect(&value, &Term::from(&definition.fields[index].ty));
                    written.push((index, value));
                }
                None => {
                    let message = format!("`{}` has no field `{name}`", path.item);
                    self.diagnostics.report(field.member.span(), message);
                }
            }
        }
        let term = Term::Struct(path.clone());
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

/// Whether the operator gives a bool whatever its operands are.
pub(super) fn is_comparison(operator: BinaryOp) -> bool {
    matches!(
        operator,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    )
}

/// Whether the scalar may stand in a bitwise operation.
pub(super) fn is_bitwise(scalar: Scalar) -> bool {
    scalar.is_integer() || scalar == Scalar::Bool
}
