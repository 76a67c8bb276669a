//! Ranks that are threads of one process, or of which one process keeps the seats. They run freely
//! and meet now and then.
//!
//! Something may be done for ranks that wait: on virtual GPUs, [`Work`] is the machine that
//! executes what they launched.

use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::seats::{Activity, Answer};
use super::{Exchange, RankExit, Seats};
use crate::{Error, Result};

/// How often a rank that waits says so until it gives up.
const REMINDERS: u32 = 4;

/// What is done for ranks that wait.
pub(crate) trait Work: Send + fmt::Debug {
    /// Whether ranks are told of a failure at once. Otherwise nothing is decided while a program
    /// still runs, so that what ranks are told does not depend on the timing of threads.
    const TELLS_AT_ONCE: bool;

    /// Runs launches of all ranks until those of some waiting ranks are finished, and returns these
    /// ranks.
    fn run(&mut self, waiting: &[usize]) -> Result<Vec<usize>>;

    /// Everybody's contributions were exchanged.
    fn met(&mut self);

    /// Ranks were told what comes next.
    fn settled(&mut self, seats: &Seats);
}

/// Nothing is to be done: GPUs run by themselves.
impl Work for () {
    const TELLS_AT_ONCE: bool = true;

    fn run(&mut self, waiting: &[usize]) -> Result<Vec<usize>> {
        Ok(waiting.to_vec())
    }

    fn met(&mut self) {}

    fn settled(&mut self, _: &Seats) {}
}

/// Where they meet.
#[derive(Debug)]
pub(crate) struct InProcess<W = ()> {
    /// How long waiting ranks bear with one that does nothing, in wall-clock time.
    patience: Duration,
    state: Mutex<State<W>>,
    changed: Condvar,
}

/// What the rank threads share.
#[derive(Debug)]
pub(crate) struct State<W> {
    pub(crate) seats: Seats,
    pub(crate) work: W,
    /// When a rank last did something.
    progress: Instant,
    /// The error that ended it for everybody.
    broken: Option<Error>,
}

impl<W: Work> InProcess<W> {
    /// A meeting of `ranks` running programs.
    pub(crate) fn new(ranks: usize, patience: Duration, work: W) -> InProcess<W> {
        let state = State { seats: Seats::new(ranks), work, progress: Instant::now(), broken: None };
        InProcess { patience, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The state; who asks for it does something.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State<W>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.progress = Instant::now();
        state
    }

    /// The state, unless it ended for everybody.
    pub(crate) fn working(&self) -> Result<MutexGuard<'_, State<W>>> {
        let state = self.lock();
        match &state.broken {
            Some(error) => Err(error.clone()),
            None => Ok(state),
        }
    }

    /// The rank that failed, if one did.
    pub(crate) fn failure(&self) -> Option<Error> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (peer, reason) = state.seats.failure()?;
        Some(Error::PeerFailed { peer, reason })
    }

    /// Waits until the launches of the rank are finished.
    pub(crate) fn wait(&self, rank: usize) -> Result<()> {
        self.block(rank, Activity::Waiting).map(|_| ())
    }

    /// Blocks the rank's thread until there is an answer for it.
    fn block(&self, rank: usize, activity: Activity) -> Result<Answer> {
        let mut state = self.working()?;
        let purpose = activity.purpose().to_owned();
        let since = Instant::now();
        tracing::debug!(rank, purpose, "arrives");
        state.seats.set(rank, activity);
        loop {
            if let Some(answer) = state.seats.take_answer(rank) {
                tracing::debug!(rank, purpose, waited = ?since.elapsed(), failed = answer.is_err(), "goes on");
                return answer;
            }
            if state.is_due() {
                state.settle();
                self.changed.notify_all();
                continue;
            }
            let missing = state.seats.running();
            tracing::debug!(rank, purpose, waited = ?since.elapsed(), ?missing, "waits for other ranks");
            let left = self.patience.saturating_sub(state.progress.elapsed());
            if left.is_zero() {
                tracing::warn!(rank, purpose, waited = ?since.elapsed(), ?missing, "gives up");
                state.broken = Some(state.seats.give_up(self.patience));
                self.changed.notify_all();
                continue;
            }
            // Now and then it says again what it waits for.
            let pause = left.min(self.patience / REMINDERS);
            state = self.changed.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl<W: Work> Exchange for InProcess<W> {
    fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        match self.block(rank, Activity::Gathering { purpose: purpose.to_owned(), bytes })? {
            Answer::Gathered(all) => Ok(all),
            Answer::Finished => unreachable!("a gathering rank is answered with the contributions"),
        }
    }

    fn leave(&self, rank: usize, exit: RankExit) {
        let mut state = self.lock();
        state.seats.set(rank, Activity::Departed(exit));
        if state.is_due() && state.broken.is_none() {
            state.settle();
        }
        self.changed.notify_all();
    }

    fn was_told_of_failure(&self, rank: usize) -> bool {
        self.lock().seats.was_told_of_failure(rank)
    }

    fn gathers_for(&self, rank: usize) -> Option<String> {
        self.lock().seats.gathers_for(rank).map(str::to_owned)
    }
}

impl<W: Work> State<W> {
    /// Whether it is time to decide.
    fn is_due(&self) -> bool {
        self.seats.is_quiet() || W::TELLS_AT_ONCE && self.seats.has_failed()
    }

    fn settle(&mut self) {
        let State { seats, work, broken, progress } = self;
        let met = seats.settle(|waiting| {
            let outcome = work.run(waiting);
            *broken = outcome.as_ref().err().cloned();
            outcome
        });
        if met {
            work.met();
        }
        work.settled(seats);
        *progress = Instant::now();
    }
}
