//! Every operation that the interpreter's loop executes, once.
//!
//! A row is `Name { operands } class effect => what executes it`: what it counts as, and what
//! others must know of it. [`Op`] and its properties are made from the rows here, the dispatch in
//! `execute/interpret.rs`: a row without a property, or with one that nobody executes, does not
//! compile. Rows of `lanes` act on registers and get them with the mask of lanes; rows of `site`
//! get everything that an instruction acts on. Rows of `control` say what executes next, and are
//! arms of the loop.
//!
//! Operations that are not worth a row of the loop are implementations of
//! [`Operation`](crate::execute::Operation) beside their decoding in `instruction/`, and
//! [`Op::Own`] for the loop.

use super::*;
use crate::activity::Class;
use crate::register::{PredicateSource, Slot};

/// What others must know of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Its results follow from its operands, and nobody else can notice it.
    Lanes,
    /// Reads a clock.
    Clock,
    /// Accesses or orders memory that others may access: its results do not follow from its
    /// operands alone.
    Memory,
    /// Meets other warps of the block.
    Block,
    /// What is after it is not executed next.
    Leaves,
}

impl Effect {
    /// Whether others may notice it, or it may notice what they do.
    pub(crate) fn is_noticed(self) -> bool {
        match self {
            Effect::Memory | Effect::Block => true,
            Effect::Lanes | Effect::Clock | Effect::Leaves => false,
        }
    }
}

