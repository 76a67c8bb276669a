//! Integer divisions that have no result. PTX leaves the result of a division by zero open (PTX ISA
//! section 9.7.1, `div`); Rust panics, also for the smallest number divided by -1, so the launch
//! ends with an error.

use crossdock_ptx::opcode;
use crossdock_ptx::table::opcode::Words;

use super::Specialiser;
use super::scalar::{Integer, class};
use super::value::Value;
use crate::back::constant::{Constant, range};
use crate::back::emit::{Argument, Class, Register};
use crate::ir::Scalar;

impl Specialiser<'_> {
    /// Traps if `dividend / divisor` has no value in the type. What is known of either saves its
    /// test.
    pub(super) fn trap_without_quotient(&mut self, scalar: Scalar, dividend: &Value, divisor: &Value) {
        let least = range(scalar).0;
        let may_be = |value: &Value, number: i128| match value {
            Value::Constant(constant) => *constant == Constant::Integer(number),
            _ => true,
        };
        let zero = may_be(divisor, 0).then(|| self.equals(scalar, divisor, 0));
        let overflows = scalar.is_signed() && may_be(divisor, -1) && may_be(dividend, least);
        let overflow = overflows.then(|| {
            let tests: Vec<Register> = [(dividend, least), (divisor, -1)]
                .into_iter()
                .filter(|(value, _)| !matches!(value, Value::Constant(_)))
                .map(|(value, number)| self.equals(scalar, value, number))
                .collect();
            self.joined(opcode!(and.pred), tests)
        });
        let tests: Vec<Register> = zero.into_iter().chain(overflow.flatten()).collect();
        let Some(fails) = self.joined(opcode!(or.pred), tests) else { return };
        let [divides] = self.body.labels(["divides"]);
        self.body.branch(Some((fails, true)), divides);
        self.body.perform(opcode!(trap), Vec::new());
        self.body.place(divides);
    }

    fn equals(&mut self, scalar: Scalar, value: &Value, number: i128) -> Register {
        let source = self.argument(value, class(scalar));
        let result = self.body.register(Class::Predicate, None);
        self.body.pure(
            opcode!(setp.eq.(Integer::of(scalar))),
            result,
            vec![source, Argument::Integer(number)],
        );
        result
    }

    fn joined(&mut self, opcode: Words, tests: Vec<Register>) -> Option<Register> {
        tests.into_iter().reduce(|one, other| {
            let result = self.body.register(Class::Predicate, None);
            self.body.pure(opcode.clone(), result, vec![Argument::Register(one), Argument::Register(other)]);
            result
        })
    }
}
