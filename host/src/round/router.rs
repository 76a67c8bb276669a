//! The router of one rank: from logits to the experts and weights of its tokens, on the device.

use std::rc::Rc;
use std::sync::Arc;

use crossdock_device::intrinsics::Global;
use crossdock_device::kernels::router::code::RouterArguments;
use crossdock_device::kernels::router::weights::code::{SETTINGS_OF_ALL, Settings};
use crossdock_device::kernels::table_router::code::TableRouterArguments;
use crossdock_device::library::code::B128;
use crossdock_device::{Gate, LogitFormat, RouterKernel};
use half::bf16;

use crate::gpu::buffer::Buffer;
use crate::gpu::kernel::{Kernel, Launched};
use crate::gpu::rank::Rank;
use crate::placement::Placement;
use crate::plain::{Plain, bytes_of};
use crate::report::LaunchReport;
use crate::round::capacity::Capacity;
use crate::round::device_tokens::DeviceRouting;
use crate::round::lengths::{at_least, length};
use crate::round::plan::{RouteArrays, Routes};
use crate::{Error, Result};

/// Waves of blocks that a launch is cut into at most, per multiprocessor.
const BLOCKS_PER_MULTIPROCESSOR: usize = 16;

/// A gate's kernel with its memory on one rank: opened by [`Rank::router`], used for any number of
/// batches.
///
/// [`route`](Self::route) chooses experts; what it gives goes to
/// [`Dock::dispatch_routed`](crate::Dock::dispatch_routed) without passing through the host. The
/// rules of choice are those of the kernel
/// ([`router`](fn@crossdock_device::kernels::router::code::router)).
#[derive(Debug)]
pub struct Router {
    rank: Rank,
    gate: Gate,
    capacity: usize,
    kernel: Kernel<RouterArguments>,
    by_table: Kernel<TableRouterArguments>,
    table: Option<Table>,
    logits: Buffer<u8>,
    bias: Buffer<f32>,
    /// Outputs of batches. One that nothing else holds is used again.
    outputs: Vec<Rc<Routes>>,
    set: Set,
}

/// The experts of each token identifier, in device memory.
#[derive(Debug)]
struct Table {
    /// `[vocabulary, top_k]`.
    experts: Buffer<i32>,
    vocabulary: u32,
    /// `[capacity]`: the identifiers of a batch.
    token_ids: Buffer<u32>,
}

/// What the kernels read of it (see `Settings` of the device crate), always in the same memory, and
/// what routes name.
#[derive(Debug)]
struct Set {
    words: Buffer<u32>,
    target_experts: usize,
}

/// The most physical experts: no dock has more.
const MOST_PHYSICAL: usize = 4096;

impl Set {
    fn new(rank: &Rank, experts: usize) -> Result<Set> {
        let words = rank.buffer(SETTINGS_OF_ALL as usize + experts + 1 + MOST_PHYSICAL)?;
        words.write(0, &[1f32.to_bits(), 0, 0])?;
        Ok(Set { words, target_experts: experts })
    }

    fn place(&mut self, placement: &Placement, first_number: u32) -> Result<()> {
        let (offsets, physical) = placement.tables();
        if physical.len() > MOST_PHYSICAL {
            let (value, most) = (physical.len() as u64, MOST_PHYSICAL as u64);
            return Err(Error::OutOfRange { parameter: "physical experts", value, least: 1, most });
        }
        let first = SETTINGS_OF_ALL + offsets.len() as u32;
        let words = [1, first_number].into_iter().chain(offsets.iter().map(|offset| first + offset));
        let words: Vec<u32> = words.chain(physical.iter().copied()).collect();
        self.words.write(1, &words)?;
        self.target_experts = physical.len();
        Ok(())
    }
}

mod sealed {
    /// Number formats of logits.
    pub trait Sealed: crate::Plain {
        /// As the kernel is told.
        const FORMAT: super::LogitFormat;
    }
    impl Sealed for f32 {
        const FORMAT: super::LogitFormat = super::LogitFormat::F32;
    }
    impl Sealed for half::bf16 {
        const FORMAT: super::LogitFormat = super::LogitFormat::Bf16;
    }
}

/// A number format that logits may have: [`f32`] or [`bf16`].
pub trait Logit: Plain + sealed::Sealed {}
impl Logit for f32 {}
impl Logit for bf16 {}

