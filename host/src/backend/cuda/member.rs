//! One rank: its streams on a GPU, the memory that it owns or reaches, its kernels, and the times of its launches.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::sys::{
    self, CUdevice_attribute_enum as Attribute, CUevent_flags, CUlaunchAttributeID_enum as AttributeName,
};
use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError, result};

use super::driver::Call;
use super::memory::Mapping;
use super::multicast::Bound;
use super::pool::Pool;
use super::sharing::{self, Abilities, Physical, Sharable};
use super::streams::Streams;
use super::{jit, refused};
use crate::backend::{Argument, KernelHandle, Launch, LaunchOptions, Ticket};
use crate::report::LaunchReport;
use crate::{Error, Result};

/// A rank of this process.
#[derive(Debug)]
pub(super) struct Member {
    rank: usize,
    pool: Pool,
    pub(super) context: Arc<CudaContext>,
    /// The rank's own.
    pub(super) stream: Arc<CudaStream>,
    multiprocessors: u32,
    sharable: Sharable,
    /// Ranks whose memory can be bound to a multicast object, if it can.
    multicast_ranks: Option<u32>,
    state: Mutex<State>,
    pub(super) streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct State {
    symmetric: HashMap<u64, Symmetric>,
    /// Symmetric allocations and multicast objects so far.
    numbers: u64,
    /// Multicast objects that peers look for, by number.
    objects: HashMap<u64, Arc<Physical>>,
    /// By multicast address.
    multicasts: HashMap<u64, Bound>,
    modules: HashMap<String, Module>,
    kernels: Vec<Kernel>,
    launches: HashMap<u64, Timed>,
    launched: u64,
}

/// One symmetric allocation, and the same of the peers.
#[derive(Debug)]
struct Symmetric {
    number: u64,
    mapping: Arc<Mapping>,
    peers: Vec<Arc<Mapping>>,
}

#[derive(Clone, Copy, Debug)]
struct Module(sys::CUmodule);

#[derive(Clone, Debug)]
struct Kernel {
    name: String,
    function: sys::CUfunction,
}

// SAFETY: the driver's handles may be used from any thread while their context lives, which the member keeps.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Send for Kernel {}

#[derive(Debug)]
struct Timed {
    kernel: String,
    start: CudaEvent,
    end: CudaEvent,
}

/// What a rank must know of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbours {
    /// Ranks on its GPU, itself included.
    on_gpu: usize,
    sharable: Sharable,
    /// All ranks, if they have multicast addresses.
    multicast_ranks: Option<u32>,
}

impl Neighbours {
    /// Of the rank whose GPU has these abilities, among all ranks.
    pub(super) fn of(own: &Abilities, ranks: &[Abilities], sharable: Sharable) -> Neighbours {
        let multicast = sharing::why_no_multicast(ranks).is_none();
        Neighbours {
            on_gpu: ranks.iter().filter(|rank| rank.gpu == own.gpu).count(),
            sharable,
            multicast_ranks: multicast.then_some(ranks.len() as u32),
        }
    }
}

impl Member {
    /// Opens a GPU, for this rank alone until it [meets](Self::meet) the others.
    pub(super) fn open(rank: usize, device: usize) -> Result<Member> {
        let failed = |call: Call| move |error| refused(rank, call, error);
        let context = CudaContext::new(device).map_err(failed("opening the GPU"))?;
        // Memory and order are ours: cudarc need not record events around every use.
        // SAFETY: no memory of cudarc's own is used.
        unsafe { context.disable_event_tracking() };
        let multiprocessors = context
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
            .map_err(failed("counting multiprocessors"))?
            .cast_unsigned();
        let stream = context.new_stream().map_err(failed("making a stream"))?;
        let pool = Pool::new(context.cu_device()).map_err(failed("making a pool of memory"))?;
        Ok(Member {
            rank,
            pool,
            context,
            stream,
            multiprocessors,
            sharable: Sharable::InProcess,
            multicast_ranks: None,
            state: Mutex::default(),
            streams: Mutex::default(),
        })
    }

    /// The rank shares its GPU: it has its part of the multiprocessors, or fewer if `most` says so.
    pub(super) fn meet(&mut self, neighbours: Neighbours, most: Option<u32>) {
        let part = self.multiprocessors / (neighbours.on_gpu as u32).max(1);
        self.multiprocessors = most.map_or(part, |most| most.min(part)).max(1);
        self.sharable = neighbours.sharable;
        self.multicast_ranks = neighbours.multicast_ranks;
    }

    /// What its GPU can do.
    pub(super) fn abilities(&self) -> Result<Abilities> {
        self.enter()?;
        Abilities::of(&self.context).map_err(self.failed("asking what the GPU can do"))
    }

