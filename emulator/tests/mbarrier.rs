//! Mbarriers: phases, counts, transactions, and what their misuse is called.

use crate::harness::{module, run, words, zeroed};
use crossdock_emulator::{Argument, Config, Error, FaultKind, Machine};

const SEEDS: std::ops::Range<u64> = 0..12;

/// Runs `body` with an mbarrier `bar`, a second one `other`, and the address of `count` zeroed
/// words in `%rd1`.
fn run_words(seed: u64, body: &str, block: u32, count: usize) -> Result<Vec<u32>, Error> {
    let mut machine =
        Machine::new(Config { schedule_seed: seed, ..Config::default() }).expect("configuration");
    let output = zeroed(&mut machine, 0, count as u64 * 4);
    let text = module(
        ".param .u64 output",
        &format!(
            ".shared .align 8 .b64 bar; .shared .align 8 .b64 other; .shared .align 16 .b8 tile[256];
             ld.param.u64 %rd1, [output]; mov.u32 %r1, %tid.x; setp.eq.u32 %s1, %r1, 0;\n{body}"
        ),
    );
    run(&mut machine, &text, 1, block, vec![Argument::U64(output)])?;
    Ok(words(&mut machine, output, count))
}

fn misuse(body: &str) -> String {
    match run_words(0, body, 1, 1) {
        Err(Error::Fault(fault)) if matches!(fault.kind, FaultKind::Mbarrier(_)) => fault.to_string(),
        other => panic!("{body}: {other:?}"),
    }
}

/// Stores the predicate `%p` as the word at `index`.
fn note(index: usize) -> String {
    format!("selp.u32 %r60, 1, 0, %p; st.global.u32 [%rd1+{}], %r60;\n", index * 4)
}

#[test]
fn a_phase_completes_with_its_last_arrival_and_its_last_byte() {
    let steps = [
        ("mbarrier.init.shared.b64 [bar], 2;", 0, 1),
        ("mbarrier.arrive.shared.b64 %rd2, [bar];", 0, 1),
        ("mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [bar], 48;", 0, 1),
        ("mbarrier.arrive.shared.b64 %rd3, [bar];", 0, 1),
        ("mbarrier.complete_tx.shared::cta.b64 [bar], 16;", 0, 1),
        ("mbarrier.complete_tx.shared::cta.b64 [bar], 32;", 1, 0),
        // Bytes may come before they are announced; both arrivals at once.
        ("mbarrier.complete_tx.shared::cta.b64 [bar], 8;", 1, 0),
        ("mbarrier.arrive.noComplete.shared.b64 %rd4, [bar], 1;", 1, 0),
        ("mbarrier.arrive.expect_tx.shared.b64 %rd4, [bar], 8;", 0, 1),
        // One participant leaves; the phase after it needs one arrival only.
        ("mbarrier.arrive.shared.b64 _, [bar];", 0, 1),
        ("mbarrier.arrive_drop.shared.b64 _, [bar];", 1, 0),
        ("mbarrier.arrive.release.cta.shared.b64 %rd5, [bar], 1;", 0, 1),
    ];
    let mut body = String::new();
    let mut expected = Vec::new();
    for (index, (text, even, odd)) in steps.iter().enumerate() {
        body += &format!("{text}\nmbarrier.test_wait.parity.shared.b64 %p, [bar], 0;\n{}", note(2 * index));
        body += &format!("mbarrier.try_wait.parity.shared.b64 %p, [bar], 1, 100;\n{}", note(2 * index + 1));
        expected.extend([*even, *odd]);
    }
    body += "mbarrier.pending_count.b64 %r2, %rd2; mbarrier.pending_count.b64 %r3, %rd3;
        mbarrier.pending_count.b64 %r4, %rd5; st.global.v2.u32 [%rd1+96], {%r2, %r3};
        st.global.u32 [%rd1+104], %r4; mbarrier.test_wait.shared.b64 %p, [bar], %rd5;";
    body += &note(27);
    body += "mbarrier.inval.shared.b64 [bar]; mbarrier.init.shared.b64 [bar], 7;";
    expected.extend([2, 1, 1, 1]);
    assert_eq!(run_words(0, &body, 1, 28).expect("run"), expected);
}

