//! `mov`, `cvt`, `cvta` and `isspacep`.

use crossdock_ptx as ptx;
use ptx::Operand;

use super::arithmetic::operand;
use super::builder::{Bank, Builder};
use super::modifiers::Modifiers;
use super::operand::clock;
use crate::code::Preset;
use crate::memory::window;
use crate::numeric::Rounding;
use crate::op::{Conversion, IntegerBinary, Op, PackList, Packed, Scalar, Space};
use crate::register::NONE;

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    Some(match name {
        "mov" => move_value(builder, instruction),
        "cvt" => convert(builder, instruction),
        "cvta" => address(builder, instruction),
        "isspacep" => in_space(builder, instruction),
        _ => return None,
    })
}

fn move_value(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let ty = modifiers.last()?;
    modifiers.finish()?;
    let (d, a) = (operand(instruction, 0)?, operand(instruction, 1)?);
    if ty == "pred" {
        let a = builder.predicate(a)?;
        let d = builder.destination_predicate(d)?;
        builder.emit(Op::MovePredicate { d, a });
        return Ok(());
    }
    let bits: u32 = ty
        .trim_start_matches(|c: char| c.is_ascii_alphabetic())
        .parse()
        .map_err(|_| format!("the emulator does not move `.{ty}`"))?;
    match (d, a) {
        (Operand::Vector(parts), whole) => unpack(builder, bits, parts, whole),
        (whole, Operand::Vector(parts)) => pack(builder, bits, whole, parts),
        (d, Operand::Register(name)) if clock(name).is_some() => {
            let (kind, long) = clock(name).ok_or("it is no clock")?;
            let d = builder.destination_value(d, long)?;
            builder.emit(Op::Clock { kind, d, long });
            Ok(())
        }
        _ if bits == 128 => Err("the emulator moves 128 bits to and from lists only".into()),
        (d, a) => {
            let wide = bits == 64;
            let a = builder.value(a, wide)?;
            let d = builder.destination_value(d, wide)?;
            builder.emit(if wide { Op::Move64 { d, a } } else { Op::Move32 { d, a } });
            Ok(())
        }
    }
}

/// Bits of each of the parts that a value is made of.
fn part_bits(bits: u32, parts: &[Operand]) -> Result<u32, String> {
    match parts.len() {
        2 | 4 => Ok(bits / parts.len() as u32),
        count => Err(format!("the emulator moves lists of two or four, not of {count}")),
    }
}

fn pack(builder: &mut Builder<'_>, bits: u32, whole: &Operand, parts: &[Operand]) -> Result<(), String> {
    let part_bits = part_bits(bits, parts)?;
    match (bits, parts) {
        (32, [low, high]) => {
            let (low, high) = (builder.word(low)?, builder.word(high)?);
            let d = builder.destination_word(whole)?;
            builder.emit(Op::Pack16 { d, low, high });
        }
        (64, [low, high]) => {
            let (low, high) = (builder.word(low)?, builder.word(high)?);
            let d = builder.destination_value(whole, true)?;
            builder.emit(Op::Pack32 { d, low, high });
        }
        _ => {
            let parts = parts.iter().map(|part| builder.data(part, part_bits)).collect::<Result<_, _>>()?;
            let whole = builder.destination_data(whole, bits)?;
            builder.code.packs.push(PackList { whole, bits, parts });
            builder.emit(Op::PackMany(builder.code.packs.len() as u32 - 1));
        }
    }
    Ok(())
}

fn unpack(builder: &mut Builder<'_>, bits: u32, parts: &[Operand], whole: &Operand) -> Result<(), String> {
    let part_bits = part_bits(bits, parts)?;
    match (bits, parts) {
        (32, [low, high]) => {
            let a = builder.word(whole)?;
            let (low, high) = (builder.destination_word(low)?, builder.destination_word(high)?);
            builder.emit(Op::Unpack16 { low, high, a });
        }
        (64, [low, high]) => {
            let a = builder.long(whole)?;
            let (low, high) = (builder.destination_word(low)?, builder.destination_word(high)?);
            builder.emit(Op::Unpack32 { low, high, a });
        }
        _ => {
            let whole = builder.data(whole, bits)?;
            let parts = parts
                .iter()
                .map(|part| builder.destination_data(part, part_bits))
                .collect::<Result<_, _>>()?;
            builder.code.packs.push(PackList { whole, bits, parts });
            builder.emit(Op::UnpackMany(builder.code.packs.len() as u32 - 1));
        }
    }
    Ok(())
}

