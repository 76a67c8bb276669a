//! Arithmetic that Rust has no operators for: `f32` rounded in a direction, and pairs of 16-bit floats.
//!
//! The host twins of the device's operations and the constant evaluation of kernels both use these functions. A result is
//! found as the nearest `f64` and the side of it on which the exact result lies, which decides every rounding to `f32`.

use std::cmp::Ordering;

use crate::ir::{Direction, HalfFormat, HalfOperation, RoundedOperation};
use crate::small_float::F16;

/// The NaN that PTX makes (PTX ISA section 9.7.3).
const NAN: f32 = f32::from_bits(0x7fff_ffff);

/// A number close to `value`.
#[derive(Clone, Copy, Debug)]
struct Exact {
    value: f64,
    /// How the exact number compares with `value`.
    side: Ordering,
}

impl Exact {
    fn new(value: f64) -> Exact {
        Exact { value, side: Ordering::Equal }
    }

    /// `value` plus an error of which only the sign matters.
    fn near(value: f64, error: f64) -> Exact {
        Exact { value, side: error.partial_cmp(&0.0).unwrap_or(Ordering::Equal) }
    }

    /// `a + b`, with the error of the sum as Knuth's two-sum finds it.
    fn sum(a: f64, b: f64, down: bool) -> Exact {
        let sum = a + b;
        if sum == 0.0 && down && a.is_sign_negative() != b.is_sign_negative() {
            return Exact::new(-0.0);
        }
        if !sum.is_finite() {
            return Exact::new(sum);
        }
        let b_part = sum - a;
        Exact::near(sum, (a - (sum - b_part)) + (b - b_part))
    }

    fn quotient(a: f64, b: f64) -> Exact {
        let quotient = a / b;
        if !quotient.is_finite() || quotient == 0.0 {
            return Exact::new(quotient);
        }
        Exact::near(quotient, (-quotient).mul_add(b, a) * b.signum())
    }

    fn square_root(a: f64) -> Exact {
        let root = a.sqrt();
        if !root.is_finite() || root == 0.0 {
            return Exact::new(root);
        }
        Exact::near(root, (-root).mul_add(root, a))
    }

    /// How the exact number compares with a float.
    fn compare(self, float: f32) -> Ordering {
        self.value.partial_cmp(&f64::from(float)).unwrap_or(Ordering::Equal).then(self.side)
    }

    fn round(self, direction: Direction) -> f32 {
        if self.value.is_nan() {
            return NAN;
        }
        // Where the exact number lies between two floats, this is one of them.
        let near = self.value as f32;
        let up = match direction {
            Direction::TowardZero => self.value < 0.0,
            Direction::Down => false,
            Direction::Up => true,
        };
        match self.compare(near) {
            Ordering::Less if !up => near.next_down(),
            Ordering::Greater if up => near.next_up(),
            _ => near,
        }
    }

    /// To one of the two floats next to the exact number: the one whose last bit is 1. Rounding that to a format with two
    /// bits less is as good as rounding the exact number (Boldo and Melquiond, "When double rounding is odd").
    fn to_odd(self) -> f32 {
        if self.value.is_nan() || self.value.is_infinite() {
            return self.value as f32;
        }
        let (low, high) = (self.round(Direction::Down), self.round(Direction::Up));
        if low.to_bits() & 1 == 1 { low } else { high }
    }
}

/// An operation of `f32`, its exact result rounded in a direction. Operands that the operation does not take are ignored.
pub fn rounded(operation: RoundedOperation, direction: Direction, [a, b, c]: [f32; 3]) -> f32 {
    let [a, b, c] = [a, b, c].map(f64::from);
    let down = direction == Direction::Down;
    let exact = match operation {
        RoundedOperation::Add => Exact::sum(a, b, down),
        RoundedOperation::Subtract => Exact::sum(a, -b, down),
        // A product of two floats of 24 bits is exact.
        RoundedOperation::Multiply => Exact::new(a * b),
        RoundedOperation::Divide => Exact::quotient(a, b),
        RoundedOperation::FusedMultiplyAdd => Exact::sum(a * b, c, down),
        RoundedOperation::SquareRoot => Exact::square_root(a),
    };
    exact.round(direction)
}

/// An `f64` rounded to `f32` in a direction.
pub fn from_f64(value: f64, direction: Direction) -> f32 {
    Exact::new(value).round(direction)
}

/// An integer of at most 64 bits rounded to `f32` in a direction.
pub fn from_integer(value: i128, direction: Direction) -> f32 {
    let near = value as f64;
    Exact { value: near, side: value.cmp(&(near as i128)) }.round(direction)
}

/// Two floats rounded toward zero to 16 bits, `low` in the lower half; NaN becomes 0x7fff.
pub fn pack_toward_zero(format: HalfFormat, low: f32, high: f32) -> u32 {
    let code = |value: f32| match format {
        _ if value.is_nan() => 0x7fff,
        HalfFormat::Bf16 => value.to_bits() >> 16,
        HalfFormat::F16 => {
            // The nearest code is the wanted one or the one after it; codes are ordered like magnitudes.
            let nearest = F16.encode(value, false);
            let too_far = F16.decode(nearest).abs() > value.abs();
            nearest - u32::from(too_far)
        }
    };
    code(low) | code(high) << 16
}

/// An operation of 16-bit floats on both halves of the words, rounded to nearest even. A NaN becomes 0x7fff; `Minimum` and
/// `Maximum` give the operand that is a number (PTX ISA section 9.7.4).
pub fn half_pair(format: HalfFormat, operation: HalfOperation, operands: [u32; 3]) -> u32 {
    let lane = |shift: u32| {
        let codes = operands.map(|word| word >> shift & 0xffff);
        half(format, operation, codes.map(|code| decode(format, code)))
    };
    lane(0) | lane(16) << 16
}

fn half(format: HalfFormat, operation: HalfOperation, [a, b, c]: [f32; 3]) -> u32 {
    let [x, y, z] = [a, b, c].map(f64::from);
    let result = match operation {
        HalfOperation::Add => Exact::sum(x, y, false).to_odd(),
        HalfOperation::Subtract => Exact::sum(x, -y, false).to_odd(),
        HalfOperation::Multiply => Exact::new(x * y).to_odd(),
        HalfOperation::FusedMultiplyAdd => Exact::sum(x * y, z, false).to_odd(),
        HalfOperation::Minimum | HalfOperation::Maximum => {
            // Zeros are ordered by their sign, as all other numbers.
            let less = a.total_cmp(&b).is_le() == (operation == HalfOperation::Minimum);
            if b.is_nan() || less && !a.is_nan() { a } else { b }
        }
    };
    encode(format, result)
}

fn decode(format: HalfFormat, code: u32) -> f32 {
    match format {
        HalfFormat::F16 => F16.decode(code),
        HalfFormat::Bf16 => f32::from_bits(code << 16),
    }
}

fn encode(format: HalfFormat, value: f32) -> u32 {
    match format {
        HalfFormat::F16 => F16.encode(value, false),
        HalfFormat::Bf16 => u32::from(bf16_bits(value)),
    }
}

/// Round to nearest even by adding half a unit in the last place, minus one when the kept part is even.
pub const fn bf16_bits(value: f32) -> u16 {
    if value.is_nan() {
        return 0x7fff;
    }
    let bits = value.to_bits();
    let half = 0x7fff + (bits >> 16 & 1);
    ((bits + half) >> 16) as u16
}
