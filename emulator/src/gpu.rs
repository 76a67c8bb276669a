//! What a virtual GPU has room for: blocks are resident only while a streaming multiprocessor holds
//! them.

/// Limits of one streaming multiprocessor (those of compute capability 9.0).
pub(crate) mod limits {
    /// Threads.
    pub(crate) const THREADS: u32 = 2048;
    /// Blocks.
    pub(crate) const BLOCKS: u32 = 32;
    /// Bytes of shared memory, of which every block costs 1024 besides its own.
    pub(crate) const SHARED: u32 = 228 << 10;
    /// What every block costs.
    pub(crate) const SHARED_RESERVED: u32 = 1 << 10;
    /// Bytes of shared memory of one block.
    pub(crate) const SHARED_PER_BLOCK: u32 = 227 << 10;
    /// Threads of one block.
    pub(crate) const THREADS_PER_BLOCK: u64 = 1024;
    /// Threads of one block along z.
    pub(crate) const THREADS_ALONG_Z: u32 = 64;
    /// Multiprocessors of a graphics processing cluster, which blocks of a cluster share (18 of an
    /// H100, some of them off).
    pub(crate) const MULTIPROCESSORS_PER_GPC: usize = 16;
}

/// What runs on one streaming multiprocessor.
#[derive(Clone, Debug, Default)]
struct Multiprocessor {
    threads: u32,
    blocks: u32,
    shared: u32,
}

/// The streaming multiprocessors of one GPU.
#[derive(Clone, Debug)]
pub(crate) struct Gpu {
    multiprocessors: Vec<Multiprocessor>,
}

/// What a block takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    threads: u32,
    shared: u32,
}

impl Demand {
    pub(crate) fn new(threads: u32, shared: u32) -> Demand {
        Demand { threads: threads.next_multiple_of(32), shared: shared + limits::SHARED_RESERVED }
    }
}

impl Gpu {
    pub(crate) fn new(multiprocessors: u32) -> Gpu {
        Gpu { multiprocessors: vec![Multiprocessor::default(); multiprocessors as usize] }
    }

    /// Takes room for blocks that run together, on the least loaded multiprocessors that have it.
    /// Several must be of one graphics processing cluster.
    pub(crate) fn place(&mut self, demand: Demand, blocks: u32) -> Option<Vec<usize>> {
        let together = if blocks == 1 { self.multiprocessors.len() } else { limits::MULTIPROCESSORS_PER_GPC };
        for (number, group) in self.multiprocessors.chunks_mut(together.max(1)).enumerate() {
            let mut trial = group.to_vec();
            let chosen: Option<Vec<usize>> = (0..blocks).map(|_| place_one(&mut trial, demand)).collect();
            if let Some(chosen) = chosen {
                group.clone_from_slice(&trial);
                return Some(chosen.into_iter().map(|index| number * together + index).collect());
            }
        }
        None
    }

    /// Gives the room of a block back.
    pub(crate) fn release(&mut self, index: usize, demand: Demand) {
        let sm = &mut self.multiprocessors[index];
        sm.threads -= demand.threads;
        sm.blocks -= 1;
        sm.shared -= demand.shared;
    }

    pub(crate) fn count(&self) -> u32 {
        self.multiprocessors.len() as u32
    }
}

fn place_one(multiprocessors: &mut [Multiprocessor], demand: Demand) -> Option<usize> {
    let (index, chosen) = multiprocessors
        .iter_mut()
        .enumerate()
        .filter(|(_, sm)| {
            sm.threads + demand.threads <= limits::THREADS
                && sm.blocks < limits::BLOCKS
                && sm.shared + demand.shared <= limits::SHARED
        })
        .min_by_key(|(_, sm)| sm.threads)?;
    chosen.threads += demand.threads;
    chosen.blocks += 1;
    chosen.shared += demand.shared;
    Some(index)
}
