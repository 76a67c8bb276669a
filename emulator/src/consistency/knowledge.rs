//! What a thread, a barrier or a release carries: one clock for each way to reach memory.
//!
//! Accesses through the async proxy (bulk copies) are ordered after ordinary accesses only if a
//! `fence.proxy.async` stands on the path between them (the instruction's text), and after those
//! of other blocks' async proxies no more than after ordinary ones: order is preserved within one
//! proxy of one thread block (PTX ISA section 8.9.5, proxy-preserved base causality order). So next
//! to what is known, we keep what of it such a fence of this block has covered, for global and for
//! shared memory; what comes from other blocks brings nothing of that along.

use std::sync::Arc;

use super::clock::{Clock, Known, LaunchId, Unions};
use crate::op::Space;

/// Three clocks that are published and joined together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Knowledge {
    /// Base causality order.
    pub(crate) generic: Arc<Clock>,
    /// The part that bulk copies of global memory are ordered after.
    pub(crate) async_global: Arc<Clock>,
    /// The part that bulk copies of shared memory are ordered after.
    pub(crate) async_shared: Arc<Clock>,
}

fn join(mine: &mut Arc<Clock>, theirs: &Arc<Clock>, unions: &mut Unions) {
    if Arc::ptr_eq(mine, theirs) || theirs.is_empty() {
        return;
    }
    if mine.is_empty() {
        *mine = theirs.clone();
        return;
    }
    Arc::make_mut(mine).join(theirs, unions);
}

impl Knowledge {
    pub(crate) fn join(&mut self, other: &Knowledge) {
        // Most of the three is the same.
        let mut unions = Unions::default();
        join(&mut self.generic, &other.generic, &mut unions);
        join(&mut self.async_global, &other.async_global, &mut unions);
        join(&mut self.async_shared, &other.async_shared, &mut unions);
    }

    /// Joins what a thread of another block knows: that its async proxy is ordered after something
    /// orders nothing here.
    pub(crate) fn join_from_elsewhere(&mut self, other: &Knowledge) {
        join(&mut self.generic, &other.generic, &mut Unions::default());
    }

    /// Whether no fence of the async proxy covers anything.
    pub(crate) fn is_generic(&self) -> bool {
        self.async_global.is_empty() && self.async_shared.is_empty()
    }

    pub(crate) fn is_same(&self, other: &Knowledge) -> bool {
        Arc::ptr_eq(&self.generic, &other.generic)
            && Arc::ptr_eq(&self.async_global, &other.async_global)
            && Arc::ptr_eq(&self.async_shared, &other.async_shared)
    }

    /// Adds a warp's past to the order of ordinary accesses.
    pub(crate) fn add(&mut self, actor: u32, launch: LaunchId, known: &Known) {
        Arc::make_mut(&mut self.generic).add(actor, launch, known);
    }

    /// Adds a warp's past to all three clocks.
    pub(crate) fn add_everywhere(&mut self, actor: u32, launch: LaunchId, known: &Known) {
        for clock in [&mut self.generic, &mut self.async_global, &mut self.async_shared] {
            Arc::make_mut(clock).add(actor, launch, known);
        }
    }

    /// `fence.proxy.async`: bulk copies from here on are ordered after everything known.
    pub(crate) fn fence_proxy(&mut self, global: bool, shared: bool) {
        if global {
            self.async_global = self.generic.clone();
        }
        if shared {
            self.async_shared = self.generic.clone();
        }
    }

    /// What a bulk copy that touches memory of a space is ordered after.
    pub(crate) fn async_proxy(&self, space: Space) -> &Clock {
        if space == Space::Shared { &self.async_shared } else { &self.async_global }
    }
}
