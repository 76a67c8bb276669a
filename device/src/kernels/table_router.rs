//! Routing by a table: the experts of a token follow from what token it is, their weights from its
//! logits.

use crate::device;

/// The `table_router` kernel.
#[device]
pub mod code {
    use crate::kernels::router::code::logit_at;
    use crate::kernels::router::scores::code::{
        MINUS_INFINITY, SOFTMAX, SOFTMAX_OF_CHOSEN, above, lanes_per_group, slots_per_lane,
    };
    use crate::kernels::router::weights::code::{Settings, weight};
    use crate::prelude::*;

    /// Looks up each token's experts and computes their weights, one warp per token.
    ///
    /// Token identifiers are rows of `table`: the layers of DeepSeek-V4 that route by a hash of the
    /// token are such tables. An entry of -1 chooses nothing, and so does an identifier beyond the
    /// table. Weights are what [`router`](fn@crate::kernels::router::code::router) gives these
    /// experts, those of nothing 0; a normalised gate divides by the sum of the others.
    #[kernel(warps = 2)]
    pub fn table_router<
        const EXPERTS: u32,
        const GROUPS: u32,
        const TOP_K: u32,
        const SCORES: u32,
        const NORMALISED: bool,
        const LOGIT_BYTES: u32,
    >(
        logits: Global<B128>,     // [tokens, EXPERTS]: f32, or bf16 if LOGIT_BYTES is 2
        token_ids: Global<u32>,   // [tokens]
        table: Global<i32>,       // [vocabulary, TOP_K]: experts, or -1
        vocabulary: u32,          // rows of the table
        token_count: Global<u32>, // [1]
        token_capacity: u32,      // as many are routed at most
        settings: Settings,       // scaling, and replicas of the experts
        experts: Global<i32>,     // [tokens, TOP_K]: expert, or physical expert, or -1
        weights: Global<f32>,     // [tokens, TOP_K]
    ) {
        const { assert!(EXPERTS >= 1, "experts must be 1 or more: {} is not", EXPERTS) };
        const {
            assert!(
                GROUPS >= 1 && GROUPS <= WARP,
                "groups must be 1 to 32, one lane or more each: {} is not",
                GROUPS
            )
        };
        const {
            assert!(
                TOP_K >= 1 && TOP_K <= WARP,
                "top_k must be 1 to 32, one lane per selection: {} is not",
                TOP_K
            )
        };
        const { assert!(SCORES <= SOFTMAX_OF_CHOSEN, "the score function must be 0 to 4: {} is not", SCORES) };
        let tokens = token_count.read().min(token_capacity);
        let size = EXPERTS / GROUPS;
        let parts = lanes_per_group(GROUPS);
        let slots = slots_per_lane(EXPERTS, GROUPS);
        // The experts whose exponentials this lane adds up, as in `router`.
        let part = lane() % parts * slots;
        let first = lane() / parts * size + part;
        let mine = if lane() / parts < GROUPS { size.saturating_sub(part).min(slots) } else { 0 };

        let scaling = settings.scaling();
        let mut token = warp_in_grid();
        while token < tokens {
            let row = token as u64 * EXPERTS as u64;
            let mut largest = f32::from_bits(MINUS_INFINITY);
            let mut sum = 0.0f32;
            if SCORES == SOFTMAX {
                for slot in 0..mine {
                    largest = largest.max(logit_at::<LOGIT_BYTES>(logits, row + (first + slot) as u64));
                }
                #[unroll]
                for step in 0..5 {
                    largest = largest.max(shuffle_xor(largest, 1 << step));
                }
                for slot in 0..mine {
                    sum += above(logit_at::<LOGIT_BYTES>(logits, row + (first + slot) as u64), largest);
                }
                #[unroll]
                for step in 0..5 {
                    sum += shuffle_xor(sum, 1 << step);
                }
            }

            let mut chosen = -1;
            let mut logit = 0.0f32;
            if lane() < TOP_K {
                let id = token_ids.at(token).read();
                if id < vocabulary {
                    chosen = table.at(id as u64 * TOP_K as u64 + lane() as u64).read();
                }
                if chosen >= 0 {
                    logit = logit_at::<LOGIT_BYTES>(logits, row + chosen as u64);
                }
            }
            let weight = weight::<TOP_K, SCORES, NORMALISED>(chosen >= 0, logit, largest, sum);
            if lane() < TOP_K {
                if chosen >= 0 {
                    chosen = settings.serving(chosen as u32, token) as i32;
                }
                experts.at(token * TOP_K + lane()).write(chosen);
                weights.at(token * TOP_K + lane()).write(weight * scaling);
            }
            token += warps_in_grid();
        }
    }
}
