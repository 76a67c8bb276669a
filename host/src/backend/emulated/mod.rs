//! The backend of virtual GPUs: one emulated machine that all rank threads share.
//!
//! Launches are collected per rank and handed to the machine in rank order when every rank waits or has ended (see
//! `rendezvous`). One thread then executes them all, or as far as they go before some rank launches more; results and counters are those of the
//! schedule seed, whatever the threads did.

mod state;
mod streams;

use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossdock_emulator as emulator;

use self::state::State;
use super::{Backend, Device, EventHandle, GraphHandle, KernelHandle, Launch, Sharing, StreamHandle, Ticket};
use crate::exchange::RankExit;
use crate::exchange::seats::{Activity, Answer};
use crate::report::{Elapsed, LaunchReport};
use crate::{Error, Result, Trace};

/// What the machine is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) ranks: usize,
    pub(crate) schedule_seed: u64,
    pub(crate) priority_changes: Option<u32>,
    pub(crate) trace: bool,
    pub(crate) multiprocessors: u32,
    /// How long waiting ranks bear with one that does nothing, in wall-clock time.
    pub(crate) patience: Duration,
}

/// Virtual GPUs, one per rank.
#[derive(Debug)]
pub(crate) struct Emulated {
    settings: Settings,
    state: Mutex<State>,
    changed: Condvar,
}

