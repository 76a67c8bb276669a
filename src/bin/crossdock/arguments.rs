//! The command line: subcommands, flags and their help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use crossdock::host::Layout;
use crossdock::host::planning::SmBudget;
use crossdock::{CompileOptions, Gate, LogitFormat, ScoreFunction, Wire};

use crate::bench::arguments::BenchArguments;
use crate::exec::argument::{Argument, extents};
use crate::gpu_test::arguments::GpuTestArguments;
use crate::routing::Routing;
use crate::wire;

/// The widest token that the kernels take.
pub(crate) const MOST_HIDDEN: u32 = 65536;

/// The most experts per token: one lane of a warp each.
pub(crate) const MOST_TOP_K: u32 = 32;

/// The most experts: their offsets are kept in a block's shared memory.
pub(crate) const MOST_EXPERTS: u32 = 4096;

/// Expert-parallel communication for Mixture-of-Experts models, in Rust down to the GPU kernels.
#[derive(Debug, Parser)]
#[command(name = "crossdock", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Dispatches tokens to experts and combines the outputs on virtual GPUs, and verifies every byte
    ///
    /// The kernels' PTX is specialised for the shape and executed by the emulator, one virtual GPU per rank. The result
    /// is compared bit by bit with a plain Rust reference. Exits with 0 when verified, 1 on a mismatch or a failed
    /// round, and 2 on bad input.
    Run(Box<RunArguments>),
    /// Runs rounds of many shapes in many orders of execution, and reports what goes wrong
    ///
    /// Each run draws a small shape (ranks, tokens, top-k, wire format, routes) and a schedule from its seed, runs a round on
    /// virtual GPUs that look for every mistake they know, data races among them, and verifies every byte. With --ptx the
    /// kernels of a file take the place of ours. Exits with 0 when nothing was found, 1 on a finding, and 2 on bad input.
    Check(CheckArguments),
    /// Measures dispatch, combine, router, quantiser and plain copies
    ///
    /// On NVIDIA GPUs, times come from events on the ranks' streams; bytes follow from the routes, exactly; and rates are compared with
    /// those of plain copies of as many bytes in the same run. On virtual GPUs the same program gives virtual cycles, exact bytes and
    /// what a time model says. `docs/running-on-gpus.md` explains every figure.
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
    /// Buffers are on GPU 0; `in@1:x.npy` puts one on GPU 1. Example, for saxpy(float a, float *x, float *y, int n):
    ///
    ///   crossdock exec saxpy.ptx --kernel saxpy --grid 4 --block 256
    ///       --arg f32:2 --arg in:x.npy --arg inout:y.npy --arg i32:1000
    ///
    /// Exits with 0 when the kernel ran, 1 when it did something wrong (out of bounds, a deadlock, a failed assert, ...),
    /// which is reported with its line, and 2 on bad input.
    #[command(verbatim_doc_comment)]
    Exec(Box<ExecArguments>),
    /// Tests NVIDIA GPUs: the same kernels there and on virtual GPUs, byte by byte
    ///
    /// Whole rounds at 1, 2, 4 and 8 ranks against the reference, number conversions, the memory model, barriers, copies and
    /// intrinsics. It needs the driver and this one program. Without a driver all tests are skipped, and counted. Exits with 0
    /// when all passed or were skipped, 1 when a test failed, and 2 on bad input.
    GpuTest(GpuTestArguments),
    /// Says what this machine has (driver, GPUs, ptxas, libfabric) and what that means
    Doctor(DoctorArguments),
}

/// What runs the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackendName {
    /// Virtual GPUs, here
    Emulator,
    /// NVIDIA GPUs; several ranks share one where there are fewer
    Cuda,
}

impl BackendName {
    /// As the flag spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            BackendName::Emulator => "emulator",
            BackendName::Cuda => "cuda",
        }
    }
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
}

impl RouterName {
    /// As the flag spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            RouterName::Sigmoid => "sigmoid",
            RouterName::Softmax => "softmax",
            RouterName::Plain => "plain",
        }
    }

    /// The gate for `top_k` of `experts`, in `top_groups` of `groups`.
    pub(crate) fn gate(self, experts: u32, top_k: u32, (groups, top_groups): (u32, u32)) -> Gate {
        let score = match self {
            RouterName::Sigmoid => ScoreFunction::Sigmoid,
            RouterName::Softmax => ScoreFunction::Softmax,
            RouterName::Plain => ScoreFunction::Identity,
        };
        Gate {
            experts,
            groups,
            top_groups,
            top_k,
            score,
            biased: self == RouterName::Sigmoid,
            normalised: self != RouterName::Plain,
            logits: LogitFormat::F32,
        }
    }
}

