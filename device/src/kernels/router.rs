//! Routing: from logits to the experts of each token and their weights.

pub mod scores;
pub mod weights;

use crate::device;

/// The `router` kernel.
#[device]
pub mod code {
    use crate::kernels::router::scores::code::{
        MINUS_INFINITY, SOFTMAX, SOFTMAX_OF_CHOSEN, above, key_of, lanes_per_group, number, score,
        slots_per_lane, value_of,
    };
    use crate::kernels::router::weights::code::{Settings, weight};
    use crate::library::together::reduce_max;
    use crate::prelude::*;

    /// Warps per block: as many as have room for their keys in 48 KiB of shared memory, whatever
    /// the groups.
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

    /// The score by which experts are chosen, for what a slot holds: the logit, or its exponential
    /// for softmax with bias.
    pub fn choice_score<const SCORES: u32, const BIASED: bool>(
        value: f32,
        bias: Global<f32>,
        expert: u32,
        largest: f32,
        sum: f32,
    ) -> f32 {
        if !BIASED {
            value
        } else if SCORES == SOFTMAX_OF_CHOSEN {
            value + bias.at(expert).read()
        } else if SCORES == SOFTMAX {
            value / sum + bias.at(expert).read()
        } else {
            score::<SCORES>(value, largest, sum) + bias.at(expert).read()
        }
    }

    /// The slot of the highest logit among those of a lane's `mine` slots that hold the key `best`;
    /// `first` is the index of the lane's first logit.
    pub fn first_of_equals<const LOGIT_BYTES: u32>(
        keys: Shared<u32>,
        mine: u32,
        best: u32,
        logits: Global<B128>,
        first: u64,
    ) -> u32 {
        let mut found = 0u32;
        let mut highest = 0u32;
        for slot in 0..mine {
            if keys.at(slot * WARP).read() == best {
                let logit = key_of(logit_at::<LOGIT_BYTES>(logits, first + slot as u64));
                if logit > highest {
                    highest = logit;
                    found = slot;
                }
            }
        }
        found
    }

    /// Chooses each token's experts and computes their weights, one warp per token.
    ///
    /// A *score* is the score function of the logit. The *choice score* is the logit, whose order
    /// scores keep; with bias it is the score plus the expert's bias, or the logit plus its bias if
    /// scores are the softmax of the chosen. With groups, only the `TOP_GROUPS` groups with the
    /// highest group score take part; a group's score is the sum of its two highest choice scores,
    /// or its highest where there is no bias. The `TOP_K` experts with the highest choice scores
    /// are chosen, highest first. Among experts of equal choice score the higher logit wins, among
    /// groups of equal score that of their best experts; so saturated scores do not hide who is
    /// better. Among equals the lower index wins. Weights are the scores, without bias, divided by
    /// their sum if `NORMALISED`, times the scaling.
    ///
    /// A NaN logit, choice score or group score counts as minus infinity. If the sum is not
    /// positive and finite, normalised weights are 0.
    ///
    /// Each lane holds a run of consecutive experts of one group (`slots_per_lane`), so the lowest
    /// lane that has the highest key also has the lowest index. Softmax's sum takes each run from
    /// its first expert, then adds lanes 1, 2, 4, 8 and 16 apart.
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
        logits: Global<B128>,     // [tokens, EXPERTS]: f32, or bf16 if LOGIT_BYTES is 2
        bias: Global<f32>,        // [EXPERTS]; not read unless BIASED
        token_count: Global<u32>, // [1]
        token_capacity: u32,      // as many are routed at most
        settings: Settings,       // scaling, and replicas of the experts
        experts: Global<i32>,     // [tokens, TOP_K]: expert, or physical expert
        weights: Global<f32>,     // [tokens, TOP_K]
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
        const { assert!(SCORES <= SOFTMAX_OF_CHOSEN, "the score function must be 0 to 4: {} is not", SCORES) };
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
        // Slot `j` of lane `l` is at `32 j + l`: no two lanes share a bank, and no lane reads what
        // another wrote.
        let keys = shared::<u32>(WARPS * slots_per_lane(EXPERTS, GROUPS) * WARP)
            .at(warp_in_block() * slots * WARP + lane());

