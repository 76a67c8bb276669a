//! How ranks tell each other that something is done, and what happens when one does not.
//!
//! A *flag* is one `u64` per kind and source rank in every rank's symmetric memory. Its low half is
//! the epoch (the number of the round) in which that source last came so far, its high half the
//! *call*: which collective call the source makes. So flags are never reset, and ranks that make
//! different calls find out where they would have waited for each other. Every wait has a deadline.
//!
//! A round in which a fault was recorded is left as it stands: counters and flags of its later
//! stages mean nothing, and kernels of later rounds return at once until the host has reset the
//! dock. The host of a rank that leaves a round has the rank's flags marked as failed everywhere,
//! by the kernel [`give_up`](crate::kernels::give_up), so that nobody waits for them in vain.
//!
//! What differs from round to round is in device memory: the number of tokens, and the epoch of the
//! last round that this rank began. The first kernel of a round, `count` or `begin_round`, advances
//! the epoch. So the same launches, repeated as they are, make the next round, and a round can be
//! captured once and replayed.

use crate::device;

/// Flags, waits and the status record.
#[device]
pub mod code {
    use crate::kernels::records::code::Round;
    use crate::layout::code::NOWHERE;
    use crate::prelude::*;

    /// Words of a rank's status record.
    pub const STATUS_WORDS: u32 = 16;
    /// Words of it that describe a fault: code, stage, up to five details, and the rank that found
    /// it.
    pub const FAULT_WORDS: u32 = 8;
    /// Where in the status record `count` drafts a fault that its blocks find, until its last block
    /// puts it at the front. So no block of `count` that begins late takes a fault of its own round
    /// for one of an earlier round.
    pub const DRAFT: u32 = FAULT_WORDS;
    /// Status code: no fault.
    pub const FINE: u32 = 0;
    /// Status code: a peer's flag did not come in time, or says that it never will. Then: stage,
    /// peer, epoch expected, both halves of the flag found, own call. The peer is late if the
    /// flag's epoch is an earlier one and it is not [`FAILED`].
    pub const LATE: u32 = 1;
    /// Status code: a route names an expert that does not exist. Then: stage, token, position in
    /// top-k, the index.
    pub const BAD_EXPERT: u32 = 2;

    /// Status code: a rank has no room for what would arrive there. Then: stage, that rank, what
    /// overflows (see [`layout`](crate::layout::code)), how many.
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

    /// Kinds of flags.
    pub const FLAG_KINDS: u32 = 3;
    /// Kind of the flags that say that a rank began the round: its counts are there, if it counts.
    pub const BEGUN: u32 = 0;
    /// Kind of the flags that say that a rank has sent its rows.
    pub const ARRIVED: u32 = 1;
    /// Kind of the flags that say that a rank has sent its partial sums.
    pub const COMBINED: u32 = 2;

    /// In a flag: the rank left the round that it was in, and `causes` has why.
    pub const FAILED: u64 = 1 << 63;

    /// The flag of a rank that came so far in a round.
    pub fn flag(epoch: u32, call: u32) -> u64 {
        epoch as u64 | (call as u64) << 32
    }

    /// Records a fault, unless one was recorded before: code, stage and three details.
    pub fn report(
        status: Global<u32>,
        rank: u32,
        code: u32,
        stage: u32,
        first: u32,
        second: u32,
        third: u32,
    ) {
        if status.compare_exchange(FINE, code, Relaxed, Gpu) == FINE {
            describe(status, rank, stage, first, second, third);
        }
    }

    /// Everything of a fault but its code.
    pub fn describe(status: Global<u32>, rank: u32, stage: u32, first: u32, second: u32, third: u32) {
        status.at(1u32).write(stage);
        status.at(2u32).write(first);
        status.at(3u32).write(second);
        status.at(4u32).write(third);
        status.at(7u32).write(rank);
    }

    /// Puts a drafted fault, if there is one, at the front of the record. One lane, after
    /// everything that may draft one.
    pub fn publish_draft(status: Global<u32>) {
        let draft = status.at(DRAFT);
        if draft.read() != FINE {
            for word in 0..FAULT_WORDS {
                status.at(word).write(draft.at(word).read());
            }
            draft.write(FINE);
        }
    }

    /// Begins a round: advances the rank's epoch and gives it. One lane.
    pub fn next_epoch(epoch: Global<u32>) -> u32 {
        let next = epoch.read() + 1;
        epoch.write(next);
        next
    }

