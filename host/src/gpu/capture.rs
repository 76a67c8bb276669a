//! A capture: which streams take part, and what the graph keeps alive.
//!
//! A capture begins on one stream. Another stream takes part from when it waits for an event that
//! was recorded in the capture (a *fork*), and must be waited for in the same way before the
//! capture ends (a *join*), as the CUDA driver has it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crossdock_device::launch::Argument;

use crate::backend::StreamHandle;
use crate::gpu::allocation::{Allocation, Allocations};

/// How many launches of each stream come before a moment.
type Past = HashMap<StreamHandle, u64>;

/// A moment of a capture: of which, and what comes before.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    capture: u64,
    past: Past,
}

/// A capture that is under way.
#[derive(Debug)]
pub(crate) struct Capture {
    number: u64,
    origin: StreamHandle,
    /// The streams that take part, and what their next launch comes after.
    streams: HashMap<StreamHandle, Past>,
    /// By address.
    kept: BTreeMap<u64, Arc<Allocation>>,
}

impl Capture {
    pub(crate) fn new(number: u64, origin: StreamHandle) -> Capture {
        let streams = HashMap::from([(origin, Past::new())]);
        Capture { number, origin, streams, kept: BTreeMap::new() }
    }

    /// Notes a launch on a stream, with what it is given; false for a stream that takes no part.
    pub(crate) fn launches(
        &mut self,
        stream: StreamHandle,
        arguments: &[Argument],
        memory: &Allocations,
    ) -> bool {
        let Some(past) = self.streams.get_mut(&stream) else { return false };
        *past.entry(stream).or_default() += 1;
        // An argument that only looks like an address keeps memory for nothing, which does no harm.
        for argument in arguments {
            if let Argument::U64(address) = argument
                && let Some(found) = memory.at(*address)
            {
                self.kept.insert(found.address(), found);
            }
        }
        true
    }

    /// The moment at which a stream is; `None` for one that takes no part.
    pub(crate) fn moment(&self, stream: StreamHandle) -> Option<Moment> {
        Some(Moment { capture: self.number, past: self.streams.get(&stream)?.clone() })
    }

    /// Lets a stream wait for a moment; false if that is of another capture.
    pub(crate) fn waits(&mut self, stream: StreamHandle, moment: &Moment) -> bool {
        if moment.capture != self.number {
            return false;
        }
        let past = self.streams.entry(stream).or_default();
        for (&other, &launches) in &moment.past {
            let known = past.entry(other).or_default();
            *known = launches.max(*known);
        }
        true
    }

    /// Whether the first stream waited for everything that the others launched.
    pub(crate) fn is_joined(&self) -> bool {
        let known = &self.streams[&self.origin];
        self.streams.iter().all(|(stream, past)| known.get(stream) >= past.get(stream))
    }

    /// The memory that its launches were given.
    pub(crate) fn into_kept(self) -> Vec<Arc<Allocation>> {
        self.kept.into_values().collect()
    }
}
