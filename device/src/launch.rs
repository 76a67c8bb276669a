//! What the host needs to launch a kernel: its PTX and its typed arguments.

use std::borrow::Cow;
use std::marker::PhantomData;

use crate::intrinsics::{Global, Peers};

/// One kernel argument as the driver takes it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Argument {
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
pub trait Parameter: Copy {
    /// The value as the driver takes it.
    fn argument(self) -> Argument;
}

impl Parameter for u32 {
    fn argument(self) -> Argument {
        Argument::U32(self)
    }
}

impl Parameter for i32 {
    fn argument(self) -> Argument {
        Argument::U32(self.cast_unsigned())
    }
}

impl Parameter for u64 {
    fn argument(self) -> Argument {
        Argument::U64(self)
    }
}

impl Parameter for i64 {
    fn argument(self) -> Argument {
        Argument::U64(self.cast_unsigned())
    }
}

impl Parameter for f32 {
    fn argument(self) -> Argument {
        Argument::F32(self)
    }
}

impl Parameter for f64 {
    fn argument(self) -> Argument {
        Argument::F64(self)
    }
}

impl<T> Parameter for Global<T> {
    fn argument(self) -> Argument {
        Argument::U64(self.address())
    }
}

impl<T> Parameter for Peers<T> {
    fn argument(self) -> Argument {
        Argument::U64(self.address())
    }
}

/// The arguments of one kernel: the struct that `#[kernel] fn dispatch` makes is called `DispatchArguments`.
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
    /// Threads per block, as `.reqntid` demands.
    pub block_threads: u32,
    /// Static shared memory per block, in bytes.
    pub shared_bytes: u32,
    /// The argument struct; use [`KernelImage::new`].
    pub arguments: PhantomData<fn(A)>,
}

impl<A> KernelImage<A> {
    /// An image of PTX text that is known at compile time.
    pub const fn new(ptx: &'static str, block_threads: u32, shared_bytes: u32) -> Self {
        Self { ptx: Cow::Borrowed(ptx), block_threads, shared_bytes, arguments: PhantomData }
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
            .field("block_threads", &self.block_threads)
            .field("shared_bytes", &self.shared_bytes)
            .field("ptx", &format_args!("{} bytes", self.ptx.len()))
            .finish()
    }
}
