//! Thread block clusters: who is where, shared memory of other blocks, the barrier of a cluster,
//! mbarriers and copies across blocks, and what orders accesses there. Verdicts follow from the PTX
//! ISA: sections 8.7 to 8.9 (moral strength, causality order), 9.7.13.4 (`barrier.cluster`) and
//! 9.7.13.15 (mbarriers).

use crate::harness;

use crate::harness::{upload, words, zeroed};
use crossdock_emulator::{Argument, Config, Error, Launch, Machine, Ticket};

/// A kernel with an address `out` in `%rd1`, its block's rank in `%r1`, and 256 bytes of shared
/// memory at `data`.
fn module(directives: &str, body: &str) -> String {
    format!(
        ".version 8.6\n.target sm_100a\n.address_size 64\n\n.visible .entry main(.param .u64 out) {directives}\n{{\n\
         .reg .pred %p, %q, %s<8>;\n.reg .b32 %d, %r<64>;\n.reg .b64 %l, %rd<32>;\n\
         .shared .align 16 .b8 data[256];\n.shared .align 8 .b64 bar;\n\
         ld.param.u64 %rd1, [out];\nmov.u32 %r1, %cluster_ctarank;\nmov.u32 %r2, %tid.x;\n\
         mov.u32 %r3, data;\nmov.u32 %r4, bar;\n{body}\nret;\n}}\n"
    )
}

struct Run {
    machine: Machine,
    out: u64,
    result: Result<(), Error>,
}

/// Runs `text` in clusters; the buffer has 1024 words of zero.
fn run(text: &str, (grid, block): (u32, u32), cluster: u32, seed: u64) -> Run {
    let config = Config { schedule_seed: seed, ..Config::default() };
    let mut machine = Machine::new(config).expect("configuration");
    let out = zeroed(&mut machine, 0, 4096);
    let result = launch(&mut machine, text, (grid, block), [cluster, 1, 1], out).and_then(|_| machine.run());
    Run { machine, out, result }
}

fn launch(
    machine: &mut Machine,
    text: &str,
    (grid, block): (u32, u32),
    cluster: [u32; 3],
    out: u64,
) -> Result<Ticket, Error> {
    let kernel = harness::kernel(machine, text);
    let arguments = vec![Argument::U64(out)];
    let (grid, block) = ([grid, 1, 1], [block, 1, 1]);
    let launch = Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
    machine.launch_in_clusters(launch, cluster)
}

impl Run {
    fn words(mut self, count: usize) -> Vec<u32> {
        self.result.unwrap_or_else(|error| panic!("{error}"));
        words(&mut self.machine, self.out, count)
    }

    fn error(self) -> String {
        self.result.expect_err("it must fail").to_string()
    }
}

/// Several schedules, all of which must give the same.
fn all_words(text: &str, shape: (u32, u32), cluster: u32, count: usize) -> Vec<u32> {
    let first = run(text, shape, cluster, 0).words(count);
    for seed in 1..6 {
        assert_eq!(run(text, shape, cluster, seed).words(count), first, "seed {seed}");
    }
    first
}

/// Whether some schedule reports a race.
fn races(text: &str, shape: (u32, u32), cluster: u32) -> bool {
    (0..6).any(|seed| match run(text, shape, cluster, seed).result {
        Ok(()) => false,
        Err(error) => {
            assert!(error.to_string().contains("data race"), "{error}");
            true
        }
    })
}

const BARRIER: &str = "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n";

#[test]
fn blocks_know_where_they_are() {
    let store = |at: u32, register: &str| {
        format!("mov.u32 %r10, {register};\nst.global.u32 [%rd2+{}], %r10;\n", 4 * at)
    };
    let body = format!(
        "mov.u32 %r5, %ctaid.x;\nmad.wide.u32 %rd2, %r5, 32, %rd1;\n{}{}{}{}{}{}mov.pred %p, %is_explicit_cluster;\n\
         selp.u32 %r10, 1, 0, %p;\nst.global.u32 [%rd2+24], %r10;",
        store(0, "%clusterid.x"),
        store(1, "%nclusterid.x"),
        store(2, "%cluster_ctaid.x"),
        store(3, "%cluster_nctaid.x"),
        store(4, "%cluster_ctarank"),
        store(5, "%cluster_nctarank"),
    );
    let expected = |size: u32, explicit: u32| -> Vec<u32> {
        (0..6)
            .flat_map(|block| [block / size, 6 / size, block % size, size, block % size, size, explicit, 0])
            .collect()
    };
    for size in [1, 2, 3, 6] {
        assert_eq!(run(&module("", &body), (6, 1), size, 0).words(48), expected(size, 1));
    }
    assert_eq!(run(&module(".reqnctapercluster 3, 1, 1", &body), (6, 1), 3, 0).words(48), expected(3, 1));
}

