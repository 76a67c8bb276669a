//! Virtual time: a deterministic function of what was executed.
//!
//! Ready warps share the time, so the clock of a busy machine does not run faster than that of an
//! idle one. When every warp waits, the clock jumps to the next sleeper; when only spinning warps
//! with a timeout are left, it jumps by growing steps until they give up.

/// Cycles of `%clock` per nanosecond of `%globaltimer`.
const CYCLES_PER_NANOSECOND: u64 = 2;
/// Where `%globaltimer` starts.
const EPOCH: u64 = 1 << 40;
const FIRST_JUMP: u64 = 1 << 11;
/// Beyond this many cycles nobody is waiting for a timeout any more.
const END: u64 = 1 << 62;

/// The clock of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    cycles: u64,
    fraction: u64,
    jump: u64,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        Clock { cycles: 0, fraction: 0, jump: FIRST_JUMP }
    }

    pub(crate) fn cycles(&self) -> u64 {
        self.cycles
    }

    /// `%globaltimer` at a cycle.
    pub(crate) fn nanoseconds(cycles: u64) -> u64 {
        EPOCH + cycles / CYCLES_PER_NANOSECOND
    }

    /// Nanoseconds since the start at a cycle.
    pub(crate) fn span(cycles: u64) -> f64 {
        cycles as f64 / CYCLES_PER_NANOSECOND as f64
    }

    /// The cycle at which a sleep that starts at `now` ends.
    pub(crate) fn after(now: u64, nanoseconds: u64) -> u64 {
        now.saturating_add(nanoseconds * CYCLES_PER_NANOSECOND).saturating_add(1)
    }

    /// A warp executed `instructions` while `sharing` warps, itself included, shared the time.
    pub(crate) fn advance(&mut self, instructions: u64, sharing: u64) {
        self.fraction += (instructions << 16).div_ceil(sharing);
        self.cycles += self.fraction >> 16;
        self.fraction &= 0xffff;
    }

    pub(crate) fn advance_to(&mut self, cycles: u64) {
        self.cycles = self.cycles.max(cycles);
    }

    /// Lets time pass for waiters with a timeout; false when no time is left.
    pub(crate) fn jump(&mut self) -> bool {
        if self.cycles >= END {
            return false;
        }
        self.cycles = self.cycles.saturating_add(self.jump).min(END);
        self.jump = self.jump.saturating_mul(2);
        true
    }

    /// Something happened that was not a timeout: the next jump is short again.
    pub(crate) fn reset_jump(&mut self) {
        self.jump = FIRST_JUMP;
    }
}
