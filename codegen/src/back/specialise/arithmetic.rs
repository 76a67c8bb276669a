//! Operators. Integers of 8 and 16 bits live extended in 32-bit registers and are cut back after
//! what may overflow them.

use crossdock_ptx::opcode;
use crossdock_ptx::table::opcode::Words;

use super::compare::IntegerComparison;
use super::frame::Frame;
use super::scalar::{Bits, Float, Integer, Signed, class, narrow};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::{self, Arithmetic, Constant, bits};
use crate::back::emit::{Argument, Class, Register};
use crate::ir::{BinaryOp, Expr, ExprKind, Scalar, Span, UnaryOp};

impl<'p> Specialiser<'p> {
    /// `-x` and `!x`.
    pub(super) fn unary(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        op: UnaryOp,
        scalar: Scalar,
        operand: Value,
        want: &Want,
    ) -> Outcome<Value> {
        if let Value::Constant(operand) = operand {
            return match constant::unary(op, scalar, operand, Arithmetic::Wrapping) {
                Ok(value) => Ok(Value::Constant(value)),
                Err(fault) => Err(self.mistake(frame, span, fault.reason())),
            };
        }
        if scalar == Scalar::Bool {
            return Ok(self.not(&operand));
        }
        let source = vec![self.argument(&operand, class(scalar))];
        Ok(match op {
            UnaryOp::Negate => self.compute(opcode!(neg.(Signed::of(scalar))), scalar, source, want),
            UnaryOp::Not if matches!(scalar, Scalar::U8 | Scalar::U16) => {
                let mask = Argument::Integer((1 << bits(scalar)) - 1);
                let result = self.result(want, Class::Bits32);
                self.body.pure(opcode!(xor.b32), result, vec![source[0].clone(), mask]);
                Value::Register(result)
            }
            UnaryOp::Not => {
                let result = self.result(want, class(scalar));
                self.body.pure(opcode!(not.(Bits::of(scalar))), result, source);
                Value::Register(result)
            }
        })
    }

    /// An instruction whose result may leave the range of a small integer type.
    fn compute(&mut self, opcode: Words, scalar: Scalar, sources: Vec<Argument>, want: &Want) -> Value {
        if scalar.is_integer() && bits(scalar) < 32 {
            let wide = self.body.register(Class::Bits32, None);
            self.body.pure(opcode, wide, sources);
            return self.cut(wide, scalar, want);
        }
        let result = self.result(want, class(scalar));
        self.body.pure(opcode, result, sources);
        Value::Register(result)
    }

    /// The low bits of a 32-bit register, extended as the small integer type says.
    pub(super) fn cut(&mut self, wide: Register, scalar: Scalar, want: &Want) -> Value {
        let result = self.result(want, Class::Bits32);
        let source = Argument::Register(wide);
        match scalar {
            Scalar::I8 => self.body.pure(opcode!(cvt.s32.s8), result, vec![source]),
            Scalar::I16 => self.body.pure(opcode!(cvt.s32.s16), result, vec![source]),
            _ => {
                let mask = Argument::Integer((1i128 << bits(scalar)) - 1);
                self.body.pure(opcode!(and.b32), result, vec![source, mask]);
            }
        }
        Value::Register(result)
    }

