//! The dock: symmetric memory and loaded kernels for rounds of dispatch and combine.

use std::sync::Arc;

use crossdock_device::KernelSet;
use crossdock_device::kernels::combine::code::CombineArguments;
use crossdock_device::kernels::count::code::CountArguments;
use crossdock_device::kernels::dispatch::code::DispatchArguments;
use crossdock_device::kernels::layout::code::LayoutArguments;
use crossdock_device::kernels::signal::code::STATUS_WORDS;
use crossdock_device::layout::code::{Origin, Place, Selection, counter_count, fan_out};
use half::bf16;

use crate::arrived::Arrived;
use crate::buffer::{Buffer, SymmetricBuffer};
use crate::kernel::{Kernel, Launched};
use crate::rank::Rank;
use crate::report::StageReport;
use crate::requirements::check_shape;
use crate::status;
use crate::tokens::{Routing, Tokens};
use crate::{Error, Result, Shape};

/// Tokens that one block of `count` and `layout` takes at least.
const CHUNK_TOKENS: usize = 8;

/// How large a round may be. Equal on all ranks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    tokens: usize,
}

impl Capacity {
    /// Up to `tokens` tokens per rank and round. Room is made for the worst case, in which every token of every rank
    /// goes to this rank: `ranks * tokens` rows.
    pub const fn tokens(tokens: usize) -> Capacity {
        Capacity { tokens }
    }
}

/// Where tokens are unloaded and loaded again: opened once by [`Rank::dock`], used for any number of rounds.
///
/// A round is [`dispatch`](Self::dispatch), the experts, and [`Arrived::combine`]. All ranks run the same rounds.
#[derive(Debug)]
pub struct Dock {
    pub(crate) rank: Rank,
    pub(crate) shape: Shape,
    capacity: Capacity,
    kernels: Loaded,
    pub(crate) memory: Memory,
    /// Rounds begun; flags hold the round in which their rank last reached the stage.
    round: u32,
    /// What made the dock unusable: after a failed round, flags and counters are not what the next one expects.
    broken: Option<Error>,
}

#[derive(Debug)]
struct Loaded {
    count: Kernel<CountArguments>,
    layout: Kernel<LayoutArguments>,
    dispatch: Kernel<DispatchArguments>,
    combine: Kernel<CombineArguments>,
}

/// Device memory of a dock. Shapes are in the kernels' parameter lists.
#[derive(Debug)]
pub(crate) struct Memory {
    // What the rank brings.
    rows: Buffer<u8>,
    scales: Buffer<f32>,
    experts: Buffer<i32>,
    weights: Buffer<f32>,
    // What it computes about them.
    chunk_counts: Buffer<u32>,
    places: Buffer<Place>,
    pub(crate) source_offsets: Buffer<u32>,
    pub(crate) expert_offsets: Buffer<u32>,
    /// Finished blocks, one counter per kernel that counts them.
    finished: Buffer<u32>,
    status: Buffer<u32>,
    // What peers write.
    matrix: SymmetricBuffer<u32>,
    counted: SymmetricBuffer<u32>,
    arrived: SymmetricBuffer<u32>,
    combined: SymmetricBuffer<u32>,
    pub(crate) arrived_rows: SymmetricBuffer<u8>,
    pub(crate) arrived_scales: SymmetricBuffer<f32>,
    pub(crate) selections: SymmetricBuffer<Selection>,
    pub(crate) origins: SymmetricBuffer<Origin>,
    pub(crate) expert_rows: SymmetricBuffer<u32>,
    partials: SymmetricBuffer<bf16>,
    // What comes out.
    pub(crate) results: Buffer<bf16>,
}

impl Dock {
    pub(crate) fn open(rank: &Rank, set: Arc<KernelSet>, capacity: Capacity) -> Result<Dock> {
        let shape = set.shape;
        check_shape(&shape, rank.topology().ranks())?;
        // Indices of tokens, places and rows are 32 bits in the kernels.
        let most = u64::from(u32::MAX) / (rank.topology().ranks() as u64 * u64::from(shape.top_k));
        if capacity.tokens as u64 > most {
            let value = capacity.tokens as u64;
            return Err(Error::OutOfRange { parameter: "Capacity::tokens", value, least: 0, most });
        }
        let purpose = format!(
            "opening a dock for hidden {}, top-k {}, {} experts, {} and {} tokens",
            shape.hidden, shape.top_k, shape.experts, shape.wire, capacity.tokens
        );
        rank.backend().gather(rank.index(), &purpose, Vec::new())?;
        let kernels = Loaded {
            count: rank.kernel(&set.count)?,
            layout: rank.kernel(&set.layout)?,
            dispatch: rank.kernel(&set.dispatch)?,
            combine: rank.kernel(&set.combine)?,
        };
        let memory = Memory::new(rank, &shape, capacity)?;
        Ok(Dock { rank: rank.clone(), shape, capacity, kernels, memory, round: 0, broken: None })
    }

