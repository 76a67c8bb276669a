//! What a router's kernel is specialised for, and the kernel itself.

use std::sync::{Arc, PoisonError};

use crossdock_codegen::Error;
use crossdock_codegen::back::Options;

use crate::cache;
use crate::kernels::router::code as router;
use crate::kernels::scores::code as scores;
use crate::launch::KernelImage;

/// From a logit to the score of an expert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScoreFunction {
    /// `1 / (1 + exp(-x))`, each expert for itself, as in DeepSeek-V3.
    Sigmoid,
    /// `exp(x)` over the sum of all experts' `exp`, as in DeepSeek-V2, Mixtral and Qwen.
    Softmax,
    /// The logit itself: plain top-k of scores that you computed.
    Identity,
}

/// How logits lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogitFormat {
    /// Four bytes each.
    F32,
    /// Two bytes each; they are widened, and all arithmetic is in f32.
    Bf16,
}

/// The parameters of a router's kernel. The number of tokens and the factor on the weights are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gate {
    /// Logical experts, 1 to 2048.
    pub experts: u32,
    /// Equal groups of consecutive experts, 1 to 32; 1 for none.
    pub groups: u32,
    /// Groups that a token may choose from.
    pub top_groups: u32,
    /// Experts per token, 1 to 32.
    pub top_k: u32,
    /// How experts are scored.
    pub score: ScoreFunction,
    /// Whether each expert has a bias that counts when experts are chosen, but not in the weights. It also decides how groups
    /// are scored: by the sum of their two best with bias, by their best without.
    pub biased: bool,
    /// Whether a token's weights are divided by their sum.
    pub normalised: bool,
    /// How logits are given.
    pub logits: LogitFormat,
}

impl Gate {
    /// DeepSeek-V3: 8 of 256 experts in 4 of 8 groups by biased sigmoids. Its weights are scaled by 2.5.
    pub const DEEPSEEK_V3: Gate = Gate {
        experts: 256,
        groups: 8,
        top_groups: 4,
        top_k: 8,
        score: ScoreFunction::Sigmoid,
        biased: true,
        normalised: true,
        logits: LogitFormat::F32,
    };

    fn parameters(&self) -> [(&'static str, i128); 8] {
        let score = match self.score {
            ScoreFunction::Sigmoid => scores::SIGMOID,
            ScoreFunction::Softmax => scores::SOFTMAX,
            ScoreFunction::Identity => scores::IDENTITY,
        };
        let logit_bytes = match self.logits {
            LogitFormat::F32 => 4,
            LogitFormat::Bf16 => 2,
        };
        [
            ("EXPERTS", self.experts.into()),
            ("GROUPS", self.groups.into()),
            ("TOP_GROUPS", self.top_groups.into()),
            ("TOP_K", self.top_k.into()),
            ("SCORES", score.into()),
            ("BIASED", self.biased.into()),
            ("NORMALISED", self.normalised.into()),
            ("LOGIT_BYTES", logit_bytes),
        ]
    }
}

/// The router's kernel for one [`Gate`].
#[derive(Clone, Debug)]
pub struct RouterKernel {
    /// What it was specialised for.
    pub gate: Gate,
    /// The kernel.
    pub router: KernelImage<router::RouterArguments>,
}

/// A gate that was specialised at compile time by [`router!`](crate::router!).
pub trait SpecialisedRouter {
    /// Its kernel.
    fn kernel() -> RouterKernel;
}

impl RouterKernel {
    /// Specialises the kernel at run time, through the code that [`router!`](crate::router!) uses at compile time, for every
    /// supported GPU. Kernels are kept: the second call with a gate is a look-up.
    ///
    /// # Errors
    /// When the gate violates a relation that the kernel states.
    pub fn jit(gate: Gate) -> Result<Arc<RouterKernel>, Error> {
        RouterKernel::jit_for(gate, Options::default())
    }

    /// The same for one target.
    ///
    /// # Errors
    /// When the gate violates a relation that the kernel states.
    pub fn jit_for(gate: Gate, options: Options) -> Result<Arc<RouterKernel>, Error> {
        static KERNELS: cache::Specialised<(Gate, Options), RouterKernel> =
            cache::Specialised::new(Default::default);
        let mut kernels = KERNELS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = kernels.get(&(gate, options)) {
            return Ok(Arc::clone(kernel));
        }
        let router = router::__device::MODULE.specialise_for(&gate.parameters(), options)?;
        let kernel = Arc::new(RouterKernel { gate, router });
        kernels.insert((gate, options), Arc::clone(&kernel));
        Ok(kernel)
    }
}
