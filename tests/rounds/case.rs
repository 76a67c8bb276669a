//! What a test round is made of: a few numbers, and contents drawn from a seed.

use crossdock::host::Layout;
use crossdock::{Shape, Wire};
use crossdock_oracle::{Round, Slots, Source};
use half::bf16;
use proptest::prelude::*;

/// Rounds of one shape on one dock.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) experts_per_rank: usize,
    pub(crate) top_k: usize,
    pub(crate) hidden: usize,
    pub(crate) wire: Wire,
    pub(crate) layout: Layout,
    /// Tokens of each rank in each round; every round names every rank.
    pub(crate) rounds: Vec<Vec<usize>>,
    pub(crate) choice: Choice,
    pub(crate) schedule_seed: u64,
    /// Of the contents.
    pub(crate) seed: u64,
}

/// How tokens choose experts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice {
    /// At random, the same expert twice included.
    Any,
    /// At random, and none for about a third of the selections.
    Sparse,
    /// All the last expert.
    One,
    /// Nobody chooses anything.
    None,
}

/// Cases that a test machine can run in a moment.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let wire = prop_oneof![
        Just(Wire::Bf16),
        Just(Wire::FP8),
        prop_oneof![Just(16), Just(96), Just(7)].prop_map(|block| Wire::Fp8 { block }),
    ];
    let layout = prop_oneof![
        Just(Layout::BySource),
        prop_oneof![Just(1u32), Just(3), Just(8)].prop_map(|alignment| Layout::ByExpert { alignment }),
        // As many slots as one expert can need.
        Just(Layout::Masked { capacity: 9 * 12 * 13 }),
    ];
    let choice = prop_oneof![4 => Just(Choice::Any), 3 => Just(Choice::Sparse), 1 => Just(Choice::One), 1 => Just(Choice::None)];
    (
        1usize..=9,
        1usize..=7,
        1usize..=13,
        1usize..=40,
        (wire, layout),
        1usize..=2,
        choice,
        0u64..4,
        any::<u64>(),
    )
        .prop_flat_map(
            |(ranks, experts_per_rank, top_k, units, (wire, layout), rounds, choice, schedule_seed, seed)| {
                // Rows are multiples of 16 bytes, and few of these widths are powers of two.
                let hidden = units * 16 / wire.element_bytes() as usize;
                let top_k = top_k.min(ranks * experts_per_rank);
                let tokens = prop_oneof![1 => Just(0usize), 4 => 1usize..=12];
                prop::collection::vec(prop::collection::vec(tokens, ranks), rounds).prop_map(move |rounds| {
                    Case {
                        experts_per_rank,
                        top_k,
                        hidden,
                        wire,
                        layout,
                        rounds,
                        choice,
                        schedule_seed,
                        seed,
                    }
                })
            },
        )
}

impl Case {
    pub(crate) fn ranks(&self) -> usize {
        self.rounds[0].len()
    }

    pub(crate) fn shape(&self) -> Shape {
        let number = |value: usize| u32::try_from(value).expect("cases are small");
        Shape {
            hidden: number(self.hidden),
            top_k: number(self.top_k),
            experts: number(self.experts_per_rank * self.ranks()),
            wire: self.wire,
        }
    }

    /// The most tokens that a rank has in any round.
    pub(crate) fn capacity(&self) -> usize {
        self.rounds.iter().flatten().copied().max().unwrap_or(0)
    }

    /// The contents of all rounds: any bits in rows and scales, weights of both signs.
    pub(crate) fn contents(&self) -> Vec<Round> {
        let mut random = Random(self.seed);
        self.rounds.iter().map(|tokens| self.round(tokens, &mut random)).collect()
    }

    fn round(&self, tokens: &[usize], random: &mut Random) -> Round {
        let experts = self.experts_per_rank * self.ranks();
        let block = self.wire.scale_block() as usize;
        let row_bytes = self.hidden * self.wire.element_bytes() as usize;
        let scale_count = if block == 0 { 0 } else { self.hidden.div_ceil(block) };
        let sources = tokens
            .iter()
            .map(|&tokens| Source {
                experts: (0..tokens * self.top_k)
                    .map(|_| match self.choice {
                        Choice::One => experts as i32 - 1,
                        Choice::None => -1,
                        Choice::Sparse if random.below(3) == 0 => -1,
                        Choice::Any | Choice::Sparse => random.below(experts) as i32,
                    })
                    .collect(),
                weights: (0..tokens * self.top_k).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect(),
                rows: match self.wire {
                    // Any E4M3 byte, NaN included; bf16 mostly of moderate size so that sums round, sometimes any bits.
                    Wire::Fp8 { .. } => (0..tokens * row_bytes).map(|_| random.below(256) as u8).collect(),
                    Wire::Bf16 => (0..tokens * self.hidden)
                        .map(|_| match random.below(50) {
                            0 => bf16::from_bits(random.below(1 << 16) as u16),
                            _ => bf16::from_f32(random.below(1 << 20) as f32 / 4096.0 - 128.0),
                        })
                        .flat_map(|value| value.to_le_bytes())
                        .collect(),
                },
                scales: (0..tokens * scale_count).map(|_| random.below(1 << 20) as f32 / 1048576.0).collect(),
            })
            .collect();
        let slots = match self.layout {
            Layout::BySource => Slots::BesideRows,
            Layout::ByExpert { alignment } => Slots::Aligned(alignment as usize),
            Layout::Masked { capacity } => Slots::Fixed(capacity as usize),
        };
        Round { experts, top_k: self.top_k, hidden: self.hidden, row_bytes, scale_count, slots, sources }
    }
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
