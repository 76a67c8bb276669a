//! Compares what the ranks held with what the reference says, bit by bit, and names the first difference.

use std::fmt::{self, LowerHex};

use crossdock::host::Layout;
use crossdock::host::report::LaunchReport;
use crossdock::{Shape, Wire};
use crossdock_oracle::{
    Arrival, Round, Selection, Slots, Source, arrivals, combine_bf16, dequantise, quantise,
};
use half::bf16;

use super::experts;
use super::inputs::Inputs;
use crate::arguments::{ExpertName, RunArguments};
use crate::routing::Routes;
use crate::wire::in_reference;

/// What one rank held in a round.
#[derive(Clone, Debug, Default)]
pub(super) struct Observed {
    /// `[rows]`: source rank and token.
    pub(super) origins: Vec<(usize, usize)>,
    /// `[rows, row bytes]`.
    pub(super) rows: Vec<u8>,
    /// `[rows, side bytes]`.
    pub(super) sides: Vec<u8>,
    /// `[rows, top_k]`: the selections on this rank.
    pub(super) selections: Vec<Option<Selection>>,
    /// `[ranks + 1]`.
    pub(super) source_offsets: Vec<usize>,
    /// `[experts per rank + 1]`.
    pub(super) expert_offsets: Vec<usize>,
    /// `[experts per rank]`.
    pub(super) expert_counts: Vec<usize>,
    /// `[slots]`.
    pub(super) expert_rows: Vec<Option<usize>>,
    /// `[tokens, hidden]`: the combined tokens.
    pub(super) results: Vec<bf16>,
    /// What the router's kernel chose, if it was asked.
    pub(super) routed: Option<ObservedRoutes>,
}

/// What the router's kernel chose on one rank, and what it took.
#[derive(Clone, Debug)]
pub(super) struct ObservedRoutes {
    pub(super) routes: Routes,
    pub(super) report: LaunchReport,
}

/// What the reference says about a round.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) round: Round,
    pub(super) arrivals: Vec<Arrival>,
    results: Vec<Vec<bf16>>,
}

impl Reference {
    /// Works the whole round out.
    pub(super) fn compute(inputs: &Inputs, arguments: &RunArguments) -> Reference {
        let (shape, expert) = (inputs.shape, arguments.expert());
        let hidden = shape.hidden as usize;
        let mut source_bytes = (shape.row_bytes() + shape.side_bytes()) as usize;
        if let Wire::Fp8(fp8) = shape.wire
            && fp8.is_made_by_dispatch()
            && !arguments.pre_quantised
        {
            source_bytes = 2 * hidden;
        }
        let sources = inputs.ranks.iter().map(|rank| {
            let (rows, sides) = match shape.wire {
                Wire::Bf16 => {
                    (rank.activations.iter().flat_map(|value| value.to_le_bytes()).collect(), Vec::new())
                }
                Wire::Fp8(fp8) => {
                    let values: Vec<f32> = rank.activations.iter().map(|value| value.to_f32()).collect();
                    quantise(&values, hidden, in_reference(fp8))
                }
                Wire::Opaque(_) => (rank.opaque.rows.clone(), records(&rank.opaque.sides, inputs.tokens)),
            };
            Source { experts: rank.routes.experts.clone(), weights: rank.routes.weights.clone(), rows, sides }
        });
        let round = Round {
            experts: inputs.shape.experts as usize,
            top_k: inputs.shape.top_k as usize,
            hidden,
            row_bytes: shape.row_bytes() as usize,
            side_bytes: shape.side_bytes() as usize,
            source_bytes,
            slots: match arguments.layout {
                Layout::BySource => Slots::BesideRows,
                Layout::ByExpert { alignment } => Slots::Aligned(alignment as usize),
                Layout::Masked { capacity } => Slots::Fixed(capacity as usize),
            },
            sources: sources.collect(),
        };
        let arrivals = arrivals(&round);
        let outputs: Vec<Vec<bf16>> = arrivals
            .iter()
            .enumerate()
            .map(|(rank, arrival)| outputs(&round, rank, arrival, &shape, expert))
            .collect();
        let results = combine_bf16(&round, &arrivals, &outputs);
        Reference { round, arrivals, results }
    }

