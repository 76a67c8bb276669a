//! The table. A row is
//!
//! ```text
//! /// What it does.
//! Variant(parameter: Type in CHOICES) = Function ["name in ", "parts"] (operands) -> result,
//!     "what it takes", as "local";
//!     cost, threads, fold value_of_constants(parameter);
//! ```
//!
//! and stands for every combination of its parameters. Before `as` may stand `rust ".."`, the name
//! in Rust if that is another one, and `called ".."`, what messages call it if not by its name.
//! Without a value of constants, a row says `fold none`.

use super::columns::{Call, Content, Cost, Kind, Name, Reach, Row, Threads};
use super::fold::{self, Folded, Known};
use super::hint::{LoadHint, StoreHint};
use super::parameters::{
    ATOMIC_ORDERS, Assumption, AtomicOp, Axis, BarrierKind, Direction, FENCE_ORDERS, Format, HalfFormat,
    HalfOperation, LOAD_ORDERS, Order, Parameter, RoundedOperation, Rounding, STORE_ORDERS, Scope,
    ShuffleKind, VoteKind, integral, toward,
};
use crate::ir::types::Scalar;

use Content::{Number as Numbers, Strong};
use Cost::{Effect, Many, Operations};
use Kind::{
    Any, Bits, Copy, Float, Index, Integer, Members, Moved, Never, Number, Peers, Pointer, Same, Signed,
    Slice, Unit, Word, Written, WrittenSlice,
};
use Reach::{Anywhere, Global, Own};
use Threads::{
    Alone, Assume, Block, EachLane, Groups, Named, Parts, Role, Shuffle, ThreadIndex, ThreadOn, Vote,
};

const BOOL: Kind = Kind::Is(Scalar::Bool);
const U16: Kind = Kind::Is(Scalar::U16);
const U32: Kind = Kind::Is(Scalar::U32);
const U64: Kind = Kind::Is(Scalar::U64);
const F32: Kind = Kind::Is(Scalar::F32);

/// From what numbers PTX rounds to `f32` in any direction.
const TO_F32: &[Scalar] = &[Scalar::F64, Scalar::U32, Scalar::I32, Scalar::U64, Scalar::I64];

/// What two floats are packed into.
const PACKED: &[Format] = {
    let ([a, b], [c, d]) = (Format::SIXTEEN_BITS, Format::EIGHT_BITS);
    &[a, b, c, d]
};

macro_rules! takes {
    (.. $takes:expr) => {
        $takes
    };
    ($($takes:expr),*) => {
        &[$($takes),*]
    };
}

/// Pushes what is made of every combination of the choices.
macro_rules! combine {
    ($all:ident, $made:expr;) => {
        $all.push($made)
    };
    ($all:ident, $made:expr; $parameter:ident in $choices:expr; $($rest:tt)*) => {
        for &$parameter in $choices {
            combine!($all, $made; $($rest)*);
        }
    };
}

