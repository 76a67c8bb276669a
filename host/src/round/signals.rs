//! What the ranks of a dock tell each other: how far they are in which round, and why one gave up.

use std::rc::Rc;

use crossdock_device::intrinsics::Global;
use crossdock_device::kernels::give_up::code::GiveUpArguments;
use crossdock_device::kernels::records::code::Round;
use crossdock_device::kernels::signal::code::{BEGUN, FAILED, FAULT_WORDS, FLAG_KINDS, STATUS_WORDS};

use crate::Result;
use crate::gpu::buffer::Buffer;
use crate::gpu::rank::{Rank, Rounds};
use crate::gpu::symmetric::SymmetricBuffer;
use crate::round::call::{Call, RoundName};
use crate::round::kernels::Loaded;

/// How far a rank came, as it told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flag {
    /// The round; 0 for none.
    pub(crate) round: u32,
    pub(crate) call: Call,
    /// Whether it left the round that it was in.
    pub(crate) failed: bool,
}

impl Flag {
    pub(crate) fn new(word: u64) -> Flag {
        let call = Call::of_bits(((word & !FAILED) >> 32) as u32);
        Flag { round: word as u32, call, failed: word & FAILED != 0 }
    }
}

/// The memory in which ranks tell each other, and the kernel that looks at it. Hosts never look at
/// memory that peers may be writing: what they see of it is what kernels of their rank waited for
/// or copied.
#[derive(Debug)]
pub(crate) struct Signals {
    rank: Rank,
    /// The same on all ranks.
    pub(crate) dock: u32,
    status: Buffer<u32>,
    /// The number of the last round that this rank began.
    round: Buffer<u32>,
    flags: SymmetricBuffer<u64>,
    causes: SymmetricBuffer<u32>,
    seen: Buffer<u64>,
    kernels: Rc<Loaded>,
}

impl Signals {
    /// Those of a new dock. Collective.
    pub(crate) fn new(rank: &Rank, dock: u32, kernels: &Rc<Loaded>) -> Result<Signals> {
        let ranks = rank.topology().ranks();
        let flags = FLAG_KINDS as usize * ranks;
        let signals = Signals {
            rank: rank.clone(),
            dock,
            status: rank.buffer(STATUS_WORDS as usize)?,
            round: rank.buffer(1)?,
            flags: rank.symmetric_buffer(flags)?,
            causes: rank.symmetric_buffer(ranks * FAULT_WORDS as usize)?,
            seen: rank.buffer(flags)?,
            kernels: Rc::clone(kernels),
        };
        signals.forget_fault()?;
        signals.round.clear()?;
        Ok(signals)
    }

    /// What every kernel of a round is told of it.
    pub(crate) fn record(&self, call: Call) -> Round {
        Round {
            rank: self.rank.index() as u32,
            ranks: self.rank.topology().ranks() as u32,
            call: call.bits(),
            epoch: self.round.global(),
            deadline: u64::try_from(self.rank.deadline().as_nanos()).unwrap_or(u64::MAX),
            status: self.status.global(),
            flags: self.flags.symmetric(),
        }
    }

    /// Where kernels find whether the round failed.
    pub(crate) fn status_record(&self) -> Global<u32> {
        self.status.global()
    }

    /// The number of the last round that this rank began.
    pub(crate) fn round(&self) -> Result<u32> {
        Ok(self.round.read(0..1)?[0])
    }

    /// The last round that this rank began.
    pub(crate) fn round_name(&self) -> Result<RoundName> {
        Ok(RoundName { dock: self.dock, round: self.round()? })
    }

    /// Goes on after the round with this number, as if all ranks had come through it.
    pub(crate) fn restart_after(&self, round: u32) -> Result<()> {
        self.round.write(0, &[round])?;
        self.flags.here().write(0, &vec![u64::from(round); self.flags.here().len()])?;
        self.forget_fault()
    }

    pub(crate) fn forget_fault(&self) -> Result<()> {
        self.status.clear()
    }

    /// The status record of this rank, once its launches are finished.
    pub(crate) fn status(&self) -> Result<Vec<u32>> {
        self.status.read(0..FAULT_WORDS as usize)
    }

    /// The status record that a peer told, whose flag a kernel of this rank found failed.
    pub(crate) fn told_by(&self, peer: usize) -> Result<Vec<u32>> {
        let first = peer * FAULT_WORDS as usize;
        self.causes.here().read(first..first + FAULT_WORDS as usize)
    }

    /// Tells all peers why this rank leaves the round: what a peer told it, or what it found
    /// itself. What its flags hold.
    pub(crate) fn give_up(&self, told_by: Option<usize>) -> Result<Vec<Flag>> {
        let cause = match told_by {
            Some(peer) => self.causes.here().global().at(peer * FAULT_WORDS as usize),
            None => self.status.global(),
        };
        self.look(Some(cause))
    }

    fn look(&self, tells: Option<Global<u32>>) -> Result<Vec<Flag>> {
        let arguments = GiveUpArguments {
            tells: u32::from(tells.is_some()),
            cause: tells.unwrap_or(self.status.global()),
            causes: self.causes.symmetric(),
            flags: self.flags.symmetric(),
            seen: self.seen.global(),
            rank: self.rank.index() as u32,
            ranks: self.rank.topology().ranks() as u32,
        };
        self.kernels.give_up.enqueue(1, &arguments)?;
        Ok(self.seen.read(0..self.seen.len())?.into_iter().map(Flag::new).collect())
    }

    /// How far a rank came, among what was seen, by the kind of flag.
    pub(crate) fn of_kind(&self, seen: &[Flag], kind: u32, rank: usize) -> Flag {
        seen[kind as usize * self.rank.topology().ranks() + rank]
    }
}

impl Rounds for Signals {
    fn dock(&self) -> u32 {
        self.dock
    }

    fn call_ahead(&self, peer: usize) -> Result<Option<String>> {
        let (own, seen) = (self.round()?, self.look(None)?);
        let Flag { round, call, .. } = self.of_kind(&seen, BEGUN, peer);
        Ok((round > own).then(|| in_round(call, round, self.dock)))
    }
}

/// A call with its place, for errors.
pub(crate) fn in_round(call: Call, round: u32, dock: u32) -> String {
    format!("{call} (round {round} of dock {dock})")
}
