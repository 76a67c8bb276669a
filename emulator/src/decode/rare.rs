//! Instructions that are too rare for operations of their own.

use crossdock_ptx as ptx;

use super::arithmetic::operand;
use super::builder::Builder;
use super::logic::COMPARISONS;
use super::modifiers::Modifiers;
use crate::numeric::Rounding;
use crate::op::{
    Conversion, FloatBinary, FloatMode, Function, HalfFormat, HalfOperation, LaneFunction, Op, Scalar,
};

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    let has = |modifier: &str| instruction.opcode.has(modifier);
    let mut modifiers = Modifiers::of(instruction);
    let ty = modifiers.last().ok()?;
    let rounding = instruction.opcode.modifiers.iter().find_map(|modifier| {
        let mut one = Modifiers::only(modifier);
        one.rounding()
    });
    let directed = rounding.filter(|&rounding| rounding != Rounding::Nearest);
    let flush = has("ftz");
    let (function, bits) = match (name, ty) {
        ("fns", _) => (Function::FindNthSet, 32),
        ("bmsk", _) => (Function::BitMask { clamp: has("clamp") }, 32),
        ("szext", _) => (Function::ExtendFrom { clamp: has("clamp"), signed: ty == "s32" }, 32),
        ("mul24" | "mad24", _) if name == "mad24" || has("hi") => {
            (Function::Multiply24 { high: has("hi"), signed: ty == "s32", saturate: has("sat") }, 32)
        }
        ("mad", "s32") if has("sat") => (Function::MultiplyAddHighSaturating, 32),
        ("cvt", "s32") if has("pack") => {
            let (bits, signed) = if has("s16") { (16, true) } else { (16, false) };
            (Function::PackSaturating { bits, signed, shift: false }, 32)
        }
        ("cvt", "b32") if has("pack") => {
            (Function::PackSaturating { bits: 8, signed: has("s8"), shift: true }, 32)
        }
        ("cvt", "f32" | "bf16x2") if has("ue8m0x2") => {
            let (packed, up) = (ty == "bf16x2", rounding == Some(Rounding::Up));
            let function = Function::ToPowersOfTwo { packed, up, saturate: has("satfinite") };
            return Some(emit_between(builder, instruction, function, (32, 16)));
        }
        ("cvt", "ue8m0x2") => {
            return Some(emit_between(builder, instruction, Function::FromPowersOfTwo, (16, 32)));
        }
        ("cvt", "f32") if has("tf32") => {
            let (rounding, away) = (rounding.unwrap_or(Rounding::Nearest), has("rna"));
            (Function::Tf32 { rounding, away, saturate: has("satfinite"), relu: has("relu") }, 32)
        }
        ("div", "f32") if let Some(rounding) = directed => (Function::Divide32 { rounding, flush }, 32),
        ("sqrt", "f32") if let Some(rounding) = directed => (Function::SquareRoot32 { rounding, flush }, 32),
        ("rcp", "f32" | "f64") if let Some(rounding) = directed => {
            return Some(reciprocal(builder, instruction, rounding));
        }
        ("add" | "sub" | "mul" | "div", "f64") if let Some(rounding) = directed => {
            (Function::Binary64 { kind: binary(name)?, rounding }, 64)
        }
        ("fma" | "mad", "f64") if let Some(rounding) = directed => (Function::Fma64 { rounding }, 64),
        ("sqrt", "f64") if let Some(rounding) = directed => (Function::SquareRoot64 { rounding }, 64),
        ("add" | "sub" | "fma", "f16" | "bf16") if has("f32") => {
            return Some(mixed(builder, name, instruction, ty, rounding.unwrap_or(Rounding::Nearest)));
        }
        ("add" | "sub" | "mul" | "fma", "f32x2") => {
            let rounding = rounding.unwrap_or(Rounding::Nearest);
            (Function::Pair32 { kind: binary(name), rounding, flush }, 64)
        }
        ("min" | "max", "f32") if has("xorsign") => {
            let kind = match (name, has("NaN")) {
                ("min", false) => FloatBinary::Minimum,
                ("min", true) => FloatBinary::MinimumNan,
                (_, false) => FloatBinary::Maximum,
                (_, true) => FloatBinary::MaximumNan,
            };
            (Function::ExtremumXorSign { kind, flush }, 32)
        }
        ("ex2" | "tanh", _) => {
            let (format, packed) = half_type(ty)?;
            (Function::HalfApproximate { format, packed, tangent: name == "tanh" }, half_bits(packed))
        }
        ("set", _) => {
            let (format, packed) = half_type(ty)?;
            let truth = match (modifiers.last().ok()?, format) {
                ("f16" | "f16x2", _) => 0x3c00,
                ("bf16" | "bf16x2", _) => 0x3f80,
                ("u16" | "s16", _) => 0xffff,
                _ => return None,
            };
            let test = modifiers.require(COMPARISONS).ok()?;
            (Function::HalfSet { format, packed, test, flush, truth }, half_bits(packed))
        }
        ("setp", "f16x2" | "bf16x2") => {
            return Some(compare_pairs(builder, instruction, modifiers, ty, flush));
        }
        _ if flush || has("sat") || has("xorsign") => {
            let (format, packed) = half_type(ty)?;
            let kind = half_operation(name, has("NaN"), has("relu"))?;
            let (saturate, xor_sign) = (has("sat"), has("xorsign"));
            (Function::Half { format, packed, kind, flush, saturate, xor_sign }, half_bits(packed))
        }
        _ => return None,
    };
    Some(emit(builder, instruction, function, bits))
}