macro_rules! intrinsics {
    ($(
        $(#[$doc:meta])*
        $variant:ident $(($($parameter:ident: $ty:ident in $choices:expr),+))? =
            $call:ident $name:tt ($($takes:tt)*) -> $gives:expr, $needs:expr
            $(, rust $rust:literal)? $(, called $called:literal)? $(, as $temporary:literal)?;
            $cost:expr, $threads:expr, fold $fold:ident $(($($given:expr),*))?;
    )*) => {
        /// An operation of the prelude.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Intrinsic {
            $($(#[$doc])* $variant $(($($ty),+))?,)*
        }

        #[allow(unused_variables, reason = "not every column depends on every parameter")]
        impl Intrinsic {
            /// What the table says of it.
            pub fn row(self) -> Row {
                match self {
                    $(Intrinsic::$variant $(($($parameter),+))? => Row {
                        name: Name::new($name),
                        call: Call::$call,
                        takes: takes!($($takes)*),
                        gives: $gives,
                        needs: $needs,
                        rust: None $(.or(Some($rust)))?,
                        called: None $(.or(Some($called)))?,
                        temporary: ["value" $(, $temporary)?].last().copied().unwrap_or("value"),
                        cost: $cost,
                        threads: $threads,
                    },)*
                }
            }

            #[allow(clippy::vec_init_then_push, reason = "the rows push one after the other")]
            pub(super) fn enumerate() -> Vec<Intrinsic> {
                let mut all = Vec::new();
                $(combine!(all, Intrinsic::$variant $(($($parameter),+))?; $($($parameter in $choices;)+)?);)*
                all
            }

            /// Its order and scope.
            pub fn ordering(self) -> Option<(Order, Scope)> {
                match self {
                    $(Intrinsic::$variant $(($($parameter),+))? => {
                        let (order, scope) = (None $($(.or($parameter.order()))+)?, None $($(.or($parameter.scope()))+)?);
                        Some((order?, scope?))
                    })*
                }
            }

            /// The orders that it may have.
            pub fn orders(self) -> &'static [Order] {
                match self {
                    $(Intrinsic::$variant $(($($parameter),+))? => {
                        let orders: &[&'static [Order]] = &[$($(<$ty>::orders($choices)),+)?];
                        orders.iter().find(|orders| !orders.is_empty()).copied().unwrap_or_default()
                    })*
                }
            }

            /// The same operation with another order and scope, if it has these.
            pub fn stated(self, order: Order, scope: Scope) -> Intrinsic {
                match self {
                    $(Intrinsic::$variant $(($($parameter),+))? => {
                        Intrinsic::$variant $(($($parameter.stated(order, scope)),+))?
                    })*
                }
            }

            /// Its value for constant operands; `None` if it has one on the GPU only.
            pub(crate) fn fold(self, known: &Known<'_>) -> Folded {
                match self {
                    $(Intrinsic::$variant $(($($parameter),+))? => fold::$fold($($($given,)*)? known),)*
                }
            }
        }
    };
}

/// Instructions that pack two floats; codes of 8 bits pass through registers of their own.
fn small(format: Format) -> Cost {
    Operations(16 / format.bits())
}

/// The word that holds two floats.
fn pair(format: Format) -> Kind {
    if format.bits() == 8 { U16 } else { U32 }
}

/// One of the numbers that are rounded to `f32`.
fn number(scalar: Scalar) -> &'static [Kind] {
    match scalar {
        Scalar::U32 => &[U32],
        Scalar::I32 => &[Kind::Is(Scalar::I32)],
        Scalar::U64 => &[U64],
        Scalar::I64 => &[Kind::Is(Scalar::I64)],
        _ => &[Kind::Is(Scalar::F64)],
    }
}

/// What a named barrier takes and gives.
fn named(kind: BarrierKind) -> (&'static [Kind], Kind, &'static str) {
    let asks = "the barrier, its threads (u32) and a bool";
    match kind {
        BarrierKind::Synchronise | BarrierKind::Arrive => {
            (&[U32, U32], Unit, "the barrier and its threads (u32)")
        }
        BarrierKind::Any | BarrierKind::All => (&[U32, U32, BOOL], BOOL, asks),
        BarrierKind::Count => (&[U32, U32, BOOL], U32, asks),
    }
}

/// What an assumption is about.
fn assumed(assumption: Assumption) -> (&'static [Kind], &'static str) {
    match assumption {
        Assumption::Members => (&[U32], "the member lanes (u32)"),
        Assumption::WarpUniform | Assumption::BlockUniform => (&[Any], "a value"),
    }
}

/// A pointer to what is changed, and the values that change it.
fn atomic(operation: AtomicOp) -> &'static [Kind] {
    const PLACE: Kind = Pointer(Anywhere, Content::Atomic);
    if operation == AtomicOp::CompareExchange { &[PLACE, Same, Same] } else { &[PLACE, Same] }
}

/// Without a cache, other threads may write between the loads of two lanes.
fn reading(hint: LoadHint) -> Threads {
    if hint == LoadHint::DoNotCache { EachLane("an uncached `read`") } else { Alone }
}

/// Divisions and roots are more instructions than an arm of a selection may have.
fn rounding(operation: RoundedOperation) -> Cost {
    match operation {
        RoundedOperation::Divide | RoundedOperation::SquareRoot => Operations(5),
        _ => Operations(1),
    }
}

