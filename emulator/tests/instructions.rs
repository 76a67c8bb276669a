//! Which rows of the instruction table the emulator executes: every example of every row is loaded,
//! and either accepted or refused in a sentence that names the instruction. The page in `docs/` is
//! what this test finds.

use std::collections::BTreeMap;
use std::fmt::Write;

use crossdock_emulator::{Config, Error, Machine};
use crossdock_ptx::table::{self, Example, MODULE_PRELUDE};

/// Why an example is refused; `None` when it is loaded.
fn refusal(example: &Example) -> Option<String> {
    let text = format!(
        ".version 9.0\n.target sm_103a\n.address_size 64\n{MODULE_PRELUDE}{}",
        example.entry("example")
    );
    let mut machine = Machine::new(Config::default()).expect("the default configuration is possible");
    match machine.load(&text) {
        Ok(_) => None,
        Err(Error::Unsupported { instruction, reason, line, .. }) => {
            assert_eq!(instruction, example.instruction.to_string(), "{reason}");
            assert!(line > 0, "{instruction}: {reason}");
            Some(reason)
        }
        Err(other) => panic!("`{}`: {other}", example.instruction),
    }
}

/// The table as a page: rows that are executed, rows of which some forms are not, and rows that are
/// refused.
fn page() -> String {
    let mut executed: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut partly, mut refused) = (String::new(), String::new());
    let (mut whole, mut rows) = (0, 0);
    for row in table::rows() {
        rows += 1;
        let examples = table::examples(row);
        let refusals: Vec<(String, String)> = examples
            .iter()
            .filter_map(|example| Some((example.instruction.opcode.to_string(), refusal(example)?)))
            .collect();
        let form = row.grammar.replace('|', "\\|");
        let reasons = |list: &[(String, String)]| -> String {
            let mut reasons: Vec<&str> = list.iter().map(|(_, reason)| reason.as_str()).collect();
            reasons.sort_unstable();
            reasons.dedup();
            reasons.join("; ").replace('|', "\\|")
        };
        if refusals.is_empty() {
            whole += 1;
            *executed.entry(row.name).or_default() += 1;
        } else if refusals.len() < examples.len() {
            let _ = writeln!(partly, "| `{form}` | {} |", reasons(&refusals));
        } else {
            let _ = writeln!(refused, "| `{form}` | {} |", reasons(&refusals));
        }
    }
    let mut page = String::from(
        "# What PTX runs\n\nMade by `emulator/tests/instructions.rs`, which loads every form of the instruction table \
         (`docs/ptx-instructions.md`). What is not executed is refused when a module is loaded, by instruction and \
         line; so are instructions that the table does not have.\n\n",
    );
    let _ = writeln!(page, "{whole} of {rows} rows are executed in all their forms:\n");
    let names: Vec<String> = executed
        .iter()
        .map(|(name, count)| if *count == 1 { format!("`{name}`") } else { format!("`{name}` ({count})") })
        .collect();
    let _ = writeln!(page, "{}.\n", names.join(", "));
    let _ = writeln!(page, "## Executed in part\n\n| form | what is refused |\n|---|---|\n{partly}");
    let _ = writeln!(page, "## Refused\n\n| form | why |\n|---|---|\n{refused}");
    page.trim_end().to_owned() + "\n"
}

#[test]
fn every_row_is_executed_or_refused_by_name() {
    expect_test::expect_file!["../../docs/what-ptx-runs.md"].assert_eq(&page());
}
