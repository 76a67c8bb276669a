//! `st.async`, `red.async` and multicast bulk copies: what reaches other blocks of a cluster, when,
//! and who may rely on it. Values are compared with plain arithmetic. Verdicts follow from the PTX
//! ISA: `st.async` is a weak and `red.async` a relaxed operation at the scope of the cluster, both
//! of the generic proxy, and their completion releases at that scope (their descriptions in section
//! 9.7); moral strength and causality are those of section 8.

use crate::harness::{kernel, words, zeroed};
use crossdock_emulator::{Argument, Config, Error, Launch, Machine};

/// Schedules that a verdict is looked at in.
const SEEDS: u64 = 8;

const BARRIER: &str = "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n";
const WAIT: &str = "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64";

/// A kernel with an address `out` in `%rd1`, its block's rank in `%r1` and its thread in `%r2`.
/// `data` (`%r3`) has 1024 bytes, all of one value, and the mbarrier `bar` (`%r4`) expects `bytes`;
/// all blocks know.
fn module(bytes: u32, fill: u32, body: &str) -> String {
    format!(
        ".version 8.6\n.target sm_100a\n.address_size 64\n\n.visible .entry main(.param .u64 out)\n{{\n\
         .reg .pred %p, %q, %s<8>;\n.reg .b16 %h<8>;\n.reg .b32 %r<64>;\n.reg .b64 %rd<32>;\n\
         .shared .align 16 .b8 data[1024];\n.shared .align 8 .b64 bar;\n\
         ld.param.u64 %rd1, [out];\nmov.u32 %r1, %cluster_ctarank;\nmov.u32 %r2, %tid.x;\n\
         mov.u32 %r3, data;\nmov.u32 %r4, bar;\nsetp.eq.u32 %p, %r2, 0;\n\
         mov.u32 %r60, 0;\n$fill:\nadd.u32 %r61, %r3, %r60;\n@%p st.shared.u32 [%r61], {fill};\n\
         add.u32 %r60, %r60, 4;\nsetp.lt.u32 %q, %r60, 1024;\n@%q bra $fill;\n\
         @%p mbarrier.init.shared.b64 [%r4], 1;\n@%p fence.mbarrier_init.release.cluster;\n@%p fence.proxy.async;\n\
         @%p mbarrier.arrive.expect_tx.shared.b64 _, [%r4], {bytes};\n{BARRIER}{body}\nret;\n}}\n"
    )
}

/// Runs one cluster; `out` has 1024 words, which are zero.
fn run(text: &str, blocks: u32, threads: u32, config: Config) -> Result<Vec<u32>, Error> {
    let mut machine = Machine::new(config).expect("configuration");
    let out = zeroed(&mut machine, 0, 4096);
    let kernel = kernel(&mut machine, text);
    let arguments = vec![Argument::U64(out)];
    let (grid, block) = ([blocks, 1, 1], [threads, 1, 1]);
    let launch = Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
    machine.launch_in_clusters(launch, [blocks, 1, 1])?;
    machine.run()?;
    Ok(words(&mut machine, out, 1024))
}

fn seeded(schedule_seed: u64) -> Config {
    Config { schedule_seed, ..Config::default() }
}

/// What comes out in every schedule.
fn outcome(text: &str, blocks: u32, threads: u32) -> Vec<u32> {
    let all: Vec<Vec<u32>> = (0..SEEDS)
        .map(|seed| run(text, blocks, threads, seeded(seed)).unwrap_or_else(|error| panic!("{error}")))
        .collect();
    assert!(all.iter().all(|words| *words == all[0]));
    all[0].clone()
}

/// Whether there is a race in some schedule.
fn races(text: &str, blocks: u32, threads: u32) -> bool {
    (0..SEEDS).any(|seed| match run(text, blocks, threads, seeded(seed)) {
        Ok(_) => false,
        Err(error) => {
            assert!(error.to_string().contains("data race"), "{error}");
            true
        }
    })
}

fn error(text: &str, blocks: u32, threads: u32) -> String {
    run(text, blocks, threads, seeded(0)).expect_err("it must fail").to_string()
}

