//! The dock: symmetric memory and loaded kernels for rounds of dispatch and combine.

use std::rc::Rc;
use std::sync::Arc;

use crossdock_device::KernelSet;
use crossdock_device::kernels::combine::code::CombineArguments;
use crossdock_device::kernels::count::code::CountArguments;
use crossdock_device::kernels::dispatch::code::DispatchArguments;
use crossdock_device::kernels::enter::code::EnterArguments;
use crossdock_device::kernels::gradient::code::GradientArguments;
use crossdock_device::kernels::layout::code::LayoutArguments;

use crate::arrived::Arrived;
use crate::capacity::{Capacity, Room};
use crate::combining::{Combine, Combined, Element, Metadata};
use crate::device_slice::DeviceSlice;
use crate::kernel::{Kernel, Launches};
use crate::launches::{Batch, Rows};
use crate::memory::Memory;
use crate::plan::{Counts, Handle, Plan, RouteArrays, Routes};
use crate::planning::{Allotment, Budget, Controller, Observation, Planning};
use crate::rank::Rank;
use crate::report::{RoundReport, StageReport};
use crate::requirements::check_shape;
use crate::router::Routed;
use crate::status;
use crate::tokens::{Routing, Tokens, length};
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
    /// What rounds that are only enqueued describe themselves in. No handle keeps it, and graphs may hold its addresses.
    pub(crate) enqueued_plan: Rc<Plan>,
    /// What made the dock unusable: after a failed round, flags and counters are not what the next one expects.
    broken: Option<Error>,
}

