//! Arithmetic that Rust has no operators for: `f32` rounded in a direction (PTX ISA section 9.7.3),
//! and pairs of 16-bit floats in a word (PTX ISA section 9.7.4). It computes the same bits on the
//! host.

use crossdock_codegen::ir::{Direction, HalfFormat, HalfOperation, RoundedOperation};
use crossdock_codegen::rounded;

/// One function per row: its PTX instruction is the end of its documentation.
macro_rules! rounded {
    ($($name:ident($($operand:ident),+) = $operation:ident $direction:ident: $text:literal;)*) => {$(
        #[doc = $text]
        pub fn $name($($operand: f32),+) -> f32 {
            let mut operands = [0.0; 3];
            for (place, operand) in operands.iter_mut().zip([$($operand),+]) {
                *place = operand;
            }
            rounded::rounded(RoundedOperation::$operation, Direction::$direction, operands)
        }
    )*};
}

rounded! {
    add_toward_zero(a, b) = Add TowardZero: "`a + b`, rounded toward zero: `add.rz.f32` (PTX ISA section 9.7.3).";
    add_down(a, b) = Add Down: "`a + b`, rounded towards negative infinity: `add.rm.f32` (PTX ISA section 9.7.3).";
    add_up(a, b) = Add Up: "`a + b`, rounded towards positive infinity: `add.rp.f32` (PTX ISA section 9.7.3).";
    subtract_toward_zero(a, b) = Subtract TowardZero: "`a - b`, rounded toward zero: `sub.rz.f32` (PTX ISA section 9.7.3).";
    subtract_down(a, b) = Subtract Down: "`a - b`, rounded towards negative infinity: `sub.rm.f32` (PTX ISA section 9.7.3).";
    subtract_up(a, b) = Subtract Up: "`a - b`, rounded towards positive infinity: `sub.rp.f32` (PTX ISA section 9.7.3).";
    multiply_toward_zero(a, b) = Multiply TowardZero: "`a * b`, rounded toward zero: `mul.rz.f32` (PTX ISA section 9.7.3).";
    multiply_down(a, b) = Multiply Down: "`a * b`, rounded towards negative infinity: `mul.rm.f32` (PTX ISA section 9.7.3).";
    multiply_up(a, b) = Multiply Up: "`a * b`, rounded towards positive infinity: `mul.rp.f32` (PTX ISA section 9.7.3).";
    divide_toward_zero(a, b) = Divide TowardZero: "`a / b`, rounded toward zero: `div.rz.f32` (PTX ISA section 9.7.3).";
    divide_down(a, b) = Divide Down: "`a / b`, rounded towards negative infinity: `div.rm.f32` (PTX ISA section 9.7.3).";
    divide_up(a, b) = Divide Up: "`a / b`, rounded towards positive infinity: `div.rp.f32` (PTX ISA section 9.7.3).";
    mul_add_toward_zero(a, b, c) = FusedMultiplyAdd TowardZero: "`a * b + c`, rounded toward zero: `fma.rz.f32` (PTX ISA section 9.7.3).";
    mul_add_down(a, b, c) = FusedMultiplyAdd Down: "`a * b + c`, rounded towards negative infinity: `fma.rm.f32` (PTX ISA section 9.7.3).";
    mul_add_up(a, b, c) = FusedMultiplyAdd Up: "`a * b + c`, rounded towards positive infinity: `fma.rp.f32` (PTX ISA section 9.7.3).";
    sqrt_toward_zero(a) = SquareRoot TowardZero: "The square root, rounded toward zero: `sqrt.rz.f32` (PTX ISA section 9.7.3).";
    sqrt_down(a) = SquareRoot Down: "The square root, rounded towards negative infinity: `sqrt.rm.f32` (PTX ISA section 9.7.3).";
    sqrt_up(a) = SquareRoot Up: "The square root, rounded towards positive infinity: `sqrt.rp.f32` (PTX ISA section 9.7.3).";
}

/// One conversion per row.
macro_rules! conversions {
    ($($name:ident($source:ident) = $convert:ident($wide:ident) $direction:ident: $text:literal;)*) => {$(
        #[doc = $text]
        pub fn $name(value: $source) -> f32 {
            rounded::$convert($wide::from(value), Direction::$direction)
        }
    )*};
}

