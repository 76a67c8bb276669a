//! Flags that several commands have, and the words that they take.

use clap::{Args, ValueEnum};
use crossdock::host::Layout;
use crossdock::host::planning::SmBudget;
use crossdock::{CompileOptions, Gate, LogitFormat, ScoreFunction, Wire};

/// The widest token that the kernels take.
pub(crate) const MOST_HIDDEN: u32 = 65536;

/// The most experts per token: one lane of a warp each.
pub(crate) const MOST_TOP_K: u32 = 32;

/// The most experts: their offsets are kept in a block's shared memory.
pub(crate) const MOST_EXPERTS: u32 = 4096;

/// Flags of commands that run rounds.
#[derive(Debug, Args)]
pub(crate) struct RoundFlags {
    /// What runs the kernels
    #[arg(long, value_enum, default_value_t = BackendName::Emulator)]
    pub(crate) backend: BackendName,

    /// GPUs of the node, one rank each
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub(crate) gpus_per_node: u32,

    /// How arrived rows lie: by_source, by source rank; 'by_expert(alignment: ROWS)', by expert,
    /// each expert's rows from a multiple of ROWS; or 'masked(capacity: ROWS)', with so many rows
    /// for every expert
    #[arg(long, value_name = "LAYOUT", default_value_t = Layout::BySource)]
    pub(crate) layout: Layout,

    /// GPU that the kernels are made for: from sm_90 on, rows pass through shared memory as bulk
    /// copies; before, such as sm_80, through registers. The result is the same [default: the
    /// newest that the GPUs run; sm_90 for virtual ones]
    #[arg(long, value_name = "TARGET", value_parser = target)]
    pub(crate) target: Option<CompileOptions>,

    /// Seed of the random tokens, routes and weights
    #[arg(long, value_name = "SEED", default_value_t = 1, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) seed: u64,
}

/// What the kernels are made for, besides rows and selections.
#[derive(Debug, Args)]
pub(crate) struct ShapeFlags {
    /// Experts in all, spread evenly over the ranks
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_EXPERTS)))]
    pub(crate) experts: u32,

    #[arg(long, value_name = "WIRE", default_value_t = Wire::Bf16, help = Wire::about())]
    pub(crate) wire: Wire,
}

/// Rows and selections of a token, where no file says how many.
#[derive(Debug, Args)]
pub(crate) struct RowFlags {
    /// Elements per token
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 7168, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_HIDDEN)))]
    pub(crate) hidden: u32,

    /// Experts per token
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TOP_K)))]
    pub(crate) top_k: u32,
}

/// What runs the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendName {
    /// Virtual GPUs, here
    Emulator,
    /// NVIDIA GPUs; several ranks share one where there are fewer
    Cuda,
}

/// As the flag spells it.
pub(crate) fn word(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// How the router's kernel scores experts, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RouterName {
    /// Sigmoids with a bias per expert, weights that sum to 1, as DeepSeek-V3
    Sigmoid,
    /// Softmax, weights that sum to 1, as Mixtral
    Softmax,
    /// The logits themselves, also as weights
    Plain,
    /// Roots of softplus with a bias per expert, weights that sum to 1, as DeepSeek-V4
    Sqrtsoftplus,
    /// Softmax over the chosen experts, as gpt-oss
    SoftmaxOfChosen,
}

impl RouterName {
    /// The gate for `top_k` of `experts`, in `top_groups` of `groups`.
    pub(crate) fn gate(self, experts: u32, top_k: u32, (groups, top_groups): (u32, u32)) -> Gate {
        let score = match self {
            RouterName::Sigmoid => ScoreFunction::Sigmoid,
            RouterName::Softmax => ScoreFunction::Softmax,
            RouterName::Plain => ScoreFunction::Identity,
            RouterName::Sqrtsoftplus => ScoreFunction::SqrtSoftplus,
            RouterName::SoftmaxOfChosen => ScoreFunction::SoftmaxOfChosen,
        };
        Gate {
            experts,
            groups,
            top_groups,
            top_k,
            score,
            biased: matches!(self, RouterName::Sigmoid | RouterName::Sqrtsoftplus),
            normalised: self != RouterName::Plain,
            logits: LogitFormat::F32,
        }
    }
}

fn target(text: &str) -> Result<CompileOptions, String> {
    CompileOptions::new(text, None).map_err(|error| error.to_string())
}

pub(crate) fn budget(text: &str) -> Result<SmBudget, String> {
    match text {
        "auto" => Ok(SmBudget::Auto),
        "all" => Ok(SmBudget::All),
        _ => match text.parse() {
            Ok(count) if count > 0 => Ok(SmBudget::Multiprocessors(count)),
            _ => Err("expected auto, all, or a number from 1".into()),
        },
    }
}

pub(crate) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// How virtual warps take turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Policy {
    #[default]
    Fair,
    Priorities(u32),
}

impl std::fmt::Display for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Policy::Fair => write!(f, "fair"),
            Policy::Priorities(changes) => write!(f, "priorities:{changes}"),
        }
    }
}

pub(crate) fn policy(text: &str) -> Result<Policy, String> {
    match text.split_once(':') {
        None if text == "fair" => Ok(Policy::Fair),
        None if text == "priorities" => Ok(Policy::Priorities(3)),
        Some(("priorities", changes)) => match changes.parse() {
            Ok(changes) if changes <= 1000 => Ok(Policy::Priorities(changes)),
            _ => Err(format!("`{changes}` is not a number of changes from 0 to 1000")),
        },
        _ => Err("write fair, priorities or priorities:CHANGES".into()),
    }
}
