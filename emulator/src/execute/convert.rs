//! `cvt` (PTX ISA section 9.7.9.21): between integers, between floats, and between the two.

use crossdock_ptx::Format;
use crossdock_ptx::bf16_from_f32;

use super::environment::Site;
use crate::numeric::arithmetic;
use crate::op::{Conversion, Rounding, Type};
use crate::register::{Registers, Slot, lanes};

fn is_float(ty: Type) -> bool {
    ty == Type::F64 || ty.format().is_some()
}

fn decode(ty: Type, raw: u64) -> f64 {
    ty.format().map_or(f64::from_bits(raw), |format| format.decode(raw as u32))
}

/// The low bits of a register as an integer of a type.
fn integer(ty: Type, raw: u64) -> i128 {
    let unused = 64 - ty.bits();
    if ty.is_signed() {
        i128::from((raw << unused) as i64 >> unused)
    } else {
        i128::from(raw << unused >> unused)
    }
}

fn limits(ty: Type) -> (i128, i128) {
    let bits = ty.bits();
    if ty.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// `cvt` of one value.
#[inline(never)]
pub(crate) fn convert(site: &mut Site<'_, '_>, index: u32) {
    let (r, mask, conversion) = (&mut *site.r, site.mask, &site.env.code.conversions[index as usize]);
    if !conversion.a.long && conversion.d.long {
        match (conversion.from, conversion.to) {
            (Type::U32, Type::U64 | Type::S64) => {
                return r.map(mask, conversion.d.slot, conversion.a.slot, |x: u32| u64::from(x));
            }
            (Type::S32, Type::U64 | Type::S64) if !conversion.saturate => {
                return r.map(mask, conversion.d.slot, conversion.a.slot, |x: i32| i64::from(x));
            }
            _ => {}
        }
    }
    if conversion.to == Type::Bf16
        && conversion.from == Type::F32
        && conversion.rounding == Some(Rounding::NearestEven)
        && !(conversion.relu || conversion.saturate_finite || conversion.flush)
    {
        return r.map(mask, conversion.d.slot, conversion.a.slot, bf16_from_f32);
    }
    for lane in lanes(mask) {
        let raw = if conversion.a.long {
            r.lane::<u64>(conversion.a.slot, lane)
        } else {
            u64::from(r.lane::<u32>(conversion.a.slot, lane))
        };
        let value = convert_value(conversion, raw);
        if conversion.d.long {
            r.set_lane(conversion.d.slot, lane, value);
        } else {
            r.set_lane(conversion.d.slot, lane, value as u32);
        }
    }
}

fn convert_value(conversion: &Conversion, raw: u64) -> u64 {
    let Conversion { to, from, .. } = *conversion;
    let rounding = conversion.rounding.unwrap_or(Rounding::NearestEven);
    match (is_float(from), is_float(to)) {
        (false, false) => {
            let value = integer(from, raw);
            let (least, most) = limits(to);
            let value = if conversion.saturate { value.clamp(least, most) } else { value };
            // A narrow result is extended to the destination register by its own signedness.
            extend_integer(to, value as u64, conversion.d.long)
        }
        (false, true) => {
            let value = integer(from, raw);
            let result = match to.format() {
                Some(format) => {
                    let magnitude = value.unsigned_abs() as u64;
                    u64::from(format.encode_parts(value < 0, magnitude, 0, rounding, false))
                }
                None => int_to_f64(value, rounding).to_bits(),
            };
            if conversion.saturate { saturate(to, result) } else { result }
        }
        (true, false) => {
            let mut value = decode(from, raw);
            if conversion.flush && from == Type::F32 {
                value = f64::from(arithmetic::flush(value as f32));
            }
            if value.is_nan() {
                // PTX ISA section 9.7.9, `cvt`: zero, or the most significant bit where either side
                // has 64 bits.
                let wide = from == Type::F64 || to.bits() == 64;
                return extend_integer(to, if wide { 1 << (to.bits() - 1) } else { 0 }, conversion.d.long);
            }
            let (least, most) = limits(to);
            let whole = round_integral(value, rounding);
            extend_integer(to, (whole as i128).clamp(least, most) as u64, conversion.d.long)
        }
        (true, true) => {
            let mut value = decode(from, raw);
            if conversion.flush && from == Type::F32 {
                value = f64::from(arithmetic::flush(value as f32));
            }
            if conversion.integral {
                value = round_integral(value, rounding);
            }
            let mut result = match to.format() {
                Some(format) => u64::from(format.encode(value, rounding, conversion.saturate_finite)),
                None => arithmetic::canonical_f64(value).to_bits(),
            };
            if conversion.flush && to == Type::F32 {
                result = u64::from(arithmetic::flush(f32::from_bits(result as u32)).to_bits());
            }
            if conversion.saturate {
                result = saturate(to, result);
            }
            let sign = 1 << (to.bits() - 1);
            if conversion.relu && result & sign != 0 { 0 } else { result }
        }
    }
}

fn extend_integer(to: Type, value: u64, wide: bool) -> u64 {
    let unused = 64 - to.bits();
    let extended =
        if to.is_signed() { ((value << unused) as i64 >> unused) as u64 } else { value << unused >> unused };
    // Words hold 16-bit and narrower registers zero-extended; 32-bit registers hold the extended
    // value.
    if wide { extended } else { extended & 0xffff_ffff }
}

fn saturate(to: Type, raw: u64) -> u64 {
    let value = arithmetic::saturate_f64(decode(to, raw));
    match to.format() {
        Some(format) => u64::from(format.encode(value, Rounding::NearestEven, false)),
        None => value.to_bits(),
    }
}

fn round_integral(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::NearestEven => value.round_ties_even(),
        Rounding::TowardZero => value.trunc(),
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    }
}

