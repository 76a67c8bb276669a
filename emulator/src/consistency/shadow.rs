//! Shadow memory: who last wrote and who read each piece of an allocation.
//!
//! A page starts with pieces as large as the first access (16 bytes at most) and is split when a smaller access comes, so
//! that rows of data moved 16 bytes at a time cost half a byte of shadow for each byte, and a check of a whole warp's
//! access is a scan of 32 neighbouring words. Pages belong to a run: between two runs everything is ordered.

use std::collections::BTreeMap;

use super::location::Location;
use super::stamp::Mark;

/// Bytes of memory that a page describes.
pub(crate) const PAGE: usize = 4096;
const COARSEST: u32 = 4;

/// The pieces of one page: marks of the last writes, and of the reads since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Page {
    /// Binary logarithm of the bytes of a piece.
    pub(crate) shift: u32,
    pub(crate) writes: Vec<u32>,
    pub(crate) reads: Vec<u32>,
}

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
pub(crate) struct Pages(Vec<Option<Box<Page>>>);

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

/// The coarsest pieces, as a binary logarithm, that an access of `length` bytes at `offset` consists of.
pub(crate) fn shift_of(offset: usize, length: usize) -> u32 {
    (offset | length).trailing_zeros().min(COARSEST)
}

impl Shadow {
    /// Starts afresh if this is another run than the last access was in.
    pub(crate) fn enter(&mut self, run: u32) {
        if self.run != run {
            self.run = run;
            self.pages.0.clear();
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
    /// A page whose pieces are no larger than 2 to the power of `shift` bytes.
    #[inline]
    pub(crate) fn page(&mut self, number: usize, shift: u32, sets: &mut Sets) -> &mut Page {
        if number >= self.0.len() {
            self.0.resize_with(number + 1, || None);
        }
        let page = self.0[number].get_or_insert_with(|| {
            let pieces = PAGE >> shift;
            Box::new(Page { shift, writes: vec![0; pieces], reads: vec![0; pieces] })
        });
        if page.shift > shift {
            page.split(shift, sets);
        }
        page
    }
}

impl Page {
    fn split(&mut self, shift: u32, sets: &mut Sets) {
        let times = 1 << (self.shift - shift);
        for marks in [&mut self.writes, &mut self.reads] {
            let mut finer = Vec::with_capacity(marks.len() * times);
            for &mark in marks.iter() {
                finer.push(mark);
                for _ in 1..times {
                    // A set belongs to one cell.
                    finer.push(match Mark(mark).as_set() {
                        Some(index) => sets.add(sets.get(index).to_vec()).0,
                        None => mark,
                    });
                }
            }
            *marks = finer;
        }
        self.shift = shift;
    }
}
