//! Generic functions and structs: defined in one crate, used in another for several types, with the
//! bits that Rust gives.

mod harness;

use crossdock_device::device;
use crossdock_device::intrinsics::{Global, Number};
use crossdock_device::launch::Arguments;
use harness::{Memory, Words, blackwell, ptx, run, run_text};

/// A generic struct with methods, which another module uses.
#[device(crate = ::crossdock_device)]
pub mod pairs {
    use crossdock_device::prelude::*;

    /// Two values of one type.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct Pair<T: Number> {
        /// The one.
        pub first: T,
        /// The other.
        pub second: T,
    }

    impl<T: Number> Pair<T> {
        /// Both values are `value`.
        pub fn twice(value: T) -> Self {
            Pair { first: value, second: value }
        }

        /// One less, and one more.
        pub fn around(value: T) -> Pair<T> {
            Self { first: value - T::ONE, ..Pair::twice(value + T::of(1u8)) }
        }

        /// The sum of both, in another type.
        pub fn sum<U: Number>(self) -> U {
            let Pair { first, second } = self;
            U::of(first) + U::of(second)
        }

        /// The larger one, if it is not more than `most`.
        pub fn largest(self, most: T) -> T {
            self.first.larger(self.second).smaller(most)
        }
    }

    /// An address here and in all ranks; anything may lie there.
    #[derive(Clone, Copy, Debug)]
    pub struct Symmetric<T> {
        /// Of all ranks.
        pub peers: Peers<T>,
        /// Of this rank.
        pub here: Global<T>,
    }

    impl<T: Copy> Symmetric<T> {
        /// Copies an element of this rank to the same place of another.
        pub fn send(self, rank: u32, index: u32) {
            self.peers.rank(rank).at(index).write(self.here.at(index).read());
        }
    }

    /// A value and what it is worth; a parameter of its own in each function.
    pub fn weighed<T: Float, N: Integer, const SCALE: u32>(value: T, count: N) -> T {
        value * T::of(count) * T::of(SCALE)
    }
}

/// Kernels that use them.
#[device(crate = ::crossdock_device)]
pub mod code {
    use super::pairs::{Pair, Symmetric, weighed};
    use crossdock_device::library::reductions::{
        block_largest, block_smallest, block_sum, warp_largest, warp_sum, warp_sum_f16x2,
    };
    use crossdock_device::prelude::*;

    /// Sums, smallest and largest of each kind.
    #[kernel(warps = 4)]
    pub fn reduce_f32(values: Global<f32>, results: Global<f32>) {
        let value = values.at(thread_in_block()).read();
        let (sum, low, high) = (block_sum(value), block_smallest(value), block_largest::<f32>(value));
        let first = warp_sum(value);
        if thread_in_block() == 0 {
            results.write(sum);
            results.at(1u32).write(low);
            results.at(2u32).write(high);
            results.at(3u32).write(first);
        }
    }

    /// As `reduce_f32`.
    #[kernel(warps = 4)]
    pub fn reduce_i32(values: Global<i32>, results: Global<i32>) {
        let value = values.at(thread_in_block()).read();
        let (sum, low, high) = (block_sum(value), block_smallest(value), block_largest(value));
        let first = warp_sum(value);
        if thread_in_block() == 0 {
            results.write(sum);
            results.at(1u32).write(low);
            results.at(2u32).write(high);
            results.at(3u32).write(first);
        }
    }

    /// As `reduce_f32`, for one warp of wide numbers: a sum of `u64`, and of their values as `f64`.
    #[kernel(warps = 1)]
    pub fn reduce_wide(values: Global<u64>, results: Global<u64>) {
        let value = values.at(lane()).read();
        let (sum, float) = (warp_sum(value), warp_sum(f64::of(value) / 3.0));
        let small = warp_largest(u8::of(value));
        if lane() == 0 {
            results.write(sum);
            results.at(1u32).write(float.to_bits());
            results.at(2u32).write(u64::of(small));
        }
    }

    /// The sums of pairs of f16.
    #[kernel(warps = 1)]
    pub fn reduce_f16x2(values: Global<u32>, results: Global<u32>) {
        let sum = warp_sum_f16x2(values.at(lane()).read());
        results.at(lane()).write(sum);
    }

