//! Combine: what it takes, what it may do besides, and what comes home.

use crossdock_device::Shape;
use crossdock_device::kernels::combine::code::CombineArguments;
use crossdock_device::layout::code::{Origin, Selection};
use half::bf16;

use crate::Result;
use crate::buffer::Buffer;
use crate::device_slice::{DeviceSlice, DeviceSliceMut};
use crate::dock::{Dock, blocks};
use crate::kernel::Launches;
use crate::memory::Counting;
use crate::plain::Plain;
use crate::plan::{Counts, Plan};
use crate::rank::Rank;
use crate::report::StageReport;
use crate::tokens::length;

/// What a combine sums, and how. The plain `Combine::of_slots(&outputs)` is the weighted sum of the experts' outputs in bf16.
///
/// A token's result is the sum over its selections of weight times output, in f32 and in a fixed order: first, in
/// order of top-k, over the experts of each rank, rounded to bf16 to travel, then over ranks in the order in which
/// the token first names them, from the sum of the biases.
#[derive(Clone, Copy, Debug)]
pub struct Combine<'a, T = bf16> {
    outputs: Outputs<'a>,
    by_row: bool,
    weighted: bool,
    biases: [Option<&'a [bf16]>; 2],
    values: Option<&'a Buffer<f32>>,
    element: std::marker::PhantomData<T>,
}

/// Where the outputs are.
#[derive(Clone, Copy, Debug)]
pub enum Outputs<'a> {
    /// In host memory, of exactly the right length.
    Host(&'a [bf16]),
    /// In this rank's device memory, written by launches on this rank, or finished; the slice may be longer than needed and begins at
    /// a multiple of 16 bytes.
    Device(DeviceSlice<'a, bf16>),
}

impl<'a> From<&'a [bf16]> for Outputs<'a> {
    fn from(values: &'a [bf16]) -> Self {
        Outputs::Host(values)
    }
}

impl<'a, const N: usize> From<&'a [bf16; N]> for Outputs<'a> {
    fn from(values: &'a [bf16; N]) -> Self {
        Outputs::Host(values)
    }
}

impl<'a> From<&'a Vec<bf16>> for Outputs<'a> {
    fn from(values: &'a Vec<bf16>) -> Self {
        Outputs::Host(values)
    }
}

impl<'a> From<&'a Buffer<bf16>> for Outputs<'a> {
    fn from(buffer: &'a Buffer<bf16>) -> Self {
        Outputs::Device(buffer.into())
    }
}

impl<'a> From<DeviceSlice<'a, bf16>> for Outputs<'a> {
    fn from(slice: DeviceSlice<'a, bf16>) -> Self {
        Outputs::Device(slice)
    }
}

/// The element type of results: bf16 or f32.
pub trait Element: Plain + private::Sealed {
    #[doc(hidden)]
    const WIDE: bool;
}

mod private {
    pub trait Sealed {}
    impl Sealed for half::bf16 {}
    impl Sealed for f32 {}
}

impl Element for bf16 {
    const WIDE: bool = false;
}

impl Element for f32 {
    const WIDE: bool = true;
}

/// What a combine brought home.
#[derive(Clone, Debug, PartialEq)]
pub struct Combined<T = bf16> {
    /// `[tokens, hidden]`: for each of the rank's own tokens, the sum of its experts' outputs; the biases alone, or zeros, for a
    /// token without routes. Empty where they were put into device memory.
    pub rows: Vec<T>,
    /// `[tokens, top_k]`: the values that [`Combine::values`] sent home, 0 where a selection goes nowhere; empty without.
    pub values: Vec<f32>,
    /// What the combine took on this rank.
    pub report: StageReport,
}

impl<'a> Combine<'a> {
    /// Of one output per slot, `[slots, hidden]`; what slots that nobody takes hold is never read.
    pub fn of_slots(outputs: impl Into<Outputs<'a>>) -> Combine<'a> {
        Combine {
            outputs: outputs.into(),
            by_row: false,
            weighted: true,
            biases: [None; 2],
            values: None,
            element: std::marker::PhantomData,
        }
    }

    /// Of one output per arrived row, `[rows, hidden]`, in the order of [`Arrived::origins`](crate::Arrived::origins): the caller has summed
    /// the outputs of a token's local experts, with their weights if they are to count.
    pub fn of_rows(outputs: impl Into<Outputs<'a>>) -> Combine<'a> {
        Combine { by_row: true, weighted: false, ..Combine::of_slots(outputs) }
    }

    /// Results in f32: not rounded at the end.
    pub fn into_f32(self) -> Combine<'a, f32> {
        let Combine { outputs, by_row, weighted, biases, values, .. } = self;
        Combine { outputs, by_row, weighted, biases, values, element: std::marker::PhantomData }
    }
}

impl<'a, T: Element> Combine<'a, T> {
    /// Sums outputs as they are, without the router's weights.
    pub fn unweighted(self) -> Self {
        Combine { weighted: false, ..self }
    }

