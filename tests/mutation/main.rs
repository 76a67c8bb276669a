//! Every order, scope, fence and barrier of the shipped kernels is needed: weaken or remove any one of them, and the emulator
//! must notice within a few schedules. A mutant that survives is a gap of the emulator, or something that a kernel can do
//! without and that is then removed.
//!
//! Weakened orders show only where data races are looked for. The tests of the whole table wait for that; until then one test
//! holds the emulator to what it finds by results alone.

mod mutant;
mod round;

use std::fmt::Write;

use mutant::{Mutant, mutants};
use round::{Case, Seen, cases, kernels, run};

/// Schedules that the test tries for each mutant and shape; the thorough test tries 200.
const FEW: u64 = 8;
const MANY: u64 = 200;

/// What the unchanged kernels give.
fn expected(cases: &[Case]) -> Vec<Vec<Vec<Seen>>> {
    cases.iter().map(|case| run(case, &kernels(case.shape, None), 0).expect("the kernels work")).collect()
}

/// How a mutant shows: the first line of the first error, or that something else came out.
fn caught(
    name: &str,
    position: usize,
    cases: &[Case],
    expected: &[Vec<Vec<Seen>>],
    seeds: u64,
) -> Option<String> {
    let sets: Vec<_> = cases
        .iter()
        .map(|case| {
            let original = kernels(case.shape, None);
            let (_, text) = *original.ptx().iter().find(|(other, _)| *other == name).expect("a kernel");
            // Other shapes have the same instructions for synchronisation, in the same order.
            let mutant: Mutant = mutants(text).swap_remove(position);
            kernels(case.shape, Some((name, &mutant.text)))
        })
        .collect();
    for seed in 0..seeds {
        for (index, case) in cases.iter().enumerate() {
            match run(case, &sets[index], seed) {
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
        "waited",
    ] {
        if error.to_lowercase().contains(kind) {
            return kind.to_owned();
        }
    }
    error.lines().next().unwrap_or_default().to_owned()
}

/// The table of the mutants whose change is wanted, and those that survive.
fn table(seeds: u64, wanted: impl Fn(&str) -> bool) -> (String, Vec<String>) {
    let cases = cases();
    let expected = expected(&cases);
    let (mut table, mut survivors) = (String::new(), Vec::new());
    for (name, text) in kernels(cases[0].shape, None).ptx() {
        for (position, mutant) in
            mutants(text).iter().enumerate().filter(|(_, mutant)| wanted(&mutant.change))
        {
            let found = caught(name, position, &cases, &expected, seeds);
            let verdict = found.as_deref().unwrap_or("SURVIVES");
            writeln!(table, "{name:8} {position:2} {}: {verdict}", mutant.change).expect("strings grow");
            if found.is_none() {
                survivors.push(format!("{name} {position} {}", mutant.change));
            }
        }
    }
    (table, survivors)
}

#[test]
fn missing_block_barriers_show_in_results() {
    let (table, _) = table(FEW, |change| change == "bar.sync removed");
    let caught = table.lines().filter(|line| !line.contains("SURVIVES")).count();
    assert!(caught >= 5, "{table}");
}

#[test]
#[ignore = "needs the search for data races"]
fn weakened_kernels_are_caught() {
    let (table, survivors) = table(FEW, |_| true);
    insta::assert_snapshot!("few_schedules", table);
    assert!(survivors.is_empty(), "{survivors:#?}");
}

/// `cargo test --test mutation -- --ignored`: the same with many more schedules.
#[test]
#[ignore = "needs the search for data races, and minutes"]
fn weakened_kernels_are_caught_in_many_schedules() {
    let (table, survivors) = table(MANY, |_| true);
    insta::assert_snapshot!("many_schedules", table);
    assert!(survivors.is_empty(), "{survivors:#?}");
}

#[test]
fn mutants_differ_from_the_kernel_in_one_place() {
    for case in cases() {
        for (name, text) in kernels(case.shape, None).ptx() {
            let canonical = crossdock_ptx::parse(text).expect("PTX").to_string();
            let lines: Vec<&str> = canonical.lines().collect();
            for mutant in mutants(text) {
                crossdock_ptx::parse(&mutant.text)
                    .and_then(|module| {
                        module.check().map(|_| module).map_err(|mut errors| errors.swap_remove(0))
                    })
                    .unwrap_or_else(|error| panic!("{name}: {}: {error}", mutant.change));
                let mutated: Vec<&str> = mutant.text.lines().collect();
                let same = lines.iter().zip(&mutated).take_while(|(a, b)| a == b).count();
                let removed = lines.len() - mutated.len();
                assert!(removed <= 1 && same < lines.len(), "{name}: {}", mutant.change);
                assert_eq!(lines[same + 1..], mutated[same + 1 - removed..], "{name}: {}", mutant.change);
            }
        }
    }
}