#[test]
fn ranks_run_through_x_then_y_then_z() {
    let body = "mov.u32 %r5, %ctaid.x;\nmov.u32 %r6, %ctaid.y;\nmov.u32 %r7, %ctaid.z;\n\
                mad.lo.u32 %r6, %r7, 4, %r6;\nmad.lo.u32 %r5, %r6, 4, %r5;\nmul.wide.u32 %rd2, %r5, 4;\n\
                add.u64 %rd2, %rd2, %rd1;\nst.global.u32 [%rd2], %r1;";
    let text = module(".reqnctapercluster 2, 2, 2", body);
    let mut machine = Machine::new(Config::default()).expect("configuration");
    let out = zeroed(&mut machine, 0, 4096);
    let kernel = harness::kernel(&mut machine, &text);
    let arguments = vec![Argument::U64(out)];
    let launch =
        Launch { gpu: 0, stream: 0, kernel, grid: [4, 4, 2], block: [1, 1, 1], shared_bytes: 0, arguments };
    machine.launch(launch).expect("the kernel says its clusters");
    machine.run().expect("run");
    let expected: Vec<u32> = (0..32).map(|i| i % 4 % 2 + 2 * (i / 4 % 4 % 2) + 4 * (i / 16)).collect();
    assert_eq!(words(&mut machine, out, 32), expected);
}

/// Each block reads what its neighbour wrote: through the window, and through a generic address.
fn ring(arrive: &str, wait: &str, last: &str) -> String {
    module(
        "",
        &format!(
            "mad.lo.u32 %r5, %r1, 100, %r2;\nmad.lo.u32 %r6, %r2, 4, %r3;\nst.shared.u32 [%r6], %r5;\n{arrive}\n{wait}\n\
             mov.u32 %r7, %cluster_nctarank;\nadd.u32 %r8, %r1, 1;\nrem.u32 %r8, %r8, %r7;\n\
             mapa.shared::cluster.u32 %r9, %r6, %r8;\nld.shared::cluster.u32 %r10, [%r9];\n\
             cvt.u64.u32 %rd3, %r6;\ncvta.shared.u64 %rd3, %rd3;\nmapa.u64 %rd4, %rd3, %r8;\nld.u32 %r11, [%rd4];\n\
             getctarank.u64 %r12, %rd4;\nmad.lo.u32 %r11, %r12, 1000000, %r11;\n\
             mov.u32 %r13, %ctaid.x;\nmad.lo.u32 %r13, %r13, 32, %r2;\nmad.wide.u32 %rd2, %r13, 8, %rd1;\n\
             st.global.v2.u32 [%rd2], {{%r10, %r11}};\n{last}"
        ),
    )
}

#[test]
fn blocks_read_each_others_shared_memory() {
    let text = ring("barrier.cluster.arrive;", "barrier.cluster.wait;", BARRIER);
    let expected: Vec<u32> = (0..8 * 32)
        .flat_map(|i| {
            let neighbour = (i / 32 + 1) % 4;
            let value = neighbour * 100 + i % 32;
            [value, neighbour * 1_000_000 + value]
        })
        .collect();
    assert_eq!(all_words(&text, (8, 32), 4, 512), expected);
}

/// `barrier.cluster.arrive` releases and `barrier.cluster.wait` acquires; `.relaxed` does only with
/// a fence.
#[test]
fn the_barrier_orders_what_it_says() {
    let fenced = "fence.acq_rel.cluster;\nbarrier.cluster.arrive.relaxed;";
    let narrow = "fence.acq_rel.cta;\nbarrier.cluster.arrive.relaxed;";
    let wait = "barrier.cluster.wait;";
    assert!(!races(&ring("barrier.cluster.arrive.release;", wait, BARRIER), (4, 32), 4));
    assert!(!races(&ring(fenced, wait, BARRIER), (4, 32), 4));
    assert!(races(&ring("barrier.cluster.arrive.relaxed;", wait, BARRIER), (4, 32), 4));
    assert!(races(&ring(narrow, wait, BARRIER), (4, 32), 4));
}

