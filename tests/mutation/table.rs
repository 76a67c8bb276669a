//! The table of all mutants: which case runs which, and how each is caught.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crossdock::DeviceModule;

use crate::cases::{Tried, cases};
use crate::kernels::Kernels;
use crate::mutant::{Mutant, mutants};
use crate::round::{Outcome, run};

/// One mutation, for the cases whose kernels have it at the same position.
struct Task {
    target: &'static str,
    kernel: &'static str,
    position: usize,
    change: String,
    /// Indices of cases, and the mutants of their kernels.
    cases: Vec<(usize, String)>,
}

/// Every mutation. Shapes whose kernels have the same instructions for synchronisation, for one
/// target, share theirs.
fn tasks(cases: &[Tried], original: &[Kernels]) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    // What was made of a text, so that cases of one shape share it.
    let mut known: Vec<(String, Vec<Mutant>)> = Vec::new();
    let mut groups: Vec<(&str, &str, Vec<String>, usize)> = Vec::new();
    for (index, (case, kernels)) in cases.iter().zip(original).enumerate() {
        for (kernel, text) in kernels.ptx() {
            let all = match known.iter().find(|(other, _)| other == text) {
                Some((_, all)) => all.clone(),
                None => {
                    known.push((text.to_owned(), mutants(text)));
                    known[known.len() - 1].1.clone()
                }
            };
            let changes: Vec<String> = all.iter().map(|mutant| mutant.change.clone()).collect();
            let same = groups.iter().find(|(target, name, group, _)| {
                (*target, *name) == (case.target, kernel) && *group == changes
            });
            let first = match same {
                Some(&(.., first)) => first,
                None => {
                    groups.push((case.target, kernel, changes.clone(), tasks.len()));
                    tasks.extend(changes.into_iter().enumerate().map(|(position, change)| Task {
                        target: case.target,
                        kernel,
                        position,
                        change,
                        cases: Vec::new(),
                    }));
                    groups[groups.len() - 1].3
                }
            };
            for (task, mutant) in tasks[first..].iter_mut().zip(all) {
                task.cases.push((index, mutant.text));
            }
        }
    }
    tasks
}

/// How a mutant shows, and in which schedule first: the kind of the first error, or that something
/// else came out.
fn caught(
    task: &Task,
    cases: &[Tried],
    original: &[Kernels],
    expected: &[Outcome],
    seeds: u64,
) -> Option<(String, u64)> {
    let changed: Vec<(usize, Kernels)> =
        task.cases.iter().map(|(index, text)| (*index, original[*index].with(task.kernel, text))).collect();
    for seed in 0..seeds {
        for (index, mutant) in &changed {
            match run(&cases[*index], mutant, seed) {
                Err(error) => return Some((kind(&error.to_string()), seed)),
                Ok(seen) if seen != expected[*index] => return Some(("wrong result".into(), seed)),
                Ok(_) => {}
            }
        }
    }
    None
}

/// The part of an error that does not depend on places and seeds.
pub(crate) fn kind(error: &str) -> String {
    for kind in [
        "data race",
        "deadlock",
        "livelock",
        "mbarrier misuse",
        "barrier misuse",
        "warp synchronisation misuse",
        "uninitialised",
        "read-only data path",
        "out of bounds",
        "asynchronous copy misuse",
        "the kernel executed `trap`",
    ] {
        if error.to_lowercase().contains(kind) {
            return kind.to_owned();
        }
    }
    error.lines().next().unwrap_or_default().to_owned()
}

/// `work` for every number below `count`, on all processors; the results in order. `told` hears of
/// each result at once.
fn in_parallel<T: Send>(
    count: usize,
    work: impl Fn(usize) -> T + Sync,
    told: impl Fn(usize, &T) + Sync,
) -> Vec<T> {
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
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    told(number, &result);
                    results.push((number, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|&(number, _)| number);
    results.into_iter().map(|(_, result)| result).collect()
}

/// The table, and those that survive. The kernels themselves pass in all schedules.
pub(crate) fn table(seeds: u64) -> (String, Vec<String>) {
    let cases = cases();
    let original: Vec<Kernels> = cases.iter().map(Kernels::new).collect();
    let passes = |index: usize| {
        let mut outcomes = (0..seeds).map(|seed| {
            run(&cases[index], &original[index], seed)
                .unwrap_or_else(|error| panic!("{:#?}, seed {seed}: {error}", cases[index]))
        });
        let first = outcomes.next().expect("a seed");
        for (seed, outcome) in outcomes.enumerate() {
            assert!(outcome == first, "{:#?}, seed {}: {outcome:?}", cases[index], seed + 1);
        }
        first
    };
    // A survivor takes as long as hundreds of others, and the run may be cut off: what is known is
    // printed as it comes.
    let begun = Instant::now();
    let seconds = || begun.elapsed().as_secs();
    let expected: Vec<Outcome> = in_parallel(cases.len(), passes, |index, _| {
        println!("{} s: case {index} of {} passes in {seeds} schedules", seconds(), cases.len());
    });
    let targets = DeviceModule::shipped_targets().len();
    let per_target = cases.len() / targets;
    for (index, outcome) in expected.iter().enumerate() {
        assert!(*outcome == expected[index % per_target], "targets differ: {:#?}", cases[index]);
    }
    let tasks = tasks(&cases, &original);
    let (known, most) = (AtomicUsize::new(0), AtomicU64::new(0));
    let found = in_parallel(
        tasks.len(),
        |number| caught(&tasks[number], &cases, &original, &expected, seeds),
        |number, found| {
            let Task { target, kernel, position, change, .. } = &tasks[number];
            let known = known.fetch_add(1, Ordering::Relaxed) + 1;
            match found {
                Some((_, seed)) => {
                    most.fetch_max(*seed, Ordering::Relaxed);
                }
                None => println!("{target} {kernel} {position} {change}: SURVIVES"),
            }
            if known.is_multiple_of(100) {
                println!("{} s: {known} of {} mutants", seconds(), tasks.len());
            }
        },
    );
    let (mut table, mut survivors) = (String::new(), Vec::new());
    for (Task { target, kernel, position, change, .. }, found) in tasks.iter().zip(found) {
        let verdict = found.as_ref().map_or("SURVIVES", |(kind, _)| kind);
        writeln!(table, "{target:6} {kernel:8} {position:2} {change}: {verdict}").expect("strings grow");
        if found.is_none() {
            survivors.push(format!("{target} {kernel} {position} {change}"));
        }
    }
    println!(
        "{} s: {} mutants, {} survive {seeds} schedules; all others are caught by schedule {}",
        seconds(),
        tasks.len(),
        survivors.len(),
        most.into_inner()
    );
    (table, survivors)
}
