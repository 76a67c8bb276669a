//! Copies by agents: what arrives, when it may be seen, and what a missing wait shows.

use crate::harness;

use crate::harness::{module, run, upload, words, zeroed};
use crossdock_emulator::{Argument, Config, Error, FaultKind, Launch, Machine, Report};

const SEEDS: std::ops::Range<u64> = 0..24;

struct Outcome {
    words: Vec<u32>,
    report: Report,
}

/// Runs `body` on one block with 1024 numbered words of GPU 1 at `%rd1` and 1024 zeroed words of
/// GPU 0 at `%rd2`.
fn try_run(seed: u64, block: u32, body: &str) -> Result<Outcome, Error> {
    run_checked(true, seed, block, body)
}

fn run_checked(checks: bool, seed: u64, block: u32, body: &str) -> Result<Outcome, Error> {
    let config = Config { gpus: 2, schedule_seed: seed, checks, ..Config::default() };
    let mut machine = Machine::new(config).expect("configuration");
    let numbered: Vec<u64> = (0..512).map(|pair| (2 * pair + 1) << 32 | (2 * pair)).collect();
    let (from, to) = (upload(&mut machine, 1, &numbered), zeroed(&mut machine, 0, 4096));
    let text = module(
        ".param .u64 from, .param .u64 to",
        &format!(
            ".shared .align 128 .b8 tile[4096]; .shared .align 8 .b8 full[32]; .shared .align 8 .b8 empty[32];
             ld.param.u64 %rd1, [from]; ld.param.u64 %rd2, [to]; mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2;
             mov.u32 %r3, tile; add.u32 %r3, %r3, %r2; setp.eq.u32 %s1, %r1, 0;
             mul.wide.u32 %rd3, %r1, 4; add.u64 %rd4, %rd2, %rd3;\n{body}"
        ),
    );
    let ticket = run(&mut machine, &text, 1, block, vec![Argument::U64(from), Argument::U64(to)])?;
    let report = machine.report(ticket).expect("finished").clone();
    Ok(Outcome { words: words(&mut machine, to, 1024), report })
}

