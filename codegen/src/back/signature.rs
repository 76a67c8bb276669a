//! What a kernel looks like from outside: the signature before specialisation and the finished kernel after it.

use crate::ir::{Scalar, Type};

/// A kernel of a linked program, still generic.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelSignature {
    /// Function name.
    pub name: String,
    /// Module that defines it.
    pub module: String,
    /// Const parameters and their types, in order.
    pub const_parameters: Vec<(String, Scalar)>,
    /// Run-time parameters, in order.
    pub parameters: Vec<KernelParameter>,
    /// Warps per block.
    pub warps: u32,
}

/// A run-time parameter of a kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct KernelParameter {
    /// Rust name.
    pub name: String,
    /// A scalar, `Global`, `Peer` or `Peers`.
    pub ty: Type,
}

/// A specialised kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// The entry's name.
    pub name: String,
    /// A module with this one entry.
    pub ptx: crossdock_ptx::Module,
    /// Run-time parameters in order, as they are declared in the entry.
    pub parameters: Vec<KernelParameter>,
    /// Threads per block; the entry requires exactly this many in one dimension.
    pub block_threads: u32,
    /// Bytes of static shared memory.
    pub shared_bytes: u64,
}

/// What the PTX is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `.target`: the least architecture that runs it. PTX for an architecture also runs on newer ones.
    pub target: String,
    /// `.version`: the PTX ISA version that the text is written in.
    pub version: crossdock_ptx::Version,
}

impl Default for Options {
    fn default() -> Options {
        Options { target: "sm_80".to_string(), version: crossdock_ptx::Version { major: 8, minor: 0 } }
    }
}
