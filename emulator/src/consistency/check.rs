//! Whether an access is ordered behind the accesses to the same bytes before it, or races with one.
//!
//! Two accesses of which one writes race unless causality orders them or they are morally strong: both strong, in scopes
//! that contain each other's threads, through the same proxy, of exactly the same bytes (PTX ISA section 8.7).

use std::collections::BTreeMap;

use super::Detector;
use super::clock::{LaunchId, lanes};
use super::lanes::{LaneClocks, View};
use super::location::Location;
use super::row::{Marks, PIECES, Pattern, Row, Run, pieces};
use super::scope::{Place, mutual};
use super::shadow::{PAGE, Shadow, shift_of};
use super::stamp::{Access, Kind, Mark, Proxy, Stamp};
use crate::op::Space;

/// An access that another one is not ordered behind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Racing {
    pub(crate) earlier: Mark,
    /// Where the bytes begin.
    pub(crate) offset: usize,
    /// The first lane of the later access.
    pub(crate) lane: usize,
}

/// An access to be checked, by some lanes of a warp or by a copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a, V> {
    pub(crate) view: &'a V,
    pub(crate) actor: u32,
    pub(crate) launch: LaunchId,
    pub(crate) place: Place,
    pub(crate) mark: Mark,
    pub(crate) lanes: u32,
    pub(crate) access: Access,
    pub(crate) space: Space,
}

/// How an access stands to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Ordered,
    /// Unordered, but no race.
    MorallyStrong,
    Racing,
}

impl Detector {
    /// The stamp of an access by a warp at this time; `several` lanes have one of their own.
    #[inline]
    pub(super) fn stamp(&mut self, clocks: &mut LaneClocks, access: Access, pc: u32, several: u32) -> u32 {
        match clocks.stamp(pc, several) {
            Some(stamp) => stamp,
            None => {
                let stamp = Stamp { actor: clocks.actor, time: clocks.time, pc, lanes: several, access };
                let number = self.stamps.add(stamp);
                clocks.remember_stamp(pc, several, number);
                number
            }
        }
    }

    /// The same bytes are accessed by all lanes of `mask`.
    pub(crate) fn access(
        &mut self,
        (shadow, space): (&mut Shadow, Space),
        clocks: &mut LaneClocks,
        access: Access,
        pc: u32,
        mask: u32,
        (offset, length): (usize, usize),
    ) -> Result<Mark, Racing> {
        let several = if mask.is_power_of_two() { 0 } else { mask };
        let stamp = self.stamp(clocks, access, pc, several);
        let lane = mask.trailing_zeros() as usize;
        let mark = if several == 0 { Mark::lane(stamp, lane) } else { Mark::several(stamp) };
        let request = Request {
            view: &*clocks,
            actor: clocks.actor,
            launch: clocks.launch,
            place: clocks.place,
            mark,
            lanes: mask,
            access,
            space,
        };
        self.request(shadow, &request, offset, length)?;
        Ok(mark)
    }

    /// Checks and records an access to a run of bytes.
    pub(crate) fn request<V: View>(
        &mut self,
        shadow: &mut Shadow,
        request: &Request<'_, V>,
        offset: usize,
        length: usize,
    ) -> Result<(), Racing> {
        shadow.enter(self.run);
        let shift = shift_of(offset, length.min(16));
        if request.access.kind != Kind::Read && request.access.strong.is_none() {
            shadow.forget_locations(offset, length);
        }
        let Shadow { pages, locations, .. } = shadow;
        let (mut at, end) = (offset, offset + length);
        while at < end {
            let page = pages.page(at / PAGE, shift, self.run, &mut self.sets);
            let shift = page.shift;
            let (row, first) = page.row((at % PAGE) >> shift);
            let last = PIECES.min(first + (end - at).div_ceil(1 << shift));
            if last - first == 1 || !self.is_whole(row, request, pieces(first, last)) {
                for piece in first..last {
                    self.cell(row, piece, locations, request, at + ((piece - first) << shift))?;
                }
            }
            at += (last - first) << shift;
        }
        Ok(())
    }

