//! The machine: its memory, its modules, and the launches that wait for their turn.

use std::sync::Arc;

use crate::cluster::MOST_BLOCKS;
use crate::code::Code;
use crate::config::Config;
use crate::consistency::Kind;
use crate::counters::Counters;
use crate::decode::{self, Decoded, Program};
use crate::engine::Engine;
use crate::error::Error;
use crate::gpu::{Gpu, limits};
use crate::launch::{Kernel, Launch, Module, Ticket};
use crate::memory::{Memory, Region};
use crate::pending::Pending;
use crate::report::Report;
use crate::residency::Residency;
use crate::schedule::Recording;
use crate::trace::Trace;

/// Several virtual GPUs in one address space.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    memory: Memory,
    modules: Vec<Loaded>,
    kernels: Vec<Entry>,
    launches: Vec<Pending>,
    engine: Engine,
}

#[derive(Debug)]
struct Loaded {
    decoded: Arc<Decoded>,
    kernels: Vec<usize>,
}

#[derive(Debug)]
struct Entry {
    program: Program,
    /// Addresses of the module's variables, by GPU.
    variables: Vec<Arc<Vec<u64>>>,
}

impl Machine {
    /// Bytes of shared memory that one block may have, static and dynamic.
    pub const SHARED_PER_BLOCK: u32 = limits::SHARED_PER_BLOCK;

    /// A machine without memory or modules.
    ///
    /// # Errors
    /// The configuration is impossible.
    pub fn new(config: Config) -> Result<Machine, Error> {
        config.check()?;
        Ok(Machine {
            memory: Memory::new(config.gpus, config.memory_per_gpu),
            modules: Vec::new(),
            kernels: Vec::new(),
            launches: Vec::new(),
            engine: Engine::new(&config),
            config,
        })
    }

    /// What the machine was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Loads PTX text on every GPU. Text that was loaded before yields the same module, and
    /// machines of one process share what was decoded; variables are each machine's own.
    ///
    /// # Errors
    /// The text is not PTX, or has an instruction that the emulator does not execute; the error
    /// names both the instruction and its line.
    pub fn load(&mut self, ptx: &str) -> Result<Module, Error> {
        if let Some(position) = self.modules.iter().position(|module| module.decoded.text == ptx) {
            return Ok(Module(position));
        }
        let decoded = decode::shared(ptx)?;
        let mut variables = Vec::with_capacity(self.config.gpus);
        for gpu in 0..self.config.gpus {
            let mut addresses = Vec::with_capacity(decoded.variables.len());
            let mut numbers = Vec::with_capacity(decoded.variables.len());
            for variable in &decoded.variables {
                let bytes = variable.contents.len() as u64;
                let number = self.memory.allocate(gpu, bytes, Some(variable.name.clone()))?;
                let allocation = &mut self.memory.allocations[number];
                // Module variables without an initial value start as zero (PTX ISA section 5.4.4).
                allocation.region.bytes_mut(0, variable.contents.len()).copy_from_slice(&variable.contents);
                allocation.read_only = variable.read_only;
                addresses.push(allocation.base);
                numbers.push(number);
            }
            for (variable, &number) in decoded.variables.iter().zip(&numbers) {
                let region = &mut self.memory.allocations[number].region;
                for address in &variable.addresses {
                    address.store(&addresses, region.bytes_mut(0, variable.contents.len()));
                }
            }
            variables.push(Arc::new(addresses));
        }
        let first = self.kernels.len();
        for program in &decoded.kernels {
            self.kernels.push(Entry { program: program.clone(), variables: variables.clone() });
        }
        self.modules.push(Loaded { decoded, kernels: (first..self.kernels.len()).collect() });
        Ok(Module(self.modules.len() - 1))
    }

    /// Looks an entry up.
    ///
    /// # Errors
    /// The module has no such entry; the error lists those that exist.
    pub fn kernel(&self, module: Module, name: &str) -> Result<Kernel, Error> {
        let loaded = self
            .modules
            .get(module.0)
            .ok_or_else(|| Error::Handle("the module was loaded into another machine".into()))?;
        let named = |&&index: &&usize| self.kernels[index].program.code.name == name;
        loaded.kernels.iter().find(named).map(|&index| Kernel(index)).ok_or_else(|| Error::UnknownKernel {
            name: name.to_owned(),
            entries: loaded
                .kernels
                .iter()
                .map(|&index| self.kernels[index].program.code.name.clone())
                .collect(),
        })
    }

