//! The typed tree: a body after names and types are known and before control flow is taken out of
//! expressions.

use proc_macro2::Span;

use super::terms::Term;
use crate::ir::{BinaryOp, Intrinsic, LocalId, Notation, Order, Path, Scope, UnaryOp};

/// An expression or statement.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) term: Term,
    pub(super) span: Span,
}

/// Operands in the order in which they are written, each with its position in the operation.
pub(super) type Operands = Vec<(usize, Node)>;

/// What a [`Node`] does.
#[derive(Debug)]
pub(super) enum NodeKind {
    /// A mistake that has been reported.
    Error,
    Bool(bool),
    Integer(i128),
    /// The digits of a float literal, without suffix.
    Float(String),
    /// A float constant by its bits.
    FloatBits(u64),
    Local(LocalId),
    ConstParameter(String),
    Constant(Path),
    Unary(UnaryOp, Box<Node>),
    Binary(BinaryOp, Box<Node>, Box<Node>),
    /// `&&` and `||`.
    Logical {
        and: bool,
        left: Box<Node>,
        right: Box<Node>,
    },
    Cast(Box<Node>),
    Field(Box<Node>, u32),
    Index(Box<Node>, Box<Node>),
    /// A struct, tuple or array; `base` fills the positions that are not written.
    Aggregate {
        written: Operands,
        base: Option<Box<Node>>,
        count: usize,
    },
    Repeat(Box<Node>),
    Call {
        function: Path,
        type_arguments: Vec<Term>,
        const_arguments: Vec<Node>,
        arguments: Vec<Node>,
    },
    Intrinsic(Intrinsic, Operands),
    /// A slice made, or a part of one that is checked to exist; what it is made of or from is the
    /// first operand.
    Slice(SliceOperation, Vec<Node>),
    /// Inline PTX and the values of its operands that take one.
    Asm(Written, Vec<Node>),
    Block(Vec<Node>, Option<Box<Node>>),
    If {
        condition: Box<Node>,
        then: Box<Node>,
        otherwise: Option<Box<Node>>,
    },
    While {
        condition: Box<Node>,
        body: Box<Node>,
    },
    Loop {
        body: Box<Node>,
        breaks: bool,
    },
    For {
        local: LocalId,
        start: Box<Node>,
        end: Box<Node>,
        inclusive: bool,
        walk: Walk,
        unroll: bool,
        body: Box<Node>,
    },
    /// Warp roles.
    Roles(Vec<RoleNode>),
    /// Leaves a loop or labelled block; the value goes into the local first.
    Break(u32, Option<(LocalId, Box<Node>)>),
    /// A labelled block, whose value goes into `target` if it has one.
    Labelled {
        body: Box<Node>,
        target: Option<LocalId>,
        breaks: bool,
    },
    Continue(u32),
    Return(Option<Box<Node>>),
    Let(Pattern, Box<Node>),
    Assign {
        place: Box<Node>,
        operator: Option<BinaryOp>,
        value: Box<Node>,
    },
    /// Evaluated for its effects.
    Discard(Box<Node>),
    Assert {
        condition: Box<Node>,
        message: String,
        arguments: Vec<Node>,
    },
    /// `const { .. }`.
    Const(Box<Node>),
}

/// How a `for` goes through its range.
#[derive(Debug)]
pub(super) enum Walk {
    Forwards,
    /// `.rev()`
    Backwards,
    /// `.step_by(n)`
    Steps(Box<Node>),
}

/// What is done with a slice. Positions may be of any index type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SliceOperation {
    /// A slice of a pointer and a length.
    New,
    /// The pointer to an element.
    At,
    /// The elements from a position to another.
    Part,
    /// The elements before a position, and the others.
    Split,
}

/// A warp role.
#[derive(Debug)]
pub(super) struct RoleNode {
    pub(super) name: String,
    pub(super) start: Node,
    pub(super) end: Node,
    pub(super) registers: Option<Node>,
    pub(super) body: Node,
}

/// What a `let` binds.
#[derive(Debug)]
pub(super) enum Pattern {
    Wild,
    Local(LocalId),
    Tuple(Vec<Pattern>),
}

/// Inline PTX whose operands' types may still be open.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) text: Vec<(String, Span)>,
    pub(super) operands: Vec<Operand>,
}

/// A named operand; the values of those that have one are kept beside.
#[derive(Debug)]
pub(super) struct Operand {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) span: Span,
}

/// What an operand is; see [`crate::ir::Role`].
#[derive(Debug)]
pub(super) enum Role {
    In,
    InOut,
    Const,
    Modifier(Modifier),
    Type(Notation, Term),
    Out(Term),
    Scratch(Term),
}

/// What a parameter may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Modifier {
    Order(Vec<Order>),
    Scope(Vec<Scope>),
}