    /// Adds a bias, `[tokens, hidden]`, to the rank's own tokens. The second call adds a second one; a third replaces that.
    pub fn bias(self, bias: &'a [bf16]) -> Self {
        let biases = match self.biases {
            [None, _] => [Some(bias), None],
            [first, _] => [first, Some(bias)],
        };
        Combine { biases, ..self }
    }

    /// Sends one f32 per slot, `[slots]`, home to the selection that the slot belongs to: how gradients of weights return.
    pub fn values(self, values: &'a Buffer<f32>) -> Self {
        Combine { values: Some(values), ..self }
    }

    /// Whether everything has the length that the round asks for.
    pub(crate) fn check(&self, rank: &Rank, shape: &Shape, counts: &Counts) -> Result<()> {
        let (index, hidden) = (rank.index(), shape.hidden as usize);
        let (expected, rule) = if self.by_row {
            (counts.rows() * hidden, "rows * hidden")
        } else {
            (counts.slots() * hidden, "slots * hidden")
        };
        match self.outputs {
            Outputs::Host(values) => length(index, "outputs", rule, (values.len(), expected))?,
            Outputs::Device(slice) => {
                length(index, "outputs", rule, (slice.len().min(expected), expected))?;
                slice.check_alignment(index, "outputs")?;
            }
        }
        for bias in self.biases.into_iter().flatten() {
            length(index, "a bias", "tokens * hidden", (bias.len(), counts.tokens * hidden))?;
        }
        match self.values {
            Some(values) if values.len() < counts.slots() => {
                length(index, "values", "slots", (values.len(), counts.slots()))
            }
            _ => Ok(()),
        }
    }

    /// Launches the kernel after those that were launched before it, and waits for the results, which it puts at `results`, or in the
    /// dock's memory, from which they are fetched.
    pub(crate) fn run(
        &self,
        dock: &Dock,
        metadata: Metadata<'_>,
        plan: &Plan,
        counts: &Counts,
        mut launches: Launches,
        results: Option<&DeviceSliceMut<'_, T>>,
    ) -> Result<Combined<T>> {
        let (rank, memory) = (&dock.rank, &dock.memory);
        let on_device = |values: &[bf16]| -> Result<Buffer<bf16>> {
            let buffer = rank.buffer(values.len())?;
            buffer.write(0, values)?;
            Ok(buffer)
        };
        let copied;
        let outputs = match self.outputs {
            Outputs::Device(slice) => slice,
            Outputs::Host(values) => {
                copied = on_device(values)?;
                DeviceSlice::from(&copied)
            }
        };
        let biases = self.biases.into_iter().flatten().map(on_device).collect::<Result<Vec<_>>>()?;
        // Where there is no bias or value, any address does: the kernel does not look.
        let bias = |index: usize| biases.get(index).map_or(outputs, DeviceSlice::from).global();
        let blocks = blocks(counts.tokens.max(counts.rows()), dock.allotment().combine);
        launches.push(dock.kernels.combine.launch(
            blocks,
            &CombineArguments {
                outputs: outputs.global(),
                by_row: u32::from(self.by_row),
                weighted: u32::from(self.weighted),
                selections: metadata.selections.global(),
                origins: metadata.origins.global(),
                source_offsets: plan.source_offsets.global(),
                places: plan.places.global(),
                tokens: counts.tokens as u32,
                partials: memory.partials.peers(),
                partials_here: memory.partials.here().global(),
                returns_values: u32::from(self.values.is_some()),
                slot_values: self.values.map_or(memory.values.here().global(), Buffer::global),
                values: memory.values.peers(),
                values_here: memory.values.here().global(),
                bias_count: biases.len() as u32,
                first_bias: bias(0),
                second_bias: bias(1),
                wide: u32::from(T::WIDE),
                results: results.map_or(memory.results.global(), DeviceSliceMut::global),
                combined: memory.combined.peers(),
                combined_here: memory.combined.here().global(),
                finished: memory.finished_blocks(Counting::Combine),
                rank: dock.index(),
                ranks: dock.ranks(),
                epoch: dock.epoch(),
                deadline: dock.deadline(),
                status: memory.status.global(),
            },
        )?);
        let report = dock.finish(launches)?;
        let elements = counts.tokens * dock.shape.hidden as usize;
        let rows = if results.is_some() { Vec::new() } else { memory.results.read_as(elements)? };
        let values = match self.values {
            Some(_) => memory.values.here().read(0..counts.tokens * dock.shape.top_k as usize)?,
            None => Vec::new(),
        };
        Ok(Combined { rows, values, report })
    }
}

/// Where the arrived rows of a round came from: in the dock, or kept in a handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata<'a> {
    pub(crate) selections: &'a Buffer<Selection>,
    pub(crate) origins: &'a Buffer<Origin>,
}
