//! Rust that runs on the GPU: the prelude, the kernels of expert-parallel communication, and the
//! layout arithmetic.
//!
//! Device code is ordinary Rust in modules marked [`device`]; [`kernels!`] specialises the kernels
//! here for a model at compile time, [`router!`] the kernel of its gate, [`specialise!`] does so
//! for anybody's kernels, and [`KernelSet::jit`] takes the same path at run time, where [`cache`]
//! keeps what was made.

// The attribute's output names this crate as users do, through the facade.
extern crate self as crossdock;

pub mod cache;
pub mod intrinsics;
pub mod kernels;
mod kernels_macro;
pub mod launch;
pub mod layout;
pub mod library;
pub mod numbers;
pub mod prelude;
mod set;
mod shipped;
mod source;

pub use crossdock_codegen::Error;
pub use crossdock_codegen::back::{Options, Target};
pub use crossdock_macros::device;
pub use crossdock_shape::{
    ConstParameter, Float8, Fp8, Gate, Layout, LogitFormat, MOST_SIDES, Opaque, ScaleFormat, ScoreFunction,
    Shape, Wire,
};
pub use set::{KernelSet, RouterKernel, Specialised, SpecialisedRouter};
pub use source::DeviceModule;

/// What the macros' output needs to name.
#[doc(hidden)]
pub mod __private {
    pub use crate::intrinsics::asm::{constant, needs_gpu, operand, order, result, scope};
    pub use crate::launch::{Argument, Arguments, Dim3, KernelImage, LaunchNeeds, Parameter};
    pub use crate::source::DeviceModule;
    pub use crossdock_macros::{kernels_module, link, lower, specialise_items, specialise_linked};
}
