//! The intermediate representation: device code as a small, typed, structured language.
//!
//! A [`Module`] is what one `#[device]` module of Rust becomes. It is still *generic*: type and
//! const parameters are names, calls are calls, both arms of an `if` are there. Linking makes a
//! struct or function for each list of types that it is used with; specialisation ([`crate::back`])
//! replaces const parameters by numbers, drops dead arms, unrolls, inlines, and prints PTX.
//!
//! **Evaluation.** Expressions are trees and are evaluated left to right, operands before
//! operators, each exactly once, when the statement that holds them is executed. There is no
//! control flow inside an expression: the front end turns `if` values, `&&` and `||` with effects,
//! and block values into statements on temporary locals.
//!
//! **Memory.** Locals are registers, never memory. Memory is reached only through pointer
//! intrinsics ([`Intrinsic::Read`] and its neighbours). No phase reorders, duplicates or removes a
//! memory or warp operation.
//!
//! **Numbers.** Integers wrap, shift amounts are masked to the width, float operations round to
//! nearest even and are never contracted: the meaning of a Rust release build.

mod asm;
pub(crate) mod intrinsic;
mod kernel;
mod parameter;
pub(crate) mod types;

pub use asm::{Asm, AsmOperand, Notation, Role};
pub use intrinsic::hint::{LoadHint, StoreHint};
pub use intrinsic::parameters::{
    Assumption, AtomicOp, Axis, BarrierKind, Direction, Format, HalfFormat, HalfOperation, Order,
    RoundedOperation, Rounding, Scope, ShuffleKind, VoteKind,
};
pub use intrinsic::{Call, Content, Cost, Intrinsic, Kind, Name, Reach, Row, Threads};
pub use kernel::KernelAttributes;
pub(crate) use kernel::block_mistake;
pub use parameter::{Bound, TypeParameter};
pub use types::{EnumDefinition, Field, Path, Scalar, Size, Space, StructDefinition, Type};

use std::collections::BTreeMap;

/// A position in the module's Rust file: line from 1, column from 0. `Span::default()` means
/// "nowhere".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 0.
    pub column: u32,
}

/// One `#[device]` module.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Globally unique name, written like a Rust path: `crossdock_device::kernels::dispatch::code`.
    pub name: String,
    /// The Rust file, relative to its package or workspace, for `.file`.
    pub file: String,
    /// Names of the modules whose items this one mentions.
    pub imports: Vec<String>,
    /// Structs in source order.
    pub structs: Vec<StructDefinition>,
    /// Enums in source order.
    pub enums: Vec<EnumDefinition>,
    /// Constants in source order.
    pub constants: Vec<Constant>,
    /// Functions and methods in source order. A method of `Place` is called `Place::is_somewhere`.
    pub functions: Vec<Function>,
    /// The text of every source line that a function's body covers, trimmed, for comments in the
    /// PTX.
    pub lines: BTreeMap<u32, String>,
}

impl Module {
    /// The crate of the core library, whose modules are known everywhere.
    pub const CORE: &'static str = "core";

    /// Whether it has structs or functions with type parameters.
    pub fn is_generic(&self) -> bool {
        self.structs.iter().any(|definition| !definition.type_parameters.is_empty())
            || self.functions.iter().any(|function| !function.type_parameters.is_empty())
    }

    /// The names of its structs that a launch can pass to a kernel; `modules` has those that it
    /// imports.
    pub fn launchable_structs(&self, modules: &[Module]) -> Vec<String> {
        let known = |path: &Path| {
            let module = modules.iter().chain([self]).find(|module| module.name == path.module)?;
            module.structs.iter().find(|definition| definition.name == path.item)
        };
        let fields = |ty: &Type| {
            let Type::Struct(path) = ty else { return Vec::new() };
            let Some(definition) = known(path) else { return Vec::new() };
            let fields = definition.fields.iter();
            fields.map(|field| field.ty.with(&definition.type_parameters, &path.arguments)).collect()
        };
        let names = self.structs.iter().map(|definition| &definition.name);
        let can_pass = |name: &&String| Type::Struct(Path::new(&self.name, *name)).is_launchable(&fields);
        names.filter(can_pass).cloned().collect()
    }

