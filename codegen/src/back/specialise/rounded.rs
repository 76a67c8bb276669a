//! Arithmetic rounded in a direction, and on pairs of 16-bit floats.

use crossdock_ptx::opcode;
use crossdock_ptx::table::opcode::Words;

use super::Specialiser;
use super::value::{Value, Want};
use crate::back::emit::{Argument, Class};
use crate::ir::{Direction, HalfFormat, HalfOperation, RoundedOperation};

/// The opcode of an `f32` operation.
pub(super) fn rounded(operation: RoundedOperation, direction: Direction) -> Words {
    match operation {
        RoundedOperation::Add => opcode!(add.(direction).f32),
        RoundedOperation::Subtract => opcode!(sub.(direction).f32),
        RoundedOperation::Multiply => opcode!(mul.(direction).f32),
        RoundedOperation::Divide => opcode!(div.(direction).f32),
        RoundedOperation::FusedMultiplyAdd => opcode!(fma.(direction).f32),
        RoundedOperation::SquareRoot => opcode!(sqrt.(direction).f32),
    }
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
        let pair = format.pair();
        let opcode = match (operation, format) {
            // Before sm_90, bf16 has `fma` only (PTX ISA section 9.7.4, `add`, `sub`, `mul`), which
            // gives the same bits: a product with one is exact, and so is a sum with -0.0.
            (HalfOperation::Add, HalfFormat::Bf16) => {
                sources.insert(1, ONES);
                opcode!(fma.rn.(pair))
            }
            (HalfOperation::Subtract, HalfFormat::Bf16) => {
                sources.reverse();
                sources.insert(1, MINUS_ONES);
                opcode!(fma.rn.(pair))
            }
            (HalfOperation::Multiply, HalfFormat::Bf16) => {
                sources.push(MINUS_ZEROS);
                opcode!(fma.rn.(pair))
            }
            (HalfOperation::Add, HalfFormat::F16) => opcode!(add.rn.f16x2),
            (HalfOperation::Subtract, HalfFormat::F16) => opcode!(sub.rn.f16x2),
            (HalfOperation::Multiply, HalfFormat::F16) => opcode!(mul.rn.f16x2),
            (HalfOperation::FusedMultiplyAdd, _) => opcode!(fma.rn.(pair)),
            (HalfOperation::Minimum, _) => opcode!(min.(pair)),
            (HalfOperation::Maximum, _) => opcode!(max.(pair)),
        };
        let result = self.result(want, Class::Bits32);
        self.body.pure(opcode, result, sources);
        Value::Register(result)
    }
}
