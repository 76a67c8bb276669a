//! Integer arithmetic and bit operations.

use crossdock_ptx as ptx;

use super::builder::Builder;
use super::modifiers::Modifiers;
use crate::op::{BitCount, IntegerBinary, IntegerUnary, Op, Width};

/// Width and signedness of an integer type.
pub(super) fn integer_type(name: &str) -> Result<(Width, bool), String> {
    Ok(match name {
        "u16" | "b16" => (Width::W16, false),
        "s16" => (Width::W16, true),
        "u32" | "b32" => (Width::W32, false),
        "s32" => (Width::W32, true),
        "u64" | "b64" => (Width::W64, false),
        "s64" => (Width::W64, true),
        other => return Err(format!("the emulator does not execute it for `.{other}`")),
    })
}

/// Operands by position.
pub(super) fn operand(instruction: &ptx::Instruction, index: usize) -> Result<&ptx::Operand, String> {
    instruction.operands.get(index).ok_or_else(|| format!("it has no operand {}", index + 1))
}

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
            | "mad"
            | "mul24"
            | "mad24"
            | "sad"
            | "div"
            | "rem"
            | "abs"
            | "neg"
            | "min"
            | "max"
            | "addc"
            | "subc"
            | "popc"
            | "clz"
            | "bfind"
            | "brev"
            | "bfe"
            | "bfi"
            | "dp4a"
            | "dp2a"
    );
    known.then(|| integer(builder, name, instruction))
}

fn integer(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let at = |index| operand(instruction, index);
    if name == "dp4a" || name == "dp2a" {
        return dot_product(builder, name, instruction);
    }
    let (width, signed) = integer_type(modifiers.last()?)?;
    let wide = width == Width::W64;
    let saturate = modifiers.take("sat");
    let carry_out = modifiers.take("cc");
    match name {
        "add" | "addc" | "sub" | "subc" if carry_out || name.ends_with('c') => {
            if width == Width::W16 || saturate {
                return Err("carries exist for 32 and 64 bits only".into());
            }
            let (a, b) = (builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?);
            let d = builder.destination_value(at(0)?, wide)?;
            let (subtract, carry_in) = (name.starts_with("sub"), name.ends_with('c'));
            builder.emit(Op::AddCarry { wide, subtract, carry_in, carry_out, d, a, b });
        }
        "add" | "sub" | "rem" | "div" | "min" | "max" => {
            if saturate && (width, signed) != (Width::W32, true) {
                return Err("`.sat` exists for `.s32` only".into());
            }
            let kind = match (name, saturate, signed) {
                ("add", false, _) => IntegerBinary::Add,
                ("add", true, _) => IntegerBinary::AddSaturating,
                ("sub", false, _) => IntegerBinary::Subtract,
                ("sub", true, _) => IntegerBinary::SubtractSaturating,
                (_, true, _) => return Err("it has no `.sat`".into()),
                ("div", _, false) => IntegerBinary::DivideUnsigned,
                ("div", _, true) => IntegerBinary::DivideSigned,
                ("rem", _, false) => IntegerBinary::RemainderUnsigned,
                ("rem", _, true) => IntegerBinary::RemainderSigned,
                ("min", _, false) => IntegerBinary::MinimumUnsigned,
                ("min", _, true) => IntegerBinary::MinimumSigned,
                ("max", _, false) => IntegerBinary::MaximumUnsigned,
                _ => IntegerBinary::MaximumSigned,
            };
            binary(builder, instruction, width, kind)?;
        }
        "abs" | "neg" => {
            let kind = if name == "abs" { IntegerUnary::Absolute } else { IntegerUnary::Negate };
            let a = builder.value(at(1)?, wide)?;
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::Unary { width, kind, d, a });
        }
        "mul" | "mul24" | "mad" | "mad24" => {
            if saturate || carry_out {
                return Err("the emulator does not execute its `.sat` and `.cc` forms".into());
            }
            multiply(builder, name, instruction, &mut modifiers, (width, signed))?;
        }
        "sad" => {
            let [a, b, c] =
                [builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?, builder.value(at(3)?, wide)?];
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::SumOfDifferences { width, signed, d, a, b, c });
        }
        "popc" | "clz" | "bfind" => {
            let shift_amount = modifiers.take("shiftamt");
            let kind = match (name, signed) {
                ("popc", _) => BitCount::Population,
                ("clz", _) => BitCount::LeadingZeros,
                (_, false) => BitCount::FindUnsigned { shift_amount },
                (_, true) => BitCount::FindSigned { shift_amount },
            };
            let a = builder.value(at(1)?, wide)?;
            let d = builder.destination_word(at(0)?)?;
            builder.emit(Op::Count { width, kind, d, a });
        }
        "brev" => {
            let a = builder.value(at(1)?, wide)?;
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::Unary { width, kind: IntegerUnary::Reverse, d, a });
        }
        "bfe" => {
            let a = builder.value(at(1)?, wide)?;
            let (position, length) = (builder.word(at(2)?)?, builder.word(at(3)?)?);
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::ExtractBits { wide, signed, d, a, position, length });
        }
        "bfi" => {
            let (a, b) = (builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?);
            let (position, length) = (builder.word(at(3)?)?, builder.word(at(4)?)?);
            let d = builder.destination_value(at(0)?, wide)?;
            builder.emit(Op::InsertBits { wide, d, a, b, position, length });
        }
        _ => return Err("the emulator does not execute it".into()),
    }
    modifiers.finish()
}