    /// The crate that it stands in: the first part of its name.
    pub fn krate(&self) -> &str {
        self.name.split("::").next().unwrap_or_default()
    }
}

/// `const NAME: ty = value;`
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Item name; an associated constant of `Place` is `Place::NOWHERE`.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// A constant expression.
    pub value: Expr,
    /// Where it is defined.
    pub span: Span,
}

/// A device function, const function or kernel.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Item name, with its struct for methods.
    pub name: String,
    /// `Some` for kernels.
    pub kernel: Option<KernelAttributes>,
    /// Whether it may be evaluated at specialisation (`const fn`).
    pub is_const: bool,
    /// What it is generic over; a method has the type parameters of its struct first.
    pub type_parameters: Vec<TypeParameter>,
    /// Const generics: name and scalar type.
    pub const_parameters: Vec<(String, Scalar)>,
    /// How many of `locals` are parameters; they come first.
    pub parameters: usize,
    /// Return type.
    pub result: Type,
    /// Every local: parameters, bindings and temporaries.
    pub locals: Vec<Local>,
    /// The body.
    pub body: Block,
    /// Where it is defined.
    pub span: Span,
}

/// A register variable.
#[derive(Clone, Debug, PartialEq)]
pub struct Local {
    /// The Rust binding, or a made-up name for a temporary; need not be unique.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// Index into [`Function::locals`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LocalId(pub u32);

/// Statements in order.
pub type Block = Vec<Statement>;

/// A statement with its place in the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Where it is written.
    pub span: Span,
}

/// What a statement does.
#[expect(clippy::large_enum_variant, reason = "expressions are kept where they stand")]
#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    /// Assigns to (part of) a local. The first assignment is the `let`; a local read before it is a
    /// validation error.
    Assign(Place, Expr),
    /// Evaluates for its effects, dropping the value.
    Evaluate(Expr),
    /// Two-way branch; an empty `otherwise` for a plain `if`. A constant condition drops the dead
    /// arm unchecked.
    If {
        /// A bool.
        condition: Expr,
        /// When true.
        then: Block,
        /// When false.
        otherwise: Block,
    },
    /// Runs until `break` or `return`. `while c {..}` is a loop that begins with
    /// `if c {} else { break }`.
    Loop {
        /// The body.
        body: Block,
    },
    /// `for local in start..end` (or `..=end`); start and end are evaluated once.
    For {
        /// The loop variable, an integer.
        local: LocalId,
        /// First value.
        start: Expr,
        /// Bound.
        end: Expr,
        /// Whether `end` itself is included.
        inclusive: bool,
        /// `#[unroll]`: the bounds must be constant and the body is repeated with a constant in
        /// place of `local`.
        unroll: bool,
        /// The body; does not assign `local`.
        body: Block,
    },
    /// Warp roles: each warp of the block runs the body of the role that has it, and all go on
    /// after. Every warp has exactly one role; all threads of the block come here together.
    Roles(Vec<WarpRole>),
    /// Leaves the enclosing `Loop` or `For` that is `depth` levels out (0 is the innermost).
    Break(u32),
    /// Continues the enclosing `Loop` or `For` that is `depth` levels out.
    Continue(u32),
    /// Leaves the function.
    Return(Option<Expr>),
    /// `const { assert!(condition, "message {}", arguments) }`: checked at specialisation, no code.
    Assert {
        /// A constant bool.
        condition: Expr,
        /// Format string; each `{}` takes the next argument.
        message: String,
        /// Constant scalars.
        arguments: Vec<Expr>,
    },
}

