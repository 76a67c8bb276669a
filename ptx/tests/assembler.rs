//! Every row of the table against the vendor's assembler: each example assembles for the least GPU
//! that its row claims.

use std::collections::{BTreeMap, BTreeSet};

use crossdock_ptx::assembler::Assembler;
use crossdock_ptx::table::{self, Example, MODULE_PRELUDE, Sm};

/// The least target that the assembler still accepts and that has the features of `sm`.
fn target(sm: Sm) -> String {
    if sm.specific {
        return sm.to_string();
    }
    let known = [75, 80, 86, 87, 89, 90, 100];
    let number = known.into_iter().find(|n| *n >= sm.number).expect("no row needs more than sm_100");
    format!("sm_{number}")
}

/// One kernel per example, so that an error does not hide others.
fn module(target: &str, version: &str, examples: &[Example]) -> (String, Vec<(usize, usize)>) {
    let mut text = format!(".version {version}\n.target {target}\n.address_size 64\n");
    text.push_str(MODULE_PRELUDE);
    let mut lines = Vec::new();
    for (number, example) in examples.iter().enumerate() {
        let start = text.lines().count() + 1;
        text.push_str(&example.entry(&format!("kernel{number}")));
        lines.push((start, text.lines().count()));
    }
    (text, lines)
}

#[test]
fn every_row_assembles_for_the_least_gpu_that_it_claims() {
    let Some(assembler) = Assembler::for_test() else { return };
    let mut groups: BTreeMap<(String, String), Vec<Example>> = BTreeMap::new();
    let mut count = 0;
    for row in table::rows() {
        let examples = table::examples(row);
        assert!(!examples.is_empty(), "`{} {}` has no example", row.grammar, row.operands);
        for example in examples {
            // The assembler has no target below sm_75, and PTX 6.3 is the least version that knows
            // it.
            let version = example.requirement.version.max(crossdock_ptx::Version { major: 6, minor: 3 });
            let target = target(example.requirement.sm);
            let least = match target.as_str() {
                "sm_75" => (6, 3),
                "sm_80" => (7, 0),
                "sm_86" => (7, 1),
                "sm_87" => (7, 4),
                "sm_89" | "sm_90" => (7, 8),
                "sm_90a" => (8, 0),
                _ => (8, 6),
            };
            let version = version.max(crossdock_ptx::Version { major: least.0, minor: least.1 });
            let version = version.to_string();
            groups.entry((target, version)).or_default().push(example);
            count += 1;
        }
    }
    let mut failures = BTreeSet::new();
    for ((target, version), examples) in &groups {
        let (text, lines) = module(target, version, examples);
        let Err(error) = assembler.check(&text, target) else { continue };
        let messages = error.to_string();
        let mut explained = false;
        for message in messages.lines() {
            let line = message.split("line ").nth(1).and_then(|m| m.split([';', ' ']).next());
            let Some(line) = line.and_then(|l| l.parse::<usize>().ok()) else { continue };
            if let Some(index) = lines.iter().position(|(start, end)| (*start..=*end).contains(&line)) {
                explained = true;
                failures
                    .insert(format!("{target} PTX {version}: {}: {message}", examples[index].instruction));
            }
        }
        if !explained {
            failures.insert(format!("{target} PTX {version}: {messages}"));
        }
    }
    let failures: Vec<String> = failures.into_iter().collect();
    assert!(failures.is_empty(), "{} of {count} examples fail:\n{}", failures.len(), failures.join("\n"));
    println!("assembled {count} examples of {} rows", table::rows().count());
}

#[test]
fn every_target_assembles_since_the_version_that_introduced_it() {
    let Some(assembler) = Assembler::for_test() else { return };
    for target in table::Target::all() {
        let version = target.since();
        let text = format!(
            ".version {version}\n.target {target}\n.address_size 64\n.visible .entry empty()\n{{\n    ret;\n}}\n"
        );
        if let Err(error) = assembler.check(&text, target.name()) {
            panic!("{target} in PTX {version}: {error}");
        }
    }
}
