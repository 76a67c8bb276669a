//! The begin of a round: ranks agree that the last round is over, where no counts are exchanged
//! that would show it.

use crate::device;

/// The `begin_round` kernel.
#[device]
pub mod code {
    use crate::kernels::records::code::Round;
    use crate::kernels::signal::code::{
        BEGIN_ROUND, BEGUN, FINE, LATE, announce, describe_missing, next_epoch, wait_for_peers,
    };
    use crate::layout::code::NOWHERE;
    use crate::prelude::*;

    /// Begins the next round and announces it, which says that this rank is done with its arrivals
    /// and partial sums of earlier rounds, and waits until all peers have done so. One block.
    ///
    /// A round that reuses the positions of an earlier one begins with this instead of `count` and
    /// `layout`.
    #[kernel(warps = 1)]
    pub fn begin_round(round: Round) {
        // This warp alone uses the record while the kernel runs, so ordinary accesses and one
        // barrier do.
        if any(round.status.read() != FINE) {
            return;
        }
        let mut begun = 0;
        if lane() == 0 {
            begun = next_epoch(round.epoch);
        }
        let epoch = shuffle(begun, 0);
        announce(round, BEGUN, epoch);
        let missing = wait_for_peers::<BEGUN>(round, epoch);
        warp_barrier();
        if missing.peer != NOWHERE {
            round.status.write(LATE);
            describe_missing(round, BEGIN_ROUND, epoch, missing);
        }
    }
}
