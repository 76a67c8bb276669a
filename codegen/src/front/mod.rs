//! From the tokens of a `#[device]` module to a generic [`ir::Module`].
//!
//! Four phases, each of which reports every mistake that it finds into one sink:
//!
//! 1. [`dependencies()`] and the item phase sort what the module imports and defines, and work out
//!    all signatures.
//! 2. Names and types: each body becomes a typed tree; literals and plain `let`s find their types
//!    by unification.
//! 3. Flattening: control flow leaves the expressions, in Rust's order of evaluation.
//! 4. What is left is checked where it needs types: operators, casts, memory operations.
//!
//! rustc checks the same source as the [`twin()`], so this front end has to be right about correct
//! Rust, and brief about what rustc reports too. A construct outside the language is an error with
//! the alternative, never approximated.

mod asm;
mod assertions;
mod attributes;
mod body;
mod calls;
mod core;
mod dependencies;
mod diagnostic;
mod enums;
mod expressions;
mod flatten;
mod functions;
mod generics;
mod items;
mod lengths;
mod literals;
mod local_constants;
mod loops;
mod matching;
mod mentions;
mod methods;
mod modifiers;
mod names;
mod operations;
mod operators;
mod parts;
mod patterns;
mod refused;
mod roles;
mod scalar_methods;
mod signatures;
mod slices;
mod statements;
mod terms;
mod tree;
mod twin;
mod types;

use std::collections::BTreeMap;

pub use core::{Core, core};
pub use dependencies::{Dependency, Name, Names, dependencies};
pub use diagnostic::Diagnostic;
pub use twin::twin;

use quote::ToTokens;

use crate::ir;
use dependencies::Imports;
use diagnostic::Diagnostics;
use items::{FunctionItem, Items};
use names::Environment;

/// Where a module's tokens come from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// [`ir::Module::name`].
    pub name: &'a str,
    /// The Rust file, relative to its package or workspace.
    pub file: &'a str,
    /// The text of the whole file when it can be read, for [`ir::Module::lines`].
    pub text: Option<&'a str>,
}

/// Lowers the items of one `#[device]` module.
///
/// `imports[i]` belongs to the i-th of [`dependencies()`]; `linked` are all modules that are known,
/// directly or not.
///
/// # Errors
///
/// All mistakes of the module, in source order.
pub fn lower(
    items: &[syn::Item],
    source: &Source<'_>,
    imports: &[&ir::Module],
    linked: &[&ir::Module],
) -> Result<ir::Module, Vec<Diagnostic>> {
    lower_within(items, source, imports, linked, Some(core()))
}

/// As [`lower`], with the methods of that core library.
fn lower_within(
    items: &[syn::Item],
    source: &Source<'_>,
    imports: &[&ir::Module],
    linked: &[&ir::Module],
    core: Option<&Core>,
) -> Result<ir::Module, Vec<Diagnostic>> {
    let mut diagnostics = Diagnostics::default();
    let declared = Imports::collect(items, &mut diagnostics);
    let mut environment = Environment::new(source.name, &declared, imports, linked, core);
    let items = Items::collect(items, &mut environment, &mut diagnostics);
    let enums = items.declare_enums(&mut environment, &mut diagnostics);
    let structs = items.declare(&mut environment, &mut diagnostics);
    let known = imports.iter().chain(linked).copied().chain(core.into_iter().flat_map(|core| &core.modules));
    let mut costs = functions::known_costs(known);
    let constants = functions::constants(&items.constants, &environment, &costs, &mut diagnostics);
    let functions = functions::functions(&items.functions, &environment, &mut costs, &mut diagnostics);
    let mut module = ir::Module {
        name: source.name.to_string(),
        file: source.file.to_string(),
        imports: Vec::new(),
        structs,
        enums,
        constants,
        functions,
        lines: lines(&items.functions, source.text),
    };
    module.imports = mentions::imports(&module);
    diagnostics.finish(module)
}

/// The position of a span's first character.
fn position(span: proc_macro2::Span) -> ir::Span {
    let start = span.start();
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    ir::Span { line: number(start.line), column: number(start.column) }
}

/// The source lines that functions cover.
fn lines(functions: &[FunctionItem<'_>], text: Option<&str>) -> BTreeMap<u32, String> {
    let text: Vec<&str> = text.unwrap_or_default().lines().collect();
    let mut lines = BTreeMap::new();
    for function in functions {
        let first = position(function.written.fn_token.span).line;
        let last = last_line(function.block.to_token_stream());
        for line in first.max(1)..=last {
            let written = text.get(line as usize - 1).map_or("", |line| line.trim());
            if !written.is_empty() {
                lines.insert(line, written.to_string());
            }
        }
    }
    lines
}

/// The line of the last token. (Tokens that passed through a macro have lost where their closing
/// braces stood.)
fn last_line(tokens: proc_macro2::TokenStream) -> u32 {
    let line = |token: proc_macro2::TokenTree| match token {
        proc_macro2::TokenTree::Group(group) => last_line(group.stream()).max(position(group.span()).line),
        other => position(other.span()).line,
    };
    tokens.into_iter().map(line).max().unwrap_or(0)
}
