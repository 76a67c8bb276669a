//! What a backend does: memory, launches, waiting, and the small exchange between ranks that sets everything up.
//!
//! Nothing above this trait knows whether virtual or real GPUs run the kernels.
//!
//! **Order.** Each rank has a stream of its own and may have more. The launches of a stream run in launch order; streams run
//! concurrently, except where one waits for an event of another. `read`, `write`, `copy` and `fill` see the memory as all
//! earlier launches of that rank leave it, whatever the stream, so they may wait for them.
//! **Graphs.** What is launched on a stream between `begin_capture` and `end_capture` does not run but is kept, and runs as often as it is
//! replayed. Only launches are captured: everything else that concerns the rank's memory or streams is refused meanwhile.
//! **Addresses** are device addresses as kernels of that rank use them.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
mod emulated;

use std::ffi::c_void;
use std::fmt;

pub(crate) use emulated::{Emulated, Settings};

use crate::exchange::RankExit;
use crate::report::{Elapsed, LaunchReport};
use crate::{Result, Trace};

/// A kernel that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KernelHandle(pub(crate) usize);

/// A launch whose report can be asked for after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(pub(crate) u64);

/// The GPU of a rank, as other libraries name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A CUDA device of this process, by its number.
    Cuda(i32),
    /// One that no other library knows.
    Virtual,
}

/// A stream of a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamHandle(pub(crate) u32);

impl StreamHandle {
    /// The rank's own.
    pub(crate) const OWN: StreamHandle = StreamHandle(0);
}

/// A moment of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EventHandle(pub(crate) u64);

/// Launches that were captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GraphHandle(pub(crate) u64);

pub use crossdock_device::launch::Argument;

/// What a launch asks for besides its blocks; nothing by default. It belongs to the launch and not to the kernel: the same kernel runs with
/// and without, and what it cannot do without is in its PTX (`.reqnctapercluster`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LaunchOptions {
    /// Blocks of a cluster; 0 and 1 for none.
    pub(crate) cluster: u32,
    pub(crate) overlaps: bool,
    pub(crate) cooperative: bool,
}

impl LaunchOptions {
    /// Clusters of so many blocks, 1 to 8: the blocks of one are on the GPU together and reach each other's shared memory. From
    /// compute capability 9.0 on.
    #[must_use]
    pub const fn cluster(self, blocks: u32) -> LaunchOptions {
        LaunchOptions { cluster: blocks, ..self }
    }

    /// *Programmatic dependent launch*: the kernel may start before the one in front of it on the stream has ended, and itself waits for
    /// that one (`griddepcontrol.wait`) before it touches what that one writes. From compute capability 9.0 on. Virtual GPUs make no
    /// use of the permission.
    #[must_use]
    pub const fn overlapping(self) -> LaunchOptions {
        LaunchOptions { overlaps: true, ..self }
    }

    /// A *cooperative launch*: all blocks are on the GPU at once, or the launch is refused, so that they may wait for each other. Virtual
    /// GPUs report blocks that wait for one that has no room as a deadlock.
    #[must_use]
    pub const fn cooperative(self) -> LaunchOptions {
        LaunchOptions { cooperative: true, ..self }
    }
}

/// One kernel launch of a rank.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where it takes its turn.
    pub stream: StreamHandle,
    /// Whether its report will be asked for.
    pub reported: bool,
    /// The kernel, loaded for the same rank.
    pub kernel: KernelHandle,
    /// How it is made besides.
    pub options: LaunchOptions,
    /// Blocks in the grid.
    pub blocks: u32,
    /// Threads in a block.
    pub threads: u32,
    /// One value per parameter, in order.
    pub arguments: Vec<Argument>,
}

/// Whether peers reach an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Only the rank that allocates it.
    Local,
    /// Every rank allocates one in the same order, and all may reach all of them. It is freed when every rank has
    /// released its own, so a peer that is late never writes to freed memory.
    Symmetric,
}

/// Executes kernels for a group of ranks.
///
/// Each method is called from the thread of the rank that it names. Those that wait say so; they give up with
/// [`Error::NotArrived`](crate::Error::NotArrived) when another rank makes no progress for long. After a failure that
/// concerns everybody, every method returns that error.
pub trait Backend: Send + Sync + fmt::Debug {
    /// Blocks of up to 256 threads that a GPU can hold at once at least, however many registers they use: its number of
    /// multiprocessors.
    fn multiprocessors(&self) -> u32;

    /// The GPU of a rank.
    fn device(&self, rank: usize) -> Device;

