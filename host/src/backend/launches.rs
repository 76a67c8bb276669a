//! Kernels of one rank, and their launches.

use crossdock_device::launch::{Argument, Dim3};

use super::StreamHandle;
use crate::Result;
use crate::report::LaunchReport;

/// A kernel that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KernelHandle(pub(crate) usize);

/// A launch whose report can be asked for after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

/// What a launch asks for besides its blocks; nothing by default. It belongs to the launch and not
/// to the kernel: the same kernel runs with and without, and what it cannot do without is in its
/// PTX (`.reqnctapercluster`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LaunchOptions {
    /// Bytes of a block.
    pub(crate) dynamic_shared: u32,
    /// Threads of a block, if they were stated.
    pub(crate) block: Option<Dim3>,
    /// Blocks of a cluster, if they were stated.
    pub(crate) cluster: Option<Dim3>,
    pub(crate) overlaps: bool,
    pub(crate) cooperative: bool,
}

impl LaunchOptions {
    /// So many bytes of dynamic shared memory for each block, which the kernel finds by
    /// `dynamic_shared`: a multiple of its elements' size. With what is static a block may have as
    /// much as the GPU has for one, which is 227 KiB on Hopper GPUs and on virtual ones.
    #[must_use]
    pub const fn dynamic_shared(self, bytes: u32) -> LaunchOptions {
        LaunchOptions { dynamic_shared: bytes, ..self }
    }

    /// Blocks of so many threads: `256`, `(32, 8)` or `(8, 8, 4)`. A kernel with `max_threads` may
    /// have any whole warps up to these, and has these without this option. Any other kernel states
    /// its blocks itself, and a launch with others is refused.
    #[must_use]
    pub fn block(self, threads: impl Into<Dim3>) -> LaunchOptions {
        LaunchOptions { block: Some(threads.into()), ..self }
    }

    /// Clusters of so many blocks, 1 to 8 in all: `4`, `(2, 2)` or `(2, 2, 2)`. The blocks of one
    /// are on the GPU together and reach each other's shared memory. From compute capability 9.0
    /// on.
    #[must_use]
    pub fn cluster(self, blocks: impl Into<Dim3>) -> LaunchOptions {
        LaunchOptions { cluster: Some(blocks.into()), ..self }
    }

    /// Blocks of a cluster, where there are several.
    pub(crate) fn clusters(self) -> Option<Dim3> {
        self.cluster.filter(|cluster| cluster.count() > 1)
    }

    /// *Programmatic dependent launch*: the kernel may start before the one in front of it on the
    /// stream has ended, and itself waits for that one (`griddepcontrol.wait`) before it touches
    /// what that one writes. From compute capability 9.0 on. Virtual GPUs make no use of the
    /// permission.
    #[must_use]
    pub const fn overlapping(self) -> LaunchOptions {
        LaunchOptions { overlaps: true, ..self }
    }

    /// A *cooperative launch*: all blocks are on the GPU at once, or the launch is refused, so that
    /// they may wait for each other. Virtual GPUs report blocks that wait for one that has no room
    /// as a deadlock.
    #[must_use]
    pub const fn cooperative(self) -> LaunchOptions {
        LaunchOptions { cooperative: true, ..self }
    }
}

/// One kernel launch of a rank.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// Where it takes its turn.
    pub(crate) stream: StreamHandle,
    /// Whether its report will be asked for.
    pub(crate) reported: bool,
    /// The kernel, loaded for the same rank.
    pub(crate) kernel: KernelHandle,
    /// How it is made besides.
    pub(crate) options: LaunchOptions,
    /// Blocks in the grid.
    pub(crate) grid: Dim3,
    /// Threads in a block.
    pub(crate) block: Dim3,
    /// One value per parameter, in order.
    pub(crate) arguments: Vec<Argument>,
}

/// The kernels of one rank, and their launches.
pub(crate) trait Launches {
    /// Makes the entry `name` of a PTX module launchable.
    fn load(&self, ptx: &str, name: &str) -> Result<KernelHandle>;

    /// Puts a launch on its stream and returns at once.
    fn launch(&self, launch: Launch) -> Result<Ticket>;

    /// Waits until every launch of the rank is finished.
    fn wait(&self) -> Result<()>;

    /// The report of a finished launch, once.
    fn take_report(&self, ticket: Ticket) -> Option<LaunchReport>;

    /// Drops the report of a launch: it will not be read.
    fn forget(&self, ticket: Ticket);
}