intrinsics! {
    /// Index of this thread in its block, in the order in which threads form warps: `%tid.x`, and
    /// in a block of several dimensions `%tid.x + %ntid.x * (%tid.y + %ntid.y * %tid.z)`.
    ThreadInBlock = Function ["thread_in_block"] () -> U32, "nothing";
        Operations(1), ThreadIndex("`thread_in_block()`"), fold none;
    /// Threads of the block in all, a constant.
    ThreadsInBlock = Function ["threads_in_block"] () -> U32, "nothing"; Operations(1), Alone, fold none;
    /// Index of this block in the grid: `%ctaid.x`, and in kernels for grids of several dimensions
    /// `%ctaid.x + %nctaid.x * (%ctaid.y + %nctaid.y * %ctaid.z)`.
    BlockInGrid = Function ["block_in_grid"] () -> U32, "nothing"; Operations(1), Alone, fold none;
    /// Blocks of the grid in all: `%nctaid.x`, or the product of as many sizes as the kernel's
    /// grids have dimensions.
    BlocksInGrid = Function ["blocks_in_grid"] () -> U32, "nothing"; Operations(1), Alone, fold none;
    /// Index of this thread along one dimension of its block: `%tid`.
    ThreadOn(axis: Axis in Axis::ALL) = Function ["thread_", axis.word()] () -> U32, "nothing";
        Operations(1), ThreadOn(axis), fold none;
    /// Threads of the block along one dimension, a constant.
    ThreadsOn(axis: Axis in Axis::ALL) = Function ["threads_", axis.word()] () -> U32, "nothing"; Operations(1), Alone, fold none;
    /// Index of this block along one dimension of the grid: `%ctaid`.
    BlockOn(axis: Axis in Axis::ALL) = Function ["block_", axis.word()] () -> U32, "nothing"; Operations(1), Alone, fold none;
    /// Blocks of the grid along one dimension: `%nctaid`.
    BlocksOn(axis: Axis in Axis::ALL) = Function ["blocks_", axis.word()] () -> U32, "nothing"; Operations(1), Alone, fold none;
    /// Index of this thread in its warp: `%laneid`.
    Lane = Function ["lane"] () -> U32, "nothing", as "lane"; Operations(1), EachLane("`lane()`"), fold none;

    /// Whether the kernel is made for that architecture (90 for `sm_90`) or a newer one; known at
    /// specialisation.
    TargetIsAtLeast = Function ["target_is_at_least"] (U32) -> BOOL, "the number of an architecture (u32)";
        Operations(0), Alone, fold target_is_at_least;
    /// Whether the target is specific to one architecture or family (`sm_90a`, `sm_100f`); known at
    /// specialisation.
    TargetIsSpecific = Function ["target_is_specific"] () -> BOOL, "nothing";
        Operations(0), Alone, fold target_is_specific;
    /// Whether its operand is a constant once the kernel is specialised.
    IsConstant = Function ["is_constant"] (Number) -> BOOL, "a number"; Operations(0), Alone, fold is_constant;

    /// The address `index * size_of::<T>()` further.
    Offset = Method ["at"] (Pointer(Anywhere, Content::Any), Index) -> Moved,
        "a pointer and an index (u32, u64 or usize)", as "address"; Operations(2), Alone, fold none;
    /// The same address as one of another type: `pointer.cast::<U>()`.
    CastPointer = Method ["cast"] (Pointer(Anywhere, Content::Any)) -> Written,
        "a pointer, and gives one into the same space", as "address"; Operations(0), Alone, fold none;
    /// That many elements from there.
    Slice = Method ["slice"] (Pointer(Anywhere, Content::Any), U64) -> Slice,
        "a pointer and the number of elements (u64)", as "slice"; Operations(0), Parts, fold none;
    /// Loads the base address of that rank's copy.
    PeerRank = Method ["rank"] (Peers, U32) -> Copy, "a Peers and a rank (u32)", as "address"; Effect, Alone, fold none;
    /// A block-shared array of that many elements, one per textual call site after inlining:
    /// `shared::<T>(count)`.
    SharedArray = Function ["shared"] (U32) -> Written,
        "a constant number of elements (u32), and gives a Shared", as "shared"; Effect, Alone, fold none;
    /// The block's shared memory whose size the launch states, as elements:
    /// `dynamic_shared::<T>()`. Every call gives all of it.
    DynamicShared = Function ["dynamic_shared"] () -> WrittenSlice,
        "nothing, and gives a SharedSlice", as "dynamic_shared"; Effect, Alone, fold none;
    /// Weak load, as few and as wide instructions as the alignment allows.
    Read = Method ["read"] (Pointer(Anywhere, Content::Any)) -> Same, "a pointer"; Effect, Alone, fold none;
    /// Weak store.
    Write = Method ["write"] (Pointer(Anywhere, Content::Any), Same) -> Unit, "a pointer and a value of its type";
        Effect, Alone, fold none;
    /// As `Read`, with a hint for the caches: `pointer.read_hinted(NoAllocate)`.
    ReadHinted(hint: LoadHint in LoadHint::ALL) = Method ["read_", hint.word()] (Pointer(Global, Content::Any)) -> Same,
        "a pointer to global memory", rust "read_hinted"; Effect, reading(hint), fold none;
    /// As `Write`, with a hint for the caches: `pointer.write_hinted(value, Streaming)`.
    WriteHinted(hint: StoreHint in StoreHint::ALL) = Method ["write_", hint.word()] (Pointer(Global, Content::Any), Same) -> Unit,
        "a pointer to global memory and a value of its type", rust "write_hinted"; Effect, Alone, fold none;
    /// `ld.global.nc`, for memory that nobody writes while the kernel runs.
    ReadOnly = Method ["read_only"] (Pointer(Own, Content::Any)) -> Same,
        "a Global, whose memory nobody writes while the kernel runs"; Effect, Alone, fold none;
    /// As `ReadOnly`, with a hint: `pointer.read_only_hinted(NoAllocate)`.
    ReadOnlyHinted(hint: LoadHint in LoadHint::ALL) = Method ["read_only_", hint.word()] (Pointer(Own, Content::Any)) -> Same,
        "a Global, whose memory nobody writes while the kernel runs", rust "read_only_hinted"; Effect, Alone, fold none;
    /// Strong load: `pointer.load(Acquire, System)`. Other threads may write between the loads of
    /// two lanes.
    Load(order: Order in LOAD_ORDERS, scope: Scope in Scope::ALL) = Method ["load"] (Pointer(Anywhere, Strong)) -> Same,
        "a pointer to a number of 8 to 64 bits"; Effect, EachLane("a strong `load`"), fold none;
    /// Strong store: `pointer.store(value, Release, System)`.
    Store(order: Order in STORE_ORDERS, scope: Scope in Scope::ALL) = Method ["store"] (Pointer(Anywhere, Strong), Same) -> Unit,
        "a pointer to a number of 8 to 64 bits and a value of its type"; Effect, Alone, fold none;
    /// `ld.volatile`.
    ReadVolatile = Method ["read_volatile"] (Pointer(Anywhere, Content::Any)) -> Same, "a pointer";
        Effect, EachLane("a volatile `read`"), fold none;
    /// `st.volatile`.
    WriteVolatile = Method ["write_volatile"] (Pointer(Anywhere, Content::Any), Same) -> Unit,
        "a pointer and a value of its type"; Effect, Alone, fold none;
    /// `ld.mmio.relaxed.sys`.
    ReadMmio = Method ["read_mmio"] (Pointer(Global, Numbers)) -> Same,
        "a pointer to a number of 8 to 64 bits in global memory"; Effect, EachLane("a volatile `read`"), fold none;
    /// `st.mmio.relaxed.sys`.
    WriteMmio = Method ["write_mmio"] (Pointer(Global, Numbers), Same) -> Unit,
        "a pointer to a number of 8 to 64 bits in global memory and a value of its type"; Effect, Alone, fold none;
    /// Read-modify-write operation: `pointer.fetch_add(value, Relaxed, Gpu)` and its kin, which
    /// give the old value. A result that is dropped becomes `red` where PTX allows it.
    Atomic(operation: AtomicOp in AtomicOp::ALL, order: Order in ATOMIC_ORDERS, scope: Scope in Scope::ALL) =
        Method [operation.word()] (..atomic(operation)) -> Same,
        "a pointer to a 32- or 64-bit scalar that PTX has this for, and values", called "this atomic operation", as "before";
        Effect, EachLane("an atomic operation"), fold none;
    /// `fence(AcquireRelease, Gpu)`.
    Fence(order: Order in FENCE_ORDERS, scope: Scope in Scope::ALL) = Function ["fence"] () -> Unit, "nothing";
        Effect, Alone, fold none;

    /// The value of another lane, one `shfl.sync` per 32 bits: `shuffle(value, lane)`,
    /// `shuffle_up(value, n)` and their kin.
    Shuffle(kind: ShuffleKind in ShuffleKind::ALL) = Function ["shuffle", kind.word()] (Any, U32, Members) -> Same,
        "a value, a lane or distance (u32) and the member lanes (u32)", called "`shuffle`"; Effect, Shuffle(kind), fold none;
    /// `any(p)`, `all(p)`, `ballot(p)`.
    Vote(kind: VoteKind in VoteKind::ALL) = Function [kind.word()] (BOOL, Members) ->
        if kind == VoteKind::Ballot { U32 } else { BOOL }, "a bool and the member lanes (u32)", as "lanes"; Effect, Vote(kind), fold none;
    /// The lanes with an equal value.
    MatchAny = Function ["match_any"] (Word, Members) -> U32, "a 32- or 64-bit scalar and the member lanes (u32)", as "lanes";
        Effect, Groups, fold none;
    /// `bar.warp.sync`.
    WarpBarrier = Function ["warp_barrier"] (Members) -> Unit, "the member lanes (u32)"; Effect, Threads::Members, fold none;
    /// Its operand, believed to be as uniform as stated; a mask for `Members`. No instruction.
    Assume(assumption: Assumption in Assumption::ALL) = Function ["assume_", assumption.word()]
        (..assumed(assumption).0) -> Same,
        assumed(assumption).1; Operations(0), Assume(assumption), fold none;
    /// `bar.sync 0` of the whole block.
    BlockBarrier = Function ["block_barrier"] () -> Unit, "nothing"; Effect, Block, fold none;
    /// `bar.sync` of the threads of the role around it, with a barrier of its own.
    RoleBarrier = Function ["role_barrier"] () -> Unit, "nothing"; Effect, Role, fold none;
    /// `bar.sync`, `bar.arrive` or `bar.red` of barrier 1 to 15, which that many threads reach
    /// (constants).
    NamedBarrier(kind: BarrierKind in BarrierKind::ALL) = Function ["named_barrier_", kind.word()] (..named(kind).0) ->
        named(kind).1, named(kind).2, called "a named barrier"; Effect, Named, fold none;

    /// Nanoseconds: `%globaltimer`.
    GlobalTimer = Function ["global_timer"] () -> U64, "nothing", as "time"; Effect, EachLane("`global_timer()`"), fold none;
    /// Sleeps for about that long.
    Nanosleep = Function ["nanosleep"] (U32) -> Unit, "nanoseconds (u32)"; Effect, Alone, fold none;
    /// Ends the launch with an error.
    Trap = Function ["trap"] () -> Never, "nothing"; Effect, Alone, fold none;

    /// `a * b + c`, rounded once.
    FusedMultiplyAdd = Method ["mul_add"] (Float, Same, Same) -> Same, "three floats"; Operations(1), Alone, fold mul_add;
    /// The smaller; a float NaN loses to a number.
    Minimum = Method ["min"] (Number, Same) -> Same, "two numbers of one type"; Operations(1), Alone, fold extreme(true);
    /// The larger; a float NaN loses to a number.
    Maximum = Method ["max"] (Number, Same) -> Same, "two numbers of one type"; Operations(1), Alone, fold extreme(false);
    /// Without its sign; wraps for the smallest integer.
    Absolute = Method ["abs"] (Signed) -> Same, "a number"; Operations(1), Alone, fold absolute;
    /// Correctly rounded.
    SquareRoot = Method ["sqrt"] (Float) -> Same, "a float"; Many, Alone, fold square_root;
    /// To an integral number: `a.round_ties_even()`, `a.trunc()`, `a.floor()`, `a.ceil()`.
    Integral(rounding: Rounding in Rounding::ALL) = Method [integral(rounding)] (Float) -> Same, "a float";
        Operations(1), Alone, fold integral(rounding);
    /// The magnitude of the first, the sign of the second.
    CopySign = Method ["copysign"] (Float, Same) -> Same, "two floats of one type"; Operations(1), Alone, fold copy_sign;
    /// The exact result rounded in that direction: `add_down(a, b)` and its kin. Divisions and
    /// roots are many instructions.
    Rounded(operation: RoundedOperation in RoundedOperation::ALL, direction: Direction in Direction::ALL) =
        Function [operation.word(), "_", toward(direction)] (..&[F32; 3][..operation.operands()]) -> F32,
        "f32 values, as many as the operation has", called "this rounded operation";
        rounding(operation), Alone, fold rounded(operation, direction);
    /// A number rounded in that direction: `f32_from_f64_down(a)` and its kin.
    ToF32(from: Scalar in TO_F32, direction: Direction in Direction::ALL) =
        Function ["f32_from_", from.name(), "_", toward(direction)] (..number(from)) -> F32,
        "an f64 or an integer of 32 or 64 bits", called "this conversion to f32"; Operations(1), Alone, fold to_f32(direction);
    /// Two floats, the first in the lower half: rounded to nearest even. A NaN has no sign and all
    /// bits of the mantissa. Codes of 8 bits need `sm_89` and are finite: what is beyond the
    /// largest one becomes that.
    Pack(format: Format in PACKED) = Function ["pack_", format.modifier()] (F32, F32) -> pair(format), "two f32 values";
        small(format), Alone, fold pack(format);
    /// As `Pack`, rounded toward zero.
    PackTowardZero(format: HalfFormat in HalfFormat::ALL) = Function ["pack_", format.modifier(), "_toward_zero"] (F32, F32) -> U32,
        "two f32 values"; Operations(1), Alone, fold pack_toward_zero(format);
    /// Two codes of 8 bits as two f16, exactly. Needs `sm_89`.
    Widen(format: Format in &Format::EIGHT_BITS) = Function ["widen_", format.modifier()] (U16) -> U32, "a u16";
        small(format), Alone, fold widen(format);
    /// The value of an f16, exactly.
    F16Value = Function ["f16_value"] (U16) -> F32, "a u16"; Operations(1), Alone, fold f16_value;
    /// Of both halves, rounded to nearest even; NaN becomes 0x7fff: `add_bf16x2(a, b)` and its kin.
    HalfPair(format: HalfFormat in HalfFormat::ALL, operation: HalfOperation in HalfOperation::ALL) =
        Function [operation.word(), "_", format.pair().modifier()] (..&[U32; 3][..operation.operands()]) -> U32,
        "words (u32) of two 16-bit floats, as many as the operation has", called "this operation on a pair of 16-bit floats";
        Operations(1), Alone, fold half_pair(format, operation);
    /// Bits that are set.
    CountOnes = Method ["count_ones"] (Integer) -> U32, "an integer"; Operations(1), Alone, fold count_ones;
    /// Bits above the highest that is set.
    LeadingZeros = Method ["leading_zeros"] (Integer) -> U32, "an integer"; Operations(1), Alone, fold leading_zeros;
    /// Bits below the lowest that is set; the width for zero.
    TrailingZeros = Method ["trailing_zeros"] (Integer) -> U32, "an integer"; Operations(1), Alone, fold trailing_zeros;
    /// The lowest bit becomes the highest.
    ReverseBits = Method ["reverse_bits"] (Integer) -> Same, "an integer"; Operations(1), Alone, fold reverse_bits;
    /// The same bits: `a.to_bits()`, `f32::from_bits(b)`.
    Bitcast = Method ["bitcast"] (Bits) -> Bits, "a float or an unsigned integer of the result's width",
        rust "to_bits", called "this reinterpretation of bits"; Operations(0), Alone, fold bitcast;
}
