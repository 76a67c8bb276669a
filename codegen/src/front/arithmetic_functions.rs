//! Arithmetic that Rust has no operators for, as functions: rounded in a direction, and on pairs of 16-bit floats.

use super::intrinsics::{Operation, Shape, row};
use crate::ir::{Direction, HalfFormat, HalfOperation, Intrinsic, RoundedOperation};

/// Up to three numbers.
static F32S: [Shape; 3] = [Shape::F32; 3];
/// Up to three words.
static WORDS: [Shape; 3] = [Shape::U32; 3];

#[rustfmt::skip]
pub(super) static OPERATIONS: &[Operation] = &[
    row("add_toward_zero", Intrinsic::Rounded(RoundedOperation::Add, Direction::TowardZero), F32S.split_at(2).0, Shape::F32),
    row("add_down", Intrinsic::Rounded(RoundedOperation::Add, Direction::Down), F32S.split_at(2).0, Shape::F32),
    row("add_up", Intrinsic::Rounded(RoundedOperation::Add, Direction::Up), F32S.split_at(2).0, Shape::F32),
    row("subtract_toward_zero", Intrinsic::Rounded(RoundedOperation::Subtract, Direction::TowardZero), F32S.split_at(2).0, Shape::F32),
    row("subtract_down", Intrinsic::Rounded(RoundedOperation::Subtract, Direction::Down), F32S.split_at(2).0, Shape::F32),
    row("subtract_up", Intrinsic::Rounded(RoundedOperation::Subtract, Direction::Up), F32S.split_at(2).0, Shape::F32),
    row("multiply_toward_zero", Intrinsic::Rounded(RoundedOperation::Multiply, Direction::TowardZero), F32S.split_at(2).0, Shape::F32),
    row("multiply_down", Intrinsic::Rounded(RoundedOperation::Multiply, Direction::Down), F32S.split_at(2).0, Shape::F32),
    row("multiply_up", Intrinsic::Rounded(RoundedOperation::Multiply, Direction::Up), F32S.split_at(2).0, Shape::F32),
    row("divide_toward_zero", Intrinsic::Rounded(RoundedOperation::Divide, Direction::TowardZero), F32S.split_at(2).0, Shape::F32),
    row("divide_down", Intrinsic::Rounded(RoundedOperation::Divide, Direction::Down), F32S.split_at(2).0, Shape::F32),
    row("divide_up", Intrinsic::Rounded(RoundedOperation::Divide, Direction::Up), F32S.split_at(2).0, Shape::F32),
    row("mul_add_toward_zero", Intrinsic::Rounded(RoundedOperation::FusedMultiplyAdd, Direction::TowardZero), F32S.split_at(3).0, Shape::F32),
    row("mul_add_down", Intrinsic::Rounded(RoundedOperation::FusedMultiplyAdd, Direction::Down), F32S.split_at(3).0, Shape::F32),
    row("mul_add_up", Intrinsic::Rounded(RoundedOperation::FusedMultiplyAdd, Direction::Up), F32S.split_at(3).0, Shape::F32),
    row("sqrt_toward_zero", Intrinsic::Rounded(RoundedOperation::SquareRoot, Direction::TowardZero), F32S.split_at(1).0, Shape::F32),
    row("sqrt_down", Intrinsic::Rounded(RoundedOperation::SquareRoot, Direction::Down), F32S.split_at(1).0, Shape::F32),
    row("sqrt_up", Intrinsic::Rounded(RoundedOperation::SquareRoot, Direction::Up), F32S.split_at(1).0, Shape::F32),
    row("f32_from_f64_toward_zero", Intrinsic::ToF32(Direction::TowardZero), &[Shape::F64], Shape::F32),
    row("f32_from_f64_down", Intrinsic::ToF32(Direction::Down), &[Shape::F64], Shape::F32),
    row("f32_from_f64_up", Intrinsic::ToF32(Direction::Up), &[Shape::F64], Shape::F32),
    row("f32_from_u32_toward_zero", Intrinsic::ToF32(Direction::TowardZero), &[Shape::U32], Shape::F32),
    row("f32_from_u32_down", Intrinsic::ToF32(Direction::Down), &[Shape::U32], Shape::F32),
    row("f32_from_u32_up", Intrinsic::ToF32(Direction::Up), &[Shape::U32], Shape::F32),
    row("f32_from_i32_toward_zero", Intrinsic::ToF32(Direction::TowardZero), &[Shape::I32], Shape::F32),
    row("f32_from_i32_down", Intrinsic::ToF32(Direction::Down), &[Shape::I32], Shape::F32),
    row("f32_from_i32_up", Intrinsic::ToF32(Direction::Up), &[Shape::I32], Shape::F32),
    row("f32_from_u64_toward_zero", Intrinsic::ToF32(Direction::TowardZero), &[Shape::U64], Shape::F32),
    row("f32_from_u64_down", Intrinsic::ToF32(Direction::Down), &[Shape::U64], Shape::F32),
    row("f32_from_u64_up", Intrinsic::ToF32(Direction::Up), &[Shape::U64], Shape::F32),
    row("f32_from_i64_toward_zero", Intrinsic::ToF32(Direction::TowardZero), &[Shape::I64], Shape::F32),
    row("f32_from_i64_down", Intrinsic::ToF32(Direction::Down), &[Shape::I64], Shape::F32),
    row("f32_from_i64_up", Intrinsic::ToF32(Direction::Up), &[Shape::I64], Shape::F32),
    row("pack_f16_toward_zero", Intrinsic::PackTowardZero(HalfFormat::F16), F32S.split_at(2).0, Shape::U32),
    row("pack_bf16_toward_zero", Intrinsic::PackTowardZero(HalfFormat::Bf16), F32S.split_at(2).0, Shape::U32),
    row("add_f16x2", Intrinsic::HalfPair(HalfFormat::F16, HalfOperation::Add), WORDS.split_at(2).0, Shape::U32),
    row("subtract_f16x2", Intrinsic::HalfPair(HalfFormat::F16, HalfOperation::Subtract), WORDS.split_at(2).0, Shape::U32),
    row("multiply_f16x2", Intrinsic::HalfPair(HalfFormat::F16, HalfOperation::Multiply), WORDS.split_at(2).0, Shape::U32),
    row("mul_add_f16x2", Intrinsic::HalfPair(HalfFormat::F16, HalfOperation::FusedMultiplyAdd), WORDS.split_at(3).0, Shape::U32),
    row("min_f16x2", Intrinsic::HalfPair(HalfFormat::F16, HalfOperation::Minimum), WORDS.split_at(2).0, Shape::U32),
    row("max_f16x2", Intrinsic::HalfPair(HalfFormat::F16, HalfOperation::Maximum), WORDS.split_at(2).0, Shape::U32),
    row("add_bf16x2", Intrinsic::HalfPair(HalfFormat::Bf16, HalfOperation::Add), WORDS.split_at(2).0, Shape::U32),
    row("subtract_bf16x2", Intrinsic::HalfPair(HalfFormat::Bf16, HalfOperation::Subtract), WORDS.split_at(2).0, Shape::U32),
    row("multiply_bf16x2", Intrinsic::HalfPair(HalfFormat::Bf16, HalfOperation::Multiply), WORDS.split_at(2).0, Shape::U32),
    row("mul_add_bf16x2", Intrinsic::HalfPair(HalfFormat::Bf16, HalfOperation::FusedMultiplyAdd), WORDS.split_at(3).0, Shape::U32),
    row("min_bf16x2", Intrinsic::HalfPair(HalfFormat::Bf16, HalfOperation::Minimum), WORDS.split_at(2).0, Shape::U32),
    row("max_bf16x2", Intrinsic::HalfPair(HalfFormat::Bf16, HalfOperation::Maximum), WORDS.split_at(2).0, Shape::U32),
];
