//! Recorded runs.

use crate::harness::{module, run, zeroed};
use crossdock_emulator::trace::{Row, Slice};
use crossdock_emulator::{Argument, Config, Machine, Trace};

/// Two warps, of which one sleeps and then sets the flag that the other polls; both write to GPU 1.
fn record(trace: bool) -> Option<Trace> {
    let mut machine = Machine::new(Config { trace, gpus: 2, ..Config::default() }).expect("configuration");
    let memory = zeroed(&mut machine, 1, 256);
    let text = module(
        ".param .u64 memory",
        "ld.param.u64 %rd1, [memory]; mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 32; @%p bra FIRST;
        nanosleep.u32 5000; st.release.sys.global.u32 [%rd1], 1; bra MEET;
        FIRST: ld.acquire.sys.global.u32 %r2, [%rd1]; setp.eq.u32 %q, %r2, 0; @%q bra FIRST;
        MEET: bar.sync 0;",
    );
    run(&mut machine, &text, 1, 64, vec![Argument::U64(memory)]).expect("run");
    machine.take_trace()
}

#[test]
fn a_run_is_recorded_only_on_demand() {
    assert_eq!(record(false), None);
    assert_eq!(record(true), record(true), "the same run gives the same trace");
}

#[test]
fn launches_warps_and_waits_are_slices() {
    let trace = record(true).expect("recorded");
    let named = |name: &str| trace.slices.iter().filter(|slice| slice.name == name).collect::<Vec<_>>();
    let [launch] = named("main")[..] else { panic!("{trace:?}") };
    assert_eq!((launch.gpu, launch.row), (0, Row::Stream(0)));
    let [sleep] = named("sleeps")[..] else { panic!("{trace:?}") };
    assert!((4900.0..5100.0).contains(&(sleep.end - sleep.start)), "{sleep:?}");
    let [spin] = named("waits for memory to change")[..] else { panic!("{trace:?}") };
    assert_ne!(spin.row, sleep.row, "each warp has its row");
    for (warp, wait) in [("main block 0 warp 0", spin), ("main block 0 warp 1", sleep)] {
        let [warp] = named(warp)[..] else { panic!("{trace:?}") };
        assert_eq!(warp.row, wait.row);
        assert!(warp.start <= wait.start && wait.end <= warp.end, "{warp:?} holds {wait:?}");
    }
}

#[test]
fn slices_of_a_row_are_nested_or_apart() {
    let trace = record(true).expect("recorded");
    let inside = |inner: &Slice, outer: &Slice| outer.start <= inner.start && inner.end <= outer.end;
    for (position, a) in trace.slices.iter().enumerate() {
        for b in trace.slices[position + 1..].iter().filter(|b| (b.gpu, b.row) == (a.gpu, a.row)) {
            assert!(inside(a, b) || inside(b, a) || a.end <= b.start || b.end <= a.start, "{a:?} {b:?}");
        }
    }
}

#[test]
fn samples_end_with_the_bytes_of_the_launch() {
    let trace = record(true).expect("recorded");
    let last = trace.samples.iter().rfind(|sample| (sample.gpu, sample.owner) == (0, 1)).expect("a sample");
    assert_eq!(last.bytes.written, 4);
    assert!(trace.samples.is_sorted_by(|a, b| a.at <= b.at));
}
