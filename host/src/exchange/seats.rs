//! Who runs, who waits for what, and what the waiting ranks are told.
//!
//! Rank programs are threads, and threads run in any order. What ranks are told is decided when the
//! seats *settle*, from the state of all ranks and in rank order. Where that is done only when
//! every rank waits or has ended, what ranks are told, and what is executed together, never depends
//! on the timing of threads.

use std::time::Duration;

use crate::exchange::RankExit;
use crate::{Error, Result};

/// What a rank does.
#[derive(Clone, Debug)]
pub(crate) enum Activity {
    /// Its program runs.
    Running,
    /// It waits for its launches.
    Waiting,
    /// It waits for everybody's contribution.
    Gathering { purpose: String, bytes: Vec<u8> },
    /// It ended.
    Departed(RankExit),
}

impl Activity {
    /// What the rank takes part in.
    pub(crate) fn purpose(&self) -> &str {
        match self {
            Activity::Running => "its program",
            Activity::Waiting => "waiting for its launches",
            Activity::Gathering { purpose, .. } => purpose,
            Activity::Departed(_) => "its end",
        }
    }
}

/// What a waiting rank is told.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Its launches are finished.
    Finished,
    /// Everybody's contribution, in rank order.
    Gathered(Vec<Vec<u8>>),
}

/// What one rank does, and what it was told.
#[derive(Debug)]
struct Seat {
    activity: Activity,
    answer: Option<Result<Answer>>,
    told_of_failure: bool,
}

/// What all ranks do.
#[derive(Debug)]
pub(crate) struct Seats {
    seats: Vec<Seat>,
}

impl Seats {
    /// `ranks` running programs.
    pub(crate) fn new(ranks: usize) -> Seats {
        let seat = || Seat { activity: Activity::Running, answer: None, told_of_failure: false };
        Seats { seats: (0..ranks).map(|_| seat()).collect() }
    }

    /// Notes what `rank` does from now on.
    pub(crate) fn set(&mut self, rank: usize, activity: Activity) {
        self.seats[rank].activity = activity;
    }

    /// What `rank` was told, once.
    pub(crate) fn take_answer(&mut self, rank: usize) -> Option<Result<Answer>> {
        self.seats[rank].answer.take()
    }

    /// Whether `rank` was told that a peer failed.
    pub(crate) fn was_told_of_failure(&self, rank: usize) -> bool {
        self.seats[rank].told_of_failure
    }

    /// What `rank` waits for everybody's contribution to.
    pub(crate) fn gathers_for(&self, rank: usize) -> Option<&str> {
        match &self.seats[rank].activity {
            Activity::Gathering { purpose, .. } => Some(purpose),
            _ => None,
        }
    }

    /// Whether `rank` ended.
    pub(crate) fn has_departed(&self, rank: usize) -> bool {
        matches!(self.seats[rank].activity, Activity::Departed(_))
    }

    /// Whether no program runs, so that it is time to [`settle`](Self::settle).
    pub(crate) fn is_quiet(&self) -> bool {
        self.running().is_empty()
    }

