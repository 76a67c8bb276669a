//! The body of an entry while it is being written: instructions over unnamed registers and labels.
//!
//! Nothing here knows Rust. Registers and labels get their final names, and declarations, only when
//! the whole body is there and its dead parts are gone ([`cleanup`], [`names`], [`print`]).

use std::borrow::Cow;

use crossdock_ptx::table::opcode::Words;
use crossdock_ptx::{Spelling, Type};

mod cleanup;
mod names;
mod print;

pub(super) use names::identifier;
pub(super) use print::{Entry, SharedVariable, print};

/// A virtual register of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Register(u32);

/// A branch target of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Label(u32);

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Class {
    Predicate,
    /// Only between a conversion of 8- and 16-bit floats and the 32-bit register that holds the
    /// value.
    Bits16,
    Bits32,
    Bits64,
    /// Only between an operation on sixteen bytes and the registers that hold their parts.
    Bits128,
    Float32,
    Float64,
}

impl Class {
    const ALL: [Class; 7] = [
        Class::Predicate,
        Class::Bits16,
        Class::Bits32,
        Class::Bits64,
        Class::Bits128,
        Class::Float32,
        Class::Float64,
    ];

    /// The type that its registers are declared with.
    const fn ty(self) -> Type {
        match self {
            Class::Predicate => Type::Pred,
            Class::Bits16 => Type::B16,
            Class::Bits32 => Type::B32,
            Class::Bits64 => Type::B64,
            Class::Bits128 => Type::B128,
            Class::Float32 => Type::F32,
            Class::Float64 => Type::F64,
        }
    }
}

/// As the type of `mov`.
impl Spelling for Class {
    const SPELLINGS: &'static [&'static str] = &{
        let (mut spellings, mut index) = ([""; Class::ALL.len()], 0);
        while index < spellings.len() {
            spellings[index] = Class::ALL[index].ty().modifier();
            index += 1;
        }
        spellings
    };

    fn spelling(self) -> &'static str {
        self.ty().modifier()
    }
}

/// Where an address starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Base {
    Register(Register),
    Symbol(String),
}

/// An operand.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Register(Register),
    Integer(i128),
    Float32(u32),
    Float64(u64),
    Address(Base, i64),
    Vector(Vec<Argument>),
    /// A variable's address, for `mov`.
    Symbol(String),
    /// A special register, with its `%`.
    Special(Cow<'static, str>),
    /// A negated predicate.
    Not(Register),
    /// Two destinations.
    Pair(Box<[Argument; 2]>),
    /// A destination that is not wanted.
    Sink,
}

impl Argument {
    fn registers(&self, found: &mut impl FnMut(Register)) {
        match self {
            Argument::Register(register)
            | Argument::Not(register)
            | Argument::Address(Base::Register(register), _) => found(*register),
            Argument::Vector(parts) => parts.iter().for_each(|part| part.registers(found)),
            Argument::Pair(parts) => parts.iter().for_each(|part| part.registers(found)),
            _ => {}
        }
    }

    fn registers_mut(&mut self, found: &mut impl FnMut(&mut Register)) {
        match self {
            Argument::Register(register)
            | Argument::Not(register)
            | Argument::Address(Base::Register(register), _) => found(register),
            Argument::Vector(parts) => parts.iter_mut().for_each(|part| part.registers_mut(found)),
            Argument::Pair(parts) => parts.iter_mut().for_each(|part| part.registers_mut(found)),
            _ => {}
        }
    }
}

/// An instruction. `results` of its leading arguments are destinations.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Instruction {
    pub(super) opcode: Words,
    pub(super) arguments: Vec<Argument>,
    pub(super) results: usize,
    /// Whether it may disappear when nothing reads its results.
    pub(super) pure: bool,
    /// Inline PTX may have one. What it does not execute leaves its results as they are.
    pub(super) guard: Guard,
}

/// A guard: the register, and whether it must be false.
pub(super) type Guard = Option<(Register, bool)>;

/// A line of the source, for `.loc` and the comment above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SourceLine {
    /// Module index in the program.
    pub(super) module: usize,
    pub(super) line: u32,
    /// From 0.
    pub(super) column: u32,
}

/// A line of the body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Line {
    Source(SourceLine),
    Instruction(Instruction),
    Label(Label),
    Branch(Guard, Label),
    Return(Guard),
}

#[derive(Clone, Debug)]
struct RegisterInfo {
    class: Class,
    name: Option<String>,
}

/// The body under construction.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    lines: Vec<Line>,
    registers: Vec<RegisterInfo>,
    /// What begins at each label, and the number of its construct.
    labels: Vec<(&'static str, u32)>,
    constructs: u32,
    source: Option<SourceLine>,
    written_source: Option<(usize, u32)>,
}

impl Assembly {
    /// A new register, named after `name` when there is one.
    pub(super) fn register(&mut self, class: Class, name: Option<&str>) -> Register {
        self.registers.push(RegisterInfo { class, name: name.map(str::to_string) });
        Register(self.registers.len() as u32 - 1)
    }

    /// The class of a register.
    pub(super) fn class(&self, register: Register) -> Class {
        self.registers[register.0 as usize].class
    }

    /// New labels of one loop, branch or call; the names say what begins there.
    pub(super) fn labels<const N: usize>(&mut self, names: [&'static str; N]) -> [Label; N] {
        self.constructs += 1;
        names.map(|name| {
            self.labels.push((name, self.constructs));
            Label(self.labels.len() as u32 - 1)
        })
    }

    /// How many lines there are so far.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The source line that following instructions belong to.
    pub(super) fn source(&self) -> Option<SourceLine> {
        self.source
    }

    /// Sets the source line that following instructions belong to.
    pub(super) fn set_source(&mut self, source: Option<SourceLine>) {
        self.source = source;
    }

    fn write_source(&mut self) {
        if let Some(source) = self.source
            && self.written_source != Some((source.module, source.line))
        {
            self.lines.push(Line::Source(source));
            self.written_source = Some((source.module, source.line));
        }
    }

    /// An instruction without effects.
    pub(super) fn pure(&mut self, opcode: Words, result: Register, sources: Vec<Argument>) {
        let mut arguments = vec![Argument::Register(result)];
        arguments.extend(sources);
        self.push(Instruction { opcode, arguments, results: 1, pure: true, guard: None });
    }

    /// An instruction that must stay, with a result.
    pub(super) fn effect(&mut self, opcode: Words, result: Argument, sources: Vec<Argument>) {
        let mut arguments = vec![result];
        arguments.extend(sources);
        self.push(Instruction { opcode, arguments, results: 1, pure: false, guard: None });
    }

    /// An instruction that must stay, without a result.
    pub(super) fn perform(&mut self, opcode: Words, arguments: Vec<Argument>) {
        self.push(Instruction { opcode, arguments, results: 0, pure: false, guard: None });
    }

    /// Any instruction.
    pub(super) fn push(&mut self, instruction: Instruction) {
        self.write_source();
        self.lines.push(Line::Instruction(instruction));
    }

    /// A label here.
    pub(super) fn place(&mut self, label: Label) {
        self.lines.push(Line::Label(label));
    }

    /// A branch.
    pub(super) fn branch(&mut self, guard: Guard, target: Label) {
        if guard.is_some() {
            self.write_source();
        }
        self.lines.push(Line::Branch(guard, target));
    }

    /// The end of the entry.
    pub(super) fn ret(&mut self, guard: Guard) {
        if guard.is_some() {
            self.write_source();
        }
        self.lines.push(Line::Return(guard));
    }
}
