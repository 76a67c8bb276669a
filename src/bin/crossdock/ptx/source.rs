//! A Rust file with device code, compiled as the macros compile it.
//!
//! The file stands alone: its device modules may import from one another and from crossdock's own.

use std::path::Path;

use crossdock::DeviceModule;
use crossdock_codegen::{Error, Mistake, back, front, ir, text};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod};

use super::report::{Text, render};
use crate::failure::Failure;

/// Larger files are not written by hand.
const MOST_BYTES: u64 = 256 << 10;

/// Expressions inside one another; nobody writes more, and the time that they take grows faster
/// than they do.
const MOST_DEPTH: usize = 1000;

/// Deep expressions recurse; this is address space and not memory.
const STACK: usize = 512 << 20;

/// The device code of a file.
pub(super) struct Source {
    pub(super) program: back::Program,
    /// The file's own modules.
    pub(super) modules: Vec<ir::Module>,
    path: String,
    name: String,
    text: String,
}

impl Source {
    /// Reads and compiles a file.
    pub(super) fn read(path: &Path) -> Result<Source, Failure> {
        let failed = |problem: String| Failure::file(path, problem);
        let found = std::fs::metadata(path).map_err(|error| failed(error.to_string()))?;
        if !found.is_file() {
            return Err(failed("is not a file: name a Rust file".to_string()));
        }
        if found.len() > MOST_BYTES {
            return Err(failed(format!(
                "is larger than {} KiB: keep device code in files of its own",
                MOST_BYTES >> 10
            )));
        }
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        // Without its folders the PTX is the same wherever the file is looked at from.
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let path = path.display().to_string();
        let compiling = std::thread::Builder::new().stack_size(STACK);
        let compiled = std::thread::scope(|scope| {
            let started = compiling.spawn_scoped(scope, || compile(&name, &text));
            started.map(|running| running.join())
        });
        match compiled {
            Ok(Ok(Ok((program, modules)))) => Ok(Source { program, modules, path, name, text }),
            Ok(Ok(Err(mistakes))) => {
                Err(Failure::Source(render(&mistakes, &Text { path: &path, name: &name, text: &text })))
            }
            Ok(Err(_)) => {
                Err(Failure::file(path, "cannot be compiled: the compiler failed, which is a defect in it"))
            }
            Err(error) => Err(Failure::file(path, format!("cannot be compiled: {error}"))),
        }
    }

    /// An error of specialisation, shown in the file.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        let file = Text { path: &self.path, name: &self.name, text: &self.text };
        match error {
            Error::Invalid(mistakes) | Error::Specialise(mistakes) => {
                Failure::Source(render(mistakes, &file))
            }
            Error::Relation { mistake, .. } => Failure::Source(render(std::slice::from_ref(mistake), &file)),
            Error::Parameter { .. } | Error::Several(_) => Failure::arguments(format!("--param: {error}")),
            _ => Failure::arguments(format!("--kernel: {error}")),
        }
    }
}

/// A device module of the file.
struct Found {
    path: Vec<String>,
    items: Vec<Item>,
}

type Compiled = (back::Program, Vec<ir::Module>);

