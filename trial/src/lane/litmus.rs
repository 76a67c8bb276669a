//! Smoke tests of the memory model: outcomes that the PTX memory consistency model (PTX ISA section
//! 8) forbids must not be found, on hardware in many repetitions, on virtual GPUs in a few. What is
//! allowed may or may not be found, and is not compared.
//!
//! Two threads, in two blocks of one GPU or on two ranks, meet before every repetition, which has
//! words of its own.

use crossdock_device::device;
use crossdock_host::Rank;

use super::{Lane, Test};
use crate::Error;

/// The two threads of every test.
#[device(crate = ::crossdock_device)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock_device::prelude::*;

    /// Message passing by release and acquire.
    pub const MESSAGE: u32 = 0;
    /// Message passing by fences.
    pub const MESSAGE_FENCES: u32 = 1;
    /// Message passing through atomic operations.
    pub const MESSAGE_ATOMICS: u32 = 2;
    /// Message passing of what is written and read weakly, behind a wait.
    pub const MESSAGE_WEAK: u32 = 3;
    /// Store buffering with `fence.sc`.
    pub const STORE_BUFFERING: u32 = 4;
    /// Load buffering by release and acquire.
    pub const LOAD_BUFFERING: u32 = 5;
    /// Two reads of one place.
    pub const COHERENCE: u32 = 6;
    /// Two additions to one place.
    pub const ADDITIONS: u32 = 7;

    /// 128 bytes lie between the words of different repetitions.
    pub const SPREAD: u32 = 32;

    fn load<const SYSTEM: bool, const ACQUIRE: bool>(place: Peer<u32>) -> u32 {
        if SYSTEM {
            if ACQUIRE { place.load(Acquire, System) } else { place.load(Relaxed, System) }
        } else if ACQUIRE {
            place.load(Acquire, Gpu)
        } else {
            place.load(Relaxed, Gpu)
        }
    }

    fn store<const SYSTEM: bool, const RELEASE: bool>(place: Peer<u32>, value: u32) {
        if SYSTEM {
            if RELEASE {
                place.store(value, Release, System);
            } else {
                place.store(value, Relaxed, System);
            }
        } else if RELEASE {
            place.store(value, Release, Gpu);
        } else {
            place.store(value, Relaxed, Gpu);
        }
    }

    fn add_release<const SYSTEM: bool>(place: Peer<u32>, value: u32) -> u32 {
        if SYSTEM { place.fetch_add(value, Release, System) } else { place.fetch_add(value, Release, Gpu) }
    }

    fn add_acquire<const SYSTEM: bool>(place: Peer<u32>, value: u32) -> u32 {
        if SYSTEM { place.fetch_add(value, Acquire, System) } else { place.fetch_add(value, Acquire, Gpu) }
    }

    fn fence_both<const SYSTEM: bool>() {
        if SYSTEM {
            fence(AcquireRelease, System);
        } else {
            fence(AcquireRelease, Gpu);
        }
    }

    fn fence_total<const SYSTEM: bool>() {
        if SYSTEM {
            fence(SequentiallyConsistent, System);
        } else {
            fence(SequentiallyConsistent, Gpu);
        }
    }

    /// Waits until `place` holds at least `value`; false when that takes more than `deadline`
    /// nanoseconds.
    fn comes<const SYSTEM: bool, const ACQUIRE: bool>(place: Peer<u32>, value: u32, deadline: u64) -> bool {
        let start = global_timer();
        while load::<SYSTEM, ACQUIRE>(place) < value {
            if global_timer().saturating_sub(start) > deadline {
                return false;
            }
        }
        true
    }

    /// What the first thread does; its result, 0 if it has none.
    fn first<const TEST: u32, const SYSTEM: bool>(x: Peer<u32>, y: Peer<u32>) -> u32 {
        let mut found = 0;
        if TEST == MESSAGE {
            store::<SYSTEM, false>(x, 1);
            store::<SYSTEM, true>(y, 1);
        } else if TEST == MESSAGE_FENCES {
            store::<SYSTEM, false>(x, 1);
            fence_both::<SYSTEM>();
            store::<SYSTEM, false>(y, 1);
        } else if TEST == MESSAGE_ATOMICS {
            store::<SYSTEM, false>(x, 1);
            add_release::<SYSTEM>(y, 1);
        } else if TEST == MESSAGE_WEAK {
            x.write(1);
            store::<SYSTEM, true>(y, 1);
        } else if TEST == STORE_BUFFERING {
            store::<SYSTEM, false>(x, 1);
            fence_total::<SYSTEM>();
            found = load::<SYSTEM, false>(y);
        } else if TEST == LOAD_BUFFERING {
            found = load::<SYSTEM, true>(x);
            store::<SYSTEM, true>(y, 1);
        } else if TEST == COHERENCE {
            store::<SYSTEM, false>(x, 1);
        } else {
            found = add_acquire::<SYSTEM>(x, 1);
        }
        found
    }

    /// What the second thread finds: the lower half of the word first, then the upper.
    fn second<const TEST: u32, const SYSTEM: bool>(x: Peer<u32>, y: Peer<u32>, deadline: u64) -> u32 {
        let mut found = 0;
        let mut then = 0;
        if TEST == MESSAGE {
            found = load::<SYSTEM, true>(y);
            then = load::<SYSTEM, false>(x);
        } else if TEST == MESSAGE_FENCES {
            found = load::<SYSTEM, false>(y);
            fence_both::<SYSTEM>();
            then = load::<SYSTEM, false>(x);
        } else if TEST == MESSAGE_ATOMICS {
            found = add_acquire::<SYSTEM>(y, 0);
            then = load::<SYSTEM, false>(x);
        } else if TEST == MESSAGE_WEAK {
            if comes::<SYSTEM, true>(y, 1, deadline) {
                found = 1;
                then = x.read();
            }
        } else if TEST == STORE_BUFFERING {
            store::<SYSTEM, false>(y, 1);
            fence_total::<SYSTEM>();
            found = load::<SYSTEM, false>(x);
        } else if TEST == LOAD_BUFFERING {
            found = load::<SYSTEM, true>(y);
            store::<SYSTEM, true>(x, 1);
        } else if TEST == COHERENCE {
            found = load::<SYSTEM, false>(x);
            then = load::<SYSTEM, false>(x);
        } else {
            found = add_acquire::<SYSTEM>(x, 1);
        }
        found | then << 16
    }

    /// One thread of each block is one of the two: thread `side + block`. `missed` becomes the
    /// repetition in which the other did not come, counted from 1.
    #[kernel(warps = 1)]
    pub fn litmus<const TEST: u32, const SYSTEM: bool>(
        words: Peers<u32>,  // on rank 0: [repetitions, 2, SPREAD], zero: x and y
        turns: Peers<u32>,  // on rank 0: [2, SPREAD], zero: repetitions that each has begun
        found: Global<u32>, // [repetitions, 2]
        side: u32,
        repetitions: u32,
        deadline: u64,
        missed: Global<u32>, // [2], zero
    ) {
        if lane() == 0 {
            let me = side + block_in_grid();
            let mine = turns.rank(0).at(me * SPREAD);
            let others = turns.rank(0).at((1 - me) * SPREAD);
            let mut turn = 0;
            while turn < repetitions {
                store::<SYSTEM, false>(mine, turn + 1);
                if comes::<SYSTEM, false>(others, turn + 1, deadline) {
                    let x = words.rank(0).at(turn as u64 * (2 * SPREAD) as u64);
                    let y = x.at(SPREAD);
                    let result = if me == 0 {
                        first::<TEST, SYSTEM>(x, y)
                    } else {
                        second::<TEST, SYSTEM>(x, y, deadline)
                    };
                    found.at(turn * 2 + me).write(result);
                    turn += 1;
                } else {
                    missed.at(me).write(turn + 1);
                    turn = repetitions;
                }
            }
        }
    }
}

