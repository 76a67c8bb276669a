//! Scales of blocks of 8-bit floats: exact ones, and powers of two as [`ue8m0`] bytes.
//!
//! Per block: `amax = max(1e-4, max |x|)`, elements are `round(x * factor)`, and `x` is about
//! `element * scale`. The exact scale is `amax / largest`, with factor `largest / amax`, both
//! correctly rounded. The power of two is the least one that is not below `amax / largest`, and its
//! factor is exact.

use crate::device;

pub use code::*;

/// The types and functions, in the device language.
#[device]
#[allow(non_camel_case_types)]
pub mod code {
    use crate::intrinsics::*;

    /// The least `amax` of a block: it keeps the scale of zeros finite.
    pub const LEAST_MAXIMUM: f32 = 1e-4;

    /// A power of two as its biased exponent: `2^(bits - 127)`, and 255 is NaN (PTX ISA section
    /// 5.2.3). Conversions are integer arithmetic, as `cvt` has this format from `sm_100a` on only.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct ue8m0(u8);

    impl ue8m0 {
        /// One.
        pub const ONE: ue8m0 = ue8m0(127);
        /// NaN.
        pub const NAN: ue8m0 = ue8m0(255);

        /// The value of these bits.
        pub const fn from_bits(bits: u8) -> ue8m0 {
            ue8m0(bits)
        }

        /// Its bits.
        pub const fn to_bits(self) -> u8 {
            self.0
        }

        /// The least power of two that is not below the magnitude of `value`, at most `2^127`; NaN
        /// of NaN.
        pub const fn from_f32_up(value: f32) -> ue8m0 {
            let bits = value.to_bits() & 0x7fff_ffff;
            // The least power of two lies among the subnormals, half way to the first normal
            // number.
            let fraction = if bits < 0x0080_0000 { bits > 0x0040_0000 } else { bits & 0x007f_ffff != 0 };
            let exponent = (bits >> 23) + fraction as u32;
            ue8m0(if bits > 0x7f80_0000 { 255 } else { at_most_254(exponent) })
        }

        /// The greatest power of two that is not above the magnitude of `value`, at least `2^-127`;
        /// NaN of NaN.
        pub const fn from_f32_down(value: f32) -> ue8m0 {
            let bits = value.to_bits() & 0x7fff_ffff;
            ue8m0(if bits > 0x7f80_0000 { 255 } else { at_most_254(bits >> 23) })
        }

        /// The same value.
        pub const fn to_f32(self) -> f32 {
            let bits = if self.0 == 0 { 0x0040_0000 } else { (self.0 as u32) << 23 };
            f32::from_bits(if self.0 == 255 { 0x7fff_ffff } else { bits })
        }

        /// One divided by it, which is exact; NaN of NaN.
        pub const fn recip(self) -> ue8m0 {
            ue8m0(if self.0 == 255 { 255 } else { 254 - self.0 })
        }
    }

    const fn at_most_254(exponent: u32) -> u8 {
        if exponent > 254 { 254 } else { exponent as u8 }
    }

    /// Four [`ue8m0`] in a word, as grouped matrix multiplications take them.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct ue8m0x4(u32);

    impl ue8m0x4 {
        /// The values of these bits.
        pub const fn from_bits(bits: u32) -> ue8m0x4 {
            ue8m0x4(bits)
        }

        /// Their bits.
        pub const fn to_bits(self) -> u32 {
            self.0
        }

        /// Four values; `a` goes into the lowest byte.
        pub const fn new(a: ue8m0, b: ue8m0, c: ue8m0, d: ue8m0) -> ue8m0x4 {
            let low = a.to_bits() as u32 | (b.to_bits() as u32) << 8;
            ue8m0x4(low | (c.to_bits() as u32) << 16 | (d.to_bits() as u32) << 24)
        }

        /// The value in byte `index`, from 0 to 3.
        pub const fn get(self, index: u32) -> ue8m0 {
            ue8m0((self.0 >> (index % 4 * 8)) as u8)
        }
    }

    /// How a block is scaled.
    #[derive(Clone, Copy, Debug)]
    pub struct Scale {
        /// Elements are multiplied by it before they are rounded.
        pub factor: f32,
        /// Rounded elements are multiplied by it to have the value back.
        pub scale: f32,
    }

    impl Scale {
        /// `largest` is that of the element type, such as
        /// [`e4m3::LARGEST`](crate::numbers::float8::e4m3::LARGEST).
        pub fn exact(amax: f32, largest: f32) -> Scale {
            let amax = amax.max(LEAST_MAXIMUM);
            Scale { factor: largest / amax, scale: amax / largest }
        }

        /// As [`Scale::exact`], with a power of two as scale: [`Scale::exponent`] is its byte.
        pub fn power_of_two(amax: f32, largest: f32) -> Scale {
            let scale = ue8m0::from_f32_up(amax.max(LEAST_MAXIMUM) / largest);
            Scale { factor: scale.recip().to_f32(), scale: scale.to_f32() }
        }

        /// The byte of a scale that is a power of two.
        pub const fn exponent(self) -> ue8m0 {
            ue8m0::from_f32_down(self.scale)
        }
    }

    /// The greater of `amax` and the magnitude of `x`. A NaN does not count.
    pub const fn with_magnitude(amax: f32, x: f32) -> f32 {
        amax.max(x.abs())
    }

    /// The greatest `amax` of each group of `LANES` neighbouring lanes, a power of two; all lanes
    /// of the warp take part.
    pub fn amax_of_lanes<const LANES: u32>(amax: f32) -> f32 {
        const {
            assert!(
                LANES.is_power_of_two() && LANES <= 32,
                "LANES must be a power of two up to 32: {} is not",
                LANES
            )
        };
        let mut greatest = amax;
        #[unroll]
        for step in 0..5 {
            let distance = 1 << step;
            if distance < LANES {
                greatest = greatest.max(shuffle_xor(greatest, distance));
            }
        }
        greatest
    }
}