#[test]
fn without_a_barrier_they_race() {
    // A peer may also have exited, which is reported as such.
    let text = ring("", "", BARRIER);
    assert!((0..6).all(|seed| run(&text, (4, 32), 4, seed).result.is_err()));
}

#[test]
fn a_block_that_has_exited_has_no_shared_memory() {
    let body = format!(
        "st.shared.u32 [%r3], %r1;\n{BARRIER}setp.ne.u32 %p, %r1, 0;\n@%p ret;\nmov.u32 %r5, 0;\n\
         $wait:\nadd.u32 %r5, %r5, 1;\nsetp.lt.u32 %q, %r5, 2000;\n@%q bra $wait;\n\
         mapa.shared::cluster.u32 %r6, %r3, 1;\nld.shared::cluster.u32 %r7, [%r6];"
    );
    let error = run(&module("", &body), (2, 32), 2, 0).error();
    assert!(error.contains("shared memory of the cluster's block 1, which has exited"), "{error}");
}

#[test]
fn shared_accesses_stay_in_their_block() {
    let body = |access: &str| {
        format!(
            "{BARRIER}mov.u32 %r6, 1;\nsub.u32 %r6, %r6, %r1;\nmapa.shared::cluster.u32 %r5, %r3, %r6;\n{access}\n{BARRIER}"
        )
    };
    let error = run(&module("", &body("st.shared.u32 [%r5], %r1;")), (2, 32), 2, 0).error();
    assert!(
        error.contains("out of bounds: write of 4 bytes at shared memory of the cluster's block"),
        "{error}"
    );
    let outside = body("mapa.shared::cluster.u32 %r5, %r3, 5;\nld.shared::cluster.u32 %r7, [%r5];");
    let error = run(&module("", &outside), (2, 32), 2, 0).error();
    assert!(error.contains("the cluster's block 5, which there is not"), "{error}");
}

#[test]
fn atomics_reach_the_cluster() {
    let body = format!(
        "st.shared.u32 [%r3], 0;\n{BARRIER}mapa.shared::cluster.u32 %r5, %r3, 0;\n\
         atom.relaxed.cluster.shared::cluster.add.u32 %r6, [%r5], 3;\n\
         red.relaxed.cluster.shared::cluster.add.u32 [%r5], 1;\n{BARRIER}\
         add.u32 %r8, %r1, %r2;\nsetp.ne.u32 %p, %r8, 0;\n@%p ret;\nld.shared.u32 %r7, [%r3];\nst.global.u32 [%rd1], %r7;"
    );
    // One lane of each block writes the zero.
    let body =
        body.replace("st.shared.u32 [%r3], 0;", "setp.eq.u32 %q, %r2, 0;\n@%q st.shared.u32 [%r3], 0;");
    assert_eq!(all_words(&module("", &body), (4, 64), 4, 1), [4 * 64 * 4]);
}

/// Blocks send words to block 0 and arrive at its mbarrier.
fn gather(arrive: &str, wait: &str) -> String {
    module(
        "",
        &format!(
            "setp.eq.u32 %p, %r2, 0;\n@%p mbarrier.init.shared.b64 [%r4], 3;\n@%p fence.mbarrier_init.release.cluster;\n\
             {BARRIER}setp.eq.u32 %q, %r1, 0;\n@%q bra $collect;\n@!%p bra $done;\n\
             mad.lo.u32 %r5, %r1, 4, %r3;\nmapa.shared::cluster.u32 %r5, %r5, 0;\nadd.u32 %r6, %r1, 40;\n\
             st.shared::cluster.u32 [%r5], %r6;\nmapa.shared::cluster.u32 %r7, %r4, 0;\n{arrive} _, [%r7];\nbra $done;\n\
             $collect:\n{wait} %s1, [%r4], 0;\n@!%s1 bra $collect;\n@!%p bra $done;\n\
             ld.shared.u32 %r8, [%r3+4];\nld.shared.u32 %r9, [%r3+8];\nld.shared.u32 %r10, [%r3+12];\n\
             st.global.u32 [%rd1], %r8;\nst.global.u32 [%rd1+4], %r9;\nst.global.u32 [%rd1+8], %r10;\n\
             $done:\n{BARRIER}"
        ),
    )
}