fn half_bits(packed: bool) -> u32 {
    if packed { 32 } else { 16 }
}

fn half_type(name: &str) -> Option<(HalfFormat, bool)> {
    Some(match name {
        "f16" => (HalfFormat::F16, false),
        "f16x2" => (HalfFormat::F16, true),
        "bf16" => (HalfFormat::Bf16, false),
        "bf16x2" => (HalfFormat::Bf16, true),
        _ => return None,
    })
}

fn binary(name: &str) -> Option<FloatBinary> {
    Some(match name {
        "add" => FloatBinary::Add,
        "sub" => FloatBinary::Subtract,
        "mul" => FloatBinary::Multiply,
        "div" => FloatBinary::Divide,
        _ => return None,
    })
}

fn half_operation(name: &str, nan: bool, relu: bool) -> Option<HalfOperation> {
    Some(match name {
        "add" => HalfOperation::Add,
        "sub" => HalfOperation::Subtract,
        "mul" => HalfOperation::Multiply,
        "fma" => HalfOperation::MultiplyAdd { relu },
        "min" => HalfOperation::Minimum { nan },
        "max" => HalfOperation::Maximum { nan },
        "neg" => HalfOperation::Negate,
        "abs" => HalfOperation::Absolute,
        _ => return None,
    })
}

fn emit(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    function: Function,
    bits: u32,
) -> Result<(), String> {
    emit_between(builder, instruction, function, (bits, bits))
}

/// A function whose sources and result have different widths.
fn emit_between(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    function: Function,
    (from, to): (u32, u32),
) -> Result<(), String> {
    let sources: Result<Vec<_>, String> =
        instruction.operands.iter().skip(1).map(|source| builder.data(source, from)).collect();
    let d = builder.destination_data(operand(instruction, 0)?, to)?;
    push(builder, LaneFunction { function, d, sources: sources? });
    Ok(())
}

pub(super) fn push(builder: &mut Builder<'_>, function: LaneFunction) {
    builder.code.functions.push(function);
    builder.emit(Op::Function(builder.code.functions.len() as u32 - 1));
}

