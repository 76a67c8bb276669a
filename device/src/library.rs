//! The device types and functions that almost every kernel uses, written in the device language
//! itself, and beside them modules of what fewer use, in folders by who executes: one lane, a warp,
//! a block, a grid. Import from them as `use crossdock::library::copies::*;`.

pub(crate) mod block;
pub(crate) mod grid;
pub(crate) mod lane;
pub(crate) mod warp;

use crate::device;

pub use block::{mbarrier, reductions};
pub use code::*;
pub use grid::overlap;
pub use lane::{approximate, bits, copies, fences, hardware, multicast};
pub use warp::together;

/// Vectors, bf16 pairs, and where a thread stands in its grid.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// Threads in a warp.
    pub const WARP: u32 = 32;

    /// All 32 lanes.
    pub const ALL_LANES: u32 = 0xffff_ffff;

    /// Sixteen bytes that move in one instruction.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C, align(16))]
    pub struct B128 {
        /// Bytes 0 to 3.
        pub x: u32,
        /// Bytes 4 to 7.
        pub y: u32,
        /// Bytes 8 to 11.
        pub z: u32,
        /// Bytes 12 to 15.
        pub w: u32,
    }

    impl B128 {
        /// Sixteen zero bytes.
        pub const ZERO: B128 = B128 { x: 0, y: 0, z: 0, w: 0 };
    }

    /// The lower of two bf16 in a word, widened exactly.
    pub const fn bf16_low(pair: u32) -> f32 {
        f32::from_bits(pair << 16)
    }

    /// The upper of two bf16 in a word, widened exactly.
    pub const fn bf16_high(pair: u32) -> f32 {
        f32::from_bits(pair & 0xffff_0000)
    }

    /// Index of this thread's warp in its block.
    pub fn warp_in_block() -> u32 {
        thread_in_block() / WARP
    }

    /// Warps per block.
    pub fn warps_in_block() -> u32 {
        threads_in_block() / WARP
    }

    /// Index of this thread's warp in the grid.
    pub fn warp_in_grid() -> u32 {
        block_in_grid() * warps_in_block() + warp_in_block()
    }

    /// Warps in the grid.
    pub fn warps_in_grid() -> u32 {
        blocks_in_grid() * warps_in_block()
    }

    /// The mask of lanes below this one.
    pub fn lanes_below() -> u32 {
        (1 << lane()) - 1
    }

    /// Both bf16 of a word, the lower one first, widened exactly.
    pub const fn unpack_bf16(pair: u32) -> (f32, f32) {
        (bf16_low(pair), bf16_high(pair))
    }

    /// Both f16 of a word, the lower one first, widened exactly.
    pub const fn unpack_f16(pair: u32) -> (f32, f32) {
        (f16_value(pair as u16), f16_value((pair >> 16) as u16))
    }

    /// Both e4m3 of a pair, the lower one first, widened exactly. Needs `sm_89`.
    pub const fn unpack_e4m3(pair: u16) -> (f32, f32) {
        unpack_f16(widen_e4m3(pair))
    }

    /// Both e5m2 of a pair, the lower one first, widened exactly. Needs `sm_89`.
    pub const fn unpack_e5m2(pair: u16) -> (f32, f32) {
        unpack_f16(widen_e5m2(pair))
    }

    /// A barrier that some warps of a block share: which one it is, and how many threads reach it.
    /// Make it a `const`, so that all its users agree.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct NamedBarrier {
        number: u32,
        threads: u32,
    }

    impl NamedBarrier {
        /// Barrier `number`, 1 to 15, which all threads of `warps` warps reach each time before it
        /// opens. Barrier 0 is that of `block_barrier`, and `role_barrier`s count down from 15.
        pub const fn new(number: u32, warps: u32) -> Self {
            NamedBarrier { number, threads: warps * WARP }
        }

        /// Arrives and waits for the others; orders the memory accesses of all.
        pub fn sync(self) {
            named_barrier_sync(self.number, self.threads)
        }

        /// Arrives and goes on: whoever waits sees this thread's earlier accesses.
        pub fn arrive(self) {
            named_barrier_arrive(self.number, self.threads)
        }

        /// Waits for all; whether `condition` is true for some thread.
        pub fn any(self, condition: bool) -> bool {
            named_barrier_any(self.number, self.threads, condition)
        }

        /// Waits for all; whether `condition` is true for every thread.
        pub fn all(self, condition: bool) -> bool {
            named_barrier_all(self.number, self.threads, condition)
        }

        /// Waits for all; for how many threads `condition` is true.
        pub fn count(self, condition: bool) -> u32 {
            named_barrier_count(self.number, self.threads, condition)
        }
    }

    /// One array in the memory of every rank.
    #[derive(Clone, Copy, Debug)]
    pub struct Symmetric<T> {
        /// Every rank's.
        pub peers: Peers<T>,
        /// This rank's.
        pub here: Global<T>,
    }
}
