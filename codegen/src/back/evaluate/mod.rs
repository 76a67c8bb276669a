//! Runs constant expressions and `const fn`s at specialisation: an interpreter of the IR without
//! memory or warps.
//!
//! Every run has a step limit, and all runs of a kernel together have one, so that no input keeps
//! it busy forever.

mod expressions;
mod message;
mod statements;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crossdock_ptx::table::Target;

use crate::Mistake;
use crate::back::constant::Constant;
use crate::back::layout::Lengths;
use crate::back::program::Program;
use crate::ir::{Expr, Function, Path, Size, Span};

/// Const parameters of a function by name.
pub(in crate::back) type Parameters = BTreeMap<String, Constant>;

/// Steps that one constant expression may take.
const MOST_STEPS: u64 = 4_000_000;
/// Steps that all constant expressions of a kernel may take together.
const MOST_STEPS_IN_ALL: u64 = 4 * MOST_STEPS;
/// What a call costs beside its body: names are looked up and values are moved.
const STEPS_OF_A_CALL: u64 = 32;
/// Calls, blocks and expressions inside one another.
const MOST_DEPTH: u32 = 200;

/// Evaluates constant expressions of a program.
#[derive(Debug)]
pub(in crate::back) struct Evaluator<'a> {
    program: &'a Program,
    target: Target,
    constants: RefCell<FxHashMap<Path, Result<Vec<Constant>, Mistake>>>,
    /// Steps of the expression that is being run.
    steps: Cell<u64>,
    steps_in_all: Cell<u64>,
}

/// The lengths that arrays have in a function whose const parameters are known.
#[derive(Debug)]
pub(in crate::back) struct KnownLengths<'a, 'p> {
    pub(in crate::back) evaluator: &'a Evaluator<'p>,
    pub(in crate::back) parameters: &'a Parameters,
}

impl Lengths for KnownLengths<'_, '_> {
    fn length(&self, size: &Size) -> Result<u64, String> {
        let value = match size {
            Size::Literal(length) => return Ok(*length),
            Size::Parameter(name) => self.parameters.get(name).and_then(|value| value.integer()),
            Size::Constant(path) => {
                match self.evaluator.constant(path).map_err(|mistake| mistake.message)?.as_slice() {
                    [value] => value.integer(),
                    _ => None,
                }
            }
        };
        let value = value.ok_or("an array length must be an integer constant")?;
        u64::try_from(value).map_err(|_| format!("an array length must not be negative: {value}"))
    }
}

/// A running function.
struct Activation<'a, 'p> {
    module: usize,
    parameters: &'a Parameters,
    function: Option<&'p Function>,
    locals: Vec<Option<Vec<Constant>>>,
    depth: u32,
}

/// How a block ended.
enum Flow {
    Next,
    Break(u32),
    Continue(u32),
    Return(Vec<Constant>),
}

impl<'p> Evaluator<'p> {
    pub(in crate::back) fn new(program: &'p Program, target: Target) -> Evaluator<'p> {
        Evaluator {
            program,
            target,
            constants: RefCell::default(),
            steps: Cell::new(0),
            steps_in_all: Cell::new(0),
        }
    }

    /// What the kernel is made for.
    pub(in crate::back) fn target(&self) -> Target {
        self.target
    }

    /// The value of a constant item.
    pub(in crate::back) fn constant(&self, path: &Path) -> Result<Vec<Constant>, Mistake> {
        if let Some(known) = self.constants.borrow().get(path) {
            return known.clone();
        }
        let Some((module, item)) = self.program.constant(path) else {
            return Err(Mistake {
                file: String::new(),
                span: Span::default(),
                message: format!("there is no constant `{path}`"),
            });
        };
        let value = self.expression(module, &Parameters::new(), &item.value);
        self.constants.borrow_mut().insert(path.clone(), value.clone());
        value
    }

    /// The value of a constant expression in `module`.
    pub(in crate::back) fn expression(
        &self,
        module: usize,
        parameters: &Parameters,
        expression: &Expr,
    ) -> Result<Vec<Constant>, Mistake> {
        let mut activation = Activation { module, parameters, function: None, locals: Vec::new(), depth: 0 };
        self.steps.set(0);
        self.value(&mut activation, expression)
    }

    /// The value of a call of a `const fn` with constant arguments.
    pub(in crate::back) fn call(
        &self,
        function: &Path,
        parameters: &Parameters,
        arguments: Vec<Vec<Constant>>,
    ) -> Result<Vec<Constant>, Mistake> {
        self.steps.set(0);
        self.invoke(function, parameters, arguments, 0, |message| Mistake {
            file: String::new(),
            span: Span::default(),
            message,
        })
    }

    fn mistake(&self, activation: &Activation<'_, 'p>, span: Span, message: impl Into<String>) -> Mistake {
        let file = self.program.modules[activation.module].file.clone();
        Mistake { file, span, message: message.into() }
    }

    fn step(&self, activation: &Activation<'_, 'p>, span: Span) -> Result<(), Mistake> {
        self.steps(activation, span, 1)
    }

    fn steps(&self, activation: &Activation<'_, 'p>, span: Span, count: u64) -> Result<(), Mistake> {
        self.steps.set(self.steps.get() + count);
        self.steps_in_all.set(self.steps_in_all.get() + count);
        let message = if self.steps.get() > MOST_STEPS {
            format!("this constant expression takes more than {MOST_STEPS} steps: make it shorter")
        } else if self.steps_in_all.get() > MOST_STEPS_IN_ALL {
            format!(
                "the kernel's constant expressions take more than {MOST_STEPS_IN_ALL} steps together: make them shorter"
            )
        } else {
            String::new()
        };
        if !message.is_empty() {
            return Err(self.mistake(activation, span, message));
        }
        if activation.depth > MOST_DEPTH {
            return Err(self.mistake(
                activation,
                span,
                format!("this constant expression is nested more than {MOST_DEPTH} deep: split it up"),
            ));
        }
        Ok(())
    }

    fn invoke(
        &self,
        path: &Path,
        parameters: &Parameters,
        arguments: Vec<Vec<Constant>>,
        depth: u32,
        mistake: impl Fn(String) -> Mistake,
    ) -> Result<Vec<Constant>, Mistake> {
        let Some((module, function)) = self.program.function(path) else {
            return Err(mistake(format!("there is no function `{path}`")));
        };
        if !function.is_const {
            return Err(mistake(format!("`{}` is not constant: declare it `const fn`", function.name)));
        }
        let mut locals: Vec<Option<Vec<Constant>>> = arguments.into_iter().map(Some).collect();
        locals.resize(function.locals.len(), None);
        let mut activation = Activation { module, parameters, function: Some(function), locals, depth };
        match self.block(&mut activation, &function.body)? {
            Flow::Return(value) => Ok(value),
            _ => Ok(Vec::new()),
        }
    }
}

/// What a finished loop body means for the loop: `None` to go on.
fn leave(flow: Flow) -> Option<Flow> {
    match flow {
        Flow::Next | Flow::Continue(0) => None,
        Flow::Break(0) => Some(Flow::Next),
        Flow::Break(depth) => Some(Flow::Break(depth - 1)),
        Flow::Continue(depth) => Some(Flow::Continue(depth - 1)),
        Flow::Return(value) => Some(Flow::Return(value)),
    }
}