    /// One reduction after the other, through the same shared memory.
    #[kernel(warps = 4)]
    pub fn reduce_again(values: Global<u32>, results: Global<u32>) {
        let value = values.at(thread_in_block()).read();
        for round in 0..3u32 {
            let sum = block_sum(value + round);
            if thread_in_block() == 0 {
                results.at(round).write(sum);
            }
        }
    }

    /// Structs with several types at once.
    #[kernel(warps = 1)]
    pub fn pairs(
        start: Pair<i32>,
        factor: f32,
        words: Symmetric<u32>,
        rows: Symmetric<Pair<u32>>,
        results: Global<f32>,
    ) {
        let around = Pair::around(start.first);
        let floats: Pair<f32> = Pair { first: factor, second: 0.5 };
        if lane() == 0 {
            results.write(around.sum());
            results.at(1u32).write(floats.sum::<f32>() + f32::of(around.largest(start.second)));
            results.at(2u32).write(weighed::<f32, u16, 4>(factor, 3));
            results.at(3u32).write(f32::of(weighed::<f64, _, 2>(0.25, start.first)));
            words.send(0, 1);
            rows.send(0, 1);
        }
    }
}

fn sum<T: Number>(values: &[T]) -> T {
    let mut values = values.to_vec();
    let mut half = values.len();
    while half > 1 {
        half /= 2;
        values = (0..half).map(|index| values[index] + values[index + half]).collect();
    }
    values[0]
}

fn reduced<A: Arguments>(
    arguments: impl Fn(&Words, &Words) -> A,
    values: &[u32],
    results: usize,
) -> Vec<u32> {
    let mut memory = Memory::new(1);
    let (values, results) = (memory.global(values), memory.global(&vec![0; results]));
    run(&mut memory, &code::__device::MODULE, arguments(&values, &results), &[]);
    memory.words(&results)
}

/// The sum over a block: of each warp, then of the warps.
fn over_block<T: Number>(values: &[T]) -> T {
    let mut warps: Vec<T> = values.chunks(32).map(sum).collect();
    warps.resize(32, T::ZERO);
    sum(&warps)
}

#[test]
fn floats_are_reduced_in_a_fixed_order() {
    let values: Vec<f32> = (0..128).map(|index| (index * 37 % 101) as f32 * 0.37 - 11.0).collect();
    let bits: Vec<u32> = values.iter().map(|value| value.to_bits()).collect();
    let found = reduced(
        |values, results| code::ReduceF32Arguments { values: values.pointer(), results: results.pointer() },
        &bits,
        4,
    );
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let expected = [over_block(&values), low, high, sum(&values[..32])];
    assert_eq!(found, expected.map(f32::to_bits));
}

#[test]
fn integers_are_reduced() {
    let values: Vec<i32> = (0..128).map(|index| index * 7919 % 1009 - 400).collect();
    let words: Vec<u32> = values.iter().map(|value| value.cast_unsigned()).collect();
    let found = reduced(
        |values, results| code::ReduceI32Arguments { values: values.pointer(), results: results.pointer() },
        &words,
        4,
    );
    let (low, high) = (values.iter().min().copied(), values.iter().max().copied());
    let expected = [
        over_block(&values),
        low.expect("there are some"),
        high.expect("there are some"),
        sum(&values[..32]),
    ];
    assert_eq!(found, expected.map(i32::cast_unsigned));
}

#[test]
fn wide_numbers_are_reduced() {
    let values: Vec<u64> = (0..32).map(|index| index * 0x1_0000_0123_4567).collect();
    let words: Vec<u32> = values.iter().flat_map(|value| [*value as u32, (*value >> 32) as u32]).collect();
    let found = reduced(
        |values, results| code::ReduceWideArguments { values: values.pointer(), results: results.pointer() },
        &words,
        6,
    );
    let found: Vec<u64> = found.chunks(2).map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32).collect();
    let thirds: Vec<f64> = values.iter().map(|value| *value as f64 / 3.0).collect();
    let most = values.iter().map(|value| *value as u8).max().expect("there are some");
    assert_eq!(found, [sum(&values), sum(&thirds).to_bits(), u64::from(most)]);
}

