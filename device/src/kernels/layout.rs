//! Layout: from everybody's counts to the final position of every row and selection.

use crate::device;

/// The `layout` kernel.
#[device]
pub mod code {
    use crate::kernels::records::code::{Offsets, Room, Round};
    use crate::kernels::routing::code::route;
    use crate::kernels::signal::code::{BEGUN, LAYOUT, OVERFLOW, report, wait_for_all, warp_sees_fault};
    use crate::layout::code::{
        Destination, MAX_RANKS, NOWHERE, OVERFLOWING_EXPERT, OVERFLOWING_ROWS, OVERFLOWING_SLOTS,
        counter_count, slots_of_expert,
    };
    use crate::prelude::*;

    /// Says that nothing arrives at this rank. All warps of the grid, of which the first does it.
    pub fn clear_arrivals(offsets: Offsets, ranks: u32, local_experts: u32) {
        if warp_in_grid() == 0 {
            let mut source = lane();
            while source <= ranks {
                offsets.sources.at(source).write(0);
                source += WARP;
            }
            let mut local = lane();
            while local <= local_experts {
                offsets.experts.at(local).write(0);
                if local < local_experts {
                    offsets.expert_counts.at(local).write(0);
                }
                local += WARP;
            }
        }
    }

    /// Computes `destinations` for this rank's tokens, and how this rank's own arrivals are laid
    /// out.
    ///
    /// At each destination, rows are grouped by source rank and inside by token; slots are grouped
    /// by local expert and inside by source rank, token and position in top-k. Each expert's slots
    /// begin at a multiple of `room.alignment` or, with a `room.expert_capacity`, at a multiple of
    /// that. One warp per block, with the blocks of `count`.
    ///
    /// Every rank knows everybody's counts. If they exceed the room at any destination, all ranks
    /// record the same overflow before a single row is sent. A round that fails here has no
    /// arrivals: offsets and counts are zero, whatever reads them next.
    #[kernel(warps = 1)]
    pub fn layout<const TOP_K: u32, const EXPERTS: u32>(
        experts: Global<i32>,     // [tokens, TOP_K]: expert, or -1
        token_count: Global<u32>, // [1]
        chunk_tokens: u32,
        chunk_counts: Global<u32>, // [blocks, ranks + EXPERTS]: counts of the blocks before, from `count`
        matrix: Symmetric<u32>,    // [ranks, ranks + EXPERTS]
        destinations: Global<Destination>, // [tokens, TOP_K]
        offsets: Offsets,
        room: Room,
        round: Round,
    ) {
        let Round { rank, ranks, .. } = round;
        let experts_per_rank = EXPERTS / ranks;
        if warp_sees_fault(round.status) {
            clear_arrivals(offsets, ranks, experts_per_rank);
            return;
        }
        if !wait_for_all::<BEGUN>(round, round.epoch.read(), LAYOUT) {
            clear_arrivals(offsets, ranks, experts_per_rank);
            return;
        }
        warp_barrier();
        let tokens = token_count.read();
        let width = counter_count(ranks, EXPERTS);
        let next = shared::<u32>(counter_count(MAX_RANKS, EXPERTS)); // next row per rank, next slot per expert
        let totals = shared::<u32>(counter_count(MAX_RANKS, EXPERTS));

        let chunk = chunk_counts.at(block_in_grid() * width);
        let mut column = lane();
        while column < width {
            let mut before = chunk.at(column).read();
            let mut total = 0;
            for source in 0..ranks {
                let count = matrix.here.at(source * width + column).read();
                if source < rank {
                    before += count;
                }
                total += count;
            }
            next.at(column).write(before);
            totals.at(column).write(total);
            column += WARP;
        }
        warp_barrier();

        let mut base = 0;
        while base < ranks {
            let destination = base + lane();
            let mut problem = NOWHERE;
            let mut found = 0;
            if destination < ranks {
                let describe = destination == rank && block_in_grid() == 0;
                let mut offset = 0;
                for local in 0..experts_per_rank {
                    let cell = ranks + destination * experts_per_rank + local;
                    next.at(cell).write(next.at(cell).read() + offset);
                    let total = totals.at(cell).read();
                    if describe {
                        offsets.experts.at(local).write(offset);
                        offsets.expert_counts.at(local).write(total);
                    }
                    if room.expert_capacity != 0 && total > room.expert_capacity && problem == NOWHERE {
                        problem = OVERFLOWING_EXPERT + local;
                        found = total;
                    }
                    offset += slots_of_expert(total, room.alignment, room.expert_capacity);
                }
                let rows = totals.at(destination).read();
                if rows > room.rows {
                    problem = OVERFLOWING_ROWS;
                    found = rows;
                } else if offset > room.slots {
                    problem = OVERFLOWING_SLOTS;
                    found = offset;
                }
                if describe {
                    offsets.experts.at(experts_per_rank).write(offset);
                    let mut rows = 0;
                    for source in 0..ranks {
                        offsets.sources.at(source).write(rows);
                        rows += matrix.here.at(source * width + rank).read();
                    }
                    offsets.sources.at(ranks).write(rows);
                }
            }
            let overflowing = ballot(problem != NOWHERE);
            if overflowing != 0 {
                if lane() == overflowing.trailing_zeros() {
                    report(round.status, rank, OVERFLOW, LAYOUT, destination, problem, found);
                }
                warp_barrier();
                clear_arrivals(offsets, ranks, experts_per_rank);
                return;
            }
            base += WARP;
        }
        warp_barrier();

        let first = block_in_grid() * chunk_tokens;
        let end = tokens.min(first + chunk_tokens);
        let mut token = first;
        while token < end {
            let route = route::<TOP_K, EXPERTS>(experts, token, experts_per_rank);
            let twins = match_any(route.expert);
            let mut row = NOWHERE;
            let mut slot = NOWHERE;
            if route.leads() {
                row = next.at(route.rank).read();
                next.at(route.rank).write(row + 1);
            }
            if route.expert != NOWHERE {
                slot = next.at(ranks + route.expert).read() + (twins & lanes_below()).count_ones();
            }
            warp_barrier();
            if route.expert != NOWHERE && twins & lanes_below() == 0 {
                next.at(ranks + route.expert).write(slot + twins.count_ones());
            }
            warp_barrier();
            row = shuffle(row, route.leader());
            if lane() < TOP_K {
                let mut destination = Destination::NONE;
                if route.rank != NOWHERE {
                    destination = Destination { rank: route.rank, row, slot, leader: route.leader() };
                }
                destinations.at(token * TOP_K + lane()).write(destination);
            }
            token += 1;
        }
    }
}
