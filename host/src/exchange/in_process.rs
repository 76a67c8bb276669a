//! Ranks that run freely and meet now and then: a [`Rendezvous`] for threads that execute on real GPUs, or for the processes of a group.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::exchange::RankExit;
use crate::exchange::seats::{Activity, Answer, Rendezvous};
use crate::{Error, Result};

/// Where they meet.
#[derive(Debug)]
pub(crate) struct Meeting {
    patience: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    rendezvous: Rendezvous,
    /// When a rank last did something.
    progress: Instant,
    /// What everybody is told from now on.
    broken: Option<Error>,
}

impl Meeting {
    /// Of `ranks` ranks, which bear for `patience` with one that does nothing.
    pub(crate) fn new(ranks: usize, patience: Duration) -> Meeting {
        let state = State { rendezvous: Rendezvous::new(ranks), progress: Instant::now(), broken: None };
        Meeting { patience, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Waits for everybody's bytes.
    pub(crate) fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        let mut state = self.lock();
        if let Some(error) = &state.broken {
            return Err(error.clone());
        }
        state.note(rank, Activity::Gathering { purpose: purpose.to_owned(), bytes });
        self.changed.notify_all();
        loop {
            if let Some(answer) = state.rendezvous.take_answer(rank) {
                return answer.map(|answer| match answer {
                    Answer::Gathered(all) => all,
                    Answer::Finished => unreachable!("a gathering rank is answered with the contributions"),
                });
            }
            let left = self.patience.saturating_sub(state.progress.elapsed());
            if left.is_zero() {
                state.broken = Some(state.rendezvous.give_up(self.patience));
                self.changed.notify_all();
                continue;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The rank takes no further part.
    pub(crate) fn leave(&self, rank: usize, departure: RankExit) {
        self.lock().note(rank, Activity::Departed(departure));
        self.changed.notify_all();
    }

    /// Whether the rank was told that a peer failed.
    pub(crate) fn was_told_of_failure(&self, rank: usize) -> bool {
        self.lock().rendezvous.was_told_of_failure(rank)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn note(&mut self, rank: usize, activity: Activity) {
        self.progress = Instant::now();
        self.rendezvous.set(rank, activity);
        // A failure is told at once; ranks that compute on need not be waited for.
        if self.rendezvous.is_quiet() || self.rendezvous.has_failed() {
            self.rendezvous.settle(|waiting| Ok(waiting.to_vec()));
        }
    }
}
