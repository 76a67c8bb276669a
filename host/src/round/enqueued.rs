//! Rounds that are only enqueued: everything stays on the device, and the host waits for nothing.

use std::rc::Rc;

use crossdock_device::intrinsics::Global;
use crossdock_device::layout::code::{Origin, Selection};

use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;
use crate::round::batch::Batch;
use crate::round::call::Call;
use crate::round::combine::{Combine, Element};
use crate::round::device_tokens::{DeviceRouting, DeviceTokens};
use crate::round::dock::Dock;
use crate::round::plan::Plan;
use crate::{Layout, Result};

/// A dispatch that was enqueued: device memory for the experts, which hold what arrived once the
/// stream has come so far.
///
/// As many rows and slots as the dock has room for; [`expert_offsets`](Self::expert_offsets) and
/// [`expert_counts`](Self::expert_counts), in device memory, say how many there are. A round that
/// failed before it sent has none.
#[derive(Debug)]
pub struct Enqueued<'dock> {
    dock: &'dock mut Dock,
    plan: Rc<Plan>,
    token_count: Global<u32>,
}

impl Dock {
    /// Enqueues a dispatch on the stream of the dock's rank and returns at once: nothing waits for
    /// the host, and the host waits for nothing. Collective, and ranks may mix it with rounds that
    /// are waited for.
    ///
    /// Everything is read when the stream gets there, also the number of tokens, so the launches
    /// can be captured ([`Rank::capture`]) and launched again for other tokens, routes and numbers
    /// of tokens. What goes wrong on the way shows in [`synchronise`](Self::synchronise).
    ///
    /// ```
    /// use crossdock_host::{
    ///     Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Error, Layout, Shape,
    ///     Topology, Wire, bf16,
    /// };
    ///
    /// # fn main() -> Result<(), Error> {
    /// let shape = Shape { hidden: 64, top_k: 1, experts: 4, wire: Wire::Bf16 };
    /// let capacity = Capacity::tokens(8);
    /// let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(2))?;
    /// let sums = cluster.run(|rank| -> Result<_, Error> {
    ///     let mut dock = rank.dock(rank.kernels(shape)?, capacity)?;
    ///     let rows: Buffer<bf16> = rank.buffer(8 * 64)?;
    ///     let results: Buffer<bf16> = rank.buffer(8 * 64)?;
    ///     let (experts, weights, tokens) = (rank.buffer(8)?, rank.buffer(8)?, rank.buffer(1)?);
    ///     let outputs: Buffer<bf16> = rank.buffer(dock.slot_capacity() * 64)?;
    ///     outputs.write(0, &vec![bf16::ONE; outputs.len()])?; // experts would be kernels of yours
    ///     let (graph, ()) = rank.capture(|| {
    ///         let (experts, weights) = ((&experts).into(), (&weights).into());
    ///         let routing = DeviceRouting { experts, weights, tokens: (&tokens).into() };
    ///         let enqueued = dock.enqueue(DeviceTokens::Bf16((&rows).into()), routing)?;
    ///         enqueued.combine(Combine::of_slots(&outputs), &results)
    ///     })?;
    ///     let mut sums = Vec::new();
    ///     for count in [3, 8, 1_usize] {
    ///         rows.write(0, &vec![bf16::ONE; count * 64])?;
    ///         experts.write(0, &vec![3; count])?;
    ///         weights.write(0, &vec![0.5 * count as f32; count])?;
    ///         tokens.write(0, &[count as u32])?;
    ///         graph.launch()?;
    ///         dock.synchronise()?;
    ///         sums.push(results.read(0..count * 64)?[count * 64 - 1].to_f32());
    ///     }
    ///     Ok(sums)
    /// })?;
    /// assert_eq!(sums, [[1.5, 4.0, 0.5], [1.5, 4.0, 0.5]]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When an array is too short for the dock's capacity or in the wrong format, an earlier round
    /// failed, or the machine is broken.
    pub fn enqueue(&mut self, tokens: DeviceTokens<'_>, routing: DeviceRouting<'_>) -> Result<Enqueued<'_>> {
        self.check_sound()?;
        let (rank, capacity) = (self.rank.index(), self.capacity.tokens);
        tokens.check(rank, &self.shape, capacity)?;
        routing.check(rank, self.shape.top_k, capacity)?;
        let rows = tokens.rows(&self.shape);
        let plan = Rc::clone(&self.enqueued_plan);
        let batch = Batch {
            dock: self,
            rows,
            routes: routing.arrays(),
            plan: &plan,
            tokens: capacity,
            token_capacity: capacity,
            call: Call::DISPATCH,
            waited: false,
        };
        batch.launch_positions()?;
        batch.launch_dispatch()?;
        Ok(Enqueued { dock: self, plan, token_count: routing.tokens.global() })
    }

    /// The most rows that may arrive in a round.
    pub fn row_capacity(&self) -> usize {
        self.capacity.rows
    }

    /// The most slots that the local experts may have together, those between and after the used
    /// ones included.
    pub fn slot_capacity(&self) -> usize {
        self.capacity.slots
    }

    /// `[tokens, top_k]`: what the last combine with [`Combine::values`] brings home to this rank's
    /// selections, 0 for those that go nowhere. Tokens that the round did not have are left as they
    /// were.
    pub fn returned_values(&self) -> &Buffer<f32> {
        self.memory.values.here()
    }
}

