//! Strong loads and stores, read-modify-write operations and fences: order and scope always written
//! out.

use crossdock_ptx::table::opcode::Words;
use crossdock_ptx::{AtomicOperation, Boolean, Type, Version, opcode};

use super::address::split;
use super::frame::Frame;
use super::scalar::{AtomicOrder, Bits, Data, Integer, LoadOrder, StoreOrder, class, some};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::Options;
use crate::back::constant::bits;
use crate::back::emit::{Argument, Class};
use crate::back::layout::LeafType;
use crate::ir::{AtomicOp, Expr, Order, Scalar, Scope, Space, Span};

type Atomic = (AtomicOp, Order, Scope);

impl<'p> Specialiser<'p> {
    /// The address operand, space and scalar type behind a pointer to a scalar of `least` bits or
    /// more.
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

    /// `pointer.load(order, scope)`; without them, a read of memory-mapped registers.
    pub(super) fn load(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        ordering: Option<(Order, Scope)>,
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
        let data = Data::of(ty);
        let opcode = match ordering {
            Some((order, scope)) => opcode!(ld.(LoadOrder::of(order)).(scope).(space).(data)),
            None => opcode!(ld.mmio.relaxed.sys.global.(data)),
        };
        self.body.effect(opcode, Argument::Register(result), vec![place]);
        Ok(Value::Register(result))
    }

    /// `pointer.store(value, order, scope)`; without them, a write of memory-mapped registers.
    pub(super) fn store(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        ordering: Option<(Order, Scope)>,
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
        let data = Data::of(ty);
        let opcode = match ordering {
            Some((order, scope)) => opcode!(st.(StoreOrder::of(order)).(scope).(space).(data)),
            None => opcode!(st.mmio.relaxed.sys.global.(data)),
        };
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
        let (operands, (change, space), scalar) =
            self.atomic_operands(frame, expression.span, atomic.0, arguments)?;
        let opcode = change.fetch(atomic.1, atomic.2, space);
        if bits(scalar) == 16 {
            let old = self.body.register(Class::Bits16, None);
            self.body.effect(opcode, Argument::Register(old), operands);
            let result = self.result(want, Class::Bits32);
            let widen = if scalar.is_signed() { opcode!(cvt.s32.s16) } else { opcode!(cvt.u32.u16) };
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
        let (operands, (change, space), scalar) = self.atomic_operands(frame, span, atomic.0, arguments)?;
        match change.reduce(atomic.1, atomic.2, space) {
            Some(opcode) => self.body.perform(opcode, operands),
            None => {
                let class = if bits(scalar) == 16 { Class::Bits16 } else { class(scalar) };
                let old = Argument::Register(self.body.register(class, None));
                self.body.effect(change.fetch(atomic.1, atomic.2, space), old, operands);
            }
        }
        Ok(())
    }

    /// Operands, what happens to them and where, and the type.
    fn atomic_operands(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        op: AtomicOp,
        arguments: &'p [Expr],
    ) -> Outcome<(Vec<Argument>, (Change, Space), Scalar)> {
        let Some((pointer, values)) = arguments.split_first() else {
            return Err(self.mistake(frame, span, "an atomic operation takes a pointer"));
        };
        let least = if op == AtomicOp::CompareExchange || op.half().is_some() { 16 } else { 32 };
        let (place, space, scalar) = self.strong_place(frame, pointer, least)?;
        let Some(change) = Change::of(op, scalar) else {
            let message =
                format!("PTX has no such atomic operation on {}: use an integer type", scalar.name());
            return Err(self.mistake(frame, span, message));
        };
        let class = class(scalar);
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
                self.body.pure(opcode!(cvt.u16.u32), narrow, vec![Argument::Register(word)]);
                operands.push(Argument::Register(narrow));
                continue;
            }
            operands.push(self.argument(value, class));
        }
        Ok((operands, (change, space), scalar))
    }

    /// `fence(order, scope)`. Where PTX has no one-sided fence (PTX ISA section 9.7.13.4, `fence`),
    /// the two-sided one does what it would do, and more.
    pub(super) fn fence(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        order: Order,
        scope: Scope,
    ) -> Outcome<Vec<Value>> {
        self.at(frame, span);
        let Options { target, version } = self.options;
        let one_sided = target.sm().number >= 90 && version >= Version { major: 8, minor: 6 };
        let opcode = match order {
            Order::Acquire if one_sided => opcode!(fence.acquire.(scope)),
            Order::Release if one_sided => opcode!(fence.release.(scope)),
            Order::SequentiallyConsistent => opcode!(fence.sc.(scope)),
            _ => opcode!(fence.acq_rel.(scope)),
        };
        self.body.perform(opcode, Vec::new());
        Ok(Vec::new())
    }
}

