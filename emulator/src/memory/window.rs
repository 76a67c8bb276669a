//! How the 64-bit address space is divided.
//!
//! Bits 60 and up select the state space of a generic address; a global address holds the GPU (plus
//! one, so that small integers are never valid addresses) from bit 44 up.

use crate::op::Space;

const GPU_SHIFT: u32 = 44;

/// Added to a shared-memory offset to make a generic address.
pub(crate) const SHARED_BASE: u64 = 1 << 60;
/// Added to a local-memory offset to make a generic address.
pub(crate) const LOCAL_BASE: u64 = 1 << 61;
/// Added to a parameter offset to make a generic address.
pub(crate) const PARAM_BASE: u64 = 1 << 62;
const SPACE_BITS: u64 = !((1 << 60) - 1);

/// Where the window of a GPU starts.
pub(crate) fn base(gpu: usize) -> u64 {
    (gpu as u64 + 1) << GPU_SHIFT
}

/// The GPU in whose window `address` lies; `usize::MAX` below the first window.
#[inline(always)]
pub(crate) fn owner(address: u64) -> usize {
    ((address >> GPU_SHIFT) as usize).wrapping_sub(1)
}

/// The state space of a generic address.
#[inline(always)]
pub(crate) fn space(address: u64) -> Space {
    match address & SPACE_BITS {
        SHARED_BASE => Space::Shared,
        LOCAL_BASE => Space::Local,
        PARAM_BASE => Space::Param,
        // `cvta.param` of a parameter of a function.
        address if address == LOCAL_BASE | PARAM_BASE => Space::Local,
        _ => Space::Global,
    }
}

/// The offset in its window of a generic address.
#[inline(always)]
pub(crate) fn offset(address: u64) -> u64 {
    address & !SPACE_BITS
}

/// Where the addresses of multicast memory start: after the windows of all GPUs.
pub(crate) const MULTICAST_BASE: u64 = 1 << 59;
