//! Which other modules a lowered module mentions.

use std::collections::BTreeSet;

use crate::ir::{Block, Expr, ExprKind, Module, Path, Projection, Size, StatementKind, Type};

/// Names of all other modules whose items appear in `module`.
pub(super) fn imports(module: &Module) -> Vec<String> {
    let mut mentions = Mentions::default();
    for definition in &module.structs {
        definition.fields.iter().for_each(|field| mentions.ty(&field.ty));
    }
    for constant in &module.constants {
        mentions.ty(&constant.ty);
        mentions.expression(&constant.value);
    }
    for function in &module.functions {
        mentions.ty(&function.result);
        function.locals.iter().for_each(|local| mentions.ty(&local.ty));
        mentions.block(&function.body);
    }
    mentions.modules.remove(&module.name);
    mentions.modules.into_iter().collect()
}

#[derive(Default)]
struct Mentions {
    modules: BTreeSet<String>,
}

impl Mentions {
    fn path(&mut self, path: &Path) {
        if !self.modules.contains(&path.module) {
            self.modules.insert(path.module.clone());
        }
        path.arguments.iter().for_each(|argument| self.ty(argument));
    }

    fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Unit | Type::Scalar(_) | Type::Parameter(_) => {}
            Type::Struct(path) | Type::Enum(path, _) => self.path(path),
            Type::Tuple(parts) => parts.iter().for_each(|part| self.ty(part)),
            Type::Array(element, size) => {
                self.ty(element);
                if let Size::Constant(path) = size {
                    self.path(path);
                }
            }
            Type::Pointer(_, inner) | Type::Peers(inner) | Type::Slice(inner) => self.ty(inner),
        }
    }

    fn block(&mut self, block: &Block) {
        for statement in block {
            match &statement.kind {
                StatementKind::Assign(place, value) => {
                    for projection in &place.projections {
                        if let Projection::Index(index) = projection {
                            self.expression(index);
                        }
                    }
                    self.expression(value);
                }
                StatementKind::Evaluate(value) | StatementKind::Return(Some(value)) => self.expression(value),
                StatementKind::If { condition, then, otherwise } => {
                    self.expression(condition);
                    self.block(then);
                    self.block(otherwise);
                }
                StatementKind::Loop { body } => self.block(body),
                StatementKind::Roles(roles) => {
                    for role in roles {
                        role.constants().for_each(|constant| self.expression(constant));
                        self.block(&role.body);
                    }
                }
                StatementKind::For { start, end, body, .. } => {
                    self.expression(start);
                    self.expression(end);
                    self.block(body);
                }
                StatementKind::Break(_) | StatementKind::Continue(_) | StatementKind::Return(None) => {}
                StatementKind::Assert { condition, arguments, .. } => {
                    self.expression(condition);
                    arguments.iter().for_each(|argument| self.expression(argument));
                }
            }
        }
    }

    fn expression(&mut self, expression: &Expr) {
        self.ty(&expression.ty);
        match &expression.kind {
            ExprKind::Constant(path) => self.path(path),
            ExprKind::Unary(_, operand)
            | ExprKind::Cast(operand)
            | ExprKind::Field(operand, _)
            | ExprKind::Repeat(operand) => self.expression(operand),
            ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
                self.expression(left);
                self.expression(right);
            }
            ExprKind::Asm(asm, parts) => {
                asm.operands.iter().filter_map(|operand| operand.role.ty()).for_each(|ty| self.ty(ty));
                parts.iter().for_each(|part| self.expression(part));
            }
            ExprKind::Aggregate(parts) | ExprKind::Intrinsic(_, parts) => {
                parts.iter().for_each(|part| self.expression(part));
            }
            ExprKind::Select { condition, then, otherwise } => {
                [condition, then, otherwise].into_iter().for_each(|part| self.expression(part));
            }
            ExprKind::Call { function, const_arguments, arguments } => {
                self.path(function);
                const_arguments.iter().chain(arguments).for_each(|argument| self.expression(argument));
            }
            ExprKind::Bool(_)
            | ExprKind::Integer(_)
            | ExprKind::Float(_)
            | ExprKind::Local(_)
            | ExprKind::ConstParameter(_) => {}
        }
    }
}
