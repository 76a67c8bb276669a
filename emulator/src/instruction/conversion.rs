//! `cvt` (PTX ISA section 9.7.9.21): of one value, of pairs of packed floats, and its rarer forms.

use crossdock_ptx::format::ue8m0_from_f32;
use crossdock_ptx::{Format, IntegralRounding};

use crate::activity::Class;
use crate::decode::decoder::{Decode, Decoder};
use crate::numeric::atomic::half_type;
use crate::op::{Conversion, Op, Rounding, Type};
use crate::register::NONE;

pub(super) const DECODINGS: &[(&str, Decode)] = &[("cvt", convert)];

fn convert(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    if d.take("pack") {
        return pack_saturating(d);
    }
    let (from, to) = (d.ty()?, d.ty()?);
    let integral = d.get::<IntegralRounding>();
    let rounding = d.get::<Rounding>();
    let (relu, saturate_finite) = (d.take("relu"), d.take("satfinite"));
    let nearest = rounding.unwrap_or(Rounding::NearestEven);
    if to == Type::Ue8m0x2 {
        return to_powers_of_two(d, from == Type::Bf16x2, rounding == Some(Rounding::Up), saturate_finite);
    }
    if from == Type::Ue8m0x2 {
        return from_powers_of_two(d);
    }
    if to == Type::Tf32 {
        let away = d.take("rna");
        return d.function(Class::Conversion, (32, 32), move |[a, ..]| {
            tf32(f32::from_bits(a as u32), (!away).then_some(nearest), saturate_finite, relu).into()
        });
    }
    let is_pair = |ty: Type| ty.format().is_some_and(|format| format.bits() < ty.bits().max(16));
    match (is_pair(to), is_pair(from)) {
        (true, false) => {
            let operands = d.three(false)?;
            d.emit(Op::ConvertPair { to, rounding: nearest, relu, saturate: saturate_finite, operands });
        }
        (true, true) => {
            let operands = [d.result_word()?, d.word(1)?];
            d.emit(if half_type(to).is_some() {
                Op::WidenPair { to, from, relu, operands }
            } else {
                Op::NarrowPair { to, from, rounding: nearest, relu, operands }
            });
        }
        (false, _) => {
            let (a, to_data) = (d.data(1, from.bits())?, d.result_data(to.bits())?);
            if a.slot == NONE || to_data.slot == NONE {
                return Err("`_` cannot be converted".into());
            }
            let conversion = Conversion {
                from,
                rounding: rounding.or(integral.map(IntegralRounding::rounding)),
                integral: integral.is_some(),
                saturate: d.take("sat"),
                saturate_finite,
                relu,
                flush: d.take("ftz"),
                ..Conversion::exact(to, to_data, a)
            };
            d.emit_conversion(conversion);
        }
    }
    Ok(())
}

/// `cvt.pack.sat`: two words become elements of 16 or 8 bits, above which the third is shifted.
fn pack_saturating(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let shift = d.last_type() == Some(Type::B32);
    if shift {
        d.ty()?;
    }
    d.ty()?;
    let to = d.ty()?;
    d.take("sat");
    let (bits, signed) = (to.bits(), to.is_signed());
    let (low, high) =
        if signed { (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1) } else { (0, (1i64 << bits) - 1) };
    d.function(Class::Conversion, (32, 32), move |[a, b, c]| {
        let clamped = |v: u64| (i64::from(v as i32).clamp(low, high) as u64) & ((1 << bits) - 1);
        let above = if shift { c << (2 * bits) } else { 0 };
        (above | clamped(a) << bits | clamped(b)) & 0xffff_ffff
    })
}

/// `cvt.ue8m0x2` of two `f32`, or of a packed pair of `bf16`.
fn to_powers_of_two(d: &mut Decoder<'_, '_>, packed: bool, up: bool, saturate: bool) -> Result<(), String> {
    d.function(Class::Conversion, (32, 16), move |[a, b, _]| {
        let (a, b) = (a as u32, b as u32);
        let (high, low) = if packed { (a & 0xffff_0000, a << 16) } else { (a, b) };
        (ue8m0_from_f32(high, up, saturate) << 8 | ue8m0_from_f32(low, up, saturate)).into()
    })
}

/// `cvt.rn.bf16x2.ue8m0x2`.
fn from_powers_of_two(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.function(Class::Conversion, (16, 32), |[a, ..]| {
        // 2^-127 is half of the least normal number.
        let value = |code: u64| match code & 0xff {
            0 => 0x0040,
            0xff => 0x7fff,
            exponent => exponent << 7,
        };
        value(a >> 8) << 16 | value(a)
    })
}

/// To 8 bits of exponent and 10 of mantissa; without a rounding to nearest, ties away from zero.
fn tf32(x: f32, rounding: Option<Rounding>, saturate: bool, relu: bool) -> u32 {
    let code = match rounding {
        // Half a unit is added to the magnitude, the rest is cut off.
        None if x.is_finite() => {
            let rounded = (x.to_bits() & 0x7fff_ffff).wrapping_add(1 << 12) & !0x1fff;
            rounded.min(if saturate { 0x7f7f_e000 } else { 0x7f80_0000 }) | x.to_bits() & 0x8000_0000
        }
        // The code of the narrower format, moved to where the same fields are in `f32`.
        _ => {
            let rounding = rounding.unwrap_or(Rounding::NearestEven);
            Format::Tf32.encode(f64::from(x), rounding, saturate) << 13 | if x.is_nan() { 0x1fff } else { 0 }
        }
    };
    if relu && code >> 31 == 1 && !x.is_nan() { 0 } else { code }
}