#[test]
fn blocks_arrive_at_mbarriers_of_others() {
    let arrive = "mbarrier.arrive.release.cluster.shared::cluster.b64";
    let wait = "mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64";
    assert_eq!(all_words(&gather(arrive, wait), (4, 32), 4, 3), [41, 42, 43]);
    // Without scopes: as far as the cluster.
    let plain = gather("mbarrier.arrive.shared::cluster.b64", "mbarrier.try_wait.parity.shared::cta.b64");
    assert_eq!(all_words(&plain, (4, 32), 4, 3), [41, 42, 43]);
    // A release or an acquire of the block does not reach the other one: neither is morally strong
    // with the other.
    assert!(races(&gather("mbarrier.arrive.release.cta.shared::cluster.b64", wait), (4, 32), 4));
    let narrow = "mbarrier.try_wait.parity.acquire.cta.shared::cta.b64";
    assert!(races(&gather(arrive, narrow), (4, 32), 4));
    let relaxed = "mbarrier.arrive.relaxed.cluster.shared::cluster.b64";
    assert!(races(&gather(relaxed, wait), (4, 32), 4));
    let fenced = format!("fence.acq_rel.cluster;\n{relaxed}");
    assert!(!races(&gather(&fenced, wait), (4, 32), 4));
}

#[test]
fn only_arrivals_reach_mbarriers_of_others() {
    let body = format!(
        "setp.eq.u32 %p, %r2, 0;\n@%p mbarrier.init.shared.b64 [%r4], 1;\n{BARRIER}\
         cvt.u64.u32 %rd3, %r4;\ncvta.shared.u64 %rd3, %rd3;\nmov.u32 %r6, 1;\nsub.u32 %r6, %r6, %r1;\n\
         mapa.u64 %rd4, %rd3, %r6;\nmbarrier.test_wait.parity.b64 %q, [%rd4], 1;\n{BARRIER}"
    );
    let error = run(&module("", &body), (2, 32), 2, 0).error();
    assert!(error.contains("a block may only arrive at mbarriers of another one"), "{error}");
}

/// A bulk copy from the block's shared memory into that of the next one, whose mbarrier gets the
/// bytes.
#[test]
fn bulk_copies_go_to_other_blocks() {
    let body = format!(
        "mad.lo.u32 %r5, %r1, 1000, %r2;\nmad.lo.u32 %r6, %r2, 4, %r3;\nst.shared.u32 [%r6], %r5;\n\
         setp.eq.u32 %p, %r2, 0;\n@%p mbarrier.init.shared.b64 [%r4], 1;\n\
         @%p mbarrier.arrive.expect_tx.shared.b64 _, [%r4], 128;\n\
         fence.proxy.async.shared::cta;\n{BARRIER}@!%p bra $wait;\n\
         mov.u32 %r7, %cluster_nctarank;\nadd.u32 %r8, %r1, 1;\nrem.u32 %r8, %r8, %r7;\n\
         add.u32 %r9, %r3, 128;\nmapa.shared::cluster.u32 %r9, %r9, %r8;\nmapa.shared::cluster.u32 %r10, %r4, %r8;\n\
         cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r9], [%r3], 128, [%r10];\n\
         $wait:\nmbarrier.try_wait.parity.shared::cta.b64 %s1, [%r4], 0;\n@!%s1 bra $wait;\n\
         ld.shared.u32 %r11, [%r6+128];\nmov.u32 %r13, %ctaid.x;\nmad.lo.u32 %r13, %r13, 32, %r2;\n\
         mad.wide.u32 %rd2, %r13, 4, %rd1;\nst.global.u32 [%rd2], %r11;\n{BARRIER}"
    );
    let expected: Vec<u32> = (0..128).map(|i| (i / 32 + 3) % 4 * 1000 + i % 32).collect();
    assert_eq!(all_words(&module("", &body), (4, 32), 4, 128), expected);
    // The destination exits before the copy into it is complete.
    let (before, _) = body.split_once("$wait:").expect("the label");
    let error = run(&module("", &format!("{before}\n$wait:\n")), (4, 32), 4, 0).error();
    assert!(error.contains("exits"), "{error}");
}

