//! Floats of 16 bits: `f16`, `bf16`, and pairs of them in a word with packed arithmetic.
//!
//! Alone they are stored and converted; arithmetic on one value is done in `f32`, on pairs in
//! place.

use crate::device;

pub use code::*;

/// A row is a format: its type, one, greatest, least normal and infinite value, how it is made and
/// read, and its pair with the operations on it.
macro_rules! halves {
    ($(
        $(#[$doc:meta])*
        $half:ident($one:tt, $max:tt, $least:tt, $infinity:tt): $pack:ident, $pack_toward_zero:ident, $value:ident;
        $pair:ident: $add:ident, $subtract:ident, $multiply:ident, $mul_add:ident, $min:ident, $max_of:ident;
    )+) => {
        /// The types, in the device language.
        #[device]
        #[allow(non_camel_case_types, clippy::should_implement_trait)]
        pub mod code {
            use crate::intrinsics::*;

            /// The value of a bf16: the upper half of an `f32`.
            const fn bf16_value(bits: u16) -> f32 {
                f32::from_bits((bits as u32) << 16)
            }
            $(
                $(#[$doc])*
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $half(u16);

                impl $half {
                    /// Zero.
                    pub const ZERO: $half = $half(0);
                    /// One.
                    pub const ONE: $half = $half($one);
                    /// The largest finite value.
                    pub const MAX: $half = $half($max);
                    /// The least positive normal value.
                    pub const MIN_POSITIVE: $half = $half($least);
                    /// Infinity.
                    pub const INFINITY: $half = $half($infinity);
                    /// The NaN that PTX makes.
                    pub const NAN: $half = $half(0x7fff);

                    /// The value of these bits.
                    pub const fn from_bits(bits: u16) -> $half {
                        $half(bits)
                    }

                    /// Its bits.
                    pub const fn to_bits(self) -> u16 {
                        self.0
                    }

                    /// Rounded to nearest even; NaN becomes [`NAN`](Self::NAN) (PTX ISA section
                    /// 9.7.9, `cvt.rn`).
                    pub const fn from_f32(value: f32) -> $half {
                        $half($pack(value, 0.0) as u16)
                    }

                    /// Rounded toward zero (`cvt.rz`).
                    pub fn from_f32_toward_zero(value: f32) -> $half {
                        $half($pack_toward_zero(value, 0.0) as u16)
                    }

                    /// The same value.
                    pub const fn to_f32(self) -> f32 {
                        $value(self.0)
                    }

                    /// Whether it is NaN.
                    pub const fn is_nan(self) -> bool {
                        self.0 & 0x7fff > $infinity
                    }

                    /// Whether it is neither infinite nor NaN.
                    pub const fn is_finite(self) -> bool {
                        self.0 & 0x7fff < $infinity
                    }

                    /// Without its sign.
                    pub const fn abs(self) -> $half {
                        $half(self.0 & 0x7fff)
                    }

                    /// With the other sign.
                    pub const fn neg(self) -> $half {
                        $half(self.0 ^ 0x8000)
                    }
                }

                #[doc = concat!("Two [`", stringify!($half), "`](struct@", stringify!($half), ") in a word; operations act on both.")]
                #[derive(Clone, Copy, Debug)]
                #[repr(C)]
                pub struct $pair(u32);

                impl $pair {
                    /// Two zeros.
                    pub const ZERO: $pair = $pair(0);

                    /// The values of these bits.
                    pub const fn from_bits(bits: u32) -> $pair {
                        $pair(bits)
                    }

                    /// Their bits.
                    pub const fn to_bits(self) -> u32 {
                        self.0
                    }

                    /// Two values side by side.
                    pub const fn new(low: $half, high: $half) -> $pair {
                        $pair(low.to_bits() as u32 | (high.to_bits() as u32) << 16)
                    }

                    /// The same value twice.
                    pub const fn splat(value: $half) -> $pair {
                        $pair::new(value, value)
                    }

                    /// Both rounded to nearest even, in one instruction.
                    pub const fn from_f32(low: f32, high: f32) -> $pair {
                        $pair($pack(low, high))
                    }

                    /// Both rounded toward zero.
                    pub fn from_f32_toward_zero(low: f32, high: f32) -> $pair {
                        $pair($pack_toward_zero(low, high))
                    }

                    /// Both values, the lower one first.
                    pub const fn to_f32(self) -> (f32, f32) {
                        (self.low().to_f32(), self.high().to_f32())
                    }

                    /// The value in the lower half.
                    pub const fn low(self) -> $half {
                        $half::from_bits(self.0 as u16)
                    }

                    /// The value in the upper half.
                    pub const fn high(self) -> $half {
                        $half::from_bits((self.0 >> 16) as u16)
                    }

                    /// Sums, each rounded to nearest even.
                    pub fn add(self, other: $pair) -> $pair {
                        $pair($add(self.0, other.0))
                    }

                    /// Differences, each rounded to nearest even.
                    pub fn sub(self, other: $pair) -> $pair {
                        $pair($subtract(self.0, other.0))
                    }

                    /// Products, each rounded to nearest even.
                    pub fn mul(self, other: $pair) -> $pair {
                        $pair($multiply(self.0, other.0))
                    }

                    /// `self * factor + addend`, each rounded once (PTX ISA section 9.7.4, `fma`).
                    pub fn mul_add(self, factor: $pair, addend: $pair) -> $pair {
                        $pair($mul_add(self.0, factor.0, addend.0))
                    }

                    /// The lesser of each; a NaN loses to a number, and -0 is less than +0.
                    pub fn min(self, other: $pair) -> $pair {
                        $pair($min(self.0, other.0))
                    }

                    /// The greater of each; a NaN loses to a number, and -0 is less than +0.
                    pub fn max(self, other: $pair) -> $pair {
                        $pair($max_of(self.0, other.0))
                    }

                    /// Both without their signs.
                    pub const fn abs(self) -> $pair {
                        $pair(self.0 & 0x7fff_7fff)
                    }

                    /// Both with the other sign.
                    pub const fn neg(self) -> $pair {
                        $pair(self.0 ^ 0x8000_8000)
                    }
                }
            )+
        }
    };
}

halves! {
    /// IEEE binary16: 5 bits of exponent, 10 of mantissa.
    f16(0x3c00, 0x7bff, 0x0400, 0x7c00): pack_f16, pack_f16_toward_zero, f16_value;
    f16x2: add_f16x2, subtract_f16x2, multiply_f16x2, mul_add_f16x2, min_f16x2, max_f16x2;

    /// The upper half of an `f32`: 8 bits of exponent, 7 of mantissa.
    bf16(0x3f80, 0x7f7f, 0x0080, 0x7f80): pack_bf16, pack_bf16_toward_zero, bf16_value;
    bf16x2: add_bf16x2, subtract_bf16x2, multiply_bf16x2, mul_add_bf16x2, min_bf16x2, max_bf16x2;
}
