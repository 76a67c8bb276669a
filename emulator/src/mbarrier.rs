//! Mbarrier objects in shared memory (PTX ISA section 9.7.13.15): exact phase, counts and misuse.
//!
//! The counts live in a table beside shared memory. The object's eight bytes hold a digest of them,
//! so that warps can park on the bytes as on any memory, and so that an ordinary store over an
//! object is noticed.

use std::collections::BTreeMap;
use std::fmt;

use crate::memory::Region;

/// Bytes of an object, and its alignment.
pub(crate) const BYTES: usize = 8;
/// The most arrivals of a phase, and the most transaction bytes outstanding.
const MOST: u32 = (1 << 20) - 1;
/// Set in every digest and state, so that neither is a small number by accident.
const MARK: u64 = 1 << 63;
const PHASE_BITS: u32 = 43;

/// The state of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mbarrier {
    /// Completed phases: the number of the current one.
    phase: u64,
    /// Arrivals that the current phase still waits for.
    pending: u32,
    /// Arrivals that the next phase will wait for.
    expected: u32,
    /// Bytes expected less bytes that came; negative while more came than were announced.
    transactions: i32,
}

impl fmt::Display for Mbarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "phase {} (parity {}), {} of {} arrivals pending, {} transaction bytes outstanding",
            self.phase,
            self.phase & 1,
            self.pending,
            self.expected,
            self.transactions
        )
    }
}

impl Mbarrier {
    fn new(count: u32) -> Result<Mbarrier, String> {
        if count == 0 || count > MOST {
            return Err(format!("initialised with count {count}; it must be 1 to {MOST}"));
        }
        Ok(Mbarrier { phase: 0, pending: count, expected: count, transactions: 0 })
    }

    /// What the bytes in shared memory hold: enough to see every change.
    pub(crate) fn digest(&self) -> u64 {
        let transactions = u64::from((self.transactions + (1 << 20)) as u32);
        MARK | (self.phase & 0x3f_ffff) << 41 | u64::from(self.pending) << 21 | transactions
    }

    pub(crate) fn phase(&self) -> u64 {
        self.phase
    }

    /// The opaque state that `mbarrier.arrive` returns: phase and pending count before it.
    pub(crate) fn state(&self) -> u64 {
        MARK | (self.phase & ((1 << PHASE_BITS) - 1)) << 20 | u64::from(self.pending)
    }

    fn complete_if_due(&mut self) {
        if self.pending == 0 && self.transactions == 0 {
            self.phase += 1;
            self.pending = self.expected;
        }
    }

    /// `expect-tx`.
    pub(crate) fn expect(&mut self, bytes: u32) -> Result<(), String> {
        self.transactions =
            Self::in_range(i64::from(self.transactions) + i64::from(bytes)).ok_or_else(|| {
                format!("expecting {bytes} more bytes exceeds {MOST} outstanding bytes: {self}")
            })?;
        Ok(())
    }

    /// `complete-tx`.
    pub(crate) fn complete(&mut self, bytes: u32) -> Result<(), String> {
        self.transactions =
            Self::in_range(i64::from(self.transactions) - i64::from(bytes)).ok_or_else(|| {
                format!("completing {bytes} bytes leaves more than {MOST} bytes that nobody expected: {self}")
            })?;
        self.complete_if_due();
        Ok(())
    }

    fn in_range(transactions: i64) -> Option<i32> {
        i32::try_from(transactions).ok().filter(|transactions| transactions.unsigned_abs() <= MOST)
    }

    /// `arrive-on` by `count`; with `drop`, later phases expect that many fewer.
    pub(crate) fn arrive(&mut self, count: u32, drop: bool, no_complete: bool) -> Result<(), String> {
        if count == 0 || count > self.pending {
            return Err(format!("arrival of count {count}; it must be 1 to the pending count: {self}"));
        }
        if no_complete && count == self.pending && self.transactions == 0 {
            return Err(format!(
                "arrival of count {count} with `.noComplete` would complete the phase: {self}"
            ));
        }
        if drop {
            // The next phase cannot expect fewer than none: every arrival of this phase may drop
            // once.
            self.expected = self.expected.checked_sub(count).ok_or_else(|| {
                format!("dropping {count} arrivals leaves fewer than none for the next phase: {self}")
            })?;
        }
        self.pending -= count;
        self.complete_if_due();
        Ok(())
    }

