//! Agents: copies that go on while the warp that issued them executes, in turns of their own.
//!
//! An agent reads its source in chunks during its first turns and writes its destination in later
//! ones, so whoever does not wait for it sees old bytes, and whoever reuses the source too early
//! changes what arrives. The schedule gives turns to agents as to warps. Deviations: all reads of a
//! copy precede its writes, and an mbarrier gets the bytes of a copy in one step, after the last
//! write.

use std::collections::BTreeMap;

use crate::cluster::Cluster;
use crate::consistency::{Detector, Knowledge, Trail};
use crate::error::FaultKind;
use crate::memory::{Memory, Recent, window};
use crate::numeric::atomic;
use crate::op::Atomic;

/// The longest chunk in bytes.
const LONGEST_CHUNK: u32 = 512;
/// A copy is at least this many chunks, unless they would be shorter than 16 bytes.
const FEWEST_CHUNKS: u32 = 4;

/// A place in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    Global(u64),
    /// An offset in the shared memory of the agent's cluster.
    Shared(u32),
}

impl Location {
    fn plus(self, bytes: u32) -> Location {
        match self {
            Location::Global(address) => Location::Global(address + u64::from(bytes)),
            Location::Shared(offset) => Location::Shared(offset + bytes),
        }
    }

    pub(crate) fn is_shared(self) -> bool {
        matches!(self, Location::Shared(_))
    }
}

/// A run of bytes that an agent moves at once.
#[derive(Clone, Debug)]
struct Chunk {
    from: Location,
    to: Location,
    /// Bytes read; zeros fill the rest of what is written.
    read: u32,
    written: u32,
    /// Where they wait in the buffer.
    at: usize,
}

/// What an mbarrier is told when everything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// Its offset in the shared memory of the cluster.
    pub(crate) mbarrier: u32,
    pub(crate) bytes: u32,
    /// Whether only those learn of the copy who acquire at the scope of the cluster.
    pub(crate) cluster: bool,
}

/// The data that an agent moves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transfer {
    chunks: Vec<Chunk>,
    buffer: Vec<u8>,
    read: usize,
    written: usize,
    reversed: bool,
    /// How it combines with the destination.
    pub(crate) reduction: Option<Atomic>,
    pub(crate) completes: Option<Completion>,
}

impl Transfer {
    /// Adds one run of bytes, split into chunks.
    pub(crate) fn add(&mut self, from: Location, to: Location, bytes: u32) {
        let chunk = (bytes / FEWEST_CHUNKS).next_multiple_of(16).clamp(16, LONGEST_CHUNK);
        let mut done = 0;
        while done < bytes {
            let length = chunk.min(bytes - done);
            self.add_filled(from.plus(done), to.plus(done), length, length);
            done += length;
        }
    }

    /// Adds a chunk of which only the first `read` bytes are read.
    pub(crate) fn add_filled(&mut self, from: Location, to: Location, read: u32, written: u32) {
        let at = self.buffer.len();
        self.buffer.resize(at + written as usize, 0);
        self.chunks.push(Chunk { from, to, read, written, at });
    }

    /// Adds values that are known already.
    pub(crate) fn add_values(&mut self, to: Location, values: &[u8]) {
        let at = self.buffer.len();
        self.buffer.extend_from_slice(values);
        self.chunks.push(Chunk { from: to, to, read: 0, written: values.len() as u32, at });
    }

    fn reads_are_done(&self) -> bool {
        self.read == self.chunks.len()
    }

    /// Whether shared memory is still to be read or written.
    pub(crate) fn needs_shared(&self) -> bool {
        let first = self.chunks.first();
        first.is_some_and(|chunk| chunk.to.is_shared() || chunk.from.is_shared() && !self.reads_are_done())
            || self.completes.is_some()
    }

    /// Whether it still writes shared memory, or an mbarrier, that `inside` tells to be concerned.
    pub(crate) fn reaches(&self, inside: impl Fn(u32) -> bool) -> bool {
        let offset = |location| match location {
            Location::Shared(offset) => Some(offset),
            Location::Global(_) => None,
        };
        let ends = self.chunks.first().and_then(|chunk| offset(chunk.to));
        ends.into_iter().chain(self.completes.map(|completion| completion.mbarrier)).any(inside)
    }

