//! `multimem` through the host's multicast addresses: an all-reduce between ranks, each on a GPU of
//! its own.

use crossdock_device::device;
use crossdock_host::Rank;

use super::{Lane, Test, Verdict, same};
use crate::Error;

/// A kernel that reaches all ranks at once.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::library::multicast::Multicast;
    use crossdock_device::prelude::*;

    /// Every rank gets the sums of all ranks; this one adds `count` words from `first` on.
    #[kernel(warps = 4)]
    pub fn all_reduce(words: Global<u32>, first: u32, count: u32) {
        let mut at = block_in_grid() * threads_in_block() + thread_in_block();
        while at < count {
            let word = Multicast::new(words).at(first + at);
            word.store(word.load_reduce_add(Relaxed, System), Relaxed, System);
            at += blocks_in_grid() * threads_in_block();
        }
    }
}

/// Words that each rank adds up.
const EACH: usize = 3000;

pub(super) fn tests() -> Vec<Test> {
    let test = |ranks: usize| {
        Test::that_may_skip(format!("multicast: all-reduce, {ranks} ranks"), move |lane| check(lane, ranks))
    };
    [2, 4, 8].map(test).into()
}

fn check(lane: &Lane, ranks: usize) -> Result<Verdict, Error> {
    if !lane.runs_sm_90() {
        return Ok(Verdict::Skipped("it needs sm_90"));
    }
    let has = lane.run(ranks, |rank: &Rank| Ok(rank.has_multicast()))?;
    if has.contains(&false) {
        return Ok(Verdict::Skipped("it needs as many GPUs as ranks, behind NVSwitches"));
    }
    let value = |rank: usize, at: usize| (rank as u32 + 3).wrapping_mul(0x9e37_79b9).wrapping_add(at as u32);
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.run(ranks, |rank: &Rank| {
        let count = ranks * EACH;
        let words = rank.symmetric_buffer(count)?;
        let values: Vec<u32> = (0..count).map(|at| value(rank.index(), at)).collect();
        words.here().write(0, &values)?;
        let kernel = rank.kernel(&image)?;
        let arguments = code::AllReduceArguments {
            words: words.multicast()?,
            first: (rank.index() * EACH) as u32,
            count: EACH as u32,
        };
        rank.barrier()?;
        kernel.launch(3, &arguments)?;
        rank.synchronise()?;
        rank.barrier()?;
        words.here().read(0..count)
    })?;
    let sum = |at: usize| (0..ranks).fold(0_u32, |sum, rank| sum.wrapping_add(value(rank, at)));
    let expected: Vec<u32> = (0..ranks * EACH).map(sum).collect();
    for (rank, found) in found.iter().enumerate() {
        same(found, &expected, &format!("rank {rank}"), "the host gives")?;
    }
    Ok(Verdict::Passed)
}
