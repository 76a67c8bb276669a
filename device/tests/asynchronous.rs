//! Mbarriers that tell when copies are done, and what the assembler takes of all: executed on the
//! emulator. Copies that are executed on GPUs too are in `trial/src/lane/synchronisation.rs`.

mod harness;

use crossdock_device::device;
use harness::{Memory, assemble, blackwell, options, ptx, run, try_run};

/// Kernels that copy.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::library::copies::*;
    use crossdock_device::library::fences::*;
    use crossdock_device::library::mbarrier::*;
    use crossdock_device::library::together::{elected, reduce_add};
    use crossdock_device::prelude::*;

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

    /// Warp 1 waits for bytes that warp 0 promises and delivers, and for its arrivals, each with an
    /// order and scope of its own.
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
fn who_leaves_an_mbarrier_is_not_waited_for() {
    for seed in 0..8 {
        let mut memory = Memory::with_seed(1, seed);
        let result = memory.global(&[0; 32]);
        run(&mut memory, &code::__device::MODULE, code::LeaveArguments { result: result.pointer() }, &[]);
        // Two phases are over, so the third, of parity 0, is current, and the one before has
        // parity 1.
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
            ("leave", ptx::<code::LeaveArguments>(module, &[], options)),
            ("others", ptx::<code::OthersArguments>(module, &[], options)),
        ];
        for (name, kernel) in texts {
            let kernel = kernel.unwrap_or_else(|error| panic!("{name}: {error}"));
            assemble(name, &kernel.ptx.to_string(), options.target.name());
        }
    }
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
