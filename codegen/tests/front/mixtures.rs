//! Thirty functions drawn at random once, which mix widths, casts, shifts and floats as no person
//! would: rustc and the PTX agree on every input. A NaN counts as one value, since only its bits
//! are the hardware's.

use crate::running::{agree, agrees};

/// Functions of `x`, each with what mixes all that it computed into one word.
macro_rules! mixtures {
    ($($test:ident($x:ident) { $($body:tt)* })*) => {
        agree! {
            $($test: f {
                fn single(value: f32) -> u32 {
                    if value.is_nan() { 7 } else { value.to_bits() }
                }

                fn double(value: f64) -> u32 {
                    if value.is_nan() { 9 } else { long(value.to_bits()) }
                }

                fn long(value: u64) -> u32 {
                    (value ^ value >> 32) as u32
                }

                fn mixed(values: [u32; 10]) -> u32 {
                    let mut h = 0u32;
                    h = h.rotate_left(5) ^ values[0];
                    h = h.rotate_left(5) ^ values[1];
                    h = h.rotate_left(5) ^ values[2];
                    h = h.rotate_left(5) ^ values[3];
                    h = h.rotate_left(5) ^ values[4];
                    h = h.rotate_left(5) ^ values[5];
                    h = h.rotate_left(5) ^ values[6];
                    h = h.rotate_left(5) ^ values[7];
                    h = h.rotate_left(5) ^ values[8];
                    h = h.rotate_left(5) ^ values[9];
                    h
                }

                pub fn f($x: u32) -> u32 {
                    $($body)*
                }
            })*
        }
    };
}