    /// Whether a rank failed, which the others need not wait any longer to be told.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure().is_some()
    }

    /// The ranks whose programs run.
    pub(crate) fn running(&self) -> Vec<usize> {
        self.select(|activity| matches!(activity, Activity::Running))
    }

    /// Tells waiting ranks what comes next. `execute` runs launches of all ranks until those of
    /// some waiting ranks, which it is given, are finished, and returns these. Whether everybody's
    /// contributions were exchanged.
    pub(crate) fn settle(&mut self, execute: impl FnOnce(&[usize]) -> Result<Vec<usize>>) -> bool {
        let waiting = self.select(|activity| matches!(activity, Activity::Waiting));
        let gathering = self.select(|activity| matches!(activity, Activity::Gathering { .. }));
        if let Some((peer, reason)) = self.failure() {
            for rank in waiting.into_iter().chain(gathering) {
                self.seats[rank].told_of_failure = true;
                self.tell(rank, Err(Error::PeerFailed { peer, reason: reason.clone() }));
            }
        } else if !waiting.is_empty() {
            match execute(&waiting) {
                Ok(finished) => {
                    for rank in finished {
                        self.tell(rank, Ok(Answer::Finished));
                    }
                }
                Err(error) => {
                    for rank in waiting {
                        self.tell(rank, Err(error.clone()));
                    }
                }
            }
        } else if !gathering.is_empty() {
            let outcome = self.contributions();
            for rank in gathering {
                self.tell(rank, outcome.clone().map(Answer::Gathered));
            }
            return outcome.is_ok();
        }
        false
    }

    /// Tells every waiting rank that the running ones took longer than `waited`; the error, for
    /// later callers.
    pub(crate) fn give_up(&mut self, waited: Duration) -> Error {
        let error = Error::NotArrived { missing: self.running(), waited };
        for rank in self.select(|activity| matches!(activity, Activity::Waiting | Activity::Gathering { .. }))
        {
            self.tell(rank, Err(error.clone()));
        }
        error
    }

    /// The failed rank to name: the lowest that did not merely fail because another had.
    pub(crate) fn failure(&self) -> Option<(usize, String)> {
        let failures = self.seats.iter().enumerate().filter_map(|(rank, seat)| match &seat.activity {
            Activity::Departed(RankExit::Failed(reason)) => Some((seat.told_of_failure, rank, reason)),
            _ => None,
        });
        failures.min_by_key(|&(told, rank, _)| (told, rank)).map(|(_, rank, reason)| (rank, reason.clone()))
    }

    /// Everybody's bytes, if everybody gathers for the same purpose.
    fn contributions(&self) -> Result<Vec<Vec<u8>>> {
        let mut gathered: Vec<Vec<u8>> = Vec::with_capacity(self.seats.len());
        let mut first: Option<(usize, &str)> = None;
        for (rank, seat) in self.seats.iter().enumerate() {
            let Activity::Gathering { purpose, bytes } = &seat.activity else { continue };
            let &mut (first_rank, first_purpose) = first.get_or_insert((rank, purpose));
            if first_purpose != purpose {
                return Err(Error::OutOfStep {
                    first: first_rank,
                    first_purpose: first_purpose.into(),
                    second: rank,
                    second_purpose: purpose.clone(),
                });
            }
            gathered.push(bytes.clone());
        }
        let purpose = first.map(|(_, purpose)| purpose.to_string()).unwrap_or_default();
        match (0..self.seats.len()).find(|&rank| self.has_departed(rank)) {
            Some(peer) => Err(Error::PeerLeft { peer, purpose }),
            None => Ok(gathered),
        }
    }

    fn tell(&mut self, rank: usize, answer: Result<Answer>) {
        self.seats[rank].activity = Activity::Running;
        self.seats[rank].answer = Some(answer);
    }

    fn select(&self, wanted: impl Fn(&Activity) -> bool) -> Vec<usize> {
        let seats = self.seats.iter().enumerate();
        seats.filter(|(_, seat)| wanted(&seat.activity)).map(|(rank, _)| rank).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gathering(purpose: &str, byte: u8) -> Activity {
        Activity::Gathering { purpose: purpose.into(), bytes: vec![byte] }
    }

    fn answer(seats: &mut Seats, rank: usize) -> Result<Answer> {
        seats.take_answer(rank).expect("an answer")
    }

    #[test]
    fn gathers_in_rank_order_once_everybody_is_there() {
        let mut seats = Seats::new(3);
        for rank in [2, 0] {
            seats.set(rank, gathering("a dock", rank as u8));
        }
        assert!(!seats.is_quiet());
        assert_eq!(seats.running(), [1]);
        seats.set(1, gathering("a dock", 1));
        assert!(seats.is_quiet());
        seats.settle(|_| panic!("nobody launched anything"));
        for rank in 0..3 {
            let told = answer(&mut seats, rank).expect("gathered");
            assert!(matches!(told, Answer::Gathered(bytes) if bytes == [[0], [1], [2]]));
        }
    }

    #[test]
    fn launches_run_while_others_gather() {
        let mut seats = Seats::new(2);
        seats.set(0, gathering("a dock", 0));
        seats.set(1, Activity::Waiting);
        let mut executions = 0;
        seats.settle(|waiting| {
            executions += 1;
            Ok(waiting.to_vec())
        });
        assert_eq!(executions, 1);
        assert!(matches!(answer(&mut seats, 1), Ok(Answer::Finished)));
        assert!(seats.take_answer(0).is_none());
        assert_eq!(seats.running(), [1]);
    }

    #[test]
    fn only_ranks_whose_launches_are_finished_go_on() {
        let mut seats = Seats::new(3);
        for rank in 0..3 {
            seats.set(rank, Activity::Waiting);
        }
        seats.settle(|waiting| {
            assert_eq!(waiting, [0, 1, 2]);
            Ok(vec![1])
        });
        assert!(matches!(answer(&mut seats, 1), Ok(Answer::Finished)));
        assert_eq!(seats.running(), [1]);
        assert!(seats.take_answer(0).is_none() && seats.take_answer(2).is_none());
    }

    #[test]
    fn a_failure_is_told_before_anything_is_executed_and_names_its_cause() {
        let mut seats = Seats::new(4);
        seats.set(3, Activity::Departed(RankExit::Failed("out of cheese".into())));
        for rank in 0..3 {
            seats.set(rank, Activity::Waiting);
        }
        seats.settle(|_| panic!("must not execute"));
        let error = answer(&mut seats, 0).expect_err("a peer failed");
        assert_eq!(error.to_string(), "rank 3 failed: out of cheese");
        // Rank 0 fails in turn; rank 1, which waits again, is still told of rank 3.
        seats.set(0, Activity::Departed(RankExit::Failed(error.to_string())));
        seats.set(1, Activity::Waiting);
        seats.set(2, Activity::Waiting);
        seats.settle(|_| panic!("must not execute"));
        assert!(matches!(answer(&mut seats, 1), Err(Error::PeerFailed { peer: 3, .. })));
        assert!(seats.was_told_of_failure(0) && !seats.was_told_of_failure(3));
    }

    #[test]
    fn different_purposes_and_early_ends_are_named() {
        let mut seats = Seats::new(2);
        seats.set(0, gathering("opening a dock", 0));
        seats.set(1, gathering("allocating", 0));
        seats.settle(|_| Ok(Vec::new()));
        let error = answer(&mut seats, 1).expect_err("out of step");
        assert!(
            error.to_string().starts_with("rank 0 is in opening a dock while rank 1 is in allocating"),
            "{error}"
        );

        let mut seats = Seats::new(2);
        seats.set(0, gathering("opening a dock", 0));
        seats.set(1, Activity::Departed(RankExit::Finished));
        seats.settle(|_| Ok(Vec::new()));
        assert!(matches!(answer(&mut seats, 0), Err(Error::PeerLeft { peer: 1, .. })));
    }
}
