//! The launches of a round: which arguments each kernel gets, and how many blocks.
//!
//! What differs from round to round, the number of tokens and of the round, is in device memory:
//! kernels read it there. So a round may be launched for as many tokens as there can be, and
//! captured.

use crossdock_device::kernels::begin_round::code::BeginRoundArguments;
use crossdock_device::kernels::count::code::CountArguments;
use crossdock_device::kernels::dispatch::code::DispatchArguments;
use crossdock_device::kernels::layout::code::LayoutArguments;
use crossdock_device::kernels::records::code::{Outgoing, Room};

use crate::Result;
use crate::gpu::kernel::Launched;
use crate::round::call::Call;
use crate::round::dock::Dock;
use crate::round::memory::{CHUNK_TOKENS, Counting};
use crate::round::plan::{Plan, RouteArrays};

/// What a rank brings to a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch<'a> {
    pub(crate) dock: &'a Dock,
    pub(crate) rows: Outgoing,
    pub(crate) routes: RouteArrays,
    pub(crate) plan: &'a Plan,
    /// What the launches are sized for: at least as many as there are.
    pub(crate) tokens: usize,
    /// As many as there is room for.
    pub(crate) token_capacity: usize,
    pub(crate) call: Call,
    /// Whether the host waits for the round: it asks for reports, and looks no further than
    /// arrivals reach.
    pub(crate) waited: bool,
}

impl Batch<'_> {
    /// `count` and `layout`.
    pub(crate) fn launch_positions(&self) -> Result<Vec<Launched>> {
        let Batch { dock, plan, routes, .. } = *self;
        let memory = &dock.memory;
        let (chunk_tokens, chunks) = self.chunks();
        let count = dock.kernels.count.start(
            chunks,
            &CountArguments {
                experts: routes.experts,
                token_count: routes.token_count,
                token_capacity: self.token_capacity as u32,
                chunk_tokens,
                chunk_counts: memory.chunk_counts.global(),
                finished: memory.finished_blocks(Counting::Count),
                matrix: memory.matrix.symmetric(),
                round: dock.signals.record(self.call),
            },
            self.waited,
        )?;
        let layout = dock.kernels.layout.start(
            chunks,
            &LayoutArguments {
                experts: routes.experts,
                token_count: routes.token_count,
                chunk_tokens,
                chunk_counts: memory.chunk_counts.global(),
                matrix: memory.matrix.symmetric(),
                destinations: plan.destinations.global(),
                offsets: plan.offsets(),
                room: Room {
                    alignment: dock.capacity.layout.alignment(),
                    expert_capacity: dock.capacity.layout.expert_capacity(),
                    rows: dock.capacity.rows as u32,
                    slots: dock.capacity.slots as u32,
                },
                round: dock.signals.record(self.call),
            },
            self.waited,
        )?;
        Ok(vec![count, layout])
    }

    pub(crate) fn launch_dispatch(&self) -> Result<Launched> {
        let Batch { dock, plan, routes, .. } = *self;
        let (memory, layout) = (&dock.memory, dock.capacity.layout);
        // Rows that are copied at the receiving end keep more warps busy than the rank has tokens.
        let rows = if layout.is_by_expert() { dock.capacity.rows.max(self.tokens) } else { self.tokens };
        dock.kernels.dispatch.start(
            dock.sm_plan().dispatch.blocks(rows),
            &DispatchArguments {
                outgoing: self.rows,
                weights: routes.weights,
                destinations: plan.destinations.global(),
                token_count: routes.token_count,
                by_expert: u32::from(layout.is_by_expert()),
                zero_padding: u32::from(layout.expert_capacity() == 0),
                local_experts: dock.shape.experts / dock.ranks(),
                offsets: plan.offsets(),
                arrivals: memory.arrivals((!self.waited).then_some(&dock.capacity)),
                finished: memory.finished_blocks(Counting::Dispatch),
                round: dock.signals.record(self.call),
            },
            self.waited,
        )
    }

    /// How `count` and `layout` divide the tokens: tokens per block, and blocks.
    fn chunks(&self) -> (u32, u32) {
        let most = self.dock.sm_plan().dispatch.multiprocessors as usize;
        let chunk = self.tokens.div_ceil(most).max(CHUNK_TOKENS);
        (chunk as u32, self.tokens.div_ceil(chunk).max(1) as u32)
    }
}

impl Dock {
    pub(crate) fn launch_begin_round(&self, call: Call) -> Result<Launched> {
        self.kernels.begin_round.launch(1, &BeginRoundArguments { round: self.signals.record(call) })
    }
}
