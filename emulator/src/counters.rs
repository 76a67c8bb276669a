//! Counts the bytes of warp-level requests (the rule is in [`crate::report`]).

use crate::memory::window;
use crate::report::{Link, Traffic};

/// Bytes moved by one launch, by the GPU that owns the memory.
#[derive(Clone, Debug)]
pub(crate) struct Counters {
    pub(crate) warp_instructions: u64,
    links: Vec<Link>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
    Both,
}

impl Counters {
    pub(crate) fn new(gpus: usize) -> Counters {
        Counters { warp_instructions: 0, links: vec![Link::default(); gpus] }
    }

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

    /// Counts the distinct bytes of the lanes of `mask`, which all access global memory.
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
        let mut end = 0;
        for &address in sorted.iter() {
            let fresh = (address + bytes).saturating_sub(end.max(address));
            end = address + bytes;
            self.add(direction, window::owner(address), fresh);
        }
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
}