fn int_to_f64(value: i128, rounding: Rounding) -> f64 {
    let nearest = value as f64;
    let back = nearest as i128;
    let towards = |up: bool| {
        let away = up == (nearest > 0.0);
        f64::from_bits(if away { nearest.to_bits() + 1 } else { nearest.to_bits() - 1 })
    };
    match rounding {
        Rounding::Up if back < value => towards(true),
        Rounding::Down if back > value => towards(false),
        Rounding::TowardZero if back > value && value > 0 => towards(false),
        Rounding::TowardZero if back < value && value < 0 => towards(true),
        _ => nearest,
    }
}

/// The format of each of two packed floats, and from where to where the next one is.
fn element(ty: Type) -> (Format, u32) {
    let format = ty.format().unwrap_or(Format::F32);
    (format, format.bits().next_power_of_two())
}

fn narrow(format: Format, x: f64, rounding: Rounding, relu: bool, saturate: bool) -> u32 {
    let code = format.encode(x, rounding, saturate);
    if relu && code & format.sign_bit() != 0 { 0 } else { code }
}

/// `cvt.rn.bf16x2.f32 d, high, low` and its kin.
#[inline(always)]
pub(crate) fn convert_pair(
    r: &mut Registers,
    mask: u32,
    to: Type,
    rounding: Rounding,
    relu: bool,
    saturate: bool,
    operands: [Slot; 3],
) {
    if to == Type::Bf16x2 && rounding == Rounding::NearestEven && !relu && !saturate {
        r.map_two(mask, operands, |high: u32, low: u32| bf16_from_f32(high) << 16 | bf16_from_f32(low));
    } else {
        let (format, bits) = element(to);
        let narrow = |x: f32| narrow(format, f64::from(x), rounding, relu, saturate);
        pair(r, mask, operands, bits, narrow);
    }
}

#[inline(never)]
fn pair(r: &mut Registers, mask: u32, operands: [Slot; 3], bits: u32, narrow: impl Fn(f32) -> u32) {
    r.map_two(mask, operands, |high: f32, low: f32| narrow(high) << bits | narrow(low));
}

/// `cvt.rn.satfinite.e4m3x2.f16x2` and its kin.
#[inline(never)]
pub(crate) fn narrow_pair(
    r: &mut Registers,
    mask: u32,
    to: Type,
    from: Type,
    rounding: Rounding,
    relu: bool,
    [d, a]: [Slot; 2],
) {
    let ((source, _), (target, bits)) = (element(from), element(to));
    r.map(mask, d, a, |x: u32| {
        let [high, low] =
            [x >> 16, x & 0xffff].map(|half| narrow(target, source.decode(half), rounding, relu, true));
        high << bits | low
    });
}

/// `cvt.rn.f16x2.e4m3x2` and its kin: exact.
#[inline(never)]
pub(crate) fn widen_pair(r: &mut Registers, mask: u32, to: Type, from: Type, relu: bool, [d, a]: [Slot; 2]) {
    let ((format, bits), (target, _)) = (element(from), element(to));
    r.map(mask, d, a, |x: u32| {
        let code = |shift: u32| x >> shift & (2 * format.sign_bit() - 1);
        let [high, low] = [code(bits), code(0)]
            .map(|code| narrow(target, format.decode(code), Rounding::NearestEven, relu, false));
        high << 16 | low
    });
}
