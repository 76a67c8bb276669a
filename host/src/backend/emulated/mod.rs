//! The backend of virtual GPUs: one emulated machine that all rank threads share.
//!
//! Launches are collected per rank and handed to the machine in rank order when every rank waits or
//! has ended (see [`exchange`](crate::exchange)). One thread then executes them all, or as far as
//! they go before some rank launches more; results and counters are those of the schedule seed,
//! whatever the threads did.

mod execution;
mod launches;
mod machine;
mod memory;
mod queues;
mod streams;

use std::sync::{Arc, MutexGuard};

use crossdock_emulator as emulator;

pub(crate) use self::machine::Settings;
use self::machine::{Machine, machine_error};
use super::{Backend, Device};
use crate::exchange::in_process::{InProcess, State};
use crate::{Error, Result, Trace};

/// The ranks of a machine of virtual GPUs, which meet where it executes what they launched.
pub(crate) type Emulated = InProcess<Machine>;

impl Emulated {
    /// A machine with one GPU per rank.
    pub(crate) fn open(settings: &Settings) -> Result<Arc<Emulated>> {
        let machine = Machine::new(settings).map_err(|error| machine_error(None, error))?;
        Ok(Arc::new(InProcess::new(settings.ranks, settings.patience, machine)))
    }

    /// What ran when since the last call; `None` where nothing is recorded.
    pub(crate) fn take_trace(&self) -> Option<Trace> {
        self.lock().work.machine.take_trace()
    }
}

/// The virtual GPU of one rank.
#[derive(Debug)]
pub(crate) struct VirtualGpu {
    rank: usize,
    ranks: Arc<Emulated>,
}

impl VirtualGpu {
    pub(crate) fn new(rank: usize, ranks: &Arc<Emulated>) -> VirtualGpu {
        VirtualGpu { rank, ranks: Arc::clone(ranks) }
    }

    /// The state once the rank's launches are finished, for `what`.
    fn idle(&self, what: &'static str) -> Result<MutexGuard<'_, State<Machine>>> {
        let rank = self.rank;
        let mut state = self.ranks.working()?;
        state.work.ranks[rank].streams.refuse_in_capture(rank, what)?;
        if !state.work.ranks[rank].is_idle() {
            drop(state);
            self.ranks.wait(rank)?;
            state = self.ranks.working()?;
        }
        state.work.machine.host_waits(rank);
        Ok(state)
    }

    /// Tells of an error of the machine that it is about this rank.
    fn failed(&self) -> impl Fn(emulator::Error) -> Error {
        let rank = self.rank;
        move |error| machine_error(Some(rank), error)
    }
}

impl Backend for VirtualGpu {
    fn multiprocessors(&self) -> u32 {
        self.ranks.lock().work.multiprocessors
    }

    fn shared_per_block(&self) -> u32 {
        emulator::Machine::SHARED_PER_BLOCK
    }

    fn device(&self) -> Device {
        Device::Virtual
    }
}
