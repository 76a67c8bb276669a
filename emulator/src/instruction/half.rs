//! Arithmetic of 16-bit floats, one value or two packed in a word (PTX ISA section 9.7.4).

use super::float::binary_kind;
use crate::activity::Class;
use crate::decode::decoder::Decoder;
use crate::numeric::half::{HalfModes, half_with_modes, halves};
use crate::op::{HalfFormat, HalfOperation, Op, Rounding};

pub(super) fn decode(d: &mut Decoder<'_, '_>, format: HalfFormat, packed: bool) -> Result<(), String> {
    d.ty()?;
    let name = d.name();
    d.ignore(&["rn", "approx"]);
    let (flush, saturate, nan) = (d.take("ftz"), d.take("sat"), d.take("NaN"));
    let bits = if packed { 32 } else { 16 };
    let kind = match name {
        "ex2" | "tanh" => {
            let f = if name == "tanh" { f64::tanh } else { f64::exp2 };
            let format = format.format();
            let one = move |[x]: [u32; 1]| format.encode(f(format.decode(x)), Rounding::NearestEven, false);
            return d.function(Class::Floating, (bits, bits), move |[a, ..]| {
                halves(packed, [a as u32], one).into()
            });
        }
        "fma" => HalfOperation::MultiplyAdd { relu: d.take("relu") },
        "neg" => HalfOperation::Negate,
        "abs" => HalfOperation::Absolute,
        _ => HalfOperation::Binary(
            binary_kind(name, nan).ok_or("the emulator does not execute it for 16-bit floats")?,
        ),
    };
    let xor_sign = d.take("xorsign");
    if xor_sign {
        d.take("abs");
    }
    if flush || saturate || xor_sign {
        let modes = HalfModes { flush, saturate, xor_sign };
        return d.function(Class::Floating, (bits, bits), move |sources| {
            let words = sources.map(|source| source as u32);
            halves(packed, words, |operands| half_with_modes(format, kind, modes, operands)).into()
        });
    }
    let sources = d.operands().len() - 1;
    let a = d.word(1)?;
    let b = if sources > 1 { d.word(2)? } else { a };
    let c = if sources > 2 { d.word(3)? } else { a };
    let operands = [d.result_word()?, a, b, c];
    d.emit(Op::Half { format, packed, kind, operands });
    Ok(())
}
