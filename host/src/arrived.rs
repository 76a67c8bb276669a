//! What arrived at a rank: a view of the dock's memory that ends in combine.

use std::ops::Range;

use crossdock_device::layout::code::{Origin, Selection};
use half::bf16;

use crate::buffer::Buffer;
use crate::dock::Dock;
use crate::quantise;
use crate::report::{RoundReport, StageReport};
use crate::tokens::length;
use crate::{Result, Shape, Wire};

/// The rows that arrived at this rank, until [`combine`](Self::combine) sends the experts' outputs home.
///
/// Rows are grouped by source rank, and inside by token: one row per token that needs this rank. Each row has one or
/// more *slots*, one per selected expert; slots are grouped by local expert, and inside by source rank, token and
/// position in top-k. Methods that copy from the device can fail like any device call.
#[derive(Debug)]
pub struct Arrived<'dock> {
    dock: &'dock mut Dock,
    tokens: usize,
    source_offsets: Vec<u32>,
    expert_offsets: Vec<u32>,
    report: StageReport,
}

/// The end of a round.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined {
    /// `[tokens, hidden]`: for each of the rank's own tokens, the weighted sum of its experts' outputs; zeros for a token
    /// without routes.
    pub rows: Vec<bf16>,
    /// What the round took on this rank.
    pub report: RoundReport,
}

impl<'dock> Arrived<'dock> {
    pub(crate) fn new(
        dock: &'dock mut Dock,
        tokens: usize,
        source_offsets: Vec<u32>,
        expert_offsets: Vec<u32>,
        report: StageReport,
    ) -> Arrived<'dock> {
        Arrived { dock, tokens, source_offsets, expert_offsets, report }
    }

    /// The kernels' shape.
    pub fn shape(&self) -> Shape {
        self.dock.shape
    }

    /// How many rows arrived.
    pub fn row_count(&self) -> usize {
        self.source_offsets.last().map_or(0, |&rows| rows as usize)
    }

    /// How many slots the local experts have together: expert inputs to compute.
    pub fn slot_count(&self) -> usize {
        self.expert_offsets.last().map_or(0, |&slots| slots as usize)
    }

    /// `[ranks + 1]`: the rows of source rank `s` are `source_offsets[s]..source_offsets[s + 1]`.
    pub fn source_offsets(&self) -> &[u32] {
        &self.source_offsets
    }

    /// `[local experts + 1]`: the slots of local expert `e` are `expert_offsets[e]..expert_offsets[e + 1]`.
    pub fn expert_offsets(&self) -> &[u32] {
        &self.expert_offsets
    }

    /// The numbers, among all experts, of this rank's own.
    pub fn local_experts(&self) -> Range<usize> {
        let count = self.expert_offsets.len() - 1;
        let first = self.dock.rank.index() * count;
        first..first + count
    }

    /// `[rows, row bytes]`: the rows as they travelled.
    pub fn rows(&self) -> Result<Vec<u8>> {
        self.dock.memory.arrived_rows.here().read(0..self.row_count() * self.dock.shape.row_bytes() as usize)
    }

    /// `[rows, scales]`: their scales; empty without block scaling.
    pub fn scales(&self) -> Result<Vec<f32>> {
        self.dock
            .memory
            .arrived_scales
            .here()
            .read(0..self.row_count() * self.dock.shape.scale_count() as usize)
    }

    /// `[rows, hidden]`: the rows as experts compute with them. FP8 elements are multiplied by their scale in f32 and
    /// rounded to bf16.
    pub fn bf16_rows(&self) -> Result<Vec<bf16>> {
        match self.dock.shape.wire {
            Wire::Bf16 => {
                let rows = self.rows()?;
                let (pairs, _) = rows.as_chunks::<2>();
                Ok(pairs.iter().map(|&pair| bf16::from_le_bytes(pair)).collect())
            }
            Wire::Fp8 { block } => {
                let hidden = self.dock.shape.hidden as usize;
                let values = quantise::dequantise(&self.rows()?, &self.scales()?, hidden, block as usize)?;
                Ok(values.into_iter().map(bf16::from_f32).collect())
            }
        }
    }

    /// `[slots]`: the row that each slot takes as its input.
    pub fn expert_rows(&self) -> Result<Vec<u32>> {
        self.dock.memory.expert_rows.here().read(0..self.slot_count())
    }

    /// `[rows, top_k]`: for each selection of the row's token, its slot and weight, or that its expert is elsewhere.
    pub fn selections(&self) -> Result<Vec<Selection>> {
        self.dock.memory.selections.here().read(0..self.row_count() * self.dock.shape.top_k as usize)
    }

    /// `[rows]`: where each row came from.
    pub fn origins(&self) -> Result<Vec<Origin>> {
        self.dock.memory.origins.here().read(0..self.row_count())
    }

    /// What dispatch took on this rank.
    pub fn report(&self) -> &StageReport {
        &self.report
    }

    /// Computes every slot on the host: calls `expert(number, input, output)` with the number of the expert among all,
    /// its input row and the output row to fill, both `[hidden]`, in slot order. The result is what
    /// [`combine`](Self::combine) takes.
    ///
    /// # Errors
    /// When rows cannot be copied from the device.
    pub fn apply(&self, mut expert: impl FnMut(usize, &[bf16], &mut [bf16])) -> Result<Vec<bf16>> {
        let hidden = self.dock.shape.hidden as usize;
        let (rows, expert_rows) = (self.bf16_rows()?, self.expert_rows()?);
        let mut outputs = vec![bf16::ZERO; self.slot_count() * hidden];
        for (number, bounds) in self.local_experts().zip(self.expert_offsets.windows(2)) {
            for slot in bounds[0] as usize..bounds[1] as usize {
                let row = expert_rows[slot] as usize;
                expert(number, &rows[row * hidden..][..hidden], &mut outputs[slot * hidden..][..hidden]);
            }
        }
        Ok(outputs)
    }

    /// Sends the experts' outputs, `[slots, hidden]`, back to the tokens they belong to and waits for the sums of this
    /// rank's own tokens. Collective: all ranks combine.
    ///
    /// A token's result is the sum over its selections of weight times output, in f32 and in a fixed order: first, in
    /// order of top-k, over the experts of each rank, rounded to bf16 to travel, then over ranks in the order in which
    /// the token first names them.
    ///
    /// # Errors
    /// When `outputs` has the wrong length, a peer is late or fails, or memory is short.
    pub fn combine(self, outputs: &[bf16]) -> Result<Combined> {
        let expected = self.slot_count() * self.dock.shape.hidden as usize;
        let index = self.dock.rank.index();
        length(index, "outputs", "slots * hidden", (outputs.len(), expected))?;
        let buffer = self.dock.rank.buffer(outputs.len())?;
        buffer.write(0, outputs)?;
        self.combine_from(&buffer)
    }

    /// [`combine`](Self::combine) with outputs that are in device memory already, written by launches on this rank.
    ///
    /// # Errors
    /// As for [`combine`](Self::combine); the buffer may be longer than needed.
    pub fn combine_from(self, outputs: &Buffer<bf16>) -> Result<Combined> {
        let expected = self.slot_count() * self.dock.shape.hidden as usize;
        let index = self.dock.rank.index();
        length(index, "outputs", "at least slots * hidden", (outputs.len().min(expected), expected))?;
        let arrived = self.row_count();
        let (rows, combine) = self.dock.combine(outputs, self.tokens, arrived)?;
        Ok(Combined { rows, report: RoundReport { dispatch: self.report, combine } })
    }
}
