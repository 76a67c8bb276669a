//! Graphs: launches that were captured, to be launched again and again.

use std::sync::Arc;

use crossdock_device::launch::Argument;

use crate::backend::GraphHandle;
use crate::gpu::allocation::Allocation;
use crate::gpu::capture::Capture;
use crate::gpu::rank::Rank;
use crate::{Error, Result};

/// Launches that [`Rank::capture`] took, to be launched again and again as one.
///
/// The addresses in them stay as they were, and what is there may change between launches, such as
/// the number of tokens. A graph keeps the memory alive that its launches are given: buffers, docks
/// and routers may be dropped before it.
#[derive(Debug)]
pub struct Graph {
    rank: Rank,
    handle: GraphHandle,
    _kept: Vec<Arc<Allocation>>,
}

/// Ends the capture, also where what is captured panics.
struct Guard<'a>(&'a Rank);

impl Guard<'_> {
    fn end(&self) -> Result<Graph> {
        let rank = self.0;
        let capture = rank.capturing().take();
        let ended = rank.backend().end_capture();
        let (is_joined, kept) = match capture {
            Some(capture) => (capture.is_joined(), capture.into_kept()),
            None => (true, Vec::new()),
        };
        let graph = ended.map(|handle| Graph { rank: rank.clone(), handle, _kept: kept });
        if is_joined { graph } else { Err(Error::Unjoined { rank: rank.index() }) }
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.0.capturing().is_some() {
            let _ = self.end();
        }
    }
}

impl Rank {
    /// Captures what `launches` puts on this rank's stream: nothing of it runs, and the graph
    /// launches it as often as wanted.
    ///
    /// Other streams of the rank take part where they wait for an event that was recorded in the
    /// capture, and are waited for in the same way before it ends: so two micro-batches overlap in
    /// one graph.
    ///
    /// ```
    /// use crossdock_host::{Cluster, Error, Topology};
    ///
    /// # fn main() -> Result<(), Error> {
    /// Cluster::emulated(Topology::nodes(1))?.run(|rank| -> Result<(), Error> {
    ///     let stream = rank.new_stream()?;
    ///     let there = rank.on(&stream)?;
    ///     let (graph, ()) = rank.capture(|| -> Result<(), Error> {
    ///         there.wait_for(&rank.record()?)?; // fork
    ///         // .. launches on both streams ..
    ///         rank.wait_for(&there.record()?) // join
    ///     })?;
    ///     graph.launch()
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Each rank captures and launches for itself; graphs of collective launches are launched by
    /// every rank, in the same order.
    ///
    /// # Errors
    /// What `launches` gives; [`Error::Capturing`] when it does more than launch;
    /// [`Error::OutsideCapture`] when it launches on a stream that takes no part, and
    /// [`Error::Unjoined`] when one that does is not waited for; when the driver cannot make a
    /// graph. The rank is as usable afterwards as before, also after a panic.
    pub fn capture<T, E: From<Error>>(
        &self,
        launches: impl FnOnce() -> Result<T, E>,
    ) -> Result<(Graph, T), E> {
        self.refuse_in_capture("another capture")?;
        self.backend().begin_capture(self.stream())?;
        *self.capturing() = Some(Capture::new(self.next_number(), self.stream()));
        let guard = Guard(self);
        let launched = launches();
        // What went wrong first is what is told.
        let graph = guard.end();
        let value = launched?;
        Ok((graph?, value))
    }

    /// Refuses what cannot be part of a graph.
    pub(crate) fn refuse_in_capture(&self, what: &'static str) -> Result<()> {
        if self.capturing().is_some() { Err(Error::Capturing { rank: self.index(), what }) } else { Ok(()) }
    }

    /// Notes a launch on this rank's stream where a capture is under way.
    pub(crate) fn note_launch(&self, arguments: &[Argument]) -> Result<()> {
        let takes_part = match &mut *self.capturing() {
            Some(capture) => capture.launches(self.stream(), arguments, self.allocations()),
            None => true,
        };
        if takes_part { Ok(()) } else { Err(Error::OutsideCapture { rank: self.index() }) }
    }
}

impl Graph {
    /// Puts everything that was captured on the stream on which it was captured, in order, and
    /// returns at once. Other streams that took part in the capture need not be free: what is on
    /// them has nothing to do with it.
    ///
    /// # Errors
    /// During a capture, or when the machine is broken.
    pub fn launch(&self) -> Result<()> {
        self.rank.refuse_in_capture("launching a graph")?;
        self.rank.backend().replay(self.rank.stream(), self.handle)
    }
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.rank.backend().forget_graph(self.handle);
    }
}
