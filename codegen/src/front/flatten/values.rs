//! Values of expressions.

use super::super::literals::{fits, float_bits};
use super::super::tree::{Node, NodeKind, Operands};
use super::{Flattener, at, unit, whole};
use crate::ir::{BinaryOp, Expr, ExprKind, Kind, LocalId, Path, Scalar, Statement, StatementKind, Type};

impl Flattener<'_, '_> {
    /// The value of a node; statements that it needs are pushed first. `None` if control does not
    /// come out of it.
    pub(super) fn value(&mut self, node: &Node) -> Option<Expr> {
        let ty = self.ty(node);
        let span = at(node);
        let kind = match &node.kind {
            NodeKind::Error => return None,
            NodeKind::Bool(value) => ExprKind::Bool(*value),
            NodeKind::Integer(value) => self.integer(*value, &ty, node)?,
            NodeKind::Float(digits) => self.float(digits, &ty, node)?,
            NodeKind::FloatBits(bits) => ExprKind::Float(*bits),
            NodeKind::Local(local) => ExprKind::Local(*local),
            NodeKind::ConstParameter(name) => ExprKind::ConstParameter(name.clone()),
            NodeKind::Constant(path) => ExprKind::Constant(path.clone()),
            NodeKind::Unary(operator, operand) => {
                let operand = self.value(operand)?;
                self.check_unary(*operator, &operand, node.span);
                ExprKind::Unary(*operator, Box::new(operand))
            }
            NodeKind::Binary(operator, left, right) => {
                let [left, right] = self.pair(left, right)?;
                self.check_binary(*operator, &left, &right, node.span);
                ExprKind::Binary(*operator, Box::new(left), Box::new(right))
            }
            NodeKind::Logical { .. } => return self.logical(node, None),
            NodeKind::Cast(operand) => {
                let operand = self.value(operand)?;
                self.check_cast(&operand, &ty, node.span);
                if operand.ty == ty {
                    return Some(operand);
                }
                ExprKind::Cast(Box::new(operand))
            }
            NodeKind::Field(base, index) => ExprKind::Field(Box::new(self.value(base)?), *index),
            NodeKind::Index(base, index) => {
                let [base, index] = self.pair(base, index)?;
                ExprKind::Index(Box::new(base), Box::new(index))
            }
            NodeKind::Aggregate { written, base, count } => {
                ExprKind::Aggregate(self.parts(written, base.as_deref(), *count, node)?)
            }
            NodeKind::Repeat(value) => ExprKind::Repeat(Box::new(self.value(value)?)),
            NodeKind::Call { function, type_arguments, const_arguments, arguments } => {
                let types = type_arguments.iter().map(|term| self.table.finish(term));
                let function = Path { arguments: types.collect::<Option<_>>()?, ..function.clone() };
                let constants: Vec<_> =
                    const_arguments.iter().map(|node| self.constant_value(node)).collect();
                let const_arguments = constants.into_iter().collect::<Option<_>>()?;
                let arguments = self.operands(arguments)?;
                let call = ExprKind::Call { function, const_arguments, arguments };
                return Some(self.evaluated(Expr { kind: call, ty, span }));
            }
            NodeKind::Intrinsic(intrinsic, written) => {
                let operands: Vec<Expr> =
                    self.ordered(written)?.into_iter().map(|(_, value)| value).collect();
                self.check_intrinsic(*intrinsic, &operands, &ty, node.span);
                if intrinsic.row().gives == Kind::Never {
                    let kind = ExprKind::Intrinsic(*intrinsic, operands);
                    let end = Expr { kind, ty: Type::Unit, span };
                    self.push(StatementKind::Evaluate(end), span);
                    return None;
                }
                return Some(self.evaluated(Expr {
                    kind: ExprKind::Intrinsic(*intrinsic, operands),
                    ty,
                    span,
                }));
            }
            NodeKind::Slice(operation, operands) => {
                let operands = self.operands(operands)?;
                return self.slice(*operation, operands, ty, span);
            }
            NodeKind::Asm(written, values) => {
                let expression = self.asm(written, values, node)?;
                return Some(self.evaluated(expression));
            }
            NodeKind::Block(statements, tail) => {
                for statement in statements {
                    self.effect(statement)?;
                }
                return match tail {
                    Some(tail) => self.value(tail),
                    None => Some(unit(span)),
                };
            }
            NodeKind::If { otherwise: Some(_), .. } if ty != Type::Unit => {
                let (start, local) = (self.block.len(), self.temporary("value", ty));
                self.assign(node, local, true)?;
                return Some(self.unwrapped(start, local, node));
            }
            NodeKind::Const(value) => return self.constant_value(value),
            _ => {
                self.effect(node)?;
                return Some(unit(span));
            }
        };
        Some(Expr { kind, ty, span })
    }

