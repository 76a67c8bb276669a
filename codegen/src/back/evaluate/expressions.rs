//! Constant expressions.

use super::{Activation, Evaluator, KnownLengths, Parameters, STEPS_OF_A_CALL};
use crate::Mistake;
use crate::back::constant::{self, Arithmetic, Constant};
use crate::back::layout::{self, Lengths};
use crate::ir::intrinsic::Known;
use crate::ir::{Expr, ExprKind, Path, Scalar, Span, Type};

impl<'p> Evaluator<'p> {
    pub(super) fn truth(
        &self,
        activation: &mut Activation<'_, 'p>,
        expression: &Expr,
    ) -> Result<bool, Mistake> {
        match self.value(activation, expression)?.as_slice() {
            [Constant::Bool(value)] => Ok(*value),
            _ => Err(self.mistake(activation, expression.span, "this condition must be a bool")),
        }
    }

    pub(super) fn integer(
        &self,
        activation: &mut Activation<'_, 'p>,
        expression: &Expr,
    ) -> Result<i128, Mistake> {
        match self.value(activation, expression)?.as_slice() {
            [Constant::Integer(value)] => Ok(*value),
            _ => Err(self.mistake(activation, expression.span, "this must be an integer")),
        }
    }

    pub(super) fn one(
        &self,
        activation: &mut Activation<'_, 'p>,
        expression: &Expr,
    ) -> Result<Constant, Mistake> {
        match self.value(activation, expression)?.as_slice() {
            [value] => Ok(*value),
            _ => Err(self.mistake(activation, expression.span, "this must be a scalar")),
        }
    }

    pub(super) fn value(
        &self,
        activation: &mut Activation<'_, 'p>,
        expression: &Expr,
    ) -> Result<Vec<Constant>, Mistake> {
        self.step(activation, expression.span)?;
        activation.depth += 1;
        let value = self.value_of(activation, expression);
        activation.depth -= 1;
        value
    }

    pub(super) fn value_of(
        &self,
        activation: &mut Activation<'_, 'p>,
        expression: &Expr,
    ) -> Result<Vec<Constant>, Mistake> {
        let span = expression.span;
        let result = expression.ty.scalar();
        let value = match &expression.kind {
            ExprKind::Bool(value) => Constant::Bool(*value),
            ExprKind::Integer(value) => Constant::Integer(*value),
            ExprKind::Float(bits) => match result {
                Some(Scalar::F32) => Constant::Float32(*bits as u32),
                _ => Constant::Float64(*bits),
            },
            ExprKind::Local(local) => {
                let value = activation.locals.get(local.0 as usize).cloned().flatten();
                return value.ok_or_else(|| self.mistake(activation, span, "this value is not constant"));
            }
            ExprKind::ConstParameter(name) => match activation.parameters.get(name) {
                Some(value) => *value,
                None => return Err(self.mistake(activation, span, format!("`{name}` has no value here"))),
            },
            ExprKind::Constant(path) => return self.constant(path),
            ExprKind::Unary(op, operand) => {
                let operand_value = self.one(activation, operand)?;
                let scalar = operand.ty.scalar().unwrap_or(Scalar::U32);
                constant::unary(*op, scalar, operand_value, Arithmetic::Checked)
                    .map_err(|fault| self.mistake(activation, span, fault.reason()))?
            }
            ExprKind::Binary(op, left, right) => {
                let (first, second) = (self.one(activation, left)?, self.one(activation, right)?);
                let scalar = left.ty.scalar().unwrap_or(Scalar::U32);
                constant::binary(*op, scalar, first, second, Arithmetic::Checked)
                    .map_err(|fault| self.mistake(activation, span, fault.reason()))?
            }
            ExprKind::Cast(operand) => {
                let operand = self.one(activation, operand)?;
                constant::cast(operand, result.unwrap_or(Scalar::U32))
                    .map_err(|fault| self.mistake(activation, span, fault.reason()))?
            }
            ExprKind::Field(whole, field) => {
                let value = self.value(activation, whole)?;
                let (start, part) = self.field(activation, &whole.ty, *field, span)?;
                return self.part(activation, value, start, part, span);
            }
            ExprKind::Index(whole, index) => {
                let value = self.value(activation, whole)?;
                let index = self.integer(activation, index)?;
                let (start, part) = self.element(activation, &whole.ty, index, span)?;
                return self.part(activation, value, start, part, span);
            }
            ExprKind::Aggregate(parts) => {
                let mut value = Vec::new();
                for part in parts {
                    value.extend(self.value(activation, part)?);
                }
                return Ok(value);
            }
            ExprKind::Repeat(element) => {
                let element = self.value(activation, element)?;
                let count = self.count(activation, &expression.ty, span)?;
                let length = if element.is_empty() { 0 } else { count / element.len() };
                return Ok(element.repeat(length));
            }
            ExprKind::Select { condition, then, otherwise } => {
                let taken = if self.truth(activation, condition)? { then } else { otherwise };
                return self.value(activation, taken);
            }
            ExprKind::Call { function, const_arguments, arguments } => {
                return self.call_in(activation, span, function, const_arguments, arguments);
            }
            ExprKind::Asm(..) => {
                return Err(self.mistake(activation, span, "inline PTX has no constant value"));
            }
            ExprKind::Intrinsic(intrinsic, arguments) => {
                let mut values = Vec::new();
                for argument in arguments {
                    values.push(self.one(activation, argument)?);
                }
                let scalar =
                    arguments.first().and_then(|argument| argument.ty.scalar()).unwrap_or(Scalar::U32);
                match intrinsic.fold(&Known {
                    target: self.target(),
                    scalar,
                    result: result.unwrap_or(Scalar::U32),
                    values: &values,
                    arithmetic: Arithmetic::Checked,
                }) {
                    Some(Ok(value)) => value,
                    Some(Err(fault)) => return Err(self.mistake(activation, span, fault.reason())),
                    None => {
                        return Err(self.mistake(activation, span, "this operation has no constant value"));
                    }
                }
            }
        };
        Ok(vec![value])
    }