    /// A binary operator applied to two expressions; `a * b + c` becomes one instruction.
    pub(super) fn binary_expression(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        op: BinaryOp,
        (left, right): (&'p Expr, &'p Expr),
        want: &Want,
    ) -> Outcome<Value> {
        let scalar = self.scalar_type(frame, left)?;
        let op = op.running();
        let product = |operand: &'p Expr| match &operand.kind {
            ExprKind::Binary(op, a, b) if op.running() == BinaryOp::Multiply => Some((&**a, &**b)),
            _ => None,
        };
        let fuses = op == BinaryOp::Add && scalar.is_integer() && bits(scalar) >= 32;
        if fuses && let Some((a, b)) = product(left) {
            let factors = self.factors(frame, scalar, a, b)?;
            let addend = self.scalar(frame, right, &Want::anything())?;
            return self.multiply_add(frame, span, scalar, factors, addend, want);
        }
        if op == BinaryOp::Multiply && narrow(left).is_some() {
            let factors = self.factors(frame, scalar, left, right)?;
            return self.multiply(frame, span, scalar, factors, want);
        }
        let first = self.scalar(frame, left, &Want::anything())?;
        if fuses && let Some((a, b)) = product(right) {
            let factors = self.factors(frame, scalar, a, b)?;
            return self.multiply_add(frame, span, scalar, factors, first, want);
        }
        let second = self.scalar(frame, right, &Want::anything())?;
        if matches!(op, BinaryOp::ShiftLeft | BinaryOp::ShiftRight) {
            let amount = self.scalar_type(frame, right)?;
            return self.shift(frame, span, op, scalar, (first, second, amount), want);
        }
        self.binary(frame, span, op, scalar, (first, second), want)
    }

    /// A binary operator, shifts excepted, applied to two values.
    pub(super) fn binary(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        op: BinaryOp,
        scalar: Scalar,
        (left, right): (Value, Value),
        want: &Want,
    ) -> Outcome<Value> {
        if let (Value::Constant(left), Value::Constant(right)) = (&left, &right) {
            return match constant::binary(op, scalar, *left, *right, Arithmetic::Wrapping) {
                Ok(value) => Ok(Value::Constant(value)),
                Err(fault) => Err(self.mistake(frame, span, fault.reason())),
            };
        }
        if scalar == Scalar::Bool {
            return Ok(self.binary_bool(op, left, right, want));
        }
        if let Some(comparison) = IntegerComparison::of(op) {
            return Ok(self.compare(comparison, scalar, left, right, want));
        }
        // A constant goes second where the order does not matter.
        let commutes =
            matches!(op, BinaryOp::Add | BinaryOp::Multiply | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        let (left, right) = match (&left, &right) {
            (Value::Constant(_), _) if commutes => (right, left),
            _ => (left, right),
        };
        if scalar.is_integer()
            && let Value::Constant(Constant::Integer(number)) = right
        {
            if let Some(value) = self.by_constant(op, scalar, &left, number, want) {
                return Ok(value);
            }
            if number == 0 && matches!(op, BinaryOp::Divide | BinaryOp::Remainder) {
                return Err(self.mistake(frame, span, "this divides by the constant zero: exclude that divisor with `if` or `const { assert!(..) }`"));
            }
        }
        if scalar.is_integer() && matches!(op, BinaryOp::Divide | BinaryOp::Remainder) {
            self.trap_without_quotient(scalar, &left, &right);
        }
        let class = class(scalar);
        let sources = vec![self.argument(&left, class), self.argument(&right, class)];
        let (float, integer, bits) = (Float::of(scalar), Integer::of(scalar), Bits::of(scalar));
        let is_logic = matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Xor);
        let opcode = match op {
            BinaryOp::And => opcode!(and.(bits)),
            BinaryOp::Or => opcode!(or.(bits)),
            BinaryOp::Xor => opcode!(xor.(bits)),
            BinaryOp::Add if scalar.is_float() => opcode!(add.rn.(float)),
            BinaryOp::Subtract if scalar.is_float() => opcode!(sub.rn.(float)),
            BinaryOp::Multiply if scalar.is_float() => opcode!(mul.rn.(float)),
            BinaryOp::Divide if scalar.is_float() => opcode!(div.rn.(float)),
            BinaryOp::Add => opcode!(add.(integer)),
            BinaryOp::Subtract => opcode!(sub.(integer)),
            BinaryOp::Multiply => opcode!(mul.lo.(integer)),
            BinaryOp::Divide => opcode!(div.(integer)),
            _ => opcode!(rem.(integer)),
        };
        if !is_logic {
            return Ok(self.compute(opcode, scalar, sources, want));
        }
        let result = self.result(want, class);
        self.body.pure(opcode, result, sources);
        Ok(Value::Register(result))
    }

    /// Integer operations with a constant that have a shorter form.
    fn by_constant(
        &mut self,
        op: BinaryOp,
        scalar: Scalar,
        left: &Value,
        number: i128,
        want: &Want,
    ) -> Option<Value> {
        let unsigned = !scalar.is_signed();
        let all_ones = constant::wrap(scalar, -1);
        let power = (number > 0 && number.count_ones() == 1).then(|| number.trailing_zeros());
        let class = class(scalar);
        let (opcode, operand) = match (op, number) {
            (BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Or | BinaryOp::Xor, 0)
            | (BinaryOp::Multiply | BinaryOp::Divide, 1) => return Some(left.clone()),
            (BinaryOp::And, _) if number == all_ones => return Some(left.clone()),
            (BinaryOp::Multiply | BinaryOp::And, 0) | (BinaryOp::Remainder, 1) => {
                return Some(Value::Constant(Constant::Integer(0)));
            }
            (BinaryOp::Multiply, _) if bits(scalar) >= 32 => {
                (opcode!(shl.(Bits::of(scalar))), i128::from(power?))
            }
            (BinaryOp::Divide, _) if unsigned => (opcode!(shr.(Integer::of(scalar))), i128::from(power?)),
            (BinaryOp::Remainder, _) if unsigned => {
                power?;
                (opcode!(and.(Bits::of(scalar))), number - 1)
            }
            _ => return None,
        };
        let source = self.argument(left, class);
        let result = self.result(want, class);
        self.body.pure(opcode, result, vec![source, Argument::Integer(operand)]);
        Some(Value::Register(result))
    }

    fn shift(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        op: BinaryOp,
        scalar: Scalar,
        (value, amount, amount_type): (Value, Value, Scalar),
        want: &Want,
    ) -> Outcome<Value> {
        if let (Value::Constant(value), Value::Constant(amount)) = (&value, &amount) {
            return match constant::binary(op, scalar, *value, *amount, Arithmetic::Wrapping) {
                Ok(value) => Ok(Value::Constant(value)),
                Err(fault) => Err(self.mistake(frame, span, fault.reason())),
            };
        }
        let mask = i128::from(bits(scalar)) - 1;
        let amount = match amount {
            Value::Constant(Constant::Integer(0)) => return Ok(value),
            Value::Constant(Constant::Integer(amount)) => Argument::Integer(amount & mask),
            amount => {
                // PTX clamps shift amounts, Rust masks them.
                let amount = self.cast(frame, span, amount, amount_type, Scalar::U32, &Want::anything())?;
                let amount = self.argument(&amount, Class::Bits32);
                let masked = self.body.register(Class::Bits32, None);
                self.body.pure(opcode!(and.b32), masked, vec![amount, Argument::Integer(mask)]);
                Argument::Register(masked)
            }
        };
        let source = self.argument(&value, class(scalar));
        Ok(match op {
            BinaryOp::ShiftLeft => {
                self.compute(opcode!(shl.(Bits::of(scalar))), scalar, vec![source, amount], want)
            }
            _ => {
                let result = self.result(want, class(scalar));
                self.body.pure(opcode!(shr.(Integer::of(scalar))), result, vec![source, amount]);
                Value::Register(result)
            }
        })
    }
}
