//! Uniformity: block barriers and warp operations only where all the threads that they name
//! provably arrive.
//!
//! The check walks a kernel with its const parameters known, device functions inlined with their
//! actual arguments, and tracks two things: how far every value is the same ([`Level`]), and how
//! far the threads that execute a statement stay together ([`Control`]). Loops are walked until
//! nothing grows. [`Uniform`] is what it gives, and the printer of PTX requires one.
//!
//! **What is claimed.** Every thread that an operation names executes it, equally often and in the
//! same order as the other such operations, unless it waits forever or the launch ends with a trap.
//! That is what the `.sync` instructions of PTX need: they wait for the threads that they name, so
//! threads need not be converged when they arrive. In particular a divergent `if` without an early
//! exit does not matter for what follows it, and neither does a loop that lanes leave at different
//! times, once it is over.
//!
//! **What is assumed.** The program is free of data races, and threads that are to read one value
//! by the same weak read are not made to wait for one another in between through flags: then they
//! all read the same. The entry requires blocks of whole warps, so warp `w` is the threads `32 w`
//! to `32 w + 31` in the order of `thread_in_block()`, x varying fastest. An `assume_..` is
//! believed.
//!
//! **Roles.** Inside a role, [`Level::Block`] means the threads of the role: all of them are there,
//! and what is the same for the block is the same for them. Behind the roles, what one of them
//! assigned differs between warps ([`roles`]).

mod asm;
mod control;
mod expressions;
mod fact;
mod loops;
mod message;
mod operations;
mod roles;
mod statements;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crossdock_ptx::table::Target;

use super::evaluate::{Evaluator, Parameters};
use super::program::Program;
use crate::Mistake;
use crate::ir::{Function, KernelAttributes, Span};
use control::Control;
use fact::{Fact, Level, Position, Value};

/// Statements and expressions that may be walked for one kernel.
const MOST_STEPS: u64 = 8_000_000;
/// What a call costs beside its body, in steps.
const STEPS_OF_A_CALL: u64 = 32;
/// Calls, blocks and expressions inside one another.
const MOST_DEPTH: u32 = 300;

/// The proof that a kernel's barriers and warp operations are reached by all that they name. Only
/// [`check`] makes one.
#[derive(Debug)]
pub(super) struct Uniform(());

/// Checks a kernel for these const parameters.
pub(super) fn check(
    program: &Program,
    target: Target,
    module: usize,
    kernel: &Function,
    parameters: &Parameters,
) -> Result<Uniform, Vec<Mistake>> {
    let mut analysis = Analysis::new(program, target, module, kernel, false);
    let mut walk = Walk::new(module, kernel, parameters.clone(), Control::together());
    for local in walk.locals.iter_mut().take(kernel.parameters) {
        *local = Some(Value::Whole(Fact::uniform()));
    }
    if analysis.block(&mut walk, &kernel.body).is_err() {
        let file = program.modules[module].file.clone();
        let message = "this kernel is too large to prove that its barriers are reached together: split it up";
        analysis.mistakes.push(Mistake { file, span: kernel.span, message: message.to_string() });
    }
    let warps = kernel.kernel.as_ref().map_or(1, KernelAttributes::warps);
    analysis.barriers_are_reached_by_their_threads(warps);
    match analysis.mistakes.is_empty() {
        true => Ok(Uniform(())),
        false => Err(analysis.mistakes),
    }
}

/// What is wrong with a function whatever its const parameters, and, unless it is a kernel, its
/// arguments are: threads are taken to arrive together, and what is not known yet is never held
/// against the function. What this leaves out, [`check`] finds. A mistake in another module is
/// reported where this function calls what leads there.
pub(super) fn certain_mistakes(
    program: &Program,
    target: Target,
    module: usize,
    function: &Function,
) -> Vec<Mistake> {
    let mut analysis = Analysis::new(program, target, module, function, true);
    let mut walk = Walk::new(module, function, Parameters::new(), Control::together());
    let argument = if function.kernel.is_some() { Fact::uniform() } else { Fact::undecided() };
    for local in walk.locals.iter_mut().take(function.parameters) {
        *local = Some(Value::Whole(argument.clone()));
    }
    // Specialisation complains of what is too large.
    let _ = analysis.block(&mut walk, &function.body);
    let file = &program.modules[module].file;
    let at_home = |(mistake, called_at): (Mistake, Option<Span>)| match called_at {
        Some(span) if mistake.file != *file => {
            Mistake { message: mistake.to_string(), file: file.clone(), span }
        }
        _ => mistake,
    };
    analysis.mistakes.into_iter().zip(analysis.called_at).map(at_home).collect()
}

/// The walk is larger than it may be.
struct TooLarge;

type Step<T> = Result<T, TooLarge>;

