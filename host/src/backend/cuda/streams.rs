//! The streams of one rank, their events, and graphs of what was captured on them (CUDA driver API,
//! "Stream Management", "Event Management", "Graph Management").

use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUevent_flags, CUstreamCaptureMode_enum as CaptureMode};
use cudarc::driver::{CudaStream, result};

use super::member::Member;
use super::state::Executable;
use crate::backend::{EventHandle, GraphHandle, StreamHandle, Streams};
use crate::report::Elapsed;
use crate::{Error, Result};

impl Streams for Member {
    fn stream(&self) -> Result<StreamHandle> {
        self.enter()?;
        self.refuse_in_capture("making a stream")?;
        // Memory that is there for the rank's own stream is there for the new one, too.
        self.stream.synchronize().map_err(self.failed("making a stream"))?;
        let stream = self.context.new_stream().map_err(self.failed("making a stream"))?;
        Ok(self.keep_stream(stream))
    }

    unsafe fn adopt_stream(&self, stream: *mut c_void) -> Result<StreamHandle> {
        self.enter()?;
        self.refuse_in_capture("making a stream")?;
        self.stream.synchronize().map_err(self.failed("making a stream"))?;
        // SAFETY: as the caller promises; the member's context is the primary one.
        let stream = unsafe { self.context.wrap_borrowed_stream(stream.cast()) };
        Ok(self.keep_stream(stream))
    }

    fn record(&self, stream: StreamHandle) -> Result<EventHandle> {
        self.enter()?;
        let event = self
            .stream_of(stream)?
            .record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))
            .map_err(self.failed("recording an event"))?;
        let mut streams = self.streams();
        let handle = EventHandle(streams.number());
        streams.events.insert(handle, event);
        Ok(handle)
    }

    fn wait_for(&self, stream: StreamHandle, event: EventHandle) -> Result<()> {
        self.enter()?;
        let stream = self.stream_of(stream)?;
        let streams = self.streams();
        let event =
            streams.events.get(&event).ok_or(Error::OtherRank { rank: self.rank(), what: "the event" })?;
        stream.wait(event).map_err(self.failed("waiting for an event"))
    }

    fn elapsed(&self, from: EventHandle, to: EventHandle) -> Result<Elapsed> {
        self.enter()?;
        self.refuse_in_capture("asking for a time")?;
        if from.0 > to.0 {
            return Err(Error::EventsReversed { rank: self.rank() });
        }
        let streams = self.streams();
        let find = |event: EventHandle| {
            streams.events.get(&event).ok_or(Error::OtherRank { rank: self.rank(), what: "the event" })
        };
        let milliseconds = find(from)?.elapsed_ms(find(to)?).map_err(self.failed("asking for a time"))?;
        Ok(Elapsed::Seconds(f64::from(milliseconds) / 1e3))
    }

    /// The driver keeps an event for those that wait for it.
    fn forget_event(&self, event: EventHandle) {
        let event = self.streams().events.remove(&event);
        drop(event);
    }

    fn begin_capture(&self, stream: StreamHandle) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("another capture")?;
        let captured = self.stream_of(stream)?;
        // Other ranks of the process are other threads, whose calls are no part of this.
        let mode = CaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        // SAFETY: the stream lives.
        unsafe { result::stream::begin_capture(captured.cu_stream(), mode) }
            .map_err(self.failed("beginning the capture of a graph"))?;
        self.streams().capture = Some(stream);
        Ok(())
    }

    fn end_capture(&self) -> Result<GraphHandle> {
        self.enter()?;
        let (stream, released) = {
            let mut streams = self.streams();
            (streams.capture.take(), std::mem::take(&mut streams.released))
        };
        let stream = stream.ok_or_else(|| self.unknown("nothing is being captured".to_owned()))?;
        let graph = self.take_graph(stream);
        for address in released {
            self.give_back(address)?;
        }
        let executable = graph?;
        let mut streams = self.streams();
        let handle = GraphHandle(streams.number());
        streams.graphs.insert(handle, executable);
        Ok(handle)
    }

    fn replay(&self, stream: StreamHandle, graph: GraphHandle) -> Result<()> {
        self.enter()?;
        self.refuse_in_capture("launching a graph")?;
        let stream = self.stream_of(stream)?;
        let streams = self.streams();
        let executable =
            streams.graphs.get(&graph).ok_or(Error::OtherRank { rank: self.rank(), what: "the graph" })?;
        // SAFETY: graph and stream live.
        unsafe { sys::cuGraphLaunch(executable.0, stream.cu_stream()) }
            .result()
            .map_err(self.failed("launching a graph"))
    }

    fn forget_graph(&self, graph: GraphHandle) {
        let graph = self.streams().graphs.remove(&graph);
        drop(graph);
    }
}

impl Member {
    fn keep_stream(&self, stream: Arc<CudaStream>) -> StreamHandle {
        let mut streams = self.streams();
        streams.more.push(stream);
        StreamHandle(streams.more.len() as u32)
    }

    /// The driver's stream.
    pub(super) fn stream_of(&self, stream: StreamHandle) -> Result<Arc<CudaStream>> {
        if stream == StreamHandle::OWN {
            return Ok(Arc::clone(&self.stream));
        }
        let found = self.streams().more.get(stream.0 as usize - 1).map(Arc::clone);
        found.ok_or_else(|| self.unknown(format!("the rank has no stream {}", stream.0)))
    }

    pub(super) fn has_more_streams(&self) -> bool {
        !self.streams().more.is_empty()
    }

    fn take_graph(&self, stream: StreamHandle) -> Result<Executable> {
        let stream = self.stream_of(stream)?;
        // SAFETY: the stream is being captured by this thread.
        let graph = unsafe { result::stream::end_capture(stream.cu_stream()) }
            .map_err(self.failed("ending the capture of a graph"))?;
        let mut executable = std::ptr::null_mut();
        // SAFETY: the driver made the graph, and writes one handle.
        let instantiated = unsafe { sys::cuGraphInstantiateWithFlags(&mut executable, graph, 0) }.result();
        // SAFETY: the graph is ours, and the executable does not need it.
        let _ = unsafe { sys::cuGraphDestroy(graph) };
        instantiated.map_err(self.failed("making a captured graph launchable"))?;
        let executable = Executable(executable);
        // Its first launch must not be held up by peers' kernels that wait for it.
        // SAFETY: graph and stream live.
        unsafe { sys::cuGraphUpload(executable.0, stream.cu_stream()) }
            .result()
            .map_err(self.failed("putting a graph onto the GPU"))?;
        Ok(executable)
    }
}
