//! Floats of 16 bits: `f16`, `bf16`, and pairs of them in a word with packed arithmetic.
//!
//! Alone they are stored and converted; arithmetic on one value is done in `f32`, on pairs in place.

use crate::device;

pub use code::*;

/// The types, in the device language.
#[device]
#[allow(non_camel_case_types, clippy::should_implement_trait)]
pub mod code {
    use crate::intrinsics::*;

    /// IEEE binary16: 5 bits of exponent, 10 of mantissa.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct f16(u16);

    impl f16 {
        /// Zero.
        pub const ZERO: f16 = f16(0);
        /// One.
        pub const ONE: f16 = f16(0x3c00);
        /// The largest finite value.
        pub const MAX: f16 = f16(0x7bff);
        /// The least positive normal value.
        pub const MIN_POSITIVE: f16 = f16(0x0400);
        /// Infinity.
        pub const INFINITY: f16 = f16(0x7c00);
        /// The NaN that PTX makes.
        pub const NAN: f16 = f16(0x7fff);

        /// The value of these bits.
        pub const fn from_bits(bits: u16) -> f16 {
            f16(bits)
        }

        /// Its bits.
        pub const fn to_bits(self) -> u16 {
            self.0
        }

        /// Rounded to nearest even; NaN becomes [`f16::NAN`] (PTX ISA section 9.7.9, `cvt.rn`).
        pub const fn from_f32(value: f32) -> f16 {
            f16(pack_f16(value, 0.0) as u16)
        }

        /// Rounded toward zero (`cvt.rz`).
        pub fn from_f32_toward_zero(value: f32) -> f16 {
            f16(pack_f16_toward_zero(value, 0.0) as u16)
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            f16_value(self.0)
        }

        /// Whether it is NaN.
        pub const fn is_nan(self) -> bool {
            self.0 & 0x7fff > 0x7c00
        }

        /// Whether it is neither infinite nor NaN.
        pub const fn is_finite(self) -> bool {
            self.0 & 0x7fff < 0x7c00
        }

        /// Without its sign.
        pub const fn abs(self) -> f16 {
            f16(self.0 & 0x7fff)
        }

        /// With the other sign.
        pub const fn neg(self) -> f16 {
            f16(self.0 ^ 0x8000)
        }
    }

    /// The upper half of an `f32`: 8 bits of exponent, 7 of mantissa.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct bf16(u16);

    impl bf16 {
        /// Zero.
        pub const ZERO: bf16 = bf16(0);
        /// One.
        pub const ONE: bf16 = bf16(0x3f80);
        /// The largest finite value.
        pub const MAX: bf16 = bf16(0x7f7f);
        /// The least positive normal value.
        pub const MIN_POSITIVE: bf16 = bf16(0x0080);
        /// Infinity.
        pub const INFINITY: bf16 = bf16(0x7f80);
        /// The NaN that PTX makes.
        pub const NAN: bf16 = bf16(0x7fff);

        /// The value of these bits.
        pub const fn from_bits(bits: u16) -> bf16 {
            bf16(bits)
        }

        /// Its bits.
        pub const fn to_bits(self) -> u16 {
            self.0
        }

        /// Rounded to nearest even; NaN becomes [`bf16::NAN`] (PTX ISA section 9.7.9, `cvt.rn`).
        pub const fn from_f32(value: f32) -> bf16 {
            bf16(pack_bf16(value, 0.0) as u16)
        }

        /// Rounded toward zero (`cvt.rz`).
        pub fn from_f32_toward_zero(value: f32) -> bf16 {
            bf16(pack_bf16_toward_zero(value, 0.0) as u16)
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            f32::from_bits((self.0 as u32) << 16)
        }

        /// Whether it is NaN.
        pub const fn is_nan(self) -> bool {
            self.0 & 0x7fff > 0x7f80
        }

        /// Whether it is neither infinite nor NaN.
        pub const fn is_finite(self) -> bool {
            self.0 & 0x7fff < 0x7f80
        }

        /// Without its sign.
        pub const fn abs(self) -> bf16 {
            bf16(self.0 & 0x7fff)
        }

        /// With the other sign.
        pub const fn neg(self) -> bf16 {
            bf16(self.0 ^ 0x8000)
        }
    }

    /// Two [`f16`](struct@f16) in a word; operations act on both.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct f16x2(u32);

    impl f16x2 {
        /// Two zeros.
        pub const ZERO: f16x2 = f16x2(0);

