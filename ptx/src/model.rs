//! The PTX language as plain data: what the parser produces, the printer prints and codegen builds.
//!
//! Instructions are rows of the table in [`crate::table`]: an [`Opcode`] is a row plus the
//! modifiers chosen in its slots, in the documented order, so an instruction that the table does
//! not know cannot be represented.

use crate::modifier::{Modifier, Space};
use crate::table::Row;
use crate::types::Type;
use crate::version::Version;

/// A PTX module: the unit that a driver or the emulator loads (PTX ISA section 5).
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// `.version major.minor`.
    pub version: Version,
    /// `.target` and its options, for example `["sm_90a"]`.
    pub target: Vec<String>,
    /// `.address_size` in bits.
    pub address_size: u32,
    /// Everything after the header, in order.
    pub items: Vec<Item>,
}

/// A module-level declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `.file index "path"`.
    File {
        /// The number that `.loc` lines refer to.
        index: u32,
        /// The source path as written.
        path: String,
    },
    /// A module-scope variable.
    Variable(Variable),
    /// An entry point or device function.
    Function(Function),
    /// `.alias name, function;`: another name of a function (PTX ISA section 11.6).
    Alias {
        /// The new name.
        alias: String,
        /// What it stands for.
        function: String,
    },
    /// `.pragma "text";`
    Pragma(String),
    /// A `//` line, without the slashes.
    Comment(String),
}

/// `.visible`, `.extern`, `.weak` or `.common`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linkage {
    /// Visible to other modules and to the driver.
    Visible,
    /// Declared here, defined elsewhere.
    Extern,
    /// May be overridden by another definition.
    Weak,
    /// A `.global` variable of which the linker keeps the largest.
    Common,
}

/// `.entry` (a kernel) or `.func` (a device function).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionKind {
    /// A kernel.
    Entry,
    /// A device function.
    Func,
}

/// A kernel or device function (PTX ISA section 5.4 and 11.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Linkage directive, if any.
    pub linkage: Option<Linkage>,
    /// Kernel or function.
    pub kind: FunctionKind,
    /// Return parameters of a `.func`.
    pub results: Vec<Variable>,
    /// The symbol.
    pub name: String,
    /// Parameters in order.
    pub parameters: Vec<Variable>,
    /// Performance directives in order, for example `.reqntid 256, 1, 1`.
    pub directives: Vec<Directive>,
    /// The body; `None` for a declaration.
    pub body: Option<Vec<Statement>>,
}

/// A performance-tuning directive: name without the dot, and its numbers (`reqntid [256, 1, 1]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Name without the dot.
    pub name: String,
    /// Its arguments.
    pub values: Vec<u64>,
}

/// A variable or parameter declaration.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Linkage directive, if any (module scope only).
    pub linkage: Option<Linkage>,
    /// State space.
    pub space: Space,
    /// `.align` in bytes.
    pub align: Option<u32>,
    /// Element type.
    pub ty: Type,
    /// `.v2` or `.v4`, as 2 or 4; 1 for scalars.
    pub vector: u32,
    /// `.ptr .space .align` annotation of a kernel parameter.
    pub pointer: Option<PointerAttribute>,
    /// The symbol.
    pub name: String,
    /// Array dimensions; empty for a scalar. An extern array `x[]` has the dimension 0.
    pub dimensions: Vec<u64>,
    /// Initial values (`.global`/`.const`); empty when there are none.
    pub initializer: Vec<Operand>,
}

/// `.ptr .global .align 16`: what a 64-bit kernel parameter points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PointerAttribute {
    /// State space pointed to, if stated.
    pub space: Option<Space>,
    /// Alignment in bytes, if stated.
    pub align: Option<u32>,
}

/// One line or block of a body.
#[derive(Clone, Debug, PartialEq)]
pub enum Statement {
    /// `.reg .type %a, %b<10>;`
    Registers {
        /// Register type.
        ty: Type,
        /// Names with optional counts, `(%b, Some(10))` for `%b<10>`.
        names: Vec<(String, Option<u32>)>,
    },
    /// A `.shared`, `.local` or `.param` variable declared in the body.
    Variable(Variable),
    /// `name:`
    Label(String),
    /// An instruction.
    Instruction(Instruction),
    /// `.loc file line column`, with the optional `, function_name label, inlined_at f l c` part.
    Location(Location),
    /// `{ ... }`
    Block(Vec<Statement>),
    /// A full-line `//` comment, without the slashes and the one space after them.
    Comment(String),
    /// `.pragma "text";`
    Pragma(String),
    /// `label: .branchtargets a, b, c;`: the labels that a `brx.idx` may reach.
    BranchTargets {
        /// The name that `brx.idx` uses.
        label: String,
        /// The labels, by index.
        targets: Vec<String>,
    },
    /// `label: .callprototype (results) _ (parameters);`: what an indirect call passes.
    CallPrototype(CallPrototype),
    /// `label: .calltargets f, g;`: the functions that an indirect call may reach.
    CallTargets {
        /// The name that `call` uses.
        label: String,
        /// The functions.
        targets: Vec<String>,
    },
}

