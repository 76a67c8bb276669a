//! Integer arithmetic (PTX ISA sections 9.7.1 and 9.7.2).

use crate::activity::Class;
use crate::decode::decoder::Decoder;
use crate::op::{Carry, IntegerBinary, IntegerUnary, Op, Type, Width};

/// The width of an integer type.
pub(super) fn width(ty: Type) -> Width {
    match ty.bits() {
        64 => Width::W64,
        16 => Width::W16,
        _ => Width::W32,
    }
}

/// Appends an operation of two operands.
pub(super) fn binary(d: &mut Decoder<'_, '_>, ty: Type, kind: IntegerBinary) -> Result<(), String> {
    let operands = d.three(ty.bits() == 64)?;
    d.emit(match width(ty) {
        Width::W16 => Op::Binary16 { kind, operands },
        Width::W32 => Op::Binary32 { kind, operands },
        Width::W64 => Op::Binary64 { kind, operands },
    });
    Ok(())
}

/// Appends an operation of one operand.
pub(super) fn unary(d: &mut Decoder<'_, '_>, ty: Type, kind: IntegerUnary) -> Result<(), String> {
    let wide = ty.bits() == 64;
    let (d_slot, a) = (d.result_value(wide)?, d.value(1, wide)?);
    d.emit(Op::Unary { width: width(ty), kind, d: d_slot, a });
    Ok(())
}

pub(super) fn decode(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let (name, ty) = (d.name(), d.ty()?);
    let signed = ty.is_signed();
    if matches!(ty, Type::U16x2 | Type::S16x2) {
        return packed(d, signed);
    }
    let (carry_out, saturate) = (d.take("cc"), d.take("sat"));
    let kind = match (name, saturate, signed) {
        ("mul" | "mad" | "madc", ..) => return multiply(d, ty, saturate, carry_out),
        ("add" | "sub" | "addc" | "subc", ..) if carry_out || name.ends_with('c') => {
            let wide = ty.bits() == 64;
            let (subtract, carry_in) = (name.starts_with("sub"), name.ends_with('c'));
            let carry = Carry { subtract, carry_in, carry_out };
            let operands = d.three(wide)?;
            d.emit(Op::AddCarry { wide, carry, operands });
            return Ok(());
        }
        ("abs", ..) => return unary(d, ty, IntegerUnary::Absolute),
        ("neg", ..) => return unary(d, ty, IntegerUnary::Negate),
        ("add", false, _) => IntegerBinary::Add,
        ("add", true, _) => IntegerBinary::AddSaturating,
        ("sub", false, _) => IntegerBinary::Subtract,
        ("sub", true, _) => IntegerBinary::SubtractSaturating,
        ("div", _, false) => IntegerBinary::DivideUnsigned,
        ("div", _, true) => IntegerBinary::DivideSigned,
        ("rem", _, false) => IntegerBinary::RemainderUnsigned,
        ("rem", _, true) => IntegerBinary::RemainderSigned,
        _ => extremum(name == "min", signed),
    };
    if !d.take("relu") {
        return binary(d, ty, kind);
    }
    // `min.relu.s32` and `max.relu.s32`.
    let [to, a, b] = d.three(false)?;
    let (zero, chosen) = (d.constant(0)?, d.new_word()?);
    d.emit(Op::Binary32 { kind, operands: [chosen, a, b] });
    d.emit(Op::Binary32 { kind: IntegerBinary::MaximumSigned, operands: [to, chosen, zero] });
    Ok(())
}

fn extremum(minimum: bool, signed: bool) -> IntegerBinary {
    match (minimum, signed) {
        (true, false) => IntegerBinary::MinimumUnsigned,
        (true, true) => IntegerBinary::MinimumSigned,
        (false, false) => IntegerBinary::MaximumUnsigned,
        (false, true) => IntegerBinary::MaximumSigned,
    }
}

fn multiply(d: &mut Decoder<'_, '_>, ty: Type, saturate: bool, carry_out: bool) -> Result<(), String> {
    let (name, width, signed) = (d.name(), width(ty), ty.is_signed());
    let wide = width == Width::W64;
    if d.take("wide") {
        let wide_result = width == Width::W32;
        let (to, a, b) = (d.result_value(wide_result)?, d.value(1, wide)?, d.value(2, wide)?);
        let op = if name == "mul" {
            Op::MultiplyWide { width, signed, operands: [to, a, b] }
        } else {
            Op::MultiplyAddWide { width, signed, operands: [to, a, b, d.value(3, wide_result)?] }
        };
        d.emit(op);
        return Ok(());
    }
    let high = d.require(&[("lo", false), ("hi", true)])?;
    let kind = match (high, signed) {
        (false, _) => IntegerBinary::MultiplyLow,
        (true, false) => IntegerBinary::MultiplyHighUnsigned,
        (true, true) => IntegerBinary::MultiplyHighSigned,
    };
    if name == "mul" {
        return binary(d, ty, kind);
    }
    if saturate && name == "mad" {
        return d.function(Class::Integer, (32, 32), |[a, b, c]| {
            let high = (i64::from(a as i32) * i64::from(b as i32)) >> 32;
            u64::from((high as i32).saturating_add(c as i32) as u32)
        });
    }
    if saturate {
        return Err("the emulator does not execute it with `.sat`".into());
    }
    let [to, a, b, c] = d.four(wide)?;
    if name == "mad" && !carry_out {
        d.emit(if high {
            Op::MultiplyAddHigh { width, signed, operands: [to, a, b, c] }
        } else {
            Op::MultiplyAdd { width, operands: [to, a, b, c] }
        });
        return Ok(());
    }
    // With carries: a product and a sum, and each counts as an instruction.
    let product = d.new_register(if wide { Type::B64 } else { Type::B32 })?.slot;
    let operands = [product, a, b];
    d.emit(if wide { Op::Binary64 { kind, operands } } else { Op::Binary32 { kind, operands } });
    let carry = Carry { subtract: false, carry_in: name == "madc", carry_out };
    d.emit(Op::AddCarry { wide, carry, operands: [to, product, c] });
    Ok(())
}

/// Packed 16-bit integers: as several operations, each of which counts as an instruction.
fn packed(d: &mut Decoder<'_, '_>, signed: bool) -> Result<(), String> {
    let kind = match d.name() {
        "add" => IntegerBinary::Add,
        name => extremum(name == "min", signed),
    };
    let relu = d.take("relu");
    let [to, a, b] = d.three(false)?;
    let zero = d.constant(0)?;
    let mut halves = [0; 4];
    for half in &mut halves {
        *half = d.new_word()?;
    }
    let [a_low, a_high, b_low, b_high] = halves;
    d.emit(Op::Unpack16 { low: a_low, high: a_high, a });
    d.emit(Op::Unpack16 { low: b_low, high: b_high, a: b });
    for (a, b) in [(a_low, b_low), (a_high, b_high)] {
        d.emit(Op::Binary16 { kind, operands: [a, a, b] });
        if relu {
            d.emit(Op::Binary16 { kind: IntegerBinary::MaximumSigned, operands: [a, a, zero] });
        }
    }
    d.emit(Op::Pack16 { operands: [to, a_low, a_high] });
    Ok(())
}

pub(super) fn sum_of_differences(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let operands = d.four(ty.bits() == 64)?;
    d.emit(Op::SumOfDifferences { width: width(ty), signed: ty.is_signed(), operands });
    Ok(())
}
