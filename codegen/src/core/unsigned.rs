//! Methods of integers without a sign.

use super::integer::width;

pub const fn is_power_of_two<T: Unsigned>(value: T) -> bool {
    value.count_ones() == 1
}

/// All ones below the answer, plus one. Beyond the type it wraps to zero, as in a release build.
pub const fn next_power_of_two<T: Unsigned>(value: T) -> T {
    let zeros = value.wrapping_sub(T::ONE).leading_zeros() & (width::<T>() - 1);
    let ones = !T::ZERO >> zeros;
    let below = if value <= T::ONE { T::ZERO } else { ones };
    below + T::ONE
}

pub const fn wrapping_div<T: Unsigned>(value: T, divisor: T) -> T {
    value / divisor
}

pub const fn wrapping_rem<T: Unsigned>(value: T, divisor: T) -> T {
    value % divisor
}

pub const fn div_euclid<T: Unsigned>(value: T, divisor: T) -> T {
    value / divisor
}

pub const fn rem_euclid<T: Unsigned>(value: T, divisor: T) -> T {
    value % divisor
}

pub const fn div_ceil<T: Unsigned>(value: T, divisor: T) -> T {
    let more = value % divisor != T::ZERO;
    value / divisor + T::of(more)
}

pub const fn next_multiple_of<T: Unsigned>(value: T, divisor: T) -> T {
    let rest = value % divisor;
    let missing = divisor - rest;
    value + if rest == T::ZERO { T::ZERO } else { missing }
}

/// Of zero, only zero is a multiple.
pub const fn is_multiple_of<T: Unsigned>(value: T, divisor: T) -> bool {
    let of_zero = divisor == T::ZERO;
    let rest = value % if of_zero { T::ONE } else { divisor };
    (if of_zero { value } else { rest }) == T::ZERO
}

pub const fn saturating_add<T: Unsigned>(value: T, other: T) -> T {
    value + other.min(!value)
}

pub const fn saturating_sub<T: Unsigned>(value: T, other: T) -> T {
    value - value.min(other)
}

pub const fn saturating_mul<T: Unsigned>(value: T, other: T) -> T {
    let (product, overflows) = overflowing_mul(value, other);
    if overflows { !T::ZERO } else { product }
}

pub const fn overflowing_add<T: Unsigned>(value: T, other: T) -> (T, bool) {
    let sum = value.wrapping_add(other);
    (sum, sum < value)
}

pub const fn overflowing_sub<T: Unsigned>(value: T, other: T) -> (T, bool) {
    (value.wrapping_sub(other), value < other)
}

/// Twice as many bits hold every product; where there are not so many, it is too large if its
/// quotient is.
pub const fn overflowing_mul<T: Unsigned>(value: T, other: T) -> (T, bool) {
    let product = value.wrapping_mul(other);
    if width::<T>() < 64 {
        return (product, u64::of(value).wrapping_mul(u64::of(other)) != u64::of(product));
    }
    (product, value > !T::ZERO / other.max(T::ONE))
}
