//! Gradient: the backward of a weighted combine, at the rank that holds the experts.

use crate::device;

/// The `gradient` kernel.
#[device]
pub mod code {
    use crate::kernels::combine::code::{BF16_BYTES, accumulate, to_bf16};
    use crate::kernels::signal::code::FINE;
    use crate::layout::code::{NOWHERE, PIECE_BYTES, Selection, row_bytes, row_pieces};
    use crate::prelude::*;

    /// `sum + a * b` over the eight pairs of two pieces, in order, each step rounded once.
    pub fn dot(sum: f32, a: B128, b: B128) -> f32 {
        let sum = bf16_low(a.x).mul_add(bf16_low(b.x), sum);
        let sum = bf16_high(a.x).mul_add(bf16_high(b.x), sum);
        let sum = bf16_low(a.y).mul_add(bf16_low(b.y), sum);
        let sum = bf16_high(a.y).mul_add(bf16_high(b.y), sum);
        let sum = bf16_low(a.z).mul_add(bf16_low(b.z), sum);
        let sum = bf16_high(a.z).mul_add(bf16_high(b.z), sum);
        let sum = bf16_low(a.w).mul_add(bf16_low(b.w), sum);
        bf16_high(a.w).mul_add(bf16_high(b.w), sum)
    }

    /// For every slot: the gradient of its expert's output, `weight * gradient row` rounded to
    /// bf16, and the gradient of its weight, the dot product of the output and the gradient row.
    ///
    /// A dot product is taken in f32: lane `l` of 32 sums the pieces `l`, `l + 32`, .. in order;
    /// the lanes' sums are then added as a tree, lanes 16 apart first. One warp per arrived row.
    #[kernel(warps = 8)]
    pub fn gradient<const HIDDEN: u32, const TOP_K: u32>(
        gradients: Global<B128>, // [arrived rows or slots, HIDDEN / 8]: bf16, as dispatch brought them
        by_expert: u32,          // 1: they lie at their slots; 0: they lie by source
        outputs: Global<B128>,   // [slots, HIDDEN / 8]: bf16, what combine took
        selections: Global<Selection>, // [arrived rows, TOP_K]
        source_offsets: Global<u32>, // [ranks + 1]; the last is the number of arrived rows
        ranks: u32,
        output_gradients: Global<B128>, // [slots, HIDDEN / 8]: bf16
        weight_gradients: Global<f32>,  // [slots]
        status: Global<u32>,
    ) {
        const {
            assert!(
                row_bytes(HIDDEN, BF16_BYTES) % PIECE_BYTES == 0,
                "rows must be a multiple of 16 bytes: {} bytes are not",
                row_bytes(HIDDEN, BF16_BYTES)
            );
        };
        // No kernel that may report runs at the same time.
        if any(status.read() != FINE) {
            return;
        }
        let pieces = row_pieces(HIDDEN, BF16_BYTES);
        let arrived = source_offsets.at(ranks).read();
        let mut row = warp_in_grid();
        while row < arrived {
            let mut selection = Selection { slot: NOWHERE, weight: 0.0 };
            if lane() < TOP_K {
                selection = selections.at(row as u64 * TOP_K as u64 + lane() as u64).read();
            }
            let mut remaining = ballot(selection.slot != NOWHERE);
            while remaining != 0 {
                let k = remaining.trailing_zeros();
                let slot = shuffle(selection.slot, k);
                let weight = shuffle(selection.weight, k);
                let mut index = row;
                if by_expert != 0 {
                    index = slot;
                }
                let mut sum = 0.0f32;
                let mut piece = lane();
                while piece < pieces {
                    let there = slot as u64 * pieces as u64 + piece as u64;
                    let gradient = gradients.at(index as u64 * pieces as u64 + piece as u64).read();
                    sum = dot(sum, outputs.at(there).read(), gradient);
                    // A sum that starts from -0 keeps the sign of a product that is zero.
                    let scaled = accumulate([-0.0f32; 8], weight, gradient);
                    output_gradients.at(there).write(to_bf16(scaled));
                    piece += WARP;
                }
                #[unroll]
                for step in 0..5 {
                    sum += shuffle_xor(sum, 16 >> step);
                }
                if lane() == 0 {
                    weight_gradients.at(slot).write(sum);
                }
                remaining &= remaining - 1;
            }
            row += warps_in_grid();
        }
    }
}
