//! `%` of floats: exact, as Rust's (and C's `fmod`) is. PTX has no instruction for it.
//!
//! With both numbers as whole multiples `x` and `y` of powers of two, the remainder is that of `x * 2^n` by `y`, where `n` is the difference of
//! the exponents: `n` bits at a time, as many as a register has room for, are shifted in and the remainder is taken. What is
//! left is less than `y`, so that it and its product with `y`'s power of two are exact.

use crossdock_ptx::opcode;
use crossdock_ptx::table::opcode::Words;

use super::Specialiser;
use super::scalar::Float;
use super::value::Value;
use crate::back::emit::{Argument, Class, Register};
use crate::ir::Scalar;

/// The format of a float.
struct Format {
    /// Bits behind the leading one.
    fraction: u32,
    /// All of them, sign included.
    bits: u32,
}

impl Format {
    fn of(scalar: Scalar) -> Format {
        match scalar {
            Scalar::F64 => Format { fraction: 52, bits: 64 },
            _ => Format { fraction: 23, bits: 32 },
        }
    }

    fn infinity(&self) -> i128 {
        (1 << (self.bits - 1)) - (1 << self.fraction)
    }

    fn magnitude(&self) -> i128 {
        (1 << (self.bits - 1)) - 1
    }
}

impl Specialiser<'_> {
    /// `left % right` for floats that are not both constant.
    pub(super) fn float_remainder(&mut self, scalar: Scalar, left: &Value, right: &Value) -> Value {
        let (format, ty) = (Format::of(scalar), Float::of(scalar));
        let class = if scalar == Scalar::F64 { Class::Float64 } else { Class::Float32 };
        let (x, y) = (self.register(left, class), self.register(right, class));
        let [step, scale, invalid, end] =
            self.body.labels(["remainder", "exact", "no_remainder", "end_remainder"]);
        let result = self.body.register(class, Some("remainder"));
        let (x_bits, y_bits) = (self.wide_bits(scalar, x), self.wide_bits(scalar, y));
        let mask = |number| Argument::Integer(number);
        let (x_size, y_size) = (self.quad(), self.quad());
        self.body.pure(opcode!(and.b64), x_size, vec![x_bits.into(), mask(format.magnitude())]);
        self.body.pure(opcode!(and.b64), y_size, vec![y_bits.into(), mask(format.magnitude())]);
        // Neither by zero, nor of infinity, nor with NaN is there a remainder.
        let by_zero = self.tested(opcode!(setp.eq.u64), y_size, mask(0));
        self.body.branch(Some((by_zero, false)), invalid);
        let by_nan = self.tested(opcode!(setp.gt.u64), y_size, mask(format.infinity()));
        self.body.branch(Some((by_nan, false)), invalid);
        let infinite = self.tested(opcode!(setp.ge.u64), x_size, mask(format.infinity()));
        self.body.branch(Some((infinite, false)), invalid);
        self.body.pure(opcode!(mov.(ty)), result, vec![x.into()]);
        let smaller = self.tested(opcode!(setp.lt.u64), x_size, y_size.into());
        self.body.branch(Some((smaller, false)), end);
        let (x_exponent, x_whole) = self.parted(&format, x_size);
        let (y_exponent, y_whole) = self.parted(&format, y_size);
        let further = self.quad();
        self.body.pure(opcode!(sub.u64), further, vec![x_exponent.into(), y_exponent.into()]);
        let rest = self.quad();
        self.body.pure(opcode!(rem.u64), rest, vec![x_whole.into(), y_whole.into()]);
        self.body.place(step);
        let none = self.tested(opcode!(setp.eq.u64), further, mask(0));
        self.body.branch(Some((none, false)), scale);
        // A number below `y` has `fraction + 1` bits at most.
        let (now, amount) = (self.quad(), self.body.register(Class::Bits32, None));
        let room = i128::from(64 - (format.fraction + 1));
        self.body.pure(opcode!(min.u64), now, vec![further.into(), mask(room)]);
        self.body.pure(opcode!(sub.u64), further, vec![further.into(), now.into()]);
        self.body.pure(opcode!(cvt.u32.u64), amount, vec![now.into()]);
        self.body.pure(opcode!(shl.b64), rest, vec![rest.into(), amount.into()]);
        self.body.pure(opcode!(rem.u64), rest, vec![rest.into(), y_whole.into()]);
        self.body.branch(None, step);
        self.body.place(scale);
        let (whole, unit) = (self.body.register(class, None), self.unit(scalar, &format, y_exponent));
        self.body.pure(opcode!(cvt.rn.(ty).u64), whole, vec![rest.into()]);
        let size = self.body.register(class, None);
        self.body.pure(opcode!(mul.rn.(ty)), size, vec![whole.into(), unit.into()]);
        self.body.pure(opcode!(copysign.(ty)), result, vec![x.into(), size.into()]);
        self.body.branch(None, end);
        self.body.place(invalid);
        // The NaN of the hardware.
        let infinity = |sign: u64| match scalar {
            Scalar::F64 => Argument::Float64(sign << 63 | f64::INFINITY.to_bits()),
            _ => Argument::Float32((sign << 31) as u32 | f32::INFINITY.to_bits()),
        };
        self.body.pure(opcode!(add.rn.(ty)), result, vec![infinity(0), infinity(1)]);
        self.body.place(end);
        Value::Register(result)
    }

    fn quad(&mut self) -> Register {
        self.body.register(Class::Bits64, None)
    }

    fn tested(&mut self, opcode: Words, left: Register, right: Argument) -> Register {
        let result = self.body.register(Class::Predicate, None);
        self.body.pure(opcode, result, vec![left.into(), right]);
        result
    }

    /// The bits of a float, zero-extended.
    fn wide_bits(&mut self, scalar: Scalar, float: Register) -> Register {
        let wide = self.quad();
        match scalar {
            Scalar::F64 => self.body.pure(opcode!(mov.b64), wide, vec![float.into()]),
            _ => {
                let bits = self.body.register(Class::Bits32, None);
                self.body.pure(opcode!(mov.b32), bits, vec![float.into()]);
                self.body.pure(opcode!(cvt.u64.u32), wide, vec![bits.into()]);
            }
        }
        wide
    }

    /// Exponent, 1 for subnormals too, and the number as a whole multiple of the last place of that exponent.
    fn parted(&mut self, format: &Format, size: Register) -> (Register, Register) {
        let (field, exponent, leading, whole) = (self.quad(), self.quad(), self.quad(), self.quad());
        let fraction = Argument::Integer(i128::from(format.fraction));
        self.body.pure(opcode!(shr.u64), field, vec![size.into(), fraction.clone()]);
        self.body.pure(opcode!(max.u64), exponent, vec![field.into(), Argument::Integer(1)]);
        self.body.pure(opcode!(min.u64), leading, vec![field.into(), Argument::Integer(1)]);
        self.body.pure(opcode!(shl.b64), leading, vec![leading.into(), fraction]);
        self.body.pure(
            opcode!(and.b64),
            whole,
            vec![size.into(), Argument::Integer((1 << format.fraction) - 1)],
        );
        self.body.pure(opcode!(or.b64), whole, vec![whole.into(), leading.into()]);
        (exponent, whole)
    }

    /// The last place of that exponent: a power of two, which is subnormal for small exponents.
    fn unit(&mut self, scalar: Scalar, format: &Format, exponent: Register) -> Register {
        let narrow = self.body.register(Class::Bits32, None);
        self.body.pure(opcode!(cvt.u32.u64), narrow, vec![exponent.into()]);
        let (lower, place) = (self.body.register(Class::Bits32, None), self.quad());
        self.body.pure(opcode!(sub.u32), lower, vec![narrow.into(), Argument::Integer(1)]);
        // Shifts beyond the register give zero, and are not taken.
        self.body.pure(opcode!(mov.u64), place, vec![Argument::Integer(1)]);
        self.body.pure(opcode!(shl.b64), place, vec![place.into(), lower.into()]);
        let (normal, chosen) = (self.quad(), self.quad());
        let fraction = i128::from(format.fraction);
        self.body.pure(opcode!(sub.u64), normal, vec![exponent.into(), Argument::Integer(fraction)]);
        self.body.pure(opcode!(shl.b64), normal, vec![normal.into(), Argument::Integer(fraction)]);
        let is_normal = self.tested(opcode!(setp.gt.u64), exponent, Argument::Integer(fraction));
        self.body.pure(opcode!(selp.b64), chosen, vec![normal.into(), place.into(), is_normal.into()]);
        match scalar {
            Scalar::F64 => {
                let unit = self.body.register(Class::Float64, None);
                self.body.pure(opcode!(mov.b64), unit, vec![chosen.into()]);
                unit
            }
            _ => {
                let (bits, unit) =
                    (self.body.register(Class::Bits32, None), self.body.register(Class::Float32, None));
                self.body.pure(opcode!(cvt.u32.u64), bits, vec![chosen.into()]);
                self.body.pure(opcode!(mov.b32), unit, vec![bits.into()]);
                unit
            }
        }
    }
}

impl From<Register> for Argument {
    fn from(register: Register) -> Argument {
        Argument::Register(register)
    }
}
