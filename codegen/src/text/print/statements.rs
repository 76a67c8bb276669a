//! Writes statements, one on a line.

use std::fmt::Write;

use super::Printer;
use crate::ir::{Block, Expr, ExprKind, Local, LocalId, Place, Projection, Statement, StatementKind};
use crate::text::spelling::write_quoted;

impl Printer<'_> {
    pub(super) fn statements(&mut self, block: &Block, locals: &[Local]) {
        for statement in block {
            self.indent();
            self.statement(statement, locals);
            self.word("\n");
        }
    }

    /// `{`, the statements, `}`.
    fn block(&mut self, block: &Block, locals: &[Local]) {
        self.word("{\n");
        self.indentation += 1;
        self.statements(block, locals);
        self.indentation -= 1;
        self.indent();
        self.word("}");
    }

    fn statement(&mut self, statement: &Statement, locals: &[Local]) {
        self.position(statement.span);
        match &statement.kind {
            StatementKind::Assign(place, value) => self.assignment(place, value, locals),
            StatementKind::Evaluate(value) => {
                if !matches!(value.kind, ExprKind::Call { .. } | ExprKind::Intrinsic(..) | ExprKind::Asm(..))
                {
                    self.word("_ = ");
                }
                self.expression(value);
                self.word(";");
            }
            StatementKind::If { condition, then, otherwise } => {
                self.word("if ");
                self.expression(condition);
                self.word(" ");
                self.block(then, locals);
                match otherwise.as_slice() {
                    [] => {}
                    [only] if matches!(only.kind, StatementKind::If { .. }) => {
                        self.word(" else ");
                        self.statement(only, locals);
                    }
                    _ => {
                        self.word(" else ");
                        self.block(otherwise, locals);
                    }
                }
            }
            StatementKind::Loop { body } => {
                self.word("loop ");
                self.block(body, locals);
            }
            StatementKind::For { local, start, end, inclusive, unroll, body } => {
                self.word(if *unroll { "#[unroll] for " } else { "for " });
                self.loop_variable(*local, locals);
                self.word(" in ");
                self.expression(start);
                self.word(if *inclusive { "..=" } else { ".." });
                self.expression(end);
                self.word(" ");
                self.block(body, locals);
            }
            StatementKind::Roles(roles) => {
                self.word("roles {\n");
                self.indentation += 1;
                for role in roles {
                    self.indent();
                    self.word("role ");
                    write_quoted(&mut self.out, &role.name);
                    self.word(" ");
                    self.expression(&role.start);
                    self.word("..");
                    self.expression(&role.end);
                    if let Some(registers) = &role.registers {
                        self.word(", ");
                        self.expression(registers);
                    }
                    self.word(" ");
                    self.block(&role.body, locals);
                    self.word("\n");
                }
                self.indentation -= 1;
                self.indent();
                self.word("}");
            }
            StatementKind::Break(depth) => self.jump("break", *depth),
            StatementKind::Continue(depth) => self.jump("continue", *depth),
            StatementKind::Return(None) => self.word("return;"),
            StatementKind::Return(Some(value)) => {
                self.word("return ");
                self.expression(value);
                self.word(";");
            }
            StatementKind::Assert { condition, message, arguments } => {
                self.word("assert!(");
                self.expression(condition);
                self.word(", ");
                write_quoted(&mut self.out, message);
                for argument in arguments {
                    self.word(", ");
                    self.expression(argument);
                }
                self.word(");");
            }
        }
    }

    fn assignment(&mut self, place: &Place, value: &Expr, locals: &[Local]) {
        let known = self.known.local(place.local).is_some();
        let declared = if known { None } else { locals.get(place.local.0 as usize) };
        if declared.is_some() {
            self.word("let ");
        }
        self.local_name(place.local, name_of(locals, place.local));
        if let Some(local) = declared
            && local.ty != value.ty
        {
            self.word(": ");
            self.ty(&local.ty);
        }
        for projection in &place.projections {
            match projection {
                Projection::Field(index) => {
                    let _ = write!(self.out, ".{index}");
                }
                Projection::Index(index) => {
                    self.word("[");
                    self.expression(index);
                    self.word("]");
                }
            }
        }
        self.word(" = ");
        self.expression(value);
        self.word(";");
        if let Some(local) = declared {
            self.known.declare_local(place.local, local.clone());
        }
    }

    /// The variable of a `for`, with its type where this declares it.
    fn loop_variable(&mut self, id: LocalId, locals: &[Local]) {
        let local = locals.get(id.0 as usize);
        match local {
            Some(local) if self.known.local(id).is_none() => self.declaration(id, local),
            _ => self.local_name(id, name_of(locals, id)),
        }
    }

    fn jump(&mut self, word: &str, depth: u32) {
        self.word(word);
        if depth > 0 {
            let _ = write!(self.out, " {depth}");
        }
        self.word(";");
    }
}

fn name_of(locals: &[Local], id: LocalId) -> &str {
    locals.get(id.0 as usize).map_or("", |local| &local.name)
}
