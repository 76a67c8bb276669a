//! Arithmetic rounded in a direction, and on pairs of 16-bit floats.

use super::Specialiser;
use super::value::{Value, Want};
use crate::back::emit::{Argument, Class};
use crate::ir::{Direction, HalfFormat, HalfOperation, RoundedOperation};

/// The opcode of an `f32` operation.
pub(super) fn rounded(operation: RoundedOperation, direction: Direction) -> String {
    let name = match operation {
        RoundedOperation::Add => "add",
        RoundedOperation::Subtract => "sub",
        RoundedOperation::Multiply => "mul",
        RoundedOperation::Divide => "div",
        RoundedOperation::FusedMultiplyAdd => "fma",
        RoundedOperation::SquareRoot => "sqrt",
    };
    format!("{name}.{}.f32", direction.modifier())
}

/// 1.0, -1.0 and -0.0 in both halves of a word of bf16.
const ONES: Argument = Argument::Integer(0x3f80_3f80);
const MINUS_ONES: Argument = Argument::Integer(0xbf80_bf80);
const MINUS_ZEROS: Argument = Argument::Integer(0x8000_8000);

impl Specialiser<'_> {
    /// An operation on both halves of words.
    pub(super) fn half_pair(
        &mut self,
        format: HalfFormat,
        operation: HalfOperation,
        values: Vec<Value>,
        want: &Want,
    ) -> Value {
        let mut sources: Vec<Argument> =
            values.iter().map(|value| self.argument(value, Class::Bits32)).collect();
        let name = match (operation, format) {
            // Before sm_90, bf16 has `fma` only (PTX ISA section 9.7.4, `add`, `sub`, `mul`), which gives the same bits: a
            // product with one is exact, and so is a sum with -0.0.
            (HalfOperation::Add, HalfFormat::Bf16) => {
                sources.insert(1, ONES);
                "fma.rn"
            }
            (HalfOperation::Subtract, HalfFormat::Bf16) => {
                sources.reverse();
                sources.insert(1, MINUS_ONES);
                "fma.rn"
            }
            (HalfOperation::Multiply, HalfFormat::Bf16) => {
                sources.push(MINUS_ZEROS);
                "fma.rn"
            }
            (HalfOperation::Add, HalfFormat::F16) => "add.rn",
            (HalfOperation::Subtract, HalfFormat::F16) => "sub.rn",
            (HalfOperation::Multiply, HalfFormat::F16) => "mul.rn",
            (HalfOperation::FusedMultiplyAdd, _) => "fma.rn",
            (HalfOperation::Minimum, _) => "min",
            (HalfOperation::Maximum, _) => "max",
        };
        let result = self.result(want, Class::Bits32);
        self.body.pure(format!("{name}.{}", format.pair().modifier()), result, sources);
        Value::Register(result)
    }
}
