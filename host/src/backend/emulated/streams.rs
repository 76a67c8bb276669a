//! The streams of virtual GPUs.

use std::ffi::c_void;

use super::VirtualGpu;
use super::queues::CapturedLaunch;
use crate::backend::{EventHandle, GraphHandle, Launch, StreamHandle, Streams, Ticket};
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
        Ok(self.ranks.working()?.work.ranks[self.rank].streams.record(stream))
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
        let graph = rank.streams.captured(self.rank, graph)?;
        let start = rank.streams.end(stream);
        let mut tickets = Vec::with_capacity(graph.launches.len());
        for CapturedLaunch { launch, stream: own, after } in graph.launches {
            let place = own.unwrap_or(stream);
            // Nothing of a graph runs before what is in front of it.
            let before = if own.is_some() { &start[..] } else { &[] };
            let after: Vec<Ticket> =
                after.into_iter().map(|earlier| tickets[earlier]).chain(before.iter().copied()).collect();
            rank.streams.wait_for_launches(place, after);
            tickets.push(rank.enqueue(Launch { stream: place, ..launch }));
        }
        rank.streams.wait_for_launches(stream, graph.joined.into_iter().map(|earlier| tickets[earlier]));
        Ok(())
    }

    fn forget_graph(&self, graph: GraphHandle) {
        self.ranks.lock().work.ranks[self.rank].streams.forget_graph(graph);
    }
}