    pub(super) fn call_in(
        &self,
        activation: &mut Activation<'_, 'p>,
        span: Span,
        path: &Path,
        const_arguments: &[Expr],
        arguments: &[Expr],
    ) -> Result<Vec<Constant>, Mistake> {
        let Some((_, function)) = self.program.function(path) else {
            return Err(self.mistake(activation, span, format!("there is no function `{path}`")));
        };
        self.steps(activation, span, STEPS_OF_A_CALL)?;
        let mut parameters = Parameters::new();
        for ((name, _), argument) in function.const_parameters.iter().zip(const_arguments) {
            parameters.insert(name.clone(), self.one(activation, argument)?);
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.value(activation, argument)?);
        }
        let file = self.program.modules[activation.module].file.clone();
        let here = |message| Mistake { file: file.clone(), span, message };
        let value = self.invoke(path, &parameters, values, activation.depth + 1, here);
        // What has no place, in the core library, is where that is called.
        value.map_err(|mistake| match mistake.span == Span::default() {
            true => here(mistake.message),
            false => mistake,
        })
    }

    pub(super) fn count(
        &self,
        activation: &Activation<'_, 'p>,
        ty: &Type,
        span: Span,
    ) -> Result<usize, Mistake> {
        let lengths = KnownLengths { evaluator: self, parameters: activation.parameters };
        layout::leaf_count(self.program, ty, &lengths)
            .map(|count| count as usize)
            .map_err(|message| self.mistake(activation, span, message))
    }

    pub(super) fn part(
        &self,
        activation: &Activation<'_, 'p>,
        value: Vec<Constant>,
        start: usize,
        part: &Type,
        span: Span,
    ) -> Result<Vec<Constant>, Mistake> {
        let count = self.count(activation, part, span)?;
        match value.get(start..start + count) {
            Some(part) => Ok(part.to_vec()),
            None => Err(self.mistake(activation, span, "this value has no such part")),
        }
    }

    /// First register and type of a field.
    pub(super) fn field<'t>(
        &self,
        activation: &Activation<'_, 'p>,
        ty: &'t Type,
        field: u32,
        span: Span,
    ) -> Result<(usize, &'t Type), Mistake>
    where
        'p: 't,
    {
        let parts: Vec<&'t Type> = match ty {
            Type::Tuple(parts) => parts.iter().collect(),
            Type::Slice(_) => ty.slice_parts().into_iter().flatten().collect(),
            Type::Struct(path) => match self.program.structure(path) {
                Ok(structure) => structure.fields.iter().map(|field| &field.ty).collect(),
                Err(message) => return Err(self.mistake(activation, span, message)),
            },
            _ => Vec::new(),
        };
        let mut start = 0;
        for part in parts.iter().take(field as usize) {
            start += self.count(activation, part, span)?;
        }
        match parts.get(field as usize) {
            Some(part) => Ok((start, part)),
            None => Err(self.mistake(activation, span, format!("this value has no field {field}"))),
        }
    }

    /// First register and type of an array element.
    pub(super) fn element<'t>(
        &self,
        activation: &Activation<'_, 'p>,
        ty: &'t Type,
        index: i128,
        span: Span,
    ) -> Result<(usize, &'t Type), Mistake> {
        let Type::Array(element, size) = ty else {
            return Err(self.mistake(activation, span, "only arrays have elements"));
        };
        let lengths = KnownLengths { evaluator: self, parameters: activation.parameters };
        let length = lengths.length(size).map_err(|message| self.mistake(activation, span, message))?;
        if !(0..i128::from(length)).contains(&index) {
            let message = format!("index {index} is out of bounds: the array has {length} elements");
            return Err(self.mistake(activation, span, message));
        }
        Ok((index as usize * self.count(activation, element, span)?, element))
    }
}
