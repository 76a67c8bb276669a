//! Comparison, selection, logic and shifts.

use crossdock_ptx as ptx;
use ptx::Operand;

use super::arithmetic::{binary, integer_type, operand};
use super::builder::Builder;
use super::modifiers::Modifiers;
use crate::op::{
    Boolean, CombinedCompare, CompareType, Comparison, FloatBinary, FloatMode, IntegerBinary, IntegerUnary,
    Op, Permute, Shift, Width,
};
use crate::register::NONE;

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    Some(match name {
        "setp" | "set" => compare(builder, name, instruction),
        "selp" | "slct" => select(builder, name, instruction),
        "and" | "or" | "xor" | "not" | "cnot" => logic(builder, name, instruction),
        "shl" | "shr" | "shf" => shift(builder, name, instruction),
        "lop3" | "prmt" => bytes(builder, name, instruction),
        _ => return None,
    })
}

fn compare_type(name: &str) -> Result<CompareType, String> {
    Ok(match name {
        "b16" | "u16" => CompareType::U16,
        "s16" => CompareType::S16,
        "b32" | "u32" => CompareType::U32,
        "s32" => CompareType::S32,
        "b64" | "u64" => CompareType::U64,
        "s64" => CompareType::S64,
        "f32" => CompareType::F32,
        "f64" => CompareType::F64,
        "f16" => CompareType::F16,
        "bf16" => CompareType::Bf16,
        other => return Err(format!("the emulator does not compare `.{other}`")),
    })
}

pub(super) const COMPARISONS: &[(&str, Comparison)] = &[
    ("eq", Comparison::Equal),
    ("ne", Comparison::NotEqual),
    ("lt", Comparison::Less),
    ("le", Comparison::LessEqual),
    ("gt", Comparison::Greater),
    ("ge", Comparison::GreaterEqual),
    ("lo", Comparison::Less),
    ("ls", Comparison::LessEqual),
    ("hi", Comparison::Greater),
    ("hs", Comparison::GreaterEqual),
    ("equ", Comparison::EqualUnordered),
    ("neu", Comparison::NotEqualUnordered),
    ("ltu", Comparison::LessUnordered),
    ("leu", Comparison::LessEqualUnordered),
    ("gtu", Comparison::GreaterUnordered),
    ("geu", Comparison::GreaterEqualUnordered),
    ("num", Comparison::Number),
    ("nan", Comparison::Nan),
];

const BOOLEANS: &[(&str, Boolean)] = &[("and", Boolean::And), ("or", Boolean::Or), ("xor", Boolean::Xor)];

fn compare(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let ty = compare_type(modifiers.last()?)?;
    let truth = if name == "set" {
        match modifiers.last()? {
            "u32" | "s32" => u32::MAX,
            "f32" => 1f32.to_bits(),
            other => return Err(format!("the emulator does not execute it with a result of `.{other}`")),
        }
    } else {
        0
    };
    let test = modifiers.require(COMPARISONS)?;
    let combine = modifiers.choose(BOOLEANS);
    let flush = modifiers.take("ftz");
    let wide = matches!(ty, CompareType::U64 | CompareType::S64 | CompareType::F64);
    let (a, b) = (builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?);
    let combine = match combine {
        None => None,
        Some(kind) => Some((kind, builder.predicate(at(3)?)?)),
    };
    let (d, q) = match at(0)? {
        Operand::Pair(p, q) => (builder.destination_predicate(p)?, builder.destination_predicate(q)?),
        d if name == "set" => (builder.destination_word(d)?, NONE),
        p => (builder.destination_predicate(p)?, NONE),
    };
    let index = builder.code.compares.len() as u32;
    let combined = CombinedCompare { ty, test, flush, d, q, a, b, combine, truth };
    if name == "set" {
        builder.code.compares.push(combined);
        builder.emit(Op::Set(index));
    } else if combine.is_some() {
        builder.code.compares.push(combined);
        builder.emit(Op::CompareCombine(index));
    } else {
        builder.emit(Op::Compare { ty, test, flush, d, q, a, b });
    }
    modifiers.finish()
}