    /// The first difference of what the ranks held, in words; by stage in the order of a round, then by rank.
    pub(super) fn first_difference(&self, observed: &[Observed]) -> Option<String> {
        let ranks = || self.arrivals.iter().zip(observed).enumerate();
        let routed =
            self.round.sources.iter().zip(observed).enumerate().find_map(|(rank, (source, observed))| {
                let Routes { experts, weights } = &observed.routed.as_ref()?.routes;
                let difference = differs(&source.experts, experts, self.round.top_k, |&expert| expert)
                    .map(|difference| format!("expert of token {difference}"))
                    .or_else(|| {
                        differs(&source.weights, weights, self.round.top_k, |weight| weight.to_bits())
                            .map(|difference| format!("weight of token {difference}"))
                    })?;
                Some(format!("router, rank {rank}, {difference}"))
            });
        routed
            .or_else(|| {
                ranks().find_map(|(rank, (expected, observed))| {
                    let difference = self.dispatch_difference(expected, observed)?;
                    Some(format!("dispatch, rank {rank}, {difference}"))
                })
            })
            .or_else(|| {
                self.results.iter().zip(observed).enumerate().find_map(|(rank, (expected, observed))| {
                    let difference = differs(expected, &observed.results, self.round.hidden, bits)?;
                    Some(format!("combine, rank {rank}, token {difference}"))
                })
            })
    }

    fn dispatch_difference(&self, expected: &Arrival, observed: &Observed) -> Option<String> {
        let list = |what: &str, expected: &[usize], observed: &[usize]| {
            differs(expected, observed, 1, |&value| value).map(|difference| format!("{what} {difference}"))
        };
        let row = |what: &str, difference: Difference| {
            let origin = match expected.origins.get(difference.row) {
                Some((rank, token)) => format!(", which is token {token} of rank {rank}"),
                None => String::new(),
            };
            format!("{what} {difference}{origin}")
        };
        list("source offset", &expected.source_offsets, &observed.source_offsets)
            .or_else(|| list("expert offset", &expected.expert_offsets, &observed.expert_offsets))
            .or_else(|| {
                // Rank and token in one number, to compare as bits.
                let code = |&(rank, token): &(usize, usize)| (rank as u64) << 32 | token as u64;
                differs(&expected.origins, &observed.origins, 1, code)
                    .map(|difference| format!("rank and token of row {difference}"))
            })
            .or_else(|| list("selections of local expert", &expected.expert_counts, &observed.expert_counts))
            .or_else(|| {
                let code = |row: &Option<usize>| row.map_or(u64::MAX, |row| row as u64);
                differs(&expected.expert_rows, &observed.expert_rows, 1, code)
                    .map(|difference| format!("row of slot {difference}"))
            })
            .or_else(|| self.stored_difference(expected, observed))
            .or_else(|| {
                let code = |selection: &Option<Selection>| match selection {
                    Some(selection) => (selection.slot as u64) << 32 | u64::from(selection.weight.to_bits()),
                    None => u64::MAX,
                };
                differs(&expected.selections, &observed.selections, self.round.top_k, code)
                    .map(|difference| row("selections of arrived row", difference))
            })
    }

    /// The first difference in rows and what travels beside them, wherever they lie. What a masked layout holds at slots that nobody takes is
    /// not looked at.
    fn stored_difference(&self, expected: &Arrival, observed: &Observed) -> Option<String> {
        let round = &self.round;
        let by_expert = round.slots != Slots::BesideRows;
        let place = |what: &str, difference: Difference| {
            let noun = if by_expert { "slot" } else { "arrived row" };
            let row = if by_expert {
                expected.expert_rows.get(difference.row).copied().flatten()
            } else {
                Some(difference.row)
            };
            let origin = match row.and_then(|row| expected.origins.get(row)) {
                Some((rank, token)) => format!(", which is token {token} of rank {rank}"),
                None => String::new(),
            };
            format!("{what} of {noun} {difference}{origin}")
        };
        let mut rows = expected.stored(round, &expected.rows, round.row_bytes, 0);
        let mut sides = expected.stored(round, &expected.sides, round.side_bytes, 0);
        if let Slots::Fixed(_) = round.slots {
            copy_unused(&mut rows, &observed.rows, expected, round.row_bytes);
            copy_unused(&mut sides, &observed.sides, expected, round.side_bytes);
        }
        differs(&rows, &observed.rows, round.row_bytes, |&byte| byte)
            .map(|difference| place("bytes", difference))
            .or_else(|| {
                differs(&sides, &observed.sides, round.side_bytes, |&byte| byte)
                    .map(|difference| place("side bytes", difference))
            })
    }
}

