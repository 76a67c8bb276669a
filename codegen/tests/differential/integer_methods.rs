//! Every method of integers.

use crate::execute::{binary, binary_where, ternary, unary};

macro_rules! any {
    ($t:ident) => {
        binary::<$t, $t>("a.min(b)", Ord::min);
        binary::<$t, $t>("a.max(b)", Ord::max);
        ternary::<$t, $t>(|_, b, c| b <= c, "a.clamp(b, c)", |a, b, c| a.clamp(b, c));
        binary::<$t, $t>("a.wrapping_add(b)", $t::wrapping_add);
        binary::<$t, $t>("a.wrapping_sub(b)", $t::wrapping_sub);
        binary::<$t, $t>("a.wrapping_mul(b)", $t::wrapping_mul);
        unary::<$t, $t>("a.wrapping_neg()", $t::wrapping_neg);
        binary::<$t, $t>("a.wrapping_shl(b as u32)", |a, b| a.wrapping_shl(b as u32));
        binary::<$t, $t>("a.wrapping_shr(b as u32)", |a, b| a.wrapping_shr(b as u32));
        binary::<$t, $t>("a.saturating_add(b)", $t::saturating_add);
        binary::<$t, $t>("a.saturating_sub(b)", $t::saturating_sub);
        binary::<$t, $t>("a.rotate_left(b as u32)", |a, b| a.rotate_left(b as u32));
        binary::<$t, $t>("a.rotate_right(b as u32)", |a, b| a.rotate_right(b as u32));
        unary::<$t, $t>("a.rotate_left(3)", |a| a.rotate_left(3));
        unary::<$t, $t>("a.reverse_bits()", $t::reverse_bits);
        unary::<$t, u32>("a.count_ones()", $t::count_ones);
        unary::<$t, u32>("a.count_zeros()", $t::count_zeros);
        unary::<$t, u32>("a.leading_zeros()", $t::leading_zeros);
        unary::<$t, u32>("a.leading_ones()", $t::leading_ones);
        unary::<$t, u32>("a.trailing_zeros()", $t::trailing_zeros);
        unary::<$t, u32>("a.trailing_ones()", $t::trailing_ones);
        binary_where::<$t, $t>(|a, b| a.checked_div(b).is_some(), "a.div_euclid(b)", |a, b| a.div_euclid(b));
        binary_where::<$t, $t>(|a, b| a.checked_div(b).is_some(), "a.rem_euclid(b)", |a, b| a.rem_euclid(b));
        binary::<$t, $t>("a.saturating_mul(b)", $t::saturating_mul);
        binary::<$t, $t>("a.overflowing_add(b).0", |a, b| a.overflowing_add(b).0);
        binary::<$t, bool>("a.overflowing_add(b).1", |a, b| a.overflowing_add(b).1);
        binary::<$t, $t>("a.overflowing_sub(b).0", |a, b| a.overflowing_sub(b).0);
        binary::<$t, bool>("a.overflowing_sub(b).1", |a, b| a.overflowing_sub(b).1);
        binary::<$t, $t>("a.overflowing_mul(b).0", |a, b| a.overflowing_mul(b).0);
        binary::<$t, bool>("a.overflowing_mul(b).1", |a, b| a.overflowing_mul(b).1);
        unary::<$t, $t>("a.swap_bytes()", $t::swap_bytes);
        unary::<$t, $t>("a.to_be()", |a| a.swap_bytes());
        unary::<$t, $t>("a.pow(0) ^ a.pow(1) ^ a.pow(2) ^ a.pow(13)", |a| {
            1 ^ a ^ a.wrapping_pow(2) ^ a.wrapping_pow(13)
        });
        binary::<$t, $t>("a.pow(b as u32)", |a, b| a.wrapping_pow(b as u32));
        binary::<$t, $t>("a.wrapping_pow(b as u32 % 9)", |a, b| a.wrapping_pow(b as u32 % 9));
        binary_where::<$t, u32>(
            |a, _| a > 0,
            "a.ilog2() + b as u32",
            |a, b| a.ilog2().wrapping_add(b as u32),
        );
        unary::<$t, $t>("a.div_euclid(5)", |a| a.div_euclid(5));
        unary::<$t, $t>("a.rem_euclid(8)", |a| a.rem_euclid(8));
    };
}

macro_rules! unsigned {
    ($($t:ident)*) => {$(
        #[test]
        fn $t() {
            any!($t);
            binary_where::<$t, $t>(|_, b| b != 0, "a.wrapping_div(b) ^ a.wrapping_rem(b)", |a, b| (a / b) ^ (a % b));
            binary::<$t, $t>("a.abs_diff(b)", $t::abs_diff);
            unary::<$t, bool>("a.is_power_of_two()", $t::is_power_of_two);
            // Zero where a release build wraps.
            unary::<$t, $t>("a.next_power_of_two()", |a| a.checked_next_power_of_two().unwrap_or(0));
            binary_where::<$t, $t>(|_, b| b != 0, "a.div_ceil(b)", $t::div_ceil);
            unary::<$t, $t>("a.div_ceil(16)", |a| a.div_ceil(16));
            binary_where::<$t, $t>(
                |a, b| a.checked_next_multiple_of(b).is_some(),
                "a.next_multiple_of(b)",
                $t::next_multiple_of,
            );
            binary::<$t, bool>("a.is_multiple_of(b)", $t::is_multiple_of);
            unary::<$t, bool>("a.is_multiple_of(16) || a.is_multiple_of(3)", |a| {
                a.is_multiple_of(16) || a.is_multiple_of(3)
            });
        }
    )*};
}

macro_rules! signed {
    ($($t:ident $unsigned:ident),*) => {$(
        #[test]
        fn $t() {
            any!($t);
            binary::<$t, $unsigned>("a.abs_diff(b)", $t::abs_diff);
            unary::<$t, $t>("a.abs()", $t::wrapping_abs);
            unary::<$t, $t>("a.wrapping_abs()", $t::wrapping_abs);
            unary::<$t, $unsigned>("a.unsigned_abs()", $t::unsigned_abs);
            unary::<$t, $t>("a.signum()", $t::signum);
            unary::<$t, bool>("a.is_positive()", $t::is_positive);
            unary::<$t, bool>("a.is_negative()", $t::is_negative);
            binary_where::<$t, $t>(|_, b| b != 0, "a.wrapping_div(b)", $t::wrapping_div);
            binary_where::<$t, $t>(|_, b| b != 0, "a.wrapping_rem(b)", $t::wrapping_rem);
            unary::<$t, $t>("a.wrapping_div(-1) ^ a.wrapping_rem(-1)", |a| a.wrapping_div(-1) ^ a.wrapping_rem(-1));
            unary::<$t, $t>("a.wrapping_div(-3) ^ a.wrapping_rem(8)", |a| a.wrapping_div(-3) ^ a.wrapping_rem(8));
        }
    )*};
}

unsigned!(u8 u16 u32 u64);
signed!(i8 u8, i16 u16, i32 u32, i64 u64);
