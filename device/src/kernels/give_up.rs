//! Giving up: what a rank whose round failed tells the others, and what it learns of them.

use crate::device;

/// The `give_up` kernel.
#[device]
pub mod code {
    use crate::kernels::signal::code::{FAILED, FAULT_WORDS, FLAG_KINDS};
    use crate::prelude::*;

    /// Tells all peers why this rank left the round, if `tells` is 1: writes it to their `causes`
    /// and marks this rank's flags there. Copies what this rank's flags hold, which the host cannot
    /// look at while late peers still write them. One block.
    ///
    /// The host launches it after the launches of a round that failed.
    #[kernel(warps = 1)]
    pub fn give_up(
        tells: u32,
        cause: Global<u32>, // [FAULT_WORDS]: a status record, this rank's or one that a peer told
        causes: Symmetric<u32>, // [ranks, FAULT_WORDS]: what each rank told
        flags: Symmetric<u64>, // [FLAG_KINDS, ranks]
        seen: Global<u64>,  // [FLAG_KINDS, ranks]: the copy
        rank: u32,
        ranks: u32,
    ) {
        if tells != 0 {
            let mut peer = lane();
            while peer < ranks {
                if peer != rank {
                    for word in 0..FAULT_WORDS {
                        causes.peers.rank(peer).at(rank * FAULT_WORDS + word).write(cause.at(word).read());
                    }
                    for kind in 0..FLAG_KINDS {
                        let place = kind * ranks + rank;
                        let failed = flags.here.at(place).read() | FAILED;
                        flags.peers.rank(peer).at(place).store(failed, Release, System);
                    }
                }
                peer += WARP;
            }
        }
        warp_barrier();
        let mut place = lane();
        while place < FLAG_KINDS * ranks {
            // An atomic operation takes the newest value, where a load may still find an older one.
            seen.at(place).write(flags.here.at(place).fetch_add(0, Relaxed, System));
            place += WARP;
        }
    }
}
