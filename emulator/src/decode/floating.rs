//! Floating-point arithmetic; integer types are left to [`super::arithmetic`].

use crossdock_ptx as ptx;

use super::arithmetic::operand;
use super::builder::Builder;
use super::modifiers::Modifiers;
use crate::numeric::Rounding;
use crate::op::{FloatBinary, FloatMode, FloatProperty, FloatUnary, HalfFormat, HalfOperation, Op};

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    let known = matches!(
        name,
        "add"
            | "sub"
            | "mul"
            | "fma"
            | "mad"
            | "div"
            | "abs"
            | "neg"
            | "min"
            | "max"
            | "rcp"
            | "sqrt"
            | "rsqrt"
            | "sin"
            | "cos"
            | "lg2"
            | "ex2"
            | "tanh"
            | "testp"
            | "copysign"
    );
    let mut modifiers = Modifiers::of(instruction);
    let ty = modifiers.last().ok()?;
    if !known {
        return None;
    }
    match ty {
        "f32" => Some(single(builder, name, instruction, modifiers)),
        "f64" => Some(double(builder, name, instruction, modifiers)),
        "f16" => Some(half(builder, name, instruction, modifiers, HalfFormat::F16, false)),
        "f16x2" => Some(half(builder, name, instruction, modifiers, HalfFormat::F16, true)),
        "bf16" => Some(half(builder, name, instruction, modifiers, HalfFormat::Bf16, false)),
        "bf16x2" => Some(half(builder, name, instruction, modifiers, HalfFormat::Bf16, true)),
        _ => None,
    }
}

fn binary_kind(name: &str, nan: bool) -> Option<FloatBinary> {
    Some(match (name, nan) {
        ("add", _) => FloatBinary::Add,
        ("sub", _) => FloatBinary::Subtract,
        ("mul", _) => FloatBinary::Multiply,
        ("div", _) => FloatBinary::Divide,
        ("min", false) => FloatBinary::Minimum,
        ("max", false) => FloatBinary::Maximum,
        ("min", true) => FloatBinary::MinimumNan,
        ("max", true) => FloatBinary::MaximumNan,
        ("copysign", _) => FloatBinary::CopySign,
        _ => return None,
    })
}

fn unary_kind(name: &str) -> Option<FloatUnary> {
    Some(match name {
        "abs" => FloatUnary::Absolute,
        "neg" => FloatUnary::Negate,
        "rcp" => FloatUnary::Reciprocal,
        "sqrt" => FloatUnary::SquareRoot,
        "rsqrt" => FloatUnary::ReciprocalSquareRoot,
        "sin" => FloatUnary::Sine,
        "cos" => FloatUnary::Cosine,
        "lg2" => FloatUnary::Logarithm2,
        "ex2" => FloatUnary::Exponential2,
        "tanh" => FloatUnary::HyperbolicTangent,
        _ => return None,
    })
}

fn property(modifiers: &mut Modifiers) -> Result<FloatProperty, String> {
    modifiers.require(&[
        ("finite", FloatProperty::Finite),
        ("infinite", FloatProperty::Infinite),
        ("number", FloatProperty::Number),
        ("notanumber", FloatProperty::NotANumber),
        ("normal", FloatProperty::Normal),
        ("subnormal", FloatProperty::Subnormal),
    ])
}

/// Modifiers of approximate instructions, which are executed with full precision.
fn approximate(modifiers: &mut Modifiers) -> bool {
    let approximate = modifiers.take("approx");
    modifiers.take("full") || approximate
}

fn only_nearest(rounding: Option<Rounding>) -> Result<(), String> {
    match rounding {
        None | Some(Rounding::Nearest) => Ok(()),
        Some(_) => Err("the emulator executes it with `.rn` only".into()),
    }
}