    pub(super) fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    /// The number of the GPU among those that the driver shows.
    pub(super) fn ordinal(&self) -> i32 {
        self.context.ordinal() as i32
    }

    pub(super) fn device(&self) -> i32 {
        self.context.cu_device()
    }

    /// Memory for this rank alone, in the order of its stream: neither this nor giving it back waits for other ranks.
    pub(super) fn allocate(&self, bytes: u64) -> Result<u64> {
        self.enter()?;
        self.refuse_in_capture("allocating memory")?;
        let address =
            self.pool.allocate(bytes as usize, &self.stream).map_err(self.failed("reserving memory"))?;
        if self.has_more_streams() {
            // The other streams do not know when the memory is there.
            self.stream.synchronize().map_err(self.failed("reserving memory"))?;
        }
        Ok(address)
    }

    pub(super) fn allocate_symmetric(&self, bytes: u64) -> Result<u64> {
        self.enter()?;
        self.refuse_in_capture("allocating memory")?;
        let mapping =
            Mapping::allocate(self.rank, self.device(), bytes, self.sharable, self.multicast_ranks)?;
        let (number, address) = (self.next_number(), mapping.address());
        self.lock().symmetric.insert(address, Symmetric { number, mapping, peers: Vec::new() });
        Ok(address)
    }

    /// The number of the next symmetric allocation or multicast object, which is the same on all ranks.
    pub(super) fn next_number(&self) -> u64 {
        let mut state = self.lock();
        state.numbers += 1;
        state.numbers - 1
    }

    pub(super) fn make_multicast_object(&self, bytes: u64) -> Result<Physical> {
        let ranks = self.multicast_ranks.unwrap_or(1);
        Physical::create_multicast(ranks, bytes as usize, self.sharable)
            .map_err(self.failed("making a multicast object"))
    }

    /// Keeps an object for peers that look for it.
    pub(super) fn keep_object(&self, number: u64, object: Arc<Physical>) {
        self.lock().objects.insert(number, object);
    }

    pub(super) fn object(&self, number: u64) -> Result<Arc<Physical>> {
        let found = self.lock().objects.get(&number).map(Arc::clone);
        found.ok_or_else(|| self.unknown(format!("there is no multicast object {number}")))
    }

    pub(super) fn forget_object(&self, number: u64) {
        self.lock().objects.remove(&number);
    }

    /// Keeps a multicast address until it is given back.
    pub(super) fn keep_multicast(&self, bound: Bound) {
        self.lock().multicasts.insert(bound.object.address(), bound);
    }

    /// Gives memory back. Peers that map it keep it alive for themselves.
    pub(super) fn release(&self, address: u64) -> Result<()> {
        self.enter()?;
        if self.is_capturing() {
            self.release_after_capture(address);
            return Ok(());
        }
        let (symmetric, multicast) = {
            let mut state = self.lock();
            (state.symmetric.remove(&address), state.multicasts.remove(&address))
        };
        if symmetric.is_none() && multicast.is_none() {
            return self.give_back(address);
        }
        self.wait()?;
        drop((symmetric, multicast));
        Ok(())
    }

    /// Gives local memory back once all streams are done with it.
    fn give_back(&self, address: u64) -> Result<()> {
        self.settle_other_streams()?;
        // SAFETY: `allocate` gave the address.
        unsafe { result::free_async(address, self.stream.cu_stream()) }
            .map_err(self.failed("giving memory back"))
    }

    /// A symmetric allocation and its number.
    pub(super) fn symmetric(&self, address: u64) -> Result<(u64, Arc<Mapping>)> {
        let state = self.lock();
        let found = state.symmetric.get(&address).map(|found| (found.number, Arc::clone(&found.mapping)));
        found.ok_or_else(|| self.unknown(format!("no symmetric allocation is at {address:#x}")))
    }

    /// Where the symmetric allocation with this number is.
    pub(super) fn address_of(&self, number: u64) -> Result<u64> {
        let state = self.lock();
        let found = state.symmetric.iter().find(|(_, symmetric)| symmetric.number == number);
        found
            .map(|(&address, _)| address)
            .ok_or_else(|| self.unknown(format!("there is no symmetric allocation {number}")))
    }

    /// Keeps a peer's memory for as long as the own allocation of that number.
    pub(super) fn keep(&self, number: u64, mapping: Arc<Mapping>) {
        let mut state = self.lock();
        if let Some(own) = state.symmetric.values_mut().find(|own| own.number == number) {
            own.peers.push(mapping);
        }
    }

