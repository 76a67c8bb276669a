//! Counters of what warps did: instructions by class, sectors, banks, divergence, waits and
//! residency, against numbers that follow from the programs by hand.

use crate::harness::{module, run, upload, words, zeroed};
use crossdock_emulator::activity::{Activity, Class, Requests};
use crossdock_emulator::{Argument, Config, Machine, Report};

/// Runs a kernel over zeroed memory, whose address is in `%rd1`, and returns what was counted.
///
/// Requests of all lanes to one place are counted here that no useful kernel would make: they race.
fn count(config: Config, body: &str, grid: u32, block: u32) -> Activity {
    let mut machine = Machine::new(Config { checks: false, ..config }).expect("configuration");
    let memory = zeroed(&mut machine, 0, 1 << 16);
    let text = module(".param .u64 memory", &format!("ld.param.u64 %rd1, [memory];\n{body}"));
    let ticket = run(&mut machine, &text, grid, block, vec![Argument::U64(memory)])
        .unwrap_or_else(|error| panic!("{body}: {error}"));
    machine.report(ticket).expect("finished").activity.clone()
}

fn one_warp(body: &str) -> Activity {
    count(Config::default(), body, 1, 32)
}

#[test]
fn instructions_are_counted_by_class() {
    let activity = one_warp(
        "mov.u32 %r1, 3; mov.f32 %f1, 0f00000000;
        AGAIN: add.rn.f32 %f1, %f1, 0f3F800000; cvt.rzi.u32.f32 %r2, %f1; sub.u32 %r1, %r1, 1;
        setp.ne.u32 %p, %r1, 0; @%p bra AGAIN;
        fence.acq_rel.gpu; bar.warp.sync -1; bar.sync 0; st.global.u32 [%rd1], %r1;
        ld.global.u32 %r1, [%rd1]; atom.global.add.u32 %r2, [%rd1], 1;",
    );
    // The parameter, two moves; three iterations; one each after the loop, and the return.
    let expected = [
        (Class::Integer, 3),
        (Class::Floating, 3),
        (Class::Conversion, 3),
        (Class::Movement, 3),
        (Class::Predicate, 3),
        (Class::Load, 1),
        (Class::Store, 1),
        (Class::Atomic, 1),
        (Class::Fence, 1),
        (Class::Warp, 1),
        (Class::Barrier, 1),
        (Class::Asynchronous, 0),
        (Class::Control, 4),
        (Class::Other, 0),
    ];
    assert_eq!(activity.instructions.iter().collect::<Vec<_>>(), expected);
    assert_eq!(activity.lane_instructions, 32 * activity.instructions.total());
    assert_eq!(activity.lanes_per_instruction(), 32.0);
    assert_eq!(activity.divergent_branches, 0);
}

#[test]
fn divergence_costs_instructions_and_lanes() {
    let activity = one_warp(
        "mov.u32 %r1, %laneid; setp.lt.u32 %p, %r1, 8; @%p bra LOW;
        add.u32 %r2, %r1, 1; bra MEET;
        LOW: add.u32 %r2, %r1, 2;
        MEET: bar.warp.sync -1;",
    );
    assert_eq!(activity.divergent_branches, 1);
    // Parameter, move, test and branch together; 24 lanes add and branch, 8 lanes add; barrier and
    // return together.
    assert_eq!(activity.instructions.total(), 4 + 2 + 1 + 2);
    assert_eq!(activity.lane_instructions, 32 * 4 + 24 * 2 + 8 + 32 * 2);
}

#[test]
fn lanes_that_wait_for_a_shuffle_are_counted_once_it_happens() {
    // The two halves arrive one after the other, at one instruction that is then executed once for
    // all.
    let activity = one_warp(
        "mov.u32 %r1, %laneid; setp.lt.u32 %p, %r1, 16; @%p bra MEET; add.u32 %r1, %r1, 0;
        MEET: shfl.sync.idx.b32 %r2, %r1, 0, 31, -1;",
    );
    assert_eq!(activity.instructions.of(Class::Warp), 1);
    assert_eq!(activity.instructions.total(), 4 + 1 + 1 + 1);
    assert_eq!(activity.lane_instructions, 32 * 4 + 16 + 32 * 2);
}

