//! Flags of `crossdock gpu-test`.

use clap::Args;

use crate::flags::BackendName;

/// Flags of `crossdock gpu-test`.
#[derive(Debug, Args)]
pub(crate) struct GpuTestArguments {
    /// What is tested. The tests themselves are tested on virtual GPUs
    #[arg(long, value_enum, default_value_t = BackendName::Cuda)]
    pub(crate) backend: BackendName,

    /// Run only tests whose name contains this
    #[arg(value_name = "FILTER")]
    pub(crate) filter: Option<String>,

    /// Print the names of the tests instead
    #[arg(long)]
    pub(crate) list: bool,

    /// Fail where there is no driver or no GPU, rather than skip
    #[arg(long)]
    pub(crate) require_gpu: bool,

    /// Repetitions of each memory-model test [default: 20000; 32 on virtual GPUs]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) repetitions: Option<u32>,

    /// Be one rank of a test whose ranks are processes, as the variables of a launcher say
    #[arg(long, hide = true)]
    pub(crate) process: bool,
}