impl Router {
    pub(crate) fn open(rank: &Rank, kernel: &RouterKernel, capacity: Capacity) -> Result<Router> {
        let (gate, tokens) = (kernel.gate, capacity.count());
        // Indices of selections are 32 bits in the kernel.
        let most = u64::from(u32::MAX) / u64::from(gate.top_k.max(1));
        if tokens as u64 > most {
            let value = tokens as u64;
            return Err(Error::OutOfRange { parameter: "Capacity::tokens", value, least: 0, most });
        }
        let logit_bytes = match gate.logits {
            LogitFormat::F32 => 4,
            LogitFormat::Bf16 => 2,
        };
        let experts = gate.experts as usize;
        let bias = rank.buffer(if gate.biased { experts } else { 0 })?;
        bias.clear()?;
        Ok(Router {
            rank: rank.clone(),
            gate,
            capacity: tokens,
            kernel: rank.kernel(&kernel.router)?,
            by_table: rank.kernel(&kernel.table_router)?,
            table: None,
            logits: rank.buffer(tokens.saturating_mul(experts * logit_bytes))?,
            bias,
            outputs: Vec::new(),
            set: Set::new(rank, experts)?,
        })
    }

    /// What the kernel was specialised for.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Experts that routes may name: the physical ones if there is a placement.
    pub fn target_experts(&self) -> usize {
        self.set.target_experts
    }

    /// Sets each expert's bias, `[experts]`; all are 0 before.
    ///
    /// # Errors
    /// When the length is not the number of experts, or 0 for a gate without bias.
    pub fn set_bias(&mut self, bias: &[f32]) -> Result<()> {
        let rule = if self.gate.biased { "experts" } else { "nothing, as its gate has no bias," };
        length(self.rank.index(), "the router's bias", rule, (bias.len(), self.bias.len()))?;
        self.bias.write(0, bias)
    }