/// `add.f32.f16 d, a, c` and its kin: 16-bit sources, which are exact in `f32`, and a sum in `f32`.
fn mixed(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
    ty: &str,
    rounding: Rounding,
) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let from = if ty == "f16" { Scalar::F16 } else { Scalar::Bf16 };
    let narrow = instruction.operands.len() - 2;
    let mut sources = [0; 3];
    for (index, source) in sources.iter_mut().enumerate().take(narrow + 1) {
        *source = builder.word(at(index + 1)?)?;
    }
    let d = builder.destination_word(at(0)?)?;
    for source in &mut sources[..narrow] {
        let wide = builder.new_register(ptx::Type::B32)?.slot;
        builder.code.conversions.push(Conversion {
            to: Scalar::F32,
            from,
            rounding: None,
            integral: false,
            saturate: false,
            saturate_finite: false,
            relu: false,
            flush: false,
            d: wide,
            d_long: false,
            a: *source,
            a_long: false,
        });
        builder.emit(Op::Convert(builder.code.conversions.len() as u32 - 1));
        *source = wide;
    }
    let mode = FloatMode { flush: false, saturate: instruction.opcode.has("sat") };
    let [a, b, c] = sources;
    builder.emit(match (binary(name), rounding) {
        (None, _) => Op::DirectedFma32 { rounding, mode, d, a, b, c },
        (Some(kind), _) => Op::Directed32 { kind, rounding, mode, d, a, b },
    });
    Ok(())
}

/// `rcp` is a division of one.
fn reciprocal(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    rounding: Rounding,
) -> Result<(), String> {
    let wide = instruction.opcode.has("f64");
    let (one, function, bits) = if wide {
        let function = Function::Binary64 { kind: FloatBinary::Divide, rounding };
        (ptx::Operand::Float64(1f64.to_bits()), function, 64)
    } else {
        let function = Function::Divide32 { rounding, flush: instruction.opcode.has("ftz") };
        (ptx::Operand::Float32(1f32.to_bits()), function, 32)
    };
    let sources = vec![builder.data(&one, bits)?, builder.data(operand(instruction, 1)?, bits)?];
    let d = builder.destination_data(operand(instruction, 0)?, bits)?;
    push(builder, LaneFunction { function, d, sources });
    Ok(())
}

/// `setp` of pairs writes a predicate for each half: the halves are compared as scalars.
fn compare_pairs(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    mut modifiers: Modifiers,
    ty: &str,
    flush: bool,
) -> Result<(), String> {
    let test = modifiers.require(COMPARISONS)?;
    let (format, _) = half_type(ty).ok_or("it compares pairs of 16-bit floats")?;
    let ptx::Operand::Pair(p, q) = operand(instruction, 0)? else {
        return Err("it writes a pair `p|q`".into());
    };
    let function = Function::HalfSet { format, packed: true, test, flush, truth: 0xffff };
    let sources =
        vec![builder.data(operand(instruction, 1)?, 32)?, builder.data(operand(instruction, 2)?, 32)?];
    let result = builder.new_register(ptx::Type::B32)?.slot;
    let d = crate::op::Data { slot: result, long: false };
    let (p, q) = (builder.destination_predicate(p)?, builder.destination_predicate(q)?);
    push(builder, LaneFunction { function, d, sources });
    for (predicate, mask) in [(p, 0xffff), (q, 0xffff_0000)] {
        let mask = builder.preset(super::builder::Bank::Word, crate::code::Preset::Constant(mask))?;
        let zero = builder.preset(super::builder::Bank::Word, crate::code::Preset::Constant(0))?;
        let part = builder.new_register(ptx::Type::B32)?.slot;
        builder.emit(Op::Binary32 { kind: crate::op::IntegerBinary::And, d: part, a: result, b: mask });
        builder.emit(Op::Compare {
            ty: crate::op::CompareType::U32,
            test: crate::op::Comparison::NotEqual,
            flush: false,
            d: predicate,
            q: crate::register::NONE,
            a: part,
            b: zero,
        });
    }
    Ok(())
}
