//! One rank of this process: its GPU, and what it holds there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cudarc::driver::sys::CUdevice_attribute_enum as Attribute;
use cudarc::driver::{CudaContext, CudaStream, DriverError, result};

use super::driver::{Call, refused};
use super::pool::Pool;
use super::process::Process;
use super::sharing::Abilities;
use super::state::{State, StreamTable};
use crate::backend::{Backend, Device};
use crate::{Error, Result};

/// A GPU that was opened for a rank, which has not met the others yet.
#[derive(Debug)]
pub(super) struct Opened {
    rank: usize,
    context: Arc<CudaContext>,
    stream: Arc<CudaStream>,
    pool: Pool,
    multiprocessors: u32,
    shared_per_block: u32,
}

impl Opened {
    pub(super) fn new(rank: usize, device: usize) -> Result<Opened> {
        let failed = |call: Call| move |error| refused(rank, call, error);
        let context = CudaContext::new(device).map_err(failed("opening the GPU"))?;
        // Memory and order are ours: cudarc need not record events around every use.
        // SAFETY: no memory of cudarc's own is used.
        unsafe { context.disable_event_tracking() };
        let multiprocessors = context
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)
            .map_err(failed("counting multiprocessors"))?
            .cast_unsigned();
        let shared_per_block = context
            .attribute(Attribute::CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
            .map_err(failed("asking for the shared memory of a block"))?
            .cast_unsigned();
        let stream = context.new_stream().map_err(failed("making a stream"))?;
        let pool = Pool::new(context.cu_device()).map_err(failed("making a pool of memory"))?;
        Ok(Opened { rank, context, stream, pool, multiprocessors, shared_per_block })
    }

    /// What the GPU can do.
    pub(super) fn abilities(&self) -> Result<Abilities> {
        let failed = |call: Call| move |error| refused(self.rank, call, error);
        self.context.bind_to_thread().map_err(failed("choosing the GPU"))?;
        Abilities::of(&self.context).map_err(failed("asking what the GPU can do"))
    }
}

/// A rank of this process that has met the others.
#[derive(Debug)]
pub(super) struct Member {
    rank: usize,
    pub(super) process: Arc<Process>,
    pub(super) pool: Pool,
    pub(super) context: Arc<CudaContext>,
    /// The rank's own stream.
    pub(super) stream: Arc<CudaStream>,
    multiprocessors: u32,
    shared_per_block: u32,
    /// Ranks whose memory can be bound to a multicast object, if it can.
    pub(super) multicast_ranks: Option<u32>,
    state: Mutex<State>,
    streams: Mutex<StreamTable>,
}

impl Member {
    /// The rank among others with these abilities. It has its part of the multiprocessors of a GPU
    /// that it shares, or fewer if `most` says so.
    pub(super) fn new(
        opened: Opened,
        ranks: &[Abilities],
        most: Option<u32>,
        process: Arc<Process>,
    ) -> Member {
        let Opened { rank, context, stream, pool, multiprocessors, shared_per_block } = opened;
        let on_gpu = ranks.iter().filter(|other| other.gpu == ranks[rank].gpu).count();
        let part = multiprocessors / (on_gpu as u32).max(1);
        Member {
            rank,
            multicast_ranks: process.why_no_multicast.is_none().then_some(ranks.len() as u32),
            process,
            pool,
            context,
            stream,
            multiprocessors: most.map_or(part, |most| most.min(part)).max(1),
            shared_per_block,
            state: Mutex::default(),
            streams: Mutex::default(),
        }
    }

    pub(super) fn rank(&self) -> usize {
        self.rank
    }

    /// The driver's handle of the GPU.
    pub(super) fn device_handle(&self) -> i32 {
        self.context.cu_device()
    }

    /// Makes the GPU that of the calling thread.
    pub(super) fn enter(&self) -> Result<()> {
        self.context.bind_to_thread().map_err(self.failed("choosing the GPU"))
    }

    /// Waits for this rank's streams only.
    pub(super) fn settle(&self) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("waiting for the GPU")?;
        tracing::trace!(rank = self.rank, "waits for its streams");
        self.settle_other_streams()?;
        self.stream.synchronize().map_err(self.failed("executing the rank's kernels"))
    }

    /// Waits for the streams besides the rank's own.
    pub(super) fn settle_other_streams(&self) -> Result<()> {
        let more = self.streams().more.clone();
        more.iter().try_for_each(|stream| {
            stream.synchronize().map_err(self.failed("executing the kernels of a further stream"))
        })
    }

    pub(super) fn is_capturing(&self) -> bool {
        self.streams().capture.is_some()
    }

    pub(super) fn refuse_in_capture(&self, what: &'static str) -> Result<()> {
        if self.is_capturing() { Err(Error::Capturing { rank: self.rank, what }) } else { Ok(()) }
    }

    pub(super) fn failed(&self, call: Call) -> impl Fn(DriverError) -> Error {
        let rank = self.rank;
        move |error| refused(rank, call, error)
    }

    pub(super) fn unknown(&self, reason: String) -> Error {
        Error::Driver { rank: self.rank, call: "finding what was named", reason }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn streams(&self) -> MutexGuard<'_, StreamTable> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Member {
    fn multiprocessors(&self) -> u32 {
        self.multiprocessors
    }

    fn shared_per_block(&self) -> u32 {
        self.shared_per_block
    }

    fn device(&self) -> Device {
        Device::Cuda(self.context.ordinal() as i32)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if self.settle().is_err() {
            return; // the context is broken, and the driver takes everything back with it
        }
        self.streams().graphs.clear();
        for module in self.state().modules.values() {
            // SAFETY: nothing runs on the stream any more, and the kernels go with the member.
            let _ = unsafe { result::module::unload(module.0) };
        }
    }
}
