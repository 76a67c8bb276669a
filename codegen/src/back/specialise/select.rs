//! Choosing between two values without a branch.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::scalar::Selected;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::constant::Constant;
use crate::back::emit::{Argument, Class, Register};
use crate::back::layout::LeafType;
use crate::ir::{BinaryOp, Expr};

impl<'p> Specialiser<'p> {
    pub(super) fn select(
        &mut self,
        frame: &mut Frame<'p>,
        condition: &'p Expr,
        then: &'p Expr,
        otherwise: &'p Expr,
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let chosen = self.scalar(frame, condition, &Want::anything())?;
        let leaves = self.leaves(frame, &then.ty, then.span)?;
        let (then, otherwise) =
            (self.value(frame, then, &Want::anything())?, self.value(frame, otherwise, &Want::anything())?);
        if let Value::Constant(constant) = chosen {
            return Ok(if constant == Constant::Bool(true) { then } else { otherwise });
        }
        let mut values = Vec::with_capacity(leaves.len());
        for (index, (leaf, (then, otherwise))) in
            leaves.iter().zip(then.into_iter().zip(otherwise)).enumerate()
        {
            let want = want.part(index, 1, &leaf.suffix);
            values.push(self.choose(&chosen, then, otherwise, leaf.ty, &want));
        }
        Ok(values)
    }

    /// `condition ? then : otherwise` for one register.
    pub(super) fn choose(
        &mut self,
        condition: &Value,
        then: Value,
        otherwise: Value,
        ty: LeafType,
        want: &Want,
    ) -> Value {
        if then == otherwise {
            return then;
        }
        let class = ty.class();
        if class == Class::Predicate {
            return self.choose_bool(condition, then, otherwise, want);
        }
        let (predicate, negated) = self.predicate(condition);
        let (then, otherwise) = if negated { (otherwise, then) } else { (then, otherwise) };
        let (then, otherwise) = (self.argument(&then, class), self.argument(&otherwise, class));
        let result = self.result(want, class);
        let opcode = opcode!(selp.(Selected::of(class)));
        self.body.pure(opcode, result, vec![then, otherwise, Argument::Register(predicate)]);
        Value::Register(result)
    }

    pub(super) fn choose_bool(
        &mut self,
        condition: &Value,
        then: Value,
        otherwise: Value,
        want: &Want,
    ) -> Value {
        let constant = |value: &Value| match value {
            Value::Constant(constant) => Some(*constant == Constant::Bool(true)),
            _ => None,
        };
        match (constant(&then), constant(&otherwise)) {
            (Some(true), Some(false)) => condition.clone(),
            (Some(false), Some(true)) => self.not(condition),
            (Some(true), _) => self.logic(BinaryOp::Or, condition, &otherwise, want),
            (_, Some(false)) => self.logic(BinaryOp::And, condition, &then, want),
            _ => {
                let chosen = self.logic(BinaryOp::And, condition, &then, &Want::anything());
                let unchosen = self.not(condition);
                let other = self.logic(BinaryOp::And, &unchosen, &otherwise, &Want::anything());
                self.logic(BinaryOp::Or, &chosen, &other, want)
            }
        }
    }

    /// A bool that is not constant as a guard: the register, and whether it is the negation.
    pub(super) fn predicate(&mut self, value: &Value) -> (Register, bool) {
        match value {
            Value::Not(register) => (*register, true),
            _ => (self.register(value, Class::Predicate), false),
        }
    }
}
