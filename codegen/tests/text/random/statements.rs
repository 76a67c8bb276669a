//! Random statements.

use crossdock_codegen::ir::{
    Block, Expr, ExprKind, Local, LocalId, Place, Projection, Scalar, Size, Space, Statement, StatementKind,
    Type, WarpRole,
};

use super::expressions::Function;
use super::literals;
use super::types;

const BOOL: Type = Type::Scalar(Scalar::Bool);

impl Function<'_> {
    fn expression_depth(&mut self) -> u32 {
        self.choices.below(5) as u32
    }

    fn local(&mut self, ty: Type) -> LocalId {
        let name = literals::name(self.choices, self.odd_names);
        self.locals.push(Local { name, ty });
        self.assigned.push(false);
        LocalId(self.locals.len() as u32 - 1)
    }

    /// Statements until the choices say stop; nothing after a jump.
    pub(super) fn block(&mut self, depth: u32, result: &Type) -> Block {
        let mut block = Vec::new();
        while !self.choices.are_over() && !self.choices.once_in(4) {
            let Some(kind) = self.statement(depth, result) else { continue };
            let jumps = matches!(
                kind,
                StatementKind::Break(_) | StatementKind::Continue(_) | StatementKind::Return(_)
            );
            block.push(Statement { kind, span: types::span(self.choices) });
            if jumps {
                break;
            }
        }
        block
    }

    /// A block whose assignments may not have happened afterwards.
    fn optional(&mut self, depth: u32, result: &Type) -> Block {
        let assigned = self.assigned.clone();
        let block = self.block(depth, result);
        self.assigned.truncate(assigned.len());
        self.assigned.copy_from_slice(&assigned);
        self.assigned.resize(self.locals.len(), false);
        block
    }

    fn statement(&mut self, depth: u32, result: &Type) -> Option<StatementKind> {
        let height = self.expression_depth();
        Some(match self.choices.below(if depth == 0 { 8 } else { 15 }) {
            0..3 => self.binding(height),
            3 => self.assignment(height)?,
            4 => {
                let kind = if self.is_const { None } else { self.effect(height) }?;
                StatementKind::Evaluate(self.expr(kind, Type::Unit))
            }
            5 => {
                let ty = types::value(self.choices, &self.items, 1);
                StatementKind::Evaluate(self.value(&ty, height))
            }
            6 => StatementKind::Assert {
                condition: self.constant(&BOOL, height),
                message: "expected {} \"rows\"\n".to_string(),
                arguments: vec![self.constant(&Type::Scalar(Scalar::U32), 2)],
            },
            7 => self.jump(result)?,
            8 | 9 => self.branch(depth, result),
            10 => {
                self.loops += 1;
                let body = self.optional(depth - 1, result);
                self.loops -= 1;
                StatementKind::Loop { body }
            }
            11 => self.counted(depth, result),
            12 => self.plain_if(depth, result),
            13 if !self.is_const => self.roles(depth, result),
            _ => {
                let condition = self.value(&BOOL, height);
                let then = self.optional(depth - 1, result);
                let kind = self.plain_if(depth, result);
                let otherwise = vec![Statement { kind, span: types::span(self.choices) }];
                StatementKind::If { condition, then, otherwise }
            }
        })
    }

    fn binding(&mut self, height: u32) -> StatementKind {
        let value = if !self.is_const && self.choices.once_in(6) {
            let pointee = types::pointee(self.choices, &self.items);
            self.pointer(Space::Shared, &pointee, height)
        } else {
            None
        };
        let value = value.unwrap_or_else(|| {
            let ty = types::value(self.choices, &self.items, 2);
            self.value(&ty, height)
        });
        let local = self.local(value.ty.clone());
        self.assigned[local.0 as usize] = true;
        StatementKind::Assign(Place { local, projections: Vec::new() }, value)
    }

    /// An assignment to a local or a part of one.
    fn assignment(&mut self, height: u32) -> Option<StatementKind> {
        let fixed = self.fixed.clone();
        let is_pointer =
            |ty: &Type| matches!(ty, Type::Pointer(..) | Type::Peers(_) | Type::Slice(_) | Type::Unit);
        let local = self.local_of(|ty| !is_pointer(ty))?;
        if fixed.contains(&local) {
            return None;
        }
        let mut ty = self.locals[local.0 as usize].ty.clone();
        let mut projections = Vec::new();
        while let Some(parts) = self.items.parts(&ty).filter(|parts| !parts.is_empty()) {
            if !self.choices.once_in(2) {
                break;
            }
            let index = self.choices.below(parts.len()) as u32;
            projections.push(match &ty {
                Type::Array(_, Size::Literal(_)) => {
                    let kind = ExprKind::Integer(index.into());
                    Projection::Index(self.expr(kind, Type::Scalar(Scalar::U64)))
                }
                _ => Projection::Field(index),
            });
            ty = parts[index as usize].clone();
        }
        let value: Expr = self.value(&ty, height);
        Some(StatementKind::Assign(Place { local, projections }, value))
    }

    fn roles(&mut self, depth: u32, result: &Type) -> StatementKind {
        let u32 = Type::Scalar(Scalar::U32);
        let count = 1 + self.choices.below(3);
        let role = |function: &mut Self| {
            let (start, end) = (function.constant(&u32, 1), function.constant(&u32, 1));
            let registers = function.choices.once_in(2).then(|| function.constant(&u32, 1));
            let name = literals::name(function.choices, function.odd_names);
            WarpRole { name, start, end, registers, body: function.optional(depth - 1, result) }
        };
        StatementKind::Roles((0..count).map(|_| role(self)).collect())
    }

    fn plain_if(&mut self, depth: u32, result: &Type) -> StatementKind {
        let condition = self.value(&BOOL, 2);
        StatementKind::If { condition, then: self.optional(depth - 1, result), otherwise: Vec::new() }
    }

    /// Two ways that both assign a local, which is readable afterwards.
    fn branch(&mut self, depth: u32, result: &Type) -> StatementKind {
        let condition = self.value(&BOOL, 2);
        let ty = types::value(self.choices, &self.items, 1);
        let local = self.local(ty.clone());
        let arm = |function: &mut Self| {
            let value = function.value(&ty, 2);
            let place = Place { local, projections: Vec::new() };
            let span = types::span(function.choices);
            let first = Statement { kind: StatementKind::Assign(place, value), span };
            let mut block = vec![first];
            block.extend(function.optional(depth - 1, result));
            block
        };
        let then = arm(self);
        let otherwise = arm(self);
        self.assigned[local.0 as usize] = true;
        StatementKind::If { condition, then, otherwise }
    }

    fn counted(&mut self, depth: u32, result: &Type) -> StatementKind {
        let ty = Type::Scalar(types::integer(self.choices));
        let unroll = self.choices.once_in(3);
        let (start, end) = if unroll {
            (self.constant(&ty, 1), self.constant(&ty, 1))
        } else {
            (self.value(&ty, 2), self.value(&ty, 2))
        };
        let local = self.local(ty);
        let assigned = self.assigned.clone();
        self.assigned[local.0 as usize] = true;
        self.fixed.push(local);
        self.loops += 1;
        let body = self.optional(depth - 1, result);
        self.loops -= 1;
        self.fixed.pop();
        self.assigned[..assigned.len()].copy_from_slice(&assigned);
        let inclusive = self.choices.once_in(3);
        StatementKind::For { local, start, end, inclusive, unroll, body }
    }

    fn jump(&mut self, result: &Type) -> Option<StatementKind> {
        let kind = self.choices.below(3);
        if kind == 0 {
            let value = if *result == Type::Unit { None } else { Some(self.value(result, 2)) };
            return Some(StatementKind::Return(value));
        }
        if self.loops == 0 {
            return None;
        }
        let depth = self.choices.below(self.loops as usize) as u32;
        Some(if kind == 1 { StatementKind::Break(depth) } else { StatementKind::Continue(depth) })
    }
}
