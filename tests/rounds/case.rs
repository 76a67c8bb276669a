//! What a test round is made of: a few numbers, and contents drawn from a seed.

use crossdock::host::Layout;
use crossdock::{Float8, Fp8, MOST_SIDES, Opaque, ScaleFormat, Shape, Wire};
use crossdock_oracle::{Element, Float8Rows, Round, Scale, Slots, Source, quantise};
use half::bf16;
use proptest::prelude::*;

/// Rounds of one shape on one dock.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) experts_per_rank: usize,
    pub(crate) top_k: usize,
    pub(crate) hidden: usize,
    pub(crate) wire: Wire,
    /// Whether 8-bit floats are made by dispatch, of bf16.
    pub(crate) quantises: bool,
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
    let element = prop_oneof![Just(Float8::E4m3), Just(Float8::E5m2)];
    let scale = prop_oneof![Just(ScaleFormat::F32), Just(ScaleFormat::PowerOfTwo), Just(ScaleFormat::Ue8m0)];
    let block = prop_oneof![Just(128), Just(64), Just(32), Just(16), Just(96), Just(7)];
    let fp8 = (element, scale, block, any::<bool>()).prop_map(|(element, scale, block, quantises)| {
        let fp8 = Fp8 { element, block, scale };
        (Wire::Fp8(fp8), quantises && fp8.is_made_by_dispatch())
    });
    let sides = prop::collection::vec(1u32..=40, 0..=MOST_SIDES);
    let opaque = (1u32..=40, sides).prop_map(|(pieces, given)| {
        let mut sides = [0; MOST_SIDES];
        sides[..given.len()].copy_from_slice(&given);
        (Wire::Opaque(Opaque { row_bytes: 16 * pieces, sides }), false)
    });
    let wire = prop_oneof![2 => Just((Wire::Bf16, false)), 5 => fp8, 2 => opaque];
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
            |(
                ranks,
                experts_per_rank,
                top_k,
                units,
                ((wire, quantises), layout),
                rounds,
                choice,
                schedule_seed,
                seed,
            )| {
                // Rows are multiples of 16 bytes, and few of these widths are powers of two.
                let hidden = units * if let Wire::Fp8(_) = wire { 16 } else { 8 };
                let top_k = top_k.min(ranks * experts_per_rank);
                let tokens = prop_oneof![1 => Just(0usize), 4 => 1usize..=12];
                prop::collection::vec(prop::collection::vec(tokens, ranks), rounds).prop_map(move |rounds| {
                    Case {
                        experts_per_rank,
                        top_k,
                        hidden,
                        wire,
                        quantises,
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
        let rounds = self.rounds.iter().enumerate();
        rounds.map(|(number, tokens)| self.round(number, tokens, &mut random)).collect()
    }

    /// `[tokens, hidden]`: the bf16 that a rank brings to a round, if they are bf16. Mostly of moderate size so that sums round,
    /// sometimes any bits.
    pub(crate) fn activations(&self, round: usize, rank: usize) -> Vec<bf16> {
        let mut random = Random(self.seed ^ ((round * 1000 + rank + 1) as u64) << 40);
        let elements = self.rounds[round][rank] * self.hidden;
        let mut draw = |_| match random.below(50) {
            0 => bf16::from_bits(random.below(1 << 16) as u16),
            1 => bf16::ZERO,
            _ => bf16::from_f32(random.below(1 << 20) as f32 / 4096.0 - 128.0),
        };
        (0..elements).map(&mut draw).collect()
    }

    fn round(&self, number: usize, tokens: &[usize], random: &mut Random) -> Round {
        let experts = self.experts_per_rank * self.ranks();
        let shape = self.shape();
        let (row_bytes, side_bytes) = (shape.row_bytes() as usize, shape.side_bytes() as usize);
        let source_bytes = if self.quantises { 2 * self.hidden } else { row_bytes + side_bytes };
        let mut bytes = |count: usize| (0..count).map(|_| random.below(256) as u8).collect::<Vec<u8>>();
        let payloads: Vec<(Vec<u8>, Vec<u8>)> = tokens
            .iter()
            .enumerate()
            .map(|(rank, &tokens)| match self.wire {
                Wire::Bf16 => {
                    let values = self.activations(number, rank);
                    (values.into_iter().flat_map(bf16::to_le_bytes).collect(), Vec::new())
                }
                Wire::Fp8(fp8) if self.quantises => {
                    let values: Vec<f32> =
                        self.activations(number, rank).into_iter().map(f32::from).collect();
                    quantise(&values, self.hidden, in_reference(fp8))
                }
                // Any codes, NaN included.
                Wire::Fp8(Fp8 { scale, .. }) => {
                    let scales = bytes(tokens * shape.scale_count() as usize);
                    let rows = bytes(tokens * row_bytes);
                    (rows, scales_of(scale, &scales, shape.scale_count() as usize))
                }
                Wire::Opaque(_) => {
                    let mut sides = bytes(tokens * side_bytes);
                    let padding: u32 = shape.side_bytes() - shape.sides().iter().sum::<u32>();
                    for record in sides.chunks_mut(side_bytes.max(1)) {
                        let end = record.len() - padding as usize;
                        record[end..].fill(0);
                    }
                    (bytes(tokens * row_bytes), sides)
                }
            })
            .collect();
        let sources = tokens
            .iter()
            .zip(payloads)
            .map(|(&tokens, (rows, sides))| Source {
                experts: (0..tokens * self.top_k)
                    .map(|_| match self.choice {
                        Choice::One => experts as i32 - 1,
                        Choice::None => -1,
                        Choice::Sparse if random.below(3) == 0 => -1,
                        Choice::Any | Choice::Sparse => random.below(experts) as i32,
                    })
                    .collect(),
                weights: (0..tokens * self.top_k).map(|_| random.below(2001) as f32 / 1000.0 - 1.0).collect(),
                rows,
                sides,
            })
            .collect();
        let slots = match self.layout {
            Layout::BySource => Slots::BesideRows,
            Layout::ByExpert { alignment } => Slots::Aligned(alignment as usize),
            Layout::Masked { capacity } => Slots::Fixed(capacity as usize),
        };
        Round {
            experts,
            top_k: self.top_k,
            hidden: self.hidden,
            row_bytes,
            side_bytes,
            source_bytes,
            slots,
            sources,
        }
    }
}

/// The format in the words of the reference.
pub(crate) fn in_reference(fp8: Fp8) -> Float8Rows {
    Float8Rows {
        element: if fp8.element == Float8::E4m3 { Element::E4m3 } else { Element::E5m2 },
        block: fp8.block as usize,
        scale: match fp8.scale {
            ScaleFormat::F32 => Scale::F32,
            ScaleFormat::PowerOfTwo => Scale::PowerOfTwo,
            ScaleFormat::Ue8m0 => Scale::Ue8m0,
        },
    }
}

/// Scales of some kind out of random bytes: of moderate size, with a NaN now and then.
fn scales_of(format: ScaleFormat, bytes: &[u8], per_row: usize) -> Vec<u8> {
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
