//! Combine: expert outputs come home and are summed.

use crate::device;

/// The `combine` kernel.
#[device]
pub mod code {
    use crate::kernels::signal::code::{COMBINE, announce, block_sees_fault, wait_for_all};
    use crate::layout::code::{
        NOWHERE, Origin, PIECE_BYTES, Place, Selection, fan_out, row_bytes, row_pieces,
    };
    use crate::prelude::*;

    /// Bytes of a bf16.
    pub const BF16_BYTES: u32 = 2;

    /// `sums + weight * values`, each of the eight rounded once.
    pub fn accumulate(sums: [f32; 8], weight: f32, values: B128) -> [f32; 8] {
        [
            weight.mul_add(bf16_low(values.x), sums[0]),
            weight.mul_add(bf16_high(values.x), sums[1]),
            weight.mul_add(bf16_low(values.y), sums[2]),
            weight.mul_add(bf16_high(values.y), sums[3]),
            weight.mul_add(bf16_low(values.z), sums[4]),
            weight.mul_add(bf16_high(values.z), sums[5]),
            weight.mul_add(bf16_low(values.w), sums[6]),
            weight.mul_add(bf16_high(values.w), sums[7]),
        ]
    }

    /// Eight f32 rounded to bf16, nearest even.
    pub fn round(sums: [f32; 8]) -> B128 {
        B128 {
            x: pack_bf16(sums[0], sums[1]),
            y: pack_bf16(sums[2], sums[3]),
            z: pack_bf16(sums[4], sums[5]),
            w: pack_bf16(sums[6], sums[7]),
        }
    }

    /// Returns one weighted partial sum per arrived row to its source, then adds up this rank's own tokens.
    ///
    /// A partial sum takes the row's selections on this rank in the order of top-k, in f32 with one rounding per step
    /// (`fma`), and is rounded to bf16 to travel. A result takes the partial sums in the order in which the token first
    /// names their ranks, in f32, and is rounded to bf16. A token without routes gives zeros. All blocks must be
    /// resident at once: they wait for the peers' `combined` flags.
    #[kernel(warps = 8)]
    pub fn combine<const HIDDEN: u32, const TOP_K: u32>(
        outputs: Global<B128>,         // [slots, HIDDEN / 8]: bf16 expert outputs
        selections: Global<Selection>, // [arrived rows, TOP_K]
        origins: Global<Origin>,       // [arrived rows]
        source_offsets: Global<u32>,   // [ranks + 1]; the last is the number of arrived rows
        places: Global<Place>,         // [tokens, TOP_K]
        tokens: u32,
        partials: Peers<B128>,       // [tokens, fan-out, HIDDEN / 8]: bf16
        partials_here: Global<B128>, // this rank's copy
        results: Global<B128>,       // [tokens, HIDDEN / 8]: bf16
        combined: Peers<u32>,        // [ranks]: flags
        combined_here: Global<u32>,  // [ranks]: this rank's copy
        finished: Global<u32>,       // blocks that have sent; 0 before and after
        rank: u32,
        ranks: u32,
        epoch: u32,
        deadline: u64,
        status: Global<u32>,
    ) {
        const {
            assert!(
                row_bytes(HIDDEN, BF16_BYTES) % PIECE_BYTES == 0,
                "hidden must make rows a multiple of 16 bytes: {} elements of {} bytes do not",
                HIDDEN,
                BF16_BYTES
            );
        };
        if block_sees_fault(status) {
            return;
        }
        let pieces = row_pieces(HIDDEN, BF16_BYTES);
        let fan_out = fan_out(ranks, TOP_K);

        let arrived = source_offsets.at(ranks).read();
        let mut row = warp_in_grid();
        while row < arrived {
            let mut selection = Selection { slot: NOWHERE, weight: 0.0 };
            if lane() < TOP_K {
                selection = selections.at(row as u64 * TOP_K as u64 + lane() as u64).read();
            }
            let chosen = ballot(selection.slot != NOWHERE);
            let origin = origins.at(row).read();
            let target = partials.rank(origin.rank).at(origin.index as u64 * pieces as u64);
            let mut base = 0;
            while base < pieces {
                let piece = base + lane();
                let mut sums = [0.0f32; 8];
                let mut remaining = chosen;
                while remaining != 0 {
                    let k = remaining.trailing_zeros();
                    let slot = shuffle(selection.slot, k);
                    let weight = shuffle(selection.weight, k);
                    if piece < pieces {
                        sums = accumulate(
                            sums,
                            weight,
                            outputs.at(slot as u64 * pieces as u64 + piece as u64).read(),
                        );
                    }
                    remaining &= remaining - 1;
                }
                if piece < pieces {
                    target.at(piece).write(round(sums));
                }
                base += WARP;
            }
            row += warps_in_grid();
        }

        block_barrier();
        let last = shared::<u32>(1);
        if thread_in_block() == 0 {
            let before = finished.fetch_add(1, AcquireRelease, Gpu);
            last.write((before == blocks_in_grid() - 1) as u32);
        }
        block_barrier();
        let complete = shared::<u32>(1);
        if warp_in_block() == 0 {
            if last.read() == 1 {
                if lane() == 0 {
                    finished.write(0);
                }
                announce(combined, rank, ranks, epoch);
            }
            let in_time = wait_for_all(combined_here, ranks, epoch, deadline, status, COMBINE);
            if lane() == 0 {
                complete.write(in_time as u32);
            }
        }
        block_barrier();
        if complete.read() == 0 {
            return;
        }

        let mut token = warp_in_grid();
        while token < tokens {
            let mut place = Place::NONE;
            if lane() < TOP_K {
                place = places.at(token * TOP_K + lane()).read();
            }
            let count = ballot(place.rank != NOWHERE && place.leader == lane()).count_ones();
            let mut piece = lane();
            while piece < pieces {
                let mut sums = [0.0f32; 8];
                for position in 0..count {
                    let index = token as u64 * fan_out as u64 + position as u64;
                    sums =
                        accumulate(sums, 1.0, partials_here.at(index * pieces as u64 + piece as u64).read());
                }
                results.at(token as u64 * pieces as u64 + piece as u64).write(round(sums));
                piece += WARP;
            }
            token += warps_in_grid();
        }
    }
}
