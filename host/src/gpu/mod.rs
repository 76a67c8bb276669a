//! The GPU of one rank: its memory, streams and kernels.

pub(crate) mod allocation;
pub(crate) mod buffer;
pub(crate) mod capture;
#[cfg(feature = "dlpack")]
pub mod dlpack;
pub(crate) mod graph;
pub(crate) mod kernel;
mod limits;
pub(crate) mod rank;
pub(crate) mod slice;
pub(crate) mod stream;
pub(crate) mod symmetric;