    /// What the kernels were specialised for.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The rank that this end of the dock belongs to.
    pub fn rank(&self) -> &Rank {
        &self.rank
    }

    /// Sends this rank's tokens to the ranks of their experts and waits until everybody's have arrived here.
    /// Collective: all ranks dispatch, each with as many tokens as it has, 0 included.
    ///
    /// The result borrows the dock, so the next round cannot begin while arrivals are in use.
    ///
    /// # Errors
    /// When slices have the wrong length or format, a route names no expert, there are more tokens than the capacity,
    /// a peer is late or fails, or an earlier round failed.
    pub fn dispatch(&mut self, tokens: &Tokens<'_>, routing: &Routing<'_>) -> Result<Arrived<'_>> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let index = self.rank.index();
        let count = routing.check(index, &self.shape)?;
        tokens.check(index, &self.shape, count)?;
        if count > self.capacity.tokens {
            return Err(Error::OverCapacity { rank: index, tokens: count, capacity: self.capacity.tokens });
        }
        self.memory.rows.write(0, tokens.bytes())?;
        self.memory.scales.write(0, tokens.scales())?;
        self.memory.experts.write(0, routing.experts)?;
        self.memory.weights.write(0, routing.weights)?;
        self.round += 1;
        let (source_offsets, expert_offsets, report) = self.exchange(count).inspect_err(|error| {
            self.broken = Some(error.clone());
        })?;
        Ok(Arrived::new(self, count, source_offsets, expert_offsets, report))
    }

    /// Runs the kernels of dispatch for `tokens` tokens that are in place.
    fn exchange(&self, tokens: usize) -> Result<(Vec<u32>, Vec<u32>, StageReport)> {
        let memory = &self.memory;
        let ranks = self.rank.topology().ranks();
        let (chunk_tokens, chunks) = self.chunks(tokens);
        let (rank, rank_count, token_count) = (self.rank.index() as u32, ranks as u32, tokens as u32);
        let (epoch, deadline) = (self.round, self.deadline());
        let launches = vec![
            self.kernels.count.launch(
                chunks,
                &CountArguments {
                    experts: memory.experts.global(),
                    tokens: token_count,
                    chunk_tokens,
                    chunk_counts: memory.chunk_counts.global(),
                    finished: memory.finished_blocks(0),
                    matrix: memory.matrix.peers(),
                    counted: memory.counted.peers(),
                    rank,
                    ranks: rank_count,
                    epoch,
                    status: memory.status.global(),
                },
            )?,
            self.kernels.layout.launch(
                chunks,
                &LayoutArguments {
                    experts: memory.experts.global(),
                    tokens: token_count,
                    chunk_tokens,
                    chunk_counts: memory.chunk_counts.global(),
                    matrix: memory.matrix.here().global(),
                    counted: memory.counted.here().global(),
                    places: memory.places.global(),
                    source_offsets: memory.source_offsets.global(),
                    expert_offsets: memory.expert_offsets.global(),
                    rank,
                    ranks: rank_count,
                    epoch,
                    deadline,
                    status: memory.status.global(),
                },
            )?,
            self.kernels.dispatch.launch(
                self.blocks(tokens, self.kernels.dispatch.warps()),
                &DispatchArguments {
                    rows: memory.rows.global(),
                    scales: memory.scales.global(),
                    weights: memory.weights.global(),
                    places: memory.places.global(),
                    tokens: token_count,
                    arrived_rows: memory.arrived_rows.peers(),
                    arrived_scales: memory.arrived_scales.peers(),
                    selections: memory.selections.peers(),
                    origins: memory.origins.peers(),
                    expert_rows: memory.expert_rows.peers(),
                    arrived: memory.arrived.peers(),
                    arrived_here: memory.arrived.here().global(),
                    finished: memory.finished_blocks(1),
                    rank,
                    ranks: rank_count,
                    epoch,
                    deadline,
                    status: memory.status.global(),
                },
            )?,
        ];
        let report = self.finish(launches)?;
        let source_offsets = memory.source_offsets.read(0..ranks + 1)?;
        let expert_offsets = memory.expert_offsets.read(0..memory.expert_offsets.len())?;
        self.room("rows", &source_offsets, memory.origins.here().len())?;
        self.room("expert slots", &expert_offsets, memory.expert_rows.here().len())?;
        Ok((source_offsets, expert_offsets, report))
    }

    /// Returns `outputs`, one bf16 row per slot, to the tokens they belong to: the results, and what it took.
    pub(crate) fn combine(
        &mut self,
        outputs: &Buffer<bf16>,
        tokens: usize,
        arrived: usize,
    ) -> Result<(Vec<bf16>, StageReport)> {
        let outcome = self.send_home(outputs, tokens, arrived);
        outcome.inspect_err(|error| self.broken = Some(error.clone()))
    }

    fn send_home(
        &self,
        outputs: &Buffer<bf16>,
        tokens: usize,
        arrived: usize,
    ) -> Result<(Vec<bf16>, StageReport)> {
        let memory = &self.memory;
        let blocks = self.blocks(tokens.max(arrived), self.kernels.combine.warps());
        let launch = self.kernels.combine.launch(
            blocks,
            &CombineArguments {
                outputs: outputs.global(),
                selections: memory.selections.here().global(),
                origins: memory.origins.here().global(),
                source_offsets: memory.source_offsets.global(),
                places: memory.places.global(),
                tokens: tokens as u32,
                partials: memory.partials.peers(),
                partials_here: memory.partials.here().global(),
                results: memory.results.global(),
                combined: memory.combined.peers(),
                combined_here: memory.combined.here().global(),
                finished: memory.finished_blocks(2),
                rank: self.rank.index() as u32,
                ranks: self.rank.topology().ranks() as u32,
                epoch: self.round,
                deadline: self.deadline(),
                status: memory.status.global(),
            },
        )?;
        let report = self.finish(vec![launch])?;
        Ok((memory.results.read(0..tokens * self.shape.hidden as usize)?, report))
    }

    /// Waits for the launches and looks at the status record.
    fn finish(&self, launches: Vec<Launched>) -> Result<StageReport> {
        self.rank.synchronise()?;
        let words = self.memory.status.read(0..self.memory.status.len())?;
        status::check(&self.rank, &words, self.shape.top_k, self.shape.experts)?;
        Ok(StageReport { launches: launches.into_iter().map(Launched::report).collect() })
    }

    /// How `count` and `layout` divide the tokens: tokens per block, and blocks.
    fn chunks(&self, tokens: usize) -> (u32, u32) {
        let most = self.rank.backend().multiprocessors() as usize;
        let chunk = tokens.div_ceil(most).max(CHUNK_TOKENS);
        (chunk as u32, tokens.div_ceil(chunk).max(1) as u32)
    }

    /// Blocks for `warps` warps each and one warp per row, all resident at once.
    fn blocks(&self, rows: usize, warps: u32) -> u32 {
        let most = self.rank.backend().multiprocessors() as usize;
        rows.div_ceil(warps.max(1) as usize).clamp(1, most) as u32
    }

    fn deadline(&self) -> u64 {
        u64::try_from(self.rank.deadline().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Refuses counts that no round within capacity can have, before they are used as lengths.
    fn room(&self, what: &'static str, offsets: &[u32], most: usize) -> Result<()> {
        let found = offsets.iter().copied().max().unwrap_or(0) as usize;
        if found <= most {
            Ok(())
        } else {
            Err(Error::Overflow { rank: self.rank.index(), what, found, most })
        }
    }
}

impl Memory {
    fn new(rank: &Rank, shape: &Shape, capacity: Capacity) -> Result<Memory> {
        let ranks = rank.topology().ranks();
        let tokens = capacity.tokens;
        let (hidden, top_k, experts) = (shape.hidden as usize, shape.top_k as usize, shape.experts as usize);
        let (row_bytes, scale_count) = (shape.row_bytes() as usize, shape.scale_count() as usize);
        let counters = counter_count(ranks as u32, shape.experts) as usize;
        let chunks = tokens.div_ceil(CHUNK_TOKENS).clamp(1, rank.backend().multiprocessors() as usize);
        let fan_out = fan_out(ranks as u32, shape.top_k) as usize;
        let arrivals = ranks * tokens;
        let memory = Memory {
            rows: rank.buffer(tokens * row_bytes)?,
            scales: rank.buffer(tokens * scale_count)?,
            experts: rank.buffer(tokens * top_k)?,
            weights: rank.buffer(tokens * top_k)?,
            chunk_counts: rank.buffer(chunks * counters)?,
            places: rank.buffer(tokens * top_k)?,
            source_offsets: rank.buffer(ranks + 1)?,
            expert_offsets: rank.buffer(experts / ranks + 1)?,
            finished: rank.buffer(3)?,
            status: rank.buffer(STATUS_WORDS as usize)?,
            matrix: rank.symmetric_buffer(ranks * counters)?,
            counted: rank.symmetric_buffer(ranks)?,
            arrived: rank.symmetric_buffer(ranks)?,
            combined: rank.symmetric_buffer(ranks)?,
            arrived_rows: SymmetricBuffer::new(rank, arrivals * row_bytes, false)?,
            arrived_scales: SymmetricBuffer::new(rank, arrivals * scale_count, false)?,
            selections: SymmetricBuffer::new(rank, arrivals * top_k, false)?,
            origins: SymmetricBuffer::new(rank, arrivals, false)?,
            expert_rows: SymmetricBuffer::new(rank, arrivals * top_k, false)?,
            partials: SymmetricBuffer::new(rank, tokens * fan_out * hidden, false)?,
            results: rank.buffer(tokens * hidden)?,
        };
        memory.finished.clear()?;
        memory.status.clear()?;
        Ok(memory)
    }

    /// The counter of finished blocks of one kernel.
    fn finished_blocks(&self, kernel: u64) -> crossdock_device::intrinsics::Global<u32> {
        crossdock_device::intrinsics::Global::from_address(self.finished.address() + 4 * kernel)
    }
}
