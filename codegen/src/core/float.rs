//! Methods of floats, and `%`. `U` is the unsigned integer of the width of `T`.

use super::integer::width;

/// As in Rust, NaN and the sign of a zero within the bounds stay.
pub const fn clamp<T: Float>(value: T, least: T, greatest: T) -> T {
    let raised = if value < least { least } else { value };
    if raised > greatest { greatest } else { raised }
}

/// What is cut off is exact. Infinity and NaN have nothing that is at least one half.
pub const fn round<T: Float>(value: T) -> T {
    let whole = value.trunc();
    let next = whole + T::ONE.copysign(value);
    if (value - whole).abs() >= T::of(0.5f32) { next } else { whole }
}

pub const fn fract<T: Float>(value: T) -> T {
    value - value.trunc()
}

pub const fn recip<T: Float>(value: T) -> T {
    T::ONE / value
}

pub const fn signum<T: Float>(value: T) -> T {
    let one = T::ONE.copysign(value);
    if value != value { value } else { one }
}

pub const fn is_nan<T: Float>(value: T) -> bool {
    value != value
}

pub const fn is_finite<T: Float>(value: T) -> bool {
    value.abs() < T::of(f32::INFINITY)
}

pub const fn is_infinite<T: Float>(value: T) -> bool {
    value.abs() == T::of(f32::INFINITY)
}

/// The least normal number, a power of two. That of `f64` is zero as an `f32`.
const fn least_normal<T: Float>() -> T {
    let least = T::of(f64::MIN_POSITIVE);
    if least == T::ZERO { T::of(f32::MIN_POSITIVE) } else { least }
}

pub const fn is_normal<T: Float>(value: T) -> bool {
    let size = value.abs();
    size >= least_normal::<T>() && size < T::of(f32::INFINITY)
}

pub const fn is_subnormal<T: Float>(value: T) -> bool {
    let size = value.abs();
    size > T::ZERO && size < least_normal::<T>()
}

/// All bits but the sign.
const fn magnitude<U: Unsigned>() -> U {
    !U::ZERO >> 1
}

pub const fn is_sign_positive<T: Float, U: Unsigned>(value: T) -> bool {
    let bits: U = value.to_bits();
    bits <= magnitude::<U>()
}

pub const fn is_sign_negative<T: Float, U: Unsigned>(value: T) -> bool {
    let bits: U = value.to_bits();
    bits > magnitude::<U>()
}

pub const fn div_euclid<T: Float>(value: T, divisor: T) -> T {
    let rest = value % divisor;
    let whole = (value / divisor).trunc();
    let step = if divisor > T::ZERO { T::ONE } else { -T::ONE };
    let further = whole - step;
    if rest < T::ZERO { further } else { whole }
}

pub const fn rem_euclid<T: Float>(value: T, divisor: T) -> T {
    let rest = value % divisor;
    let raised = rest + divisor.abs();
    if rest < T::ZERO { raised } else { rest }
}

/// The rest of a division by what is known not to be zero, so that nothing tests for it.
const fn rest_of(dividend: u64, divisor: u64) -> u64 {
    if is_constant(dividend) {
        return dividend % divisor;
    }
    ptx!("rem.u64 {rest}, {dividend}, {divisor};", dividend = in(dividend), divisor = in(divisor), rest = out(u64))
}

/// Without its sign, as bits.
const fn size_of<T: Float, U: Unsigned>(number: T) -> u64 {
    let bits: U = number.to_bits();
    u64::of(bits) & u64::of(magnitude::<U>())
}

/// `value % divisor`: exact, as Rust's (and C's `fmod`) is.
///
/// With both numbers as whole multiples `x` and `y` of powers of two, the remainder is that of
/// `x * 2^n` by `y`, where `n` is the difference of the exponents: `n` bits at a time, as many as a
/// register has room for, are shifted in and the remainder is taken. What is left is less than `y`,
/// so that it and its product with `y`'s power of two are exact.
pub const fn remainder<T: Float, U: Unsigned>(value: T, divisor: T) -> T {
    let fraction = if width::<U>() == 64 { 52u32 } else { 23u32 };
    let infinity = u64::of(magnitude::<U>()) >> fraction << fraction;
    let (x, y) = (size_of::<T, U>(value), size_of::<T, U>(divisor));
    // Neither by zero, nor of infinity, nor with NaN is there a remainder.
    if y == 0 || y > infinity || x >= infinity {
        return T::of(f32::INFINITY) - T::of(f32::INFINITY);
    }
    if x < y {
        return value;
    }
    // The exponent of a subnormal number is that of the least normal one.
    let (x_exponent, y_exponent) = ((x >> fraction).max(1), (y >> fraction).max(1));
    let divided = y - ((y_exponent - 1) << fraction);
    let mut rest = rest_of(x - ((x_exponent - 1) << fraction), divided);
    let mut further = x_exponent - y_exponent;
    while further != 0 {
        // A number below `y` has `fraction + 1` bits at most.
        let now = further.min(63 - u64::of(fraction));
        further = further - now;
        rest = rest_of(rest << now, divided);
    }
    // The last place of the exponent: a power of two, which is subnormal for small exponents.
    let unit = if y_exponent > u64::of(fraction) {
        (y_exponent - u64::of(fraction)) << fraction
    } else {
        1u64 << (y_exponent - 1)
    };
    (T::of(rest) * T::from_bits(U::of(unit))).copysign(value)
}
