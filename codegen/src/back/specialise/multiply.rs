//! Multiplication: with an addend in one instruction, and of two `u32`s to a `u64` without widening
//! them first.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::scalar::{Integer, class, narrow};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::{Constant, range};
use crate::back::emit::Class;
use crate::ir::{BinaryOp, Expr, Scalar, Span};

impl<'p> Specialiser<'p> {
    /// Two factors. Those of `a as u64 * b as u64`, or of one such and a constant, stay `u32`: the
    /// product is wide.
    pub(super) fn factors(
        &mut self,
        frame: &mut Frame<'p>,
        scalar: Scalar,
        a: &'p Expr,
        b: &'p Expr,
    ) -> Outcome<Factors> {
        let (Some(narrow_a), Scalar::U64) = (narrow(a), scalar) else {
            let (a, b) =
                (self.scalar(frame, a, &Want::anything())?, self.scalar(frame, b, &Want::anything())?);
            return Ok(Factors { a, b, wide: false }.constant_last());
        };
        let a = self.scalar(frame, narrow_a, &Want::anything())?;
        let narrow_b = narrow(b);
        let b = self.scalar(frame, narrow_b.unwrap_or(b), &Want::anything())?;
        let fits = match &b {
            Value::Constant(Constant::Integer(number)) => *number <= range(Scalar::U32).1,
            _ => narrow_b.is_some(),
        };
        if fits && !(is_known(&a) && is_known(&b)) {
            return Ok(Factors { a, b, wide: true }.constant_last());
        }
        let a = self.cast(frame, narrow_a.span, a, Scalar::U32, Scalar::U64, &Want::anything())?;
        Ok(Factors { a, b, wide: false }.constant_last())
    }

    pub(super) fn multiply(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        scalar: Scalar,
        factors: Factors,
        want: &Want,
    ) -> Outcome<Value> {
        let Factors { a, b, wide } = factors;
        if !wide {
            return self.binary(frame, span, BinaryOp::Multiply, scalar, (a, b), want);
        }
        match b {
            Value::Constant(Constant::Integer(0)) => return Ok(b),
            Value::Constant(Constant::Integer(1)) => {
                return self.cast(frame, span, a, Scalar::U32, Scalar::U64, want);
            }
            _ => {}
        }
        let sources = vec![self.argument(&a, Class::Bits32), self.argument(&b, Class::Bits32)];
        let result = self.result(want, Class::Bits64);
        self.body.pure(opcode!(mul.wide.u32), result, sources);
        Ok(Value::Register(result))
    }

    pub(super) fn multiply_add(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        scalar: Scalar,
        factors: Factors,
        addend: Value,
        want: &Want,
    ) -> Outcome<Value> {
        let is = |value: &Value, number: i128| *value == Value::Constant(Constant::Integer(number));
        if is(&factors.b, 0) || is(&factors.b, 1) || is(&addend, 0) || is_known(&factors.a) {
            let inner = if is(&addend, 0) { want.clone() } else { Want::anything() };
            let product = self.multiply(frame, span, scalar, factors, &inner)?;
            return self.binary(frame, span, BinaryOp::Add, scalar, (product, addend), want);
        }
        let Factors { a, b, wide } = factors;
        let class = class(scalar);
        let factor_class = if wide { Class::Bits32 } else { class };
        let sources = vec![
            self.argument(&a, factor_class),
            self.argument(&b, factor_class),
            self.argument(&addend, class),
        ];
        let result = self.result(want, class);
        let opcode = if wide { opcode!(mad.wide.u32) } else { opcode!(mad.lo.(Integer::of(scalar))) };
        self.body.pure(opcode, result, sources);
        Ok(Value::Register(result))
    }
}

/// What a multiplication multiplies.
pub(super) struct Factors {
    a: Value,
    b: Value,
    /// Both are `u32`, the product is `u64`.
    wide: bool,
}

impl Factors {
    pub(super) fn constant_last(self) -> Factors {
        match is_known(&self.a) {
            true => Factors { a: self.b, b: self.a, wide: self.wide },
            false => self,
        }
    }
}

pub(super) fn is_known(value: &Value) -> bool {
    matches!(value, Value::Constant(_))
}
