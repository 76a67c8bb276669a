//! Runs device code of a test on the emulator, and has NVIDIA's assembler read its PTX.

#![allow(dead_code, reason = "each test uses its part")]

use crossdock_codegen::back::{self, Options};
use crossdock_device::intrinsics::Global;
use crossdock_device::launch::{Argument, Arguments};
use crossdock_device::{DeviceModule, Error};
use crossdock_emulator as emulator;
use crossdock_ptx::assembler::Assembler;

/// The memory of a test's virtual GPUs.
pub(crate) struct Memory {
    pub(crate) machine: emulator::Machine,
}

/// An allocation of 32-bit words on one GPU.
pub(crate) struct Words {
    pub(crate) address: u64,
    count: usize,
}

impl Words {
    pub(crate) fn pointer<T>(&self) -> Global<T> {
        Global::from_address(self.address)
    }
}

impl Memory {
    pub(crate) fn new(gpus: usize) -> Memory {
        Memory::with_seed(gpus, 0)
    }

    /// A machine whose schedule follows from the seed.
    pub(crate) fn with_seed(gpus: usize, seed: u64) -> Memory {
        let config = emulator::Config { gpus, schedule_seed: seed, ..emulator::Config::default() };
        Memory { machine: emulator::Machine::new(config).expect("the configuration is possible") }
    }

    /// An allocation on GPU 0 that holds these words.
    pub(crate) fn global(&mut self, words: &[u32]) -> Words {
        self.on_gpu(0, words)
    }

    pub(crate) fn on_gpu(&mut self, gpu: usize, words: &[u32]) -> Words {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let address = self.machine.allocate(gpu, bytes.len() as u64).expect("there is memory");
        self.machine.write(address, &bytes).expect("the allocation is that large");
        Words { address, count: words.len() }
    }

    pub(crate) fn words(&mut self, words: &Words) -> Vec<u32> {
        let mut bytes = vec![0; words.count * 4];
        self.machine.read(words.address, &mut bytes).expect("the allocation is that large");
        let (words, _) = bytes.as_chunks::<4>();
        words.iter().map(|word| u32::from_le_bytes(*word)).collect()
    }
}

/// A target and PTX version that have everything in these tests.
pub(crate) fn blackwell() -> Options {
    options("sm_100", "8.8")
}

pub(crate) fn options(target: &str, version: &str) -> Options {
    Options::new(target, Some(version)).expect("the table has them")
}

/// The PTX of a kernel.
pub(crate) fn ptx<A: Arguments>(
    module: &'static DeviceModule,
    parameters: &[(&str, i128)],
    options: &Options,
) -> Result<back::Kernel, Error> {
    back::specialise(&*module.link()?, A::KERNEL, parameters, options)
}

/// Executes a kernel of one block on GPU 0.
pub(crate) fn run<A: Arguments>(
    memory: &mut Memory,
    module: &'static DeviceModule,
    arguments: A,
    parameters: &[(&str, i128)],
) {
    if let Err(report) = try_run(memory, module, arguments, parameters) {
        panic!("{report}");
    }
}

/// Executes a kernel of one block on GPU 0, or says what the emulator reports.
pub(crate) fn try_run<A: Arguments>(
    memory: &mut Memory,
    module: &'static DeviceModule,
    arguments: A,
    parameters: &[(&str, i128)],
) -> Result<(), String> {
    let kernel = ptx::<A>(module, parameters, &blackwell()).unwrap_or_else(|error| panic!("{error}"));
    run_text(memory, &kernel.ptx.to_string(), &kernel.name, kernel.needs.block.x, &arguments)
}

/// Executes a kernel of one block on GPU 0 by its text, or says what the emulator reports.
pub(crate) fn run_text(
    memory: &mut Memory,
    text: &str,
    name: &str,
    threads: u32,
    arguments: &impl Arguments,
) -> Result<(), String> {
    let machine = &mut memory.machine;
    let loaded = machine.load(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let argument = |argument| match argument {
        Argument::U8(value) => emulator::Argument::Bytes(vec![value]),
        Argument::U16(value) => emulator::Argument::Bytes(value.to_le_bytes().to_vec()),
        Argument::U32(value) => emulator::Argument::U32(value),
        Argument::U64(value) => emulator::Argument::U64(value),
        Argument::F32(value) => emulator::Argument::F32(value),
        Argument::F64(value) => emulator::Argument::U64(value.to_bits()),
    };
    let launch = emulator::Launch {
        gpu: 0,
        stream: 0,
        kernel: machine.kernel(loaded, name).expect("the module has this entry"),
        grid: [1, 1, 1],
        block: [threads, 1, 1],
        shared_bytes: 0,
        arguments: arguments.arguments().into_iter().map(argument).collect(),
    };
    machine.launch(launch).expect("the arguments fit");
    machine.run().map(|_| ()).map_err(|error| format!("{error}\n{text}"))
}

/// Has ptxas assemble PTX for a target; skips, and says so, where there is none.
pub(crate) fn assemble(name: &str, text: &str, target: &str) {
    let Some(assembler) = Assembler::for_test() else { return };
    if let Err(error) = assembler.assemble(text, target) {
        panic!("{name}: {error}\n{text}");
    }
}