    /// Maps what another process offers.
    pub(super) fn map(&self, physical: Arc<Physical>, bytes: u64) -> Result<Arc<Mapping>> {
        self.enter()?;
        Mapping::place(self.rank, self.device(), physical, bytes)
    }

    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("copying to the GPU")?;
        self.settle_other_streams()?;
        // SAFETY: the bytes stay where they are until the wait below is over.
        unsafe { result::memcpy_htod_async(address, bytes, self.stream.cu_stream()) }
            .map_err(self.failed("copying to the GPU"))?;
        self.wait()
    }

    pub(super) fn read(&self, address: u64, bytes: &mut [u8]) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("copying from the GPU")?;
        self.settle_other_streams()?;
        // SAFETY: as in `write`.
        unsafe { result::memcpy_dtoh_async(bytes, address, self.stream.cu_stream()) }
            .map_err(self.failed("copying from the GPU"))?;
        self.wait()
    }

    pub(super) fn copy(&self, from: u64, to: u64, bytes: u64) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("copying on the GPU")?;
        self.settle_other_streams()?;
        // SAFETY: both ranges are device memory of the rank; a wrong one is an error of the driver.
        unsafe { result::memcpy_dtod_async(to, from, bytes as usize, self.stream.cu_stream()) }
            .map_err(self.failed("copying on the GPU"))?;
        // The other streams do not know when the copy is made.
        if self.has_more_streams() { self.wait() } else { Ok(()) }
    }

    pub(super) fn fill(&self, address: u64, value: u8, bytes: u64) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("filling memory")?;
        self.settle_other_streams()?;
        // SAFETY: as in `copy`.
        unsafe { result::memset_d8_async(address, value, bytes as usize, self.stream.cu_stream()) }
            .map_err(self.failed("filling memory"))?;
        self.wait()
    }

    /// Compiles what was not compiled before, looks the entry up, and puts it onto the GPU, which must not happen at its first launch: a
    /// peer's kernel that waits for this one would hold it up.
    pub(super) fn load(&self, ptx: &str, name: &str) -> Result<KernelHandle> {
        self.enter()?;
        let mut state = self.lock();
        let module = match state.modules.get(ptx) {
            Some(&module) => module,
            None => {
                let compiled = jit::compile(ptx).map_err(|(error, log)| {
                    let log = if log.trim().is_empty() { super::driver::reason(error) } else { log };
                    Error::Compile { rank: self.rank, kernel: name.to_owned(), log }
                })?;
                state.modules.insert(ptx.to_owned(), Module(compiled));
                Module(compiled)
            }
        };
        let symbol =
            CString::new(name).map_err(|_| self.unknown(format!("{name:?} is not a kernel's name")))?;
        // SAFETY: the module is loaded.
        let function = unsafe { result::module::get_function(module.0, symbol) }
            .map_err(self.failed("looking a kernel up"))?;
        // With lazy loading (the driver's default), code may move to the GPU as late as the first launch.
        // SAFETY: the function is one of a loaded module.
        unsafe { sys::cuFuncLoad(function) }
            .result()
            .map_err(self.failed("putting a kernel onto the GPU"))?;
        state.kernels.push(Kernel { name: name.to_owned(), function });
        Ok(KernelHandle(state.kernels.len() - 1))
    }

    pub(super) fn launch(&self, launch: &Launch) -> Result<Ticket> {
        self.enter()?;
        let mut state = self.lock();
        let kernel = state
            .kernels
            .get(launch.kernel.0)
            .cloned()
            .ok_or_else(|| self.unknown("the kernel was loaded for another rank".to_owned()))?;
        let stream = self.stream_of(launch.stream)?;
        // Events of a capture are no moments in time.
        let timed = launch.reported && !self.is_capturing();
        let event = || {
            let event = timed.then(|| stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT)));
            event.transpose().map_err(self.failed("recording an event"))
        };
        let mut arguments = launch.arguments.clone();
        let mut pointers: Vec<*mut c_void> = arguments.iter_mut().map(pointer).collect();
        let start = event()?;
        self.check_options(launch.options)?;
        let mut attributes = launch_attributes(launch.options);
        let config = sys::CUlaunchConfig {
            gridDimX: launch.blocks,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: launch.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            hStream: stream.cu_stream(),
            attrs: attributes.as_mut_ptr(),
            numAttrs: attributes.len() as u32,
        };
        // SAFETY: the driver copies attributes and arguments before it returns; the arguments' types are those that the kernel's own
        // argument struct names.
        unsafe {
            sys::cuLaunchKernelEx(&config, kernel.function, pointers.as_mut_ptr(), std::ptr::null_mut())
        }
        .result()
        .map_err(self.failed("launching a kernel"))?;
        let end = event()?;
        let ticket = state.launched;
        state.launched += 1;
        if let (Some(start), Some(end)) = (start, end) {
            state.launches.insert(ticket, Timed { kernel: kernel.name, start, end });
        }
        Ok(Ticket(ticket))
    }

    /// Refuses what the GPU cannot do.
    fn check_options(&self, options: LaunchOptions) -> Result<()> {
        let has = |attribute, least| {
            let value =
                self.context.attribute(attribute).map_err(self.failed("asking what the GPU can do"))?;
            Ok::<bool, Error>(value >= least)
        };
        let (rank, why) = (self.rank, "the GPU needs compute capability 9.0 for that");
        if (options.cluster > 1 || options.overlaps)
            && !has(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 9)?
        {
            let what = if options.cluster > 1 {
                "clusters were asked for"
            } else {
                "an overlapping launch was asked for"
            };
            return Err(Error::Unsupported { rank, what, why });
        }
        if options.cooperative && !has(Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 1)? {
            let (what, why) = ("a cooperative launch was asked for", "the GPU has none");
            return Err(Error::Unsupported { rank, what, why });
        }
        Ok(())
    }

    /// Waits for this rank's streams only.
    pub(super) fn wait(&self) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("waiting for the GPU")?;
        self.settle_other_streams()?;
        self.stream.synchronize().map_err(self.failed("executing the rank's kernels"))
    }

    /// Nobody will ask for the report.
    pub(super) fn forget(&self, ticket: Ticket) {
        self.lock().launches.remove(&ticket.0);
    }

    pub(super) fn take_report(&self, ticket: Ticket) -> Option<LaunchReport> {
        self.enter().ok()?;
        let timed = self.lock().launches.remove(&ticket.0)?;
        let seconds = f64::from(timed.start.elapsed_ms(&timed.end).ok()?) / 1e3;
        Some(LaunchReport { kernel: timed.kernel, counters: None, seconds })
    }

    /// Makes the GPU that of the calling thread.
    pub(super) fn enter(&self) -> Result<()> {
        self.context.bind_to_thread().map_err(self.failed("choosing the GPU"))
    }

    pub(super) fn failed(&self, call: Call) -> impl Fn(DriverError) -> Error {
        let rank = self.rank;
        move |error| refused(rank, call, error)
    }

    pub(super) fn unknown(&self, reason: String) -> Error {
        Error::Driver { rank: self.rank, call: "finding what was named", reason }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.wait().is_err() {
            return; // the context is broken, and the driver takes everything back with it
        }
        self.forget_graphs();
        for module in self.lock().modules.values() {
            // SAFETY: nothing runs on the stream any more, and the kernels go with the member.
            let _ = unsafe { result::module::unload(module.0) };
        }
    }
}

