//! Writes a kernel down as instructions, its const parameters known: one walk over the IR that
//! folds what is constant, drops dead arms before looking at them, inlines calls, repeats unrolled
//! loops, and emits the rest.

mod address;
mod arithmetic;
mod asm;
mod atomics;
mod bits;
mod calls;
mod compare;
mod control;
mod convert;
mod entry;
mod expressions;
mod frame;
mod index;
mod loops;
mod memory;
mod multiply;
mod parts;
mod quotient;
mod roles;
mod rounded;
mod scalar;
mod select;
mod shared;
mod small_floats;
mod statements;
mod value;
mod vectors;
mod warp;
mod wide;

use crossdock_ptx::opcode;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::constant::Constant;
use super::emit::{Argument, Assembly, Base, Class, Register, SharedVariable, SourceLine};
use super::evaluate::{Evaluator, KnownLengths};
use super::layout::{self, Layout, Leaf};
use super::program::Program;
use super::signature::{Kernel, Options};
use crate::ir::{KernelAttributes, Span, Type};
use crate::{Error, Mistake};
pub(in crate::back) use atomics::Change;
use frame::Frame;
use value::{Value, Want};

/// Makes the PTX of one kernel for the given const parameters.
///
/// `kernel` is a function name such as `dispatch`, or a full path (`module::dispatch`) when several
/// modules have a kernel of that name. `parameters` are the kernel's const parameters by name, in
/// any order; bools are 0 or 1.
///
/// # Errors
///
/// [`Error::NoSuchKernel`], [`Error::Parameter`], or [`Error::Several`], for a missing, unknown or
/// out-of-range const parameter, [`Error::Relation`] for a failed `const { assert!(..) }`,
/// [`Error::Specialise`] for constructs that only turn out to be impossible once the constants are
/// known, [`Error::Ptx`] for a bug of this crate.
pub fn specialise(
    program: &Program,
    kernel: &str,
    parameters: &[(&str, i128)],
    options: &Options,
) -> Result<Kernel, Error> {
    entry::specialise(program, kernel, parameters, options)
}

/// Lines that a kernel may have, and statements that may be walked to write them.
const MOST_LINES: usize = 400_000;
const MOST_STATEMENTS: u64 = 4_000_000;
/// What inlining a call costs beside its body, in statements.
const STATEMENTS_OF_A_CALL: u64 = 32;
/// Calls, blocks and expressions inside one another.
const MOST_DEPTH: u32 = 300;

/// Why the walk does not go on here.
#[derive(Debug)]
enum Stop {
    /// The mistake is recorded; the next statement may be looked at.
    Recorded,
    /// Nothing further makes sense.
    Fatal(Box<Error>),
}

type Outcome<T> = Result<T, Stop>;

/// A kernel in the making.
#[derive(Debug)]
struct Specialiser<'p> {
    program: &'p Program,
    evaluator: Evaluator<'p>,
    body: Assembly,
    mistakes: Vec<Mistake>,
    shared: Vec<SharedVariable>,
    dynamic: Option<shared::Dynamic>,
    /// Which shared array a call site has.
    shared_sites: BTreeMap<Vec<usize>, usize>,
    /// Registers that hold shared arrays' addresses, by the array's name.
    shared_addresses: FxHashMap<String, Register>,
    /// Homes of varying locals of the functions that are being inlined: registers whose value may
    /// change.
    homes: FxHashSet<Register>,
    attributes: KernelAttributes,
    /// The kernel's name.
    kernel: &'p str,
    /// The crate of the kernel.
    krate: &'p str,
    roles: roles::Roles,
    options: Options,
    statements: u64,
    depth: u32,
}

impl<'p> Specialiser<'p> {
    /// Records a mistake at `span` of the frame's module, or where the kernel's crate was left.
    fn mistake(&mut self, frame: &Frame<'_>, span: Span, message: impl Into<String>) -> Stop {
        let (module, span) = frame.outside.unwrap_or((frame.module, span));
        let file = self.program.modules[module].file.clone();
        self.record(Mistake { file, span, message: message.into() })
    }

    fn record(&mut self, mistake: Mistake) -> Stop {
        // An unrolled or repeatedly inlined statement makes the same mistake each time.
        if !self.mistakes.contains(&mistake) {
            self.mistakes.push(mistake);
        }
        Stop::Recorded
    }

    /// Instructions from here on belong to `span`.
    fn at(&mut self, frame: &Frame<'_>, span: Span) {
        if span.line > 0 {
            let (line, column) = (span.line, span.column);
            self.body.set_source(Some(SourceLine { module: frame.module, line, column }));
        }
    }

