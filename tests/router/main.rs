//! The router's kernel on virtual GPUs against the reference, bit for bit; and whole rounds through replicas.

mod gates;
mod rounds;

use crossdock::host::{Capacity, Cluster, Error, Rank, Topology};
use crossdock::{Gate, LogitFormat, RouterKernel, ScoreFunction};
use crossdock_oracle::router as oracle;
use half::bf16;

/// Experts, weights, and warp instructions where they are counted.
type Chosen = (Vec<i32>, Vec<f32>, Option<u64>);

/// A batch on one rank.
struct Batch {
    gate: Gate,
    scaling: f32,
    /// Empty for a gate without bias.
    bias: Vec<f32>,
    /// `[tokens, experts]`.
    logits: Vec<f32>,
}

impl Batch {
    /// What the reference says, with logits as the kernel reads them.
    fn expected(&self) -> (Vec<i32>, Vec<f32>) {
        let gate = self.gate;
        let reference = oracle::Gate {
            experts: gate.experts as usize,
            groups: gate.groups as usize,
            top_groups: gate.top_groups as usize,
            top_k: gate.top_k as usize,
            score: match gate.score {
                ScoreFunction::Sigmoid => oracle::Score::Sigmoid,
                ScoreFunction::Softmax => oracle::Score::Softmax,
                ScoreFunction::Identity => oracle::Score::Identity,
            },
            bias: gate.biased.then_some(&self.bias[..]),
            normalised: gate.normalised,
            scaling: self.scaling,
        };
        match gate.logits {
            LogitFormat::F32 => reference.route(&self.logits),
            LogitFormat::Bf16 => {
                reference.route(&self.narrow().iter().map(|logit| logit.to_f32()).collect::<Vec<_>>())
            }
        }
    }

    fn narrow(&self) -> Vec<bf16> {
        self.logits.iter().map(|&logit| bf16::from_f32(logit)).collect()
    }

    fn route(&self, rank: &Rank) -> Result<Chosen, Error> {
        let tokens = self.logits.len() / self.gate.experts as usize;
        let mut router = rank.router(RouterKernel::jit(self.gate)?, Capacity::tokens(tokens))?;
        router.set_bias(&self.bias)?;
        router.set_scaling(self.scaling);
        let routed = match self.gate.logits {
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
        routed.unwrap_or_else(|error| panic!("{:?}: {error}", self.gate)).remove(0)
    }

    /// Panics unless every bit is as the reference says.
    fn agrees(&self) {
        let (experts, weights, _) = self.run();
        let (expected_experts, expected_weights) = self.expected();
        let top_k = self.gate.top_k as usize;
        for token in 0..experts.len() / top_k {
            let here = token * top_k..(token + 1) * top_k;
            let bits = |weights: &[f32]| weights.iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
            assert_eq!(
                (&experts[here.clone()], bits(&weights[here.clone()])),
                (&expected_experts[here.clone()], bits(&expected_weights[here.clone()])),
                "{:?}, token {token}: {:?}, expected {:?}",
                self.gate,
                &weights[here.clone()],
                &expected_weights[here.clone()]
            );
        }
        assert_eq!(experts.len(), expected_experts.len(), "{:?}", self.gate);
    }
}

/// SplitMix64: contents depend on the seed alone.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A multiple of 2^-20 from -8 to 8.
    fn logit(&mut self) -> f32 {
        (self.next() % (1 << 24)) as f32 / 1_048_576.0 - 8.0
    }
}