/// The options as the driver takes them.
fn launch_attributes(options: LaunchOptions) -> Vec<sys::CUlaunchAttribute> {
    let attribute = |id, value| sys::CUlaunchAttribute { id, pad: [0; 4], value };
    let mut attributes = Vec::new();
    if options.cluster > 1 {
        let dimensions = sys::CUlaunchAttributeValue_union__bindgen_ty_1 { x: options.cluster, y: 1, z: 1 };
        let value = sys::CUlaunchAttributeValue_union { clusterDim: dimensions };
        attributes.push(attribute(AttributeName::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, value));
    }
    if options.overlaps {
        let value = sys::CUlaunchAttributeValue_union { programmaticStreamSerializationAllowed: 1 };
        attributes
            .push(attribute(AttributeName::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, value));
    }
    if options.cooperative {
        let value = sys::CUlaunchAttributeValue_union { cooperative: 1 };
        attributes.push(attribute(AttributeName::CU_LAUNCH_ATTRIBUTE_COOPERATIVE, value));
    }
    attributes
}

/// Where the driver finds an argument.
fn pointer(argument: &mut Argument) -> *mut c_void {
    match argument {
        Argument::U8(value) => (&raw mut *value).cast(),
        Argument::U16(value) => (&raw mut *value).cast(),
        Argument::U32(value) => (&raw mut *value).cast(),
        Argument::U64(value) => (&raw mut *value).cast(),
        Argument::F32(value) => (&raw mut *value).cast(),
        Argument::F64(value) => (&raw mut *value).cast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_the_attributes_that_they_name() {
        assert!(launch_attributes(LaunchOptions::default().cluster(1)).is_empty());
        let all = launch_attributes(LaunchOptions::default().cluster(4).overlapping().cooperative());
        let names: Vec<AttributeName> = all.iter().map(|attribute| attribute.id).collect();
        assert_eq!(
            names,
            [
                AttributeName::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                AttributeName::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                AttributeName::CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
            ]
        );
        // SAFETY: these are the fields that were written.
        let (cluster, flags) = unsafe {
            let [first, second, third] = &all[..] else { panic!("three attributes") };
            let flags = [second.value.programmaticStreamSerializationAllowed, third.value.cooperative];
            (first.value.clusterDim, flags)
        };
        assert_eq!((cluster.x, cluster.y, cluster.z, flags), (4, 1, 1, [1, 1]));
    }
}
