//! What reports advise helps: each finding has a row here, with what its report says and the change
//! that it asks for, made to the program as text. After the change nothing is found in any seed.

use crossdock_emulator::{Argument, Config, Error, FaultKind, Launch, Machine};

use crate::harness::{kernel, module, zeroed};
use crate::litmus::{SEEDS, execute};

/// A program that is wrong, and how its report says that it becomes right.
struct Remedy {
    /// Places and operations of threads, as in the litmus tests.
    threads: &'static [(&'static str, &'static str)],
    /// Part of the report.
    says: &'static str,
    /// What is replaced in the program, and by what.
    change: &'static [(&'static str, &'static str)],
}

/// A row for each kind of advice that a data race gives.
const RACES: &[Remedy] = &[
    Remedy {
        threads: &[
            ("0.0.0.0", "st x 1; st.release.sys y 1"),
            ("1.0.0.0", "await.acquire.sys y; ld.global.nc.u32 %r40, [%rd1]"),
        ],
        says: "use an ordinary load",
        change: &[("ld.global.nc.u32 %r40, [%rd1]", "ld.global.u32 %r40, [%rd1]")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st64.relaxed.sys x 1"), ("1.0.0.0", "ld.relaxed.sys x")],
        says: "strong accesses to the same bytes must have one size",
        change: &[("st64.relaxed.sys", "st.relaxed.sys")],
    },
    Remedy {
        threads: &[("0.0.0.0", "add.relaxed.gpu x 1"), ("1.0.0.0", "add.relaxed.sys x 1")],
        says: "no race if the scope were `.sys` in `atom.relaxed.gpu.global.add.u32",
        change: &[("add.relaxed.gpu", "add.relaxed.sys")],
    },
    Remedy {
        threads: &[("0.0.0.0", "add.relaxed.cta x 1"), ("0.1.0.0", "add.relaxed.cta x 1")],
        says: "no race if the scope were `.gpu` in `atom.relaxed.cta.global.add.u32",
        change: &[("add.relaxed.cta", "add.relaxed.gpu")],
    },
    Remedy {
        threads: &[
            ("0.0.0.0", "st x 1; fence.acq_rel.gpu; st.relaxed.sys y 1"),
            ("1.0.0.0", "await.relaxed.sys y; fence.acq_rel.sys; ld x"),
        ],
        says: "ordered if the scope were `.sys` in `fence.acq_rel.gpu`",
        change: &[("fence.acq_rel.gpu", "fence.acq_rel.sys")],
    },
    Remedy {
        threads: &[
            ("0.0.0.0", "st x 1; st.release.sys y 1"),
            ("1.0.0.0", "await.relaxed.sys y; fence.acq_rel.cta; ld x"),
        ],
        says: "ordered if the scope were `.sys` in `fence.acq_rel.cta`",
        change: &[("fence.acq_rel.cta", "fence.acq_rel.sys")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1; st.release.sys y 1"), ("1.0.0.0", "await.relaxed.sys y; ld x")],
        says: "were an acquire, or if an acquire fence stood after it",
        change: &[("await.relaxed.sys y", "await.acquire.sys y")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1; st.release.sys y 1"), ("1.0.0.0", "await.relaxed.sys y; ld x")],
        says: "were an acquire, or if an acquire fence stood after it",
        change: &[("await.relaxed.sys y", "await.relaxed.sys y; fence.acquire.sys")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1; st.relaxed.sys y 1"), ("1.0.0.0", "await.relaxed.sys y; ld x")],
        says: "were a release, and `ld.relaxed.sys.global.u32",
        change: &[("st.relaxed.sys y 1", "st.release.sys y 1"), ("await.relaxed.sys", "await.acquire.sys")],
    },
    Remedy {
        threads: &[
            ("0.0.0.0", "st x 1; barrier.sync 0"),
            ("0.0.1.0", "barrier.sync 0; st.relaxed.sys y 1"),
            ("1.0.0.0", "await.relaxed.sys y; ld x"),
        ],
        says: "were a release after a barrier with the thread of the first access",
        change: &[("st.relaxed.sys y 1", "st.release.sys y 1"), ("await.relaxed.sys", "await.acquire.sys")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1"), ("0.0.0.1", "ld x")],
        says: "a `bar.warp.sync` is missing between them",
        change: &[("st x 1", "st x 1; bar.warp.sync 3"), ("ld x", "bar.warp.sync 3; ld x")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1"), ("0.0.1.0", "ld x")],
        says: "a barrier of the block is missing between them",
        change: &[("st x 1", "st x 1; barrier.sync 0"), ("ld x", "barrier.sync 0; ld x")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1"), ("0.0.1.0", "ld x")],
        says: "or a release and an acquire of at least `.cta`",
        change: &[("st x 1", "st x 1; st.release.cta y 1"), ("ld x", "await.acquire.cta y; ld x")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1"), ("1.0.0.0", "ld x")],
        says: "a release after the first and an acquire before the second, both of scope `.sys`, would",
        change: &[("st x 1", "st x 1; st.release.sys y 1"), ("ld x", "await.acquire.sys y; ld x")],
    },
    Remedy {
        threads: &[("0.0.0.0", "st x 1"), ("0.1.0.0", "ld x")],
        says: "a release after the first and an acquire before the second, both of scope `.gpu`, would",
        change: &[("st x 1", "st x 1; st.release.gpu y 1"), ("ld x", "await.acquire.gpu y; ld x")],
    },
    Remedy {
        threads: &[("0.0.0.0", "FILL; STORE; cp.async.bulk.wait_group 0; ld x")],
        says: "a `fence.proxy.async` (or `fence.proxy.async.shared::cta`) is missing between them:",
        change: &[("FILL", "FILL; fence.proxy.async.shared::cta")],
    },
    Remedy {
        threads: &[
            ("0.0.0.0", "st x 5; fence.proxy.async; st.release.gpu y 1"),
            (
                "0.1.0.0",
                "INIT; fence.mbarrier_init.release.cluster; await.acquire.gpu y; LOAD; WAIT; ld tile",
            ),
        ],
        says: "(or `fence.proxy.async.global`) is missing between them in the copy's block:",
        change: &[("await.acquire.gpu y", "await.acquire.gpu y; fence.proxy.async.global")],
    },
    Remedy {
        threads: &[("0.0.0.0", "INIT; LOAD; WAIT; ld tile")],
        says: "a `fence.mbarrier_init` (or `fence.proxy.async`) is missing between them",
        change: &[("INIT", "INIT; fence.mbarrier_init.release.cluster")],
    },
    Remedy {
        threads: &[("0.0.0.0", "FILL; fence.proxy.async; STORE; ld x")],
        says: "wait for its mbarrier, or for its group, without `.read`",
        change: &[("STORE", "STORE; cp.async.bulk.wait_group 0")],
    },
    Remedy {
        threads: &[("0.0.0.0", "FILL; fence.proxy.async; STORE; st tile 8; cp.async.bulk.wait_group 0")],
        says: "wait for its mbarrier, or for its group\n",
        change: &[("STORE", "STORE; cp.async.bulk.wait_group.read 0")],
    },
    Remedy {
        threads: &[("0.0.0.0", "FILL; INIT; fence.proxy.async; LOAD; ld tile; WAIT")],
        says: "wait for its mbarrier",
        change: &[("LOAD; ld tile; WAIT", "LOAD; WAIT; ld tile")],
    },
    Remedy {
        threads: &[("0.0.0.0", "FILL; cp.async.ca.shared.global [tile], [%rd1], 16; ld tile")],
        says: "wait for its mbarrier, or for its group",
        change: &[("[%rd1], 16", "[%rd1], 16; cp.async.commit_group; cp.async.wait_group 0")],
    },
];

fn races(threads: &[(&str, &str)]) -> Vec<String> {
    let run = |seed| execute(threads, Config { schedule_seed: seed, ..Config::default() });
    SEEDS.filter_map(|seed| run(seed).err()).map(|error| error.to_string()).collect()
}

#[test]
fn races_go_away_with_what_their_reports_advise() {
    for Remedy { threads, says, change } in RACES {
        let reports = races(threads);
        let report = reports.iter().find(|report| report.contains(says));
        let Some(report) = report else {
            panic!("{threads:?}: nothing says `{says}`: {:?}", reports.first())
        };
        // Both accesses with their places, the address, and the schedule.
        let lines: Vec<&str> = report.lines().collect();
        for (line, start) in [(1, "  by kernel `main`"), (lines.len() - 2, "  at kernel `main`")] {
            let line = lines[line];
            assert!(line.starts_with(start), "{report}");
            for part in [", PTX line ", ": `", "`, GPU ", ", block (0, 0, 0), warp ", ", lane "] {
                assert!(line.contains(part), "{part}: {report}");
            }
        }
        let is_placed = ["allocation #0 (GPU 0, 1024 bytes) + ", "shared memory (264 bytes) + "]
            .map(|at| lines[0].contains(at));
        assert!(is_placed.contains(&true), "{report}");
        assert!(lines[lines.len() - 1].starts_with("  schedule: "), "{report}");

        let repair =
            |text: &str| change.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
        for (from, _) in *change {
            assert!(threads.iter().any(|(_, text)| text.contains(from)), "{threads:?} has no `{from}`");
        }
        let repaired: Vec<(&str, String)> = threads.iter().map(|(at, text)| (*at, repair(text))).collect();
        let repaired: Vec<(&str, &str)> = repaired.iter().map(|(at, text)| (*at, text.as_str())).collect();
        let left = races(&repaired);
        assert!(left.is_empty(), "{repaired:?}: {}", left[0]);
    }
}

/// A body of two warps that is wrong, part of its report, and the change that it asks for.
struct Misuse {
    body: &'static str,
    says: &'static str,
    change: (&'static str, &'static str),
}

/// A row for each kind of finding that is not a race and that another PTX text would not have.
const MISUSES: &[Misuse] = &[
    Misuse {
        body: "@%q st.global.u32 [%rd1+1024], 1;",
        says: "out of bounds: write of 4 bytes at allocation #0 (GPU 0, 1024 bytes) + 1024",
        change: ("+1024", "+1020"),
    },
    Misuse {
        body: "ld.global.u32 %r2, [%rd1+2];",
        says: "allocation #0 (GPU 0, 1024 bytes) + 2; the address must be a multiple of 4",
        change: ("+2", "+4"),
    },
    Misuse {
        body: "@%q ld.shared.u32 %r2, [tile+4];",
        says: "at shared memory (264 bytes) + 4 that were never written; write them before",
        change: ("@%q ld", "@%q st.shared.u32 [tile+4], 1; @%q ld"),
    },
    Misuse {
        body: "cvta.const.u64 %rd2, table; @%q st.u32 [%rd2], 1;",
        says: "write to read-only memory: write of 4 bytes at allocation #1 `table` (GPU 0, 8 bytes) + 0; write to",
        change: ("cvta.const.u64 %rd2, table", "mov.u64 %rd2, %rd1"),
    },
    Misuse {
        body: "sub.u32 %r2, %r1, 5; div.u32 %r3, 7, %r2;",
        says: "integer division by zero; test the divisor before",
        change: ("div", "setp.ne.u32 %q, %r2, 0; @%q div"),
    },
    Misuse {
        body: "barrier.sync 1, 48;",
        says: "barrier 1 for 48 threads; it must be a multiple of 32 up to the block's 64",
        change: ("48", "64"),
    },
    Misuse {
        body: "@%p barrier.sync 1, 64; @!%p barrier.sync 1, 32;",
        says: "all must name one number",
        change: ("barrier.sync 1, 32", "barrier.sync 1, 64"),
    },
    Misuse {
        body: "@%q bra ONE; barrier.sync 1; bra END; ONE: bar.warp.sync -1; barrier.sync 1; END:",
        says: "barrier misuse: the lanes of a warp wait for each other at different instructions",
        change: ("@%q bra ONE;", "@%q bra ONE; bar.warp.sync -1;"),
    },
    Misuse {
        body: "setp.eq.u32 %q, %r1, 3; @%q bar.warp.sync 1;",
        says: "with member mask 0x00000001, which does not contain it; name every lane that executes it",
        change: ("bar.warp.sync 1;", "bar.warp.sync 8;"),
    },
    Misuse {
        body: "setp.lt.u32 %q, %r1, 16; @%q bra FEW; shfl.sync.idx.b32 %r2, %r1, 0, 31, -1; bra END; FEW: vote.sync.ballot.b32 %r2, %p, -1; END:",
        says: "name the lanes of one path",
        change: ("setp.lt.u32 %q, %r1, 16", "setp.lt.u32 %q, %r1, 64"),
    },
    Misuse {
        body: "@%q mbarrier.init.shared.b64 [full], 0;",
        says: "mbarrier misuse: mbarrier at shared memory + 256: initialised with count 0; it must be 1 to",
        change: ("[full], 0", "[full], 1"),
    },
    Misuse {
        body: "@%q mbarrier.init.shared.b64 [full], 1; @%q mbarrier.arrive.shared.b64 _, [full], 2;",
        says: "arrival of count 2; it must be 1 to the pending count",
        change: ("[full], 2", "[full], 1"),
    },
    Misuse {
        body: "@%q bra ONE; bra END; ONE: st.shared.v4.u32 [tile], {%r1, %r1, %r1, %r1}; fence.proxy.async;
            cp.async.bulk.global.shared::cta.bulk_group [%rd1], [tile], 8; cp.async.bulk.commit_group; cp.async.bulk.wait_group 0; END:",
        says: "a bulk copy of 8 bytes; the size must be a multiple of 16",
        change: ("[tile], 8", "[tile], 16"),
    },
    Misuse {
        body: "@%q bra ONE; bra END; ONE: st.shared.v4.u32 [tile], {%r1, %r1, %r1, %r1}; fence.proxy.async;
            cp.async.bulk.global.shared::cta.bulk_group [%rd1], [tile], 16; cp.async.bulk.commit_group; END:",
        says: "the block exits while this copy still reads its shared memory; wait with `cp.async.bulk.wait_group.read`",
        change: ("commit_group;", "commit_group; cp.async.bulk.wait_group.read 0;"),
    },
    Misuse {
        body: "@!%p barrier.sync 1, 64;",
        says: "waits for barrier 1: 1 of 2 warps have arrived",
        change: ("@!%p", ""),
    },
    Misuse {
        body: "LOOP: add.u32 %r2, %r2, 1; setp.ne.u32 %q, %r2, 0; @%q bra LOOP;",
        says: "livelock",
        change: ("setp.ne.u32 %q, %r2, 0", "setp.lt.u32 %q, %r2, 9"),
    },
];

/// Runs a body with 64 threads; `%p` is true in the first warp, `%q` in its first lane; `%rd1` has
/// 1024 bytes.
fn run(body: &str, seed: u64) -> Result<(), Error> {
    let config = Config { schedule_seed: seed, livelock_after: 100_000, ..Config::default() };
    let mut machine = Machine::new(config).expect("configuration");
    let start = ".shared .align 16 .b8 tile[256]; .shared .align 8 .b8 full[8];
        ld.param.u64 %rd1, [memory]; mov.u32 %r1, %tid.x; mov.u32 %r2, 0; setp.lt.u32 %p, %r1, 32; setp.eq.u32 %q, %r1, 0;\n";
    let text = module(".param .u64 memory", &format!("{start}{body}"));
    let text = text.replacen(".visible", ".const .align 4 .u32 table[2] = {1, 2};\n.visible", 1);
    let memory = zeroed(&mut machine, 0, 1024);
    let kernel = kernel(&mut machine, &text);
    let arguments = vec![Argument::U64(memory)];
    let launch =
        Launch { gpu: 0, stream: 0, kernel, grid: [1, 1, 1], block: [64, 1, 1], shared_bytes: 0, arguments };
    machine.launch(launch).expect("launch");
    machine.run()
}

#[test]
fn misuse_goes_away_with_what_its_report_advises() {
    for Misuse { body, says, change: (from, to) } in MISUSES {
        let error = (0..8).find_map(|seed| run(body, seed).err());
        let Some(error) = error else { panic!("{body}: nothing is found") };
        let report = error.to_string();
        for part in [says, "kernel `main`, PTX line ", "`, GPU 0, block (0, 0, 0), warp ", "\n  schedule: "] {
            assert!(report.contains(part), "{part}: {report}");
        }
        if let Error::Fault(fault) = &error {
            let is_of_a_warp = matches!(fault.kind, FaultKind::Barrier(_));
            assert!(is_of_a_warp || report.contains(", lane "), "{report}");
        }
        assert!(body.contains(from), "{body} has no `{from}`");
        let repaired = body.replace(from, to);
        for seed in 0..8 {
            run(&repaired, seed).unwrap_or_else(|error| panic!("{repaired}: {error}"));
        }
    }
}
