//! The commonest access: all 32 lanes, side by side. It is checked and remembered a row of shadow
//! memory at a time.

use super::Detector;
use super::check::{Racing, Request};
use super::lanes::LaneClocks;
use super::row::{Marks, PIECES, Pattern, Run, pieces};
use super::shadow::{PAGE, Shadow, shift_of};
use super::stamp::{Access, Kind, Mark};
use crate::op::Space;

impl Detector {
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

    /// Whether the marks of the pieces from `first` to `last` are nobody's, or of one stamp that
    /// all lanes are after, or each of the same lane of this warp. `run` is what would take their
    /// place.
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
}
