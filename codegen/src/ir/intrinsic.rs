//! Operations that PTX provides directly. Arguments and results are stated as `(arguments) -> result`.

use super::hint::{LoadHint, StoreHint};
pub use crossdock_ptx::{Direction, HalfFormat, Order, Rounding, Scope};

/// A read-modify-write operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum AtomicOp {
    Add,
    Minimum,
    Maximum,
    And,
    Or,
    Xor,
    Exchange,
    /// `(pointer, expected, new) -> old`.
    CompareExchange,
    /// `u32`: one more, and 0 after the operand.
    Increment,
    /// `u32`: one less, and the operand after 0 or above the operand.
    Decrement,
    /// Each f16 of a `u16`, of a word (`u32`) or of the words of a struct: adds, rounded to nearest even.
    AddF16,
    /// As `AddF16`, for bf16. Needs `sm_90`.
    AddBf16,
    /// Each f16 of a word or of the words of a struct: the smaller. Needs `sm_90`, as the rest.
    MinimumF16,
    /// The larger.
    MaximumF16,
    /// As `MinimumF16`, for bf16.
    MinimumBf16,
    /// The larger.
    MaximumBf16,
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

/// Where a shuffled value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ShuffleKind {
    Index,
    Up,
    Down,
    Xor,
}

/// What a vote asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum VoteKind {
    Any,
    All,
    /// Gives the mask of lanes with a true predicate.
    Ballot,
}

/// An `f32` operation that PTX rounds in any direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum RoundedOperation {
    Add,
    Subtract,
    Multiply,
    Divide,
    FusedMultiplyAdd,
    SquareRoot,
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

/// An operation on the two 16-bit floats of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum HalfOperation {
    Add,
    Subtract,
    Multiply,
    FusedMultiplyAdd,
    Minimum,
    Maximum,
}

impl HalfOperation {
    /// How many words it takes.
    pub fn operands(self) -> usize {
        if self == HalfOperation::FusedMultiplyAdd { 3 } else { 2 }
    }
}

/// What threads do at a named barrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarrierKind {
    /// Arrives and waits for the others.
    Synchronise,
    /// Arrives and goes on.
    Arrive,
    /// Waits; whether the bool is true for some thread.
    Any,
    /// Waits; whether the bool is true for every thread.
    All,
    /// Waits; for how many threads the bool is true.
    Count,
}

/// What the programmer vouches for where the compiler cannot prove it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Assumption {
    /// The value is the same for all lanes of the warp.
    WarpUniform,
    /// The value is the same for all threads of the block.
    BlockUniform,
    /// Exactly the lanes of this mask reach the operation that takes it, with the same mask.
    Members,
}

