//! Policies: priorities, recorded schedules that are replayed, enumeration of all schedules, and
//! runs without end.

use std::collections::BTreeSet;

use crate::harness::{module, run, words, zeroed};
use crossdock_emulator::{Argument, Bounds, Config, Error, FaultKind, Machine, Policy, Recording, explore};
use proptest::prelude::*;

/// Two blocks; the first hands a value over with a flag that publishes nothing.
const BROKEN: &str =
    "ld.param.u64 %rd1, [memory]; mov.u32 %r1, %ctaid.x; setp.eq.u32 %p, %r1, 0; @%p bra WRITER;
    WAIT: ld.acquire.gpu.global.u32 %r2, [%rd1+256]; setp.eq.u32 %q, %r2, 0; @%q bra WAIT;
    ld.relaxed.gpu.global.u32 %r3, [%rd1]; st.global.u32 [%rd1+512], %r3; bra DONE;
    WRITER: st.relaxed.gpu.global.u32 [%rd1], 7; st.relaxed.gpu.global.u32 [%rd1+256], 1;
    DONE:";

/// Runs a body on zeroed memory; the machine, the memory, and how it went.
fn start(config: Config, body: &str, grid: u32, block: u32) -> (Machine, u64, Result<(), Error>) {
    let mut machine = Machine::new(config).expect("configuration");
    let memory = zeroed(&mut machine, 0, 1024);
    let text = module(".param .u64 memory", body);
    let outcome = run(&mut machine, &text, grid, block, vec![Argument::U64(memory)]).map(|_| ());
    (machine, memory, outcome)
}

/// What the reader of [`BROKEN`] finds.
fn handed_over(config: Config) -> (u32, Option<Recording>) {
    let (mut machine, memory, outcome) = start(config, BROKEN, 2, 1);
    outcome.expect("no weak access races");
    (words(&mut machine, memory + 512, 1)[0], machine.recording().cloned())
}

#[test]
fn a_replayed_schedule_finds_the_same_old_store() {
    let stale = (1..200).find_map(|seed| {
        let config = Config { schedule_seed: seed, record: true, ..Config::default() };
        let (value, recording) = handed_over(config);
        (value == 0).then_some(recording.expect("it was asked for"))
    });
    let recording = stale.expect("some seed shows the missing release");
    let read: Recording = recording.to_string().parse().expect("its own text");
    for recording in [recording, read] {
        let policy = Policy::Replay(recording);
        let (value, again) = handed_over(Config { policy, record: true, ..Config::default() });
        assert_eq!(value, 0);
        assert!(again.is_some_and(|again| again.to_string().contains('-')), "a load finds an old store");
    }
}

#[test]
fn a_schedule_of_another_program_is_refused() {
    let recording: Recording =
        "crossdock schedule 1\nturns: w0/1 w77/4\nstores:\n".parse().expect("a schedule");
    let config = Config { policy: Policy::Replay(recording), ..Config::default() };
    let (_, _, outcome) = start(config, BROKEN, 2, 1);
    let error = outcome.expect_err("there is no warp 77");
    assert!(matches!(error, Error::Replay(_)), "{error}");
    assert!(error.to_string().contains("turn 2 is that of warp 77"), "{error}");
}

