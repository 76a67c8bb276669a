//! Parts of values: fields of structs and tuples, elements of arrays in registers.

use super::frame::Frame;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::Constant;
use crate::back::evaluate::KnownLengths;
use crate::back::layout::Lengths;
use crate::ir::{Expr, ExprKind, Span, Type};

impl<'p> Specialiser<'p> {
    pub(super) fn aggregate(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        parts: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let mut values = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let suffix = match &expression.ty {
                Type::Struct(path) => {
                    match self.program.structure(path).ok().and_then(|it| it.fields.get(index)) {
                        Some(field) => format!("_{}", field.name),
                        None => String::new(),
                    }
                }
                _ => format!("_{index}"),
            };
            let count = self.count(frame, &part.ty, part.span)?;
            values.extend(self.value(frame, part, &want.part(values.len(), count, &suffix))?);
        }
        Ok(values)
    }

    pub(super) fn slice(
        &mut self,
        frame: &mut Frame<'p>,
        values: Vec<Value>,
        start: usize,
        part: &Type,
        span: Span,
    ) -> Outcome<Vec<Value>> {
        let count = self.count(frame, part, span)?;
        match values.get(start..start + count) {
            Some(part) => Ok(part.to_vec()),
            None => Err(self.mistake(frame, span, "this value has no such part")),
        }
    }

    /// First register and type of a field.
    pub(super) fn field_of<'t>(
        &mut self,
        frame: &Frame<'p>,
        ty: &'t Type,
        field: u32,
        span: Span,
    ) -> Outcome<(usize, &'t Type)>
    where
        'p: 't,
    {
        let parts: Vec<&'t Type> = match ty {
            Type::Tuple(parts) => parts.iter().collect(),
            Type::Slice(_) => ty.slice_parts().into_iter().flatten().collect(),
            Type::Struct(path) => match self.program.structure(path) {
                Ok(structure) => structure.fields.iter().map(|field| &field.ty).collect(),
                Err(message) => return Err(self.mistake(frame, span, message)),
            },
            _ => Vec::new(),
        };
        let mut start = 0;
        for part in parts.iter().take(field as usize) {
            start += self.count(frame, part, span)?;
        }
        match parts.get(field as usize) {
            Some(part) => Ok((start, part)),
            None => Err(self.mistake(frame, span, format!("this value has no field {field}"))),
        }
    }

    /// First register and type of an array element.
    pub(super) fn element_of<'t>(
        &mut self,
        frame: &Frame<'p>,
        ty: &'t Type,
        index: i128,
        span: Span,
    ) -> Outcome<(usize, &'t Type)> {
        let Type::Array(element, size) = ty else {
            return Err(self.mistake(frame, span, "only arrays have elements"));
        };
        let length = KnownLengths { evaluator: &self.evaluator, parameters: &frame.parameters }.length(size);
        let length = length.map_err(|message| self.mistake(frame, span, message))?;
        if !(0..i128::from(length)).contains(&index) {
            let message = format!("index {index} is out of bounds: the array has {length} elements");
            return Err(self.mistake(frame, span, message));
        }
        Ok((index as usize * self.count(frame, element, span)?, element))
    }

    /// An array index, which must be constant by now.
    pub(super) fn constant_index(&mut self, frame: &mut Frame<'p>, index: &'p Expr) -> Outcome<i128> {
        if let Value::Constant(Constant::Integer(value)) = self.scalar(frame, index, &Want::anything())? {
            return Ok(value);
        }
        let advice = match &index.kind {
            ExprKind::Local(local) => {
                format!(
                    "add #[unroll] to the loop over `{}`, or keep the array in shared memory",
                    frame.name(local.0 as usize)
                )
            }
            _ => "add #[unroll] to the loop that changes it, or keep the array in shared memory".to_string(),
        };
        Err(self.mistake(
            frame,
            index.span,
            format!("the index of an array in registers must be constant: {advice}"),
        ))
    }
}