    /// Sets what all weights are multiplied by; 1 before. DeepSeek-V3 uses 2.5.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn set_scaling(&mut self, scaling: f32) -> Result<()> {
        self.set.words.write(0, &[scaling.to_bits()])
    }

    /// From now on routes name physical experts, also those of graphs that were captured before: a
    /// layer is balanced anew beside its decode graphs. Token `t` of a batch has number
    /// `first_number + t` and goes to the replica whose turn that is ([`Placement::physical`]). A
    /// first number that differs from rank to rank, such as the rank's, spreads small batches.
    ///
    /// # Errors
    /// When the placement is for another number of experts, or for more than 4096 physical ones.
    pub fn place(&mut self, placement: &Placement, first_number: u32) -> Result<()> {
        let (expected, found) = (self.gate.experts as usize, placement.logical_experts());
        length(self.rank.index(), "the placement", "the router's experts", (found, expected))?;
        self.set.place(placement, first_number)
    }

    /// Sets the experts of each token identifier, `[vocabulary, top_k]`, -1 for none: what
    /// [`route_by_table`](Self::route_by_table) looks up. Layers that route by a hash of the token,
    /// as the first ones of DeepSeek-V4, are such tables. A second table takes the place of the
    /// first, also for graphs that were captured before.
    ///
    /// # Errors
    /// When the table has no whole number of rows, an entry names no expert, or memory is short;
    /// when the router has a table already of another length.
    pub fn set_table(&mut self, table: &[i32]) -> Result<()> {
        let (rank, top_k, experts) = (self.rank.index(), self.gate.top_k as usize, self.gate.experts);
        let (found, expected) = (table.len(), table.len().next_multiple_of(top_k));
        length(rank, "the router's table", "vocabulary * top_k", (found, expected))?;
        if let Some(index) =
            table.iter().position(|&expert| !(-1..i64::from(experts)).contains(&expert.into()))
        {
            let (id, selection, expert) = (index / top_k, index % top_k, table[index]);
            return Err(Error::NoSuchExpertInTable { rank, id, selection, expert, experts });
        }
        let vocabulary = u32::try_from(table.len() / top_k).map_err(|_| Error::OutOfRange {
            parameter: "vocabulary",
            value: (table.len() / top_k) as u64,
            least: 0,
            most: u64::from(u32::MAX),
        })?;
        if let Some(Table { experts, .. }) = &self.table {
            length(
                rank,
                "the router's table",
                "as many entries as the table that it replaces",
                (found, experts.len()),
            )?;
            return experts.write(0, table);
        }
        let copy = self.rank.buffer(table.len())?;
        copy.write(0, table)?;
        self.table = Some(Table { experts: copy, vocabulary, token_ids: self.rank.buffer(self.capacity)? });
        Ok(())
    }

    /// Routes a batch by the table of [`set_table`](Self::set_table): the experts of token `t` are
    /// row `token_ids[t]`. Their weights follow from `logits`, `[tokens, experts]`, as those of
    /// chosen experts do in [`route`](Self::route).
    ///
    /// # Errors
    /// As for [`route`](Self::route), when there are not as many identifiers as tokens, or one is
    /// beyond the table.
    pub fn route_by_table<L: Logit>(&mut self, logits: &[L], token_ids: &[u32]) -> Result<Routed> {
        let (rank, tokens) = (self.rank.index(), token_ids.len());
        let expected = tokens * self.gate.experts as usize;
        length(rank, "logits", "token identifiers * experts", (logits.len(), expected))?;
        self.check::<L>(tokens)?;
        let vocabulary = self.table.as_ref().map_or(0, |table| table.vocabulary);
        if let Some(token) = token_ids.iter().position(|&id| id >= vocabulary) {
            return Err(Error::NoSuchTokenId { rank, token, id: token_ids[token], vocabulary });
        }
        self.logits.write(0, bytes_of(logits))?;
        if let Some(table) = &self.table {
            table.token_ids.write(0, token_ids)?;
        }
        let token_ids = self.table.as_ref().map(|table| table.token_ids.global());
        self.route_batch(self.logits.global(), token_ids, tokens)
    }

    /// Enqueues what [`route_by_table`](Self::route_by_table) does, with everything in device
    /// memory and nothing to wait for: as [`enqueue`](Self::enqueue), with `token_ids` of
    /// `[capacity]`. An identifier beyond the table chooses no experts.
    ///
    /// # Errors
    /// As for [`enqueue`](Self::enqueue), and when there is no table.
    pub fn enqueue_by_table<L: Logit>(
        &mut self,
        logits: &Buffer<L>,
        token_ids: &Buffer<u32>,
        routing: DeviceRouting<'_>,
    ) -> Result<()> {
        let capacity = self.check_enqueued(logits, &routing)?;
        let rank = self.rank.index();
        if self.table.is_none() {
            return Err(Error::NoSuchTokenId { rank, token: 0, id: 0, vocabulary: 0 });
        }
        at_least(rank, "token_ids", "at least the capacity in tokens", (token_ids.len(), capacity))?;
        self.launch(logits.global(), Some(token_ids.global()), routing.arrays(), capacity, false).map(|_| ())
    }

    /// Routes a batch: `logits` is `[tokens, experts]`.
    ///
    /// # Errors
    /// When the logits have the wrong format or length, or there are more tokens than the capacity.
    pub fn route<L: Logit>(&mut self, logits: &[L]) -> Result<Routed> {
        let (experts, found) = ((self.gate.experts as usize).max(1), logits.len());
        let expected = found.next_multiple_of(experts);
        length(self.rank.index(), "logits", "tokens * experts", (found, expected))?;
        let tokens = self.check::<L>(found / experts)?;
        self.logits.write(0, bytes_of(logits))?;
        self.route_batch(self.logits.global(), None, tokens)
    }

    /// [`route`](Self::route) with logits that are in device memory already, written by launches on
    /// this rank.
    ///
    /// # Errors
    /// As for [`route`](Self::route); the buffer may be longer than needed.
    pub fn route_from<L: Logit>(&mut self, logits: &Buffer<L>, tokens: usize) -> Result<Routed> {
        let tokens = self.check::<L>(tokens)?;
        let expected = tokens * self.gate.experts as usize;
        at_least(self.rank.index(), "logits", "at least tokens * experts", (logits.len(), expected))?;
        self.route_batch(logits.global(), None, tokens)
    }

    /// Enqueues the routing of a batch whose size is in device memory, too: `logits` is
    /// `[tokens, experts]`, and experts and weights are written to where `routing` says. Nothing
    /// waits; the launch may be captured. What is beyond the router's capacity is not routed, so a
    /// dock that takes the routes must have no greater one.
    ///
    /// # Errors
    /// When the logits have the wrong format, or an array is too short for the router's capacity.
    pub fn enqueue<L: Logit>(&mut self, logits: &Buffer<L>, routing: DeviceRouting<'_>) -> Result<()> {
        let capacity = self.check_enqueued(logits, &routing)?;
        self.launch(logits.global(), None, routing.arrays(), capacity, false).map(|_| ())
    }

    /// The capacity in tokens, for which everything must have room.
    fn check_enqueued<L: Logit>(&self, logits: &Buffer<L>, routing: &DeviceRouting<'_>) -> Result<usize> {
        let (rank, capacity) = (self.rank.index(), self.check::<L>(self.capacity)?);
        routing.check(rank, self.gate.top_k, capacity)?;
        let expected = capacity * self.gate.experts as usize;
        let rule = "at least the capacity in tokens * experts";
        at_least(rank, "logits", rule, (logits.len(), expected))?;
        Ok(capacity)
    }

    fn check<L: Logit>(&self, tokens: usize) -> Result<usize> {
        let (rank, capacity) = (self.rank.index(), self.capacity);
        if L::FORMAT != self.gate.logits {
            return Err(Error::WrongLogits { rank, expected: self.gate.logits, found: L::FORMAT });
        }
        if tokens > capacity {
            return Err(Error::OverRouterCapacity { rank, tokens, capacity });
        }
        Ok(tokens)
    }

    fn route_batch(
        &mut self,
        logits: Global<B128>,
        token_ids: Option<Global<u32>>,
        tokens: usize,
    ) -> Result<Routed> {
        let free = self.outputs.iter().find(|routes| Rc::strong_count(routes) == 1).map(Rc::clone);
        let routes = match free {
            Some(routes) => routes,
            None => {
                let routes = Rc::new(Routes::new(&self.rank, self.capacity * self.gate.top_k as usize)?);
                self.outputs.push(Rc::clone(&routes));
                routes
            }
        };
        routes.set_tokens(tokens)?;
        let launched = self.launch(logits, token_ids, routes.arrays(), tokens, true)?;
        let (rank, gate, target_experts) = (self.rank.clone(), self.gate, self.target_experts());
        Ok(Routed { rank, gate, target_experts, routes, tokens, launched })
    }

    /// Launches the kernel, sized for `tokens` tokens: by the table if there are token identifiers.
    fn launch(
        &self,
        logits: Global<B128>,
        token_ids: Option<Global<u32>>,
        routes: RouteArrays,
        tokens: usize,
        reported: bool,
    ) -> Result<Launched> {
        let most = self.rank.backend().multiprocessors() as usize * BLOCKS_PER_MULTIPROCESSOR;
        let blocks = tokens.div_ceil(self.kernel.warps().max(1) as usize).clamp(1, most) as u32;
        let (settings, token_capacity) = (Settings { words: self.set.words.global() }, self.capacity as u32);
        let RouteArrays { token_count, experts, weights, .. } = routes;
        match (token_ids, &self.table) {
            (Some(token_ids), Some(Table { experts: table, vocabulary, .. })) => self.by_table.start(
                blocks,
                &TableRouterArguments {
                    logits,
                    token_ids,
                    table: table.global(),
                    vocabulary: *vocabulary,
                    token_count,
                    token_capacity,
                    settings,
                    experts,
                    weights,
                },
                reported,
            ),
            _ => self.kernel.start(
                blocks,
                &RouterArguments {
                    logits,
                    bias: self.bias.global(),
                    token_count,
                    token_capacity,
                    settings,
                    experts,
                    weights,
                },
                reported,
            ),
        }
    }
}

