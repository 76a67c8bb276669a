//! Encoding and decoding of binary floating-point formats by integer arithmetic.
//!
//! One algorithm serves every format: a value is `significand * 2^exponent`, rounded to the format's grid. PTX ISA
//! section 5.2.3 describes the alternate formats, section 9.7.9.21 (`cvt`) the rounding and saturation.

/// How a result that the format cannot represent is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// To nearest, ties to even.
    Nearest,
    /// Towards zero.
    Zero,
    /// Towards negative infinity.
    Down,
    /// Towards positive infinity.
    Up,
}

/// A binary floating-point format of at most 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    exponent_bits: u32,
    mantissa_bits: u32,
    /// The largest code of a finite value, sign excluded.
    max_finite: u32,
    /// The code of infinity, if the format has one.
    infinity: Option<u32>,
    /// The NaN that PTX produces.
    nan: u32,
}

/// IEEE binary32.
pub(crate) const F32: Format = Format {
    exponent_bits: 8,
    mantissa_bits: 23,
    max_finite: 0x7f7f_ffff,
    infinity: Some(0x7f80_0000),
    nan: 0x7fff_ffff,
};
/// IEEE binary16.
pub(crate) const F16: Format =
    Format { exponent_bits: 5, mantissa_bits: 10, max_finite: 0x7bff, infinity: Some(0x7c00), nan: 0x7fff };
/// The upper half of binary32.
pub(crate) const BF16: Format =
    Format { exponent_bits: 8, mantissa_bits: 7, max_finite: 0x7f7f, infinity: Some(0x7f80), nan: 0x7fff };
/// The upper 19 bits of binary32.
pub(crate) const TF32: Format = Format {
    exponent_bits: 8,
    mantissa_bits: 10,
    max_finite: 0x3_fbff,
    infinity: Some(0x3_fc00),
    nan: 0x3_ffff,
};
/// Four exponent bits, three mantissa bits, no infinity.
pub(crate) const E4M3: Format =
    Format { exponent_bits: 4, mantissa_bits: 3, max_finite: 0x7e, infinity: None, nan: 0x7f };
/// Five exponent bits, two mantissa bits.
pub(crate) const E5M2: Format =
    Format { exponent_bits: 5, mantissa_bits: 2, max_finite: 0x7b, infinity: Some(0x7c), nan: 0x7f };

/// Two exponent bits, three mantissa bits; neither infinity nor NaN, so a NaN becomes the largest value, as for those below.
pub(crate) const E2M3: Format =
    Format { exponent_bits: 2, mantissa_bits: 3, max_finite: 0x1f, infinity: None, nan: 0x1f };
/// Three exponent bits, two mantissa bits.
pub(crate) const E3M2: Format =
    Format { exponent_bits: 3, mantissa_bits: 2, max_finite: 0x1f, infinity: None, nan: 0x1f };
/// Two exponent bits, one mantissa bit.
pub(crate) const E2M1: Format =
    Format { exponent_bits: 2, mantissa_bits: 1, max_finite: 0x7, infinity: None, nan: 0x7 };

/// The power of two that `ue8m0` has for the magnitude of `x`: rounded up or, without `up`, down. 255 is NaN.
pub(crate) fn ue8m0_from_f32(x: u32, up: bool, saturate: bool) -> u32 {
    let magnitude = x & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return 0xff;
    }
    if magnitude == 0x7f80_0000 {
        return if saturate { 0xfe } else { 0xff };
    }
    // The least power is 2^-127, which is a subnormal of `f32`.
    let (exponent, mantissa) = (magnitude >> 23, magnitude & 0x7f_ffff);
    let above = if exponent == 0 { mantissa > 0x40_0000 } else { mantissa != 0 };
    let code = exponent + u32::from(up && above);
    if saturate { code.min(0xfe) } else { code }
}

impl Format {
    fn bias(self) -> i32 {
        (1 << (self.exponent_bits - 1)) - 1
    }

