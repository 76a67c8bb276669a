//! The sum of any number of values: lanes sum what they visit, warps sum their lanes with shuffles,
//! and the block sums its warps through shared memory. A second launch with one block sums the
//! blocks.

use crossdock::host::{Cluster, Rank};

use crate::error::Error;

/// The kernel.
#[crossdock::device]
pub mod code {
    use crossdock::prelude::*;

    /// Warps per block, at most the lanes of one warp.
    pub const WARPS: u32 = 8;

    /// The sum of all lanes' values, in every lane.
    pub fn sum_of_lanes(value: u64) -> u64 {
        let mut sum = value;
        #[unroll]
        for step in 0..5 {
            sum += shuffle_xor(sum, 1 << step);
        }
        sum
    }

    /// Writes the sum, modulo 2^64, of the values that block `b` visits to `sums[b]`.
    #[kernel(warps = 8)]
    pub fn sum_per_block(values: Global<u64>, count: u64, sums: Global<u64>) {
        let sums_of_warps = shared::<u64>(WARPS);
        let threads = threads_in_block() as u64;
        let mut index = block_in_grid() as u64 * threads + thread_in_block() as u64;
        let mut sum: u64 = 0;
        while index < count {
            sum += values.at(index).read();
            index += blocks_in_grid() as u64 * threads;
        }
        // Lanes leave the loop at different times; after it the warp is whole again.
        sum = sum_of_lanes(sum);
        if lane() == 0 {
            sums_of_warps.at(warp_in_block()).write(sum);
        }
        block_barrier();
        if warp_in_block() == 0 {
            let mut sum_of_warp: u64 = 0;
            if lane() < WARPS {
                sum_of_warp = sums_of_warps.at(lane()).read();
            }
            let sum_of_block = sum_of_lanes(sum_of_warp);
            if lane() == 0 {
                sums.at(block_in_grid()).write(sum_of_block);
            }
        }
    }
}

crossdock::specialise! {
    /// The kernel; it runs on every GPU from `sm_80` on.
    pub const SUM_PER_BLOCK = code::sum_per_block {};
}

/// Blocks of the first launch, unless there are fewer values.
const MOST_BLOCKS: u64 = 132;

/// The sum of `values` modulo 2^64, computed on the rank's GPU.
///
/// # Errors
/// When memory is short or the machine is broken.
pub fn sum(rank: &Rank, values: &[u64]) -> Result<u64, Error> {
    let kernel = rank.kernel(&SUM_PER_BLOCK)?;
    let count = values.len() as u64;
    let blocks = count.div_ceil(SUM_PER_BLOCK.needs.block.count()).clamp(1, MOST_BLOCKS) as u32;
    let input = rank.buffer::<u64>(values.len())?;
    input.write(0, values)?;
    let sums = rank.buffer::<u64>(blocks as usize)?;
    kernel
        .launch(blocks, &code::SumPerBlockArguments { values: input.global(), count, sums: sums.global() })?;
    let total = rank.buffer::<u64>(1)?;
    // Launches of a rank run in order, so these sums are complete.
    let arguments =
        code::SumPerBlockArguments { values: sums.global(), count: u64::from(blocks), sums: total.global() };
    kernel.launch(1, &arguments)?;
    rank.synchronise()?;
    Ok(total.read(0..1)?[0])
}

/// The sum of `values`, from every GPU of the cluster, compared with plain Rust.
///
/// # Errors
/// When the machine reports an error or a GPU computes another sum.
pub fn check(cluster: &Cluster, values: &[u64]) -> Result<u64, Error> {
    let expected = values.iter().fold(0u64, |sum, &value| sum.wrapping_add(value));
    for (rank, found) in cluster.run(|rank| sum(rank, values))?.into_iter().enumerate() {
        Error::unless_equal(format_args!("the sum on rank {rank}"), expected, found)?;
    }
    Ok(expected)
}

#[cfg(test)]
mod tests {
    use crossdock::host::Topology;

    use super::*;

    #[test]
    fn any_number_of_values_is_summed_under_any_schedule() -> Result<(), Error> {
        for seed in 0..5 {
            let cluster = Cluster::emulated(Topology::nodes(1))?.schedule_seed(seed);
            for count in [0, 1, 31, 32, 33, 255, 256, 257, 1_000, 4_097] {
                // 1 + 2 + .. + count, and what the multiples of 2^63 leave modulo 2^64.
                let values: Vec<u64> = (1..=count).map(|number| number + (number << 63)).collect();
                let odd_numbers = count.div_ceil(2);
                let expected = (count * (count + 1) / 2).wrapping_add(odd_numbers << 63);
                assert_eq!(check(&cluster, &values)?, expected, "{count} values, seed {seed}");
            }
        }
        Ok(())
    }

    #[test]
    fn blocks_that_come_round_again_visit_every_value_once() -> Result<(), Error> {
        let cluster = Cluster::emulated(Topology::nodes(1))?.multiprocessors(3);
        let count = 2 * MOST_BLOCKS * 256 + 77;
        assert_eq!(check(&cluster, &vec![3; count as usize])?, 3 * count);
        Ok(())
    }

    #[test]
    fn another_sum_is_an_error() {
        let error = Error::unless_equal("the sum on rank 0", 6, 7).expect_err("they differ");
        assert_eq!(error.to_string(), "the sum on rank 0 must be 6; the kernel computed 7");
    }
}
