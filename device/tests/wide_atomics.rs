//! Strong operations on sixteen bytes at once, on several floats, and on 16 bits: no thread's
//! change is lost, none is torn.

mod harness;

use crossdock_device::device;
use harness::{Memory, assemble, options, ptx, run};

/// Threads that change the same sixteen bytes or the same 16 bits.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::numbers::vector::{B64, f32x2, f32x4};
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

    /// Every thread adds itself to all four words of `total`, and to the pair after it.
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

    /// Every thread adds to all floats of the vectors, and takes the extremes of 16-bit floats:
    /// `kept` has what was there before.
    #[kernel(warps = 2)]
    pub fn floats(sums: Global<f32x4>, halves: Global<B128>, kept: Global<f32x4>) {
        let mine = thread_in_block();
        let x = mine as f32;
        let before = sums.fetch_add(f32x4 { x, y: -x, z: 2.0 * x, w: 1.0 }, Relaxed, Gpu);
        kept.at(mine).write(before);
        sums.at(1u32).cast::<f32x2>().fetch_add(f32x2 { x: 1.0, y: x }, Release, Gpu);
        let pair = pack_f16(x, -x);
        // Four pairs at once, then two, then one, then half a pair.
        halves.fetch_add_f16(B128 { x: pair, y: pair, z: pair, w: pack_f16(1.0, 0.0) }, Relaxed, Gpu);
        halves.at(1u32).cast::<B64>().fetch_max_f16(B64 { x: pair, y: pair }, Relaxed, Gpu);
        let word = halves.at(1u32).cast::<u32>();
        let old = word.at(2u32).fetch_min_bf16(pack_bf16(x - 40.0, 40.0 - x), AcquireRelease, Gpu);
        if old == 1 {
            trap();
        }
        word.at(3u32).cast::<u16>().fetch_add_f16(pack_f16(1.0, 0.0) as u16, Relaxed, Gpu);
    }

    /// A word through `volatile` and through `mmio`; the upper half of a pair is left alone.
    #[kernel(warps = 1)]
    pub fn volatile(words: Global<u32>) {
        if lane() == 0 {
            let staged = shared::<B64>(1);
            staged.write_volatile(B64 { x: words.read_volatile(), y: words.at(1u32).read_mmio() });
            let found = staged.read_volatile();
            words.at(2u32).write_volatile(found.y);
            words.at(3u32).cast::<u16>().write_mmio(found.x as u16);
        }
    }

    /// A release of the caller's order and scope, by a function that has neither.
    pub fn publish(place: Global<u32>, value: u32, order: impl Store, scope: impl Scope) -> u32 {
        place.store(value, order, scope);
        place.fetch_add(1, order, scope)
    }

    /// What the callers of `publish` choose.
    #[kernel(warps = 1)]
    pub fn chosen(words: Global<u32>) {
        if lane() == 0 {
            let first = publish(words, 5, Relaxed, Block);
            words.at(1u32).store(publish(words.at(2u32), first + 7, Release, System), Relaxed, Gpu);
        }
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
fn every_float_of_a_vector_is_changed() {
    for seed in 0..4 {
        let mut memory = Memory::with_seed(1, seed);
        let (sums, kept) = (memory.global(&[0; 8]), memory.global(&[0; 64 * 4]));
        let halves = memory.global(&[0; 8]);
        let arguments =
            code::FloatsArguments { sums: sums.pointer(), halves: halves.pointer(), kept: kept.pointer() };
        run(&mut memory, &code::__device::MODULE, arguments, &[]);
        let sum = 2016.0f32;
        let expected = [sum, -sum, 2.0 * sum, 64.0, 64.0, sum, 0.0, 0.0].map(f32::to_bits);
        assert_eq!(memory.words(&sums), expected, "seed {seed}");
        // Each thread found another sum: the last part counts them.
        let mut counts: Vec<f32> = memory.words(&kept).chunks(4).map(|row| f32::from_bits(row[3])).collect();
        counts.sort_by(f32::total_cmp);
        assert_eq!(counts, (0..64u8).map(f32::from).collect::<Vec<_>>());
        let f16 = |low: f32, high: f32| {
            let bits = |value| u32::from(half::f16::from_f32(value).to_bits());
            bits(high) << 16 | bits(low)
        };
        let bf16 = |value: f32| u32::from(half::bf16::from_f32(value).to_bits());
        let added = f16(sum, -sum);
        let greatest = f16(63.0, 0.0);
        let least = bf16(-23.0) << 16 | bf16(-40.0);
        let expected = [added, added, added, f16(64.0, 0.0), greatest, greatest, least, f16(64.0, 0.0)];
        assert_eq!(memory.words(&halves), expected, "seed {seed}");
    }
}

#[test]
fn volatile_and_mmio_accesses_move_what_they_name() {
    let mut memory = Memory::new(1);
    let words = memory.global(&[0x1234_5678, 0x9abc_def0, 0, 0xffff_ffff]);
    run(&mut memory, &code::__device::MODULE, code::VolatileArguments { words: words.pointer() }, &[]);
    assert_eq!(memory.words(&words), [0x1234_5678, 0x9abc_def0, 0x9abc_def0, 0xffff_5678]);
    let made = ptx::<code::VolatileArguments>(&code::__device::MODULE, &[], &options("sm_80", "8.2"));
    let text = made.expect("specialises").ptx.to_string();
    for opcode in [
        "ld.volatile.global.u32",
        "st.volatile.shared.v2.u32",
        "ld.mmio.relaxed.sys.global.u32",
        "st.mmio.relaxed.sys.global.u16",
    ] {
        assert!(text.contains(opcode), "{opcode}\n{text}");
    }
    assemble("volatile", &text, "sm_80");
}

#[test]
fn callers_choose_order_and_scope() {
    let mut memory = Memory::new(1);
    let words = memory.global(&[0; 4]);
    run(&mut memory, &code::__device::MODULE, code::ChosenArguments { words: words.pointer() }, &[]);
    assert_eq!(memory.words(&words), [6, 12, 13, 0]);
    let made = ptx::<code::ChosenArguments>(&code::__device::MODULE, &[], &options("sm_80", "8.0"));
    let text = made.expect("specialises").ptx.to_string();
    let strong: Vec<&str> = text
        .lines()
        .filter_map(|line| line.trim().split(' ').next())
        .filter(|opcode| opcode.starts_with("st.") || opcode.starts_with("atom."))
        .collect();
    // Nothing is left of the branches over what they may be.
    let expected = [
        "st.relaxed.cta.global.u32",
        "atom.relaxed.cta.global.add.u32",
        "st.release.sys.global.u32",
        "atom.release.sys.global.add.u32",
        "st.relaxed.gpu.global.u32",
    ];
    assert_eq!(strong, expected, "{text}");
    assert!(!text.contains("setp.eq.u32 %p2"), "{text}");
}

#[test]
fn ptxas_takes_them_and_an_old_target_has_an_error() {
    let hopper = options("sm_90", "8.4");
    let module = &code::__device::MODULE;
    let text =
        |kernel: Result<crossdock_codegen::back::Kernel, _>| kernel.expect("specialises").ptx.to_string();
    assemble("add", &text(ptx::<code::AddArguments>(module, &[], &hopper)), "sm_90");
    assemble("floats", &text(ptx::<code::FloatsArguments>(module, &[], &hopper)), "sm_90");
    assemble("swap", &text(ptx::<code::SwapArguments>(module, &[], &hopper)), "sm_90");
    assemble("count", &text(ptx::<code::CountArguments>(module, &[], &options("sm_80", "8.0"))), "sm_80");
    let error =
        ptx::<code::AddArguments>(module, &[], &options("sm_80", "8.4")).expect_err("sm_90 is needed");
    assert!(error.to_string().contains("sm_90") && error.to_string().contains("sm_80"), "{error}");
}
