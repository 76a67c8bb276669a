//! What the kernels of a round are handed together: records of addresses and numbers, passed by
//! value.

use crate::device;

/// The records, in the order in which a round needs them.
#[device]
pub mod code {
    use crate::layout::code::{Origin, Selection};
    use crate::prelude::*;

    /// A round as all its kernels know it.
    #[derive(Clone, Copy, Debug)]
    pub struct Round {
        /// This rank.
        pub rank: u32,
        /// Ranks in all.
        pub ranks: u32,
        /// The collective call that this launch is part of; below 2^31. The same on all ranks that
        /// make the same call.
        pub call: u32,
        /// `[1]`: the number of the last round that this rank began, which flags hold.
        pub epoch: Global<u32>,
        /// Nanoseconds that a wait lasts at most.
        pub deadline: u64,
        /// `[STATUS_WORDS]`: what went wrong.
        pub status: Global<u32>,
        /// `[FLAG_KINDS, ranks]`: what each rank reached last (see `signal`).
        pub flags: Symmetric<u64>,
    }

    /// How much may arrive at a rank.
    #[derive(Clone, Copy, Debug)]
    pub struct Room {
        /// Slots that an expert's first one is a multiple of; at least 1.
        pub alignment: u32,
        /// Slots of every expert, used or not; 0 for as many as it needs.
        pub expert_capacity: u32,
        /// Rows in all.
        pub rows: u32,
        /// Slots in all.
        pub slots: u32,
    }

    /// Where this rank's arrivals lie.
    #[derive(Clone, Copy, Debug)]
    pub struct Offsets {
        /// `[ranks + 1]`: where each source's rows begin; the last is the number of arrived rows.
        pub sources: Global<u32>,
        /// `[local experts + 1]`: where each local expert's slots begin.
        pub experts: Global<u32>,
        /// `[local experts]`: how many slots each local expert uses.
        pub expert_counts: Global<u32>,
    }

    /// The rows that a rank brings.
    #[derive(Clone, Copy, Debug)]
    pub struct Outgoing {
        /// `[tokens, ROW_BYTES / 16]`, or twice as much if `quantises`.
        pub rows: Global<B128>,
        /// `[tokens, SIDE_WORDS]`, not read if `quantises`.
        pub sides: Global<u32>,
        /// 1: rows are bf16, to be quantised.
        pub quantises: u32,
    }

    /// Where rows arrive, with what belongs to them.
    #[derive(Clone, Copy, Debug)]
    pub struct Arrivals {
        /// `[arrived rows or slots, ROW_BYTES / 16]`.
        pub rows: Symmetric<B128>,
        /// `[arrived rows or slots, SIDE_WORDS]`.
        pub sides: Symmetric<u32>,
        /// `[arrived rows, TOP_K]`.
        pub selections: Symmetric<Selection>,
        /// `[arrived rows]`.
        pub origins: Symmetric<Origin>,
        /// `[slots]`: the arrived row that a slot takes.
        pub expert_rows: Symmetric<u32>,
        /// Rows up to which selections and origins are said to be none where nothing arrived; 0 to
        /// leave them as they are.
        pub rows_to_fill: u32,
        /// Slots up to which `expert_rows` is said to be none, in the same way.
        pub slots_to_fill: u32,
    }

    /// What experts made of the arrived rows.
    #[derive(Clone, Copy, Debug)]
    pub struct Outputs {
        /// `[slots or arrived rows, HIDDEN / 8]`: bf16.
        pub rows: Global<B128>,
        /// 1: one output per arrived row; 0: one per slot.
        pub by_row: u32,
        /// 1: outputs are multiplied by the router's weights.
        pub weighted: u32,
    }

    /// Numbers that travel home to their selections, one per slot.
    #[derive(Clone, Copy, Debug)]
    pub struct Values {
        /// 1: they travel; 0: there are none.
        pub travel: u32,
        /// `[slots]`.
        pub slots: Global<f32>,
        /// `[tokens, TOP_K]`: where they arrive.
        pub home: Symmetric<f32>,
    }

    /// What results start from.
    #[derive(Clone, Copy, Debug)]
    pub struct Biases {
        /// How many there are, 0 to 2.
        pub count: u32,
        /// `[tokens, HIDDEN / 8]`: bf16.
        pub first: Global<B128>,
        /// `[tokens, HIDDEN / 8]`: bf16.
        pub second: Global<B128>,
    }

    /// Where results go.
    #[derive(Clone, Copy, Debug)]
    pub struct Results {
        /// `[tokens, HIDDEN / 8]` of bf16, or `[tokens, HIDDEN / 4]` of f32.
        pub rows: Global<B128>,
        /// 1: results are f32.
        pub wide: u32,
    }
}