/// Every block stores its words, 1000 times its rank and on, to the next block, and gives what it
/// got itself. `%r9` and `%r10` are the next block's `data` and `bar`.
fn ring(bytes: u32, send: &str, wait: &str) -> String {
    module(
        bytes * 32,
        7,
        &format!(
            "mov.u32 %r5, %cluster_nctarank;\nadd.u32 %r6, %r1, 1;\nrem.u32 %r6, %r6, %r5;\n\
             mad.lo.u32 %r7, %r2, {bytes}, %r3;\nmapa.shared::cluster.u32 %r9, %r7, %r6;\n\
             mapa.shared::cluster.u32 %r10, %r4, %r6;\n\
             mul.lo.u32 %r20, %r1, 1000;\nmad.lo.u32 %r20, %r2, 4, %r20;\nadd.u32 %r21, %r20, 1;\nadd.u32 %r22, %r20, 2;\n\
             add.u32 %r23, %r20, 3;\nmov.b64 %rd20, {{%r20, %r21}};\nmov.b64 %rd21, {{%r22, %r23}};\n\
             {send}\n$wait:\n{wait}\n\
             mov.u32 %r30, 0;\nmad.lo.u32 %r31, %r1, 32, %r2;\nmul.lo.u32 %r31, %r31, {bytes};\n\
             cvt.u64.u32 %rd2, %r31;\nadd.u64 %rd2, %rd2, %rd1;\n\
             $copy:\nld.shared.u32 %r32, [%r7];\nst.global.u32 [%rd2], %r32;\nadd.u32 %r7, %r7, 4;\nadd.u64 %rd2, %rd2, 4;\n\
             add.u32 %r30, %r30, 4;\nsetp.lt.u32 %q, %r30, {bytes};\n@%q bra $copy;\n{BARRIER}"
        ),
    )
}

fn waiting() -> String {
    format!("{WAIT} %s1, [%r4], 0;\n@!%s1 bra $wait;")
}

#[test]
fn values_of_every_width_arrive() {
    let cases = [
        (4, "b32", "%r20"),
        (4, "u32", "%r20"),
        (8, "b64", "%rd20"),
        (8, "v2.b32", "{%r20, %r21}"),
        (16, "v4.s32", "{%r20, %r21, %r22, %r23}"),
        (16, "v2.u64", "{%rd20, %rd21}"),
    ];
    for (bytes, ty, value) in cases {
        for prefix in ["st.async.weak.shared::cluster", "st.async.shared::cluster"] {
            let send = format!("{prefix}.mbarrier::complete_tx::bytes.{ty} [%r9], {value}, [%r10];");
            let got = outcome(&ring(bytes, &send, &waiting()), 2, 32);
            let count = bytes / 4;
            let expected: Vec<u32> = (0..2 * 32 * count)
                .map(|word| {
                    let (block, lane) = (word / count / 32, word / count % 32);
                    (1 - block) * 1000 + lane * 4 + word % count
                })
                .collect();
            assert_eq!(got[..expected.len()], expected, "{ty}");
        }
    }
}

#[test]
fn generic_addresses_reach_other_blocks() {
    let send = "cvt.u64.u32 %rd9, %r7;\ncvta.shared.u64 %rd9, %rd9;\nmapa.u64 %rd9, %rd9, %r6;\n\
         cvt.u64.u32 %rd10, %r4;\ncvta.shared.u64 %rd10, %rd10;\nmapa.u64 %rd10, %rd10, %r6;\n\
         st.async.mbarrier::complete_tx::bytes.b32 [%rd9], %r20, [%rd10];";
    let got = outcome(&ring(4, send, &waiting()), 3, 32);
    let expected: Vec<u32> = (0..96).map(|i| (i / 32 + 2) % 3 * 1000 + i % 32 * 4).collect();
    assert_eq!(got[..96], expected);
}

/// Without checks, whoever does not wait finds the old value in some schedule and the new one in
/// another.
#[test]
fn a_store_completes_when_the_schedule_says_so() {
    let send = "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r9], %r20, [%r10];";
    let mut seen = std::collections::BTreeSet::new();
    // They wait before they exit, when they have read.
    let end = format!("$late:\n{WAIT} %s1, [%r4], 0;\n@!%s1 bra $late;\nret;\n}}");
    let text = ring(4, send, BARRIER).replace("ret;\n}", &end);
    for seed in 0..40 {
        let config = Config { checks: false, ..seeded(seed) };
        let got = run(&text, 2, 32, config).expect("nothing is checked");
        seen.extend(got[..32].iter().enumerate().map(|(lane, &word)| {
            assert!(word == 7 || word == 1000 + 4 * lane as u32, "{word}");
            word == 7
        }));
    }
    assert_eq!(seen.len(), 2);
}

