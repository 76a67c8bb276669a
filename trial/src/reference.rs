//! What the reference says about a trial, and the first difference of what the ranks held from it,
//! bit by bit and in words.

use std::fmt::{self, LowerHex};

use crossdock_device::Wire;
use crossdock_oracle::{Arrival, Round, Selection, Slots, arrivals, combine_bf16, dequantise};
use half::bf16;

use crate::expert::opaque_rows;
use crate::trial::float8_rows;
use crate::{Error, Observed, Routes, Trial};

/// A trial worked out by the reference.
#[derive(Debug)]
pub struct Reference {
    /// What the ranks bring, in the words of the reference.
    pub round: Round,
    /// What arrives at each rank.
    pub arrivals: Vec<Arrival>,
    /// `[tokens, hidden]`: what each rank gets back.
    pub results: Vec<Vec<bf16>>,
}

impl Reference {
    /// Works the whole round out.
    pub fn new(trial: &Trial) -> Reference {
        let round = trial.in_reference();
        let arrivals = arrivals(&round);
        let outputs: Vec<Vec<bf16>> = arrivals
            .iter()
            .enumerate()
            .map(|(rank, arrival)| outputs(trial, &round, rank, arrival))
            .collect();
        let results = combine_bf16(&round, &arrivals, &outputs);
        Reference { round, arrivals, results }
    }

    /// Refuses what the ranks held if it differs anywhere.
    ///
    /// # Errors
    /// [`Error::Mismatch`] with the first difference.
    pub fn check(&self, observed: &[Observed]) -> Result<(), Error> {
        self.first_difference(observed).map_or(Ok(()), |difference| Err(Error::Mismatch(difference)))
    }

    /// The first difference of what the ranks held, in words; by stage in the order of a round,
    /// then by rank.
    pub fn first_difference(&self, observed: &[Observed]) -> Option<String> {
        let ranks = || self.arrivals.iter().zip(observed).enumerate();
        let routed =
            self.round.sources.iter().zip(observed).enumerate().find_map(|(rank, (source, observed))| {
                let Routes { experts, weights } = observed.routed.as_ref()?;
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
                    let difference = self.dispatch_difference(expected, &observed.arrival)?;
                    Some(format!("dispatch, rank {rank}, {difference}"))
                })
            })
            .or_else(|| {
                self.results.iter().zip(observed).enumerate().find_map(|(rank, (expected, observed))| {
                    let bits = |value: &bf16| value.to_bits();
                    let difference = differs(expected, &observed.results, self.round.hidden, bits)?;
                    Some(format!("combine, rank {rank}, token {difference}"))
                })
            })
    }

    fn dispatch_difference(&self, expected: &Arrival, observed: &Arrival) -> Option<String> {
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

    /// The first difference in rows and what travels beside them, wherever they lie. What a masked
    /// layout holds at slots that nobody takes is not looked at.
    fn stored_difference(&self, expected: &Arrival, observed: &Arrival) -> Option<String> {
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

/// What the experts of a rank make of the rows that arrived there, `[slots, hidden]`.
fn outputs(trial: &Trial, round: &Round, rank: usize, arrival: &Arrival) -> Vec<bf16> {
    let rows: Vec<bf16> = match trial.shape.wire {
        Wire::Bf16 => {
            arrival.rows.chunks_exact(2).map(|bytes| bf16::from_le_bytes([bytes[0], bytes[1]])).collect()
        }
        Wire::Fp8(fp8) => dequantise(&arrival.rows, &arrival.sides, round.hidden, float8_rows(fp8)),
        Wire::Opaque(_) => opaque_rows(&arrival.rows, &arrival.sides, &trial.shape),
    };
    trial.expert.outputs(rank * round.experts_per_rank(), arrival, round.hidden, &rows, false)
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

/// The first difference of two arrays with rows of `width`, compared by `code`, which stands for
/// all bits of an element.
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

#[cfg(test)]
mod tests {
    use crossdock_device::Shape;
    use crossdock_host::Layout;

    use super::*;
    use crate::{Brought, Expert, Rows};

    /// Two ranks with one expert each; rank 0 sends its one token to both.
    fn reference() -> (Reference, Vec<Observed>) {
        let shape = Shape { hidden: 8, top_k: 2, experts: 2, wire: Wire::Bf16 };
        let brought = |rows: Vec<f32>, routes| Brought {
            rows: Rows::Bf16(rows.into_iter().map(bf16::from_f32).collect()),
            routes,
            logits: Vec::new(),
        };
        let routes = Routes { experts: vec![0, 1], weights: vec![0.5, 2.0] };
        let reference = Reference::new(&Trial {
            shape,
            layout: Layout::BySource,
            expert: Expert::Identity,
            pre_quantised: false,
            router: None,
            ranks: vec![
                brought((0..8).map(|value| value as f32).collect(), routes),
                brought(Vec::new(), Routes::default()),
            ],
        });
        let observed = reference.arrivals.iter().zip(&reference.results).map(|(arrival, results)| Observed {
            arrival: arrival.clone(),
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
            with(&|ranks| ranks[1].arrival.rows[5] ^= 1),
            "dispatch, rank 1, bytes of arrived row 0, element 5: found 65 (0x41), expected 64 (0x40), which is token 0 of rank 0"
        );
        assert_eq!(
            with(&|ranks| ranks[0].results[0] = bf16::from_f32(-0.0)),
            "combine, rank 0, token 0, element 0: found -0.0 (0x8000), expected 0.0 (0x0)"
        );
        assert_eq!(
            with(&|ranks| {
                let routes = Routes { experts: vec![0, 1], weights: vec![0.5, 1.0] };
                ranks[0].routed = Some(routes);
            }),
            "router, rank 0, weight of token 0, element 1: found 1.0 (0x3f800000), expected 2.0 (0x40000000)"
        );
        assert_eq!(
            with(&|ranks| ranks[1].arrival.source_offsets[2] = 2),
            "dispatch, rank 1, source offset 2: found 2 (0x2), expected 1 (0x1)"
        );
        assert!(
            with(&|ranks| ranks[0].arrival.selections[0] = None)
                .starts_with("dispatch, rank 0, selections of arrived row 0, element 0")
        );
        assert!(
            with(&|ranks| ranks[0].arrival.expert_rows.push(Some(0)))
                .contains("row of slot 1: found 2 elements in all, expected 1")
        );
        assert!(with(&|ranks| ranks[0].results.truncate(7)).starts_with("combine, rank 0, token 0: found 7"));
    }
}
