//! From the chosen experts of a token to their weights, and to the replicas that serve it: what all
//! routers end with.

use crate::device;

/// Weights and replicas of the experts that lanes `0..TOP_K` hold.
#[device]
pub mod code {
    use crate::kernels::router::scores::code::{INFINITY, MINUS_INFINITY, SOFTMAX_OF_CHOSEN, above, score};
    use crate::prelude::*;

    /// The weight of the expert of this lane, before scaling. `logit` is the expert's in lanes that
    /// hold one, which `chosen` says, and ignored in others. All lanes must call it; `largest` and
    /// `sum` are what softmax over all experts divides by.
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

    /// What a router is set to, in device memory, so that launches that were captured follow what
    /// is set later.
    ///
    /// Words: what all weights are multiplied by, an `f32`; 1 if experts have replicas, else 0; the
    /// number of token 0; for each expert, and once more, at which word of these its replicas
    /// begin; the replicas, which are physical experts.
    #[derive(Clone, Copy, Debug)]
    pub struct Settings {
        /// The words.
        pub words: Global<u32>,
    }

    /// Words before those of the first expert.
    pub const SETTINGS_OF_ALL: u32 = 3;

    impl Settings {
        /// What all weights are multiplied by.
        pub fn scaling(self) -> f32 {
            f32::from_bits(self.words.read())
        }

        /// The physical expert that serves a token's choice. The replicas of an expert take turns
        /// by the number of the token.
        pub fn serving(self, expert: u32, token: u32) -> u32 {
            let mut target = expert;
            if self.words.at(1u32).read() != 0 {
                let place = self.words.at(SETTINGS_OF_ALL + expert);
                let start = place.read();
                let count = place.at(1u32).read() - start;
                let turn = self.words.at(2u32).read().wrapping_add(token) % count;
                target = self.words.at(start + turn).read();
            }
            target
        }
    }
}
