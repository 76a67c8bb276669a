//! Mbarrier instructions, and copies that agents perform.

use super::{Atomic, Data, Order, Space};
use crate::register::{Registers, Slot};

/// An address operand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Address {
    pub(crate) space: Space,
    pub(crate) base: Option<Data>,
    pub(crate) offset: i64,
}

impl Address {
    /// The address of one lane.
    pub(crate) fn of(&self, r: &Registers, lane: usize) -> u64 {
        let base = match self.base {
            Some(Data { slot, long: true }) => r.longs[usize::from(slot)][lane],
            Some(Data { slot, long: false }) => {
                let base = u64::from(r.words[usize::from(slot)][lane]);
                return base.wrapping_add(self.offset as u64) & self.space.address_bits();
            }
            None => 0,
        };
        base.wrapping_add(self.offset as u64)
    }
}

/// What an mbarrier wait names its phase by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    State(Slot),
    Parity(Slot),
}

/// What an mbarrier instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MbarrierKind {
    Initialise {
        count: Slot,
    },
    Invalidate,
    Expect {
        bytes: Slot,
    },
    Complete {
        bytes: Slot,
    },
    /// `state` is [`NONE`](crate::register::NONE) when it is not wanted.
    Arrive {
        state: Slot,
        count: Option<Slot>,
        expect: Option<Slot>,
        drop: bool,
        no_complete: bool,
    },
    /// `test_wait`, or `try_wait` (which may return early, and here always does).
    Test {
        complete: Slot,
        phase: Awaited,
    },
}

/// A copy of one contiguous run of bytes by an agent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BulkCopy {
    pub(crate) to: Address,
    pub(crate) from: Address,
    pub(crate) bytes: Slot,
    /// The mbarrier whose transaction count it completes; otherwise it belongs to a bulk group.
    pub(crate) mbarrier: Option<Address>,
    /// `cp.reduce`: how it combines with the destination, and bytes of an element.
    pub(crate) reduction: Option<(Atomic, u8)>,
    /// `.multicast::cluster`: a bit for each block of the cluster that gets the bytes, at the same offset in its shared memory.
    pub(crate) blocks: Option<Slot>,
}

/// `st.async` and `red.async`: every lane sends values to another block.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RemoteStore {
    pub(crate) to: Address,
    pub(crate) values: Vec<Data>,
    /// Bytes of a value.
    pub(crate) element: u8,
    /// The mbarrier whose transaction count it completes.
    pub(crate) mbarrier: Address,
    /// How it combines with the destination.
    pub(crate) reduction: Option<Atomic>,
}

/// `cp.async`: every lane copies a few bytes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LaneCopy {
    pub(crate) to: Address,
    pub(crate) from: Address,
    pub(crate) bytes: u32,
    /// Bytes that are read; zeros fill the rest.
    pub(crate) source_bytes: Option<Slot>,
}

/// An instruction that concerns agents, or that acts on more bytes than registers have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum AsynchronousOp {
    /// `barrier.cluster.arrive`; `.relaxed` does not release.
    ClusterArrive {
        releases: bool,
    },
    ClusterWait,
    Mbarrier {
        kind: MbarrierKind,
        address: Address,
        order: Order,
    },
    PendingCount {
        d: Slot,
        state: Slot,
    },
    Bulk(BulkCopy),
    Remote(RemoteStore),
    /// `st.bulk` of zero.
    Fill {
        to: Address,
        bytes: Slot,
    },
    Prefetch {
        from: Address,
        bytes: Slot,
    },
    Copy(LaneCopy),
    Commit {
        bulk: bool,
    },
    /// Waits until at most `groups` of the latest groups are incomplete; with `read`, until their sources were read.
    Wait {
        bulk: bool,
        groups: u32,
        read: bool,
    },
    /// `cp.async.wait_all`.
    WaitAll,
    /// `cp.async.mbarrier.arrive`; `counted` with `.noinc`, when the phase expects the arrival already.
    ArriveAfterCopies {
        address: Address,
        counted: bool,
    },
}