fn select(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let condition = if name == "slct" { Some(modifiers.last()?) } else { None };
    let wide = modifiers.last()?.ends_with("64");
    let (a, b) = (builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?);
    match condition {
        None => {
            let p = builder.predicate(at(3)?)?;
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::Select { wide, d, a, b, p });
        }
        Some(ty) => {
            let mut c = builder.word(at(3)?)?;
            let d = builder.destination_value(at(0)?, wide)?;
            // A negative subnormal is flushed to a zero, which is not less than zero.
            if modifiers.take("ftz") {
                let flushed = builder.new_register(ptx::Type::B32)?.slot;
                let mode = FloatMode { flush: true, saturate: false };
                builder.emit(Op::Float32 { kind: FloatBinary::Add, mode, d: flushed, a: c, b: c });
                c = flushed;
            }
            builder.emit(Op::SelectSign { wide, float: ty == "f32", d, a, b, c });
        }
    }
    modifiers.finish()
}

fn logic(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let ty = modifiers.last()?;
    modifiers.finish()?;
    if ty == "pred" {
        let a = builder.predicate(at(1)?)?;
        if name == "not" {
            let d = builder.destination_predicate(at(0)?)?;
            builder.emit(Op::MovePredicate { d, a: a.negated() });
            return Ok(());
        }
        let b = builder.predicate(at(2)?)?;
        let d = builder.destination_predicate(at(0)?)?;
        let kind = match name {
            "and" => Boolean::And,
            "or" => Boolean::Or,
            "xor" => Boolean::Xor,
            _ => return Err("it has no predicate form".into()),
        };
        builder.emit(Op::PredicateLogic { kind, d, a, b });
        return Ok(());
    }
    let (width, _) = integer_type(ty)?;
    match name {
        "and" => binary(builder, instruction, width, IntegerBinary::And),
        "or" => binary(builder, instruction, width, IntegerBinary::Or),
        "xor" => binary(builder, instruction, width, IntegerBinary::Xor),
        _ => {
            let wide = width == Width::W64;
            let kind = if name == "not" { IntegerUnary::Not } else { IntegerUnary::LogicalNot };
            let a = builder.value(at(1)?, wide)?;
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::Unary { width, kind, d, a });
            Ok(())
        }
    }
}

fn shift(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let (width, signed) = integer_type(modifiers.last()?)?;
    if name == "shf" {
        let left = modifiers.require(&[("l", true), ("r", false)])?;
        let clamp = modifiers.require(&[("clamp", true), ("wrap", false)])?;
        let [a, b, c] = [builder.word(at(1)?)?, builder.word(at(2)?)?, builder.word(at(3)?)?];
        let d = builder.destination_word(at(0)?)?;
        builder.emit(Op::FunnelShift { left, clamp, d, a, b, c });
        return modifiers.finish();
    }
    let wide = width == Width::W64;
    let kind = match (name, signed) {
        ("shl", _) => Shift::Left,
        (_, false) => Shift::RightUnsigned,
        (_, true) => Shift::RightSigned,
    };
    let a = builder.value(at(1)?, wide)?;
    let b = builder.word(at(2)?)?;
    let d = builder.destination_value(at(0)?, wide)?;
    builder.emit(Op::Shift { width, kind, d, a, b });
    modifiers.finish()
}

fn bytes(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    modifiers.take("b32");
    let [a, b, c] = [builder.word(at(1)?)?, builder.word(at(2)?)?, builder.word(at(3)?)?];
    if name == "lop3" {
        let Operand::Integer(table) = at(4)? else { return Err("its lookup table is not a constant".into()) };
        let table = u8::try_from(*table).map_err(|_| format!("lookup table {table} is not 0 to 255"))?;
        let d = builder.destination_word(at(0)?)?;
        builder.emit(Op::Logic3 { table, d, a, b, c });
    } else {
        let mode = modifiers
            .choose(&[
                ("f4e", Permute::Forward4),
                ("b4e", Permute::Backward4),
                ("rc8", Permute::Replicate8),
                ("ecl", Permute::EdgeLeft),
                ("ecr", Permute::EdgeRight),
                ("rc16", Permute::Replicate16),
            ])
            .unwrap_or(Permute::Generic);
        let d = builder.destination_word(at(0)?)?;
        builder.emit(Op::Permute { mode, d, a, b, c });
    }
    modifiers.finish()
}
