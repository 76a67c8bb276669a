//! Video instructions: arithmetic of words, or of the halves or bytes of words (PTX ISA sections
//! 9.7.17 and 9.7.18).

use crossdock_ptx::{AtomicOperation, Operand};

use crate::activity::Class;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{Data, Op};

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("vadd", |d| video(d, |a, b| a + b, 32)),
    ("vadd2", |d| video(d, |a, b| a + b, 16)),
    ("vadd4", |d| video(d, |a, b| a + b, 8)),
    ("vsub", |d| video(d, |a, b| a - b, 32)),
    ("vsub2", |d| video(d, |a, b| a - b, 16)),
    ("vsub4", |d| video(d, |a, b| a - b, 8)),
    ("vavrg2", |d| video(d, average, 16)),
    ("vavrg4", |d| video(d, average, 8)),
    ("vabsdiff", |d| video(d, |a, b| (a - b).abs(), 32)),
    ("vabsdiff2", |d| video(d, |a, b| (a - b).abs(), 16)),
    ("vabsdiff4", |d| video(d, |a, b| (a - b).abs(), 8)),
    ("vmin", |d| video(d, i64::min, 32)),
    ("vmin2", |d| video(d, i64::min, 16)),
    ("vmin4", |d| video(d, i64::min, 8)),
    ("vmax", |d| video(d, i64::max, 32)),
    ("vmax2", |d| video(d, i64::max, 16)),
    ("vmax4", |d| video(d, i64::max, 8)),
];

/// Halves are rounded away from zero.
fn average(a: i64, b: i64) -> i64 {
    (a + b + i64::from(a + b >= 0)) >> 1
}

fn video(d: &mut Decoder<'_, '_>, combine: fn(i64, i64) -> i64, bits: u32) -> Result<(), String> {
    // How it goes on: its elements are added to the last operand, or the smaller or greater one is
    // taken.
    let then = d.get::<AtomicOperation>();
    let saturate = d.take("sat");
    // In the order of the text: result, then sources.
    let [b, a, to] = [d.ty()?, d.ty()?, d.ty()?];
    let signed = [to, a, b].map(|ty| ty.is_signed());
    let mut sources = Vec::with_capacity(3);
    for (index, source) in d.operands().iter().skip(1).enumerate() {
        let slot = match selected(source) {
            Some((register, position, length)) if bits == 32 && index < 2 => {
                let a = d.builder().word(&register)?;
                let to = d.new_word()?;
                let operands = [to, a, d.constant(position)?, d.constant(length)?];
                d.emit(Op::ExtractBits { wide: false, signed: signed[index + 1], operands });
                to
            }
            _ => d.builder().word(source)?,
        };
        sources.push(Data { slot, long: false });
    }
    let to = Data { slot: d.result_word()?, long: false };
    d.emit_function(Class::Integer, to, sources, move |words| {
        apply(combine, bits, signed, saturate, then, words.map(|word| word as u32)).into()
    });
    Ok(())
}

/// `%r1.b2` and `%r1.h1`: a register, the first bit that is taken, and how many are.
fn selected(operand: &Operand) -> Option<(Operand, u32, u32)> {
    let Operand::Register(name) = operand else { return None };
    let (register, selector) = name.rsplit_once('.')?;
    let (position, length) = match selector {
        "b0" => (0, 8),
        "b1" => (8, 8),
        "b2" => (16, 8),
        "b3" => (24, 8),
        "h0" => (0, 16),
        "h1" => (16, 16),
        _ => return None,
    };
    Some((Operand::Register(register.to_owned()), position, length))
}

/// An element, extended.
fn element(word: u32, index: u32, bits: u32, signed: bool) -> i64 {
    let unused = 64 - bits;
    let raised = u64::from(word >> (bits * index)) << unused;
    if signed { raised as i64 >> unused } else { (raised >> unused) as i64 }
}

fn clamp(value: i64, bits: u32, signed: bool) -> i64 {
    let (least, most) =
        if signed { (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1) } else { (0, (1i64 << bits) - 1) };
    value.clamp(least, most)
}

/// `signed` tells of the result and of both sources whether their elements are.
fn apply(
    combine: fn(i64, i64) -> i64,
    bits: u32,
    signed: [bool; 3],
    saturate: bool,
    then: Option<AtomicOperation>,
    [a, b, c]: [u32; 3],
) -> u32 {
    let mask = ((1u64 << bits) - 1) as u32;
    let (mut result, mut sum) = (0, c);
    for index in 0..32 / bits {
        let value = combine(element(a, index, bits, signed[1]), element(b, index, bits, signed[2]));
        let value = if saturate { clamp(value, bits, signed[0]) } else { value };
        let code = value as u32 & mask;
        result |= code << (bits * index);
        sum = sum.wrapping_add(element(code, 0, bits, signed[0]) as u32);
    }
    let least = if signed[0] { (result as i32).min(c as i32) as u32 } else { result.min(c) };
    match then {
        None => result,
        Some(AtomicOperation::Minimum) => least,
        // The other one of the two.
        Some(AtomicOperation::Maximum) => result ^ c ^ least,
        Some(_) => sum,
    }
}
