//! Checks a linked program, all mistakes at once. What follows may rely on every rule here.
//!
//! * [`items`]: names are unique and exist, kernels have launchable signatures, nothing contains or
//!   calls itself.
//! * [`types`] and [`expressions`]: every expression has the type that it says it has.
//! * [`intrinsics`]: operands, orders and scopes that PTX allows.
//! * [`flow`]: loops are left from inside, functions return, locals are assigned before they are
//!   read.

mod expressions;
mod flow;
mod intrinsics;
mod items;
mod recursion;
mod statements;
mod types;

use super::program::Program;
use crate::Mistake;
use crate::ir::{Function, Module, Span};

/// Every mistake of the program.
pub(super) fn mistakes(program: &Program) -> Vec<Mistake> {
    let mut mistakes = items::repeated_modules(program);
    for module in &program.modules {
        let mut checker = Checker { program, module, function: None, depth: 0, mistakes: &mut mistakes };
        checker.items();
    }
    if mistakes.is_empty() {
        recursion::check(program, &mut mistakes);
    }
    mistakes
}

/// Checks one module; inside a function, that function.
struct Checker<'a> {
    program: &'a Program,
    module: &'a Module,
    function: Option<&'a Function>,
    /// Blocks and expressions around the current one.
    depth: u32,
    mistakes: &'a mut Vec<Mistake>,
}

/// Blocks and expressions inside one another.
const MOST_NESTED: u32 = 256;

impl Checker<'_> {
    /// One level deeper. Says whether that is still allowed.
    fn enter(&mut self, span: Span) -> bool {
        if self.depth == MOST_NESTED {
            self.mistake(span, format!("this is nested more than {MOST_NESTED} deep: split it up"));
            return false;
        }
        self.depth += 1;
        true
    }

    fn mistake(&mut self, span: Span, message: impl Into<String>) {
        self.mistakes.push(Mistake { file: self.module.file.clone(), span, message: message.into() });
    }
}
