//! Expert-parallel communication for Mixture-of-Experts models, in Rust down to the GPU kernels.
//!
//! *Dispatch* sends each token's row to the ranks that hold its experts; *combine* brings the
//! experts' outputs home and sums them. The kernels are written in Rust, compiled to PTX by proc
//! macros or at run time, and executed by an emulator of virtual GPUs, so everything here runs and
//! is tested on a machine without a GPU.
//!
//! - [`kernels!`] specialises the kernels for a model at compile time; [`KernelSet::jit`] does it
//!   at run time.
//! - [`router!`] and [`RouterKernel::jit`] do the same for the kernel of its gate.
//! - [`host`] has clusters, docks, dispatch and combine.
//! - [`device`](macro@device), [`prelude`] and [`specialise!`] are for kernels of your own.

pub use crossdock_device::{
    ConstParameter, DeviceModule, Error as CompileError, Float8, Fp8, Gate, KernelSet, Layout, LogitFormat,
    MOST_SIDES, Opaque, Options as CompileOptions, RouterKernel, ScaleFormat, ScoreFunction, Shape,
    Specialised, SpecialisedRouter, Target, Wire, cache, device, intrinsics, kernels, launch, layout,
    library, numbers, prelude, router, specialise,
};
pub use crossdock_host as host;

#[doc(hidden)]
pub use crossdock_device::__private;

/// The examples of the pages for readers, compiled and run as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/first-round.md")]
    struct FirstRound;
    #[doc = include_str!("../docs/shapes.md")]
    struct Shapes;
    #[doc = include_str!("../docs/throughput.md")]
    struct Throughput;
    #[doc = include_str!("../docs/running-on-gpus.md")]
    struct RunningOnGpus;
    #[doc = include_str!("../docs/first-kernel.md")]
    struct FirstKernel;
    #[doc = include_str!("../docs/device-language.md")]
    struct DeviceLanguage;
}