    pub(crate) fn sign_bit(self) -> u32 {
        1 << (self.exponent_bits + self.mantissa_bits)
    }

    /// The format's NaN code.
    pub(crate) fn nan(self) -> u32 {
        self.nan
    }

    /// Rounds `x`. With `saturate`, values beyond the largest finite one, and infinities, become that one.
    pub(crate) fn encode(self, x: f64, rounding: Rounding, saturate: bool) -> u32 {
        if x.is_nan() {
            return self.nan;
        }
        let negative = x.is_sign_negative();
        if x.is_infinite() {
            return self.with_sign(self.overflow(true, saturate), negative);
        }
        let bits = x.to_bits();
        let field = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        if field == 0 {
            self.encode_parts(negative, fraction, -1074, rounding, saturate)
        } else {
            self.encode_parts(negative, fraction | 1 << 52, field - 1075, rounding, saturate)
        }
    }

    /// Rounds `±significand * 2^exponent`.
    pub(crate) fn encode_parts(
        self,
        negative: bool,
        significand: u64,
        exponent: i32,
        rounding: Rounding,
        saturate: bool,
    ) -> u32 {
        if significand == 0 {
            return self.with_sign(0, negative);
        }
        let top = exponent + 63 - significand.leading_zeros() as i32;
        let binade = top.max(1 - self.bias());
        // The result is a multiple of 2^grid.
        let grid = binade - self.mantissa_bits as i32;
        let shift = grid - exponent;
        let (mut units, inexact, half) = if shift <= 0 {
            (significand << -shift, false, std::cmp::Ordering::Less)
        } else if shift > 64 {
            (0, true, std::cmp::Ordering::Less)
        } else {
            let wide = u128::from(significand) << 64 >> shift;
            let (whole, rest) = ((wide >> 64) as u64, wide as u64);
            (whole, rest != 0, rest.cmp(&(1 << 63)))
        };
        let up = inexact
            && match rounding {
                Rounding::Nearest => half.is_gt() || (half.is_eq() && units & 1 == 1),
                Rounding::Zero => false,
                Rounding::Down => negative,
                Rounding::Up => !negative,
            };
        units += u64::from(up);
        let field = i64::from(binade + self.bias()) << self.mantissa_bits;
        let code = field + units as i64 - (1i64 << self.mantissa_bits);
        let code = if code > i64::from(self.max_finite) {
            let away = match rounding {
                Rounding::Nearest => true,
                Rounding::Zero => false,
                Rounding::Down => negative,
                Rounding::Up => !negative,
            };
            self.overflow(away, saturate)
        } else {
            code as u32
        };
        self.with_sign(code, negative)
    }

    fn overflow(self, away: bool, saturate: bool) -> u32 {
        if saturate || !away { self.max_finite } else { self.infinity.unwrap_or(self.nan) }
    }

    fn with_sign(self, code: u32, negative: bool) -> u32 {
        if negative { code | self.sign_bit() } else { code }
    }

    /// The value of a code; every format fits `f64` exactly.
    pub(crate) fn decode(self, code: u32) -> f64 {
        let negative = code & self.sign_bit() != 0;
        let magnitude = code & (self.sign_bit() - 1);
        let value = if Some(magnitude) == self.infinity {
            f64::INFINITY
        } else if magnitude > self.max_finite {
            return f64::NAN;
        } else {
            let field = magnitude >> self.mantissa_bits;
            let fraction = magnitude & ((1 << self.mantissa_bits) - 1);
            let significand = if field == 0 { fraction } else { fraction | 1 << self.mantissa_bits };
            let exponent = field.max(1) as i32 - self.bias() - self.mantissa_bits as i32;
            f64::from(significand) * power_of_two(exponent)
        };
        if negative { -value } else { value }
    }
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// `cvt.rn.bf16.f32` without branches, so that a loop over lanes vectorises.
#[inline(always)]
pub(crate) fn bf16_from_f32(bits: u32) -> u32 {
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    if bits & 0x7fff_ffff > 0x7f80_0000 { 0x7fff } else { rounded }
}
