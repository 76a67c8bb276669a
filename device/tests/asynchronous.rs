//! Copies that finish later, the mbarriers that tell when, and the fences between: executed on the emulator.

mod harness;

use crossdock_device::device;
use harness::{Memory, assemble, blackwell, options, ptx, run, try_run};

/// Kernels that copy.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::library::copies::code::*;
    use crossdock_device::library::fences::code::*;
    use crossdock_device::library::mbarrier::code::*;
    use crossdock_device::library::threads::code::{elected, reduce_add};
    use crossdock_device::prelude::*;

    /// Buffers in the ring.
    pub const STAGES: u32 = 2;

    /// Adds one to every word of `tiles` tiles of 512 bytes, which pass through a ring of buffers in shared memory.
    #[kernel(warps = 1)]
    pub fn add_one(from: Global<B128>, to: Global<B128>, tiles: u32) {
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
        // The next phase, by its token.
        let token = barrier.arrive_with_token();
        while !barrier.has_completed(token) {}
        place.at(3u32).write(barrier.is_past(Phase::FIRST.next()) as u32);
        warp_barrier();
        if lane() == 0 {
            barrier.invalidate();
        }
    }

    /// Reduces from shared into global memory.
    #[kernel(warps = 1)]
    pub fn reductions(
        counts: Global<u32>,
        sums: Global<f32>,
        least: Global<u32>,
        most: Global<u32>,
        bits: Global<u32>,
    ) {
        let words = shared::<u32>(32);
        let numbers = shared::<f32>(32);
        words.at(lane()).write(lane() * 3);
        numbers.at(lane()).write(lane() as f32 / 2.0);
        fence_async();
        warp_barrier();
        if lane() == 0 {
            add_bulk_u32(counts, words, 128);
            add_bulk_f32(sums, numbers, 128);
            min_bulk_u32(least, words, 128);
            max_bulk_u32(most, words, 128);
            or_bulk_u32(bits, words, 128);
            commit_bulk_copies();
            wait_for_bulk_copies::<0>();
        }
    }

    /// Two warps count with one mbarrier; one of them leaves.
    #[kernel(warps = 2)]
    pub fn leave(result: Global<u32>) {
        let barrier = Mbarrier::allocate();
        if thread_in_block() == 0 {
            barrier.initialise(2);
        }
        block_barrier();
        if warp_in_block() == 0 {
            if lane() == 0 {
                barrier.arrive_and_leave();
            }
        } else {
            if lane() == 0 {
                barrier.arrive();
            }
            let second = barrier.wait(Phase::FIRST);
            warp_barrier();
            if lane() == 0 {
                barrier.arrive_for(1);
            }
            let third = barrier.wait(second);
            result.at(lane()).write(third.parity + 10 * barrier.is_past(Phase::BEFORE_FIRST) as u32);
        }
    }

    /// Waits for a phase that nothing completes.
    #[kernel(warps = 1)]
    pub fn forever() {
        let barrier = Mbarrier::allocate();
        if lane() == 0 {
            barrier.initialise(2);
            barrier.arrive();
        }
        warp_barrier();
        barrier.wait(Phase::FIRST);
    }

    /// What the other kernels do not use, for the assembler.
    #[kernel(warps = 1)]
    pub fn others(from: Global<B128>, to: Global<B128>, peers: Peers<B128>, words: Global<u32>) {
        let buffer = shared::<B128>(64);
        let barrier = Mbarrier::allocate();
        if elected() {
            barrier.initialise(1);
            fence_mbarrier_init();
            barrier.expect_bytes(256);
            barrier.arrive();
            let policy = CachePolicy::evict_first();
            prefetch_bulk(from, 256);
            copy_bulk_to_shared_with(buffer, from, 256, barrier, policy);
            barrier.wait(Phase::FIRST);
            fence_async_global();
            copy_bulk_to_global_with(to, buffer, 256, CachePolicy::evict_last());
            copy_bulk_to_peer(peers.rank(0), buffer, 256);
            add_bulk_u64(to.cast::<u64>(), buffer.cast::<u64>(), 256);
            add_bulk_f32_to_peer(peers.rank(0).cast::<f32>(), buffer.cast::<f32>(), 256);
            add_bulk_bf16(to.cast::<u16>(), buffer.cast::<u16>(), 256);
            commit_bulk_copies();
            wait_for_bulk_copies::<0>();
            fence_alias();
        }
        words.at(lane()).write(reduce_add(lane()));
    }

    /// Warp 1 waits for bytes that warp 0 promises and delivers, and for its arrivals, each with an order and scope of its own.
    #[kernel(warps = 2)]
    pub fn ordered(result: Global<u32>) {
        let barrier = Mbarrier::allocate();
        // What `of_block` gives for the own block.
        let remote = RemoteMbarrier { object: barrier.object };
        let word = shared::<u32>(1);
        if thread_in_block() == 0 {
            barrier.initialise(5);
            fence_mbarrier_init();
        }
        block_barrier();
        if thread_in_block() == 0 {
            word.write(41);
            let token = barrier.arrive_ordered(Release, Cluster);
            if barrier.has_completed_ordered(token, Relaxed, Block) {
                trap();
            }
            remote.expect_bytes_in(8, Cluster);
            remote.complete_bytes_in(8, Block);
            remote.arrive_for_ordered(2, Release, Cluster);
            barrier.arrive_and_expect_bytes_ordered(4, Relaxed, Block);
            barrier.complete_bytes_in(4, Cluster);
            remote.arrive_and_leave_ordered(Release, Block);
            if !barrier.try_wait_for_token_ordered(token, Acquire, Block) {
                trap();
            }
        }
        if warp_in_block() == 1 {
            let next = barrier.wait_ordered(Phase::FIRST, Acquire, Cluster);
            let current = !barrier.is_past_ordered(next, Acquire, Block);
            result.at(lane()).write(word.read() + current as u32);
        }
    }
}

