//! What each rank must hold after combine.

use half::bf16;

use crate::{Arrival, Round, round_to_bf16};

/// The results of every rank, `[tokens, hidden]` each, in rank order. `outputs` holds each rank's expert outputs,
/// `[slots, hidden]`, for the rows that [`arrivals`](crate::arrivals) says are there.
pub fn combine(round: &Round, arrivals: &[Arrival], outputs: &[Vec<bf16>]) -> Vec<Vec<bf16>> {
    (0..round.ranks())
        .map(|rank| {
            let mut results = Vec::with_capacity(round.tokens(rank) * round.hidden);
            for token in 0..round.tokens(rank) {
                let partials: Vec<Vec<bf16>> = round
                    .destinations(rank, token)
                    .into_iter()
                    .map(|expert_rank| {
                        partial(round, &arrivals[expert_rank], &outputs[expert_rank], (rank, token))
                    })
                    .collect();
                for element in 0..round.hidden {
                    let mut sum = 0.0f32;
                    for partial in &partials {
                        sum += partial[element].to_f32();
                    }
                    results.push(round_to_bf16(sum));
                }
            }
            results
        })
        .collect()
}

/// The weighted sum that the rank of `arrival` returns for the token `origin`, `[hidden]`.
fn partial(round: &Round, arrival: &Arrival, outputs: &[bf16], origin: (usize, usize)) -> Vec<bf16> {
    let mut sums = vec![0.0f32; round.hidden];
    // Rows are sorted by origin.
    if let Ok(row) = arrival.origins.binary_search(&origin) {
        for selection in arrival.selections[row * round.top_k..][..round.top_k].iter().flatten() {
            let output = &outputs[selection.slot * round.hidden..][..round.hidden];
            for (sum, value) in sums.iter_mut().zip(output) {
                *sum = selection.weight.mul_add(value.to_f32(), *sum);
            }
        }
    }
    sums.into_iter().map(round_to_bf16).collect()
}