/// Takes over what was observed at slots that nobody takes.
fn copy_unused<T: Copy>(expected: &mut [T], observed: &[T], arrival: &Arrival, width: usize) {
    for (slot, row) in arrival.expert_rows.iter().enumerate() {
        let range = slot * width..(slot + 1) * width;
        if let (None, Some(expected), Some(observed)) =
            (row, expected.get_mut(range.clone()), observed.get(range))
        {
            expected.copy_from_slice(observed);
        }
    }
}

/// Side tensors one behind the other, row by row, and zeros up to a whole word.
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

/// What the experts of a rank make of the rows that arrived there, `[slots, hidden]`.
fn outputs(round: &Round, rank: usize, arrival: &Arrival, shape: &Shape, expert: ExpertName) -> Vec<bf16> {
    let hidden = round.hidden;
    let rows: Vec<bf16> = match shape.wire {
        Wire::Bf16 => {
            arrival.rows.chunks_exact(2).map(|bytes| bf16::from_le_bytes([bytes[0], bytes[1]])).collect()
        }
        Wire::Fp8(fp8) => dequantise(&arrival.rows, &arrival.sides, hidden, in_reference(fp8)),
        Wire::Opaque(_) => experts::opaque_rows(&arrival.rows, &arrival.sides, shape),
    };
    let mut outputs = vec![bf16::ZERO; arrival.expert_rows.len() * hidden];
    for local in 0..round.experts_per_rank() {
        for slot in arrival.expert_offsets[local]..arrival.expert_offsets[local + 1] {
            let Some(row) = arrival.expert_rows[slot] else { continue };
            let input = &rows[row * hidden..][..hidden];
            let number = rank * round.experts_per_rank() + local;
            experts::compute(expert, number, input, &mut outputs[slot * hidden..][..hidden]);
        }
    }
    outputs
}

