//! Vector clocks: how much of every thread's past somebody knows.
//!
//! Threads are lanes, and there are many, so a clock has one entry per *warp*: usually all lanes of
//! a warp are known to the same time, because they met at a barrier. Launches that are known to be
//! over need no entries at all.

use std::sync::Arc;

/// A moment in the life of a warp; it advances when a lane publishes what it knows.
pub(crate) type Time = u32;

/// A launch. Numbers grow along a stream, whose launches follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchId {
    pub(crate) number: u32,
    pub(crate) stream: u32,
}

impl LaunchId {
    /// No launch: nobody knows its end.
    pub(crate) const NONE: LaunchId = LaunchId { number: u32::MAX, stream: u32::MAX };
}

pub(crate) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 == 1)
}

/// Up to when the lanes of one warp are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    All(Time),
    /// The lanes of the mask until `time`, the others until `base`, which is earlier.
    Some {
        base: Time,
        lanes: u32,
        time: Time,
    },
    Each(Box<[Time; 32]>),
}

impl Known {
    pub(crate) fn from_times(times: &[Time; 32]) -> Known {
        let base = times.iter().copied().min().unwrap_or(0);
        let time = times.iter().copied().max().unwrap_or(0);
        if base == time {
            return Known::All(base);
        }
        let later = (0..32).filter(|&lane| times[lane] == time).fold(0, |mask, lane| mask | 1 << lane);
        let two_groups = (0..32).all(|lane| times[lane] == time || times[lane] == base);
        if two_groups { Known::Some { base, lanes: later, time } } else { Known::Each(Box::new(*times)) }
    }

    pub(crate) fn of(&self, lane: usize) -> Time {
        match self {
            Known::All(time) => *time,
            Known::Some { base, lanes, time } => {
                if lanes >> lane & 1 == 1 {
                    *time
                } else {
                    *base
                }
            }
            Known::Each(times) => times[lane],
        }
    }

    fn times(&self) -> [Time; 32] {
        std::array::from_fn(|lane| self.of(lane))
    }

    /// Whether all lanes of `mask` are known until `time`.
    #[inline]
    pub(crate) fn covers(&self, mask: u32, until: Time) -> bool {
        match self {
            Known::All(time) => until <= *time,
            Known::Some { base, lanes, time } => until <= *base || until <= *time && mask & !lanes == 0,
            Known::Each(times) => lanes(mask).all(|lane| until <= times[lane]),
        }
    }

    /// Whether every lane is known for as long as in `other`.
    fn includes(&self, other: &Known) -> bool {
        match (self, other) {
            (Known::All(mine), Known::All(theirs)) => theirs <= mine,
            (mine, theirs) => mine == theirs || (0..32).all(|lane| theirs.of(lane) <= mine.of(lane)),
        }
    }

    pub(crate) fn join(&mut self, other: &Known) {
        match (&mut *self, other) {
            (Known::All(mine), Known::All(theirs)) => *mine = (*mine).max(*theirs),
            (mine, theirs) if mine == theirs => {}
            (mine, theirs) => {
                let (a, b) = (mine.times(), theirs.times());
                *mine = Known::from_times(&std::array::from_fn(|lane| a[lane].max(b[lane])));
            }
        }
    }
}

/// Entries that are added before they are merged with those that are shared.
const MOST_ADDED: usize = 32;

/// What somebody knows of all warps: what many know alike, which they share, and what was added
/// since.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    shared: Arc<Entries>,
    /// An entry for a warp or stream holds all that the shared one does.
    added: Entries,
}

/// What is known of a warp.
#[derive(Clone, Debug)]
struct Entry {
    actor: u32,
    launch: LaunchId,
    known: Known,
}

/// What is known, in order.
#[derive(Clone, Debug, Default)]
struct Entries {
    /// By actor, ascending.
    warps: Vec<Entry>,
    /// The last launch of each stream that is known to be over, by stream. Those before it in the
    /// stream are over too; warps of all of them need no entry.
    ended: Vec<(u32, u32)>,
}

impl Entries {
    fn is_empty(&self) -> bool {
        self.warps.is_empty() && self.ended.is_empty()
    }

    #[inline]
    fn warp(&self, actor: u32) -> Option<&Known> {
        let found = self.warps.binary_search_by_key(&actor, |entry| entry.actor);
        found.ok().map(|index| &self.warps[index].known)
    }

    fn ended(&self, stream: u32) -> Option<u32> {
        let found = self.ended.binary_search_by_key(&stream, |entry| entry.0);
        found.ok().map(|index| self.ended[index].1)
    }

