//! Writes words, names, paths and positions.

use std::fmt::Write;

use super::Printer;
use crate::ir::{LocalId, Path, Span};
use crate::text::spelling::{RESERVED, is_plain, is_plain_path, write_quoted};

impl Printer<'_> {
    pub(super) fn word(&mut self, word: &str) {
        self.out.push_str(word);
    }

    pub(super) fn indent(&mut self) {
        for _ in 0..self.indentation {
            self.out.push_str("  ");
        }
    }

    /// Writes each item with commas between.
    pub(super) fn separated<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                self.word(", ");
            }
            write(self, item);
        }
    }

    /// The position before a statement or item, which expressions in it refer to.
    pub(super) fn position(&mut self, span: Span) {
        self.statement = span;
        if span != Span::default() {
            let _ = write!(self.out, "@{}:{} ", span.line, span.column);
        }
    }

    /// A single name.
    pub(super) fn name(&mut self, name: &str) {
        if is_plain(name) && !RESERVED.contains(&name) {
            self.word(name);
        } else {
            write_quoted(&mut self.out, name);
        }
    }

    /// The name of an item or module: words joined by `::`, or quoted as a whole.
    pub(super) fn path_name(&mut self, name: &str) {
        if is_plain_path(name) {
            self.word(name);
        } else {
            write_quoted(&mut self.out, name);
        }
    }

    /// The name of a field, which may be a number.
    pub(super) fn field_name(&mut self, name: &str) {
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            self.word(name);
        } else {
            self.path_name(name);
        }
    }

    /// `self::item`, `alias::item`, or `<module>::item` for a module that is not imported.
    pub(super) fn path(&mut self, path: &Path) {
        if path.module == self.known.module {
            self.word("self");
        } else if let Some(alias) = self.aliases.get(path.module.as_str()) {
            self.out.push_str(alias);
        } else {
            self.word("<");
            self.path_name(&path.module);
            self.word(">");
        }
        self.word("::");
        self.path_name(&path.item);
    }

    /// `name#index`, or `#index` for a local that is not declared or has an empty name.
    pub(super) fn local_name(&mut self, id: LocalId, name: &str) {
        if is_plain(name) {
            self.word(name);
        } else if !name.is_empty() {
            write_quoted(&mut self.out, name);
        }
        let _ = write!(self.out, "#{}", id.0);
    }
}
