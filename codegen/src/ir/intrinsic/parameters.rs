//! What families of operations are made of: a row of the table that has parameters stands for every
//! combination of them.

use crate::dim3::Dim3;
pub use crossdock_ptx::{Direction, Format, HalfFormat, Order, Rounding, Scope};

/// What a row may have as a parameter.
pub(super) trait Parameter: Copy + 'static {
    /// The memory order, if it is one.
    fn order(self) -> Option<Order> {
        None
    }

    /// The scope, if it is one.
    fn scope(self) -> Option<Scope> {
        None
    }

    /// The same, if it is neither order nor scope; otherwise that of these.
    fn stated(self, _: Order, _: Scope) -> Self {
        self
    }

    /// Those of the row's choices that are orders.
    fn orders(_: &'static [Self]) -> &'static [Order] {
        &[]
    }
}

impl Parameter for Order {
    fn order(self) -> Option<Order> {
        Some(self)
    }

    fn stated(self, order: Order, _: Scope) -> Order {
        order
    }

    fn orders(choices: &'static [Order]) -> &'static [Order] {
        choices
    }
}

impl Parameter for Scope {
    fn scope(self) -> Option<Scope> {
        Some(self)
    }

    fn stated(self, _: Order, scope: Scope) -> Scope {
        scope
    }
}

impl Parameter for Format {}
impl Parameter for HalfFormat {}
impl Parameter for Rounding {}
impl Parameter for Direction {}
impl Parameter for crate::ir::types::Scalar {}

/// The orders that a load may have.
pub(crate) const LOAD_ORDERS: &[Order] = &[Order::Relaxed, Order::Acquire];
/// The orders that a store may have.
pub(crate) const STORE_ORDERS: &[Order] = &[Order::Relaxed, Order::Release];
/// The orders that a read-modify-write operation may have.
pub(crate) const ATOMIC_ORDERS: &[Order] =
    &[Order::Relaxed, Order::Acquire, Order::Release, Order::AcquireRelease];
/// The orders that a fence may have.
pub(crate) const FENCE_ORDERS: &[Order] =
    &[Order::Acquire, Order::Release, Order::AcquireRelease, Order::SequentiallyConsistent];

/// The memory order of that name in Rust.
pub(crate) fn order(name: &str) -> Option<Order> {
    Order::ALL.iter().copied().find(|order| format!("{order:?}") == name)
}

/// The scope of that name in Rust.
pub(crate) fn scope(name: &str) -> Option<Scope> {
    Scope::ALL.iter().copied().find(|scope| format!("{scope:?}") == name)
}

/// The method of Rust that rounds to an integral number in that way.
pub(super) fn integral(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::NearestEven => "round_ties_even",
        Rounding::TowardZero => "trunc",
        Rounding::Down => "floor",
        Rounding::Up => "ceil",
    }
}

/// The end of the names of operations that round in that direction.
pub(super) fn toward(direction: Direction) -> &'static str {
    match direction {
        Direction::TowardZero => "toward_zero",
        Direction::Down => "down",
        Direction::Up => "up",
    }
}

/// An enum of which each value has a word in the names of operations.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$choice:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum $name {
            $($(#[$choice])* $variant,)*
        }

        impl $name {
            /// Every choice.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// What it is called in the name of an operation.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }
        }

        impl Parameter for $name {}
    };
}

