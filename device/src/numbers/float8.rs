//! Floats of 8 bits, alone, in pairs and in fours.
//!
//! They are stored and converted; arithmetic is done in `f32` or
//! [`f16x2`](super::half::f16x2). From `sm_89` on, a pair is converted by one instruction; for
//! older targets, and on the host, the same bits are computed from integers.

use crate::device;

pub use code::*;

/// A row is a format: its types, its number in const parameters, the largest finite value and its
/// code, the last code before NaN, infinity, and conversions, by an instruction and by integers.
macro_rules! float8s {
    ($(
        $(#[$doc:meta])*
        $one:ident, $two:ident, $four:ident = $number:literal: $largest:literal = $max:tt, last $last:tt $(, infinity $infinity:tt)?;
        $pack:ident, $widen:ident; $code:ident($($narrow:tt)*), $value:ident;
    )+) => {
        /// The names of the formats, in the order of their numbers in const parameters, from 1 on.
        pub const NAMES: &[&str] = &[$(stringify!($one)),+];

        /// The types, in the device language.
        #[device]
        #[allow(non_camel_case_types)]
        pub mod code {
            use crate::intrinsics::*;
            use crate::library::code::unpack_f16;
            use crate::numbers::half::code::f16x2;
            use crate::numbers::quantise::code::Scale;

            /// The largest finite value of the format of that number.
            pub const fn largest<const FORMAT: u32>() -> f32 {
                $(if FORMAT == $number {
                    return $one::LARGEST;
                })+
                0.0
            }

            /// The codes of four elements of a block with that scale, `a` in the lowest byte.
            pub fn codes<const FORMAT: u32>(a: f32, b: f32, c: f32, d: f32, scale: Scale) -> u32 {
                $(if FORMAT == $number {
                    return $four::scaled(a, b, c, d, scale).to_bits();
                })+
                0
            }

            /// Both rounded to the format of that number, which may be chosen at run time; `low`
            /// in the lower byte.
            pub const fn pair(format: u32, low: f32, high: f32) -> u16 {
                let mut codes = 0u16;
                $(if format == $number {
                    codes = $two::from_f32(low, high).to_bits();
                })+
                codes
            }

            /// Both values of a [`pair`], the lower one first.
            pub const fn values(format: u32, codes: u16) -> (f32, f32) {
                let mut values = (0.0, 0.0);
                $(if format == $number {
                    values = $two::from_bits(codes).to_f32();
                })+
                values
            }
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $one(u8);

                impl $one {
                    /// Zero.
                    pub const ZERO: $one = $one(0);
                    /// The largest finite value.
                    pub const MAX: $one = $one($max);
                    /// The same as a number.
                    pub const LARGEST: f32 = $largest;
                    $(
                        /// Infinity.
                        pub const INFINITY: $one = $one($infinity);
                    )?
                    /// The NaN that PTX makes.
                    pub const NAN: $one = $one(0x7f);

                    /// The value of these bits.
                    pub const fn from_bits(bits: u8) -> $one {
                        $one(bits)
                    }

                    /// Its bits.
                    pub const fn to_bits(self) -> u8 {
                        self.0
                    }

                    /// Rounded to nearest even. What is beyond [`LARGEST`](Self::LARGEST),
                    /// infinities too, becomes that with its sign (PTX ISA section 9.7.9,
                    /// `cvt.rn.satfinite`).
                    pub const fn from_f32(value: f32) -> $one {
                        $one($two::from_f32(value, 0.0).0 as u8)
                    }

                    /// An element of a block with that scale.
                    pub const fn scaled(value: f32, scale: Scale) -> $one {
                        $one::from_f32(value * scale.factor)
                    }

                    /// The same value.
                    pub const fn to_f32(self) -> f32 {
                        $two(self.0 as u16).to_f32().0
                    }

                    /// Whether it is NaN.
                    pub const fn is_nan(self) -> bool {
                        self.0 & 0x7f > $last
                    }
                }

                #[doc = concat!("Two [`", stringify!($one), "`] in 16 bits.")]
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $two(u16);

                impl $two {
                    /// The values of these bits.
                    pub const fn from_bits(bits: u16) -> $two {
                        $two(bits)
                    }

                    /// Their bits.
                    pub const fn to_bits(self) -> u16 {
                        self.0
                    }

                    /// Both rounded as one alone is.
                    pub const fn from_f32(low: f32, high: f32) -> $two {
                        if target_is_at_least(89) {
                            $two($pack(low, high))
                        } else {
                            $two($code(low) | $code(high) << 8)
                        }
                    }

                    /// Both values, the lower one first.
                    pub const fn to_f32(self) -> (f32, f32) {
                        if target_is_at_least(89) {
                            unpack_f16($widen(self.0))
                        } else {
                            ($value(self.0), $value(self.0 >> 8))
                        }
                    }

                    /// The same values.
                    pub const fn to_f16x2(self) -> f16x2 {
                        if target_is_at_least(89) {
                            f16x2::from_bits($widen(self.0))
                        } else {
                            f16x2::from_f32($value(self.0), $value(self.0 >> 8))
                        }
                    }

                    /// The value in the lower byte.
                    pub const fn low(self) -> $one {
                        $one(self.0 as u8)
                    }

                    /// The value in the upper byte.
                    pub const fn high(self) -> $one {
                        $one((self.0 >> 8) as u8)
                    }
                }

                #[doc = concat!("Four [`", stringify!($one), "`] in a word.")]
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $four(u32);

                impl $four {
                    /// The values of these bits.
                    pub const fn from_bits(bits: u32) -> $four {
                        $four(bits)
                    }

                    /// Their bits.
                    pub const fn to_bits(self) -> u32 {
                        self.0
                    }

                    /// All rounded as one alone is; `a` goes into the lowest byte.
                    pub const fn from_f32(a: f32, b: f32, c: f32, d: f32) -> $four {
                        $four::from_pairs($two::from_f32(a, b), $two::from_f32(c, d))
                    }

                    /// Four elements of a block with that scale.
                    pub const fn scaled(a: f32, b: f32, c: f32, d: f32, scale: Scale) -> $four {
                        let factor = scale.factor;
                        $four::from_f32(a * factor, b * factor, c * factor, d * factor)
                    }

                    /// Two pairs side by side.
                    pub const fn from_pairs(low: $two, high: $two) -> $four {
                        $four(low.to_bits() as u32 | (high.to_bits() as u32) << 16)
                    }

                    /// The pair in the lower half.
                    pub const fn low(self) -> $two {
                        $two(self.0 as u16)
                    }

                    /// The pair in the upper half.
                    pub const fn high(self) -> $two {
                        $two((self.0 >> 16) as u16)
                    }

                    /// All values, the lowest byte first.
                    pub const fn to_f32(self) -> (f32, f32, f32, f32) {
                        let (a, b) = self.low().to_f32();
                        let (c, d) = self.high().to_f32();
                        (a, b, c, d)
                    }
                }

                /// The code of a number for targets that cannot convert.
                const fn $code(value: f32) -> u16 {
                    narrow(value, $one::LARGEST, $($narrow)*)
                }
            )+

            /// The code of a number by integer arithmetic: rounded to nearest even, saturated, NaN
            /// as 0x7f.
            ///
            /// `dropped` bits of the mantissa go, and `bias` is that of the exponent, in its place
            /// in the code. The last place of `grid` is the least subnormal value: adding it rounds
            /// a number below `least_normal`, and leaves the code behind.
            const fn narrow(value: f32, largest: f32, dropped: u32, bias: u32, least_normal: f32, grid: f32) -> u16 {
                let size = value.to_bits() & 0x7fff_ffff;
                let bits = if size > largest.to_bits() { largest.to_bits() } else { size };
                // Half a unit in the last place, minus one where the kept part is even.
                let rounded = bits + (1 << (dropped - 1)) - 1 + (bits >> dropped & 1);
                let normal = (rounded >> dropped).wrapping_sub(bias);
                let subnormal = (f32::from_bits(bits) + grid).to_bits() - grid.to_bits();
                let code = if bits < least_normal.to_bits() { subnormal } else { normal };
                let sign = value.to_bits() >> 24 & 0x80;
                if size > 0x7f80_0000 { 0x7f } else { (code | sign) as u16 }
            }

            /// The value of the lower byte. With its exponent and mantissa in place, an `f32` is
            /// 2^-120 times the e4m3.
            const fn e4m3_value(code: u16) -> f32 {
                let code = code as u32;
                let scaled = f32::from_bits((code & 0x80) << 24 | (code & 0x7f) << 20);
                let value = scaled * f32::from_bits((127 + 120) << 23);
                if code & 0x7f == 0x7f { f32::from_bits(0x7fff_ffff) } else { value }
            }

            /// The value of the lower byte. An e5m2 is the upper byte of an f16.
            const fn e5m2_value(code: u16) -> f32 {
                f16_value(code << 8)
            }
        }
    };
}

float8s! {
    /// Eight bits: 4 of exponent, 3 of mantissa, no infinity (PTX ISA section 5.2.3).
    e4m3, e4m3x2, e4m3x4 = 1: 448.0 = 0x7e, last 0x7e;
    pack_e4m3, widen_e4m3; e4m3_code(20, (127 - 7) << 3, 1.0 / 64.0, 16384.0), e4m3_value;

    /// Eight bits: 5 of exponent, 2 of mantissa (PTX ISA section 5.2.3).
    e5m2, e5m2x2, e5m2x4 = 2: 57344.0 = 0x7b, last 0x7c, infinity 0x7c;
    pack_e5m2, widen_e5m2; e5m2_code(21, (127 - 15) << 2, 1.0 / 16384.0, 128.0), e5m2_value;
}

#[cfg(test)]
mod tests {
    use super::NAMES;
    use crate::Float8;

    #[test]
    fn shapes_number_the_formats_as_kernels_do() {
        let numbered = |(index, name): (u32, &&str)| {
            Float8::ALL[index as usize] as u32 == index && Float8::ALL[index as usize].to_string() == **name
        };
        assert!(NAMES.len() == Float8::ALL.len() && (0..).zip(NAMES).all(numbered));
    }
}
