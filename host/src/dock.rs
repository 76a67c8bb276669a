//! The dock: symmetric memory and loaded kernels for rounds of dispatch and combine.

use std::rc::Rc;
use std::sync::Arc;

use crossdock_device::KernelSet;
use crossdock_device::intrinsics::Global;
use crossdock_device::kernels::combine::code::CombineArguments;
use crossdock_device::kernels::count::code::CountArguments;
use crossdock_device::kernels::dispatch::code::DispatchArguments;
use crossdock_device::kernels::enter::code::EnterArguments;
use crossdock_device::kernels::gradient::code::GradientArguments;
use crossdock_device::kernels::layout::code::LayoutArguments;
use crossdock_device::library::code::B128;

use crate::arrived::Arrived;
use crate::capacity::{Capacity, Room};
use crate::combining::{Combine, Combined, Element, Metadata};
use crate::kernel::{Kernel, Launched, Launches};
use crate::memory::{CHUNK_TOKENS, Counting, Memory};
use crate::plan::{Counts, Handle, Plan, Routes};
use crate::planning::{Allotment, Budget, Controller, Observation, Planning, Share};
use crate::rank::Rank;
use crate::report::{RoundReport, StageReport};
use crate::requirements::check_shape;
use crate::router::Routed;
use crate::status;
use crate::tokens::{DeviceRouting, DeviceTokens, Routing, Tokens};
use crate::{Error, Result, Shape};

/// Where tokens are unloaded and loaded again: opened once by [`Rank::dock`], used for any number of rounds.
///
/// A round is [`dispatch`](Self::dispatch), the experts, and [`Arrived::combine`]. All ranks run the same rounds.
#[derive(Debug)]
pub struct Dock {
    pub(crate) rank: Rank,
    pub(crate) shape: Shape,
    pub(crate) room: Room,
    pub(crate) kernels: Loaded,
    pub(crate) memory: Memory,
    /// What the next round describes itself in, unless a handle keeps it.
    plan: Rc<Plan>,
    /// Where routes that the host gives are put.
    routes: Rc<Routes>,
    /// What kernels take of the GPU.
    allotment: Allotment,
    /// Rounds begun; flags hold the round in which their rank last reached the stage.
    round: u32,
    /// What made the dock unusable: after a failed round, flags and counters are not what the next one expects.
    broken: Option<Error>,
}

/// The rows that a round sends, where the kernel reads them.
#[derive(Clone, Copy, Debug)]
struct Rows {
    rows: Global<B128>,
    sides: Global<u32>,
    /// Whether dispatch quantises them.
    quantises: bool,
}

#[derive(Debug)]
pub(crate) struct Loaded {
    count: Kernel<CountArguments>,
    layout: Kernel<LayoutArguments>,
    dispatch: Kernel<DispatchArguments>,
    pub(crate) combine: Kernel<CombineArguments>,
    enter: Kernel<EnterArguments>,
    pub(crate) gradient: Kernel<GradientArguments>,
}

impl Dock {
    pub(crate) fn open(rank: &Rank, set: Arc<KernelSet>, capacity: Capacity) -> Result<Dock> {
        let shape = set.shape;
        check_shape(&shape, rank.topology().ranks())?;
        let room = Room::new(capacity, &shape, rank.topology().ranks())?;
        let purpose = format!(
            "opening a dock for hidden {}, top-k {}, {} experts, {} and {} tokens, with room for {} rows and {} slots, {:?}",
            shape.hidden,
            shape.top_k,
            shape.experts,
            shape.wire,
            room.tokens,
            room.rows,
            room.slots,
            room.layout
        );
        rank.backend().gather(rank.index(), &purpose, Vec::new())?;
        let kernels = Loaded {
            count: rank.kernel(&set.count)?,
            layout: rank.kernel(&set.layout)?,
            dispatch: rank.kernel(&set.dispatch)?,
            combine: rank.kernel(&set.combine)?,
            enter: rank.kernel(&set.enter)?,
            gradient: rank.kernel(&set.gradient)?,
        };
        let memory = Memory::new(rank, &shape, &room)?;
        let routes = Rc::new(Routes::new(rank, room.tokens * shape.top_k as usize)?);
        let plan = Rc::new(Plan::new(rank, &shape, room.tokens, Rc::clone(&routes))?);
        let allotment = planning(rank, shape, &room, &kernels).allot(Budget::Auto);
        let rank = rank.clone();
        Ok(Dock { rank, shape, room, kernels, memory, plan, routes, allotment, round: 0, broken: None })
    }

