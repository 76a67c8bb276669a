//! Enter: ranks agree that the last round is over, where no counts are exchanged that would show it.

use crate::device;

/// The `enter` kernel.
#[device]
pub mod code {
    use crate::kernels::signal::code::{ENTER, announce, wait_for_all, warp_sees_fault};
    use crate::prelude::*;

    /// Announces `epoch` in the peers' `counted` flags, which says that this rank is done with its arrivals and partial sums of
    /// earlier rounds, and waits until all peers have done so. One block.
    ///
    /// A round that reuses the positions of an earlier one begins with this instead of `count` and `layout`.
    #[kernel(warps = 1)]
    pub fn enter(
        counted: Peers<u32>,       // [ranks]: flags
        counted_here: Global<u32>, // [ranks]: this rank's copy
        rank: u32,
        ranks: u32,
        epoch: u32,
        deadline: u64,
        status: Global<u32>,
    ) {
        if warp_sees_fault(status) {
            return;
        }
        announce(counted, rank, ranks, epoch);
        wait_for_all(counted_here, ranks, epoch, deadline, status, ENTER);
    }
}
