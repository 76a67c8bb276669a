//! Streams, and the moments at which they have come somewhere.

use std::ffi::c_void;

use crate::backend::{EventHandle, StreamHandle};
use crate::gpu::capture::Moment;
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
///     // Launches on `communication`.
///     let dock = there.dock(there.kernels(shape)?, Capacity::tokens(16))?;
///     let arrived = there.record()?;
///     // What is launched on the rank's own stream from now on runs after that.
///     rank.wait_for(&arrived)?;
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
    /// If it was recorded in a capture: then it is a place in the graph.
    captured: Option<Moment>,
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

    /// The moment in which everything that is on this rank's stream now is finished; during a
    /// capture, the place in the graph.
    ///
    /// # Errors
    /// [`Error::OutsideCapture`] during a capture in which the stream takes no part; when the
    /// machine is broken.
    pub fn record(&self) -> Result<Event> {
        let captured = match &*self.capturing() {
            None => None,
            Some(capture) => match capture.moment(self.stream()) {
                Some(moment) => Some(moment),
                None => return Err(Error::OutsideCapture { rank: self.index() }),
            },
        };
        let handle = self.backend().record(self.stream())?;
        Ok(Event { rank: self.clone(), handle, captured })
    }

    /// What is launched on this rank's stream from now on runs after the event. The host does not
    /// wait. During a capture the stream takes part in it from here on.
    ///
    /// # Errors
    /// [`Error::OtherRank`] when the event is not this rank's; [`Error::OtherCapture`] when one of
    /// event and wait is of a capture and the other is not, or of another one; when the machine is
    /// broken.
    pub fn wait_for(&self, event: &Event) -> Result<()> {
        self.owns(&event.rank, "the event")?;
        let fits = match (&mut *self.capturing(), &event.captured) {
            (None, None) => true,
            (Some(capture), Some(moment)) => capture.waits(self.stream(), moment),
            _ => false,
        };
        if !fits {
            return Err(Error::OtherCapture { rank: self.index() });
        }
        self.backend().wait_for(self.stream(), event.handle)
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
    /// When the events are of different streams or of a capture, the later one is first, or a
    /// kernel between them faults.
    pub fn until(&self, later: &Event) -> Result<Elapsed> {
        let rank = self.rank.index();
        if self.captured.is_some() || later.captured.is_some() {
            return Err(Error::OtherCapture { rank });
        }
        if !self.rank.is(&later.rank) || self.rank.stream() != later.rank.stream() {
            return Err(Error::OtherStream { rank });
        }
        self.rank.backend().elapsed(self.handle, later.handle)
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        self.rank.backend().forget_event(self.handle);
    }
}