        let scaling = settings.scaling();
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
                        if BIASED {
                            place.write(exponential.to_bits());
                        }
                        sum += exponential;
                    }
                }
                #[unroll]
                for step in 0..5 {
                    sum += shuffle_xor(sum, 1 << step);
                }
            }

            // The two highest keys of this lane, and where the highest is. Where keys are equal,
            // which only a bias makes of different logits, the logits are looked up.
            let mut best = 0u32;
            let mut second = 0u32;
            let mut best_slot = 0u32;
            let mut equal = false;
            #[unroll]
            for slot in 0..slots_per_lane(EXPERTS, GROUPS) {
                if slot < mine {
                    let place = keys.at(slot * WARP);
                    let value = f32::from_bits(place.read());
                    let key = key_of(choice_score::<SCORES, BIASED>(value, bias, first + slot, largest, sum));
                    place.write(key);
                    if TOP_GROUPS < GROUPS {
                        second = second.max(key.min(best));
                    }
                    if BIASED {
                        equal |= key == best;
                    }
                    if key > best {
                        if BIASED {
                            equal = false;
                        }
                        best = key;
                        best_slot = slot;
                    }
                }
            }
            if BIASED && equal {
                best_slot = first_of_equals::<LOGIT_BYTES>(keys, mine, best, logits, row + first as u64);
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
                let mut same = false;
                #[unroll]
                for other in 0..GROUPS {
                    let other_key = shuffle(group_key, other * parts);
                    if other_key > group_key || other_key == group_key && other < group {
                        ahead += 1;
                    }
                    if BIASED {
                        same |= (other_key == group_key) & (other != group);
                    }
                }
                if BIASED && ballot(same && mine > 0) != 0 {
                    let mut tie = 0u32;
                    if best == group_best && mine > 0 {
                        tie = key_of(logit_at::<LOGIT_BYTES>(logits, row + (first + best_slot) as u64));
                    }
                    #[unroll]
                    for step in 0..5 {
                        if 1 << step < lanes_per_group(GROUPS) {
                            tie = tie.max(shuffle_xor(tie, 1 << step));
                        }
                    }
                    ahead = 0;
                    #[unroll]
                    for other in 0..GROUPS {
                        let other_key = shuffle(group_key, other * parts);
                        let other_tie = shuffle(tie, other * parts);
                        let by_tie = other_tie > tie || other_tie == tie && other < group;
                        if other_key > group_key || other_key == group_key && by_tie {
                            ahead += 1;
                        }
                    }
                }
                // A lane without a key is never the best again.
                if ahead >= TOP_GROUPS {
                    best = 0;
                }
            }

            let mut chosen = 0u32;
            for k in 0..TOP_K {
                let top = reduce_max(best);
                let owners = ballot(best == top);
                let mut owner = owners.trailing_zeros();
                if BIASED && owners & (owners - 1) != 0 {
                    let mut tie = 0u32;
                    if best == top && mine > 0 {
                        tie = key_of(logit_at::<LOGIT_BYTES>(logits, row + (first + best_slot) as u64));
                    }
                    let highest = reduce_max(tie);
                    owner = ballot(best == top && tie == highest).trailing_zeros();
                }
                let expert = shuffle(first + best_slot, owner);
                if lane() == k {
                    chosen = expert;
                }
                if lane() == owner && k + 1 < TOP_K {
                    keys.at(best_slot * WARP).write(0);
                    best = 0;
                    if BIASED {
                        equal = false;
                    }
                    #[unroll]
                    for slot in 0..slots_per_lane(EXPERTS, GROUPS) {
                        if slot < mine {
                            let key = keys.at(slot * WARP).read();
                            if BIASED {
                                equal |= key == best;
                            }
                            if key > best {
                                if BIASED {
                                    equal = false;
                                }
                                best = key;
                                best_slot = slot;
                            }
                        }
                    }
                    if BIASED && equal {
                        best_slot =
                            first_of_equals::<LOGIT_BYTES>(keys, mine, best, logits, row + first as u64);
                    }
                }
            }

            let mut logit = 0.0f32;
            if lane() < TOP_K {
                logit = logit_at::<LOGIT_BYTES>(logits, row + chosen as u64);
            }
            let weight = weight::<TOP_K, SCORES, NORMALISED>(lane() < TOP_K, logit, largest, sum);
            if lane() < TOP_K {
                experts.at(token * TOP_K + lane()).write(settings.serving(chosen, token) as i32);
                weights.at(token * TOP_K + lane()).write(weight * scaling);
            }
            token += warps_in_grid();
        }
    }
}
