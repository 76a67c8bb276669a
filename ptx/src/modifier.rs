//! What modifiers choose between, each choice once: its meaning, and how PTX spells it.
//!
//! The slots of the table, the compiler and the emulator all use these types.

/// A closed set of choices with their spellings.
pub trait Spelling: Copy + 'static {
    /// How PTX writes each choice, without the dot.
    const SPELLINGS: &'static [&'static str];

    /// How PTX writes this choice, without the dot.
    fn spelling(self) -> &'static str;
}

/// One kind of modifier.
pub trait Modifier: Spelling {
    /// The choice that PTX spells like this, without the dot.
    fn spelled(text: &str) -> Option<Self>;
}

/// Defines the choices of one kind of modifier. The first spelling is the one that is written;
/// others are read as well.
macro_rules! modifiers {
    (
        $(#[$about:meta])*
        $name:ident { $($(#[$doc:meta])* $variant:ident = $spelling:literal $(| $other:literal)*,)* }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* #[doc = concat!("`.", $spelling, "`")] $variant,)*
        }

        impl $name {
            /// Every choice, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// The modifier of PTX, without its dot.
            pub const fn modifier(self) -> &'static str {
                match self {
                    $($name::$variant => $spelling,)*
                }
            }

            /// The choice that PTX spells like this, without the dot.
            pub fn from_modifier(text: &str) -> Option<$name> {
                Some(match text {
                    $($spelling $(| $other)* => $name::$variant,)*
                    _ => return None,
                })
            }
        }

        impl $crate::modifier::Spelling for $name {
            const SPELLINGS: &'static [&'static str] = &[$($spelling),*];

            fn spelling(self) -> &'static str {
                self.modifier()
            }
        }

        impl $crate::modifier::Modifier for $name {
            fn spelled(text: &str) -> Option<$name> {
                $name::from_modifier(text)
            }
        }
    };
}
pub(crate) use modifiers;

modifiers! {
    /// Memory order of a strong operation or fence (PTX ISA section 8.8).
    Order {
        /// Atomic, and orders nothing.
        Relaxed = "relaxed",
        /// What follows is after what the writer had released.
        Acquire = "acquire",
        /// What came before is visible to who acquires.
        Release = "release",
        /// Both.
        AcquireRelease = "acq_rel",
        /// Fences only: all of them in one order.
        SequentiallyConsistent = "sc",
    }
}

modifiers! {
    /// The threads that a strong operation is ordered with (PTX ISA section 8.5).
    Scope {
        /// Those of the block.
        Block = "cta",
        /// Those of the cluster.
        Cluster = "cluster",
        /// Those of the GPU.
        Gpu = "gpu" | "gl",
        /// All threads of all GPUs and hosts.
        System = "sys",
    }
}

modifiers! {
    /// Where memory lies (PTX ISA section 5.1). An instruction that names no space has generic
    /// addresses.
    Space {
        /// Constants of the module.
        Const = "const",
        /// Memory that all threads reach.
        Global = "global",
        /// Memory of one thread.
        Local = "local",
        /// Parameters of kernels and functions.
        Param = "param" | "param::entry" | "param::func",
        /// Shared memory of the block.
        Shared = "shared" | "shared::cta",
        /// Shared memory of all blocks of the cluster. Variables are declared in [`Space::Shared`].
        Cluster = "shared::cluster",
    }
}

impl Space {
    /// Where a variable lies that is reached there: the block's own shared memory is part of the
    /// cluster's.
    pub fn declared(self) -> Space {
        if self == Space::Cluster { Space::Shared } else { self }
    }
}

modifiers! {
    /// How a result between two representable numbers is rounded (PTX ISA section 9.7.3).
    Rounding {
        /// To the nearest, ties to the even one.
        NearestEven = "rn",
        /// Towards zero.
        TowardZero = "rz",
        /// Towards negative infinity.
        Down = "rm",
        /// Towards positive infinity.
        Up = "rp",
    }
}

impl Rounding {
    /// The same way, to an integral number.
    pub const fn integral(self) -> IntegralRounding {
        match self {
            Rounding::NearestEven => IntegralRounding::NearestEven,
            Rounding::TowardZero => IntegralRounding::TowardZero,
            Rounding::Down => IntegralRounding::Down,
            Rounding::Up => IntegralRounding::Up,
        }
    }
}

modifiers! {
    /// Where a result between two representable numbers goes, other than to the nearest.
    Direction {
        /// Towards zero.
        TowardZero = "rz",
        /// Towards negative infinity.
        Down = "rm",
        /// Towards positive infinity.
        Up = "rp",
    }
}

impl Direction {
    /// The rounding in that direction.
    pub const fn rounding(self) -> Rounding {
        match self {
            Direction::TowardZero => Rounding::TowardZero,
            Direction::Down => Rounding::Down,
            Direction::Up => Rounding::Up,
        }
    }
}

modifiers! {
    /// How a float is rounded to an integral number (PTX ISA section 9.7.9, `cvt`).
    IntegralRounding {
        /// To the nearest, ties to the even one.
        NearestEven = "rni",
        /// Towards zero.
        TowardZero = "rzi",
        /// Towards negative infinity.
        Down = "rmi",
        /// Towards positive infinity.
        Up = "rpi",
    }
}

