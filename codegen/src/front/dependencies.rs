//! Which other `#[device]` modules a module imports from.
//!
//! Every `use` leaf names an item of a `#[device]` module; the path before the leaf is the module.
//! The operations that PTX provides come from modules called `intrinsics`: they are part of the
//! language and are not dependencies.

use proc_macro2::Span;
use syn::{Ident, Item, UseTree};

use super::diagnostic::{Diagnostic, Diagnostics};

/// A `#[device]` module that `use` declarations name.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The module's path as written: `crate::layout::code`.
    pub path: syn::Path,
    /// What is imported from it.
    pub names: Names,
}

/// What is imported from one module.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Whether there is a glob import.
    pub all: bool,
    /// The names that are written out.
    pub listed: Vec<Name>,
}

/// One imported name: `item as local`, or `item` alone when both are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The item's name in its module.
    pub item: Ident,
    /// Its name here.
    pub local: Ident,
}

/// The modules that the `use` declarations among `items` import from, each once, in order of first
/// mention.
///
/// Intrinsics are built in and left out.
///
/// # Errors
///
/// Imports of modules, and of `std`, `core` and other paths that cannot lead to a `#[device]`
/// module.
pub fn dependencies(items: &[Item]) -> Result<Vec<Dependency>, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let imports = Imports::collect(items, &mut diagnostics);
    diagnostics.finish(imports.dependencies)
}

/// All `use` declarations of a module, sorted by where they lead.
#[derive(Debug, Default)]
pub(super) struct Imports {
    /// Other `#[device]` modules.
    pub(super) dependencies: Vec<Dependency>,
    /// Names of built-in operations and types that are imported by name, perhaps under another one.
    pub(super) intrinsics: Vec<Name>,
}

impl Imports {
    /// Flattens every `use` tree.
    pub(super) fn collect(items: &[Item], diagnostics: &mut Diagnostics) -> Self {
        let mut imports = Self::default();
        for item in items {
            if let Item::Use(item) = item {
                let prefix = Prefix {
                    leading_colon: item.leading_colon,
                    segments: Vec::new(),
                    diagnostics: &mut *diagnostics,
                };
                imports.flatten(prefix, &item.tree);
            }
        }
        imports
    }

    fn flatten(&mut self, mut prefix: Prefix<'_>, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => {
                prefix.segments.push(path.ident.clone());
                self.flatten(prefix, &path.tree);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.flatten(prefix.again(), tree);
                }
            }
            UseTree::Name(name) => self.leaf(prefix, &name.ident, &name.ident),
            UseTree::Rename(rename) => self.leaf(prefix, &rename.ident, &rename.rename),
            UseTree::Glob(glob) => {
                let span = glob.star_token.span;
                if !prefix.is_intrinsics() && prefix.leads_to_device_code(span, "*") {
                    self.dependency(&prefix).all = true;
                }
            }
        }
    }

    fn leaf(&mut self, mut prefix: Prefix<'_>, item: &Ident, local: &Ident) {
        let name = Name { item: item.clone(), local: local.clone() };
        if prefix.is_intrinsics() {
            self.intrinsics.push(name);
        } else if item == "self" {
            prefix.diagnostics.report(
                item.span(),
                "device code imports items, not modules: name the functions, constants and structs that are used",
            );
        } else if prefix.leads_to_device_code(item.span(), &item.to_string()) {
            let listed = &mut self.dependency(&prefix).listed;
            if !listed.contains(&name) {
                listed.push(name);
            }
        }
    }

    fn dependency(&mut self, prefix: &Prefix<'_>) -> &mut Names {
        let path = prefix.path();
        let index = self.dependencies.iter().position(|known| known.path == path).unwrap_or_else(|| {
            self.dependencies.push(Dependency { path, names: Names::default() });
            self.dependencies.len() - 1
        });
        &mut self.dependencies[index].names
    }
}

/// The path that leads to a `use` leaf.
struct Prefix<'a> {
    leading_colon: Option<syn::Token![::]>,
    segments: Vec<Ident>,
    diagnostics: &'a mut Diagnostics,
}

impl Prefix<'_> {
    fn again(&mut self) -> Prefix<'_> {
        Prefix {
            leading_colon: self.leading_colon,
            segments: self.segments.clone(),
            diagnostics: &mut *self.diagnostics,
        }
    }

    fn is_intrinsics(&self) -> bool {
        self.segments.last().is_some_and(|last| last == "intrinsics")
    }

    fn path(&self) -> syn::Path {
        syn::Path {
            leading_colon: self.leading_colon,
            segments: self.segments.iter().cloned().map(syn::PathSegment::from).collect(),
        }
    }

    /// Reports prefixes that no `#[device]` module can have.
    fn leads_to_device_code(&mut self, leaf: Span, item: &str) -> bool {
        let first = self.segments.first().map(ToString::to_string).unwrap_or_default();
        let message = match first.as_str() {
            "" => format!("`{item}` is not an item of a `#[device]` module: write `use module::item`"),
            "std" | "core" | "alloc" => format!(
                "the standard library is not available in device code: leave out `use {first}::..` and use the \
                 intrinsics and the methods of the scalar types"
            ),
            "self" => {
                "`self::` names this module, whose items need no import: leave this `use` out".to_string()
            }
            _ if self.segments.iter().all(|segment| segment == "crate" || segment == "super") => format!(
                "`{item}` must come from a `#[device]` module: write `use {first}::module::item` with the module that \
                 defines it"
            ),
            _ => return true,
        };
        let span = self.segments.first().map_or(leaf, Ident::span);
        self.diagnostics.report(span, message);
        false
    }
}
