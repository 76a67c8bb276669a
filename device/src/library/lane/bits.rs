//! Operations on the bits of integers that Rust has no method for. They compute the same on the
//! host.

use crate::device;

pub use code::*;

/// Shifts of two words, choices of bytes, fields, three-input logic and dot products
/// (PTX ISA section 9.7.1, PTX ISA section 9.7.8).
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// The upper word of `high:low << (count % 32)`. `shf.l.wrap`.
    pub fn funnel_shift_left(high: u32, low: u32, count: u32) -> u32 {
        ptx!(
            "shf.l.wrap.b32 {result}, {low}, {high}, {count};",
            high = in(high), low = in(low), count = in(count), result = out(u32)
            => (((((high as u64) << 32) | low as u64) << (count % 32)) >> 32) as u32
        )
    }

    /// The lower word of `high:low >> (count % 32)`. `shf.r.wrap`.
    pub fn funnel_shift_right(high: u32, low: u32, count: u32) -> u32 {
        ptx!(
            "shf.r.wrap.b32 {result}, {low}, {high}, {count};",
            high = in(high), low = in(low), count = in(count), result = out(u32)
            => ((((high as u64) << 32) | low as u64) >> (count % 32)) as u32
        )
    }

    /// Four of the eight bytes of `a` (0 to 3) and `b` (4 to 7): each of the lower four nibbles of
    /// `selector` names one, and with 8 added its sign in all bits. `prmt`.
    pub fn permute_bytes(a: u32, b: u32, selector: u32) -> u32 {
        ptx!(
            "prmt.b32 {result}, {a}, {b}, {selector};",
            a = in(a), b = in(b), selector = in(selector), result = out(u32)
            => {
                let byte = |place: u32| {
                    let nibble = selector >> (4 * place);
                    let byte = ((((b as u64) << 32) | a as u64) >> (8 * (nibble & 7))) as u8;
                    let byte = if nibble & 8 != 0 { ((byte as i8) >> 7) as u8 } else { byte };
                    (byte as u32) << (8 * place)
                };
                byte(0) | byte(1) | byte(2) | byte(3)
            }
        )
    }

    /// Bit by bit, what `TABLE` has at `4 a + 2 b + c`: `(0xf0 & !0xaa)` for `a & !c`, for example.
    /// `lop3`.
    pub fn logic3<const TABLE: u32>(a: u32, b: u32, c: u32) -> u32 {
        const { assert!(TABLE < 256, "TABLE must have eight bits: {} has more", TABLE) };
        ptx!(
            "lop3.b32 {result}, {a}, {b}, {c}, {table};",
            a = in(a), b = in(b), c = in(c), table = const(TABLE), result = out(u32)
            => (0..32).fold(0, |result, bit| {
                let index = (((a >> bit) & 1) << 2) | (((b >> bit) & 1) << 1) | ((c >> bit) & 1);
                result | (((TABLE >> index) & 1) << bit)
            })
        )
    }

    /// `length` bits of `value` from `start` (both modulo 256), zero beyond its end. `bfe.u32`.
    pub fn extract_bits(value: u32, start: u32, length: u32) -> u32 {
        ptx!(
            "bfe.u32 {result}, {value}, {start}, {length};",
            value = in(value), start = in(start), length = in(length), result = out(u32)
            => {
                let mask = if length & 255 >= 32 { u32::MAX } else { (1u32 << (length & 255)) - 1 };
                value.checked_shr(start & 255).unwrap_or(0) & mask
            }
        )
    }

    /// `into` with `length` bits from `start` on (both modulo 256) replaced by the lowest of
    /// `bits`. `bfi.b32`.
    pub fn insert_bits(into: u32, bits: u32, start: u32, length: u32) -> u32 {
        ptx!(
            "bfi.b32 {result}, {bits}, {into}, {start}, {length};",
            into = in(into), bits = in(bits), start = in(start), length = in(length), result = out(u32)
            => {
                let mask = if length & 255 >= 32 { u32::MAX } else { (1u32 << (length & 255)) - 1 };
                let mask = mask.checked_shl(start & 255).unwrap_or(0);
                (into & !mask) | (bits.checked_shl(start & 255).unwrap_or(0) & mask)
            }
        )
    }

    /// The upper half of the product. `mul.hi.u32`.
    pub fn multiply_high(a: u32, b: u32) -> u32 {
        ptx!(
            "mul.hi.u32 {result}, {a}, {b};", a = in(a), b = in(b), result = out(u32)
            => ((a as u64 * b as u64) >> 32) as u32
        )
    }

    /// The upper half of the product. `mul.hi.u64`.
    pub fn multiply_high_u64(a: u64, b: u64) -> u64 {
        ptx!(
            "mul.hi.u64 {result}, {a}, {b};", a = in(a), b = in(b), result = out(u64)
            => ((a as u128 * b as u128) >> 64) as u64
        )
    }

    /// The upper half of the product, plus `c`. `mad.hi.u32`.
    pub fn multiply_high_add(a: u32, b: u32, c: u32) -> u32 {
        ptx!(
            "mad.hi.u32 {result}, {a}, {b}, {c};", a = in(a), b = in(b), c = in(c), result = out(u32)
            => (((a as u64 * b as u64) >> 32) as u32).wrapping_add(c)
        )
    }

    /// `c` plus the products of the four bytes of `a` and `b`. `dp4a.u32.u32`.
    pub fn dot_u8(a: u32, b: u32, c: u32) -> u32 {
        ptx!(
            "dp4a.u32.u32 {result}, {a}, {b}, {c};", a = in(a), b = in(b), c = in(c), result = out(u32)
            => a.to_le_bytes().iter().zip(b.to_le_bytes()).fold(c, |sum, (a, b)| {
                sum.wrapping_add(*a as u32 * b as u32)
            })
        )
    }

    /// `c` plus the products of the four signed bytes of `a` and `b`. `dp4a.s32.s32`.
    pub fn dot_i8(a: u32, b: u32, c: i32) -> i32 {
        ptx!(
            "dp4a.s32.s32 {result}, {a}, {b}, {c};", a = in(a), b = in(b), c = in(c), result = out(i32)
            => a.to_le_bytes().iter().zip(b.to_le_bytes()).fold(c, |sum, (a, b)| {
                sum.wrapping_add(*a as i8 as i32 * b as i8 as i32)
            })
        )
    }
}
