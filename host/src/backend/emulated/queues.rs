//! What is on the streams of one rank of the emulator: which launches wait for which, and what is
//! captured.
//!
//! The machine orders the launches of a stream by itself. An event is the launches that were the
//! last on its stream; what waits for it starts after those. In a capture the same holds of the
//! launches of the graph. Streams that took part in one have streams of the graph's own when it is
//! replayed.

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
    graphs: HashMap<GraphHandle, Captured>,
    /// Events and graphs so far.
    numbers: u64,
    /// What is being captured, from which stream on.
    capture: Option<(StreamHandle, Captured)>,
}

/// What was captured, in the order of the calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Captured {
    pub(super) launches: Vec<CapturedLaunch>,
    /// The last launch of each stream that takes part, and what its next one waits for besides.
    ends: HashMap<StreamHandle, CapturedEnd>,
    /// What whatever follows the graph waits for besides its last launch on the first stream.
    pub(super) joined: Vec<usize>,
    /// The streams on which those of other streams are replayed.
    own: HashMap<StreamHandle, StreamHandle>,
}

/// A launch of a graph.
#[derive(Clone, Debug)]
pub(super) struct CapturedLaunch {
    pub(super) launch: Launch,
    /// The stream of its own where it is replayed; `None` for the stream of the graph.
    pub(super) stream: Option<StreamHandle>,
    /// Earlier launches that it waits for besides the one before it on its stream.
    pub(super) after: Vec<usize>,
}

#[derive(Clone, Debug, Default)]
struct CapturedEnd {
    last: Option<usize>,
    awaited: Vec<usize>,
}

/// A moment of a stream: after the launches that it waits for, and the first so many of its own; or
/// of a capture, after those launches of the graph.
#[derive(Debug)]
enum Recorded {
    Run { stream: StreamHandle, launches: usize, tickets: Vec<Ticket> },
    Captured(Vec<usize>),
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
        let Some((origin, captured)) = &mut self.capture else { return Some(launch) };
        let end = captured.ends.entry(launch.stream).or_default();
        let after = std::mem::take(&mut end.awaited);
        end.last = Some(captured.launches.len());
        let stream = match launch.stream {
            stream if stream == *origin => None,
            stream => Some(*captured.own.entry(stream).or_insert_with(|| {
                self.more += 1;
                StreamHandle(self.more)
            })),
        };
        captured.launches.push(CapturedLaunch { launch, stream, after });
        None
    }

    /// Notes a launch; those that it waits for besides those of its stream.
    pub(super) fn append(&mut self, stream: StreamHandle, ticket: Ticket) -> Vec<Ticket> {
        let end = self.ends.entry(stream).or_default();
        end.launches.push(ticket);
        std::mem::take(&mut end.awaited)
    }

    /// What comes before whatever is put on the stream next.
    pub(super) fn end(&self, stream: StreamHandle) -> Vec<Ticket> {
        let end = self.ends.get(&stream);
        // A stream that waits and has launched nothing since is where it waits for.
        end.map_or(Vec::new(), |end| end.launches.last().into_iter().chain(&end.awaited).copied().collect())
    }

    /// Lets what is put on the stream next wait for launches.
    pub(super) fn wait_for_launches(
        &mut self,
        stream: StreamHandle,
        tickets: impl IntoIterator<Item = Ticket>,
    ) {
        self.ends.entry(stream).or_default().awaited.extend(tickets);
    }

    pub(super) fn record(&mut self, stream: StreamHandle) -> EventHandle {
        let recorded = match &self.capture {
            Some((_, captured)) => {
                let end = captured.ends.get(&stream);
                Recorded::Captured(
                    end.map_or(Vec::new(), |end| end.last.iter().chain(&end.awaited).copied().collect()),
                )
            }
            None => Recorded::Run {
                stream,
                launches: self.ends.get(&stream).map_or(0, |end| end.launches.len()),
                tickets: self.end(stream),
            },
        };
        let event = EventHandle(self.number());
        self.events.insert(event, recorded);
        event
    }

    pub(super) fn wait_for(&mut self, rank: usize, stream: StreamHandle, event: EventHandle) -> Result<()> {
        match (self.events.get(&event), &mut self.capture) {
            (Some(Recorded::Captured(after)), Some((_, captured))) => {
                captured.ends.entry(stream).or_default().awaited.extend(after);
            }
            (Some(Recorded::Run { tickets, .. }), None) => {
                let tickets = tickets.clone();
                self.wait_for_launches(stream, tickets);
            }
            _ => return Err(Error::OtherCapture { rank }),
        }
        Ok(())
    }

    /// The launches of a stream between two of its events; `None` if the events are the wrong way
    /// round, or of different streams.
    pub(super) fn between(&self, from: EventHandle, to: EventHandle) -> Option<&[Ticket]> {
        let run = |event| match self.events.get(event) {
            Some(Recorded::Run { stream, launches, .. }) => Some((*stream, *launches)),
            _ => None,
        };
        let ((stream, from), (other, to)) = (run(&from)?, run(&to)?);
        let launches = self.ends.get(&stream).map_or(&[][..], |end| &end.launches);
        if stream == other { launches.get(from..to) } else { None }
    }

    pub(super) fn forget_event(&mut self, event: EventHandle) {
        self.events.remove(&event);
    }

    pub(super) fn begin_capture(&mut self, rank: usize, stream: StreamHandle) -> Result<()> {
        self.refuse_in_capture(rank, "another capture")?;
        self.capture = Some((stream, Captured::default()));
        Ok(())
    }

    pub(super) fn end_capture(&mut self) -> GraphHandle {
        let mut graph = Captured::default();
        if let Some((origin, captured)) = self.capture.take() {
            graph = captured;
            graph.joined = graph.ends.remove(&origin).unwrap_or_default().awaited;
        }
        let handle = GraphHandle(self.number());
        self.graphs.insert(handle, graph);
        handle
    }

    /// What a graph holds.
    pub(super) fn captured(&self, rank: usize, graph: GraphHandle) -> Result<Captured> {
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
