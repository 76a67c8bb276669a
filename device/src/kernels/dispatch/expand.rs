//! Rows by expert, inside one rank: padding after each expert's rows, and copies for tokens that
//! several local experts want.

use crate::device;

/// What `dispatch` does at the receiving end when rows lie at their slots.
#[device]
pub mod code {
    use crate::kernels::records::code::Offsets;
    use crate::kernels::rows::code::copy_words_to_lanes;
    use crate::kernels::stager::code::{RowStager, has_bulk_copies};
    use crate::layout::code::{NOWHERE, Selection};
    use crate::library::fences::fence_async_global;
    use crate::prelude::*;

    /// Marks the slots that no selection takes, and fills their rows with zeros if `zeros` is 1.
    /// All warps of the grid.
    ///
    /// No peer writes to them, so this needs no waiting.
    pub fn pad(
        offsets: Offsets,
        local_experts: u32,
        zeros: u32,
        pieces: u32,            // per row
        side_words: u32,        // per row
        expert_rows: Peer<u32>, // [slots]
        rows: Peer<B128>,       // [slots, pieces]
        sides: Peer<u32>,       // [slots, side_words]
    ) {
        let mut expert = warp_in_grid();
        while expert < local_experts {
            let first = offsets.experts.at(expert).read() + offsets.expert_counts.at(expert).read();
            let end = offsets.experts.at(expert + 1).read();
            let mut slot = first + lane();
            while slot < end {
                expert_rows.at(slot).write(NOWHERE);
                slot += WARP;
            }
            if zeros != 0 {
                for slot in first..end {
                    let mut piece = lane();
                    while piece < pieces {
                        rows.at(slot as u64 * pieces as u64 + piece as u64).write(B128::ZERO);
                        piece += WARP;
                    }
                    let mut word = lane();
                    while word < side_words {
                        sides.at(slot as u64 * side_words as u64 + word as u64).write(0);
                        word += WARP;
                    }
                }
            }
            expert += warps_in_grid();
        }
    }

    /// Says of the elements from `first` to `end` that there is nothing. All warps of the grid.
    ///
    /// No peer writes to them, so this needs no waiting.
    pub fn clear_rest<T: Copy>(elements: Peer<T>, first: u32, end: u32, nothing: T) {
        let mut index = first + warp_in_grid() * WARP + lane();
        while index < end {
            elements.at(index).write(nothing);
            index += warps_in_grid() * WARP;
        }
    }

    /// Copies each row that arrived at its first slot to the further slots of its token on this
    /// rank. All warps of the grid, once everything has arrived. A row is read only if it has
    /// further slots.
    pub fn replicate<const TOP_K: u32>(
        stager: RowStager,
        selections: Global<Selection>, // [arrived rows, TOP_K]
        arrived: u32,
        pieces: u32,             // per row
        side_words: u32,         // per row
        rows_here: Global<B128>, // [slots, pieces]: this rank's
        rows: Peer<B128>,        // the same
        sides_here: Global<u32>, // [slots, side_words]: this rank's
        sides: Peer<u32>,        // the same
    ) {
        if has_bulk_copies() {
            // Bulk copies read what other blocks wrote, by whatever way, and said to be there.
            fence_async_global();
        }
        let mut stager = stager;
        let mut row = warp_in_grid();
        while row < arrived {
            let mut slot = NOWHERE;
            if lane() < TOP_K {
                slot = selections.at(row as u64 * TOP_K as u64 + lane() as u64).read().slot;
            }
            let chosen = ballot(slot != NOWHERE);
            let further = chosen & (chosen - 1);
            if further != 0 {
                let first = shuffle(slot, chosen.trailing_zeros());
                stager = stager.copy_to_lanes(
                    rows_here.at(first as u64 * pieces as u64),
                    rows.at(slot as u64 * pieces as u64),
                    pieces,
                    further,
                );
                copy_words_to_lanes(
                    sides_here.at(first as u64 * side_words as u64),
                    sides.at(slot as u64 * side_words as u64),
                    side_words,
                    further,
                );
            }
            row += warps_in_grid();
        }
        stager.close();
    }
}
