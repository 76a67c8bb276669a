//! The arithmetic of operators on constant scalars, computed at specialisation.

pub(super) use crate::constant::{Arithmetic, Constant, Fault, bits, range, wrap};
use crate::ir::{BinaryOp, Scalar, UnaryOp};

fn integer(scalar: Scalar, value: Option<i128>, arithmetic: Arithmetic) -> Result<Constant, Fault> {
    let value = value.ok_or(Fault::Overflow)?;
    let wrapped = wrap(scalar, value);
    match arithmetic {
        Arithmetic::Checked if wrapped != value => Err(Fault::Overflow),
        _ => Ok(Constant::Integer(wrapped)),
    }
}

/// `-x` or `!x`.
pub(super) fn unary(
    op: UnaryOp,
    scalar: Scalar,
    value: Constant,
    mode: Arithmetic,
) -> Result<Constant, Fault> {
    match (op, value) {
        (UnaryOp::Not, Constant::Bool(value)) => Ok(Constant::Bool(!value)),
        (UnaryOp::Not, Constant::Integer(value)) => Ok(Constant::Integer(wrap(scalar, !value))),
        (UnaryOp::Negate, Constant::Integer(value)) => integer(scalar, value.checked_neg(), mode),
        (UnaryOp::Negate, Constant::Float32(bits)) => Ok(Constant::Float32(bits ^ 0x8000_0000)),
        (UnaryOp::Negate, Constant::Float64(bits)) => Ok(Constant::Float64(bits ^ (1 << 63))),
        _ => Err(Fault::Type),
    }
}

/// `left op right`; `scalar` is the operands' type (the left one's for shifts).
pub(super) fn binary(
    op: BinaryOp,
    scalar: Scalar,
    left: Constant,
    right: Constant,
    mode: Arithmetic,
) -> Result<Constant, Fault> {
    let mode = if op == op.running() { mode } else { Arithmetic::Wrapping };
    let op = op.running();
    match (left, right) {
        (Constant::Bool(left), Constant::Bool(right)) => booleans(op, left, right),
        (Constant::Integer(left), Constant::Integer(right)) => integers(op, scalar, left, right, mode),
        (Constant::Float32(left), Constant::Float32(right)) => {
            let (left, right) = (f32::from_bits(left), f32::from_bits(right));
            let value = match op {
                BinaryOp::Add => left + right,
                BinaryOp::Subtract => left - right,
                BinaryOp::Multiply => left * right,
                BinaryOp::Divide => left / right,
                BinaryOp::Remainder => left % right,
                _ => return comparison(op, left.partial_cmp(&right)),
            };
            Ok(Constant::of_f32(value))
        }
        (Constant::Float64(left), Constant::Float64(right)) => {
            let (left, right) = (f64::from_bits(left), f64::from_bits(right));
            let value = match op {
                BinaryOp::Add => left + right,
                BinaryOp::Subtract => left - right,
                BinaryOp::Multiply => left * right,
                BinaryOp::Divide => left / right,
                BinaryOp::Remainder => left % right,
                _ => return comparison(op, left.partial_cmp(&right)),
            };
            Ok(Constant::of_f64(value))
        }
        _ => Err(Fault::Type),
    }
}

fn booleans(op: BinaryOp, left: bool, right: bool) -> Result<Constant, Fault> {
    match op {
        BinaryOp::And => Ok(Constant::Bool(left & right)),
        BinaryOp::Or => Ok(Constant::Bool(left | right)),
        BinaryOp::Xor => Ok(Constant::Bool(left ^ right)),
        _ => comparison(op, Some(left.cmp(&right))),
    }
}

fn integers(
    op: BinaryOp,
    scalar: Scalar,
    left: i128,
    right: i128,
    mode: Arithmetic,
) -> Result<Constant, Fault> {
    match op {
        BinaryOp::Add => integer(scalar, left.checked_add(right), mode),
        BinaryOp::Subtract => integer(scalar, left.checked_sub(right), mode),
        // Two 64-bit factors fit in 128 bits with a sign, except unsigned ones near the top.
        BinaryOp::Multiply => match mode {
            Arithmetic::Checked => integer(scalar, left.checked_mul(right), mode),
            Arithmetic::Wrapping => Ok(Constant::Integer(wrap(scalar, left.wrapping_mul(right)))),
        },
        BinaryOp::Divide | BinaryOp::Remainder if right == 0 => Err(Fault::DivisionByZero),
        // Rust panics for both, in every build.
        BinaryOp::Divide | BinaryOp::Remainder
            if scalar.is_signed() && right == -1 && left == range(scalar).0 =>
        {
            Err(Fault::Overflow)
        }
        BinaryOp::Divide => integer(scalar, left.checked_div(right), mode),
        BinaryOp::Remainder => integer(scalar, left.checked_rem(right), mode),
        BinaryOp::And => Ok(Constant::Integer(left & right)),
        BinaryOp::Or => Ok(Constant::Integer(left | right)),
        BinaryOp::Xor => Ok(Constant::Integer(left ^ right)),
        BinaryOp::ShiftLeft | BinaryOp::ShiftRight => {
            let width = i128::from(bits(scalar));
            if mode == Arithmetic::Checked && !(0..width).contains(&right) {
                return Err(Fault::Shift);
            }
            let amount = right & (width - 1);
            Ok(Constant::Integer(match op {
                BinaryOp::ShiftLeft => wrap(scalar, left << amount),
                _ => left >> amount,
            }))
        }
        _ => comparison(op, Some(left.cmp(&right))),
    }
}

fn comparison(op: BinaryOp, ordering: Option<std::cmp::Ordering>) -> Result<Constant, Fault> {
    use std::cmp::Ordering;
    Ok(Constant::Bool(match op {
        BinaryOp::Equal => ordering == Some(Ordering::Equal),
        BinaryOp::NotEqual => ordering != Some(Ordering::Equal),
        BinaryOp::Less => ordering == Some(Ordering::Less),
        BinaryOp::LessEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        BinaryOp::Greater => ordering == Some(Ordering::Greater),
        BinaryOp::GreaterEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
        _ => return Err(Fault::Type),
    }))
}

/// `value as to`, with Rust's meaning.
pub(super) fn cast(value: Constant, to: Scalar) -> Result<Constant, Fault> {
    let saturate = |number: f64| {
        let (least, greatest) = range(to);
        // `as` saturates at i128's own range first, which every device type lies in.
        Constant::Integer((number as i128).clamp(least, greatest))
    };
    Ok(match (value, to) {
        (Constant::Bool(value), Scalar::Bool) => Constant::Bool(value),
        (Constant::Bool(value), _) if to.is_integer() => Constant::Integer(i128::from(value)),
        (Constant::Integer(value), _) if to.is_integer() => Constant::Integer(wrap(to, value)),
        (Constant::Integer(value), Scalar::F32) => Constant::of_f32(value as f32),
        (Constant::Integer(value), Scalar::F64) => Constant::of_f64(value as f64),
        (Constant::Float32(bits), Scalar::F32) => Constant::Float32(bits),
        (Constant::Float32(bits), Scalar::F64) => Constant::of_f64(f64::from(f32::from_bits(bits))),
        (Constant::Float64(bits), Scalar::F64) => Constant::Float64(bits),
        (Constant::Float64(bits), Scalar::F32) => Constant::of_f32(f64::from_bits(bits) as f32),
        (Constant::Float32(bits), _) if to.is_integer() => saturate(f64::from(f32::from_bits(bits))),
        (Constant::Float64(bits), _) if to.is_integer() => saturate(f64::from_bits(bits)),
        _ => return Err(Fault::Type),
    })
}
