//! Independent thread scheduling, warp-synchronous instructions, block barriers.

use crate::harness::{evaluate, module, run, words, zeroed};
use crossdock_emulator::{Argument, Config, Error, FaultKind, Machine};

fn machine(seed: u64) -> Machine {
    Machine::new(Config { schedule_seed: seed, ..Config::default() }).expect("configuration")
}

/// Runs a kernel with one parameter: zeroed memory of `count` words, which it returns.
fn run_words(seed: u64, body: &str, grid: u32, block: u32, count: usize) -> Result<Vec<u32>, Error> {
    let mut machine = machine(seed);
    let output = zeroed(&mut machine, 0, count as u64 * 4);
    let text = module(".param .u64 output", &format!("ld.param.u64 %rd1, [output];\n{body}"));
    run(&mut machine, &text, grid, block, vec![Argument::U64(output)])?;
    Ok(words(&mut machine, output, count))
}

const SEEDS: std::ops::Range<u64> = 0..12;

#[test]
fn nested_divergence_computes_collatz_lengths() {
    let rows: Vec<[u64; 3]> = (1..=200).map(|start| [start, 0, 0]).collect();
    let text = "LOOP: setp.eq.u32 %q, %r1, 1; @%q bra DONE;
        and.b32 %r4, %r1, 1; setp.eq.u32 %s1, %r4, 1; @%s1 bra ODD;
        shr.u32 %r1, %r1, 1; bra NEXT;
        ODD: mad.lo.u32 %r1, %r1, 3, 1;
        NEXT: add.u32 %d, %d, 1; bra LOOP;
        DONE:";
    for (row, outcome) in rows.iter().zip(evaluate(text, &rows)) {
        let (mut value, mut steps) = (row[0], 0);
        while value != 1 {
            value = if value % 2 == 1 { 3 * value + 1 } else { value / 2 };
            steps += 1;
        }
        assert_eq!(outcome.word, steps, "start {}", row[0]);
    }
}

#[test]
fn lanes_of_one_warp_take_a_spin_lock_in_turn() {
    // Deadlocks on a machine that reconverges the lanes that lost before the winner may release.
    let body = "AGAIN: atom.acquire.gpu.global.cas.b32 %r1, [%rd1], 0, 1;
        setp.ne.u32 %p, %r1, 0; @%p bra AGAIN;
        ld.relaxed.gpu.global.u32 %r2, [%rd1+4]; add.u32 %r2, %r2, 1;
        st.relaxed.gpu.global.u32 [%rd1+4], %r2;
        st.release.gpu.global.u32 [%rd1], 0;";
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 4, 64, 2).expect("run"), [0, 256], "seed {seed}");
    }
}

#[test]
fn a_lane_waits_for_a_later_lane_of_its_warp() {
    // Lanes 1 to 31 spin at a lower instruction than the one from which lane 0 releases them.
    let body = "mov.u32 %r1, %laneid; setp.eq.u32 %p, %r1, 0; @%p bra LEADER;
        WAIT: ld.volatile.global.u32 %r2, [%rd1]; setp.eq.u32 %q, %r2, 0; @%q bra WAIT;
        red.relaxed.gpu.global.add.u32 [%rd1+4], 1; bra DONE;
        LEADER: mov.u32 %r3, 0;
        COUNT: add.u32 %r3, %r3, 1; setp.lt.u32 %q, %r3, 1000; @%q bra COUNT;
        st.volatile.global.u32 [%rd1], 1;
        DONE:";
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 1, 32, 2).expect("run"), [1, 31], "seed {seed}");
    }
}