#[test]
fn priorities_find_a_mistake_that_needs_two_switches() {
    // The first block must stop between its two loads while the second one executes all its stores.
    let body = "ld.param.u64 %rd1, [memory]; mov.u32 %r1, %ctaid.x; setp.eq.u32 %p, %r1, 0; @%p bra READER;
        mov.u32 %r5, 0;
        AGAIN: add.u32 %r5, %r5, 1; st.relaxed.gpu.global.u32 [%rd1], %r5; setp.lt.u32 %q, %r5, 100; @%q bra AGAIN;
        bra DONE;
        READER: atom.relaxed.gpu.global.add.u32 %r2, [%rd1], 0; atom.relaxed.gpu.global.add.u32 %r3, [%rd1], 0;
        sub.u32 %r3, %r3, %r2; st.global.u32 [%rd1+512], %r3;
        DONE:";
    let differences: BTreeSet<u32> = (1..400)
        .map(|schedule_seed| {
            let policy = Policy::Priorities { changes: 2 };
            let config = Config { policy, schedule_seed, ..Config::default() };
            let (mut machine, memory, outcome) = start(config.clone(), body, 2, 1);
            outcome.expect("run");
            let found = words(&mut machine, memory + 512, 1)[0];
            let (mut machine, memory, _) = start(config, body, 2, 1);
            assert_eq!(
                found,
                words(&mut machine, memory + 512, 1)[0],
                "seed {schedule_seed} is not repeated"
            );
            found
        })
        .collect();
    assert!(differences.contains(&0) && differences.contains(&100), "{differences:?}");
}

#[test]
fn enumeration_finds_every_sum_of_lost_increments() {
    // Two threads add to a word twice each, with loads and stores: sums are 2 to 4.
    let body = "ld.param.u64 %rd1, [memory]; mov.u32 %r5, 0;
        AGAIN: atom.relaxed.gpu.global.or.b32 %r1, [%rd1], 0; add.u32 %r1, %r1, 1;
        st.relaxed.gpu.global.u32 [%rd1], %r1; add.u32 %r5, %r5, 1; setp.lt.u32 %p, %r5, 2; @%p bra AGAIN;";
    let mut sums = BTreeSet::new();
    let bounds = Bounds { preemptions: 8, ..Bounds::default() };
    let all = explore(&bounds, |policy| -> Result<(), Error> {
        let (mut machine, memory, outcome) = start(Config { policy, ..Config::default() }, body, 2, 1);
        outcome?;
        sums.insert(words(&mut machine, memory, 1)[0]);
        Ok(())
    });
    assert!(all.exhausted && all.failure.is_none(), "{all:?}");
    assert_eq!(sums, BTreeSet::from([2, 3, 4]));
    // Interleavings of four steps with four: 70. With the order in which the blocks exit there are
    // a few more.
    assert!((70..700).contains(&all.schedules), "{} schedules", all.schedules);
}

#[test]
fn enumeration_stops_at_a_failure_and_says_how_to_repeat_it() {
    let outcome = |config| match handed_over(config).0 {
        7 => Ok(()),
        other => Err(other),
    };
    let found = explore(&Bounds::default(), |policy| outcome(Config { policy, ..Config::default() }));
    let (recording, value) = found.failure.expect("a missing release shows");
    assert_eq!((value, found.exhausted), (0, false));
    assert_eq!(outcome(Config { policy: Policy::Replay(recording), ..Config::default() }), Err(0));
    let few = Bounds { schedules: 1, ..Bounds::default() };
    let one = explore(&few, |policy| outcome(Config { policy, ..Config::default() }));
    assert_eq!((one.schedules, one.exhausted, one.failure.is_none()), (1, false, true));
}

#[test]
fn enumeration_delays_copies() {
    let body = ".shared .align 16 .b8 tile[16]; ld.param.u64 %rd1, [memory]; mov.u32 %r1, tile;
        st.shared.v4.u32 [%r1], {9, 9, 9, 9}; cp.async.ca.shared.global [%r1], [%rd1], 16;
        ld.shared.u32 %r2, [%r1]; st.global.u32 [%rd1+512], %r2; cp.async.wait_all;
        ld.shared.u32 %r3, [%r1]; st.global.u32 [%rd1+516], %r3;";
    let mut found = BTreeSet::new();
    let all = explore(&Bounds::default(), |policy| -> Result<(), Error> {
        let (mut machine, memory, outcome) =
            start(Config { policy, checks: false, ..Config::default() }, body, 1, 1);
        outcome?;
        found.insert(words(&mut machine, memory + 512, 2));
        Ok(())
    });
    assert!(all.exhausted && all.failure.is_none(), "{all:?}");
    assert_eq!(found, BTreeSet::from([vec![9, 0], vec![0, 0]]));
}

