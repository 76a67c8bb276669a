//! Finding warps that spin, so that they wait without costing time and deadlocks are recognised
//! exactly.
//!
//! A loop spins when an iteration, without leaving it, wrote no memory and left every register of
//! the loop as it was, clock readings and what derives from them aside. The next iteration can then
//! only differ if one of the bytes read changes (or time passes), so the lanes park on those bytes.
//! Loops that store are recognised at once and pay nothing; others are examined after 16 iterations
//! and then ever more rarely, or immediately if they spun before.

use crate::code::{Code, Loop};
use crate::register::Registers;

const FIRST_EXAMINATION: u32 = 16;
/// An iteration that reads more than this is not taken for a spin.
const MOST_READS: usize = 512;
/// Loops and groups of lanes that are observed at once: each lane may spin on its own.
const MOST_SITES: usize = 64;

/// Bytes that a spinning loop read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// A global address, or a watch key of shared memory.
    pub(crate) address: u64,
    pub(crate) bytes: u8,
    pub(crate) value: u128,
}

/// A loop that is being observed.
#[derive(Clone, Debug)]
struct Site {
    pc: u32,
    mask: u32,
    visits: u32,
    /// Visits that need no attention before the next one that does.
    rest: u32,
    snapshot: Option<Snapshot>,
    first_read: usize,
}

#[derive(Clone, Debug)]
struct Snapshot {
    words: Vec<[u32; 32]>,
    longs: Vec<[u64; 32]>,
    predicates: Vec<u32>,
}

impl Snapshot {
    fn take(registers: &Registers, body: &Loop) -> Snapshot {
        Snapshot {
            words: body.words.iter().map(|&slot| registers.words[usize::from(slot)].0).collect(),
            longs: body.longs.iter().map(|&slot| registers.longs[usize::from(slot)].0).collect(),
            predicates: body.predicates.iter().map(|&slot| registers.predicates[usize::from(slot)]).collect(),
        }
    }

    fn matches(&self, registers: &Registers, body: &Loop, mask: u32) -> bool {
        fn same<T: PartialEq>(a: &[T; 32], b: &[T; 32], mask: u32) -> bool {
            (0..32).all(|lane| mask >> lane & 1 == 0 || a[lane] == b[lane])
        }
        body.predicates
            .iter()
            .zip(&self.predicates)
            .all(|(&slot, old)| (registers.predicates[usize::from(slot)] ^ old) & mask == 0)
            && body
                .words
                .iter()
                .zip(&self.words)
                .all(|(&slot, old)| same(&registers.words[usize::from(slot)], old, mask))
            && body
                .longs
                .iter()
                .zip(&self.longs)
                .all(|(&slot, old)| same(&registers.longs[usize::from(slot)], old, mask))
    }
}

/// Lanes that wait for a phase of an mbarrier by its parity.
#[derive(Clone, Debug)]
struct Awaited {
    /// The instruction, and the object's offset in shared memory.
    site: (u32, u32),
    phase: u64,
    lanes: u32,
}

/// What a warp observes about its loops.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spin {
    /// Memory was written since the last back-edge.
    pub(crate) stored: bool,
    /// Reads are being recorded.
    pub(crate) recording: bool,
    reads: Vec<Read>,
    sites: Vec<Site>,
    /// Back-edges that spun before.
    known: Vec<u32>,
    /// Mbarrier phases that lanes found incomplete and have done nothing else since.
    awaited: Vec<Awaited>,
}

/// Why and on what a group of lanes parks.
#[derive(Clone, Debug)]
pub(crate) struct Parking {
    pub(crate) reads: Vec<Read>,
    pub(crate) timed: bool,
}

impl Spin {
    /// Remembers bytes read while recording. Every read counts: a loop that began to be observed
    /// after the last one must find its own, even of the same bytes.
    #[inline(never)]
    pub(crate) fn record(&mut self, read: Read) {
        if self.reads.len() <= MOST_READS {
            self.reads.push(read);
        }
    }

    /// A lane tested an mbarrier by parity in its current `phase`. Returns the phase that the lane
    /// waited for and missed, if two have completed since its last test and the warp has done
    /// nothing but test.
    pub(crate) fn tested(
        &mut self,
        site: (u32, u32),
        lane: usize,
        phase: u64,
        is_complete: bool,
    ) -> Option<u64> {
        if self.stored {
            self.awaited.clear();
        }
        let mut missed = None;
        for awaited in self.awaited.iter_mut().filter(|awaited| awaited.site == site) {
            if awaited.lanes >> lane & 1 == 1 {
                missed = (!is_complete && awaited.phase != phase).then_some(awaited.phase);
                awaited.lanes &= !(1 << lane);
            }
        }
        self.awaited.retain(|awaited| awaited.lanes != 0);
        if !is_complete {
            match self.awaited.iter_mut().find(|awaited| awaited.site == site && awaited.phase == phase) {
                Some(awaited) => awaited.lanes |= 1 << lane,
                None => self.awaited.push(Awaited { site, phase, lanes: 1 << lane }),
            }
        }
        missed
    }

    /// A function with this code returns: when it is called again, its loops are not where they
    /// were.
    pub(crate) fn left(&mut self, code: &std::ops::Range<u32>) {
        self.sites.retain(|site| !code.contains(&site.pc));
    }

    fn forget(&mut self) {
        self.sites.clear();
        self.reads.clear();
        self.recording = false;
    }

