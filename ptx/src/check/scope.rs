//! Declared names, block by block.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::types::Type;

/// What one block (or the module) declares.
#[derive(Default)]
pub(super) struct Scope<'a> {
    pub(super) variables: FxHashSet<&'a str>,
    pub(super) functions: FxHashSet<&'a str>,
    pub(super) labels: FxHashSet<&'a str>,
    pub(super) tables: FxHashSet<&'a str>,
    pub(super) prototypes: FxHashSet<&'a str>,
    registers: FxHashMap<&'a str, Type>,
    /// `%r<10>` as prefix `%r`: its count and type.
    ranges: FxHashMap<&'a str, (u32, Type)>,
}

impl<'a> Scope<'a> {
    /// `false` when the same declaration was made before.
    pub(super) fn declare_register(&mut self, name: &'a str, count: Option<u32>, ty: Type) -> bool {
        match count {
            None => self.registers.insert(name, ty).is_none(),
            Some(count) => self.ranges.insert(name, (count, ty)).is_none(),
        }
    }

    fn register(&self, name: &str) -> Option<Type> {
        self.registers.get(name).copied().or_else(|| {
            let prefix = name.trim_end_matches(|c: char| c.is_ascii_digit());
            // A prefix may itself end in digits: `%r1<4>` declares `%r10`.
            (prefix.len()..name.len()).find_map(|split| {
                let (prefix, index) = name.split_at(split);
                let (count, ty) = *self.ranges.get(prefix)?;
                let is_canonical = index == "0" || !index.starts_with('0');
                (is_canonical && index.parse::<u32>().ok()? < count).then_some(ty)
            })
        })
    }
}

/// The module, the function's parameters, and the open blocks, innermost last.
pub(super) struct Scopes<'a>(pub(super) Vec<Scope<'a>>);

impl<'a> Scopes<'a> {
    pub(super) fn register(&self, name: &str) -> Option<Type> {
        self.0.iter().rev().find_map(|scope| scope.register(name))
    }

    pub(super) fn has(
        &self,
        name: &str,
        kind: impl for<'s> Fn(&'s Scope<'a>) -> &'s FxHashSet<&'a str>,
    ) -> bool {
        self.0.iter().any(|scope| kind(scope).contains(name))
    }
}
