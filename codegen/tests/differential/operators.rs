//! Every operator on every scalar type.

use crate::execute::{binary, binary_where, unary};

/// Rust has no quotient by zero and none of the smallest number by -1.
macro_rules! divides {
    ($t:ident) => {
        |a: $t, b: $t| a.checked_div(b).is_some()
    };
}

macro_rules! integers {
    ($($t:ident)*) => {$(
        #[test]
        fn $t() {
            binary::<$t, $t>("a + b", $t::wrapping_add);
            binary::<$t, $t>("a - b", $t::wrapping_sub);
            binary::<$t, $t>("a * b", $t::wrapping_mul);
            binary::<$t, $t>("a * b + a", |a, b| a.wrapping_mul(b).wrapping_add(a));
            binary_where::<$t, $t>(divides!($t), "a / b", |a, b| a / b);
            binary_where::<$t, $t>(divides!($t), "a % b", |a, b| a % b);
            binary::<$t, $t>("a & b", |a, b| a & b);
            binary::<$t, $t>("a | b", |a, b| a | b);
            binary::<$t, $t>("a ^ b", |a, b| a ^ b);
            unary::<$t, $t>("!a", |a| !a);
            // Shift amounts of any integer type, masked as in a release build.
            binary::<$t, $t>("a << b", |a, b| a.wrapping_shl(b as u32));
            binary::<$t, $t>("a >> b", |a, b| a.wrapping_shr(b as u32));
            binary::<$t, $t>("a << b as i8", |a, b| a.wrapping_shl(b as i8 as u32));
            binary::<$t, $t>("a >> b as u64", |a, b| a.wrapping_shr(b as u64 as u32));
            // Constants on either side take other paths.
            unary::<$t, $t>("a + 7", |a| a.wrapping_add(7));
            unary::<$t, $t>("7 - a", |a| (7 as $t).wrapping_sub(a));
            unary::<$t, $t>("a * 8 + 1", |a| a.wrapping_mul(8).wrapping_add(1));
            unary::<$t, $t>("a * 10", |a| a.wrapping_mul(10));
            unary::<$t, $t>("a / 1 + a / 2 + a / 7 + a / 64", |a| {
                a.wrapping_add(a / 2).wrapping_add(a / 7).wrapping_add(a / 64)
            });
            unary::<$t, $t>("a % 1 ^ a % 2 ^ a % 7 ^ a % 64", |a| a % 2 ^ a % 7 ^ a % 64);
            unary::<$t, $t>("a << 3 ^ a >> 2 ^ 1 << 5", |a| (a << 3) ^ (a >> 2) ^ (1 << 5));
            comparisons!($t);
        }
    )*};
}

macro_rules! comparisons {
    ($t:ident) => {
        binary::<$t, bool>("a == b", |a, b| a == b);
        binary::<$t, bool>("a != b", |a, b| a != b);
        binary::<$t, bool>("a < b", |a, b| a < b);
        binary::<$t, bool>("a <= b", |a, b| a <= b);
        binary::<$t, bool>("a > b", |a, b| a > b);
        binary::<$t, bool>("a >= b", |a, b| a >= b);
        binary::<$t, $t>("if a < b { b } else { a }", |a, b| if a < b { b } else { a });
        binary::<$t, bool>("!(a < b) && (a == b || b > a)", |a, b| !(a < b) && (a == b || b > a));
    };
}

macro_rules! floats {
    ($($t:ident)*) => {$(
        #[test]
        fn $t() {
            binary::<$t, $t>("a + b", |a, b| a + b);
            binary::<$t, $t>("a - b", |a, b| a - b);
            binary::<$t, $t>("a * b", |a, b| a * b);
            binary::<$t, $t>("a / b", |a, b| a / b);
            binary::<$t, $t>("a % b", |a, b| a % b);
            unary::<$t, $t>("a % 0.1 + 7.0 % a", |a| a % 0.1 + 7.0 % a);
            // Near one another, where few bits are shifted in.
            binary::<$t, $t>("(a * 3.0) % (a + b)", |a, b| (a * 3.0) % (a + b));
            // Never fused.
            binary::<$t, $t>("a * b + a", |a, b| a * b + a);
            binary::<$t, $t>("a - b * b", |a, b| a - b * b);
            unary::<$t, $t>("-a", |a| -a);
            unary::<$t, $t>("a * 1.0 + 0.0", |a| a * 1.0 + 0.0);
            unary::<$t, $t>("0.0 - a", |a| 0.0 - a);
            comparisons!($t);
        }
    )*};
}

integers!(u8 u16 u32 u64 i8 i16 i32 i64);
floats!(f32 f64);

macro_rules! negation {
    ($($t:ident)*) => {
        #[test]
        fn negation() {
            $(unary::<$t, $t>("-a", $t::wrapping_neg);)*
        }
    };
}
negation!(i8 i16 i32 i64);

#[test]
fn bool() {
    binary::<bool, bool>("a & b", |a, b| a & b);
    binary::<bool, bool>("a | b", |a, b| a | b);
    binary::<bool, bool>("a ^ b", |a, b| a ^ b);
    binary::<bool, bool>("a && b", |a, b| a && b);
    binary::<bool, bool>("a || b", |a, b| a || b);
    unary::<bool, bool>("!a", |a| !a);
    comparisons!(bool);
}