/// What a rank holds after a test.
struct Seen {
    /// `[repetitions, 2]`.
    found: Vec<u32>,
    /// `[2]`.
    missed: Vec<u32>,
}

/// A test, and whether what both threads found is forbidden: the first's result, the second's two.
struct Litmus {
    name: &'static str,
    test: u32,
    forbids: fn(u32, u32, u32) -> bool,
}

const LITMUS: [Litmus; 8] = [
    Litmus {
        name: "message passing by release and acquire",
        test: code::MESSAGE,
        forbids: |_, flag, data| flag == 1 && data == 0,
    },
    Litmus {
        name: "message passing by fences",
        test: code::MESSAGE_FENCES,
        forbids: |_, flag, data| flag == 1 && data == 0,
    },
    Litmus {
        name: "message passing by atomic operations",
        test: code::MESSAGE_ATOMICS,
        forbids: |_, flag, data| flag == 1 && data == 0,
    },
    // Here the second thread waits for the flag: not to find it is as wrong.
    Litmus {
        name: "message passing of weak data",
        test: code::MESSAGE_WEAK,
        forbids: |_, flag, data| flag == 0 || data == 0,
    },
    Litmus {
        name: "store buffering with fence.sc",
        test: code::STORE_BUFFERING,
        forbids: |first, second, _| first == 0 && second == 0,
    },
    Litmus {
        name: "load buffering by release and acquire",
        test: code::LOAD_BUFFERING,
        forbids: |first, second, _| first == 1 && second == 1,
    },
    Litmus {
        name: "coherence of two reads",
        test: code::COHERENCE,
        forbids: |_, first, second| first == 1 && second == 0,
    },
    Litmus {
        name: "atomicity of two additions",
        test: code::ADDITIONS,
        forbids: |first, second, _| first == second || first + second != 1,
    },
];