#[test]
fn failures_name_their_schedule() {
    let race = "ld.param.u64 %rd1, [memory]; mov.u32 %r1, %ctaid.x; st.global.u32 [%rd1], %r1;";
    let cases = [
        (Policy::Fair, 0, "schedule: round robin (seed 0)"),
        (Policy::Fair, 9, "schedule: random, seed 9"),
        (Policy::Priorities { changes: 3 }, 4, "schedule: priorities with 3 changes, seed 4"),
    ];
    for (policy, schedule_seed, words) in cases {
        let (_, _, outcome) = start(Config { policy, schedule_seed, ..Config::default() }, race, 2, 1);
        let error = outcome.expect_err("a race");
        assert!(
            matches!(&error, Error::Fault(fault) if matches!(fault.kind, FaultKind::DataRace(_))),
            "{error}"
        );
        assert!(error.to_string().ends_with(words), "{error}");
    }
    let stuck = "ld.param.u64 %rd1, [memory]; WAIT: ld.relaxed.gpu.global.u32 %r1, [%rd1]; setp.eq.u32 %p, %r1, 0; @%p bra WAIT;";
    let (_, _, outcome) = start(Config { schedule_seed: 5, ..Config::default() }, stuck, 1, 1);
    let error = outcome.expect_err("a deadlock").to_string();
    assert!(error.starts_with("deadlock") && error.ends_with("schedule: random, seed 5"), "{error}");
}

#[test]
fn a_loop_that_never_ends_is_reported_where_it_is() {
    // It counts while it waits, so no iteration is like the one before.
    let body = "ld.param.u64 %rd1, [memory]; mov.u32 %r2, 0;
        WAIT: add.u32 %r2, %r2, 1; ld.relaxed.gpu.global.u32 %r1, [%rd1]; setp.eq.u32 %p, %r1, 0; @%p bra WAIT;";
    let config = Config { livelock_after: 100_000, ..Config::default() };
    let (_, _, outcome) = start(config.clone(), body, 2, 32);
    let Err(Error::Livelock(livelock)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(livelock.groups.len(), 2);
    assert!(livelock.to_string().contains("kernel `main`, PTX line"), "{livelock}");
    assert!(livelock.to_string().ends_with("schedule: round robin (seed 0)"), "{livelock}");
    // As many instructions with barriers between them are no livelock.
    let progress = "mov.u32 %r1, 0;
        AGAIN: add.u32 %r1, %r1, 1; bar.sync 0; setp.lt.u32 %p, %r1, 60000; @%p bra AGAIN;";
    let (_, _, outcome) = start(config, progress, 1, 32);
    outcome.expect("it ends");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever the policy, a program without races computes the same, and its recording repeats
    /// it.
    #[test]
    fn results_do_not_depend_on_the_policy(seed: u64, changes in 0..6u32, priorities: bool, blocks in 1..5u32) {
        let body = "ld.param.u64 %rd1, [memory]; mov.u32 %r1, %tid.x;
            atom.relaxed.gpu.global.add.u32 %r2, [%rd1], %r1; bar.sync 0;
            red.relaxed.gpu.global.add.u32 [%rd1+256], 1;";
        let policy = if priorities { Policy::Priorities { changes } } else { Policy::Fair };
        let config = Config { policy, schedule_seed: seed, record: true, ..Config::default() };
        let (mut machine, memory, outcome) = start(config, body, blocks, 64);
        prop_assert!(outcome.is_ok());
        let expected = [2016 * blocks, 64 * blocks];
        prop_assert_eq!([words(&mut machine, memory, 1)[0], words(&mut machine, memory + 256, 1)[0]], expected);
        let recording = machine.recording().cloned().expect("recorded");
        let policy = Policy::Replay(recording.clone());
        let (machine, _, outcome) = start(Config { policy, record: true, ..Config::default() }, body, blocks, 64);
        prop_assert!(outcome.is_ok());
        prop_assert_eq!(machine.recording().map(ToString::to_string), Some(recording.to_string()));
    }
}
