//! Which operation: the choices that modifiers and types make.

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
    Add,
    Subtract,
    Multiply,
    /// `d = a * b + c`; `relu` clamps negative results to +0.
    MultiplyAdd {
        relu: bool,
    },
    Minimum {
        nan: bool,
    },
    Maximum {
        nan: bool,
    },
    Negate,
    Absolute,
}

/// The 16-bit floating-point formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HalfFormat {
    F16,
    Bf16,
}

/// Types that a comparison distinguishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CompareType {
    U16,
    S16,
    U32,
    S32,
    U64,
    S64,
    F32,
    F64,
    F16,
    Bf16,
}

/// Comparisons; the unordered ones are true when an operand is NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    EqualUnordered,
    NotEqualUnordered,
    LessUnordered,
    LessEqualUnordered,
    GreaterUnordered,
    GreaterEqualUnordered,
    Number,
    Nan,
}

/// Boolean operations on predicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Boolean {
    And,
    Or,
    Xor,
}

/// Scalar types of conversions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    U8,
    U16,
    U32,
    U64,
    S8,
    S16,
    S32,
    S64,
    F16,
    Bf16,
    F32,
    F64,
}

/// Packed formats of `cvt` with two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packed {
    F16x2,
    Bf16x2,
    E4m3x2,
    E5m2x2,
    E2m3x2,
    E3m2x2,
    /// Two values in one byte.
    E2m1x2,
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
