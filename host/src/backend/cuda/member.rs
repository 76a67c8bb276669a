//! One rank: a stream on a GPU, the memory that it owns or reaches, its kernels, and the times of its launches.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUevent_flags};
use cudarc::driver::{CudaContext, CudaEvent, CudaStream, DriverError, result};

use super::driver::Call;
use super::memory::{Mapping, Sharable};
use super::{jit, refused};
use crate::backend::{Argument, KernelHandle, Launch, Mark, Ticket};
use crate::report::LaunchReport;
use crate::{Error, Result};

/// A rank of this process.
#[derive(Debug)]
pub(super) struct Member {
    rank: usize,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    multiprocessors: u32,
    sharable: Sharable,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    symmetric: HashMap<u64, Symmetric>,
    /// Symmetric allocations so far.
    allocated: u64,
    modules: HashMap<String, Module>,
    kernels: Vec<Kernel>,
    launches: HashMap<u64, Timed>,
    launched: u64,
    marks: HashMap<u64, CudaEvent>,
    /// Marks so far.
    marked: u64,
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

impl Member {
    /// Opens a GPU that `sharers` ranks use, this one included.
    pub(super) fn open(
        rank: usize,
        device: usize,
        sharers: usize,
        multiprocessors: Option<u32>,
        sharable: Sharable,
    ) -> Result<Member> {
        let failed = |call: Call| move |error| refused(rank, call, error);
        let context = CudaContext::new(device).map_err(failed("opening the GPU"))?;
        // Memory and order are ours: cudarc need not record events around every use.
        // SAFETY: no memory of cudarc's own is used.
        unsafe { context.disable_event_tracking() };
        let count = context
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
            .map_err(failed("counting multiprocessors"))?
            .cast_unsigned();
        let part = (count / sharers as u32).max(1);
        let stream = context.new_stream().map_err(failed("making a stream"))?;
        Ok(Member {
            rank,
            context,
            stream,
            multiprocessors: multiprocessors.map_or(part, |asked| asked.min(part)).max(1),
            sharable,
            state: Mutex::default(),
        })
    }

    pub(super) fn multiprocessors(&self) -> u32 {
        self.multiprocessors
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
        // SAFETY: the stream lives as long as the member.
        unsafe { result::malloc_async(self.stream.cu_stream(), bytes as usize) }
            .map_err(self.failed("reserving memory"))
    }

    pub(super) fn allocate_symmetric(&self, bytes: u64) -> Result<u64> {
        self.enter()?;
        let mapping = Mapping::allocate(self.rank, self.device(), bytes, self.sharable)?;
        let mut state = self.lock();
        let (number, address) = (state.allocated, mapping.address());
        state.allocated += 1;
        state.symmetric.insert(address, Symmetric { number, mapping, peers: Vec::new() });
        Ok(address)
    }

