//! `mapa` and `getctarank`: shared addresses of other blocks of the cluster (PTX ISA sections 9.7.9.23 and 9.7.9.24).

use crossdock_ptx as ptx;
use ptx::{Operand, Type};

use super::arithmetic::operand;
use super::builder::{Bank, Builder};
use super::modifiers::Modifiers;
use crate::cluster::RANK_SHIFT;
use crate::code::Preset;
use crate::memory::window;
use crate::op::{CompareType, Comparison, IntegerBinary, Op, Shift, Width};
use crate::register::{NONE, PredicateSource, Slot};

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    Some(match name {
        "mapa" => map(builder, instruction),
        "getctarank" => rank(builder, instruction),
        _ => return None,
    })
}

/// The offset of an address in its block's shared memory with the rank above it, as 32 bits, and whether addresses have 64.
fn shared_address(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    address: &Operand,
) -> Result<(Slot, bool), String> {
    let mut modifiers = Modifiers::of(instruction);
    let wide = modifiers.last()? == "u64";
    let named = modifiers.take("shared::cluster");
    modifiers.finish()?;
    if !named && !wide {
        return Err("generic addresses have 64 bits".into());
    }
    let a = builder.value(address, wide)?;
    if !wide {
        return Ok((a, wide));
    }
    let low = builder.new_register(Type::B32)?.slot;
    builder.emit(Op::Unpack32 { low, high: NONE, a });
    Ok((low, wide))
}

fn constant(builder: &mut Builder<'_>, value: u32) -> Result<Slot, String> {
    builder.preset(Bank::Word, Preset::Constant(value.into()))
}

fn word(builder: &mut Builder<'_>) -> Result<Slot, String> {
    Ok(builder.new_register(Type::B32)?.slot)
}

fn map(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let (address, wide) = shared_address(builder, instruction, operand(instruction, 1)?)?;
    let rank = builder.word(operand(instruction, 2)?)?;
    let d = builder.destination_value(operand(instruction, 0)?, wide)?;
    let (one, shift) = (constant(builder, 1)?, constant(builder, RANK_SHIFT)?);
    let mask = constant(builder, (1 << RANK_SHIFT) - 1)?;
    let [offset, next, high] = [word(builder)?, word(builder)?, word(builder)?];
    builder.emit(Op::Binary32 { kind: IntegerBinary::And, d: offset, a: address, b: mask });
    builder.emit(Op::Binary32 { kind: IntegerBinary::Add, d: next, a: rank, b: one });
    builder.emit(Op::Shift { width: Width::W32, kind: Shift::Left, d: high, a: next, b: shift });
    if !wide {
        builder.emit(Op::Binary32 { kind: IntegerBinary::Or, d, a: offset, b: high });
        return Ok(());
    }
    let mapped = word(builder)?;
    builder.emit(Op::Binary32 { kind: IntegerBinary::Or, d: mapped, a: offset, b: high });
    // A generic address stays one; an address in the window has no bits there.
    let base = if instruction.opcode.has("shared::cluster") { 0 } else { (window::SHARED_BASE >> 32) as u32 };
    let base = constant(builder, base)?;
    builder.emit(Op::Pack32 { d, low: mapped, high: base });
    Ok(())
}

fn rank(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let (address, _) = shared_address(builder, instruction, operand(instruction, 1)?)?;
    let d = builder.destination_word(operand(instruction, 0)?)?;
    let (zero, one, shift) = (constant(builder, 0)?, constant(builder, 1)?, constant(builder, RANK_SHIFT)?);
    let own = builder.preset(Bank::Word, Preset::RankInCluster)?;
    let [field, named] = [word(builder)?, word(builder)?];
    let is_own = builder.new_register(Type::Pred)?.slot;
    builder.emit(Op::Shift { width: Width::W32, kind: Shift::RightUnsigned, d: field, a: address, b: shift });
    builder.emit(Op::Binary32 { kind: IntegerBinary::Subtract, d: named, a: field, b: one });
    let (ty, test) = (CompareType::U32, Comparison::Equal);
    builder.emit(Op::Compare { ty, test, flush: false, d: is_own, q: NONE, a: field, b: zero });
    builder.emit(Op::Select { wide: false, d, a: own, b: named, p: PredicateSource::new(is_own, false) });
    Ok(())
}
