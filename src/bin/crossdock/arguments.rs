//! The command line: subcommands and their help. Each command has its flags in its own folder.

use clap::{Parser, Subcommand};

use crate::bench::arguments::BenchArguments;
use crate::check::arguments::CheckArguments;
use crate::doctor::arguments::DoctorArguments;
use crate::exec::arguments::ExecArguments;
use crate::gpu_test::arguments::GpuTestArguments;
use crate::ptx::arguments::PtxArguments;
use crate::run::arguments::RunArguments;

/// Expert-parallel communication for Mixture-of-Experts models, in Rust down to the GPU kernels.
#[derive(Debug, Parser)]
#[command(name = "crossdock", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Dispatches tokens to experts and combines the outputs on virtual GPUs, and verifies every
    /// byte
    ///
    /// The kernels' PTX is specialised for the shape and executed by the emulator, one virtual GPU
    /// per rank. The result is compared bit by bit with a plain Rust reference. Exits with 0 when
    /// verified, 1 on a mismatch or a failed round, and 2 on bad input.
    Run(Box<RunArguments>),
    /// Runs rounds of many shapes in many orders of execution, and reports what goes wrong
    ///
    /// Each run draws a small shape (ranks, tokens, top-k, wire format, routes) and a schedule from
    /// its seed, runs a round on virtual GPUs that look for every mistake they know, data races
    /// among them, and verifies every byte. With --ptx the kernels of a file take the place of
    /// ours. Exits with 0 when nothing was found, 1 on a finding, and 2 on bad input.
    Check(CheckArguments),
    /// Measures dispatch, combine, router, quantiser and plain copies
    ///
    /// On NVIDIA GPUs, times come from events on the ranks' streams; bytes follow from the routes,
    /// exactly; and rates are compared with those of plain copies of as many bytes in the same run.
    /// On virtual GPUs the same program gives virtual cycles, exact bytes and what a time model
    /// says. `docs/running-on-gpus.md` explains every figure.
    Bench(Box<BenchArguments>),
    /// Prints the PTX of a kernel that is specialised for a shape
    Ptx(PtxArguments),
    /// Runs a kernel of any PTX file on virtual GPUs, with arrays from .npy files
    ///
    /// The kernel's parameters are given in order, one --arg each:
    ///
    ///   u8: i8: u16: i16: u32: i32: u64: i64: f16: bf16: f32: f64:VALUE   a number
    ///   bytes:HEX                  the bytes of a structure
    ///   in:x.npy                   the address of an array from a file
    ///   inout:x.npy                the same; the file is overwritten with what the kernel leaves
    ///   out:y.npy:4x16:float32     zeros of this shape and type, written to the file
    ///   zeros:4096                 this many zeroed bytes, for the kernel's own use
    ///
    /// Buffers are on GPU 0; `in@1:x.npy` puts one on GPU 1. Example, for saxpy(float a, float *x,
    /// float *y, int n):
    ///
    ///   crossdock exec saxpy.ptx --kernel saxpy --grid 4 --block 256
    ///       --arg f32:2 --arg in:x.npy --arg inout:y.npy --arg i32:1000
    ///
    /// Exits with 0 when the kernel ran, 1 when it did something wrong (out of bounds, a deadlock,
    /// a failed assert, ...), which is reported with its line, and 2 on bad input.
    #[command(verbatim_doc_comment)]
    Exec(Box<ExecArguments>),
    /// Tests NVIDIA GPUs: the same kernels there and on virtual GPUs, byte by byte
    ///
    /// Whole rounds at 1, 2, 4 and 8 ranks against the reference, number conversions, the memory
    /// model, barriers, copies and intrinsics. It needs the driver and this one program. Without a
    /// driver all tests are skipped, and counted. Exits with 0 when all passed or were skipped, 1
    /// when a test failed, and 2 on bad input.
    GpuTest(GpuTestArguments),
    /// Says what this machine has (driver, GPUs, ptxas, libfabric) and what that means
    Doctor(DoctorArguments),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }
}
