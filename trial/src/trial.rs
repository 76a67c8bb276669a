//! One round of all ranks: what each brings, in the words of the host that runs it and of the
//! reference that checks it.

use std::borrow::Cow;

use crossdock_device::{Float8, Fp8, Gate, ScaleFormat, ScoreFunction, Shape, Wire};
use crossdock_host::{Layout, Tokens, quantise};
use crossdock_oracle as oracle;
use half::bf16;

use crate::{Expert, Routes};

/// One round: what every rank brings, and what becomes of it. Whoever makes one has checked that
/// the shape is possible and that rows suit its wire.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What the kernels are made for.
    pub shape: Shape,
    /// How arrivals lie.
    pub layout: Layout,
    /// What the experts do.
    pub expert: Expert,
    /// Whether bf16 rows of an FP8 wire are quantised on the host, also where dispatch could do it.
    pub pre_quantised: bool,
    /// What the router's kernel is given besides logits; `None` where routes come from the host.
    pub router: Option<RouterInputs>,
    /// What each rank brings, in rank order.
    pub ranks: Vec<Brought>,
}

/// What one rank brings to a round.
#[derive(Clone, Debug)]
pub struct Brought {
    /// One row per token.
    pub rows: Rows,
    /// Experts and weights; with the router's kernel, what it must choose.
    pub routes: Routes,
    /// `[tokens, experts]`; empty without the router's kernel.
    pub logits: Vec<f32>,
}

/// The rows of a rank.
#[derive(Clone, Debug)]
pub enum Rows {
    /// `[tokens, hidden]`.
    Bf16(Vec<bf16>),
    /// 8-bit floats as they travel.
    Fp8 {
        /// `[tokens, hidden]`.
        codes: Vec<u8>,
        /// `[tokens, side bytes]`: the scales as they travel, with zeros up to a whole word.
        scales: Vec<u8>,
    },
    /// Bytes that nobody looks at.
    Opaque {
        /// `[tokens, row bytes]`.
        rows: Vec<u8>,
        /// `[tokens, bytes]` of each side tensor.
        sides: Vec<Vec<u8>>,
    },
}

/// A gate and its numbers, the same on all ranks.
#[derive(Clone, Debug)]
pub struct RouterInputs {
    /// What the router's kernel is made for.
    pub gate: Gate,
    /// `[experts]`; empty for a gate without bias.
    pub bias: Vec<f32>,
    /// What weights are multiplied by.
    pub scaling: f32,
}

impl RouterInputs {
    /// What the reference chooses for `[tokens, experts]` logits.
    pub fn expected(&self, logits: &[f32]) -> Routes {
        let (experts, weights) = self.reference().route(logits);
        Routes { experts, weights }
    }

    /// What weights the reference gives chosen experts, `[tokens, top_k]`.
    pub fn expected_weights(&self, logits: &[f32], experts: &[i32]) -> Vec<f32> {
        self.reference().weights(logits, experts)
    }

    fn reference(&self) -> oracle::router::Gate<'_> {
        oracle::router::Gate {
            experts: self.gate.experts as usize,
            groups: self.gate.groups as usize,
            top_groups: self.gate.top_groups as usize,
            top_k: self.gate.top_k as usize,
            score: match self.gate.score {
                ScoreFunction::Sigmoid => oracle::router::Score::Sigmoid,
                ScoreFunction::Softmax => oracle::router::Score::Softmax,
                ScoreFunction::Identity => oracle::router::Score::Identity,
                ScoreFunction::SqrtSoftplus => oracle::router::Score::SqrtSoftplus,
                ScoreFunction::SoftmaxOfChosen => oracle::router::Score::SoftmaxOfChosen,
            },
            bias: self.gate.biased.then_some(&self.bias[..]),
            normalised: self.gate.normalised,
            scaling: self.scaling,
        }
    }
}

/// A rank's rows, ready for a dock.
#[derive(Clone, Debug)]
pub enum Sent<'a> {
    /// As [`Tokens::Bf16`].
    Bf16(&'a [bf16]),
    /// As [`Tokens::Fp8`].
    Fp8 {
        /// `[tokens, hidden]`.
        codes: Cow<'a, [u8]>,
        /// `[tokens, scales]`.
        scales: Vec<f32>,
    },
    /// As [`Tokens::Opaque`].
    Opaque {
        /// `[tokens, row bytes]`.
        rows: &'a [u8],
        /// `[tokens, bytes]` of each side tensor.
        sides: Vec<&'a [u8]>,
    },
}

impl Sent<'_> {
    /// As a dock takes them.
    pub fn tokens(&self) -> Tokens<'_> {
        match self {
            Sent::Bf16(rows) => Tokens::Bf16(rows),
            Sent::Fp8 { codes, scales } => Tokens::Fp8 { values: codes, scales },
            Sent::Opaque { rows, sides } => Tokens::Opaque { rows, sides },
        }
    }
}

impl Trial {
    /// Tokens of a rank.
    pub fn tokens(&self, rank: usize) -> usize {
        self.ranks[rank].routes.experts.len() / self.shape.top_k as usize
    }

