//! Statements: what is assigned, tested, counted and returned has the right type.

use super::Checker;
use crate::ir::{Block, Expr, Place, Projection, Scalar, Span, Statement, StatementKind, Type};

impl<'a> Checker<'a> {
    /// Checks a block.
    pub(super) fn block(&mut self, block: &'a Block) {
        if self.enter(block.first().map_or(Span::default(), |statement| statement.span)) {
            block.iter().for_each(|statement| self.statement(statement));
            self.depth -= 1;
        }
    }

    pub(super) fn statement(&mut self, statement: &'a Statement) {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Assign(place, value) => {
                self.expression(value);
                if let Some(ty) = self.place(place, span) {
                    self.agree(&ty, &value.ty, value.span, "this value");
                }
            }
            StatementKind::Evaluate(value) => self.expression(value),
            StatementKind::If { condition, then, otherwise } => {
                self.condition(condition);
                self.block(then);
                self.block(otherwise);
            }
            StatementKind::Loop { body } => self.block(body),
            StatementKind::Roles(roles) => {
                if roles.is_empty() {
                    self.mistake(span, "there are no roles here: write at least one");
                }
                for role in roles {
                    for constant in role.constants() {
                        self.expression(constant);
                        let u32 = Type::Scalar(Scalar::U32);
                        self.agree(&u32, &constant.ty, constant.span, "a number of warps or registers");
                    }
                    self.block(&role.body);
                }
            }
            StatementKind::For { local, start, end, body, .. } => {
                self.expression(start);
                self.expression(end);
                let Some(ty) = self.local(local.0) else {
                    self.mistake(span, "this loop counts with a local that the function does not have");
                    return;
                };
                if !ty.scalar().is_some_and(Scalar::is_integer) {
                    self.mistake(span, "a loop counts with an integer");
                }
                self.agree(&ty, &start.ty, start.span, "the first value");
                self.agree(&ty, &end.ty, end.span, "the bound");
                self.block(body);
            }
            StatementKind::Break(_) | StatementKind::Continue(_) => {}
            StatementKind::Return(value) => {
                let found = match value {
                    Some(value) => {
                        self.expression(value);
                        value.ty.clone()
                    }
                    None => Type::Unit,
                };
                if let Some(function) = self.function {
                    let span = value.as_ref().map_or(span, |value| value.span);
                    self.agree(&function.result, &found, span, "the returned value");
                }
            }
            StatementKind::Assert { condition, arguments, .. } => {
                self.condition(condition);
                for argument in arguments {
                    self.expression(argument);
                    if argument.ty.scalar().is_none() {
                        self.mistake(argument.span, "a message shows scalars only");
                    }
                }
            }
        }
    }

    pub(super) fn condition(&mut self, condition: &'a Expr) {
        self.expression(condition);
        self.agree(&Type::Scalar(Scalar::Bool), &condition.ty, condition.span, "this condition");
    }

    pub(super) fn local(&self, index: u32) -> Option<Type> {
        self.function?.locals.get(index as usize).map(|local| local.ty.clone())
    }

    pub(super) fn place(&mut self, place: &'a Place, span: Span) -> Option<Type> {
        let Some(mut ty) = self.local(place.local.0) else {
            self.mistake(span, "this assigns a local that the function does not have");
            return None;
        };
        for projection in &place.projections {
            ty = match projection {
                Projection::Field(field) => self.field(&ty, *field, span)?,
                Projection::Index(index) => {
                    self.expression(index);
                    self.element(&ty, index, span)?
                }
            };
        }
        Some(ty)
    }
}
