//! `let`, assignment, and values that two arms assign.

use super::super::tree::{Node, NodeKind, Pattern};
use super::cost::{SELECT_LIMIT, cost, is_pure};
use super::{Flattener, at, whole};
use crate::ir::{
    BinaryOp, Block, Bound, Expr, ExprKind, LocalId, Place, Projection, Span, Statement, StatementKind, Type,
};

impl Flattener<'_, '_> {
    pub(super) fn bind(&mut self, pattern: &Pattern, node: &Node, span: Span) -> Option<()> {
        match (pattern, &node.kind) {
            (Pattern::Wild, _) => self.effect(node),
            (Pattern::Local(local), _) => self.assign_at(node, *local, true, span),
            (Pattern::Tuple(patterns), NodeKind::Aggregate { written, base: None, .. }) => {
                for (pattern, (_, part)) in patterns.iter().zip(written) {
                    self.bind(pattern, part, span)?;
                }
                Some(())
            }
            (Pattern::Tuple(_), _) => {
                let value = self.value(node)?;
                let value = if matches!(value.kind, ExprKind::Local(_)) { value } else { self.saved(value) };
                self.take_apart(pattern, value, span);
                Some(())
            }
        }
    }

    fn take_apart(&mut self, pattern: &Pattern, value: Expr, span: Span) {
        match pattern {
            Pattern::Wild => {}
            Pattern::Local(local) => self.push(StatementKind::Assign(whole(*local), value), span),
            Pattern::Tuple(patterns) => {
                let Type::Tuple(types) = value.ty.clone() else { return };
                for (index, (pattern, ty)) in (0u32..).zip(patterns.iter().zip(types)) {
                    let kind = ExprKind::Field(Box::new(value.clone()), index);
                    self.take_apart(pattern, Expr { kind, ty, span: value.span }, span);
                }
            }
        }
    }

    /// Assigns the node's value to a local. A `fresh` one is not read while the value is computed.
    pub(super) fn assign(&mut self, node: &Node, local: LocalId, fresh: bool) -> Option<()> {
        self.assign_at(node, local, fresh, at(node))
    }

    pub(super) fn assign_at(&mut self, node: &Node, local: LocalId, fresh: bool, span: Span) -> Option<()> {
        match &node.kind {
            NodeKind::Block(statements, Some(tail)) => {
                for statement in statements {
                    self.effect(statement)?;
                }
                self.assign(tail, local, fresh)
            }
            NodeKind::If { condition, then, otherwise: Some(otherwise) } if self.ty(node) != Type::Unit => {
                let mut condition = self.value(condition)?;
                let (then, then_reached) = self.nested(|flattener| flattener.assign(then, local, fresh));
                let (otherwise, reached) = self.nested(|flattener| flattener.assign(otherwise, local, fresh));
                let ty = self.ty(node);
                if self.selects(&ty, local, &then) && self.selects(&ty, local, &otherwise) {
                    if !is_pure(&condition, self.costs) && !self.constant {
                        condition = self.saved(condition);
                    }
                    if let (Some(then), Some(otherwise)) = (only_value(then), only_value(otherwise)) {
                        let (condition, then, otherwise) =
                            (Box::new(condition), Box::new(then), Box::new(otherwise));
                        let kind = ExprKind::Select { condition, then, otherwise };
                        let select = Expr { kind, ty, span: at(node) };
                        self.push(StatementKind::Assign(whole(local), select), span);
                    }
                    return Some(());
                }
                self.push(StatementKind::If { condition, then, otherwise }, at(node));
                then_reached.or(reached)
            }
            _ => {
                let fresh_condition = fresh && matches!(node.kind, NodeKind::Logical { .. });
                let value =
                    if fresh_condition { self.logical(node, Some(local))? } else { self.value(node)? };
                if value.kind != ExprKind::Local(local) {
                    self.push(StatementKind::Assign(whole(local), value), span);
                }
                Some(())
            }
        }
    }

    /// Whether an arm is no more than a cheap value for `local`.
    fn selects(&self, ty: &Type, local: LocalId, arm: &Block) -> bool {
        let [Statement { kind: StatementKind::Assign(place, value), .. }] = arm.as_slice() else {
            return false;
        };
        let one_register = match ty {
            Type::Scalar(_) | Type::Enum(..) | Type::Pointer(..) | Type::Peers(_) => true,
            Type::Parameter(name) => self.bound(name) != Bound::Copy,
            _ => false,
        };
        let cheap = one_register && cost(value, self.costs).is_some_and(|cost| cost <= SELECT_LIMIT);
        *place == whole(local) && (cheap || self.constant)
    }

    pub(super) fn store(
        &mut self,
        place: &Node,
        operator: Option<BinaryOp>,
        value: &Node,
        node: &Node,
    ) -> Option<()> {
        let mut steps = Vec::new();
        let local = steps_to(place, &mut steps)?;
        if steps.is_empty() && operator.is_none() {
            return self.assign_at(value, local, false, at(node));
        }
        let indices = steps.iter().filter_map(|(_, step)| match step {
            Step::Index(index) => Some(*index),
            Step::Field(_) => None,
        });
        // Rust evaluates the right side first, then the place.
        let mut values = self.operands(std::iter::once(value).chain(indices))?.into_iter();
        let value = values.next()?;
        let mut target = Place { local, projections: Vec::new() };
        let mut current = self.read(local, at(place));
        for (part, step) in steps {
            let (ty, span) = (self.ty(part), at(part));
            let kind = match step {
                Step::Field(index) => {
                    target.projections.push(Projection::Field(index));
                    ExprKind::Field(Box::new(current), index)
                }
                Step::Index(_) => {
                    let index = values.next()?;
                    let index = if is_pure(&index, self.costs) { index } else { self.saved(index) };
                    target.projections.push(Projection::Index(index.clone()));
                    ExprKind::Index(Box::new(current), Box::new(index))
                }
            };
            current = Expr { kind, ty, span };
        }
        let value = match operator {
            Some(operator) => {
                self.check_binary(operator, &current, &value, node.span);
                let ty = current.ty.clone();
                Expr {
                    kind: ExprKind::Binary(operator, Box::new(current), Box::new(value)),
                    ty,
                    span: at(node),
                }
            }
            None => value,
        };
        self.push(StatementKind::Assign(target, value), at(node));
        Some(())
    }
}

/// One step from a local to a part of it.
enum Step<'n> {
    Field(u32),
    Index(&'n Node),
}

/// The local that a place starts from; the steps outermost first, each with the node of the part
/// that it leads to.
fn steps_to<'n>(place: &'n Node, steps: &mut Vec<(&'n Node, Step<'n>)>) -> Option<LocalId> {
    match &place.kind {
        NodeKind::Local(local) => Some(*local),
        NodeKind::Field(base, index) => {
            let local = steps_to(base, steps)?;
            steps.push((place, Step::Field(*index)));
            Some(local)
        }
        NodeKind::Index(base, index) => {
            let local = steps_to(base, steps)?;
            steps.push((place, Step::Index(index)));
            Some(local)
        }
        _ => None,
    }
}

/// The value of the only statement of a block, an assignment.
fn only_value(mut block: Block) -> Option<Expr> {
    match block.pop()?.kind {
        StatementKind::Assign(_, value) => Some(value),
        _ => None,
    }
}
