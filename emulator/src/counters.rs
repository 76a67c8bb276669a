//! Counts while a launch executes: straight runs of instructions, and the bytes, sectors and banks
//! of warp-level requests (the rules are in [`crate::report`] and [`crate::activity`]).

use crate::activity::{Activity, Requests, SharedRequests, Waits};
use crate::code::Code;
use crate::memory::window;
use crate::report::{Link, Traffic};

/// Bytes of a sector: what memory and caches move at least.
const SECTOR: u64 = 32;
const BANKS: usize = 32;
/// Bytes that all banks deliver in one pass.
const PASS: u64 = 128;

/// What one launch has counted so far.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    /// Runs that begin at an instruction minus runs that end before it: the sum up to an
    /// instruction is how often it was executed, and straight code costs nothing to count.
    runs: Vec<u64>,
    pub(crate) lane_instructions: u64,
    pub(crate) divergent_branches: u64,
    loads: Requests,
    stores: Requests,
    atomics: Requests,
    shared: SharedRequests,
    links: Vec<Link>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
    Both,
}

/// Waits of the warps of a block.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BlockWaits {
    pub(crate) barrier: Waits,
    pub(crate) spin: Waits,
    pub(crate) sleep: Waits,
    pub(crate) copy: Waits,
}

impl Counters {
    pub(crate) fn new(gpus: usize, code: &Code) -> Counters {
        Counters {
            runs: vec![0; code.instructions.len() + 1],
            lane_instructions: 0,
            divergent_branches: 0,
            loads: Requests::default(),
            stores: Requests::default(),
            atomics: Requests::default(),
            shared: SharedRequests::default(),
            links: vec![Link::default(); gpus],
        }
    }

    /// The instructions from `start` up to and without `end` were executed one after the other.
    #[inline(always)]
    pub(crate) fn run(&mut self, start: u32, end: u32) {
        let (start, end) = (start as usize, end as usize);
        self.runs[start] = self.runs[start].wrapping_add(1);
        self.runs[end] = self.runs[end].wrapping_sub(1);
    }

    /// An instruction that lanes waited at was executed for some of them.
    pub(crate) fn released(&mut self, pc: u32, lanes: u32) {
        self.run(pc, pc + 1);
        self.lane_instructions += u64::from(lanes.count_ones());
    }

    fn requests(&mut self, direction: Direction) -> &mut Requests {
        match direction {
            Direction::Read => &mut self.loads,
            Direction::Write => &mut self.stores,
            Direction::Both => &mut self.atomics,
        }
    }

    /// Counts bytes that no warp-level request moved.
    #[inline(always)]
    pub(crate) fn add(&mut self, direction: Direction, owner: usize, bytes: u64) {
        let link = &mut self.links[owner];
        if direction != Direction::Write {
            link.read += bytes;
        }
        if direction != Direction::Read {
            link.written += bytes;
        }
    }

    /// Counts a request for `bytes` bytes that are neighbours.
    #[inline(always)]
    pub(crate) fn add_contiguous(&mut self, direction: Direction, owner: usize, address: u64, bytes: u64) {
        self.add(direction, owner, bytes);
        let requests = self.requests(direction);
        requests.requests += 1;
        requests.sectors += (address + bytes - 1) / SECTOR - address / SECTOR + 1;
    }

    /// Counts the distinct bytes and sectors of the lanes of `mask`, which all access global
    /// memory.
    pub(crate) fn add_lanes(&mut self, direction: Direction, addresses: &[u64; 32], mask: u32, bytes: u64) {
        let mut sorted = [0u64; 32];
        let mut count = 0;
        for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
            sorted[count] = addresses[lane];
            count += 1;
        }
        let sorted = &mut sorted[..count];
        if !sorted.is_sorted() {
            sorted.sort_unstable();
        }
        let (mut end, mut sectors, mut next_sector) = (0, 0, 0);
        for &address in sorted.iter() {
            let fresh = (address + bytes).saturating_sub(end.max(address));
            end = address + bytes;
            self.add(direction, window::owner(address), fresh);
            let after = (end - 1) / SECTOR + 1;
            sectors += after.saturating_sub(next_sector.max(address / SECTOR));
            next_sector = after;
        }
        let requests = self.requests(direction);
        requests.requests += 1;
        requests.sectors += sectors;
    }

    /// Counts a request of the lanes of `mask` to shared memory. Lanes are served in groups of so
    /// many as 128 bytes hold; lanes that want different words of the same bank take turns, and so
    /// do atomics on the same word.
    pub(crate) fn add_shared(&mut self, addresses: &[u64; 32], mask: u32, bytes: u64, atomic: bool) {
        let words = bytes.div_ceil(4);
        let group = (PASS / (4 * words)).clamp(1, 32) as usize;
        let mut conflicts = 0;
        for first in (0..32).step_by(group) {
            let mut wanted = [[0u64; 32]; BANKS];
            let mut counts = [0usize; BANKS];
            for lane in (first..first + group).filter(|lane| mask >> lane & 1 == 1) {
                let start = window::offset(addresses[lane]) / 4;
                for word in start..start + words {
                    let bank = (word % BANKS as u64) as usize;
                    let count = counts[bank];
                    if count < 32 && (atomic || !wanted[bank][..count].contains(&word)) {
                        wanted[bank][count] = word;
                        counts[bank] += 1;
                    }
                }
            }
            let passes = counts.iter().copied().max().unwrap_or(0) as u64;
            conflicts += passes.saturating_sub(1);
        }
        self.shared.requests += 1;
        self.shared.conflicts += conflicts;
    }

    pub(crate) fn traffic(&self, gpu: usize) -> Traffic {
        let mut traffic = Traffic::default();
        for (owner, link) in self.links.iter().enumerate() {
            if owner == gpu {
                traffic.hbm_read = link.read;
                traffic.hbm_written = link.written;
            } else if *link != Link::default() {
                traffic.nvlink.insert((gpu, owner), *link);
            }
        }
        traffic
    }

    /// The bytes moved so far, by the GPU that owns the memory.
    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// What the warps did; waits and residency are known to others.
    pub(crate) fn activity(&self, code: &Code) -> Activity {
        let mut activity = Activity {
            lane_instructions: self.lane_instructions,
            divergent_branches: self.divergent_branches,
            loads: self.loads,
            stores: self.stores,
            atomics: self.atomics,
            shared: self.shared,
            ..Activity::default()
        };
        let mut executed = 0u64;
        for (instruction, change) in code.instructions.iter().zip(&self.runs) {
            executed = executed.wrapping_add(*change);
            activity.instructions.add(instruction.op.class(), executed);
        }
        activity
    }
}
