//! The rustdoc of what device code calls says which part of the PTX ISA it is.

use std::path::{Path, PathBuf};

/// Functions without an instruction of their own, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("from_address", "runs on the host"),
    ("address", "runs on the host"),
    ("at", "address arithmetic"),
    ("slice", "address arithmetic"),
    ("cast", "the same address"),
    ("rank", "reads the table of addresses, as `read` does"),
    ("shared", "a declaration"),
    ("len", "part of a slice"),
    ("is_empty", "part of a slice"),
    ("pointer", "part of a slice"),
    ("subslice", "part of a slice"),
    ("split_at", "part of a slice"),
    ("assume_warp_uniform", "tells the compiler"),
    ("assume_block_uniform", "tells the compiler"),
    ("assume_members", "tells the compiler"),
    ("target_is_at_least", "asks the compiler"),
    ("target_is_specific", "asks the compiler"),
    ("is_constant", "asks the compiler"),
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder), &mut found);
    found.sort();
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("a file"))).collect()
}

/// The functions of a file, those that macros make included, each with its documentation.
fn documented(text: &str) -> Vec<(String, String)> {
    let (mut found, mut documentation) = (Vec::new(), String::new());
    for line in text.lines().map(str::trim) {
        let function = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("pub const fn "));
        if let Some(rest) = line.strip_prefix("///") {
            documentation += rest;
        } else if let Some(name) = function.map(|rest| rest.split(['<', '(']).next().unwrap_or_default()) {
            // A macro states the name beside the text: those rows are looked at alone.
            if !name.starts_with('$') {
                found.push((name.to_string(), std::mem::take(&mut documentation)));
            }
        } else if let Some((name, rest)) = line.split_once('(')
            && let Some((_, text)) = rest.split_once(": \"")
            && rest.ends_with("\";")
        {
            found.push((name.to_string(), text.to_string()));
        } else if !line.starts_with("#[") {
            documentation.clear();
        }
    }
    found
}

#[test]
fn every_intrinsic_names_its_section() {
    let mut count = 0;
    for (path, text) in sources("intrinsics") {
        // What stands there is for the twins of `ptx!`.
        if path.ends_with("asm.rs") {
            continue;
        }
        for (name, documentation) in documented(&text) {
            let without = WITHOUT.iter().any(|(known, _)| *known == name);
            let says = documentation.contains("PTX ISA section ");
            assert!(without || says, "{}: `{name}` does not say its section:{documentation}", path.display());
            count += usize::from(says);
        }
    }
    assert!(count > 100, "only {count} functions were found");
}

#[test]
fn every_library_module_names_its_section_and_each_function_its_instruction() {
    for (path, text) in sources("library") {
        let file = path.display();
        // Files of folders only list modules.
        if !text.contains("pub mod code") {
            continue;
        }
        assert!(text.contains("PTX ISA section"), "{file} does not name the section of its instructions");
        // A function that is one instruction says which.
        for part in text.split("        pub fn ").skip(1).filter(|part| !part.contains("while ")) {
            let body = part.split("\n        }\n").next().unwrap_or_default();
            if body.contains("ptx!") {
                let name = body.split(['<', '(']).next().unwrap_or_default();
                let before = &text[..text.find(&format!("pub fn {name}")).unwrap_or_default()];
                let documentation = before.rsplit("\n\n").next().unwrap_or_default();
                assert!(documentation.contains('`'), "{file}: `{name}` does not name its instruction");
            }
        }
    }
}
