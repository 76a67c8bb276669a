//! Kernels from files in the place of ours: edited by hand, or made by another compiler.

use std::path::PathBuf;
use std::sync::Arc;

use crossdock::KernelSet;

use crate::failure::Failure;

/// PTX texts by the file that they came from.
#[derive(Debug, Default)]
pub(super) struct Replacements(Vec<(PathBuf, String)>);

impl Replacements {
    /// Reads the files; which kernels they hold is known when there is a set to put them into.
    pub(super) fn read(paths: &[PathBuf]) -> Result<Replacements, Failure> {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
            Ok((path.clone(), text))
        };
        paths.iter().map(read).collect::<Result<_, _>>().map(Replacements)
    }

    /// The set with the kernels of the files.
    pub(super) fn apply(&self, set: Arc<KernelSet>) -> Result<Arc<KernelSet>, Failure> {
        if self.0.is_empty() {
            return Ok(set);
        }
        let names = set.ptx().map(|(name, _)| name);
        let mut set = (*set).clone();
        for (path, text) in &self.0 {
            let there: Vec<&str> = names.into_iter().filter(|name| has_entry(text, name)).collect();
            if there.is_empty() {
                return Err(Failure::file(path, format!("has no entry named {}", names.join(", "))));
            }
            for name in there {
                set = set.with_ptx(name, text.clone()).unwrap_or(set);
            }
        }
        Ok(Arc::new(set))
    }

    /// The command that repeats a run.
    pub(super) fn replay(&self, flags: &[String], seed: u64, with: &str) -> String {
        if self.0.is_empty() {
            let words: Vec<String> = flags.iter().map(|word| in_shell(word)).collect();
            return format!("crossdock run {}", words.join(" "));
        }
        let files: Vec<String> = self.0.iter().map(|(path, _)| path.display().to_string()).collect();
        format!("crossdock check --seeds 1 --first-seed {seed} --with \"{with}\" --ptx {}", files.join(" "))
    }
}

/// A word as a shell takes it: wires and layouts have parentheses and blanks.
fn in_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=.,:/+".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

/// Whether the text defines a kernel of this name.
fn has_entry(text: &str, name: &str) -> bool {
    let mut words = text
        .split(|character: char| character.is_whitespace() || character == '(')
        .filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if word == ".entry" && words.next() == Some(name) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_entry;

    #[test]
    fn entries_are_found_by_their_whole_name() {
        let text = ".visible .entry  dispatch(\n.param .u32 x)\n{ }\n.entry combine_two\n(";
        assert!(has_entry(text, "dispatch"));
        assert!(!has_entry(text, "combine"));
        assert!(has_entry(text, "combine_two"));
        assert!(!has_entry("// .entry", "count"));
    }
}
