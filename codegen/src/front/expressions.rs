//! Expressions: which kind it is, and what names mean.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Expr, ExprPath};

use super::body::Body;
use super::names::Entity;
use super::operators;
use super::parts::aggregate;
use super::refused;
use super::terms::{Kind, Term, U32};
use super::tree::{Node, NodeKind};
use crate::ir::{Bound, LocalId, Path, Size};

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
            Expr::Binary(binary) => match operators::operator(&binary.op) {
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
            Expr::Block(block) => match &block.label {
                Some(label) => self.labelled_block(label, &block.block),
                None => self.block(&block.block),
            },
            Expr::Const(block) => self.const_block(block, span),
            Expr::If(branch) => self.branch(branch),
            Expr::Match(written) => self.match_value(written),
            Expr::While(repeated) => self.while_loop(repeated),
            Expr::Loop(repeated) => self.endless_loop(repeated),
            Expr::ForLoop(repeated) => self.for_loop(repeated),
            Expr::Break(leave) => self.break_loop(leave),
            Expr::Continue(next) => self.continue_loop(next),
            Expr::Return(leave) => self.return_from(leave),
            Expr::Macro(call) => self.macro_call(&call.mac),
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
        if let Some(path) = self.environment.local_constant(self.scope().function, name) {
            return self.constant_item(path, span);
        }
        if let Some((name, scalar)) = self.const_parameters.iter().find(|(known, _)| known == name) {
            return Node { kind: NodeKind::ConstParameter(name.clone()), term: Term::Scalar(*scalar), span };
        }
        if self.refused.iter().any(|known| known == name) {
            return self.failed(span);
        }
        match self.environment.resolve(name) {
            Some(Entity::Constant(path)) => self.constant_item(path, span),
            Some(Entity::Function(_)) => {
                self.error(span, format!("a function is not a value in device code: call it, `{name}(..)`"))
            }
            Some(Entity::Struct(path)) => match self.environment.definition(&path) {
                Some(definition) if definition.fields.is_empty() => {
                    aggregate(Vec::new(), Term::Struct(path, Vec::new()), span)
                }
                _ => {
                    self.error(span, format!("`{name}` is a struct: write a value of it, `{name} {{ .. }}`"))
                }
            },
            Some(Entity::Enum(_)) => {
                self.error(span, format!("`{name}` is an enum: write a variant of it, `{name}::..`"))
            }
            None if name == "self" => {
                self.error(span, "this function has no `self`: add it as the first parameter")
            }
            None if self.is_of_an_option(name) => self.option(&[], span),
            None if let Some(code) = self.modifier_code(name, span) => code,
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
            if let Some(definition) = self.environment.enumeration(&owner_path)
                && let Some((_, value)) = definition.variants.iter().find(|(known, _)| known == name)
            {
                let term = Term::from(&self.environment.item_type(&owner_path));
                return Node { kind: NodeKind::Integer(*value), term, span };
            }
            let path = self.environment.associated(&owner_path, name);
            if self.environment.constant(&path).is_some() || self.environment.source(&path).is_some() {
                return self.constant_item(path, span);
            }
            let message =
                format!("`{owner}` has no constant `{name}`: write `const {name}: T = ..;` in its `impl`");
            return self.error(span, message);
        }
        if let Some(bound) = self.scope().bound(owner) {
            let value = match name {
                "ZERO" => 0,
                "ONE" => 1,
                _ => 2,
            };
            if bound == Bound::Copy || value == 2 {
                let message = match bound {
                    Bound::Copy => format!("`{owner}` may be any type: bound it, such as `{owner}: Number`"),
                    _ => format!(
                        "`{owner}` has the constants `ZERO` and `ONE`: write `{owner}::of(value)` for others"
                    ),
                };
                return self.error(span, message);
            }
            let value = Node { kind: NodeKind::Integer(value), term: U32, span };
            return Node {
                kind: NodeKind::Cast(Box::new(value)),
                term: Term::Parameter(owner.to_string()),
                span,
            };
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

    /// The struct or enum of that name, `Self` included.
    pub(super) fn struct_named(&self, name: &str) -> Option<Path> {
        if name == "Self" {
            return self.self_type.clone();
        }
        match self.environment.resolve(name) {
            Some(Entity::Struct(path) | Entity::Enum(path)) => Some(path),
            _ => None,
        }
    }
}