conversions! {
    f32_from_f64_toward_zero(f64) = from_f64(f64) TowardZero: "The number as `f32`, rounded toward zero: `cvt.rz.f32.f64` (PTX ISA section 9.7.9).";
    f32_from_f64_down(f64) = from_f64(f64) Down: "The number as `f32`, rounded towards negative infinity: `cvt.rm.f32.f64` (PTX ISA section 9.7.9).";
    f32_from_f64_up(f64) = from_f64(f64) Up: "The number as `f32`, rounded towards positive infinity: `cvt.rp.f32.f64` (PTX ISA section 9.7.9).";
    f32_from_u32_toward_zero(u32) = from_integer(i128) TowardZero: "The number as `f32`, rounded toward zero: `cvt.rz.f32.u32` (PTX ISA section 9.7.9).";
    f32_from_u32_down(u32) = from_integer(i128) Down: "The number as `f32`, rounded towards negative infinity: `cvt.rm.f32.u32` (PTX ISA section 9.7.9).";
    f32_from_u32_up(u32) = from_integer(i128) Up: "The number as `f32`, rounded towards positive infinity: `cvt.rp.f32.u32` (PTX ISA section 9.7.9).";
    f32_from_i32_toward_zero(i32) = from_integer(i128) TowardZero: "The number as `f32`, rounded toward zero: `cvt.rz.f32.s32` (PTX ISA section 9.7.9).";
    f32_from_i32_down(i32) = from_integer(i128) Down: "The number as `f32`, rounded towards negative infinity: `cvt.rm.f32.s32` (PTX ISA section 9.7.9).";
    f32_from_i32_up(i32) = from_integer(i128) Up: "The number as `f32`, rounded towards positive infinity: `cvt.rp.f32.s32` (PTX ISA section 9.7.9).";
    f32_from_u64_toward_zero(u64) = from_integer(i128) TowardZero: "The number as `f32`, rounded toward zero: `cvt.rz.f32.u64` (PTX ISA section 9.7.9).";
    f32_from_u64_down(u64) = from_integer(i128) Down: "The number as `f32`, rounded towards negative infinity: `cvt.rm.f32.u64` (PTX ISA section 9.7.9).";
    f32_from_u64_up(u64) = from_integer(i128) Up: "The number as `f32`, rounded towards positive infinity: `cvt.rp.f32.u64` (PTX ISA section 9.7.9).";
    f32_from_i64_toward_zero(i64) = from_integer(i128) TowardZero: "The number as `f32`, rounded toward zero: `cvt.rz.f32.s64` (PTX ISA section 9.7.9).";
    f32_from_i64_down(i64) = from_integer(i128) Down: "The number as `f32`, rounded towards negative infinity: `cvt.rm.f32.s64` (PTX ISA section 9.7.9).";
    f32_from_i64_up(i64) = from_integer(i128) Up: "The number as `f32`, rounded towards positive infinity: `cvt.rp.f32.s64` (PTX ISA section 9.7.9).";
}

/// Rounds both to f16, toward zero, `low` in the lower half; NaN becomes 0x7fff:
/// `cvt.rz.f16x2.f32`. PTX ISA section 9.7.9.
pub fn pack_f16_toward_zero(low: f32, high: f32) -> u32 {
    rounded::pack_toward_zero(HalfFormat::F16, low, high)
}

/// Rounds both to bf16, toward zero, `low` in the lower half; NaN becomes 0x7fff:
/// `cvt.rz.bf16x2.f32`. PTX ISA section 9.7.9.
pub fn pack_bf16_toward_zero(low: f32, high: f32) -> u32 {
    rounded::pack_toward_zero(HalfFormat::Bf16, low, high)
}

/// One operation on both halves of words per row.
macro_rules! half_pairs {
    ($($name:ident($($operand:ident),+) = $format:ident $operation:ident: $text:literal;)*) => {$(
        #[doc = $text]
        pub fn $name($($operand: u32),+) -> u32 {
            let mut operands = [0; 3];
            for (place, operand) in operands.iter_mut().zip([$($operand),+]) {
                *place = operand;
            }
            rounded::half_pair(HalfFormat::$format, HalfOperation::$operation, operands)
        }
    )*};
}

half_pairs! {
    add_f16x2(a, b) = F16 Add: "Both sums, rounded to nearest even: `add.rn.f16x2` (PTX ISA section 9.7.4).";
    subtract_f16x2(a, b) = F16 Subtract: "Both differences, rounded to nearest even: `sub.rn.f16x2` (PTX ISA section 9.7.4).";
    multiply_f16x2(a, b) = F16 Multiply: "Both products, rounded to nearest even: `mul.rn.f16x2` (PTX ISA section 9.7.4).";
    mul_add_f16x2(a, b, c) = F16 FusedMultiplyAdd: "`a * b + c` of both halves, each rounded once to nearest even: `fma.rn.f16x2` (PTX ISA section 9.7.4).";
    min_f16x2(a, b) = F16 Minimum: "The lesser of both halves; a NaN loses, and -0 is less than +0: `min.f16x2` (PTX ISA section 9.7.4).";
    max_f16x2(a, b) = F16 Maximum: "The greater of both halves; a NaN loses, and -0 is less than +0: `max.f16x2` (PTX ISA section 9.7.4).";
    add_bf16x2(a, b) = Bf16 Add: "Both sums, rounded to nearest even: `fma.rn.bf16x2` (PTX ISA section 9.7.4).";
    subtract_bf16x2(a, b) = Bf16 Subtract: "Both differences, rounded to nearest even: `fma.rn.bf16x2` (PTX ISA section 9.7.4).";
    multiply_bf16x2(a, b) = Bf16 Multiply: "Both products, rounded to nearest even: `fma.rn.bf16x2` (PTX ISA section 9.7.4).";
    mul_add_bf16x2(a, b, c) = Bf16 FusedMultiplyAdd: "`a * b + c` of both halves, each rounded once to nearest even: `fma.rn.bf16x2` (PTX ISA section 9.7.4).";
    min_bf16x2(a, b) = Bf16 Minimum: "The lesser of both halves; a NaN loses, and -0 is less than +0: `min.bf16x2` (PTX ISA section 9.7.4).";
    max_bf16x2(a, b) = Bf16 Maximum: "The greater of both halves; a NaN loses, and -0 is less than +0: `max.bf16x2` (PTX ISA section 9.7.4).";
}
