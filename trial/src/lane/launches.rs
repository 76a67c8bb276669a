//! What a launch may ask for besides its blocks: shapes, shared memory, clusters, all blocks at
//! once, and a start before the end of the launch in front.

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

    /// Every thread of a block in three dimensions leaves its index, its warp and the lane's, and
    /// reads those of the thread at the other end of the block's shared memory.
    #[kernel(threads = (8, 4, 2), grid_dimensions = 3)]
    pub fn shapes(words: Global<u32>) {
        let all = dynamic_shared::<u32>();
        let (mine, last) = (thread_in_block(), all.len() as u32 - 1);
        let here = thread_x() + 10 * thread_y() + 100 * thread_z() + 1000 * warp_in_block() + 10_000 * lane();
        all.at(last - mine).write(here);
        block_barrier();
        let place = words.at(2 * (block_in_grid() * threads_in_block() + mine));
        place.write(all.at(last - (threads_in_block() - 1 - mine)).read());
        place.at(1u32).write(last + block_x() + 10 * block_y() + 100 * block_z());
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
    for bytes in [256, 40_004, 96 << 10] {
        let name = format!("launch: three dimensions, {bytes} bytes of dynamic shared memory");
        tests.push(Test::new(name, move |lane| shapes(lane, bytes)));
    }
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

fn shapes(lane: &Lane, bytes: u32) -> Result<(), Error> {
    const BLOCK: [u32; 3] = [8, 4, 2];
    const GRID: [u32; 3] = [3, 5, 2];
    let places = |sizes: [u32; 3]| {
        (0..sizes.iter().product::<u32>())
            .map(move |n| [n % sizes[0], n / sizes[0] % sizes[1], n / sizes[0] / sizes[1]])
    };
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let mut expected: Vec<u32> = Vec::new();
    for [block_x, block_y, block_z] in places(GRID) {
        for there in (0..BLOCK.iter().product::<u32>()).rev() {
            let [x, y, z] = places(BLOCK).nth(there as usize).unwrap_or_default();
            expected.push(x + 10 * y + 100 * z + 1000 * (there / 32) + 10_000 * (there % 32));
            expected.push(bytes / 4 - 1 + block_x + 10 * block_y + 100 * block_z);
        }
    }
    let found = lane.compare(1, |rank: &Rank| {
        let words = rank.buffer(expected.len())?;
        let options = LaunchOptions::default().dynamic_shared(bytes);
        let arguments = code::ShapesArguments { words: words.global() };
        rank.kernel(&image)?.launch_with((GRID[0], GRID[1], GRID[2]), options, &arguments)?;
        words.read(0..expected.len())
    })?;
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
