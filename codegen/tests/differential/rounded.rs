//! `f32` arithmetic and conversions rounded in a direction.

use rustc_apfloat::ieee::Single;
use rustc_apfloat::{Float, FloatConvert, Round};

use crate::execute::{binary, ternary, unary};
use crate::reference::{NAN, double, native, single};

macro_rules! directions {
    ($($module:ident $round:ident $suffix:literal;)*) => {$(
        #[test]
        fn $module() {
            const ROUND: Round = Round::$round;
            binary::<f32, f32>(concat!("add", $suffix, "(a, b)"), |a, b| {
                native(single(a).add_r(single(b), ROUND).value)
            });
            binary::<f32, f32>(concat!("subtract", $suffix, "(a, b)"), |a, b| {
                native(single(a).sub_r(single(b), ROUND).value)
            });
            binary::<f32, f32>(concat!("multiply", $suffix, "(a, b)"), |a, b| {
                native(single(a).mul_r(single(b), ROUND).value)
            });
            binary::<f32, f32>(concat!("divide", $suffix, "(a, b)"), |a, b| {
                native(single(a).div_r(single(b), ROUND).value)
            });
            ternary::<f32, f32>(|_, _, _| true, concat!("mul_add", $suffix, "(a, b, c)"), |a, b, c| {
                native(single(a).mul_add_r(single(b), single(c), ROUND).value)
            });
            unary::<f32, f32>(concat!("sqrt", $suffix, "(a)"), |a| root(a, ROUND));
            unary::<f64, f32>(concat!("f32_from_f64", $suffix, "(a)"), |a| {
                let converted: Single = double(a).convert_r(ROUND, &mut false).value;
                native(converted)
            });
            unary::<u32, f32>(concat!("f32_from_u32", $suffix, "(a)"), |a| integer(i128::from(a), ROUND));
            unary::<i32, f32>(concat!("f32_from_i32", $suffix, "(a)"), |a| integer(i128::from(a), ROUND));
            unary::<u64, f32>(concat!("f32_from_u64", $suffix, "(a)"), |a| integer(i128::from(a), ROUND));
            unary::<i64, f32>(concat!("f32_from_i64", $suffix, "(a)"), |a| integer(i128::from(a), ROUND));
        }
    )*};
}

directions! {
    toward_zero TowardZero "_toward_zero";
    down TowardNegative "_down";
    up TowardPositive "_up";
}

fn integer(value: i128, round: Round) -> f32 {
    native(Single::from_i128_r(value, round).value)
}

/// The reference has no root. Squares of floats are exact in `f64`, so the neighbours of the root
/// are found by comparing.
fn root(a: f32, round: Round) -> f32 {
    if a.is_nan() || a < 0.0 {
        return NAN;
    }
    if a == 0.0 || a.is_infinite() {
        return a;
    }
    let square = |x: f32| f64::from(x) * f64::from(x);
    let mut low = a.sqrt();
    while square(low) > f64::from(a) {
        low = low.next_down();
    }
    while square(low.next_up()) <= f64::from(a) {
        low = low.next_up();
    }
    let exact = square(low) == f64::from(a);
    if round == Round::TowardPositive && !exact { low.next_up() } else { low }
}
