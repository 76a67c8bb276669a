//! Floats of 8 and 16 bits: rounded from `f32` and widened to it exactly.
//!
//! The host twins of the device's conversions and the constant evaluation of kernels both use these functions.

/// A binary float format that `f32` contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    exponent_bits: u32,
    mantissa_bits: u32,
    /// The code of the largest finite value, sign excluded.
    greatest: u32,
    /// The code that PTX makes for NaN.
    nan: u32,
}

/// IEEE binary16.
pub const F16: Format = Format { exponent_bits: 5, mantissa_bits: 10, greatest: 0x7bff, nan: 0x7fff };
/// Eight bits: 4 of exponent, 3 of mantissa, no infinity.
pub const E4M3: Format = Format { exponent_bits: 4, mantissa_bits: 3, greatest: 0x7e, nan: 0x7f };
/// Eight bits: 5 of exponent, 2 of mantissa.
pub const E5M2: Format = Format { exponent_bits: 5, mantissa_bits: 2, greatest: 0x7b, nan: 0x7f };

impl Format {
    const fn bias(self) -> u32 {
        (1 << (self.exponent_bits - 1)) - 1
    }

    const fn sign_bit(self) -> u32 {
        1 << (self.exponent_bits + self.mantissa_bits)
    }

    /// The code of the nearest value, ties to even; every NaN becomes one code without a sign. What is beyond the largest
    /// finite value becomes that value with `saturate`, and infinity without (in formats that have it).
    pub const fn encode(self, value: f32, saturate: bool) -> u32 {
        let bits = value.to_bits();
        let (sign, magnitude) = (bits >> 31, bits & 0x7fff_ffff);
        if magnitude > 0x7f80_0000 {
            return self.nan;
        }
        let field = magnitude >> 23;
        let (exponent, significand) = match field {
            0 => (1, magnitude),
            _ => (field, magnitude & 0x007f_ffff | 0x0080_0000),
        };
        // The exponent field of the result, were it unbounded; below 1 the result is subnormal.
        let target = exponent as i32 - 127 + self.bias() as i32;
        let dropped = 23 - self.mantissa_bits + if target < 1 { (1 - target) as u32 } else { 0 };
        let code = if dropped > 25 {
            0
        } else {
            let (kept, rest) = (significand >> dropped, significand & ((1 << dropped) - 1));
            let half = 1 << (dropped - 1);
            let up = rest > half || rest == half && kept & 1 == 1;
            let below = if target > 1 { (target as u32 - 1) << self.mantissa_bits } else { 0 };
            below + kept + up as u32
        };
        let code = match code > self.greatest {
            true if saturate => self.greatest,
            true => self.greatest + 1,
            false => code,
        };
        if sign == 1 { code | self.sign_bit() } else { code }
    }

    /// The value of a code.
    pub const fn decode(self, code: u32) -> f32 {
        let magnitude = code & (self.sign_bit() - 1);
        let field = magnitude >> self.mantissa_bits;
        let fraction = magnitude & ((1 << self.mantissa_bits) - 1);
        let significand = if field == 0 { fraction } else { fraction | 1 << self.mantissa_bits };
        let scale = if field == 0 { 1 } else { field };
        let exponent = scale + 127 - self.bias() - self.mantissa_bits;
        let value = if magnitude <= self.greatest {
            significand as f32 * f32::from_bits(exponent << 23)
        } else if magnitude == self.greatest + 1 && self.greatest + 1 != self.nan {
            f32::INFINITY
        } else {
            return f32::from_bits(0x7fff_ffff);
        };
        if code & self.sign_bit() != 0 { -value } else { value }
    }
}

#[cfg(test)]
mod tests {
    use super::{E4M3, E5M2, F16, Format};

    /// The code whose value is nearest, found by looking at all of them.
    fn nearest(format: Format, value: f32) -> u32 {
        let sign = if value.is_sign_negative() { format.sign_bit() } else { 0 };
        // Far beyond the greatest value, all of them would be equally far away.
        let magnitude = f64::from(value.abs()).min(2.0 * f64::from(format.decode(format.greatest)));
        let distance = |code: u32| (f64::from(format.decode(code)) - magnitude).abs();
        let near = |a: &u32, b: &u32| distance(*a).total_cmp(&distance(*b)).then((a & 1).cmp(&(b & 1)));
        sign | (0..=format.greatest).min_by(near).expect("a format has values")
    }

    #[test]
    fn eight_bits_are_the_nearest_and_saturate() {
        for format in [E4M3, E5M2] {
            for code in 0..=0xff {
                let value = format.decode(code);
                if !value.is_nan() && value.is_finite() {
                    assert_eq!(format.encode(value, true), code, "{code:#x}");
                }
            }
            // Every sign and exponent with mantissas that tie in either format, and their neighbours.
            for upper in 0..0x1_0000u32 {
                for lower in [0, 1, 0x7fff, 0xffff] {
                    let value = f32::from_bits(upper << 16 | lower);
                    let expected = if value.is_nan() { format.nan } else { nearest(format, value) };
                    assert_eq!(format.encode(value, true), expected, "{value:e}");
                }
            }
        }
        assert_eq!(E4M3.encode(f32::INFINITY, true), 0x7e);
        assert_eq!(E5M2.encode(f32::NEG_INFINITY, true), 0xfb);
        assert_eq!(E5M2.encode(1e30, false), 0x7c);
    }

    #[test]
    fn every_half_comes_back() {
        for code in 0..=0xffff {
            let value = F16.decode(code);
            if !value.is_nan() {
                assert_eq!(F16.encode(value, false), code, "{code:#x}");
            }
        }
    }
}