        /// The values of these bits.
        pub const fn from_bits(bits: u32) -> f16x2 {
            f16x2(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u32 {
            self.0
        }

        /// Two values side by side.
        pub const fn new(low: f16, high: f16) -> f16x2 {
            f16x2(low.to_bits() as u32 | (high.to_bits() as u32) << 16)
        }

        /// The same value twice.
        pub const fn splat(value: f16) -> f16x2 {
            f16x2::new(value, value)
        }

        /// Both rounded to nearest even, in one instruction.
        pub const fn from_f32(low: f32, high: f32) -> f16x2 {
            f16x2(pack_f16(low, high))
        }

        /// Both rounded toward zero.
        pub fn from_f32_toward_zero(low: f32, high: f32) -> f16x2 {
            f16x2(pack_f16_toward_zero(low, high))
        }

        /// Both values, the lower one first.
        pub const fn to_f32(self) -> (f32, f32) {
            (self.low().to_f32(), self.high().to_f32())
        }

        /// The value in the lower half.
        pub const fn low(self) -> f16 {
            f16::from_bits(self.0 as u16)
        }

        /// The value in the upper half.
        pub const fn high(self) -> f16 {
            f16::from_bits((self.0 >> 16) as u16)
        }

        /// Sums, each rounded to nearest even.
        pub fn add(self, other: f16x2) -> f16x2 {
            f16x2(add_f16x2(self.0, other.0))
        }

        /// Differences, each rounded to nearest even.
        pub fn sub(self, other: f16x2) -> f16x2 {
            f16x2(subtract_f16x2(self.0, other.0))
        }

        /// Products, each rounded to nearest even.
        pub fn mul(self, other: f16x2) -> f16x2 {
            f16x2(multiply_f16x2(self.0, other.0))
        }

        /// `self * factor + addend`, each rounded once (PTX ISA section 9.7.4, `fma`).
        pub fn mul_add(self, factor: f16x2, addend: f16x2) -> f16x2 {
            f16x2(mul_add_f16x2(self.0, factor.0, addend.0))
        }

        /// The lesser of each; a NaN loses to a number, and -0 is less than +0.
        pub fn min(self, other: f16x2) -> f16x2 {
            f16x2(min_f16x2(self.0, other.0))
        }

        /// The greater of each; a NaN loses to a number, and -0 is less than +0.
        pub fn max(self, other: f16x2) -> f16x2 {
            f16x2(max_f16x2(self.0, other.0))
        }

        /// Both without their signs.
        pub const fn abs(self) -> f16x2 {
            f16x2(self.0 & 0x7fff_7fff)
        }

        /// Both with the other sign.
        pub const fn neg(self) -> f16x2 {
            f16x2(self.0 ^ 0x8000_8000)
        }
    }

    /// Two [`bf16`] in a word; operations act on both.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct bf16x2(u32);

    impl bf16x2 {
        /// Two zeros.
        pub const ZERO: bf16x2 = bf16x2(0);

        /// The values of these bits.
        pub const fn from_bits(bits: u32) -> bf16x2 {
            bf16x2(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u32 {
            self.0
        }

        /// Two values side by side.
        pub const fn new(low: bf16, high: bf16) -> bf16x2 {
            bf16x2(low.to_bits() as u32 | (high.to_bits() as u32) << 16)
        }

        /// The same value twice.
        pub const fn splat(value: bf16) -> bf16x2 {
            bf16x2::new(value, value)
        }

        /// Both rounded to nearest even, in one instruction.
        pub const fn from_f32(low: f32, high: f32) -> bf16x2 {
            bf16x2(pack_bf16(low, high))
        }

        /// Both rounded toward zero.
        pub fn from_f32_toward_zero(low: f32, high: f32) -> bf16x2 {
            bf16x2(pack_bf16_toward_zero(low, high))
        }

        /// Both values, the lower one first.
        pub const fn to_f32(self) -> (f32, f32) {
            (self.low().to_f32(), self.high().to_f32())
        }

        /// The value in the lower half.
        pub const fn low(self) -> bf16 {
            bf16::from_bits(self.0 as u16)
        }

        /// The value in the upper half.
        pub const fn high(self) -> bf16 {
            bf16::from_bits((self.0 >> 16) as u16)
        }

        /// Sums, each rounded to nearest even.
        pub fn add(self, other: bf16x2) -> bf16x2 {
            bf16x2(add_bf16x2(self.0, other.0))
        }

        /// Differences, each rounded to nearest even.
        pub fn sub(self, other: bf16x2) -> bf16x2 {
            bf16x2(subtract_bf16x2(self.0, other.0))
        }

        /// Products, each rounded to nearest even.
        pub fn mul(self, other: bf16x2) -> bf16x2 {
            bf16x2(multiply_bf16x2(self.0, other.0))
        }

        /// `self * factor + addend`, each rounded once (PTX ISA section 9.7.4, `fma`).
        pub fn mul_add(self, factor: bf16x2, addend: bf16x2) -> bf16x2 {
            bf16x2(mul_add_bf16x2(self.0, factor.0, addend.0))
        }

        /// The lesser of each; a NaN loses to a number, and -0 is less than +0.
        pub fn min(self, other: bf16x2) -> bf16x2 {
            bf16x2(min_bf16x2(self.0, other.0))
        }

        /// The greater of each; a NaN loses to a number, and -0 is less than +0.
        pub fn max(self, other: bf16x2) -> bf16x2 {
            bf16x2(max_bf16x2(self.0, other.0))
        }

        /// Both without their signs.
        pub const fn abs(self) -> bf16x2 {
            bf16x2(self.0 & 0x7fff_7fff)
        }

        /// Both with the other sign.
        pub const fn neg(self) -> bf16x2 {
            bf16x2(self.0 ^ 0x8000_8000)
        }
    }
}
