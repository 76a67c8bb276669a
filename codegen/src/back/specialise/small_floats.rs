//! Conversions of 8- and 16-bit floats, whose codes pass through 16-bit registers.

use crossdock_ptx::opcode;

use super::frame::Frame;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::back::emit::{Argument, Class};
use crate::ir::{Intrinsic, Span};

impl<'p> Specialiser<'p> {
    /// A conversion to or from a pair of 8-bit floats, or from one f16.
    pub(super) fn small_float(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        intrinsic: Intrinsic,
        mut values: Vec<Value>,
        want: &Want,
    ) -> Outcome<Value> {
        let (opcode, class) = match intrinsic {
            Intrinsic::Pack(format) => match format.float8_pair() {
                Some(pair) => (opcode!(cvt.rn.satfinite.(pair).f32), Class::Bits16),
                None => return Err(self.mistake(frame, span, "this conversion packs floats of 8 bits")),
            },
            Intrinsic::Widen(format) => match format.float8_pair() {
                Some(pair) => (opcode!(cvt.rn.f16x2.(pair)), Class::Bits32),
                None => return Err(self.mistake(frame, span, "this conversion widens floats of 8 bits")),
            },
            _ => (opcode!(cvt.f32.f16), Class::Float32),
        };
        if class == Class::Bits16 {
            // `cvt` puts its first source into the upper half.
            values.reverse();
            let sources = values.iter().map(|value| self.argument(value, Class::Float32)).collect();
            let codes = self.body.register(Class::Bits16, None);
            self.body.pure(opcode, codes, sources);
            let result = self.result(want, Class::Bits32);
            self.body.pure(opcode!(cvt.u32.u16), result, vec![Argument::Register(codes)]);
            return Ok(Value::Register(result));
        }
        let [codes] = values.as_slice() else {
            return Err(self.mistake(frame, span, "this conversion takes one value"));
        };
        let codes = self.register(codes, Class::Bits32);
        let narrow = self.body.register(Class::Bits16, None);
        self.body.pure(opcode!(cvt.u16.u32), narrow, vec![Argument::Register(codes)]);
        let result = self.result(want, class);
        self.body.pure(opcode, result, vec![Argument::Register(narrow)]);
        Ok(Value::Register(result))
    }
}
