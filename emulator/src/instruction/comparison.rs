//! Comparison and selection (PTX ISA sections 9.7.5 and 9.7.6).

use crossdock_ptx::Operand;

use crate::activity::Class;
use crate::decode::decoder::{Decode, Decoder};
use crate::execute::compare::holds;
use crate::numeric::atomic::half_type;
use crate::numeric::half::{flush_half, halves};
use crate::op::{
    Boolean, CombinedCompare, Comparison, Data, FloatBinary, FloatMode, HalfFormat, IntegerBinary, Op, Type,
};
use crate::register::NONE;

pub(super) const DECODINGS: &[(&str, Decode)] =
    &[("setp", set_predicate), ("set", set), ("selp", select), ("slct", select_sign)];

/// What both forms have: the comparison and its sources.
fn comparison(d: &mut Decoder<'_, '_>, ty: Type) -> Result<CombinedCompare, String> {
    let wide = ty.bits() == 64;
    let (test, combine, flush) = (d.of_kind::<Comparison>()?, d.get::<Boolean>(), d.take("ftz"));
    let (a, b) = (d.value(1, wide)?, d.value(2, wide)?);
    let combine = match combine {
        None => None,
        Some(kind) => Some((kind, d.predicate(3)?)),
    };
    Ok(CombinedCompare { ty, test, flush, d: NONE, q: NONE, a, b, combine, truth: 0 })
}

fn set_predicate(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    if let Some((format, true)) = half_type(ty) {
        return compare_pairs(d, format);
    }
    let (p, q) = match d.at(0)? {
        Operand::Pair(p, q) => (d.destination_predicate(p)?, d.destination_predicate(q)?),
        p => (d.destination_predicate(p)?, NONE),
    };
    let compare = CombinedCompare { d: p, q, ..comparison(d, ty)? };
    if compare.combine.is_none() {
        let CombinedCompare { ty, test, flush, a, b, .. } = compare;
        d.emit(Op::Compare { ty, test, flush, operands: [p, q, a, b] });
    } else {
        let index = d.add_compare(compare);
        d.emit(Op::CompareCombine { index });
    }
    Ok(())
}

fn set(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let (ty, result) = (d.ty()?, d.ty()?);
    let truth = match result {
        Type::F32 => 1f32.to_bits(),
        Type::F16 | Type::F16x2 => 0x3c00,
        Type::Bf16 | Type::Bf16x2 => 0x3f80,
        Type::U16 | Type::S16 => 0xffff,
        _ => u32::MAX,
    };
    if let Some((format, packed)) = half_type(ty)
        && !matches!(result, Type::U32 | Type::S32 | Type::F32)
    {
        let compare = compare_halves(d, format, packed, truth)?;
        let bits = if packed { 32 } else { 16 };
        return d.function(Class::Predicate, (bits, bits), compare);
    }
    let compare = CombinedCompare { d: d.result_word()?, truth, ..comparison(d, ty)? };
    let index = d.add_compare(compare);
    d.emit(Op::Set { index });
    Ok(())
}

/// A comparison of halves: `truth` in each where it holds.
fn compare_halves(
    d: &mut Decoder<'_, '_>,
    format: HalfFormat,
    packed: bool,
    truth: u32,
) -> Result<impl Fn([u64; 3]) -> u64 + use<>, String> {
    let (test, flush) = (d.of_kind::<Comparison>()?, d.take("ftz"));
    Ok(move |[a, b, _]: [u64; 3]| {
        let one = |values: [u32; 2]| {
            let [x, y] = values.map(|bits| format.format().decode(flush_half(format, flush, bits)));
            if holds(test, x, y) { truth } else { 0 }
        };
        halves(packed, [a as u32, b as u32], one).into()
    })
}

/// `setp` of pairs writes a predicate for each half.
fn compare_pairs(d: &mut Decoder<'_, '_>, format: HalfFormat) -> Result<(), String> {
    let compare = compare_halves(d, format, true, 0xffff)?;
    let Operand::Pair(p, q) = d.at(0)? else { return Err("it writes a pair `p|q`".into()) };
    let sources = vec![d.data(1, 32)?, d.data(2, 32)?];
    let result = d.new_word()?;
    let (p, q) = (d.destination_predicate(p)?, d.destination_predicate(q)?);
    d.emit_function(Class::Predicate, Data { slot: result, long: false }, sources, compare);
    let zero = d.constant(0)?;
    for (predicate, mask) in [(p, 0xffff), (q, 0xffff_0000)] {
        let (mask, part) = (d.constant(mask)?, d.new_word()?);
        d.emit(Op::Binary32 { kind: IntegerBinary::And, operands: [part, result, mask] });
        let operands = [predicate, NONE, part, zero];
        d.emit(Op::Compare { ty: Type::U32, test: Comparison::NotEqual, flush: false, operands });
    }
    Ok(())
}

fn select(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let wide = d.ty()?.bits() == 64;
    let (operands, p) = (d.three(wide)?, d.predicate(3)?);
    d.emit(Op::Select { wide, operands, p });
    Ok(())
}

fn select_sign(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let float = d.ty()? == Type::F32;
    let wide = d.ty()?.bits() == 64;
    let [to, a, b] = d.three(wide)?;
    let mut c = d.word(3)?;
    // A negative subnormal is flushed to a zero, which is not less than zero.
    if d.take("ftz") {
        let flushed = d.new_word()?;
        let mode = FloatMode { flush: true, saturate: false };
        d.emit(Op::Float32 { kind: FloatBinary::Add, mode, operands: [flushed, c, c] });
        c = flushed;
    }
    d.emit(Op::SelectSign { wide, float, operands: [to, a, b, c] });
    Ok(())
}