fn compile(name: &str, text: &str) -> Result<Compiled, Vec<Mistake>> {
    let plain = |message: &str| {
        vec![Mistake { file: name.to_string(), span: ir::Span::default(), message: message.to_string() }]
    };
    let file = syn::parse_file(text).map_err(|error| vec![mistake(name, error.span(), error.to_string())])?;
    let mut depth = Depth::default();
    depth.visit_file(&file);
    if depth.most > MOST_DEPTH {
        return Err(plain(&format!(
            "expressions are nested {} deep, and {MOST_DEPTH} is the most: name their parts with `let`",
            depth.most
        )));
    }
    let mut found = Vec::new();
    device_modules(&file.items, &mut Vec::new(), &mut found);
    if found.is_empty() {
        let is_kernel =
            |item: &Item| matches!(item, Item::Fn(function) if is_marked(&function.attrs, "kernel"));
        if !file.items.iter().any(is_kernel) {
            return Err(plain(
                "there is no device code: write `#[device] mod code { .. }`, or functions marked `#[kernel(warps = 8)]`",
            ));
        }
        found.push(bare(file.items));
    }
    let mut lowering = Lowering {
        name,
        text,
        found: &found,
        lowered: found.iter().map(|_| None).collect(),
        mistakes: Vec::new(),
    };
    for index in 0..found.len() {
        lowering.module(index);
    }
    let Lowering { lowered, mistakes, .. } = lowering;
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut modules = Vec::new();
    let mut linked: Vec<ir::Module> = Vec::new();
    for lowered in lowered.into_iter().flatten().flatten() {
        for import in lowered.imports {
            if !linked.iter().any(|known| known.name == import.name) {
                linked.push(import);
            }
        }
        modules.push(lowered.module);
    }
    linked.retain(|import| !modules.iter().any(|module| module.name == import.name));
    linked.extend(modules.iter().cloned());
    let program = back::link(linked).map_err(|error| match error {
        Error::Invalid(mistakes) => mistakes,
        other => plain(&other.to_string()),
    })?;
    let certain: Vec<Mistake> =
        modules.iter().flat_map(|module| back::examine(&program, &module.name)).collect();
    if certain.is_empty() { Ok((program, modules)) } else { Err(certain) }
}

/// How deep expressions are nested.
#[derive(Default)]
struct Depth {
    here: usize,
    most: usize,
}

impl<'ast> Visit<'ast> for Depth {
    fn visit_expr(&mut self, expression: &'ast syn::Expr) {
        self.here += 1;
        self.most = self.most.max(self.here);
        visit::visit_expr(self, expression);
        self.here -= 1;
    }
}

/// Functions that stand in the file itself: the prelude is theirs unless they import something.
fn bare(mut items: Vec<Item>) -> Found {
    if !items.iter().any(|item| matches!(item, Item::Use(_))) {
        items.insert(
            0,
            syn::parse_quote!(
                use crossdock::prelude::*;
            ),
        );
    }
    Found { path: Vec::new(), items }
}

fn device_modules(items: &[Item], path: &mut Vec<String>, found: &mut Vec<Found>) {
    for item in items {
        let Item::Mod(ItemMod { attrs, ident, content: Some((_, items)), .. }) = item else { continue };
        path.push(ident.to_string());
        match is_marked(attrs, "device") {
            true => found.push(Found { path: path.clone(), items: items.clone() }),
            false => device_modules(items, path, found),
        }
        path.pop();
    }
}

fn is_marked(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().segments.last().is_some_and(|last| last.ident == name))
}

fn mistake(file: &str, span: proc_macro2::Span, message: String) -> Mistake {
    let start = span.start();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Mistake {
        file: file.to_string(),
        span: ir::Span { line: number(start.line), column: number(start.column) },
        message,
    }
}

/// A module with everything that it imports, directly or not.
#[derive(Clone)]
struct Lowered {
    module: ir::Module,
    imports: Vec<ir::Module>,
}

/// Lowers modules after those that they import.
struct Lowering<'a> {
    name: &'a str,
    text: &'a str,
    found: &'a [Found],
    /// `Some(None)` while a module is being lowered, and when it has mistakes.
    lowered: Vec<Option<Option<Lowered>>>,
    mistakes: Vec<Mistake>,
}