/// The routes of one batch, in device memory of their own: the next batch does not overwrite them.
#[derive(Debug)]
pub struct Routed {
    rank: Rank,
    gate: Gate,
    target_experts: usize,
    routes: Rc<Routes>,
    tokens: usize,
    launched: Launched,
}

impl Routed {
    /// How many tokens were routed.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// `[tokens, top_k]`: the experts of each token, best first; physical ones if there is a
    /// placement. Waits for the router.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn experts(&self) -> Result<Vec<i32>> {
        self.routes.experts.read(0..self.tokens * self.gate.top_k as usize)
    }

    /// `[tokens, top_k]`: their weights. Waits for the router.
    ///
    /// # Errors
    /// When the machine is broken.
    pub fn weights(&self) -> Result<Vec<f32>> {
        self.routes.weights.read(0..self.tokens * self.gate.top_k as usize)
    }

    /// What the launch did, when it is finished.
    pub fn report(self) -> LaunchReport {
        self.launched.report()
    }

    /// The device arrays, once it is sure that they suit a dock on `rank` for `top_k` of `experts`
    /// experts.
    pub(crate) fn routes(&self, rank: &Rank, top_k: u32, experts: u32) -> Result<Rc<Routes>> {
        let index = rank.index();
        if !self.rank.is(rank) {
            return Err(Error::OtherRouter { rank: index, router: self.rank.index() });
        }
        let suits = |what, router: usize, dock: u32| {
            let dock = dock as usize;
            if router == dock { Ok(()) } else { Err(Error::UnlikeRouter { rank: index, what, router, dock }) }
        };
        suits("experts per token", self.gate.top_k as usize, top_k)?;
        suits("experts", self.target_experts, experts)?;
        Ok(Rc::clone(&self.routes))
    }
}

impl Rank {
    /// Opens a router for batches of up to `capacity` tokens, with a kernel that
    /// [`RouterKernel::jit`] or `router!` made.
    ///
    /// # Errors
    /// When memory is short.
    pub fn router(&self, kernel: impl Into<Arc<RouterKernel>>, capacity: Capacity) -> Result<Router> {
        Router::open(self, &kernel.into(), capacity)
    }

    /// [`router`](Self::router) with the kernel of a module that `router!` made:
    /// `router_for::<deepseek_v3_gate::Router>(..)`.
    ///
    /// # Errors
    /// As for [`router`](Self::router).
    pub fn router_for<K: crossdock_device::SpecialisedRouter>(&self, capacity: Capacity) -> Result<Router> {
        self.router(K::kernel(), capacity)
    }
}