    /// Checks and records a weak access to several pieces at once, if all of them are ordered behind one stamp each way.
    fn is_whole<V: View>(&self, row: &mut Row, request: &Request<'_, V>, pieces: u32) -> bool {
        let Request { mark, access, .. } = *request;
        if access.strong.is_some() || access.kind == Kind::Atomic || mark.is_nobody() {
            return false;
        }
        let is_behind_stamp = |mark: Mark, pattern: Pattern| {
            let stamp = self.stamps.get(mark.stamp());
            let theirs = match pattern {
                Pattern::Same => mark.lanes(stamp),
                Pattern::Lanes { .. } => u32::MAX,
            };
            let actor = &self.actors[stamp.actor as usize];
            !(access.non_coherent || stamp.access.non_coherent)
                && request.view.is_behind(stamp, actor, theirs, request.lanes, request.space)
        };
        let is_behind = |marks: &Marks| match marks {
            Marks::One(run) => run.pieces & pieces == 0 || is_behind_stamp(run.mark, run.pattern),
            Marks::Each(each) => {
                let mut last = Mark::NOBODY;
                each.iter().enumerate().filter(|(piece, _)| pieces >> piece & 1 == 1).all(|(_, &mark)| {
                    let known = mark.is_nobody() || mark == last;
                    last = mark;
                    known || mark.as_set().is_none() && is_behind_stamp(mark, Pattern::Same)
                })
            }
        };
        let run = Run { mark, pattern: Pattern::Same, pieces };
        if access.kind == Kind::Read {
            let alone = matches!(row.reads, Marks::One(reads) if reads.pieces & pieces == 0
                || reads.mark == mark && reads.pattern == Pattern::Same);
            // Of a read that whoever is behind the new one is behind too, nothing need be kept.
            let covers = access.proxy == Proxy::Generic && is_behind(&row.reads);
            if !(alone || covers) || !is_behind(&row.writes) {
                return false;
            }
            row.reads.put(run);
        } else {
            if !is_behind(&row.writes) || !is_behind(&row.reads) {
                return false;
            }
            row.writes.put(run);
            row.reads.clear(pieces);
        }
        true
    }

    /// Checks and records an access to one piece of memory.
    fn cell<V: View>(
        &mut self,
        row: &mut Row,
        piece: usize,
        locations: &BTreeMap<usize, Location>,
        request: &Request<'_, V>,
        offset: usize,
    ) -> Result<(), Racing> {
        let (write, read) = (row.writes.get(piece), row.reads.get(piece));
        let mut kept = self.compare(write, locations, request, offset)?;
        if request.access.kind == Kind::Read {
            row.reads.set(piece, self.with_read(read, request));
            return Ok(());
        }
        let unordered_reads = self.compare(read, locations, request, offset)?;
        // An atomic operation continues what it reads, so whoever is behind it is behind that; a store does not.
        if request.access.kind == Kind::Atomic {
            kept.clear();
        }
        self.keep_weaker(write, request, &mut kept);
        kept.push(request.mark);
        row.writes.set(piece, self.replace(write, kept));
        row.reads.set(piece, self.replace(read, unordered_reads));
        Ok(())
    }

    /// The accesses of `earlier` that are not ordered before the request, if none races with it.
    fn compare<V: View>(
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

    /// Adds those of `earlier` that are weaker than the request: whoever is behind neither may race with them and not with
    /// the request.
    fn keep_weaker<V: View>(&self, earlier: Mark, request: &Request<'_, V>, kept: &mut Vec<Mark>) {
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
        if request.view.is_behind(stamp, actor, theirs, request.lanes, request.space) {
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

    /// Whether the request is behind a strong read that found a store: then it is behind that store, if not behind
    /// anything else of its thread (PTX ISA section 8.9.5, causality order, second rule).
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
                .any(|lane| request.view.is_behind(&read, actor, 1 << lane, request.lanes, request.space))
        })
    }