impl Emulated {
    /// A machine with one GPU per rank.
    pub(crate) fn new(settings: Settings) -> Result<Emulated> {
        let state = State::new(&settings)?;
        Ok(Emulated { settings, state: Mutex::new(state), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.progress = Instant::now();
        state
    }

    /// The state, unless the machine is broken.
    fn working(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.lock();
        match &state.broken {
            Some(error) => Err(error.clone()),
            None => Ok(state),
        }
    }

    /// The state once the rank's launches are finished, for `what`.
    fn idle(&self, rank: usize, what: &'static str) -> Result<MutexGuard<'_, State>> {
        let mut state = self.working()?;
        state.ranks[rank].streams.refuse_in_capture(rank, what)?;
        if !state.ranks[rank].is_idle() {
            drop(state);
            self.block(rank, Activity::Waiting)?;
            state = self.working()?;
        }
        state.machine.host_waits(rank);
        Ok(state)
    }

    /// Blocks the rank's thread until the rendezvous has an answer for it.
    fn block(&self, rank: usize, activity: Activity) -> Result<Answer> {
        let mut state = self.working()?;
        state.rendezvous.set(rank, activity);
        loop {
            if let Some(answer) = state.rendezvous.take_answer(rank) {
                return answer;
            }
            if state.rendezvous.is_quiet() {
                state.settle();
                self.changed.notify_all();
                continue;
            }
            let patience = self.settings.patience;
            let left = patience.saturating_sub(state.progress.elapsed());
            if left.is_zero() {
                state.broken = Some(state.rendezvous.give_up(patience));
                self.changed.notify_all();
                continue;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Backend for Emulated {
    fn multiprocessors(&self) -> u32 {
        self.settings.multiprocessors
    }

    fn device(&self, _rank: usize) -> Device {
        Device::Virtual
    }

    fn allocate(&self, rank: usize, bytes: u64, sharing: Sharing) -> Result<u64> {
        let mut state = self.working()?;
        state.ranks[rank].streams.refuse_in_capture(rank, "allocating memory")?;
        let address =
            state.machine.allocate(rank, bytes).map_err(|error| machine_error(Some(rank), error))?;
        if sharing == Sharing::Symmetric {
            state.ranks[rank].note_symmetric(address);
        }
        Ok(address)
    }

    fn release(&self, rank: usize, address: u64) {
        let mut state = self.lock();
        // Multicast addresses are never used again, so nothing is to be given back.
        if !state.is_multicast(address) {
            state.ranks[rank].note_released(address);
            state.free_released();
        }
    }

    fn export(&self, _rank: usize, address: u64) -> Result<Vec<u8>> {
        Ok(address.to_le_bytes().to_vec()) // the virtual GPUs share one address space
    }

    fn import(&self, _rank: usize, _peer: usize, exported: &[u8]) -> Result<u64> {
        Ok(u64::from_le_bytes(exported.try_into().expect("what `export` of a peer gave")))
    }

    fn why_no_multicast(&self) -> Option<&'static str> {
        None // the virtual GPUs are as if behind NVSwitches
    }

    fn multicast(&self, rank: usize, address: u64) -> Result<u64> {
        self.working()?.ranks[rank].streams.refuse_in_capture(rank, "making a multicast address")?;
        let addresses =
            self.gather(rank, "binding memory to a multicast object", address.to_le_bytes().to_vec())?;
        let addresses: Vec<u64> = addresses
            .iter()
            .map(|bytes| u64::from_le_bytes(bytes.as_slice().try_into().expect("what every rank gave")))
            .collect();
        self.working()?.multicast(&addresses).map_err(|error| machine_error(Some(rank), error))
    }

    fn write(&self, rank: usize, address: u64, bytes: &[u8]) -> Result<()> {
        self.idle(rank, "copying to the GPU")?
            .machine
            .write(address, bytes)
            .map_err(|error| machine_error(Some(rank), error))
    }

    fn read(&self, rank: usize, address: u64, bytes: &mut [u8]) -> Result<()> {
        self.idle(rank, "copying from the GPU")?
            .machine
            .read(address, bytes)
            .map_err(|error| machine_error(Some(rank), error))
    }

    fn copy(&self, rank: usize, from: u64, to: u64, bytes: u64) -> Result<()> {
        let mut contents = vec![0; bytes as usize];
        self.read(rank, from, &mut contents)?;
        self.write(rank, to, &contents)
    }

    fn fill(&self, rank: usize, address: u64, value: u8, bytes: u64) -> Result<()> {
        self.idle(rank, "filling memory")?
            .machine
            .fill(address, value, bytes)
            .map_err(|error| machine_error(Some(rank), error))
    }

    fn load(&self, rank: usize, ptx: &str, name: &str) -> Result<KernelHandle> {
        let mut state = self.working()?;
        state.load(ptx, name).map_err(|error| machine_error(Some(rank), error))
    }

    fn launch(&self, rank: usize, launch: Launch) -> Result<Ticket> {
        let mut state = self.working()?;
        Ok(state.ranks[rank].enqueue(launch))
    }

    fn stream(&self, rank: usize) -> Result<StreamHandle> {
        Ok(self.working()?.ranks[rank].streams.add())
    }

    unsafe fn adopt_stream(&self, rank: usize, _stream: *mut c_void) -> Result<StreamHandle> {
        let (what, why) = (
            "a stream of the CUDA driver was given",
            "virtual GPUs have streams of their own; use new_stream",
        );
        Err(Error::Unsupported { rank, what, why })
    }

    fn record(&self, rank: usize, stream: StreamHandle) -> Result<EventHandle> {
        self.working()?.ranks[rank].streams.record(rank, stream)
    }

    fn wait_for(&self, rank: usize, stream: StreamHandle, event: EventHandle) -> Result<()> {
        self.working()?.ranks[rank].streams.wait_for(rank, stream, event)
    }

    fn elapsed(&self, rank: usize, from: EventHandle, to: EventHandle) -> Result<Elapsed> {
        let cycles = self.idle(rank, "asking for a time")?.ranks[rank].cycles(from, to);
        cycles.map(Elapsed::Cycles).ok_or(Error::EventsReversed { rank })
    }

    fn forget_event(&self, rank: usize, event: EventHandle) {
        self.lock().ranks[rank].streams.forget_event(event);
    }

    fn begin_capture(&self, rank: usize, stream: StreamHandle) -> Result<()> {
        self.working()?.ranks[rank].streams.begin_capture(rank, stream)
    }

    fn end_capture(&self, rank: usize) -> Result<GraphHandle> {
        Ok(self.working()?.ranks[rank].streams.end_capture())
    }

    fn replay(&self, rank: usize, stream: StreamHandle, graph: GraphHandle) -> Result<()> {
        let mut state = self.working()?;
        let launches = state.ranks[rank].streams.captured(rank, graph)?;
        for launch in launches {
            state.ranks[rank].enqueue(Launch { stream, ..launch });
        }
        Ok(())
    }

    fn forget_graph(&self, rank: usize, graph: GraphHandle) {
        self.lock().ranks[rank].streams.forget_graph(graph);
    }

    fn wait(&self, rank: usize) -> Result<()> {
        self.idle(rank, "waiting for the GPU").map(|_| ())
    }

    fn take_report(&self, rank: usize, ticket: Ticket) -> Option<LaunchReport> {
        self.lock().ranks[rank].reports.remove(&ticket)
    }

    fn forget(&self, rank: usize, ticket: Ticket) {
        self.lock().ranks[rank].forget(ticket);
    }

    fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        match self.block(rank, Activity::Gathering { purpose: purpose.into(), bytes })? {
            Answer::Gathered(all) => Ok(all),
            Answer::Finished => unreachable!("a gathering rank is answered with the contributions"),
        }
    }

    fn leave(&self, rank: usize, departure: RankExit) {
        let mut state = self.lock();
        state.rendezvous.set(rank, Activity::Departed(departure));
        if state.rendezvous.is_quiet() && state.broken.is_none() {
            state.settle();
        }
        self.changed.notify_all();
    }

    fn take_trace(&self) -> Option<Trace> {
        self.lock().machine.take_trace()
    }

    fn was_told_of_failure(&self, rank: usize) -> bool {
        self.lock().rendezvous.was_told_of_failure(rank)
    }
}

/// An error of the machine, with the rank that it is about.
fn machine_error(rank: Option<usize>, error: emulator::Error) -> Error {
    Error::Machine { rank, cause: Arc::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(ranks: usize) -> Emulated {
        let settings = Settings {
            ranks,
            schedule_seed: 0,
            priority_changes: None,
            trace: false,
            multiprocessors: 4,
            patience: Duration::from_secs(60),
        };
        Emulated::new(settings).expect("a machine")
    }

    fn is_there(backend: &Emulated, address: u64) -> bool {
        backend.lock().machine.read(address, &mut [0]).is_ok()
    }

    #[test]
    fn local_memory_is_freed_at_once_and_symmetric_memory_when_all_are_done() {
        let backend = backend(3);
        let local = backend.allocate(0, 64, Sharing::Local).expect("room");
        let symmetric: Vec<u64> =
            (0..3).map(|rank| backend.allocate(rank, 64, Sharing::Symmetric).expect("room")).collect();
        for &address in symmetric.iter().chain([&local]) {
            backend.fill(0, address, 1, 64).expect("writable");
        }
        backend.release(0, local);
        assert!(!is_there(&backend, local));
        backend.release(0, symmetric[0]);
        backend.release(2, symmetric[2]);
        assert!(symmetric.iter().all(|&address| is_there(&backend, address)), "rank 1 still uses it");
        backend.release(1, symmetric[1]);
        assert!(!symmetric.iter().any(|&address| is_there(&backend, address)));
    }

    #[test]
    fn a_rank_that_left_does_not_keep_symmetric_memory() {
        let backend = backend(2);
        let symmetric: Vec<u64> =
            (0..2).map(|rank| backend.allocate(rank, 64, Sharing::Symmetric).expect("room")).collect();
        backend.fill(0, symmetric[0], 1, 64).expect("writable");
        backend.leave(1, RankExit::Finished);
        assert!(is_there(&backend, symmetric[0]));
        backend.release(0, symmetric[0]);
        assert!(!is_there(&backend, symmetric[0]));
    }

    #[test]
    fn a_kernel_that_cannot_be_loaded_is_an_error_of_its_rank() {
        let error = backend(2).load(1, "this is not PTX", "nothing").expect_err("no PTX");
        assert!(matches!(error, Error::Machine { rank: Some(1), .. }), "{error}");
    }
}
