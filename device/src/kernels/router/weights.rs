//! From the chosen experts of a token to their weights, and to the replicas that serve it: what all routers end with.

use crate::device;

/// Weights and replicas of the experts that lanes `0..TOP_K` hold.
#[device]
pub mod code {
    use crate::kernels::router::scores::code::{INFINITY, MINUS_INFINITY, SOFTMAX_OF_CHOSEN, above, score};
    use crate::prelude::*;

    /// The weight of the expert of this lane, before scaling. `logit` is the expert's in lanes that hold one, which `chosen`
    /// says, and ignored in others. All lanes must call it; `largest` and `sum` are what softmax over all experts divides by.
    pub fn weight<const TOP_K: u32, const SCORES: u32, const NORMALISED: bool>(
        chosen: bool,
        logit: f32,
        largest: f32,
        sum: f32,
    ) -> f32 {
        let mut weight = 0.0f32;
        if SCORES == SOFTMAX_OF_CHOSEN {
            let logit = if chosen { logit } else { f32::from_bits(MINUS_INFINITY) };
            let mut largest = logit;
            #[unroll]
            for step in 0..5 {
                largest = largest.max(shuffle_xor(largest, 1 << step));
            }
            if chosen {
                weight = above(logit, largest);
            }
            let mut sum = 0.0f32;
            #[unroll]
            for k in 0..TOP_K {
                sum += shuffle(weight, k);
            }
            if chosen {
                weight /= sum;
            }
        } else {
            if chosen {
                weight = score::<SCORES>(logit, largest, sum);
            }
            if NORMALISED {
                let mut total = 0.0f32;
                #[unroll]
                for k in 0..TOP_K {
                    total += shuffle(weight, k);
                }
                weight = if total > 0.0 && total < f32::from_bits(INFINITY) { weight / total } else { 0.0 };
            }
        }
        weight
    }

    /// Where experts that have replicas are. The replicas of an expert take turns by the number of the token.
    #[derive(Clone, Copy, Debug)]
    pub struct Replicas {
        /// 1 if experts have replicas, else 0.
        pub exist: u32,
        /// `[experts + 1]`: where each expert's replicas begin.
        pub offsets: Global<u32>,
        /// `[physical experts]`, grouped by expert.
        pub physical: Global<u32>,
        /// The number of token 0.
        pub first_number: u32,
    }

    /// The physical expert that serves a token's choice.
    pub fn serving(replicas: Replicas, expert: u32, token: u32) -> u32 {
        let mut target = expert;
        if replicas.exist != 0 {
            let start = replicas.offsets.at(expert).read();
            let count = replicas.offsets.at(expert + 1).read() - start;
            let turn = replicas.first_number.wrapping_add(token) % count;
            target = replicas.physical.at(start + turn).read();
        }
        target
    }
}