/// Every reduction, by all lanes of three blocks, into one word or two of the first block.
#[test]
fn reductions_act_on_other_blocks() {
    type Reduce = fn(u64, u64) -> u64;
    let cases: [(&str, u64, Reduce); 12] = [
        ("add.u32", 4, |old, value| u64::from((old as u32).wrapping_add(value as u32))),
        ("add.s32", 4, |old, value| u64::from((old as u32).wrapping_add(value as u32))),
        ("add.u64", 8, u64::wrapping_add),
        ("min.u32", 4, |old, value| u64::from((old as u32).min(value as u32))),
        ("max.u32", 4, |old, value| u64::from((old as u32).max(value as u32))),
        ("min.s32", 4, |old, value| u64::from((old as i32).min(value as i32) as u32)),
        ("max.s32", 4, |old, value| u64::from((old as i32).max(value as i32) as u32)),
        ("and.b32", 4, |old, value| u64::from(old as u32 & value as u32)),
        ("or.b32", 4, |old, value| u64::from(old as u32 | value as u32)),
        ("xor.b32", 4, |old, value| u64::from(old as u32 ^ value as u32)),
        // The bound is what the lane gives; the same for all, so that the order is of no interest.
        ("inc.u32", 4, |old, value| if old as u32 >= value as u32 { 0 } else { u64::from(old as u32 + 1) }),
        ("dec.u32", 4, |old, value| match old as u32 {
            old if old == 0 || old > value as u32 => u64::from(value as u32),
            old => u64::from(old - 1),
        }),
    ];
    const FILL: u32 = 0x8000_0123;
    for (operation, bytes, reduce) in cases {
        let bounded = operation.starts_with("inc") || operation.starts_with("dec");
        // Values of all signs, different for each lane of each block.
        let value = if bounded {
            "mov.u32 %r20, 0x80000150;"
        } else {
            "mad.lo.u32 %r20, %r1, 32, %r2;\nmul.lo.u32 %r20, %r20, 0x9e3779b1;"
        };
        let register = if bytes == 8 { "%rd20" } else { "%r20" };
        let text = module(
            (3 * 32 * bytes) as u32,
            FILL,
            &format!(
                "setp.eq.u32 %q, %r1, 0;\n@%q bra $wait;\n{value}\nmov.b64 %rd20, {{%r20, %r20}};\n\
                 mapa.shared::cluster.u32 %r9, %r3, 0;\nmapa.shared::cluster.u32 %r10, %r4, 0;\n\
                 red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.{operation} [%r9], {register}, [%r10];\n\
                 bra $done;\n$wait:\n{WAIT} %s1, [%r4], 0;\n@!%s1 bra $wait;\n\
                 @%p ld.shared.v2.u32 {{%r30, %r31}}, [%r3];\n@%p st.global.v2.u32 [%rd1], {{%r30, %r31}};\n$done:\n{BARRIER}"
            ),
        );
        let got = outcome(&text, 4, 32);
        let filled = u64::from(FILL) << 32 | u64::from(FILL);
        let mut expected = filled;
        for sender in 32..128u32 {
            let word = u64::from(if bounded { 0x8000_0150 } else { sender.wrapping_mul(0x9e37_79b1) });
            let old = if bytes == 4 { u64::from(expected as u32) } else { expected };
            let new = reduce(old, word << 32 | word);
            expected = if bytes == 4 { filled >> 32 << 32 | new } else { new };
        }
        assert_eq!([got[0], got[1]], [expected as u32, (expected >> 32) as u32], "{operation}");
    }
}

#[test]
fn who_waits_at_cluster_scope_is_behind_a_store() {
    let send = "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r9], %r20, [%r10];";
    let with = |wait: &str| ring(4, send, wait);
    let loop_of = |wait: &str, then: &str| with(&format!("{wait} %s1, [%r4], 0;\n@!%s1 bra $wait;\n{then}"));
    assert!(
        !races(&with(&waiting()), 2, 32),
        "completion releases, the wait acquires, both at cluster scope"
    );
    assert!(
        races(&loop_of("mbarrier.try_wait.parity.acquire.cta.shared::cta.b64", ""), 2, 32),
        "the scope of the wait has no thread of the sender"
    );
    let relaxed = "mbarrier.try_wait.parity.relaxed.cluster.shared::cta.b64";
    assert!(races(&loop_of(relaxed, ""), 2, 32), "nobody acquires");
    assert!(
        !races(&loop_of(relaxed, "fence.acquire.cluster;"), 2, 32),
        "a relaxed wait and an acquire fence"
    );
    assert!(races(&with(""), 2, 32), "nobody waits");
    assert!(races(&with(BARRIER), 2, 32), "the barrier orders the instruction, not what it does later");
}