    /// Whether it has nothing to read: what it writes came from registers.
    pub(crate) fn is_from_registers(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.read == 0)
    }

    /// Whether it writes shared memory.
    pub(crate) fn fills_shared(&self) -> bool {
        self.chunks.first().is_some_and(|chunk| chunk.to.is_shared())
    }

    /// Reads chunks or, once all were read, writes some.
    fn step(&mut self, room: &mut Room<'_>, steps: u32) -> Result<(), FaultKind> {
        let count = self.chunks.len();
        let position = |index: usize, reversed: bool| if reversed { count - 1 - index } else { index };
        if !self.reads_are_done() {
            for _ in 0..steps.min((count - self.read) as u32) {
                let chunk = &self.chunks[position(self.read, self.reversed)];
                let length = chunk.read as usize;
                room.read(chunk.from, &mut self.buffer[chunk.at..chunk.at + length])?;
                self.read += 1;
            }
            return Ok(());
        }
        for _ in 0..steps.min((count - self.written) as u32) {
            let chunk = &self.chunks[position(self.written, self.reversed)];
            let bytes = &self.buffer[chunk.at..chunk.at + chunk.written as usize];
            room.write(chunk.to, bytes, self.reduction)?;
            self.written += 1;
        }
        Ok(())
    }
}

/// What an agent does.
#[derive(Clone, Debug)]
pub(crate) enum Work {
    Transfer(Transfer),
    /// Arrives at mbarriers (offsets, one for each lane) when earlier copies are complete.
    Arrival {
        after: Vec<u64>,
        /// With what each lane's copies make known.
        mbarriers: Vec<(u32, Knowledge)>,
    },
}

/// Who issued an agent, for reports and for waking waiters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Issuer {
    pub(crate) ticket: usize,
    /// Slot of the block.
    pub(crate) slot: usize,
    /// Slot and number of its cluster.
    pub(crate) cluster: (usize, u64),
    pub(crate) block: [u32; 3],
    /// Slot of the warp.
    pub(crate) place: usize,
    /// Index of the warp in the block.
    pub(crate) warp: u32,
}

/// A copy under way.
#[derive(Clone, Debug)]
pub(crate) struct Agent {
    pub(crate) issuer: Issuer,
    pub(crate) pc: u32,
    pub(crate) lane: u32,
    /// A bulk copy, as opposed to `cp.async`.
    pub(crate) bulk: bool,
    pub(crate) work: Work,
    /// What its completion makes known, if checks are on.
    pub(crate) trail: Option<Trail>,
}

/// What a turn of an agent achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Some,
    /// The last byte of the source was read.
    Read,
    Finished,
}

/// The memory that an agent acts on.
pub(crate) struct Room<'a> {
    pub(crate) memory: &'a mut Memory,
    /// The agent's cluster, while it is resident.
    pub(crate) cluster: Option<&'a mut Cluster>,
    /// Watch key of the cluster's first byte of shared memory.
    pub(crate) shared_key: u64,
    pub(crate) detector: Option<&'a mut Detector>,
}

impl Room<'_> {
    fn cluster(&mut self) -> Result<&mut Cluster, FaultKind> {
        let gone = || FaultKind::Asynchronous("its block has exited".into());
        self.cluster.as_deref_mut().ok_or_else(gone)
    }

    fn read(&mut self, from: Location, into: &mut [u8]) -> Result<(), FaultKind> {
        if into.is_empty() {
            return Ok(());
        }
        let length = into.len();
        let uninitialised = |place| FaultKind::Uninitialised { bytes: length as u32, place };
        match from {
            Location::Shared(offset) => {
                let cluster = self.cluster()?;
                if !cluster.shared.is_written(offset as usize, length) {
                    return Err(uninitialised(cluster.describe(offset as usize)));
                }
                into.copy_from_slice(cluster.shared.bytes(offset as usize, length));
            }
            Location::Global(address) => {
                let found = self.memory.locate(&mut Recent::default(), address, length as u64);
                let (number, offset) = found.map_err(|_| self.outside("read", address, length))?;
                let region = &self.memory.allocations[number].region;
                if !region.is_written(offset, length) {
                    return Err(uninitialised(self.memory.describe(address)));
                }
                into.copy_from_slice(region.bytes(offset, length));
            }
        }
        Ok(())
    }

    fn outside(&self, access: &'static str, address: u64, bytes: usize) -> FaultKind {
        FaultKind::OutOfBounds { access, bytes: bytes as u32, place: self.memory.describe(address) }
    }

    fn write(&mut self, to: Location, bytes: &[u8], reduction: Option<Atomic>) -> Result<(), FaultKind> {
        let mut combined;
        let mut bytes = bytes;
        if let Some(operation) = reduction {
            let mut old = vec![0; bytes.len()];
            self.read(to, &mut old)?;
            combined = Vec::with_capacity(bytes.len());
            let element = operation.bytes();
            for (old, new) in old.chunks(element).zip(bytes.chunks(element)) {
                let value = |bytes: &[u8]| {
                    let mut value = [0; 16];
                    value[..element].copy_from_slice(bytes);
                    u128::from_le_bytes(value)
                };
                let result = atomic::apply(operation, value(old), value(new), 0);
                combined.extend_from_slice(&result.to_le_bytes()[..element]);
            }
            bytes = &combined;
        }
        let key = match to {
            Location::Shared(offset) => {
                self.cluster()?.shared.bytes_mut(offset as usize, bytes.len()).copy_from_slice(bytes);
                self.shared_key + u64::from(offset)
            }
            Location::Global(address) => {
                let found = self.memory.locate(&mut Recent::default(), address, bytes.len() as u64);
                let (number, offset) = found.map_err(|_| self.outside("write", address, bytes.len()))?;
                let region = &mut self.memory.allocations[number].region;
                region.bytes_mut(offset, bytes.len()).copy_from_slice(bytes);
                address
            }
        };
        self.memory.watch.written(key, bytes.len() as u64);
        Ok(())
    }

    /// Changes an mbarrier of the cluster. With what that makes known, and whether only waits of
    /// cluster scope learn it.
    fn mbarrier(
        &mut self,
        offset: u32,
        knowledge: Option<(&Knowledge, bool)>,
        change: impl FnOnce(&mut crate::mbarrier::Mbarrier) -> Result<(), String>,
    ) -> Result<(), FaultKind> {
        let cluster = self.cluster()?;
        cluster.update_mbarrier(offset, knowledge, change).map_err(FaultKind::Mbarrier)?;
        self.memory.watch.written(self.shared_key + u64::from(offset), crate::mbarrier::BYTES as u64);
        Ok(())
    }
}

