//! Which operation: the choices that modifiers and types make, and that PTX does not spell as one
//! modifier.

/// Width of an integer operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    W16,
    W32,
    W64,
}

/// Integer operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerUnary {
    Negate,
    Not,
    LogicalNot,
    Absolute,
    Reverse,
}

/// Integer operations that yield a 32-bit number about the bits of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BitCount {
    Population,
    LeadingZeros,
    FindUnsigned { shift_amount: bool },
    FindSigned { shift_amount: bool },
}

/// Integer operations of two operands; the suffix tells how the operands are read where it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IntegerBinary {
    Add,
    Subtract,
    AddSaturating,
    SubtractSaturating,
    MultiplyLow,
    MultiplyHighUnsigned,
    MultiplyHighSigned,
    Multiply24Unsigned,
    Multiply24Signed,
    And,
    Or,
    Xor,
    MinimumUnsigned,
    MinimumSigned,
    MaximumUnsigned,
    MaximumSigned,
    DivideUnsigned,
    DivideSigned,
    RemainderUnsigned,
    RemainderSigned,
}

/// Where an addition takes and leaves the carry flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Carry {
    pub(crate) subtract: bool,
    pub(crate) carry_in: bool,
    pub(crate) carry_out: bool,
}

/// Shifts; amounts beyond the width give zero or the sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shift {
    Left,
    RightUnsigned,
    RightSigned,
}

/// Floating-point operations of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatBinary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Minimum,
    Maximum,
    /// `.NaN`: a NaN operand wins.
    MinimumNan,
    MaximumNan,
    CopySign,
}

/// Floating-point operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatUnary {
    Negate,
    Absolute,
    Reciprocal,
    SquareRoot,
    ReciprocalSquareRoot,
    Sine,
    Cosine,
    Exponential2,
    Logarithm2,
    HyperbolicTangent,
}

/// `.ftz` and `.sat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FloatMode {
    pub(crate) flush: bool,
    pub(crate) saturate: bool,
}

impl FloatMode {
    pub(crate) fn is_plain(self) -> bool {
        !self.flush && !self.saturate
    }
}

/// Operations of the 16-bit floating-point formats, one value or two packed in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HalfOperation {
    Binary(FloatBinary),
    /// `d = a * b + c`; `relu` clamps negative results to +0.
    MultiplyAdd {
        relu: bool,
    },
    Negate,
    Absolute,
}

/// Kinds of `prmt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permute {
    Generic,
    Forward4,
    Backward4,
    Replicate8,
    EdgeLeft,
    EdgeRight,
    Replicate16,
}

/// What `testp` asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FloatProperty {
    Finite,
    Infinite,
    Number,
    NotANumber,
    Normal,
    Subnormal,
}

/// The clocks that a kernel can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockRead {
    Cycles,
    CyclesHigh,
    Nanoseconds,
    NanosecondsHigh,
}

/// Why a kernel ends itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Trap,
    Breakpoint,
    /// `brx.idx` with an index that has no label.
    BranchIndex,
}

impl Reason {
    /// What the kernel executed.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Reason::Trap => "`trap`",
            Reason::Breakpoint => "`brkpt`",
            Reason::BranchIndex => "`brx.idx` with an index after the last of its `.branchtargets`",
        }
    }
}
