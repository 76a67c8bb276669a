//! Inline PTX, for instructions that have no function yet.

use super::{Global, Peer, Peers, Shared};

/// Inline PTX in device code: instructions of the PTX ISA, with values of Rust as operands.
///
/// ```
/// #[crossdock_device::device(crate = ::crossdock_device)]
/// pub mod code {
///     use crossdock_device::prelude::*;
///
///     /// The upper half of the product, plus one, and whether that is zero.
///     pub fn high(a: u32, b: u32) -> (u32, bool) {
///         ptx!(
///             "mad.hi.u32 {sum}, {a}, {b}, {one};",
///             "setp.eq.u32 {none}, {sum}, 0;",
///             a = in(a), b = in(b), one = const(1), sum = out(u32), none = out(bool)
///         )
///     }
/// }
/// ```
///
/// First come the instructions, as one string or several; `{name}` stands for an operand,
/// `[{name}+16]` for the address that a pointer holds, `{a, b}` for a vector of operands, and
/// `@{name}` or `@!{name}` before an instruction for a `bool` that guards it. Then come the
/// operands, each once and each used:
///
/// | operand | what it is |
/// |---|---|
/// | `in(value)` | a scalar or pointer that the instructions read |
/// | `out(T)` | a result of that type; several results are a tuple, in the order of the operands |
/// | `inout(value)` | a value that is read and written; what it is afterwards is a result |
/// | `const(VALUE)` | a constant integer, written into the text: const parameters and constants |
/// | `order(parameter)` | the modifier of a parameter `order: impl Load`, for `.{name}` |
/// | `scope(parameter)` | the same for a scope, `scope: impl Scope` |
/// | `type(T)` | PTX's name of a type, for `.{name}`: `.s32` of `i32`, `.f16x2` of `f16x2` |
/// | `sum(T)`, `bits(T)` | as PTX adds it in memory, `.u64` of `i64`, and as bits, `.b32` |
/// | `scratch(T)` | a register for the instructions alone |
///
/// The text is checked where it is written: instructions and modifiers exist, operands fit them in
/// number and type, pointers lead to the state space that the instruction takes, and what is read
/// has been written. Where a kernel is specialised, its target and PTX version must have every
/// instruction, and all threads must provably reach those that wait for each other. No instruction
/// that touches memory or other threads is moved, repeated or dropped.
///
/// An instruction of 16 bits takes `u16` and `i16`; there are no operands of 128 bits. Branches,
/// labels and declarations do not stand in inline PTX. On the host it panics, unless
/// `=> expression` at the end says what the host computes in its place.
#[macro_export]
macro_rules! ptx {
    ($($text:literal),+ $(, $name:ident = $role:tt ( $($operand:tt)* ))* $(,)? $(=> $host:expr $(,)?)?) => {
        $crate::__ptx!([$($text),+] [$($host)?] [] $([$role $($operand)*])*)
    };
}

/// What [`ptx!`] is to rustc: every operand has its type, and the result has the type that it has
/// in PTX.
#[doc(hidden)]
#[macro_export]
macro_rules! __ptx {
    // One operand after the other; results gather in the third list.
    ($text:tt $host:tt [$($result:expr,)*] [in $value:expr] $($rest:tt)*) => {{
        $crate::__private::operand($value);
        $crate::__ptx!($text $host [$($result,)*] $($rest)*)
    }};
    ($text:tt $host:tt [$($result:expr,)*] [const $value:expr] $($rest:tt)*) => {{
        const { $crate::__private::constant($value) };
        $crate::__ptx!($text $host [$($result,)*] $($rest)*)
    }};
    ($text:tt $host:tt [$($result:expr,)*] [order $value:expr] $($rest:tt)*) => {{
        $crate::__private::order($value);
        $crate::__ptx!($text $host [$($result,)*] $($rest)*)
    }};
    ($text:tt $host:tt [$($result:expr,)*] [scope $value:expr] $($rest:tt)*) => {{
        $crate::__private::scope($value);
        $crate::__ptx!($text $host [$($result,)*] $($rest)*)
    }};
    ($text:tt $host:tt [$($result:expr,)*] [inout $value:expr] $($rest:tt)*) => {
        $crate::__ptx!($text $host [$($result,)* $crate::__private::operand($value),] $($rest)*)
    };
    ($text:tt $host:tt [$($result:expr,)*] [out $type:ty] $($rest:tt)*) => {
        $crate::__ptx!($text $host [$($result,)* $crate::__private::result::<$type>(),] $($rest)*)
    };
    ($text:tt $host:tt [$($result:expr,)*] [type $type:ty] $($rest:tt)*) => {{
        let _ = ::core::mem::size_of::<$type>;
        $crate::__ptx!($text $host [$($result,)*] $($rest)*)
    }};
    ($text:tt $host:tt [$($result:expr,)*] [sum $type:ty] $($rest:tt)*) => {
        $crate::__ptx!($text $host [$($result,)*] [scratch $type] $($rest)*)
    };
    ($text:tt $host:tt [$($result:expr,)*] [bits $type:ty] $($rest:tt)*) => {
        $crate::__ptx!($text $host [$($result,)*] [scratch $type] $($rest)*)
    };
    ($text:tt $host:tt [$($result:expr,)*] [scratch $type:ty] $($rest:tt)*) => {{
        let _ = $crate::__private::result::<$type>;
        $crate::__ptx!($text $host [$($result,)*] $($rest)*)
    }};
    ($text:tt [$host:expr] [$($result:expr,)*]) => {
        $host
    };
    ([$($text:literal),+] [] [$($result:expr,)*]) => {{
        $crate::__private::needs_gpu(concat!($($text, " "),+));
        $crate::__ptx!(@result $($result,)*)
    }};
    (@result) => { () };
    (@result $one:expr,) => { $one };
    (@result $($several:expr,)+) => { ($($several,)+) };
}

/// What may be an operand: one register.
pub trait Operand: Copy {}

macro_rules! operands {
    ($($scalar:ty)*) => { $(impl Operand for $scalar {})* };
}
operands!(bool u8 u16 u32 u64 usize i8 i16 i32 i64 isize f32 f64);
impl<T> Operand for Global<T> {}
impl<T> Operand for Shared<T> {}
impl<T> Operand for Peer<T> {}
impl<T> Operand for Peers<T> {}

/// An operand as rustc sees it.
pub fn operand<T: Operand>(value: T) -> T {
    value
}

/// A constant operand as rustc sees it.
pub const fn constant<T: Copy>(_value: T) {}

/// A memory order as rustc sees it.
pub fn order<T: super::Order>(_order: T) {}

/// A scope as rustc sees it.
pub fn scope<T: super::Scope>(_scope: T) {}

/// A result as rustc sees it.
pub fn result<T: Operand>() -> T {
    super::on_host("ptx!")
}

/// The end of inline PTX on the host.
#[cold]
#[track_caller]
pub fn needs_gpu(text: &str) {
    super::on_host(text.trim_end())
}