#[test]
fn shuffles_follow_the_pseudocode() {
    let mut modes = Vec::new();
    for (mode, index) in [("up", 0), ("down", 1), ("bfly", 2), ("idx", 3)] {
        for (b, c) in [(1i32, 0x1fi32), (3, 0x1f), (5, 0x181f), (2, 0x1c03), (16, 0), (9, 0x1800)] {
            modes.push((mode, index, b, c));
        }
    }
    for (mode, index, b, c) in modes {
        let body = format!(
            "mov.u32 %r1, %laneid; mul.lo.u32 %r2, %r1, 100; shfl.sync.{mode}.b32 %r3|%p, %r2, {b}, {c}, -1;
             mad.wide.u32 %rd2, %r1, 8, %rd1; selp.u32 %r4, 1, 0, %p;
             st.global.v2.u32 [%rd2], {{%r3, %r4}};"
        );
        let got = run_words(0, &body, 1, 32, 64).expect("run");
        for lane in 0..32i32 {
            let (bval, cval, segment) = (b & 31, c & 31, c >> 8 & 31);
            let most = (lane & segment) | (cval & !segment);
            let least = lane & segment;
            let (j, valid) = match index {
                0 => (lane - bval, lane - bval >= most),
                1 => (lane + bval, lane + bval <= most),
                2 => (lane ^ bval, lane ^ bval <= most),
                _ => (least | (bval & !segment), (least | (bval & !segment)) <= most),
            };
            let from = if valid { j } else { lane };
            let place = 2 * lane as usize;
            assert_eq!(
                (got[place], got[place + 1]),
                (100 * from as u32, u32::from(valid)),
                "{mode} {b} {c:#x}"
            );
        }
    }
}

#[test]
fn votes_matches_and_reductions() {
    let body = "mov.u32 %r1, %laneid; and.b32 %r2, %r1, 3; setp.eq.u32 %p, %r2, 2;
        vote.sync.ballot.b32 %r3, %p, -1;
        vote.sync.any.pred %q, %p, -1; selp.u32 %r4, 1, 0, %q;
        vote.sync.all.pred %q, %p, -1; selp.u32 %r5, 1, 0, %q;
        match.any.sync.b32 %r6, %r2, -1;
        match.all.sync.b32 %r7|%q, %r2, -1;
        redux.sync.add.u32 %r8, %r1, -1; redux.sync.max.s32 %r9, %r1, -1;
        elect.sync %r10|%q, -1; selp.u32 %r11, 1, 0, %q;
        activemask.b32 %r12;
        mad.wide.u32 %rd2, %r1, 48, %rd1;
        st.global.v4.u32 [%rd2], {%r3, %r4, %r5, %r6}; st.global.v4.u32 [%rd2+16], {%r7, %r8, %r9, %r10};
        st.global.v2.u32 [%rd2+32], {%r11, %r12};";
    let got = run_words(0, body, 1, 32, 32 * 12).expect("run");
    for lane in 0..32usize {
        let same = 0x1111_1111u32 << (lane % 4);
        let row = &got[lane * 12..lane * 12 + 10];
        let expected = [0x4444_4444, 1, 0, same, 0, 31 * 32 / 2, 31, 0, u32::from(lane == 0), u32::MAX];
        assert_eq!(row, expected, "lane {lane}");
    }
}

#[test]
fn a_shuffle_waits_for_the_lanes_it_names() {
    // The halves take different paths of different length before they meet.
    let body = "mov.u32 %r1, %laneid; setp.lt.u32 %p, %r1, 16; mov.u32 %r2, 7; @%p bra MEET;
        mov.u32 %r3, 0;
        COUNT: add.u32 %r3, %r3, 1; setp.lt.u32 %q, %r3, 300; @%q bra COUNT;
        mov.u32 %r2, 9;
        MEET: shfl.sync.bfly.b32 %r4, %r2, 16, 0x1f, -1;
        mad.wide.u32 %rd2, %r1, 4, %rd1; st.global.u32 [%rd2], %r4;";
    for seed in SEEDS {
        let got = run_words(seed, body, 1, 32, 32).expect("run");
        assert!(
            got[..16].iter().all(|&value| value == 9) && got[16..].iter().all(|&value| value == 7),
            "{got:?}"
        );
    }
}

#[test]
fn warp_barriers_meet_across_instructions() {
    let body =
        "mov.u32 %r1, %laneid; setp.lt.u32 %p, %r1, 16; mul.wide.u32 %rd2, %r1, 4; add.u64 %rd2, %rd1, %rd2;
        @%p bra LOW;
        st.global.u32 [%rd2], 5; bar.warp.sync -1; bra DONE;
        LOW: bar.warp.sync -1; ld.global.u32 %r2, [%rd2+64]; st.global.u32 [%rd2], %r2;
        DONE:";
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 1, 32, 32).expect("run"), [5; 32]);
    }
}

#[test]
fn a_member_mask_must_contain_the_lane() {
    let error = run_words(0, "bar.warp.sync 0xffff;", 1, 32, 1).expect_err("lanes 16 to 31 are not members");
    let Error::Fault(fault) = error else { panic!("{error}") };
    assert!(matches!(fault.kind, FaultKind::WarpSync(_)), "{fault}");
    assert_eq!(fault.lane, Some(16));
}

