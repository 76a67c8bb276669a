//! What an atomic operation makes of the old value (PTX ISA section 9.7.12.7).

use super::float::half_word;
use crate::numeric::arithmetic::{canonical_f32, canonical_f64};
use crate::op::{Atomic, HalfOperation};

/// The new value of `bytes` bytes that held `old`; `a` and `b` are the operands.
pub(super) fn apply(operation: Atomic, bytes: u8, old: u128, a: u128, b: u128) -> u128 {
    let bits = 8 * u32::from(bytes);
    let ones = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    let (a, b) = (a & ones, b & ones);
    let signed = |x: u128| (x << (128 - bits)) as i128 >> (128 - bits);
    let result = match operation {
        Atomic::Exchange => a,
        Atomic::CompareExchange => {
            if old == a {
                b
            } else {
                old
            }
        }
        Atomic::Add => old.wrapping_add(a),
        Atomic::And => old & a,
        Atomic::Or => old | a,
        Atomic::Xor => old ^ a,
        Atomic::MinimumUnsigned => old.min(a),
        Atomic::MaximumUnsigned => old.max(a),
        Atomic::MinimumSigned => signed(old).min(signed(a)) as u128,
        Atomic::MaximumSigned => signed(old).max(signed(a)) as u128,
        Atomic::Increment => {
            if old >= a {
                0
            } else {
                old + 1
            }
        }
        Atomic::Decrement => {
            if old == 0 || old > a {
                a
            } else {
                old - 1
            }
        }
        Atomic::AddF32 => {
            let sum = f32::from_bits(old as u32) + f32::from_bits(a as u32);
            u128::from(canonical_f32(sum).to_bits())
        }
        Atomic::AddF64 => {
            let sum = f64::from_bits(old as u64) + f64::from_bits(a as u64);
            u128::from(canonical_f64(sum).to_bits())
        }
        Atomic::AddHalf(format, packed) => {
            half_word(format, packed, HalfOperation::Add, old as u32, a as u32, 0).into()
        }
        Atomic::MinimumHalf(format, packed) => {
            half_word(format, packed, HalfOperation::Minimum { nan: false }, old as u32, a as u32, 0).into()
        }
        Atomic::MaximumHalf(format, packed) => {
            half_word(format, packed, HalfOperation::Maximum { nan: false }, old as u32, a as u32, 0).into()
        }
    };
    result & ones
}
