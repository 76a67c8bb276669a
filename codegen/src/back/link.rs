//! Linking: modules become a program, which is proof that they are valid.

use rustc_hash::FxHashSet;

use super::program::Program;
use super::{generics, validate};
use crate::front::core;
use crate::ir::{Module, Span};
use crate::{Error, Mistake};

/// Links modules into a program: generic items are made for the types that they are used with,
/// every name resolves, every type agrees, nothing is recursive, every local is assigned before it
/// is read.
///
/// # Errors
///
/// [`Error::Invalid`] with every mistake of every module.
pub fn link(modules: Vec<Module>) -> Result<Program, Error> {
    linked(modules, None)
}

/// As [`link`], where the module `name` is defined: its generic functions are made for all types
/// that they may be used with, and checked for each.
///
/// # Errors
///
/// As [`link`].
pub fn define(modules: Vec<Module>, name: &str) -> Result<Program, Error> {
    linked(modules, Some(name))
}

fn linked(mut modules: Vec<Module>, whole: Option<&str>) -> Result<Program, Error> {
    let generic = modules.iter().any(Module::is_generic);
    modules.extend(core().modules.iter().cloned());
    let mistakes = generics::instantiate(&mut modules, whole);
    if !mistakes.is_empty() {
        return Err(Error::Invalid(each_place_once(mistakes)));
    }
    let program = Program::of(modules);
    let mistakes = validate::mistakes(&program);
    match mistakes.is_empty() {
        true => Ok(program),
        false if generic => Err(Error::Invalid(each_place_once(mistakes))),
        false => Err(Error::Invalid(mistakes)),
    }
}

/// What is wrong with a generic item is wrong for several types: it is told for the first.
fn each_place_once(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    let mut places = FxHashSet::default();
    mistakes.retain(|mistake| {
        mistake.span == Span::default() || places.insert((mistake.file.clone(), mistake.span))
    });
    mistakes
}