#[test]
fn accesses_of_one_place_race_unless_they_are_reductions() {
    let pair = |first: &str, second: &str| {
        // Blocks 1 and 2 send to the first word of block 0.
        module(
            8,
            0,
            &format!(
                "setp.eq.u32 %q, %r1, 0;\n@%q bra $wait;\nmapa.shared::cluster.u32 %r9, %r3, 0;\n\
                 mapa.shared::cluster.u32 %r10, %r4, 0;\nsetp.eq.u32 %s2, %r1, 1;\n@%s2 bra $first;\n{second} [%r9], %r1, [%r10];\n\
                 bra $done;\n$first:\n{first} [%r9], %r1, [%r10];\nbra $done;\n\
                 $wait:\n{WAIT} %s1, [%r4], 0;\n@!%s1 bra $wait;\n$done:\n{BARRIER}"
            ),
        )
    };
    let store = "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32";
    let reduction = "red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32";
    assert!(!races(&pair(reduction, reduction), 3, 1), "relaxed at cluster scope: morally strong");
    assert!(races(&pair(store, reduction), 3, 1), "a weak write and a strong one");
    assert!(races(&pair(store, store), 3, 1), "two weak writes");
}

/// The generic proxy: what the destination's block wrote before needs no proxy fence.
#[test]
fn earlier_accesses_of_the_destination_are_ordered_as_ordinary_ones() {
    let send = |before: &str, between: &str| {
        format!(
            "{before}\n{between}st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r9], %r20, [%r10];"
        )
    };
    let write = "st.shared.u32 [%r7], 5;";
    assert!(!races(&ring(4, &send(write, BARRIER), &waiting()), 2, 32));
    assert!(races(&ring(4, &send(write, ""), &waiting()), 2, 32));
}

#[test]
fn misuse_is_reported() {
    let store = "st.async.shared::cluster.mbarrier::complete_tx::bytes.b32";
    let fails = |send: &str, sentence: &str| {
        let found = error(&ring(4, send, &waiting()), 2, 32);
        assert!(found.contains(sentence), "{send}: {found}");
    };
    fails(&format!("{store} [%r7], %r20, [%r4];"), "the destination must be in another block of the cluster");
    fails(&format!("{store} [%r9], %r20, [%r4];"), "both must be in one block");
    fails(&format!("{store} [%r9+2], %r20, [%r10];"), "aligned");
    fails(&format!("{store} [%r9+65536], %r20, [%r10];"), "out of bounds");
    fails(&format!("{store} [%r9], %r20, [%r10+4];"), "aligned");
    fails(
        "st.async.mbarrier::complete_tx::bytes.b32 [%rd1], %r20, [%rd1];",
        "must be shared memory of the cluster",
    );
    // More bytes than the phase expects.
    let wide = "st.async.shared::cluster.mbarrier::complete_tx::bytes.b64 [%r9], %rd20, [%r10];";
    let eight = ring(8, wide, &waiting()).replace(", 256;\nbarrier", ", 128;\nbarrier");
    assert!(run(&eight, 2, 32, seeded(0)).is_err());
    // The destination exits under it.
    let text = ring(4, &format!("{store} [%r9], %r20, [%r10];"), BARRIER);
    let found =
        run(&text, 2, 32, Config { checks: false, ..seeded(0) }).expect_err("nobody waits").to_string();
    assert!(found.contains("exits before this copy of another block"), "{found}");
}

/// `data`, of sixes, but for `bytes` bytes after `offset`, which one lane of each block sets to
/// zero; its other lanes read after `order`.
fn cleared(store: &str, offset: u32, bytes: u64, order: &str) -> String {
    module(
        0,
        6,
        &format!(
            "mov.u64 %rd5, {bytes};\ncvt.u64.u32 %rd6, %r3;\ncvta.shared.u64 %rd6, %rd6;\n\
             @%p {store}+{offset}], %rd5, 0;\n{order}\nmad.lo.u32 %r7, %r2, 4, %r3;\nld.shared.u32 %r8, [%r7];\n\
             mad.lo.u32 %r9, %r1, 256, %r2;\nmad.wide.u32 %rd2, %r9, 4, %rd1;\nst.global.u32 [%rd2], %r8;\n{BARRIER}"
        ),
    )
}