    /// The lanes of `mask` take the back-edge at `pc`; returns what they park on if they spin.
    #[inline(always)]
    pub(crate) fn back_edge(
        &mut self,
        code: &Code,
        registers: &Registers,
        pc: u32,
        mask: u32,
    ) -> Option<Parking> {
        if self.stored {
            self.stored = false;
            if self.sites.len() | self.awaited.len() != 0 {
                self.forget();
                self.awaited.clear();
            }
            return None;
        }
        // A loop that is alone, between two examinations: the usual case, for which all this must
        // cost next to nothing.
        if let [site] = &mut self.sites[..]
            && site.rest > 0
            && site.pc == pc
            && site.mask == mask
        {
            site.rest -= 1;
            site.visits += 1;
            return None;
        }
        self.observe(code, registers, pc, mask)
    }

    #[inline(never)]
    fn observe(&mut self, code: &Code, registers: &Registers, pc: u32, mask: u32) -> Option<Parking> {
        for site in &mut self.sites {
            let left = site.mask & mask != 0
                && code.loops.get(&site.pc).is_none_or(|body| !body.back_edges.contains(&pc));
            if left {
                site.snapshot = None; // these lanes are in another loop: what they find on their return is no spin
            }
        }
        let position = match self.sites.iter().position(|site| site.pc == pc && site.mask == mask) {
            Some(position) => position,
            None => {
                if self.sites.len() >= MOST_SITES {
                    self.forget();
                }
                self.sites.push(Site { pc, mask, visits: 0, rest: 0, snapshot: None, first_read: 0 });
                self.sites.len() - 1
            }
        };
        let known = self.known.contains(&pc);
        let site = &mut self.sites[position];
        site.visits = site.visits.saturating_add(1);
        let examine = site.visits.is_power_of_two() && (site.visits >= FIRST_EXAMINATION || known)
            || known && site.visits < 4;
        site.rest = 0;
        if site.snapshot.is_none() && !examine {
            let next = match (known, site.visits) {
                (true, visits) if visits < 4 => visits + 1,
                (true, visits) => visits.saturating_add(1).checked_next_power_of_two().unwrap_or(u32::MAX),
                (false, visits) => (visits.saturating_add(1).checked_next_power_of_two().unwrap_or(u32::MAX))
                    .max(FIRST_EXAMINATION),
            };
            site.rest = next.saturating_sub(site.visits.saturating_add(1));
            return None;
        }
        let body = code.loops.get(&pc)?;
        if let Some(snapshot) = site.snapshot.take() {
            let spins = self.reads.len() <= MOST_READS && snapshot.matches(registers, body, mask);
            if spins {
                let mut reads = self.reads[site.first_read..].to_vec();
                reads.sort_unstable_by_key(|read| (read.address, read.bytes));
                // An address that was read with two different values is not stable.
                reads.dedup();
                if !known {
                    self.known.push(pc);
                }
                self.forget();
                return Some(Parking { reads, timed: body.timed });
            }
        }
        if examine {
            let site = &mut self.sites[position];
            site.snapshot = Some(Snapshot::take(registers, body));
            site.first_read = self.reads.len();
            self.recording = true;
        } else if self.sites.iter().all(|site| site.snapshot.is_none()) {
            self.reads.clear();
            self.recording = false;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn a_loop_parks_on_a_read_that_another_loop_made_before_it() {
        // The lower lanes poll in one loop, the upper ones in another, in turn, all of the same
        // flag; the upper lanes' first examination begins after a read that was recorded for the
        // lower ones.
        let alone = |pc| Loop { back_edges: vec![pc], ..Loop::default() };
        let code = Code { loops: HashMap::from([(3, alone(3)), (7, alone(7))]), ..Code::default() };
        let registers = Registers::new(0, 0, 1);
        let flag = Read { address: 0x1000, bytes: 4, value: 0 };
        let poll = |spin: &mut Spin, pc, mask| {
            if spin.recording {
                spin.record(flag);
            }
            spin.back_edge(&code, &registers, pc, mask)
        };
        let mut spin = Spin::default();
        for _ in 0..FIRST_EXAMINATION {
            assert!(poll(&mut spin, 3, 0x0000_ffff).is_none());
        }
        for _ in 1..FIRST_EXAMINATION {
            assert!(poll(&mut spin, 7, 0xffff_0000).is_none());
        }
        assert!(spin.recording, "the lower lanes are being examined");
        assert!(poll(&mut spin, 7, 0xffff_0000).is_none());
        let parking = poll(&mut spin, 7, 0xffff_0000).expect("an iteration that changed nothing");
        assert_eq!(parking.reads, [flag]);
    }

    #[test]
    fn examinations_become_rare_unless_a_loop_has_spun_before() {
        let mut code = Code::default();
        code.loops.insert(3, Loop { words: vec![0], back_edges: vec![3], ..Loop::default() });
        let mut registers = Registers::new(1, 0, 1);
        let mut spin = Spin::default();
        let mut examined = Vec::new();
        for iteration in 1..=300 {
            registers.words[0][5] += 1;
            assert!(spin.back_edge(&code, &registers, 3, u32::MAX).is_none(), "a counter is no spin");
            if spin.recording {
                examined.push(iteration);
            }
        }
        assert_eq!(examined, [16, 32, 64, 128, 256]);
        // It stops counting: the next examination finds a spin, and after that the first iteration
        // is examined.
        let spins =
            |spin: &mut Spin| (1..1000).find(|_| spin.back_edge(&code, &registers, 3, u32::MAX).is_some());
        assert_eq!(spins(&mut spin), Some(513 - 300));
        assert_eq!(spins(&mut spin), Some(2));
    }
}