    /// Expects one more arrival in this phase, for an asynchronous arrival that counts itself.
    pub(crate) fn add_pending(&mut self) -> Result<(), String> {
        if self.pending >= MOST {
            return Err(format!("the pending count would exceed {MOST}: {self}"));
        }
        self.pending += 1;
        Ok(())
    }

    /// Whether the phase of a state that `arrive` returned is complete.
    pub(crate) fn is_complete_since(&self, state: u64) -> Result<bool, String> {
        if state & MARK == 0 {
            return Err(format!("waits with {state:#x}, which is not a state that an arrival returned"));
        }
        let phase = state >> 20 & ((1 << PHASE_BITS) - 1);
        match self.phase.checked_sub(phase) {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(format!(
                "waits for phase {phase}; it must be the current phase or the one before it: {self}"
            )),
        }
    }

    /// Whether the phase of this parity, the current one or the one before it, is complete.
    pub(crate) fn is_complete_parity(&self, parity: u32) -> Result<bool, String> {
        match parity {
            0 | 1 => Ok(self.phase & 1 != u64::from(parity)),
            _ => Err(format!("waits for parity {parity}; it must be 0 or 1: {self}")),
        }
    }
}

/// The pending count in a state.
pub(crate) fn pending_count(state: u64) -> Result<u32, String> {
    if state & MARK == 0 {
        return Err(format!("{state:#x} is not a state that an arrival returned"));
    }
    Ok(state as u32 & MOST)
}

/// The objects of a block, by offset in shared memory.
#[derive(Debug, Default)]
pub(crate) struct Mbarriers(BTreeMap<u32, Mbarrier>);

fn named(offset: u32, text: &str) -> String {
    format!("mbarrier at shared memory + {offset}: {text}")
}

impl Mbarriers {
    /// `mbarrier.init`.
    pub(crate) fn initialise(&mut self, shared: &mut Region, offset: u32, count: u32) -> Result<(), String> {
        if let Ok(live) = self.get(shared, offset) {
            return Err(named(offset, &format!("initialised again without `mbarrier.inval`: {live}")));
        }
        let fresh = Mbarrier::new(count).map_err(|text| named(offset, &text))?;
        shared.set_value(offset as usize, BYTES, fresh.digest().into());
        self.0.insert(offset, fresh);
        Ok(())
    }

    /// `mbarrier.inval`.
    pub(crate) fn invalidate(&mut self, shared: &mut Region, offset: u32) -> Result<(), String> {
        self.get(shared, offset)?;
        self.0.remove(&offset);
        shared.set_value(offset as usize, BYTES, 0);
        Ok(())
    }

    /// A live object.
    pub(crate) fn get(&self, shared: &Region, offset: u32) -> Result<&Mbarrier, String> {
        let Some(found) = self.0.get(&offset) else {
            return Err(named(offset, "not initialised; `mbarrier.init` must come first"));
        };
        if shared.value(offset as usize, BYTES) != found.digest().into() {
            return Err(named(
                offset,
                "overwritten by an ordinary store; only mbarrier instructions may touch it",
            ));
        }
        Ok(found)
    }

    /// Changes a live object.
    pub(crate) fn update<T>(
        &mut self,
        shared: &mut Region,
        offset: u32,
        change: impl FnOnce(&mut Mbarrier) -> Result<T, String>,
    ) -> Result<T, String> {
        self.get(shared, offset)?;
        let found = self.0.get_mut(&offset).ok_or_else(|| named(offset, "not initialised"))?;
        let result = change(found).map_err(|text| named(offset, &text))?;
        shared.set_value(offset as usize, BYTES, found.digest().into());
        Ok(result)
    }

    /// What a waiter at this offset waits for, if there is an object.
    pub(crate) fn describe(&self, offset: u32) -> Option<String> {
        let found = self.0.get(&offset)?;
        Some(format!("the mbarrier at shared memory + {offset}: {found}"))
    }
}
