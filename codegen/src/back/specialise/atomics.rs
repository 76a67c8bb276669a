//! Strong loads and stores, read-modify-write operations and fences: order and scope always written out.

use crossdock_ptx::Version;

use super::address::split;
use super::frame::Frame;
use super::memory::{memory_type, space_name};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::Options;
use crate::back::constant::bits;
use crate::back::emit::{Argument, Class};
use crate::back::layout::LeafType;
use crate::ir::{AtomicOp, Expr, Order, Scalar, Scope, Space, Span};

type Atomic = (AtomicOp, Order, Scope);

impl<'p> Specialiser<'p> {
    /// The address operand, space and scalar type behind a pointer to a scalar of `least` bits or more.
    fn strong_place(
        &mut self,
        frame: &mut Frame<'p>,
        pointer: &'p Expr,
        least: u32,
    ) -> Outcome<(Argument, Space, Scalar)> {
        let (space, pointee) = self.pointee(frame, pointer)?;
        let scalar = pointee.scalar().filter(|scalar| *scalar != Scalar::Bool && bits(*scalar) >= least);
        let Some(scalar) = scalar else {
            let message =
                format!("this operation works on numbers of {least} to 64 bits: use `cast` to point to one");
            return Err(self.mistake(frame, pointer.span, message));
        };
        let address = self.scalar(frame, pointer, &Want::anything())?;
        let (base, offset) = split(address);
        Ok((Argument::Address(base, offset), space, scalar))
    }

    /// `pointer.load(order, scope)`.
    pub(super) fn load(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        ordering: &str,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let [pointer] = arguments else {
            return Err(self.mistake(frame, expression.span, "`load` takes a pointer"));
        };
        let (place, space, scalar) = self.strong_place(frame, pointer, 8)?;
        self.at(frame, expression.span);
        let ty = LeafType::Scalar(scalar);
        let result = self.result(want, ty.class());
        let opcode = format!("ld.{ordering}.{}.{}", space_name(space), memory_type(ty));
        self.body.effect(opcode, Argument::Register(result), vec![place]);
        Ok(Value::Register(result))
    }

    /// `pointer.store(value, order, scope)`.
    pub(super) fn store(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        ordering: &str,
        arguments: &'p [Expr],
    ) -> Outcome<Vec<Value>> {
        let [pointer, value] = arguments else {
            return Err(self.mistake(frame, span, "`store` takes a pointer and a value"));
        };
        let (place, space, scalar) = self.strong_place(frame, pointer, 8)?;
        let ty = LeafType::Scalar(scalar);
        let value = self.scalar(frame, value, &Want::anything())?;
        self.at(frame, span);
        let value = self.argument(&value, ty.class());
        let opcode = format!("st.{ordering}.{}.{}", space_name(space), memory_type(ty));
        self.body.perform(opcode, vec![place, value]);
        Ok(Vec::new())
    }

