//! Kernels of one rank, and their launches.

use crossdock_device::launch::Argument;

use super::StreamHandle;
use crate::Result;
use crate::report::LaunchReport;

/// A kernel that was loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KernelHandle(pub(crate) usize);

/// A launch whose report can be asked for after a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket(pub(crate) u64);

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
    pub(crate) blocks: u32,
    /// Threads in a block.
    pub(crate) threads: u32,
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