    /// Adds a read to those that a cell knows. What is ordered before it, or was done by the same lanes, need not be kept,
    /// unless it is weaker: a later strong store may race with the earlier read and not with this one.
    fn with_read<V: View>(&mut self, reads: Mark, request: &Request<'_, V>) -> Mark {
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
                    && request.view.is_behind(stamp, actor, theirs, request.lanes, request.space);
            let same_path = stamp.access.non_coherent == mine.non_coherent;
            !(as_weak && covered && same_path)
        };
        // Many may poll: only its own earlier reads are looked at, and the others when there are twice as many.
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
    fn replace(&mut self, old: Mark, mut new: Vec<Mark>) -> Mark {
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

    /// All 32 lanes access `bytes` bytes each, side by side, weakly.
    #[inline]
    pub(crate) fn row(
        &mut self,
        (shadow, space): (&mut Shadow, Space),
        clocks: &mut LaneClocks,
        access: Access,
        pc: u32,
        offset: usize,
        bytes: usize,
    ) -> Result<(), Racing> {
        shadow.enter(self.run);
        let stamp = self.stamp(clocks, access, pc, 0);
        if access.kind != Kind::Read {
            shadow.forget_locations(offset, 32 * bytes);
        }
        let shift = shift_of(offset, bytes.min(16));
        let Shadow { pages, locations, .. } = shadow;
        let (mut at, end) = (offset, offset + 32 * bytes);
        while at < end {
            let page = pages.page(at / PAGE, shift, self.run, &mut self.sets);
            let shift = page.shift;
            let (row, first) = page.row((at % PAGE) >> shift);
            let last = PIECES.min(first + ((end - at) >> shift));
            let per_lane = (bytes >> shift).trailing_zeros();
            // The first piece may be in the middle of a lane's bytes.
            let begun = (at - offset) >> shift;
            let lane_of = |piece: usize| (begun + piece - first) >> per_lane;
            let pieces = pieces(first, last);
            let rotation = ((begun + PIECES - first) % PIECES) as u8;
            let run = Run { mark: Mark::lane(stamp, 0), pattern: Pattern::Lanes { rotation }, pieces };
            let run = (per_lane == 0 && stamp != 0).then_some(run);
            let settled = |marks| self.is_settled(marks, clocks, access, (first, last, run), lane_of);
            if settled(&row.writes) && settled(&row.reads) {
                let marks = if access.kind == Kind::Read { &mut row.reads } else { &mut row.writes };
                if let Some(run) = run {
                    marks.put(run);
                } else {
                    for (piece, mark) in marks.each().iter_mut().enumerate().take(last).skip(first) {
                        *mark = Mark::lane(stamp, lane_of(piece));
                    }
                }
                if access.kind != Kind::Read {
                    row.reads.clear(pieces);
                }
            } else {
                for piece in first..last {
                    let lane = lane_of(piece);
                    let request = Request {
                        view: &*clocks,
                        actor: clocks.actor,
                        launch: clocks.launch,
                        place: clocks.place,
                        mark: Mark::lane(stamp, lane),
                        lanes: 1 << lane,
                        access,
                        space,
                    };
                    self.cell(row, piece, locations, &request, at + ((piece - first) << shift))?;
                }
            }
            at += (last - first) << shift;
        }
        Ok(())
    }

    /// Whether the marks of the pieces from `first` to `last` are nobody's, or of one stamp that all lanes are behind, or
    /// each of the same lane of this warp. `run` is what would take their place.
    #[inline]
    fn is_settled(
        &self,
        marks: &Marks,
        clocks: &LaneClocks,
        access: Access,
        (first, last, run): (usize, usize, Option<Run>),
        lane_of: impl Fn(usize) -> usize,
    ) -> bool {
        let one = match marks {
            Marks::One(old) if old.pieces & pieces(first, last) == 0 => return true,
            Marks::One(old) => old.mark,
            Marks::Each(each) => match each[first..last].iter().find(|mark| !mark.is_nobody()) {
                None => return true,
                Some(one) if one.as_set().is_some() => return false,
                Some(one) => *one,
            },
        };
        let number = one.stamp();
        let stamp = self.stamps.get(number);
        if access.non_coherent || stamp.access.non_coherent {
            return false;
        }
        if stamp.actor == clocks.actor && stamp.time > clocks.common_time() {
            return match marks {
                Marks::One(old) if run.is_some_and(|run| run.pattern == old.pattern) => true,
                marks => (first..last).all(|piece| {
                    let mark = marks.get(piece);
                    mark.is_nobody() || mark == Mark::lane(number, lane_of(piece))
                }),
            };
        }
        let launch = self.actors[stamp.actor as usize].launch;
        if clocks.common().is_none() || !clocks.knows(stamp, launch, u32::MAX, u32::MAX) {
            return false;
        }
        match marks {
            Marks::One(_) => true,
            Marks::Each(each) => {
                each[first..last].iter().fold(0, |different, mark| {
                    different | if mark.is_nobody() { 0 } else { mark.0 >> 6 ^ number }
                }) == 0
            }
        }
    }

    /// Lanes of one instruction that store different values to the same bytes: which one stays is undefined.
    pub(crate) fn itself(
        &mut self,
        clocks: &mut LaneClocks,
        access: Access,
        pc: u32,
        mask: u32,
        offset: usize,
    ) -> Racing {
        let stamp = self.stamp(clocks, access, pc, 0);
        let mut who = lanes(mask);
        let first = who.next().unwrap_or(0);
        Racing { earlier: Mark::lane(stamp, first), offset, lane: who.next().unwrap_or(first) }
    }
}
