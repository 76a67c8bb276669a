//! Everything that can go wrong, in words for the person whose kernel it is.

use std::fmt;

/// Why a call of [`Machine`](crate::Machine) failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot make a machine.
    #[error("configuration: {0}")]
    Config(String),
    /// The text is not PTX that the parser knows.
    #[error("{0}")]
    Syntax(String),
    /// The module is valid PTX that cannot be loaded.
    #[error("function `{function}`, PTX line {line}: `{instruction}`: {reason}")]
    Unsupported {
        /// The kernel or device function.
        function: String,
        /// Line of the PTX text, from 1.
        line: u32,
        /// The instruction as written.
        instruction: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A module-level declaration cannot be loaded.
    #[error("module: {0}")]
    Module(String),
    /// The module has no such entry.
    #[error("no kernel named `{name}` in this module; it has {}", list(.entries))]
    UnknownKernel {
        /// The name asked for.
        name: String,
        /// The entries that exist.
        entries: Vec<String>,
    },
    /// A handle does not belong to this machine.
    #[error("{0}")]
    Handle(String),
    /// The launch does not fit the kernel.
    #[error("launch of `{kernel}`: {reason}")]
    Launch {
        /// The kernel.
        kernel: String,
        /// What does not fit, and what would.
        reason: String,
    },
    /// Memory cannot be allocated or freed.
    #[error("{0}")]
    Allocation(String),
    /// A copy between host and device leaves its allocation.
    #[error("host {access} of {bytes} bytes at {place}")]
    HostAccess {
        /// `read`, `write` or `fill`.
        access: &'static str,
        /// Length in bytes.
        bytes: u64,
        /// The address in terms of the nearest allocation.
        place: String,
    },
    /// A kernel did something that is an error on hardware or undefined in the PTX ISA.
    #[error("{0}")]
    Fault(Box<Fault>),
    /// A copy between host and device races with a kernel, or with a copy of another host.
    #[error("{race}\n  at a copy by the host of GPU {gpu}\n  schedule: {schedule}")]
    HostRace {
        /// The GPU whose host copies.
        gpu: usize,
        /// What it races with.
        race: Box<Race>,
        /// The policy and seed in which it shows.
        schedule: String,
    },
    /// Every warp waits and nothing can wake one.
    #[error("{0}")]
    Deadlock(Deadlock),
    /// Warps execute and nothing comes of it.
    #[error("{0}")]
    Livelock(Livelock),
    /// A recorded schedule does not fit the program.
    #[error("{0}")]
    Replay(String),
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".into();
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Where in a kernel something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The kernel.
    pub kernel: String,
    /// The instruction in canonical form.
    pub instruction: String,
    /// Line of the PTX text, from 1.
    pub line: u32,
    /// Source file and line, when the PTX has `.loc` lines.
    pub source: Option<(String, u32)>,
    /// The GPU.
    pub gpu: usize,
    /// Block index in the grid.
    pub block: [u32; 3],
    /// Warp index in the block.
    pub warp: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "kernel `{}`", self.kernel)?;
        if let Some((file, line)) = &self.source {
            write!(f, ", {file}:{line}")?;
        }
        let [x, y, z] = self.block;
        write!(f, ", PTX line {}: `{}`, GPU {}, ", self.line, self.instruction, self.gpu)?;
        write!(f, "block ({x}, {y}, {z}), warp {}", self.warp)
    }
}

/// What a kernel did wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}\n  at {position}{}\n  schedule: {schedule}", lane.map(|lane| format!(", lane {lane}")).unwrap_or_default())]
pub struct Fault {
    /// What.
    pub kind: FaultKind,
    /// Where.
    pub position: Position,
    /// The first lane concerned, if it is about a lane.
    pub lane: Option<u32>,
    /// The policy and seed in which it shows.
    pub schedule: String,
}

