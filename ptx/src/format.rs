//! Binary floating-point formats of at most 32 bits: one row of facts each, and their encoding by
//! integer arithmetic.
//!
//! One algorithm serves every format: a value is `significand * 2^exponent`, rounded to the
//! format's grid. PTX ISA section 5.2.3 describes the alternate formats, section 9.7.9.21 (`cvt`)
//! the rounding and saturation.

use crate::modifier::{Rounding, modifiers};

/// Defines the formats: name, bits of exponent and mantissa, the codes (without their sign) of the
/// greatest finite value, of infinity if there is one, and of the NaN that PTX makes, which is the
/// greatest value where a format has no NaN.
macro_rules! formats {
    ($($(#[$doc:meta])* $name:ident = $spelling:literal
        ($exponent:literal, $mantissa:literal, $greatest:literal, $infinity:expr, $nan:literal),)*) => {
        modifiers! {
            /// A binary floating-point format of at most 32 bits.
            Format { $($(#[$doc])* $name = $spelling,)* }
        }

        impl Format {
            const fn facts(self) -> Facts {
                match self {
                    $(Format::$name => Facts {
                        exponent_bits: $exponent,
                        mantissa_bits: $mantissa,
                        greatest: $greatest,
                        infinity: $infinity,
                        nan: $nan,
                    },)*
                }
            }
        }
    };
}

/// What a row of [`formats`] says.
#[derive(Clone, Copy)]
struct Facts {
    exponent_bits: u32,
    mantissa_bits: u32,
    greatest: u32,
    infinity: Option<u32>,
    nan: u32,
}

formats! {
    /// IEEE binary32.
    F32 = "f32" (8, 23, 0x7f7f_ffff, Some(0x7f80_0000), 0x7fff_ffff),
    /// The upper 19 bits of binary32.
    Tf32 = "tf32" (8, 10, 0x3_fbff, Some(0x3_fc00), 0x3_ffff),
    /// IEEE binary16.
    F16 = "f16" (5, 10, 0x7bff, Some(0x7c00), 0x7fff),
    /// The upper half of binary32.
    Bf16 = "bf16" (8, 7, 0x7f7f, Some(0x7f80), 0x7fff),
    /// No infinity, and one NaN of each sign.
    E4m3 = "e4m3" (4, 3, 0x7e, None, 0x7f),
    /// As IEEE would have it.
    E5m2 = "e5m2" (5, 2, 0x7b, Some(0x7c), 0x7f),
    /// Neither infinity nor NaN.
    E2m3 = "e2m3" (2, 3, 0x1f, None, 0x1f),
    /// Neither infinity nor NaN.
    E3m2 = "e3m2" (3, 2, 0x1f, None, 0x1f),
    /// Neither infinity nor NaN.
    E2m1 = "e2m1" (2, 1, 0x7, None, 0x7),
}

impl Format {
    /// The formats of sixteen bits.
    pub const SIXTEEN_BITS: [Format; 2] = [Format::F16, Format::Bf16];
    /// The formats of eight bits.
    pub const EIGHT_BITS: [Format; 2] = [Format::E4m3, Format::E5m2];

    /// Bits of the exponent.
    pub const fn exponent_bits(self) -> u32 {
        self.facts().exponent_bits
    }

    /// Bits after the leading one.
    pub const fn mantissa_bits(self) -> u32 {
        self.facts().mantissa_bits
    }

    /// The code of the greatest finite value.
    pub const fn greatest(self) -> u32 {
        self.facts().greatest
    }

    /// The code of infinity, if there is one.
    pub const fn infinity(self) -> Option<u32> {
        self.facts().infinity
    }

    /// What PTX makes of a NaN: a code without a sign, which is the greatest value where the format
    /// has no NaN.
    pub const fn nan(self) -> u32 {
        self.facts().nan
    }

    /// Bits of a code, sign included.
    pub const fn bits(self) -> u32 {
        1 + self.exponent_bits() + self.mantissa_bits()
    }

    /// The sign's bit in a code.
    pub const fn sign_bit(self) -> u32 {
        1 << (self.bits() - 1)
    }

    const fn bias(self) -> i32 {
        (1 << (self.exponent_bits() - 1)) - 1
    }

    /// The code of a value, rounded. Every NaN becomes one code without a sign. With `saturate`,
    /// what is beyond the greatest finite value becomes that value, infinities too.
    #[inline]
    pub const fn encode(self, value: f64, rounding: Rounding, saturate: bool) -> u32 {
        if value.is_nan() {
            return self.nan();
        }
        let negative = value.is_sign_negative();
        let bits = value.to_bits();
        let field = ((bits >> 52) & 0x7ff) as i32;
        let fraction = bits & ((1 << 52) - 1);
        match field {
            0x7ff => self.with_sign(self.overflow(true, saturate), negative),
            0 => self.encode_parts(negative, fraction, -1074, rounding, saturate),
            _ => self.encode_parts(negative, fraction | 1 << 52, field - 1075, rounding, saturate),
        }
    }

    /// The code of `±significand * 2^exponent`.
    #[inline]
    pub const fn encode_parts(
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
        let least = 1 - self.bias();
        let binade = if top > least { top } else { least };
        // The result is a multiple of 2^grid.
        let grid = binade - self.mantissa_bits() as i32;
        let shift = grid - exponent;
        let (units, rest, half) = match shift {
            ..=0 => (significand << -shift, 0, 1),
            1..=63 => (significand >> shift, significand & ((1 << shift) - 1), 1 << (shift - 1)),
            64 => (0, significand, 1 << 63),
            // Less than half of a unit, and not nothing.
            _ => (0, 1, 2),
        };
        let away = match rounding {
            Rounding::NearestEven => true,
            Rounding::TowardZero => false,
            Rounding::Down => negative,
            Rounding::Up => !negative,
        };
        let up = match rounding {
            Rounding::NearestEven => rest > half || rest == half && units & 1 == 1,
            _ => rest != 0 && away,
        };
        let field = ((binade + self.bias()) as i64) << self.mantissa_bits();
        let code = field + (units + up as u64) as i64 - (1i64 << self.mantissa_bits());
        let code = if code > self.greatest() as i64 { self.overflow(away, saturate) } else { code as u32 };
        self.with_sign(code, negative)
    }

    const fn overflow(self, away: bool, saturate: bool) -> u32 {
        match self.infinity() {
            _ if saturate || !away => self.greatest(),
            Some(infinity) => infinity,
            None => self.nan(),
        }
    }

    const fn with_sign(self, code: u32, negative: bool) -> u32 {
        if negative { code | self.sign_bit() } else { code }
    }

    /// The value of a code; every format fits `f64` exactly.
    #[inline]
    pub const fn decode(self, code: u32) -> f64 {
        let magnitude = code & (self.sign_bit() - 1);
        let value = match self.infinity() {
            Some(infinity) if magnitude == infinity => f64::INFINITY,
            _ if magnitude > self.greatest() => return f64::NAN,
            _ => {
                let field = magnitude >> self.mantissa_bits();
                let fraction = magnitude & ((1 << self.mantissa_bits()) - 1);
                let significand = if field == 0 { fraction } else { fraction | 1 << self.mantissa_bits() };
                let scale = if field == 0 { 1 } else { field as i32 };
                let exponent = scale - self.bias() - self.mantissa_bits() as i32;
                significand as f64 * f64::from_bits(((exponent + 1023) as u64) << 52)
            }
        };
        if code & self.sign_bit() != 0 { -value } else { value }
    }

    /// The value of a code as `f32`, which every format fits as well. A NaN is the one that PTX
    /// makes (PTX ISA section 9.7.3).
    #[inline]
    pub const fn value(self, code: u32) -> f32 {
        let value = self.decode(code);
        if value.is_nan() { f32::from_bits(Format::F32.nan()) } else { value as f32 }
    }
}

modifiers! {
    /// A float of 16 bits.
    HalfFormat {
        /// IEEE binary16.
        F16 = "f16",
        /// The upper half of an `f32`.
        Bf16 = "bf16",
    }
}

impl HalfFormat {
    /// The facts about it.
    pub const fn format(self) -> Format {
        match self {
            HalfFormat::F16 => Format::F16,
            HalfFormat::Bf16 => Format::Bf16,
        }
    }

    /// The type of two such floats in a word.
    pub const fn pair(self) -> HalfPair {
        match self {
            HalfFormat::F16 => HalfPair::F16,
            HalfFormat::Bf16 => HalfPair::Bf16,
        }
    }
}

impl Format {
    /// The float of 16 bits that computes, if the format is one.
    pub const fn half(self) -> Option<HalfFormat> {
        match self {
            Format::F16 => Some(HalfFormat::F16),
            Format::Bf16 => Some(HalfFormat::Bf16),
            _ => None,
        }
    }

    /// The type of two codes of 8 bits, if the format has codes of 8 bits with a sign.
    pub const fn float8_pair(self) -> Option<Float8Pair> {
        match self {
            Format::E4m3 => Some(Float8Pair::E4m3),
            Format::E5m2 => Some(Float8Pair::E5m2),
            _ => None,
        }
    }
}

modifiers! {
    /// Two floats of 8 bits.
    Float8Pair {
        /// Two of [`Format::E4m3`].
        E4m3 = "e4m3x2",
        /// Two of [`Format::E5m2`].
        E5m2 = "e5m2x2",
    }
}

modifiers! {
    /// Two floats of 16 bits in a word.
    HalfPair {
        /// Two of [`HalfFormat::F16`].
        F16 = "f16x2",
        /// Two of [`HalfFormat::Bf16`].
        Bf16 = "bf16x2",
    }
}

/// The power of two that `ue8m0` has for the magnitude of an `f32`, given as its bits: rounded up
/// or, without `up`, down. 255 is NaN.
pub const fn ue8m0_from_f32(bits: u32, up: bool, saturate: bool) -> u32 {
    let magnitude = bits & 0x7fff_ffff;
    if magnitude > 0x7f80_0000 {
        return 0xff;
    }
    if magnitude == 0x7f80_0000 {
        return if saturate { 0xfe } else { 0xff };
    }
    // The least power is 2^-127, which is a subnormal of `f32`.
    let (exponent, mantissa) = (magnitude >> 23, magnitude & 0x7f_ffff);
    let above = if exponent == 0 { mantissa > 0x40_0000 } else { mantissa != 0 };
    let code = exponent + (up && above) as u32;
    if saturate && code > 0xfe { 0xfe } else { code }
}

/// The bf16 that is nearest to an `f32`, given as its bits, without branches, so that a loop over
/// lanes vectorises.
#[inline(always)]
pub const fn bf16_from_f32(bits: u32) -> u32 {
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    if bits & 0x7fff_ffff > 0x7f80_0000 { 0x7fff } else { rounded }
}
