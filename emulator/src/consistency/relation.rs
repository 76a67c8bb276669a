//! How an access stands to those before it: ordered, morally strong with them, or racing (PTX ISA
//! sections 8.7 and 8.9.5), and which of them a piece of memory must go on to remember.

use std::collections::BTreeMap;

use super::Detector;
use super::check::{Racing, Request};
use super::clock::lanes;
use super::location::Location;
use super::scope::mutual;
use super::stamp::{Access, Kind, Mark, Proxy, Stamp};
use super::view::View;

/// How an access stands to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Ordered,
    /// Unordered, but no race.
    MorallyStrong,
    Racing,
}

impl Detector {
    /// The accesses of `earlier` that are not ordered before the request, if none races with it.
    pub(super) fn compare<V: View>(
        &self,
        earlier: Mark,
        locations: &BTreeMap<usize, Location>,
        request: &Request<'_, V>,
        offset: usize,
    ) -> Result<Vec<Mark>, Racing> {
        let one = |mark: Mark| match self.relation(mark, locations, request, offset) {
            Relation::Racing => {
                Err(Racing { earlier: mark, offset, lane: request.lanes.trailing_zeros() as usize })
            }
            relation => Ok(relation),
        };
        if earlier.is_nobody() {
            return Ok(Vec::new());
        }
        let Some(set) = earlier.as_set() else {
            return Ok(if one(earlier)? == Relation::Ordered { Vec::new() } else { vec![earlier] });
        };
        let mut unordered = Vec::new();
        for &mark in self.sets.get(set) {
            if one(mark)? != Relation::Ordered {
                unordered.push(mark);
            }
        }
        Ok(unordered)
    }

    /// Adds those of `earlier` that are weaker than the request: whoever is after neither may race
    /// with them and not with the request.
    pub(super) fn keep_weaker<V: View>(&self, earlier: Mark, request: &Request<'_, V>, kept: &mut Vec<Mark>) {
        let Some(scope) = request.access.strong else { return };
        let mut look = |mark: Mark| {
            let access = &self.stamps.get(mark.stamp()).access;
            let is_weaker = access.strong.is_none_or(|earlier| earlier < scope)
                || access.bytes != request.access.bytes
                || access.proxy != request.access.proxy;
            if is_weaker && mark != request.mark && !kept.contains(&mark) {
                kept.push(mark);
            }
        };
        match earlier.as_set() {
            Some(set) => self.sets.get(set).iter().for_each(|&mark| look(mark)),
            None if earlier.is_nobody() => {}
            None => look(earlier),
        }
    }

    fn relation<V: View>(
        &self,
        earlier: Mark,
        locations: &BTreeMap<usize, Location>,
        request: &Request<'_, V>,
        offset: usize,
    ) -> Relation {
        let stamp = self.stamps.get(earlier.stamp());
        let theirs = earlier.lanes(stamp);
        let actor = &self.actors[stamp.actor as usize];
        let mine = &request.access;
        if mine.non_coherent {
            // Whatever it may see must have been written before its kernel began.
            let start = &self.launches[request.launch.number as usize].start.generic;
            let before = start.covers(stamp.actor, actor.launch, theirs, stamp.time);
            return if before { Relation::Ordered } else { Relation::Racing };
        }
        if stamp.access.non_coherent {
            let after = request.view.knows_end_of(actor.launch, request.lanes);
            return if after { Relation::Ordered } else { Relation::Racing };
        }
        if request.view.is_after(stamp, actor, theirs, request.lanes, request.space) {
            return Relation::Ordered;
        }
        let strong = match (stamp.access.strong, mine.strong) {
            (Some(a), Some(b)) => mutual((a, actor.place), (b, request.place)),
            _ => false,
        };
        if strong && stamp.access.bytes == mine.bytes && stamp.access.proxy == mine.proxy {
            return Relation::MorallyStrong;
        }
        if stamp.access.kind != Kind::Read && self.was_observed(earlier, locations.get(&offset), request) {
            return Relation::Ordered;
        }
        Relation::Racing
    }

    /// Whether the request is after a strong read that found a store: then it is after that
    /// store, if not after anything else of its thread (PTX ISA section 8.9.5, causality order,
    /// second rule).
    fn was_observed<V: View>(
        &self,
        store: Mark,
        location: Option<&Location>,
        request: &Request<'_, V>,
    ) -> bool {
        let Some(location) = location else { return false };
        // Of a store that is no longer remembered nobody can tell who found it.
        if self.stamps.get(store.stamp()).access.strong.is_some() && location.has_forgotten(store) {
            return true;
        }
        location.observations(store).any(|moment| {
            let stored = self.stamps.get(store.stamp());
            let access = Access { proxy: Proxy::Generic, ..stored.access };
            let read = Stamp { actor: moment.actor, time: moment.time, access, ..*stored };
            let actor = &self.actors[moment.actor as usize];
            lanes(moment.lanes)
                .any(|lane| request.view.is_after(&read, actor, 1 << lane, request.lanes, request.space))
        })
    }

    /// Adds a read to those that a cell knows. What is ordered before it, or was done by the same
    /// lanes, need not be kept, unless it is weaker: a later strong store may race with the earlier
    /// read and not with this one.
    pub(super) fn with_read<V: View>(&mut self, reads: Mark, request: &Request<'_, V>) -> Mark {
        if reads.is_nobody() || reads == request.mark {
            return request.mark;
        }
        let mut marks = match reads.as_set() {
            Some(set) => self.sets.take(set),
            None => vec![reads],
        };
        let kept = |mark: Mark| {
            let stamp = self.stamps.get(mark.stamp());
            let (theirs, actor) = (mark.lanes(stamp), &self.actors[stamp.actor as usize]);
            let mine = &request.access;
            let as_weak = match (stamp.access.strong, mine.strong) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(a), Some(b)) => a >= b && stamp.access.bytes == mine.bytes,
            };
            let itself = stamp.actor == request.actor && theirs & !request.lanes == 0;
            let covered = itself
                || mine.proxy == Proxy::Generic
                    && request.view.is_after(stamp, actor, theirs, request.lanes, request.space);
            let same_path = stamp.access.non_coherent == mine.non_coherent;
            !(as_weak && covered && same_path)
        };
        // Many may poll: only its own earlier reads are looked at, and the others when there are
        // twice as many.
        let actor = |mark: &Mark| self.stamps.get(mark.stamp()).actor;
        let start = marks.partition_point(|mark| actor(mark) < request.actor);
        let end = start + marks[start..].iter().take_while(|mark| actor(mark) == request.actor).count();
        if marks[start..end].contains(&request.mark) {
            return self.sets.add(marks);
        }
        match (start..end).find(|&own| !kept(marks[own])) {
            Some(own) => marks[own] = request.mark,
            None => {
                if marks.len().is_power_of_two() {
                    marks.retain(|&mark| kept(mark));
                }
                let position = marks.partition_point(|mark| actor(mark) < request.actor);
                marks.insert(position, request.mark);
            }
        }
        self.replace(Mark::NOBODY, marks)
    }

    /// Puts other marks in place of a cell's.
    pub(super) fn replace(&mut self, old: Mark, mut new: Vec<Mark>) -> Mark {
        if let Some(set) = old.as_set() {
            self.sets.take(set);
        }
        new.sort_by_key(|mark| self.stamps.get(mark.stamp()).actor);
        match new.as_slice() {
            [] => Mark::NOBODY,
            [one] => *one,
            _ => self.sets.add(new),
        }
    }
}