/// What the simulated experts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExpertName {
    /// Every expert returns its input
    Identity,
    /// Each expert multiplies by its own factor, so that a wrong expert shows
    Scaled,
}

impl ExpertName {
    /// As the flag spells it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ExpertName::Identity => "identity",
            ExpertName::Scaled => "scaled",
        }
    }
}

/// Flags of `crossdock run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// GPUs of the node, one rank each
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub(crate) gpus_per_node: u32,

    /// Tokens per rank [default: 64, or as the files say]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(0..=1 << 20))]
    pub(crate) tokens: Option<u32>,

    /// Elements per token [default: 7168, or as the files say]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_HIDDEN)))]
    pub(crate) hidden: Option<u32>,

    /// Experts per token [default: 8, or as the files say]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TOP_K)))]
    pub(crate) top_k: Option<u32>,

    /// Experts in all, spread evenly over the ranks
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_EXPERTS)))]
    pub(crate) experts: u32,

    /// Groups of experts, of which each token chooses some (group-limited choice)
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, requires = "top_groups", conflicts_with = "topk_file", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) groups: Option<u32>,

    /// Groups that each token chooses
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, requires = "groups", conflicts_with = "topk_file", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top_groups: Option<u32>,

    /// Choose experts with the router's kernel, from logits that follow --routing: drawn on the host, routed on the GPUs,
    /// sent without coming back, and verified like the rest
    #[arg(long, value_enum, conflicts_with = "topk_file")]
    pub(crate) router: Option<RouterName>,

    /// What the router multiplies weights by [default: 1]
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, requires = "router", value_parser = scaling)]
    pub(crate) scaling: Option<f32>,

    /// How rows travel: bf16; fp8, with options as in fp8:e5m2:ue8m0:64 (e4m3 or e5m2; scales as f32, power for powers of
    /// two, or ue8m0 for their exponents; elements per scale), where fp8 is fp8:e4m3:f32:128; or opaque:ROW+SIDE+.., rows and
    /// side tensors of so many bytes per token, such as opaque:3584+448
    #[arg(long, value_name = "WIRE", default_value = "bf16", value_parser = wire::parse)]
    pub(crate) wire: Wire,

    /// GPU that the kernels are made for: from sm_90 on, rows pass through shared memory as bulk copies; before, such as sm_80,
    /// through registers. The result is the same [default: the newest that the GPUs run; sm_90 for virtual ones]
    #[arg(long, value_name = "TARGET", value_parser = target)]
    pub(crate) target: Option<CompileOptions>,

    /// Quantise fp8 rows before dispatch, on the host, rather than in dispatch. Blocks other than 16, 32, 64 and 128 always are
    #[arg(long)]
    pub(crate) pre_quantised: bool,

    /// How arrived rows lie: source, by source rank; expert:ALIGNMENT, by expert, each expert's rows from a multiple of
    /// ALIGNMENT; or masked:CAPACITY, with CAPACITY rows for every expert
    #[arg(long, value_name = "LAYOUT", default_value = "source", value_parser = layout)]
    pub(crate) layout: Layout,

    /// How tokens choose experts: uniform; zipf:S, where expert e is chosen in proportion to 1 / (e + 1)^S;
    /// one-expert, where every selection names expert 0; or sparse:P, where each selection is none with probability P
    /// [default: uniform]
    #[arg(long, conflicts_with = "topk_file")]
    pub(crate) routing: Option<Routing>,

    /// What the simulated experts do [default: scaled, so that a wrong expert shows; with --output identity, so that
    /// the output is the weighted sum of each token's copies]
    #[arg(long, value_enum)]
    pub(crate) expert: Option<ExpertName>,

    /// Seed of the random tokens, routes and weights
    #[arg(long, value_name = "SEED", default_value_t = 1, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) seed: u64,

    /// What runs the kernels
    #[arg(long, value_enum, default_value_t = BackendName::Emulator)]
    pub(crate) backend: BackendName,

    /// Seed of the order in which virtual warps run; 0 is round robin. The result never depends on it
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) schedule_seed: u64,

    /// How virtual warps take turns: fair, each for a random time; or priorities:CHANGES, where the highest priority goes on
    /// and CHANGES of them change at random moments (probabilistic concurrency testing)
    #[arg(long, value_name = "POLICY", default_value = "fair", value_parser = policy)]
    pub(crate) policy: Policy,

    /// Tokens to send: .npy or .safetensors (tensor `tokens`), [ranks * tokens, hidden] or [ranks, tokens, hidden],
    /// bfloat16, float16 or float32. Tensors `topk` and `weights` of the same .safetensors file are used too
    #[arg(long, value_name = "FILE")]
    pub(crate) tokens_file: Option<PathBuf>,

    /// Expert of each selection: .npy or .safetensors (tensor `topk`), as --tokens-file with top-k last, int32 or int64;
    /// -1 for none
    #[arg(long, value_name = "FILE")]
    pub(crate) topk_file: Option<PathBuf>,

    /// Weight of each selection: .npy or .safetensors (tensor `weights`), shaped as the --topk-file, float32
    #[arg(long, value_name = "FILE")]
    pub(crate) weights_file: Option<PathBuf>,

    /// Where to write the combined tokens: .npy, float32, shaped as the --tokens-file
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Estimate what the round takes on a GPU, from the exact counters: h100, h200, b200, or a .toml file with its rates
    #[arg(long, value_name = "GPU")]
    pub(crate) model: Option<String>,

    /// Multiprocessors that the kernels of a round take: auto, as many as keep link and memory of the --model busy (h100
    /// without); all; or a number
    #[arg(long, value_name = "COUNT", default_value = "auto", value_parser = budget)]
    pub(crate) sms: SmBudget,

    /// Where to write what ran when, for https://ui.perfetto.dev: launches, warps, waits and bytes, on the virtual clock
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Print one JSON object instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

