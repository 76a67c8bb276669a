//! Barriers, mbarriers, copies and atomic operations: kernels whose result does not depend on
//! timing, unless something is not synchronised.

use super::{Lane, Test, same};
use crate::Error;
use crossdock_device::device;
use crossdock_device::intrinsics::Global;

/// The kernels.
#[device(crate = ::crossdock_device)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock_device::library::copies::*;
    use crossdock_device::library::fences::*;
    use crossdock_device::library::mbarrier::*;
    use crossdock_device::prelude::*;

    /// Threads of a block of eight warps.
    pub const THREADS: u32 = 256;

    /// Every thread hands a number to another thread of its block, `turns` times.
    #[kernel(warps = 8)]
    pub fn barriers(results: Global<u32>, turns: u32) {
        let place = shared::<u32>(THREADS);
        let mut number = block_in_grid() * 1000 + thread_in_block();
        for turn in 0..turns {
            place.at(thread_in_block()).write(number);
            block_barrier();
            number = place.at((thread_in_block() * 37 + turn * 11 + 5) % THREADS).read() + 1;
            block_barrier();
        }
        results.at(block_in_grid() * THREADS + thread_in_block()).write(number);
    }

    /// What the consumers of [`producers`] wait for.
    pub const FULL: NamedBarrier = NamedBarrier::new(1, 8);
    /// What its producers wait for.
    pub const EMPTY: NamedBarrier = NamedBarrier::new(2, 8);

    /// Four warps make numbers, four others add them up, `turns` times.
    #[kernel(warps = 8)]
    pub fn producers(results: Global<u32>, turns: u32) {
        let place = shared::<u32>(THREADS / 2);
        let among = thread_in_block() % (THREADS / 2);
        #[role(makers, warps = 0..4)]
        {
            for turn in 0..turns {
                place.at(among).write(turn * 1000 + among);
                FULL.arrive();
                EMPTY.sync();
            }
        }
        #[role(takers, warps = 4..8)]
        {
            let mut sum = 0;
            for turn in 0..turns {
                FULL.sync();
                sum += place.at((among + turn * 29) % (THREADS / 2)).read();
                EMPTY.arrive();
            }
            results.at(block_in_grid() * (THREADS / 2) + among).write(sum);
        }
    }

    /// Buffers in the ring of [`ring`].
    pub const STAGES: u32 = 2;

    /// Adds one to every word of `tiles` tiles of 512 bytes, which pass through a ring of buffers
    /// by bulk copies.
    #[kernel(warps = 1)]
    pub fn ring(from: Global<B128>, to: Global<B128>, tiles: u32) {
        let ring = shared::<B128>(STAGES * 32);
        let barriers = shared::<u64>(STAGES);
        if lane() == 0 {
            Mbarrier::at(barriers, 0).initialise(1);
            Mbarrier::at(barriers, 1).initialise(1);
            fence_mbarrier_init();
            fence_async_shared();
        }
        warp_barrier();
        let mut stage = Stage::CONSUMER;
        let mut tile = 0;
        while tile < tiles {
            let buffer = ring.at(stage.index * 32);
            let barrier = Mbarrier::at(barriers, stage.index);
            if lane() == 0 {
                barrier.arrive_and_expect_bytes(512);
                copy_bulk_to_shared(buffer, from.at(tile * 32), 512, barrier);
            }
            barrier.wait(stage.phase);
            let mut word = buffer.at(lane()).read();
            word = B128 { x: word.x + 1, y: word.y + 1, z: word.z + 1, w: word.w + 1 };
            buffer.at(lane()).write(word);
            fence_async_shared();
            warp_barrier();
            if lane() == 0 {
                copy_bulk_to_global(to.at(tile * 32), buffer, 512);
                commit_bulk_copies();
                // The buffer is written again in the turn after the next.
                wait_for_bulk_reads::<1>();
            }
            warp_barrier();
            stage = stage.next::<STAGES>();
            tile += 1;
        }
        if lane() == 0 {
            wait_for_bulk_copies::<0>();
        }
    }

    /// Copies 4, 8 and 16 bytes a lane through shared memory, and waits in three ways.
    #[kernel(warps = 1)]
    pub fn small_copies(from: Global<B128>, to: Global<u32>) {
        let wide = shared::<B128>(32);
        let middle = shared::<u64>(32);
        let narrow = shared::<u32>(32);
        let barrier = Mbarrier::allocate();
        if lane() == 0 {
            barrier.initialise(32);
        }
        warp_barrier();
        copy_async_16(wide.at(lane()), from.at(lane()));
        commit_copies();
        copy_async_8(middle.at(lane()), from.at(lane()).cast::<u64>());
        commit_copies();
        wait_for_copies::<1>();
        let place = to.at(lane() * 4);
        place.write(wide.at(lane()).read().w);
        wait_for_all_copies();
        place.at(1u32).write((middle.at(lane()).read() >> 32) as u32);
        copy_async_4(narrow.at(lane()), from.at(lane()).cast::<u32>());
        barrier.arrive_after_copies();
        while !barrier.is_past(Phase::FIRST) {}
        place.at(2u32).write(narrow.at(31 - lane()).read());
        let token = barrier.arrive_with_token();
        while !barrier.has_completed(token) {}
        place.at(3u32).write(barrier.is_past(Phase::FIRST.next()) as u32);
    }

    /// Reduces words of shared memory into global memory, each block alike.
    #[kernel(warps = 1)]
    pub fn bulk_reductions(
        sums: Global<u32>,
        halves: Global<f32>,
        least: Global<u32>,
        most: Global<u32>,
        bits: Global<u32>,
    ) {
        let words = shared::<u32>(32);
        let numbers = shared::<f32>(32);
        words.at(lane()).write(lane() * 3 + block_in_grid());
        numbers.at(lane()).write(lane() as f32 / 2.0);
        fence_async();
        warp_barrier();
        if lane() == 0 {
            add_bulk_u32(sums, words, 128);
            add_bulk_f32(halves, numbers, 128);
            min_bulk_u32(least, words, 128);
            max_bulk_u32(most, words, 128);
            or_bulk_u32(bits, words, 128);
            commit_bulk_copies();
            wait_for_bulk_copies::<0>();
        }
    }

    /// Places of [`atomics`].
    pub const PLACES: u32 = 10;

    /// All threads of the grid at the same places, `number` being the thread's.
    #[kernel(warps = 8)]
    pub fn atomics(places: Global<u32>, wide: Global<u64>) {
        let number = block_in_grid() * threads_in_block() + thread_in_block();
        places.at(0u32).fetch_add(number, Relaxed, Gpu);
        places.at(1u32).fetch_min(number + 5, Relaxed, Gpu);
        places.at(2u32).fetch_max(number, Relaxed, Gpu);
        places.at(3u32).fetch_and(!(1 << (number % 31)), Relaxed, Gpu);
        places.at(4u32).fetch_or(1 << (number % 29), Relaxed, Gpu);
        places.at(5u32).fetch_xor(number.wrapping_mul(2654435761), Relaxed, Gpu);
        places.at(6u32).fetch_increment(99, Relaxed, Gpu);
        places.at(7u32).fetch_decrement(99, Relaxed, Gpu);
        // A counter by hand.
        let mut seen = places.at(8u32).load(Relaxed, Gpu);
        let mut done = false;
        while !done {
            let before = places.at(8u32).compare_exchange(seen, seen + 3, AcquireRelease, Gpu);
            done = before == seen;
            seen = before;
        }
        // Whoever is last finds what all others added.
        if places.at(9u32).fetch_add(1, AcquireRelease, Gpu) == blocks_in_grid() * threads_in_block() - 1 {
            wide.at(1u32).write(places.at(0u32).load(Relaxed, Gpu) as u64);
        }
        wide.fetch_add((number as u64) << 30, Relaxed, Gpu);
    }
}

