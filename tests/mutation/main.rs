//! Every order, scope, fence, barrier and wait of the shipped kernels is needed: weaken or remove any one of them, and the
//! emulator must notice within a few schedules. A mutant that survives is a gap of the emulator or of the cases, or something
//! that a kernel can do without and that is then removed.

mod kernels;
mod mutant;
mod round;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crossdock::DeviceModule;
use kernels::Kernels;
use mutant::mutants;
use round::{Case, Outcome, cases, run};

/// Schedules that the test tries for each mutant and case; the thorough test tries 200.
const FEW: u64 = 8;
const MANY: u64 = 200;

/// One mutation, for the cases whose kernels have it at the same position.
struct Task {
    kernel: &'static str,
    position: usize,
    change: String,
    cases: Vec<usize>,
}

/// Every mutation. Shapes whose kernels have the same instructions for synchronisation share theirs.
fn tasks(cases: &[Case], original: &[Kernels]) -> Vec<Task> {
    let mut tasks = Vec::new();
    let names: Vec<&'static str> = original[0].ptx().iter().map(|&(name, _)| name).collect();
    for name in names {
        let mut groups: Vec<(Vec<String>, Vec<usize>)> = Vec::new();
        for (index, (_, kernels)) in cases.iter().zip(original).enumerate() {
            let ptx = kernels.ptx();
            let Some(&(_, text)) = ptx.iter().find(|(other, _)| *other == name) else { continue };
            let changes: Vec<String> = mutants(text).into_iter().map(|mutant| mutant.change).collect();
            match groups.iter_mut().find(|(known, _)| *known == changes) {
                Some((_, cases)) => cases.push(index),
                None => groups.push((changes, vec![index])),
            }
        }
        for (changes, cases) in groups {
            tasks.extend(changes.into_iter().enumerate().map(|(position, change)| Task {
                kernel: name,
                position,
                change,
                cases: cases.clone(),
            }));
        }
    }
    tasks
}

/// How a mutant shows: the kind of the first error, or that something else came out.
fn caught(
    task: &Task,
    cases: &[Case],
    original: &[Kernels],
    expected: &[Outcome],
    seeds: u64,
) -> Option<String> {
    let mut changed: Vec<Option<Kernels>> = cases.iter().map(|_| None).collect();
    for seed in 0..seeds {
        for &index in &task.cases {
            let mutant = changed[index].get_or_insert_with(|| {
                let ptx = original[index].ptx();
                let (_, text) = ptx.iter().find(|(name, _)| *name == task.kernel).expect("a kernel");
                original[index].with(task.kernel, &mutants(text).swap_remove(task.position).text)
            });
            match run(&cases[index], mutant, seed) {
                Err(error) => return Some(kind(&error.to_string())),
                Ok(seen) if seen != expected[index] => return Some("wrong result".into()),
                Ok(_) => {}
            }
        }
    }
    None
}

/// The part of an error that does not depend on places and seeds.
fn kind(error: &str) -> String {
    for kind in [
        "data race",
        "deadlock",
        "barrier misuse",
        "warp synchronisation misuse",
        "uninitialised",
        "read-only data path",
        "out of bounds",
        "asynchronous copy misuse",
    ] {
        if error.to_lowercase().contains(kind) {
            return kind.to_owned();
        }
    }
    error.lines().next().unwrap_or_default().to_owned()
}

/// `work` for every number below `count`, on all processors; the results in order.
fn in_parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    let result = work(number);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|&(number, _)| number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The table of all mutants, and those that survive. The kernels themselves pass in all schedules.
fn table(seeds: u64) -> (String, Vec<String>) {
    let cases = cases();
    let original: Vec<Kernels> = cases.iter().map(|case| Kernels::new(case.shape)).collect();
    let expected: Vec<Outcome> = in_parallel(cases.len(), |index| {
        let mut outcomes = (0..seeds).map(|seed| {
            run(&cases[index], &original[index], seed)
                .unwrap_or_else(|error| panic!("{:#?}, seed {seed}: {error}", cases[index]))
        });
        let first = outcomes.next().expect("a seed");
        for (seed, outcome) in outcomes.enumerate() {
            assert!(outcome == first, "{:#?}, seed {}: {outcome:?}", cases[index], seed + 1);
        }
        first
    });
    let tasks = tasks(&cases, &original);
    let found =
        in_parallel(tasks.len(), |number| caught(&tasks[number], &cases, &original, &expected, seeds));
    let (mut table, mut survivors) = (String::new(), Vec::new());
    for (Task { kernel, position, change, .. }, found) in tasks.iter().zip(found) {
        let verdict = found.as_deref().unwrap_or("SURVIVES");
        writeln!(table, "{kernel:8} {position:2} {change}: {verdict}").expect("strings grow");
        if found.is_none() {
            survivors.push(format!("{kernel} {position} {change}"));
        }
    }
    (table, survivors)
}