impl RunArguments {
    /// What the simulated experts do: what the flag says, or the default.
    pub(crate) fn expert(&self) -> ExpertName {
        let unsaid = if self.output.is_some() { ExpertName::Identity } else { ExpertName::Scaled };
        self.expert.unwrap_or(unsaid)
    }
}

pub(crate) fn layout(text: &str) -> Result<Layout, String> {
    let rule =
        "expected source, expert:ALIGNMENT or masked:CAPACITY with a number from 1, such as expert:128";
    let number = |digits: &str| digits.parse().ok().filter(|&rows| rows > 0).ok_or(rule.to_string());
    match text.split_once(':') {
        None if text == "source" => Ok(Layout::BySource),
        Some(("expert", rows)) => Ok(Layout::ByExpert { alignment: number(rows)? }),
        Some(("masked", rows)) => Ok(Layout::Masked { capacity: number(rows)? }),
        _ => Err(rule.to_string()),
    }
}

pub(crate) fn target(text: &str) -> Result<CompileOptions, String> {
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

fn scaling(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(factor) if f32::is_finite(factor) => Ok(factor),
        _ => Err("a factor is a finite number, such as 2.5".into()),
    }
}

pub(crate) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// Flags of `crossdock check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Runs, each with a seed of its own
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) seeds: u32,

    /// Seed of the first run; the others count up
    #[arg(long, value_name = "SEED", default_value_t = 0, allow_negative_numbers = true, value_parser = seed)]
    pub(crate) first_seed: u64,

    /// Flags of `crossdock run` that every run has, as one string, such as "--gpus-per-node 4 --hidden 64"; those that are
    /// missing are drawn
    #[arg(long, value_name = "FLAGS", default_value = "", allow_hyphen_values = true)]
    pub(crate) with: String,

    /// The policy of every run: fair, or priorities:CHANGES
    #[arg(long, value_name = "POLICY", default_value = "fair", value_parser = policy)]
    pub(crate) policy: Policy,

    /// PTX files whose kernels take the place of ours. They are made for one shape: give it with --with
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) ptx: Vec<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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

fn policy(text: &str) -> Result<Policy, String> {
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

fn parameter(text: &str) -> Result<(String, i128), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, as in ROW=512 or FAST=true")?;
    let value = value.trim();
    let number = match value {
        "true" => Some(1),
        "false" => Some(0),
        _ => value.replace('_', "").parse().ok(),
    };
    let number = number.ok_or_else(|| format!("the value is an integer, true or false: `{value}` is not"))?;
    Ok((name.trim().to_string(), number))
}