    /// Allocates device memory; the address is a multiple of 256. The contents are uninitialised: a
    /// kernel that reads bytes which nobody wrote faults.
    ///
    /// # Errors
    /// The GPU does not exist or has not enough memory left.
    pub fn allocate(&mut self, gpu: usize, bytes: u64) -> Result<u64, Error> {
        let number = self.memory.allocate(gpu, bytes, None)?;
        Ok(self.memory.allocations[number].base)
    }

    /// Binds allocations of different GPUs and equal size to multicast memory, and returns its
    /// address. `multimem` instructions at an offset of it access that offset of every allocation;
    /// nothing else may access it. A load reduces the values in order of GPU number, though
    /// hardware promises no order, so that sums of floats may differ there. An allocation that is
    /// freed stays bound: `multimem` then faults.
    ///
    /// ```
    /// use crossdock_emulator::{Argument, Config, Launch, Machine};
    ///
    /// fn main() -> Result<(), crossdock_emulator::Error> {
    ///     let mut machine = Machine::new(Config { gpus: 2, ..Config::default() })?;
    ///     let first = machine.allocate(0, 4)?;
    ///     let second = machine.allocate(1, 4)?;
    ///     machine.write(first, &30u32.to_le_bytes())?;
    ///     machine.write(second, &12u32.to_le_bytes())?;
    ///     let both = machine.multicast(&[first, second])?;
    ///     let module = machine.load(
    ///         ".version 8.1\n.target sm_90\n.address_size 64\n\
    ///          .visible .entry main(.param .u64 both)\n{\n\
    ///          .reg .b64 %rd<2>;\n.reg .b32 %r<2>;\nld.param.u64 %rd1, [both];\n\
    ///          multimem.ld_reduce.relaxed.sys.global.add.u32 %r1, [%rd1];\n\
    ///          multimem.st.relaxed.sys.global.u32 [%rd1], %r1;\nret;\n}\n",
    ///     )?;
    ///     let kernel = machine.kernel(module, "main")?;
    ///     let arguments = vec![Argument::U64(both)];
    ///     let (grid, block) = ([1, 1, 1], [1, 1, 1]);
    ///     let (gpu, stream, shared_bytes) = (0, 0, 0);
    ///     machine.launch(Launch { gpu, stream, kernel, grid, block, shared_bytes, arguments })?;
    ///     machine.run()?;
    ///     let mut sum = [0; 4];
    ///     machine.read(second, &mut sum)?;
    ///     assert_eq!(u32::from_le_bytes(sum), 42);
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// An address is not that of a live allocation, two are on one GPU, or the sizes differ.
    pub fn multicast(&mut self, addresses: &[u64]) -> Result<u64, Error> {
        self.memory.bind(addresses)
    }

    /// Frees an allocation. Its addresses are never used again.
    ///
    /// # Errors
    /// The address is not that of a live allocation.
    pub fn free(&mut self, address: u64) -> Result<(), Error> {
        self.memory.free(address)
    }

