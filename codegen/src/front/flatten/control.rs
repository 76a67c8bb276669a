//! Statements, branches and loops.

use super::super::tree::{Node, NodeKind, RoleNode, Walk};
use super::cost::{LOGICAL_LIMIT, cost, is_pure};
use super::{Flattener, at};
use crate::ir::{BinaryOp, Block, Expr, ExprKind, Span, Statement, StatementKind, Type, WarpRole};

impl Flattener<'_, '_> {
    /// Runs a node for its effects. `None` if control does not come out of it.
    pub(super) fn effect(&mut self, node: &Node) -> Option<()> {
        let span = at(node);
        match &node.kind {
            NodeKind::Discard(inner) => self.effect(inner),
            NodeKind::Let(pattern, value) => self.bind(pattern, value, span),
            NodeKind::Assign { place, operator, value } => self.store(place, *operator, value, node),
            NodeKind::Block(statements, tail) => {
                for statement in statements {
                    self.effect(statement)?;
                }
                tail.as_ref().map_or(Some(()), |tail| self.effect(tail))
            }
            NodeKind::If { condition, then, otherwise } => {
                self.branch(condition, then, otherwise.as_deref(), span)
            }
            NodeKind::While { condition, body } => {
                let (body, _) = self.nested(|flattener| {
                    flattener.leave_unless(condition)?;
                    flattener.effect(body)
                });
                self.push(StatementKind::Loop { body }, span);
                Some(())
            }
            NodeKind::Loop { body, breaks } => {
                let (body, _) = self.nested(|flattener| flattener.effect(body));
                self.push(StatementKind::Loop { body }, span);
                breaks.then_some(())
            }
            NodeKind::For { local, start, end, inclusive, walk: Walk::Forwards, unroll, body } => {
                let mut bounds = self.operands([&**start, &**end])?;
                let (end, start) = (bounds.pop()?, bounds.pop()?);
                self.check_range(&start, node.span);
                let (body, _) = self.nested(|flattener| flattener.effect(body));
                let (local, inclusive, unroll) = (*local, *inclusive, *unroll);
                self.push(StatementKind::For { local, start, end, inclusive, unroll, body }, span);
                Some(())
            }
            NodeKind::For { .. } => self.walk(node),
            NodeKind::Labelled { body, target, breaks } => {
                let mut reached = None;
                let (body, _) = self.nested(|flattener| {
                    reached = match target {
                        Some(target) => flattener.assign(body, *target, true),
                        None => flattener.effect(body),
                    };
                    reached?;
                    flattener.push(StatementKind::Break(0), span);
                    None
                });
                self.push(StatementKind::Loop { body }, span);
                reached.or(breaks.then_some(()))
            }
            NodeKind::Roles(roles) => self.roles(roles, span),
            NodeKind::Break(depth, value) => {
                if let Some((target, value)) = value {
                    self.assign(value, *target, true)?;
                }
                self.push(StatementKind::Break(*depth), span);
                None
            }
            NodeKind::Continue(depth) => {
                self.push(StatementKind::Continue(*depth), span);
                None
            }
            NodeKind::Return(value) => {
                let value = match value {
                    Some(value) if self.ty(value) == Type::Unit => {
                        self.effect(value)?;
                        None
                    }
                    Some(value) => Some(self.value(value)?),
                    None => None,
                };
                self.push(StatementKind::Return(value), span);
                None
            }
            NodeKind::Assert { condition, message, arguments } => {
                let values: Vec<_> = arguments.iter().map(|argument| self.constant_value(argument)).collect();
                let arguments = values.into_iter().collect::<Option<Vec<_>>>()?;
                self.assertion(condition, message, &arguments)
            }
            _ => {
                let value = self.value(node)?;
                if !is_pure(&value, self.costs) {
                    self.push(StatementKind::Evaluate(value), span);
                }
                Some(())
            }
        }
    }

    fn roles(&mut self, nodes: &[RoleNode], span: Span) -> Option<()> {
        let (mut roles, mut reached) = (Vec::new(), None);
        for node in nodes {
            let (start, end) = (self.constant_value(&node.start)?, self.constant_value(&node.end)?);
            let registers = match &node.registers {
                Some(registers) => Some(self.constant_value(registers)?),
                None => None,
            };
            let (body, end_reached) = self.nested(|flattener| flattener.effect(&node.body));
            reached = reached.or(end_reached);
            roles.push(WarpRole { name: node.name.clone(), start, end, registers, body });
        }
        self.push(StatementKind::Roles(roles), span);
        reached
    }

