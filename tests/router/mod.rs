//! The router's kernel on virtual GPUs against the reference, bit for bit; and whole rounds through
//! replicas.

mod gates;
mod rounds;
mod table;

use crossdock::host::{Capacity, Cluster, Error, Rank, Topology};
use crossdock::{LogitFormat, RouterKernel};
use crossdock_trial::{Random, RouterInputs, Routes};
use half::bf16;

/// Experts, weights, and warp instructions where they are counted.
type Chosen = (Vec<i32>, Vec<f32>, Option<u64>);

/// A batch on one rank.
struct Batch {
    router: RouterInputs,
    /// `[tokens, experts]`.
    logits: Vec<f32>,
}

impl Batch {
    /// What the reference says, with logits as the kernel reads them.
    fn expected(&self) -> Routes {
        match self.router.gate.logits {
            LogitFormat::F32 => self.router.expected(&self.logits),
            LogitFormat::Bf16 => {
                let narrow: Vec<f32> = self.narrow().iter().map(|logit| logit.to_f32()).collect();
                self.router.expected(&narrow)
            }
        }
    }

    fn narrow(&self) -> Vec<bf16> {
        self.logits.iter().map(|&logit| bf16::from_f32(logit)).collect()
    }

    fn route(&self, rank: &Rank) -> Result<Chosen, Error> {
        let tokens = self.logits.len() / self.router.gate.experts as usize;
        let mut router = rank.router(RouterKernel::jit(self.router.gate)?, Capacity::tokens(tokens))?;
        router.set_bias(&self.router.bias)?;
        router.set_scaling(self.router.scaling)?;
        let routed = match self.router.gate.logits {
            LogitFormat::F32 => router.route(&self.logits)?,
            LogitFormat::Bf16 => router.route(&self.narrow())?,
        };
        let (experts, weights) = (routed.experts()?, routed.weights()?);
        let counters = routed.report().counters;
        Ok((experts, weights, counters.map(|counters| counters.warp_instructions)))
    }

    /// Runs it on one virtual GPU.
    fn run(&self) -> (Vec<i32>, Vec<f32>, Option<u64>) {
        let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(1)).expect("one GPU is a node");
        let routed = cluster.run(|rank| self.route(rank));
        routed.unwrap_or_else(|error| panic!("{:?}: {error}", self.router.gate)).remove(0)
    }

    /// Panics unless every bit is as the reference says.
    fn agrees(&self) {
        let (experts, weights, _) = self.run();
        let Routes { experts: expected_experts, weights: expected_weights } = self.expected();
        let top_k = self.router.gate.top_k as usize;
        for token in 0..experts.len() / top_k {
            let here = token * top_k..(token + 1) * top_k;
            let bits = |weights: &[f32]| weights.iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                (&experts[here.clone()], bits(&weights[here.clone()])),
                (&expected_experts[here.clone()], bits(&expected_weights[here.clone()])),
                "{:?}, token {token}: {:?}, expected {:?}",
                self.router.gate,
                &weights[here.clone()],
                &expected_weights[here.clone()]
            );
        }
        assert_eq!(experts.len(), expected_experts.len(), "{:?}", self.router.gate);
    }
}

/// A multiple of 2^-20 from -8 to 8.
fn logit(random: &mut Random) -> f32 {
    (random.bits() % (1 << 24)) as f32 / 1_048_576.0 - 8.0
}