/// Blocks of every launch.
const BLOCKS: u32 = 6;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("synchronisation: block barriers", barriers),
        Test::new("synchronisation: named barriers between producers and consumers", producers),
        Test::new("synchronisation: cp.async and mbarriers", small_copies),
        Test::new("synchronisation: atomic operations of a whole grid", atomics),
        Test::of_sm_90("synchronisation: bulk copies through a ring of mbarriers", ring),
        Test::of_sm_90("synchronisation: bulk reductions", bulk_reductions),
    ]
}

fn barriers(lane: &Lane) -> Result<(), Error> {
    let turns = 50;
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let results = rank.buffer::<u32>((BLOCKS * code::THREADS) as usize)?;
        rank.kernel(&image)?.launch(BLOCKS, &code::BarriersArguments { results: results.global(), turns })?;
        results.read(0..results.len())
    })?;
    let expected = (0..BLOCKS).flat_map(|block| {
        let mut numbers: Vec<u32> = (0..code::THREADS).map(|thread| block * 1000 + thread).collect();
        for turn in 0..turns {
            let from = |thread: u32| numbers[((thread * 37 + turn * 11 + 5) % code::THREADS) as usize] + 1;
            numbers = (0..code::THREADS).map(from).collect();
        }
        numbers
    });
    same(only(&found), &expected.collect::<Vec<_>>(), "numbers", "the host gives")
}

fn producers(lane: &Lane) -> Result<(), Error> {
    let (turns, half) = (40, code::THREADS / 2);
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let results = rank.buffer::<u32>((BLOCKS * half) as usize)?;
        rank.kernel(&image)?
            .launch(BLOCKS, &code::ProducersArguments { results: results.global(), turns })?;
        results.read(0..results.len())
    })?;
    let sum = |thread: u32| (0..turns).map(|turn| turn * 1000 + (thread + turn * 29) % half).sum();
    let expected: Vec<u32> = (0..BLOCKS * half).map(|at| sum(at % half)).collect();
    same(only(&found), &expected, "sums", "the host gives")
}

