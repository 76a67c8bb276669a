//! Every method of floats.

use crate::execute::{binary, ternary, unary};

/// Rust leaves open which zero `min` and `max` give; PTX orders -0 below +0 (PTX ISA section 9.7.3,
/// `min`).
macro_rules! extreme {
    ($t:ident, $choose:ident) => {
        |a: $t, b: $t| {
            if a.is_nan() || b.is_nan() {
                return a.$choose(b);
            }
            let (low, high) = if a.total_cmp(&b).is_le() { (a, b) } else { (b, a) };
            if stringify!($choose) == "min" { low } else { high }
        }
    };
}

macro_rules! floats {
    ($($t:ident $bits:ident),*) => {$(
        #[test]
        fn $t() {
            binary::<$t, $t>("a.min(b)", extreme!($t, min));
            binary::<$t, $t>("a.max(b)", extreme!($t, max));
            ternary::<$t, $t>(|_, b, c| b <= c, "a.clamp(b, c)", |a, b, c| a.clamp(b, c));
            ternary::<$t, $t>(|_, _, _| true, "a.mul_add(b, c)", |a, b, c| a.mul_add(b, c));
            binary::<$t, $t>("a.rem_euclid(b)", $t::rem_euclid);
            binary::<$t, $t>("a.div_euclid(b)", $t::div_euclid);
            unary::<$t, $t>("a.abs()", $t::abs);
            unary::<$t, $t>("a.sqrt()", $t::sqrt);
            unary::<$t, $t>("a.recip()", $t::recip);
            unary::<$t, $t>("a.floor()", $t::floor);
            unary::<$t, $t>("a.ceil()", $t::ceil);
            unary::<$t, $t>("a.trunc()", $t::trunc);
            unary::<$t, $t>("a.round()", $t::round);
            unary::<$t, $t>("a.round_ties_even()", $t::round_ties_even);
            unary::<$t, $t>("a.fract()", $t::fract);
            unary::<$t, $t>("a.signum()", $t::signum);
            binary::<$t, $t>("a.copysign(b)", $t::copysign);
            unary::<$t, bool>("a.is_nan()", $t::is_nan);
            unary::<$t, bool>("a.is_finite()", $t::is_finite);
            unary::<$t, bool>("a.is_infinite()", $t::is_infinite);
            unary::<$t, bool>("a.is_normal()", $t::is_normal);
            unary::<$t, bool>("a.is_subnormal()", $t::is_subnormal);
            unary::<$t, $bits>("a.to_bits()", $t::to_bits);
            unary::<$bits, $t>(concat!(stringify!($t), "::from_bits(a)"), $t::from_bits);
            // Of a NaN too: its sign is a bit like others.
            unary::<$t, bool>("a.is_sign_positive()", $t::is_sign_positive);
            unary::<$t, bool>("a.is_sign_negative()", $t::is_sign_negative);
        }
    )*};
}
floats!(f32 u32, f64 u64);