    fn join(&mut self, other: &Entries) {
        for &(stream, number) in &other.ended {
            self.end(LaunchId { number, stream });
        }
        let mut merged = Vec::with_capacity(self.warps.len() + other.warps.len());
        let mut mine = std::mem::take(&mut self.warps).into_iter().peekable();
        for theirs in &other.warps {
            while let Some(entry) = mine.next_if(|entry| entry.actor < theirs.actor) {
                merged.push(entry);
            }
            match mine.next_if(|entry| entry.actor == theirs.actor) {
                Some(mut entry) => {
                    entry.known.join(&theirs.known);
                    merged.push(entry);
                }
                None => merged.push(theirs.clone()),
            }
        }
        merged.extend(mine);
        self.warps = merged;
        self.forget_ended();
    }

    fn knows_end_of(&self, launch: LaunchId) -> bool {
        self.ended(launch.stream).is_some_and(|number| number >= launch.number)
    }

    /// Warps of launches that are over need no entries.
    fn forget_ended(&mut self) {
        let mut warps = std::mem::take(&mut self.warps);
        warps.retain(|entry| !self.knows_end_of(entry.launch));
        self.warps = warps;
    }

    fn end(&mut self, LaunchId { number, stream }: LaunchId) {
        match self.ended.binary_search_by_key(&stream, |entry| entry.0) {
            Ok(index) => self.ended[index].1 = self.ended[index].1.max(number),
            Err(index) => self.ended.insert(index, (stream, number)),
        }
    }
}

/// Unions of what is shared, each made once.
#[derive(Debug, Default)]
pub(crate) struct Unions(Vec<[Arc<Entries>; 3]>);

impl Unions {
    fn of(&mut self, mine: &Arc<Entries>, theirs: &Arc<Entries>) -> Arc<Entries> {
        let is_it = |[a, b, _]: &&[Arc<Entries>; 3]| Arc::ptr_eq(a, mine) && Arc::ptr_eq(b, theirs);
        if let Some([_, _, union]) = self.0.iter().find(is_it) {
            return union.clone();
        }
        let mut union = (**mine).clone();
        union.join(theirs);
        let union = Arc::new(union);
        self.0.push([mine.clone(), theirs.clone(), union.clone()]);
        union
    }
}

