//! The streams of virtual GPUs.

use std::ffi::c_void;

use super::VirtualGpu;
use crate::backend::{EventHandle, GraphHandle, Launch, StreamHandle, Streams};
use crate::report::Elapsed;
use crate::{Error, Result};

impl Streams for VirtualGpu {
    fn stream(&self) -> Result<StreamHandle> {
        Ok(self.ranks.working()?.work.ranks[self.rank].streams.add())
    }

    unsafe fn adopt_stream(&self, _stream: *mut c_void) -> Result<StreamHandle> {
        let (what, why) = (
            "a stream of the CUDA driver was given",
            "virtual GPUs have streams of their own; use new_stream",
        );
        Err(Error::Unsupported { rank: self.rank, what, why })
    }

    fn record(&self, stream: StreamHandle) -> Result<EventHandle> {
        self.ranks.working()?.work.ranks[self.rank].streams.record(self.rank, stream)
    }

    fn wait_for(&self, stream: StreamHandle, event: EventHandle) -> Result<()> {
        self.ranks.working()?.work.ranks[self.rank].streams.wait_for(self.rank, stream, event)
    }

    fn elapsed(&self, from: EventHandle, to: EventHandle) -> Result<Elapsed> {
        let cycles = self.idle("asking for a time")?.work.ranks[self.rank].cycles(from, to);
        cycles.map(Elapsed::Cycles).ok_or(Error::EventsReversed { rank: self.rank })
    }

    fn forget_event(&self, event: EventHandle) {
        self.ranks.lock().work.ranks[self.rank].streams.forget_event(event);
    }

    fn begin_capture(&self, stream: StreamHandle) -> Result<()> {
        self.ranks.working()?.work.ranks[self.rank].streams.begin_capture(self.rank, stream)
    }

    fn end_capture(&self) -> Result<GraphHandle> {
        Ok(self.ranks.working()?.work.ranks[self.rank].streams.end_capture())
    }

    fn replay(&self, stream: StreamHandle, graph: GraphHandle) -> Result<()> {
        let rank = &mut self.ranks.working()?.work.ranks[self.rank];
        for launch in rank.streams.captured(self.rank, graph)? {
            rank.enqueue(Launch { stream, ..launch });
        }
        Ok(())
    }

    fn forget_graph(&self, graph: GraphHandle) {
        self.ranks.lock().work.ranks[self.rank].streams.forget_graph(graph);
    }
}
