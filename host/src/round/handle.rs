//! Rounds that repeat the routes and positions of an earlier one: a cached dispatch, and the
//! backward of a layer.

use std::rc::Rc;

use crossdock_device::Shape;
use crossdock_device::layout::code::{Origin, Selection};

use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;
use crate::round::arrived::Arrived;
use crate::round::call::{Call, RoundName};
use crate::round::capacity::ResolvedCapacity;
use crate::round::combine::{Combine, Combined, Element, Metadata};
use crate::round::dock::Dock;
use crate::round::launches::Launches;
use crate::round::plan::{Counts, Plan};
use crate::round::tokens::Tokens;
use crate::{Error, Layout, Result};

/// A round to repeat: its routes, positions and weights, without the rows.
/// [`Arrived::handle`](crate::Arrived::handle) makes one.
///
/// A dispatch or combine with a handle exchanges no counts. It serves layers that keep their
/// routes, and the backward of a layer: the backward of a dispatch is the combine of the gradients,
/// the backward of a combine is the dispatch of the gradients, each with the handle of the forward
/// round. A handle works in every dock of its rank that has the same layout, experts and top-k and
/// enough capacity, whatever the hidden size and wire format.
#[derive(Clone, Debug)]
pub struct Handle(Rc<SavedRound>);

#[derive(Debug)]
struct SavedRound {
    plan: Rc<Plan>,
    counts: Counts,
    /// Selections of the arrived rows.
    selections: Buffer<Selection>,
    origins: Buffer<Origin>,
    /// The round that made it.
    made: RoundName,
    rank: usize,
    ranks: usize,
    top_k: u32,
    experts: u32,
    layout: Layout,
}

impl Handle {
    fn new(dock: &Dock, plan: &Rc<Plan>, counts: &Counts) -> Result<Handle> {
        let rank = &dock.rank;
        let selections = rank.buffer(counts.rows() * dock.shape.top_k as usize)?;
        selections.copy_from(dock.memory.selections.here(), selections.len())?;
        let origins = rank.buffer(counts.rows())?;
        origins.copy_from(dock.memory.origins.here(), origins.len())?;
        Ok(Handle(Rc::new(SavedRound {
            plan: Rc::clone(plan),
            counts: counts.clone(),
            selections,
            origins,
            made: dock.signals.round_name()?,
            rank: rank.index(),
            ranks: rank.topology().ranks(),
            top_k: dock.shape.top_k,
            experts: dock.shape.experts,
            layout: dock.capacity.layout,
        })))
    }

    /// How many tokens this rank brought to the round.
    pub fn tokens(&self) -> usize {
        self.0.counts.tokens
    }

    /// Whether a dock can repeat the round.
    fn check(&self, rank: &Rank, shape: &Shape, capacity: &ResolvedCapacity) -> Result<()> {
        let saved = &*self.0;
        let what = |rank, ranks, top_k, experts, layout| {
            format!("rank {rank} of {ranks}, top-{top_k} of {experts} experts, {layout:?}")
        };
        let ours = what(rank.index(), rank.topology().ranks(), shape.top_k, shape.experts, capacity.layout);
        let theirs = what(saved.rank, saved.ranks, saved.top_k, saved.experts, saved.layout);
        if ours != theirs {
            return Err(Error::WrongHandle { rank: rank.index(), dock: ours, handle: theirs });
        }
        let sizes = [
            ("tokens", saved.counts.tokens, capacity.tokens),
            ("rows", saved.counts.rows(), capacity.rows),
            ("slots", saved.counts.slots(), capacity.slots),
        ];
        match sizes.into_iter().find(|(_, needed, most)| needed > most) {
            Some((what, needed, most)) => {
                Err(Error::HandleTooLarge { rank: rank.index(), what, needed, most })
            }
            None => Ok(()),
        }
    }
}

impl Arrived<'_> {
    /// Saves the round's routes and positions for later rounds: a cached dispatch, or the backward
    /// of this round.
    ///
    /// # Errors
    /// When memory is short.
    pub fn handle(&self) -> Result<Handle> {
        Handle::new(self.dock(), self.plan(), self.counts())
    }
}

impl Dock {
    /// As [`dispatch`](Self::dispatch), with the routes and positions of an earlier round: a
    /// *cached dispatch*. Collective; each rank passes its own handle of the same round and as many
    /// tokens as it had then.
    ///
    /// # Errors
    /// As for [`dispatch`](Self::dispatch), and when the handle does not fit the dock.
    pub fn dispatch_cached(&mut self, tokens: &Tokens<'_>, handle: &Handle) -> Result<Arrived<'_>> {
        handle.check(&self.rank, &self.shape, &self.capacity)?;
        let saved = Rc::clone(&handle.0);
        let rows = self.accept(tokens, saved.counts.tokens)?;
        let call = Call::DISPATCH.cached(saved.made);
        let report = self.round(|dock| {
            let batch = dock.batch(&saved.plan, saved.plan.routes(), saved.counts.tokens, rows, call);
            let mut launches = Launches::begin(&dock.rank)?;
            launches.push(dock.launch_begin_round(call)?);
            launches.push(batch.launch_dispatch()?);
            dock.finish(launches)
        })?;
        Ok(Arrived::new(self, Rc::clone(&saved.plan), saved.counts.clone(), report))
    }

    /// Combines without a dispatch before it, with the routes and positions of an earlier round:
    /// the backward of that round's dispatch, when `combine` takes the gradients of its rows,
    /// unweighted. Collective.
    ///
    /// # Errors
    /// As for [`Arrived::combine_with`], and when the handle does not fit the dock.
    pub fn combine_cached<T: Element>(
        &mut self,
        combine: Combine<'_, T>,
        handle: &Handle,
    ) -> Result<Combined<T>> {
        handle.check(&self.rank, &self.shape, &self.capacity)?;
        let saved = &handle.0;
        let metadata = Metadata { selections: &saved.selections, origins: &saved.origins };
        combine.check(&self.rank, &self.shape, &saved.counts)?;
        let call = combine.call().cached(saved.made);
        self.round(|dock| {
            let mut launches = Launches::begin(&dock.rank)?;
            launches.push(dock.launch_begin_round(call)?);
            combine.run(dock, metadata, &saved.plan, &saved.counts, (call, launches), None)
        })
    }
}
