//! Dispatch: rows leave for the ranks that hold their experts.

pub mod expand;
pub mod quantise;

use crate::device;

/// The `dispatch` kernel.
#[device]
pub mod code {
    use crate::kernels::dispatch::expand::code::{clear_rest, pad, replicate};
    use crate::kernels::dispatch::quantise::code::{NEVER, quantise_to_lanes};
    use crate::kernels::records::code::{Arrivals, Offsets, Outgoing, Round};
    use crate::kernels::rows::code::copy_words_to_lanes;
    use crate::kernels::signal::code::{ARRIVED, DISPATCH, announce, block_sees_fault, wait_for_all};
    use crate::kernels::stager::code::RowStager;
    use crate::layout::code::{Destination, NOWHERE, Origin, PIECE_BYTES, Selection, fan_out};
    use crate::prelude::*;

    /// Sends every row once to each rank that needs it, straight to its place there, with its side
    /// record and selections.
    ///
    /// Rows travel as they are or, if `FORMAT` names 8-bit floats and `quantises`, are bf16 that
    /// become those, with scales as `SCALES` and `BLOCK` say in the side record. One warp per
    /// token. A row is read once, whatever the number of destinations, and crosses each link once.
    /// The last block to finish announces the round and waits until all peers have announced
    /// theirs.
    ///
    /// Rows lie by source or, with `by_expert`, at their slots. Then a row that several local
    /// experts want arrives at the first of its slots and is copied to the others by the rank
    /// itself, for which all blocks wait; so all must be resident at once.
    #[kernel(warps = 8)]
    pub fn dispatch<
        const ROW_BYTES: u32,
        const SIDE_WORDS: u32,
        const TOP_K: u32,
        const FORMAT: u32,
        const SCALES: u32,
        const BLOCK: u32,
    >(
        outgoing: Outgoing,
        weights: Global<f32>,              // [tokens, TOP_K]
        destinations: Global<Destination>, // [tokens, TOP_K]
        token_count: Global<u32>,          // [1]
        by_expert: u32,                    // 1: rows lie at their slots; 0: rows lie by source
        zero_padding: u32,                 // 1: rows of slots that nobody takes become zeros
        local_experts: u32,
        offsets: Offsets,
        arrivals: Arrivals,
        finished: Global<u32>, // blocks that are done; 0 before and after
        round: Round,
    ) {
        const {
            assert!(
                ROW_BYTES >= PIECE_BYTES && ROW_BYTES <= 131072,
                "rows must be 16 to 131072 bytes: {} are not",
                ROW_BYTES
            );
            assert!(
                ROW_BYTES % PIECE_BYTES == 0,
                "rows must be a multiple of 16 bytes: {} bytes are not",
                ROW_BYTES
            );
            assert!(
                SIDE_WORDS <= 32768,
                "side tensors must be at most 131072 bytes per row: {} words are not",
                SIDE_WORDS
            );
            assert!(
                FORMAT == NEVER || BLOCK == 16 || BLOCK == 32 || BLOCK == 64 || BLOCK == 128,
                "quantised blocks must be 16, 32, 64 or 128 elements: {} is not",
                BLOCK
            );
        };
        let Round { rank, ranks, .. } = round;
        let Outgoing { rows, sides, quantises } = outgoing;
        if block_sees_fault(round.status) {
            return;
        }
        let tokens = token_count.read();
        let pieces = ROW_BYTES / PIECE_BYTES;
        let fan_out = fan_out(ranks, TOP_K);
        let mut stager = RowStager::open();

        let mut token = warp_in_grid();
        while token < tokens {
            let mut destination = Destination::NONE;
            let mut weight = 0.0;
            if lane() < TOP_K {
                destination = destinations.at(token * TOP_K + lane()).read();
                weight = weights.at(token * TOP_K + lane()).read();
            }
            let leads = destination.rank != NOWHERE && destination.leader == lane();
            let leaders = ballot(leads);
            // The row crosses the link once: to its own place, or to the slot of the first expert
            // that wants it.
            let mut index = destination.row;
            if by_expert != 0 {
                index = destination.slot;
            }

            // Each leader knows where its rank wants the row; the lanes then follow the leaders one
            // by one.
            let mut target = arrivals.rows.peers.rank(rank);
            let mut sides_target = arrivals.sides.peers.rank(rank);
            if leads {
                target = arrivals.rows.peers.rank(destination.rank).at(index as u64 * pieces as u64);
                sides_target =
                    arrivals.sides.peers.rank(destination.rank).at(index as u64 * SIDE_WORDS as u64);
            }
            if leaders != 0 {
                if FORMAT != NEVER && quantises != 0 {
                    quantise_to_lanes::<ROW_BYTES, SIDE_WORDS, FORMAT, SCALES, BLOCK>(
                        rows.at(token as u64 * (2 * pieces) as u64),
                        target,
                        sides_target,
                        leaders,
                    );
                } else {
                    stager =
                        stager.copy_to_lanes(rows.at(token as u64 * pieces as u64), target, pieces, leaders);
                    copy_words_to_lanes(
                        sides.at(token as u64 * SIDE_WORDS as u64),
                        sides_target,
                        SIDE_WORDS,
                        leaders,
                    );
                }
            }

            let mut position = 0;
            let mut remaining = leaders;
            while remaining != 0 {
                let leader = remaining.trailing_zeros();
                let to = shuffle(destination.rank, leader);
                let row = shuffle(destination.row, leader);
                if lane() < TOP_K {
                    let mut selection = Selection { slot: NOWHERE, weight: 0.0 };
                    if destination.rank == to {
                        selection = Selection { slot: destination.slot, weight };
                        arrivals.expert_rows.peers.rank(to).at(destination.slot).write(row);
                    }
                    arrivals
                        .selections
                        .peers
                        .rank(to)
                        .at(row as u64 * TOP_K as u64 + lane() as u64)
                        .write(selection);
                }
                if lane() == leader {
                    arrivals
                        .origins
                        .peers
                        .rank(to)
                        .at(row)
                        .write(Origin { rank, index: token * fan_out + position });
                }
                position += 1;
                remaining &= remaining - 1;
            }
            token += warps_in_grid();
        }

        if by_expert != 0 {
            pad(
                offsets,
                local_experts,
                zero_padding,
                pieces,
                SIDE_WORDS,
                arrivals.expert_rows.peers.rank(rank),
                arrivals.rows.peers.rank(rank),
                arrivals.sides.peers.rank(rank),
            );
        }

        if arrivals.slots_to_fill != 0 {
            let slots = offsets.experts.at(local_experts).read();
            let nothing = Selection { slot: NOWHERE, weight: 0.0 };
            let nowhere = Origin { rank: NOWHERE, index: NOWHERE };
            let rows = offsets.sources.at(ranks).read();
            clear_rest(arrivals.expert_rows.peers.rank(rank), slots, arrivals.slots_to_fill, NOWHERE);
            clear_rest(
                arrivals.selections.peers.rank(rank),
                rows * TOP_K,
                arrivals.rows_to_fill * TOP_K,
                nothing,
            );
            clear_rest(arrivals.origins.peers.rank(rank), rows, arrivals.rows_to_fill, nowhere);
        }

        stager.complete();
        let last = shared::<u32>(1);
        let complete = shared::<u32>(1);
        block_barrier();
        if thread_in_block() == 0 {
            let before = finished.fetch_add(1, AcquireRelease, Gpu);
            last.write((before == blocks_in_grid() - 1) as u32);
        }
        block_barrier();
        if warp_in_block() == 0 {
            let epoch = round.epoch.read();
            let is_last = last.read() == 1;
            if is_last {
                if lane() == 0 {
                    finished.write(0);
                }
                announce(round, ARRIVED, epoch);
            }
            let mut in_time = true;
            if is_last || by_expert != 0 {
                in_time = wait_for_all::<ARRIVED>(round, epoch, DISPATCH);
            }
            if lane() == 0 {
                complete.write(in_time as u32);
            }
        }
        if by_expert != 0 {
            block_barrier();
            if complete.read() != 0 {
                replicate::<TOP_K>(
                    stager,
                    arrivals.selections.here,
                    offsets.sources.at(ranks).read(),
                    pieces,
                    SIDE_WORDS,
                    arrivals.rows.here,
                    arrivals.rows.peers.rank(rank),
                    arrivals.sides.here,
                    arrivals.sides.peers.rank(rank),
                );
            }
        }
    }
}
