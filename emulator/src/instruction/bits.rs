//! Bits of integers, products of bytes and of 24 bits (PTX ISA sections 9.7.1 and 9.7.8).

use super::integer::{binary, unary, width};
use crate::activity::Class;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{BitCount, IntegerBinary, IntegerUnary, Op};

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("popc", count),
    ("clz", count),
    ("bfind", count),
    ("brev", reverse),
    ("bfe", extract),
    ("bfi", insert),
    ("fns", find_nth_set),
    ("bmsk", mask),
    ("szext", extend),
    ("mul24", multiply_24),
    ("mad24", multiply_24),
    ("dp4a", dot_product),
    ("dp2a", dot_product),
];

fn count(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let shift_amount = d.take("shiftamt");
    let kind = match (d.name(), ty.is_signed()) {
        ("popc", _) => BitCount::Population,
        ("clz", _) => BitCount::LeadingZeros,
        (_, false) => BitCount::FindUnsigned { shift_amount },
        (_, true) => BitCount::FindSigned { shift_amount },
    };
    let (to, a) = (d.result_word()?, d.value(1, ty.bits() == 64)?);
    d.emit(Op::Count { width: width(ty), kind, d: to, a });
    Ok(())
}

fn reverse(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    unary(d, ty, IntegerUnary::Reverse)
}

fn extract(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let (wide, signed) = (ty.bits() == 64, ty.is_signed());
    let operands = [d.result_value(wide)?, d.value(1, wide)?, d.word(2)?, d.word(3)?];
    d.emit(Op::ExtractBits { wide, signed, operands });
    Ok(())
}

fn insert(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let wide = d.ty()?.bits() == 64;
    let [to, a, b] = d.three(wide)?;
    let operands = [to, a, b, d.word(3)?, d.word(4)?];
    d.emit(Op::InsertBits { wide, operands });
    Ok(())
}

/// `fns.b32 d, mask, base, offset`: from `base`, the `offset`-th set bit upwards, or downwards if
/// it is negative.
fn find_nth_set(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    d.function(Class::Integer, (32, 32), |[mask, base, offset]| {
        let (base, offset) = (base as u32, offset as i32);
        let is_set = |bit: &u32| mask >> bit & 1 == 1;
        let count = (offset.unsigned_abs() as usize).saturating_sub(1);
        let found = match offset {
            _ if base > 31 => None,
            0 => Some(base).filter(is_set),
            1.. => (base..32).filter(is_set).nth(count),
            _ => (0..=base).rev().filter(is_set).nth(count),
        };
        found.unwrap_or(u32::MAX).into()
    })
}

fn mask(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let clamp = d.require(&[("clamp", true), ("wrap", false)])?;
    d.function(Class::Integer, (32, 32), move |[a, b, _]| {
        let [start, length] = [a as u32, b as u32].map(|x| if clamp { x.min(32) } else { x & 31 });
        let ones = if length == 32 { u32::MAX } else { (1 << length) - 1 };
        ones.checked_shl(start).unwrap_or(0).into()
    })
}

/// `szext`: the low bits, extended.
fn extend(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let signed = d.ty()?.is_signed();
    let clamp = d.require(&[("clamp", true), ("wrap", false)])?;
    d.function(Class::Integer, (32, 32), move |[a, b, _]| {
        let b = b as u32;
        let bits = if clamp { b.min(32) } else { b & 31 };
        if bits == 0 {
            return 0;
        }
        let unused = 32 - bits;
        let shifted = (a as u32) << unused;
        u64::from(if signed { (shifted as i32 >> unused) as u32 } else { shifted >> unused })
    })
}

fn multiply_24(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let signed = ty.is_signed();
    let high = d.require(&[("lo", false), ("hi", true)])?;
    if d.name() == "mul24" && !high {
        let unsigned = IntegerBinary::Multiply24Unsigned;
        return binary(d, ty, if signed { IntegerBinary::Multiply24Signed } else { unsigned });
    }
    let saturate = d.take("sat");
    d.function(Class::Integer, (32, 32), move |[a, b, c]| {
        let low_24 = |v: u64| if signed { i64::from((v << 8) as i32 >> 8) } else { (v & 0xff_ffff) as i64 };
        let product = low_24(a) * low_24(b);
        let part = if high { product >> 16 } else { product } as u32;
        let sum = if saturate {
            (part as i32).saturating_add(c as i32) as u32
        } else {
            part.wrapping_add(c as u32)
        };
        sum.into()
    })
}

fn dot_product(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let [b_signed, a_signed] = [d.ty()?.is_signed(), d.ty()?.is_signed()];
    let operands = d.four(false)?;
    let op = if d.name() == "dp4a" {
        Op::DotProduct4 { a_signed, b_signed, operands }
    } else {
        let high = d.require(&[("lo", false), ("hi", true)])?;
        Op::DotProduct2 { a_signed, b_signed, high, operands }
    };
    d.emit(op);
    Ok(())
}
