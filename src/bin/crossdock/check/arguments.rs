//! Flags of `crossdock check`.

use std::path::PathBuf;

use clap::Args;

use crate::flags::{Policy, policy, seed};

/// Flags of `crossdock check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Runs, each with a seed of its own
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) seeds: u32,

    /// Seed of the first run; the others count up
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) first_seed: u64,

    /// Flags of `crossdock run` that every run has, as one string, such as "--gpus-per-node 4
    /// --hidden 64"; those that are missing are drawn
    #[arg(long, value_name = "FLAGS", default_value = "", allow_hyphen_values = true)]
    pub(crate) with: String,

    /// The policy of every run: fair, or priorities:CHANGES
    #[arg(long, value_name = "POLICY", default_value = "fair", value_parser = policy)]
    pub(crate) policy: Policy,

    /// PTX files whose kernels take the place of ours. They are made for one shape: give it with
    /// --with
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ptx: Vec<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}
