//! Sets of types that device code is generic over: `fn sum<T: Number>(value: T)`.
//!
//! The sets are closed. What their members have in common is what a generic function may use, and
//! `crossdock` checks it for every member where the function is defined. `T: Copy` stands for any
//! device type, which is moved, read and written only.

use std::fmt::Debug;
use std::ops::{
    Add, AddAssign, BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, BitXorAssign, Div, DivAssign, Mul,
    MulAssign, Neg, Not, Rem, RemAssign, Shl, ShlAssign, Shr, ShrAssign, Sub, SubAssign,
};

use super::asm::Operand;
use crate::launch::Parameter;

mod sealed {
    /// Only the scalars of the device language are numbers. What `of` needs of each: its value as
    /// every other.
    pub trait Sealed: Copy {
        fn to_u8(self) -> u8;
        fn to_u16(self) -> u16;
        fn to_u32(self) -> u32;
        fn to_u64(self) -> u64;
        fn to_usize(self) -> usize;
        fn to_i8(self) -> i8;
        fn to_i16(self) -> i16;
        fn to_i32(self) -> i32;
        fn to_i64(self) -> i64;
        fn to_isize(self) -> isize;
        fn to_f32(self) -> f32;
        fn to_f64(self) -> f64;
    }
}

/// Integers and floats: arithmetic and comparison.
#[diagnostic::on_unimplemented(message = "`{Self}` is no number of the device language")]
pub trait Number:
    sealed::Sealed
    + Parameter
    + Operand
    + Debug
    + PartialEq
    + PartialOrd
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + SubAssign
    + Mul<Output = Self>
    + MulAssign
    + Div<Output = Self>
    + DivAssign
    + Rem<Output = Self>
    + RemAssign
{
    /// Zero.
    const ZERO: Self;
    /// One.
    const ONE: Self;

    /// The number in this type, as `value as T` converts it.
    fn of<V: Number>(value: V) -> Self;

    /// The smaller one, as `min`. Of a number and a NaN, the number.
    fn smaller(self, other: Self) -> Self;

    /// The larger one, as `max`. Of a number and a NaN, the number.
    fn larger(self, other: Self) -> Self;
}

/// Numbers of 32 and 64 bits: what atomics take.
#[diagnostic::on_unimplemented(message = "`{Self}` is no number of 32 or 64 bits")]
pub trait Word: Number {}

/// Integers of 32 and 64 bits.
#[diagnostic::on_unimplemented(message = "`{Self}` is no integer of 32 or 64 bits")]
pub trait IntegerWord: Integer + Word {}

/// Integers: bits, shifts by a `u32`, and a total order, which has `min` and `max`.
#[diagnostic::on_unimplemented(message = "`{Self}` is no integer of the device language")]
pub trait Integer:
    Number
    + Eq
    + Ord
    + Not<Output = Self>
    + BitAnd<Output = Self>
    + BitAndAssign
    + BitOr<Output = Self>
    + BitOrAssign
    + BitXor<Output = Self>
    + BitXorAssign
    + Shl<u32, Output = Self>
    + ShlAssign<u32>
    + Shr<u32, Output = Self>
    + ShrAssign<u32>
{
    /// Bits that are one.
    fn count_ones(self) -> u32;
    /// Zeros above the highest one.
    fn leading_zeros(self) -> u32;
    /// Zeros below the lowest one.
    fn trailing_zeros(self) -> u32;
    /// The bits in the opposite order.
    fn reverse_bits(self) -> Self;
    /// The sum; wraps.
    fn wrapping_add(self, other: Self) -> Self;
    /// The difference; wraps.
    fn wrapping_sub(self, other: Self) -> Self;
    /// The product; wraps.
    fn wrapping_mul(self, other: Self) -> Self;
}

/// Integers without a sign.
#[diagnostic::on_unimplemented(message = "`{Self}` is no integer without a sign")]
pub trait Unsigned: Integer {}

/// Integers with a sign.
#[diagnostic::on_unimplemented(message = "`{Self}` is no integer with a sign")]
pub trait Signed: Integer + Neg<Output = Self> {}

