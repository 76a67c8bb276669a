//! Moving one row: read once by a warp, written wherever lanes of the warp want it.

use crate::device;

/// Rows in 16-byte pieces, and the words beside them.
#[device]
pub mod code {
    use crate::prelude::*;

    /// Pieces that each lane holds in registers while it writes them to every target.
    pub const PIECES_IN_FLIGHT: usize = 4;

    /// Copies the `pieces` pieces at `source` to the `target` of every lane in `wanting`. All lanes
    /// of the warp.
    pub fn copy_pieces_to_lanes(source: Global<B128>, target: Peer<B128>, pieces: u32, wanting: u32) {
        let mut base = 0;
        while base < pieces {
            let mut data = [B128::ZERO; PIECES_IN_FLIGHT];
            #[unroll]
            for i in 0..PIECES_IN_FLIGHT {
                let piece = base + i as u32 * WARP + lane();
                if piece < pieces {
                    data[i] = source.at(piece).read();
                }
            }
            let mut remaining = wanting;
            while remaining != 0 {
                let target = shuffle(target, remaining.trailing_zeros());
                #[unroll]
                for i in 0..PIECES_IN_FLIGHT {
                    let piece = base + i as u32 * WARP + lane();
                    if piece < pieces {
                        target.at(piece).write(data[i]);
                    }
                }
                remaining &= remaining - 1;
            }
            base += PIECES_IN_FLIGHT as u32 * WARP;
        }
    }

    /// Copies the `words` words at `source` to the `target` of every lane in `wanting`. All lanes
    /// of the warp.
    pub fn copy_words_to_lanes(source: Global<u32>, target: Peer<u32>, words: u32, wanting: u32) {
        let mut base = 0;
        while base < words {
            let word = base + lane();
            let mut value = 0;
            if word < words {
                value = source.at(word).read();
            }
            let mut remaining = wanting;
            while remaining != 0 {
                let target = shuffle(target, remaining.trailing_zeros());
                if word < words {
                    target.at(word).write(value);
                }
                remaining &= remaining - 1;
            }
            base += WARP;
        }
    }
}
