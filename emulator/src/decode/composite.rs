//! Instructions that execute as several operations: `brx.idx`, `mad.cc`, `lop3` with a predicate, packed 16-bit
//! integers, and `min` and `max` with `.relu` or three inputs. Each operation counts as an instruction.

use crossdock_ptx as ptx;
use ptx::{Operand, Type};

use super::arithmetic::{integer_type, operand};
use super::builder::Builder;
use super::modifiers::Modifiers;
use crate::code::Preset;
use crate::op::{
    Boolean, CompareType, Comparison, FloatBinary, FloatMode, FloatUnary, IntegerBinary, Op, Width,
};
use crate::register::{NONE, PredicateSource, Slot};

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    let has = |modifier| instruction.opcode.has(modifier);
    let packed = has("u16x2") || has("s16x2");
    Some(match name {
        "brx" => branch(builder, instruction),
        "mad" | "madc" if name == "madc" || has("cc") => multiply_add(builder, name, instruction),
        "lop3" if has("or") || has("and") => logic(builder, instruction),
        "add" | "min" | "max" if packed => packed_integers(builder, name, instruction),
        "min" | "max" if has("relu") => clamped(builder, name, instruction),
        "min" | "max" if instruction.operands.len() == 4 => three_inputs(builder, name, instruction),
        _ => return None,
    })
}

fn word(builder: &mut Builder<'_>) -> Result<Slot, String> {
    Ok(builder.new_register(Type::B32)?.slot)
}

fn constant(builder: &mut Builder<'_>, value: u32) -> Result<Slot, String> {
    builder.preset(super::builder::Bank::Word, Preset::Constant(value.into()))
}

fn equals(test: Comparison, d: Slot, a: Slot, b: Slot) -> Op {
    Op::Compare { ty: CompareType::U32, test, flush: false, d, q: NONE, a, b }
}

/// A test and a branch for each target, and a trap behind them.
fn branch(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let Operand::Symbol(list, 0) = operand(instruction, 1)? else {
        return Err("it does not name a list of targets".into());
    };
    let targets = builder.targets(list)?;
    let index = builder.word(operand(instruction, 0)?)?;
    let guard = builder.guard;
    for (number, target) in targets.iter().enumerate() {
        let label = builder.label(target)?;
        let number = constant(builder, number as u32)?;
        let taken = builder.new_register(Type::Pred)?.slot;
        builder.emit(equals(Comparison::Equal, taken, index, number));
        let taken = PredicateSource::new(taken, false);
        if guard == PredicateSource::ALWAYS {
            builder.guard = taken;
        } else {
            let both = builder.new_register(Type::Pred)?.slot;
            builder.guard = PredicateSource::ALWAYS;
            builder.emit(Op::PredicateLogic { kind: Boolean::And, d: both, a: guard, b: taken });
            builder.guard = PredicateSource::new(both, false);
        }
        builder.emit_branch(label);
        builder.guard = guard;
    }
    builder.emit(Op::Trap { name: "brx.idx` with an index behind the last of its `.branchtargets" });
    Ok(())
}

fn multiply_add(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let (width, signed) = integer_type(modifiers.last()?)?;
    let carry_out = modifiers.take("cc");
    let kind = match (modifiers.require(&[("lo", false), ("hi", true)])?, signed) {
        (false, _) => IntegerBinary::MultiplyLow,
        (true, false) => IntegerBinary::MultiplyHighUnsigned,
        (true, true) => IntegerBinary::MultiplyHighSigned,
    };
    modifiers.finish()?;
    let wide = width == Width::W64;
    let [a, b] = [builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?];
    let c = builder.value(at(3)?, wide)?;
    let d = builder.destination_value(at(0)?, wide)?;
    let product = builder.new_register(if wide { Type::B64 } else { Type::B32 })?.slot;
    builder.emit(match width {
        Width::W64 => Op::Binary64 { kind, d: product, a, b },
        _ => Op::Binary32 { kind, d: product, a, b },
    });
    let carry_in = name == "madc";
    builder.emit(Op::AddCarry { wide, subtract: false, carry_in, carry_out, d, a: product, b: c });
    Ok(())
}

