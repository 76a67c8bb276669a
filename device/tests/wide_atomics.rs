//! Strong operations on sixteen bytes at once, and on 16 bits: no thread's change is lost, none is torn.

mod harness;

use crossdock_device::device;
use harness::{Memory, assemble, options, ptx, run};

/// Threads that change the same sixteen bytes or the same 16 bits.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::numbers::vector::f32x4;
    use crossdock_device::prelude::*;

    /// Two words of 64 bits that change together.
    #[derive(Clone, Copy)]
    #[repr(C, align(16))]
    pub struct Pair {
        /// How often it changed.
        pub count: u64,
        /// Something computed from all changes.
        pub sum: f64,
    }

    fn same(a: B128, b: B128) -> bool {
        a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w
    }

    /// Every thread adds itself to all four words of `total`, and to the pair behind it.
    #[kernel(warps = 2)]
    pub fn add(total: Global<B128>) {
        let mine = thread_in_block();
        let mut seen = total.load(Relaxed, Gpu);
        loop {
            let next = B128 { x: seen.x + 1, y: seen.y + mine, z: seen.z ^ mine, w: seen.w.max(mine) };
            let before = total.compare_exchange(seen, next, AcquireRelease, Gpu);
            if same(before, seen) {
                break;
            }
            seen = before;
        }
        let pair = total.at(1u32).cast::<Pair>();
        let mut seen = pair.load(Acquire, Block);
        loop {
            let next = Pair { count: seen.count + 1, sum: seen.sum + mine as f64 };
            let before = pair.compare_exchange(seen, next, Relaxed, Block);
            if before.count == seen.count {
                break;
            }
            seen = before;
        }
    }

    /// Every thread leaves its own words and takes what lay there; thread 0 stores the first.
    #[kernel(warps = 2)]
    pub fn swap(place: Global<f32x4>, taken: Global<f32x4>) {
        let mine = thread_in_block() as f32;
        if thread_in_block() == 0 {
            place.store(f32x4 { x: -1.0, y: -2.0, z: -3.0, w: -4.0 }, Release, Gpu);
        }
        block_barrier();
        let own = f32x4 { x: mine, y: mine + 100.0, z: mine + 200.0, w: mine + 300.0 };
        let before = place.exchange(own, AcquireRelease, Gpu);
        taken.at(thread_in_block()).write(before);
        place.at(1u32).exchange(own, Relaxed, Gpu);
    }

    /// Every thread counts up in the lower half of the word, and down in the upper half.
    #[kernel(warps = 2)]
    pub fn count(word: Global<u32>) {
        let up = word.cast::<u16>();
        let mut seen = up.load(Relaxed, Gpu);
        loop {
            let before = up.compare_exchange(seen, seen + 1, Relaxed, Gpu);
            if before == seen {
                break;
            }
            seen = before;
        }
        let down = up.at(1u32).cast::<i16>();
        let mut seen = down.load(Relaxed, Gpu);
        loop {
            let before = down.compare_exchange(seen, seen - 3, Release, System);
            if before == seen {
                break;
            }
            seen = before;
        }
        // Nobody finds this.
        up.compare_exchange(0x8000, 9, Relaxed, Gpu);
    }
}

#[test]
fn no_change_of_sixteen_bytes_is_lost_or_torn() {
    for seed in 0..4 {
        let mut memory = Memory::with_seed(1, seed);
        let words = memory.global(&[0; 8]);
        run(&mut memory, &code::__device::MODULE, code::AddArguments { total: words.pointer() }, &[]);
        let sum = 2016.0f64.to_bits();
        assert_eq!(memory.words(&words), [64, 2016, 0, 63, 64, 0, sum as u32, (sum >> 32) as u32]);
    }
}

#[test]
fn what_is_exchanged_is_found_once() {
    let mut memory = Memory::new(1);
    let (place, taken) = (memory.global(&[0; 8]), memory.global(&[0; 64 * 4]));
    let arguments = code::SwapArguments { place: place.pointer(), taken: taken.pointer() };
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    let rows = [memory.words(&taken), memory.words(&place)].concat();
    let mut found: Vec<[f32; 4]> =
        rows.chunks(4).take(65).map(|row| std::array::from_fn(|part| f32::from_bits(row[part]))).collect();
    found.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let mut expected = vec![[-1.0, -2.0, -3.0, -4.0]];
    expected.extend((0..64u8).map(f32::from).map(|mine| [mine, mine + 100.0, mine + 200.0, mine + 300.0]));
    assert_eq!(found, expected);
}

#[test]
fn halves_of_a_word_count_alone() {
    let mut memory = Memory::new(1);
    let word = memory.global(&[0x0005_fff0]);
    run(&mut memory, &code::__device::MODULE, code::CountArguments { word: word.pointer() }, &[]);
    let down = 5i16 - 3 * 64;
    assert_eq!(memory.words(&word), [u32::from(down.cast_unsigned()) << 16 | 0x30]);
}

#[test]
fn ptxas_takes_them_and_an_old_target_has_an_error() {
    let hopper = options("sm_90", "8.4");
    let module = &code::__device::MODULE;
    let text =
        |kernel: Result<crossdock_codegen::back::Kernel, _>| kernel.expect("specialises").ptx.to_string();
    assemble("add", &text(ptx::<code::AddArguments>(module, &[], &hopper)), "sm_90");
    assemble("swap", &text(ptx::<code::SwapArguments>(module, &[], &hopper)), "sm_90");
    assemble("count", &text(ptx::<code::CountArguments>(module, &[], &options("sm_80", "8.0"))), "sm_80");
    let error =
        ptx::<code::AddArguments>(module, &[], &options("sm_80", "8.4")).expect_err("sm_90 is needed");
    assert!(error.to_string().contains("sm_90") && error.to_string().contains("sm_80"), "{error}");
}
