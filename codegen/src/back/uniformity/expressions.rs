//! Expressions: a value is as uniform as what it is computed from, with the few rules that know
//! better.

use super::fact::{Fact, Form, Level, Value};
use super::{Analysis, STEPS_OF_A_CALL, Step, Walk};
use crate::back::constant::{self, Arithmetic, Constant};
use crate::back::evaluate::Parameters;
use crate::ir::intrinsic::Known;
use crate::ir::{BinaryOp, Expr, ExprKind, Path, Scalar, Span, Type};

/// Lanes of a warp.
const LANES: i128 = 32;

impl<'p> Analysis<'p> {
    pub(super) fn value(&mut self, walk: &mut Walk<'p>, expression: &'p Expr) -> Step<Value> {
        self.step()?;
        self.depth += 1;
        let value = self.value_of(walk, expression)?;
        self.depth -= 1;
        Ok(value)
    }

    fn fact(&mut self, walk: &mut Walk<'p>, expression: &'p Expr) -> Step<Fact> {
        Ok(self.value(walk, expression)?.summary())
    }

    fn value_of(&mut self, walk: &mut Walk<'p>, expression: &'p Expr) -> Step<Value> {
        let fact = match &expression.kind {
            ExprKind::Bool(value) => Fact::constant(Constant::Bool(*value)),
            ExprKind::Integer(value) => Fact::constant(Constant::Integer(*value)),
            ExprKind::Float(_) => Fact::uniform(),
            ExprKind::Local(local) => {
                let value = walk.locals.get(local.0 as usize).cloned().flatten();
                return Ok(value.unwrap_or_else(|| Value::Whole(Fact::uniform())));
            }
            ExprKind::ConstParameter(name) => match walk.parameters.get(name) {
                Some(value) => Fact::constant(*value),
                None => self.unknown(),
            },
            ExprKind::Constant(path) => match self.evaluator.constant(path).as_deref() {
                Ok([value]) => Fact::constant(*value),
                Ok(values) => return Ok(self.structure(&expression.ty, values)),
                _ => Fact::uniform(),
            },
            ExprKind::Unary(op, operand) => {
                let scalar = operand.ty.scalar().unwrap_or(Scalar::U32);
                let operand = self.fact(walk, operand)?;
                let known = operand
                    .constant
                    .and_then(|value| constant::unary(*op, scalar, value, Arithmetic::Wrapping).ok());
                known.map_or_else(|| operand.with(&operand), Fact::constant)
            }
            ExprKind::Binary(op, left, right) => {
                let scalar = left.ty.scalar().unwrap_or(Scalar::U32);
                let (left, right) = (self.fact(walk, left)?, self.fact(walk, right)?);
                binary(*op, scalar, &left, &right)
            }
            ExprKind::Cast(operand) => {
                let to = expression.ty.scalar().unwrap_or(Scalar::U32);
                let operand = self.fact(walk, operand)?;
                match operand.constant.and_then(|value| constant::cast(value, to).ok()) {
                    Some(known) => Fact::constant(known),
                    None if operand.form == Form::ThreadIndex && to.is_integer() && to.bytes() >= 4 => {
                        operand
                    }
                    None => operand.with(&operand),
                }
            }
            ExprKind::Field(whole, field) => return Ok(self.value(walk, whole)?.field(*field)),
            ExprKind::Index(whole, index) => {
                let (whole, index) = (self.fact(walk, whole)?, self.fact(walk, index)?);
                whole.part().chosen_by(&index)
            }
            ExprKind::Aggregate(parts) => {
                let parts = parts.iter().map(|part| self.value(walk, part)).collect::<Step<Vec<_>>>()?;
                return Ok(match expression.ty {
                    Type::Array(..) => Value::Whole(Value::Parts(parts).summary().part()),
                    _ => Value::Parts(parts),
                });
            }
            ExprKind::Repeat(element) => self.fact(walk, element)?.part(),
            ExprKind::Select { condition, then, otherwise } => {
                let condition = self.fact(walk, condition)?;
                let (then, otherwise) = (self.value(walk, then)?, self.value(walk, otherwise)?);
                return Ok(match condition.constant {
                    Some(Constant::Bool(true)) => then,
                    Some(Constant::Bool(false)) => otherwise,
                    _ => then.or(&otherwise).map(&mut |fact| fact.chosen_by(&condition)),
                });
            }
            ExprKind::Call { function, const_arguments, arguments } => {
                return self.call(walk, expression.span, (function, const_arguments), arguments);
            }
            ExprKind::Asm(asm, values) => {
                let values = values.iter().map(|value| self.value(walk, value)).collect::<Step<Vec<_>>>()?;
                return Ok(self.asm(walk, asm, values, expression.span));
            }
            ExprKind::Intrinsic(intrinsic, arguments) => {
                let first = arguments.first().and_then(|argument| argument.ty.scalar());
                let values =
                    arguments.iter().map(|argument| self.value(walk, argument)).collect::<Step<Vec<_>>>()?;
                let constants: Option<Vec<Constant>> =
                    values.iter().map(|value| value.summary().constant).collect();
                let target = self.evaluator.target();
                if let (Some(result), Some(values)) = (expression.ty.scalar(), &constants) {
                    let scalar = first.unwrap_or(result);
                    let known = Known { target, scalar, result, values, arithmetic: Arithmetic::Wrapping };
                    if let Some(Ok(known)) = intrinsic.fold(&known) {
                        return Ok(Value::Whole(Fact::constant(known)));
                    }
                }
                return Ok(self.operation(walk, *intrinsic, values, expression.span));
            }
        };
        Ok(Value::Whole(fact))
    }