    /// What the kernels were specialised for.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The rank that this end of the dock belongs to.
    pub fn rank(&self) -> &Rank {
        &self.rank
    }

    /// What each kernel takes of this rank's GPU.
    pub fn allotment(&self) -> Allotment {
        self.allotment
    }

    /// Gives the kernels of later rounds another budget; [`Budget::Auto`] before. Not collective: ranks may differ, and results
    /// do not depend on it.
    ///
    /// # Errors
    /// When the GPU has not so many multiprocessors, or the budget is none.
    pub fn set_budget(&mut self, budget: Budget) -> Result<()> {
        let planning = planning(&self.rank, self.shape, &self.room, &self.kernels);
        if let Budget::Multiprocessors(count) = budget
            && !(1..=planning.multiprocessors).contains(&count)
        {
            let (value, most) = (count.into(), planning.multiprocessors.into());
            return Err(Error::OutOfRange { parameter: "Budget::Multiprocessors", value, least: 1, most });
        }
        self.allotment = planning.allot(budget);
        Ok(())
    }

    /// Tells the controller what a round of this rank took, with the cycles that its experts took, and gives the next round the
    /// budget that it decides on. Nothing changes where the backend cannot count.
    ///
    /// # Errors
    /// When the controller's limits are above what the GPU has.
    pub fn rebalance(
        &mut self,
        controller: &mut Controller,
        round: &RoundReport,
        expert_cycles: u64,
    ) -> Result<()> {
        if let Some(observation) = Observation::of_round(round, expert_cycles) {
            controller.observe(observation);
        }
        self.set_budget(Budget::Multiprocessors(controller.multiprocessors()))
    }