/// Values of all locals; `None` before the first assignment.
type State = Vec<Option<Value>>;

/// What is known of one kernel.
struct Analysis<'p> {
    program: &'p Program,
    evaluator: Evaluator<'p>,
    /// How far control must be together for a block barrier: in a block of one warp, that is the
    /// warp.
    whole_block: Level,
    /// How the kernel is launched, if it is one.
    attributes: Option<&'p KernelAttributes>,
    /// The crate of the kernel: the first part of its module's name.
    krate: &'p str,
    /// The roles that were met.
    roles: Vec<roles::Met>,
    /// Who reaches the barriers that the kernel numbers.
    named_barriers: BTreeMap<i128, roles::Reached>,
    mistakes: Vec<Mistake>,
    /// Where the function that is checked calls what leads to each mistake.
    called_at: Vec<Option<Span>>,
    /// Whether const parameters are still to be decided.
    open: bool,
    /// Call sites from the kernel to what is being walked.
    path: Vec<usize>,
    /// What held at the head of each loop, by call path and loop, when it was last walked.
    heads: FxHashMap<(Vec<usize>, usize), loops::Head>,
    /// Assignments so far, to tell values apart.
    identities: u64,
    steps: u64,
    depth: u32,
}

/// A function that is being walked.
struct Walk<'p> {
    module: usize,
    function: &'p Function,
    parameters: Parameters,
    /// Where the kernel's crate was left: mistakes in functions of other crates are reported there.
    outside: Option<Position>,
    /// How many of `loops` are around the role that is being walked, if this function has one.
    around_role: Option<usize>,
    locals: State,
    /// Who executes the current block, early exits aside.
    base: Control,
    /// Who has left the function early.
    returned: Control,
    result: Option<Value>,
    /// Enclosing loops, innermost last.
    loops: Vec<loops::Running>,
    /// Undecided branches on the way here, and on the way to the function's start.
    undecided: u32,
    undecided_before: u32,
    /// Where the function that is checked calls what leads here.
    called_at: Option<Span>,
}

impl<'p> Walk<'p> {
    fn new(module: usize, function: &'p Function, parameters: Parameters, base: Control) -> Walk<'p> {
        Walk {
            module,
            function,
            parameters,
            outside: None,
            around_role: None,
            locals: vec![None; function.locals.len()],
            base,
            returned: Control::together(),
            result: None,
            loops: Vec::new(),
            undecided: 0,
            undecided_before: 0,
            called_at: None,
        }
    }

    /// Who executes the current statement, early exits included.
    fn control(&self) -> Control {
        let mut control = self.base.clone();
        control.meet(&self.returned);
        for running in &self.loops {
            control.meet(&running.left);
            control.meet(&running.skipped);
        }
        control
    }

    /// Who has left the function and its loops so far.
    fn exits(&self) -> (Control, Vec<(Control, Control)>) {
        let loops = self.loops.iter().map(|running| (running.left.clone(), running.skipped.clone()));
        (self.returned.clone(), loops.collect())
    }

    fn set_exits(&mut self, (returned, loops): (Control, Vec<(Control, Control)>)) {
        self.returned = returned;
        for (running, (left, skipped)) in self.loops.iter_mut().zip(loops) {
            (running.left, running.skipped) = (left, skipped);
        }
    }

    /// Where that is: what has no place, in the core library, is where that is called.
    fn position(&self, span: Span) -> Position {
        let here = Position { module: self.module, span };
        self.outside.filter(|_| span == Span::default()).unwrap_or(here)
    }
}

impl<'p> Analysis<'p> {
    fn new(
        program: &'p Program,
        target: Target,
        module: usize,
        function: &'p Function,
        open: bool,
    ) -> Analysis<'p> {
        let warps = function.kernel.as_ref().map_or(1, KernelAttributes::warps);
        Analysis {
            program,
            evaluator: Evaluator::new(program, target),
            whole_block: if warps == 1 { Level::Warp } else { Level::Block },
            attributes: function.kernel.as_ref(),
            krate: program.modules[module].krate(),
            roles: Vec::new(),
            named_barriers: BTreeMap::new(),
            mistakes: Vec::new(),
            called_at: Vec::new(),
            open,
            path: Vec::new(),
            heads: FxHashMap::default(),
            identities: 0,
            steps: 0,
            depth: 0,
        }
    }

    /// What is known of a const parameter that has no value.
    fn unknown(&self) -> Fact {
        if self.open { Fact::undecided() } else { Fact::uniform() }
    }

    fn step(&mut self) -> Step<()> {
        self.steps(1)
    }

    fn steps(&mut self, count: u64) -> Step<()> {
        self.steps += count;
        match self.steps > MOST_STEPS || self.depth > MOST_DEPTH {
            true => Err(TooLarge),
            false => Ok(()),
        }
    }
}
