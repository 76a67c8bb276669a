//! What is wrong with a module whatever its kernels are specialised for, so that the crate that
//! defines a kernel hears of it, and not the crate that specialises it.

use crossdock_ptx::table::{NEWEST_VERSION, Target};

use super::program::Program;
use super::signature::Options;
use super::specialise::specialise;
use super::uniformity;
use crate::{Error, Mistake};

/// The mistakes of the module called `name` that need no const parameter to be known: barriers and
/// warp operations that some threads never reach, and in kernels without const parameters
/// everything that specialisation refuses.
///
/// There are no false ones. What depends on a const parameter or on the target is left to
/// [`specialise()`].
pub fn examine(program: &Program, name: &str) -> Vec<Mistake> {
    let mut found: Vec<Mistake> = Vec::new();
    let Some(index) = program.modules.iter().position(|module| module.name == name) else { return found };
    for function in &program.modules[index].functions {
        let kernel = format!("{name}::{}", function.name);
        let mistakes = for_every_target(|target| {
            let mut mistakes = uniformity::certain_mistakes(program, target, index, function);
            if function.kernel.is_some() && function.const_parameters.is_empty() {
                mistakes.extend(refused(program, &kernel, target));
            }
            mistakes
        });
        for mistake in mistakes {
            let same = |known: &Mistake| known.span == mistake.span && known.file == mistake.file;
            if !found.iter().any(same) {
                found.push(mistake);
            }
        }
    }
    found.sort_by_key(|mistake| (mistake.span.line, mistake.span.column));
    found
}

/// What specialisation refuses. A violated relation is left to whoever asks for the kernel.
fn refused(program: &Program, kernel: &str, target: Target) -> Vec<Mistake> {
    match specialise(program, kernel, &[], &Options { target, version: NEWEST_VERSION }) {
        Err(Error::Specialise(mistakes)) => mistakes,
        _ => Vec::new(),
    }
}

/// The mistakes that are made whatever the target is.
fn for_every_target(mistakes: impl Fn(Target) -> Vec<Mistake>) -> Vec<Mistake> {
    let mut targets = Target::all();
    let mut found = targets.next().map(&mistakes).unwrap_or_default();
    for target in targets {
        if found.is_empty() {
            break;
        }
        let others = mistakes(target);
        found.retain(|mistake| others.contains(mistake));
    }
    found
}