/// What some warps of a block do: `#[role(name, warps = start..end, registers = n)] { .. }`.
#[derive(Clone, Debug, PartialEq)]
pub struct WarpRole {
    /// For messages.
    pub name: String,
    /// The first warp, a constant `u32`.
    pub start: Expr,
    /// The warp after the last, a constant `u32`.
    pub end: Expr,
    /// Registers per thread from here on, a constant `u32`; nothing or 0 leaves them as the launch
    /// has them.
    pub registers: Option<Expr>,
    /// What the warps run.
    pub body: Block,
}

impl WarpRole {
    /// The constants that describe it.
    pub fn constants(&self) -> impl Iterator<Item = &Expr> {
        [&self.start, &self.end].into_iter().chain(&self.registers)
    }
}

/// A local, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// The variable.
    pub local: LocalId,
    /// Steps into it, outermost first.
    pub projections: Vec<Projection>,
}

/// One step into a struct, tuple or array.
#[expect(clippy::large_enum_variant, reason = "expressions are kept where they stand")]
#[derive(Clone, Debug, PartialEq)]
pub enum Projection {
    /// Field of a struct or tuple by position.
    Field(u32),
    /// Element of an array; must be constant after unrolling.
    Index(Expr),
}

/// A typed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// What it computes.
    pub kind: ExprKind,
    /// The type of its value.
    pub ty: Type,
    /// Where it is written.
    pub span: Span,
}

/// What an expression computes.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `true`, `false`.
    Bool(bool),
    /// An integer of the expression's type, in range; for an enum, the discriminant of a variant.
    Integer(i128),
    /// The IEEE bits of an `f32` (low 32 bits) or `f64`.
    Float(u64),
    /// The value of a local.
    Local(LocalId),
    /// A const generic of the enclosing function.
    ConstParameter(String),
    /// A constant item.
    Constant(Path),
    /// `-x` or `!x`.
    Unary(UnaryOp, Box<Expr>),
    /// Operands of one type (shifts: the amount may have any integer type); comparisons give bool.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `x as T` between scalars, with Rust's meaning.
    Cast(Box<Expr>),
    /// Field of a struct or tuple value, by position.
    Field(Box<Expr>, u32),
    /// Element of an array value; the index must be constant after unrolling.
    Index(Box<Expr>, Box<Expr>),
    /// A struct, tuple or array value from its parts in order; the type says which.
    Aggregate(Vec<Expr>),
    /// `[value; N]`; the type gives the length.
    Repeat(Box<Expr>),
    /// Both values are evaluated, one is taken: only made for operands without effects.
    Select {
        /// A bool.
        condition: Box<Expr>,
        /// When true.
        then: Box<Expr>,
        /// When false.
        otherwise: Box<Expr>,
    },
    /// A call of a device function, inlined at specialisation.
    Call {
        /// The function, in this module or an imported one, with its type arguments.
        function: Path,
        /// One constant expression per const generic.
        const_arguments: Vec<Expr>,
        /// Values in order; a method's `self` is the first.
        arguments: Vec<Expr>,
    },
    /// An operation that PTX provides.
    Intrinsic(Intrinsic, Vec<Expr>),
    /// Inline PTX and the values of its operands that take one.
    Asm(Asm, Vec<Expr>),
}

/// A unary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum UnaryOp {
    /// Negation; wraps.
    Negate,
    /// Bitwise complement, or logical not of a bool.
    Not,
}

/// A binary operator. `And`, `Or` and `Xor` on bools evaluate both operands.
///
/// Code that runs wraps for `Add` and `WrappingAdd` alike. In constant expressions `Add` must not
/// overflow, as in Rust, and `WrappingAdd` (`a.wrapping_add(b)`) still wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    /// Integers only.
    WrappingAdd,
    /// Integers only.
    WrappingSubtract,
    /// Integers only.
    WrappingMultiply,
}

impl BinaryOp {
    /// The operator that computes the same bits in code that runs.
    pub fn running(self) -> BinaryOp {
        match self {
            BinaryOp::WrappingAdd => BinaryOp::Add,
            BinaryOp::WrappingSubtract => BinaryOp::Subtract,
            BinaryOp::WrappingMultiply => BinaryOp::Multiply,
            other => other,
        }
    }
}
