//! Linking: modules become a program, which is proof that they are valid.

use super::program::Program;
use super::validate;
use crate::Error;
use crate::ir::Module;

/// Links modules into a program: every name resolves, every type agrees, nothing is recursive, every local is assigned
/// before it is read.
///
/// # Errors
///
/// [`Error::Invalid`] with every mistake of every module.
pub fn link(modules: Vec<Module>) -> Result<Program, Error> {
    let program = Program::of(modules);
    let mistakes = validate::mistakes(&program);
    match mistakes.is_empty() {
        true => Ok(program),
        false => Err(Error::Invalid(mistakes)),
    }
}
