//! Exact counters of a finished launch.
//!
//! A warp-level request counts the distinct bytes that its lanes touch: 32 lanes that read the same
//! four bytes count four. Memory of the launching GPU is HBM; memory of another GPU is reached over
//! NVLink. Atomics count as read and written.

use std::collections::BTreeMap;

use crate::activity::Activity;

/// What one launch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The entry's name.
    pub kernel: String,
    /// The GPU that ran it.
    pub gpu: usize,
    /// Instructions issued, each counted once for all lanes that executed it together.
    pub warp_instructions: u64,
    /// Bytes moved.
    pub traffic: Traffic,
    /// How the instructions were executed.
    pub activity: Activity,
}

/// Bytes moved by one launch through global memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes read from the memory of the launching GPU.
    pub hbm_read: u64,
    /// Bytes written to the memory of the launching GPU.
    pub hbm_written: u64,
    /// Bytes moved between GPUs, by (issuing GPU, GPU that owns the memory).
    pub nvlink: BTreeMap<(usize, usize), Link>,
}

/// Bytes moved over one directed pair of GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Bytes read from the owner by the issuing GPU.
    pub read: u64,
    /// Bytes written to the owner by the issuing GPU.
    pub written: u64,
}
