//! One value from those of all lanes of a warp, or of all threads of a block, for every type of
//! number: shuffles (`shfl.sync`, PTX ISA section 9.7.9.6), and a barrier between the warps of a
//! block (`bar.sync`, 9.7.13.1).

use crate::device;

pub use code::*;

/// Sums, and the smallest and largest values. All lanes, or all threads of the block, come together
/// and have the result.
#[device]
pub mod code {
    use crate::intrinsics::*;
    use crate::library::code::{warp_in_block, warps_in_block};

    /// The sum over the lanes of the warp: `value` of lane `l` is added to that of lane `l ^ 16`
    /// first, then 8, 4, 2, 1.
    pub fn warp_sum<T: Number>(value: T) -> T {
        let mut sum = value;
        #[unroll]
        for step in 0..5 {
            sum += shuffle_xor(sum, 16u32 >> step);
        }
        sum
    }

    /// The smallest value of the warp's lanes.
    pub fn warp_smallest<T: Number>(value: T) -> T {
        let mut smallest = value;
        #[unroll]
        for step in 0..5 {
            smallest = smallest.smaller(shuffle_xor(smallest, 16u32 >> step));
        }
        smallest
    }

    /// The largest value of the warp's lanes.
    pub fn warp_largest<T: Number>(value: T) -> T {
        let mut largest = value;
        #[unroll]
        for step in 0..5 {
            largest = largest.larger(shuffle_xor(largest, 16u32 >> step));
        }
        largest
    }

    /// The sums of the two f16 of a word over the lanes of the warp, each addition rounded to
    /// nearest even.
    pub fn warp_sum_f16x2(pair: u32) -> u32 {
        let mut sum = pair;
        #[unroll]
        for step in 0..5 {
            sum = add_f16x2(sum, shuffle_xor(sum, 16u32 >> step));
        }
        sum
    }

    /// What warp `lane()` gives, in every warp; `rest` in the lanes beyond the last warp.
    fn of_warps<T: Number>(value: T, rest: T) -> T {
        let results = shared::<T>(32);
        if lane() == 0 {
            results.at(warp_in_block()).write(value);
        }
        block_barrier();
        let mut mine = rest;
        if lane() < warps_in_block() {
            mine = results.at(lane()).read();
        }
        // The next reduction writes here again.
        block_barrier();
        mine
    }

    /// The sum over the threads of the block: [`warp_sum`] of each warp's sum.
    pub fn block_sum<T: Number>(value: T) -> T {
        warp_sum(of_warps(warp_sum(value), T::ZERO))
    }

    /// The smallest value of the block's threads.
    pub fn block_smallest<T: Number>(value: T) -> T {
        let smallest = warp_smallest(value);
        warp_smallest(of_warps(smallest, smallest))
    }

    /// The largest value of the block's threads.
    pub fn block_largest<T: Number>(value: T) -> T {
        let largest = warp_largest(value);
        warp_largest(of_warps(largest, largest))
    }
}
