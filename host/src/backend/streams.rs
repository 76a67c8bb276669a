//! Streams of one rank, moments on them, and graphs of launches that were captured on one.

use std::ffi::c_void;

use crate::Result;
use crate::report::Elapsed;

/// A stream of a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct StreamHandle(pub(crate) u32);

impl StreamHandle {
    /// The rank's own stream.
    pub(crate) const OWN: StreamHandle = StreamHandle(0);
}

/// A moment of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EventHandle(pub(crate) u64);

/// Launches that were captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct GraphHandle(pub(crate) u64);

/// The streams of one rank.
pub(crate) trait Streams {
    /// Adds a stream, until the rank's program ends.
    fn stream(&self) -> Result<StreamHandle>;

    /// Adds a stream that belongs to the caller.
    ///
    /// # Safety
    /// It is a `CUstream` of the rank's GPU, in its primary context, which outlives the rank's
    /// program.
    unsafe fn adopt_stream(&self, stream: *mut c_void) -> Result<StreamHandle>;

    /// Marks the moment in which everything that was put on the stream so far is finished.
    fn record(&self, stream: StreamHandle) -> Result<EventHandle>;

    /// Orders what is put on the stream from now on after that moment. The host does not wait.
    fn wait_for(&self, stream: StreamHandle, event: EventHandle) -> Result<()>;

    /// How far two events of one stream are apart. Waits until the later one has come.
    fn elapsed(&self, from: EventHandle, to: EventHandle) -> Result<Elapsed>;

    /// Releases the event.
    fn forget_event(&self, event: EventHandle);

    /// Captures from now on what the rank puts on the stream, instead of running it, and on streams
    /// that wait for what is recorded meanwhile. The caller sees to it that nothing else is
    /// launched and that those streams are waited for.
    fn begin_capture(&self, stream: StreamHandle) -> Result<()>;

    /// Ends the capture and gives what was captured.
    fn end_capture(&self) -> Result<GraphHandle>;

    /// Puts everything that was captured on a stream, in order.
    fn replay(&self, stream: StreamHandle, graph: GraphHandle) -> Result<()>;

    /// Releases the graph.
    fn forget_graph(&self, graph: GraphHandle);
}
