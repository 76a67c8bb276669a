//! A decoded kernel: instructions, side tables, and what a warp needs to start.

use std::collections::HashMap;

use crate::op::{BarrierOp, CallOp, CombinedCompare, Conversion, MemoryOp, Op, PackList, Subroutine, WarpOp};
use crate::register::{PredicateSource, Slot};

/// The long register that holds where the frame of the active function begins in local memory.
pub(crate) const FRAME: Slot = 0;

/// Bytes of a block's shared memory that the system keeps for kernels that ask where they are.
pub(crate) const RESERVED_SHARED: u32 = 1024;

/// Bytes of local memory that a thread of a kernel with subroutines has for their frames.
const STACK_BYTES: u32 = 64 << 10;

/// An instruction and its guard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instruction {
    pub(crate) op: Op,
    pub(crate) guard: PredicateSource,
}

/// Where an instruction comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The instruction in canonical form.
    pub(crate) text: String,
    /// Line of the PTX text.
    pub(crate) line: u32,
    /// File (an index into [`Code::files`]) and line of the source.
    pub(crate) source: Option<(u32, u32)>,
}

/// What a word register holds when a warp starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Preset {
    Constant(u64),
    /// Low 32 bits of the address of the module variable with this index.
    Variable(usize, i64),
    /// Offset into shared memory after the kernel's own variables: where dynamic shared memory
    /// starts.
    DynamicShared(i64),
    Thread(usize),
    BlockSize(usize),
    Block(usize),
    Grid(usize),
    Lane,
    Warp,
    Warps,
    Sm,
    Sms,
    GridId,
    LaneMask(LaneMask),
    DynamicSharedBytes,
    /// Half (0 is the low one) of the address of the words that a grid-wide barrier counts in.
    GridWorkspace(u32),
    TotalSharedBytes,
    /// Index of the block's cluster in the grid, and extents of the grid in clusters.
    Cluster(usize),
    Clusters(usize),
    /// Index of the block in its cluster, and extents of that.
    BlockInCluster(usize),
    ClusterSize(usize),
    RankInCluster,
    BlocksOfCluster,
    /// Whether the launch named a cluster.
    ExplicitCluster,
}

/// `%lanemask_*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LaneMask {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A kernel parameter.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) offset: u32,
    pub(crate) bytes: u32,
}

/// What a loop writes and reads, for finding spins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loop {
    /// Word registers written in the body that do not derive from a clock.
    pub(crate) words: Vec<Slot>,
    pub(crate) longs: Vec<Slot>,
    pub(crate) predicates: Vec<Slot>,
    /// Whether the body reads a clock.
    pub(crate) timed: bool,
    /// The back-edges of the body, its own among them: taking another one means that the loop was
    /// left.
    pub(crate) back_edges: Vec<u32>,
}

/// A decoded kernel.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub(crate) name: String,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) files: HashMap<u32, String>,
    pub(crate) memory: Vec<MemoryOp>,
    pub(crate) warp: Vec<WarpOp>,
    pub(crate) barriers: Vec<BarrierOp>,
    /// Whether it has mbarriers or copies.
    pub(crate) asynchronous: bool,
    pub(crate) conversions: Vec<Conversion>,
    pub(crate) compares: Vec<CombinedCompare>,
    pub(crate) packs: Vec<PackList>,
    pub(crate) calls: Vec<CallOp>,
    pub(crate) subroutines: Vec<Subroutine>,
    /// Back-edges by the position of their branch.
    pub(crate) loops: HashMap<u32, Loop>,
    pub(crate) words: usize,
    pub(crate) longs: usize,
    pub(crate) predicates: usize,
    pub(crate) word_presets: Vec<(Slot, Preset)>,
    pub(crate) long_presets: Vec<(Slot, Preset)>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) parameter_bytes: u32,
    /// Bytes of the kernel's own shared variables.
    pub(crate) shared_bytes: u32,
    /// Where in them the [`RESERVED_SHARED`] bytes begin that the system keeps, if the kernel asks
    /// for them.
    pub(crate) reserved_shared: Option<u32>,
    /// Alignment of dynamic shared memory.
    pub(crate) shared_align: u32,
    /// Bytes of the kernel's own local variables in each thread.
    pub(crate) frame_bytes: u32,
    /// Whether the kernel asks for the words of a grid-wide barrier.
    pub(crate) grid_workspace: bool,
    pub(crate) required_block: Option<[u32; 3]>,
    /// `.reqnctapercluster`.
    pub(crate) required_cluster: Option<[u32; 3]>,
    /// `.maxclusterrank`.
    pub(crate) most_blocks_of_cluster: Option<u64>,
    pub(crate) most_threads: Option<u64>,
}

impl Code {
    /// Bytes of local memory of each thread.
    pub(crate) fn local_bytes(&self) -> u32 {
        self.frame_bytes + if self.subroutines.is_empty() { 0 } else { STACK_BYTES }
    }

    /// Source file and line of an instruction.
    pub(crate) fn source(&self, pc: u32) -> Option<(String, u32)> {
        let (file, line) = self.origins[pc as usize].source?;
        Some((self.files.get(&file).cloned().unwrap_or_else(|| format!("file {file}")), line))
    }
}
