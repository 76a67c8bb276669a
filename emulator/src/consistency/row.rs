//! Marks of 32 neighbouring pieces of memory: as many as a warp has lanes.
//!
//! Nearly all data moves in whole rows: a warp instruction in which every lane accesses the next
//! piece, or a copy that accesses them all. So the marks of a row are usually those of one stamp,
//! and twelve bytes say which pieces have them and whose they are. Only when several stamps meet in
//! a row does each piece get a word of its own.

use super::stamp::Mark;

/// Pieces of a row.
pub(crate) const PIECES: usize = 32;

/// How the lanes of one stamp follow each other in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// All pieces have the same mark.
    Same,
    /// Piece `i` is that of lane `i + rotation`, modulo 32.
    Lanes { rotation: u8 },
}

/// One stamp in some pieces of a row, nobody in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    /// The mark of all pieces, or that of lane 0. Never a set.
    pub(crate) mark: Mark,
    pub(crate) pattern: Pattern,
    /// Bit `i` is set if the stamp accessed piece `i`.
    pub(crate) pieces: u32,
}

impl Run {
    const NOBODY: Run = Run { mark: Mark::NOBODY, pattern: Pattern::Same, pieces: 0 };

    #[inline]
    fn get(&self, piece: usize) -> Mark {
        if self.pieces >> piece & 1 == 0 {
            return Mark::NOBODY;
        }
        match self.pattern {
            Pattern::Same => self.mark,
            Pattern::Lanes { rotation } => Mark(self.mark.0 | (piece as u32 + u32::from(rotation)) & 31),
        }
    }
}

/// The marks of the pieces of a row.
#[derive(Clone, Debug)]
pub(crate) enum Marks {
    One(Run),
    Each(Box<[Mark; PIECES]>),
}

impl Default for Marks {
    fn default() -> Self {
        Marks::One(Run::NOBODY)
    }
}

/// The bits of pieces `first` to `last`, the last one not included.
#[inline]
pub(crate) fn pieces(first: usize, last: usize) -> u32 {
    (u32::MAX >> (PIECES - (last - first))) << first
}

impl Marks {
    #[inline]
    pub(crate) fn get(&self, piece: usize) -> Mark {
        match self {
            Marks::One(run) => run.get(piece),
            Marks::Each(each) => each[piece],
        }
    }

    pub(crate) fn each(&mut self) -> &mut [Mark; PIECES] {
        if let Marks::One(run) = *self {
            *self = Marks::Each(Box::new(std::array::from_fn(|piece| run.get(piece))));
        }
        match self {
            Marks::Each(each) => each,
            Marks::One(_) => unreachable!("the marks were just taken apart"),
        }
    }

    /// Replaces the mark of one piece.
    pub(crate) fn set(&mut self, piece: usize, mark: Mark) {
        if self.get(piece) != mark {
            self.each()[piece] = mark;
        }
    }

    /// Replaces the marks of the pieces of a run, which hold no sets.
    #[inline]
    pub(crate) fn put(&mut self, run: Run) {
        match self {
            // What is left of the old run must fit the new one.
            Marks::One(old) if old.pieces & !run.pieces == 0 => *old = run,
            Marks::One(old) if old.mark == run.mark && old.pattern == run.pattern => {
                old.pieces |= run.pieces;
            }
            _ if run.pieces == u32::MAX => *self = Marks::One(run),
            _ => {
                let each = self.each();
                for (piece, mark) in each.iter_mut().enumerate() {
                    if run.pieces >> piece & 1 == 1 {
                        *mark = run.get(piece);
                    }
                }
            }
        }
    }

    /// Gives pieces to nobody; they hold no sets.
    #[inline]
    pub(crate) fn clear(&mut self, pieces: u32) {
        match self {
            Marks::One(run) => run.pieces &= !pieces,
            Marks::Each(_) if pieces == u32::MAX => *self = Marks::default(),
            Marks::Each(each) => {
                for (piece, mark) in each.iter_mut().enumerate() {
                    if pieces >> piece & 1 == 1 {
                        *mark = Mark::NOBODY;
                    }
                }
            }
        }
    }
}

/// What is known of the accesses to a row: the last writes, and the reads since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) writes: Marks,
    pub(crate) reads: Marks,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run() -> impl Strategy<Value = Run> {
        let pattern =
            prop_oneof![Just(Pattern::Same), (0..32u8).prop_map(|rotation| Pattern::Lanes { rotation })];
        let pieces =
            (0..PIECES, 1..=PIECES).prop_map(|(first, length)| pieces(first, (first + length).min(PIECES)));
        (1..4u32, pattern, pieces).prop_map(|(stamp, pattern, pieces)| Run {
            mark: Mark::lane(stamp, 0),
            pattern,
            pieces,
        })
    }

    proptest! {
        /// However a row keeps its marks, each piece has the one that was put there last.
        #[test]
        fn a_row_is_an_array_of_marks(steps in proptest::collection::vec((run(), 0..3u32), 1..12)) {
            let mut marks = Marks::default();
            let mut plain = [Mark::NOBODY; PIECES];
            for (run, action) in steps {
                let first = run.pieces.trailing_zeros() as usize;
                match action {
                    0 => {
                        marks.put(run);
                        for piece in (0..PIECES).filter(|piece| run.pieces >> piece & 1 == 1) {
                            let lane = match run.pattern {
                                Pattern::Same => 0,
                                Pattern::Lanes { rotation } => (piece + usize::from(rotation)) % 32,
                            };
                            plain[piece] = Mark::lane(run.mark.stamp(), lane);
                        }
                    }
                    1 => {
                        marks.clear(run.pieces);
                        for piece in (0..PIECES).filter(|piece| run.pieces >> piece & 1 == 1) {
                            plain[piece] = Mark::NOBODY;
                        }
                    }
                    _ => {
                        marks.set(first, Mark::set(7));
                        marks.set(first, run.mark);
                        plain[first] = run.mark;
                    }
                }
                #[expect(clippy::needless_range_loop, reason = "the number is what both sides are asked for")]
                for piece in 0..PIECES {
                    prop_assert_eq!(marks.get(piece), plain[piece]);
                }
            }
        }
    }
}