    fn branch(&mut self, condition: &Node, then: &Node, otherwise: Option<&Node>, span: Span) -> Option<()> {
        if otherwise.is_none()
            && let NodeKind::Logical { and: true, left, right } = &condition.kind
        {
            // `if a && b { .. }` nests where `b` is better not evaluated without `a`.
            let mut right = self.guarded(right);
            let left = self.value(left)?;
            if right.cheap {
                let condition = both(left, right.value?, span);
                let (then, _) = self.nested(|flattener| flattener.effect(then));
                self.push(StatementKind::If { condition, then, otherwise: Vec::new() }, span);
                return Some(());
            }
            if let Some(condition) = right.value {
                let (then, _) = self.nested(|flattener| flattener.effect(then));
                let kind = StatementKind::If { condition, then, otherwise: Vec::new() };
                right.block.push(Statement { kind, span });
            }
            self.push(StatementKind::If { condition: left, then: right.block, otherwise: Vec::new() }, span);
            return Some(());
        }
        let condition = self.value(condition)?;
        let (then, then_reached) = self.nested(|flattener| flattener.effect(then));
        let (otherwise, reached) = match otherwise {
            Some(otherwise) => self.nested(|flattener| flattener.effect(otherwise)),
            None => (Vec::new(), Some(())),
        };
        self.push(StatementKind::If { condition, then, otherwise }, span);
        then_reached.or(reached)
    }

    /// Leaves the loop whose body this is unless the condition holds.
    fn leave_unless(&mut self, condition: &Node) -> Option<()> {
        let span = at(condition);
        let value = match &condition.kind {
            NodeKind::Logical { and: true, left, right } => {
                let right = self.guarded(right);
                if right.cheap {
                    both(self.value(left)?, right.value?, span)
                } else {
                    self.leave_unless(left)?;
                    self.block.extend(right.block);
                    right.value?
                }
            }
            _ => self.value(condition)?,
        };
        let otherwise = vec![Statement { kind: StatementKind::Break(0), span }];
        self.push(StatementKind::If { condition: value, then: Vec::new(), otherwise }, span);
        Some(())
    }

    /// The right operand of `&&` or `||`, on its own.
    pub(super) fn guarded(&mut self, right: &Node) -> Guarded {
        let mut value = None;
        let (block, _) = self.nested(|flattener| {
            value = flattener.value(right);
            value.is_some().then_some(())
        });
        let costs = value.as_ref().and_then(|value| cost(value, self.costs));
        let cheap = block.is_empty() && costs.is_some_and(|cost| cost <= LOGICAL_LIMIT);
        Guarded { block, value, cheap }
    }

    fn assertion(&mut self, condition: &Node, message: &str, arguments: &[Expr]) -> Option<()> {
        let span = at(condition);
        // `a && b` is checked as `a`, then `b` where `a` holds: `n != 0 && m % n == 0` must not
        // divide by zero.
        if self.may_fail(condition)
            && let NodeKind::Logical { and, left, right } = &condition.kind
        {
            let first = self.constant_value(left)?;
            if *and {
                self.assertion(left, message, arguments)?;
            }
            let (inside, _) = self.nested(|flattener| flattener.assertion(right, message, arguments));
            let (then, otherwise) = if *and { (inside, Vec::new()) } else { (Vec::new(), inside) };
            self.push(StatementKind::If { condition: first, then, otherwise }, span);
            return Some(());
        }
        let condition = self.constant_value(condition)?;
        let (message, arguments) = (message.to_string(), arguments.to_vec());
        self.push(StatementKind::Assert { condition, message, arguments }, span);
        Some(())
    }

    /// Whether evaluating all of the constant condition may be a mistake, such as a division by
    /// zero.
    fn may_fail(&mut self, condition: &Node) -> bool {
        let value = self.constant_value(condition);
        value.is_none_or(|value| cost(&value, self.costs).is_none())
    }
}

/// An operand that is evaluated only if another one allows it.
pub(super) struct Guarded {
    /// Statements that its value needs.
    pub(super) block: Block,
    /// Its value; `None` if control does not come out of it.
    pub(super) value: Option<Expr>,
    /// Whether it may as well be evaluated always.
    pub(super) cheap: bool,
}

/// `left && right`, both evaluated.
fn both(left: Expr, right: Expr, span: Span) -> Expr {
    let ty = left.ty.clone();
    Expr { kind: ExprKind::Binary(BinaryOp::And, Box::new(left), Box::new(right)), ty, span }
}