    /// A read-modify-write operation whose old value is used.
    pub(super) fn atomic(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        atomic: Atomic,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Value> {
        let (operands, tail, scalar) = self.atomic_operands(frame, expression.span, atomic, arguments)?;
        let opcode = format!("atom.{}.{tail}", atomic.1.modifier());
        if bits(scalar) == 16 {
            let old = self.body.register(Class::Bits16, None);
            self.body.effect(opcode, Argument::Register(old), operands);
            let result = self.result(want, Class::Bits32);
            let widen = if scalar.is_signed() { "cvt.s32.s16" } else { "cvt.u32.u16" };
            self.body.pure(widen, result, vec![Argument::Register(old)]);
            return Ok(Value::Register(result));
        }
        let result = self.result(want, LeafType::Scalar(scalar).class());
        self.body.effect(opcode, Argument::Register(result), operands);
        Ok(Value::Register(result))
    }

    /// A read-modify-write operation whose old value is dropped: `red` where PTX has it.
    pub(super) fn reduce(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        atomic: Atomic,
        arguments: &'p [Expr],
    ) -> Outcome<()> {
        let (operands, tail, scalar) = self.atomic_operands(frame, span, atomic, arguments)?;
        let order = atomic.1.modifier();
        let fetches = matches!(atomic.0, AtomicOp::Exchange | AtomicOp::CompareExchange)
            || !matches!(atomic.1, Order::Relaxed | Order::Release);
        if fetches {
            let class = if bits(scalar) == 16 { Class::Bits16 } else { LeafType::Scalar(scalar).class() };
            let old = self.body.register(class, None);
            self.body.effect(format!("atom.{order}.{tail}"), Argument::Register(old), operands);
        } else {
            self.body.perform(format!("red.{order}.{tail}"), operands);
        }
        Ok(())
    }

    /// Operands, and the opcode from its scope on.
    fn atomic_operands(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        (op, _, scope): Atomic,
        arguments: &'p [Expr],
    ) -> Outcome<(Vec<Argument>, String, Scalar)> {
        let Some((pointer, values)) = arguments.split_first() else {
            return Err(self.mistake(frame, span, "an atomic operation takes a pointer"));
        };
        let least = if op == AtomicOp::CompareExchange || op.half().is_some() { 16 } else { 32 };
        let (place, space, scalar) = self.strong_place(frame, pointer, least)?;
        let scope = scope.modifier();
        let Some(operation) = operation_name(op, scalar) else {
            let message =
                format!("PTX has no such atomic operation on {}: use an integer type", scalar.name());
            return Err(self.mistake(frame, span, message));
        };
        let class: Class = LeafType::Scalar(scalar).class();
        let mut operands = vec![place];
        let mut evaluated = Vec::with_capacity(values.len());
        for value in values {
            evaluated.push(self.scalar(frame, value, &Want::anything())?);
        }
        self.at(frame, span);
        for value in &evaluated {
            if bits(scalar) == 16 {
                let narrow = self.body.register(Class::Bits16, None);
                let word = self.register(value, Class::Bits32);
                self.body.pure("cvt.u16.u32", narrow, vec![Argument::Register(word)]);
                operands.push(Argument::Register(narrow));
                continue;
            }
            operands.push(self.argument(value, class));
        }
        Ok((operands, format!("{scope}.{}.{operation}", space_name(space)), scalar))
    }

    /// `fence(order, scope)`. Where PTX has no one-sided fence (PTX ISA section 9.7.13.4, `fence`), the two-sided one does
    /// what it would do, and more.
    pub(super) fn fence(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        order: Order,
        scope: Scope,
    ) -> Outcome<Vec<Value>> {
        let scope = scope.modifier();
        self.at(frame, span);
        let Options { target, version } = self.options;
        let one_sided = target.sm().number >= 90 && version >= Version { major: 8, minor: 6 };
        let order = match order {
            Order::Acquire | Order::Release if !one_sided => Order::AcquireRelease,
            order => order,
        };
        self.body.perform(format!("fence.{}.{scope}", order.modifier()), Vec::new());
        Ok(Vec::new())
    }
}

/// Operation and type of `atom` and `red` (PTX ISA section 9.7.13), where they exist.
pub(in crate::back) fn operation_name(op: AtomicOp, scalar: Scalar) -> Option<String> {
    let untyped = match bits(scalar) {
        64 => "b64",
        16 => "b16",
        _ => "b32",
    };
    if bits(scalar) < 32 && op != AtomicOp::CompareExchange && op.half().is_none() {
        return None;
    }
    let integer = scalar.is_integer();
    let ty = super::arithmetic::suffix(scalar);
    Some(match op {
        // Two's complement addition is the same for both signs, and PTX names only one of them for 64 bits.
        AtomicOp::Add if scalar == Scalar::I64 => "add.u64".to_string(),
        AtomicOp::Add => format!("add.{ty}"),
        AtomicOp::Minimum if integer => format!("min.{ty}"),
        AtomicOp::Maximum if integer => format!("max.{ty}"),
        AtomicOp::And if integer => format!("and.{untyped}"),
        AtomicOp::Or if integer => format!("or.{untyped}"),
        AtomicOp::Xor if integer => format!("xor.{untyped}"),
        AtomicOp::Increment if scalar == Scalar::U32 => "inc.u32".to_string(),
        AtomicOp::Decrement if scalar == Scalar::U32 => "dec.u32".to_string(),
        AtomicOp::AddF16 if scalar == Scalar::U16 => "add.noftz.f16".to_string(),
        AtomicOp::AddF16 if scalar == Scalar::U32 => "add.noftz.f16x2".to_string(),
        AtomicOp::AddBf16 if scalar == Scalar::U16 => "add.noftz.bf16".to_string(),
        AtomicOp::AddBf16 if scalar == Scalar::U32 => "add.noftz.bf16x2".to_string(),
        AtomicOp::Exchange => format!("exch.{untyped}"),
        AtomicOp::CompareExchange => format!("cas.{untyped}"),
        _ => return None,
    })
}
