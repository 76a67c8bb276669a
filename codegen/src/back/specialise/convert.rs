//! `as` between scalars, with Rust's meaning: integers wrap, floats saturate and NaN becomes zero.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::scalar::{Bits, Float, Integer, Selected, class};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::{self, bits, range};
use crate::back::emit::{Argument, Class};
use crate::ir::{Scalar, Span};

/// Whether the cast leaves the register as it is.
pub(super) fn is_free(from: Scalar, to: Scalar) -> bool {
    if from == to {
        return true;
    }
    if !from.is_integer() || !to.is_integer() || class(from) != class(to) {
        return false;
    }
    // In 32 or 64 bits the extended small integer already is the answer; among small ones the range
    // must fit.
    let (least, greatest) = range(from);
    let (to_least, to_greatest) = range(to);
    bits(to) >= 32 || (to_least <= least && greatest <= to_greatest)
}

impl<'p> Specialiser<'p> {
    /// `value as to`.
    pub(super) fn cast(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        value: Value,
        from: Scalar,
        to: Scalar,
        want: &Want,
    ) -> Outcome<Value> {
        if let Value::Constant(constant) = value {
            return match constant::cast(constant, to) {
                Ok(value) => Ok(Value::Constant(value)),
                Err(fault) => Err(self.mistake(frame, span, fault.reason())),
            };
        }
        if is_free(from, to) {
            return Ok(value);
        }
        if from == Scalar::Bool {
            let (predicate, negated) = self.predicate(&value);
            let (one, zero) = (Argument::Integer(1), Argument::Integer(0));
            let (then, otherwise) = if negated { (zero, one) } else { (one, zero) };
            let result = self.result(want, class(to));
            self.body.pure(
                opcode!(selp.(Selected::of(class(to)))),
                result,
                vec![then, otherwise, Argument::Register(predicate)],
            );
            return Ok(Value::Register(result));
        }
        let source = self.argument(&value, class(from));
        Ok(match (from.is_float(), to.is_float()) {
            (false, false) => self.integer_to_integer(source, from, to, want),
            (false, true) => {
                let result = self.result(want, class(to));
                let opcode = opcode!(cvt.rn.(Float::of(to)).(Integer::of(from)));
                self.body.pure(opcode, result, vec![source]);
                Value::Register(result)
            }
            (true, true) => {
                let result = self.result(want, class(to));
                let opcode = if to == Scalar::F64 { opcode!(cvt.f64.f32) } else { opcode!(cvt.rn.f32.f64) };
                self.body.pure(opcode, result, vec![source]);
                Value::Register(result)
            }
            (true, false) => self.float_to_integer(source, from, to, want),
        })
    }

    fn integer_to_integer(&mut self, source: Argument, from: Scalar, to: Scalar, want: &Want) -> Value {
        match (class(from), class(to)) {
            (Class::Bits32, Class::Bits64) => {
                let result = self.result(want, Class::Bits64);
                let opcode = if from.is_signed() { opcode!(cvt.s64.s32) } else { opcode!(cvt.u64.u32) };
                self.body.pure(opcode, result, vec![source]);
                Value::Register(result)
            }
            (Class::Bits64, Class::Bits32) if bits(to) == 32 => {
                let result = self.result(want, Class::Bits32);
                self.body.pure(opcode!(cvt.u32.u64), result, vec![source]);
                Value::Register(result)
            }
            (from_class, _) => {
                let low = match source {
                    Argument::Register(register) if from_class == Class::Bits32 => register,
                    source => {
                        let low = self.body.register(Class::Bits32, None);
                        self.body.pure(opcode!(cvt.u32.u64), low, vec![source]);
                        low
                    }
                };
                self.cut(low, to, want)
            }
        }
    }

    /// The hardware gives NaN as 0 only from `f32` to at most 32 bits; otherwise it gives the most
    /// significant bit (PTX ISA section 9.7.9, `cvt`), and a selection makes it 0.
    fn float_to_integer(&mut self, source: Argument, from: Scalar, to: Scalar, want: &Want) -> Value {
        if from == Scalar::F32 && bits(to) <= 32 {
            return self.saturating(source, from, to, want);
        }
        let saturated = self.saturating(source.clone(), from, to, &Want::anything());
        let saturated = self.argument(&saturated, class(to));
        let is_nan = self.body.register(Class::Predicate, None);
        self.body.pure(opcode!(setp.nan.(Float::of(from))), is_nan, vec![source.clone(), source]);
        let result = self.result(want, class(to));
        let opcode = opcode!(selp.(Bits::of(to)));
        self.body.pure(opcode, result, vec![Argument::Integer(0), saturated, Argument::Register(is_nan)]);
        Value::Register(result)
    }

    /// The nearest value of the integer type, toward zero; anything for NaN.
    fn saturating(&mut self, source: Argument, from: Scalar, to: Scalar, want: &Want) -> Value {
        let opcode = opcode!(cvt.rzi.(Integer::of(to)).(Float::of(from)));
        if bits(to) >= 32 {
            let result = self.result(want, class(to));
            self.body.pure(opcode, result, vec![source]);
            return Value::Register(result);
        }
        let whole = self.body.register(class(to), None);
        self.body.pure(opcode, whole, vec![source]);
        let (least, greatest) = range(to);
        let ty = Integer::of(to);
        let mut low = whole;
        if to.is_signed() {
            low = self.body.register(Class::Bits32, None);
            self.body.pure(opcode!(max.(ty)), low, vec![Argument::Register(whole), Argument::Integer(least)]);
        }
        let result = self.result(want, Class::Bits32);
        self.body.pure(opcode!(min.(ty)), result, vec![Argument::Register(low), Argument::Integer(greatest)]);
        Value::Register(result)
    }

    /// The bits of a register in the other kind of register of the same width.
    pub(super) fn reinterpret(&mut self, value: &Value, from: Scalar, to: Scalar, want: &Want) -> Value {
        if class(from) == class(to) {
            return value.clone();
        }
        let source = self.argument(value, class(from));
        let result = self.result(want, class(to));
        self.body.pure(opcode!(mov.(Bits::of(from))), result, vec![source]);
        Value::Register(result)
    }
}