#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) count: Kernel<CountArguments>,
    pub(crate) layout: Kernel<LayoutArguments>,
    pub(crate) dispatch: Kernel<DispatchArguments>,
    pub(crate) combine: Kernel<CombineArguments>,
    pub(crate) enter: Kernel<EnterArguments>,
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
        let plan = Rc::new(Plan::new(rank, &shape, room.tokens, Some(Rc::clone(&routes)))?);
        let enqueued_plan = Rc::new(Plan::new(rank, &shape, room.tokens, None)?);
        let allotment = planning(rank, shape, &room, &kernels).allot(Budget::Auto);
        let rank = rank.clone();
        Ok(Dock { rank, shape, room, kernels, memory, plan, routes, allotment, enqueued_plan, broken: None })
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
        routes.set_tokens(count)?;
        self.exchange(routes, count, rows)
    }

    /// [`dispatch`](Self::dispatch) by routes in this rank's device memory, `[tokens, top_k]` of experts and of weights, which are copied there.
    /// An expert that does not exist is found by the kernel that counts. Collective, and ranks may mix all kinds.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch).
    pub fn dispatch_from_device(
        &mut self,
        tokens: &Tokens<'_>,
        experts: DeviceSlice<'_, i32>,
        weights: DeviceSlice<'_, f32>,
    ) -> Result<Arrived<'_>> {
        let (rank, found, top_k) = (self.rank.index(), experts.len(), self.shape.top_k as usize);
        if !found.is_multiple_of(top_k) {
            return Err(Error::PartialToken { rank, found, top_k });
        }
        length(rank, "routing.weights", "the length of routing.experts", (weights.len(), found))?;
        let count = found / top_k;
        let rows = self.accept(tokens, count)?;
        let routes = self.own_routes()?;
        routes.experts.copy_from_device(experts)?;
        routes.weights.copy_from_device(weights)?;
        routes.set_tokens(count)?;
        self.exchange(routes, count, rows)
    }

    /// Memory for the routes of the next round.
    fn own_routes(&mut self) -> Result<Rc<Routes>> {
        // Handles keep the routes of their round. The plan of the last round needs them no more, unless a handle keeps it too.
        let own = Rc::get_mut(&mut self.plan)
            .and_then(|plan| plan.routes.as_ref())
            .is_some_and(|routes| Rc::ptr_eq(routes, &self.routes));
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
        let arrays = routes.arrays();
        match Rc::get_mut(&mut self.plan) {
            Some(plan) => plan.routes = Some(routes),
            None => {
                self.plan = Rc::new(Plan::new(&self.rank, &self.shape, self.room.tokens, Some(routes))?);
            }
        }
        let plan = Rc::clone(&self.plan);
        let (counts, report) = self.round(|dock| {
            let batch = dock.batch(&plan, arrays, count, rows);
            let mut launches = Launches::begin(&dock.rank)?;
            batch.launch_positions()?.into_iter().for_each(|launched| launches.push(launched));
            launches.push(batch.launch_dispatch()?);
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
            let batch = dock.batch(&kept.plan, kept.plan.routes(), kept.counts.tokens, rows);
            let mut launches = Launches::begin(&dock.rank)?;
            launches.push(dock.launch_enter()?);
            launches.push(batch.launch_dispatch()?);
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
        let own = self.memory.round()?;
        let bytes = own.to_le_bytes().to_vec();
        let rounds = self.rank.backend().gather(self.rank.index(), "resetting a dock", bytes)?;
        let rounds = rounds.into_iter().filter_map(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)));
        self.memory.set_round(rounds.max().unwrap_or(own))?;
        self.memory.clear_faults()?;
        self.rank.barrier()?;
        self.broken = None;
        Ok(())
    }

    /// Puts the rows of `count` tokens in place, once they are known to be right, unless they are on the device already.
    fn accept(&self, tokens: &Tokens<'_>, count: usize) -> Result<Rows> {
        self.check_sound()?;
        let index = self.rank.index();
        tokens.check(index, &self.shape, count)?;
        if count > self.room.tokens {
            return Err(Error::OverCapacity { rank: index, tokens: count, capacity: self.room.tokens });
        }
        if let Tokens::Device(tokens) = tokens {
            return Ok(tokens.rows(&self.shape));
        }
        self.memory.rows.write(0, tokens.bytes())?;
        self.memory.sides.write(0, &tokens.side_records(index, &self.shape)?)?;
        Ok(Rows {
            rows: self.memory.rows.global(),
            sides: self.memory.sides.global(),
            quantises: tokens.are_quantised_on_the_way(&self.shape),
        })
    }

    /// Runs one collective step. When it fails, the dock is broken, unless all ranks failed alike before anything was sent.
    pub(crate) fn round<R>(&mut self, step: impl FnOnce(&Dock) -> Result<R>) -> Result<R> {
        self.check_sound()?;
        self.step(step)
    }

    /// Refuses when an earlier round failed.
    pub(crate) fn check_sound(&self) -> Result<()> {
        self.broken.clone().map_or(Ok(()), Err)
    }

    /// Waits for everything that was enqueued, and says whether all of it went well. After an error the dock is used no further until
    /// it is [`reset`](Self::reset): rounds that were enqueued behind the failed one did nothing.
    ///
    /// # Errors
    /// What a kernel recorded: a late peer, too many tokens or arrivals, a route to an expert that does not exist.
    pub fn synchronise(&mut self) -> Result<()> {
        self.check_sound()?;
        let outcome = Launches::begin(&self.rank).and_then(|launches| self.finish(launches));
        self.broken = outcome.as_ref().err().cloned();
        outcome.map(|_| ())
    }

    /// What the launches of a round with these rows read.
    fn batch<'a>(&'a self, plan: &'a Plan, routes: RouteArrays, tokens: usize, rows: Rows) -> Batch<'a> {
        Batch { dock: self, rows, routes, plan, tokens, token_capacity: self.room.tokens, reported: true }
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

    pub(crate) fn index(&self) -> u32 {
        self.rank.index() as u32
    }

    pub(crate) fn ranks(&self) -> u32 {
        self.rank.topology().ranks() as u32
    }

    pub(crate) fn deadline(&self) -> u64 {
        u64::try_from(self.rank.deadline().as_nanos()).unwrap_or(u64::MAX)
    }
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
