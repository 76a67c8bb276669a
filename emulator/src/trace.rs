//! What ran when: launches, warps, their waits, and the bytes on each link, on the virtual clock.
//!
//! A machine records it if [`Config::trace`](crate::Config::trace) is set, also of a run that
//! fails.

use std::collections::BTreeMap;

use crate::clock::Clock;
use crate::pending::Pending;
use crate::report::Link;

/// Virtual cycles between two samples of the links.
const SAMPLE_EVERY: u64 = 256;

/// A recorded run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// What took time. Slices of one row are nested or apart.
    pub slices: Vec<Slice>,
    /// Bytes moved so far.
    pub samples: Vec<Sample>,
}

/// A row of a GPU on which slices lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Row {
    /// The launches of a stream.
    Stream(u32),
    /// A warp slot of a multiprocessor: one warp after the other, with its waits.
    Warp {
        /// The multiprocessor.
        multiprocessor: usize,
        /// Slots are given to warps as they come.
        slot: usize,
    },
}

/// A launch, a warp, or a wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// The GPU.
    pub gpu: usize,
    /// Where it lies.
    pub row: Row,
    /// What it is.
    pub name: String,
    /// Source line, if any.
    pub source: Option<(String, u32)>,
    /// Virtual nanoseconds from the start of the machine.
    pub start: f64,
    /// The same for its end.
    pub end: f64,
}

/// Bytes that one GPU has moved in the memory of one GPU, itself included, up to a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Virtual nanoseconds from the start of the machine.
    pub at: f64,
    /// The GPU whose kernels moved them.
    pub gpu: usize,
    /// The GPU that owns the memory.
    pub owner: usize,
    /// Bytes so far.
    pub bytes: Link,
}

/// A warp that is resident.
#[derive(Clone, Debug)]
struct Resident {
    gpu: usize,
    row: Row,
    ticket: usize,
    block: [u32; 3],
    warp: u32,
    start: u64,
    /// Until when its waits have been recorded.
    waited: u64,
}

/// Records while a machine runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    trace: Trace,
    /// By place in the machine's slab.
    residents: BTreeMap<usize, Resident>,
    slots: BTreeMap<(usize, usize), Vec<bool>>,
    finished: BTreeMap<(usize, usize), Link>,
    next_sample: u64,
    /// Slices that belong to an instruction: (slice, launch, instruction).
    instructions: Vec<(usize, usize, u32)>,
}

impl Recorder {
    pub(crate) fn warp_starts(
        &mut self,
        place: usize,
        (gpu, multiprocessor): (usize, usize),
        ticket: usize,
        (block, warp): ([u32; 3], u32),
        now: u64,
    ) {
        let slots = self.slots.entry((gpu, multiprocessor)).or_default();
        let slot = slots.iter().position(|taken| !taken).unwrap_or_else(|| {
            slots.push(false);
            slots.len() - 1
        });
        slots[slot] = true;
        let row = Row::Warp { multiprocessor, slot };
        self.residents.insert(place, Resident { gpu, row, ticket, block, warp, start: now, waited: now });
    }

    pub(crate) fn warp_ends(&mut self, place: usize, launches: &[Pending], now: u64) {
        let Some(resident) = self.residents.remove(&place) else { return };
        let [x, y, z] = resident.block;
        let block = if (y, z) == (0, 0) { x.to_string() } else { format!("({x}, {y}, {z})") };
        let kernel = &launches[resident.ticket].code.name;
        let name = format!("{kernel} block {block} warp {}", resident.warp);
        self.slice(resident.gpu, resident.row, name, (resident.start, now));
        if let Row::Warp { multiprocessor, slot } = resident.row
            && let Some(slots) = self.slots.get_mut(&(resident.gpu, multiprocessor))
        {
            slots[slot] = false;
        }
    }

    /// Lanes of a warp waited at an instruction. Of waits that overlap, the part is kept that no
    /// earlier one covers.
    pub(crate) fn waited(&mut self, place: usize, (name, pc): (&'static str, u32), (since, now): (u64, u64)) {
        let Some(resident) = self.residents.get_mut(&place) else { return };
        let start = since.max(resident.waited);
        if start >= now {
            return;
        }
        resident.waited = now;
        let (gpu, row, ticket) = (resident.gpu, resident.row, resident.ticket);
        self.instructions.push((self.trace.slices.len(), ticket, pc));
        self.slice(gpu, row, name.to_owned(), (start, now));
    }

    /// A launch is over; it is no longer in its stream.
    pub(crate) fn launch_ends(&mut self, launch: &Pending, stream: u32, (start, now): (u64, u64)) {
        self.slice(launch.gpu, Row::Stream(stream), launch.code.name.clone(), (start, now));
        for (owner, link) in launch.counters.links().iter().enumerate() {
            let sum = self.finished.entry((launch.gpu, owner)).or_default();
            sum.read += link.read;
            sum.written += link.written;
        }
    }

    pub(crate) fn is_due(&self, now: u64) -> bool {
        now >= self.next_sample
    }

    /// Takes the bytes moved so far; `running` are the launches that are not over.
    pub(crate) fn sample<'a>(&mut self, running: impl Iterator<Item = &'a Pending>, now: u64) {
        self.next_sample = now + SAMPLE_EVERY;
        let mut sums = self.finished.clone();
        for launch in running {
            for (owner, link) in launch.counters.links().iter().enumerate() {
                let sum = sums.entry((launch.gpu, owner)).or_default();
                sum.read += link.read;
                sum.written += link.written;
            }
        }
        let moved = sums.into_iter().filter(|(_, bytes)| *bytes != Link::default());
        let at = Clock::span(now);
        self.trace.samples.extend(moved.map(|((gpu, owner), bytes)| Sample { at, gpu, owner, bytes }));
    }

    /// What was recorded, warps included that never ended.
    pub(crate) fn take(&mut self, launches: &[Pending], now: u64) -> Trace {
        let places: Vec<usize> = self.residents.keys().copied().collect();
        for place in places {
            self.warp_ends(place, launches, now);
        }
        for (slice, ticket, pc) in self.instructions.drain(..) {
            self.trace.slices[slice].source = launches[ticket].code.source(pc);
        }
        let slices = &mut self.trace.slices;
        slices.sort_by(|a, b| {
            (a.gpu, a.row)
                .cmp(&(b.gpu, b.row))
                .then(a.start.total_cmp(&b.start))
                .then(b.end.total_cmp(&a.end))
        });
        std::mem::take(&mut self.trace)
    }

    fn slice(&mut self, gpu: usize, row: Row, name: String, (start, end): (u64, u64)) {
        let (start, end) = (Clock::span(start), Clock::span(end));
        self.trace.slices.push(Slice { gpu, row, name, source: None, start, end });
    }
}