/// Where two arrays first differ.
struct Difference {
    row: usize,
    text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn bits(value: &bf16) -> u16 {
    value.to_bits()
}

/// The first difference of two arrays with rows of `width`, compared by `code`, which stands for all bits of an element.
fn differs<T: fmt::Debug, C: PartialEq + LowerHex>(
    expected: &[T],
    observed: &[T],
    width: usize,
    code: impl Fn(&T) -> C,
) -> Option<Difference> {
    let width = width.max(1);
    let index =
        expected.iter().zip(observed).position(|(expected, observed)| code(expected) != code(observed));
    if let Some(index) = index {
        let describe = |value: &T| format!("{value:?} ({:#x})", code(value));
        let element = if width == 1 { String::new() } else { format!(", element {}", index % width) };
        let text = format!(
            "{}{element}: found {}, expected {}",
            index / width,
            describe(&observed[index]),
            describe(&expected[index])
        );
        return Some(Difference { row: index / width, text });
    }
    (expected.len() != observed.len()).then(|| {
        let row = expected.len().min(observed.len()) / width;
        let text = format!("{row}: found {} elements in all, expected {}", observed.len(), expected.len());
        Difference { row, text }
    })
}

/// FNV-1a over the bytes of all results, rank by rank: equal bits give equal hashes on every machine.
pub(super) fn hash(observed: &[Observed]) -> u64 {
    let bytes = observed.iter().flat_map(|rank| &rank.results).flat_map(|value| value.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::routing::Routes;
    use crate::run::inputs::RankInputs;
    use clap::Parser;

    /// Two ranks with one expert each; rank 0 sends its one token to both.
    fn reference() -> (Reference, Vec<Observed>) {
        let shape = Shape { hidden: 8, top_k: 2, experts: 2, wire: Wire::Bf16 };
        let activations: Vec<bf16> = (0..8).map(|value| bf16::from_f32(value as f32)).collect();
        let routes = Routes { experts: vec![0, 1], weights: vec![0.5, 2.0] };
        let ranks = vec![RankInputs { activations, routes, ..RankInputs::default() }, RankInputs::default()];
        let inputs = Inputs { shape, tokens: 1, ranks, gate: None, output_shape: vec![2, 8] };
        let words = "crossdock run --expert identity".split(' ');
        let Command::Run(arguments) = Arguments::parse_from(words).command else { unreachable!("a run") };
        let reference = Reference::compute(&inputs, &arguments);
        let observed = reference.arrivals.iter().zip(&reference.results).map(|(arrival, results)| Observed {
            origins: arrival.origins.clone(),
            rows: arrival.rows.clone(),
            sides: arrival.sides.clone(),
            selections: arrival.selections.clone(),
            source_offsets: arrival.source_offsets.clone(),
            expert_offsets: arrival.expert_offsets.clone(),
            expert_counts: arrival.expert_counts.clone(),
            expert_rows: arrival.expert_rows.clone(),
            results: results.clone(),
            routed: None,
        });
        let observed = observed.collect();
        (reference, observed)
    }

    #[test]
    fn equal_rounds_do_not_differ() {
        let (reference, observed) = reference();
        assert_eq!(observed[0].results[7], bf16::from_f32(17.5));
        assert_eq!(reference.first_difference(&observed), None);
    }

    #[test]
    fn one_flipped_bit_anywhere_is_found_and_located() {
        let (reference, right) = reference();
        let with = |change: &dyn Fn(&mut [Observed])| {
            let mut observed = right.clone();
            change(&mut observed);
            reference.first_difference(&observed).unwrap_or_default()
        };
        assert_eq!(
            with(&|ranks| ranks[1].rows[5] ^= 1),
            "dispatch, rank 1, bytes of arrived row 0, element 5: found 65 (0x41), expected 64 (0x40), which is token 0 of rank 0"
        );
        assert_eq!(
            with(&|ranks| ranks[0].results[0] = bf16::from_f32(-0.0)),
            "combine, rank 0, token 0, element 0: found -0.0 (0x8000), expected 0.0 (0x0)"
        );
        assert_eq!(
            with(&|ranks| {
                let routes = Routes { experts: vec![0, 1], weights: vec![0.5, 1.0] };
                ranks[0].routed = Some(ObservedRoutes { routes, report: LaunchReport::default() });
            }),
            "router, rank 0, weight of token 0, element 1: found 1.0 (0x3f800000), expected 2.0 (0x40000000)"
        );
        assert_eq!(
            with(&|ranks| ranks[1].source_offsets[2] = 2),
            "dispatch, rank 1, source offset 2: found 2 (0x2), expected 1 (0x1)"
        );
        assert!(
            with(&|ranks| ranks[0].selections[0] = None)
                .starts_with("dispatch, rank 0, selections of arrived row 0, element 0")
        );
        assert!(
            with(&|ranks| ranks[0].expert_rows.push(Some(0)))
                .contains("row of slot 1: found 2 elements in all, expected 1")
        );
        assert!(with(&|ranks| ranks[0].results.truncate(7)).starts_with("combine, rank 0, token 0: found 7"));
    }

    #[test]
    fn the_hash_is_fnv() {
        let rank = |results: &[u16]| Observed {
            results: results.iter().map(|&bits| bf16::from_bits(bits)).collect(),
            ..Observed::default()
        };
        // FNV-1a of the empty string and of "foobar".
        assert_eq!(hash(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(&[rank(&[0x6f66]), rank(&[0x626f, 0x7261])]), 0x8594_4171_f739_67e8);
    }
}
