//! Floats of 8 bits: [`e4m3`] and [`e5m2`], alone, in pairs and in fours.
//!
//! They are stored and converted; arithmetic is done in `f32` or [`f16x2`](super::half::f16x2). From `sm_89` on, a pair is
//! converted by one instruction; before, the same bits are computed from integers.

use crate::device;

pub use code::*;

/// The types, in the device language.
#[device]
#[allow(non_camel_case_types)]
pub mod code {
    use crate::intrinsics::*;
    use crate::numbers::half::code::f16x2;

    /// Eight bits: 4 of exponent, 3 of mantissa, no infinity (PTX ISA section 5.2.3).
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct e4m3(u8);

    impl e4m3 {
        /// Zero.
        pub const ZERO: e4m3 = e4m3(0);
        /// The largest finite value.
        pub const MAX: e4m3 = e4m3(0x7e);
        /// The same as a number.
        pub const LARGEST: f32 = 448.0;
        /// The NaN that PTX makes.
        pub const NAN: e4m3 = e4m3(0x7f);

        /// The value of these bits.
        pub const fn from_bits(bits: u8) -> e4m3 {
            e4m3(bits)
        }

        /// Its bits.
        pub const fn to_bits(self) -> u8 {
            self.0
        }

        /// Rounded to nearest even. What is beyond [`e4m3::LARGEST`], infinities too, becomes that with its sign
        /// (PTX ISA section 9.7.9, `cvt.rn.satfinite`).
        pub const fn from_f32(value: f32) -> e4m3 {
            e4m3(pack_e4m3(value, 0.0) as u8)
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            f16_value(widen_e4m3(self.0 as u16) as u16)
        }

        /// Whether it is NaN.
        pub const fn is_nan(self) -> bool {
            self.0 & 0x7f == 0x7f
        }
    }

    /// Two [`e4m3`] in 16 bits.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct e4m3x2(u16);