impl Clock {
    pub(crate) fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.added.is_empty()
    }

    #[inline]
    fn warp(&self, actor: u32) -> Option<&Known> {
        self.added.warp(actor).or_else(|| self.shared.warp(actor))
    }

    /// Whether the lanes of `mask` of a warp of `launch` are known until `time`.
    #[inline]
    pub(crate) fn covers(&self, actor: u32, launch: LaunchId, mask: u32, time: Time) -> bool {
        self.warp(actor).is_some_and(|known| known.covers(mask, time)) || self.knows_end_of(launch)
    }

    /// Until when a lane is known, as far as its warp has an entry.
    pub(crate) fn time_of(&self, actor: u32, lane: usize) -> Time {
        self.warp(actor).map_or(0, |known| known.of(lane))
    }

    pub(crate) fn knows_end_of(&self, launch: LaunchId) -> bool {
        self.added.knows_end_of(launch) || self.shared.knows_end_of(launch)
    }

    /// Adds knowledge of one warp.
    pub(crate) fn add(&mut self, actor: u32, launch: LaunchId, known: &Known) {
        if self.knows_end_of(launch) {
            return;
        }
        match self.added.warps.binary_search_by_key(&actor, |entry| entry.actor) {
            Ok(index) => self.added.warps[index].known.join(known),
            Err(index) => {
                let mut known = known.clone();
                if let Some(shared) = self.shared.warp(actor) {
                    if shared.includes(&known) {
                        return;
                    }
                    known.join(shared);
                }
                self.added.warps.insert(index, Entry { actor, launch, known });
            }
        }
        if self.added.warps.len() > MOST_ADDED.max(self.shared.warps.len() / 4) {
            self.merge();
        }
    }

    /// Adds everything that another clock knows. Clocks that are joined with the same `unions`
    /// share what they make.
    pub(crate) fn join(&mut self, other: &Clock, unions: &mut Unions) {
        if !Arc::ptr_eq(&self.shared, &other.shared) {
            if other.includes(self) {
                *self = other.clone();
                return;
            }
            if !self.holds(&other.shared) {
                for entry in &mut self.added.warps {
                    if let Some(known) = other.shared.warp(entry.actor) {
                        entry.known.join(known);
                    }
                }
                self.shared = unions.of(&self.shared, &other.shared);
            }
        }
        for &(stream, number) in &other.added.ended {
            self.end(LaunchId { number, stream });
        }
        for Entry { actor, launch, known } in &other.added.warps {
            self.add(*actor, *launch, known);
        }
    }

    /// Whether everything that another clock knows is known.
    fn includes(&self, other: &Clock) -> bool {
        (Arc::ptr_eq(&self.shared, &other.shared) || self.holds(&other.shared)) && self.holds(&other.added)
    }

    fn holds(&self, entries: &Entries) -> bool {
        let mut rest = self.shared.warps.iter().peekable();
        entries.ended.iter().all(|&(stream, number)| self.knows_end_of(LaunchId { number, stream }))
            && entries.warps.iter().all(|Entry { actor, launch, known }| {
                while rest.next_if(|entry| entry.actor < *actor).is_some() {}
                let shared = rest.peek().filter(|entry| entry.actor == *actor).map(|entry| &entry.known);
                self.added.warp(*actor).or(shared).is_some_and(|mine| mine.includes(known))
                    || self.knows_end_of(*launch)
            })
    }

    /// Puts what was added to what is shared.
    fn merge(&mut self) {
        if !self.added.is_empty() {
            let added = std::mem::take(&mut self.added);
            Arc::make_mut(&mut self.shared).join(&added);
        }
    }

    /// Learns that a launch is over.
    pub(crate) fn complete(&mut self, launch: LaunchId) {
        self.end(launch);
        self.merge();
    }

    fn end(&mut self, launch: LaunchId) {
        if !self.knows_end_of(launch) {
            self.added.end(launch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times() -> impl Strategy<Value = [Time; 32]> {
        prop_oneof![
            (0..9u32).prop_map(|time| [time; 32]),
            (any::<u32>(), 0..5u32, 5..9u32).prop_map(|(mask, low, high)| std::array::from_fn(|lane| {
                if mask >> lane & 1 == 1 { high } else { low }
            })),
            proptest::array::uniform32(0..9u32),
        ]
    }

    proptest! {
        /// A joined entry is the maximum lane by lane, whatever the form in which entries are kept.
        #[test]
        fn entries_join_lane_by_lane(a in times(), b in times(), mask: u32, until in 0..10u32) {
            let mut joined = Known::from_times(&a);
            joined.join(&Known::from_times(&b));
            for lane in 0..32 {
                prop_assert_eq!(joined.of(lane), a[lane].max(b[lane]));
            }
            let covered = lanes(mask).all(|lane| until <= a[lane].max(b[lane]));
            prop_assert_eq!(joined.covers(mask, until), covered);
        }

        /// A joined clock covers exactly what either did.
        #[test]
        fn clocks_join_warp_by_warp(
            a in proptest::collection::btree_map(0..90u32, times(), 0..80),
            b in proptest::collection::btree_map(0..90u32, times(), 0..80),
            common in proptest::collection::btree_map(0..90u32, times(), 0..80),
        ) {
            let clock = |entries: &std::collections::BTreeMap<u32, [Time; 32]>| {
                let mut clock = Clock::default();
                for (&actor, times) in entries {
                    clock.add(actor, LaunchId::NONE, &Known::from_times(times));
                }
                clock
            };
            // Both go on from what they share.
            let mut start = clock(&common);
            start.merge();
            let after = |entries: &std::collections::BTreeMap<u32, [Time; 32]>| {
                let mut clock = start.clone();
                entries.iter().for_each(|(&actor, times)| clock.add(actor, LaunchId::NONE, &Known::from_times(times)));
                clock
            };
            let mut joined = after(&a);
            joined.join(&after(&b), &mut Unions::default());
            prop_assert!(joined.includes(&after(&a)) && joined.includes(&after(&b)));
            let mut apart = clock(&a);
            apart.join(&clock(&b), &mut Unions::default());
            apart.join(&start, &mut Unions::default());
            prop_assert!(apart.includes(&joined) && joined.includes(&apart));
            for actor in 0..90 {
                for lane in 0..32 {
                    for time in 1..9 {
                        let expected = [&a, &b, &common].iter().any(|side| side.get(&actor).is_some_and(|times| times[lane] >= time));
                        prop_assert_eq!(joined.covers(actor, LaunchId::NONE, 1 << lane, time), expected);
                    }
                }
            }
        }
    }
}
