//! A thread block cluster: blocks that are resident together and reach each other's shared memory
//! (PTX ISA section 2.2.2). A block that was not launched in a cluster is one by itself.
//!
//! The shared memory of all blocks is one region, that of each rank after the one before. A shared
//! address names a rank in its bits from 24 up, plus one, so that addresses without a rank are
//! those of the block itself.

use std::collections::BTreeMap;

use crate::code::RESERVED_SHARED;
use crate::consistency::{Knowledge, Phases, Shadow};
use crate::mbarrier::{Mbarrier, Mbarriers};
use crate::memory::Region;

/// Blocks of a cluster, at most: what hardware allows a kernel that asks for more than the portable
/// eight.
pub(crate) const MOST_BLOCKS: u32 = 16;
/// The first bit of the rank in a shared address.
pub(crate) const RANK_SHIFT: u32 = 24;
const OFFSET_BITS: u64 = (1 << RANK_SHIFT) - 1;

/// Blocks that are resident together.
#[derive(Debug)]
pub(crate) struct Cluster {
    /// Different for every cluster of a machine.
    pub(crate) number: u64,
    /// Blocks (slots) by rank; `None` once they have exited.
    pub(crate) blocks: Vec<Option<usize>>,
    /// Bytes of shared memory of a block.
    pub(crate) extent: usize,
    /// From where a block's shared memory begins to where the next one's does.
    stride: usize,
    pub(crate) shared: Region,
    /// Who accessed shared memory.
    pub(crate) shadow: Shadow,
    pub(crate) mbarriers: Mbarriers,
    /// What mbarriers make known, by offset, if checks are on.
    pub(crate) phases: BTreeMap<u32, Phases>,
    pub(crate) barrier: ClusterBarrier,
}

/// The barrier of a cluster: `barrier.cluster` (PTX ISA section 9.7.13.4).
#[derive(Clone, Debug, Default)]
pub(crate) struct ClusterBarrier {
    /// Phases that are complete.
    pub(crate) phase: u32,
    /// Threads that arrived in the current one, and those that have not exited.
    pub(crate) arrived: u32,
    pub(crate) alive: u32,
    /// What those who arrived know, in the current phase and in the last one.
    knowledge: Knowledge,
    pub(crate) complete: Knowledge,
    /// A phase was completed, and those who wait for it were not woken.
    pub(crate) completed: bool,
}

impl ClusterBarrier {
    /// Threads arrive, and publish what they know.
    pub(crate) fn arrive(&mut self, threads: u32, knowledge: Option<&Knowledge>) {
        self.arrived += threads;
        if let Some(knowledge) = knowledge {
            self.knowledge.join(knowledge);
        }
        self.advance();
    }

    /// Threads exit, of which some had arrived in the current phase.
    pub(crate) fn exit(&mut self, threads: u32, arrived: u32) {
        self.alive -= threads;
        self.arrived -= arrived;
        self.advance();
    }

    fn advance(&mut self) {
        if self.arrived > 0 && self.arrived == self.alive {
            self.phase += 1;
            self.arrived = 0;
            self.complete = std::mem::take(&mut self.knowledge);
            self.completed = true;
        }
    }
}

/// Why a shared address cannot be accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    Outside,
    /// The block of that rank has exited.
    Exited,
}

impl Cluster {
    /// A cluster of blocks that have so many threads and bytes of shared memory.
    pub(crate) fn new(number: u64, blocks: Vec<usize>, threads: u32, extent: u32) -> Cluster {
        let extent = extent as usize;
        let stride = extent.next_multiple_of(1024);
        let bytes = if blocks.len() == 1 { extent } else { stride * blocks.len() };
        let barrier = ClusterBarrier { alive: threads * blocks.len() as u32, ..ClusterBarrier::default() };
        Cluster {
            number,
            blocks: blocks.into_iter().map(Some).collect(),
            extent,
            stride,
            shared: Region::new(bytes),
            shadow: Shadow::default(),
            mbarriers: Mbarriers::default(),
            phases: BTreeMap::new(),
            barrier,
        }
    }

