//! The backward of a weighted combine, at the ranks that hold the experts.

use half::bf16;

use crate::{Arrival, Round, round_to_bf16};

/// Lanes that share a dot product, and the elements that each takes at once.
const LANES: usize = 32;
const TOGETHER: usize = 8;

/// For every slot of each rank, given the gradients of all results (`[tokens, hidden]` of each
/// rank) and the outputs that were combined: the gradients of the outputs, `[slots, hidden]`, and
/// of the weights, `[slots]`. Both are zero where nobody takes a slot.
pub fn gradients(
    round: &Round,
    arrivals: &[Arrival],
    outputs: &[Vec<bf16>],
    results: &[Vec<bf16>],
) -> Vec<(Vec<bf16>, Vec<f32>)> {
    let hidden = round.hidden;
    let mut all = Vec::new();
    for (arrival, outputs) in arrivals.iter().zip(outputs) {
        let slots = arrival.expert_rows.len();
        let (mut of_outputs, mut of_weights) = (vec![bf16::ZERO; slots * hidden], vec![0.0; slots]);
        for (row, &(rank, token)) in arrival.origins.iter().enumerate() {
            let gradient = &results[rank][token * hidden..][..hidden];
            for selection in arrival.selections[row * round.top_k..][..round.top_k].iter().flatten() {
                let slot = selection.slot;
                for (to, from) in of_outputs[slot * hidden..][..hidden].iter_mut().zip(gradient) {
                    *to = round_to_bf16(selection.weight * from.to_f32());
                }
                of_weights[slot] = dot(&outputs[slot * hidden..][..hidden], gradient);
            }
        }
        all.push((of_outputs, of_weights));
    }
    all
}

/// A dot product in the fixed order of a warp: each lane sums its own elements, then lanes 16, 8,
/// .. 1 apart are added.
fn dot(a: &[bf16], b: &[bf16]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    for (index, (a, b)) in a.iter().zip(b).enumerate() {
        let sum = &mut lanes[index / TOGETHER % LANES];
        *sum = a.to_f32().mul_add(b.to_f32(), *sum);
    }
    let mut distance = LANES / 2;
    while distance > 0 {
        for lane in 0..distance {
            lanes[lane] += lanes[lane + distance];
        }
        distance /= 2;
    }
    lanes[0]
}
