//! Places of strong stores: which values a strong read may find, and what it learns from whom.
//!
//! A release does not order anything by itself. What it publishes travels with the store that it
//! is, or that follows a release fence, and with the read-modify-writes that follow that store (PTX
//! ISA sections 8.8 and 8.9.2), until a read with an acquire finds it.

use std::collections::VecDeque;

use super::clock::Time;
use super::knowledge::Knowledge;
use super::scope::Place;
use super::stamp::Mark;
use crate::op::Scope;

/// Stores that a location remembers.
const HISTORY: usize = 8;

/// The first operation of a release pattern, and what it publishes.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) actor: u32,
    pub(crate) lane: usize,
    pub(crate) time: Time,
    pub(crate) pc: u32,
    pub(crate) place: Place,
    pub(crate) scope: Scope,
    pub(crate) knowledge: Knowledge,
}

/// A moment of some lanes of a warp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) actor: u32,
    pub(crate) lanes: u32,
    pub(crate) time: Time,
}

/// A store to a location, or the value that it held before the first strong store.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pub(crate) by: Mark,
    pub(crate) value: u128,
    /// Who stored, and the scope; `None` for a weak or initial value.
    pub(crate) strong: Option<(Scope, Place)>,
    /// An atomic operation, which reads the store before it.
    pub(crate) atomic: bool,
    pub(crate) releases: Vec<Release>,
    /// Strong reads that found it, the first of each lane, by actor.
    pub(crate) reads: Vec<Moment>,
}

/// The stores to one location in coherence order, which is the order of execution.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) bytes: u8,
    pub(crate) stores: VecDeque<Store>,
    /// Reads that found an old store since one found the newest: bounded, so that every store
    /// becomes visible.
    pub(crate) stale: u32,
}

impl Location {
    /// A location that holds a value, if anybody wrote one.
    pub(crate) fn new(bytes: u8, value: Option<u128>) -> Location {
        let initial = |value| Store {
            by: Mark::NOBODY,
            value,
            strong: None,
            atomic: false,
            releases: Vec::new(),
            reads: Vec::new(),
        };
        Location { bytes, stores: value.map(initial).into_iter().collect(), stale: 0 }
    }

    pub(crate) fn push(&mut self, store: Store) {
        if self.stores.len() == HISTORY {
            self.stores.pop_front();
        }
        self.stores.push_back(store);
    }

    /// Whether a store may have been one of this location that made room for later ones.
    pub(crate) fn has_forgotten(&self, by: Mark) -> bool {
        self.stores.len() == HISTORY && self.stores.iter().all(|store| store.by != by)
    }

    /// Reads from which a store is known: of itself, or of an atomic operation that continues it.
    pub(crate) fn observations(&self, by: Mark) -> impl Iterator<Item = Moment> {
        let position = self.stores.iter().position(|store| store.by == by).unwrap_or(self.stores.len());
        self.stores
            .iter()
            .skip(position)
            .enumerate()
            .take_while(|(index, store)| *index == 0 || store.atomic)
            .flat_map(|(_, store)| store.reads.iter().copied())
    }
}

impl Store {
    pub(crate) fn note_read(&mut self, moment: Moment) {
        let start = self.reads.partition_point(|read| read.actor < moment.actor);
        let own = self.reads[start..].iter().take_while(|read| read.actor == moment.actor);
        let known = own.fold(0, |lanes, read| lanes | read.lanes);
        let lanes = moment.lanes & !known;
        if lanes != 0 {
            self.reads.insert(start, Moment { lanes, ..moment });
        }
    }
}
