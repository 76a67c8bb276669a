//! What each rank must hold after combine.

use half::bf16;

use crate::{Arrival, Round, round_to_bf16};

/// How a combine sums.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    /// Outputs are one per arrived row, not one per slot.
    pub by_row: bool,
    /// Outputs of slots are taken as they are, without the router's weights.
    pub unweighted: bool,
    /// `[ranks][biases][tokens, hidden]`: what each rank's results start from; may be empty.
    pub biases: Vec<Vec<Vec<bf16>>>,
}

/// The results of every rank before the last rounding, `[tokens, hidden]` each, in rank order.
/// `outputs` holds each rank's expert outputs, `[slots, hidden]` or `[rows, hidden]`, for the rows
/// that [`arrivals`](crate::arrivals) says are there.
pub fn combine(round: &Round, arrivals: &[Arrival], outputs: &[Vec<bf16>], sums: &Sums) -> Vec<Vec<f32>> {
    (0..round.ranks())
        .map(|rank| {
            let mut results = Vec::with_capacity(round.tokens(rank) * round.hidden);
            for token in 0..round.tokens(rank) {
                let partials: Vec<Vec<bf16>> = round
                    .destinations(rank, token)
                    .into_iter()
                    .map(|expert_rank| {
                        partial(round, &arrivals[expert_rank], &outputs[expert_rank], (rank, token), sums)
                    })
                    .collect();
                for element in 0..round.hidden {
                    let mut sum = 0.0f32;
                    for bias in sums.biases.get(rank).into_iter().flatten() {
                        sum += bias[token * round.hidden + element].to_f32();
                    }
                    for partial in &partials {
                        sum += partial[element].to_f32();
                    }
                    results.push(sum);
                }
            }
            results
        })
        .collect()
}

/// The results of the plain combine, weighted and in bf16.
pub fn combine_bf16(round: &Round, arrivals: &[Arrival], outputs: &[Vec<bf16>]) -> Vec<Vec<bf16>> {
    let results = combine(round, arrivals, outputs, &Sums::default());
    results.into_iter().map(|rank| rank.into_iter().map(round_to_bf16).collect()).collect()
}

/// What the rank of `arrival` returns for the token `origin`, `[hidden]`.
fn partial(
    round: &Round,
    arrival: &Arrival,
    outputs: &[bf16],
    origin: (usize, usize),
    rule: &Sums,
) -> Vec<bf16> {
    let mut sums = vec![0.0f32; round.hidden];
    // Rows are sorted by origin.
    let Ok(row) = arrival.origins.binary_search(&origin) else {
        return vec![bf16::ZERO; round.hidden];
    };
    if rule.by_row {
        return outputs[row * round.hidden..][..round.hidden].to_vec();
    }
    for selection in arrival.selections[row * round.top_k..][..round.top_k].iter().flatten() {
        let output = &outputs[selection.slot * round.hidden..][..round.hidden];
        let weight = if rule.unweighted { 1.0 } else { selection.weight };
        for (sum, value) in sums.iter_mut().zip(output) {
            *sum = weight.mul_add(value.to_f32(), *sum);
        }
    }
    sums.into_iter().map(round_to_bf16).collect()
}

/// One value per slot of each rank, brought home to the selections: `[tokens, top_k]` of each rank,
/// 0 where a selection goes nowhere.
pub fn values_home(round: &Round, arrivals: &[Arrival], slot_values: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut home: Vec<Vec<f32>> =
        (0..round.ranks()).map(|rank| vec![0.0; round.tokens(rank) * round.top_k]).collect();
    for (arrival, values) in arrivals.iter().zip(slot_values) {
        for (row, &(rank, token)) in arrival.origins.iter().enumerate() {
            for k in 0..round.top_k {
                if let Some(selection) = arrival.selections[row * round.top_k + k] {
                    home[rank][token * round.top_k + k] = values[selection.slot];
                }
            }
        }
    }
    home
}