#[test]
fn requests_take_the_sectors_that_their_lanes_touch() {
    let sectors = |address: &str, access: &str| {
        one_warp(&format!(
            "mov.u32 %r1, %laneid; mov.u32 %r2, 0; {address} add.u64 %rd2, %rd1, %rd2; {access}"
        ))
    };
    let cases = [
        // 32 neighbouring words; the same shifted by one word; 16 bytes each; one word for all; one
        // sector each.
        ("mul.wide.u32 %rd2, %r1, 4;", "ld.global.u32 %r3, [%rd2];", 4),
        ("mad.wide.u32 %rd2, %r1, 4, 4;", "ld.global.u32 %r3, [%rd2];", 5),
        ("mul.wide.u32 %rd2, %r1, 16;", "ld.global.v4.u32 {%r3, %r4, %r5, %r6}, [%rd2];", 16),
        ("mov.u64 %rd2, 64;", "ld.global.u32 %r3, [%rd2];", 1),
        ("mul.wide.u32 %rd2, %r1, 128;", "ld.global.u32 %r3, [%rd2];", 32),
        // Backwards, and every other word.
        ("sub.u32 %r1, 31, %r1; mul.wide.u32 %rd2, %r1, 4;", "ld.global.u32 %r3, [%rd2];", 4),
        ("mul.wide.u32 %rd2, %r1, 8;", "ld.global.u32 %r3, [%rd2];", 8),
    ];
    for (address, access, expected) in cases {
        let activity = sectors(address, access);
        assert_eq!(activity.loads, Requests { requests: 1, sectors: expected }, "{address} {access}");
        assert_eq!((activity.stores, activity.atomics), Default::default());
    }
    let stored = sectors("mul.wide.u32 %rd2, %r1, 64;", "st.global.u32 [%rd2], %r2;");
    assert_eq!(stored.stores, Requests { requests: 1, sectors: 32 });
    let added = sectors("mul.wide.u32 %rd2, %r1, 4;", "red.global.add.u32 [%rd2], 1;");
    assert_eq!(added.atomics, Requests { requests: 1, sectors: 4 });
}

#[test]
fn lanes_that_meet_in_a_bank_conflict() {
    let conflicts = |address: &str, access: &str| {
        let text = format!(
            ".shared .align 16 .b8 room[8192]; mov.u32 %r1, %laneid; mov.u32 %r2, room; {address} \
             add.u32 %r2, %r2, %r3; mov.u32 %r4, 0; {access}"
        );
        one_warp(&text).shared
    };
    let word = "st.shared.u32 [%r2], %r4;";
    let cases = [
        ("shl.b32 %r3, %r1, 2;", word, 0),      // neighbours
        ("shl.b32 %r3, %r1, 3;", word, 1),      // every other word: two lanes in each bank
        ("shl.b32 %r3, %r1, 7;", word, 31),     // all in one bank
        ("mul.lo.u32 %r3, %r1, 132;", word, 0), // a row of 33 words
        ("mov.u32 %r3, 12;", word, 0),          // one word for all
        ("mov.u32 %r3, 12;", "red.shared.add.u32 [%r2], 1;", 31),
        ("shl.b32 %r3, %r1, 4;", "st.shared.v4.u32 [%r2], {%r4, %r4, %r4, %r4};", 0),
        ("shl.b32 %r3, %r1, 5;", "st.shared.v4.u32 [%r2], {%r4, %r4, %r4, %r4};", 4), // one more pass for each 8 lanes
        ("shl.b32 %r3, %r1, 0;", "st.shared.u8 [%r2], %r4;", 0), // four lanes share a word
    ];
    for (address, access, expected) in cases {
        let initialised = if access.starts_with("red") {
            format!("st.shared.u32 [%r2], %r4; {access}")
        } else {
            access.into()
        };
        let extra = u64::from(access.starts_with("red"));
        let shared = conflicts(address, &initialised);
        assert_eq!((shared.requests, shared.conflicts), (1 + extra, expected), "{address} {access}");
    }
}

#[test]
fn waits_are_counted_in_virtual_cycles() {
    // The second warp sleeps, then sets a flag that the first polls, then both meet at a barrier.
    let activity = count(
        Config::default(),
        "mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 32; @%p bra FIRST;
        nanosleep.u32 5000; st.release.gpu.global.u32 [%rd1], 1; bra MEET;
        FIRST: ld.acquire.gpu.global.u32 %r2, [%rd1]; setp.eq.u32 %q, %r2, 0; @%q bra FIRST;
        MEET: bar.sync 0;",
        1,
        64,
    );
    // Two virtual cycles per nanosecond.
    assert_eq!(activity.sleeps.count, 1);
    assert!((9_900..10_100).contains(&activity.sleeps.cycles), "{activity:?}");
    assert_eq!(activity.spin_waits.count, 1);
    assert!((9_000..10_100).contains(&activity.spin_waits.cycles), "{activity:?}");
    assert_eq!(activity.barrier_waits.count, 2);
    assert!(activity.barrier_waits.cycles < 100, "{activity:?}");
    assert!(activity.cycles >= activity.sleeps.cycles);
}

#[test]
fn waits_for_copies_are_counted_if_there_is_something_to_wait_for() {
    let copies = |between: &str, wait: &str| {
        one_warp(&format!(
            ".shared .align 16 .b8 room[512]; mov.u32 %r1, %laneid; mad.wide.u32 %rd2, %r1, 16, %rd1; mov.u32 %r2, room;
            mad.lo.u32 %r2, %r1, 16, %r2; cp.async.cg.shared.global [%r2], [%rd2], 16; cp.async.commit_group;
            {between} {wait}"
        ))
    };
    let waited = copies("", "cp.async.wait_group 0;");
    assert_eq!(waited.copy_waits.count, 1);
    assert!(waited.copy_waits.cycles <= waited.cycles, "{waited:?}");
    // The wait counts once, however often it was looked whether it is over.
    assert_eq!(waited.instructions.of(Class::Asynchronous), 3);
    // The copy is over when the warp has slept, or one group may be under way.
    let slept = copies("nanosleep.u32 5000;", "cp.async.wait_all;");
    assert_eq!((slept.copy_waits.count, slept.sleeps.count), (0, 1));
    assert_eq!(copies("", "cp.async.wait_group 1;").copy_waits.count, 0);
    // The warp asks for 512 neighbouring bytes once; what the copy writes is no request.
    assert_eq!(waited.loads, Requests { requests: 1, sectors: 16 });
    assert_eq!((waited.stores, waited.shared.requests), Default::default());
}