#[test]
fn block_barriers_separate_phases() {
    // Every thread reads what the thread in the mirrored place of the block wrote.
    let body = ".shared .align 4 .b8 tile[1024];
        mov.u32 %r1, %tid.x; shl.b32 %r2, %r1, 2; mov.u32 %r3, tile; add.u32 %r4, %r3, %r2;
        st.shared.u32 [%r4], %r1; bar.sync 0; mov.u32 %r5, 1020; sub.u32 %r5, %r5, %r2; add.u32 %r5, %r3, %r5;
        ld.shared.u32 %r6, [%r5]; mad.wide.u32 %rd2, %r1, 4, %rd1; st.global.u32 [%rd2], %r6;";
    let expected: Vec<u32> = (0..256).rev().collect();
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 1, 256, 256).expect("run"), expected, "seed {seed}");
    }
}

#[test]
fn named_barriers_pair_producers_and_consumers() {
    // Warp 0 produces and arrives; warps 1 to 3 wait at barrier 1 for 128 threads.
    let body = ".shared .align 4 .b8 tile[4]; mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 32; @%p bra PRODUCE;
        barrier.sync 1, 128; ld.shared.u32 %r2, [tile]; mad.wide.u32 %rd2, %r1, 4, %rd1;
        st.global.u32 [%rd2], %r2; ret;
        PRODUCE: setp.eq.u32 %q, %r1, 0; @%q st.shared.u32 [tile], 77; bar.arrive 1, 128;";
    let mut expected = vec![0; 32];
    expected.resize(128, 77);
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 1, 128, 128).expect("run"), expected, "seed {seed}");
    }
}

#[test]
fn barriers_reduce() {
    let body = "mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 40;
        bar.red.popc.u32 %r2, 0, %p; bar.red.and.pred %q, 0, %p; bar.red.or.pred %s1, 0, %p;
        selp.u32 %r3, 1, 0, %q; selp.u32 %r4, 1, 0, %s1;
        mad.wide.u32 %rd2, %r1, 16, %rd1; st.global.v4.u32 [%rd2], {%r2, %r3, %r4, %r4};";
    let got = run_words(3, body, 1, 96, 96 * 4).expect("run");
    assert!(got.chunks(4).all(|row| row == [40, 0, 1, 1]), "{got:?}");
}

#[test]
fn exited_warps_do_not_hold_up_a_barrier() {
    let body = "mov.u32 %r1, %tid.x; setp.ge.u32 %p, %r1, 64; @%p exit; bar.sync 0;
        mad.wide.u32 %rd2, %r1, 4, %rd1; st.global.u32 [%rd2], 1;";
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 1, 128, 64).expect("run"), [1; 64]);
    }
}

#[test]
fn an_aligned_barrier_in_divergent_code_is_reported() {
    let body = "mov.u32 %r1, %laneid; setp.lt.u32 %p, %r1, 16; @%p bra LOW;
        bar.sync 0; bra DONE;
        LOW: bar.sync 0;
        DONE:";
    let error = run_words(0, body, 1, 32, 1).expect_err("the halves are at different barriers");
    let Error::Fault(fault) = error else { panic!("{error}") };
    assert!(matches!(&fault.kind, FaultKind::Barrier(text) if text.contains("0x0000ffff")), "{fault}");
}

#[test]
fn mismatched_barrier_counts_are_reported() {
    let body = "mov.u32 %r1, %tid.x; setp.lt.u32 %p, %r1, 32; mov.u32 %r2, 64; @%p mov.u32 %r2, 96;
        bar.sync 1, %r2;";
    let error = run_words(0, body, 1, 96, 1).expect_err("counts differ");
    assert!(error.to_string().contains("for 64 threads, others wait at it for 96"), "{error}");
}

