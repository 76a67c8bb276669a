//! Flags of `crossdock exec`.

use std::path::PathBuf;

use clap::Args;
use crossdock::host::Dim3;

use super::argument::Argument;
use crate::flags::{Policy, policy, seed};

/// Flags of `crossdock exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecArguments {
    /// PTX text, from any compiler
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The entry to run, as the PTX spells it
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: String,

    /// Blocks: X, XxY or XxYxZ, such as 4x2
    #[arg(long, value_name = "XxYxZ", allow_negative_numbers = true, default_value = "1")]
    pub(crate) grid: Dim3,

    /// Threads of a block: X, XxY or XxYxZ, such as 32x4
    #[arg(long, value_name = "XxYxZ", allow_negative_numbers = true, default_value = "1")]
    pub(crate) block: Dim3,

    /// Dynamic shared memory of a block, in bytes
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) shared: u32,

    /// Blocks of a cluster: X, XxY or XxYxZ; without it as the kernel's `.reqnctapercluster` says
    #[arg(long, value_name = "XxYxZ", allow_negative_numbers = true)]
    pub(crate) cluster: Option<Dim3>,

    /// Execute without looking for data races and reads of shared memory that nobody wrote
    #[arg(long, conflicts_with = "exhaustive")]
    pub(crate) unchecked: bool,

    /// A parameter, in order: u32:17, in:x.npy, out:y.npy:4x16:float32, ...
    #[arg(long = "arg", value_name = "KIND:VALUE")]
    pub(crate) arguments: Vec<Argument>,

    /// Virtual GPUs
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 1)]
    pub(crate) gpus: usize,

    /// The GPU that runs the kernel
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) gpu: usize,

    /// Seed of the order in which virtual warps run; 0 is round robin
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) schedule_seed: u64,

    /// How virtual warps take turns: fair, each for a random time; or priorities:CHANGES, where the
    /// highest priority goes on and CHANGES of them change at random moments (probabilistic
    /// concurrency testing)
    #[arg(long, conflicts_with_all = ["exhaustive", "replay"], value_name = "POLICY", default_value = "fair", value_parser = policy)]
    pub(crate) policy: Policy,

    /// Write the decisions of the run to a file, also if it fails; with --exhaustive those of the
    /// first run that fails
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,

    /// Make the decisions in a file that --record has written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["exhaustive", "schedule_seed"])]
    pub(crate) replay: Option<PathBuf>,

    /// Run all schedules that leave a warp which could go on at most so often, for tiny kernels
    #[arg(long, value_name = "PREEMPTIONS", conflicts_with = "schedule_seed", num_args = 0..=1, default_missing_value = "3")]
    pub(crate) exhaustive: Option<u32>,

    /// The most schedules that --exhaustive runs
    #[arg(long, value_name = "COUNT", requires = "exhaustive", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) most_schedules: u64,

    /// Print one JSON object: counters, what was printed, arrays written
    #[arg(long)]
    pub(crate) json: bool,
}