#[test]
fn pairs_of_f16_are_reduced() {
    let value = |index: u32| half::f16::from_f32(index as f32 * 0.3).to_bits();
    let words: Vec<u32> =
        (0..32).map(|index| u32::from(value(index)) | u32::from(value(40 - index)) << 16).collect();
    let found = reduced(
        |values, results| code::ReduceF16x2Arguments { values: values.pointer(), results: results.pointer() },
        &words,
        32,
    );
    let mut expected = words;
    for step in [16, 8, 4, 2, 1] {
        expected = (0..32)
            .map(|lane| crossdock_device::intrinsics::add_f16x2(expected[lane], expected[lane ^ step]))
            .collect();
    }
    assert_eq!(found, expected);
}

#[test]
fn structs_are_made_for_each_type() {
    let mut memory = Memory::new(1);
    let (results, words) = (memory.global(&[0; 4]), memory.global(&[7, 8, 9, 10]));
    let copies = memory.global(&[0; 4]);
    let table = memory.global(&[copies.address as u32, (copies.address >> 32) as u32]);
    let start = pairs::Pair { first: 10, second: 9 };
    let symmetric = |here: Global<u32>| pairs::Symmetric {
        peers: crossdock_device::intrinsics::Peers::from_address(table.address),
        here,
    };
    let rows = pairs::Symmetric {
        peers: crossdock_device::intrinsics::Peers::from_address(table.address),
        here: words.pointer(),
    };
    let arguments = code::PairsArguments {
        start,
        factor: 1.5,
        words: symmetric(words.pointer()),
        rows,
        results: results.pointer(),
    };
    run(&mut memory, &code::__device::MODULE, arguments, &[]);
    let expected = [20.0, 2.0 + 9.0, 1.5 * 3.0 * 4.0, 0.25 * 10.0 * 2.0];
    assert_eq!(memory.words(&results), expected.map(f32::to_bits));
    assert_eq!(memory.words(&copies), [0, 8, 9, 10]);
    // The twins compute the same.
    assert_eq!(pairs::Pair::around(10).sum::<f32>(), 20.0);
    assert_eq!(pairs::weighed::<f32, u16, 4>(1.5, 3), 18.0);
}

/// A generic function costs what one costs that is written for the type.
#[test]
fn a_generic_function_leaves_no_trace() {
    let generic =
        ptx::<code::ReduceF32Arguments>(&code::__device::MODULE, &[], &blackwell()).expect("specialised");
    let text = generic.ptx.to_string();
    assert_eq!(text.matches("shfl.sync.bfly").count(), 35, "{text}");
    assert_eq!(text.matches("bar.sync").count() + text.matches("barrier.sync").count(), 6, "{text}");
}

/// Of the barriers of a reduction, none can be left out: without one there is a race.
#[test]
fn every_barrier_of_a_reduction_is_needed() {
    let kernel =
        ptx::<code::ReduceAgainArguments>(&code::__device::MODULE, &[], &blackwell()).expect("specialised");
    let text = kernel.ptx.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let is_barrier =
        |line: &str| line.trim_start().starts_with("bar.") || line.trim_start().starts_with("barrier.");
    let barriers: Vec<usize> = (0..lines.len()).filter(|line| is_barrier(lines[*line])).collect();
    assert_eq!(barriers.len(), 2, "{text}");
    let caught = |text: &str| {
        (0..20).any(|seed| {
            let mut memory = Memory::with_seed(1, seed);
            let words: Vec<u32> = (0..128).collect();
            let (values, results) = (memory.global(&words), memory.global(&[0; 3]));
            let arguments =
                code::ReduceAgainArguments { values: values.pointer(), results: results.pointer() };
            let ran = run_text(&mut memory, text, "reduce_again", 128, &arguments);
            ran.is_err() || memory.words(&results) != [8128, 8256, 8384]
        })
    };
    assert!(!caught(&text));
    for without in barriers {
        let mutant: Vec<&str> =
            lines.iter().enumerate().filter(|(line, _)| *line != without).map(|(_, text)| *text).collect();
        assert!(caught(&mutant.join("\n")), "{}", lines[without]);
    }
}
