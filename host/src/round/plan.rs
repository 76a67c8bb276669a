//! A plan: where every selection of a rank's tokens goes, and how its arrivals are laid out. Made
//! by one round, usable by more.

use std::cell::Cell;
use std::rc::Rc;

use crossdock_device::Shape;
use crossdock_device::intrinsics::Global;
use crossdock_device::kernels::records::code::Offsets;
use crossdock_device::layout::code::Destination;

use crate::Result;
use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;

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
    pub(crate) destinations: Buffer<Destination>,
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
            destinations: rank.buffer(tokens * top_k)?,
            source_offsets: rank.buffer(ranks + 1)?,
            expert_offsets: rank.buffer(local_experts + 1)?,
            expert_counts: rank.buffer(local_experts)?,
        })
    }

    /// Where arrivals lie.
    pub(crate) fn offsets(&self) -> Offsets {
        Offsets {
            sources: self.source_offsets.global(),
            experts: self.expert_offsets.global(),
            expert_counts: self.expert_counts.global(),
        }
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
