//! Rounds of small numbers and any contents: what tests vary, run and compare.

use crossdock_device::{Fp8, KernelSet, Options, ScaleFormat, Shape, Wire};
use crossdock_host::{Capacity, Cluster, Layout, Topology};
use half::bf16;

use crate::{Brought, Error, Expert, Outcome, Random, Reference, Routes, Rows, Trial};

/// Rounds of one shape on one dock, by a few numbers and a seed. The default is a small one that
/// tests vary.
#[derive(Clone, Debug)]
pub struct Case {
    /// Experts of each rank.
    pub experts_per_rank: usize,
    /// Experts per token.
    pub top_k: usize,
    /// Elements per token.
    pub hidden: usize,
    /// How rows travel.
    pub wire: Wire,
    /// Whether the 8-bit floats of an FP8 wire are made by dispatch, of bf16; otherwise codes are
    /// drawn.
    pub quantises: bool,
    /// How arrivals lie.
    pub layout: Layout,
    /// Tokens of each rank in each round; every round names every rank.
    pub rounds: Vec<Vec<usize>>,
    /// How tokens choose experts.
    pub choice: Choice,
    /// Seed of the order in which virtual warps run.
    pub schedule_seed: u64,
    /// Seed of the contents.
    pub seed: u64,
}

/// How the tokens of a case choose experts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice {
    /// At random, the same expert twice included.
    Any,
    /// At random, and none for about a third of the selections.
    Sparse,
    /// All the last expert.
    One,
    /// Nobody chooses anything.
    None,
}

/// A round that ran as the reference says.
#[derive(Debug)]
pub struct Verified {
    /// What was run.
    pub trial: Trial,
    /// What the reference says.
    pub reference: Reference,
    /// What each rank held, and what that took.
    pub outcomes: Vec<Outcome>,
}

impl Default for Case {
    fn default() -> Case {
        Case {
            experts_per_rank: 4,
            top_k: 6,
            hidden: 48,
            wire: Wire::Bf16,
            quantises: false,
            layout: Layout::BySource,
            rounds: vec![vec![5, 3, 4]],
            choice: Choice::Any,
            schedule_seed: 0,
            seed: 11,
        }
    }
}

impl Case {
    /// How many ranks take part.
    pub fn ranks(&self) -> usize {
        self.rounds[0].len()
    }

    /// What the kernels are made for.
    pub fn shape(&self) -> Shape {
        Shape {
            hidden: self.hidden as u32,
            top_k: self.top_k as u32,
            experts: (self.experts_per_rank * self.ranks()) as u32,
            wire: self.wire,
        }
    }

    /// Room for the most tokens that a rank has in any round.
    pub fn capacity(&self) -> Capacity {
        let most = self.rounds.iter().flatten().copied().max().unwrap_or(0);
        Capacity::tokens(most).layout(self.layout)
    }

    /// The virtual GPUs that the case runs on.
    ///
    /// # Errors
    /// When there are too many ranks.
    pub fn cluster(&self) -> Result<Cluster, Error> {
        let topology = Topology::nodes(1).gpus_per_node(self.ranks());
        let cluster = Cluster::emulated(topology)?.schedule_seed(self.schedule_seed);
        // What the search for races remembers grows with the square of the warps that run at once.
        Ok(if self.ranks() > 8 { cluster.multiprocessors(4) } else { cluster })
    }

    /// Every round with its contents: any bits in rows and scales, weights of both signs.
    pub fn trials(&self) -> Vec<Trial> {
        let mut random = Random(self.seed);
        (0..self.rounds.len()).map(|number| self.trial(number, &mut random)).collect()
    }

    /// Runs all rounds on one dock: the outcomes of every round, in rank order.
    ///
    /// # Errors
    /// When the kernels cannot be made for the target, or a rank fails.
    pub fn run(&self, target: &str) -> Result<Vec<Vec<Outcome>>, Error> {
        let kernels = KernelSet::jit_for(self.shape(), Options::new(target, None)?)?;
        let trials = self.trials();
        let ranks = self.cluster()?.run(|rank| {
            let mut dock = rank.dock(kernels.clone(), self.capacity())?;
            trials.iter().map(|trial| trial.round(rank, &mut dock)).collect::<Result<Vec<_>, _>>()
        })?;
        let mut ranks: Vec<_> = ranks.into_iter().map(Vec::into_iter).collect();
        Ok(trials.iter().map(|_| ranks.iter_mut().filter_map(Iterator::next).collect()).collect())
    }