#[test]
fn generic_addresses_name_mbarriers() {
    let body = "mov.u64 %rd2, bar; cvta.shared.u64 %rd2, %rd2; mbarrier.init.b64 [%rd2], 1;
        mbarrier.arrive.b64 %rd3, [%rd2]; mbarrier.test_wait.b64 %p, [%rd2], %rd3;";
    assert_eq!(run_words(0, &format!("{body}{}", note(0)), 1, 1).expect("run"), [1]);
    let text = misuse("mbarrier.init.b64 [%rd1], 1;");
    assert!(text.contains("allocation #0 (GPU 0, 4 bytes) + 0; it must be in shared memory"), "{text}");
}

#[test]
fn lanes_and_warps_wait_for_phases() {
    // Warp 0 adds to a word and arrives lane by lane; warp 1 waits by state, warp 2 by parity, five
    // times.
    let body = "@%s1 mbarrier.init.shared.b64 [bar], 32; @%s1 mbarrier.init.shared.b64 [other], 64;
        @%s1 st.shared.u32 [tile], 0; bar.sync 0; mov.u32 %r2, 0; setp.lt.u32 %q, %r1, 32;
        LOOP: @!%q bra WAIT;
        atom.shared.add.u32 %r3, [tile], 1; mbarrier.arrive.shared.b64 _, [bar];
        and.b32 %r4, %r2, 1;
        READY: mbarrier.try_wait.parity.shared.b64 %p, [other], %r4; @!%p bra READY;
        bra NEXT;
        WAIT: and.b32 %r4, %r2, 1;
        SPIN: mbarrier.try_wait.parity.shared.b64 %p, [bar], %r4; @!%p bra SPIN;
        ld.shared.u32 %r5, [tile]; mad.lo.u32 %r6, %r2, 96, %r1; mad.wide.u32 %rd3, %r6, 4, %rd1;
        st.global.u32 [%rd3], %r5; mbarrier.arrive.shared.b64 %rd4, [other];
        NEXT: add.u32 %r2, %r2, 1; setp.lt.u32 %p, %r2, 5; @%p bra LOOP;";
    let mut expected = Vec::new();
    for round in 1..=5u32 {
        expected.extend((0..96).map(|thread| if thread < 32 { 0 } else { 32 * round }));
    }
    for seed in SEEDS {
        assert_eq!(run_words(seed, body, 96, 480).expect("run"), expected, "seed {seed}");
    }
}

/// Warp 1 waits for a phase that is complete; warp 0 ends the mbarrier without knowing whether it
/// did, and perhaps writes.
fn ended_early(seed: u64, then: &str) -> Result<Vec<u32>, String> {
    let body = format!(
        "@%s1 mbarrier.init.shared.b64 [bar], 1; @%s1 mbarrier.arrive.shared.b64 _, [bar]; bar.sync 0;
        setp.lt.u32 %q, %r1, 32; @!%q bra WAIT;
        @%s1 mbarrier.inval.shared.b64 [bar]; {then} bra DONE;
        WAIT: mbarrier.try_wait.parity.shared.b64 %p, [bar], 0;
        DONE: mov.u32 %r2, 0;"
    );
    run_words(seed, &body, 64, 1).map_err(|error| error.to_string())
}

#[test]
fn an_mbarrier_that_ends_too_early_is_misuse_where_somebody_comes_late() {
    let outcomes: Vec<_> = (0..32).map(|seed| ended_early(seed, "")).collect();
    assert!(outcomes.iter().any(Result::is_ok), "who waited before is no race");
    let errors: Vec<&String> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert!(!errors.is_empty() && errors.iter().all(|error| error.contains("not initialised")), "{errors:?}");
}

#[test]
fn memory_of_an_ended_mbarrier_is_not_free_before_everybody_is_known_to_be_done() {
    for seed in 0..32 {
        let error = ended_early(seed, "@%s1 st.shared.u64 [bar], %rd1;").expect_err("a race or misuse");
        assert!(error.contains("data race") || error.contains("not initialised"), "seed {seed}: {error}");
    }
}

