//! Arithmetic that Rust has no operators for: `f32` rounded in a direction, and pairs of 16-bit
//! floats.
//!
//! The host twins of the device's operations and the constant evaluation of kernels both use these
//! functions. A result is found as the nearest `f64` and the side of it on which the exact result
//! lies, which decides every rounding to `f32`.

use std::cmp::Ordering;

use crate::ir::intrinsic::parameters::{
    Direction, Format, HalfFormat, HalfOperation, RoundedOperation, Rounding,
};

/// The NaN that PTX makes (PTX ISA section 9.7.3).
const NAN: f32 = f32::from_bits(Format::F32.nan());

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

    /// To one of the two floats next to the exact number: the one whose last bit is 1. Rounding
    /// that to a format with two bits less is as good as rounding the exact number (Boldo and
    /// Melquiond, "When double rounding is odd").
    fn to_odd(self) -> f32 {
        if self.value.is_nan() || self.value.is_infinite() {
            return self.value as f32;
        }
        let (low, high) = (self.round(Direction::Down), self.round(Direction::Up));
        if low.to_bits() & 1 == 1 { low } else { high }
    }
}

/// An operation of `f32`, its exact result rounded in a direction. Operands that the operation does
/// not take are ignored.
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

/// The value of a code. Of an alternate format, a NaN is the one that PTX makes; that of a bf16
/// keeps its bits.
pub const fn decode(format: Format, code: u32) -> f32 {
    match format {
        Format::Bf16 => f32::from_bits(code << 16),
        _ => format.value(code),
    }
}

/// Two floats rounded to nearest even, the code of `low` in the lower bits. Codes of 8 bits are
/// finite: what is beyond the largest becomes that. A NaN becomes one code without a sign.
pub const fn pack(format: Format, low: f32, high: f32) -> u32 {
    let saturate = format.bits() == 8;
    let low = format.encode(low as f64, Rounding::NearestEven, saturate);
    low | format.encode(high as f64, Rounding::NearestEven, saturate) << format.bits()
}

/// Two codes of 8 bits as two f16, in the same order, exactly.
pub const fn widen(format: Format, codes: u16) -> u32 {
    let (low, high) = (codes as u32 & 0xff, codes as u32 >> 8);
    pack(Format::F16, decode(format, low), decode(format, high))
}

/// Two floats rounded toward zero to 16 bits, `low` in the lower half; NaN becomes 0x7fff.
pub fn pack_toward_zero(format: HalfFormat, low: f32, high: f32) -> u32 {
    let code = |value: f32| format.format().encode(f64::from(value), Rounding::TowardZero, false);
    code(low) | code(high) << 16
}

/// An operation of 16-bit floats on both halves of the words, rounded to nearest even. A NaN
/// becomes 0x7fff; `Minimum` and `Maximum` give the operand that is a number (PTX ISA section
/// 9.7.4).
pub fn half_pair(format: HalfFormat, operation: HalfOperation, operands: [u32; 3]) -> u32 {
    let lane = |shift: u32| {
        let format = format.format();
        let values = operands.map(|word| decode(format, word >> shift & 0xffff));
        format.encode(f64::from(half(operation, values)), Rounding::NearestEven, false)
    };
    lane(0) | lane(16) << 16
}

fn half(operation: HalfOperation, [a, b, c]: [f32; 3]) -> f32 {
    let [x, y, z] = [a, b, c].map(f64::from);
    match operation {
        HalfOperation::Add => Exact::sum(x, y, false).to_odd(),
        HalfOperation::Subtract => Exact::sum(x, -y, false).to_odd(),
        HalfOperation::Multiply => Exact::new(x * y).to_odd(),
        HalfOperation::FusedMultiplyAdd => Exact::sum(x * y, z, false).to_odd(),
        HalfOperation::Minimum | HalfOperation::Maximum => {
            // Zeros are ordered by their sign, as all other numbers.
            let less = a.total_cmp(&b).is_le() == (operation == HalfOperation::Minimum);
            if b.is_nan() || less && !a.is_nan() { a } else { b }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Format, Rounding, decode};

    /// The code whose value is nearest, found by looking at all of them.
    fn nearest(format: Format, value: f32) -> u32 {
        let sign = if value.is_sign_negative() { format.sign_bit() } else { 0 };
        // Far beyond the greatest value, all of them would be equally far away.
        let magnitude = f64::from(value.abs()).min(2.0 * format.decode(format.greatest()));
        let distance = |code: u32| (format.decode(code) - magnitude).abs();
        let near = |a: &u32, b: &u32| distance(*a).total_cmp(&distance(*b)).then((a & 1).cmp(&(b & 1)));
        sign | (0..=format.greatest()).min_by(near).expect("a format has values")
    }

    fn encode(format: Format, value: f32, saturate: bool) -> u32 {
        format.encode(f64::from(value), Rounding::NearestEven, saturate)
    }

    #[test]
    fn eight_bits_are_the_nearest_and_saturate() {
        for format in Format::EIGHT_BITS {
            for code in 0..=0xff {
                let value = decode(format, code);
                if !value.is_nan() && value.is_finite() {
                    assert_eq!(encode(format, value, true), code, "{code:#x}");
                }
            }
            // Every sign and exponent with mantissas that tie in either format, and their
            // neighbours.
            for upper in 0..0x1_0000u32 {
                for lower in [0, 1, 0x7fff, 0xffff] {
                    let value = f32::from_bits(upper << 16 | lower);
                    let expected = if value.is_nan() { format.nan() } else { nearest(format, value) };
                    assert_eq!(encode(format, value, true), expected, "{value:e}");
                }
            }
            assert_eq!(encode(format, f32::INFINITY, true), format.greatest());
            assert_eq!(encode(format, f32::NEG_INFINITY, true), format.greatest() | 0x80);
            assert_eq!(encode(format, 1e30, false), format.infinity().unwrap_or(format.nan()));
        }
    }

    #[test]
    fn every_half_comes_back() {
        for code in 0..=0xffff {
            let value = decode(Format::F16, code);
            if !value.is_nan() {
                assert_eq!(encode(Format::F16, value, false), code, "{code:#x}");
            }
        }
    }
}
