//! Statements of a `const fn` that is being run.

use super::{Activation, Evaluator, Flow, leave};
use crate::Mistake;
use crate::back::constant::Constant;
use crate::ir::{Block, Place, Projection, Span, StatementKind};

impl<'p> Evaluator<'p> {
    pub(super) fn block(&self, activation: &mut Activation<'_, 'p>, block: &Block) -> Result<Flow, Mistake> {
        activation.depth += 1;
        for statement in block {
            self.step(activation, statement.span)?;
            match self.statement(activation, &statement.kind, statement.span)? {
                Flow::Next => {}
                other => {
                    activation.depth -= 1;
                    return Ok(other);
                }
            }
        }
        activation.depth -= 1;
        Ok(Flow::Next)
    }

    pub(super) fn statement(
        &self,
        activation: &mut Activation<'_, 'p>,
        statement: &StatementKind,
        span: Span,
    ) -> Result<Flow, Mistake> {
        match statement {
            StatementKind::Assign(place, value) => {
                let value = self.value(activation, value)?;
                self.assign(activation, place, value, span)?;
            }
            StatementKind::Evaluate(value) => drop(self.value(activation, value)?),
            StatementKind::If { condition, then, otherwise } => {
                let chosen = if self.truth(activation, condition)? { then } else { otherwise };
                return self.block(activation, chosen);
            }
            StatementKind::Roles(_) => {
                return Err(self.mistake(activation, span, "warp roles have no constant value"));
            }
            StatementKind::Loop { body } => loop {
                self.step(activation, span)?;
                if let Some(flow) = leave(self.block(activation, body)?) {
                    return Ok(flow);
                }
            },
            StatementKind::For { local, start, end, inclusive, body, .. } => {
                let start = self.integer(activation, start)?;
                let mut end = self.integer(activation, end)?;
                if !inclusive {
                    end -= 1;
                }
                let mut value = start;
                while value <= end {
                    self.step(activation, span)?;
                    if let Some(slot) = activation.locals.get_mut(local.0 as usize) {
                        *slot = Some(vec![Constant::Integer(value)]);
                    }
                    if let Some(flow) = leave(self.block(activation, body)?) {
                        return Ok(flow);
                    }
                    value += 1;
                }
            }
            StatementKind::Break(depth) => return Ok(Flow::Break(*depth)),
            StatementKind::Continue(depth) => return Ok(Flow::Continue(*depth)),
            StatementKind::Return(value) => {
                let value = match value {
                    Some(value) => self.value(activation, value)?,
                    None => Vec::new(),
                };
                return Ok(Flow::Return(value));
            }
            StatementKind::Assert { condition, message, arguments } => {
                if !self.truth(activation, condition)? {
                    let text = self.message(activation, message, arguments)?;
                    return Err(self.mistake(activation, span, text));
                }
            }
        }
        Ok(Flow::Next)
    }

    pub(super) fn assign(
        &self,
        activation: &mut Activation<'_, 'p>,
        place: &Place,
        value: Vec<Constant>,
        span: Span,
    ) -> Result<(), Mistake> {
        let index = place.local.0 as usize;
        let unknown = "this assigns a local that the function does not have";
        if place.projections.is_empty() {
            let missing = self.mistake(activation, span, unknown);
            *activation.locals.get_mut(index).ok_or(missing)? = Some(value);
            return Ok(());
        }
        let Some(local) = activation.function.and_then(|function| function.locals.get(index)) else {
            return Err(self.mistake(activation, span, unknown));
        };
        let mut ty = &local.ty;
        let mut start = 0;
        for projection in &place.projections {
            let (offset, part) = match projection {
                Projection::Field(field) => self.field(activation, ty, *field, span)?,
                Projection::Index(index) => {
                    let index = self.integer(activation, index)?;
                    self.element(activation, ty, index, span)?
                }
            };
            start += offset;
            ty = part;
        }
        let missing = self.mistake(activation, span, "this assigns part of a local that has no value yet");
        let target =
            activation.locals[index].as_mut().and_then(|whole| whole.get_mut(start..start + value.len()));
        target.ok_or(missing)?.copy_from_slice(&value);
        Ok(())
    }
}
