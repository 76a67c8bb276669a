//! Runs one kernel of a stored source in all its variants, with buffers and random numbers at hand.

use std::fs;
use std::path::Path;

use crossdock_emulator::{Argument, Config, Error, Kernel, Launch, Machine, Ticket};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// How often each variant runs, with other data, sizes and schedules.
const ROUNDS: u64 = 3;

/// Numbers that buffers hold.
pub(crate) trait Number: Copy {
    const BYTES: usize;
    fn append(self, bytes: &mut Vec<u8>);
    fn parse(bytes: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl Number for $ty {
            const BYTES: usize = size_of::<$ty>();
            fn append(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn parse(bytes: &[u8]) -> Self {
                <$ty>::from_le_bytes(bytes.try_into().expect("chunks have the size of the number"))
            }
        }
    )*};
}
numbers!(u8 i16 u16 i32 u32 i64 u64 f32 f64);

/// A kernel on a machine.
pub(crate) struct Bench {
    machine: Machine,
    kernel: Kernel,
    pub(crate) random: Pcg64,
    name: String,
}

/// Kernels that race by the PTX memory model, though their results do not depend on it: they run
/// without that check.
const RACY: &[(&str, &str)] = &[
    ("float_atomics", "a compare-and-swap loop begins with a weak load of what others swap"),
    ("integer_atomics", "`atomicAdd_block` of several blocks to one word"),
    (
        "last_block_sums",
        "as in CUDA's sample, no fence stands between the last block's atomic and its volatile loads",
    ),
    ("locked_increment", "every thread of a block loads what one of them stores"),
    ("scan_wide_tiles", "only shuffles stand between the library's loads of a word and its next store there"),
];

/// Runs `test` for every variant of the source that has the kernel.
pub(crate) fn each(source: &str, kernel: &str, test: impl Fn(&mut Bench)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/ptx");
    let mut paths: Vec<_> =
        fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    let mut found = 0;
    for path in paths {
        let file = path.file_name().and_then(|name| name.to_str()).expect("names are plain");
        if !file.starts_with(&format!("{source}.")) || !file.ends_with(".ptx") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("the file");
        if !text.contains(&format!(".entry {kernel}(")) {
            continue;
        }
        found += 1;
        for round in 0..ROUNDS {
            let checks = RACY.iter().all(|(name, _)| *name != kernel);
            let config = Config { schedule_seed: round, checks, ..Config::default() };
            let mut machine = Machine::new(config).expect("configuration");
            let module = machine.load(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
            let handle = machine.kernel(module, kernel).expect("the text has the entry");
            let random = Pcg64::seed_from_u64(round * 1000 + kernel.len() as u64);
            let name = format!("{file}: {kernel}, round {round}");
            test(&mut Bench { machine, kernel: handle, random, name });
        }
    }
    assert!(found > 0, "no stored PTX has `{kernel}`");
}

impl Bench {
    /// A number from a range that ends before `end`.
    pub(crate) fn below(&mut self, start: usize, end: usize) -> usize {
        self.random.random_range(start..end)
    }

    /// Random numbers that `make` shapes from 64 random bits.
    pub(crate) fn numbers<T>(&mut self, count: usize, make: impl Fn(u64) -> T) -> Vec<T> {
        (0..count).map(|_| make(self.random.random())).collect()
    }

    /// Floats around 0, up to `scale`.
    pub(crate) fn floats(&mut self, count: usize, scale: f32) -> Vec<f32> {
        (0..count).map(|_| self.random.random_range(-scale..scale)).collect()
    }

    /// A buffer with these numbers.
    pub(crate) fn buffer<T: Number>(&mut self, numbers: &[T]) -> u64 {
        let mut bytes = Vec::with_capacity(numbers.len() * T::BYTES);
        numbers.iter().for_each(|number| number.append(&mut bytes));
        let address = self.machine.allocate(0, bytes.len().max(1) as u64).expect("memory");
        self.machine.write(address, &bytes).expect("write");
        address
    }

    /// A buffer that nobody has written.
    pub(crate) fn output<T: Number>(&mut self, count: usize) -> u64 {
        self.machine.allocate(0, (count * T::BYTES).max(1) as u64).expect("memory")
    }

    /// The numbers in a buffer.
    pub(crate) fn read<T: Number>(&mut self, address: u64, count: usize) -> Vec<T> {
        let mut bytes = vec![0; count * T::BYTES];
        self.machine.read(address, &mut bytes).expect("read");
        bytes.chunks_exact(T::BYTES).map(T::parse).collect()
    }

    pub(crate) fn try_run(
        &mut self,
        grid: [u32; 3],
        block: [u32; 3],
        shared_bytes: u32,
        arguments: Vec<Argument>,
    ) -> (Ticket, Result<(), Error>) {
        let launch = Launch { gpu: 0, stream: 0, kernel: self.kernel, grid, block, shared_bytes, arguments };
        let ticket = self.machine.launch(launch).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        (ticket, self.machine.run())
    }

    /// Runs the kernel on blocks and threads in x.
    pub(crate) fn run(&mut self, grid: usize, block: usize, shared: usize, arguments: Vec<Argument>) {
        self.run_in_space([grid as u32, 1, 1], [block as u32, 1, 1], shared, arguments);
    }

    pub(crate) fn run_in_space(
        &mut self,
        grid: [u32; 3],
        block: [u32; 3],
        shared: usize,
        arguments: Vec<Argument>,
    ) {
        let (_, result) = self.try_run(grid, block, shared as u32, arguments);
        result.unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    pub(crate) fn printed(&self, ticket: Ticket) -> &str {
        self.machine.printed(ticket)
    }

    /// Compares what the kernel wrote with what the host expects.
    pub(crate) fn expect<T: Number + PartialEq + std::fmt::Debug>(&mut self, address: u64, expected: &[T]) {
        let found = self.read::<T>(address, expected.len());
        if let Some(place) = (0..expected.len()).find(|&place| found[place] != expected[place]) {
            panic!(
                "{}: element {place} of {} is {:?}, expected {:?}",
                self.name,
                expected.len(),
                found[place],
                expected[place]
            );
        }
    }

    /// The same for floats that may differ by `tolerance`, relative for numbers above 1.
    pub(crate) fn expect_near(&mut self, address: u64, expected: &[f32], tolerance: f32) {
        for (place, (found, &expected)) in
            self.read::<f32>(address, expected.len()).into_iter().zip(expected).enumerate()
        {
            let error = (found - expected).abs() / expected.abs().max(1.0);
            let same = found == expected || found.is_nan() && expected.is_nan() || error <= tolerance;
            assert!(same, "{}: element {place} is {found}, expected {expected}", self.name);
        }
    }
}

/// Arguments of a launch.
macro_rules! arguments {
    ($($value:expr),* $(,)?) => { vec![$($crate::corpus::bench::Argue::argument($value)),*] };
}
pub(crate) use arguments;

/// What a launch takes as an argument: addresses and sizes are `u64`, `int`s are `i32`.
pub(crate) trait Argue {
    fn argument(self) -> Argument;
}

impl Argue for u64 {
    fn argument(self) -> Argument {
        Argument::U64(self)
    }
}
impl Argue for u32 {
    fn argument(self) -> Argument {
        Argument::U32(self)
    }
}
impl Argue for i32 {
    fn argument(self) -> Argument {
        Argument::U32(self as u32)
    }
}
impl Argue for f32 {
    fn argument(self) -> Argument {
        Argument::F32(self)
    }
}
impl Argue for Vec<u8> {
    fn argument(self) -> Argument {
        Argument::Bytes(self)
    }
}
