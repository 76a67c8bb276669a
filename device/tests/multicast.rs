//! Multicast memory from the device language: on 1, 3 and 8 virtual GPUs against the host, and
//! through NVIDIA's assembler.

mod harness;

use crossdock_device::device;
use crossdock_device::intrinsics::Global;
use crossdock_device::launch::Arguments;
use half::{bf16, f16};
use harness::{Memory, assemble, options, ptx, run};

/// Every operation of every element.
#[device(crate = ::crossdock_device)]
pub mod code {
    use crossdock_device::library::multicast::floats::*;
    use crossdock_device::library::multicast::halves::*;
    use crossdock_device::library::multicast::*;
    use crossdock_device::numbers::vector::code::f32x4;
    use crossdock_device::prelude::*;

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_u32(words: Global<u32>, results: Global<u32>) {
        let word = Multicast::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
        results.at(lane() + 96).write(word.read_reduce_min());
        results.at(lane() + 128).write(word.load_reduce_min(Relaxed, System));
        results.at(lane() + 160).write(word.load_reduce_min(Acquire, System));
        results.at(lane() + 192).write(word.read_reduce_max());
        results.at(lane() + 224).write(word.load_reduce_max(Relaxed, System));
        results.at(lane() + 256).write(word.load_reduce_max(Acquire, System));
        results.at(lane() + 288).write(word.read_reduce_and());
        results.at(lane() + 320).write(word.load_reduce_and(Relaxed, System));
        results.at(lane() + 352).write(word.load_reduce_and(Acquire, System));
        results.at(lane() + 384).write(word.read_reduce_or());
        results.at(lane() + 416).write(word.load_reduce_or(Relaxed, System));
        results.at(lane() + 448).write(word.load_reduce_or(Acquire, System));
        results.at(lane() + 480).write(word.read_reduce_xor());
        results.at(lane() + 512).write(word.load_reduce_xor(Relaxed, System));
        results.at(lane() + 544).write(word.load_reduce_xor(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_u32(words: Global<u32>, values: Global<u32>) {
        let value = values.at(lane()).read();
        let word = Multicast::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
        word.at(160).reduce_min(value, Relaxed, System);
        word.at(192).reduce_min(value, Release, System);
        word.at(224).reduce_max(value, Relaxed, System);
        word.at(256).reduce_max(value, Release, System);
        word.at(288).reduce_and(value, Relaxed, System);
        word.at(320).reduce_and(value, Release, System);
        word.at(352).reduce_or(value, Relaxed, System);
        word.at(384).reduce_or(value, Release, System);
        word.at(416).reduce_xor(value, Relaxed, System);
        word.at(448).reduce_xor(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_i32(words: Global<i32>, results: Global<i32>) {
        let word = Multicast::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
        results.at(lane() + 96).write(word.read_reduce_min());
        results.at(lane() + 128).write(word.load_reduce_min(Relaxed, System));
        results.at(lane() + 160).write(word.load_reduce_min(Acquire, System));
        results.at(lane() + 192).write(word.read_reduce_max());
        results.at(lane() + 224).write(word.load_reduce_max(Relaxed, System));
        results.at(lane() + 256).write(word.load_reduce_max(Acquire, System));
        results.at(lane() + 288).write(word.read_reduce_and());
        results.at(lane() + 320).write(word.load_reduce_and(Relaxed, System));
        results.at(lane() + 352).write(word.load_reduce_and(Acquire, System));
        results.at(lane() + 384).write(word.read_reduce_or());
        results.at(lane() + 416).write(word.load_reduce_or(Relaxed, System));
        results.at(lane() + 448).write(word.load_reduce_or(Acquire, System));
        results.at(lane() + 480).write(word.read_reduce_xor());
        results.at(lane() + 512).write(word.load_reduce_xor(Relaxed, System));
        results.at(lane() + 544).write(word.load_reduce_xor(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_i32(words: Global<i32>, values: Global<i32>) {
        let value = values.at(lane()).read();
        let word = Multicast::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
        word.at(160).reduce_min(value, Relaxed, System);
        word.at(192).reduce_min(value, Release, System);
        word.at(224).reduce_max(value, Relaxed, System);
        word.at(256).reduce_max(value, Release, System);
        word.at(288).reduce_and(value, Relaxed, System);
        word.at(320).reduce_and(value, Release, System);
        word.at(352).reduce_or(value, Relaxed, System);
        word.at(384).reduce_or(value, Release, System);
        word.at(416).reduce_xor(value, Relaxed, System);
        word.at(448).reduce_xor(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_u64(words: Global<u64>, results: Global<u64>) {
        let word = Multicast::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
        results.at(lane() + 96).write(word.read_reduce_min());
        results.at(lane() + 128).write(word.load_reduce_min(Relaxed, System));
        results.at(lane() + 160).write(word.load_reduce_min(Acquire, System));
        results.at(lane() + 192).write(word.read_reduce_max());
        results.at(lane() + 224).write(word.load_reduce_max(Relaxed, System));
        results.at(lane() + 256).write(word.load_reduce_max(Acquire, System));
        results.at(lane() + 288).write(word.read_reduce_and());
        results.at(lane() + 320).write(word.load_reduce_and(Relaxed, System));
        results.at(lane() + 352).write(word.load_reduce_and(Acquire, System));
        results.at(lane() + 384).write(word.read_reduce_or());
        results.at(lane() + 416).write(word.load_reduce_or(Relaxed, System));
        results.at(lane() + 448).write(word.load_reduce_or(Acquire, System));
        results.at(lane() + 480).write(word.read_reduce_xor());
        results.at(lane() + 512).write(word.load_reduce_xor(Relaxed, System));
        results.at(lane() + 544).write(word.load_reduce_xor(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_u64(words: Global<u64>, values: Global<u64>) {
        let value = values.at(lane()).read();
        let word = Multicast::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
        word.at(160).reduce_min(value, Relaxed, System);
        word.at(192).reduce_min(value, Release, System);
        word.at(224).reduce_max(value, Relaxed, System);
        word.at(256).reduce_max(value, Release, System);
        word.at(288).reduce_and(value, Relaxed, System);
        word.at(320).reduce_and(value, Release, System);
        word.at(352).reduce_or(value, Relaxed, System);
        word.at(384).reduce_or(value, Release, System);
        word.at(416).reduce_xor(value, Relaxed, System);
        word.at(448).reduce_xor(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_f32(words: Global<f32>, results: Global<f32>) {
        let word = Multicast::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_f32(words: Global<f32>, values: Global<f32>) {
        let value = values.at(lane()).read();
        let word = Multicast::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_f16_pair(words: Global<u32>, results: Global<u32>) {
        let word = MulticastF16x2::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_f16_pair(words: Global<u32>, values: Global<u32>) {
        let value = values.at(lane()).read();
        let word = MulticastF16x2::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_bf16_pair(words: Global<u32>, results: Global<u32>) {
        let word = MulticastBf16x2::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_bf16_pair(words: Global<u32>, values: Global<u32>) {
        let value = values.at(lane()).read();
        let word = MulticastBf16x2::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_i64(words: Global<i64>, results: Global<i64>) {
        let word = Multicast::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
        results.at(lane() + 96).write(word.read_reduce_min());
        results.at(lane() + 128).write(word.load_reduce_min(Relaxed, System));
        results.at(lane() + 160).write(word.load_reduce_min(Acquire, System));
        results.at(lane() + 192).write(word.read_reduce_max());
        results.at(lane() + 224).write(word.load_reduce_max(Relaxed, System));
        results.at(lane() + 256).write(word.load_reduce_max(Acquire, System));
        results.at(lane() + 288).write(word.read_reduce_and());
        results.at(lane() + 320).write(word.load_reduce_and(Relaxed, System));
        results.at(lane() + 352).write(word.load_reduce_and(Acquire, System));
        results.at(lane() + 384).write(word.read_reduce_or());
        results.at(lane() + 416).write(word.load_reduce_or(Relaxed, System));
        results.at(lane() + 448).write(word.load_reduce_or(Acquire, System));
        results.at(lane() + 480).write(word.read_reduce_xor());
        results.at(lane() + 512).write(word.load_reduce_xor(Relaxed, System));
        results.at(lane() + 544).write(word.load_reduce_xor(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_i64(words: Global<i64>, values: Global<i64>) {
        let value = values.at(lane()).read();
        let word = Multicast::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
        word.at(160).reduce_min(value, Relaxed, System);
        word.at(192).reduce_min(value, Release, System);
        word.at(224).reduce_max(value, Relaxed, System);
        word.at(256).reduce_max(value, Release, System);
        word.at(288).reduce_and(value, Relaxed, System);
        word.at(320).reduce_and(value, Release, System);
        word.at(352).reduce_or(value, Relaxed, System);
        word.at(384).reduce_or(value, Release, System);
        word.at(416).reduce_xor(value, Relaxed, System);
        word.at(448).reduce_xor(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_f64(words: Global<f64>, results: Global<f64>) {
        let word = Multicast::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_f64(words: Global<f64>, values: Global<f64>) {
        let value = values.at(lane()).read();
        let word = Multicast::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_f32x4(words: Global<f32x4>, results: Global<f32x4>) {
        let word = MulticastF32x4::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_f32x4(words: Global<f32x4>, values: Global<f32x4>) {
        let value = values.at(lane()).read();
        let word = MulticastF32x4::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
    }

    /// Every load; results are 32 words apart.
    #[kernel(warps = 1)]
    pub fn loads_multicast_f16x8(words: Global<B128>, results: Global<B128>) {
        let word = MulticastF16x8::new(words).at(lane());
        results.at(lane()).write(word.read_reduce_add());
        results.at(lane() + 32).write(word.load_reduce_add(Relaxed, System));
        results.at(lane() + 64).write(word.load_reduce_add(Acquire, System));
    }

    /// Every store and reduction, each to places of its own.
    #[kernel(warps = 1)]
    pub fn writes_multicast_f16x8(words: Global<B128>, values: Global<B128>) {
        let value = values.at(lane()).read();
        let word = MulticastF16x8::new(words).at(lane());
        word.at(0).write(value);
        word.at(32).store(value, Relaxed, System);
        word.at(64).store(value, Release, System);
        word.at(96).reduce_add(value, Relaxed, System);
        word.at(128).reduce_add(value, Release, System);
    }
}

/// Elements as bytes.
trait Element: Copy {
    const BYTES: usize;
    fn bytes(self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! elements {
    ($($name:ty),+) => {$(impl Element for $name {
        const BYTES: usize = size_of::<$name>();
        fn bytes(self) -> Vec<u8> {
            self.to_le_bytes().to_vec()
        }
        fn from_bytes(bytes: &[u8]) -> $name {
            <$name>::from_le_bytes(bytes.try_into().expect("that many bytes"))
        }
    })+};
}

elements!(u32, i32, u64, i64, f32, f64);

/// Multicast memory, and 128 values on the first GPU.
struct All<T> {
    memory: Memory,
    address: u64,
    members: Vec<u64>,
    before: Vec<Vec<T>>,
    values: u64,
}

impl<T: Element> All<T> {
    fn new(gpus: usize, rows: usize, element: fn(u64) -> T) -> All<T> {
        let mut memory = Memory::new(gpus);
        // Odd constants mix the bits, so that signs and carries differ.
        let mixed = |seed: usize| element((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 3);
        let before: Vec<Vec<T>> =
            (0..gpus).map(|gpu| (0..32 * rows).map(|place| mixed(gpu * 10_007 + place)).collect()).collect();
        let members: Vec<u64> =
            before.iter().enumerate().map(|(gpu, all)| put(&mut memory, gpu, all)).collect();
        let address = memory.machine.multicast(&members).expect("one allocation of each GPU");
        let values = put(&mut memory, 0, &(0..128).map(|place| mixed(1 << 20 | place)).collect::<Vec<T>>());
        All { memory, address, members, before, values }
    }

    fn on_first(&mut self, elements: &[T]) -> u64 {
        put(&mut self.memory, 0, elements)
    }

    fn read(&mut self, address: u64, count: usize) -> Vec<T> {
        let mut bytes = vec![0; count * T::BYTES];
        self.memory.machine.read(address, &mut bytes).expect("inside");
        bytes.chunks(T::BYTES).map(T::from_bytes).collect()
    }

    /// Runs a kernel, and has it assembled for Hopper.
    fn run<A: Arguments>(&mut self, arguments: A) {
        let module = &code::__device::MODULE;
        let made = ptx::<A>(module, &[], &options("sm_90", "8.2")).unwrap_or_else(|error| panic!("{error}"));
        if self.members.len() == 1 {
            assemble(&made.name, &made.ptx.to_string(), "sm_90");
        }
        run(&mut self.memory, module, arguments, &[]);
    }
}

fn put<T: Element>(memory: &mut Memory, gpu: usize, elements: &[T]) -> u64 {
    let bytes: Vec<u8> = elements.iter().flat_map(|element| element.bytes()).collect();
    let address = memory.machine.allocate(gpu, bytes.len() as u64).expect("memory");
    memory.machine.write(address, &bytes).expect("inside");
    address
}

/// Two small whole numbers, whose sums over all GPUs are exact in either format.
fn pair(seed: u64, format: fn(f32) -> u16) -> u32 {
    let half = |seed: u64| u32::from(format((seed % 16) as f32 - 8.0));
    half(seed) | half(seed >> 20) << 16
}

fn f16_pair(a: u32, b: u32) -> u32 {
    let sum = |shift: u32| {
        let [a, b] = [a, b].map(|word| f16::from_bits((word >> shift) as u16).to_f32());
        u32::from(f16::from_f32(a + b).to_bits()) << shift
    };
    sum(0) | sum(16)
}

fn bf16_pair(a: u32, b: u32) -> u32 {
    let sum = |shift: u32| {
        let [a, b] = [a, b].map(|word| bf16::from_bits((word >> shift) as u16).to_f32());
        u32::from(bf16::from_f32(a + b).to_bits()) << shift
    };
    sum(0) | sum(16)
}

/// Every load and every write of one element on 1, 3 and 8 GPUs, against what `hosts` compute of
/// two elements. A warp takes `width` parts of elements at once; `loads` and `writes` make
/// arguments of the addresses of the multicast memory and of results or values.
fn agrees<T: Element + PartialEq + std::fmt::Debug, L: Arguments, W: Arguments>(
    width: usize,
    hosts: &[fn(T, T) -> T],
    element: fn(u64) -> T,
    loads: impl Fn(u64, u64) -> L,
    writes: impl Fn(u64, u64) -> W,
) {
    // A store in three forms, a reduction in two; a load in three.
    let (written, loaded) = (width * (3 + 2 * hosts.len()), width * 3 * hosts.len());
    for gpus in [1, 3, 8] {
        let mut all = All::new(gpus, written / 32, element);
        let (words, results, values) = (all.address, all.on_first(&vec![element(0); loaded]), all.values);
        all.run(loads(words, results));
        for (place, found) in all.read(results, loaded).into_iter().enumerate() {
            let column = all.before.iter().map(|gpu| gpu[place % width]);
            let expected = column.reduce(hosts[place / (3 * width)]);
            assert_eq!(Some(found), expected, "{gpus} GPUs, place {place}");
        }
        all.run(writes(words, values));
        let values = all.read(values, width);
        for (before, member) in all.before.clone().into_iter().zip(all.members.clone()) {
            for (place, found) in all.read(member, written).into_iter().enumerate() {
                let (value, form) = (values[place % width], place / width);
                let expected = if form < 3 { value } else { hosts[(form - 3) / 2](before[place], value) };
                assert_eq!(found, expected, "{gpus} GPUs, place {place}");
            }
        }
    }
}

macro_rules! tests {
    ($($name:ident: $loads:ident, $writes:ident, $width:expr, $hosts:expr, $element:expr;)+) => {$(
        #[test]
        fn $name() {
            agrees(
                $width,
                $hosts,
                $element,
                |words, results| code::$loads { words: Global::from_address(words), results: Global::from_address(results) },
                |words, values| code::$writes { words: Global::from_address(words), values: Global::from_address(values) },
            );
        }
    )+};
}

tests! {
    multicast_u32: LoadsMulticastU32Arguments, WritesMulticastU32Arguments, 32, &[u32::wrapping_add, Ord::min, Ord::max, |a, b| a & b, |a, b| a | b, |a, b| a ^ b], |seed| seed as u32;
    multicast_i32: LoadsMulticastI32Arguments, WritesMulticastI32Arguments, 32, &[i32::wrapping_add, Ord::min, Ord::max, |a, b| a & b, |a, b| a | b, |a, b| a ^ b], |seed| seed as i32;
    multicast_u64: LoadsMulticastU64Arguments, WritesMulticastU64Arguments, 32, &[u64::wrapping_add, Ord::min, Ord::max, |a, b| a & b, |a, b| a | b, |a, b| a ^ b], |seed| seed;
    multicast_i64: LoadsMulticastI64Arguments, WritesMulticastI64Arguments, 32, &[i64::wrapping_add, Ord::min, Ord::max, |a, b| a & b, |a, b| a | b, |a, b| a ^ b], |seed| seed as i64;
    multicast_f32: LoadsMulticastF32Arguments, WritesMulticastF32Arguments, 32, &[|a, b| a + b], |seed| (seed % 1000) as f32;
    multicast_f64: LoadsMulticastF64Arguments, WritesMulticastF64Arguments, 32, &[|a, b| a + b], |seed| (seed % 1000) as f64;
    multicast_f16_pair: LoadsMulticastF16PairArguments, WritesMulticastF16PairArguments, 32, &[f16_pair], |seed| pair(seed, |x| f16::from_f32(x).to_bits());
    multicast_bf16_pair: LoadsMulticastBf16PairArguments, WritesMulticastBf16PairArguments, 32, &[bf16_pair], |seed| pair(seed, |x| bf16::from_f32(x).to_bits());
    multicast_f32x4: LoadsMulticastF32x4Arguments, WritesMulticastF32x4Arguments, 128, &[|a, b| a + b], |seed| (seed % 1000) as f32;
    multicast_f16x8: LoadsMulticastF16x8Arguments, WritesMulticastF16x8Arguments, 128, &[f16_pair], |seed| pair(seed, |x| f16::from_f32(x).to_bits());
}
