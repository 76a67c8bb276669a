//! Counting: rows per destination rank and selections per expert.

use crate::device;

/// The `count` kernel.
#[device]
pub mod code {
    use crate::kernels::records::code::Round;
    use crate::kernels::routing::code::{route, selected};
    use crate::kernels::signal::code::{
        BAD_EXPERT, BEGUN, COUNT, DRAFT, FINE, TOO_MANY_TOKENS, announce, next_epoch, publish_draft, report,
    };
    use crate::layout::code::{MAX_RANKS, counter_count};
    use crate::prelude::*;

    /// Counts this rank's rows per destination rank (each token once per rank) and its selections
    /// per expert.
    ///
    /// One warp per block; block `b` counts the tokens from `b * chunk_tokens`. The last block to
    /// finish turns the blocks' counts into exclusive prefixes, publishes the totals in row `rank`
    /// of every peer's `matrix`, begins the next round, and announces it in its flags.
    ///
    /// After a round that failed it does nothing, so that nobody's counts change while a peer may
    /// still read those of that round.
    #[kernel(warps = 1)]
    pub fn count<const TOP_K: u32, const EXPERTS: u32>(
        experts: Global<i32>,     // [tokens, TOP_K]: expert, or -1
        token_count: Global<u32>, // [1]
        token_capacity: u32,
        chunk_tokens: u32,
        chunk_counts: Global<u32>, // [blocks, ranks + EXPERTS]: becomes the prefix over the blocks before
        finished: Global<u32>,     // blocks that are done; 0 before and after
        matrix: Symmetric<u32>,    // [ranks, ranks + EXPERTS]: the totals of every rank
        round: Round,
    ) {
        const {
            assert!(
                TOP_K >= 1 && TOP_K <= 32,
                "top_k must be 1 to 32, one lane per selection: {} is not",
                TOP_K
            )
        };
        const { assert!(EXPERTS >= 1 && EXPERTS <= 4096, "experts must be 1 to 4096: {} is not", EXPERTS) };
        const { assert!(TOP_K <= EXPERTS, "top_k must be at most experts ({}): {} is not", EXPERTS, TOP_K) };
        let Round { rank, ranks, .. } = round;
        // Nothing writes to the front of the record before all blocks are past this.
        if any(round.status.read() != FINE) {
            return;
        }
        let mut tokens = token_count.read();
        if tokens > token_capacity {
            if lane() == 0 {
                report(round.status.at(DRAFT), rank, TOO_MANY_TOKENS, COUNT, tokens, token_capacity, 0);
            }
            tokens = 0;
        }
        let width = counter_count(ranks, EXPERTS);
        let counters = shared::<u32>(counter_count(MAX_RANKS, EXPERTS));
        let mut column = lane();
        while column < width {
            counters.at(column).write(0);
            column += WARP;
        }
        warp_barrier();

        let first = block_in_grid() * chunk_tokens;
        let end = tokens.min(first + chunk_tokens);
        let mut token = first;
        while token < end {
            let route = route::<TOP_K, EXPERTS>(experts, token, EXPERTS / ranks);
            if route.expert < EXPERTS {
                counters.at(ranks + route.expert).fetch_add(1, Relaxed, Block);
            } else {
                let given = selected::<TOP_K>(experts, token);
                if given != -1 {
                    report(round.status.at(DRAFT), rank, BAD_EXPERT, COUNT, token, lane(), given as u32);
                }
            }
            if route.leads() {
                counters.at(route.rank).fetch_add(1, Relaxed, Block);
            }
            token += 1;
        }
        warp_barrier();

        let chunk = chunk_counts.at(block_in_grid() * width);
        column = lane();
        while column < width {
            chunk.at(column).write(counters.at(column).read());
            column += WARP;
        }
        warp_barrier();
        let mut before = 0;
        if lane() == 0 {
            before = finished.fetch_add(1, AcquireRelease, Gpu);
        }
        warp_barrier();
        if shuffle(before, 0) == blocks_in_grid() - 1 {
            column = lane();
            while column < width {
                let mut total = 0;
                for block in 0..blocks_in_grid() {
                    let cell = chunk_counts.at(block * width + column);
                    let here = cell.read();
                    cell.write(total);
                    total += here;
                }
                for peer in 0..ranks {
                    matrix.peers.rank(peer).at(rank * width + column).write(total);
                }
                column += WARP;
            }
            let mut epoch = 0;
            if lane() == 0 {
                finished.write(0);
                publish_draft(round.status);
                epoch = next_epoch(round.epoch);
            }
            warp_barrier();
            announce(round, BEGUN, shuffle(epoch, 0));
        }
    }
}
