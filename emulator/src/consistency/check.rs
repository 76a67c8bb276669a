//! Whether an access is ordered after the accesses to the same bytes before it, or races with one.
//!
//! Two accesses of which one writes race unless causality orders them or they are morally strong:
//! both strong, in scopes that contain each other's threads, through the same proxy, of exactly the
//! same bytes (PTX ISA section 8.7).

use std::collections::BTreeMap;

use super::Detector;
use super::clock::{LaunchId, lanes};
use super::lanes::LaneClocks;
use super::location::Location;
use super::row::{Marks, PIECES, Pattern, Row, Run, pieces};
use super::scope::Place;
use super::shadow::{PAGE, Shadow, shift_of};
use super::stamp::{Access, Kind, Mark, Proxy, Stamp};
use super::view::View;
use crate::op::Space;

/// An access that another one is not ordered after.
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

    /// Checks and records a weak access to several pieces at once, if all of them are ordered
    /// after one stamp each way.
    fn is_whole<V: View>(&self, row: &mut Row, request: &Request<'_, V>, pieces: u32) -> bool {
        let Request { mark, access, .. } = *request;
        if access.strong.is_some() || access.kind == Kind::Atomic || mark.is_nobody() {
            return false;
        }
        let is_after_stamp = |mark: Mark, pattern: Pattern| {
            let stamp = self.stamps.get(mark.stamp());
            let theirs = match pattern {
                Pattern::Same => mark.lanes(stamp),
                Pattern::Lanes { .. } => u32::MAX,
            };
            let actor = &self.actors[stamp.actor as usize];
            !(access.non_coherent || stamp.access.non_coherent)
                && request.view.is_after(stamp, actor, theirs, request.lanes, request.space)
        };
        let is_after = |marks: &Marks| match marks {
            Marks::One(run) => run.pieces & pieces == 0 || is_after_stamp(run.mark, run.pattern),
            Marks::Each(each) => {
                let mut last = Mark::NOBODY;
                each.iter().enumerate().filter(|(piece, _)| pieces >> piece & 1 == 1).all(|(_, &mark)| {
                    let known = mark.is_nobody() || mark == last;
                    last = mark;
                    known || mark.as_set().is_none() && is_after_stamp(mark, Pattern::Same)
                })
            }
        };
        let run = Run { mark, pattern: Pattern::Same, pieces };
        if access.kind == Kind::Read {
            let alone = matches!(row.reads, Marks::One(reads) if reads.pieces & pieces == 0
                || reads.mark == mark && reads.pattern == Pattern::Same);
            // Of a read that whoever is after the new one is after too, nothing need be kept.
            let covers = access.proxy == Proxy::Generic && is_after(&row.reads);
            if !(alone || covers) || !is_after(&row.writes) {
                return false;
            }
            row.reads.put(run);
        } else {
            if !is_after(&row.writes) || !is_after(&row.reads) {
                return false;
            }
            row.writes.put(run);
            row.reads.clear(pieces);
        }
        true
    }

    /// Checks and records an access to one piece of memory.
    pub(super) fn cell<V: View>(
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
        // An atomic operation continues what it reads, so whoever is after it is after that; a
        // store does not.
        if request.access.kind == Kind::Atomic {
            kept.clear();
        }
        self.keep_weaker(write, request, &mut kept);
        kept.push(request.mark);
        row.writes.set(piece, self.replace(write, kept));
        row.reads.set(piece, self.replace(read, unordered_reads));
        Ok(())
    }

    /// Lanes of one instruction that store different values to the same bytes: which one stays is
    /// undefined.
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
