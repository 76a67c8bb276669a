//! One rank, as the program that runs on it sees it.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::marker::PhantomData;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossdock_device::{Gate, KernelSet, RouterKernel, Shape, Target};

use crate::backend::{Backend, StreamHandle};
use crate::exchange::{Exchange, RESET};
use crate::gpu::allocation::{Allocation, Allocations};
use crate::gpu::capture::Capture;
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
    own: Rc<Own>,
    allocations: Arc<Allocations>,
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
        let (own, allocations) = (Rc::default(), Arc::default());
        Rank {
            backend,
            exchange,
            topology,
            index,
            stream,
            target,
            rates,
            deadline,
            own,
            allocations,
            thread: PhantomData,
        }
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

    /// Its docks.
    pub(crate) fn docks(&self) -> &Docks {
        &self.own.docks
    }

    /// The capture that is under way.
    pub(crate) fn capturing(&self) -> RefMut<'_, Option<Capture>> {
        self.own.capture.borrow_mut()
    }

    /// A number that no capture of this rank had before.
    pub(crate) fn next_number(&self) -> u64 {
        self.own.captures.replace(self.own.captures.get() + 1)
    }

    /// Its memory.
    pub(crate) fn allocations(&self) -> &Arc<Allocations> {
        &self.allocations
    }

    /// The call that a peer makes instead of its part in a round of this dock, in words: it began
    /// one on another dock without this rank, or waits for all ranks elsewhere. A rank that begins
    /// anew only came too late.
    pub(crate) fn other_call(&self, peer: usize, dock: u32) -> Result<Option<String>> {
        let docks: Vec<_> = self.own.docks.open.borrow().iter().filter_map(Weak::upgrade).collect();
        for other in docks.into_iter().filter(|other| other.dock() != dock) {
            if let Some(call) = other.call_ahead(peer)? {
                return Ok(Some(call));
            }
        }
        Ok(self.exchange.gathers_for(peer).filter(|purpose| purpose != RESET))
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

    /// Owns what is at an address of its memory.
    pub(crate) fn owner(
        &self,
        address: u64,
        bytes: u64,
        leads_to: Option<&Arc<Allocation>>,
    ) -> Arc<Allocation> {
        Allocation::new((Arc::clone(&self.backend), &self.allocations), address, bytes, leads_to)
    }

    pub(crate) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }
}

/// What a rank is to itself, on whatever stream.
#[derive(Default)]
struct Own {
    docks: Docks,
    capture: RefCell<Option<Capture>>,
    captures: Cell<u64>,
}

/// Where ranks begin rounds together: a dock, as its rank knows it.
pub(crate) trait Rounds {
    /// Its number.
    fn dock(&self) -> u32;

    /// The call that a peer began there without this rank; in words.
    fn call_ahead(&self, peer: usize) -> Result<Option<String>>;
}

/// The docks of a rank.
#[derive(Default)]
pub(crate) struct Docks {
    opened: Cell<u32>,
    open: RefCell<Vec<Weak<dyn Rounds>>>,
}

impl Docks {
    /// The number of a dock that all ranks are about to open, in the same order.
    pub(crate) fn number(&self) -> u32 {
        self.opened.replace(self.opened.get().wrapping_add(1))
    }

    /// Adds one that is open, for as long as it is.
    pub(crate) fn add(&self, dock: &Rc<dyn Rounds>) {
        let mut open = self.open.borrow_mut();
        open.retain(|dock| dock.strong_count() > 0);
        open.push(Rc::downgrade(dock));
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
