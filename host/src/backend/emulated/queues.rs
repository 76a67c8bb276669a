//! What is on the streams of one rank of the emulator: which launches wait for which, and what is
//! captured.
//!
//! The machine orders the launches of a stream by itself. An event is the launches that were the
//! last on its stream; what waits for it starts after those.

use std::collections::HashMap;

use crate::backend::{EventHandle, GraphHandle, Launch, StreamHandle, Ticket};
use crate::{Error, Result};

/// What is on the streams of a rank.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// Number of streams besides the rank's own.
    more: u32,
    /// The last launch of each stream, and what its next one waits for besides.
    ends: HashMap<StreamHandle, End>,
    events: HashMap<EventHandle, Recorded>,
    graphs: HashMap<GraphHandle, Vec<Launch>>,
    /// Events and graphs so far.
    numbers: u64,
    /// The stream that is captured, and what was.
    capture: Option<(StreamHandle, Vec<Launch>)>,
}

/// A moment of a stream: after the launches that it waits for, and the first so many of its own.
#[derive(Debug)]
struct Recorded {
    stream: StreamHandle,
    launches: usize,
    tickets: Vec<Ticket>,
}

#[derive(Debug, Default)]
struct End {
    /// All launches of the stream.
    launches: Vec<Ticket>,
    awaited: Vec<Ticket>,
}

impl Queues {
    pub(super) fn add(&mut self) -> StreamHandle {
        self.more += 1;
        StreamHandle(self.more)
    }

    /// The launch, unless it is captured.
    pub(super) fn take(&mut self, launch: Launch) -> Option<Launch> {
        match &mut self.capture {
            Some((stream, captured)) if *stream == launch.stream => {
                captured.push(launch);
                None
            }
            _ => Some(launch),
        }
    }

    /// Notes a launch; those that it waits for besides those of its stream.
    pub(super) fn append(&mut self, stream: StreamHandle, ticket: Ticket) -> Vec<Ticket> {
        let end = self.ends.entry(stream).or_default();
        end.launches.push(ticket);
        std::mem::take(&mut end.awaited)
    }

    pub(super) fn record(&mut self, rank: usize, stream: StreamHandle) -> Result<EventHandle> {
        self.refuse_in_capture(rank, "recording an event")?;
        // A stream that waits and has launched nothing since is where it waits for.
        let end = self.ends.entry(stream).or_default();
        let tickets = end.launches.last().into_iter().chain(&end.awaited).copied().collect();
        let recorded = Recorded { stream, launches: end.launches.len(), tickets };
        let event = EventHandle(self.number());
        self.events.insert(event, recorded);
        Ok(event)
    }

    pub(super) fn wait_for(&mut self, rank: usize, stream: StreamHandle, event: EventHandle) -> Result<()> {
        self.refuse_in_capture(rank, "waiting for an event")?;
        let recorded = self.events.get(&event).ok_or(Error::OtherRank { rank, what: "the event" })?;
        self.ends.entry(stream).or_default().awaited.extend(&recorded.tickets);
        Ok(())
    }

    /// The launches of a stream between two of its events; `None` if the events are the wrong way
    /// round, or of different streams.
    pub(super) fn between(&self, from: EventHandle, to: EventHandle) -> Option<&[Ticket]> {
        let (from, to) = (self.events.get(&from)?, self.events.get(&to)?);
        let launches = &self.ends.get(&from.stream)?.launches;
        if from.stream == to.stream { launches.get(from.launches..to.launches) } else { None }
    }

    pub(super) fn forget_event(&mut self, event: EventHandle) {
        self.events.remove(&event);
    }

    pub(super) fn begin_capture(&mut self, rank: usize, stream: StreamHandle) -> Result<()> {
        self.refuse_in_capture(rank, "another capture")?;
        self.capture = Some((stream, Vec::new()));
        Ok(())
    }

    pub(super) fn end_capture(&mut self) -> GraphHandle {
        let captured = self.capture.take().map(|(_, captured)| captured).unwrap_or_default();
        let graph = GraphHandle(self.number());
        self.graphs.insert(graph, captured);
        graph
    }

    /// The launches of a graph.
    pub(super) fn captured(&self, rank: usize, graph: GraphHandle) -> Result<Vec<Launch>> {
        self.refuse_in_capture(rank, "launching a graph")?;
        self.graphs.get(&graph).cloned().ok_or(Error::OtherRank { rank, what: "the graph" })
    }

    pub(super) fn forget_graph(&mut self, graph: GraphHandle) {
        self.graphs.remove(&graph);
    }

    pub(super) fn refuse_in_capture(&self, rank: usize, what: &'static str) -> Result<()> {
        if self.capture.is_some() { Err(Error::Capturing { rank, what }) } else { Ok(()) }
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}
