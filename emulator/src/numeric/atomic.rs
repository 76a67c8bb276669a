//! What an atomic operation makes of the old value (PTX ISA section 9.7.12.7).

use super::arithmetic::{canonical_f32, canonical_f64};
use super::half::{half, halves};
use crate::op::{Atomic, AtomicOperation, FloatBinary, HalfFormat, HalfOperation, Type};

/// The new value of an element that held `old`; `a` and `b` are the operands.
pub(crate) fn apply(Atomic { operation, ty }: Atomic, old: u128, a: u128, b: u128) -> u128 {
    let bits = ty.bits();
    let ones = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    let (a, b) = (a & ones, b & ones);
    let signed = |x: u128| (x << (128 - bits)) as i128 >> (128 - bits);
    let float = |kind: FloatBinary| {
        let (format, packed) = half_type(ty)?;
        let one = |[old, a]: [u32; 2]| half(format, HalfOperation::Binary(kind), [old, a, 0]);
        Some(u128::from(halves(packed, [old as u32, a as u32], one)))
    };
    let result = match operation {
        AtomicOperation::Exchange => a,
        AtomicOperation::CompareExchange if old == a => b,
        AtomicOperation::CompareExchange => old,
        AtomicOperation::Add => match ty {
            Type::F32 => {
                let sum = f32::from_bits(old as u32) + f32::from_bits(a as u32);
                u128::from(canonical_f32(sum).to_bits())
            }
            Type::F64 => {
                let sum = f64::from_bits(old as u64) + f64::from_bits(a as u64);
                u128::from(canonical_f64(sum).to_bits())
            }
            _ => float(FloatBinary::Add).unwrap_or_else(|| old.wrapping_add(a)),
        },
        AtomicOperation::And => old & a,
        AtomicOperation::Or => old | a,
        AtomicOperation::Xor => old ^ a,
        AtomicOperation::Minimum if ty.is_signed() => signed(old).min(signed(a)) as u128,
        AtomicOperation::Maximum if ty.is_signed() => signed(old).max(signed(a)) as u128,
        AtomicOperation::Minimum => float(FloatBinary::Minimum).unwrap_or_else(|| old.min(a)),
        AtomicOperation::Maximum => float(FloatBinary::Maximum).unwrap_or_else(|| old.max(a)),
        AtomicOperation::Increment if old >= a => 0,
        AtomicOperation::Increment => old + 1,
        AtomicOperation::Decrement if old == 0 || old > a => a,
        AtomicOperation::Decrement => old - 1,
    };
    result & ones
}

/// The format of a type of 16-bit floats, and whether there are two of them.
pub(crate) fn half_type(ty: Type) -> Option<(HalfFormat, bool)> {
    Some(match ty {
        Type::F16 => (HalfFormat::F16, false),
        Type::F16x2 => (HalfFormat::F16, true),
        Type::Bf16 => (HalfFormat::Bf16, false),
        Type::Bf16x2 => (HalfFormat::Bf16, true),
        _ => return None,
    })
}
