//! The device memory of a dock. Shapes are in the kernels' parameter lists.

use crossdock_device::Shape;
use crossdock_device::intrinsics::Global;
use crossdock_device::kernels::records::code::Arrivals;
use crossdock_device::layout::code::{Origin, Selection, counter_count, fan_out};
use half::bf16;

use crate::Result;
use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;
use crate::gpu::symmetric::SymmetricBuffer;
use crate::round::capacity::ResolvedCapacity;

/// Tokens that one block of `count` and `layout` takes at least.
pub(crate) const CHUNK_TOKENS: usize = 8;

/// What every round of a dock uses again. What differs from round to round is in
/// [`Plan`](crate::round::plan::Plan).
#[derive(Debug)]
pub(crate) struct Memory {
    // What the rank brings.
    pub(crate) rows: Buffer<u8>,
    pub(crate) sides: Buffer<u8>,
    // Between the kernels of one rank.
    pub(crate) chunk_counts: Buffer<u32>,
    /// Finished blocks, one counter per kernel that counts them.
    finished: Buffer<u32>,
    // What peers write.
    pub(crate) matrix: SymmetricBuffer<u32>,
    pub(crate) arrived_rows: SymmetricBuffer<u8>,
    pub(crate) arrived_sides: SymmetricBuffer<u8>,
    pub(crate) selections: SymmetricBuffer<Selection>,
    pub(crate) origins: SymmetricBuffer<Origin>,
    pub(crate) expert_rows: SymmetricBuffer<u32>,
    pub(crate) partials: SymmetricBuffer<bf16>,
    pub(crate) values: SymmetricBuffer<f32>,
    // What comes out: bf16 or f32.
    pub(crate) results: Buffer<u8>,
}

/// The kernels that count their finished blocks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counting {
    Count,
    Dispatch,
    Combine,
}

impl Memory {
    pub(crate) fn new(rank: &Rank, shape: &Shape, capacity: &ResolvedCapacity) -> Result<Memory> {
        let ranks = rank.topology().ranks();
        let ResolvedCapacity { tokens, rows, slots, .. } = *capacity;
        let (hidden, top_k) = (shape.hidden as usize, shape.top_k as usize);
        let (row_bytes, side_bytes) = (shape.row_bytes() as usize, shape.side_bytes() as usize);
        let counters = counter_count(ranks as u32, shape.experts) as usize;
        let chunks = tokens.div_ceil(CHUNK_TOKENS).clamp(1, rank.backend().multiprocessors() as usize);
        let fan_out = fan_out(ranks as u32, shape.top_k) as usize;
        let memory = Memory {
            rows: rank.buffer(tokens * shape.source_row_bytes() as usize)?,
            sides: rank.buffer(tokens * side_bytes)?,
            chunk_counts: rank.buffer(chunks * counters)?,
            finished: rank.buffer(3)?,
            matrix: rank.symmetric_buffer(ranks * counters)?,
            arrived_rows: SymmetricBuffer::new(rank, capacity.arrivals() * row_bytes, false)?,
            arrived_sides: SymmetricBuffer::new(rank, capacity.arrivals() * side_bytes, false)?,
            selections: SymmetricBuffer::new(rank, rows * top_k, false)?,
            origins: SymmetricBuffer::new(rank, rows, false)?,
            expert_rows: SymmetricBuffer::new(rank, slots, false)?,
            partials: SymmetricBuffer::new(rank, tokens * fan_out * hidden, false)?,
            values: SymmetricBuffer::new(rank, tokens * top_k, false)?,
            results: rank.buffer(tokens * hidden * size_of::<f32>())?,
        };
        memory.clear_counters()?;
        Ok(memory)
    }

    /// Where rows arrive, with what belongs to them. With a fixed shape, what is beyond the
    /// arrivals is said to be none, as far as there is room.
    pub(crate) fn arrivals(&self, fixed: Option<&ResolvedCapacity>) -> Arrivals {
        Arrivals {
            rows: self.arrived_rows.symmetric(),
            sides: self.arrived_sides.symmetric(),
            selections: self.selections.symmetric(),
            origins: self.origins.symmetric(),
            expert_rows: self.expert_rows.symmetric(),
            rows_to_fill: fixed.map_or(0, |capacity| capacity.rows as u32),
            slots_to_fill: fixed.map_or(0, |capacity| capacity.slots as u32),
        }
    }

    /// The counter of finished blocks of one kernel.
    pub(crate) fn finished_blocks(&self, kernel: Counting) -> Global<u32> {
        Global::from_address(self.finished.address() + 4 * kernel as u64)
    }

    /// Forgets a round that failed: counters as before the first.
    pub(crate) fn clear_counters(&self) -> Result<()> {
        self.finished.clear()
    }
}
