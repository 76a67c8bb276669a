//! What a launch may ask for besides its blocks: clusters, all blocks at once, and a start before
//! the end of the launch in front.

use crossdock_device::device;
use crossdock_host::{LaunchOptions, Rank};

use super::{Lane, Test, same};
use crate::Error;

/// The kernels.
#[device(crate = ::crossdock_device)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock_device::prelude::*;

    /// Each block writes its rank in its cluster, and how many blocks that has.
    #[kernel(warps = 1)]
    pub fn cluster(words: Global<u32>) {
        let rank = ptx!("mov.u32 {rank}, %cluster_ctarank;", rank = out(u32));
        let blocks = ptx!("mov.u32 {blocks}, %cluster_nctarank;", blocks = out(u32));
        if lane() == 0 {
            words.at(block_in_grid()).write(100 * blocks + rank);
        }
    }

    /// Each block waits for all others of the grid, which must therefore be on the GPU with it.
    #[kernel(warps = 1)]
    pub fn together(arrived: Global<u32>, seen: Global<u32>) {
        if lane() == 0 {
            arrived.fetch_add(1, Release, Gpu);
            let mut found = arrived.load(Acquire, Gpu);
            while found < blocks_in_grid() {
                found = arrived.load(Acquire, Gpu);
            }
            seen.at(block_in_grid()).write(found);
        }
    }

    /// Doubles each word and adds one, once what stands in front of it on the stream is done.
    #[kernel(warps = 1)]
    pub fn step(words: Global<u32>) {
        ptx!("griddepcontrol.wait;");
        let word = words.at(block_in_grid() * WARP + lane());
        word.write(2 * word.read() + 1);
    }
}

const BLOCKS: u32 = 8;

pub(super) fn tests() -> Vec<Test> {
    let clusters = |blocks: u32| {
        Test::of_sm_90(format!("launch: clusters of {blocks} blocks"), move |lane| cluster(lane, blocks))
    };
    let mut tests: Vec<Test> = [2, 4, 8].map(clusters).into();
    tests.push(Test::new("launch: cooperative, blocks that wait for each other", together));
    tests.push(Test::of_sm_90("launch: overlapping, each launch on the results of the last", overlapping));
    tests
}

fn cluster(lane: &Lane, blocks: u32) -> Result<(), Error> {
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank: &Rank| {
        let words = rank.buffer(BLOCKS as usize)?;
        let kernel = rank.kernel(&image)?;
        let arguments = code::ClusterArguments { words: words.global() };
        kernel.launch_with(BLOCKS, LaunchOptions::default().cluster(blocks), &arguments)?;
        words.read(0..BLOCKS as usize)
    })?;
    let expected: Vec<u32> = (0..BLOCKS).map(|block| 100 * blocks + block % blocks).collect();
    same(&found[0], &expected, "rank 0", "the host gives")
}

fn together(lane: &Lane) -> Result<(), Error> {
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank: &Rank| {
        let (arrived, seen) = (rank.buffer::<u32>(1)?, rank.buffer(BLOCKS as usize)?);
        arrived.clear()?;
        let kernel = rank.kernel(&image)?;
        let arguments = code::TogetherArguments { arrived: arrived.global(), seen: seen.global() };
        kernel.launch_with(BLOCKS, LaunchOptions::default().cooperative(), &arguments)?;
        seen.read(0..BLOCKS as usize)
    })?;
    same(&found[0], &[BLOCKS; BLOCKS as usize], "rank 0", "the host gives")
}

fn overlapping(lane: &Lane) -> Result<(), Error> {
    const LAUNCHES: u32 = 16;
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank: &Rank| {
        let count = (BLOCKS * 32) as usize;
        let words = rank.buffer(count)?;
        words.write(0, &(0..BLOCKS * 32).collect::<Vec<u32>>())?;
        let kernel = rank.kernel(&image)?;
        for _ in 0..LAUNCHES {
            let arguments = code::StepArguments { words: words.global() };
            kernel.launch_with(BLOCKS, LaunchOptions::default().overlapping(), &arguments)?;
        }
        words.read(0..count)
    })?;
    let steps = |word: u32| (0..LAUNCHES).fold(word, |word, _| 2 * word + 1);
    let expected: Vec<u32> = (0..BLOCKS * 32).map(steps).collect();
    same(&found[0], &expected, "rank 0", "the host gives")
}
