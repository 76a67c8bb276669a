//! Dispatch: a rank's tokens, by routes of the host, of the device or of a router, on their way to
//! the ranks of their experts.

use std::rc::Rc;

use crossdock_device::kernels::records::code::Outgoing;

use crate::gpu::slice::DeviceSlice;
use crate::round::arrived::Arrived;
use crate::round::batch::Batch;
use crate::round::call::Call;
use crate::round::dock::Dock;
use crate::round::launches::Launches;
use crate::round::lengths::length;
use crate::round::plan::{Counts, Plan, RouteArrays, Routes};
use crate::round::router::Routed;
use crate::round::tokens::{Routing, Tokens};
use crate::{Buffer, Error, Result};

impl Dock {
    /// Sends this rank's tokens to the ranks of their experts and waits until everybody's have
    /// arrived here. Collective: all ranks dispatch, each with as many tokens as it has, 0
    /// included.
    ///
    /// The result borrows the dock, so the next round cannot begin while arrivals are in use:
    ///
    /// ```compile_fail,E0499
    /// # use crossdock_host::{Dock, Result, Routing, Tokens};
    /// # fn reuse(dock: &mut Dock, tokens: &Tokens<'_>, routing: &Routing<'_>) -> Result<()> {
    /// let arrived = dock.dispatch(tokens, routing)?;
    /// let next = dock.dispatch(tokens, routing)?; // overwrites what arrived
    /// arrived.rows()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When slices have the wrong length or format, a route names no expert, there are more tokens
    /// or arrivals than the capacity, a peer is late or fails, or an earlier round failed (see
    /// [`reset`](Self::reset)).
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

    /// [`dispatch`](Self::dispatch) by routes in this rank's device memory, `[tokens, top_k]` of
    /// experts and of weights, which are copied there. An expert that does not exist is found by
    /// the kernel that counts. Collective, and ranks may mix all kinds.
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
        // Handles keep the routes of their round. The plan of the last round needs them no more,
        // unless a handle keeps it too.
        let own = Rc::get_mut(&mut self.plan)
            .and_then(|plan| plan.routes.as_ref())
            .is_some_and(|routes| Rc::ptr_eq(routes, &self.routes));
        if Rc::strong_count(&self.routes) > 1 + usize::from(own) {
            self.routes = Rc::new(Routes::new(&self.rank, self.capacity.tokens * self.shape.top_k as usize)?);
        }
        Ok(Rc::clone(&self.routes))
    }

    /// [`dispatch`](Self::dispatch) by the routes of this rank's [`Router`](crate::Router), which
    /// stay on the device. Collective, and ranks may mix both.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch), and when the router is of another rank, top-k or number
    /// of experts. With a placement the dock's shape counts physical experts.
    pub fn dispatch_routed(&mut self, tokens: &Tokens<'_>, routed: &Routed) -> Result<Arrived<'_>> {
        let routes = routed.routes(&self.rank, self.shape.top_k, self.shape.experts)?;
        let rows = self.accept(tokens, routed.tokens())?;
        self.exchange(routes, routed.tokens(), rows)
    }

    /// Sends `count` tokens that are in place by `routes`.
    fn exchange(&mut self, routes: Rc<Routes>, count: usize, rows: Outgoing) -> Result<Arrived<'_>> {
        let arrays = routes.arrays();
        match Rc::get_mut(&mut self.plan) {
            Some(plan) => plan.routes = Some(routes),
            None => {
                self.plan = Rc::new(Plan::new(&self.rank, &self.shape, self.capacity.tokens, Some(routes))?);
            }
        }
        let plan = Rc::clone(&self.plan);
        let (counts, report) = self.round(|dock| {
            let batch = dock.batch(&plan, arrays, count, rows, Call::DISPATCH);
            let mut launches = Launches::begin(&dock.rank)?;
            batch.launch_positions()?.into_iter().for_each(|launched| launches.push(launched));
            launches.push(batch.launch_dispatch()?);
            let report = dock.finish(launches)?;
            Ok((dock.counts(&plan, count)?, report))
        })?;
        Ok(Arrived::new(self, plan, counts, report))
    }

    /// Puts the rows of `count` tokens in place, once they are known to be right, unless they are
    /// on the device already.
    pub(crate) fn accept(&self, tokens: &Tokens<'_>, count: usize) -> Result<Outgoing> {
        self.check_sound()?;
        let index = self.rank.index();
        tokens.check(index, &self.shape, count)?;
        if count > self.capacity.tokens {
            return Err(Error::OverCapacity { rank: index, tokens: count, capacity: self.capacity.tokens });
        }
        if let Tokens::Device(tokens) = tokens {
            return Ok(tokens.rows(&self.shape));
        }
        self.memory.rows.write(0, tokens.bytes())?;
        self.memory.sides.write(0, &tokens.side_records(index, &self.shape)?)?;
        Ok(Outgoing {
            rows: self.memory.rows.global(),
            sides: self.memory.sides.global(),
            quantises: u32::from(tokens.are_quantised_on_the_way(&self.shape)),
        })
    }

    /// What the launches of a round with these rows read.
    pub(crate) fn batch<'a>(
        &'a self,
        plan: &'a Plan,
        routes: RouteArrays,
        tokens: usize,
        rows: Outgoing,
        call: Call,
    ) -> Batch<'a> {
        let token_capacity = self.capacity.tokens;
        Batch { dock: self, rows, routes, plan, tokens, token_capacity, call, waited: true }
    }

    /// What the kernels counted. Refuses what no round within capacity can have, before it is used
    /// as a length.
    fn counts(&self, plan: &Plan, tokens: usize) -> Result<Counts> {
        let whole = |buffer: &Buffer<u32>| buffer.read(0..buffer.len());
        let counts = Counts {
            tokens,
            source_offsets: whole(&plan.source_offsets)?,
            expert_offsets: whole(&plan.expert_offsets)?,
            expert_counts: whole(&plan.expert_counts)?,
        };
        let most = |offsets: &[u32]| offsets.iter().copied().max().unwrap_or(0) as usize;
        let (rows, slots) = (most(&counts.source_offsets), most(&counts.expert_offsets));
        if rows > self.capacity.rows || slots > self.capacity.slots {
            let words =
                vec![rows as u32, self.capacity.rows as u32, slots as u32, self.capacity.slots as u32];
            return Err(Error::UnknownStatus { rank: self.rank.index(), words });
        }
        Ok(counts)
    }
}