    impl e4m3x2 {
        /// The values of these bits.
        pub const fn from_bits(bits: u16) -> e4m3x2 {
            e4m3x2(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u16 {
            self.0
        }

        /// Both rounded as [`e4m3::from_f32`] does, in one instruction.
        pub const fn from_f32(low: f32, high: f32) -> e4m3x2 {
            e4m3x2(pack_e4m3(low, high))
        }

        /// Both values, the lower one first.
        pub const fn to_f32(self) -> (f32, f32) {
            self.to_f16x2().to_f32()
        }

        /// The same values.
        pub const fn to_f16x2(self) -> f16x2 {
            f16x2::from_bits(widen_e4m3(self.0))
        }

        /// The value in the lower byte.
        pub const fn low(self) -> e4m3 {
            e4m3(self.0 as u8)
        }

        /// The value in the upper byte.
        pub const fn high(self) -> e4m3 {
            e4m3((self.0 >> 8) as u8)
        }
    }

    /// Four [`e4m3`] in a word.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct e4m3x4(u32);

    impl e4m3x4 {
        /// The values of these bits.
        pub const fn from_bits(bits: u32) -> e4m3x4 {
            e4m3x4(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u32 {
            self.0
        }

        /// All rounded as [`e4m3::from_f32`] does; `a` goes into the lowest byte.
        pub const fn from_f32(a: f32, b: f32, c: f32, d: f32) -> e4m3x4 {
            e4m3x4::from_pairs(e4m3x2::from_f32(a, b), e4m3x2::from_f32(c, d))
        }

        /// Two pairs side by side.
        pub const fn from_pairs(low: e4m3x2, high: e4m3x2) -> e4m3x4 {
            e4m3x4(low.to_bits() as u32 | (high.to_bits() as u32) << 16)
        }

        /// The pair in the lower half.
        pub const fn low(self) -> e4m3x2 {
            e4m3x2(self.0 as u16)
        }

        /// The pair in the upper half.
        pub const fn high(self) -> e4m3x2 {
            e4m3x2((self.0 >> 16) as u16)
        }

        /// All values, the lowest byte first.
        pub const fn to_f32(self) -> (f32, f32, f32, f32) {
            let (a, b) = self.low().to_f32();
            let (c, d) = self.high().to_f32();
            (a, b, c, d)
        }
    }

    /// Eight bits: 5 of exponent, 2 of mantissa (PTX ISA section 5.2.3).
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct e5m2(u8);

    impl e5m2 {
        /// Zero.
        pub const ZERO: e5m2 = e5m2(0);
        /// The largest finite value.
        pub const MAX: e5m2 = e5m2(0x7b);
        /// The same as a number.
        pub const LARGEST: f32 = 57344.0;

        /// Infinity.
        pub const INFINITY: e5m2 = e5m2(0x7c);
        /// The NaN that PTX makes.
        pub const NAN: e5m2 = e5m2(0x7f);

        /// The value of these bits.
        pub const fn from_bits(bits: u8) -> e5m2 {
            e5m2(bits)
        }

        /// Its bits.
        pub const fn to_bits(self) -> u8 {
            self.0
        }

        /// Rounded to nearest even. What is beyond [`e5m2::LARGEST`], infinities too, becomes that with its sign
        /// (PTX ISA section 9.7.9, `cvt.rn.satfinite`).
        pub const fn from_f32(value: f32) -> e5m2 {
            e5m2(pack_e5m2(value, 0.0) as u8)
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            f16_value(widen_e5m2(self.0 as u16) as u16)
        }

        /// Whether it is NaN.
        pub const fn is_nan(self) -> bool {
            self.0 & 0x7f > 0x7c
        }
    }

    /// Two [`e5m2`] in 16 bits.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct e5m2x2(u16);

    impl e5m2x2 {
        /// The values of these bits.
        pub const fn from_bits(bits: u16) -> e5m2x2 {
            e5m2x2(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u16 {
            self.0
        }

        /// Both rounded as [`e5m2::from_f32`] does, in one instruction.
        pub const fn from_f32(low: f32, high: f32) -> e5m2x2 {
            e5m2x2(pack_e5m2(low, high))
        }

        /// Both values, the lower one first.
        pub const fn to_f32(self) -> (f32, f32) {
            self.to_f16x2().to_f32()
        }

        /// The same values.
        pub const fn to_f16x2(self) -> f16x2 {
            f16x2::from_bits(widen_e5m2(self.0))
        }

        /// The value in the lower byte.
        pub const fn low(self) -> e5m2 {
            e5m2(self.0 as u8)
        }

        /// The value in the upper byte.
        pub const fn high(self) -> e5m2 {
            e5m2((self.0 >> 8) as u8)
        }
    }

    /// Four [`e5m2`] in a word.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct e5m2x4(u32);

    impl e5m2x4 {
        /// The values of these bits.
        pub const fn from_bits(bits: u32) -> e5m2x4 {
            e5m2x4(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u32 {
            self.0
        }

        /// All rounded as [`e5m2::from_f32`] does; `a` goes into the lowest byte.
        pub const fn from_f32(a: f32, b: f32, c: f32, d: f32) -> e5m2x4 {
            e5m2x4::from_pairs(e5m2x2::from_f32(a, b), e5m2x2::from_f32(c, d))
        }

        /// Two pairs side by side.
        pub const fn from_pairs(low: e5m2x2, high: e5m2x2) -> e5m2x4 {
            e5m2x4(low.to_bits() as u32 | (high.to_bits() as u32) << 16)
        }

        /// The pair in the lower half.
        pub const fn low(self) -> e5m2x2 {
            e5m2x2(self.0 as u16)
        }

        /// The pair in the upper half.
        pub const fn high(self) -> e5m2x2 {
            e5m2x2((self.0 >> 16) as u16)
        }

        /// All values, the lowest byte first.
        pub const fn to_f32(self) -> (f32, f32, f32, f32) {
            let (a, b) = self.low().to_f32();
            let (c, d) = self.high().to_f32();
            (a, b, c, d)
        }
    }
}
