//! What the host needs to launch a kernel: its PTX and its typed arguments.

use std::borrow::Cow;
use std::marker::PhantomData;

pub use crossdock_codegen::Dim3;
pub use crossdock_codegen::back::LaunchNeeds;

use crate::intrinsics::{Global, GlobalSlice, Peer, PeerSlice, Peers};

/// One kernel argument as the driver takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
    /// An 8-bit integer or a bool.
    U8(u8),
    /// A 16-bit integer.
    U16(u16),
    /// A 32-bit integer.
    U32(u32),
    /// A 64-bit integer or device address.
    U64(u64),
    /// A 32-bit float.
    F32(f32),
    /// A 64-bit float.
    F64(f64),
}

/// A Rust type that may be a kernel parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a kernel parameter",
    label = "pass a scalar, a `Global`, a `Peer`, a `Peers`, a `GlobalSlice`, a `PeerSlice` or a device struct of these that is `Copy`"
)]
pub trait Parameter: Copy {
    /// Adds the value as the driver takes it: one argument, two of a slice, or those of a struct's
    /// fields in order.
    fn append(self, arguments: &mut Vec<Argument>);
}

macro_rules! parameters {
    ($($ty:ty: $value:ident => $argument:expr;)+) => {$(
        impl Parameter for $ty {
            fn append(self, arguments: &mut Vec<Argument>) {
                let $value = self;
                arguments.push($argument);
            }
        }
    )+};
}

parameters! {
    bool: value => Argument::U8(u8::from(value));
    u8: value => Argument::U8(value);
    i8: value => Argument::U8(value.cast_unsigned());
    u16: value => Argument::U16(value);
    i16: value => Argument::U16(value.cast_unsigned());
    u32: value => Argument::U32(value);
    i32: value => Argument::U32(value.cast_unsigned());
    u64: value => Argument::U64(value);
    i64: value => Argument::U64(value.cast_unsigned());
    usize: value => Argument::U64(value as u64);
    isize: value => Argument::U64(value as i64 as u64);
    f32: value => Argument::F32(value);
    f64: value => Argument::F64(value);
}

macro_rules! pointers {
    ($($name:ident),+) => {$(
        impl<T> Parameter for $name<T> {
            fn append(self, arguments: &mut Vec<Argument>) {
                arguments.push(Argument::U64(self.address()));
            }
        }
    )+};
}

pointers!(Global, Peer, Peers);

macro_rules! slices {
    ($($name:ident),+) => {$(
        impl<T> Parameter for $name<T> {
            fn append(self, arguments: &mut Vec<Argument>) {
                self.pointer().append(arguments);
                self.len().append(arguments);
            }
        }
    )+};
}

slices!(GlobalSlice, PeerSlice);

/// The arguments of one kernel: the struct that `#[kernel] fn dispatch` makes is called
/// `DispatchArguments`.
pub trait Arguments {
    /// The kernel's name, which is its symbol in the PTX.
    const KERNEL: &'static str;

    /// The values in parameter order.
    fn arguments(&self) -> Vec<Argument>;
}

/// A specialised kernel: PTX text and what a launch must know. `A` is the kernel's argument struct.
pub struct KernelImage<A> {
    /// The PTX module.
    pub ptx: Cow<'static, str>,
    /// What a launch must know of it.
    pub needs: LaunchNeeds,
    /// The argument struct; use [`KernelImage::new`].
    pub arguments: PhantomData<fn(A)>,
}

impl<A> KernelImage<A> {
    /// An image of PTX text that is known at compile time.
    pub const fn new(ptx: &'static str, needs: LaunchNeeds) -> Self {
        Self { ptx: Cow::Borrowed(ptx), needs, arguments: PhantomData }
    }
}

impl<A: Arguments> KernelImage<A> {
    /// The kernel's symbol in the PTX.
    pub fn name(&self) -> &'static str {
        A::KERNEL
    }
}

impl<A> Clone for KernelImage<A> {
    fn clone(&self) -> Self {
        Self { ptx: self.ptx.clone(), arguments: PhantomData, ..*self }
    }
}

impl<A: Arguments> std::fmt::Debug for KernelImage<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KernelImage")
            .field("name", &A::KERNEL)
            .field("needs", &self.needs)
            .field("ptx", &format_args!("{} bytes", self.ptx.len()))
            .finish()
    }
}