/// Hands all rows to a macro.
macro_rules! operations {
    ($consumer:ident) => {
        $consumer! {
            lanes {
                Move32 { d: Slot, a: Slot } Movement Lanes => moves::move32;
                Move64 { d: Slot, a: Slot } Movement Lanes => moves::move64;
                MovePredicate { d: Slot, a: PredicateSource } Predicate Lanes => moves::move_predicate;
                // d, low, high.
                Pack16 { operands: [Slot; 3] } Movement Lanes => moves::pack16;
                Pack32 { operands: [Slot; 3] } Movement Lanes => moves::pack32;
                Unpack16 { low: Slot, high: Slot, a: Slot } Movement Lanes => moves::unpack16;
                Unpack32 { low: Slot, high: Slot, a: Slot } Movement Lanes => moves::unpack32;
                ActiveMask { d: Slot } Movement Lanes => moves::active_mask;
                // A cache hint.
                Nothing {} Other Lanes => moves::nothing;
                Unary { width: Width, kind: IntegerUnary, d: Slot, a: Slot } Integer Lanes => integer::unary;
                Count { width: Width, kind: BitCount, d: Slot, a: Slot } Integer Lanes => integer::count;
                Binary16 { kind: IntegerBinary, operands: [Slot; 3] } Integer Lanes => integer::binary16;
                Binary32 { kind: IntegerBinary, operands: [Slot; 3] } Integer Lanes => integer::binary::<u32>;
                Binary64 { kind: IntegerBinary, operands: [Slot; 3] } Integer Lanes => integer::binary::<u64>;
                Shift { width: Width, kind: Shift, operands: [Slot; 3] } Integer Lanes => integer::shift;
                MultiplyAdd { width: Width, operands: [Slot; 4] } Integer Lanes => integer::multiply_add;
                MultiplyAddHigh { width: Width, signed: bool, operands: [Slot; 4] } Integer Lanes => integer::multiply_add_high;
                MultiplyWide { width: Width, signed: bool, operands: [Slot; 3] } Integer Lanes => integer::multiply_wide;
                MultiplyAddWide { width: Width, signed: bool, operands: [Slot; 4] } Integer Lanes => integer::multiply_add_wide;
                AddCarry { wide: bool, carry: Carry, operands: [Slot; 3] } Integer Lanes => integer::add_carry;
                SumOfDifferences { width: Width, signed: bool, operands: [Slot; 4] } Integer Lanes => integer::sum_of_differences;
                // d, a, position, length.
                ExtractBits { wide: bool, signed: bool, operands: [Slot; 4] } Integer Lanes => integer::extract_bits;
                // d, a, b, position, length.
                InsertBits { wide: bool, operands: [Slot; 5] } Integer Lanes => integer::insert_bits;
                Permute { mode: Permute, operands: [Slot; 4] } Integer Lanes => integer::permute;
                Logic3 { table: u8, operands: [Slot; 4] } Integer Lanes => integer::logic3;
                FunnelShift { left: bool, clamp: bool, operands: [Slot; 4] } Integer Lanes => integer::funnel_shift;
                DotProduct4 { a_signed: bool, b_signed: bool, operands: [Slot; 4] } Integer Lanes => integer::dot_product4;
                DotProduct2 { a_signed: bool, b_signed: bool, high: bool, operands: [Slot; 4] } Integer Lanes => integer::dot_product2;
                PredicateLogic { kind: Boolean, d: Slot, a: PredicateSource, b: PredicateSource } Predicate Lanes => compare::logic;
                // d, its opposite, a, b.
                Compare { ty: Type, test: Comparison, flush: bool, operands: [Slot; 4] } Predicate Lanes => compare::set_predicates;
                Select { wide: bool, operands: [Slot; 3], p: PredicateSource } Predicate Lanes => compare::select;
                SelectSign { wide: bool, float: bool, operands: [Slot; 4] } Predicate Lanes => compare::select_sign;
                TestProperty { wide: bool, property: FloatProperty, d: Slot, a: Slot } Predicate Lanes => compare::test_property;
                Float32 { kind: FloatBinary, mode: FloatMode, operands: [Slot; 3] } Floating Lanes => float::binary32;
                Float64 { kind: FloatBinary, operands: [Slot; 3] } Floating Lanes => float::binary64;
                Fma32 { mode: FloatMode, operands: [Slot; 4] } Floating Lanes => float::fma32;
                Fma64 { operands: [Slot; 4] } Floating Lanes => float::fma64;
                Directed32 { kind: FloatBinary, rounding: Rounding, mode: FloatMode, operands: [Slot; 3] } Floating Lanes => float::directed32;
                DirectedFma32 { rounding: Rounding, mode: FloatMode, operands: [Slot; 4] } Floating Lanes => float::directed_fma32;
                FloatUnary32 { kind: FloatUnary, mode: FloatMode, d: Slot, a: Slot } Floating Lanes => float::unary32;
                FloatUnary64 { kind: FloatUnary, d: Slot, a: Slot } Floating Lanes => float::unary64;
                Half { format: HalfFormat, packed: bool, kind: HalfOperation, operands: [Slot; 4] } Floating Lanes => float::half_lanes;
                // d, high, low.
                ConvertPair { to: Type, rounding: Rounding, relu: bool, saturate: bool, operands: [Slot; 3] } Conversion Lanes => convert::convert_pair;
                // Two 8-bit floats from two 16-bit floats packed in a word, and the way back.
                NarrowPair { to: Type, from: Type, rounding: Rounding, relu: bool, operands: [Slot; 2] } Conversion Lanes => convert::narrow_pair;
                WidenPair { to: Type, from: Type, relu: bool, operands: [Slot; 2] } Conversion Lanes => convert::widen_pair;
            }
            site {
                PackMany { index: u32 } Movement Lanes => moves::pack_many;
                UnpackMany { index: u32 } Movement Lanes => moves::unpack_many;
                // A comparison combined with a predicate: `setp` with a Boolean operator.
                CompareCombine { index: u32 } Predicate Lanes => compare::compare_combine;
                Set { index: u32 } Predicate Lanes => compare::set;
                Convert { index: u32 } Conversion Lanes => convert::convert;
                LoadParameter { offset: u32, d: Slot, long: bool, bytes: u8, signed: bool } Movement Lanes => access::load_parameter;
                InSpace { space: Space, d: Slot, a: Slot } Predicate Lanes => place::in_space;
                Load { index: u32 } Load Memory => access::load;
                Store { index: u32 } Store Memory => access::store;
                Atomic { index: u32 } Atomic Memory => access::atomic;
                Fence { fence: Fence } Fence Memory => model::fence;
            }
            control {
                Branch { target: u32 } Control Lanes;
                Call { index: u32 } Control Lanes;
                // Goes back after the call.
                Return {} Control Leaves;
                Exit {} Control Leaves;
                Trap { reason: Reason } Control Leaves;
                Warp { index: u32 } Warp Lanes;
                Barrier { index: u32 } Barrier Block;
                Clock { kind: ClockRead, d: Slot, long: bool } Other Clock;
                Sleep { a: Slot } Other Lanes;
            }
        }
    };
}
pub(crate) use operations;

macro_rules! define {
    ($($how:ident { $($name:ident { $($field:ident: $ty:ty),* } $class:ident $effect:ident $(=> $run:path)?;)* })*) => {
        /// One decoded instruction: types, rounding and register slots are resolved.
        #[derive(Clone, Copy, Debug)]
        pub(crate) enum Op {
            $($($name { $($field: $ty),* },)*)*
            /// An operation of the program's own list, with what others must know of it.
            Own { index: u32, class: Class, effect: Effect },
        }

        impl Op {
            /// What it counts as.
            pub(crate) fn class(&self) -> Class {
                match *self {
                    $($(Op::$name { .. } => Class::$class,)*)*
                    Op::Own { class, .. } => class,
                }
            }

            /// What others must know of it.
            pub(crate) fn effect(&self) -> Effect {
                match *self {
                    $($(Op::$name { .. } => Effect::$effect,)*)*
                    Op::Own { effect, .. } => effect,
                }
            }
        }
    };
}
operations!(define);

const _: () = assert!(size_of::<Op>() <= 16, "the interpreter reads few bytes for each instruction");
