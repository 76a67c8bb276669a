//! The way of a row through a warp: one bulk copy into shared memory and one out of it for each
//! destination, where the target has bulk copies, and vectors through registers elsewhere.
//!
//! With bulk copies a warp issues a handful of instructions per row, whatever its length, and all
//! destinations at once: each lane that wants the row copies it out itself. Both ways move the same
//! bytes.

use crate::device;

/// [`RowStager`](code::RowStager).
#[device]
pub mod code {
    use crate::kernels::rows::code::copy_pieces_to_lanes;
    use crate::library::copies::{
        commit_bulk_copies, copy_bulk_to_peer, copy_bulk_to_shared, wait_for_bulk_copies, wait_for_bulk_reads,
    };
    use crate::library::fences::fence_mbarrier_init;
    use crate::library::mbarrier::{Mbarrier, Phase};
    use crate::prelude::*;

    /// Warps of a block that has stagers.
    pub const STAGERS: u32 = 8;

    /// Pieces that a stager holds: 4 KiB, so that those of a block fit into the shared memory that
    /// every launch may use.
    pub const STAGER_PIECES: u32 = 256;

    /// Whether rows pass through shared memory.
    pub const fn has_bulk_copies() -> bool {
        target_is_at_least(90)
    }

    /// Elements of the block's arrays in shared memory, of which targets without bulk copies make
    /// no use.
    const fn in_all(per_stager: u32) -> u32 {
        if has_bulk_copies() { STAGERS * per_stager } else { 1 }
    }

    /// A warp's part of shared memory, and the phase of its barrier that completes with the next
    /// bytes.
    #[derive(Clone, Copy)]
    pub struct RowStager {
        pieces: Shared<B128>,
        filled: Mbarrier,
        phase: Phase,
    }

    impl RowStager {
        /// The stagers of a block's [`STAGERS`] warps. All its threads, once.
        pub fn open() -> RowStager {
            let pieces = shared::<B128>(in_all(STAGER_PIECES));
            let barriers = shared::<u64>(in_all(1));
            let mut stager = RowStager { pieces, filled: Mbarrier::at(barriers, 0), phase: Phase::FIRST };
            if has_bulk_copies() {
                stager.pieces = pieces.at(warp_in_block() * STAGER_PIECES);
                stager.filled = Mbarrier::at(barriers, warp_in_block());
                if lane() == 0 {
                    stager.filled.initialise(1);
                    fence_mbarrier_init();
                }
                // The other lanes first use the barrier behind one in `copy_to_lanes`.
            }
            stager
        }

        /// Copies the `pieces` pieces at `source` to the `target` of every lane in `wanting`, and
        /// gives the stager for the next row. All lanes of the warp. What was copied is there once
        /// [`RowStager::complete`] has returned.
        pub fn copy_to_lanes(
            self,
            source: Global<B128>,
            target: Peer<B128>,
            pieces: u32,
            wanting: u32,
        ) -> RowStager {
            let mut phase = self.phase;
            if has_bulk_copies() {
                let mut base = 0;
                while base < pieces {
                    let bytes = (pieces - base).min(STAGER_PIECES) * 16;
                    // The copies of the last pieces have left when every lane has seen its own
                    // leave.
                    wait_for_bulk_reads::<0>();
                    warp_barrier();
                    if lane() == 0 {
                        // The copy publishes its bytes itself. PTX for older targets has no weaker
                        // arrival.
                        if target_is_at_least(100) {
                            self.filled.arrive_relaxed_and_expect_bytes(bytes);
                        } else {
                            self.filled.arrive_and_expect_bytes(bytes);
                        }
                        copy_bulk_to_shared(self.pieces, source.at(base), bytes, self.filled);
                    }
                    phase = self.filled.wait(phase);
                    if wanting >> lane() & 1 != 0 {
                        copy_bulk_to_peer(target.at(base), self.pieces, bytes);
                        commit_bulk_copies();
                    }
                    base += STAGER_PIECES;
                }
            } else {
                copy_pieces_to_lanes(source, target, pieces, wanting);
            }
            RowStager { pieces: self.pieces, filled: self.filled, phase }
        }

        /// Waits until all that this warp's lanes copied is there. The completion of a bulk copy
        /// makes it visible to ordinary accesses (PTX ISA section 9.7.9.25); other blocks' bulk
        /// copies need a fence of their own.
        pub fn complete(self) {
            if has_bulk_copies() {
                wait_for_bulk_copies::<0>();
            }
        }

        /// Waits until shared memory is no longer read, before the block ends. What was copied is
        /// there for whoever is after the kernel.
        pub fn close(self) {
            if has_bulk_copies() {
                wait_for_bulk_reads::<0>();
            }
        }
    }
}
