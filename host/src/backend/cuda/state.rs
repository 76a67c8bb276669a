//! What a rank holds on its GPU: memory, modules, kernels, launches, streams, events and graphs.

use std::collections::HashMap;
use std::sync::Arc;

use cudarc::driver::sys;
use cudarc::driver::{CudaEvent, CudaStream};

use super::mapping::Mapping;
use crate::backend::{EventHandle, GraphHandle, StreamHandle};

/// Memory, kernels and launches.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) symmetric: HashMap<u64, Symmetric>,
    /// Symmetric allocations and multicast objects so far.
    pub(super) numbers: u64,
    /// Multicast objects by the address where they are mapped.
    pub(super) multicasts: HashMap<u64, Bound>,
    pub(super) modules: HashMap<String, Module>,
    pub(super) kernels: Vec<Kernel>,
    pub(super) launches: HashMap<u64, Timed>,
    pub(super) launched: u64,
}

/// One symmetric allocation, and the same of the peers.
#[derive(Debug)]
pub(super) struct Symmetric {
    pub(super) number: u64,
    pub(super) mapping: Arc<Mapping>,
    pub(super) peers: Vec<Arc<Mapping>>,
}

/// A multicast address of a rank.
#[derive(Debug)]
pub(super) struct Bound {
    /// Where the object is mapped.
    pub(super) _object: Arc<Mapping>,
    /// The rank's own memory that is bound to it.
    pub(super) _memory: Arc<Mapping>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Module(pub(super) sys::CUmodule);

#[derive(Clone, Debug)]
pub(super) struct Kernel {
    pub(super) name: String,
    pub(super) function: sys::CUfunction,
    /// Bytes of dynamic shared memory that its launches may have by now.
    pub(super) dynamic_shared: u32,
}

// SAFETY: the driver's handles may be used from any thread while their context lives, which the
// member keeps.
unsafe impl Send for Module {}
// SAFETY: as above.
unsafe impl Send for Kernel {}

#[derive(Debug)]
pub(super) struct Timed {
    pub(super) kernel: String,
    pub(super) start: CudaEvent,
    pub(super) end: CudaEvent,
}

/// Streams, events and graphs.
#[derive(Debug, Default)]
pub(super) struct StreamTable {
    /// Streams besides the rank's own, from number 1.
    pub(super) more: Vec<Arc<CudaStream>>,
    pub(super) events: HashMap<EventHandle, CudaEvent>,
    pub(super) graphs: HashMap<GraphHandle, Executable>,
    /// Events and graphs so far.
    pub(super) numbers: u64,
    /// The stream that is captured.
    pub(super) capture: Option<StreamHandle>,
    /// Memory that was given back during the capture.
    pub(super) released: Vec<u64>,
}

/// A graph that the driver can launch.
#[derive(Debug)]
pub(super) struct Executable(pub(super) sys::CUgraphExec);

// SAFETY: the driver's handles may be used from any thread while their context lives, which the
// member keeps; a member is used by the thread of its rank.
unsafe impl Send for Executable {}

impl Drop for Executable {
    fn drop(&mut self) {
        // SAFETY: the handle is ours. The driver keeps what still runs.
        let _ = unsafe { sys::cuGraphExecDestroy(self.0) };
    }
}

impl StreamTable {
    pub(super) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
