//! Numeric intrinsics: fused multiply-add, extremes, bit counting, packing.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::scalar::{Bits, Float, Integer, Number, Signed, class};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::{Arithmetic, bits};
use crate::back::emit::{Argument, Class, Register};
use crate::ir::intrinsic::Known;
use crate::ir::{Expr, Intrinsic, Scalar};

use super::rounded::rounded;

impl<'p> Specialiser<'p> {
    /// A numeric intrinsic.
    pub(super) fn numeric(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        intrinsic: Intrinsic,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let span = expression.span;
        let Some(first) = arguments.first() else {
            return Err(self.mistake(frame, span, "this operation needs an argument"));
        };
        let (scalar, result) = (self.scalar_type(frame, first)?, self.scalar_type(frame, expression)?);
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.scalar(frame, argument, &Want::anything())?);
        }
        let constants: Option<Vec<_>> = values
            .iter()
            .map(|value| match value {
                Value::Constant(constant) => Some(*constant),
                _ => None,
            })
            .collect();
        if let Some(constants) = constants {
            let (target, arithmetic) = (self.options.target, Arithmetic::Wrapping);
            return match intrinsic.fold(&Known { target, scalar, result, values: &constants, arithmetic }) {
                Some(Ok(value)) => Ok(Value::Constant(value)),
                Some(Err(fault)) => Err(self.mistake(frame, span, fault.reason())),
                None => Err(self.mistake(frame, span, "this operation has the wrong arguments")),
            };
        }
        let float = Float::of(scalar);
        let opcode = match intrinsic {
            Intrinsic::Bitcast => return Ok(self.reinterpret(&values[0], scalar, result, want)),
            Intrinsic::CountOnes
            | Intrinsic::LeadingZeros
            | Intrinsic::TrailingZeros
            | Intrinsic::ReverseBits => {
                let source = self.register(&values[0], class(scalar));
                return Ok(self.bit_operation(intrinsic, source, scalar, want));
            }
            Intrinsic::Pack(format) if let Some(format) = format.half() => {
                // `cvt` puts its first source into the upper half.
                values.reverse();
                opcode!(cvt.rn.(format.pair()).f32)
            }
            Intrinsic::PackTowardZero(format) => {
                values.reverse();
                opcode!(cvt.rz.(format.pair()).f32)
            }
            Intrinsic::Rounded(operation, direction) => rounded(operation, direction),
            Intrinsic::ToF32(_, direction) if scalar == Scalar::F64 => opcode!(cvt.(direction).f32.f64),
            Intrinsic::ToF32(_, direction) => opcode!(cvt.(direction).f32.(Integer::of(scalar))),
            Intrinsic::HalfPair(format, operation) => {
                return Ok(self.half_pair(format, operation, values, want));
            }
            Intrinsic::Pack(_) | Intrinsic::F16Value | Intrinsic::Widen(_) => {
                return self.small_float(frame, span, intrinsic, values, want);
            }
            Intrinsic::FusedMultiplyAdd => opcode!(fma.rn.(float)),
            Intrinsic::Minimum => opcode!(min.(Number::of(scalar))),
            Intrinsic::Maximum => opcode!(max.(Number::of(scalar))),
            Intrinsic::Absolute if !scalar.is_float() && !scalar.is_signed() => return Ok(values.remove(0)),
            Intrinsic::Absolute => opcode!(abs.(Signed::of(scalar))),
            Intrinsic::SquareRoot => opcode!(sqrt.rn.(float)),
            // As an instruction between two equal types, `cvt` rounds to an integral number (PTX
            // ISA section 9.7.9, `cvt`).
            Intrinsic::Integral(rounding) => match float {
                Float::F32 => opcode!(cvt.(rounding.integral()).f32.f32),
                Float::F64 => opcode!(cvt.(rounding.integral()).f64.f64),
            },
            Intrinsic::CopySign => {
                // `copysign` takes the sign first.
                values.reverse();
                opcode!(copysign.(float))
            }
            _ => return Err(self.mistake(frame, span, "this is no numeric operation")),
        };
        let sources: Vec<Argument> = values.iter().map(|value| self.argument(value, class(scalar))).collect();
        if intrinsic == Intrinsic::Absolute && scalar.is_integer() && bits(scalar) < 32 {
            let wide = self.body.register(Class::Bits32, None);
            self.body.pure(opcode, wide, sources);
            return Ok(self.cut(wide, scalar, want));
        }
        let register = self.result(want, class(result));
        self.body.pure(opcode, register, sources);
        Ok(Value::Register(register))
    }

    fn bit_operation(
        &mut self,
        intrinsic: Intrinsic,
        source: Register,
        scalar: Scalar,
        want: &Want,
    ) -> Value {
        let width = bits(scalar);
        let unit = Bits::of(scalar);
        let unused = 32u32.saturating_sub(width);
        // The sign bits of a small signed integer are not part of it.
        let source = match scalar {
            Scalar::I8 | Scalar::I16 if intrinsic != Intrinsic::ReverseBits => {
                let low = self.body.register(Class::Bits32, None);
                let mask = Argument::Integer((1 << width) - 1);
                self.body.pure(opcode!(and.b32), low, vec![Argument::Register(source), mask]);
                low
            }
            _ => source,
        };
        let source = Argument::Register(source);
        let adjust = |amount: u32| Argument::Integer(i128::from(amount));
        match intrinsic {
            Intrinsic::CountOnes => {
                let result = self.result(want, Class::Bits32);
                self.body.pure(opcode!(popc.(unit)), result, vec![source]);
                Value::Register(result)
            }
            Intrinsic::LeadingZeros if unused > 0 => {
                let count = self.body.register(Class::Bits32, None);
                self.body.pure(opcode!(clz.b32), count, vec![source]);
                let result = self.result(want, Class::Bits32);
                self.body.pure(opcode!(sub.u32), result, vec![Argument::Register(count), adjust(unused)]);
                Value::Register(result)
            }
            Intrinsic::LeadingZeros => {
                let result = self.result(want, Class::Bits32);
                self.body.pure(opcode!(clz.(unit)), result, vec![source]);
                Value::Register(result)
            }
            Intrinsic::TrailingZeros => {
                let source = match unused {
                    0 => source,
                    _ => {
                        // A bit above the type ends the count for zero.
                        let bounded = self.body.register(Class::Bits32, None);
                        self.body.pure(opcode!(or.b32), bounded, vec![source, Argument::Integer(1 << width)]);
                        Argument::Register(bounded)
                    }
                };
                let reversed = self.body.register(class(scalar), None);
                self.body.pure(opcode!(brev.(unit)), reversed, vec![source]);
                let result = self.result(want, Class::Bits32);
                self.body.pure(opcode!(clz.(unit)), result, vec![Argument::Register(reversed)]);
                Value::Register(result)
            }
            _ if unused > 0 => {
                let reversed = self.body.register(Class::Bits32, None);
                self.body.pure(opcode!(brev.b32), reversed, vec![source]);
                let result = self.result(want, Class::Bits32);
                let opcode = opcode!(shr.(Integer::of(scalar)));
                self.body.pure(opcode, result, vec![Argument::Register(reversed), adjust(unused)]);
                Value::Register(result)
            }
            _ => {
                let result = self.result(want, class(scalar));
                self.body.pure(opcode!(brev.(unit)), result, vec![source]);
                Value::Register(result)
            }
        }
    }
}