#[test]
fn a_ring_of_bulk_copies_carries_every_tile() {
    for seed in 0..8 {
        let mut memory = Memory::with_seed(1, seed);
        let words: Vec<u32> = (0..5 * 128).map(|word: u32| word.wrapping_mul(0x9e37_79b9)).collect();
        let (from, to) = (memory.global(&words), memory.global(&vec![0; words.len()]));
        let arguments = code::AddOneArguments { from: from.pointer(), to: to.pointer(), tiles: 5 };
        run(&mut memory, &code::__device::MODULE, arguments, &[]);
        let expected: Vec<u32> = words.iter().map(|word| word.wrapping_add(1)).collect();
        assert_eq!(memory.words(&to), expected, "seed {seed}");
    }
}

#[test]
fn small_copies_arrive_before_their_waits_end() {
    for seed in 0..8 {
        let mut memory = Memory::with_seed(1, seed);
        let words: Vec<u32> = (0..128).map(|word: u32| word.wrapping_mul(0x0101_4567)).collect();
        let (from, to) = (memory.global(&words), memory.global(&[0; 128]));
        let arguments = code::SmallCopiesArguments { from: from.pointer(), to: to.pointer() };
        run(&mut memory, &code::__device::MODULE, arguments, &[]);
        let expected =
            (0..32).flat_map(|lane| [words[lane * 4 + 3], words[lane * 4 + 1], words[(31 - lane) * 4], 1]);
        assert_eq!(memory.words(&to), expected.collect::<Vec<u32>>(), "seed {seed}");
    }
}

#[test]
fn bulk_reductions_are_element_by_element() {
    let mut memory = Memory::new(1);
    let start: Vec<u32> = (0..32).map(|lane| 40 + lane).collect();
    let counts = memory.global(&start);
    let sums = memory.global(&[1.25f32.to_bits(); 32]);
    let (least, most, bits) = (memory.global(&start), memory.global(&start), memory.global(&start));
    let arguments = code::ReductionsArguments {
        counts: counts.pointer(),
        sums: sums.pointer(),
        least: least.pointer(),
        most: most.pointer(),
        bits: bits.pointer(),
    };
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    let lanes = |value: fn(u32) -> u32| (0..32).map(value).collect::<Vec<u32>>();
    assert_eq!(memory.words(&counts), lanes(|lane| 40 + lane + lane * 3));
    assert_eq!(memory.words(&sums), lanes(|lane| (1.25 + lane as f32 / 2.0).to_bits()));
    assert_eq!(memory.words(&least), lanes(|lane| (40 + lane).min(lane * 3)));
    assert_eq!(memory.words(&most), lanes(|lane| (40 + lane).max(lane * 3)));
    assert_eq!(memory.words(&bits), lanes(|lane| (40 + lane) | (lane * 3)));
}

#[test]
fn who_leaves_an_mbarrier_is_not_waited_for() {
    for seed in 0..8 {
        let mut memory = Memory::with_seed(1, seed);
        let result = memory.global(&[0; 32]);
        run(&mut memory, &code::__device::MODULE, code::LeaveArguments { result: result.pointer() }, &[]);
        // Two phases are over, so the third, of parity 0, is current, and the one before has parity 1.
        assert_eq!(memory.words(&result), [10; 32], "seed {seed}");
    }
}

#[test]
fn an_arrival_that_is_missing_is_a_report() {
    let mut memory = Memory::new(1);
    let said = try_run(&mut memory, &code::__device::MODULE, code::ForeverArguments {}, &[]);
    let said = said.expect_err("nobody completes the phase");
    assert!(said.contains("mbarrier"), "{said}");
}

#[test]
fn ptxas_takes_them_for_the_targets_that_they_claim() {
    let module = &code::__device::MODULE;
    let older = options("sm_90", "8.0");
    for options in [&older, &blackwell()] {
        let texts = [
            ("add_one", ptx::<code::AddOneArguments>(module, &[], options)),
            ("reductions", ptx::<code::ReductionsArguments>(module, &[], options)),
            ("leave", ptx::<code::LeaveArguments>(module, &[], options)),
            ("others", ptx::<code::OthersArguments>(module, &[], options)),
        ];
        for (name, kernel) in texts {
            let kernel = kernel.unwrap_or_else(|error| panic!("{name}: {error}"));
            assemble(name, &kernel.ptx.to_string(), options.target.name());
        }
    }
    let small = ptx::<code::SmallCopiesArguments>(module, &[], &options("sm_80", "7.1"));
    assemble("small_copies", &small.expect("it needs no more").ptx.to_string(), "sm_80");
    let refused =
        ptx::<code::LeaveArguments>(module, &[], &options("sm_80", "8.0")).expect_err("sm_80 lacks it");
    let sentence = "needs the target sm_90, and this kernel is made for sm_80: raise the target";
    assert!(refused.to_string().contains(sentence), "{refused}");
}

#[test]
fn arrivals_and_waits_have_orders_and_scopes() {
    for seed in 0..8 {
        let mut memory = Memory::with_seed(1, seed);
        let result = memory.global(&[0; 32]);
        run(&mut memory, &code::__device::MODULE, code::OrderedArguments { result: result.pointer() }, &[]);
        assert_eq!(memory.words(&result), [42; 32], "seed {seed}");
    }
    let made = ptx::<code::OrderedArguments>(&code::__device::MODULE, &[], &options("sm_90", "8.6"));
    assemble("ordered", &made.expect("specialises").ptx.to_string(), "sm_90");
}