mixtures! {
    mixture_1(x) {
        let v0: u8 = (x as u8).wrapping_sub((x as u8));
        let v1: f32 = if f32::from_bits((v0) as u32) < (v0 as f32) { (v0 as f32) } else { f32::from_bits((x) as u32) };
        let v2: u8 = (v1 as u8).wrapping_add((v1 as u8));
        let v3: f64 = (v1 as f64).copysign((v0 as f64));
        let v4: u64 = (v1 as u64).trailing_ones() as u64;
        let v5: f64 = (x as f64) / (v4 as f64);
        let v6: f64 = v3.round_ties_even();
        let v7: i8 = (v6 as i8).wrapping_div((v0 as i8) | 1);
        let v8: f32 = v1.max(v1);
        mixed([x as u32, v0 as u32, single(v1), v2 as u32, double(v3), long(v4 as u64), double(v5), double(v6), v7 as u32, single(v8)])
    }

    mixture_2(x) {
        let v0: u8 = (x as u8).saturating_add((x as u8));
        let v1: u16 = (v0 as u16).rotate_left((v0 as u32) % 16);
        let v2: i32 = (x as i32) & (x as i32);
        let v3: i16 = (v2 as i16).trailing_ones() as i16;
        let v4: f64 = f64::from_bits((v3 as u64).wrapping_mul(0x1_0001_0001)).trunc() - (v3 as f64);
        let v5: i64 = (v1 as i64).wrapping_div((v3 as i64) | 1);
        let v6: u8 = v0.leading_zeros() as u8;
        let v7: u8 = if v0 < v6 { v0 } else { v6 };
        let v8: u16 = (x as u16).swap_bytes();
        mixed([x as u32, v0 as u32, v1 as u32, v2 as u32, v3 as u32, double(v4), long(v5 as u64), v6 as u32, v7 as u32, v8 as u32])
    }

    mixture_3(x) {
        let v0: i16 = (x as i16).wrapping_sub((x as i16));
        let v1: f64 = f64::MIN_POSITIVE.copysign((x as f64));
        let v2: f64 = v1.copysign(v1);
        let v3: f64 = v1 - v1;
        let v4: i32 = (v3 as i32).wrapping_shl((v3 as u32));
        let v5: i32 = v4.wrapping_shl(v4 as u32 & 7);
        let v6: f64 = v3.floor();
        let v7: f64 = v6.round_ties_even();
        let v8: i16 = v0.overflowing_mul(v0).1 as i16;
        mixed([x as u32, v0 as u32, double(v1), double(v2), double(v3), v4 as u32, v5 as u32, double(v6), double(v7), v8 as u32])
    }

    mixture_4(x) {
        let v0: f64 = (x as f64).max((x as f64));
        let v1: i64 = (v0 as i64).leading_zeros() as i64;
        let v2: f64 = v0.ceil() * f64::from_bits((v1 as u64).wrapping_mul(0x1_0001_0001));
        let v3: u16 = (v2 as u16).overflowing_mul((v0 as u16)).1 as u16;
        let v4: f64 = v2.trunc() - v0;
        let v5: u64 = (v1 as u64).wrapping_mul((v0 as u64));
        let v6: u64 = v5.reverse_bits();
        let v7: i32 = (v6 as i32).wrapping_mul((v4 as i32));
        let v8: i8 = (v4 as i8).rotate_left((v4 as u32) % 8);
        mixed([x as u32, double(v0), long(v1 as u64), double(v2), v3 as u32, double(v4), long(v5 as u64), long(v6 as u64), v7 as u32, v8 as u32])
    }

    mixture_5(x) {
        let v0: u32 = (x as u32) & x;
        let v1: i16 = (x as i16).swap_bytes();
        let v2: i8 = (x as i8).saturating_sub((v0 as i8));
        let v3: u8 = (v0 as u8).wrapping_div((x as u8) | 1);
        let v4: f64 = (v1 as f64) / (x as f64);
        let v5: f32 = f32::from_bits((v2) as u32).trunc() - f32::MIN_POSITIVE;
        let v6: u8 = v3.wrapping_shl((v1 as u32));
        let v7: u8 = v3.min(v3);
        let v8: i8 = (v6 as i8).overflowing_mul((v2 as i8)).1 as i8;
        mixed([x as u32, v0 as u32, v1 as u32, v2 as u32, v3 as u32, double(v4), single(v5), v6 as u32, v7 as u32, v8 as u32])
    }

    mixture_6(x) {
        let v0: i32 = (x as i32).rotate_left((x as u32) % 32);
        let v1: i16 = (v0 as i16) | !(x as i16);
        let v2: i16 = v1.min(v1);
        let v3: i64 = (v1 as i64).saturating_sub((v1 as i64));
        let v4: i32 = v0.saturating_add(v0);
        let v5: f64 = (v4 as f64).copysign(f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001)));
        let v6: u32 = x.saturating_mul(x);
        let v7: f32 = 0.5f32 % f32::from_bits((v6) as u32);
        let v8: i8 = (v0 as i8).min((x as i8));
        mixed([x as u32, v0 as u32, v1 as u32, v2 as u32, long(v3 as u64), v4 as u32, double(v5), v6 as u32, single(v7), v8 as u32])
    }

    mixture_7(x) {
        let v0: i8 = (x as i8).wrapping_shr((x as u32));
        let v1: i8 = v0.trailing_ones() as i8;
        let v2: u64 = (v1 as u64).overflowing_add((v1 as u64)).1 as u64;
        let v3: i16 = (x as i16).wrapping_shl((x as i16) as u32 & 7);
        let v4: f32 = f32::from_bits((x) as u32).sqrt();
        let v5: f32 = f32::from_bits((v0) as u32).floor();
        let v6: i32 = (v5 as i32).wrapping_add((v3 as i32));
        let v7: i16 = v3.wrapping_rem((v2 as i16) | 1);
        let v8: u8 = (v1 as u8).wrapping_sub((v1 as u8));
        mixed([x as u32, v0 as u32, v1 as u32, long(v2 as u64), v3 as u32, single(v4), single(v5), v6 as u32, v7 as u32, v8 as u32])
    }

    mixture_8(x) {
        let v0: u8 = (x as u8).saturating_add((x as u8));
        let v1: i32 = (v0 as i32).leading_zeros() as i32;
        let v2: f32 = (v0 as f32).sqrt();
        let v3: u8 = v0.leading_zeros() as u8;
        let v4: f32 = v2.abs().min((v1 as f32));
        let v5: i16 = (v0 as i16) | !(v0 as i16);
        let v6: u32 = (v4 as u32).wrapping_sub(x);
        let v7: i32 = (v6 as i32).leading_zeros() as i32;
        let v8: i16 = v5.trailing_ones() as i16;
        mixed([x as u32, v0 as u32, v1 as u32, single(v2), v3 as u32, single(v4), v5 as u32, v6 as u32, v7 as u32, v8 as u32])
    }

    mixture_9(x) {
        let v0: f64 = (x as f64) * f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001));
        let v1: i32 = (x as i32).overflowing_sub((v0 as i32)).0;
        let v2: f64 = if f64::INFINITY < v0 { v0 } else { v0 };
        let v3: i32 = v1.wrapping_shl(v1 as u32 & 7);
        let v4: u16 = (v1 as u16).leading_zeros() as u16;
        let v5: f64 = v0 / v0;
        let v6: f32 = (v3 as f32).abs().min(f32::from_bits((x) as u32));
        let v7: u32 = if x < x { x } else { x };
        let v8: f32 = v6.round_ties_even();
        mixed([x as u32, double(v0), v1 as u32, double(v2), v3 as u32, v4 as u32, double(v5), single(v6), v7 as u32, single(v8)])
    }

    mixture_10(x) {
        let v0: i32 = (x as i32).wrapping_div((x as i32) | 1);
        let v1: f32 = (x as f32).round();
        let v2: i32 = v0 ^ 2147483647i32;
        let v3: i32 = v0.wrapping_shr((v2 as u32));
        let v4: i8 = (v1 as i8).wrapping_shr((v0 as u32));
        let v5: f32 = v1.mul_add(v1, v1);
        let v6: i64 = (v5 as i64).overflowing_add((v5 as i64)).1 as i64;
        let v7: u16 = (v3 as u16).wrapping_sub((v4 as u16));
        let v8: u32 = (v4 as u32).wrapping_add(x);
        mixed([x as u32, v0 as u32, single(v1), v2 as u32, v3 as u32, v4 as u32, single(v5), long(v6 as u64), v7 as u32, v8 as u32])
    }

    mixture_11(x) {
        let v0: f64 = f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001)).mul_add(f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001)), (x as f64));
        let v1: f32 = ((v0 as f32) as f64 / 3.0) as f32;
        let v2: u64 = (v0 as u64).swap_bytes();
        let v3: f64 = v0 % v0;
        let v4: u16 = (x as u16).wrapping_shl((v2 as u32));
        let v5: u16 = v4.overflowing_add((v4 as u16)).1 as u16;
        let v6: i8 = (x as i8).wrapping_mul((v5 as i8));
        let v7: i8 = (v1 as i8).saturating_add(v6);
        let v8: u16 = v5.overflowing_sub(v5).0;
        mixed([x as u32, double(v0), single(v1), long(v2 as u64), double(v3), v4 as u32, v5 as u32, v6 as u32, v7 as u32, v8 as u32])
    }

    mixture_12(x) {
        let v0: f64 = f64::NAN.sqrt();
        let v1: i32 = (v0 as i32).trailing_ones() as i32;
        let v2: f32 = f32::from_bits((x) as u32) * f32::from_bits((v1) as u32);
        let v3: i8 = (v1 as i8).wrapping_shl((v2 as i8) as u32 & 7);
        let v4: u8 = (v3 as u8).rotate_left((v3 as u32) % 8);
        let v5: i8 = v3.overflowing_sub(127i8).0;
        let v6: i8 = (v5 as i8).overflowing_sub(v5).0;
        let v7: u8 = v4.wrapping_shr((v4 as u32));
        let v8: f32 = v2.floor();
        mixed([x as u32, double(v0), v1 as u32, single(v2), v3 as u32, v4 as u32, v5 as u32, v6 as u32, v7 as u32, single(v8)])
    }

    mixture_13(x) {
        let v0: u8 = (x as u8).saturating_mul((x as u8));
        let v1: i16 = (v0 as i16).overflowing_sub((x as i16)).0;
        let v2: i64 = (x as i64).abs_diff((v0 as i64)) as i64;
        let v3: u32 = x.overflowing_mul(x).1 as u32;
        let v4: f32 = (v3 as f32).floor();
        let v5: f64 = (v4 as f64) - (v0 as f64);
        let v6: i32 = (v1 as i32).wrapping_shl((v3 as u32));
        let v7: i16 = v1.saturating_mul(v1);
        let v8: i64 = if v2 < v2 { v2 } else { v2 };
        mixed([x as u32, v0 as u32, v1 as u32, long(v2 as u64), v3 as u32, single(v4), double(v5), v6 as u32, v7 as u32, long(v8 as u64)])
    }

    mixture_14(x) {
        let v0: f32 = (x as f32) * 0.0f32;
        let v1: u16 = (v0 as u16).wrapping_add((x as u16));
        let v2: f64 = (v1 as f64).round_ties_even();
        let v3: f32 = (v2 as f32).ceil() * v0;
        let v4: u64 = (x as u64).wrapping_shr((x as u32));
        let v5: u32 = x | !x;
        let v6: i64 = (v2 as i64).wrapping_rem((v5 as i64) | 1);
        let v7: i8 = (x as i8).saturating_sub((v6 as i8));
        let v8: i64 = 2265282876607751054i64.reverse_bits();
        mixed([x as u32, single(v0), v1 as u32, double(v2), single(v3), long(v4 as u64), v5 as u32, long(v6 as u64), v7 as u32, long(v8 as u64)])
    }

    mixture_15(x) {
        let v0: f64 = -f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001));
        let v1: i16 = (v0 as i16).overflowing_sub((x as i16)).0;
        let v2: i8 = (v1 as i8).reverse_bits();
        let v3: f32 = 1.5f32.sqrt();
        let v4: u16 = (v3 as u16).overflowing_add((v1 as u16)).1 as u16;
        let v5: u64 = (v1 as u64) ^ (v1 as u64);
        let v6: i32 = (v0 as i32).reverse_bits();
        let v7: i16 = v1.wrapping_mul((v6 as i16));
        let v8: i8 = v2.overflowing_mul(v2).1 as i8;
        mixed([x as u32, double(v0), v1 as u32, v2 as u32, single(v3), v4 as u32, long(v5 as u64), v6 as u32, v7 as u32, v8 as u32])
    }

    mixture_16(x) {
        let v0: f32 = 0.0f32.mul_add(f32::from_bits((x) as u32), f32::from_bits((x) as u32));
        let v1: i16 = (v0 as i16).abs_diff((v0 as i16)) as i16;
        let v2: i32 = (v1 as i32).wrapping_mul((v1 as i32));
        let v3: i8 = (x as i8).wrapping_shr((x as u32));
        let v4: i8 = v3 | !v3;
        let v5: u64 = (v3 as u64).wrapping_rem((v0 as u64) | 1);
        let v6: i16 = v1.overflowing_add(v1).1 as i16;
        let v7: i32 = v2 & v2;
        let v8: f32 = v0.round();
        mixed([x as u32, single(v0), v1 as u32, v2 as u32, v3 as u32, v4 as u32, long(v5 as u64), v6 as u32, v7 as u32, single(v8)])
    }

    mixture_17(x) {
        let v0: f64 = (x as f64) % f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001));
        let v1: f32 = (x as f32).abs().min(f32::from_bits((v0) as u32));
        let v2: i8 = (v1 as i8).wrapping_sub((v1 as i8));
        let v3: u64 = (x as u64).wrapping_rem((v2 as u64) | 1);
        let v4: f32 = v1 / v1;
        let v5: u32 = x | !x;
        let v6: f32 = v4 * f32::from_bits((v3) as u32);
        let v7: f64 = (v1 as f64).ceil() * v0;
        let v8: i64 = (v1 as i64).reverse_bits();
        mixed([x as u32, double(v0), single(v1), v2 as u32, long(v3 as u64), single(v4), v5 as u32, single(v6), double(v7), long(v8 as u64)])
    }

    mixture_18(x) {
        let v0: f32 = f32::INFINITY.round_ties_even();
        let v1: i64 = (x as i64).trailing_ones() as i64;
        let v2: u64 = (v1 as u64).overflowing_sub((x as u64)).0;
        let v3: u64 = v2.overflowing_add(v2).1 as u64;
        let v4: f64 = (v2 as f64) % (v0 as f64);
        let v5: u64 = v3.wrapping_sub(v2);
        let v6: i8 = (x as i8).saturating_mul((v5 as i8));
        let v7: u16 = (x as u16) & (v5 as u16);
        let v8: f32 = v0.trunc() - f32::from_bits((v7) as u32);
        mixed([x as u32, single(v0), long(v1 as u64), long(v2 as u64), long(v3 as u64), double(v4), long(v5 as u64), v6 as u32, v7 as u32, single(v8)])
    }

    mixture_19(x) {
        let v0: i8 = (x as i8) | !(x as i8);
        let v1: u16 = (x as u16).trailing_ones() as u16;
        let v2: u64 = (v0 as u64).swap_bytes();
        let v3: i32 = (x as i32).wrapping_div((x as i32) | 1);
        let v4: f64 = (v1 as f64) % f64::from_bits((v2 as u64).wrapping_mul(0x1_0001_0001));
        let v5: f64 = v4.mul_add(f64::INFINITY, f64::INFINITY);
        let v6: f64 = v4.sqrt();
        let v7: u8 = (x as u8) & (v1 as u8);
        let v8: u64 = v2.abs_diff((v1 as u64)) as u64;
        mixed([x as u32, v0 as u32, v1 as u32, long(v2 as u64), v3 as u32, double(v4), double(v5), double(v6), v7 as u32, long(v8 as u64)])
    }

    mixture_20(x) {
        let v0: i64 = (x as i64).wrapping_shr((x as u32));
        let v1: f32 = f32::from_bits((x) as u32).ceil() * (v0 as f32);
        let v2: i32 = (v0 as i32).reverse_bits();
        let v3: u8 = (v1 as u8).overflowing_mul((x as u8)).1 as u8;
        let v4: u32 = x.rotate_left((x as u32) % 32);
        let v5: f32 = -v1;
        let v6: u64 = (v3 as u64).wrapping_mul((v5 as u64));
        let v7: i8 = (v2 as i8).saturating_add((x as i8));
        let v8: f32 = v5.sqrt();
        mixed([x as u32, long(v0 as u64), single(v1), v2 as u32, v3 as u32, v4 as u32, single(v5), long(v6 as u64), v7 as u32, single(v8)])
    }

    mixture_21(x) {
        let v0: i64 = (x as i64).wrapping_shr((x as u32));
        let v1: f64 = -f64::from_bits((v0 as u64).wrapping_mul(0x1_0001_0001));
        let v2: i8 = (v0 as i8).overflowing_sub((x as i8)).0;
        let v3: f64 = (v1 as f32 / 3.0) as f64;
        let v4: u8 = (v0 as u8).wrapping_div((v1 as u8) | 1);
        let v5: f32 = (f32::from_bits((x) as u32) as f64 / 3.0) as f32;
        let v6: u32 = 1u32 ^ x;
        let v7: u8 = v4.wrapping_div(v4 | 1);
        let v8: f32 = v5.mul_add((v6 as f32), v5);
        mixed([x as u32, long(v0 as u64), double(v1), v2 as u32, double(v3), v4 as u32, single(v5), v6 as u32, v7 as u32, single(v8)])
    }

    mixture_22(x) {
        let v0: f64 = (x as f64).trunc() - (x as f64);
        let v1: f32 = if f32::from_bits((v0) as u32) < (v0 as f32) { (v0 as f32) } else { (v0 as f32) };
        let v2: u32 = x.wrapping_mul(x);
        let v3: f32 = f32::from_bits((v2) as u32) % f32::from_bits((v1) as u32);
        let v4: i16 = (v3 as i16).reverse_bits();
        let v5: u8 = (v1 as u8).min((v4 as u8));
        let v6: u8 = v5.wrapping_sub((v1 as u8));
        let v7: u32 = v2.wrapping_shl(v2 as u32 & 7);
        let v8: f32 = f32::from_bits((x) as u32).round();
        mixed([x as u32, double(v0), single(v1), v2 as u32, single(v3), v4 as u32, v5 as u32, v6 as u32, v7 as u32, single(v8)])
    }

    mixture_23(x) {
        let v0: u16 = (x as u16) | !(x as u16);
        let v1: f64 = (x as f64).copysign(f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001)));
        let v2: f32 = f32::from_bits((v1) as u32).round();
        let v3: f64 = v1 + v1;
        let v4: i16 = (v3 as i16).wrapping_mul((v3 as i16));
        let v5: u32 = x.wrapping_shl((x as u32));
        let v6: f64 = -v1;
        let v7: u64 = (v3 as u64).wrapping_shl((v4 as u64) as u32 & 7);
        let v8: i32 = (v3 as i32).swap_bytes();
        mixed([x as u32, v0 as u32, double(v1), single(v2), double(v3), v4 as u32, v5 as u32, double(v6), long(v7 as u64), v8 as u32])
    }

    mixture_24(x) {
        let v0: f64 = f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001)).round();
        let v1: i16 = (v0 as i16).min((x as i16));
        let v2: i64 = (x as i64).overflowing_sub((v1 as i64)).0;
        let v3: i8 = (v1 as i8).abs_diff((v0 as i8)) as i8;
        let v4: u32 = x.rotate_left((v2 as u32) % 32);
        let v5: i8 = v3.wrapping_shl((v3 as u32));
        let v6: f64 = v0.copysign(v0);
        let v7: u8 = (v0 as u8).saturating_sub((x as u8));
        let v8: u64 = (v5 as u64) ^ (x as u64);
        mixed([x as u32, double(v0), v1 as u32, long(v2 as u64), v3 as u32, v4 as u32, v5 as u32, double(v6), v7 as u32, long(v8 as u64)])
    }

    mixture_25(x) {
        let v0: i32 = (x as i32).overflowing_add((x as i32)).1 as i32;
        let v1: u16 = (x as u16).saturating_sub((x as u16));
        let v2: u8 = (v1 as u8).swap_bytes();
        let v3: u32 = x.wrapping_div(x | 1);
        let v4: f32 = (f32::from_bits((v3) as u32) as f64 / 3.0) as f32;
        let v5: u64 = (v3 as u64).reverse_bits();
        let v6: f32 = v4.copysign(v4);
        let v7: u8 = v2.min(v2);
        let v8: f64 = f64::from_bits((v7 as u64).wrapping_mul(0x1_0001_0001)) * (v0 as f64);
        mixed([x as u32, v0 as u32, v1 as u32, v2 as u32, v3 as u32, single(v4), long(v5 as u64), single(v6), v7 as u32, double(v8)])
    }

    mixture_26(x) {
        let v0: f64 = (x as f64).sqrt();
        let v1: u16 = (v0 as u16).saturating_add((v0 as u16));
        let v2: i8 = (v1 as i8).wrapping_rem((v0 as i8) | 1);
        let v3: f64 = v0 - v0;
        let v4: f64 = v3 * v3;
        let v5: f32 = (v1 as f32).round();
        let v6: i64 = (v3 as i64).min((v5 as i64));
        let v7: f32 = v5.sqrt();
        let v8: f32 = v7 * v7;
        mixed([x as u32, double(v0), v1 as u32, v2 as u32, double(v3), double(v4), single(v5), long(v6 as u64), single(v7), single(v8)])
    }

    mixture_27(x) {
        let v0: f32 = ((x as f32) as f64 / 3.0) as f32;
        let v1: u64 = (x as u64).wrapping_mul((x as u64));
        let v2: f64 = -(v0 as f64);
        let v3: u64 = v1.wrapping_add(v1);
        let v4: u64 = (v3 as u64).wrapping_rem(v1 | 1);
        let v5: u16 = if (v0 as u16) < (v3 as u16) { (v0 as u16) } else { (v3 as u16) };
        let v6: f32 = v0 / (v4 as f32);
        let v7: i8 = (v6 as i8).wrapping_mul((v5 as i8));
        let v8: f64 = if (v6 as f64) < v2 { v2 } else { v2 };
        mixed([x as u32, single(v0), long(v1 as u64), double(v2), long(v3 as u64), long(v4 as u64), v5 as u32, single(v6), v7 as u32, double(v8)])
    }

    mixture_28(x) {
        let v0: i64 = (x as i64) ^ (x as i64);
        let v1: u32 = x.saturating_sub(x);
        let v2: u64 = (x as u64).overflowing_sub((v1 as u64)).0;
        let v3: u32 = (v1 as u32).wrapping_shl((v2 as u32));
        let v4: u8 = (x as u8).reverse_bits();
        let v5: i16 = (v0 as i16).wrapping_mul((v3 as i16));
        let v6: f64 = 0.5f64.ceil() * (v5 as f64);
        let v7: f32 = f32::from_bits((x) as u32) - (v6 as f32);
        let v8: i8 = (x as i8).wrapping_sub((v2 as i8));
        mixed([x as u32, long(v0 as u64), v1 as u32, long(v2 as u64), v3 as u32, v4 as u32, v5 as u32, double(v6), single(v7), v8 as u32])
    }

    mixture_29(x) {
        let v0: f32 = (x as f32).sqrt();
        let v1: f64 = f64::from_bits((x as u64).wrapping_mul(0x1_0001_0001)) - (x as f64);
        let v2: f32 = v0.ceil() * v0;
        let v3: i32 = (v2 as i32).overflowing_sub((v1 as i32)).0;
        let v4: f32 = v2 - (v3 as f32);
        let v5: i8 = (v4 as i8).wrapping_shr((x as u32));
        let v6: f32 = v4 * f32::from_bits((v0) as u32);
        let v7: u32 = 2147483647u32.wrapping_add(x);
        let v8: u16 = if (v3 as u16) < (v6 as u16) { (v3 as u16) } else { (v6 as u16) };
        mixed([x as u32, single(v0), double(v1), single(v2), v3 as u32, single(v4), v5 as u32, single(v6), v7 as u32, v8 as u32])
    }

    mixture_30(x) {
        let v0: f64 = (x as f64).floor();
        let v1: f32 = (x as f32) + f32::INFINITY;
        let v2: u16 = (x as u16).wrapping_add((v0 as u16));
        let v3: u64 = (v2 as u64).saturating_mul((v2 as u64));
        let v4: i64 = (v1 as i64).wrapping_mul((v0 as i64));
        let v5: u32 = (v1 as u32).abs_diff(x) as u32;
        let v6: u64 = v3.wrapping_shl(v3 as u32 & 7);
        let v7: i8 = (v1 as i8).overflowing_mul((x as i8)).1 as i8;
        let v8: u32 = 1u32.trailing_ones() as u32;
        mixed([x as u32, double(v0), single(v1), v2 as u32, long(v3 as u64), long(v4 as u64), v5 as u32, long(v6 as u64), v7 as u32, v8 as u32])
    }
}
