//! Combine: what it takes, what it may do besides, and what comes home.

use crossdock_device::Shape;
use crossdock_device::intrinsics::Global;
use crossdock_device::kernels::combine::code::CombineArguments;
use crossdock_device::kernels::records::code as records;
use crossdock_device::layout::code::{Origin, Selection};
use crossdock_device::library::code::B128;
use half::bf16;

use crate::gpu::buffer::Buffer;
use crate::gpu::kernel::Launched;
use crate::gpu::rank::Rank;
use crate::gpu::slice::{DeviceSlice, DeviceSliceMut};
use crate::plain::Plain;
use crate::report::StageReport;
use crate::round::call::Call;
use crate::round::dock::Dock;
use crate::round::launches::Launches;
use crate::round::lengths::{at_least, length};
use crate::round::memory::Counting;
use crate::round::outputs::Outputs;
use crate::round::plan::{Counts, Plan};
use crate::{Error, Result};

/// What a combine sums, and how. The plain `Combine::of_slots(&outputs)` is the weighted sum of the
/// experts' outputs in bf16.
///
/// A token's result is the sum over its selections of weight times output, in f32 and in a fixed
/// order: first, in order of top-k, over the experts of each rank, rounded to bf16 to travel, then
/// over ranks in the order in which the token first names them, from the sum of the biases.
#[derive(Clone, Copy, Debug)]
pub struct Combine<'a, T = bf16> {
    outputs: Outputs<'a>,
    by_row: bool,
    weighted: bool,
    biases: [Option<Outputs<'a>>; 2],
    values: Option<&'a Buffer<f32>>,
    element: std::marker::PhantomData<T>,
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
    /// `[tokens, hidden]`: for each of the rank's own tokens, the sum of its experts' outputs; the
    /// biases alone, or zeros, for a token without routes. Empty where they were put into device
    /// memory.
    pub rows: Vec<T>,
    /// `[tokens, top_k]`: the values that [`Combine::values`] sent home, 0 where a selection goes
    /// nowhere; empty without.
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

    /// Of one output per arrived row, `[rows, hidden]`, in the order of
    /// [`Arrived::origins`](crate::Arrived::origins): the caller has summed the outputs of a
    /// token's local experts, with their weights if they are to count.
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

    /// Adds a bias, `[tokens, hidden]` in host or device memory, to the rank's own tokens. The
    /// second call adds a second one; a third replaces that.
    pub fn bias(self, bias: impl Into<Outputs<'a>>) -> Self {
        let bias = bias.into();
        let biases = match self.biases {
            [None, _] => [Some(bias), None],
            [first, _] => [first, Some(bias)],
        };
        Combine { biases, ..self }
    }

    /// Sends one f32 per slot, `[slots]`, home to the selection that the slot belongs to: how
    /// gradients of weights return.
    pub fn values(self, values: &'a Buffer<f32>) -> Self {
        Combine { values: Some(values), ..self }
    }

    /// What all ranks must ask for alike. Biases and the type of results are each rank's own
    /// affair.
    pub(crate) fn call(&self) -> Call {
        Call::combine(self.by_row, self.weighted, self.values.is_some())
    }

    /// Whether everything has the length that the round asks for.
    pub(crate) fn check(&self, rank: &Rank, shape: &Shape, counts: &Counts) -> Result<()> {
        let (index, hidden) = (rank.index(), shape.hidden as usize);
        let (expected, rule) = if self.by_row {
            (counts.rows() * hidden, "rows * hidden")
        } else {
            (counts.slots() * hidden, "slots * hidden")
        };
        self.outputs.check(index, "outputs", rule, expected)?;
        for bias in self.biases.into_iter().flatten() {
            bias.check(index, "a bias", "tokens * hidden", counts.tokens * hidden)?;
        }
        match self.values {
            Some(values) if values.len() < counts.slots() => {
                length(index, "values", "slots", (values.len(), counts.slots()))
            }
            _ => Ok(()),
        }
    }

    /// Whether everything is on the device, and long enough for any round that `dock` has room for.
    pub(crate) fn check_enqueued(&self, dock: &Dock, results: &Buffer<T>) -> Result<()> {
        let (rank, capacity, hidden) = (dock.rank.index(), dock.capacity, dock.shape.hidden as usize);
        let host = |given: Option<Outputs<'_>>| matches!(given, Some(Outputs::Host(_)));
        if host(Some(self.outputs)) || self.biases.into_iter().any(host) {
            let what = if host(Some(self.outputs)) { "outputs" } else { "a bias" };
            return Err(Error::NotOnDevice { rank, what });
        }
        let counts = Counts {
            tokens: capacity.tokens,
            source_offsets: vec![capacity.rows as u32],
            expert_offsets: vec![capacity.slots as u32],
            expert_counts: Vec::new(),
        };
        self.check(&dock.rank, &dock.shape, &counts)?;
        let lengths = (results.len(), capacity.tokens * hidden);
        at_least(rank, "results", "at least the capacity in tokens * hidden", lengths)
    }

    /// Launches the kernel after those that were launched before it, and waits for the results,
    /// which it puts at `results`, or in the dock's memory, from which they are fetched.
    pub(crate) fn run(
        &self,
        dock: &Dock,
        metadata: Metadata<'_>,
        plan: &Plan,
        counts: &Counts,
        (call, mut launches): (Call, Launches),
        results: Option<&DeviceSliceMut<'_, T>>,
    ) -> Result<Combined<T>> {
        let (rank, memory) = (&dock.rank, &dock.memory);
        let outputs = self.outputs.upload(rank)?;
        let biases = self.biases.into_iter().flatten().map(|bias| bias.upload(rank));
        let biases = biases.collect::<Result<Vec<_>>>()?;
        let arrays = Arrays {
            outputs: outputs.slice(),
            biases: biases.iter().map(|bias| bias.slice()).collect(),
            token_count: plan.routes().token_count,
            results: results.map_or(memory.results.global(), DeviceSliceMut::global),
        };
        let rows = counts.tokens.max(counts.rows());
        launches.push(self.launch(dock, metadata, plan, &arrays, rows, Some(call))?);
        let report = dock.finish(launches)?;
        let elements = counts.tokens * dock.shape.hidden as usize;
        let rows = if results.is_some() { Vec::new() } else { memory.results.read_as(elements)? };
        let values = match self.values {
            Some(_) => memory.values.here().read(0..counts.tokens * dock.shape.top_k as usize)?,
            None => Vec::new(),
        };
        Ok(Combined { rows, values, report })
    }

    /// Launches the kernel for whatever round comes, into `results`.
    pub(crate) fn enqueue(
        &self,
        dock: &Dock,
        plan: &Plan,
        token_count: Global<u32>,
        results: &Buffer<T>,
    ) -> Result<()> {
        let device = |given: Outputs<'a>| match given {
            Outputs::Device(slice) => Some(slice),
            Outputs::Host(_) => None,
        };
        let missing = Error::NotOnDevice { rank: dock.rank.index(), what: "outputs" };
        let arrays = Arrays {
            outputs: device(self.outputs).ok_or(missing)?,
            biases: self.biases.into_iter().flatten().filter_map(device).collect(),
            token_count,
            results: results.global(),
        };
        let memory = &dock.memory;
        let metadata = Metadata { selections: memory.selections.here(), origins: memory.origins.here() };
        let rows = dock.capacity.tokens.max(dock.capacity.rows);
        self.launch(dock, metadata, plan, &arrays, rows, None).map(|_| ())
    }

    fn launch(
        &self,
        dock: &Dock,
        metadata: Metadata<'_>,
        plan: &Plan,
        arrays: &Arrays<'_>,
        rows: usize,
        waited: Option<Call>,
    ) -> Result<Launched> {
        let memory = &dock.memory;
        // Where there is no bias or value, any address does: the kernel does not look.
        let bias = |index: usize| arrays.biases.get(index).copied().unwrap_or(arrays.outputs).global();
        dock.kernels.combine.start(
            dock.sm_plan().combine.blocks(rows),
            &CombineArguments {
                outputs: records::Outputs {
                    rows: arrays.outputs.global(),
                    by_row: u32::from(self.by_row),
                    weighted: u32::from(self.weighted),
                },
                selections: metadata.selections.global(),
                origins: metadata.origins.global(),
                source_offsets: plan.source_offsets.global(),
                destinations: plan.destinations.global(),
                token_count: arrays.token_count,
                partials: memory.partials.symmetric(),
                values: records::Values {
                    travel: u32::from(self.values.is_some()),
                    slots: self.values.map_or(memory.values.here().global(), Buffer::global),
                    home: memory.values.symmetric(),
                },
                biases: records::Biases {
                    count: arrays.biases.len() as u32,
                    first: bias(0),
                    second: bias(1),
                },
                results: records::Results { rows: arrays.results, wide: u32::from(T::WIDE) },
                finished: memory.finished_blocks(Counting::Combine),
                round: dock.signals.record(waited.unwrap_or(self.call())),
            },
            waited.is_some(),
        )
    }
}

/// The arrays of one launch, all on the device.
struct Arrays<'a> {
    outputs: DeviceSlice<'a, bf16>,
    biases: Vec<DeviceSlice<'a, bf16>>,
    token_count: Global<u32>,
    results: Global<B128>,
}

/// Where the arrived rows of a round came from: in the dock, or kept in a handle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Metadata<'a> {
    pub(crate) selections: &'a Buffer<Selection>,
    pub(crate) origins: &'a Buffer<Origin>,
}