/// `f32` and `f64`.
#[diagnostic::on_unimplemented(message = "`{Self}` is neither `f32` nor `f64`")]
pub trait Float: Number + Neg<Output = Self> {
    /// The smaller one. Of a number and a NaN, the number.
    fn min(self, other: Self) -> Self;
    /// The larger one. Of a number and a NaN, the number.
    fn max(self, other: Self) -> Self;
    /// The number without its sign.
    fn abs(self) -> Self;
    /// `self * factor + addend`, rounded once.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The square root, rounded to nearest.
    fn sqrt(self) -> Self;
    /// The next integral number towards negative infinity.
    fn floor(self) -> Self;
    /// The next integral number towards infinity.
    fn ceil(self) -> Self;
    /// The next integral number towards zero.
    fn trunc(self) -> Self;
    /// The nearest integral number, ties to the even one.
    fn round_ties_even(self) -> Self;
    /// The number with the sign of another.
    fn copysign(self, sign: Self) -> Self;
}

/// Methods that the type has under the same name.
macro_rules! own {
    ($ty:ty: $($name:ident($($argument:ident),*) -> $result:ty;)+) => {
        $(fn $name(self $(, $argument: $ty)*) -> $result { <$ty>::$name(self $(, $argument)*) })+
    };
}

macro_rules! number {
    ($($ty:ident: $convert:ident, $zero:literal, $one:literal, $less:path, $more:path;)+) => {$(
        impl sealed::Sealed for $ty {
            fn to_u8(self) -> u8 { self as u8 }
            fn to_u16(self) -> u16 { self as u16 }
            fn to_u32(self) -> u32 { self as u32 }
            fn to_u64(self) -> u64 { self as u64 }
            fn to_usize(self) -> usize { self as usize }
            fn to_i8(self) -> i8 { self as i8 }
            fn to_i16(self) -> i16 { self as i16 }
            fn to_i32(self) -> i32 { self as i32 }
            fn to_i64(self) -> i64 { self as i64 }
            fn to_isize(self) -> isize { self as isize }
            fn to_f32(self) -> f32 { self as f32 }
            fn to_f64(self) -> f64 { self as f64 }
        }

        impl Number for $ty {
            const ZERO: $ty = $zero;
            const ONE: $ty = $one;

            fn of<V: Number>(value: V) -> $ty { value.$convert() }
            fn smaller(self, other: $ty) -> $ty { $less(self, other) }
            fn larger(self, other: $ty) -> $ty { $more(self, other) }
        }
    )+};
}

macro_rules! integer {
    ($($ty:ident: $convert:ident in $($set:ident),+;)+) => {
        number! { $($ty: $convert, 0, 1, Ord::min, Ord::max;)+ }
        $(
            impl Integer for $ty {
                own! { $ty:
                    count_ones() -> u32;
                    leading_zeros() -> u32;
                    trailing_zeros() -> u32;
                    reverse_bits() -> $ty;
                    wrapping_add(other) -> $ty;
                    wrapping_sub(other) -> $ty;
                    wrapping_mul(other) -> $ty;
                }
            }
            $(impl $set for $ty {})+
        )+
    };
}

integer! {
    u8: to_u8 in Unsigned;
    u16: to_u16 in Unsigned;
    u32: to_u32 in Unsigned, Word, IntegerWord;
    u64: to_u64 in Unsigned, Word, IntegerWord;
    usize: to_usize in Unsigned, Word, IntegerWord;
    i8: to_i8 in Signed;
    i16: to_i16 in Signed;
    i32: to_i32 in Signed, Word, IntegerWord;
    i64: to_i64 in Signed, Word, IntegerWord;
    isize: to_isize in Signed, Word, IntegerWord;
}

macro_rules! float {
    ($($ty:ident: $convert:ident;)+) => {
        number! { $($ty: $convert, 0.0, 1.0, $ty::min, $ty::max;)+ }
        $(
            impl Word for $ty {}
            impl Float for $ty {
                own! { $ty:
                    min(other) -> $ty;
                    max(other) -> $ty;
                    abs() -> $ty;
                    mul_add(factor, addend) -> $ty;
                    sqrt() -> $ty;
                    floor() -> $ty;
                    ceil() -> $ty;
                    trunc() -> $ty;
                    round_ties_even() -> $ty;
                    copysign(sign) -> $ty;
                }
            }
        )+
    };
}

float! {
    f32: to_f32;
    f64: to_f64;
}