#[test]
fn misuse_is_named() {
    let init = "mbarrier.init.shared.b64 [bar], 1;";
    for (body, part) in [
        ("mbarrier.init.shared.b64 [bar], 0;", "count 0; it must be 1 to 1048575"),
        ("mbarrier.init.shared.b64 [bar], 1048576;", "count 1048576"),
        ("mbarrier.arrive.shared.b64 _, [bar];", "not initialised; `mbarrier.init` must come first"),
        ("mbarrier.inval.shared.b64 [bar];", "not initialised"),
        ("mbarrier.init.shared.b64 [bar], 1;", "initialised again without `mbarrier.inval`: phase 0"),
        ("mbarrier.arrive.shared.b64 _, [bar], 2;", "arrival of count 2; it must be 1 to the pending count"),
        ("mbarrier.arrive.noComplete.shared.b64 %rd2, [bar], 1;", "would complete the phase"),
        (
            "mbarrier.expect_tx.shared.b64 [bar], 1048575; mbarrier.expect_tx.shared.b64 [bar], 1;",
            "expecting 1 more bytes exceeds 1048575",
        ),
        ("mbarrier.complete_tx.shared.b64 [bar], 1048576;", "completing 1048576 bytes"),
        ("mbarrier.test_wait.parity.shared.b64 %p, [bar], 2;", "waits for parity 2; it must be 0 or 1"),
        (
            "mov.u64 %rd2, 5; mbarrier.test_wait.shared.b64 %p, [bar], %rd2;",
            "not a state that an arrival returned",
        ),
        (
            "mbarrier.arrive.shared.b64 %rd2, [bar]; mbarrier.arrive.shared.b64 _, [bar];
             mbarrier.test_wait.shared.b64 %p, [bar], %rd2;",
            "waits for phase 0; it must be the current phase or the one before it: phase 2",
        ),
        ("st.shared.u32 [bar], 9; mbarrier.arrive.shared.b64 _, [bar];", "overwritten by an ordinary store"),
    ] {
        let first =
            if part.contains("not initialised") || part.contains("count 0") || part.contains("1048576;") {
                ""
            } else {
                init
            };
        let first = if body.contains("init.shared.b64 [bar], 1048576") { "" } else { first };
        let text = misuse(&format!("{first}{body}"));
        assert!(text.contains(part) && text.contains("shared memory + 0"), "`{part}` is not in: {text}");
    }
    let misaligned = run_words(0, "mbarrier.init.shared.b64 [bar+4], 1;", 1, 1).expect_err("misaligned");
    assert!(misaligned.to_string().contains("misaligned: mbarrier of 8 bytes"), "{misaligned}");
}

#[test]
fn a_waiter_that_misses_two_phases_is_told() {
    // Nobody waits for warp 1, so warp 0 may be two phases ahead when it looks.
    let body = "@%s1 mbarrier.init.shared.b64 [bar], 1; bar.sync 0; setp.ge.u32 %q, %r1, 32; @%q bra WAIT;
        mov.u32 %r2, 0;
        DELAY: add.u32 %r2, %r2, 1; setp.lt.u32 %p, %r2, 2000; @%p bra DELAY;
        @%s1 mbarrier.arrive.shared.b64 _, [bar]; @%s1 mbarrier.arrive.shared.b64 _, [bar]; bra DONE;
        WAIT: mbarrier.try_wait.parity.shared.b64 %p, [bar], 0; @!%p bra WAIT;
        DONE:";
    let text = run_words(0, body, 64, 1).expect_err("both phases complete in one turn").to_string();
    assert!(text.contains("phase 0, completed and so did the next one"), "{text}");
}

#[test]
fn a_deadlock_names_the_mbarrier() {
    let body = "mbarrier.init.shared.b64 [other], 3; mbarrier.arrive.expect_tx.shared.b64 _, [other], 512;
        WAIT: mbarrier.try_wait.parity.shared.b64 %p, [other], 0; @!%p bra WAIT;";
    let error = run_words(0, body, 1, 1).expect_err("nobody arrives").to_string();
    let part = "the mbarrier at shared memory + 8: phase 0 (parity 0), 2 of 3 arrivals pending, 512 transaction bytes";
    assert!(error.contains("deadlock") && error.contains(part), "{error}");
}