    /// The most tokens of a rank.
    pub fn most_tokens(&self) -> usize {
        (0..self.ranks.len()).map(|rank| self.tokens(rank)).max().unwrap_or(0)
    }

    /// Whether dispatch quantises the rows.
    pub fn is_quantised_by_dispatch(&self) -> bool {
        let bf16 = self.ranks.iter().all(|rank| matches!(rank.rows, Rows::Bf16(_)));
        let fp8 = matches!(self.shape.wire, Wire::Fp8(fp8) if fp8.is_made_by_dispatch());
        fp8 && bf16 && !self.pre_quantised
    }

    /// The rows of a rank, quantised on the host where dispatch does not.
    ///
    /// # Errors
    /// When the host refuses to quantise them.
    pub fn sent(&self, rank: usize) -> Result<Sent<'_>, crossdock_host::Error> {
        Ok(match (&self.ranks[rank].rows, self.shape.wire) {
            (Rows::Bf16(rows), Wire::Fp8(fp8)) if !self.is_quantised_by_dispatch() => {
                let quantised = quantise::fp8(rows, self.shape.hidden as usize, fp8)?;
                Sent::Fp8 { codes: quantised.values.into(), scales: quantised.scales }
            }
            (Rows::Bf16(rows), _) => Sent::Bf16(rows),
            (Rows::Fp8 { codes, scales }, _) => {
                Sent::Fp8 { codes: codes.into(), scales: scale_values(&self.shape, scales) }
            }
            (Rows::Opaque { rows, sides }, _) => {
                Sent::Opaque { rows, sides: sides.iter().map(Vec::as_slice).collect() }
            }
        })
    }

    /// The round as the reference takes it.
    pub fn in_reference(&self) -> oracle::Round {
        let shape = self.shape;
        let (row_bytes, side_bytes) = (shape.row_bytes() as usize, shape.side_bytes() as usize);
        let quantised = self.is_quantised_by_dispatch();
        let sources = self.ranks.iter().enumerate().map(|(rank, brought)| {
            let (rows, sides) = match (&brought.rows, shape.wire) {
                (Rows::Bf16(values), Wire::Fp8(fp8)) => {
                    let values: Vec<f32> = values.iter().map(|value| value.to_f32()).collect();
                    oracle::quantise(&values, shape.hidden as usize, float8_rows(fp8))
                }
                (Rows::Bf16(values), _) => (bytes(values), Vec::new()),
                (Rows::Fp8 { codes, scales }, _) => (codes.clone(), scales.clone()),
                (Rows::Opaque { rows, sides }, _) => (rows.clone(), records(sides, self.tokens(rank))),
            };
            let Routes { experts, weights } = brought.routes.clone();
            oracle::Source { experts, weights, rows, sides }
        });
        oracle::Round {
            experts: shape.experts as usize,
            top_k: shape.top_k as usize,
            hidden: shape.hidden as usize,
            row_bytes,
            side_bytes,
            source_bytes: if quantised { 2 * shape.hidden as usize } else { row_bytes + side_bytes },
            slots: match self.layout {
                Layout::BySource => oracle::Slots::BesideRows,
                Layout::ByExpert { alignment } => oracle::Slots::Aligned(alignment as usize),
                Layout::Masked { capacity } => oracle::Slots::Fixed(capacity as usize),
            },
            sources: sources.collect(),
        }
    }
}

// An element that the reference lacks is not compiled.
const _: () = assert!(oracle::Element::ALL.len() == Float8::ALL.len());

/// The format in the words of the reference.
pub(crate) fn float8_rows(fp8: Fp8) -> oracle::Float8Rows {
    oracle::Float8Rows {
        element: oracle::Element::named(fp8.element.word()).expect("the reference defines every element"),
        block: fp8.block as usize,
        scale: match fp8.scale {
            ScaleFormat::F32 => oracle::Scale::F32,
            ScaleFormat::PowerOfTwo => oracle::Scale::PowerOfTwo,
            ScaleFormat::Ue8m0 => oracle::Scale::Ue8m0,
        },
    }
}

/// The scales of FP8 rows, by the definition of their bytes.
fn scale_values(shape: &Shape, records: &[u8]) -> Vec<f32> {
    let one_byte = matches!(shape.wire, Wire::Fp8(Fp8 { scale: ScaleFormat::Ue8m0, .. }));
    let (count, width) = (shape.scale_count() as usize, if one_byte { 1 } else { 4 });
    let value = |stored: &[u8]| match *stored {
        [255] => f32::NAN,
        [exponent] => 2f32.powi(i32::from(exponent) - 127),
        [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
        _ => unreachable!("scales have one or four bytes"),
    };
    let rows = records.chunks(shape.side_bytes() as usize);
    rows.flat_map(|record| record[..count * width].chunks(width).map(value)).collect()
}

fn bytes(values: &[bf16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Side tensors one after the other, row by row, and zeros up to a whole word.
fn records(sides: &[Vec<u8>], tokens: usize) -> Vec<u8> {
    let mut records = Vec::new();
    for token in 0..tokens {
        for side in sides {
            let width = side.len() / tokens;
            records.extend_from_slice(&side[token * width..(token + 1) * width]);
        }
        records.resize(records.len().next_multiple_of(4), 0);
    }
    records
}
