//! Streams, the moments at which they have come somewhere, and graphs of launches that were
//! captured on one.

use std::ffi::c_void;

use crate::backend::{EventHandle, GraphHandle, StreamHandle};
use crate::gpu::rank::Rank;
use crate::report::Elapsed;
use crate::{Error, Result};

/// A sequence of launches on the GPU of one rank. Launches of one stream run in order; different
/// streams run concurrently.
///
/// Every rank has one stream of its own. With a second one, experts overlap with communication:
/// what [`Rank::on`] gives launches there, and so do docks and kernels that it opens.
///
/// ```
/// use crossdock_host::{Capacity, Cluster, Error, Shape, Topology, Wire};
///
/// # fn main() -> Result<(), Error> {
/// let shape = Shape { hidden: 64, top_k: 2, experts: 8, wire: Wire::Bf16 };
/// Cluster::emulated(Topology::nodes(1).gpus_per_node(2))?.run(|rank| -> Result<(), Error> {
///     let communication = rank.new_stream()?;
///     let there = rank.on(&communication)?;
///     let dock = there.dock(there.kernels(shape)?, Capacity::tokens(16))?; // launches on `communication`
///     let arrived = there.record()?;
///     rank.wait_for(&arrived)?; // what is launched on the rank's own stream from now on runs after that
///     # drop(dock);
///     Ok(())
/// })?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    rank: Rank,
    handle: StreamHandle,
}

/// The moment in which everything that was on a stream when [`Rank::record`] was called is
/// finished.
#[derive(Debug)]
pub struct Event {
    rank: Rank,
    handle: EventHandle,
}

/// Launches that [`Rank::capture`] took, to be launched again and again as one.
///
/// The addresses in them stay as they were: buffers, docks and kernels that the captured launches
/// use must live as long as the graph is launched. What may change is what is in that memory, such
/// as the number of tokens.
#[derive(Debug)]
pub struct Graph {
    rank: Rank,
    handle: GraphHandle,
}

impl Rank {
    /// A further stream of this rank, which lives until the cluster's run is over.
    ///
    /// # Errors
    /// When the driver gives none.
    pub fn new_stream(&self) -> Result<Stream> {
        Ok(Stream { rank: self.clone(), handle: self.backend().stream()? })
    }

    /// A stream of the caller's, such as the one on which another library computes: launches take
    /// their turns among the caller's own.
    ///
    /// Calls of this library that wait, copy or allocate wait for all streams of the rank, this one
    /// included. A caller that captures the stream itself may only enqueue
    /// ([`Dock::enqueue`](crate::Dock::enqueue)) meanwhile.
    ///
    /// # Safety
    /// `stream` is a `CUstream` of this rank's GPU, made in its primary context (that of the CUDA
    /// runtime), and is not destroyed before the run of the cluster is over.
    ///
    /// # Errors
    /// [`Error::Unsupported`] on virtual GPUs.
    pub unsafe fn stream_from_raw(&self, stream: *mut c_void) -> Result<Stream> {
        // SAFETY: as the caller promises.
        let handle = unsafe { self.backend().adopt_stream(stream) }?;
        Ok(Stream { rank: self.clone(), handle })
    }

    /// This rank with its launches on another of its streams: those of the kernels, docks and
    /// routers that the result opens.
    ///
    /// # Errors
    /// [`Error::OtherRank`] when the stream is not this rank's.
    pub fn on(&self, stream: &Stream) -> Result<Rank> {
        self.owns(&stream.rank, "the stream")?;
        Ok(self.clone().with_stream(stream.handle))
    }

    /// The moment in which everything that is on this rank's stream now is finished.
    ///
    /// # Errors
    /// During a capture, or when the machine is broken.
    pub fn record(&self) -> Result<Event> {
        let handle = self.backend().record(self.stream())?;
        Ok(Event { rank: self.clone(), handle })
    }

    /// What is launched on this rank's stream from now on runs after the event. The host does not
    /// wait.
    ///
    /// # Errors
    /// [`Error::OtherRank`] when the event is not this rank's; during a capture, or when the
    /// machine is broken.
    pub fn wait_for(&self, event: &Event) -> Result<()> {
        self.owns(&event.rank, "the event")?;
        self.backend().wait_for(self.stream(), event.handle)
    }

    /// Captures what `launches` puts on this rank's stream: nothing of it runs, and the graph
    /// launches it as often as wanted.
    ///
    /// Each rank captures and launches for itself; graphs of collective launches are launched by
    /// every rank, in the same order.
    ///
    /// # Errors
    /// What `launches` gives; [`Error::Capturing`] when it does more than launch; when the driver
    /// cannot make a graph.
    pub fn capture<T, E: From<Error>>(
        &self,
        launches: impl FnOnce() -> Result<T, E>,
    ) -> Result<(Graph, T), E> {
        self.backend().begin_capture(self.stream())?;
        let launched = launches();
        // The capture ends in any case; what went wrong first is what is told.
        let graph = self.backend().end_capture();
        let value = launched?;
        Ok((Graph { rank: self.clone(), handle: graph? }, value))
    }

    fn owns(&self, other: &Rank, what: &'static str) -> Result<()> {
        if self.is(other) { Ok(()) } else { Err(Error::OtherRank { rank: self.index(), what }) }
    }
}

impl Event {
    /// How long it takes the GPU to come from this event to a later one of the same stream. Waits
    /// until that has come.
    ///
    /// ```
    /// use crossdock_host::{Cluster, Error, Topology};
    ///
    /// # fn main() -> Result<(), Error> {
    /// Cluster::emulated(Topology::nodes(1))?.run(|rank| -> Result<(), Error> {
    ///     let before = rank.record()?;
    ///     // .. launches ..
    ///     let after = rank.record()?;
    ///     println!("{:?}", before.until(&after)?);
    ///     Ok(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the events are of different streams, the later one is first, or a kernel between them
    /// faults.
    pub fn until(&self, later: &Event) -> Result<Elapsed> {
        let rank = self.rank.index();
        if !self.rank.is(&later.rank) || self.rank.stream() != later.rank.stream() {
            return Err(Error::OtherStream { rank });
        }
        self.rank.backend().elapsed(self.handle, later.handle)
    }
}

impl Graph {
    /// Puts everything that was captured on the stream on which it was captured, in order, and
    /// returns at once.
    ///
    /// # Errors
    /// During a capture, or when the machine is broken.
    pub fn launch(&self) -> Result<()> {
        self.rank.backend().replay(self.rank.stream(), self.handle)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        self.rank.backend().forget_event(self.handle);
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.rank.backend().forget_graph(self.handle);
    }
}