#[test]
fn occupancy_is_the_share_of_resident_warps() {
    // Four blocks of 8 warps that all live for the same sleep, two on each of two multiprocessors:
    // 16 of 64 warps.
    let config = Config { sms_per_gpu: 2, ..Config::default() };
    let activity = count(config, "nanosleep.u32 100000;", 4, 256);
    assert!((activity.occupancy() - 0.25).abs() < 0.01, "{activity:?}");
    assert_eq!((activity.blocks, activity.warps, activity.multiprocessors), (4, 32, 2));
    // One multiprocessor, one warp.
    let config = Config { sms_per_gpu: 1, ..Config::default() };
    assert!((count(config, "nanosleep.u32 100000;", 1, 32).occupancy() - 1.0 / 64.0).abs() < 0.001);
}

/// A kernel of many kinds of instructions over data of all kinds; its output and its report.
fn mixture(baseline: bool, seed: u64) -> (Vec<u32>, Report) {
    let mut machine =
        Machine::new(Config { baseline, schedule_seed: seed, ..Config::default() }).expect("configuration");
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Now and then the bits of infinities, NaNs and subnormals.
        match state >> 60 {
            0 => 0x7f80_0000_ff80_0000,
            1 => 0x7fc0_1234_0000_0001,
            _ => state.rotate_left(23) ^ state >> 17,
        }
    };
    let input: Vec<u64> = (0..256).map(|_| random()).collect();
    let from = upload(&mut machine, 0, &input);
    let to = zeroed(&mut machine, 0, 256 * 16);
    let text = module(
        ".param .u64 from, .param .u64 to",
        "ld.param.u64 %rd1, [from]; ld.param.u64 %rd2, [to]; mov.u32 %r1, %tid.x;
        mul.wide.u32 %rd3, %r1, 8; add.u64 %rd1, %rd1, %rd3; mul.wide.u32 %rd3, %r1, 16; add.u64 %rd2, %rd2, %rd3;
        ld.global.v2.u32 {%r2, %r3}, [%rd1]; mov.b32 %f1, %r2; mov.b32 %f2, %r3; mov.u32 %r9, 0; mov.u64 %rd9, 0;
        AGAIN: fma.rn.f32 %f3, %f1, %f2, %f1; min.f32 %f4, %f3, %f2; max.NaN.f32 %f5, %f1, %f4; div.rn.f32 %f6, %f5, %f2;
        sqrt.rn.f32 %f7, %f6; rcp.approx.f32 %f8, %f7; cvt.rn.bf16x2.f32 %r4, %f3, %f6; cvt.rn.f16.f32 %h1, %f5;
        cvt.rzi.s32.f32 %r5, %f3; setp.ltu.f32 %p, %f3, %f6; selp.u32 %r6, %r4, %r5, %p; mul.hi.u32 %r7, %r2, %r3;
        shf.l.wrap.b32 %r8, %r2, %r3, 7; lop3.b32 %r8, %r8, %r7, %r6, 0x96; mad.wide.u32 %rd9, %r8, %r3, %rd9;
        cvt.u32.u16 %r4, %h1; popc.b32 %r10, %r8; bfe.u32 %r11, %r7, 3, 9; prmt.b32 %r2, %r8, %r4, 0x6240;
        add.u32 %r3, %r3, %r10; xor.b32 %r3, %r3, %r11; mov.b32 %f1, %r2; mov.b32 %f2, %r3;
        and.b32 %r12, %r2, 3; setp.eq.u32 %q, %r12, 0; @%q add.u32 %r9, %r9, 1; @%q bra SKIP; add.f32 %f2, %f2, %f1; mov.b32 %r3, %f2;
        SKIP: add.u32 %r9, %r9, 1; setp.lt.u32 %p, %r9, 20; @%p bra AGAIN;
        mov.b64 {%r4, %r5}, %rd9; st.global.v4.u32 [%rd2], {%r2, %r3, %r4, %r5};",
    );
    let ticket = run(&mut machine, &text, 1, 256, vec![Argument::U64(from), Argument::U64(to)]).expect("run");
    (words(&mut machine, to, 1024), machine.report(ticket).expect("finished").clone())
}

#[test]
fn baseline_and_wide_instructions_give_the_same_results_and_counters() {
    for seed in 0..6 {
        let (values, report) = mixture(false, seed);
        assert_eq!((&values, &report), (&mixture(true, seed).0, &mixture(true, seed).1), "seed {seed}");
        assert_eq!(values, mixture(false, 0).0, "seed {seed}");
        assert!(report.activity.divergent_branches > 0);
    }
}
