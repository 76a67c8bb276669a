//! Circles of imports: files of one crate that name each other, directly or through others.
//!
//! An import leads to the file that defines what is imported: names that a `mod.rs` only hands on
//! (`pub use`) lead through it. That a file names the modules inside it is no import.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;
use syn::visit::Visit;

use crate::Source;

type Path = Vec<String>;

/// What a file imports and hands on.
#[derive(Default)]
struct Module {
    /// Paths from the root of its crate that the code uses.
    used: BTreeSet<Path>,
    /// What a name stands for that a `use` brings in.
    names: BTreeMap<String, Path>,
}

/// Collects them from a syntax tree.
struct Collector<'a> {
    /// The file's own path, then the modules inside it.
    place: Path,
    /// How many parts of it are the file's.
    depth: usize,
    files: &'a BTreeMap<Path, &'a str>,
    module: Module,
}

/// The circles of at least two files, the largest first.
pub(crate) fn circles(sources: &[Source]) -> Vec<Vec<String>> {
    // A folder with `lib.rs` or `main.rs` is a crate.
    let product: Vec<&Source> = sources.iter().filter(|file| file.is_product()).collect();
    let roots = product
        .iter()
        .filter_map(|file| file.path.strip_suffix("lib.rs").or(file.path.strip_suffix("main.rs")));
    let mut found = Vec::new();
    for root in roots {
        let inside = product.iter().filter(|file| file.path.starts_with(root));
        found.extend(circles_of(&inside.map(|file| (path_of(&file.path[root.len()..]), *file)).collect()));
    }
    found.sort_by_key(|circle: &Vec<String>| std::cmp::Reverse(circle.len()));
    found
}

/// `back/emit/mod.rs` is `back::emit`.
fn path_of(file: &str) -> Path {
    let path = file.trim_end_matches(".rs").trim_end_matches("mod").trim_end_matches('/');
    match path {
        "lib" | "main" => Path::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

fn circles_of(sources: &BTreeMap<Path, &Source>) -> Vec<Vec<String>> {
    let files: BTreeMap<Path, &str> =
        sources.iter().map(|(path, file)| (path.clone(), file.path.as_str())).collect();
    let modules: BTreeMap<&Path, Module> = sources
        .iter()
        .map(|(path, file)| {
            let tree = syn::parse_file(&file.text).unwrap_or_else(|error| panic!("{}: {error}", file.path));
            let mut collector = Collector {
                place: path.clone(),
                depth: path.len(),
                files: &files,
                module: Module::default(),
            };
            collector.visit_file(&tree);
            (path, collector.module)
        })
        .collect();
    let mut graph: DiGraphMap<&str, ()> = DiGraphMap::new();
    for (path, module) in &modules {
        for used in &module.used {
            if let Some(target) = file_of(used, &modules, 0).filter(|target| !target.starts_with(path)) {
                graph.add_edge(files[*path], files[target], ());
            }
        }
    }
    let circles = tarjan_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    circles.map(|circle| circle.into_iter().map(str::to_owned).collect()).collect()
}

/// The file that defines what a path names.
fn file_of<'a>(path: &[String], modules: &BTreeMap<&'a Path, Module>, steps: usize) -> Option<&'a Path> {
    let length = (0..=path.len()).rev().find(|&length| modules.contains_key(&path[..length].to_vec()))?;
    let (file, module) = modules.get_key_value(&path[..length].to_vec())?;
    let handed_on = path.get(length).and_then(|name| module.names.get(name)).filter(|_| steps < 8);
    match handed_on {
        Some(to) => {
            let to = [to, &path[length + 1..]].concat();
            file_of(&to, modules, steps + 1)
        }
        None => Some(file),
    }
}

impl Collector<'_> {
    /// From the root of the crate, unless it begins in another one.
    fn absolute(&self, path: &[String]) -> Option<Path> {
        let mut place = self.place.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => place.clear(),
            "self" => {}
            "super" => {
                while let Some(("super", inner)) =
                    rest.split_first().map(|(first, inner)| (first.as_str(), inner))
                {
                    place.pop();
                    rest = inner;
                }
                return Some([&place, rest].concat());
            }
            name => {
                let child = [&self.place[..], &[name.to_owned()]].concat();
                return self.files.contains_key(&child).then(|| [&self.place, path].concat());
            }
        }
        Some([&place, &rest[1..]].concat())
    }

    fn import(&mut self, prefix: &mut Path, tree: &syn::UseTree, public: bool) {
        let (name, original) = match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.import(prefix, &path.tree, public);
                prefix.pop();
                return;
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.import(prefix, tree, public));
                return;
            }
            syn::UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            syn::UseTree::Rename(rename) => (rename.rename.to_string(), rename.ident.to_string()),
            syn::UseTree::Glob(_) => ("*".to_owned(), "*".to_owned()),
        };
        let own = (original != "self" && original != "*").then_some(original);
        let Some(path) = self.absolute(&prefix.iter().cloned().chain(own).collect::<Path>()) else { return };
        if self.place.len() == self.depth {
            self.module.names.insert(name, path.clone());
        }
        if !public {
            self.module.used.insert(path);
        }
    }
}

impl<'a> Visit<'a> for Collector<'_> {
    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.import(&mut Path::new(), &item.tree, !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        let test = item.attrs.iter().any(|attribute| attribute.path().is_ident("cfg"));
        if !test && item.content.is_some() {
            self.place.push(item.ident.to_string());
            syn::visit::visit_item_mod(self, item);
            self.place.pop();
        }
    }

    /// `pub(super)` says who may import, and imports nothing.
    fn visit_vis_restricted(&mut self, _: &'a syn::VisRestricted) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        let names: Path = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if ["crate", "super"].contains(&names[0].as_str()) {
            self.module.used.extend(self.absolute(&names));
        }
        syn::visit::visit_path(self, path);
    }
}
