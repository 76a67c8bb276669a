//! One rank, as the program that runs on it sees it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_device::{Gate, KernelSet, RouterKernel, Shape, Target};

use crate::backend::{Backend, StreamHandle};
use crate::exchange::Exchange;
use crate::planning::Rates;
use crate::{Result, Topology};

/// A rank of a [`Cluster`](crate::Cluster): one GPU, driven by one thread.
///
/// Methods marked *collective* wait for all ranks; every rank must call them in the same order.
#[derive(Clone)]
pub struct Rank {
    backend: Arc<dyn Backend>,
    exchange: Arc<dyn Exchange>,
    topology: Topology,
    index: usize,
    /// Where it launches.
    stream: StreamHandle,
    target: Target,
    rates: Rates,
    deadline: Duration,
    /// A rank blocks as one: it stays on its thread.
    thread: PhantomData<*const ()>,
}

impl Rank {
    pub(crate) fn new(
        backend: Arc<dyn Backend>,
        exchange: Arc<dyn Exchange>,
        topology: Topology,
        index: usize,
        target: Target,
        rates: Rates,
        deadline: Duration,
    ) -> Rank {
        let stream = StreamHandle::OWN;
        Rank { backend, exchange, topology, index, stream, target, rates, deadline, thread: PhantomData }
    }

    /// Its number, from 0 to [`Topology::ranks`] exclusive.
    pub fn index(&self) -> usize {
        self.index
    }

    /// All ranks.
    pub fn topology(&self) -> Topology {
        self.topology
    }

    /// What its kernels are made for: the newest target that its GPU runs, or what
    /// [`Cluster::for_target`](crate::Cluster::for_target) says.
    pub fn target(&self) -> Target {
        self.target
    }

    /// The kernels of a shape for this rank's GPU, made at run time. SavedRound: the second call
    /// with a shape is a look-up.
    ///
    /// Ranks with different GPUs have different kernels that work together: a target decides how
    /// bytes move, not where to.
    ///
    /// # Errors
    /// When the shape violates a relation that a kernel states.
    pub fn kernels(&self, shape: Shape) -> Result<Arc<KernelSet>> {
        Ok(KernelSet::jit_for(shape, self.target.into())?)
    }

    /// The kernel of a gate for this rank's GPU, made at run time and kept.
    ///
    /// # Errors
    /// When the gate violates a relation that the kernel states.
    pub fn router_kernel(&self, gate: Gate) -> Result<Arc<RouterKernel>> {
        Ok(RouterKernel::jit_for(gate, self.target.into())?)
    }

    /// How long a kernel waits for a peer, in the clock of the device.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// How many multiprocessors of its GPU kernels of this rank may take.
    pub fn multiprocessors(&self) -> u32 {
        self.backend.multiprocessors()
    }

    /// How fast its GPU and links are.
    pub(crate) fn rates(&self) -> Rates {
        self.rates
    }

    /// Waits until all launches of this rank are finished, on all of its streams.
    ///
    /// # Errors
    /// When a kernel faults or a peer fails.
    pub fn synchronise(&self) -> Result<()> {
        let since = Instant::now();
        tracing::debug!(rank = self.index, "waits for its launches");
        let outcome = self.backend.wait();
        tracing::debug!(rank = self.index, waited = ?since.elapsed(), failed = outcome.is_err(), "waited for its launches");
        outcome
    }

    /// Waits until every rank is here. Collective.
    ///
    /// # Errors
    /// When a peer fails or ends without coming.
    pub fn barrier(&self) -> Result<()> {
        self.gather("a barrier", Vec::new()).map(|_| ())
    }

    /// Hands `bytes` to every rank and waits for theirs, in rank order. Collective, for the same
    /// `purpose` on all ranks.
    pub(crate) fn gather(&self, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        self.exchange.gather(self.index, purpose, bytes)
    }

    /// Where it launches.
    pub(crate) fn stream(&self) -> StreamHandle {
        self.stream
    }

    /// The same with its launches on another stream.
    pub(crate) fn with_stream(self, stream: StreamHandle) -> Rank {
        Rank { stream, ..self }
    }

    /// Whether this is the same rank of the same cluster, on whatever stream.
    pub(crate) fn is(&self, other: &Rank) -> bool {
        self.index == other.index && Arc::ptr_eq(&self.exchange, &other.exchange)
    }

    pub(crate) fn shared_backend(&self) -> Arc<dyn Backend> {
        Arc::clone(&self.backend)
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }
}

impl fmt::Debug for Rank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rank")
            .field("index", &self.index)
            .field("topology", &self.topology)
            .finish_non_exhaustive()
    }
}