fn fault(seed: u64, body: &str) -> String {
    match try_run(seed, 32, body) {
        Err(Error::Fault(fault)) => fault.to_string(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("no fault: {body}"),
    }
}

/// The seeds for which the first 32 words are not `expected`. If there are none, the memory model
/// has no objection; if there are some, it finds a race whatever the seed.
fn wrong_seeds(body: &str, expected: impl Fn(u32) -> u32) -> usize {
    let expected: Vec<u32> = (0..32).map(expected).collect();
    let is_wrong = |&seed: &u64| run_checked(false, seed, 32, body).expect("run").words[..32] != expected;
    let wrong = SEEDS.filter(is_wrong).count();
    check_races(body, wrong > 0);
    wrong
}

fn check_races(body: &str, expected: bool) {
    for seed in SEEDS {
        match try_run(seed, 32, body) {
            Ok(_) => assert!(!expected, "seed {seed}: no race in {body}"),
            Err(Error::Fault(fault)) if matches!(fault.kind, FaultKind::DataRace(_)) => {
                assert!(expected, "seed {seed}: {fault} in {body}");
            }
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
}

const LOAD: &str = "st.shared.u32 [%r3], 77; @%s1 mbarrier.init.shared.b64 [full], 1; bar.warp.sync -1;
    fence.proxy.async; @%s1 mbarrier.arrive.expect_tx.shared.b64 _, [full], 128;
    @%s1 cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [tile], [%rd1], 128, [full];";
const WAIT_FULL: &str = "WAIT: mbarrier.try_wait.parity.shared.b64 %p, [full], 0; @!%p bra WAIT;";
const SHOW: &str = "ld.shared.u32 %r4, [%r3]; st.global.u32 [%rd4], %r4;";

#[test]
fn a_bulk_load_is_seen_after_its_mbarrier() {
    assert_eq!(wrong_seeds(&format!("{LOAD}{WAIT_FULL}{SHOW}"), |lane| lane), 0);
    // A reader that does not wait is found out by some seeds.
    let early =
        format!("{LOAD}{SHOW}WAIT: mbarrier.try_wait.parity.shared.b64 %p, [full], 0; @!%p bra WAIT;");
    assert!(wrong_seeds(&early, |lane| lane) > 4);
}

#[test]
fn a_ring_of_stages_keeps_its_order() {
    // Lane 0 of warp 0 loads 16 tiles of 256 bytes into 4 stages, two copies each; warp 1 adds
    // their words up.
    let body = "mov.u32 %r10, full; mov.u32 %r11, empty; mov.u32 %r12, tile; @!%s1 bra READY;
        mov.u32 %r5, 0;
        INIT: shl.b32 %r6, %r5, 3; add.u32 %r7, %r10, %r6; mbarrier.init.shared.b64 [%r7], 1;
        add.u32 %r7, %r11, %r6; mbarrier.init.shared.b64 [%r7], 32;
        add.u32 %r5, %r5, 1; setp.lt.u32 %p, %r5, 4; @%p bra INIT; fence.mbarrier_init.release.cluster;
        READY: bar.sync 0; mov.u32 %r5, 0; setp.ge.u32 %q, %r1, 32;
        LOOP: and.b32 %r6, %r5, 3; shr.u32 %r7, %r5, 2; and.b32 %r7, %r7, 1; shl.b32 %r8, %r6, 3;
        add.u32 %r13, %r10, %r8; add.u32 %r14, %r11, %r8; shl.b32 %r9, %r6, 8; add.u32 %r15, %r12, %r9;
        @%q bra CONSUME; @!%s1 bra NEXT;
        xor.b32 %r7, %r7, 1;
        FREE: mbarrier.try_wait.parity.shared.b64 %p, [%r14], %r7; @!%p bra FREE;
        mbarrier.arrive.expect_tx.shared.b64 _, [%r13], 256; mad.wide.u32 %rd5, %r5, 256, %rd1;
        cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [%r15], [%rd5], 208, [%r13];
        cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r15+208], [%rd5+208], 48, [%r13];
        bra NEXT;
        CONSUME: mbarrier.try_wait.parity.shared.b64 %p, [%r13], %r7; @!%p bra CONSUME;
        sub.u32 %r16, %r1, 32; shl.b32 %r17, %r16, 3; add.u32 %r17, %r15, %r17;
        ld.shared.v2.u32 {%r18, %r19}, [%r17]; add.u32 %r18, %r18, %r19;
        mad.lo.u32 %r20, %r5, 32, %r16; mad.wide.u32 %rd6, %r20, 4, %rd2; st.global.u32 [%rd6], %r18;
        mbarrier.arrive.shared.b64 _, [%r14];
        NEXT: add.u32 %r5, %r5, 1; setp.lt.u32 %p, %r5, 16; @%p bra LOOP;";
    let expected: Vec<u32> = (0..512).map(|pair| 4 * pair + 1).collect();
    for seed in SEEDS {
        let outcome = try_run(seed, 64, body).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(outcome.words[..512], expected, "seed {seed}");
        let link = outcome.report.traffic.nvlink[&(0, 1)];
        assert_eq!((link.read, link.written), (4096, 0));
        assert_eq!(outcome.report.traffic.hbm_written, 2048);
    }
}

const STORE: &str = "st.shared.u32 [%r3], %r1; fence.proxy.async.shared::cta; bar.warp.sync -1;
    @%s1 cp.async.bulk.global.shared::cta.bulk_group [%rd2], [tile], 128; @%s1 cp.async.bulk.commit_group;";

#[test]
fn a_source_may_be_reused_after_its_reads() {
    let reuse = "bar.warp.sync -1; st.shared.u32 [%r3], 99;";
    let last = "@%s1 cp.async.bulk.wait_group 0;";
    let waits = "@%s1 cp.async.bulk.wait_group.read 0;";
    assert_eq!(wrong_seeds(&format!("{STORE}{waits}{reuse}{last}"), |lane| lane), 0);
    assert!(wrong_seeds(&format!("{STORE}{reuse}{last}"), |lane| lane) > 4);
    // Waiting for all but the latest group does not wait for the latest.
    let one = "@%s1 cp.async.bulk.wait_group.read 1;";
    assert!(wrong_seeds(&format!("{STORE}{one}{reuse}{last}"), |lane| lane) > 4);
    let two = "@%s1 cp.async.bulk.commit_group;";
    assert_eq!(wrong_seeds(&format!("{STORE}{two}{one}{reuse}{last}"), |lane| lane), 0);
}

#[test]
fn reads_being_done_does_not_mean_written() {
    let look = "bar.warp.sync -1; ld.global.u32 %r4, [%rd4]; st.global.u32 [%rd4+512], %r4;
        @%s1 cp.async.bulk.wait_group 0;";
    let late = |wait: &str| {
        let expected: Vec<u32> = (0..32).collect();
        let body = format!("{STORE}@%s1 cp.async.bulk.{wait} 0;{look}");
        let is_late =
            |&seed: &u64| run_checked(false, seed, 32, &body).expect("run").words[128..160] != expected;
        let late = SEEDS.filter(is_late).count();
        check_races(&body, late > 0);
        late
    };
    assert_eq!(late("wait_group"), 0);
    assert!(late("wait_group.read") > 4);
}

#[test]
fn bulk_reductions_add() {
    // Four warps add their lane numbers to the same 128 bytes.
    let body = "st.shared.u32 [%r3], %r1; fence.proxy.async.shared::cta; bar.sync 0; and.b32 %r5, %r1, 31;
        setp.ne.u32 %p, %r5, 0; @%p bra DONE;
        cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%rd2], [%r3], 128;
        cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;
        DONE:";
    for seed in SEEDS {
        let outcome = try_run(seed, 128, body).expect("run");
        let expected: Vec<u32> = (0..32).map(|lane| 4 * lane + 32 * 6).collect();
        assert_eq!(outcome.words[..32], expected, "seed {seed}");
        let traffic = outcome.report.traffic;
        assert_eq!((traffic.hbm_read, traffic.hbm_written), (512, 512));
    }
}

#[test]
fn lane_copies_of_every_size() {
    // Lane n reads n bytes (at most 16) and has zeros after them.
    let body = "min.u32 %r4, %r1, 16; shl.b32 %r5, %r1, 4; mov.u32 %r6, tile; add.u32 %r6, %r6, %r5;
        mul.wide.u32 %rd5, %r5, 1; add.u64 %rd6, %rd1, %rd5; add.u64 %rd7, %rd2, %rd5;
        cp.async.cg.shared.global.L2::128B [%r6], [%rd6], 16, %r4; cp.async.commit_group;
        cp.async.ca.shared.global [%r6+512], [%rd6], 4; cp.async.ca.shared.global [%r6+520], [%rd6+8], 8;
        cp.async.commit_group; cp.async.wait_group 1;
        ld.shared.v4.u32 {%r7, %r8, %r9, %r10}, [%r6]; st.global.v4.u32 [%rd7], {%r7, %r8, %r9, %r10};
        cp.async.wait_all; ld.shared.u32 %r7, [%r6+512]; ld.shared.v2.u32 {%r8, %r9}, [%r6+520];
        st.global.u32 [%rd7+512], %r7; st.global.v2.u32 [%rd7+520], {%r8, %r9};";
    let source: Vec<u8> = (0..128u32).flat_map(u32::to_le_bytes).collect();
    for seed in SEEDS {
        let outcome = try_run(seed, 32, body).expect("run");
        for lane in 0..32usize {
            let mut filled = [0; 16];
            filled[..lane.min(16)].copy_from_slice(&source[lane * 16..][..lane.min(16)]);
            let got: Vec<u8> =
                outcome.words[lane * 4..][..4].iter().flat_map(|word| word.to_le_bytes()).collect();
            assert_eq!(got, filled, "seed {seed}, lane {lane}");
            let first = lane as u32 * 4;
            assert_eq!(outcome.words[128 + lane * 4..][..4], [first, 0, first + 2, first + 3]);
        }
        let read = outcome.report.traffic.nvlink[&(0, 1)].read;
        assert_eq!(read, (0..16).sum::<u64>() + 16 * 16 + 32 * 4 + 32 * 8);
    }
}

#[test]
fn lane_copies_whose_source_is_ignored_leave_zeros() {
    let copy =
        "st.shared.u32 [%r3], 5; add.u64 %rd5, %rd1, %rd3; and.b32 %r4, %r1, 1; setp.eq.u32 %p, %r4, 1;
        cp.async.ca.shared.global [%r3], [%rd5], 4, %p; cp.async.commit_group; cp.async.wait_group 0;";
    assert_eq!(wrong_seeds(&format!("{copy}{SHOW}"), |lane| if lane % 2 == 1 { 0 } else { lane }), 0);
}

#[test]
fn lane_copies_are_late_without_a_wait() {
    let copy = "st.shared.u32 [%r3], 5; add.u64 %rd5, %rd1, %rd3; cp.async.ca.shared.global [%r3], [%rd5], 4;
        cp.async.commit_group;";
    assert_eq!(wrong_seeds(&format!("{copy}cp.async.wait_group 0;{SHOW}"), |lane| lane), 0);
    assert!(wrong_seeds(&format!("{copy}cp.async.wait_group 1;{SHOW}"), |lane| lane) > 4);
    assert!(wrong_seeds(&format!("{copy}{SHOW}"), |lane| lane) > 4);
}

#[test]
fn mbarriers_track_lane_copies() {
    // With `.noinc` the count includes the asynchronous arrivals; without it they come on top and
    // cancel out.
    for (count, form, extra) in [(32, ".noinc", ""), (32, "", "mbarrier.arrive.shared.b64 _, [full];")] {
        let body = format!(
            "@%s1 mbarrier.init.shared.b64 [full], {count}; bar.warp.sync -1; st.shared.u32 [%r3], 5;
             add.u64 %rd5, %rd1, %rd3; cp.async.ca.shared.global [%r3], [%rd5], 4;
             cp.async.mbarrier.arrive{form}.shared.b64 [full]; {extra} {WAIT_FULL}{SHOW}"
        );
        assert_eq!(wrong_seeds(&body, |lane| lane), 0, "{form}");
    }
}

#[test]
fn copies_are_checked() {
    let init = "@%s1 mbarrier.init.shared.b64 [full], 1;";
    for (body, part) in [
        (
            "cp.async.bulk.global.shared::cta.bulk_group [%rd2], [tile], 24;",
            "24 bytes; the size must be a multiple of 16",
        ),
        ("cp.async.bulk.global.shared::cta.bulk_group [%rd2+8], [tile], 16;", "it must be aligned to 16"),
        (
            "cp.async.bulk.global.shared::cta.bulk_group [%rd2+4080], [tile], 32;",
            "allocation #1 (GPU 0, 4096 bytes) + 4080",
        ),
        (
            "cp.async.bulk.global.shared::cta.bulk_group [%rd2], [tile+4096], 128;",
            "shared memory (4160 bytes) + 4096",
        ),
        ("cp.async.bulk.prefetch.L2.global [%rd1+4080], 32;", "out of bounds: read of 32 bytes"),
        ("cp.async.ca.shared.global [tile+4], [%rd1], 8;", "it must be aligned to 8"),
        ("cp.async.ca.shared.global [tile], [%rd1], 8, 9;", "the source has 9 bytes; at most 8 are copied"),
        (
            "cp.async.bulk.shared::cta.global.mbarrier::complete_tx::bytes [tile], [%rd1], 16, [empty];",
            "mbarrier at shared memory + 4128: not initialised",
        ),
    ] {
        let text = fault(0, &format!("{init}@!%s1 bra DONE; {body}\nDONE:"));
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    // Nobody wrote the source.
    let text = fault(
        0,
        "@%s1 cp.async.bulk.global.shared::cta.bulk_group [%rd2], [tile], 16;
        cp.async.bulk.commit_group; cp.async.bulk.wait_group 0;",
    );
    assert!(
        text.contains("uninitialised: read of 16 bytes") && text.contains("cp.async.bulk.global"),
        "{text}"
    );
}

#[test]
fn a_block_may_not_exit_under_its_copies() {
    let text = fault(0, STORE);
    assert!(text.contains("the block exits while this copy still reads its shared memory"), "{text}");
    assert!(fault(0, LOAD).contains("wait for its mbarrier"));
    // Once the source was read, the copy ends with the kernel.
    let body = format!("{STORE}@%s1 cp.async.bulk.wait_group.read 0;");
    assert_eq!(wrong_seeds(&body, |lane| lane), 0);
    let kind = try_run(0, 32, STORE).err();
    assert!(matches!(kind, Some(Error::Fault(fault)) if matches!(fault.kind, FaultKind::Asynchronous(_))));
}

#[test]
fn a_seed_is_one_execution() {
    let body = format!(
        "{LOAD} mov.u32 %r5, 0; DELAY: add.u32 %r5, %r5, 1; setp.lt.u32 %p, %r5, 60; @%p bra DELAY;
         {SHOW} WAIT: mbarrier.try_wait.parity.shared.b64 %p, [full], 0; @!%p bra WAIT;"
    );
    let run = |seed| {
        let outcome = run_checked(false, seed, 32, &body).expect("run");
        (outcome.words, outcome.report)
    };
    let first: Vec<_> = SEEDS.map(run).collect();
    assert_eq!(first, SEEDS.map(run).collect::<Vec<_>>());
    assert!(first.iter().any(|(words, _)| *words != first[0].0), "every seed copies at the same time");
}

#[test]
fn stores_to_a_peer_are_counted_and_finish_with_the_kernel() {
    // A reduction of floats into the memory of GPU 1, and a copy within shared memory before it.
    let body = "mov.u32 %r4, 0x40200000; st.shared.u32 [%r3], %r4; add.u64 %rd5, %rd1, %rd3;
        st.global.u32 [%rd5], 0x3f800000; @%s1 mbarrier.init.shared.b64 [full], 1; fence.proxy.async;
        bar.warp.sync -1; @!%s1 bra DONE; mbarrier.arrive.expect_tx.shared.b64 _, [full], 128;
        cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [tile+512], [tile], 128, [full];
        WAIT: mbarrier.test_wait.parity.shared.b64 %p, [full], 0; @!%p bra WAIT;
        cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%rd1], [tile+512], 128;
        cp.async.bulk.commit_group; cp.async.bulk.wait_group.read 0;
        DONE: bar.warp.sync -1;";
    // The second kernel of the stream starts when the copies of the first are complete.
    for seed in SEEDS {
        let config = Config { gpus: 2, schedule_seed: seed, ..Config::default() };
        let mut machine = Machine::new(config).expect("configuration");
        let (from, to) = (zeroed(&mut machine, 1, 4096), zeroed(&mut machine, 0, 4096));
        let prelude =
            ".shared .align 128 .b8 tile[4096]; .shared .align 8 .b8 full[8]; ld.param.u64 %rd1, [from];
            ld.param.u64 %rd2, [to]; mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r3, tile;
            add.u32 %r3, %r3, %r2; setp.eq.u32 %s1, %r1, 0; mul.wide.u32 %rd3, %r1, 4;";
        let look = "add.u64 %rd5, %rd1, %rd3; ld.global.u32 %r4, [%rd5]; add.u64 %rd5, %rd2, %rd3;
            st.global.u32 [%rd5], %r4;";
        let mut tickets = Vec::new();
        for body in [body, look] {
            let text = module(".param .u64 from, .param .u64 to", &format!("{prelude}{body}"));
            let kernel = harness::kernel(&mut machine, &text);
            let arguments = vec![Argument::U64(from), Argument::U64(to)];
            let (grid, block) = ([1, 1, 1], [32, 1, 1]);
            let launch = Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
            tickets.push(machine.launch(launch).expect("launch"));
        }
        machine.run().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(words(&mut machine, to, 32), [3.5f32.to_bits(); 32], "seed {seed}");
        let link = machine.report(tickets[0]).expect("finished").traffic.nvlink[&(0, 1)];
        assert_eq!((link.read, link.written), (128, 256));
    }
}
