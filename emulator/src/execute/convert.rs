//! `cvt` (PTX ISA section 9.7.9.21): between integers, between floats, and between the two.

use crate::numeric::{BF16, E2M1, E2M3, E3M2, E4M3, E5M2, F16, F32, Format, Rounding, arithmetic, format};
use crate::op::{Conversion, Packed, Scalar};
use crate::register::{Registers, Slot};

impl Scalar {
    /// Bits of a value.
    pub(crate) fn bits(self) -> u32 {
        match self {
            Scalar::U8 | Scalar::S8 => 8,
            Scalar::U16 | Scalar::S16 | Scalar::F16 | Scalar::Bf16 => 16,
            Scalar::U32 | Scalar::S32 | Scalar::F32 => 32,
            Scalar::U64 | Scalar::S64 | Scalar::F64 => 64,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Scalar::F16 | Scalar::Bf16 | Scalar::F32 | Scalar::F64)
    }

    pub(crate) fn is_signed(self) -> bool {
        matches!(self, Scalar::S8 | Scalar::S16 | Scalar::S32 | Scalar::S64)
    }

    fn format(self) -> Option<Format> {
        match self {
            Scalar::F16 => Some(F16),
            Scalar::Bf16 => Some(BF16),
            Scalar::F32 => Some(F32),
            _ => None,
        }
    }

    fn decode(self, raw: u64) -> f64 {
        match self.format() {
            Some(format) => format.decode(raw as u32),
            None => f64::from_bits(raw),
        }
    }

    /// The value of the low bits as an integer.
    fn integer(self, raw: u64) -> i128 {
        let unused = 64 - self.bits();
        if self.is_signed() {
            i128::from((raw << unused) as i64 >> unused)
        } else {
            i128::from(raw << unused >> unused)
        }
    }

    fn limits(self) -> (i128, i128) {
        let bits = self.bits();
        if self.is_signed() { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
    }
}

/// Executes a conversion in the lanes of `mask`.
#[inline(never)]
pub(crate) fn convert(r: &mut Registers, mask: u32, conversion: &Conversion) {
    if !conversion.a_long && conversion.d_long {
        match (conversion.from, conversion.to) {
            (Scalar::U32, Scalar::U64 | Scalar::S64) => {
                return r.map(mask, conversion.d, conversion.a, |x: u32| u64::from(x));
            }
            (Scalar::S32, Scalar::U64 | Scalar::S64) if !conversion.saturate => {
                return r.map(mask, conversion.d, conversion.a, |x: i32| i64::from(x));
            }
            _ => {}
        }
    }
    if conversion.to == Scalar::Bf16
        && conversion.from == Scalar::F32
        && conversion.rounding == Some(Rounding::Nearest)
        && !(conversion.relu || conversion.saturate_finite || conversion.flush)
    {
        return r.map(mask, conversion.d, conversion.a, format::bf16_from_f32);
    }
    for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
        let raw = if conversion.a_long {
            r.lane::<u64>(conversion.a, lane)
        } else {
            u64::from(r.lane::<u32>(conversion.a, lane))
        };
        let value = convert_value(conversion, raw);
        if conversion.d_long {
            r.set_lane(conversion.d, lane, value);
        } else {
            r.set_lane(conversion.d, lane, value as u32);
        }
    }
}

