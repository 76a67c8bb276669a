//! A function that is being inlined: its const parameters, and where its locals are.
//!
//! A local that one statement assigns is simply a name for the value. A local that several
//! statements assign *varies*: it has home registers. Constants are put into homes late, only
//! before control flow that may change them, so that straight-line and unrolled code sees them as
//! constants.

use std::collections::{BTreeMap, BTreeSet};

use super::super::emit::{Label, Register};
use super::super::evaluate::Parameters;
use super::value::{Value, Want};
use crate::ir::{Block, Expr, ExprKind, Function, LocalId, Span, StatementKind, Type};

/// Values of all locals; `None` before the first assignment.
pub(super) type State = Vec<Option<Vec<Value>>>;

/// A function that is being inlined.
#[derive(Debug)]
pub(super) struct Frame<'p> {
    pub(super) module: usize,
    pub(super) function: &'p Function,
    pub(super) parameters: Parameters,
    /// For every const parameter, the kernel's const parameters that it was computed from.
    pub(super) origins: BTreeMap<String, Vec<String>>,
    pub(super) locals: State,
    pub(super) varies: Vec<bool>,
    pub(super) homes: Vec<Option<Vec<Register>>>,
    /// Enclosing loops, innermost last.
    pub(super) loops: Vec<LoopTarget>,
    /// How many branches of unknown outcome enclose the current statement.
    pub(super) uncertain: u32,
    pub(super) result: ResultPlace,
    /// Call sites from the kernel to here, to tell shared arrays apart.
    pub(super) site: Vec<usize>,
    /// Where the kernel's crate was left, as module and place: mistakes in functions of other
    /// crates are reported there.
    pub(super) outside: Option<(usize, Span)>,
}

/// Where `break` and `continue` go.
#[derive(Debug)]
pub(super) struct LoopTarget {
    pub(super) after: Label,
    pub(super) next: Label,
    /// Varying locals that the loop assigns.
    pub(super) assigned: BTreeSet<usize>,
    /// States at each `break`.
    pub(super) breaks: Vec<State>,
    /// States at each `continue`.
    pub(super) continues: Vec<State>,
}

/// What `return` does.
#[derive(Debug)]
pub(super) struct ResultPlace {
    pub(super) is_kernel: bool,
    pub(super) want: Want,
    /// The value of a `return` that every path reaches.
    pub(super) value: Option<Vec<Value>>,
    /// Registers and end of the inlined function, once some `return` is not the last thing that
    /// happens.
    pub(super) joined: Option<(Vec<Register>, Label)>,
}

/// Whether control reaches the end of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Continues,
    Leaves,
}

impl<'p> Frame<'p> {
    pub(super) fn new(module: usize, function: &'p Function, parameters: Parameters) -> Frame<'p> {
        Frame {
            module,
            function,
            parameters,
            origins: BTreeMap::new(),
            locals: vec![None; function.locals.len()],
            varies: varying(function),
            homes: vec![None; function.locals.len()],
            loops: Vec::new(),
            uncertain: 0,
            result: ResultPlace { is_kernel: false, want: Want::anything(), value: None, joined: None },
            site: Vec::new(),
            outside: None,
        }
    }

    /// The binding's name.
    pub(super) fn name(&self, local: usize) -> &'p str {
        &self.function.locals[local].name
    }

    /// The local's type.
    pub(super) fn ty(&self, local: usize) -> &'p Type {
        &self.function.locals[local].ty
    }

    /// The varying locals that a block assigns.
    pub(super) fn assigned_in(&self, blocks: &[&Block]) -> BTreeSet<usize> {
        let mut assigned = BTreeSet::new();
        for block in blocks {
            each_assignment(block, &mut |local, _| {
                assigned.insert(local.0 as usize);
            });
        }
        assigned.retain(|local| self.varies.get(*local) == Some(&true));
        assigned
    }
}

/// Which locals are assigned by more than one statement, or in parts.
fn varying(function: &Function) -> Vec<bool> {
    let mut assignments = vec![0u32; function.locals.len()];
    // A parameter arrives with a value: one assignment more makes it vary.
    assignments.iter_mut().take(function.parameters).for_each(|count| *count = 1);
    each_assignment(&function.body, &mut |local, in_parts| {
        if let Some(count) = assignments.get_mut(local.0 as usize) {
            *count += 1 + u32::from(in_parts);
        }
    });
    assignments.iter().map(|count| *count > 1).collect()
}

/// Calls `found` for every assignment of a block, with whether it assigns only a part.
fn each_assignment(block: &Block, found: &mut impl FnMut(LocalId, bool)) {
    for statement in block {
        match &statement.kind {
            StatementKind::Assign(place, _) => found(place.local, !place.projections.is_empty()),
            StatementKind::If { then, otherwise, .. } => {
                each_assignment(then, found);
                each_assignment(otherwise, found);
            }
            StatementKind::Loop { body } | StatementKind::For { body, .. } => each_assignment(body, found),
            StatementKind::Roles(roles) => roles.iter().for_each(|role| each_assignment(&role.body, found)),
            _ => {}
        }
    }
}

/// Whether an expression reads a local.
pub(super) fn reads(expression: &Expr, local: LocalId) -> bool {
    let any = |parts: &[Expr]| parts.iter().any(|part| reads(part, local));
    match &expression.kind {
        ExprKind::Local(read) => *read == local,
        ExprKind::Bool(_)
        | ExprKind::Integer(_)
        | ExprKind::Float(_)
        | ExprKind::ConstParameter(_)
        | ExprKind::Constant(_) => false,
        ExprKind::Unary(_, operand)
        | ExprKind::Cast(operand)
        | ExprKind::Field(operand, _)
        | ExprKind::Repeat(operand) => reads(operand, local),
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
            reads(left, local) || reads(right, local)
        }
        ExprKind::Aggregate(parts) | ExprKind::Intrinsic(_, parts) | ExprKind::Asm(_, parts) => any(parts),
        ExprKind::Select { condition, then, otherwise } => {
            reads(condition, local) || reads(then, local) || reads(otherwise, local)
        }
        ExprKind::Call { const_arguments, arguments, .. } => any(const_arguments) || any(arguments),
    }
}