impl Agent {
    /// One turn. `reversed` asks a copy that has not begun to go from its end to its start.
    pub(crate) fn step(
        &mut self,
        room: &mut Room<'_>,
        others: &Agents,
        steps: u32,
        reversed: bool,
    ) -> Result<Progress, FaultKind> {
        match &mut self.work {
            Work::Transfer(transfer) => {
                let began_read = transfer.reads_are_done();
                if transfer.read == 0 {
                    transfer.reversed = reversed;
                }
                transfer.step(room, steps)?;
                if !transfer.reads_are_done() {
                    return Ok(Progress::Some);
                }
                if transfer.written < transfer.chunks.len() {
                    return Ok(if began_read { Progress::Some } else { Progress::Read });
                }
                if let Some(Completion { mbarrier, bytes, cluster }) = transfer.completes {
                    let knowledge = self.trail.map(|trail| trail.knowledge(false));
                    let knowledge = knowledge.as_ref().map(|knowledge| (knowledge, cluster));
                    room.mbarrier(mbarrier, knowledge, |mbarrier| mbarrier.complete(bytes))?;
                }
                if let (Some(detector), Some(trail)) = (&mut room.detector, &self.trail) {
                    detector.end_copy(trail);
                }
                Ok(Progress::Finished)
            }
            Work::Arrival { after, mbarriers } => {
                if after.iter().any(|&serial| others.is_live(serial)) {
                    return Ok(Progress::Some);
                }
                for (offset, knowledge) in mbarriers {
                    room.mbarrier(*offset, Some((knowledge, false)), |mbarrier| {
                        mbarrier.arrive(1, false, false)
                    })?;
                }
                Ok(Progress::Finished)
            }
        }
    }
}

/// All agents that are not finished, by serial number.
#[derive(Debug, Default)]
pub(crate) struct Agents {
    pub(crate) live: BTreeMap<u64, Agent>,
    next: u64,
    /// Agents that the scheduler has not seen.
    pub(crate) issued: Vec<u64>,
}

impl Agents {
    /// Adds an agent; returns its serial number.
    pub(crate) fn issue(&mut self, agent: Agent) -> u64 {
        let serial = self.next;
        self.next += 1;
        self.live.insert(serial, agent);
        self.issued.push(serial);
        serial
    }

    pub(crate) fn is_live(&self, serial: u64) -> bool {
        self.live.contains_key(&serial)
    }

    /// Whether an agent is complete or, with `read`, at least has read its source.
    pub(crate) fn is_past(&self, serial: u64, read: bool) -> bool {
        match self.live.get(&serial).map(|agent| &agent.work) {
            None => true,
            Some(Work::Transfer(transfer)) => read && transfer.reads_are_done(),
            Some(Work::Arrival { .. }) => false,
        }
    }
}

/// The watch key of the first byte of shared memory of the block in a slot.
pub(crate) fn shared_key(slot: usize) -> u64 {
    window::SHARED_BASE | (slot as u64) << 32
}
