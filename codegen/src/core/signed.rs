//! Methods of integers with a sign. `U` is the unsigned integer of the width of `T`.

use super::integer::width;

pub const fn signum<T: Signed>(value: T) -> T {
    T::of(value > T::ZERO) - T::of(value < T::ZERO)
}

pub const fn is_positive<T: Signed>(value: T) -> bool {
    value > T::ZERO
}

pub const fn is_negative<T: Signed>(value: T) -> bool {
    value < T::ZERO
}

/// The smallest number is its own negative.
pub const fn wrapping_abs<T: Signed>(value: T) -> T {
    value.max(T::ZERO.wrapping_sub(value))
}

pub const fn unsigned_abs<T: Signed, U: Unsigned>(value: T) -> U {
    U::of(wrapping_abs(value))
}

/// The quotient by minus one is the negative, also of the smallest number, which wraps.
pub const fn wrapping_div<T: Signed>(value: T, divisor: T) -> T {
    let turned = divisor == -T::ONE;
    let quotient = value / if turned { T::ONE } else { divisor };
    if turned { T::ZERO.wrapping_sub(quotient) } else { quotient }
}

/// What minus one divides, one divides too.
pub const fn wrapping_rem<T: Signed>(value: T, divisor: T) -> T {
    value % if divisor == -T::ONE { T::ONE } else { divisor }
}

pub const fn div_euclid<T: Signed>(value: T, divisor: T) -> T {
    let rest = value % divisor;
    let away = if divisor > T::ZERO { -T::ONE } else { T::ONE };
    let step = if rest < T::ZERO { away } else { T::ZERO };
    (value / divisor).wrapping_add(step)
}

pub const fn rem_euclid<T: Signed>(value: T, divisor: T) -> T {
    let rest = value % divisor;
    if rest < T::ZERO { rest.wrapping_add(divisor.abs()) } else { rest }
}

/// The greatest number, or the smallest if `sign` is negative.
const fn extreme<T: Signed>(sign: T) -> T {
    sign >> (width::<T>() - 1) ^ T::of(i64::MAX >> (64 - width::<T>()))
}

pub const fn saturating_add<T: Signed>(value: T, other: T) -> T {
    let (sum, overflows) = overflowing_add(value, other);
    let nearest = extreme(value);
    if overflows { nearest } else { sum }
}

pub const fn saturating_sub<T: Signed>(value: T, other: T) -> T {
    let (difference, overflows) = overflowing_sub(value, other);
    let nearest = extreme(value);
    if overflows { nearest } else { difference }
}

pub const fn saturating_mul<T: Signed, U: Unsigned>(value: T, other: T) -> T {
    let (product, overflows) = overflowing_mul::<T, U>(value, other);
    let nearest = extreme(value ^ other);
    if overflows { nearest } else { product }
}

/// A sum has the wrong sign exactly when it wrapped.
pub const fn overflowing_add<T: Signed>(value: T, other: T) -> (T, bool) {
    let sum = value.wrapping_add(other);
    (sum, (value ^ sum) & (other ^ sum) < T::ZERO)
}

/// As [`overflowing_add`].
pub const fn overflowing_sub<T: Signed>(value: T, other: T) -> (T, bool) {
    let difference = value.wrapping_sub(other);
    (difference, (value ^ difference) & (value ^ other) < T::ZERO)
}

/// Twice as many bits hold every product. Where there are not so many, it is too large if its
/// quotient is, without signs; a negative one may be larger by one.
pub const fn overflowing_mul<T: Signed, U: Unsigned>(value: T, other: T) -> (T, bool) {
    let product = value.wrapping_mul(other);
    if width::<T>() < 64 {
        return (product, i64::of(value).wrapping_mul(i64::of(other)) != i64::of(product));
    }
    let greatest = U::of(i64::MAX) + U::of(value ^ other < T::ZERO);
    (product, U::of(value.abs()) > greatest / U::of(other.abs()).max(U::ONE))
}
