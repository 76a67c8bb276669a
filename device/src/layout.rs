//! Layout arithmetic, once: called by the kernels, and by the host to size buffers.

use crate::device;

/// Sizes and records that kernels and host agree on.
#[device]
pub mod code {

    /// In place of an expert, rank, row or slot: there is none.
    pub const NOWHERE: u32 = 0xffff_ffff;

    /// Ranks that one NVLink domain may have.
    pub const MAX_RANKS: u32 = 128;

    /// Bytes per piece: what one lane moves at once.
    pub const PIECE_BYTES: u32 = 16;

    /// What overflows: the rows that arrive at a rank.
    pub const OVERFLOWING_ROWS: u32 = 0;
    /// What overflows: the slots of a rank, alignment included.
    pub const OVERFLOWING_SLOTS: u32 = 1;
    /// What overflows: the slots of one local expert, whose number is added.
    pub const OVERFLOWING_EXPERT: u32 = 2;

    /// Where one selection of a token goes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C, align(16))]
    pub struct Destination {
        /// Destination rank, or [`NOWHERE`].
        pub rank: u32,
        /// The token's row in that rank's arrival buffer.
        pub row: u32,
        /// The selection's slot in that rank's list, grouped by local expert.
        pub slot: u32,
        /// The first selection of the token that goes to the same rank: the one that carries the
        /// row.
        pub leader: u32,
    }

    impl Destination {
        /// A selection that goes nowhere.
        pub const NONE: Destination =
            Destination { rank: NOWHERE, row: NOWHERE, slot: NOWHERE, leader: NOWHERE };
    }

    /// One of an arrived row's selections, in the order of the token's top-k.
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(C, align(8))]
    pub struct Selection {
        /// Slot in this rank's list of expert inputs and outputs, or [`NOWHERE`] when the expert is
        /// on another rank.
        pub slot: u32,
        /// The router's weight; 0 without a slot.
        pub weight: f32,
    }

    /// Where an arrived row came from and its partial sum returns to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C, align(8))]
    pub struct Origin {
        /// Source rank.
        pub rank: u32,
        /// Row in the source rank's buffer of partial sums:
        /// `token * fan_out + position among the token's ranks`.
        pub index: u32,
    }

    /// Bytes of one row on the wire.
    pub const fn row_bytes(hidden: u32, element_bytes: u32) -> u32 {
        hidden * element_bytes
    }

    /// 16-byte pieces of one row on the wire.
    pub const fn row_pieces(hidden: u32, element_bytes: u32) -> u32 {
        row_bytes(hidden, element_bytes) / PIECE_BYTES
    }

    /// f32 scales that travel with a row; the last block may be shorter. 0 without block scaling.
    pub const fn scale_count(hidden: u32, scale_block: u32) -> u32 {
        if scale_block == 0 { 0 } else { hidden.div_ceil(scale_block) }
    }

    /// Counters that each rank publishes: rows per destination rank, then selections per expert.
    pub const fn counter_count(ranks: u32, experts: u32) -> u32 {
        ranks + experts
    }

    /// Slots that an expert with `count` selections takes: the next multiple of `alignment`, or
    /// `capacity`, if that is not 0.
    pub const fn slots_of_expert(count: u32, alignment: u32, capacity: u32) -> u32 {
        if capacity != 0 { capacity } else { count.next_multiple_of(alignment) }
    }

    /// Destination ranks that one token can have at most: rows per token in the buffer of partial
    /// sums.
    pub const fn fan_out(ranks: u32, top_k: u32) -> u32 {
        if ranks < top_k { ranks } else { top_k }
    }
}