    fn pair(&mut self, left: &Node, right: &Node) -> Option<[Expr; 2]> {
        <[Expr; 2]>::try_from(self.operands([left, right])?).ok()
    }

    /// An operation without a value becomes a statement.
    fn evaluated(&mut self, expression: Expr) -> Expr {
        if expression.ty != Type::Unit {
            return expression;
        }
        let span = expression.span;
        self.push(StatementKind::Evaluate(expression), span);
        unit(span)
    }

    /// If all that was made since `start` is one assignment of the temporary `local`, its value
    /// instead.
    fn unwrapped(&mut self, start: usize, local: LocalId, node: &Node) -> Expr {
        let is_last = self.locals.len() == local.0 as usize + 1;
        if self.block.len() == start + 1
            && is_last
            && let Some(statement) = self.block.pop()
        {
            match statement.kind {
                StatementKind::Assign(place, value) if place == whole(local) => {
                    self.locals.pop();
                    self.fixed.pop();
                    return value;
                }
                kind => self.push(kind, statement.span),
            }
        }
        self.read(local, at(node))
    }

    fn integer(&mut self, value: i128, ty: &Type, node: &Node) -> Option<ExprKind> {
        match ty.scalar() {
            Some(scalar) if fits(value, scalar) => Some(ExprKind::Integer(value)),
            Some(scalar) => {
                let message = format!("{value} is out of the range of `{}`", scalar.name());
                self.diagnostics.report(node.span, message);
                None
            }
            None => None,
        }
    }

    fn float(&mut self, digits: &str, ty: &Type, node: &Node) -> Option<ExprKind> {
        let bits = ty.scalar().and_then(|scalar| float_bits(digits, scalar));
        if bits.is_none() {
            self.diagnostics.report(node.span, "this is not a float literal");
        }
        bits.map(ExprKind::Float)
    }

    /// `&&` and `||`: one operation when the right operand is cheap and has no effects, a branch
    /// otherwise.
    ///
    /// A branch leaves the value in `target`, if there is one, which neither operand may read.
    pub(super) fn logical(&mut self, node: &Node, target: Option<LocalId>) -> Option<Expr> {
        let NodeKind::Logical { and, left, right } = &node.kind else { return None };
        let and = *and;
        let (span, ty) = (at(node), Type::Scalar(Scalar::Bool));
        let right = self.guarded(right);
        let left = self.value(left)?;
        if right.cheap {
            let operator = if and { BinaryOp::And } else { BinaryOp::Or };
            let kind = ExprKind::Binary(operator, Box::new(left), Box::new(right.value?));
            return Some(Expr { kind, ty, span });
        }
        if self.constant && right.block.is_empty() {
            let known = Box::new(Expr { kind: ExprKind::Bool(!and), ty: ty.clone(), span });
            let right = Box::new(right.value?);
            let (then, otherwise) = if and { (right, known) } else { (known, right) };
            return Some(Expr {
                kind: ExprKind::Select { condition: Box::new(left), then, otherwise },
                ty,
                span,
            });
        }
        let local = target.unwrap_or_else(|| self.temporary("condition", ty));
        self.push(StatementKind::Assign(whole(local), left), span);
        let mut block = right.block;
        if let Some(right) = right.value {
            block.push(Statement { kind: StatementKind::Assign(whole(local), right), span });
        }
        let condition = self.read(local, span);
        let (then, otherwise) = if and { (block, Vec::new()) } else { (Vec::new(), block) };
        self.push(StatementKind::If { condition, then, otherwise }, span);
        Some(self.read(local, span))
    }

    /// All parts of a struct, tuple or array in order.
    fn parts(
        &mut self,
        written: &Operands,
        base: Option<&Node>,
        count: usize,
        node: &Node,
    ) -> Option<Vec<Expr>> {
        let Some(base) = base else {
            return Some(self.ordered(written)?.into_iter().map(|(_, value)| value).collect());
        };
        // The base is evaluated after the fields that are written.
        let mut all: Vec<&Node> = written.iter().map(|(_, node)| node).collect();
        all.push(base);
        let mut values = self.operands(all)?;
        let base = values.pop()?;
        let values: Vec<Expr> = values.into_iter().map(|value| self.reusable(value)).collect();
        let base = self.reusable(base);
        let types = self.environment.fields(&self.ty(node));
        let parts = (0..count).map(|index| {
            let given = written.iter().position(|(position, _)| *position == index);
            let taken = || {
                let ty = types.get(index).cloned()?;
                Some(Expr {
                    kind: ExprKind::Field(Box::new(base.clone()), u32::try_from(index).ok()?),
                    ty,
                    span: at(node),
                })
            };
            given.map_or_else(taken, |given| values.get(given).cloned())
        });
        parts.collect()
    }
}
