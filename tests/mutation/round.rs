//! Small rounds on virtual GPUs, with kernels that may be mutants.

use std::sync::Arc;

use crossdock::host::{Capacity, Cluster, Error, Origin, Routing, Tokens, Topology};
use crossdock::{Fp8, KernelSet, Shape, Wire};
use half::bf16;

/// What a round is like: tokens of each rank, in each of several rounds with one dock.
pub(crate) struct Case {
    pub(crate) shape: Shape,
    pub(crate) rounds: Vec<Vec<usize>>,
}

/// What every rank saw of every round.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    rows: Vec<u8>,
    scales: Vec<u32>,
    origins: Vec<Origin>,
    gradients: Vec<u32>,
    results: Vec<u16>,
}

/// Shapes that reach every instruction of the kernels: several warps and blocks, scales, buffers that are used again.
pub(crate) fn cases() -> Vec<Case> {
    let shape = |hidden, top_k, experts, wire| Shape { hidden, top_k, experts, wire };
    vec![
        Case { shape: shape(64, 3, 6, Wire::Bf16), rounds: vec![vec![5, 3, 4], vec![4, 6, 0]] },
        Case {
            shape: shape(48, 2, 4, Wire::Fp8(Fp8 { block: 16, ..Fp8::DEEPSEEK_V3 })),
            rounds: vec![vec![20, 9], vec![9, 20]],
        },
        Case { shape: shape(16, 2, 3, Wire::Bf16), rounds: vec![vec![19, 1, 17]] },
    ]
}

/// The kernels of a shape, one of them replaced.
pub(crate) fn kernels(shape: Shape, replaced: Option<(&str, &str)>) -> Arc<KernelSet> {
    let original = KernelSet::jit(shape).expect("the shape is possible");
    let Some((name, text)) = replaced else { return original };
    Arc::new(original.with_ptx(name, text.to_owned()).expect("a kernel of this name"))
}

/// Runs the rounds of a case.
pub(crate) fn run(
    case: &Case,
    kernels: &Arc<KernelSet>,
    schedule_seed: u64,
) -> Result<Vec<Vec<Seen>>, Error> {
    let ranks = case.rounds[0].len();
    let capacity = case.rounds.iter().flatten().copied().max().unwrap_or(0);
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks))?;
    cluster.schedule_seed(schedule_seed).run(|rank| {
        let mut dock = rank.dock(Arc::clone(kernels), Capacity::tokens(capacity))?;
        let mut seen = Vec::new();
        for (number, tokens) in case.rounds.iter().enumerate() {
            let (shape, tokens) = (case.shape, tokens[rank.index()]);
            let mut random = Random(((number * ranks + rank.index()) as u64 + 1) << 20);
            let experts: Vec<i32> = (0..tokens * shape.top_k as usize)
                .map(|_| random.below(shape.experts as usize + 1) as i32 - 1)
                .collect();
            let weights: Vec<f32> = experts.iter().map(|_| random.below(1000) as f32 / 500.0 - 1.0).collect();
            let routing = Routing::new(&experts, &weights);
            let values: Vec<bf16> = (0..tokens * shape.hidden as usize)
                .map(|_| bf16::from_f32(random.below(4096) as f32 / 64.0 - 32.0))
                .collect();
            // E4M3 numbers without NaN.
            let bytes: Vec<u8> = values.iter().map(|value| value.to_bits() as u8 & 0x77).collect();
            let scales: Vec<f32> = (0..tokens * shape.scale_count() as usize)
                .map(|_| random.below(1000) as f32 / 1000.0)
                .collect();
            let tokens = match shape.wire {
                Wire::Bf16 => Tokens::Bf16(&values),
                Wire::Fp8(_) => Tokens::Fp8 { values: &bytes, scales: &scales },
                Wire::Opaque(_) => unreachable!("no case is opaque"),
            };
            // Twice, the second time with the positions of the first.
            let mut handle = None;
            for _ in 0..2 {
                let arrived = match &handle {
                    None => dock.dispatch(&tokens, &routing)?,
                    Some(handle) => dock.dispatch_cached(&tokens, handle)?,
                };
                let (rows, scales, origins) = (arrived.rows()?, arrived.scales()?, arrived.origins()?);
                let outputs = arrived.apply(|expert, input, output| {
                    for (output, input) in output.iter_mut().zip(input) {
                        *output = bf16::from_f32(input.to_f32() * (expert as f32 - 1.5));
                    }
                })?;
                let mut gradients = Vec::new();
                if handle.is_some() && shape.wire == Wire::Bf16 {
                    let weights = arrived.gradients(&outputs)?.weights;
                    gradients = weights.read(0..arrived.slot_count())?;
                }
                if handle.is_none() {
                    handle = Some(arrived.handle()?);
                }
                let results = arrived.combine(&outputs)?.rows;
                seen.push(Seen {
                    rows,
                    scales: scales.iter().map(|scale| scale.to_bits()).collect(),
                    origins,
                    gradients: gradients.iter().map(|weight| weight.to_bits()).collect(),
                    results: results.iter().map(|value| value.to_bits()).collect(),
                });
            }
        }
        Ok(seen)
    })
}

/// SplitMix64: contents depend on the seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as usize
    }
}