fn convert_value(conversion: &Conversion, raw: u64) -> u64 {
    let Conversion { to, from, .. } = *conversion;
    let rounding = conversion.rounding.unwrap_or(Rounding::Nearest);
    match (from.is_float(), to.is_float()) {
        (false, false) => {
            let value = from.integer(raw);
            let (least, most) = to.limits();
            let value = if conversion.saturate { value.clamp(least, most) } else { value };
            // A narrow result is extended to the destination register by its own signedness.
            extend_integer(to, value as u64, conversion.d_long)
        }
        (false, true) => {
            let value = from.integer(raw);
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
            let mut value = from.decode(raw);
            if conversion.flush && from == Scalar::F32 {
                value = f64::from(arithmetic::flush(value as f32));
            }
            if value.is_nan() {
                // PTX ISA section 9.7.9, `cvt`: zero, or the most significant bit where either side has 64 bits.
                let wide = from == Scalar::F64 || to.bits() == 64;
                return extend_integer(to, if wide { 1 << (to.bits() - 1) } else { 0 }, conversion.d_long);
            }
            let (least, most) = to.limits();
            let whole = round_integral(value, rounding);
            extend_integer(to, (whole as i128).clamp(least, most) as u64, conversion.d_long)
        }
        (true, true) => {
            let mut value = from.decode(raw);
            if conversion.flush && from == Scalar::F32 {
                value = f64::from(arithmetic::flush(value as f32));
            }
            if conversion.integral {
                value = round_integral(value, rounding);
            }
            let mut result = match to.format() {
                Some(format) => u64::from(format.encode(value, rounding, conversion.saturate_finite)),
                None => arithmetic::canonical_f64(value).to_bits(),
            };
            if conversion.flush && to == Scalar::F32 {
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

fn extend_integer(to: Scalar, value: u64, wide: bool) -> u64 {
    let unused = 64 - to.bits();
    let extended =
        if to.is_signed() { ((value << unused) as i64 >> unused) as u64 } else { value << unused >> unused };
    // Words hold 16-bit and narrower registers zero-extended; 32-bit registers hold the extended value.
    if wide { extended } else { extended & 0xffff_ffff }
}

fn saturate(to: Scalar, raw: u64) -> u64 {
    let value = arithmetic::saturate_f64(to.decode(raw));
    match to.format() {
        Some(format) => u64::from(format.encode(value, Rounding::Nearest, false)),
        None => value.to_bits(),
    }
}

fn round_integral(value: f64, rounding: Rounding) -> f64 {
    match rounding {
        Rounding::Nearest => value.round_ties_even(),
        Rounding::Zero => value.trunc(),
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
        Rounding::Zero if back > value && value > 0 => towards(false),
        Rounding::Zero if back < value && value < 0 => towards(true),
        _ => nearest,
    }
}

impl Packed {
    /// The format of a value, and from where to where the next one is.
    fn element(self) -> (Format, u32) {
        match self {
            Packed::F16x2 => (F16, 16),
            Packed::Bf16x2 => (BF16, 16),
            Packed::E4m3x2 => (E4M3, 8),
            Packed::E5m2x2 => (E5M2, 8),
            Packed::E2m3x2 => (E2M3, 8),
            Packed::E3m2x2 => (E3M2, 8),
            Packed::E2m1x2 => (E2M1, 4),
        }
    }

    fn narrow(self, x: f64, rounding: Rounding, relu: bool, saturate: bool) -> u32 {
        let (format, _) = self.element();
        let code = format.encode(x, rounding, saturate);
        if relu && code & format.sign_bit() != 0 { 0 } else { code }
    }
}

/// `cvt.rn.bf16x2.f32 d, high, low` and its kin.
#[inline(always)]
pub(crate) fn convert_pair(
    r: &mut Registers,
    mask: u32,
    (to, rounding, relu, saturate): (Packed, Rounding, bool, bool),
    operands: [Slot; 3],
) {
    if to == Packed::Bf16x2 && rounding == Rounding::Nearest && !relu && !saturate {
        r.map_two(mask, operands, |high: u32, low: u32| {
            format::bf16_from_f32(high) << 16 | format::bf16_from_f32(low)
        });
    } else {
        convert_pair_any(r, mask, (to, rounding, relu, saturate), operands);
    }
}

#[inline(never)]
fn convert_pair_any(
    r: &mut Registers,
    mask: u32,
    (to, rounding, relu, saturate): (Packed, Rounding, bool, bool),
    operands: [Slot; 3],
) {
    let (_, bits) = to.element();
    r.map_two(mask, operands, |high: f32, low: f32| {
        let [high, low] = [high, low].map(|x| to.narrow(f64::from(x), rounding, relu, saturate));
        high << bits | low
    });
}

/// `cvt.rn.satfinite.e4m3x2.f16x2` and its kin.
#[inline(never)]
pub(crate) fn narrow_pair(
    r: &mut Registers,
    mask: u32,
    (to, from): (Packed, Packed),
    (rounding, relu): (Rounding, bool),
    [d, a]: [Slot; 2],
) {
    let (source, _) = from.element();
    let (_, bits) = to.element();
    r.map(mask, d, a, |x: u32| {
        let [high, low] =
            [x >> 16, x & 0xffff].map(|half| to.narrow(source.decode(half), rounding, relu, true));
        high << bits | low
    });
}

/// `cvt.rn.f16x2.e4m3x2` and its kin: exact.
#[inline(never)]
pub(crate) fn widen_pair(
    r: &mut Registers,
    mask: u32,
    (to, from): (Packed, Packed),
    relu: bool,
    [d, a]: [Slot; 2],
) {
    let (format, bits) = from.element();
    r.map(mask, d, a, |x: u32| {
        let code = |shift: u32| x >> shift & (2 * format.sign_bit() - 1);
        let [high, low] =
            [code(bits), code(0)].map(|code| to.narrow(format.decode(code), Rounding::Nearest, relu, false));
        high << 16 | low
    });
}