    /// Whether a fault was recorded; the same answer for all lanes of the warp. Other blocks may
    /// report meanwhile.
    pub fn warp_sees_fault(status: Global<u32>) -> bool {
        any(status.load(Relaxed, Gpu) != FINE)
    }

    /// Whether a fault was recorded; the same answer for all threads of the block, whatever other
    /// blocks report meanwhile.
    pub fn block_sees_fault(status: Global<u32>) -> bool {
        let answer = shared::<u32>(1);
        if thread_in_block() == 0 {
            answer.write(status.load(Relaxed, Gpu));
        }
        block_barrier();
        answer.read() != FINE
    }

    /// Tells every rank that this one came so far: the flags are of one kind. One warp; publishes
    /// all that the warp's lanes wrote or acquired before the last barrier.
    pub fn announce(round: Round, kind: u32, epoch: u32) {
        let mut peer = lane();
        while peer < round.ranks {
            let place = round.flags.peers.rank(peer).at(kind * round.ranks + round.rank);
            place.store(flag(epoch, round.call), Release, System);
            peer += WARP;
        }
    }

    /// The peer to blame for a wait in vain, as one lane knows it.
    #[derive(Clone, Copy, Debug)]
    pub struct Missing {
        /// Its rank, or [`NOWHERE`] if all flags came or another lane knows.
        pub peer: u32,
        /// What its flag held.
        pub found: u64,
    }

    /// Waits for all ranks' flags of one kind, one lane per rank: until they have come with this
    /// rank's own call, one shows that it never will, or the deadline is over. One warp. Orders
    /// what a lane does later after what the rank that it waited for did; a barrier after it is
    /// what tells the others.
    ///
    /// A flag never will come from a rank that failed, from one that makes another call, or, at the
    /// begin of a round, from one that waits for this rank to combine the last one.
    pub fn wait_for_peers<const KIND: u32>(round: Round, epoch: u32) -> Missing {
        let Round { rank, ranks, deadline, .. } = round;
        let start = global_timer();
        let wanted = flag(epoch, round.call);
        let combined = round.flags.here.at(COMBINED * ranks);
        let skipped = KIND == BEGUN && combined.at(rank).read() as u32 != epoch - 1;
        let mut missing = Missing { peer: NOWHERE, found: wanted };
        let mut blamed = 0;
        let mut base = 0;
        while blamed == 0 && base < ranks {
            let peer = base + lane();
            let mut found = wanted;
            let mut waiting = WARP;
            while blamed == 0 && waiting != 0 {
                let mut hopeless = false;
                if peer < ranks {
                    found = round.flags.here.at(KIND * ranks + peer).load(Acquire, System);
                    hopeless = found != wanted && (found as u32 == epoch || found & FAILED != 0);
                    if skipped && found != wanted && !hopeless {
                        let other = combined.at(peer).load(Relaxed, System);
                        if other as u32 == epoch - 1 {
                            found = other;
                            hopeless = true;
                        }
                    }
                }
                waiting = ballot(found != wanted);
                blamed = ballot(hopeless);
                if blamed == 0 && any(global_timer().saturating_sub(start) > deadline) {
                    blamed = waiting;
                }
            }
            if blamed != 0 && lane() == blamed.trailing_zeros() {
                missing = Missing { peer, found };
            }
            base += WARP;
        }
        missing
    }

    /// Everything of a wait in vain but the code.
    pub fn describe_missing(round: Round, stage: u32, epoch: u32, missing: Missing) {
        let Missing { peer, found } = missing;
        describe(round.status, round.rank, stage, peer, epoch, found as u32);
        round.status.at(5u32).write((found >> 32) as u32);
        round.status.at(6u32).write(round.call);
    }

    /// Waits as [`wait_for_peers`] and records who is to blame; whether nobody is, for all lanes.
    pub fn wait_for_all<const KIND: u32>(round: Round, epoch: u32, stage: u32) -> bool {
        let missing = wait_for_peers::<KIND>(round, epoch);
        if missing.peer != NOWHERE && round.status.compare_exchange(FINE, LATE, Relaxed, Gpu) == FINE {
            describe_missing(round, stage, epoch, missing);
        }
        all(missing.peer == NOWHERE)
    }
}
