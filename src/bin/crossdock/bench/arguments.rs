//! Flags of `crossdock bench`.

use clap::{Args, ValueEnum};
use crossdock::host::planning::SmBudget;
use crossdock_trial::Routing;

use crate::flags::{BackendName, RoundFlags, RowFlags, ShapeFlags, budget};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Operation {
    /// Counts, positions and rows: a whole dispatch
    Dispatch,
    /// Rows alone, by the positions of an earlier round
    DispatchCached,
    /// The weighted sums of the experts' outputs
    Combine,
    /// Experts and weights from logits
    Router,
    /// bf16 to 8-bit floats and scales, in one GPU's memory; with --wire fp8 of 16, 32, 64 or 128
    /// elements per scale
    Quantise,
    /// A plain copy in one GPU's memory, of as many bytes as dispatch moves there
    Copy,
    /// A plain copy to another GPU, of as many bytes as dispatch moves over its link
    PeerCopy,
}

impl Operation {
    /// Whether no rank goes on in it before all have begun it.
    pub(crate) fn begins_with_a_wait(self) -> bool {
        matches!(self, Operation::Dispatch | Operation::DispatchCached)
    }
}

/// Flags of `crossdock bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    #[command(flatten)]
    pub(crate) round: RoundFlags,

    #[command(flatten)]
    pub(crate) row: RowFlags,

    #[command(flatten)]
    pub(crate) shape: ShapeFlags,

    /// What to measure [default: all]
    #[arg(long, value_enum, value_name = "OPERATIONS", value_delimiter = ',')]
    pub(crate) only: Vec<Operation>,

    /// Tokens per rank, one measurement each [default: 1,8,64,128,512,1024,2048,4096,8192 on NVIDIA
    /// GPUs; 1,8 on virtual ones]
    #[arg(long, value_name = "COUNTS", allow_negative_numbers = true, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) tokens: Vec<u32>,

    /// How tokens choose experts: uniform, zipf:S, one-expert or sparse:P
    #[arg(long, default_value = "uniform")]
    pub(crate) routing: Routing,

    /// Multiprocessors that the kernels of a round take, one measurement each: auto, all, or
    /// numbers, such as 4,8,16,32
    #[arg(long, value_name = "COUNTS", default_value = "auto", value_delimiter = ',', value_parser = budget)]
    pub(crate) sms: Vec<SmBudget>,

    /// Measurements of each kind, of which the median, the least and the most are reported
    /// [default: 20; 1 on virtual GPUs, where they are all alike]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) iterations: Option<u32>,

    /// Repetitions before the first measurement of each kind [default: 5; 0 on virtual GPUs]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(crate) warm_up: Option<u32>,

    /// On virtual GPUs, whose rates the time model takes: h100, h200, b200, or a .toml file
    #[arg(long, value_name = "GPU", default_value = "h100")]
    pub(crate) model: String,

    /// Print one JSON object a line, one for each measurement, instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl BenchArguments {
    /// Whether an operation is asked for.
    pub(crate) fn wants(&self, operation: Operation) -> bool {
        self.only.is_empty() || self.only.contains(&operation)
    }

    /// Tokens per rank, one measurement each.
    pub(crate) fn token_counts(&self) -> Vec<u32> {
        match (self.tokens.is_empty(), self.round.backend) {
            (false, _) => self.tokens.clone(),
            (true, BackendName::Cuda) => vec![1, 8, 64, 128, 512, 1024, 2048, 4096, 8192],
            (true, BackendName::Emulator) => vec![1, 8],
        }
    }

    /// Repetitions that do not count, and measurements.
    pub(crate) fn repetitions(&self) -> (u32, u32) {
        let (warm_up, iterations) = match self.round.backend {
            BackendName::Cuda => (5, 20),
            BackendName::Emulator => (0, 1),
        };
        (self.warm_up.unwrap_or(warm_up), self.iterations.unwrap_or(iterations))
    }
}
