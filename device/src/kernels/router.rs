//! Routing: from logits to the experts of each token and their weights.

pub mod scores;

use crate::device;

/// The `router` kernel.
#[device]
pub mod code {
    use crate::kernels::router::scores::code::{
        IDENTITY, INFINITY, MINUS_INFINITY, SOFTMAX, above, key_of, lanes_per_group, number, score,
        slots_per_lane, value_of,
    };
    use crate::prelude::*;

    /// Warps per block: as many as have room for their keys in 48 KiB of shared memory, whatever the groups.
    pub const WARPS: u32 = 2;

    /// The most experts.
    pub const MAX_EXPERTS: u32 = 2048;

    /// Four bf16 that move in one instruction.
    #[derive(Clone, Copy, Debug)]
    #[repr(C, align(8))]
    pub struct Bf16Quad {
        /// The first two.
        pub low: u32,
        /// The last two.
        pub high: u32,
    }

    /// One logit, NaN as minus infinity.
    pub fn logit_at<const LOGIT_BYTES: u32>(logits: Global<B128>, index: u64) -> f32 {
        if LOGIT_BYTES == 2 {
            number(bf16_low(logits.cast::<u16>().at(index).read() as u32))
        } else {
            number(logits.cast::<f32>().at(index).read())
        }
    }

    /// Four words as f32, NaN as minus infinity.
    pub fn numbers(words: B128) -> (f32, f32, f32, f32) {
        (
            number(f32::from_bits(words.x)),
            number(f32::from_bits(words.y)),
            number(f32::from_bits(words.z)),
            number(f32::from_bits(words.w)),
        )
    }

    /// Logits `4 * quad` to `4 * quad + 3`, NaN as minus infinity.
    pub fn logit_quad<const LOGIT_BYTES: u32>(logits: Global<B128>, quad: u64) -> (f32, f32, f32, f32) {
        if LOGIT_BYTES == 2 {
            let pairs = logits.cast::<Bf16Quad>().at(quad).read();
            numbers(B128 {
                x: pairs.low << 16,
                y: pairs.low & 0xffff_0000,
                z: pairs.high << 16,
                w: pairs.high & 0xffff_0000,
            })
        } else {
            numbers(logits.at(quad).read())
        }
    }