/// Message passing through global memory: `.cluster` reaches the blocks of a cluster and no others.
#[test]
fn the_scope_is_the_cluster() {
    let text = module(
        "",
        "mov.u32 %r5, %ctaid.x;\nsetp.eq.u32 %p, %r5, 0;\n@!%p bra $read;\nst.global.u32 [%rd1+4], 42;\n\
         st.release.cluster.global.u32 [%rd1], 1;\nret;\n$read:\nld.acquire.cluster.global.u32 %r6, [%rd1];\n\
         setp.eq.u32 %q, %r6, 0;\n@%q bra $read;\nld.global.u32 %r7, [%rd1+4];\nst.global.u32 [%rd1+8], %r7;",
    );
    assert_eq!(all_words(&text, (2, 1), 2, 3), [1, 42, 42]);
    assert!(races(&text, (2, 1), 1));
    let fenced = module(
        "",
        "mov.u32 %r5, %ctaid.x;\nsetp.eq.u32 %p, %r5, 0;\n@!%p bra $read;\nst.global.u32 [%rd1+4], 42;\n\
         fence.sc.cluster;\nst.relaxed.cluster.global.u32 [%rd1], 1;\nret;\n\
         $read:\nld.relaxed.cluster.global.u32 %r6, [%rd1];\nsetp.eq.u32 %q, %r6, 0;\n@%q bra $read;\n\
         fence.sc.cluster;\nld.global.u32 %r7, [%rd1+4];\nst.global.u32 [%rd1+8], %r7;",
    );
    assert_eq!(all_words(&fenced, (2, 1), 2, 3), [1, 42, 42]);
    assert!(races(&fenced, (2, 1), 1));
}

#[test]
fn misuse_of_the_barrier_is_reported() {
    let cases = [
        ("barrier.cluster.wait;", "but has not arrived"),
        ("barrier.cluster.arrive;\nbarrier.cluster.arrive;", "arrives at the barrier of the cluster again"),
        (
            "setp.lt.u32 %p, %r2, 5;\n@%p barrier.cluster.arrive.aligned;\nbar.sync 0;",
            "wait for each other at different instructions",
        ),
    ];
    for (body, message) in cases {
        let error = run(&module("", body), (2, 32), 2, 0).error();
        assert!(error.contains(message), "{error}");
    }
}

/// Threads that exit are not waited for; those that never arrive are named.
#[test]
fn who_is_missing_at_the_barrier() {
    let exits = format!("setp.eq.u32 %p, %r1, 1;\n@%p ret;\n{BARRIER}st.global.u32 [%rd1], 7;");
    let exits = exits.replace("st.global", "setp.eq.u32 %q, %r2, 0;\n@%q st.global");
    assert_eq!(all_words(&module("", &exits), (2, 32), 2, 1), [7]);
    let stuck = format!(
        "setp.eq.u32 %p, %r1, 1;\n@!%p bra $meet;\n$spin:\nld.volatile.global.u32 %r5, [%rd1];\n\
         setp.eq.u32 %q, %r5, 0;\n@%q bra $spin;\n$meet:\n{BARRIER}"
    );
    let error = run(&module("", &stuck), (2, 32), 2, 0).error();
    assert!(error.contains("the barrier of its cluster: 32 of 64 threads have arrived"), "{error}");
}

#[test]
fn impossible_clusters_are_refused() {
    let mut machine = Machine::new(Config::default()).expect("configuration");
    let out = upload(&mut machine, 0, &[0]);
    let plain = module("", "");
    let required = module(".reqnctapercluster 2", "");
    let limited = module(".maxclusterrank 4", "");
    let cases = [
        (&plain, [3, 1, 1], "grid [8, 1, 1] cannot be divided into clusters of [3, 1, 1] blocks"),
        (&plain, [0, 1, 1], "one has 1 to 16"),
        (&plain, [8, 8, 8], "one has 1 to 16"),
        (&required, [4, 1, 1], "`.reqnctapercluster` requires [2, 1, 1]"),
        (&limited, [8, 1, 1], "one has 1 to 4"),
    ];
    for (text, cluster, message) in cases {
        let error = launch(&mut machine, text, (8, 32), cluster, out).expect_err("refused").to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// Sixteen blocks that each fill a multiprocessor do not fit if there are fewer multiprocessors.
#[test]
fn blocks_of_a_cluster_run_together_or_not_at_all() {
    let text = module("", BARRIER);
    for (multiprocessors, fits) in [(16, true), (15, false)] {
        let config = Config { sms_per_gpu: multiprocessors, ..Config::default() };
        let mut machine = Machine::new(config).expect("configuration");
        let out = upload(&mut machine, 0, &[0]);
        let kernel = harness::kernel(&mut machine, &text);
        let arguments = vec![Argument::U64(out)];
        let (grid, block) = ([16, 1, 1], [1024, 1, 1]);
        let launch = Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 200 << 10, arguments };
        let launched = machine.launch_in_clusters(launch, [16, 1, 1]);
        assert_eq!(launched.is_ok(), fits);
        match launched {
            Ok(_) => machine.run().expect("run"),
            Err(error) => assert!(error.to_string().contains("do not fit together"), "{error}"),
        }
    }
}