impl Lowering<'_> {
    fn module(&mut self, index: usize) -> Option<Lowered> {
        if let Some(known) = &self.lowered[index] {
            return known.clone();
        }
        self.lowered[index] = Some(None);
        let found = &self.found[index];
        let dependencies = match front::dependencies(&found.items) {
            Ok(dependencies) => dependencies,
            Err(diagnostics) => {
                self.report(diagnostics);
                return None;
            }
        };
        let before = self.mistakes.len();
        let (mut direct, mut all): (Vec<ir::Module>, Vec<ir::Module>) = (Vec::new(), Vec::new());
        let mut complete = true;
        for dependency in &dependencies {
            match self.import(index, &dependency.path) {
                Some(lowered) => {
                    all.extend(lowered.imports);
                    all.push(lowered.module.clone());
                    direct.push(lowered.module);
                }
                None => complete = false,
            }
        }
        // Whatever is missing is reported where it is.
        if !complete || self.mistakes.len() > before {
            return None;
        }
        let stem = self.name.trim_end_matches(".rs");
        let identity = std::iter::once(stem).chain(found.path.iter().map(String::as_str));
        let identity = identity.map(|part| part.replace(|c: char| !c.is_alphanumeric() && c != '_', "_"));
        let identity = identity.collect::<Vec<_>>().join("::");
        let source = front::Source { name: &identity, file: self.name, text: Some(self.text) };
        let (direct, known): (Vec<&ir::Module>, Vec<&ir::Module>) =
            (direct.iter().collect(), all.iter().collect());
        match front::lower(&found.items, &source, &direct, &known) {
            Ok(module) => {
                let lowered = Lowered { module, imports: all };
                self.lowered[index] = Some(Some(lowered.clone()));
                Some(lowered)
            }
            Err(diagnostics) => {
                self.report(diagnostics);
                None
            }
        }
    }

    fn report(&mut self, diagnostics: Vec<front::Diagnostic>) {
        let mistakes = diagnostics.into_iter().map(|found| mistake(self.name, found.span, found.message));
        self.mistakes.extend(mistakes);
    }

    /// The module that a path in the module at `index` leads to.
    fn import(&mut self, index: usize, path: &syn::Path) -> Option<Lowered> {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let words: Vec<&str> = segments.iter().map(String::as_str).collect();
        let here: Vec<&str> = self.found[index].path.iter().map(String::as_str).collect();
        if let Some(other) = self.found.iter().position(|found| leads_to(&here, &words, &found.path)) {
            let circular = matches!(self.lowered[other], Some(None)) && self.mistakes.is_empty();
            if circular {
                let message = "these device modules import from one another in a circle: move what both use into a third";
                self.complain(path, message.to_string());
            }
            return self.module(other);
        }
        let shipped = match words.split_first() {
            Some((&("crossdock" | "crossdock_device" | "crate"), rest)) => shipped(&rest.join("::")),
            _ => None,
        };
        if shipped.is_none() {
            let message = format!(
                "`{}` is not in this file: it may import from its own device modules and from crossdock's",
                words.join("::")
            );
            self.complain(path, message);
        }
        shipped
    }

    fn complain(&mut self, path: &syn::Path, message: String) {
        let start =
            path.segments.first().map_or_else(proc_macro2::Span::call_site, |first| first.ident.span());
        self.mistakes.push(mistake(self.name, start, message));
    }
}

/// Whether a path in the module `here` names the module `there`.
fn leads_to(here: &[&str], words: &[&str], there: &[String]) -> bool {
    let ups = words.iter().take_while(|word| **word == "super").count();
    let (base, rest): (&[&str], &[&str]) = match words.first() {
        Some(&"crate") => (&[], &words[1..]),
        Some(&"self") => (here, &words[1..]),
        _ if ups > here.len() => return false,
        _ => (&here[..here.len() - ups], &words[ups..]),
    };
    base.iter().chain(rest).eq(there.iter())
}

/// One of crossdock's own modules.
fn shipped(path: &str) -> Option<Lowered> {
    let module = DeviceModule::imported(path)?;
    let mut modules = module.texts().into_iter().map(text::parse).collect::<Result<Vec<_>, _>>().ok()?;
    let module = modules.remove(0);
    Some(Lowered { module, imports: modules })
}