/// `lop3.or d|p, a, b, c, table, q`: `p` is whether `d` has a bit set, combined with `q`.
fn logic(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    modifiers.take("b32");
    let kind = modifiers.require(&[("or", Boolean::Or), ("and", Boolean::And)])?;
    modifiers.finish()?;
    let Operand::Integer(table) = at(4)? else { return Err("its lookup table is not a constant".into()) };
    let table = u8::try_from(*table).map_err(|_| format!("lookup table {table} is not 0 to 255"))?;
    let [a, b, c] = [builder.word(at(1)?)?, builder.word(at(2)?)?, builder.word(at(3)?)?];
    let q = builder.predicate(at(5)?)?;
    let Operand::Pair(d, p) = at(0)? else { return Err("it writes a pair `d|p`".into()) };
    let (d, p) = (builder.destination_word(d)?, builder.destination_predicate(p)?);
    let zero = constant(builder, 0)?;
    let any = builder.new_register(Type::Pred)?.slot;
    builder.emit(Op::Logic3 { table, d, a, b, c });
    builder.emit(equals(Comparison::NotEqual, any, d, zero));
    builder.emit(Op::PredicateLogic { kind, d: p, a: PredicateSource::new(any, false), b: q });
    Ok(())
}

fn packed_integers(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let signed = modifiers.last()? == "s16x2";
    let relu = modifiers.take("relu");
    modifiers.finish()?;
    let kind = match (name, signed) {
        ("add", _) => IntegerBinary::Add,
        ("min", false) => IntegerBinary::MinimumUnsigned,
        ("min", true) => IntegerBinary::MinimumSigned,
        (_, false) => IntegerBinary::MaximumUnsigned,
        (_, true) => IntegerBinary::MaximumSigned,
    };
    let [a, b] = [builder.word(operand(instruction, 1)?)?, builder.word(operand(instruction, 2)?)?];
    let d = builder.destination_word(operand(instruction, 0)?)?;
    let zero = constant(builder, 0)?;
    let mut halves = [0; 4];
    for half in &mut halves {
        *half = word(builder)?;
    }
    let [a_low, a_high, b_low, b_high] = halves;
    builder.emit(Op::Unpack16 { low: a_low, high: a_high, a });
    builder.emit(Op::Unpack16 { low: b_low, high: b_high, a: b });
    for (a, b) in [(a_low, b_low), (a_high, b_high)] {
        builder.emit(Op::Binary16 { kind, d: a, a, b });
        if relu {
            builder.emit(Op::Binary16 { kind: IntegerBinary::MaximumSigned, d: a, a, b: zero });
        }
    }
    builder.emit(Op::Pack16 { d, low: a_low, high: a_high });
    Ok(())
}

/// `min.relu.s32` and `max.relu.s32`.
fn clamped(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    if modifiers.last()? != "s32" {
        return Err("the emulator executes `.relu` for `.s32` and `.s16x2` only".into());
    }
    modifiers.take("relu");
    modifiers.finish()?;
    let kind = if name == "min" { IntegerBinary::MinimumSigned } else { IntegerBinary::MaximumSigned };
    let [a, b] = [builder.word(operand(instruction, 1)?)?, builder.word(operand(instruction, 2)?)?];
    let d = builder.destination_word(operand(instruction, 0)?)?;
    let (zero, chosen) = (constant(builder, 0)?, word(builder)?);
    builder.emit(Op::Binary32 { kind, d: chosen, a, b });
    builder.emit(Op::Binary32 { kind: IntegerBinary::MaximumSigned, d, a: chosen, b: zero });
    Ok(())
}

/// `min.f32 d, a, b, c` and `max.f32 d, a, b, c`.
fn three_inputs(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    if modifiers.last()? != "f32" {
        return Err("the emulator executes three inputs for `.f32` only".into());
    }
    let mode = FloatMode { flush: modifiers.take("ftz"), saturate: false };
    let (nan, absolute) = (modifiers.take("NaN"), modifiers.take("abs"));
    modifiers.finish()?;
    let kind = match (name, nan) {
        ("min", false) => FloatBinary::Minimum,
        ("min", true) => FloatBinary::MinimumNan,
        (_, false) => FloatBinary::Maximum,
        (_, true) => FloatBinary::MaximumNan,
    };
    let mut inputs = [0; 3];
    for (index, input) in inputs.iter_mut().enumerate() {
        *input = builder.word(operand(instruction, index + 1)?)?;
    }
    let d = builder.destination_word(operand(instruction, 0)?)?;
    if absolute {
        for input in &mut inputs {
            let magnitude = word(builder)?;
            let kind = FloatUnary::Absolute;
            builder.emit(Op::FloatUnary32 { kind, mode: FloatMode::default(), d: magnitude, a: *input });
            *input = magnitude;
        }
    }
    let [a, b, c] = inputs;
    let first = word(builder)?;
    builder.emit(Op::Float32 { kind, mode, d: first, a, b });
    builder.emit(Op::Float32 { kind, mode, d, a: first, b: c });
    Ok(())
}