impl Enqueued<'_> {
    /// The rank, whose stream has the launches: where experts are launched after them.
    pub fn rank(&self) -> &Rank {
        &self.dock.rank
    }

    /// How the rows lie.
    pub fn layout(&self) -> Layout {
        self.dock.capacity.layout
    }

    /// The most slots that there may be: what outputs are sized for.
    pub fn slot_capacity(&self) -> usize {
        self.dock.slot_capacity()
    }

    /// `[rows, row bytes]`, or `[slots, row bytes]` where rows lie by expert: the rows as they
    /// travelled. Between the slots of experts they are zeros, or, in a masked layout, undefined;
    /// after the last expert's, or the last arrived row, they are undefined: of an earlier round,
    /// or never written.
    pub fn rows(&self) -> &Buffer<u8> {
        self.dock.memory.arrived_rows.here()
    }

    /// `[rows or slots, side bytes]`: what travelled beside each row, as far as
    /// [`rows`](Self::rows) are defined.
    pub fn side_records(&self) -> &Buffer<u8> {
        self.dock.memory.arrived_sides.here()
    }

    /// `[ranks + 1]`: the rows of source rank `s` are `source_offsets[s]..source_offsets[s + 1]`.
    pub fn source_offsets(&self) -> &Buffer<u32> {
        &self.plan.source_offsets
    }

    /// `[local experts + 1]`: the slots of local expert `e` are
    /// `expert_offsets[e]..expert_offsets[e + 1]`.
    pub fn expert_offsets(&self) -> &Buffer<u32> {
        &self.plan.expert_offsets
    }

    /// `[local experts]`: how many of each local expert's slots hold a selection: the first ones.
    pub fn expert_counts(&self) -> &Buffer<u32> {
        &self.plan.expert_counts
    }

    /// `[slots]`: the arrived row that each slot takes as its input; [`NOWHERE`](crate::NOWHERE)
    /// for every slot that nobody takes, up to the room of the dock.
    pub fn expert_rows(&self) -> &Buffer<u32> {
        self.dock.memory.expert_rows.here()
    }

    /// `[rows, top_k]`: for each selection of the row's token, its slot and weight, or that its
    /// expert is elsewhere; rows that did not arrive have none, up to the room of the dock.
    pub fn selections(&self) -> &Buffer<Selection> {
        self.dock.memory.selections.here()
    }

    /// `[rows]`: where each row came from; [`NOWHERE`](crate::NOWHERE), rank and index, for rows
    /// that did not arrive, up to the room of the dock.
    pub fn origins(&self) -> &Buffer<Origin> {
        self.dock.memory.origins.here()
    }

    /// Enqueues the combine of the experts' outputs into `results`, `[tokens, hidden]`, of which
    /// the rest is left as it was. Collective: all ranks combine, in the same way.
    ///
    /// Everything that `combine` names is in device memory and long enough for as many rows, slots
    /// and tokens as the dock has room for.
    ///
    /// # Errors
    /// [`Error::NotOnDevice`](crate::Error::NotOnDevice) for outputs or a bias in host memory; when
    /// an array is too short, or the machine is broken.
    pub fn combine<T: Element>(self, combine: Combine<'_, T>, results: &Buffer<T>) -> Result<()> {
        combine.check_enqueued(self.dock, results)?;
        combine.enqueue(self.dock, &self.plan, self.token_count, results)
    }
}
