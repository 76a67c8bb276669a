//! Random modules for property tests.
//!
//! [`well_formed`] gives modules that break no rule of the IR: names resolve, types agree, locals
//! are assigned before they are read. [`arbitrary`] additionally scrambles types, positions, names
//! and literals: any value of the data types. Both grow a module from a list of choices, so that
//! fewer and smaller choices mean a smaller module, and proptest shrinks failures.
//!
//! Another test reuses this with `#[path = "text/random/mod.rs"] mod random;`.

mod choices;
mod expressions;
mod intrinsics;
mod literals;
mod modules;
mod scramble;
mod statements;
mod types;

use crossdock_codegen::ir::Module;
use proptest::prelude::*;

use choices::Choices;

/// Up to `size` choices, 0 being the simplest at each.
fn choices(size: usize) -> impl Strategy<Value = Choices> {
    prop::collection::vec(any::<u32>(), 0..size).prop_map(Choices::new)
}

/// Two modules, the second importing the first, that break no rule.
pub(crate) fn well_formed(size: usize) -> impl Strategy<Value = [Module; 2]> {
    choices(size).prop_map(|mut choices| modules::pair(&mut choices, false))
}

/// A module with odd names, types that do not agree and mentions of what does not exist.
#[allow(dead_code, reason = "only the text test wants ill-formed modules")]
pub(crate) fn arbitrary(size: usize) -> impl Strategy<Value = Module> {
    choices(size).prop_map(|mut choices| {
        let [_, mut module] = modules::pair(&mut choices, true);
        scramble::scramble(&mut module, &mut choices);
        module
    })
}