#[test]
fn device_functions_are_inlined() {
    let text = ".version 8.0\n.target sm_90\n.address_size 64\n
        .func (.param .b32 result) twice_or_zero(.param .b32 a)
        { .reg .b32 %r<4>; .reg .pred %p; ld.param.b32 %r1, [a]; setp.gt.u32 %p, %r1, 100; @%p bra ZERO;
          add.u32 %r2, %r1, %r1; st.param.b32 [result], %r2; ret;
          ZERO: st.param.b32 [result], 0; ret; }
        .visible .entry main(.param .u64 output)
        { .reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p; ld.param.u64 %rd1, [output]; mov.u32 %r1, %tid.x;
          mad.wide.u32 %rd1, %r1, 4, %rd1; mul.lo.u32 %r2, %r1, 5;
          { .param .b32 x; .param .b32 y; st.param.b32 [x], %r2; call.uni (y), twice_or_zero, (x);
            ld.param.b32 %r3, [y]; }
          setp.lt.u32 %p, %r1, 8;
          { .param .b32 x; .param .b32 y; st.param.b32 [x], %r3; st.param.b32 [y], 1; @%p call (y), twice_or_zero, (x);
            ld.param.b32 %r3, [y]; }
          st.global.u32 [%rd1], %r3; ret; }";
    let mut machine = machine(0);
    let output = zeroed(&mut machine, 0, 128);
    run(&mut machine, text, 1, 32, vec![Argument::U64(output)]).expect("run");
    let f = |x: u32| if x > 100 { 0 } else { 2 * x };
    let expected: Vec<u32> = (0..32).map(|i| if i < 8 { f(f(5 * i)) } else { 1 }).collect();
    assert_eq!(words(&mut machine, output, 32), expected);
}

#[test]
fn a_lane_never_reads_an_earlier_clock_than_before() {
    // Lanes part and meet at different times, and read the clock at each step.
    let body = "mov.u32 %r1, %laneid; mov.u32 %r9, 0; mov.u64 %rd2, %globaltimer; mov.u64 %rd5, %clock64;
        AGAIN: add.u32 %r2, %r1, %r9; and.b32 %r3, %r2, 7; mov.u32 %r4, 0;
        STEP: add.u32 %r4, %r4, 1;
        mov.u64 %rd3, %globaltimer; setp.lt.u64 %p, %rd3, %rd2; @%p bra BACKWARDS; mov.u64 %rd2, %rd3;
        mov.u64 %rd6, %clock64; setp.lt.u64 %p, %rd6, %rd5; @%p bra BACKWARDS; mov.u64 %rd5, %rd6;
        setp.le.u32 %q, %r4, %r3; @%q bra STEP;
        add.u32 %r9, %r9, 1; setp.lt.u32 %q, %r9, 50; @%q bra AGAIN;
        bra DONE;
        BACKWARDS: red.relaxed.gpu.global.add.u32 [%rd1], 1;
        DONE:";
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 3, 96, 1).expect("run"), [0], "seed {seed}");
    }
}

#[test]
fn every_lane_of_a_warp_may_wait_for_a_flag_of_its_own() {
    // Two warps: the lanes of one wait for 32 different flags with a deadline far away, then
    // answer; the other sets the flags one after another and waits for each answer, so lanes leave
    // the loop one by one.
    let body =
        "mov.u32 %r1, %tid.x; and.b32 %r2, %r1, 31; mul.wide.u32 %rd2, %r2, 4; add.u64 %rd2, %rd1, %rd2;
        setp.ge.u32 %p, %r1, 32; @%p bra SETTER;
        mov.u64 %rd5, %globaltimer;
        WAIT: ld.acquire.gpu.global.u32 %r3, [%rd2]; setp.eq.u32 %q, %r3, 1; @%q bra CAME;
        mov.u64 %rd6, %globaltimer; sub.u64 %rd7, %rd6, %rd5; setp.le.u64 %q, %rd7, 1000000000; @%q bra WAIT;
        bra DONE;
        CAME: st.release.gpu.global.u32 [%rd2+128], 1; bra DONE;
        SETTER: setp.ne.u32 %p, %r2, 0; @%p bra DONE; mov.u32 %r4, 32;
        NEXT: sub.u32 %r4, %r4, 1; mul.wide.u32 %rd3, %r4, 4; add.u64 %rd3, %rd1, %rd3;
        st.release.gpu.global.u32 [%rd3], 1;
        ANSWER: ld.acquire.gpu.global.u32 %r5, [%rd3+128]; setp.eq.u32 %q, %r5, 0; @%q bra ANSWER;
        setp.ne.u32 %q, %r4, 0; @%q bra NEXT;
        DONE:";
    for seed in 0..40 {
        assert_eq!(run_words(seed, body, 1, 64, 64).expect("run"), [1; 64], "seed {seed}");
    }
}
