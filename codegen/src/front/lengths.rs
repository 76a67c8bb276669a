//! Array lengths: numbers as far as they can be known before specialisation.
//!
//! Two arrays have one type when their lengths are equal, so a constant length is computed here
//! from literals, constants and integer operators. What cannot be computed (a `const fn` call, say)
//! stays the name of its constant.

use syn::{BinOp, Expr, Lit, UnOp};

use super::names::{Entity, Environment};
use super::types::Scope;
use crate::constant::range;
use crate::ir::{self, BinaryOp, ExprKind, Path, Scalar, Size, UnaryOp};

/// Constants may name constants this many levels deep; a cycle ends there.
const DEPTH: u32 = 64;

/// The length that `length` states.
///
/// # Errors
///
/// A sentence that says what a length may be.
pub(super) fn size(length: &Expr, scope: &Scope<'_>) -> Result<Size, String> {
    if let Expr::Path(path) = peel(length)
        && let Some(name) = path.path.get_ident()
        && scope.const_parameters.iter().any(|(parameter, _)| name == parameter)
    {
        return Ok(Size::Parameter(name.to_string()));
    }
    if let Some(value) = value(length, scope, DEPTH) {
        return u64::try_from(value)
            .map(Size::Literal)
            .map_err(|_| format!("an array cannot have {value} elements"));
    }
    if let Expr::Path(path) = peel(length)
        && let Some(path) = constant(&path.path, scope)
    {
        return Ok(Size::Constant(path));
    }
    Err("an array length is a literal, a constant or a const parameter: name this length with `const`"
        .to_string())
}

/// The length that a constant states: its value, or its name if that cannot be computed here.
pub(super) fn of_constant(path: &Path, environment: &Environment<'_>) -> Size {
    let value = named(path, environment, DEPTH).and_then(|value| u64::try_from(value).ok());
    value.map_or_else(|| Size::Constant(path.clone()), Size::Literal)
}

/// The integer that an expression of literals, constants and operators states.
pub(super) fn integer(expression: &Expr, scope: &Scope<'_>) -> Option<i128> {
    value(expression, scope, DEPTH)
}

fn peel(expression: &Expr) -> &Expr {
    match expression {
        Expr::Paren(paren) => peel(&paren.expr),
        Expr::Group(group) => peel(&group.expr),
        Expr::Block(block) if block.label.is_none() => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(inner, None)] => peel(inner),
            _ => expression,
        },
        _ => expression,
    }
}

fn constant(path: &syn::Path, scope: &Scope<'_>) -> Option<Path> {
    let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    match segments.as_slice() {
        [name] => {
            if let Some(path) = scope.environment.local_constant(scope.function, name) {
                return Some(path);
            }
            match scope.environment.resolve(name)? {
                Entity::Constant(path) => Some(path),
                _ => None,
            }
        }
        [owner, name] => {
            let owner = if owner == "Self" {
                scope.self_type.clone()?
            } else {
                match scope.environment.resolve(owner)? {
                    Entity::Struct(path) | Entity::Enum(path) => path,
                    _ => return None,
                }
            };
            Some(scope.environment.associated(&owner, name))
        }
        _ => None,
    }
}

fn value(expression: &Expr, scope: &Scope<'_>, depth: u32) -> Option<i128> {
    let depth = depth.checked_sub(1)?;
    match peel(expression) {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(integer) => integer.base10_parse().ok(),
            _ => None,
        },
        Expr::Path(path) => {
            if path
                .path
                .get_ident()
                .is_some_and(|name| scope.const_parameters.iter().any(|(known, _)| name == known))
            {
                return None;
            }
            named(&constant(&path.path, scope)?, scope.environment, depth)
        }
        Expr::Unary(unary) => match unary.op {
            UnOp::Neg(_) => value(&unary.expr, scope, depth)?.checked_neg(),
            _ => None,
        },
        Expr::Binary(binary) => {
            let operator = operator(&binary.op)?;
            apply(operator, value(&binary.left, scope, depth)?, value(&binary.right, scope, depth)?)
        }
        Expr::Cast(cast) => {
            let scalar = super::types::scalar_named(&scalar_name(&cast.ty)?)?;
            in_range(value(&cast.expr, scope, depth)?, scalar)
        }
        _ => None,
    }
}

fn scalar_name(ty: &syn::Type) -> Option<String> {
    match ty {
        syn::Type::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    }
}

fn named(path: &Path, environment: &Environment<'_>, depth: u32) -> Option<i128> {
    if let Some(value) = environment.value(path) {
        return lowered(value, environment, depth);
    }
    let function = environment.function_of(&path.item);
    let self_type = path.item.split_once("::").map(|(owner, _)| environment.own(owner));
    let scope = Scope { self_type: &self_type, function, ..Scope::outside_functions(environment) };
    value(environment.source(path)?, &scope, depth)
}

fn lowered(expression: &ir::Expr, environment: &Environment<'_>, depth: u32) -> Option<i128> {
    let depth = depth.checked_sub(1)?;
    match &expression.kind {
        ExprKind::Integer(value) => Some(*value),
        ExprKind::Constant(path) => named(path, environment, depth),
        ExprKind::Unary(UnaryOp::Negate, operand) => lowered(operand, environment, depth)?.checked_neg(),
        ExprKind::Binary(operator, left, right) => {
            let operands = (lowered(left, environment, depth)?, lowered(right, environment, depth)?);
            apply(*operator, operands.0, operands.1)
        }
        ExprKind::Cast(operand) => in_range(lowered(operand, environment, depth)?, expression.ty.scalar()?),
        _ => None,
    }
}

fn in_range(value: i128, scalar: Scalar) -> Option<i128> {
    let (low, high) = range(scalar);
    (scalar.is_integer() && (low..=high).contains(&value)).then_some(value)
}

fn operator(operator: &BinOp) -> Option<BinaryOp> {
    Some(match operator {
        BinOp::Add(_) => BinaryOp::Add,
        BinOp::Sub(_) => BinaryOp::Subtract,
        BinOp::Mul(_) => BinaryOp::Multiply,
        BinOp::Div(_) => BinaryOp::Divide,
        BinOp::Rem(_) => BinaryOp::Remainder,
        BinOp::Shl(_) => BinaryOp::ShiftLeft,
        BinOp::Shr(_) => BinaryOp::ShiftRight,
        _ => return None,
    })
}

/// The exact result; a length that would need wrapping is not computed.
fn apply(operator: BinaryOp, left: i128, right: i128) -> Option<i128> {
    let amount = || u32::try_from(right).ok().filter(|amount| *amount < 64);
    let result = match operator {
        BinaryOp::Add => left.checked_add(right)?,
        BinaryOp::Subtract => left.checked_sub(right)?,
        BinaryOp::Multiply => left.checked_mul(right)?,
        BinaryOp::Divide => left.checked_div(right)?,
        BinaryOp::Remainder => left.checked_rem(right)?,
        BinaryOp::ShiftLeft => left.checked_mul(1 << amount()?)?,
        BinaryOp::ShiftRight => left >> amount()?,
        _ => return None,
    };
    (-(1 << 64)..1 << 64).contains(&result).then_some(result)
}