    /// Reserves `bytes` of device memory, aligned to 256 bytes, with undefined contents.
    fn allocate(&self, rank: usize, bytes: u64, sharing: Sharing) -> Result<u64>;

    /// Gives memory back once earlier launches of the rank are done with it (see [`Sharing`]). On any thread.
    fn release(&self, rank: usize, address: u64);

    /// What a peer needs to reach the symmetric allocation of `rank` at `address`, to be handed to its [`import`](Self::import).
    fn export(&self, rank: usize, address: u64) -> Result<Vec<u8>>;

    /// Where `rank` finds the symmetric allocation that `peer` exported.
    fn import(&self, rank: usize, peer: usize, exported: &[u8]) -> Result<u64>;

    /// Why there are no multicast addresses; `None` if there are.
    fn why_no_multicast(&self) -> Option<&'static str>;

    /// Binds the symmetric allocations at the addresses that the ranks give, all of one size, to a multicast object, and returns where the
    /// kernels of `rank` reach all of them at once (`multimem`). It is given back as memory is. All ranks must call it, in the same order.
    fn multicast(&self, rank: usize, address: u64) -> Result<u64>;

    /// Copies from the host.
    fn write(&self, rank: usize, address: u64, bytes: &[u8]) -> Result<()>;

    /// Copies to the host.
    fn read(&self, rank: usize, address: u64, bytes: &mut [u8]) -> Result<()>;

    /// Copies inside the memory of the rank; the ranges do not overlap.
    fn copy(&self, rank: usize, from: u64, to: u64, bytes: u64) -> Result<()>;

    /// Sets every byte.
    fn fill(&self, rank: usize, address: u64, value: u8, bytes: u64) -> Result<()>;

    /// Makes the entry `name` of a PTX module launchable.
    fn load(&self, rank: usize, ptx: &str, name: &str) -> Result<KernelHandle>;

    /// Puts a launch on its stream and returns at once.
    fn launch(&self, rank: usize, launch: Launch) -> Result<Ticket>;

    /// One more stream for the rank, until its program ends.
    fn stream(&self, rank: usize) -> Result<StreamHandle>;

    /// A stream that belongs to the caller, as one of the rank's.
    ///
    /// # Safety
    /// It is a `CUstream` of the rank's GPU, in its primary context, which outlives the rank's program.
    unsafe fn adopt_stream(&self, rank: usize, stream: *mut c_void) -> Result<StreamHandle>;

    /// Marks the moment in which everything that was put on the stream so far is finished.
    fn record(&self, rank: usize, stream: StreamHandle) -> Result<EventHandle>;

    /// What is put on the stream from now on runs after that moment. The host does not wait.
    fn wait_for(&self, rank: usize, stream: StreamHandle, event: EventHandle) -> Result<()>;

    /// How far two events of one stream are apart. Waits until the later one has come.
    fn elapsed(&self, rank: usize, from: EventHandle, to: EventHandle) -> Result<Elapsed>;

    /// Nobody will wait for the event any more.
    fn forget_event(&self, rank: usize, event: EventHandle);

    /// From now on, what the rank puts on the stream is captured instead of run.
    fn begin_capture(&self, rank: usize, stream: StreamHandle) -> Result<()>;

    /// Ends the capture and gives what was captured.
    fn end_capture(&self, rank: usize) -> Result<GraphHandle>;

    /// Puts everything that was captured on a stream, in order.
    fn replay(&self, rank: usize, stream: StreamHandle, graph: GraphHandle) -> Result<()>;

    /// Nobody will replay the graph any more.
    fn forget_graph(&self, rank: usize, graph: GraphHandle);

    /// Waits until every launch of the rank is finished.
    fn wait(&self, rank: usize) -> Result<()>;

    /// The report of a finished launch, once.
    fn take_report(&self, rank: usize, ticket: Ticket) -> Option<LaunchReport>;

    /// Nobody will ask for the report.
    fn forget(&self, rank: usize, ticket: Ticket);

    /// Hands `bytes` to every rank and waits for theirs: the result holds one entry per rank, in rank order. All ranks
    /// must call it for the same `purpose`, in the same order.
    fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>>;

    /// The rank takes no further part. Ranks that wait for it get an error that names it.
    fn leave(&self, rank: usize, departure: RankExit);

    /// What ran when since the last call; `None` where nothing is recorded.
    fn take_trace(&self) -> Option<Trace>;

    /// Whether the rank was told that a peer failed, so that its own failure may be only a consequence.
    fn was_told_of_failure(&self, rank: usize) -> bool;
}
