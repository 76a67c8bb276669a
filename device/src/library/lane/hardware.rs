//! What a lane asks of the hardware around it: clocks (PTX ISA section 10) and prefetches (PTX ISA
//! section 9.7.9.15).

use crate::device;

pub use code::*;

/// Clocks and prefetches.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// Cycles of this SM's clock. `%clock64`.
    pub fn clock() -> u64 {
        ptx!("mov.u64 {cycles}, %clock64;", cycles = out(u64))
    }

    /// Asks for the line of this address in the L1 cache. `prefetch.global.L1`.
    pub fn prefetch_l1(place: Global<u32>) {
        ptx!("prefetch.global.L1 [{place}];", place = in(place));
    }

    /// Asks for the line of this address in the L2 cache. `prefetch.global.L2`.
    pub fn prefetch_l2(place: Global<u32>) {
        ptx!("prefetch.global.L2 [{place}];", place = in(place));
    }
}