    /// Zeroes the part at `offset` of every block's shared memory that the system reserves: kernels
    /// do not initialise it.
    pub(crate) fn initialise_reserved(&mut self, offset: u32) {
        for rank in 0..self.blocks.len() {
            self.shared.bytes_mut(rank * self.stride + offset as usize, RESERVED_SHARED as usize).fill(0);
        }
    }

    /// The rank that a shared address of the block of rank `own` names.
    pub(crate) fn rank(own: u32, address: u64) -> u64 {
        (address >> RANK_SHIFT).checked_sub(1).unwrap_or(own.into())
    }

    /// Where in the region `bytes` at a shared address are, for the block of rank `own`.
    #[inline(always)]
    pub(crate) fn place(&self, own: u32, address: u64, bytes: u64) -> Result<usize, Unreachable> {
        let (rank, offset) = (Cluster::rank(own, address), address & OFFSET_BITS);
        if rank >= self.blocks.len() as u64 || offset + bytes > self.extent as u64 {
            return Err(Unreachable::Outside);
        }
        if self.blocks[rank as usize].is_none() {
            return Err(Unreachable::Exited);
        }
        Ok(rank as usize * self.stride + offset as usize)
    }

    /// The rank whose shared memory holds an offset of the region.
    pub(crate) fn owner(&self, offset: usize) -> u32 {
        if self.blocks.len() == 1 { 0 } else { (offset / self.stride) as u32 }
    }

    /// The same place, an offset of the region, in the shared memory of the block of rank `rank`.
    pub(crate) fn counterpart(&self, rank: u32, offset: u32) -> Result<u32, Unreachable> {
        match self.blocks.get(rank as usize) {
            None => Err(Unreachable::Outside),
            Some(None) => Err(Unreachable::Exited),
            Some(Some(_)) => Ok((rank as usize * self.stride + offset as usize % self.stride) as u32),
        }
    }

    /// A shared address in words, for the block of rank `own`.
    pub(crate) fn describe_address(&self, own: u32, address: u64) -> String {
        let (rank, offset) = (Cluster::rank(own, address), address & OFFSET_BITS);
        let size = self.extent;
        if address >> RANK_SHIFT == 0 || self.blocks.len() == 1 && rank != 0 {
            return format!("shared memory ({size} bytes) + {address}");
        }
        let exited = match self.blocks.get(rank as usize) {
            Some(Some(_)) => "",
            Some(None) => ", which has exited",
            None => ", which there is not",
        };
        format!("shared memory of the cluster's block {rank}{exited} ({size} bytes) + {offset}")
    }

    /// An offset of the region in words.
    pub(crate) fn describe(&self, offset: usize) -> String {
        let size = self.extent;
        if self.blocks.len() == 1 {
            return format!("shared memory ({size} bytes) + {offset}");
        }
        let (rank, offset) = (self.owner(offset), offset % self.stride);
        format!("shared memory of the cluster's block {rank} ({size} bytes) + {offset}")
    }

    /// Changes an mbarrier and hands what is known by who changes it to those who wait for the
    /// phase. `remote` tells that whoever does is in another block.
    pub(crate) fn update_mbarrier<T>(
        &mut self,
        offset: u32,
        knowledge: Option<(&Knowledge, bool)>,
        change: impl FnOnce(&mut Mbarrier) -> Result<T, String>,
    ) -> Result<T, String> {
        let before = self.mbarriers.get(&self.shared, offset)?.phase();
        let result = self.mbarriers.update(&mut self.shared, offset, change)?;
        if let Some((knowledge, remote)) = knowledge {
            self.phases.entry(offset).or_default().arrive(knowledge, remote);
        }
        if self.mbarriers.get(&self.shared, offset)?.phase() != before
            && let Some(phases) = self.phases.get_mut(&offset)
        {
            phases.advance();
        }
        Ok(result)
    }
}
