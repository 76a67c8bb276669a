//! Logic and shifts (PTX ISA section 9.7.8).

use crossdock_ptx::Operand;

use super::integer::{binary, unary, width};
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{Boolean, Comparison, IntegerBinary, IntegerUnary, Op, Permute, Shift, Type};
use crate::register::{NONE, PredicateSource};

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("and", |d| two(d, Boolean::And, IntegerBinary::And)),
    ("or", |d| two(d, Boolean::Or, IntegerBinary::Or)),
    ("xor", |d| two(d, Boolean::Xor, IntegerBinary::Xor)),
    ("not", not),
    ("cnot", |d| d.ty().and_then(|ty| unary(d, ty, IntegerUnary::LogicalNot))),
    ("shl", shift),
    ("shr", shift),
    ("shf", funnel_shift),
    ("lop3", any_of_three),
    ("prmt", permute),
];

fn two(d: &mut Decoder<'_, '_>, kind: Boolean, of_bits: IntegerBinary) -> Result<(), String> {
    let ty = d.ty()?;
    if ty != Type::Pred {
        return binary(d, ty, of_bits);
    }
    let (to, a, b) = (d.result_predicate()?, d.predicate(1)?, d.predicate(2)?);
    d.emit(Op::PredicateLogic { kind, d: to, a, b });
    Ok(())
}

fn not(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    if ty != Type::Pred {
        return unary(d, ty, IntegerUnary::Not);
    }
    let (to, a) = (d.result_predicate()?, d.predicate(1)?.negated());
    d.emit(Op::MovePredicate { d: to, a });
    Ok(())
}

fn shift(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let kind = match (d.name(), ty.is_signed()) {
        ("shl", _) => Shift::Left,
        (_, false) => Shift::RightUnsigned,
        (_, true) => Shift::RightSigned,
    };
    let wide = ty.bits() == 64;
    let operands = [d.result_value(wide)?, d.value(1, wide)?, d.word(2)?];
    d.emit(Op::Shift { width: width(ty), kind, operands });
    Ok(())
}

fn funnel_shift(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let left = d.require(&[("l", true), ("r", false)])?;
    let clamp = d.require(&[("clamp", true), ("wrap", false)])?;
    let operands = d.four(false)?;
    d.emit(Op::FunnelShift { left, clamp, operands });
    Ok(())
}

/// `lop3.or d|p, a, b, c, table, q`: `p` is whether `d` has a bit set, combined with `q`.
fn any_of_three(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let combine = d.get::<Boolean>();
    let Operand::Integer(table) = d.at(4)? else { return Err("its lookup table is not a constant".into()) };
    let table = u8::try_from(*table).map_err(|_| format!("lookup table {table} is not 0 to 255"))?;
    let [a, b, c] = [d.word(1)?, d.word(2)?, d.word(3)?];
    let Some(kind) = combine else {
        let operands = [d.result_word()?, a, b, c];
        d.emit(Op::Logic3 { table, operands });
        return Ok(());
    };
    let q = d.predicate(5)?;
    let Operand::Pair(to, p) = d.at(0)? else { return Err("it writes a pair `d|p`".into()) };
    let (to, p) = (d.destination_word(to)?, d.destination_predicate(p)?);
    let (zero, any) = (d.constant(0)?, d.new_predicate()?);
    d.emit(Op::Logic3 { table, operands: [to, a, b, c] });
    let operands = [any, NONE, to, zero];
    d.emit(Op::Compare { ty: Type::U32, test: Comparison::NotEqual, flush: false, operands });
    d.emit(Op::PredicateLogic { kind, d: p, a: PredicateSource::new(any, false), b: q });
    Ok(())
}

fn permute(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let mode = d.choose(&[
        ("f4e", Permute::Forward4),
        ("b4e", Permute::Backward4),
        ("rc8", Permute::Replicate8),
        ("ecl", Permute::EdgeLeft),
        ("ecr", Permute::EdgeRight),
        ("rc16", Permute::Replicate16),
    ]);
    let operands = d.four(false)?;
    d.emit(Op::Permute { mode: mode.unwrap_or(Permute::Generic), operands });
    Ok(())
}