    fn leaves(&mut self, frame: &Frame<'_>, ty: &Type, span: Span) -> Outcome<Vec<Leaf>> {
        let lengths = KnownLengths { evaluator: &self.evaluator, parameters: &frame.parameters };
        layout::leaves(self.program, ty, &lengths).map_err(|message| self.mistake(frame, span, message))
    }

    fn layout(&mut self, frame: &Frame<'_>, ty: &Type, span: Span) -> Outcome<Layout> {
        let lengths = KnownLengths { evaluator: &self.evaluator, parameters: &frame.parameters };
        layout::layout(self.program, ty, &lengths).map_err(|message| self.mistake(frame, span, message))
    }

    fn count(&mut self, frame: &Frame<'_>, ty: &Type, span: Span) -> Outcome<usize> {
        let lengths = KnownLengths { evaluator: &self.evaluator, parameters: &frame.parameters };
        let count = layout::leaf_count(self.program, ty, &lengths);
        count.map(|count| count as usize).map_err(|message| self.mistake(frame, span, message))
    }

    /// The register for a result: the wanted one if it fits, else a new one with the wanted name.
    fn result(&mut self, want: &Want, class: Class) -> Register {
        if let Some([register]) = want.into.as_deref()
            && self.body.class(*register) == class
        {
            return *register;
        }
        self.body.register(class, want.name.as_deref())
    }

    /// The value as an operand. Predicates, and addresses that are more than a register, are
    /// computed first.
    fn argument(&mut self, value: &Value, class: Class) -> Argument {
        match value {
            Value::Constant(constant) if class != Class::Predicate => immediate(*constant),
            Value::Register(register) => Argument::Register(*register),
            _ => Argument::Register(self.register(value, class)),
        }
    }

    /// The value in a register.
    fn register(&mut self, value: &Value, class: Class) -> Register {
        match value {
            Value::Register(register) => *register,
            _ => {
                let register = self.body.register(class, None);
                self.move_into(register, value);
                register
            }
        }
    }

    /// Puts a value into a register.
    fn move_into(&mut self, register: Register, value: &Value) {
        let class = self.body.class(register);
        match value {
            Value::Register(from) if *from == register => {}
            Value::Register(from) => {
                self.body.pure(opcode!(mov.(class)), register, vec![Argument::Register(*from)])
            }
            // `mov.pred` takes no constants.
            Value::Constant(Constant::Bool(value)) => {
                let sides = vec![Argument::Integer(i128::from(*value)), Argument::Integer(1)];
                self.body.pure(opcode!(setp.eq.u32), register, sides);
            }
            Value::Constant(constant) => {
                self.body.pure(opcode!(mov.(class)), register, vec![immediate(*constant)])
            }
            Value::Not(from) => self.body.pure(opcode!(not.pred), register, vec![Argument::Register(*from)]),
            Value::Address(base, offset) => {
                let start = match base {
                    Base::Register(start) => Argument::Register(*start),
                    Base::Symbol(name) => match self.shared_addresses.get(name) {
                        Some(address) => Argument::Register(*address),
                        None => Argument::Symbol(name.clone()),
                    },
                };
                match offset {
                    0 => self.body.pure(opcode!(mov.(class)), register, vec![start]),
                    _ => {
                        let add = if class == Class::Bits64 { opcode!(add.s64) } else { opcode!(add.s32) };
                        self.body.pure(add, register, vec![start, Argument::Integer(i128::from(*offset))]);
                    }
                }
            }
        }
    }

    /// Whether the value's register may change while the value is still needed.
    fn may_change(&self, value: &Value) -> bool {
        match value {
            Value::Constant(_) | Value::Address(Base::Symbol(_), _) => false,
            Value::Register(register)
            | Value::Not(register)
            | Value::Address(Base::Register(register), _) => self.homes.contains(register),
        }
    }

    /// The value in a form that stays as it is: copied when it is the current value of something
    /// that varies.
    fn settle(&mut self, value: Value, class: Class, name: Option<&str>) -> Value {
        if !self.may_change(&value) {
            return value;
        }
        let register = self.body.register(class, name);
        self.move_into(register, &value);
        Value::Register(register)
    }
}

/// A constant as an immediate operand. Unsigned 64-bit numbers beyond the signed range become their
/// bit pattern.
fn immediate(constant: Constant) -> Argument {
    match constant {
        Constant::Bool(value) => Argument::Integer(i128::from(value)),
        Constant::Integer(value) if value > i128::from(i64::MAX) => Argument::Integer(value - (1i128 << 64)),
        Constant::Integer(value) => Argument::Integer(value),
        Constant::Float32(bits) => Argument::Float32(bits),
        Constant::Float64(bits) => Argument::Float64(bits),
    }
}