fn small_copies(lane: &Lane) -> Result<(), Error> {
    let words: Vec<u32> = (0..128).map(|at| (at * 0x0101_0101) ^ 0x5a5a).collect();
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let (from, to) = (rank.buffer(words.len())?, rank.buffer::<u32>(128)?);
        from.write(0, &words)?;
        rank.kernel(&image)?
            .launch(1, &code::SmallCopiesArguments { from: from.global(), to: to.global() })?;
        to.read(0..128)
    })?;
    let expected =
        (0..32).flat_map(|lane| [words[4 * lane + 3], words[4 * lane + 1], words[4 * (31 - lane)], 1]);
    same(only(&found), &expected.collect::<Vec<_>>(), "copies", "the host gives")
}

fn ring(lane: &Lane) -> Result<(), Error> {
    let tiles = 25;
    let words: Vec<u32> = (0..tiles * 128).map(|at| at * 77).collect();
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let (from, to) = (rank.buffer(words.len())?, rank.buffer::<u32>(words.len())?);
        from.write(0, &words)?;
        rank.kernel(&image)?
            .launch(1, &code::RingArguments { from: from.global(), to: to.global(), tiles })?;
        to.read(0..to.len())
    })?;
    same(only(&found), &words.iter().map(|word| word + 1).collect::<Vec<_>>(), "words", "the host gives")
}

fn bulk_reductions(lane: &Lane) -> Result<(), Error> {
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let start = [7, 1.25f32.to_bits(), 40, 40, 0x8000];
    let found = lane.compare(1, |rank| {
        let words = rank.buffer::<u32>(start.len() * 32)?;
        words.write(0, &start.map(|value| [value; 32]).concat())?;
        let place = |number: u64| words.address() + 128 * number;
        let arguments = code::BulkReductionsArguments {
            sums: Global::from_address(place(0)),
            halves: Global::from_address(place(1)),
            least: Global::from_address(place(2)),
            most: Global::from_address(place(3)),
            bits: Global::from_address(place(4)),
        };
        rank.kernel(&image)?.launch(BLOCKS, &arguments)?;
        words.read(0..words.len())
    })?;
    let expected = (0..start.len() * 32).map(|at| {
        let (start, lane) = (start[at / 32], at as u32 % 32);
        let words = (0..BLOCKS).map(|block| lane * 3 + block);
        match at / 32 {
            0 => start + words.sum::<u32>(),
            1 => (f32::from_bits(start) + BLOCKS as f32 * lane as f32 / 2.0).to_bits(),
            2 => words.fold(start, u32::min),
            3 => words.fold(start, u32::max),
            _ => words.fold(start, |bits, word| bits | word),
        }
    });
    same(only(&found), &expected.collect::<Vec<_>>(), "words", "the host gives")
}

fn atomics(lane: &Lane) -> Result<(), Error> {
    let start = [0, u32::MAX, 0, u32::MAX, 0, 0, 50, 50, 0, 0];
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let (places, wide) = (rank.buffer(code::PLACES as usize)?, rank.buffer::<u64>(2)?);
        places.write(0, &start)?;
        wide.clear()?;
        rank.kernel(&image)?
            .launch(BLOCKS, &code::AtomicsArguments { places: places.global(), wide: wide.global() })?;
        let mut found: Vec<u64> = places.read(0..start.len())?.into_iter().map(u64::from).collect();
        found.extend(wide.read(0..2)?);
        Ok(found)
    })?;
    let threads = BLOCKS * code::THREADS;
    let numbers = || 0..threads;
    let sum: u32 = numbers().sum();
    let turned = |by: u32| (50 + by) % 100;
    let expected = [
        u64::from(sum),
        5,
        u64::from(threads - 1),
        u64::from(numbers().fold(u32::MAX, |bits, number| bits & !(1 << (number % 31)))),
        u64::from(numbers().fold(0u32, |bits, number| bits | 1 << (number % 29))),
        u64::from(numbers().fold(0, |bits, number| bits ^ number.wrapping_mul(2_654_435_761))),
        u64::from(turned(threads % 100)),
        u64::from(turned(100 - threads % 100)),
        u64::from(3 * threads),
        u64::from(threads),
        u64::from(sum) << 30,
        u64::from(sum),
    ];
    same(only(&found), &expected, "places", "the host gives")
}

/// The results of the only rank.
fn only<T>(ranks: &[Vec<T>]) -> &[T] {
    ranks.first().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod self_tests {
    use crossdock_device::Options;
    use crossdock_device::launch::Arguments;

    use super::super::self_tests::assembles;
    use super::code;

    fn both<A: Arguments>() {
        for (target, ptx) in [("sm_90", "8.0"), ("sm_100a", "8.6")] {
            assembles::<A>(&code::__device::MODULE, Options::new(target, Some(ptx)).expect("they exist"));
        }
    }

    #[test]
    fn ptxas_takes_the_copies() {
        both::<code::RingArguments>();
        both::<code::BulkReductionsArguments>();
        let oldest = Options::new("sm_80", Some("7.1")).expect("they exist");
        assembles::<code::SmallCopiesArguments>(&code::__device::MODULE, oldest);
    }
}
