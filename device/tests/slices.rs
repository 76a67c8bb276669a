//! Slices: bounds are checked alike on the host and on the GPU, in all three state spaces and as
//! kernel parameters.

mod harness;

use crossdock_device::device;
use crossdock_device::launch::Arguments;
use harness::{Memory, assemble, options, ptx, try_run};
use proptest::prelude::*;

/// Slices in all state spaces.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::prelude::*;

    /// Two slices of words.
    #[derive(Clone, Copy)]
    #[repr(C)]
    pub struct Halves {
        /// The first of them.
        pub first: GlobalSlice<u32>,
        /// The others.
        pub rest: GlobalSlice<u32>,
    }

    /// The words before `middle`, and the others.
    pub fn halves(words: GlobalSlice<u32>, middle: u32) -> Halves {
        let (first, rest) = words.split_at(middle);
        Halves { first, rest }
    }

    /// The word at `index` of the part from `start` to `end` of the words after `middle`.
    pub fn chosen(words: GlobalSlice<u32>, middle: u32, start: u64, end: usize, index: u32) -> Global<u32> {
        halves(words, middle).rest.subslice(start, end).at(index)
    }

    /// Writes what lane 0 finds there, and the lengths on the way.
    #[kernel(warps = 1)]
    pub fn choose(
        words: GlobalSlice<u32>,
        middle: u32,
        start: u64,
        end: u64,
        index: u32,
        results: GlobalSlice<u32>,
    ) {
        if lane() == 0 {
            let found = chosen(words, middle, start, end as usize, index).read();
            results.at(0u32).write(found);
            results.at(1u32).write(words.len() as u32);
            let halves = halves(words, middle);
            results.at(2u32).write(halves.first.len() as u32);
            results.at(3u32).write(halves.rest.len() as u32);
            results.at(4u32).write(halves.first.is_empty() as u32);
        }
    }

    /// Reverses 64 words through shared memory; every lane checks its own index, and all meet at
    /// barriers.
    #[kernel(warps = 2)]
    pub fn reverse<const LENGTH: u32>(words: GlobalSlice<u32>) {
        let buffer = shared::<u32>(LENGTH).slice(LENGTH);
        let mine = thread_in_block();
        buffer.at(mine).write(words.at(mine).read());
        block_barrier();
        let mut left = buffer;
        if words.len() > 1000 {
            left = left.subslice(0u32, 1u32);
        }
        words.at(mine).write(left.at(63 - mine).read());
    }

    /// Small parameters, one of each width; and a peer's memory.
    #[kernel(warps = 1)]
    pub fn small(
        flag: bool,
        a: u8,
        b: i8,
        c: u16,
        d: i16,
        e: usize,
        f: isize,
        to: Peer<i64>,
        all: PeerSlice<i64>,
    ) {
        if lane() == 0 {
            to.write(flag as i64 + a as i64 + b as i64);
            all.at(1u32).write(c as i64 + d as i64);
            all.at(2u32).write(e as i64 + f as i64 + all.len() as i64);
        }
    }
}

/// What `chosen` must give, with Rust's own slices; `None` where Rust panics.
fn expected(words: &[u32], middle: u32, start: u64, end: u64, index: u32) -> Option<u32> {
    let rest = words.get(middle as usize..)?;
    rest.get(start as usize..end as usize)?.get(index as usize).copied()
}

/// Runs `choose`; the results, or the emulator's report.
fn run(words: &[u32], (middle, start, end, index): (u32, u64, u64, u32)) -> Result<Vec<u32>, String> {
    let mut memory = Memory::new(1);
    let input = memory.global(words);
    let results = memory.global(&[7; 5]);
    let arguments = code::ChooseArguments {
        words: input.pointer().slice(words.len()),
        middle,
        start,
        end,
        index,
        results: results.pointer().slice(5u32),
    };
    try_run(&mut memory, &code::__device::MODULE, arguments, &[])?;
    Ok(memory.words(&results))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_part_is_what_it_is_in_rust_or_ends_the_launch(
        count in 1usize..20,
        middle in 0u32..22,
        start in 0u64..22,
        end in 0u64..22,
        index in 0u32..22,
    ) {
        let words: Vec<u32> = (0..count as u32).map(|word| word * 3 + 1).collect();
        let wanted = expected(&words, middle, start, end, index);
        match (run(&words, (middle, start, end, index)), wanted) {
            (Ok(found), Some(word)) => prop_assert_eq!(
                found,
                vec![
                    word,
                    count as u32,
                    middle,
                    count as u32 - middle,
                    u32::from(middle == 0)
                ]
            ),
            (Err(report), None) => prop_assert!(report.contains("trap"), "{report}"),
            (found, wanted) => prop_assert!(false, "{found:?} for {wanted:?}"),
        }
        // The twin panics exactly then, and otherwise names the same element.
        let slice = crossdock_device::prelude::Global::from_address(0x1000).slice(count);
        let twin = std::panic::catch_unwind(|| code::chosen(slice, middle, start, end as usize, index).address());
        let address = wanted.map(|word| 0x1000 + u64::from(word - 1) / 3 * 4);
        prop_assert_eq!(twin.ok(), address);
    }
}

#[test]
fn every_lane_may_check_its_own_index_before_a_barrier() {
    let mut memory = Memory::new(1);
    let words = memory.global(&(0..64).collect::<Vec<u32>>());
    let arguments = code::ReverseArguments { words: words.pointer().slice(64u32) };
    try_run(&mut memory, &code::__device::MODULE, arguments, &[("LENGTH", 64)]).expect("all indices exist");
    assert_eq!(memory.words(&words), (0..64).rev().collect::<Vec<u32>>());
    let report = try_run(&mut memory, &code::__device::MODULE, arguments, &[("LENGTH", 63)]);
    let report = report.expect_err("word 63 has no place");
    assert!(report.contains("trap") && report.contains("slices.rs"), "{report}");
}

#[test]
fn parameters_of_every_width_arrive() {
    use crossdock_device::prelude::Peer;
    let mut memory = Memory::new(1);
    let numbers = memory.global(&[0; 6]);
    let address = numbers.address;
    let arguments = code::SmallArguments {
        flag: true,
        a: 200,
        b: -100,
        c: 60_000,
        d: -30_000,
        e: 1 << 40,
        f: -5,
        to: Peer::from_address(address),
        all: Peer::from_address(address).slice(3u32),
    };
    assert_eq!(arguments.arguments().len(), 10, "a slice is two");
    try_run(&mut memory, &code::__device::MODULE, arguments, &[]).expect("runs");
    // 1 + 200 - 100, 60000 - 30000 and 2^40 - 5 + 3, in two words each.
    assert_eq!(memory.words(&numbers), [101, 0, 30_000, 0, 0xffff_fffe, 0xff]);
}

#[test]
fn a_slice_is_two_parameters() {
    let kernel =
        ptx::<code::ReverseArguments>(&code::__device::MODULE, &[("LENGTH", 64)], &options("sm_80", "8.0"));
    let text = kernel.expect("specialises").ptx.to_string();
    let parameters: Vec<&str> =
        text.lines().filter(|line| line.trim().starts_with(".param")).map(str::trim).collect();
    assert_eq!(
        parameters,
        [".param .u64 .ptr .global .align 4 reverse_param_words,", ".param .u64 reverse_param_words_length"]
    );
    assemble("reverse", &text, "sm_80");
}