    /// Runs all rounds and compares every bit of each with the reference.
    ///
    /// # Errors
    /// When a round fails or differs.
    pub fn verify(&self, target: &str) -> Result<Vec<Verified>, Error> {
        let ran = self.trials().into_iter().zip(self.run(target)?);
        ran.map(|(trial, outcomes)| {
            let reference = Reference::new(&trial);
            let observed: Vec<_> = outcomes.iter().map(|outcome| outcome.observed.clone()).collect();
            reference.check(&observed)?;
            Ok(Verified { trial, reference, outcomes })
        })
        .collect()
    }

    fn trial(&self, number: usize, random: &mut Random) -> Trial {
        let tokens = &self.rounds[number];
        let rows: Vec<Rows> = tokens
            .iter()
            .enumerate()
            .map(|(rank, &tokens)| self.rows(number, rank, tokens, random))
            .collect();
        let experts = self.experts_per_rank * self.ranks();
        let mut routes = |tokens: usize| {
            let selections = tokens * self.top_k;
            let mut expert = || match self.choice {
                Choice::One => experts as i32 - 1,
                Choice::None => -1,
                Choice::Sparse if random.below(3) == 0 => -1,
                Choice::Any | Choice::Sparse => random.below(experts) as i32,
            };
            let experts = (0..selections).map(|_| expert()).collect();
            let weights = (0..selections).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect();
            Routes { experts, weights }
        };
        let brought = |(rows, &tokens)| Brought { rows, routes: routes(tokens), logits: Vec::new() };
        Trial {
            shape: self.shape(),
            layout: self.layout,
            expert: Expert::Turned,
            pre_quantised: false,
            router: None,
            ranks: rows.into_iter().zip(tokens).map(brought).collect(),
        }
    }

    fn rows(&self, round: usize, rank: usize, tokens: usize, random: &mut Random) -> Rows {
        let shape = self.shape();
        let mut bytes = |count: u32| (0..tokens * count as usize).map(|_| random.below(256) as u8).collect();
        match self.wire {
            Wire::Fp8(Fp8 { scale, .. }) if !self.quantises => {
                let scales: Vec<u8> = bytes(shape.scale_count());
                let scales = scale_records(scale, &scales, shape.scale_count() as usize);
                // Any codes, NaN included.
                Rows::Fp8 { codes: bytes(shape.row_bytes()), scales }
            }
            Wire::Bf16 | Wire::Fp8(_) => Rows::Bf16(self.activations(round, rank, tokens)),
            Wire::Opaque(_) => {
                let widths = shape.sides().into_iter().filter(|&width| width > 0);
                let sides = widths.map(&mut bytes).collect();
                Rows::Opaque { rows: bytes(shape.row_bytes()), sides }
            }
        }
    }

    /// `[tokens, hidden]`: mostly of moderate size so that sums round, sometimes any bits.
    fn activations(&self, round: usize, rank: usize, tokens: usize) -> Vec<bf16> {
        let mut random = Random(self.seed ^ ((round * 1000 + rank + 1) as u64) << 40);
        let mut draw = |_| match random.below(50) {
            0 => bf16::from_bits(random.below(1 << 16) as u16),
            1 => bf16::ZERO,
            _ => bf16::from_f32(random.below(1 << 20) as f32 / 4096.0 - 128.0),
        };
        (0..tokens * self.hidden).map(&mut draw).collect()
    }
}

/// Scales as they travel out of random bytes: of moderate size, with a NaN now and then.
fn scale_records(format: ScaleFormat, bytes: &[u8], per_row: usize) -> Vec<u8> {
    let mut scales = Vec::new();
    for row in bytes.chunks(per_row) {
        for &byte in row {
            match format {
                ScaleFormat::F32 => scales.extend((f32::from(byte) / 256.0).to_le_bytes()),
                ScaleFormat::PowerOfTwo => scales.extend(2f32.powi(i32::from(byte % 16) - 8).to_le_bytes()),
                ScaleFormat::Ue8m0 => scales.push(if byte == 255 { 255 } else { 120 + byte % 16 }),
            }
        }
        scales.resize(scales.len().next_multiple_of(4), 0);
    }
    scales
}