    /// Sends this rank's tokens to the ranks of their experts and waits until everybody's have arrived here.
    /// Collective: all ranks dispatch, each with as many tokens as it has, 0 included.
    ///
    /// The result borrows the dock, so the next round cannot begin while arrivals are in use:
    ///
    /// ```compile_fail,E0499
    /// # use crossdock_host::{Dock, Error, Routing, Tokens};
    /// # fn reuse(dock: &mut Dock, tokens: &Tokens<'_>, routing: &Routing<'_>) -> Result<(), Error> {
    /// let arrived = dock.dispatch(tokens, routing)?;
    /// let next = dock.dispatch(tokens, routing)?; // overwrites what arrived
    /// arrived.rows()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When slices have the wrong length or format, a route names no expert, there are more tokens or arrivals than the
    /// capacity, a peer is late or fails, or an earlier round failed (see [`reset`](Self::reset)).
    pub fn dispatch(&mut self, tokens: &Tokens<'_>, routing: &Routing<'_>) -> Result<Arrived<'_>> {
        let index = self.rank.index();
        let count = routing.check(index, &self.shape)?;
        let rows = self.accept(tokens, count)?;
        let routes = self.own_routes()?;
        routes.experts.write(0, routing.experts)?;
        routes.weights.write(0, routing.weights)?;
        self.exchange(routes, count, rows)
    }

    /// [`dispatch`](Self::dispatch) by routes in this rank's device memory, which are copied there. Collective, and ranks may mix all
    /// kinds.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch).
    pub fn dispatch_from_device(
        &mut self,
        tokens: &Tokens<'_>,
        routing: &DeviceRouting<'_>,
    ) -> Result<Arrived<'_>> {
        let count = routing.check(self.rank.index(), &self.shape)?;
        let rows = self.accept(tokens, count)?;
        let routes = self.own_routes()?;
        routes.experts.copy_from_device(routing.experts)?;
        routes.weights.copy_from_device(routing.weights)?;
        self.exchange(routes, count, rows)
    }

    /// Memory for the routes of the next round.
    fn own_routes(&mut self) -> Result<Rc<Routes>> {
        // Handles keep the routes of their round. The plan of the last round needs them no more, unless a handle keeps it too.
        let own = Rc::get_mut(&mut self.plan).is_some_and(|plan| Rc::ptr_eq(&plan.routes, &self.routes));
        if Rc::strong_count(&self.routes) > 1 + usize::from(own) {
            self.routes = Rc::new(Routes::new(&self.rank, self.room.tokens * self.shape.top_k as usize)?);
        }
        Ok(Rc::clone(&self.routes))
    }

    /// [`dispatch`](Self::dispatch) by the routes of this rank's [`Router`](crate::Router), which stay on the device.
    /// Collective, and ranks may mix both.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch), and when the router is of another rank, top-k or number of experts. With a
    /// placement the dock's shape counts physical experts.
    pub fn dispatch_routed(&mut self, tokens: &Tokens<'_>, routed: &Routed) -> Result<Arrived<'_>> {
        let routes = routed.routes(&self.rank, self.shape.top_k, self.shape.experts)?;
        let rows = self.accept(tokens, routed.tokens())?;
        self.exchange(routes, routed.tokens(), rows)
    }

    /// Sends `count` tokens that are in place by `routes`.
    fn exchange(&mut self, routes: Rc<Routes>, count: usize, rows: Rows) -> Result<Arrived<'_>> {
        match Rc::get_mut(&mut self.plan) {
            Some(plan) => plan.routes = routes,
            None => self.plan = Rc::new(Plan::new(&self.rank, &self.shape, self.room.tokens, routes)?),
        }
        let plan = Rc::clone(&self.plan);
        let (counts, report) = self.round(|dock| {
            let mut launches = Launches::begin(&dock.rank)?;
            dock.launch_positions(&mut launches, &plan, count)?;
            launches.push(dock.launch_dispatch(&plan, count, rows)?);
            let report = dock.finish(launches)?;
            Ok((dock.counts(&plan, count)?, report))
        })?;
        Ok(Arrived::new(self, plan, counts, report))
    }

    /// As [`dispatch`](Self::dispatch), with the routes and positions of an earlier round: a *cached dispatch*. Collective; each rank
    /// passes its own handle of the same round and as many tokens as it had then.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch), and when the handle does not fit the dock.
    pub fn dispatch_cached(&mut self, tokens: &Tokens<'_>, handle: &Handle) -> Result<Arrived<'_>> {
        handle.check(&self.rank, &self.shape, &self.room)?;
        let kept = Rc::clone(&handle.0);
        let rows = self.accept(tokens, kept.counts.tokens)?;
        let report = self.round(|dock| {
            let mut launches = Launches::begin(&dock.rank)?;
            launches.push(dock.launch_enter()?);
            launches.push(dock.launch_dispatch(&kept.plan, kept.counts.tokens, rows)?);
            dock.finish(launches)
        })?;
        Ok(Arrived::new(self, Rc::clone(&kept.plan), kept.counts.clone(), report))
    }

    /// Combines without a dispatch before it, with the routes and positions of an earlier round: the backward of that round's
    /// dispatch, when `combine` takes the gradients of its rows, unweighted. Collective.
    ///
    /// # Errors
    /// As for [`Arrived::combine_with`], and when the handle does not fit the dock.
    pub fn combine_cached<T: Element>(
        &mut self,
        combine: Combine<'_, T>,
        handle: &Handle,
    ) -> Result<Combined<T>> {
        handle.check(&self.rank, &self.shape, &self.room)?;
        let kept = &handle.0;
        let metadata = Metadata { selections: &kept.selections, origins: &kept.origins };
        combine.check(&self.rank, &self.shape, &kept.counts)?;
        self.round(|dock| {
            let mut launches = Launches::begin(&dock.rank)?;
            launches.push(dock.launch_enter()?);
            combine.run(dock, metadata, &kept.plan, &kept.counts, launches, None)
        })
    }

    /// Makes the dock usable again after a round failed, for instance because a peer was late. Collective: every rank of the
    /// dock calls it, those whose round succeeded too.
    ///
    /// # Errors
    /// When a peer fails or ends without coming.
    pub fn reset(&mut self) -> Result<()> {
        self.rank.synchronise()?;
        // Ranks may have begun different numbers of rounds; the next one must be new to all flags.
        let bytes = self.round.to_le_bytes().to_vec();
        let rounds = self.rank.backend().gather(self.rank.index(), "resetting a dock", bytes)?;
        let rounds = rounds.into_iter().filter_map(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
        self.round = rounds.max().unwrap_or(self.round);
        self.memory.clear_faults()?;
        self.rank.barrier()?;
        self.broken = None;
        Ok(())
    }

    /// Puts the rows of `count` tokens in place, once they are known to be right, unless they are on the device already.
    fn accept(&self, tokens: &Tokens<'_>, count: usize) -> Result<Rows> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let index = self.rank.index();
        tokens.check(index, &self.shape, count)?;
        if count > self.room.tokens {
            return Err(Error::OverCapacity { rank: index, tokens: count, capacity: self.room.tokens });
        }
        let quantises = tokens.are_quantised_on_the_way(&self.shape);
        let (own, own_sides) = (self.memory.rows.global(), self.memory.sides.global());
        Ok(match tokens {
            Tokens::Device(DeviceTokens::Bf16(rows)) => {
                Rows { rows: rows.global(), sides: own_sides, quantises }
            }
            Tokens::Device(DeviceTokens::Wire { rows, sides }) => {
                Rows { rows: rows.global(), sides: sides.global(), quantises }
            }
            _ => {
                self.memory.rows.write(0, tokens.bytes())?;
                self.memory.sides.write(0, &tokens.side_records(index, &self.shape)?)?;
                Rows { rows: own, sides: own_sides, quantises }
            }
        })
    }

    /// Runs one collective step. When it fails, the dock is broken, unless all ranks failed alike before anything was sent.
    pub(crate) fn round<R>(&mut self, step: impl FnOnce(&Dock) -> Result<R>) -> Result<R> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        self.round += 1;
        self.step(step)
    }

    /// A step of the round that has begun.
    pub(crate) fn step<R>(&mut self, step: impl FnOnce(&Dock) -> Result<R>) -> Result<R> {
        let error = match step(self) {
            Ok(result) => return Ok(result),
            Err(error) => error,
        };
        if matches!(error, Error::Overflow { .. }) {
            self.memory.clear_faults()?;
            // Nobody counts for the next round while a peer still reads the counts of this one.
            self.rank.barrier()?;
        } else {
            self.broken = Some(error.clone());
        }
        Err(error)
    }

    fn launch_positions(&self, launches: &mut Launches, plan: &Plan, tokens: usize) -> Result<()> {
        let memory = &self.memory;
        let (chunk_tokens, chunks) = self.chunks(tokens);
        let count = self.kernels.count.launch(
            chunks,
            &CountArguments {
                experts: plan.routes.experts.global(),
                tokens: tokens as u32,
                chunk_tokens,
                chunk_counts: memory.chunk_counts.global(),
                finished: memory.finished_blocks(Counting::Count),
                matrix: memory.matrix.peers(),
                counted: memory.counted.peers(),
                rank: self.index(),
                ranks: self.ranks(),
                epoch: self.round,
                status: memory.status.global(),
            },
        )?;
        let layout = self.kernels.layout.launch(
            chunks,
            &LayoutArguments {
                experts: plan.routes.experts.global(),
                tokens: tokens as u32,
                chunk_tokens,
                chunk_counts: memory.chunk_counts.global(),
                matrix: memory.matrix.here().global(),
                counted: memory.counted.here().global(),
                places: plan.places.global(),
                source_offsets: plan.source_offsets.global(),
                expert_offsets: plan.expert_offsets.global(),
                expert_counts: plan.expert_counts.global(),
                alignment: self.room.layout.alignment(),
                expert_capacity: self.room.layout.expert_capacity(),
                row_capacity: self.room.rows as u32,
                slot_capacity: self.room.slots as u32,
                rank: self.index(),
                ranks: self.ranks(),
                epoch: self.round,
                deadline: self.deadline(),
                status: memory.status.global(),
            },
        )?;
        launches.push(count);
        launches.push(layout);
        Ok(())
    }

    fn launch_enter(&self) -> Result<Launched> {
        let memory = &self.memory;
        self.kernels.enter.launch(
            1,
            &EnterArguments {
                counted: memory.counted.peers(),
                counted_here: memory.counted.here().global(),
                rank: self.index(),
                ranks: self.ranks(),
                epoch: self.round,
                deadline: self.deadline(),
                status: memory.status.global(),
            },
        )
    }

    fn launch_dispatch(&self, plan: &Plan, tokens: usize, source: Rows) -> Result<Launched> {
        let memory = &self.memory;
        let layout = self.room.layout;
        // Rows that are copied at the receiving end keep more warps busy than the rank has tokens.
        let rows = if layout.is_by_expert() { self.room.rows.max(tokens) } else { tokens };
        self.kernels.dispatch.launch(
            blocks(rows, self.allotment.dispatch),
            &DispatchArguments {
                rows: source.rows,
                sides: source.sides,
                quantises: u32::from(source.quantises),
                weights: plan.routes.weights.global(),
                places: plan.places.global(),
                tokens: tokens as u32,
                by_expert: u32::from(layout.is_by_expert()),
                zero_padding: u32::from(layout.expert_capacity() == 0),
                source_offsets: plan.source_offsets.global(),
                expert_offsets: plan.expert_offsets.global(),
                expert_counts: plan.expert_counts.global(),
                local_experts: self.shape.experts / self.ranks(),
                arrived_rows: memory.arrived_rows.peers(),
                rows_here: memory.arrived_rows.here().global(),
                arrived_sides: memory.arrived_sides.peers(),
                sides_here: memory.arrived_sides.here().global(),
                selections: memory.selections.peers(),
                selections_here: memory.selections.here().global(),
                origins: memory.origins.peers(),
                expert_rows: memory.expert_rows.peers(),
                arrived: memory.arrived.peers(),
                arrived_here: memory.arrived.here().global(),
                finished: memory.finished_blocks(Counting::Dispatch),
                rank: self.index(),
                ranks: self.ranks(),
                epoch: self.round,
                deadline: self.deadline(),
                status: memory.status.global(),
            },
        )
    }

    /// What the kernels counted. Refuses what no round within capacity can have, before it is used as a length.
    fn counts(&self, plan: &Plan, tokens: usize) -> Result<Counts> {
        let whole = |buffer: &crate::Buffer<u32>| buffer.read(0..buffer.len());
        let counts = Counts {
            tokens,
            source_offsets: whole(&plan.source_offsets)?,
            expert_offsets: whole(&plan.expert_offsets)?,
            expert_counts: whole(&plan.expert_counts)?,
        };
        let most = |offsets: &[u32]| offsets.iter().copied().max().unwrap_or(0) as usize;
        let (rows, slots) = (most(&counts.source_offsets), most(&counts.expert_offsets));
        if rows > self.room.rows || slots > self.room.slots {
            let words = vec![rows as u32, self.room.rows as u32, slots as u32, self.room.slots as u32];
            return Err(Error::UnknownStatus { rank: self.rank.index(), words });
        }
        Ok(counts)
    }

    /// Waits for the launches and looks at the status record.
    pub(crate) fn finish(&self, launches: Launches) -> Result<StageReport> {
        let stage = launches.end(&self.rank)?;
        self.rank.synchronise()?;
        let words = self.memory.status.read(0..self.memory.status.len())?;
        status::check(&self.rank, &words, &self.shape, &self.room, |stage| self.memory.flags(stage))?;
        stage.report()
    }

    /// How `count` and `layout` divide the tokens: tokens per block, and blocks.
    fn chunks(&self, tokens: usize) -> (u32, u32) {
        let most = self.allotment.dispatch.multiprocessors as usize;
        let chunk = tokens.div_ceil(most).max(CHUNK_TOKENS);
        (chunk as u32, tokens.div_ceil(chunk).max(1) as u32)
    }

    pub(crate) fn index(&self) -> u32 {
        self.rank.index() as u32
    }

    pub(crate) fn ranks(&self) -> u32 {
        self.rank.topology().ranks() as u32
    }

    /// The number of the round that has begun.
    pub(crate) fn epoch(&self) -> u32 {
        self.round
    }

    pub(crate) fn deadline(&self) -> u64 {
        u64::try_from(self.rank.deadline().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Blocks for one warp per row, within a share, so that all are resident at once.
pub(crate) fn blocks(rows: usize, share: Share) -> u32 {
    rows.div_ceil(share.warps.max(1) as usize).clamp(1, share.multiprocessors.max(1) as usize) as u32
}

fn planning(rank: &Rank, shape: Shape, room: &Room, kernels: &Loaded) -> Planning {
    Planning {
        shape,
        ranks: rank.topology().ranks(),
        by_expert: room.layout.is_by_expert(),
        multiprocessors: rank.backend().multiprocessors(),
        rates: rank.rates(),
        warps: [kernels.dispatch.warps(), kernels.combine.warps(), kernels.gradient.warps()],
    }
}