fn single(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
    mut modifiers: Modifiers,
) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    if name == "testp" {
        let property = property(&mut modifiers)?;
        let a = builder.word(at(1)?)?;
        let d = builder.destination_predicate(at(0)?)?;
        builder.emit(Op::TestProperty { wide: false, property, d, a });
        return modifiers.finish();
    }
    let rounding = modifiers.rounding();
    approximate(&mut modifiers);
    let mode = FloatMode { flush: modifiers.take("ftz"), saturate: modifiers.take("sat") };
    let nan = modifiers.take("NaN");
    if name == "fma" || name == "mad" {
        let [a, b, c] = [builder.word(at(1)?)?, builder.word(at(2)?)?, builder.word(at(3)?)?];
        let d = builder.destination_word(at(0)?)?;
        builder.emit(match rounding.unwrap_or(Rounding::Nearest) {
            Rounding::Nearest => Op::Fma32 { mode, d, a, b, c },
            rounding => Op::DirectedFma32 { rounding, mode, d, a, b, c },
        });
    } else if let Some(kind) = binary_kind(name, nan) {
        if instruction.operands.len() != 3 {
            return Err("the emulator executes it with two sources only".into());
        }
        let (a, b) = (builder.word(at(1)?)?, builder.word(at(2)?)?);
        let d = builder.destination_word(at(0)?)?;
        let directed = rounding.filter(|&rounding| rounding != Rounding::Nearest);
        builder.emit(match directed {
            None => Op::Float32 { kind, mode, d, a, b },
            Some(_) if kind == FloatBinary::Divide => {
                return Err("the emulator executes it with `.rn` only".into());
            }
            Some(rounding) => Op::Directed32 { kind, rounding, mode, d, a, b },
        });
    } else if let Some(kind) = unary_kind(name) {
        only_nearest(rounding)?;
        let a = builder.word(at(1)?)?;
        let d = builder.destination_word(at(0)?)?;
        builder.emit(Op::FloatUnary32 { kind, mode, d, a });
    }
    modifiers.finish()
}

fn double(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
    mut modifiers: Modifiers,
) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    if name == "testp" {
        let property = property(&mut modifiers)?;
        let a = builder.long(at(1)?)?;
        let d = builder.destination_predicate(at(0)?)?;
        builder.emit(Op::TestProperty { wide: true, property, d, a });
        return modifiers.finish();
    }
    only_nearest(modifiers.rounding())?;
    if approximate(&mut modifiers) {
        modifiers.take("ftz");
    }
    if name == "fma" || name == "mad" {
        let [a, b, c] = [builder.long(at(1)?)?, builder.long(at(2)?)?, builder.long(at(3)?)?];
        let d = builder.destination_value(at(0)?, true)?;
        builder.emit(Op::Fma64 { d, a, b, c });
    } else if let Some(kind) = binary_kind(name, false) {
        let (a, b) = (builder.long(at(1)?)?, builder.long(at(2)?)?);
        let d = builder.destination_value(at(0)?, true)?;
        builder.emit(Op::Float64 { kind, saturate: false, d, a, b });
    } else if let Some(kind) = unary_kind(name) {
        let a = builder.long(at(1)?)?;
        let d = builder.destination_value(at(0)?, true)?;
        builder.emit(Op::FloatUnary64 { kind, d, a });
    }
    modifiers.finish()
}

fn half(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
    mut modifiers: Modifiers,
    format: HalfFormat,
    packed: bool,
) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    only_nearest(modifiers.rounding())?;
    let nan = modifiers.take("NaN");
    let relu = modifiers.take("relu");
    let kind = match name {
        "add" => HalfOperation::Add,
        "sub" => HalfOperation::Subtract,
        "mul" => HalfOperation::Multiply,
        "fma" => HalfOperation::MultiplyAdd { relu },
        "min" => HalfOperation::Minimum { nan },
        "max" => HalfOperation::Maximum { nan },
        "neg" => HalfOperation::Negate,
        "abs" => HalfOperation::Absolute,
        _ => return Err("the emulator does not execute it for 16-bit floats".into()),
    };
    if relu && name != "fma" {
        return Err("it has no `.relu`".into());
    }
    let sources = instruction.operands.len().saturating_sub(1);
    let a = builder.word(at(1)?)?;
    let b = if sources > 1 { builder.word(at(2)?)? } else { a };
    let c = if sources > 2 { builder.word(at(3)?)? } else { a };
    let d = builder.destination_word(at(0)?)?;
    builder.emit(Op::Half { format, packed, kind, d, a, b, c });
    modifiers.finish()
}