#[test]
fn weakened_kernels_are_caught() {
    let (table, survivors) = table(FEW);
    insta::assert_snapshot!("few_schedules", table);
    assert!(survivors.is_empty(), "{survivors:#?}");
}

/// `cargo test --test mutation -- --ignored`: with many more schedules, in all of which the kernels themselves must pass.
#[test]
#[ignore = "takes minutes"]
fn weakened_kernels_are_caught_in_many_schedules() {
    let (_, survivors) = table(MANY);
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn every_shipped_kernel_is_mutated() {
    let shipped: BTreeSet<String> = DeviceModule::shipped()
        .iter()
        .flat_map(|(_, module)| module.link().expect("linked before").kernels())
        .map(|kernel| kernel.name.to_string())
        .collect();
    let mutated: BTreeSet<String> = cases()
        .iter()
        .flat_map(|case| {
            Kernels::new(case.shape).ptx().into_iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(shipped, mutated);
}

#[test]
fn faults_come_out_as_the_cases_want_them() {
    let faults: Vec<String> = cases()
        .iter()
        .filter_map(|case| match run(case, &Kernels::new(case.shape), 0).expect("the kernels work") {
            Outcome::Fault(fault) => Some(fault),
            Outcome::Rounds(_) => None,
        })
        .collect();
    insta::assert_snapshot!(faults.join("\n"), @r"
    overflow
    late in dispatch
    no such expert
    late in layout
    late in enter
    late in combine
    ");
}

#[test]
fn mutants_differ_from_the_kernel_in_one_place() {
    for case in cases() {
        for (name, text) in Kernels::new(case.shape).ptx() {
            let canonical = crossdock_ptx::parse(text).expect("PTX").to_string();
            let lines: Vec<&str> = canonical.lines().collect();
            for mutant in mutants(text) {
                let mutated: Vec<&str> = mutant.text.lines().collect();
                let same = lines.iter().zip(&mutated).take_while(|(a, b)| a == b).count();
                let removed = lines.len() - mutated.len();
                assert!(removed <= 1 && same < lines.len(), "{name}: {}", mutant.change);
                assert_eq!(lines[same + 1..], mutated[same + 1 - removed..], "{name}: {}", mutant.change);
            }
        }
    }
}

/// One instruction of every kind that has mutants, whether or not a shipped kernel has it.
const EVERY_KIND: &str = "
.version 8.6
.target sm_90a
.address_size 64
.visible .entry kinds(.param .u64 at)
{
    .reg .pred %p;
    .reg .b32 %r<4>;
    .reg .b64 %rd<4>;
    .shared .align 8 .b8 full[8];
    ld.param.u64 %rd1, [at];
    fence.sc.sys;
    fence.acq_rel.gpu;
    fence.proxy.async.global;
    membar.gl;
    ld.acquire.cluster.global.u32 %r1, [%rd1];
    ld.volatile.global.u32 %r1, [%rd1];
    ld.mmio.relaxed.sys.global.u32 %r1, [%rd1];
    st.release.gpu.global.u32 [%rd1], %r1;
    atom.acq_rel.sys.global.add.u32 %r1, [%rd1], 1;
    red.release.gpu.global.add.u32 [%rd1], 1;
    mbarrier.arrive.release.cta.shared::cta.b64 %rd2, [full];
    mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 %rd2, [full], 16;
    mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [full], 16;
    mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 %p, [full], 0;
    cp.async.commit_group;
    cp.async.wait_group 0;
    cp.async.wait_all;
    cp.async.bulk.commit_group;
    cp.async.bulk.wait_group 0;
    bar.sync 0;
    bar.arrive 1, 64;
    bar.warp.sync -1;
    griddepcontrol.wait;
    ret;
}
";

#[test]
fn every_kind_of_synchronisation_has_mutants() {
    let changes: Vec<String> = mutants(EVERY_KIND).into_iter().map(|mutant| mutant.change).collect();
    insta::assert_snapshot!("every_kind", changes.join("\n"));
}