/// A `.callprototype` (PTX ISA section 11.3).
#[derive(Clone, Debug, PartialEq)]
pub struct CallPrototype {
    /// The name that `call` uses.
    pub label: String,
    /// Results; their names are often `_`.
    pub results: Vec<Variable>,
    /// Parameters; their names are often `_`.
    pub parameters: Vec<Variable>,
    /// `.noreturn` and its kin.
    pub directives: Vec<Directive>,
}

/// A `.loc` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// `.file` index.
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// `@p` or `@!p`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The predicate register, with its `%`.
    pub register: String,
    /// `true` for `@!p`.
    pub negated: bool,
}

/// One instruction with its guard and operands.
///
/// Two instructions that differ only in `line` are equal.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// Execution predicate.
    pub guard: Option<Guard>,
    /// What it does.
    pub opcode: Opcode,
    /// Its operands in written order.
    pub operands: Vec<Operand>,
    /// Line in the PTX text it was parsed from, from 1; 0 when it was built.
    pub line: u32,
}

impl PartialEq for Instruction {
    fn eq(&self, other: &Self) -> bool {
        self.guard == other.guard && self.opcode == other.opcode && self.operands == other.operands
    }
}

/// A table row and the modifier chosen in each of its filled slots.
#[derive(Clone, Debug)]
pub struct Opcode {
    /// The row of [`crate::table`].
    pub row: &'static Row,
    /// Chosen modifiers without dots, in the documented order:
    /// `["acquire", "sys", "global", "u32"]`.
    pub modifiers: Vec<&'static str>,
}

impl PartialEq for Opcode {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.row, other.row) && self.modifiers == other.modifiers
    }
}

impl Opcode {
    /// The mnemonic before the first dot: `ld`.
    pub fn name(&self) -> &'static str {
        self.row.name
    }

    /// The first modifier that is a choice of this kind.
    pub fn get<T: Modifier>(&self) -> Option<T> {
        self.modifiers.iter().find_map(|modifier| T::spelled(modifier))
    }

    /// Its types, in order.
    pub fn types(&self) -> impl Iterator<Item = Type> {
        self.modifiers.iter().filter_map(|modifier| Type::from_modifier(modifier))
    }

    /// Whether `modifier` (without its dot) was chosen.
    pub fn has(&self, modifier: &str) -> bool {
        self.modifiers.contains(&modifier)
    }
}

/// An operand (PTX ISA section 6.4).
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A register or special register, with its `%`: `%token`, `%tid.x`.
    Register(String),
    /// `!%p`: a negated predicate source.
    Not(String),
    /// `%p|%q`: two destinations (`shfl`, `setp`, `match`).
    Pair(Box<Operand>, Box<Operand>),
    /// An integer constant, as the 64-bit pattern; printed as signed decimal unless `U` was
    /// written.
    Integer(i128),
    /// `0f3F800000`: the bits of a 32-bit float.
    Float32(u32),
    /// `0d3FF0000000000000`: the bits of a 64-bit float.
    Float64(u64),
    /// `[base + offset]`.
    Address {
        /// A register (with `%`), a symbol, or `None` for an absolute address.
        base: Option<String>,
        /// Bytes added to the base.
        offset: i64,
    },
    /// `{a, b, c, d}`.
    Vector(Vec<Operand>),
    /// A label, variable or function name; with a byte offset for `name+8`.
    Symbol(String, i64),
    /// `generic(name)+8`: the generic address of a variable, as an initial value.
    Generic(String, i64),
    /// `0xff00(name)`: the bits of an address that a mask chooses, shifted down, as an initial
    /// value.
    Masked {
        /// Consecutive ones.
        mask: u64,
        /// The address.
        address: Box<Operand>,
    },
    /// `_`: a destination or source that is not used.
    Sink,
    /// `(a, b)`: argument or result list of `call`.
    List(Vec<Operand>),
}

/// The name of the hole that a register stands for: `a` for `{a}`.
pub fn hole(register: &str) -> Option<&str> {
    register.strip_prefix('{')?.strip_suffix('}')
}
