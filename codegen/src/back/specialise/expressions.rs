//! Expressions: what is constant folds, the rest becomes instructions.

use super::frame::Frame;
use super::memory::{Reading, Writing};
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::{Arithmetic, Constant};
use crate::ir::intrinsic::Known;
use crate::ir::{Expr, ExprKind, Intrinsic, Scalar, Span, Type};

impl<'p> Specialiser<'p> {
    /// The value of an expression, one entry per register.
    pub(super) fn value(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let depth = self.depth;
        self.enter(frame, expression.span)?;
        let value = self.value_of(frame, expression, want);
        self.depth = depth;
        let value = value?;
        let count = match &expression.ty {
            Type::Unit => 0,
            Type::Scalar(_) | Type::Enum(..) | Type::Pointer(..) | Type::Peers(_) => 1,
            ty => self.count(frame, ty, expression.span)?,
        };
        match value.len() == count {
            true => Ok(value),
            // Validation could not compare lengths that are const parameters.
            false => {
                Err(self.mistake(frame, expression.span, "this array has another length than its type says"))
            }
        }
    }

    /// The value of a scalar expression.
    pub(super) fn scalar(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        want: &Want,
    ) -> Outcome<Value> {
        let mut values = self.value(frame, expression, want)?;
        match (values.pop(), values.is_empty()) {
            (Some(value), true) => Ok(value),
            _ => Err(self.mistake(frame, expression.span, "a scalar is needed here")),
        }
    }

    /// The scalar type of an expression.
    pub(super) fn scalar_type(&mut self, frame: &Frame<'_>, expression: &Expr) -> Outcome<Scalar> {
        match expression.ty.scalar() {
            Some(scalar) => Ok(scalar),
            None => Err(self.mistake(frame, expression.span, "a scalar is needed here")),
        }
    }

    fn value_of(&mut self, frame: &mut Frame<'p>, expression: &'p Expr, want: &Want) -> Outcome<Vec<Value>> {
        let span = expression.span;
        let value = match &expression.kind {
            ExprKind::Bool(value) => Value::Constant(Constant::Bool(*value)),
            ExprKind::Integer(value) => Value::Constant(Constant::Integer(*value)),
            ExprKind::Float(bits) => Value::Constant(match expression.ty.scalar() {
                Some(Scalar::F32) => Constant::Float32(*bits as u32),
                _ => Constant::Float64(*bits),
            }),
            ExprKind::Local(local) => {
                return match frame.locals.get(local.0 as usize).cloned().flatten() {
                    Some(values) => Ok(values),
                    None => Err(self.unassigned(frame, local.0 as usize, span)),
                };
            }
            ExprKind::ConstParameter(name) => match frame.parameters.get(name) {
                Some(value) => Value::Constant(*value),
                None => return Err(self.mistake(frame, span, format!("`{name}` has no value here"))),
            },
            ExprKind::Constant(path) => {
                let constants = self.evaluator.constant(path).map_err(|mistake| self.record(mistake))?;
                return Ok(constants.into_iter().map(Value::Constant).collect());
            }
            ExprKind::Unary(op, operand) => {
                let scalar = self.scalar_type(frame, operand)?;
                let operand = self.scalar(frame, operand, &Want::anything())?;
                self.unary(frame, span, *op, scalar, operand, want)?
            }
            ExprKind::Binary(op, left, right) => {
                self.binary_expression(frame, span, *op, (left, right), want)?
            }
            ExprKind::Cast(operand) => {
                let from = self.scalar_type(frame, operand)?;
                let to = self.scalar_type(frame, expression)?;
                // A cast that changes no bits passes the wish on.
                let inner = if super::convert::is_free(from, to) { want.clone() } else { Want::anything() };
                let operand = self.scalar(frame, operand, &inner)?;
                self.cast(frame, span, operand, from, to, want)?
            }
            ExprKind::Field(whole, field) => {
                let values = self.value(frame, whole, &Want::anything())?;
                let (start, part) = self.field_of(frame, &whole.ty, *field, span)?;
                return self.slice(frame, values, start, part, span);
            }
            ExprKind::Index(whole, index) => {
                let values = self.value(frame, whole, &Want::anything())?;
                let index = self.constant_index(frame, index)?;
                let (start, part) = self.element_of(frame, &whole.ty, index, span)?;
                return self.slice(frame, values, start, part, span);
            }
            ExprKind::Aggregate(parts) => return self.aggregate(frame, expression, parts, want),
            ExprKind::Repeat(element) => {
                let count = self.count(frame, &expression.ty, span)?;
                let values = self.value(frame, element, &want.part(0, 0, ""))?;
                let length = count.checked_div(values.len()).unwrap_or(0);
                return Ok(std::iter::repeat_n(values, length).flatten().collect());
            }
            ExprKind::Select { condition, then, otherwise } => {
                return self.select(frame, condition, then, otherwise, want);
            }
            ExprKind::Call { function, const_arguments, arguments } => {
                return self.call(frame, span, function, const_arguments, arguments, want);
            }
            ExprKind::Asm(asm, values) => {
                return self.asm(frame, expression, asm, values, want);
            }
            ExprKind::Intrinsic(intrinsic, arguments) => {
                return self.intrinsic(frame, expression, *intrinsic, arguments, want);
            }
        };
        Ok(vec![value])
    }

