//! What arrived at a rank: a view of the dock's memory that ends in combine.

use std::ops::Range;
use std::rc::Rc;

use crossdock_device::layout::code::{Origin, Selection};
use half::bf16;

use crate::gpu::slice::{DeviceSlice, DeviceSliceMut};
use crate::quantise;
use crate::report::StageReport;
use crate::round::combine::{Combine, Combined, Element, Metadata};
use crate::round::dock::Dock;
use crate::round::launches::Launches;
use crate::round::lengths::at_least;
use crate::round::outputs::Outputs;
use crate::round::plan::{Counts, Plan};
use crate::round::tokens::side_tensor;
use crate::{Error, Layout, Result, Shape, Wire};

/// The rows that arrived at this rank, until [`combine`](Self::combine) sends the experts' outputs
/// home.
///
/// There is one *row* per token that needs this rank; rows are ordered by source rank, and inside
/// by token. Each row has one or more *slots*, one per selected expert; slots are grouped by local
/// expert, and inside by source rank, token and position in top-k. [`Layout`] says which of the two
/// the rows' memory follows. Methods that copy from the device can fail like any device call.
#[derive(Debug)]
pub struct Arrived<'dock> {
    dock: &'dock mut Dock,
    plan: Rc<Plan>,
    counts: Counts,
    report: StageReport,
}