pub(super) fn tests() -> Vec<Test> {
    let places = [("between ranks", true), ("between blocks", false)];
    let all = LITMUS.iter().flat_map(|litmus| {
        places.map(|(place, system)| {
            Test::new(format!("memory model: {}, {place}", litmus.name), move |lane| {
                check(lane, litmus, system)
            })
        })
    });
    all.collect()
}

fn check(lane: &Lane, litmus: &Litmus, system: bool) -> Result<(), Error> {
    let repetitions = lane.repetitions;
    let parameters = [("TEST", i128::from(litmus.test)), ("SYSTEM", i128::from(system))];
    let image = code::__device::MODULE.specialise_for(&parameters, lane.target())?;
    let ranks = if system { 2 } else { 1 };
    let found = lane.run(ranks, |rank: &Rank| {
        let count = repetitions as usize;
        let words = rank.symmetric_buffer::<u32>(count * 2 * code::SPREAD as usize)?;
        let turns = rank.symmetric_buffer::<u32>(2 * code::SPREAD as usize)?;
        let (found, missed) = (rank.buffer::<u32>(2 * count)?, rank.buffer::<u32>(2)?);
        found.clear()?;
        missed.clear()?;
        let kernel = rank.kernel(&image)?;
        rank.barrier()?;
        let arguments = code::LitmusArguments {
            words: words.peers(),
            turns: turns.peers(),
            found: found.global(),
            side: rank.index() as u32,
            repetitions,
            deadline: rank.deadline().as_nanos() as u64,
            missed: missed.global(),
        };
        kernel.launch(if system { 1 } else { 2 }, &arguments)?;
        Ok(Seen { found: found.read(0..2 * count)?, missed: missed.read(0..2)? })
    })?;
    // Each rank holds the results of its own threads, and zeros for the other.
    let both =
        |at: usize, pick: fn(&Seen) -> &[u32]| found.iter().fold(0, |word, rank| word | pick(rank)[at]);
    for side in 0..2 {
        let missed = both(side, |rank| &rank.missed);
        if missed > 0 {
            return Err(Error::Failed(format!(
                "thread {side} waited in vain for the other in repetition {missed}"
            )));
        }
    }
    let mut forbidden = 0;
    let mut example = (0, 0, 0);
    for repetition in 0..repetitions as usize {
        let (first, second) =
            (both(2 * repetition, |rank| &rank.found), both(2 * repetition + 1, |rank| &rank.found));
        let outcome = (first, second & 0xffff, second >> 16);
        if (litmus.forbids)(outcome.0, outcome.1, outcome.2) {
            (forbidden, example) = (forbidden + 1, outcome);
        }
    }
    if forbidden > 0 {
        let (first, second, then) = example;
        return Err(Error::Mismatch(format!(
            "{forbidden} of {repetitions} repetitions found what the model forbids, such as {first} and {second}, {then}"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod self_tests {
    use super::*;

    /// What the model allows, and virtual GPUs show, is found if it is said to be forbidden.
    #[test]
    fn a_forbidden_outcome_is_reported() {
        let lane = Lane::virtual_gpus(Some(8)).expect("virtual GPUs are everywhere");
        let wrong = Litmus {
            name: "message passing, the wrong way round",
            test: code::MESSAGE_WEAK,
            forbids: |_, flag, data| flag == 1 && data == 1,
        };
        for system in [false, true] {
            let message = check(&lane, &wrong, system).expect_err("every repetition finds it").to_string();
            assert_eq!(
                message,
                "mismatch: 8 of 8 repetitions found what the model forbids, such as 0 and 1, 1"
            );
        }
    }
}