some! {
    /// Types of sums.
    Addable of Type { U32 S32 U64 F32 F64 }
    /// Types of sums of 16-bit floats.
    Half of Type { F16 F16x2 Bf16 Bf16x2 }
    /// Types of what is compared and exchanged.
    Compared of Type { B16 B32 B64 }
    /// The smaller or the larger.
    Extreme of AtomicOperation { Minimum Maximum }
}

/// What `atom` and `red` do to a number, where PTX has it (PTX ISA section 9.7.13).
#[derive(Clone, Copy, Debug)]
pub(in crate::back) enum Change {
    Add(Addable),
    AddHalf(Half),
    Extreme(Extreme, Integer),
    Logic(Boolean, Bits),
    Increment,
    Decrement,
    Exchange(Bits),
    CompareExchange(Compared),
}

impl Change {
    pub(in crate::back) fn of(op: AtomicOp, scalar: Scalar) -> Option<Change> {
        let (integer, untyped, width) = (Integer::of(scalar), Bits::of(scalar), bits(scalar));
        if width < 32 && op != AtomicOp::CompareExchange && op.half().is_none() {
            return None;
        }
        Some(match op {
            AtomicOp::Add => Change::Add(match scalar {
                Scalar::F32 => Addable::F32,
                Scalar::F64 => Addable::F64,
                // Two's complement addition is the same for both signs, and PTX names only one of
                // them for 64 bits.
                Scalar::I64 | Scalar::U64 => Addable::U64,
                Scalar::I32 => Addable::S32,
                _ => Addable::U32,
            }),
            AtomicOp::Exchange => Change::Exchange(untyped),
            AtomicOp::CompareExchange => Change::CompareExchange(match width {
                64 => Compared::B64,
                16 => Compared::B16,
                _ => Compared::B32,
            }),
            AtomicOp::AddF16 if scalar == Scalar::U16 => Change::AddHalf(Half::F16),
            AtomicOp::AddF16 if scalar == Scalar::U32 => Change::AddHalf(Half::F16x2),
            AtomicOp::AddBf16 if scalar == Scalar::U16 => Change::AddHalf(Half::Bf16),
            AtomicOp::AddBf16 if scalar == Scalar::U32 => Change::AddHalf(Half::Bf16x2),
            AtomicOp::Increment if scalar == Scalar::U32 => Change::Increment,
            AtomicOp::Decrement if scalar == Scalar::U32 => Change::Decrement,
            _ if !scalar.is_integer() => return None,
            AtomicOp::Minimum => Change::Extreme(Extreme::Minimum, integer),
            AtomicOp::Maximum => Change::Extreme(Extreme::Maximum, integer),
            AtomicOp::And => Change::Logic(Boolean::And, untyped),
            AtomicOp::Or => Change::Logic(Boolean::Or, untyped),
            AtomicOp::Xor => Change::Logic(Boolean::Xor, untyped),
            _ => return None,
        })
    }

    /// The operation that gives the old value.
    fn fetch(self, order: Order, scope: Scope, space: Space) -> Words {
        let order = AtomicOrder::of(order);
        match self {
            Change::Add(ty) => opcode!(atom.(order).(scope).(space).add.(ty)),
            Change::AddHalf(ty) => opcode!(atom.(order).(scope).(space).add.noftz.(ty)),
            Change::Extreme(extreme, ty) => opcode!(atom.(order).(scope).(space).(extreme).(ty)),
            Change::Logic(operator, ty) => opcode!(atom.(order).(scope).(space).(operator).(ty)),
            Change::Increment => opcode!(atom.(order).(scope).(space).inc.u32),
            Change::Decrement => opcode!(atom.(order).(scope).(space).dec.u32),
            Change::Exchange(ty) => opcode!(atom.(order).(scope).(space).exch.(ty)),
            Change::CompareExchange(ty) => opcode!(atom.(order).(scope).(space).cas.(ty)),
        }
    }

    /// The operation that gives nothing, if there is one of this order.
    fn reduce(self, order: Order, scope: Scope, space: Space) -> Option<Words> {
        if !matches!(order, Order::Relaxed | Order::Release) {
            return None;
        }
        let order = StoreOrder::of(order);
        Some(match self {
            Change::Add(ty) => opcode!(red.(order).(scope).(space).add.(ty)),
            Change::AddHalf(ty) => opcode!(red.(order).(scope).(space).add.noftz.(ty)),
            Change::Extreme(extreme, ty) => opcode!(red.(order).(scope).(space).(extreme).(ty)),
            Change::Logic(operator, ty) => opcode!(red.(order).(scope).(space).(operator).(ty)),
            Change::Increment => opcode!(red.(order).(scope).(space).inc.u32),
            Change::Decrement => opcode!(red.(order).(scope).(space).dec.u32),
            Change::Exchange(_) | Change::CompareExchange(_) => return None,
        })
    }
}
