//! Floats of 8 bits: [`e4m3`] and [`e5m2`], alone, in pairs and in fours.
//!
//! They are stored and converted; arithmetic is done in `f32` or [`f16x2`](super::half::f16x2). From `sm_89` on, a pair is
//! converted by one instruction; for older targets, and on the host, the same bits are computed from integers.

use crate::device;

pub use code::*;

/// The types, in the device language.
#[device]
#[allow(non_camel_case_types)]
pub mod code {
    use crate::intrinsics::*;
    use crate::library::code::unpack_f16;
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
            e4m3(e4m3x2::from_f32(value, 0.0).0 as u8)
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            e4m3x2(self.0 as u16).to_f32().0
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

        /// Both rounded as [`e4m3::from_f32`] does.
        pub const fn from_f32(low: f32, high: f32) -> e4m3x2 {
            if target_is_at_least(89) {
                e4m3x2(pack_e4m3(low, high))
            } else {
                e4m3x2(e4m3_code(low) | e4m3_code(high) << 8)
            }
        }

        /// Both values, the lower one first.
        pub const fn to_f32(self) -> (f32, f32) {
            if target_is_at_least(89) {
                unpack_f16(widen_e4m3(self.0))
            } else {
                (e4m3_value(self.0), e4m3_value(self.0 >> 8))
            }
        }

        /// The same values.
        pub const fn to_f16x2(self) -> f16x2 {
            if target_is_at_least(89) {
                f16x2::from_bits(widen_e4m3(self.0))
            } else {
                f16x2::from_f32(e4m3_value(self.0), e4m3_value(self.0 >> 8))
            }
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
            e5m2(e5m2x2::from_f32(value, 0.0).0 as u8)
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            e5m2x2(self.0 as u16).to_f32().0
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

        /// Both rounded as [`e5m2::from_f32`] does.
        pub const fn from_f32(low: f32, high: f32) -> e5m2x2 {
            if target_is_at_least(89) {
                e5m2x2(pack_e5m2(low, high))
            } else {
                e5m2x2(e5m2_code(low) | e5m2_code(high) << 8)
            }
        }

        /// Both values, the lower one first.
        pub const fn to_f32(self) -> (f32, f32) {
            if target_is_at_least(89) {
                unpack_f16(widen_e5m2(self.0))
            } else {
                (e5m2_value(self.0), e5m2_value(self.0 >> 8))
            }
        }

        /// The same values.
        pub const fn to_f16x2(self) -> f16x2 {
            if target_is_at_least(89) {
                f16x2::from_bits(widen_e5m2(self.0))
            } else {
                f16x2::from_f32(e5m2_value(self.0), e5m2_value(self.0 >> 8))
            }
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

    /// The code of a number by integer arithmetic: rounded to nearest even, saturated, NaN as 0x7f.
    const fn e4m3_code(value: f32) -> u16 {
        narrow(value, e4m3::LARGEST, 20, (127 - 7) << 3, 1.0 / 64.0, 16384.0)
    }

    /// As [`e4m3_code`].
    const fn e5m2_code(value: f32) -> u16 {
        narrow(value, e5m2::LARGEST, 21, (127 - 15) << 2, 1.0 / 16384.0, 128.0)
    }

    /// `dropped` bits of the mantissa go, and `bias` is that of the exponent, in its place in the code. The last place of
    /// `grid` is the least subnormal value: adding it rounds a number below `least_normal`, and leaves the code behind.
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

    /// The value of the lower byte. With its exponent and mantissa in place, an `f32` is 2^-120 times the e4m3.
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
