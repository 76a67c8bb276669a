//! Combine: expert outputs come home and are summed.

use crate::device;

/// The `combine` kernel.
#[device]
pub mod code {
    use crate::kernels::records::code::{Biases, Outputs, Results, Round, Values};
    use crate::kernels::signal::code::{COMBINE, COMBINED, announce, block_sees_fault, wait_for_all};
    use crate::kernels::stager::code::RowStager;
    use crate::layout::code::{
        Destination, NOWHERE, Origin, PIECE_BYTES, Selection, fan_out, row_bytes, row_pieces,
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
    pub fn to_bf16(sums: [f32; 8]) -> B128 {
        B128 {
            x: pack_bf16(sums[0], sums[1]),
            y: pack_bf16(sums[2], sums[3]),
            z: pack_bf16(sums[4], sums[5]),
            w: pack_bf16(sums[6], sums[7]),
        }
    }

    /// Eight f32 as two pieces.
    pub fn write_f32(target: Global<B128>, sums: [f32; 8]) {
        target.write(B128 {
            x: sums[0].to_bits(),
            y: sums[1].to_bits(),
            z: sums[2].to_bits(),
            w: sums[3].to_bits(),
        });
        target.at(1u32).write(B128 {
            x: sums[4].to_bits(),
            y: sums[5].to_bits(),
            z: sums[6].to_bits(),
            w: sums[7].to_bits(),
        });
    }

    /// Pieces of a row that a lane adds up side by side: as many loads are under way.
    pub const PIECES_IN_FLIGHT: usize = 4;

    /// Pieces that a warp adds up side by side.
    pub const STEP: u32 = WARP * PIECES_IN_FLIGHT as u32;

    /// Whether a lane's piece number `i` of a step is in the row, when the step begins there.
    fn is_inside<const HIDDEN: u32>(base: u32, i: u32) -> bool {
        let pieces = row_pieces(HIDDEN, BF16_BYTES);
        if pieces % STEP == 0 { true } else { base + i * WARP + lane() < pieces }
    }

    /// Whether any step has such a piece.
    const fn has_part<const HIDDEN: u32>(i: u32) -> bool {
        i * WARP < row_pieces(HIDDEN, BF16_BYTES)
    }

    /// Returns one partial sum per arrived row to its source, then adds up this rank's own tokens.
    ///
    /// `outputs` lie by slot or, if they are `by_row`, are one row per arrived row, which is then
    /// its own partial sum. Otherwise a partial sum takes the row's selections on this rank in the
    /// order of top-k, in f32 with one rounding per step (`fma` with the router's weight if
    /// `weighted`, else with 1), and is rounded to bf16 to travel. A result starts from the sum of
    /// the biases (zero without) and takes the partial sums in the order in which the token first
    /// names their ranks, in f32; it is rounded to bf16 unless `wide`. A token without routes gives
    /// its biases. If `values` travel, one f32 per slot travels home to its selection; selections
    /// that go nowhere get zero. All blocks must be resident at once: they wait for the peers.
    #[kernel(warps = 8)]
    pub fn combine<const HIDDEN: u32, const TOP_K: u32>(
        outputs: Outputs,
        selections: Global<Selection>,     // [arrived rows, TOP_K]
        origins: Global<Origin>,           // [arrived rows]
        source_offsets: Global<u32>,       // [ranks + 1]; the last is the number of arrived rows
        destinations: Global<Destination>, // [tokens, TOP_K]
        token_count: Global<u32>,          // [1]
        partials: Symmetric<B128>,         // [tokens, fan-out, HIDDEN / 8]: bf16
        values: Values,
        biases: Biases,
        results: Results,
        finished: Global<u32>, // blocks that have sent; 0 before and after
        round: Round,
    ) {
        const {
            assert!(HIDDEN >= 1 && HIDDEN <= 65536, "hidden must be 1 to 65536: {} is not", HIDDEN);
            assert!(
                row_bytes(HIDDEN, BF16_BYTES) % PIECE_BYTES == 0,
                "rows must be a multiple of 16 bytes: {} bytes are not",
                row_bytes(HIDDEN, BF16_BYTES)
            );
        };
        let Round { ranks, .. } = round;
        if block_sees_fault(round.status) {
            return;
        }
        let pieces = row_pieces(HIDDEN, BF16_BYTES);
        let fan_out = fan_out(ranks, TOP_K);

        let mut stager = RowStager::open();
        let arrived = source_offsets.at(ranks).read();
        let mut row = warp_in_grid();
        while row < arrived {
            let mut selection = Selection { slot: NOWHERE, weight: 0.0 };
            if lane() < TOP_K {
                selection = selections.at(row as u64 * TOP_K as u64 + lane() as u64).read();
            }
            let chosen = ballot(selection.slot != NOWHERE);
            let origin = origins.at(row).read();
            if values.travel != 0 && selection.slot != NOWHERE {
                let token = origin.index / fan_out;
                let value = values.slots.at(selection.slot).read();
                values
                    .home
                    .peers
                    .rank(origin.rank)
                    .at(token as u64 * TOP_K as u64 + lane() as u64)
                    .write(value);
            }
            let target = partials.peers.rank(origin.rank).at(origin.index as u64 * pieces as u64);
            if outputs.by_row != 0 {
                let source = outputs.rows.at(row as u64 * pieces as u64);
                stager = stager.copy_to_lanes(source, target, pieces, 1);
            } else {
                if outputs.weighted == 0 {
                    selection.weight = 1.0;
                }
                let mut base = 0;
                while base < pieces {
                    let mut sums = [[0.0f32; 8]; PIECES_IN_FLIGHT];
                    let mut remaining = chosen;
                    while remaining != 0 {
                        let k = remaining.trailing_zeros();
                        let weight = shuffle(selection.weight, k);
                        let row = outputs
                            .rows
                            .at(shuffle(selection.slot, k) as u64 * pieces as u64)
                            .at(base + lane());
                        let mut read = [B128::ZERO; PIECES_IN_FLIGHT];
                        #[unroll]
                        for i in 0..PIECES_IN_FLIGHT {
                            if is_inside::<HIDDEN>(base, i as u32) {
                                read[i] = row.at(i as u32 * WARP).read();
                            }
                        }
                        #[unroll]
                        for i in 0..PIECES_IN_FLIGHT {
                            if has_part::<HIDDEN>(i as u32) {
                                sums[i] = accumulate(sums[i], weight, read[i]);
                            }
                        }
                        remaining &= remaining - 1;
                    }
                    #[unroll]
                    for i in 0..PIECES_IN_FLIGHT {
                        if is_inside::<HIDDEN>(base, i as u32) {
                            target.at(base + lane()).at(i as u32 * WARP).write(to_bf16(sums[i]));
                        }
                    }
                    base += STEP;
                }
            }
            row += warps_in_grid();
        }
        stager.complete();

        block_barrier();
        let last = shared::<u32>(1);
        if thread_in_block() == 0 {
            let before = finished.fetch_add(1, AcquireRelease, Gpu);
            last.write((before == blocks_in_grid() - 1) as u32);
        }
        block_barrier();
        let complete = shared::<u32>(1);
        if warp_in_block() == 0 {
            let epoch = round.epoch.read();
            if last.read() == 1 {
                if lane() == 0 {
                    finished.write(0);
                }
                announce(round, COMBINED, epoch);
            }
            let in_time = wait_for_all::<COMBINED>(round, epoch, COMBINE);
            if lane() == 0 {
                complete.write(in_time as u32);
            }
        }
        block_barrier();
        if complete.read() == 0 {
            return;
        }

        let tokens = token_count.read();
        let mut token = warp_in_grid();
        while token < tokens {
            let mut destination = Destination::NONE;
            if lane() < TOP_K {
                destination = destinations.at(token * TOP_K + lane()).read();
                if values.travel != 0 && destination.rank == NOWHERE {
                    values.home.here.at(token * TOP_K + lane()).write(0.0);
                }
            }
            let count = ballot(destination.rank != NOWHERE && destination.leader == lane()).count_ones();
            let here = token as u64 * pieces as u64;
            let first_partial = partials.here.at(here * fan_out as u64);
            let mut base = 0;
            while base < pieces {
                let mut sums = [[0.0f32; 8]; PIECES_IN_FLIGHT];
                for position in 0..biases.count + count {
                    let row = if position >= biases.count {
                        first_partial.at((position - biases.count) * pieces)
                    } else if position == 0 {
                        biases.first.at(here)
                    } else {
                        biases.second.at(here)
                    };
                    let row = row.at(base + lane());
                    let mut read = [B128::ZERO; PIECES_IN_FLIGHT];
                    #[unroll]
                    for i in 0..PIECES_IN_FLIGHT {
                        if is_inside::<HIDDEN>(base, i as u32) {
                            read[i] = row.at(i as u32 * WARP).read();
                        }
                    }
                    #[unroll]
                    for i in 0..PIECES_IN_FLIGHT {
                        if has_part::<HIDDEN>(i as u32) {
                            sums[i] = accumulate(sums[i], 1.0, read[i]);
                        }
                    }
                }
                #[unroll]
                for i in 0..PIECES_IN_FLIGHT {
                    if is_inside::<HIDDEN>(base, i as u32) {
                        let piece = here + (base + i as u32 * WARP + lane()) as u64;
                        if results.wide != 0 {
                            write_f32(results.rows.at(piece * 2), sums[i]);
                        } else {
                            results.rows.at(piece).write(to_bf16(sums[i]));
                        }
                    }
                }
                base += STEP;
            }
            token += warps_in_grid();
        }
    }
}
