//! Methods of all integers. Where there is a `U`, it is the unsigned integer of the width of `T`.

/// Bits of the type.
pub const fn width<T: Integer>() -> u32 {
    (!T::ZERO).count_ones()
}

pub const fn clamp<T: Integer>(value: T, least: T, greatest: T) -> T {
    value.max(least).min(greatest)
}

pub const fn abs_diff<T: Integer, U: Unsigned>(value: T, other: T) -> U {
    U::of(value.max(other)).wrapping_sub(U::of(value.min(other)))
}

pub const fn count_zeros<T: Integer>(value: T) -> u32 {
    (!value).count_ones()
}

pub const fn leading_ones<T: Integer>(value: T) -> u32 {
    (!value).leading_zeros()
}

pub const fn trailing_ones<T: Integer>(value: T) -> u32 {
    (!value).trailing_zeros()
}

pub const fn wrapping_neg<T: Integer>(value: T) -> T {
    T::ZERO.wrapping_sub(value)
}

/// An amount below the width.
const fn within<T: Integer>(amount: u32) -> u32 {
    amount & (width::<T>() - 1)
}

pub const fn wrapping_shl<T: Integer>(value: T, amount: u32) -> T {
    value << within::<T>(amount)
}

pub const fn wrapping_shr<T: Integer>(value: T, amount: u32) -> T {
    value >> within::<T>(amount)
}

const fn rotated<T: Integer, U: Unsigned>(value: T, up: u32, down: u32) -> T {
    let bits = U::of(value);
    T::of(bits << up | bits >> down)
}

pub const fn rotate_left<T: Integer, U: Unsigned>(value: T, amount: u32) -> T {
    let there = within::<T>(amount);
    rotated::<T, U>(value, there, within::<T>(width::<T>() - there))
}

pub const fn rotate_right<T: Integer, U: Unsigned>(value: T, amount: u32) -> T {
    let there = within::<T>(amount);
    rotated::<T, U>(value, within::<T>(width::<T>() - there), there)
}

/// With neighbours of so many bits, the lower ones of which are `lower`, in each other's place.
const fn exchanged<U: Unsigned>(bits: U, width: u32, lower: U) -> U {
    bits >> width & lower | (bits & lower) << width
}

pub const fn swap_bytes<T: Integer, U: Unsigned>(value: T) -> T {
    if width::<T>() == 8 {
        return value;
    }
    let bytes = exchanged(U::of(value), 8, U::of(0x00ff_00ff_00ff_00ffu64));
    if width::<T>() == 16 {
        return T::of(bytes);
    }
    let pairs = exchanged(bytes, 16, U::of(0x0000_ffff_0000_ffffu64));
    if width::<T>() == 32 {
        return T::of(pairs);
    }
    T::of(exchanged(pairs, 32, U::of(0xffff_ffffu64)))
}

pub const fn to_be<T: Integer, U: Unsigned>(value: T) -> T {
    swap_bytes::<T, U>(value)
}

/// In constants, a product that does not wrap must not overflow.
const fn product<T: Integer>(left: T, right: T, wraps: bool) -> T {
    if wraps { left.wrapping_mul(right) } else { left * right }
}

/// Square and multiply, from the highest bit of an exponent downwards that is a constant.
const fn multiplied<T: Integer>(value: T, exponent: u32, wraps: bool) -> T {
    if exponent == 0 {
        return T::ONE;
    }
    if exponent == 1 {
        return value;
    }
    let highest = 31 - exponent.leading_zeros();
    let mut result = product(value, value, wraps);
    if exponent >> (highest - 1) & 1 != 0 {
        result = product(result, value, wraps);
    }
    #[unroll]
    for bit in 2..highest + 1 {
        result = product(result, result, wraps);
        if exponent >> (highest - bit) & 1 != 0 {
            result = product(result, value, wraps);
        }
    }
    result
}

/// Square and multiply, from the lowest bit upwards. The last square is left out: it would overflow
/// where the power does not.
const fn power<T: Integer>(value: T, exponent: u32, wraps: bool) -> T {
    if is_constant(exponent) && exponent <= 64 {
        return multiplied(value, exponent, wraps);
    }
    let (mut result, mut square, mut rest) = (T::ONE, value, exponent);
    loop {
        if rest & 1 != 0 {
            result = product(result, square, wraps);
        }
        rest >>= 1;
        if rest == 0 {
            break;
        }
        square = product(square, square, wraps);
    }
    result
}

pub const fn pow<T: Integer>(value: T, exponent: u32) -> T {
    power(value, exponent, false)
}

pub const fn wrapping_pow<T: Integer>(value: T, exponent: u32) -> T {
    power(value, exponent, true)
}

/// Traps where Rust panics. In a constant the difference overflows, which is an error there.
pub const fn ilog2<T: Integer>(value: T) -> u32 {
    let none = value <= T::ZERO;
    let zeros = if none && is_constant(value) { width::<T>() } else { value.leading_zeros() };
    let logarithm = width::<T>() - 1 - zeros;
    if none {
        trap();
    }
    logarithm
}
