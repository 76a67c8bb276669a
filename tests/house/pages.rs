//! The book and the pages beside it: every page is in the contents, its examples are compiled, and
//! its links lead somewhere.

use std::path::Path;

use crate::{Source, none, sources};

const REPOSITORY: [&str; 2] = [
    "https://github.com/crossdock/crossdock/blob/main/",
    "https://github.com/crossdock/crossdock/tree/main/",
];

fn pages() -> Vec<Source> {
    sources(&[".md"])
}

#[test]
fn pages_are_in_the_contents_and_their_examples_are_compiled() {
    let all = pages();
    let contents = all.iter().find(|page| page.path == "docs/SUMMARY.md").expect("the contents");
    let compiled = include_str!("../../src/lib.rs");
    let mut missing = Vec::new();
    for page in all.iter().filter(|page| page.path.starts_with("docs/") && page.path != contents.path) {
        let name = page.path.trim_start_matches("docs/");
        if !contents.text.contains(&format!("]({name})")) {
            missing.push(format!("{name} in docs/SUMMARY.md"));
        }
        if page.text.contains("```rust") && !compiled.contains(&format!("\"../{}\"", page.path)) {
            missing.push(format!("{name} in src/lib.rs"));
        }
    }
    none("Add the page to the contents, and to the doctests if it has examples.", &missing);
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    for page in pages() {
        let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap_or_default();
            let ours = REPOSITORY.iter().find_map(|start| path.strip_prefix(start));
            let target = match ours {
                Some(path) => root.join(path),
                None if path.is_empty() || path.contains(':') || path.contains([' ', '`', '<']) => continue,
                None => root.join(folder).join(path),
            };
            if !target.exists() {
                broken.push(format!("{}: {link}", page.path));
            }
        }
    }
    none("Correct links that lead nowhere.", &broken);
}
