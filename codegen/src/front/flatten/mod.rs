//! From the typed tree to the IR: control flow leaves the expressions and becomes statements on
//! temporary locals.
//!
//! The order of evaluation stays Rust's. When an operand needs statements of its own, the operands
//! before it are saved into temporaries first, unless nothing can change them.

mod asm;
mod assignments;
mod builder;
mod checks;
mod control;
mod cost;
mod operands;
mod slices;
mod values;
mod walks;

use std::collections::BTreeMap;

use super::body::Body;
use super::diagnostic::Diagnostics;
use super::names::Environment;
use super::position;
use super::terms::{Kind, Table, Term, U32};
use super::tree::Node;
use crate::ir::{
    Block, Bound, Expr, ExprKind, Local, LocalId, Path, Place, Scalar, Span, Statement, StatementKind, Type,
    TypeParameter,
};

/// What calling a function costs when it is no more than one cheap expression; absent otherwise.
pub(super) type Costs = BTreeMap<Path, u32>;

pub(super) use cost::of_function;

/// The statements of one body as they are made.
pub(super) struct Flattener<'a, 'd> {
    environment: &'a Environment<'a>,
    diagnostics: &'d mut Diagnostics,
    table: &'a Table,
    type_parameters: &'a [TypeParameter],
    costs: &'a Costs,
    locals: Vec<Local>,
    /// Locals that keep their value once they have one.
    fixed: Vec<bool>,
    block: Block,
    /// Whether only constant expressions are allowed, and no statements.
    constant: bool,
}

impl Flattener<'_, '_> {
    /// The type of a node; reports if it stayed open.
    fn ty(&mut self, node: &Node) -> Type {
        self.table.finish(&node.term).unwrap_or_else(|| {
            self.diagnostics
                .report(node.span, "the type of this value is not known: state it in a `let x: T = ..`");
            Type::Unit
        })
    }

    /// What a type parameter of that name may be.
    fn bound(&self, name: &str) -> Bound {
        let parameter = self.type_parameters.iter().find(|parameter| parameter.name == name);
        parameter.map_or(Bound::Copy, |parameter| parameter.bound)
    }

    fn push(&mut self, kind: StatementKind, span: Span) {
        self.block.push(Statement { kind, span });
    }

    /// A new local that is assigned once on each path.
    fn temporary(&mut self, name: &str, ty: Type) -> LocalId {
        let local = LocalId(u32::try_from(self.locals.len()).unwrap_or(u32::MAX));
        self.locals.push(Local { name: name.to_string(), ty });
        self.fixed.push(true);
        local
    }

    /// Statements of a nested block, and whether control comes out of it.
    fn nested(&mut self, inside: impl FnOnce(&mut Self) -> Option<()>) -> (Block, Option<()>) {
        let outer = std::mem::take(&mut self.block);
        let reached = inside(self);
        (std::mem::replace(&mut self.block, outer), reached)
    }

    /// The value of a constant expression; reports if it needs statements.
    fn constant_value(&mut self, node: &Node) -> Option<Expr> {
        let outer = std::mem::take(&mut self.block);
        let constant = std::mem::replace(&mut self.constant, true);
        let value = self.value(node);
        self.constant = constant;
        let inside = std::mem::replace(&mut self.block, outer);
        let plain = inside.is_empty() && value.is_some();
        if !plain {
            self.diagnostics.report(
                node.span,
                "a constant is one expression, without variables, loops and memory: compute more in a `const fn`",
            );
        }
        if plain { value } else { None }
    }

    fn read(&self, local: LocalId, span: Span) -> Expr {
        Expr { kind: ExprKind::Local(local), ty: self.locals[local.0 as usize].ty.clone(), span }
    }
}

/// The whole local.
fn whole(local: LocalId) -> Place {
    Place { local, projections: Vec::new() }
}

/// The value `()`.
fn unit(span: Span) -> Expr {
    Expr { kind: ExprKind::Aggregate(Vec::new()), ty: Type::Unit, span }
}

/// The locals and statements of a function body whose names and types are worked out.
pub(super) fn function(body: &mut Body<'_>, root: &Node, costs: &Costs) -> (Vec<Local>, Block) {
    settle_indices(body);
    settle_type_arguments(body);
    let returns = body.result.as_ref().is_some_and(|result| *result != Term::Unit);
    let mut flattener = prepared(body, costs);
    if returns {
        if let Some(value) = flattener.value(root) {
            let span = value.span;
            flattener.push(StatementKind::Return(Some(value)), span);
        }
    } else {
        flattener.effect(root);
    }
    (flattener.locals, flattener.block)
}

/// The value of a constant item.
pub(super) fn constant(body: &mut Body<'_>, root: &Node, costs: &Costs) -> Option<Expr> {
    settle_indices(body);
    settle_type_arguments(body);
    prepared(body, costs).constant_value(root)
}

/// A flattener that knows the locals of `body`.
fn prepared<'b>(body: &'b mut Body<'_>, costs: &'b Costs) -> Flattener<'b, 'b> {
    let mut flattener = Flattener {
        environment: body.environment,
        diagnostics: &mut body.diagnostics,
        table: &body.table,
        type_parameters: body.type_parameters,
        costs,
        locals: Vec::new(),
        fixed: Vec::new(),
        block: Vec::new(),
        constant: false,
    };
    for variable in &body.variables {
        let ty = body.table.finish(&variable.term).unwrap_or_else(|| {
            let message = format!("the type of `{0}` is not known: write `let {0}: T`", variable.name);
            flattener.diagnostics.report(variable.span, message);
            Type::Unit
        });
        flattener.locals.push(Local { name: variable.name.clone(), ty });
        flattener.fixed.push(!variable.mutable);
    }
    flattener
}

/// Indices of memory are `u32`, `u64` or `usize`, and `u32` if nothing says which.
fn settle_indices(body: &mut Body<'_>) {
    for (span, index) in std::mem::take(&mut body.indices) {
        if body.table.open(&index) == Some(Kind::Integer) {
            body.table.unify(&index, &U32);
        }
        let found = body.table.scalar(&index);
        if !matches!(found, Some(Scalar::U32 | Scalar::U64)) {
            let message =
                format!("an index is `u32`, `u64` or `usize`, not `{}`", body.table.describe(&index));
            body.diagnostics.report(span, message);
        }
    }
}

/// Every type argument is known by now, and one of those that its parameter stands for.
fn settle_type_arguments(body: &mut Body<'_>) {
    let mut unknown = Vec::new();
    for (span, item, parameter, term) in std::mem::take(&mut body.type_arguments) {
        if body.table.open(&term) == Some(Kind::Any) {
            let name = parameter.name;
            if !unknown.contains(&position(span)) {
                let message =
                    format!("the type `{name}` of `{item}` is not known: state it, `{item}::<{name}>`");
                body.diagnostics.report(span, message);
                unknown.push(position(span));
            }
            let reported = body.table.fresh(Kind::Reported);
            body.table.unify(&term, &reported);
            continue;
        }
        let literal = match body.table.open(&term) {
            Some(Kind::Integer) => Term::Scalar(Scalar::I32),
            Some(Kind::Float) => Term::Scalar(Scalar::F64),
            _ => term,
        };
        if let Some(message) = body.scope().outside(&item, &parameter, &literal, &body.table) {
            body.diagnostics.report(span, message);
        }
    }
}

/// The position of a node.
fn at(node: &Node) -> Span {
    position(node.span)
}