/// An operation of the prelude. `P<T>` is any pointer; `T` is any scalar or struct unless stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Intrinsic {
    /// `() -> u32`: `%tid.x`. Rust: `thread_in_block()`.
    ThreadInBlock,
    /// `() -> u32`: `%ntid.x`. Rust: `threads_in_block()`.
    ThreadsInBlock,
    /// `() -> u32`: `%ctaid.x`. Rust: `block_in_grid()`.
    BlockInGrid,
    /// `() -> u32`: `%nctaid.x`. Rust: `blocks_in_grid()`.
    BlocksInGrid,
    /// `() -> u32`: `%laneid`. Rust: `lane()`.
    Lane,

    /// `(u32 constant) -> bool`: whether the kernel is made for that architecture (90 for `sm_90`) or a newer one; known at
    /// specialisation. Rust: `target_is_at_least(90)`.
    TargetIsAtLeast,
    /// `() -> bool`: whether the target is specific to one architecture or family (`sm_90a`, `sm_100f`); known at
    /// specialisation. Rust: `target_is_specific()`.
    TargetIsSpecific,

    /// `(P<T>, index) -> P<T>`, index `u32`, `u64` or `usize`: the address `index * size_of::<T>()` further. Rust: `pointer.at(index)`.
    Offset,
    /// `(P<T>) -> P<U>`; `U` is in the result type. Rust: `pointer.cast::<U>()`.
    CastPointer,
    /// `(P<T>, u64) -> slice`: that many elements from there. Rust: `pointer.slice(length)`.
    Slice,
    /// `(Peers<T>, u32) -> Peer<T>`: loads the base address of that rank's copy. Rust: `peers.rank(rank)`.
    PeerRank,
    /// `(u32 constant) -> Shared<T>`: a block-shared array of that many elements, one per textual call site after inlining. Rust: `shared::<T>(count)`.
    SharedArray,
    /// `(P<T>) -> T`: weak load, as few and as wide instructions as the alignment of `T` allows. Rust: `pointer.read()`.
    Read,
    /// `(P<T>, T) -> ()`: weak store. Rust: `pointer.write(value)`.
    Write,
    /// `(P<T>) -> T`, `P` not shared memory: as `Read`, with a hint for the caches. Rust: `pointer.read_hinted(NoAllocate)`.
    ReadHinted(LoadHint),
    /// `(P<T>, T) -> ()`, `P` not shared memory: as `Write`, with a hint for the caches. Rust: `pointer.write_hinted(value, Streaming)`.
    WriteHinted(StoreHint),
    /// `(Global<T>) -> T`: `ld.global.nc`, for memory that nobody writes while the kernel runs. Rust:
    /// `pointer.read_only()`.
    ReadOnly,
    /// As `ReadOnly`, with a hint other than `LastUse` and `DoNotCache`. Rust: `pointer.read_only_hinted(NoAllocate)`.
    ReadOnlyHinted(LoadHint),
    /// `(P<T>) -> T`, `T` a scalar of 8 to 64 bits, order relaxed or acquire. Rust: `pointer.load(Acquire, System)`.
    Load(Order, Scope),
    /// `(P<T>, T) -> ()`, `T` a scalar of 8 to 64 bits, order relaxed or release. Rust: `pointer.store(value, Release, System)`.
    Store(Order, Scope),
    /// `(P<T>) -> T`: `ld.volatile`. Rust: `pointer.read_volatile()`.
    ReadVolatile,
    /// `(P<T>, T) -> ()`: `st.volatile`. Rust: `pointer.write_volatile(value)`.
    WriteVolatile,
    /// `(P<T>) -> T`, `P` not shared memory, `T` a scalar of 8 to 64 bits: `ld.mmio.relaxed.sys`. Rust: `pointer.read_mmio()`.
    ReadMmio,
    /// `(P<T>, T) -> ()`, as `ReadMmio`: `st.mmio.relaxed.sys`. Rust: `pointer.write_mmio(value)`.
    WriteMmio,
    /// `(P<T>, T [, T]) -> T`, the old value; 32- or 64-bit scalars, structs of 16 bytes, of 2 or 4 `f32` or of words of 16-bit
    /// floats, where PTX has it. Rust: `fetch_add`, `fetch_min`, `fetch_max`, `fetch_and`, `fetch_or`, `fetch_xor`, `exchange`,
    /// `compare_exchange`, `fetch_increment`, `fetch_decrement`, `fetch_add_f16`, `fetch_min_bf16` and their kin. A result that is dropped becomes `red` where PTX allows it.
    Atomic(AtomicOp, Order, Scope),
    /// `() -> ()`. Rust: `fence(AcquireRelease, Gpu)`.
    Fence(Order, Scope),

    /// `(T, u32 lane|delta|mask, u32 members) -> T`, `T` any scalar, pointer or struct (one `shfl.sync` per 32 bits).
    /// Rust: `shuffle(value, lane)`, `shuffle_up/down/xor(value, n)` with all 32 lanes, `.._among(members, ..)`.
    Shuffle(ShuffleKind),
    /// `(bool, u32 members) -> bool`, or `u32` for `Ballot`. Rust: `any(p)`, `all(p)`, `ballot(p)`, `.._among(members, p)`.
    Vote(VoteKind),
    /// `(T 32/64-bit scalar, u32 members) -> u32`: the lanes with an equal value. Rust: `match_any(value)`.
    MatchAny,
    /// `(u32 members) -> ()`: `bar.warp.sync`. Rust: `warp_barrier()`.
    WarpBarrier,
    /// `(T) -> T`, its argument, believed to be as uniform as stated; a mask (`u32`) for `Members`. No instruction.
    /// Rust: `assume_warp_uniform(value)`, `assume_block_uniform(value)`, `assume_members(mask)`.
    Assume(Assumption),
    /// `() -> ()`: `bar.sync 0` of the whole block. Rust: `block_barrier()`.
    BlockBarrier,
    /// `() -> ()`: `bar.sync` of the threads of the role around it, with a barrier of its own. Rust: `role_barrier()`.
    RoleBarrier,
    /// `(u32 constant id, u32 constant threads [, bool]) -> ()`, `bool` or `u32`: `bar.sync`, `bar.arrive` or `bar.red` of
    /// barrier 1 to 15, which that many threads reach. Rust: the methods of `NamedBarrier`, `named_barrier_..(id, threads)`.
    NamedBarrier(BarrierKind),

    /// `() -> u64` nanoseconds: `%globaltimer`. Rust: `global_timer()`.
    GlobalTimer,
    /// `(u32 nanoseconds) -> ()`. Rust: `nanosleep(n)`.
    Nanosleep,
    /// `() -> ()`: ends the launch with an error. Rust: `trap()`.
    Trap,

    /// `(f, f, f) -> f`: `a * b + c` rounded once. Rust: `a.mul_add(b, c)`.
    FusedMultiplyAdd,
    /// `(T, T) -> T`: numbers; a float NaN operand loses to the other. Rust: `a.min(b)`.
    Minimum,
    /// As `Minimum`. Rust: `a.max(b)`.
    Maximum,
    /// `(T) -> T`; wraps for the smallest integer. Rust: `a.abs()`, `a.wrapping_abs()`.
    Absolute,
    /// `(f) -> f`, correctly rounded. Rust: `a.sqrt()`.
    SquareRoot,
    /// `(f) -> f`: to an integral number. Rust: `a.round_ties_even()`, `a.trunc()`, `a.floor()`, `a.ceil()`.
    Integral(Rounding),
    /// `(f magnitude, f sign) -> f`. Rust: `a.copysign(b)`.
    CopySign,
    /// `(f32, ..) -> f32`: the exact result rounded in that direction. Rust: `add_down(a, b)` and its kin.
    Rounded(RoundedOperation, Direction),
    /// `(f64 | u32 | i32 | u64 | i64) -> f32`, rounded in that direction. Rust: `f32_from_f64_down(a)` and its kin.
    ToF32(Direction),
    /// `(f32 low, f32 high) -> u32`: two floats of 16 bits, rounded toward zero. Rust: `pack_bf16_toward_zero(low, high)`.
    PackTowardZero(HalfFormat),
    /// `(u32, u32 [, u32]) -> u32`: both halves, rounded to nearest even; NaN becomes 0x7fff. Rust: `add_bf16x2(a, b)`.
    HalfPair(HalfFormat, HalfOperation),
    /// `(integer) -> u32`. Rust: `a.count_ones()`.
    CountOnes,
    /// `(integer) -> u32`. Rust: `a.leading_zeros()`.
    LeadingZeros,
    /// `(integer) -> u32`; the width for zero. Rust: `a.trailing_zeros()`.
    TrailingZeros,
    /// `(integer) -> integer`. Rust: `a.reverse_bits()`.
    ReverseBits,
    /// `(float) -> u32 | u64` or back: the same bits. Rust: `a.to_bits()`, `f32::from_bits(b)`.
    Bitcast,
    /// `(f32 low, f32 high) -> u32`: two bf16, rounded to nearest even, NaN becomes 0x7fff. Rust: `pack_bf16(low, high)`.
    PackBf16,
    /// `(f32 low, f32 high) -> u32`: two f16, rounded to nearest even, NaN becomes 0x7fff. Rust: `pack_f16(low, high)`.
    PackF16,
    /// `(f32 low, f32 high) -> u16`: two e4m3, rounded to nearest even, finite values and infinities beyond 448 become 448;
    /// NaN becomes 0x7f. Needs `sm_89`. Rust: `pack_e4m3(low, high)`.
    PackE4m3,
    /// As `PackE4m3`, for e5m2 and 57344. Rust: `pack_e5m2(low, high)`.
    PackE5m2,
    /// `(u16) -> f32`: the value of an f16, exactly. Rust: `f16_value(bits)`.
    F16Value,
    /// `(u16) -> u32`: two e4m3 as two f16, exactly. Needs `sm_89`. Rust: `widen_e4m3(pair)`.
    WidenE4m3,
    /// As `WidenE4m3`, for e5m2. Rust: `widen_e5m2(pair)`.
    WidenE5m2,
}
