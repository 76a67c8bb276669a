//! Vector clocks: how much of every thread's past somebody knows.
//!
//! Threads are lanes, and there are many, so a clock has one entry per *warp*: usually all lanes of a warp are known to
//! the same time, because they met at a barrier. Launches that are known to be over need no entries at all.

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

/// What somebody knows of all warps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// By actor, ascending.
    warps: Vec<(u32, Known)>,
    /// The last launch of each stream that is known to be over, by stream. Those before it in the stream are over too; warps of
    /// all of them need no entry.
    ended: Vec<(u32, u32)>,
}

impl Clock {
    pub(crate) fn is_empty(&self) -> bool {
        self.warps.is_empty() && self.ended.is_empty()
    }

    /// Whether the lanes of `mask` of a warp of `launch` are known until `time`.
    #[inline]
    pub(crate) fn covers(&self, actor: u32, launch: LaunchId, mask: u32, time: Time) -> bool {
        let found = self.warps.binary_search_by_key(&actor, |entry| entry.0);
        found.is_ok_and(|index| self.warps[index].1.covers(mask, time)) || self.knows_end_of(launch)
    }

    /// Until when a lane is known, as far as its warp has an entry.
    pub(crate) fn time_of(&self, actor: u32, lane: usize) -> Time {
        let found = self.warps.binary_search_by_key(&actor, |entry| entry.0);
        found.map_or(0, |index| self.warps[index].1.of(lane))
    }

    pub(crate) fn knows_end_of(&self, launch: LaunchId) -> bool {
        let found = self.ended.binary_search_by_key(&launch.stream, |entry| entry.0);
        found.is_ok_and(|index| self.ended[index].1 >= launch.number)
    }

    /// Adds knowledge of one warp.
    pub(crate) fn add(&mut self, actor: u32, known: &Known) {
        match self.warps.binary_search_by_key(&actor, |entry| entry.0) {
            Ok(index) => self.warps[index].1.join(known),
            Err(index) => self.warps.insert(index, (actor, known.clone())),
        }
    }

    /// Adds everything that another clock knows.
    pub(crate) fn join(&mut self, other: &Clock) {
        for &(stream, number) in &other.ended {
            self.end(LaunchId { number, stream });
        }
        let mut position = 0;
        let mut missing = 0;
        for (actor, known) in &other.warps {
            while position < self.warps.len() && self.warps[position].0 < *actor {
                position += 1;
            }
            match self.warps.get_mut(position) {
                Some((mine, entry)) if mine == actor => entry.join(known),
                _ => missing += 1,
            }
        }
        if missing == 0 {
            return;
        }
        let mut merged = Vec::with_capacity(self.warps.len() + missing);
        let mut mine = std::mem::take(&mut self.warps).into_iter().peekable();
        for (actor, known) in &other.warps {
            while let Some(entry) = mine.next_if(|entry| entry.0 < *actor) {
                merged.push(entry);
            }
            match mine.next_if(|entry| entry.0 == *actor) {
                Some(entry) => merged.push(entry), // joined above
                None => merged.push((*actor, known.clone())),
            }
        }
        merged.extend(mine);
        self.warps = merged;
    }

    /// Learns that a launch is over; `launch_of` tells which launch an actor is part of.
    pub(crate) fn complete(&mut self, launch: LaunchId, launch_of: impl Fn(u32) -> LaunchId) {
        self.end(launch);
        let mut warps = std::mem::take(&mut self.warps);
        warps.retain(|&(actor, _)| !self.knows_end_of(launch_of(actor)));
        self.warps = warps;
    }

    fn end(&mut self, LaunchId { number, stream }: LaunchId) {
        match self.ended.binary_search_by_key(&stream, |entry| entry.0) {
            Ok(index) => self.ended[index].1 = self.ended[index].1.max(number),
            Err(index) => self.ended.insert(index, (stream, number)),
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
            a in proptest::collection::btree_map(0..12u32, times(), 0..8),
            b in proptest::collection::btree_map(0..12u32, times(), 0..8),
        ) {
            let clock = |entries: &std::collections::BTreeMap<u32, [Time; 32]>| {
                let mut clock = Clock::default();
                for (&actor, times) in entries {
                    clock.add(actor, &Known::from_times(times));
                }
                clock
            };
            let mut joined = clock(&a);
            joined.join(&clock(&b));
            for actor in 0..12 {
                for lane in 0..32 {
                    for time in 1..9 {
                        let expected = [&a, &b].iter().any(|side| side.get(&actor).is_some_and(|times| times[lane] >= time));
                        prop_assert_eq!(joined.covers(actor, LaunchId::NONE, 1 << lane, time), expected);
                    }
                }
            }
        }
    }
}