    /// Copies bytes from the host to device memory.
    ///
    /// # Errors
    /// The bytes leave their allocation.
    pub fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (number, offset) = self.memory.host("write", address, bytes.len() as u64)?;
        self.host_access(Kind::Write, number, (offset, bytes.len()))?;
        self.memory.allocations[number].region.bytes_mut(offset, bytes.len()).copy_from_slice(bytes);
        self.memory.watch.written(address, bytes.len() as u64);
        Ok(())
    }

    /// Copies bytes from device memory to the host; bytes that were never written read as zero.
    ///
    /// # Errors
    /// The bytes leave their allocation.
    pub fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        let (number, offset) = self.memory.host("read", address, bytes.len() as u64)?;
        self.host_access(Kind::Read, number, (offset, bytes.len()))?;
        bytes.copy_from_slice(self.memory.allocations[number].region.bytes(offset, bytes.len()));
        Ok(())
    }

    /// Sets `bytes` bytes of device memory to one value.
    ///
    /// # Errors
    /// The bytes leave their allocation.
    pub fn fill(&mut self, address: u64, value: u8, bytes: u64) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        let (number, offset) = self.memory.host("fill", address, bytes)?;
        self.host_access(Kind::Write, number, (offset, bytes as usize))?;
        self.memory.allocations[number].region.bytes_mut(offset, bytes as usize).fill(value);
        self.memory.watch.written(address, bytes);
        Ok(())
    }

    /// The GPU's host copies: with a host for each GPU this is ordered after what the GPU has done,
    /// and may race with others.
    fn host_access(&mut self, kind: Kind, number: usize, bytes: (usize, usize)) -> Result<(), Error> {
        let Some(detector) = &mut self.engine.detector else { return Ok(()) };
        let allocation = &mut self.memory.allocations[number];
        if allocation.read_only {
            return Ok(());
        }
        let (gpu, base) = (allocation.gpu, allocation.base);
        let mut shadow = std::mem::take(&mut allocation.shadow);
        let memory = &self.memory;
        let describe = |offset: usize| memory.describe(base + offset as u64);
        let checked = detector.host_access(gpu, kind, &mut shadow, bytes, describe);
        self.memory.allocations[number].shadow = shadow;
        let schedule = self.engine.described.clone();
        checked.map_err(|race| Error::HostRace { gpu, race, schedule })
    }

    /// The host of a GPU waits for what [`Machine::run`] has executed there, so that its later
    /// launches and its meetings with other hosts are after that. Copies between host and device
    /// wait by themselves. Orders something only with [`Hosts::PerGpu`](crate::Hosts::PerGpu).
    pub fn host_waits(&mut self, gpu: usize) {
        if let Some(detector) = &mut self.engine.detector {
            detector.host_waits(gpu);
        }
    }

    /// The hosts of all GPUs wait for each other, and each then knows what all knew. Orders
    /// something only with [`Hosts::PerGpu`](crate::Hosts::PerGpu).
    pub fn hosts_meet(&mut self) {
        if let Some(detector) = &mut self.engine.detector {
            detector.hosts_meet();
        }
    }

    /// Enqueues a launch; [`Machine::run`] executes it.
    ///
    /// # Errors
    /// The launch does not fit the kernel or the GPU.
    pub fn launch(&mut self, launch: Launch) -> Result<Ticket, Error> {
        self.enqueue(launch, None, &[])
    }

    /// The same with blocks in clusters of `cluster` blocks in x, y and z: those of a cluster run
    /// together, and reach each other's shared memory. A kernel with `.reqnctapercluster` has its
    /// clusters without being asked.
    ///
    /// # Errors
    /// The launch does not fit the kernel, the cluster or the GPU.
    pub fn launch_in_clusters(&mut self, launch: Launch, cluster: [u32; 3]) -> Result<Ticket, Error> {
        self.enqueue(launch, Some(cluster), &[])
    }

    /// As [`launch`](Self::launch) or [`launch_in_clusters`](Self::launch_in_clusters), for a
    /// launch that starts when those of `after` have ended too, on whatever streams of the same
    /// GPU: what waiting for an event does.
    ///
    /// # Errors
    /// As for these, and when a launch of `after` is of another GPU.
    pub fn launch_after(
        &mut self,
        launch: Launch,
        cluster: Option<[u32; 3]>,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        self.enqueue(launch, cluster, after)
    }

    fn enqueue(
        &mut self,
        launch: Launch,
        cluster: Option<[u32; 3]>,
        after: &[Ticket],
    ) -> Result<Ticket, Error> {
        let entry = self
            .kernels
            .get(launch.kernel.0)
            .ok_or_else(|| Error::Handle("the kernel was loaded into another machine".into()))?;
        let Program { code, operations } = entry.program.clone();
        let refuse = |reason: String| Error::Launch { kernel: code.name.clone(), reason };
        if launch.gpu >= self.config.gpus {
            return Err(refuse(format!(
                "GPU {} does not exist; the machine has {}",
                launch.gpu, self.config.gpus
            )));
        }
        let threads =
            launch.block.iter().fold(1u64, |threads, &extent| threads.saturating_mul(extent.into()));
        if launch.grid.contains(&0) || threads == 0 {
            return Err(refuse(format!("grid {:?} of blocks {:?} is empty", launch.grid, launch.block)));
        }
        if launch.grid[0] > i32::MAX as u32 || launch.grid[1] > 65535 || launch.grid[2] > 65535 {
            return Err(refuse(format!("grid {:?} exceeds [2147483647, 65535, 65535]", launch.grid)));
        }
        if let Some(required) = code.required_block
            && launch.block != required
        {
            return Err(refuse(format!("block {:?}; `.reqntid` requires {required:?}", launch.block)));
        }
        if launch.block[2] > limits::THREADS_ALONG_Z {
            let most = limits::THREADS_ALONG_Z;
            return Err(refuse(format!("block {:?}; at most {most} threads fit along z", launch.block)));
        }
        let most = code.most_threads.unwrap_or(limits::THREADS_PER_BLOCK).min(limits::THREADS_PER_BLOCK);
        if threads > most {
            return Err(refuse(format!(
                "block {:?} has {threads} threads; at most {most} fit",
                launch.block
            )));
        }
        let explicit_cluster = cluster.or(code.required_cluster);
        let cluster = check_cluster(&code, &launch, cluster).map_err(refuse)?;
        if let Some(other) = after
            .iter()
            .find(|ticket| self.launches.get(ticket.0).is_none_or(|earlier| earlier.gpu != launch.gpu))
        {
            return Err(refuse(format!(
                "it waits for launch {}, which is no earlier launch of its GPU",
                other.0
            )));
        }
        let parameters = arguments(&code, &launch).map_err(refuse)?;
        let mut pending = Pending {
            gpu: launch.gpu,
            grid: launch.grid,
            block: launch.block,
            cluster,
            explicit_cluster: explicit_cluster.is_some(),
            dynamic_shared: launch.shared_bytes,
            parameters,
            variables: entry.variables[launch.gpu].clone(),
            grid_workspace: 0,
            counters: Counters::new(self.config.gpus, &code),
            started: 0,
            finished: 0,
            agents: 0,
            residency: Residency::default(),
            report: None,
            printed: String::new(),
            code: code.clone(),
            operations,
            after: after.iter().map(|ticket| ticket.0).collect(),
        };
        let fits =
            launch.shared_bytes <= limits::SHARED_PER_BLOCK && pending.shared() <= limits::SHARED_PER_BLOCK;
        if !fits {
            return Err(refuse(format!(
                "{} bytes of shared memory ({} of the kernel, {} dynamic); a block has at most {}",
                u64::from(code.shared_bytes) + u64::from(launch.shared_bytes),
                code.shared_bytes,
                launch.shared_bytes,
                limits::SHARED_PER_BLOCK
            )));
        }
        let blocks = pending.blocks_of_cluster();
        if blocks > 1 && Gpu::new(self.config.sms_per_gpu).place(pending.demand(), blocks).is_none() {
            return Err(refuse(format!(
                "the {blocks} blocks of a cluster do not fit together into a group of multiprocessors"
            )));
        }
        if code.grid_workspace {
            pending.grid_workspace = self.grid_workspace(launch.gpu)?;
        }
        let ticket = self.launches.len();
        self.launches.push(pending);
        if let Some(detector) = &mut self.engine.detector {
            detector.enqueue(ticket, launch.gpu);
        }
        self.engine.streams.entry((launch.gpu, launch.stream)).or_default().push_back(ticket);
        Ok(Ticket(ticket))
    }

    /// Two zeroed words for one launch: their size and the barrier
    /// (`cooperative_groups/details/driver_abi.h`).
    fn grid_workspace(&mut self, gpu: usize) -> Result<u64, Error> {
        let number = self.memory.allocate(gpu, 8, Some("words of the grid-wide barrier".to_owned()))?;
        let allocation = &mut self.memory.allocations[number];
        allocation.region.bytes_mut(0, 8).copy_from_slice(&[8, 0, 0, 0, 0, 0, 0, 0]);
        Ok(allocation.base)
    }

    /// Executes until every queue is empty.
    ///
    /// # Errors
    /// The first fault, or a deadlock; everything that was enqueued is then dropped.
    pub fn run(&mut self) -> Result<(), Error> {
        self.run_for(&[])
    }

    /// As [`run`](Self::run), while the hosts of the GPUs in `awaited` wait, each for its own GPU.
    /// It also returns when one of these GPUs [is idle](Self::is_idle) and nothing else can happen
    /// until its host does something, or a deadline passes: hosts are faster than deadlines. What
    /// is not finished goes on with the next run. For [`Hosts::PerGpu`](crate::Hosts::PerGpu).
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub fn run_for(&mut self, awaited: &[usize]) -> Result<(), Error> {
        let result = self.engine.run(&mut self.memory, &mut self.launches, awaited);
        if result.is_err() {
            // The detector counts runs, so that it knows what memory remembers from earlier ones.
            let mut detector = self.engine.detector.take();
            if let Some(detector) = &mut detector {
                detector.forget();
            }
            let recorder = self.engine.recorder.take();
            let idle = Engine::new(&self.config);
            let schedule = std::mem::replace(&mut self.engine, idle).schedule;
            self.engine.detector = detector;
            self.engine.recorder = recorder;
            self.engine.schedule = schedule;
            self.memory.watch.clear();
        }
        result
    }

    /// Whether everything that was launched on the GPU is finished.
    pub fn is_idle(&self, gpu: usize) -> bool {
        self.engine.is_idle(gpu)
    }

    /// The decisions of all runs so far, also of one that failed; `None` unless [`Config::record`]
    /// is set.
    pub fn recording(&self) -> Option<&Recording> {
        self.engine.schedule.recording()
    }

    /// What the threads of a launch have printed with `printf`, in the order of execution, also
    /// when it failed.
    pub fn printed(&self, ticket: Ticket) -> &str {
        self.launches.get(ticket.0).map_or("", |launch| &launch.printed)
    }

    /// What was recorded since the last call; `None` unless [`Config::trace`] is set.
    pub fn take_trace(&mut self) -> Option<Trace> {
        self.engine.take_trace(&self.launches)
    }

    /// The counters of a finished launch; `None` if it has not finished.
    pub fn report(&self, ticket: Ticket) -> Option<&Report> {
        self.launches.get(ticket.0)?.report.as_ref()
    }
}