    /// Gives memory back. Peers that map it keep it alive for themselves.
    pub(super) fn release(&self, address: u64) -> Result<()> {
        self.enter()?;
        let symmetric = self.lock().symmetric.remove(&address);
        match symmetric {
            Some(symmetric) => {
                self.wait()?;
                drop(symmetric);
                Ok(())
            }
            // SAFETY: `allocate` gave the address.
            None => unsafe { result::free_async(address, self.stream.cu_stream()) }
                .map_err(self.failed("giving memory back")),
        }
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
    #[cfg(unix)]
    pub(super) fn map_file(&self, file: &std::os::fd::OwnedFd, bytes: u64) -> Result<Arc<Mapping>> {
        self.enter()?;
        Mapping::import(self.rank, self.device(), file, bytes)
    }

    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> Result<()> {
        self.enter()?;
        // SAFETY: the bytes stay where they are until the wait below is over.
        unsafe { result::memcpy_htod_async(address, bytes, self.stream.cu_stream()) }
            .map_err(self.failed("copying to the GPU"))?;
        self.wait()
    }

    pub(super) fn read(&self, address: u64, bytes: &mut [u8]) -> Result<()> {
        self.enter()?;
        // SAFETY: as in `write`.
        unsafe { result::memcpy_dtoh_async(bytes, address, self.stream.cu_stream()) }
            .map_err(self.failed("copying from the GPU"))?;
        self.wait()
    }

    pub(super) fn copy(&self, from: u64, to: u64, bytes: u64) -> Result<()> {
        self.enter()?;
        // SAFETY: both ranges are device memory of the rank; a wrong one is an error of the driver.
        unsafe { result::memcpy_dtod_async(to, from, bytes as usize, self.stream.cu_stream()) }
            .map_err(self.failed("copying on the GPU"))
    }

    pub(super) fn fill(&self, address: u64, value: u8, bytes: u64) -> Result<()> {
        self.enter()?;
        // SAFETY: as in `copy`.
        unsafe { result::memset_d8_async(address, value, bytes as usize, self.stream.cu_stream()) }
            .map_err(self.failed("filling memory"))?;
        self.wait()
    }

    /// Compiles what was not compiled before, and looks the entry up. That also puts it onto the GPU, which must not happen at its first
    /// launch: a peer's kernel that waits for this one would hold it up.
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
        let mut arguments = launch.arguments.clone();
        let mut pointers: Vec<*mut c_void> = arguments.iter_mut().map(pointer).collect();
        let start = self.event()?;
        // SAFETY: the driver copies the arguments before it returns; their types are those that the kernel's own argument struct names.
        unsafe {
            result::launch_kernel(
                kernel.function,
                (launch.blocks, 1, 1),
                (launch.threads, 1, 1),
                0,
                self.stream.cu_stream(),
                &mut pointers,
            )
        }
        .map_err(self.failed("launching a kernel"))?;
        let end = self.event()?;
        let ticket = state.launched;
        state.launched += 1;
        state.launches.insert(ticket, Timed { kernel: kernel.name, start, end });
        Ok(Ticket(ticket))
    }

    /// Waits for this rank's stream only.
    pub(super) fn wait(&self) -> Result<()> {
        self.enter()?;
        self.stream.synchronize().map_err(self.failed("executing the rank's kernels"))
    }

    pub(super) fn take_report(&self, ticket: Ticket) -> Option<LaunchReport> {
        self.enter().ok()?;
        let timed = self.lock().launches.remove(&ticket.0)?;
        let seconds = f64::from(timed.start.elapsed_ms(&timed.end).ok()?) / 1e3;
        Some(LaunchReport { kernel: timed.kernel, counters: None, seconds })
    }

    pub(super) fn record(&self) -> Result<Mark> {
        self.enter()?;
        let event = self.event()?;
        let mut state = self.lock();
        let number = state.marked;
        state.marked += 1;
        state.marks.insert(number, event);
        Ok(Mark(number))
    }

    /// Seconds between two marks; waits for the later one.
    pub(super) fn elapsed(&self, from: Mark, to: Mark) -> Result<f64> {
        self.enter()?;
        if from.0 > to.0 {
            return Err(Error::MomentsReversed { rank: self.rank });
        }
        let state = self.lock();
        let find = |mark: Mark| {
            state.marks.get(&mark.0).ok_or_else(|| self.unknown("the moment was given back".to_owned()))
        };
        let milliseconds = find(from)?.elapsed_ms(find(to)?).map_err(self.failed("asking for a time"))?;
        Ok(f64::from(milliseconds) / 1e3)
    }

    pub(super) fn forget(&self, mark: Mark) {
        self.lock().marks.remove(&mark.0);
    }

    /// An event on the rank's stream that keeps its time.
    fn event(&self) -> Result<CudaEvent> {
        self.stream
            .record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))
            .map_err(self.failed("recording an event"))
    }

    /// Makes the GPU that of the calling thread.
    fn enter(&self) -> Result<()> {
        self.context.bind_to_thread().map_err(self.failed("choosing the GPU"))
    }

    fn failed(&self, call: Call) -> impl Fn(DriverError) -> Error {
        let rank = self.rank;
        move |error| refused(rank, call, error)
    }

    fn unknown(&self, reason: String) -> Error {
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
        for module in self.lock().modules.values() {
            // SAFETY: nothing runs on the stream any more, and the kernels go with the member.
            let _ = unsafe { result::module::unload(module.0) };
        }
    }
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
