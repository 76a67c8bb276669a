//! Turns a well-formed module into an ill-formed one: any type at any expression, odd names,
//! unknown locals.

use crossdock_codegen::ir::{
    Block, Expr, ExprKind, LocalId, Module, Path, Projection, Role, Scalar, Size, Space, StatementKind, Type,
};

use super::choices::Choices;
use super::literals::{literal, name};
use super::types;

/// Changes about one in eight of everything.
pub(super) fn scramble(module: &mut Module, choices: &mut Choices) {
    if choices.once_in(2) {
        module.name = name(choices, true);
    }
    if choices.once_in(4) {
        module.file = name(choices, true);
    }
    while choices.once_in(2) {
        module.imports.push(name(choices, true));
    }
    for definition in &mut module.structs {
        rename(&mut definition.name, choices);
        for field in &mut definition.fields {
            rename(&mut field.name, choices);
            retype(&mut field.ty, choices);
        }
    }
    for constant in &mut module.constants {
        rename(&mut constant.name, choices);
        retype(&mut constant.ty, choices);
        expression(&mut constant.value, choices);
    }
    for function in &mut module.functions {
        rename(&mut function.name, choices);
        for (parameter, _) in &mut function.const_parameters {
            rename(parameter, choices);
        }
        for local in &mut function.locals {
            retype(&mut local.ty, choices);
        }
        retype(&mut function.result, choices);
        block(&mut function.body, choices);
    }
}

fn rename(old: &mut String, choices: &mut Choices) {
    if choices.once_in(8) {
        *old = name(choices, true);
    }
}

fn retype(old: &mut Type, choices: &mut Choices) {
    if choices.once_in(8) {
        *old = any_type(choices, 4);
    }
}

fn any_path(choices: &mut Choices) -> Path {
    Path::new(name(choices, true), name(choices, true))
}

fn any_type(choices: &mut Choices, depth: u32) -> Type {
    let kind = if depth == 0 { choices.below(3) } else { choices.below(7) };
    match kind {
        0 => Type::Unit,
        1 => Type::Scalar(types::scalar(choices)),
        2 => Type::Struct(any_path(choices)),
        3 => Type::Tuple((0..choices.below(3)).map(|_| any_type(choices, depth - 1)).collect()),
        4 => {
            let size = match choices.below(3) {
                0 => Size::Literal(choices.number().into()),
                1 => Size::Parameter(name(choices, true)),
                _ => Size::Constant(any_path(choices)),
            };
            Type::Array(Box::new(any_type(choices, depth - 1)), size)
        }
        5 => {
            let space = choices.one(&[Space::Global, Space::Shared, Space::Peer]);
            Type::Pointer(space, Box::new(any_type(choices, depth - 1)))
        }
        _ => Type::Peers(Box::new(any_type(choices, depth - 1))),
    }
}

fn local(id: &mut LocalId, choices: &mut Choices) {
    if choices.once_in(8) {
        *id = LocalId(choices.below(12) as u32);
    }
}

fn block(block: &mut Block, choices: &mut Choices) {
    for statement in block.iter_mut() {
        match &mut statement.kind {
            StatementKind::Assign(place, value) => {
                local(&mut place.local, choices);
                for projection in &mut place.projections {
                    if let Projection::Index(index) = projection {
                        expression(index, choices);
                    }
                }
                expression(value, choices);
            }
            StatementKind::Evaluate(value) | StatementKind::Return(Some(value)) => expression(value, choices),
            StatementKind::If { condition, then, otherwise } => {
                expression(condition, choices);
                self::block(then, choices);
                self::block(otherwise, choices);
                if choices.once_in(4) {
                    // Becomes an `else if` when it begins with an `if`.
                    otherwise.truncate(1);
                }
            }
            StatementKind::Loop { body } => self::block(body, choices),
            StatementKind::Roles(roles) => {
                for role in roles {
                    rename(&mut role.name, choices);
                    expression(&mut role.start, choices);
                    expression(&mut role.end, choices);
                    self::block(&mut role.body, choices);
                }
            }
            StatementKind::For { local: variable, start, end, body, .. } => {
                local(variable, choices);
                expression(start, choices);
                expression(end, choices);
                self::block(body, choices);
            }
            StatementKind::Break(depth) | StatementKind::Continue(depth) => *depth ^= choices.number(),
            StatementKind::Return(None) => {}
            StatementKind::Assert { condition, message, arguments } => {
                expression(condition, choices);
                rename(message, choices);
                arguments.iter_mut().for_each(|argument| expression(argument, choices));
            }
        }
    }
}

fn expression(expr: &mut Expr, choices: &mut Choices) {
    retype(&mut expr.ty, choices);
    match &mut expr.kind {
        ExprKind::Local(id) => local(id, choices),
        ExprKind::ConstParameter(parameter) => rename(parameter, choices),
        ExprKind::Constant(path) if choices.once_in(4) => *path = any_path(choices),
        ExprKind::Unary(_, value)
        | ExprKind::Cast(value)
        | ExprKind::Field(value, _)
        | ExprKind::Repeat(value) => expression(value, choices),
        ExprKind::Binary(_, left, right) | ExprKind::Index(left, right) => {
            expression(left, choices);
            expression(right, choices);
        }
        ExprKind::Aggregate(parts) => {
            if choices.once_in(4) {
                parts.truncate(1);
            }
            parts.iter_mut().for_each(|part| expression(part, choices));
        }
        ExprKind::Select { condition, then, otherwise } => {
            expression(condition, choices);
            expression(then, choices);
            expression(otherwise, choices);
        }
        ExprKind::Call { const_arguments, arguments, .. } => {
            const_arguments.iter_mut().for_each(|argument| expression(argument, choices));
            arguments.iter_mut().for_each(|argument| expression(argument, choices));
        }
        ExprKind::Asm(asm, values) => {
            for text in &mut asm.text {
                rename(text, choices);
            }
            for operand in &mut asm.operands {
                rename(&mut operand.name, choices);
                if let Role::Out(ty) | Role::Scratch(ty) = &mut operand.role {
                    retype(ty, choices);
                }
            }
            values.iter_mut().for_each(|value| expression(value, choices));
        }
        ExprKind::Intrinsic(_, arguments) => {
            if choices.once_in(8) {
                arguments.pop();
            }
            arguments.iter_mut().for_each(|argument| expression(argument, choices));
        }
        ExprKind::Bool(_) | ExprKind::Integer(_) | ExprKind::Float(_) | ExprKind::Constant(_) => {
            if choices.once_in(8) {
                // A wider literal than the type, or a float where an integer was.
                expr.kind = literal(choices, Scalar::F64);
            } else if choices.once_in(8) {
                expr.kind = literal(choices, Scalar::I64);
            }
        }
    }
}
