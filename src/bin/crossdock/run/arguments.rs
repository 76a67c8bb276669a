//! Flags of `crossdock run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crossdock::host::planning::SmBudget;
use crossdock_trial::{Expert, Routing};

use crate::flags::{
    MOST_HIDDEN, MOST_TOP_K, Policy, RoundFlags, RouterName, ShapeFlags, budget, policy, seed,
};

/// What the simulated experts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExpertName {
    /// Every expert returns its input
    Identity,
    /// Each expert multiplies by its own factor, so that a wrong expert shows
    Scaled,
}

impl From<ExpertName> for Expert {
    fn from(name: ExpertName) -> Expert {
        match name {
            ExpertName::Identity => Expert::Identity,
            ExpertName::Scaled => Expert::Scaled,
        }
    }
}

/// Flags of `crossdock run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) round: RoundFlags,

    #[command(flatten)]
    pub(crate) shape: ShapeFlags,

    /// Tokens of each rank: one number for all, or one for each rank, such as 64,0,17 [default: 64,
    /// or as the files say]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(0..=1 << 20))]
    pub(crate) tokens: Option<Vec<u32>>,

    /// Elements per token [default: 7168, or as the files say]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_HIDDEN)))]
    pub(crate) hidden: Option<u32>,

    /// Experts per token [default: 8, or as the files say]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TOP_K)))]
    pub(crate) top_k: Option<u32>,

    /// Groups of experts, of which each token chooses some (group-limited choice)
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, requires = "top_groups", conflicts_with = "topk_file", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) groups: Option<u32>,

    /// Groups that each token chooses
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, requires = "groups", conflicts_with = "topk_file", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top_groups: Option<u32>,

    /// Choose experts with the router's kernel, from logits that follow --routing: drawn on the
    /// host, routed on the GPUs, sent without coming back, and verified like the rest
    #[arg(long, value_enum, conflicts_with = "topk_file")]
    pub(crate) router: Option<RouterName>,

    /// What the router multiplies weights by [default: 1]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, requires = "router", value_parser = scaling)]
    pub(crate) scaling: Option<f32>,

    /// Quantise fp8 rows before dispatch, on the host, rather than in dispatch. Blocks other than
    /// 16, 32, 64 and 128 always are
    #[arg(long)]
    pub(crate) pre_quantised: bool,

    /// How tokens choose experts: uniform; zipf:S, where expert e is chosen in proportion to 1 /
    /// (e + 1)^S; one-expert, where every selection names expert 0; or sparse:P, where each
    /// selection is none with probability P [default: uniform]
    #[arg(long, conflicts_with = "topk_file")]
    pub(crate) routing: Option<Routing>,

    /// What the simulated experts do [default: scaled, so that a wrong expert shows; with --output
    /// identity, so that the output is the weighted sum of each token's copies]
    #[arg(long, value_enum)]
    pub(crate) expert: Option<ExpertName>,

    /// Seed of the order in which virtual warps run; 0 is round robin. The result never depends on
    /// it
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) schedule_seed: u64,

    /// How virtual warps take turns: fair, each for a random time; or priorities:CHANGES, where the
    /// highest priority goes on and CHANGES of them change at random moments (probabilistic
    /// concurrency testing)
    #[arg(long, value_name = "POLICY", default_value = "fair", value_parser = policy)]
    pub(crate) policy: Policy,

    /// Tokens to send: .npy or .safetensors (tensor `tokens`), [tokens of all ranks, hidden] or
    /// [ranks, tokens, hidden], bfloat16, float16 or float32. Rows travel as bf16: what is none is
    /// rounded to nearest even, and the report says so. Tensors `topk` and `weights` of the same
    /// .safetensors file are used too
    #[arg(long, value_name = "FILE")]
    pub(crate) tokens_file: Option<PathBuf>,

    /// Expert of each selection: .npy or .safetensors (tensor `topk`), as --tokens-file with top-k
    /// last, int32 or int64; -1 for none
    #[arg(long, value_name = "FILE")]
    pub(crate) topk_file: Option<PathBuf>,

    /// Weight of each selection: .npy or .safetensors (tensor `weights`), shaped as the
    /// --topk-file, float32
    #[arg(long, value_name = "FILE")]
    pub(crate) weights_file: Option<PathBuf>,

    /// Where to write the combined tokens: .npy, float32, shaped as the --tokens-file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Estimate what the round takes on a GPU, from the exact counters: h100, h200, b200, or a
    /// .toml file with its rates
    #[arg(long, value_name = "GPU")]
    pub(crate) model: Option<String>,

    /// Multiprocessors that the kernels of a round take: auto, as many as keep link and memory of
    /// the --model busy (h100 without); all; or a number
    #[arg(long, value_name = "COUNT", default_value = "auto", value_parser = budget)]
    pub(crate) sms: SmBudget,

    /// Where to write what ran when, for https://ui.perfetto.dev: launches, warps, waits and bytes,
    /// on the virtual clock
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Print one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

impl RunArguments {
    /// What the simulated experts do: what the flag says, or the default.
    pub(crate) fn expert(&self) -> Expert {
        let unsaid = if self.output.is_some() { Expert::Identity } else { Expert::Scaled };
        self.expert.map_or(unsaid, Expert::from)
    }
}

fn scaling(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(factor) if f32::is_finite(factor) => Ok(factor),
        _ => Err("a factor is a finite number, such as 2.5".into()),
    }
}
