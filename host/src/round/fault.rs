//! Faults of rounds: how kernels record them, what ranks tell each other, and the errors that they
//! become.

use crossdock_device::Shape;
use crossdock_device::kernels::signal::code;
use crossdock_device::layout::code::{OVERFLOWING_EXPERT, OVERFLOWING_ROWS, OVERFLOWING_SLOTS};

use crate::error::{Overflowing, Stage};
use crate::gpu::rank::Rank;
use crate::round::call::Call;
use crate::round::capacity::ResolvedCapacity;
use crate::round::signals::{Flag, Signals, in_round};
use crate::{Error, Result};

/// A fault as a rank found it (see `kernels::signal` of the device crate).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// The rank that found it.
    rank: usize,
    stage: Stage,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Missing(Missing),
    Overflow { rank: usize, what: u32, found: u32 },
    TooManyTokens { tokens: usize, capacity: usize },
    BadExpert { token: usize, selection: usize, expert: i32 },
}

/// A wait in vain.
#[derive(Clone, Copy, Debug)]
struct Missing {
    peer: usize,
    /// The round that was waited in.
    round: u32,
    found: Flag,
    call: Call,
}

impl Fault {
    /// Reads a status record of this rank, or what a peer told; `None` for no fault.
    pub(crate) fn of_words(reader: usize, words: &[u32]) -> Result<Option<Fault>> {
        let unknown = || Error::UnknownStatus { rank: reader, words: words.to_vec() };
        let &[status, stage, first, second, third, fourth, fifth, rank] = words else {
            return Err(unknown());
        };
        if status == code::FINE {
            return Ok(None);
        }
        let stage = match stage {
            code::COUNT => Stage::Count,
            code::LAYOUT => Stage::Layout,
            code::DISPATCH => Stage::Dispatch,
            code::COMBINE => Stage::Combine,
            code::BEGIN_ROUND => Stage::BeginRound,
            _ => return Err(unknown()),
        };
        let what = match status {
            code::LATE => What::Missing(Missing {
                peer: first as usize,
                round: second,
                found: Flag::new(u64::from(third) | u64::from(fourth) << 32),
                call: Call::of_bits(fifth),
            }),
            code::OVERFLOW => What::Overflow { rank: first as usize, what: second, found: third },
            code::TOO_MANY_TOKENS => {
                What::TooManyTokens { tokens: first as usize, capacity: second as usize }
            }
            code::BAD_EXPERT => What::BadExpert {
                token: first as usize,
                selection: second as usize,
                expert: third.cast_signed(),
            },
            _ => return Err(unknown()),
        };
        Ok(Some(Fault { rank: rank as usize, stage, what }))
    }

    /// The peer that told this rank of a fault, if that is how the rank knows.
    fn teller(self) -> Option<usize> {
        match self.what {
            What::Missing(Missing { peer, found, .. }) if found.failed => Some(peer),
            _ => None,
        }
    }

    /// The late peer, if a fault is no more than that.
    fn late(self) -> Option<Missing> {
        match self.what {
            What::Missing(missing) if !missing.found.failed && !self.is_out_of_step(missing) => Some(missing),
            _ => None,
        }
    }

    /// Whether the peer makes another call: in this round, or, where this rank begins the next one,
    /// still in the last.
    fn is_out_of_step(self, missing: Missing) -> bool {
        let begins = matches!(self.stage, Stage::Layout | Stage::BeginRound);
        missing.found.round == missing.round || begins && missing.found.call.follows_a_dispatch()
    }

    /// The same late peer as this rank sees it: who waits for it here, if it has not come here
    /// either.
    fn seen_here(self, own: Fault, signals: &Signals, seen: &[Flag]) -> Fault {
        let (Some(late), What::Missing(here)) = (self.late(), own.what) else { return self };
        let found = signals.of_kind(seen, own.stage.flags(), late.peer);
        if late.peer == own.rank || found.failed || found.round >= here.round {
            return self;
        }
        Fault { what: What::Missing(Missing { peer: late.peer, found, ..here }), ..own }
    }
}

/// Tells the peers why this rank leaves the round, and gives the error that it is here. Where all
/// ranks know already, because the counts say it to all of them, nobody is told.
pub(crate) fn leave(
    own: Fault,
    rank: &Rank,
    signals: &Signals,
    shape: &Shape,
    capacity: &ResolvedCapacity,
) -> Result<Error> {
    let ranks = rank.topology().ranks();
    let (fault, seen) = if let What::Overflow { .. } = own.what {
        (own, Vec::new())
    } else {
        let teller = own.teller();
        let cause = match teller {
            Some(peer) => Fault::of_words(rank.index(), &signals.told_by(peer)?)?.unwrap_or(own),
            None => own,
        };
        let seen = signals.give_up(teller)?;
        (cause.seen_here(own, signals, &seen), seen)
    };
    Ok(match fault.what {
        What::TooManyTokens { tokens, capacity } => {
            Error::OverCapacity { rank: fault.rank, tokens, capacity }
        }
        What::BadExpert { token, selection, expert } => {
            Error::NoSuchExpert { rank: fault.rank, token, selection, expert, experts: shape.experts }
        }
        What::Missing(missing) => {
            let Missing { peer, round, found, call } = missing;
            let here = (fault.rank, in_round(call, round, signals.dock));
            if fault.is_out_of_step(missing) {
                let there = (peer, in_round(found.call, found.round, signals.dock));
                return Ok(out_of_step(here, there));
            }
            if let Some(ahead) = rank.other_call(peer, signals.dock)? {
                return Ok(out_of_step(here, (peer, ahead)));
            }
            let came = |&other: &usize| signals.of_kind(&seen, fault.stage.flags(), other).round == round;
            Error::Late {
                rank: fault.rank,
                stage: fault.stage,
                peer,
                expected: round,
                found: found.round,
                present: (0..ranks).filter(|&other| other != peer).filter(came).count(),
                ranks,
                deadline: rank.deadline(),
            }
        }
        What::Overflow { rank, what, found } => {
            let (what, most) = match what {
                OVERFLOWING_ROWS => (Overflowing::Rows, capacity.rows),
                OVERFLOWING_SLOTS => (Overflowing::Slots, capacity.slots),
                expert => {
                    let local_experts = shape.experts as usize / ranks;
                    let number = rank * local_experts + (expert - OVERFLOWING_EXPERT) as usize;
                    (Overflowing::Expert(number), capacity.layout.expert_capacity() as usize)
                }
            };
            Error::Overflow { rank, what, found: found as usize, most }
        }
    })
}

/// The lower rank first, so that both say the same.
fn out_of_step(one: (usize, String), other: (usize, String)) -> Error {
    let (first, second) = if one.0 < other.0 { (one, other) } else { (other, one) };
    Error::OutOfStep { first: first.0, first_purpose: first.1, second: second.0, second_purpose: second.1 }
}

impl Stage {
    /// The kind of flags that the stage waits for.
    fn flags(self) -> u32 {
        match self {
            Stage::Count | Stage::Layout | Stage::BeginRound => code::BEGUN,
            Stage::Dispatch => code::ARRIVED,
            Stage::Combine => code::COMBINED,
        }
    }
}
