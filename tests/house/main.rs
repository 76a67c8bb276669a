//! What keeps the sources in order, as rules that anyone can run: `cargo test --test house`.
//!
//! Each rule says what to do about what it finds. Numbers are bounds, not goals: lower them when
//! they have become easy.

mod circles;
mod pages;

use std::path::{Path, PathBuf};

/// Circles of imports that may exist, and the files of each.
const CIRCLES: usize = 5;
const FILES_OF_A_CIRCLE: usize = 3;
/// Files that may name one number format.
const FILES_OF_A_FORMAT: usize = 8;
/// Opcodes that the back end may write as text.
const OPCODES_AS_TEXT: usize = 0;
/// Comment lines of more than 100 columns.
const LONG_COMMENTS: usize = 0;
/// Lines of all snapshots.
const SNAPSHOT_LINES: usize = 10_000;
/// Lines outside tests.
const LINES: usize = 89_400;
/// Files that begin with the code that a compiler must refuse, or that another file includes.
const WITHOUT_HEAD: [&str; 2] = ["device/tests/ui/", "emulator/tests/litmus/"];

/// A file of the repository.
struct Source {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Whether the file is part of a library or of the tool, and neither test, benchmark nor
    /// example.
    fn is_product(&self) -> bool {
        self.is_rust() && !self.path.split('/').any(|part| ["tests", "benches", "examples"].contains(&part))
    }

    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// All files with one of these endings, in order.
fn sources(endings: &[&str]) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut found) = (vec![root.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
        .into_iter()
        .map(|path: PathBuf| Source {
            path: path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/"),
            text: std::fs::read_to_string(&path).expect("text"),
        })
        .collect()
}

/// Fails with what was found, one a line, below what is to be done about it, if it is too much.
#[track_caller]
fn at_most(bound: usize, remedy: &str, found: &[String]) {
    assert!(
        found.len() <= bound,
        "{remedy} {} found, at most {bound}:\n  {}",
        found.len(),
        found.join("\n  ")
    );
}

#[track_caller]
fn none(remedy: &str, found: &[String]) {
    at_most(0, remedy, found);
}

#[test]
fn files_begin_with_what_they_are() {
    let exempt = |file: &Source| WITHOUT_HEAD.iter().any(|start| file.path.starts_with(start));
    let rust = sources(&[".rs"]).into_iter().filter(|file| !exempt(file));
    let without: Vec<String> =
        rust.filter(|file| !file.text.starts_with("//!")).map(|file| file.path).collect();
    none("Begin a file with `//!` and what it is and why.", &without);
}

#[test]
fn files_hold_one_concept() {
    let long = sources(&[".rs"]).into_iter().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > 600).then(|| format!("{}: {lines} lines", file.path))
    });
    none("A file of more than 600 lines holds two concepts: give each a file.", &long.collect::<Vec<_>>());
}

#[test]
fn comments_fit_in_100_columns() {
    let mut long = Vec::new();
    for file in sources(&[".rs"]) {
        let mut code = false;
        for (line, text) in (1..).zip(file.text.lines().map(str::trim_end)) {
            let comment = text.trim_start().starts_with("//");
            let body = text.trim_start().trim_start_matches(['/', '!', ' ']);
            code = comment && (code != body.starts_with("```"));
            // Code has the width of code, and tables do not break.
            if comment && !code && !body.starts_with('|') && text.chars().count() > 100 {
                long.push(format!("{}:{line}", file.path));
            }
        }
    }
    at_most(LONG_COMMENTS, "Wrap comments at 100 columns (rustfmt does not).", &long);
}

#[test]
fn files_import_each_other_in_few_small_circles() {
    let circles = circles::circles(&sources(&[".rs"]));
    let listed: Vec<String> =
        circles.iter().map(|circle| format!("{}: {}", circle.len(), circle.join(", "))).collect();
    let large = circles.iter().any(|circle| circle.len() > FILES_OF_A_CIRCLE);
    at_most(
        if large { 0 } else { CIRCLES },
        "Files import each other in circles: move what they share into a file below them.",
        &listed,
    );
}

#[test]
fn a_number_format_stands_in_few_files() {
    let product = sources(&[".rs"]).into_iter().filter(Source::is_product);
    let named = product.filter(|file| file.text.to_lowercase().contains("e5m2"));
    let named: Vec<String> = named.map(|file| file.path).collect();
    at_most(FILES_OF_A_FORMAT, "Ask the format instead of naming it: e5m2 stands in too many files.", &named);
}

#[test]
fn the_back_end_writes_no_opcode_as_text() {
    let mut found = Vec::new();
    for file in sources(&[".rs"]).iter().filter(|file| file.path.starts_with("codegen/src/back/")) {
        for (line, text) in (1..).zip(file.text.lines()) {
            let code = text.split("//").next().unwrap_or_default();
            let literals = code.split('"').skip(1).step_by(2);
            let mut names = literals.filter_map(|literal| literal.split_once('.')).map(|(name, _)| name);
            if names.any(|name| !crossdock_ptx::table::rows_named(name).is_empty()) {
                found.push(format!("{}:{line}: {}", file.path, text.trim()));
            }
        }
    }
    at_most(OPCODES_AS_TEXT, "Build instructions from rows of the instruction table.", &found);
}

#[test]
fn snapshots_are_short_enough_to_read() {
    let lines: usize = sources(&[".snap"]).iter().map(|file| file.text.lines().count()).sum();
    assert!(lines < SNAPSHOT_LINES, "{lines} lines of snapshots are read by nobody: keep a digest instead");
}

#[test]
fn the_product_stays_small() {
    let lines: usize =
        sources(&[".rs"]).iter().filter(|file| file.is_product()).map(|file| file.text.lines().count()).sum();
    assert!(lines <= LINES, "{lines} lines outside tests: say it shorter, or raise this bound and say why");
}