/// Flags of `crossdock ptx`.
#[derive(Debug, Args)]
pub(crate) struct PtxArguments {
    /// Kernel to print; of a file with one kernel, that one
    #[arg(long, value_name = "NAME", required_unless_present_any = ["list", "file"])]
    pub(crate) kernel: Option<String>,

    /// Print the names of the kernels instead, one a line; of a file, with their parameters
    #[arg(long, conflicts_with = "kernel")]
    pub(crate) list: bool,

    /// Rust file with `#[device]` modules, or with bare device functions, instead of crossdock's own kernels
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hidden", "top_k", "experts", "wire"])]
    pub(crate) file: Option<PathBuf>,

    /// Const parameter of the file's kernel, once for each: an integer, true or false
    #[arg(long = "param", value_name = "NAME=VALUE", requires = "file", conflicts_with_all = ["list", "ir"], value_parser = parameter)]
    pub(crate) parameters: Vec<(String, i128)>,

    /// Print the intermediate representation of the kernel's module, or of the file, before specialisation
    #[arg(long, conflicts_with_all = ["list", "target", "ptx_version"])]
    pub(crate) ir: bool,

    /// Elements per token
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 7168, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_HIDDEN)))]
    pub(crate) hidden: u32,

    /// Experts per token
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_TOP_K)))]
    pub(crate) top_k: u32,

    /// Experts in all
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_EXPERTS)))]
    pub(crate) experts: u32,

    /// Groups of experts, for the kernel `router`
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) groups: u32,

    /// Groups that each token chooses, for the kernel `router` [default: all]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) top_groups: Option<u32>,

    /// How the kernel `router` scores experts
    #[arg(long, value_enum, default_value = "sigmoid")]
    pub(crate) router: RouterName,

    /// How rows travel: bf16; fp8, with options as in fp8:e5m2:ue8m0:64 (e4m3 or e5m2; scales as f32, power for powers of
    /// two, or ue8m0 for their exponents; elements per scale), where fp8 is fp8:e4m3:f32:128; or opaque:ROW+SIDE+.., rows and
    /// side tensors of so many bytes per token, such as opaque:3584+448
    #[arg(long, value_name = "WIRE", default_value = "bf16", value_parser = wire::parse)]
    pub(crate) wire: Wire,

    /// GPU to make the kernel for, such as sm_90a [default: sm_80, which runs on every supported GPU]
    #[arg(long, value_name = "TARGET")]
    pub(crate) target: Option<String>,

    /// PTX version to write it in, such as 8.6 [default: what text for the target is usually written in]
    #[arg(long, value_name = "VERSION")]
    pub(crate) ptx_version: Option<String>,
}

/// Flags of `crossdock exec`.
#[derive(Debug, Args)]
pub(crate) struct ExecArguments {
    /// PTX text, from any compiler
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// The entry to run, as the PTX spells it
    #[arg(long, value_name = "NAME")]
    pub(crate) kernel: String,

    /// Blocks: X, X,Y or X,Y,Z
    #[arg(long, value_name = "X,Y,Z", allow_negative_numbers = true, default_value = "1", value_parser = extents)]
    pub(crate) grid: [u32; 3],

    /// Threads of a block: X, X,Y or X,Y,Z
    #[arg(long, value_name = "X,Y,Z", allow_negative_numbers = true, default_value = "1", value_parser = extents)]
    pub(crate) block: [u32; 3],

    /// Dynamic shared memory of a block, in bytes
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) shared: u32,

    /// Blocks of a cluster: X, X,Y or X,Y,Z; without it as the kernel's `.reqnctapercluster` says
    #[arg(long, value_name = "X,Y,Z", allow_negative_numbers = true, value_parser = extents)]
    pub(crate) cluster: Option<[u32; 3]>,

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

    /// How virtual warps take turns: fair, each for a random time; or priorities:CHANGES, where the highest priority goes on
    /// and CHANGES of them change at random moments (probabilistic concurrency testing)
    #[arg(long, conflicts_with_all = ["exhaustive", "replay"], value_name = "POLICY", default_value = "fair", value_parser = policy)]
    pub(crate) policy: Policy,

    /// Write the decisions of the run to a file, also if it fails; with --exhaustive those of the first run that fails
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

/// Flags of `crossdock doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
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
