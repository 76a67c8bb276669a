//! Asking the host's memory for the row that a warp will probably access next.
//!
//! A loop over rows steps by a block's width, which is more than the host's own prefetchers follow,
//! and between two rows hundreds of its instructions interpret others: enough to hide the way to
//! memory, if it is begun early.

const ENTRIES: usize = 8;
/// Bytes of a cache line of the host.
const LINE: usize = 64;
/// Rows longer than this are left to the host.
const LONGEST: usize = 1024;

/// Where the memory instructions of a warp were last, by their position.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ahead([(u32, usize); ENTRIES]);

impl Ahead {
    /// The instruction at `pc` accesses `length` bytes of an allocation at `offset`; next it may go
    /// one step further.
    #[inline(always)]
    pub(crate) fn step(&mut self, pc: u32, bytes: &[u8], offset: usize, length: usize) {
        let entry = &mut self.0[pc as usize % ENTRIES];
        let (last_pc, last) = std::mem::replace(entry, (pc, offset));
        // Wraps below the start, which is then after the end.
        let next = offset.wrapping_add(offset.wrapping_sub(last));
        if last_pc == pc && length <= LONGEST && next < bytes.len() && bytes.len() - next >= length {
            prefetch(&bytes[next..next + length]);
        }
    }
}

#[inline(always)]
#[cfg(target_arch = "x86_64")]
fn prefetch(bytes: &[u8]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for line in bytes.iter().step_by(LINE) {
        // SAFETY: a prefetch of a valid address has no effect that can be seen; SSE is part of the
        // architecture.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(line).cast()) };
    }
}

#[inline(always)]
#[cfg(not(target_arch = "x86_64"))]
fn prefetch(_: &[u8]) {}