choices! {
    /// A read-modify-write operation.
    AtomicOp {
        Add = "fetch_add",
        Minimum = "fetch_min",
        Maximum = "fetch_max",
        And = "fetch_and",
        Or = "fetch_or",
        Xor = "fetch_xor",
        Exchange = "exchange",
        /// `(pointer, expected, new) -> old`.
        CompareExchange = "compare_exchange",
        /// `u32`: one more, and 0 after the operand.
        Increment = "fetch_increment",
        /// `u32`: one less, and the operand after 0 or above the operand.
        Decrement = "fetch_decrement",
        /// Each f16 of a `u16`, of a word (`u32`) or of the words of a struct: adds, rounded to
        /// nearest even.
        AddF16 = "fetch_add_f16",
        /// As `AddF16`, for bf16. Needs `sm_90`.
        AddBf16 = "fetch_add_bf16",
        /// Each f16 of a word or of the words of a struct: the smaller. Needs `sm_90`, as the rest.
        MinimumF16 = "fetch_min_f16",
        /// The larger.
        MaximumF16 = "fetch_max_f16",
        /// As `MinimumF16`, for bf16.
        MinimumBf16 = "fetch_min_bf16",
        /// The larger.
        MaximumBf16 = "fetch_max_bf16",
    }
}

impl AtomicOp {
    /// The format, and the operation of PTX, if it is one on 16-bit floats.
    pub fn half(self) -> Option<(HalfFormat, &'static str)> {
        Some(match self {
            AtomicOp::AddF16 => (HalfFormat::F16, "add"),
            AtomicOp::AddBf16 => (HalfFormat::Bf16, "add"),
            AtomicOp::MinimumF16 => (HalfFormat::F16, "min"),
            AtomicOp::MaximumF16 => (HalfFormat::F16, "max"),
            AtomicOp::MinimumBf16 => (HalfFormat::Bf16, "min"),
            AtomicOp::MaximumBf16 => (HalfFormat::Bf16, "max"),
            _ => return None,
        })
    }
}

choices! {
    /// Where a shuffled value comes from.
    ShuffleKind {
        Index = "",
        Up = "_up",
        Down = "_down",
        Xor = "_xor",
    }
}

choices! {
    /// What a vote asks.
    VoteKind {
        Any = "any",
        All = "all",
        /// Gives the mask of lanes with a true predicate.
        Ballot = "ballot",
    }
}

choices! {
    /// An `f32` operation that PTX rounds in any direction.
    RoundedOperation {
        Add = "add",
        Subtract = "subtract",
        Multiply = "multiply",
        Divide = "divide",
        FusedMultiplyAdd = "mul_add",
        SquareRoot = "sqrt",
    }
}

impl RoundedOperation {
    /// How many numbers it takes.
    pub fn operands(self) -> usize {
        match self {
            RoundedOperation::SquareRoot => 1,
            RoundedOperation::FusedMultiplyAdd => 3,
            _ => 2,
        }
    }
}

choices! {
    /// An operation on the two 16-bit floats of a word.
    HalfOperation {
        Add = "add",
        Subtract = "subtract",
        Multiply = "multiply",
        FusedMultiplyAdd = "mul_add",
        Minimum = "min",
        Maximum = "max",
    }
}

impl HalfOperation {
    /// How many words it takes.
    pub fn operands(self) -> usize {
        if self == HalfOperation::FusedMultiplyAdd { 3 } else { 2 }
    }
}

choices! {
    /// A dimension of a block or grid. x varies fastest.
    Axis {
        X = "x",
        Y = "y",
        Z = "z",
    }
}

impl Axis {
    /// The size along it.
    pub fn of(self, sizes: Dim3) -> u32 {
        sizes.extents()[self as usize]
    }
}

choices! {
    /// What threads do at a named barrier.
    BarrierKind {
        /// Arrives and waits for the others.
        Synchronise = "sync",
        /// Arrives and goes on.
        Arrive = "arrive",
        /// Waits; whether the bool is true for some thread.
        Any = "any",
        /// Waits; whether the bool is true for every thread.
        All = "all",
        /// Waits; for how many threads the bool is true.
        Count = "count",
    }
}

choices! {
    /// What the programmer vouches for where the compiler cannot prove it.
    Assumption {
        /// The value is the same for all lanes of the warp.
        WarpUniform = "warp_uniform",
        /// The value is the same for all threads of the block.
        BlockUniform = "block_uniform",
        /// Exactly the lanes of this mask reach the operation that takes it, with the same mask.
        Members = "members",
    }
}
