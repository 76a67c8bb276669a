//! How ranks tell each other that something is done, and what happens when one does not.
//!
//! A flag is one `u32` per source rank in every rank's symmetric memory. It holds the epoch (the number of the round) in
//! which that source last reached the stage, so flags are never reset. Every wait has a deadline. A round in which a fault
//! was recorded is left as it stands: counters and flags of its later stages mean nothing, and kernels of later rounds return at once
//! until the host has reset the dock.
//!
//! What differs from round to round is in device memory: the number of tokens, and the epoch of the last round that this rank began.
//! The first kernel of a round, `count` or `begin_round`, advances the epoch. So the same launches, repeated as they are,
//! make the next round, and a round can be captured once and replayed.

use crate::device;

/// Flags, waits and the status record.
#[device]
pub mod code {
    use crate::kernels::records::code::Round;
    use crate::layout::code::NOWHERE;
    use crate::prelude::*;

    /// Words of a rank's status record.
    pub const STATUS_WORDS: u32 = 16;
    /// Where in the status record `count` drafts a fault that its blocks find, until its last block puts it at the front. So no
    /// block of `count` that begins late takes a fault of its own round for one of an earlier round.
    pub const DRAFT: u32 = 8;
    /// Status code: no fault.
    pub const FINE: u32 = 0;
    /// Status code: a peer's flag did not come in time. Then: stage, peer, epoch expected, epoch found.
    pub const LATE: u32 = 1;
    /// Status code: a route names an expert that does not exist. Then: stage, token, position in top-k, the index.
    pub const BAD_EXPERT: u32 = 2;

    /// Status code: a rank has no room for what would arrive there. Then: stage, that rank, what overflows (see
    /// [`layout`](crate::layout::code)), how many.
    pub const OVERFLOW: u32 = 3;

    /// Status code: there are more tokens than the dock has room for. Then: stage, tokens, room.
    pub const TOO_MANY_TOKENS: u32 = 4;

    /// Stage number of `count`.
    pub const COUNT: u32 = 1;
    /// Stage number of `layout`, which waits for the flags of `count`.
    pub const LAYOUT: u32 = 2;
    /// Stage number of `dispatch`.
    pub const DISPATCH: u32 = 3;
    /// Stage number of `combine`.
    pub const COMBINE: u32 = 4;
    /// Stage number of `begin_round`.
    pub const BEGIN_ROUND: u32 = 5;

    /// Records a fault, unless one was recorded before: code, stage and three details.
    pub fn report(status: Global<u32>, code: u32, stage: u32, first: u32, second: u32, third: u32) {
        if status.compare_exchange(FINE, code, Relaxed, Gpu) == FINE {
            describe(status, stage, first, second, third);
        }
    }

    /// Everything of a fault but its code.
    pub fn describe(status: Global<u32>, stage: u32, first: u32, second: u32, third: u32) {
        status.at(1u32).write(stage);
        status.at(2u32).write(first);
        status.at(3u32).write(second);
        status.at(4u32).write(third);
    }

    /// Puts a drafted fault, if there is one, at the front of the record. One lane, after everything that may draft one.
    pub fn publish_draft(status: Global<u32>) {
        let draft = status.at(DRAFT);
        let code = draft.read();
        if code != FINE {
            status.write(code);
            describe(
                status,
                draft.at(1u32).read(),
                draft.at(2u32).read(),
                draft.at(3u32).read(),
                draft.at(4u32).read(),
            );
            draft.write(FINE);
        }
    }

    /// Begins a round: advances the rank's epoch and gives it. One lane.
    pub fn next_epoch(epoch: Global<u32>) -> u32 {
        let next = epoch.read() + 1;
        epoch.write(next);
        next
    }

    /// Whether a fault was recorded; the same answer for all lanes of the warp. Other blocks may report meanwhile.
    pub fn warp_sees_fault(status: Global<u32>) -> bool {
        any(status.load(Relaxed, Gpu) != FINE)
    }

    /// Whether a fault was recorded; the same answer for all threads of the block, whatever other blocks report meanwhile.
    pub fn block_sees_fault(status: Global<u32>) -> bool {
        let answer = shared::<u32>(1);
        if thread_in_block() == 0 {
            answer.write(status.load(Relaxed, Gpu));
        }
        block_barrier();
        answer.read() != FINE
    }

    /// Tells every rank that this one reached the stage whose flags these are. One warp; publishes all that the warp's
    /// lanes wrote or acquired before the last barrier.
    pub fn announce(flags: Peers<u32>, round: Round, epoch: u32) {
        let mut peer = lane();
        while peer < round.ranks {
            flags.rank(peer).at(round.rank).store(epoch, Release, System);
            peer += WARP;
        }
    }

    /// A peer whose flag did not come in time, as one lane knows it.
    #[derive(Clone, Copy, Debug)]
    pub struct Late {
        /// Its rank, or [`NOWHERE`] if all flags that the lane waited for came.
        pub peer: u32,
        /// What its flag held.
        pub found: u32,
    }

    /// Waits until one flag holds `epoch`, or until more than `deadline` nanoseconds have passed since `start`; what it held.
    pub fn wait_for_one(flag: Global<u32>, epoch: u32, start: u64, deadline: u64) -> u32 {
        loop {
            let found = flag.load(Acquire, System);
            if found == epoch {
                return found;
            }
            if global_timer().saturating_sub(start) > deadline {
                return found;
            }
        }
    }

    /// Waits for all ranks' flags, one lane per rank. One warp. Orders what a lane does later after what the rank that it waited
    /// for did; a barrier after it is what tells the others.
    pub fn wait_for_peers(flags: Global<u32>, ranks: u32, epoch: u32, deadline: u64) -> Late {
        let start = global_timer();
        let mut late = Late { peer: NOWHERE, found: 0 };
        let mut peer = lane();
        while peer < ranks {
            let found = wait_for_one(flags.at(peer), epoch, start, deadline);
            if found != epoch {
                late = Late { peer, found };
            }
            peer += WARP;
        }
        late
    }

    /// Waits as [`wait_for_peers`] and reports those that are late; whether none is, for all lanes.
    pub fn wait_for_all(flags: Global<u32>, round: Round, epoch: u32, stage: u32) -> bool {
        let late = wait_for_peers(flags, round.ranks, epoch, round.deadline);
        if late.peer != NOWHERE {
            report(round.status, LATE, stage, late.peer, epoch, late.found);
        }
        all(late.peer == NOWHERE)
    }
}
