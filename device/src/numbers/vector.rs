//! Vectors of 8 and 16 bytes: values that lie side by side in memory and move in one instruction.

use crate::device;

pub use code::*;

/// The types, in the device language.
#[device]
#[allow(non_camel_case_types)]
pub mod code {
    use crate::library::code::B128;

    /// Eight bytes that move in one instruction.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C, align(8))]
    pub struct B64 {
        /// Bytes 0 to 3.
        pub x: u32,
        /// Bytes 4 to 7.
        pub y: u32,
    }

    impl B64 {
        /// Eight zero bytes.
        pub const ZERO: B64 = B64 { x: 0, y: 0 };

        /// The bytes of a number, the lowest first.
        pub const fn from_u64(bits: u64) -> B64 {
            B64 { x: bits as u32, y: (bits >> 32) as u32 }
        }

        /// The bytes as a number, the lowest first.
        pub const fn to_u64(self) -> u64 {
            self.x as u64 | (self.y as u64) << 32
        }
    }

    /// Two `f32` that move in one instruction.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C, align(8))]
    pub struct f32x2 {
        /// The first.
        pub x: f32,
        /// The second.
        pub y: f32,
    }

    /// Four `f32` that move in one instruction.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C, align(16))]
    pub struct f32x4 {
        /// The first.
        pub x: f32,
        /// The second.
        pub y: f32,
        /// The third.
        pub z: f32,
        /// The fourth.
        pub w: f32,
    }

    impl f32x4 {
        /// Four zeros.
        pub const ZERO: f32x4 = f32x4 { x: 0.0, y: 0.0, z: 0.0, w: 0.0 };

        /// The numbers with these bits.
        pub const fn from_bits(bits: B128) -> f32x4 {
            f32x4 {
                x: f32::from_bits(bits.x),
                y: f32::from_bits(bits.y),
                z: f32::from_bits(bits.z),
                w: f32::from_bits(bits.w),
            }
        }

        /// Their bits.
        pub const fn to_bits(self) -> B128 {
            B128 { x: self.x.to_bits(), y: self.y.to_bits(), z: self.z.to_bits(), w: self.w.to_bits() }
        }
    }
}
