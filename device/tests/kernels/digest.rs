//! The PTX of one kernel at many shapes as a table that a person can read: how often each opcode
//! stands in it, and a hash of the text by which any change is noticed.
//!
//! The whole texts lie in a folder of `target`, so that `diff` shows what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

/// Columns of the table: a shape's name, and the PTX of the kernel for it.
pub(crate) type Column = (String, String);

/// A row for each opcode and a column for each shape, below the hash and the number of instructions
/// of each text.
pub(crate) fn table(columns: &[Column]) -> String {
    let texts: Vec<Vec<String>> = columns.iter().map(|(_, ptx)| normalised(ptx)).collect();
    let counts: Vec<BTreeMap<&str, usize>> = texts.iter().map(|lines| histogram(lines)).collect();
    let opcodes: BTreeSet<&str> = counts.iter().flat_map(|counts| counts.keys().copied()).collect();
    let widest = opcodes.iter().map(|opcode| opcode.len()).max().unwrap_or_default();
    let mut table = String::new();
    let mut row = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        let _ = write!(table, "{name:<widest$}");
        for ((shape, _), cell) in columns.iter().zip(cells) {
            let _ = write!(table, "{cell:>width$}", width = shape.len().max(16) + 2);
        }
        table.push('\n');
    };
    row("", &mut columns.iter().map(|(shape, _)| shape.clone()));
    row("hash", &mut texts.iter().map(|lines| hash(lines)));
    row("instructions", &mut counts.iter().map(|counts| counts.values().sum::<usize>().to_string()));
    for opcode in opcodes {
        row(
            opcode,
            &mut counts.iter().map(|counts| counts.get(opcode).map_or("-".to_owned(), usize::to_string)),
        );
    }
    table
}

/// The lines that are code: without comments and line numbers, and with registers, labels and
/// parameters numbered in the order in which they are first mentioned, so that another name alone
/// changes nothing.
fn normalised(ptx: &str) -> Vec<String> {
    let mut registers = HashSet::new();
    for declaration in ptx.lines().filter_map(|line| line.trim().strip_prefix(".reg ")) {
        let (_, names) = declaration.split_once(' ').expect("a type before the names");
        for name in names.trim_end_matches(';').split(", ") {
            match name.split_once('<') {
                None => drop(registers.insert(name.to_owned())),
                Some((prefix, count)) => {
                    let count: usize = count.trim_end_matches('>').parse().expect("a number of registers");
                    registers.extend((0..count).map(|number| format!("{prefix}{number}")));
                }
            }
        }
    }
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut number = |word: &str| {
        let sign = match word {
            _ if registers.contains(word) => '%',
            _ if word.starts_with('$') => '$',
            _ if word.contains("_param_") => '#',
            _ => return word.to_owned(),
        };
        let next = numbers.len();
        format!("{sign}{}", numbers.entry(word.to_owned()).or_insert(next))
    };
    let skipped = ["//", ".loc ", ".file ", ".reg "];
    ptx.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !skipped.iter().any(|start| line.starts_with(start)))
        .map(|line| words(line).map(&mut number).collect())
        .collect()
}

/// The line cut before and after each word.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let in_word = |letter: char| letter.is_alphanumeric() || "_$%".contains(letter);
        let first = rest.chars().next()?;
        let length = match in_word(first) {
            true => rest.find(|letter| !in_word(letter)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let word;
        (word, rest) = rest.split_at(length);
        Some(word)
    })
}

/// How often each opcode stands there. Instructions are the lines that are neither a directive, a
/// label nor a brace.
fn histogram(lines: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for line in lines.iter().filter(|line| line.ends_with(';') && !line.starts_with('.')) {
        let mut words = line.trim_end_matches(';').split(' ').skip_while(|word| word.starts_with('@'));
        *counts.entry(words.next().unwrap_or_default()).or_insert(0) += 1;
    }
    counts
}

fn hash(lines: &[String]) -> String {
    let digest = Sha256::digest(lines.join("\n").as_bytes());
    digest[..8].iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Puts the whole texts into a folder, says how to compare them with those of the last run that
/// passed if `accept` panics, and keeps them as those of the last run that passed if it does not.
pub(crate) fn with_texts(kernel: &str, columns: &[Column], accept: impl FnOnce()) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("ptx");
    let [new, accepted] = ["new", "accepted"].map(|name| folder.join(name));
    for folder in [&new, &accepted] {
        std::fs::create_dir_all(folder).expect("a folder in target");
    }
    let names: Vec<String> = columns.iter().map(|(shape, _)| format!("{kernel}@{shape}.ptx")).collect();
    for (name, (_, ptx)) in names.iter().zip(columns) {
        std::fs::write(new.join(name), ptx).expect("a file in target");
    }
    println!("To see what changed in {kernel}: diff -ru {} {}", accepted.display(), new.display());
    println!("The former are the texts of the last run that passed. To make them for the last commit:");
    println!("git stash && cargo test -p crossdock-device --test kernels; git stash pop");
    accept();
    for name in names {
        std::fs::rename(new.join(&name), accepted.join(&name)).expect("a file in target");
    }
}
