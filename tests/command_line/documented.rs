//! Command lines that README and the book show: each is understood, and where its output is shown,
//! that is what it prints.

use std::path::Path;
use std::process::Output;

use ndarray::Array1;
use ndarray_npy::write_npy;

use crate::command_line::text;

const PAGES: [&str; 8] = [
    include_str!("../../README.md"),
    include_str!("../../docs/first-round.md"),
    include_str!("../../docs/first-kernel.md"),
    include_str!("../../docs/shapes.md"),
    include_str!("../../docs/running-on-gpus.md"),
    include_str!("../../docs/emulator.md"),
    include_str!("../../docs/counters.md"),
    include_str!("../../docs/ir.md"),
];

/// A command's words, and the lines that are shown below it.
type Shown = (Vec<String>, Vec<String>);

/// The commands of a page's console blocks that run the tool.
fn shown(page: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for block in page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        for line in block.lines() {
            let Some(command) = line.strip_prefix("$ ") else {
                found.last_mut().expect("a command stands first").1.push(line.to_owned());
                continue;
            };
            let command = command.split(" #").next().unwrap_or_default();
            let words = words(command.strip_prefix("cargo run --release -- ").unwrap_or(command));
            found.push((words, Vec::new()));
        }
    }
    // Where the tool is not named it was `cargo run`.
    found.retain(|(words, _)| words[0] != "cargo");
    for (words, _) in &mut found {
        words.retain(|word| word != "crossdock");
    }
    found
}

/// As a shell splits it: blanks inside quotes stay.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for letter in command.trim().chars() {
        match (letter, quote) {
            (' ', None) => words.push(String::new()),
            ('"' | '\'', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (letter, _) => words.last_mut().expect("a word").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn run(folder: &Path, arguments: &[String]) -> Output {
    let mut tool = assert_cmd::cargo::cargo_bin_cmd!("crossdock");
    tool.current_dir(folder).args(arguments).output().expect("the tool starts")
}

#[test]
fn every_command_line_is_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands: Vec<Shown> = PAGES.iter().flat_map(|page| shown(page)).collect();
    assert!(commands.len() > 20, "{commands:?}");
    for (mut arguments, _) in commands {
        // Flags are read before help is given.
        arguments.push("--help".to_owned());
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[test]
fn what_is_shown_is_what_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let ptx = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulator/tests/corpus/ptx/elementwise.sm_90.ptx");
    std::fs::copy(ptx, at("saxpy.ptx")).expect("copied");
    for name in ["x.npy", "y.npy"] {
        write_npy(at(name), &Array1::from_elem(1000, 1.0f32)).expect("written");
    }
    let commands = PAGES.iter().flat_map(|page| shown(page));
    // Hundreds of runs: `check` has tests of its own.
    let shown: Vec<Shown> =
        commands.filter(|(words, lines)| !lines.is_empty() && words[0] != "check").collect();
    assert!(shown.len() >= 4, "{shown:?}");
    for (arguments, lines) in shown {
        let output = run(folder.path(), &arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        let printed = text(&output.stdout);
        for line in lines.iter().filter(|line| *line != "...") {
            assert!(printed.contains(line.as_str()), "{arguments:?} does not print `{line}`:\n{printed}");
        }
    }
}