fn scalar(name: &str) -> Option<Scalar> {
    Some(match name {
        "u8" => Scalar::U8,
        "u16" => Scalar::U16,
        "u32" => Scalar::U32,
        "u64" => Scalar::U64,
        "s8" => Scalar::S8,
        "s16" => Scalar::S16,
        "s32" => Scalar::S32,
        "s64" => Scalar::S64,
        "f16" => Scalar::F16,
        "bf16" => Scalar::Bf16,
        "f32" => Scalar::F32,
        "f64" => Scalar::F64,
        _ => return None,
    })
}

fn packed(name: &str) -> Option<Packed> {
    Some(match name {
        "f16x2" => Packed::F16x2,
        "bf16x2" => Packed::Bf16x2,
        "e4m3x2" => Packed::E4m3x2,
        "e5m2x2" => Packed::E5m2x2,
        "e2m3x2" => Packed::E2m3x2,
        "e3m2x2" => Packed::E3m2x2,
        "e2m1x2" => Packed::E2m1x2,
        _ => return None,
    })
}

fn convert(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let (from, to) = (modifiers.last()?, modifiers.last()?);
    if from == "rna" || to == "rna" || modifiers.take("rna") {
        return Err("the emulator does not convert to `.tf32`".into());
    }
    let integral = modifiers.choose(&[
        ("rni", Rounding::Nearest),
        ("rzi", Rounding::Zero),
        ("rmi", Rounding::Down),
        ("rpi", Rounding::Up),
    ]);
    let rounding = modifiers.rounding();
    let (relu, saturate_finite) = (modifiers.take("relu"), modifiers.take("satfinite"));
    let (saturate, flush) = (modifiers.take("sat"), modifiers.take("ftz"));
    let plain = !saturate && !flush && integral.is_none();
    match (packed(to), packed(from)) {
        (Some(to), None) if from == "f32" && plain => {
            let (high, low) = (builder.word(at(1)?)?, builder.word(at(2)?)?);
            let d = builder.destination_word(at(0)?)?;
            let rounding = rounding.unwrap_or(Rounding::Nearest);
            builder.emit(Op::ConvertPair { to, rounding, relu, saturate: saturate_finite, d, high, low });
        }
        (Some(to @ (Packed::F16x2 | Packed::Bf16x2)), Some(from)) if plain => {
            let a = builder.word(at(1)?)?;
            let d = builder.destination_word(at(0)?)?;
            builder.emit(Op::WidenPair { to, from, relu, d, a });
        }
        (Some(to), Some(from @ (Packed::F16x2 | Packed::Bf16x2))) if plain => {
            let a = builder.word(at(1)?)?;
            let d = builder.destination_word(at(0)?)?;
            let rounding = rounding.unwrap_or(Rounding::Nearest);
            builder.emit(Op::NarrowPair { to, from, rounding, relu, d, a });
        }
        _ => {
            let (Some(to), Some(from)) = (scalar(to), scalar(from)) else {
                return Err(format!("the emulator does not convert `.{from}` to `.{to}`"));
            };
            let a = builder.data(at(1)?, from.bits())?;
            let d = builder.destination_data(at(0)?, to.bits())?;
            if a.slot == NONE || d.slot == NONE {
                return Err("`_` cannot be converted".into());
            }
            builder.code.conversions.push(Conversion {
                to,
                from,
                rounding: rounding.or(integral),
                integral: integral.is_some(),
                saturate,
                saturate_finite,
                relu,
                flush,
                d: d.slot,
                d_long: d.long,
                a: a.slot,
                a_long: a.long,
            });
            builder.emit(Op::Convert(builder.code.conversions.len() as u32 - 1));
        }
    }
    modifiers.finish()
}

fn address(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    if modifiers.last()? != "u64" {
        return Err("addresses have 64 bits".into());
    }
    let to_space = modifiers.take("to");
    let base = match modifiers.space() {
        Space::Shared | Space::Cluster => window::SHARED_BASE,
        Space::Local => window::LOCAL_BASE,
        Space::Param => window::PARAM_BASE,
        Space::Global | Space::Const => 0,
        Space::Generic => return Err("it names no state space that the emulator has".into()),
    };
    let a = builder.long(operand(instruction, 1)?)?;
    let d = builder.destination_value(operand(instruction, 0)?, true)?;
    if base == 0 {
        builder.emit(Op::Move64 { d, a });
    } else {
        let b = builder.preset(Bank::Long, Preset::Constant(base))?;
        let kind = if to_space { IntegerBinary::Subtract } else { IntegerBinary::Add };
        builder.emit(Op::Binary64 { kind, d, a, b });
    }
    modifiers.finish()
}

fn in_space(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let space = modifiers.space();
    modifiers.finish()?;
    if space == Space::Generic {
        return Err("the emulator does not tell this state space from an address".into());
    }
    let a = builder.long(operand(instruction, 1)?)?;
    let d = builder.destination_predicate(operand(instruction, 0)?)?;
    builder.emit(Op::InSpace { space, d, a });
    Ok(())
}