/// The kinds of [`Fault`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// An access outside every allocation.
    #[error("out of bounds: {access} of {bytes} bytes at {place}")]
    OutOfBounds {
        /// `read`, `write` or `atomic`.
        access: &'static str,
        /// Bytes of the lane's access.
        bytes: u32,
        /// The address in terms of the nearest allocation.
        place: String,
    },
    /// An address that is not a multiple of the access size.
    #[error("misaligned: {access} of {bytes} bytes at {place}; the address must be a multiple of {bytes}")]
    Misaligned {
        /// `read`, `write` or `atomic`.
        access: &'static str,
        /// Bytes of the lane's access.
        bytes: u32,
        /// The address in terms of its allocation.
        place: String,
    },
    /// A read of bytes that nobody wrote.
    #[error(
        "uninitialised: read of {bytes} bytes at {place} that were never written; write them before, or wait for the copy that does"
    )]
    Uninitialised {
        /// Bytes of the lane's access.
        bytes: u32,
        /// The address in terms of its allocation.
        place: String,
    },
    /// An access to freed memory.
    #[error("use after free: {access} of {bytes} bytes at {place}; free memory after its last use")]
    UseAfterFree {
        /// `read`, `write` or `atomic`.
        access: &'static str,
        /// Bytes of the lane's access.
        bytes: u32,
        /// The address in terms of the freed allocation.
        place: String,
    },
    /// `multimem` at an address that no multicast object has.
    #[error(
        "not multicast memory: `multimem` at {place}; it takes an address that `Machine::multicast` returned"
    )]
    NotMulticast {
        /// The address in terms of the nearest allocation.
        place: String,
    },
    /// A write to constant or parameter memory.
    #[error(
        "write to read-only memory: {access} of {bytes} bytes at {place}; write to `.global` or `.shared` memory"
    )]
    ReadOnly {
        /// `write` or `atomic`.
        access: &'static str,
        /// Bytes of the lane's access.
        bytes: u32,
        /// The address in terms of its allocation.
        place: String,
    },
    /// An integer division or remainder by zero.
    #[error("integer division by zero; test the divisor before")]
    DivisionByZero,
    /// An `assert` of the kernel does not hold.
    #[error("assertion failed: {0}")]
    Assertion(String),
    /// A call cannot be made.
    #[error("{0}")]
    Call(String),
    /// `trap` or `brkpt` was executed, or a branch that has no target.
    #[error("the kernel executed {0}")]
    Trap(&'static str),
    /// A barrier was used in a way the PTX ISA leaves undefined.
    #[error("barrier misuse: {0}")]
    Barrier(String),
    /// An mbarrier was used in a way the PTX ISA leaves undefined.
    #[error("mbarrier misuse: {0}")]
    Mbarrier(String),
    /// An asynchronous copy was used in a way the PTX ISA leaves undefined.
    #[error("asynchronous copy misuse: {0}")]
    Asynchronous(String),
    /// Two accesses that nothing orders, at least one of which writes.
    #[error("{0}")]
    DataRace(Box<Race>),
    /// A warp-synchronous instruction was used in a way the PTX ISA leaves undefined.
    #[error("warp synchronisation misuse: {0}")]
    WarpSync(String),
}

/// A data race (PTX ISA section 8.7.1): the fault's position is that of the later access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// The address in terms of its allocation.
    pub place: String,
    /// Who made the earlier access.
    pub earlier: Accessor,
    /// The earlier access in words.
    pub earlier_access: String,
    /// The later access in words.
    pub later_access: String,
    /// The nearest change that would order the two.
    pub remedy: String,
}

/// Who accessed memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accessor {
    /// A lane of a kernel, or the first of several.
    Lane {
        /// The instruction.
        position: Position,
        /// The lane.
        lane: u32,
    },
    /// A copy by the host of a GPU (see [`Hosts`](crate::Hosts)).
    Host {
        /// The GPU.
        gpu: usize,
    },
}

impl fmt::Display for Accessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Accessor::Lane { position, lane } => write!(f, "{position}, lane {lane}"),
            Accessor::Host { gpu } => write!(f, "the host of GPU {gpu}"),
        }
    }
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Race { place, earlier, earlier_access, later_access, remedy } = self;
        write!(f, "data race: {later_access} at {place} is not ordered after a {earlier_access}")?;
        write!(f, "\n  by {earlier}\n  {remedy}")
    }
}

/// Every warp waits: who, where and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// The waiting warps, a group of lanes each.
    pub waiters: Vec<Waiter>,
    /// Blocks that have not started because no streaming multiprocessor has room: (kernel, GPU,
    /// blocks).
    pub unstarted: Vec<(String, usize, u64)>,
    /// The policy and seed in which it shows.
    pub schedule: String,
}

/// Warps execute without end: who and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Livelock {
    /// Warp instructions since a warp exited, a barrier completed or a copy finished.
    pub instructions: u64,
    /// Where, and which lanes.
    pub groups: Vec<(Position, u32)>,
    /// The policy and seed in which it shows.
    pub schedule: String,
}

impl fmt::Display for Livelock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "livelock: {} warp instructions since a warp exited, a barrier completed or a copy finished \
             (`Config::livelock_after` permits more)",
            self.instructions
        )?;
        let groups =
            self.groups.iter().map(|(position, lanes)| format!("{position}, lanes {lanes:#010x}: executes"));
        write_groups(f, groups)?;
        write!(f, "\n  schedule: {}", self.schedule)
    }
}

/// Groups of lanes, a line each; not all of very many.
fn write_groups(f: &mut fmt::Formatter<'_>, groups: impl ExactSizeIterator<Item = String>) -> fmt::Result {
    const SHOWN: usize = 16;
    let count = groups.len();
    for group in groups.take(SHOWN) {
        write!(f, "\n  {group}")?;
    }
    if count > SHOWN {
        write!(f, "\n  and {} more", count - SHOWN)?;
    }
    Ok(())
}

/// A group of lanes that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// Where it waits.
    pub position: Position,
    /// Its lanes.
    pub lanes: u32,
    /// What it waits for.
    pub reason: String,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadlock: {} warp groups wait and nothing can wake one", self.waiters.len())?;
        let waiters = self.waiters.iter();
        write_groups(
            f,
            waiters.map(|Waiter { position, lanes, reason }| {
                format!("{position}, lanes {lanes:#010x}: waits for {reason}")
            }),
        )?;
        for (kernel, gpu, blocks) in &self.unstarted {
            write!(
                f,
                "\n  {blocks} blocks of `{kernel}` on GPU {gpu} have not started: no SM has room for them"
            )?;
        }
        write!(f, "\n  schedule: {}", self.schedule)
    }
}