    /// Whether the target has something: known here, so that the other arm of an `if` drops.
    fn target_question(
        &mut self,
        frame: &mut Frame<'p>,
        span: Span,
        intrinsic: Intrinsic,
        arguments: &'p [Expr],
    ) -> Outcome<Value> {
        let mut constants = Vec::new();
        for argument in arguments {
            if let Value::Constant(constant) = self.scalar(frame, argument, &Want::anything())? {
                constants.push(constant);
            }
        }
        let known = Known {
            target: self.options.target,
            scalar: Scalar::U32,
            result: Scalar::Bool,
            values: &constants,
            arithmetic: Arithmetic::Wrapping,
        };
        match intrinsic.fold(&known) {
            Some(Ok(known)) => Ok(Value::Constant(known)),
            _ => {
                let message = "the target is compared with a constant: write `target_is_at_least(90)`";
                Err(self.mistake(frame, span, message))
            }
        }
    }

    fn intrinsic(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        intrinsic: Intrinsic,
        arguments: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let span = expression.span;
        let one = |value: Value| Ok(vec![value]);
        match intrinsic {
            Intrinsic::Offset => one(self.offset(frame, expression, arguments, want)?),
            Intrinsic::CastPointer => match arguments {
                [pointer] => one(self.scalar(frame, pointer, want)?),
                _ => Err(self.mistake(frame, span, "`cast` takes a pointer")),
            },
            Intrinsic::Slice => {
                let mut parts = Vec::new();
                for (index, argument) in arguments.iter().enumerate() {
                    let suffix = if index == 0 { "" } else { "_length" };
                    parts.extend(self.value(frame, argument, &want.part(index, 1, suffix))?);
                }
                Ok(parts)
            }
            Intrinsic::PeerRank => one(self.peer_rank(frame, span, arguments, want)?),
            Intrinsic::SharedArray => one(self.shared_array(frame, expression, arguments, want)?),
            Intrinsic::DynamicShared => self.dynamic_shared(frame, expression, want),
            Intrinsic::Read => self.read(frame, expression, Reading::Plain, arguments, want),
            Intrinsic::ReadHinted(hint) => {
                self.read(frame, expression, Reading::Hinted(hint), arguments, want)
            }
            Intrinsic::ReadOnly => self.read(frame, expression, Reading::ReadOnly(None), arguments, want),
            Intrinsic::ReadOnlyHinted(hint) => {
                self.read(frame, expression, Reading::ReadOnly(Some(hint)), arguments, want)
            }
            Intrinsic::Write => self.write(frame, span, Writing::Plain, arguments),
            Intrinsic::WriteHinted(hint) => self.write(frame, span, Writing::Hinted(hint), arguments),
            Intrinsic::ReadVolatile => self.read(frame, expression, Reading::Volatile, arguments, want),
            Intrinsic::WriteVolatile => self.write(frame, span, Writing::Volatile, arguments),
            Intrinsic::ReadMmio => one(self.load(frame, expression, None, arguments, want)?),
            Intrinsic::WriteMmio => self.store(frame, span, None, arguments),
            Intrinsic::Load(order, scope) => match self.sixteen_bytes(frame, arguments)? {
                Some(leaves) => self.wide(frame, span, intrinsic, arguments, &leaves),
                None => one(self.load(frame, expression, Some((order, scope)), arguments, want)?),
            },
            Intrinsic::Store(order, scope) => match self.sixteen_bytes(frame, arguments)? {
                Some(leaves) => self.wide(frame, span, intrinsic, arguments, &leaves),
                None => self.store(frame, span, Some((order, scope)), arguments),
            },
            Intrinsic::Atomic(op, order, scope) => {
                let atomic = (op, order, scope);
                if let Some(floats) = self.floats(frame, op, arguments)? {
                    return self.change_floats(frame, span, atomic, arguments, (floats, true));
                }
                match self.sixteen_bytes(frame, arguments)? {
                    Some(leaves) => self.wide(frame, span, intrinsic, arguments, &leaves),
                    None => one(self.atomic(frame, expression, atomic, arguments, want)?),
                }
            }
            Intrinsic::Fence(order, scope) => self.fence(frame, span, order, scope),
            Intrinsic::Shuffle(kind) => self.shuffle(frame, expression, kind, arguments, want),
            Intrinsic::Assume(_) => match arguments {
                [value] => self.value(frame, value, want),
                _ => Err(self.mistake(frame, span, "an assumption is about one value")),
            },
            Intrinsic::Vote(kind) => one(self.vote(frame, span, kind, arguments, want)?),
            Intrinsic::MatchAny => one(self.match_any(frame, span, arguments, want)?),
            Intrinsic::ThreadInBlock
            | Intrinsic::ThreadsInBlock
            | Intrinsic::BlockInGrid
            | Intrinsic::BlocksInGrid
            | Intrinsic::ThreadOn(_)
            | Intrinsic::ThreadsOn(_)
            | Intrinsic::BlockOn(_)
            | Intrinsic::BlocksOn(_)
            | Intrinsic::Lane
            | Intrinsic::GlobalTimer => one(self.special(frame, span, intrinsic, want)),
            Intrinsic::RoleBarrier => self.role_barrier(frame, span),
            Intrinsic::NamedBarrier(kind) => self.named_barrier(frame, span, kind, arguments, want),
            Intrinsic::WarpBarrier | Intrinsic::BlockBarrier | Intrinsic::Nanosleep | Intrinsic::Trap => {
                self.wait(frame, span, intrinsic, arguments)
            }
            Intrinsic::IsConstant => {
                let mut known = true;
                for argument in arguments {
                    known &= matches!(self.scalar(frame, argument, &Want::anything())?, Value::Constant(_));
                }
                one(Value::Constant(Constant::Bool(known)))
            }
            Intrinsic::TargetIsAtLeast | Intrinsic::TargetIsSpecific => {
                one(self.target_question(frame, span, intrinsic, arguments)?)
            }
            Intrinsic::FusedMultiplyAdd
            | Intrinsic::Minimum
            | Intrinsic::Maximum
            | Intrinsic::Absolute
            | Intrinsic::SquareRoot
            | Intrinsic::Integral(_)
            | Intrinsic::Rounded(..)
            | Intrinsic::ToF32(..)
            | Intrinsic::PackTowardZero(_)
            | Intrinsic::HalfPair(..)
            | Intrinsic::CopySign
            | Intrinsic::CountOnes
            | Intrinsic::LeadingZeros
            | Intrinsic::TrailingZeros
            | Intrinsic::ReverseBits
            | Intrinsic::Bitcast
            | Intrinsic::Pack(_)
            | Intrinsic::F16Value
            | Intrinsic::Widen(_) => one(self.numeric(frame, expression, intrinsic, arguments, want)?),
        }
    }
}
