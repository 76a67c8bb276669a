//! Dispatch: rows leave for the ranks that hold their experts.

use crate::device;

/// The `dispatch` kernel.
#[device]
pub mod code {
    use crate::kernels::signal::code::{DISPATCH, announce, block_sees_fault, wait_for_all};
    use crate::layout::code::{
        NOWHERE, Origin, PIECE_BYTES, Place, Selection, fan_out, row_bytes, row_pieces, scale_count,
    };
    use crate::prelude::*;

    /// Pieces that each lane holds in registers while it writes them to every destination.
    pub const PIECES_IN_FLIGHT: usize = 4;

    /// Sends every row once to each rank that needs it, straight to its place there, with its scales and selections.
    ///
    /// One warp per token. A row is read once, whatever the number of destinations. The last block to finish announces
    /// `epoch` in the peers' `arrived` flags and waits until all peers have announced theirs.
    #[kernel(warps = 8)]
    pub fn dispatch<const HIDDEN: u32, const ELEMENT_BYTES: u32, const SCALE_BLOCK: u32, const TOP_K: u32>(
        rows: Global<B128>,    // [tokens, HIDDEN * ELEMENT_BYTES / 16]
        scales: Global<u32>,   // [tokens, scales]: f32 bits
        weights: Global<f32>,  // [tokens, TOP_K]
        places: Global<Place>, // [tokens, TOP_K]
        tokens: u32,
        arrived_rows: Peers<B128>,    // [arrived rows, HIDDEN * ELEMENT_BYTES / 16]
        arrived_scales: Peers<u32>,   // [arrived rows, scales]
        selections: Peers<Selection>, // [arrived rows, TOP_K]
        origins: Peers<Origin>,       // [arrived rows]
        expert_rows: Peers<u32>,      // [slots]: the arrived row that a slot takes
        arrived: Peers<u32>,          // [ranks]: flags
        arrived_here: Global<u32>,    // [ranks]: this rank's copy
        finished: Global<u32>,        // blocks that are done; 0 before and after
        rank: u32,
        ranks: u32,
        epoch: u32,
        deadline: u64,
        status: Global<u32>,
    ) {
        const {
            assert!(HIDDEN >= 1 && HIDDEN <= 65536, "hidden must be 1 to 65536: {} is not", HIDDEN);
            assert!(
                row_bytes(HIDDEN, ELEMENT_BYTES) % PIECE_BYTES == 0,
                "hidden must make rows a multiple of 16 bytes: {} elements of {} bytes do not",
                HIDDEN,
                ELEMENT_BYTES
            );
        };
        if block_sees_fault(status) {
            return;
        }
        let pieces = row_pieces(HIDDEN, ELEMENT_BYTES);
        let scale_words = scale_count(HIDDEN, SCALE_BLOCK);
        let fan_out = fan_out(ranks, TOP_K);

        let mut token = warp_in_grid();
        while token < tokens {
            let mut place = Place::NONE;
            let mut weight = 0.0;
            if lane() < TOP_K {
                place = places.at(token * TOP_K + lane()).read();
                weight = weights.at(token * TOP_K + lane()).read();
            }
            let leads = place.rank != NOWHERE && place.leader == lane();
            let leaders = ballot(leads);

            // Each leader knows where its rank wants the row; the lanes then follow the leaders one by one.
            let mut target = arrived_rows.rank(rank);
            if leads {
                target = arrived_rows.rank(place.rank).at(place.row as u64 * pieces as u64);
            }
            let source = rows.at(token as u64 * pieces as u64);
            let mut base = 0;
            while leaders != 0 && base < pieces {
                let mut data = [B128::ZERO; PIECES_IN_FLIGHT];
                #[unroll]
                for i in 0..PIECES_IN_FLIGHT {
                    let piece = base + i as u32 * WARP + lane();
                    if piece < pieces {
                        data[i] = source.at(piece).read();
                    }
                }
                let mut remaining = leaders;
                while remaining != 0 {
                    let destination = shuffle(target, remaining.trailing_zeros());
                    #[unroll]
                    for i in 0..PIECES_IN_FLIGHT {
                        let piece = base + i as u32 * WARP + lane();
                        if piece < pieces {
                            destination.at(piece).write(data[i]);
                        }
                    }
                    remaining &= remaining - 1;
                }
                base += PIECES_IN_FLIGHT as u32 * WARP;
            }

            let mut base = 0;
            while leaders != 0 && base < scale_words {
                let word = base + lane();
                let mut scale = 0;
                if word < scale_words {
                    scale = scales.at(token as u64 * scale_words as u64 + word as u64).read();
                }
                let mut remaining = leaders;
                while remaining != 0 {
                    let to = shuffle(place.rank, remaining.trailing_zeros());
                    let row = shuffle(place.row, remaining.trailing_zeros());
                    if word < scale_words {
                        arrived_scales
                            .rank(to)
                            .at(row as u64 * scale_words as u64 + word as u64)
                            .write(scale);
                    }
                    remaining &= remaining - 1;
                }
                base += WARP;
            }

            let mut position = 0;
            let mut remaining = leaders;
            while remaining != 0 {
                let leader = remaining.trailing_zeros();
                let to = shuffle(place.rank, leader);
                let row = shuffle(place.row, leader);
                if lane() < TOP_K {
                    let mut selection = Selection { slot: NOWHERE, weight: 0.0 };
                    if place.rank == to {
                        selection = Selection { slot: place.slot, weight };
                        expert_rows.rank(to).at(place.slot).write(row);
                    }
                    selections.rank(to).at(row as u64 * TOP_K as u64 + lane() as u64).write(selection);
                }
                if lane() == leader {
                    origins.rank(to).at(row).write(Origin { rank, index: token * fan_out + position });
                }
                position += 1;
                remaining &= remaining - 1;
            }
            token += warps_in_grid();
        }

        let last = shared::<u32>(1);
        block_barrier();
        if thread_in_block() == 0 {
            let before = finished.fetch_add(1, AcquireRelease, Gpu);
            last.write((before == blocks_in_grid() - 1) as u32);
        }
        block_barrier();
        if last.read() == 1 && warp_in_block() == 0 {
            if lane() == 0 {
                finished.write(0);
            }
            announce(arrived, rank, ranks, epoch);
            wait_for_all(arrived_here, ranks, epoch, deadline, status, DISPATCH);
        }
    }
}