    /// A constant struct: its fields, where each is a scalar.
    fn structure(&self, ty: &Type, values: &[Constant]) -> Value {
        let is_flat = match ty {
            Type::Struct(path) => self.program.structure(path).is_ok_and(|structure| {
                structure.fields.len() == values.len()
                    && structure.fields.iter().all(|field| field.ty.scalar().is_some())
            }),
            _ => false,
        };
        match is_flat {
            true => Value::Parts(values.iter().map(|value| Value::Whole(Fact::constant(*value))).collect()),
            false => Value::Whole(Fact::uniform()),
        }
    }

    /// A call: walked with its actual arguments, by those who call it; all of them come back
    /// together.
    fn call(
        &mut self,
        walk: &mut Walk<'p>,
        span: Span,
        (path, const_arguments): (&'p Path, &'p [Expr]),
        arguments: &'p [Expr],
    ) -> Step<Value> {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.value(walk, argument)?);
        }
        let Some((module, function)) = self.program.function(path) else {
            return Ok(Value::Whole(Fact::uniform()));
        };
        self.steps(STEPS_OF_A_CALL)?;
        let mut parameters = Parameters::new();
        for ((name, _), argument) in function.const_parameters.iter().zip(const_arguments) {
            if let Ok(value) = self.evaluator.expression(walk.module, &walk.parameters, argument)
                && let [value] = value.as_slice()
            {
                parameters.insert(name.clone(), *value);
            }
        }
        if function.is_const
            && let Some(constants) = constants(&values)
            && let Ok(result) = self.evaluator.call(path, &parameters, constants)
            && let [result] = result.as_slice()
        {
            return Ok(Value::Whole(Fact::constant(*result)));
        }
        self.path.push(std::ptr::from_ref(path) as usize);
        let mut inner = Walk::new(module, function, parameters, walk.control());
        let leaves = self.program.modules[module].krate() != self.krate;
        inner.outside = walk.outside.or_else(|| leaves.then(|| walk.position(span)));
        (inner.undecided, inner.undecided_before) = (walk.undecided, walk.undecided);
        inner.called_at = walk.called_at.or(Some(span));
        for (local, value) in inner.locals.iter_mut().zip(values) {
            *local = Some(value);
        }
        self.block(&mut inner, &function.body)?;
        self.path.pop();
        Ok(inner.result.unwrap_or_else(|| Value::Whole(Fact::uniform())))
    }
}

/// The values of arguments that are all scalar constants.
fn constants(values: &[Value]) -> Option<Vec<Vec<Constant>>> {
    let constant = |value: &Value| match value {
        Value::Whole(fact) => fact.constant.map(|constant| vec![constant]),
        Value::Parts(_) => None,
    };
    values.iter().map(constant).collect()
}

fn binary(op: BinaryOp, scalar: Scalar, left: &Fact, right: &Fact) -> Fact {
    if let (Some(first), Some(second)) = (left.constant, right.constant)
        && let Ok(known) = constant::binary(op, scalar, first, second, Arithmetic::Wrapping)
    {
        return Fact::constant(known);
    }
    let whole_warps = match (left, right) {
        (Fact { form: Form::ThreadIndex, .. }, Fact { constant: Some(Constant::Integer(number)), .. }) => {
            parts_at_warps(op, *number)
        }
        (Fact { constant: Some(Constant::Integer(number)), .. }, Fact { form: Form::ThreadIndex, .. }) => {
            mirrored(op).is_some_and(|op| parts_at_warps(op, *number))
        }
        _ => false,
    };
    match whole_warps {
        true => Fact::at_level(Level::Warp, left.with(right).origin()),
        false => left.with(right),
    }
}

/// Whether `thread_in_block() op number` is the same for all threads from `32 w` to `32 w + 31`.
fn parts_at_warps(op: BinaryOp, number: i128) -> bool {
    match op {
        BinaryOp::Divide => number > 0 && number % LANES == 0,
        BinaryOp::ShiftRight => (5..32).contains(&number),
        BinaryOp::And => number % LANES == 0,
        BinaryOp::Less | BinaryOp::GreaterEqual => number % LANES == 0,
        BinaryOp::LessEqual | BinaryOp::Greater => (number + 1) % LANES == 0,
        _ => false,
    }
}

/// The operation that gives the same with its operands exchanged.
fn mirrored(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::And => BinaryOp::And,
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        _ => return None,
    })
}
