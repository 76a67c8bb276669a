//! Shadow memory: who last wrote and who read each piece of an allocation.
//!
//! A page starts with pieces as large as the first access (16 bytes at most) and is split when a
//! smaller access comes. Rows of data that a warp moves 16 bytes a lane are then rows of 32 pieces
//! ([`Row`]), of which each costs a few bytes to keep and a comparison to check. Pages belong to a
//! run: between two runs everything is ordered.

use std::collections::BTreeMap;

use super::location::Location;
use super::row::{PIECES, Row};
use super::stamp::Mark;

/// Bytes of memory that a page describes.
pub(crate) const PAGE: usize = 4096;
const COARSEST: u32 = 4;

/// The rows of one page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    /// Binary logarithm of the bytes of a piece.
    pub(crate) shift: u32,
    rows: Rows,
}

/// Rows of a page whose pieces are as coarse as can be are found without another step.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "most pages are coarse, and are found without a second pointer"
)]
enum Rows {
    Coarse([Row; (PAGE >> COARSEST) / PIECES]),
    Fine(Vec<Row>),
}

/// Pages that are kept together, so that walking over memory is walking over its shadow.
const PAGES: usize = 16;

/// The shadow of an allocation or of a block's shared memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shadow {
    run: u32,
    pub(crate) pages: Pages,
    /// Where strong stores went, by offset.
    pub(crate) locations: BTreeMap<usize, Location>,
}

/// The pages that were accessed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pages(Vec<Option<Box<Neighbours>>>);

/// Neighbouring pages, of a run. The next run takes their place: what it accesses is mostly the
/// same.
#[derive(Clone, Debug, Default)]
struct Neighbours {
    run: u32,
    pages: [Option<Page>; PAGES],
}

/// Marks of cells that stand for several accesses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sets {
    sets: Vec<Vec<Mark>>,
    free: Vec<u32>,
}

impl Sets {
    pub(crate) fn add(&mut self, marks: Vec<Mark>) -> Mark {
        match self.free.pop() {
            Some(index) => {
                self.sets[index as usize] = marks;
                Mark::set(index)
            }
            None => {
                self.sets.push(marks);
                Mark::set(self.sets.len() as u32 - 1)
            }
        }
    }

    pub(crate) fn get(&self, index: usize) -> &[Mark] {
        &self.sets[index]
    }

    pub(crate) fn take(&mut self, index: usize) -> Vec<Mark> {
        self.free.push(index as u32);
        std::mem::take(&mut self.sets[index])
    }
}

/// The coarsest pieces, as a binary logarithm, that an access of `length` bytes at `offset`
/// consists of.
pub(crate) fn shift_of(offset: usize, length: usize) -> u32 {
    (offset | length).trailing_zeros().min(COARSEST)
}

impl Shadow {
    /// Starts afresh if this is another run than the last access was in.
    pub(crate) fn enter(&mut self, run: u32) {
        if self.run != run {
            self.run = run;
            self.locations.clear();
        }
    }

    /// Forgets strong stores to bytes that something else was written to.
    pub(crate) fn forget_locations(&mut self, offset: usize, length: usize) {
        if self.locations.is_empty() {
            return;
        }
        let from = offset.saturating_sub(15);
        let gone: Vec<usize> = self
            .locations
            .range(from..offset + length)
            .filter(|(start, location)| *start + usize::from(location.bytes) > offset)
            .map(|(&start, _)| start)
            .collect();
        for start in gone {
            self.locations.remove(&start);
        }
    }
}

impl Pages {
    /// A page of a run whose pieces are no larger than 2 to the power of `shift` bytes.
    #[inline]
    pub(crate) fn page(&mut self, number: usize, shift: u32, run: u32, sets: &mut Sets) -> &mut Page {
        let (group, place) = (number / PAGES, number % PAGES);
        if group >= self.0.len() {
            self.0.resize_with(group + 1, || None);
        }
        let group = self.0[group].get_or_insert_default();
        if group.run != run {
            *group.as_mut() = Neighbours { run, ..Neighbours::default() };
        }
        let page = group.pages[place].get_or_insert_with(|| Page::new(shift));
        if page.shift > shift {
            page.split(shift, sets);
        }
        page
    }
}

impl Page {
    fn new(shift: u32) -> Page {
        let rows = if shift == COARSEST {
            Rows::Coarse(Default::default())
        } else {
            Rows::Fine(vec![Row::default(); (PAGE >> shift) / PIECES])
        };
        Page { shift, rows }
    }

    /// The row of a piece, and the piece's number in it.
    #[inline]
    pub(crate) fn row(&mut self, piece: usize) -> (&mut Row, usize) {
        let rows = match &mut self.rows {
            Rows::Coarse(rows) => &mut rows[..],
            Rows::Fine(rows) => rows,
        };
        (&mut rows[piece / PIECES], piece % PIECES)
    }

    fn split(&mut self, shift: u32, sets: &mut Sets) {
        let times = 1 << (self.shift - shift);
        let mut finer = Page::new(shift);
        for piece in 0..PAGE >> self.shift {
            let (row, place) = self.row(piece);
            let (write, read) = (row.writes.get(place), row.reads.get(place));
            for part in 0..times {
                // A set belongs to one piece.
                let mut own = |mark: Mark| match mark.as_set() {
                    Some(index) if part > 0 => sets.add(sets.get(index).to_vec()),
                    _ => mark,
                };
                let (row, place) = finer.row(piece * times + part);
                row.writes.set(place, own(write));
                row.reads.set(place, own(read));
            }
        }
        *self = finer;
    }
}