/// Appends an operation of two operands.
pub(super) fn binary(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    width: Width,
    kind: IntegerBinary,
) -> Result<(), String> {
    let wide = width == Width::W64;
    let a = builder.value(operand(instruction, 1)?, wide)?;
    let b = builder.value(operand(instruction, 2)?, wide)?;
    let d = builder.destination_value(operand(instruction, 0)?, wide)?;
    builder.emit(match width {
        Width::W16 => Op::Binary16 { kind, d, a, b },
        Width::W32 => Op::Binary32 { kind, d, a, b },
        Width::W64 => Op::Binary64 { kind, d, a, b },
    });
    Ok(())
}

fn multiply(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
    modifiers: &mut Modifiers,
    (width, signed): (Width, bool),
) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let part = modifiers.require(&[("lo", 0), ("hi", 1), ("wide", 2)])?;
    let wide = width == Width::W64;
    if name.ends_with("24") {
        if (name, part) != ("mul24", 0) {
            return Err("of the 24-bit multiplications the emulator executes `mul24.lo` only".into());
        }
        let kind = if signed { IntegerBinary::Multiply24Signed } else { IntegerBinary::Multiply24Unsigned };
        return binary(builder, instruction, width, kind);
    }
    let (a, b) = (builder.value(at(1)?, wide)?, builder.value(at(2)?, wide)?);
    let wide_result = wide || part == 2 && width == Width::W32;
    if part == 2 && wide {
        return Err("`.wide` exists for 16 and 32 bits only".into());
    }
    if name == "mad" {
        let c = builder.value(at(3)?, wide_result)?;
        let d = builder.destination_value(at(0)?, wide_result)?;
        builder.emit(match part {
            0 => Op::MultiplyAdd { width, d, a, b, c },
            1 => Op::MultiplyAddHigh { width, signed, d, a, b, c },
            _ => Op::MultiplyAddWide { width, signed, d, a, b, c },
        });
        return Ok(());
    }
    let d = builder.destination_value(at(0)?, wide_result)?;
    let kind = match (part, signed) {
        (0, _) => IntegerBinary::MultiplyLow,
        (_, false) => IntegerBinary::MultiplyHighUnsigned,
        (_, true) => IntegerBinary::MultiplyHighSigned,
    };
    builder.emit(match (part, width) {
        (2, _) => Op::MultiplyWide { width, signed, d, a, b },
        (_, Width::W16) => Op::Binary16 { kind, d, a, b },
        (_, Width::W32) => Op::Binary32 { kind, d, a, b },
        (_, Width::W64) => Op::Binary64 { kind, d, a, b },
    });
    Ok(())
}

fn dot_product(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let (_, b_signed) = integer_type(modifiers.last()?)?;
    let (_, a_signed) = integer_type(modifiers.last()?)?;
    let [a, b, c] = [builder.word(at(1)?)?, builder.word(at(2)?)?, builder.word(at(3)?)?];
    let d = builder.destination_word(at(0)?)?;
    if name == "dp4a" {
        builder.emit(Op::DotProduct4 { a_signed, b_signed, d, a, b, c });
    } else {
        let high = modifiers.require(&[("lo", false), ("hi", true)])?;
        builder.emit(Op::DotProduct2 { a_signed, b_signed, high, d, a, b, c });
    }
    modifiers.finish()
}