impl IntegralRounding {
    /// The same way, to the next number that is representable.
    pub const fn rounding(self) -> Rounding {
        match self {
            IntegralRounding::NearestEven => Rounding::NearestEven,
            IntegralRounding::TowardZero => Rounding::TowardZero,
            IntegralRounding::Down => Rounding::Down,
            IntegralRounding::Up => Rounding::Up,
        }
    }
}

modifiers! {
    /// A comparison (PTX ISA section 9.7.6, `setp`). The unordered ones are true when an operand is
    /// NaN.
    Comparison {
        /// Equal.
        Equal = "eq",
        /// Different.
        NotEqual = "ne",
        /// Less; of unsigned integers also `.lo`.
        Less = "lt" | "lo",
        /// Less or equal; of unsigned integers also `.ls`.
        LessEqual = "le" | "ls",
        /// Greater; of unsigned integers also `.hi`.
        Greater = "gt" | "hi",
        /// Greater or equal; of unsigned integers also `.hs`.
        GreaterEqual = "ge" | "hs",
        /// Equal, or unordered.
        EqualUnordered = "equ",
        /// Different, or unordered: a NaN differs from everything.
        NotEqualUnordered = "neu",
        /// Less, or unordered.
        LessUnordered = "ltu",
        /// Less, equal or unordered.
        LessEqualUnordered = "leu",
        /// Greater, or unordered.
        GreaterUnordered = "gtu",
        /// Greater, equal or unordered.
        GreaterEqualUnordered = "geu",
        /// Both operands are numbers.
        Number = "num",
        /// An operand is NaN.
        Nan = "nan",
    }
}

modifiers! {
    /// How two predicates become one.
    Boolean {
        /// Both.
        And = "and",
        /// Either.
        Or = "or",
        /// Exactly one.
        Xor = "xor",
    }
}

modifiers! {
    /// What a read-modify-write operation writes (PTX ISA section 9.7.13, `atom`).
    AtomicOperation {
        /// The sum.
        Add = "add",
        /// The smaller.
        Minimum = "min",
        /// The larger.
        Maximum = "max",
        /// The bits that both have.
        And = "and",
        /// The bits that either has.
        Or = "or",
        /// The bits that exactly one has.
        Xor = "xor",
        /// The operand.
        Exchange = "exch",
        /// The second operand, where the first was there.
        CompareExchange = "cas",
        /// One more, and 0 after the operand.
        Increment = "inc",
        /// One less, and the operand after 0 or above the operand.
        Decrement = "dec",
    }
}

modifiers! {
    /// How many elements a load or store moves at once, if more than one.
    VectorWidth {
        /// Two.
        Two = "v2",
        /// Four.
        Four = "v4",
        /// Eight.
        Eight = "v8",
    }
}

impl VectorWidth {
    /// The width of so many elements; `None` for one, and for what no instruction has.
    pub const fn of(elements: usize) -> Option<VectorWidth> {
        match elements {
            2 => Some(VectorWidth::Two),
            4 => Some(VectorWidth::Four),
            8 => Some(VectorWidth::Eight),
            _ => None,
        }
    }

    /// How many elements.
    pub const fn elements(self) -> usize {
        match self {
            VectorWidth::Two => 2,
            VectorWidth::Four => 4,
            VectorWidth::Eight => 8,
        }
    }
}

modifiers! {
    /// How the caches treat what a load reads (PTX ISA section 9.7.9.1).
    LoadCache {
        /// Kept in L1 and L2, likely to be read again.
        All = "ca",
        /// Kept in L2 and not in L1.
        Global = "cg",
        /// Likely to be read once.
        Streaming = "cs",
        /// Not read again.
        LastUse = "lu",
        /// Fetched again each time.
        Uncached = "cv",
    }
}

modifiers! {
    /// How the caches treat what a store writes (PTX ISA section 9.7.9.1).
    StoreCache {
        /// Written back when it leaves the caches.
        WriteBack = "wb",
        /// Kept in L2 and not in L1.
        Global = "cg",
        /// Likely to be written once.
        Streaming = "cs",
        /// Written through L2 to system memory.
        WriteThrough = "wt",
    }
}

modifiers! {
    /// What leaves L1 when room is needed (PTX ISA section 9.7.9.2).
    Eviction {
        /// As usual.
        Normal = "L1::evict_normal",
        /// Does not change what leaves.
        Unchanged = "L1::evict_unchanged",
        /// First.
        First = "L1::evict_first",
        /// Last.
        Last = "L1::evict_last",
        /// Takes no place in L1.
        NoAllocate = "L1::no_allocate",
    }
}

modifiers! {
    /// How much of memory L2 fetches with a load (PTX ISA section 9.7.9.2).
    Prefetch {
        /// 64 bytes.
        Bytes64 = "L2::64B",
        /// 128 bytes.
        Bytes128 = "L2::128B",
        /// 256 bytes.
        Bytes256 = "L2::256B",
    }
}
