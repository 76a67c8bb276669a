//! What runs the kernels of one rank: its GPU, virtual or real. Nothing above knows which.
//!
//! **Order.** Each rank has a stream of its own and may have more. The launches of a stream run in
//! launch order; streams run concurrently, except where one waits for an event of another. `read`,
//! `write`, `copy` and `fill` see the memory as all earlier launches of that rank leave it,
//! whatever the stream, so they may wait for them.
//!
//! **Waits.** Each method is called from the thread of the rank. Those that wait say so; they give
//! up with [`Error::NotArrived`](crate::Error::NotArrived) when another rank makes no progress for
//! long. After a failure that concerns everybody, every method returns that error.
//!
//! **Graphs.** What is launched on a stream between `begin_capture` and `end_capture` does not run
//! but is kept, and runs as often as it is replayed, with what is launched on streams that wait for
//! events of the capture. Only launches and events are captured: everything else that concerns the
//! rank's memory or streams is refused meanwhile.
//!
//! **Addresses** are device addresses as kernels of that rank use them.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;
pub(crate) mod emulated;
mod launches;
mod memory;
mod streams;

use std::fmt;

pub use self::launches::LaunchOptions;
pub(crate) use self::launches::{KernelHandle, Launch, Launches, Ticket};
pub(crate) use self::memory::{Memory, Sharing};
pub(crate) use self::streams::{EventHandle, GraphHandle, StreamHandle, Streams};

/// The GPU of a rank, as other libraries name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// A CUDA device of this process, by its number.
    #[cfg_attr(not(feature = "cuda"), expect(dead_code, reason = "only real GPUs have numbers"))]
    Cuda(i32),
    /// One that no other library knows.
    Virtual,
}

/// The GPU of one rank.
pub(crate) trait Backend: Memory + Launches + Streams + Send + Sync + fmt::Debug {
    /// Number of multiprocessors that the rank may use. At least as many blocks of up to 256
    /// threads are resident at once, however many registers they use.
    fn multiprocessors(&self) -> u32;

    /// Bytes of shared memory that one block may have.
    fn shared_per_block(&self) -> u32;

    /// The GPU, as other libraries name it.
    #[cfg_attr(not(feature = "dlpack"), expect(dead_code, reason = "only other libraries ask"))]
    fn device(&self) -> Device;
}