#[test]
fn bulk_stores_clear_shared_memory() {
    let own = "st.bulk.weak.shared::cta [%r3";
    for store in [own, "st.bulk.shared::cta [%r3", "st.bulk [%rd6"] {
        for (offset, bytes) in [(0, 1024), (8, 8), (64, 512), (1016, 8), (24, 0)] {
            let got = outcome(&cleared(store, offset, bytes, "bar.sync 0;"), 2, 256);
            let expected: Vec<u32> = (0..512)
                .map(|word| word % 256 * 4)
                .map(|at| if (offset..offset + bytes as u32).contains(&at) { 0 } else { 6 })
                .collect();
            assert_eq!(got[..512], expected, "{store} {offset} {bytes}");
        }
    }
    assert!(races(&cleared(own, 0, 1024, ""), 1, 256), "a weak write that nothing orders");
    // All lanes do the same.
    let together = cleared(own, 0, 1024, "bar.sync 0;").replace("@%p st.bulk", "st.bulk");
    assert!(!races(&together, 1, 32));
    assert!(races(&together, 1, 64), "two warps");
    for (offset, bytes, sentence) in [
        (4, 8, "aligned"),
        (0, 12, "the size must be a multiple of 8"),
        (0, 1 << 20, "out of bounds"),
        (8, u64::MAX - 7, "out of bounds"),
    ] {
        let found = error(&cleared(own, offset, bytes, "bar.sync 0;"), 1, 32);
        assert!(found.contains(sentence), "{found}");
    }
}

#[test]
fn the_block_that_sent_may_exit() {
    let text = module(
        4,
        0,
        &format!(
            "setp.eq.u32 %q, %r1, 0;\n@%q bra $wait;\nmapa.shared::cluster.u32 %r9, %r3, 0;\n\
             mapa.shared::cluster.u32 %r10, %r4, 0;\nmov.u32 %r20, 5;\n\
             st.async.shared::cluster.mbarrier::complete_tx::bytes.b32 [%r9], %r20, [%r10];\nret;\n\
             $wait:\n{WAIT} %s1, [%r4], 0;\n@!%s1 bra $wait;\nld.shared.u32 %r8, [%r3];\nst.global.u32 [%rd1], %r8;"
        ),
    );
    assert_eq!(outcome(&text, 2, 1)[0], 5);
}

/// A multicast copy from global memory into the blocks of the mask in `%h1`; `later` is what they
/// do before they read.
fn multicast(mask: u32, later: &str) -> String {
    module(
        64,
        9,
        &format!(
            "mov.u16 %h1, {mask};\nsetp.eq.u32 %q, %r1, 1;\nand.pred %q, %q, %p;\n@!%q bra $receive;\n\
             mov.u32 %r30, 0;\nmov.u64 %rd2, %rd1;\n$write:\nadd.u32 %r31, %r30, 100;\nst.global.u32 [%rd2+2048], %r31;\n\
             add.u64 %rd2, %rd2, 4;\nadd.u32 %r30, %r30, 1;\nsetp.lt.u32 %s1, %r30, 16;\n@%s1 bra $write;\nfence.proxy.async;\n\
             cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%r3+64], [%rd1+2048], 64, [%r4], %h1;\n\
             $receive:\nmov.u32 %r40, {mask};\nshr.u32 %r40, %r40, %r1;\nand.b32 %r40, %r40, 1;\nsetp.eq.u32 %s3, %r40, 0;\n\
             @%s3 bra $copy;\n{later}\n$copy:\nmad.lo.u32 %r7, %r2, 4, %r3;\nld.shared.u32 %r8, [%r7+64];\n\
             mad.lo.u32 %r31, %r1, 16, %r2;\nmad.wide.u32 %rd3, %r31, 4, %rd1;\nst.global.u32 [%rd3], %r8;\n{BARRIER}"
        ),
    )
}

#[test]
fn multicast_copies_reach_the_blocks_of_the_mask() {
    let wait = format!("$wait:\n{WAIT} %s1, [%r4], 0;\n@!%s1 bra $wait;");
    for mask in 0..16u32 {
        let got = outcome(&multicast(mask, &wait), 4, 16);
        let expected: Vec<u32> =
            (0..64).map(|i| if mask >> (i / 16) & 1 == 1 { 100 + i % 16 } else { 9 }).collect();
        assert_eq!(got[..64], expected, "mask {mask:#x}");
    }
    assert!(races(&multicast(0b1101, ""), 4, 16), "nobody waits");
    let found = error(&multicast(0b10011, &wait), 4, 16);
    assert!(found.contains("the cluster has no block 4 that the mask 0x13 names"), "{found}");
}
