//! Comparisons, and operators on bools.

use crossdock_ptx::{Comparison, opcode};

use super::Specialiser;
use super::scalar::{Float, Integer, class, some};
use super::value::{Value, Want};
use crate::back::constant::Constant;
use crate::back::emit::Class;
use crate::ir::{BinaryOp, Scalar};

impl<'p> Specialiser<'p> {
    /// The negation of a bool, without an instruction.
    pub(super) fn not(&mut self, value: &Value) -> Value {
        match value {
            Value::Constant(constant) => Value::Constant(Constant::Bool(*constant != Constant::Bool(true))),
            Value::Not(register) => Value::Register(*register),
            _ => Value::Not(self.register(value, Class::Predicate)),
        }
    }

    /// `and`, `or`, `xor` of two bools.
    pub(super) fn logic(&mut self, op: BinaryOp, left: &Value, right: &Value, want: &Want) -> Value {
        let known = |value: &Value| match value {
            Value::Constant(constant) => Some(*constant == Constant::Bool(true)),
            _ => None,
        };
        for (one, other) in [(left, right), (right, left)] {
            match (op, known(one)) {
                (BinaryOp::And, Some(true)) | (BinaryOp::Or | BinaryOp::Xor, Some(false)) => {
                    return other.clone();
                }
                (BinaryOp::And, Some(false)) | (BinaryOp::Or, Some(true)) => return one.clone(),
                (BinaryOp::Xor, Some(true)) => return self.not(other),
                _ => {}
            }
        }
        let name = match op {
            BinaryOp::And => opcode!(and.pred),
            BinaryOp::Or => opcode!(or.pred),
            _ => opcode!(xor.pred),
        };
        let sources = vec![self.argument(left, Class::Predicate), self.argument(right, Class::Predicate)];
        let result = self.result(want, Class::Predicate);
        self.body.pure(name, result, sources);
        Value::Register(result)
    }

    pub(super) fn binary_bool(&mut self, op: BinaryOp, left: Value, right: Value, want: &Want) -> Value {
        match op {
            BinaryOp::NotEqual => self.logic(BinaryOp::Xor, &left, &right, want),
            BinaryOp::Equal => {
                let differ = self.logic(BinaryOp::Xor, &left, &right, &Want::anything());
                self.not(&differ)
            }
            // false < true
            BinaryOp::Less => {
                let not_left = self.not(&left);
                self.logic(BinaryOp::And, &not_left, &right, want)
            }
            BinaryOp::LessEqual => {
                let not_left = self.not(&left);
                self.logic(BinaryOp::Or, &not_left, &right, want)
            }
            BinaryOp::Greater => {
                let not_right = self.not(&right);
                self.logic(BinaryOp::And, &left, &not_right, want)
            }
            BinaryOp::GreaterEqual => {
                let not_right = self.not(&right);
                self.logic(BinaryOp::Or, &left, &not_right, want)
            }
            op => self.logic(op, &left, &right, want),
        }
    }

    pub(super) fn compare(
        &mut self,
        comparison: IntegerComparison,
        scalar: Scalar,
        left: Value,
        right: Value,
        want: &Want,
    ) -> Value {
        let (comparison, left, right) = match left {
            Value::Constant(_) => (comparison.turned(), right, left),
            _ => (comparison, left, right),
        };
        // Nothing unsigned is less than zero.
        if scalar.is_integer() && !scalar.is_signed() && right == Value::Constant(Constant::Integer(0)) {
            match comparison {
                IntegerComparison::Less => return Value::Constant(Constant::Bool(false)),
                IntegerComparison::GreaterEqual => return Value::Constant(Constant::Bool(true)),
                _ => {}
            }
        }
        let class = class(scalar);
        let sources = vec![self.argument(&left, class), self.argument(&right, class)];
        let result = self.result(want, Class::Predicate);
        let opcode = match scalar.is_float() {
            true => opcode!(setp.(comparison.of_floats()).(Float::of(scalar))),
            false => opcode!(setp.(comparison).(Integer::of(scalar))),
        };
        self.body.pure(opcode, result, sources);
        Value::Register(result)
    }
}

some! {
    /// A comparison operator, as instructions on integers have it.
    IntegerComparison of Comparison { Equal NotEqual Less LessEqual Greater GreaterEqual }
}

impl IntegerComparison {
    pub(super) fn of(op: BinaryOp) -> Option<IntegerComparison> {
        Some(match op {
            BinaryOp::Equal => IntegerComparison::Equal,
            BinaryOp::NotEqual => IntegerComparison::NotEqual,
            BinaryOp::Less => IntegerComparison::Less,
            BinaryOp::LessEqual => IntegerComparison::LessEqual,
            BinaryOp::Greater => IntegerComparison::Greater,
            BinaryOp::GreaterEqual => IntegerComparison::GreaterEqual,
            _ => return None,
        })
    }

    /// The comparison with its operands exchanged.
    pub(super) fn turned(self) -> IntegerComparison {
        match self {
            IntegerComparison::Less => IntegerComparison::Greater,
            IntegerComparison::LessEqual => IntegerComparison::GreaterEqual,
            IntegerComparison::Greater => IntegerComparison::Less,
            IntegerComparison::GreaterEqual => IntegerComparison::LessEqual,
            same => same,
        }
    }

    fn of_floats(self) -> Comparison {
        match self {
            IntegerComparison::Equal => Comparison::Equal,
            // A NaN differs from everything.
            IntegerComparison::NotEqual => Comparison::NotEqualUnordered,
            IntegerComparison::Less => Comparison::Less,
            IntegerComparison::LessEqual => Comparison::LessEqual,
            IntegerComparison::Greater => Comparison::Greater,
            IntegerComparison::GreaterEqual => Comparison::GreaterEqual,
        }
    }
}
