//! Operands in order: what must be saved when a later operand needs statements.

use super::super::tree::{Node, Operands};
use super::cost::{is_pure, is_simple};
use super::{Flattener, whole};
use crate::ir::{BinaryOp, Expr, ExprKind, LocalId, Statement, StatementKind};

impl Flattener<'_, '_> {
    /// The operands' values, evaluated left to right.
    pub(super) fn operands<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>) -> Option<Vec<Expr>> {
        let mut values: Vec<Expr> = Vec::new();
        for node in nodes {
            let start = self.block.len();
            let value = self.value(node);
            if self.block.len() > start {
                self.save_before(start, &mut values);
            }
            values.push(value?);
        }
        Some(values)
    }

    /// Saves the values that statements from `start` on could change.
    fn save_before(&mut self, start: usize, values: &mut [Expr]) {
        let mut saved = Vec::new();
        for value in values {
            if !self.is_stable(value) {
                let local = self.temporary(&self.name_of(value), value.ty.clone());
                let replacement = self.read(local, value.span);
                let expression = std::mem::replace(value, replacement);
                let span = expression.span;
                saved.push(Statement { kind: StatementKind::Assign(whole(local), expression), span });
            }
        }
        self.block.splice(start..start, saved);
    }

    /// The operands' values by position, evaluated in the order in which they are written.
    pub(super) fn ordered(&mut self, written: &Operands) -> Option<Vec<(usize, Expr)>> {
        let mut values = self.operands(written.iter().map(|(_, node)| node))?;
        let sorted = written.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !sorted && values.iter().filter(|value| !is_pure(value, self.costs)).count() > 1 {
            for value in &mut values {
                if !is_pure(value, self.costs) {
                    *value = self.saved(value.clone());
                }
            }
        }
        let mut placed: Vec<(usize, Expr)> =
            written.iter().map(|(position, _)| *position).zip(values).collect();
        placed.sort_by_key(|(position, _)| *position);
        Some(placed)
    }

    /// The value in a temporary.
    pub(super) fn saved(&mut self, value: Expr) -> Expr {
        let local = self.temporary(&self.name_of(&value), value.ty.clone());
        let span = value.span;
        self.push(StatementKind::Assign(whole(local), value), span);
        self.read(local, span)
    }

    /// An expression with the value that may be written several times.
    pub(super) fn reusable(&mut self, value: Expr) -> Expr {
        if self.constant || is_simple(&value) { value } else { self.saved(value) }
    }

    /// What a temporary for the value is called.
    pub(super) fn name_of(&self, value: &Expr) -> String {
        let local = |local: &LocalId| self.locals.get(local.0 as usize).map(|local| local.name.clone());
        match &value.kind {
            ExprKind::Local(id) => local(id).unwrap_or_else(|| "value".to_string()),
            ExprKind::Call { function, .. } => {
                function.item.rsplit("::").next().unwrap_or("value").to_string()
            }
            ExprKind::Binary(
                BinaryOp::Equal
                | BinaryOp::NotEqual
                | BinaryOp::Less
                | BinaryOp::LessEqual
                | BinaryOp::Greater
                | BinaryOp::GreaterEqual,
                ..,
            ) => "condition".to_string(),
            ExprKind::Asm(asm, _) => {
                let given = asm.operands.iter().find(|operand| operand.role.gives_value());
                given.map_or_else(|| "value".to_string(), |operand| operand.name.clone())
            }
            ExprKind::Intrinsic(intrinsic, _) => intrinsic.row().temporary.to_string(),
            _ => "value".to_string(),
        }
    }
}
