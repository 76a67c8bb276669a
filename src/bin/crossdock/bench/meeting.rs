//! Ranks meet on the device before what is measured, so that they begin it together however their
//! hosts are scheduled.

use std::cell::Cell;

use crossdock::CompileOptions;
use crossdock::host::{Error, Kernel, Rank, SymmetricBuffer};

/// The kernel.
#[crossdock::device(crate = ::crossdock)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock::prelude::*;

    /// Tells every rank that this one has come for the time `meeting`, and waits until all have.
    /// One block.
    #[kernel(warps = 1)]
    pub fn meet(
        flags: Peers<u32>, // [ranks]: the last meeting that each rank has come for
        flags_here: Global<u32>,
        rank: u32,
        ranks: u32,
        meeting: u32,
        deadline: u64,
    ) {
        let mut peer = lane();
        while peer < ranks {
            flags.rank(peer).at(rank).store(meeting, Release, System);
            peer += 32;
        }
        let start = global_timer();
        peer = lane();
        while peer < ranks {
            let mut waits = true;
            while waits {
                waits = flags_here.at(peer).load(Acquire, System) != meeting
                    && global_timer().saturating_sub(start) <= deadline;
            }
            peer += 32;
        }
    }
}

/// Where the ranks meet.
#[derive(Debug)]
pub(super) struct Meeting {
    kernel: Kernel<code::MeetArguments>,
    flags: SymmetricBuffer<u32>,
    meetings: Cell<u32>,
}

impl Meeting {
    /// Collective.
    pub(super) fn open(rank: &Rank, target: CompileOptions) -> Result<Meeting, Error> {
        let image = code::__device::MODULE.specialise_for(&[], target)?;
        let flags = rank.symmetric_buffer(rank.topology().ranks())?;
        Ok(Meeting { kernel: rank.kernel(&image)?, flags, meetings: Cell::new(0) })
    }

    /// What the rank launches from here on begins once every rank has come here. The hosts have met
    /// just before, so nobody is late.
    pub(super) fn meet(&self, rank: &Rank) -> Result<(), Error> {
        let meeting = self.meetings.get() + 1;
        self.meetings.set(meeting);
        self.kernel.enqueue(
            1,
            &code::MeetArguments {
                flags: self.flags.peers(),
                flags_here: self.flags.here().global(),
                rank: rank.index() as u32,
                ranks: rank.topology().ranks() as u32,
                meeting,
                deadline: u64::try_from(rank.deadline().as_nanos()).unwrap_or(u64::MAX),
            },
        )
    }
}