    /// Chooses each token's experts and computes their weights, one warp per token.
    ///
    /// A *score* is the score function of the logit; a *choice score* is the score plus the expert's bias. With groups, only the
    /// `TOP_GROUPS` groups with the highest group score take part; a group's score is the sum of its two highest choice scores,
    /// or its highest where there is no bias. The `TOP_K` experts with the highest choice scores are chosen, highest first.
    /// Among equals the lower index wins, for groups and experts. Weights are the scores, without bias, divided by their
    /// sum if `NORMALISED`, times `scaling`.
    ///
    /// A NaN logit, choice score or group score counts as minus infinity. If the sum is not positive and finite,
    /// normalised weights are 0.
    ///
    /// Each lane holds a run of consecutive experts of one group (`slots_per_lane`), so the lowest lane that has the
    /// highest key also has the lowest index. Softmax's sum takes each run from its first expert, then adds lanes 1, 2, 4, 8 and
    /// 16 apart.
    #[kernel(warps = 2)]
    pub fn router<
        const EXPERTS: u32,
        const GROUPS: u32,
        const TOP_GROUPS: u32,
        const TOP_K: u32,
        const SCORES: u32,
        const BIASED: bool,
        const NORMALISED: bool,
        const LOGIT_BYTES: u32,
    >(
        logits: Global<B128>, // [tokens, EXPERTS]: f32, or bf16 if LOGIT_BYTES is 2
        bias: Global<f32>,    // [EXPERTS]; not read unless BIASED
        scaling: f32,
        token_count: Global<u32>,     // [1]
        token_capacity: u32,          // as many are routed at most
        replicated: u32,              // 1 if experts have replicas, else 0
        replica_offsets: Global<u32>, // [EXPERTS + 1]: where each expert's replicas begin
        replicas: Global<u32>,        // [physical experts], grouped by expert
        first_number: u32,            // the number of token 0, by which replicas take turns
        experts: Global<i32>,         // [tokens, TOP_K]: expert, or physical expert
        weights: Global<f32>,         // [tokens, TOP_K]
    ) {
        const { assert!(EXPERTS >= 1 && EXPERTS <= MAX_EXPERTS, "experts must be 1 to 2048: {} is not", EXPERTS) };
        const {
            assert!(
                GROUPS >= 1 && GROUPS <= WARP,
                "groups must be 1 to 32, one lane or more each: {} is not",
                GROUPS
            )
        };
        const {
            assert!(
                EXPERTS % GROUPS == 0,
                "experts must be a multiple of groups ({}): {} is not",
                GROUPS,
                EXPERTS
            )
        };
        const {
            assert!(
                TOP_GROUPS >= 1 && TOP_GROUPS <= GROUPS,
                "top_groups must be 1 to groups ({}): {} is not",
                GROUPS,
                TOP_GROUPS
            )
        };
        const {
            assert!(
                TOP_K >= 1 && TOP_K <= WARP,
                "top_k must be 1 to 32, one lane per selection: {} is not",
                TOP_K
            )
        };
        const {
            assert!(
                TOP_K <= TOP_GROUPS * (EXPERTS / GROUPS),
                "top_k must be at most the experts of top_groups ({}) groups of {}: {} is not",
                TOP_GROUPS,
                EXPERTS / GROUPS,
                TOP_K
            )
        };
        const { assert!(SCORES <= IDENTITY, "the score function must be 0 to 2: {} is not", SCORES) };
        const {
            assert!(
                LOGIT_BYTES == 2 || LOGIT_BYTES == 4,
                "logits must have 2 or 4 bytes: {} is not",
                LOGIT_BYTES
            )
        };
        let tokens = token_count.read().min(token_capacity);
        let size = EXPERTS / GROUPS;
        let parts = lanes_per_group(GROUPS);
        let slots = slots_per_lane(EXPERTS, GROUPS);
        let group = lane() / parts;
        let part = lane() % parts;
        let first = group * size + part * slots;
        // Experts that this lane holds.
        let mut mine = slots;
        if GROUPS * parts != WARP || parts * slots != size {
            mine = if group < GROUPS { size.saturating_sub(part * slots).min(slots) } else { 0 };
        }
        // Slot `j` of lane `l` is at `32 j + l`: no two lanes share a bank, and no lane reads what another wrote.
        let keys = shared::<u32>(WARPS * slots_per_lane(EXPERTS, GROUPS) * WARP)
            .at(warp_in_block() * slots * WARP + lane());

        let mut token = warp_in_grid();
        while token < tokens {
            let row = token as u64 * EXPERTS as u64;
            let mut largest = f32::from_bits(MINUS_INFINITY);
            if size % 4 == 0 && slots % 4 == 0 {
                #[unroll]
                for quad in 0..slots_per_lane(EXPERTS, GROUPS) / 4 {
                    if quad * 4 < mine {
                        let (a, b, c, d) =
                            logit_quad::<LOGIT_BYTES>(logits, (row + first as u64) / 4 + quad as u64);
                        let place = keys.at(quad * 4 * WARP);
                        place.write(a.to_bits());
                        place.at(WARP).write(b.to_bits());
                        place.at(2 * WARP).write(c.to_bits());
                        place.at(3 * WARP).write(d.to_bits());
                        if SCORES == SOFTMAX {
                            largest = largest.max(a).max(b).max(c).max(d);
                        }
                    }
                }
            } else {
                #[unroll]
                for slot in 0..slots_per_lane(EXPERTS, GROUPS) {
                    if slot < mine {
                        let logit = logit_at::<LOGIT_BYTES>(logits, row + (first + slot) as u64);
                        keys.at(slot * WARP).write(logit.to_bits());
                        if SCORES == SOFTMAX {
                            largest = largest.max(logit);
                        }
                    }
                }
            }

            let mut sum = 0.0f32;
            if SCORES == SOFTMAX {
                #[unroll]
                for step in 0..5 {
                    largest = largest.max(shuffle_xor(largest, 1 << step));
                }
                #[unroll]
                for slot in 0..slots_per_lane(EXPERTS, GROUPS) {
                    if slot < mine {
                        let place = keys.at(slot * WARP);
                        let exponential = above(f32::from_bits(place.read()), largest);
                        place.write(exponential.to_bits());
                        sum += exponential;
                    }
                }
                #[unroll]
                for step in 0..5 {
                    sum += shuffle_xor(sum, 1 << step);
                }
            }

            // The two highest keys of this lane, and where the highest is.
            let mut best = 0u32;
            let mut second = 0u32;
            let mut best_slot = 0u32;
            #[unroll]
            for slot in 0..slots_per_lane(EXPERTS, GROUPS) {
                if slot < mine {
                    let place = keys.at(slot * WARP);
                    let value = f32::from_bits(place.read());
                    let mut choice =
                        if SCORES == SOFTMAX { value / sum } else { score::<SCORES>(value, largest, sum) };
                    if BIASED {
                        choice += bias.at(first + slot).read();
                    }
                    let key = key_of(choice);
                    place.write(key);
                    if TOP_GROUPS < GROUPS {
                        second = second.max(key.min(best));
                    }
                    if key > best {
                        best = key;
                        best_slot = slot;
                    }
                }
            }

            if TOP_GROUPS < GROUPS {
                let mut group_best = best;
                #[unroll]
                for step in 0..5 {
                    if 1 << step < lanes_per_group(GROUPS) {
                        let other_best = shuffle_xor(group_best, 1 << step);
                        let other_second = shuffle_xor(second, 1 << step);
                        second = second.max(other_second).max(group_best.min(other_best));
                        group_best = group_best.max(other_best);
                    }
                }
                let mut group_score = value_of(group_best);
                if BIASED && size > 1 {
                    group_score += value_of(second);
                }
                let group_key = key_of(group_score);
                let mut ahead = 0u32;
                #[unroll]
                for other in 0..GROUPS {
                    let other_key = shuffle(group_key, other * parts);
                    if other_key > group_key || other_key == group_key && other < group {
                        ahead += 1;
                    }
                }
                // A lane without a key is never the best again.
                if ahead >= TOP_GROUPS {
                    best = 0;
                }
            }

            let mut chosen = 0u32;
            for k in 0..TOP_K {
                let mut top = best;
                #[unroll]
                for step in 0..5 {
                    top = top.max(shuffle_xor(top, 1 << step));
                }
                let owner = ballot(best == top).trailing_zeros();
                let expert = shuffle(first + best_slot, owner);
                if lane() == k {
                    chosen = expert;
                }
                if lane() == owner && k + 1 < TOP_K {
                    keys.at(best_slot * WARP).write(0);
                    best = 0;
                    #[unroll]
                    for slot in 0..slots_per_lane(EXPERTS, GROUPS) {
                        if slot < mine {
                            let key = keys.at(slot * WARP).read();
                            if key > best {
                                best = key;
                                best_slot = slot;
                            }
                        }
                    }
                }
            }

            let mut weight = 0.0f32;
            if lane() < TOP_K {
                weight = score::<SCORES>(logit_at::<LOGIT_BYTES>(logits, row + chosen as u64), largest, sum);
            }
            if NORMALISED {
                let mut total = 0.0f32;
                #[unroll]
                for k in 0..TOP_K {
                    total += shuffle(weight, k);
                }
                weight = if total > 0.0 && total < f32::from_bits(INFINITY) { weight / total } else { 0.0 };
            }
            if lane() < TOP_K {
                let mut target = chosen;
                if replicated != 0 {
                    let start = replica_offsets.at(chosen).read();
                    let count = replica_offsets.at(chosen + 1).read() - start;
                    target = replicas.at(start + first_number.wrapping_add(token) % count).read();
                }
                experts.at(token * TOP_K + lane()).write(target as i32);
                weights.at(token * TOP_K + lane()).write(weight * scaling);
            }
            token += warps_in_grid();
        }
    }
}