/// The cluster of a launch: what it asks for, or what the kernel requires.
fn check_cluster(code: &Code, launch: &Launch, asked: Option<[u32; 3]>) -> Result<[u32; 3], String> {
    if let (Some(asked), Some(required)) = (asked, code.required_cluster)
        && asked != required
    {
        return Err(format!("clusters of {asked:?} blocks; `.reqnctapercluster` requires {required:?}"));
    }
    let Some(cluster) = asked.or(code.required_cluster) else { return Ok([1, 1, 1]) };
    let blocks = cluster.iter().fold(1u64, |blocks, &extent| blocks.saturating_mul(extent.into()));
    let most = code.most_blocks_of_cluster.unwrap_or(MOST_BLOCKS.into()).min(MOST_BLOCKS.into());
    if blocks == 0 || blocks > most {
        return Err(format!("clusters of {cluster:?} blocks; one has 1 to {most}"));
    }
    if (0..3).any(|axis| !launch.grid[axis].is_multiple_of(cluster[axis])) {
        return Err(format!("grid {:?} cannot be divided into clusters of {cluster:?} blocks", launch.grid));
    }
    Ok(cluster)
}

/// The parameter bytes of a launch.
fn arguments(code: &Code, launch: &Launch) -> Result<Region, String> {
    if launch.arguments.len() != code.parameters.len() {
        return Err(format!(
            "{} arguments; the kernel has {} parameters",
            launch.arguments.len(),
            code.parameters.len()
        ));
    }
    let mut region = Region::new(code.parameter_bytes as usize);
    for (parameter, argument) in code.parameters.iter().zip(&launch.arguments) {
        let bytes = argument.bytes();
        if bytes.len() != parameter.bytes as usize {
            return Err(format!(
                "the argument for `{}` has {} bytes; the parameter has {}",
                parameter.name,
                bytes.len(),
                parameter.bytes
            ));
        }
        region.bytes_mut(parameter.offset as usize, bytes.len()).copy_from_slice(&bytes);
    }
    Ok(region)
}
