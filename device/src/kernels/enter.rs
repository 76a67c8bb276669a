//! Enter: ranks agree that the last round is over, where no counts are exchanged that would show it.

use crate::device;

/// The `enter` kernel.
#[device]
pub mod code {
    use crate::kernels::signal::code::{ENTER, FINE, LATE, announce, begin_round, describe, wait_for_peers};
    use crate::layout::code::NOWHERE;
    use crate::prelude::*;

    /// Begins the next round and announces it in the peers' `counted` flags, which says that this rank is done with its arrivals and partial sums of
    /// earlier rounds, and waits until all peers have done so. One block.
    ///
    /// A round that reuses the positions of an earlier one begins with this instead of `count` and `layout`.
    #[kernel(warps = 1)]
    pub fn enter(
        counted: Peers<u32>,       // [ranks]: flags
        counted_here: Global<u32>, // [ranks]: this rank's copy
        rank: u32,
        ranks: u32,
        round: Global<u32>, // [1]: the last round that this rank began
        deadline: u64,
        status: Global<u32>,
    ) {
        // This warp alone uses the record while the kernel runs, so ordinary accesses and one barrier do.
        if any(status.read() != FINE) {
            return;
        }
        let mut begun = 0;
        if lane() == 0 {
            begun = begin_round(round);
        }
        let epoch = shuffle(begun, 0);
        announce(counted, rank, ranks, epoch);
        let late = wait_for_peers(counted_here, ranks, epoch, deadline);
        let missing = ballot(late.peer != NOWHERE);
        warp_barrier();
        if missing != 0 && lane() == missing.trailing_zeros() {
            status.write(LATE);
            describe(status, ENTER, late.peer, epoch, late.found);
        }
    }
}
