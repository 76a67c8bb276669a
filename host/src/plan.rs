//! A plan: where every selection of a rank's tokens goes, and how its arrivals are laid out. Made by one round, usable by more.

use std::cell::Cell;
use std::rc::Rc;

use crossdock_device::Shape;
use crossdock_device::intrinsics::Global;
use crossdock_device::layout::code::{Origin, Place, Selection};

use crate::buffer::Buffer;
use crate::capacity::Room;
use crate::dock::Dock;
use crate::rank::Rank;
use crate::{Error, Layout, Result};

/// Where the selections of a rank's tokens go.
#[derive(Debug)]
pub(crate) struct Routes {
    /// `[tokens, top_k]`.
    pub(crate) experts: Buffer<i32>,
    /// `[tokens, top_k]`.
    pub(crate) weights: Buffer<f32>,
    /// How many tokens there are.
    tokens: Buffer<u32>,
    /// What `tokens` holds, once it holds something.
    known: Cell<Option<usize>>,
}

/// The same as kernels see it: of [`Routes`], or of the caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteArrays {
    pub(crate) experts: Global<i32>,
    pub(crate) weights: Global<f32>,
    pub(crate) token_count: Global<u32>,
}

impl Routes {
    pub(crate) fn new(rank: &Rank, selections: usize) -> Result<Routes> {
        Ok(Routes {
            experts: rank.buffer(selections)?,
            weights: rank.buffer(selections)?,
            tokens: rank.buffer(1)?,
            known: Cell::new(None),
        })
    }

    /// Says how many tokens are routed. Batches of one size need no copy.
    pub(crate) fn set_tokens(&self, tokens: usize) -> Result<()> {
        if self.known.get() != Some(tokens) {
            self.known.set(None);
            self.tokens.write(0, &[tokens as u32])?;
            self.known.set(Some(tokens));
        }
        Ok(())
    }

    pub(crate) fn arrays(&self) -> RouteArrays {
        RouteArrays {
            experts: self.experts.global(),
            weights: self.weights.global(),
            token_count: self.tokens.global(),
        }
    }
}

/// Device memory that describes one round of one rank. Shapes are in the kernels' parameter lists.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The dock's, or a router's; `None` where they are the caller's.
    pub(crate) routes: Option<Rc<Routes>>,
    pub(crate) places: Buffer<Place>,
    pub(crate) source_offsets: Buffer<u32>,
    pub(crate) expert_offsets: Buffer<u32>,
    pub(crate) expert_counts: Buffer<u32>,
}

impl Plan {
    pub(crate) fn new(rank: &Rank, shape: &Shape, tokens: usize, routes: Option<Rc<Routes>>) -> Result<Plan> {
        let ranks = rank.topology().ranks();
        let (top_k, local_experts) = (shape.top_k as usize, shape.experts as usize / ranks);
        Ok(Plan {
            routes,
            places: rank.buffer(tokens * top_k)?,
            source_offsets: rank.buffer(ranks + 1)?,
            expert_offsets: rank.buffer(local_experts + 1)?,
            expert_counts: rank.buffer(local_experts)?,
        })
    }

    /// The routes of a round that was waited for.
    pub(crate) fn routes(&self) -> RouteArrays {
        self.routes.as_ref().expect("such a round has routes of its own").arrays()
    }
}

/// What the host knows of a round once its counts are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// This rank's own tokens.
    pub(crate) tokens: usize,
    pub(crate) source_offsets: Vec<u32>,
    pub(crate) expert_offsets: Vec<u32>,
    pub(crate) expert_counts: Vec<u32>,
}

impl Counts {
    /// Arrived rows.
    pub(crate) fn rows(&self) -> usize {
        self.source_offsets.last().map_or(0, |&rows| rows as usize)
    }

    /// Slots, those that nobody takes included.
    pub(crate) fn slots(&self) -> usize {
        self.expert_offsets.last().map_or(0, |&slots| slots as usize)
    }
}

/// A round to repeat: its routes, positions and weights, without the rows. [`Arrived::handle`](crate::Arrived::handle) makes one.
///
/// A dispatch or combine with a handle exchanges no counts. It serves layers that keep their routes, and the backward of a
/// layer: the backward of a dispatch is the combine of the gradients, the backward of a combine is the dispatch of the
/// gradients, each with the handle of the forward round. A handle works in every dock of its rank that has the same layout, experts
/// and top-k and enough capacity, whatever the hidden size and wire format.
#[derive(Clone, Debug)]
pub struct Handle(pub(crate) Rc<Kept>);

#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) plan: Rc<Plan>,
    pub(crate) counts: Counts,
    /// Of the arrived rows.
    pub(crate) selections: Buffer<Selection>,
    pub(crate) origins: Buffer<Origin>,
    rank: usize,
    ranks: usize,
    top_k: u32,
    experts: u32,
    layout: Layout,
}

impl Handle {
    pub(crate) fn new(dock: &Dock, plan: &Rc<Plan>, counts: &Counts) -> Result<Handle> {
        let rank = &dock.rank;
        let selections = rank.buffer(counts.rows() * dock.shape.top_k as usize)?;
        selections.copy_from(dock.memory.selections.here(), selections.len())?;
        let origins = rank.buffer(counts.rows())?;
        origins.copy_from(dock.memory.origins.here(), origins.len())?;
        Ok(Handle(Rc::new(Kept {
            plan: Rc::clone(plan),
            counts: counts.clone(),
            selections,
            origins,
            rank: rank.index(),
            ranks: rank.topology().ranks(),
            top_k: dock.shape.top_k,
            experts: dock.shape.experts,
            layout: dock.room.layout,
        })))
    }

    /// How many tokens this rank brought to the round.
    pub fn tokens(&self) -> usize {
        self.0.counts.tokens
    }

    /// Whether a dock can repeat the round.
    pub(crate) fn check(&self, rank: &Rank, shape: &Shape, room: &Room) -> Result<()> {
        let kept = &*self.0;
        let what = |rank, ranks, top_k, experts, layout| {
            format!("rank {rank} of {ranks}, top-{top_k} of {experts} experts, {layout:?}")
        };
        let ours = what(rank.index(), rank.topology().ranks(), shape.top_k, shape.experts, room.layout);
        let theirs = what(kept.rank, kept.ranks, kept.top_k, kept.experts, kept.layout);
        if ours != theirs {
            return Err(Error::WrongHandle { rank: rank.index(), dock: ours, handle: theirs });
        }
        let sizes = [
            ("tokens", kept.counts.tokens, room.tokens),
            ("rows", kept.counts.rows(), room.rows),
            ("slots", kept.counts.slots(), room.slots),
        ];
        match sizes.into_iter().find(|(_, needed, most)| needed > most) {
            Some((what, needed, most)) => {
                Err(Error::HandleTooLarge { rank: rank.index(), what, needed, most })
            }
            None => Ok(()),
        }
    }
}
