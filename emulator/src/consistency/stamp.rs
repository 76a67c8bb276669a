//! Stamps: who accessed memory, when, from which instruction, and how strongly.
//!
//! A stamp is made once for all iterations of an instruction between two synchronisations of its
//! warp, so there are far fewer stamps than accesses and a cell of shadow memory needs only a
//! [`Mark`]: a stamp and a lane in 32 bits.

use super::clock::Time;
use crate::op::Scope;

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
    Atomic,
}

/// How an access reaches memory (PTX ISA section 8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    Generic,
    Async,
}

/// What matters of an access to whether it races.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) kind: Kind,
    /// The scope of a strong access.
    pub(crate) strong: Option<Scope>,
    /// Bytes of a scalar element: vectors are sets of scalar accesses (PTX ISA section 8.2.4).
    pub(crate) bytes: u8,
    pub(crate) proxy: Proxy,
    /// `ld.global.nc`, which must not see anything that is written while its kernel runs.
    pub(crate) non_coherent: bool,
    /// Performed by a copy that goes on by itself.
    pub(crate) asynchronous: bool,
}

/// An access of a warp at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    pub(crate) actor: u32,
    pub(crate) time: Time,
    pub(crate) pc: u32,
    /// The lanes, of a stamp that is for several.
    pub(crate) lanes: u32,
    pub(crate) access: Access,
}

/// A stamp and a lane, or a set of such; zero is nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) u32);

const LANE_BITS: u32 = 6;
const SEVERAL: u32 = 1 << 5;
const SET: u32 = 1 << 31;
/// As many stamps as a mark has room for.
const MOST_STAMPS: usize = (SET >> LANE_BITS) as usize;

impl Mark {
    pub(crate) const NOBODY: Mark = Mark(0);

    pub(crate) fn lane(stamp: u32, lane: usize) -> Mark {
        if stamp == 0 { Mark::NOBODY } else { Mark((stamp << LANE_BITS) | lane as u32) }
    }

    pub(crate) fn several(stamp: u32) -> Mark {
        if stamp == 0 { Mark::NOBODY } else { Mark((stamp << LANE_BITS) | SEVERAL) }
    }

    pub(crate) fn set(index: u32) -> Mark {
        Mark(SET | index)
    }

    pub(crate) fn is_nobody(self) -> bool {
        self.0 == 0
    }

    /// The set that it stands for.
    pub(crate) fn as_set(self) -> Option<usize> {
        (self.0 & SET != 0).then_some((self.0 & !SET) as usize)
    }

    /// The stamp, of a mark that is not a set.
    pub(crate) fn stamp(self) -> u32 {
        self.0 >> LANE_BITS
    }

    /// The lanes, of a mark that is not a set.
    pub(crate) fn lanes(self, stamp: &Stamp) -> u32 {
        if self.0 & SEVERAL != 0 { stamp.lanes } else { 1 << (self.0 & 31) }
    }
}

/// All stamps of a run; number 0 is none.
#[derive(Clone, Debug)]
pub(crate) struct Stamps {
    list: Vec<Stamp>,
    most: usize,
}

impl Default for Stamps {
    fn default() -> Self {
        let access = Access {
            kind: Kind::Write,
            strong: None,
            bytes: 1,
            proxy: Proxy::Generic,
            non_coherent: false,
            asynchronous: false,
        };
        Stamps { list: vec![Stamp { actor: 0, time: 0, pc: 0, lanes: 0, access }], most: MOST_STAMPS }
    }
}

impl Stamps {
    /// The stamp's number. Behind the last one that there is room for, accesses are made by nobody:
    /// later races with them go unnoticed, and none is reported that is not there.
    pub(crate) fn add(&mut self, stamp: Stamp) -> u32 {
        if self.list.len() >= self.most {
            return 0;
        }
        self.list.push(stamp);
        self.list.len() as u32 - 1
    }

    pub(crate) fn count(&self) -> usize {
        self.list.len()
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> &Stamp {
        &self.list[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_list_gives_accesses_to_nobody() {
        let one = *Stamps::default().get(0);
        let mut stamps = Stamps { list: vec![one; 4], most: 5 };
        assert_eq!((stamps.add(one), stamps.add(one)), (4, 0));
        let last = MOST_STAMPS as u32 - 1;
        let mark = Mark::lane(last, 31);
        assert_eq!((mark.stamp(), mark.as_set(), mark.is_nobody()), (last, None, false));
        assert!(Mark::lane(0, 31).is_nobody() && Mark::several(0).is_nobody());
    }
}