impl<'dock> Arrived<'dock> {
    pub(crate) fn new(
        dock: &'dock mut Dock,
        plan: Rc<Plan>,
        counts: Counts,
        report: StageReport,
    ) -> Arrived<'dock> {
        Arrived { dock, plan, counts, report }
    }

    pub(crate) fn dock(&self) -> &Dock {
        self.dock
    }

    pub(crate) fn plan(&self) -> &Rc<Plan> {
        &self.plan
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How the rows lie.
    pub fn layout(&self) -> Layout {
        self.dock.capacity.layout
    }

    /// The kernels' shape.
    pub fn shape(&self) -> Shape {
        self.dock.shape
    }

    /// How many rows arrived.
    pub fn row_count(&self) -> usize {
        self.counts.rows()
    }

    /// How many slots the local experts have together, those between and after the used ones
    /// included.
    pub fn slot_count(&self) -> usize {
        self.counts.slots()
    }

    /// `[ranks + 1]`: the rows of source rank `s` are `source_offsets[s]..source_offsets[s + 1]`.
    pub fn source_offsets(&self) -> &[u32] {
        &self.counts.source_offsets
    }

    /// `[local experts + 1]`: the slots of local expert `e` are
    /// `expert_offsets[e]..expert_offsets[e + 1]`.
    pub fn expert_offsets(&self) -> &[u32] {
        &self.counts.expert_offsets
    }

    /// `[local experts]`: how many of each local expert's slots hold a selection: the first ones.
    pub fn expert_counts(&self) -> &[u32] {
        &self.counts.expert_counts
    }

    /// The numbers, among all experts, of this rank's own.
    pub fn local_experts(&self) -> Range<usize> {
        let count = self.counts.expert_counts.len();
        let first = self.dock.rank.index() * count;
        first..first + count
    }

    /// Rows of the memory that holds them: arrived rows, or slots.
    fn stored_rows(&self) -> usize {
        if self.layout().is_by_expert() { self.slot_count() } else { self.row_count() }
    }

    /// `[rows, row bytes]`, or `[slots, row bytes]` where rows lie by expert: the rows as they
    /// travelled.
    pub fn rows(&self) -> Result<Vec<u8>> {
        let memory = self.dock.memory.arrived_rows.here();
        memory.read(0..self.stored_rows() * self.dock.shape.row_bytes() as usize)
    }

    /// [`rows`](Self::rows) where they are: for experts on the GPU.
    pub fn device_rows(&self) -> DeviceSlice<'_, u8> {
        let bytes = self.stored_rows() * self.dock.shape.row_bytes() as usize;
        DeviceSlice::from(self.dock.memory.arrived_rows.here()).first(bytes)
    }

    /// [`side_records`](Self::side_records) where they are.
    pub fn device_side_records(&self) -> DeviceSlice<'_, u8> {
        let bytes = self.stored_rows() * self.dock.shape.side_bytes() as usize;
        DeviceSlice::from(self.dock.memory.arrived_sides.here()).first(bytes)
    }

    /// [`expert_rows`](Self::expert_rows) where they are.
    pub fn device_expert_rows(&self) -> DeviceSlice<'_, u32> {
        DeviceSlice::from(self.dock.memory.expert_rows.here()).first(self.slot_count())
    }

    /// `[rows or slots, side bytes]`: what travelled beside each row: its part of every side
    /// tensor, one after the other, and zeros up to a whole word. The scales of FP8 rows are their
    /// only side tensor.
    pub fn side_records(&self) -> Result<Vec<u8>> {
        let memory = self.dock.memory.arrived_sides.here();
        memory.read(0..self.stored_rows() * self.dock.shape.side_bytes() as usize)
    }

    /// `[rows or slots, bytes]`: the side tensor of that number; empty if there is none.
    pub fn side(&self, number: usize) -> Result<Vec<u8>> {
        Ok(side_tensor(&self.dock.shape, &self.side_records()?, number))
    }

    /// `[rows or slots, scales]`: the values of the scales of FP8 rows; empty for other rows.
    pub fn scales(&self) -> Result<Vec<f32>> {
        Ok(match self.dock.shape.wire {
            Wire::Fp8(fp8) => quantise::scales_of_bytes(fp8.scale, &self.side(0)?),
            Wire::Bf16 | Wire::Opaque(_) => Vec::new(),
        })
    }

    /// `[rows or slots, hidden]`: the rows as experts compute with them. FP8 elements are
    /// multiplied by their scale in f32 and rounded to bf16.
    ///
    /// # Errors
    /// When rows are opaque, or cannot be copied from the device.
    pub fn bf16_rows(&self) -> Result<Vec<bf16>> {
        match self.dock.shape.wire {
            Wire::Bf16 => {
                let rows = self.rows()?;
                let (pairs, _) = rows.as_chunks::<2>();
                Ok(pairs.iter().map(|&pair| bf16::from_le_bytes(pair)).collect())
            }
            Wire::Fp8(fp8) => {
                let hidden = self.dock.shape.hidden as usize;
                let values = quantise::dequantise(&self.rows()?, &self.scales()?, hidden, fp8)?;
                Ok(values.into_iter().map(bf16::from_f32).collect())
            }
            Wire::Opaque(_) => Err(Error::WrongWire {
                rank: self.dock.rank.index(),
                expected: self.dock.shape.wire.to_string(),
                found: "asked for as bf16: decode `rows` and `side` instead",
            }),
        }
    }

    /// `[slots]`: the arrived row that each slot takes as its input; [`NOWHERE`](crate::NOWHERE)
    /// for a slot that nobody takes.
    pub fn expert_rows(&self) -> Result<Vec<u32>> {
        self.dock.memory.expert_rows.here().read(0..self.slot_count())
    }

    /// `[rows, top_k]`: for each selection of the row's token, its slot and weight, or that its
    /// expert is elsewhere.
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

    /// Computes every used slot on the host: calls `expert(number, input, output)` with the number
    /// of the expert among all, its input row and the output row to fill, both `[hidden]`, in slot
    /// order. The result, `[slots, hidden]`, is what [`combine`](Self::combine) takes.
    ///
    /// # Errors
    /// When rows are opaque, or cannot be copied from the device.
    pub fn apply(&self, mut expert: impl FnMut(usize, &[bf16], &mut [bf16])) -> Result<Vec<bf16>> {
        let hidden = self.dock.shape.hidden as usize;
        let (rows, expert_rows) = (self.bf16_rows()?, self.expert_rows()?);
        let mut outputs = vec![bf16::ZERO; self.slot_count() * hidden];
        for (local, number) in self.local_experts().enumerate() {
            let first = self.counts.expert_offsets[local] as usize;
            for slot in first..first + self.counts.expert_counts[local] as usize {
                let row = if self.layout().is_by_expert() { slot } else { expert_rows[slot] as usize };
                expert(number, &rows[row * hidden..][..hidden], &mut outputs[slot * hidden..][..hidden]);
            }
        }
        Ok(outputs)
    }

    /// Sends the experts' outputs, `[slots, hidden]` in host or device memory, back to the tokens
    /// they belong to and waits for the weighted sums of this rank's own tokens. Collective: all
    /// ranks combine. [`combine_with`](Self::combine_with) can do more.
    ///
    /// # Errors
    /// When `outputs` has the wrong length, a peer is late or fails, or memory is short.
    pub fn combine<'a>(self, outputs: impl Into<Outputs<'a>>) -> Result<Combined> {
        self.combine_with(Combine::of_slots(outputs))
    }

    /// Combines as `combine` says. Collective: all ranks combine, of slots or rows, weighted or
    /// not, with values or without; biases and the type of results are each rank's own affair.
    ///
    /// # Errors
    /// When outputs, biases or values have the wrong length, a peer is late or fails, or memory is
    /// short.
    pub fn combine_with<T: Element>(self, combine: Combine<'_, T>) -> Result<Combined<T>> {
        self.run(combine, None)
    }

    /// [`combine_with`](Self::combine_with), with the weighted sums, `[tokens, hidden]`, put into
    /// device memory, which may be longer than needed and begins at a multiple of 16 bytes. Nothing
    /// is copied to the host, and [`Combined::rows`] is empty. Collective.
    ///
    /// # Errors
    /// As for [`combine_with`](Self::combine_with), and when `results` is too short or begins at
    /// another address.
    pub fn combine_into<T: Element>(
        self,
        combine: Combine<'_, T>,
        results: DeviceSliceMut<'_, T>,
    ) -> Result<Combined<T>> {
        let (rank, elements) = (self.dock.rank.index(), self.counts.tokens * self.dock.shape.hidden as usize);
        at_least(rank, "results", "at least tokens * hidden", (results.len(), elements))?;
        results.check_alignment(rank, "results")?;
        self.run(combine, Some(&results))
    }

    fn run<T: Element>(
        self,
        combine: Combine<'_, T>,
        results: Option<&DeviceSliceMut<'_, T>>,
    ) -> Result<Combined<T>> {
        let Arrived { dock, plan, counts, .. } = self;
        combine.check(&dock.rank, &dock.shape, &counts)?;
        dock.step(|dock| {
            let memory = &dock.memory;
            let metadata = Metadata { selections: memory.selections.here(), origins: memory.origins.here() };
            let launches = Launches::begin(&dock.rank)?;
            combine.run(dock, metadata, &plan, &counts, (combine.call(), launches), results)
        })
    }
}
