//! The names of the intrinsics: one table, read in both directions.

use crate::ir::{
    Assumption, AtomicOp, BarrierKind, Direction, HalfFormat, HalfOperation, Intrinsic, LoadHint, Order,
    RoundedOperation, Rounding, Scope, ShuffleKind, StoreHint, VoteKind,
};

/// Makes both directions from one table; the `match` over the intrinsics keeps the table complete.
macro_rules! names {
    (
        plain { $($plain:literal = $variant:ident $(($($part:path),+))?;)* }
        ordered { $($ordered:literal = $strong:ident $(($operation:path))?;)* }
    ) => {
        /// The name of an intrinsic, with its order and scope if it has them.
        pub(super) fn name(intrinsic: Intrinsic) -> (&'static str, Option<(Order, Scope)>) {
            match intrinsic {
                $(Intrinsic::$variant $(($($part),+))? => ($plain, None),)*
                $(Intrinsic::$strong($($operation,)? order, scope) => ($ordered, Some((order, scope))),)*
            }
        }

        /// The intrinsic of that name that has no order and scope.
        pub(super) fn plain(name: &str) -> Option<Intrinsic> {
            match name {
                $($plain => Some(Intrinsic::$variant $(($($part),+))?),)*
                _ => None,
            }
        }

        /// The intrinsic of that name with this order and scope.
        pub(super) fn ordered(name: &str, order: Order, scope: Scope) -> Option<Intrinsic> {
            match name {
                $($ordered => Some(Intrinsic::$strong($($operation,)? order, scope)),)*
                _ => None,
            }
        }
    };
}

names! {
    plain {
        "thread_in_block" = ThreadInBlock;
        "threads_in_block" = ThreadsInBlock;
        "block_in_grid" = BlockInGrid;
        "blocks_in_grid" = BlocksInGrid;
        "lane" = Lane;
        "target_is_at_least" = TargetIsAtLeast;
        "target_is_specific" = TargetIsSpecific;
        "at" = Offset;
        "cast" = CastPointer;
        "rank" = PeerRank;
        "slice" = Slice;
        "shared" = SharedArray;
        "read" = Read;
        "write" = Write;
        "read_all" = ReadHinted(LoadHint::CacheAll);
        "read_global" = ReadHinted(LoadHint::CacheGlobal);
        "read_streaming" = ReadHinted(LoadHint::Streaming);
        "read_last_use" = ReadHinted(LoadHint::LastUse);
        "read_uncached" = ReadHinted(LoadHint::DoNotCache);
        "read_evict_first" = ReadHinted(LoadHint::EvictFirst);
        "read_evict_last" = ReadHinted(LoadHint::EvictLast);
        "read_evict_unchanged" = ReadHinted(LoadHint::EvictUnchanged);
        "read_no_allocate" = ReadHinted(LoadHint::NoAllocate);
        "read_prefetch_64" = ReadHinted(LoadHint::Prefetch64);
        "read_prefetch_128" = ReadHinted(LoadHint::Prefetch128);
        "read_prefetch_256" = ReadHinted(LoadHint::Prefetch256);
        "read_no_allocate_prefetch_256" = ReadHinted(LoadHint::NoAllocatePrefetch256);
        "write_write_back" = WriteHinted(StoreHint::WriteBack);
        "write_global" = WriteHinted(StoreHint::CacheGlobal);
        "write_streaming" = WriteHinted(StoreHint::Streaming);
        "write_through" = WriteHinted(StoreHint::WriteThrough);
        "write_evict_first" = WriteHinted(StoreHint::EvictFirst);
        "write_evict_last" = WriteHinted(StoreHint::EvictLast);
        "write_evict_unchanged" = WriteHinted(StoreHint::EvictUnchanged);
        "write_no_allocate" = WriteHinted(StoreHint::NoAllocate);
        "read_volatile" = ReadVolatile;
        "write_volatile" = WriteVolatile;
        "read_mmio" = ReadMmio;
        "write_mmio" = WriteMmio;
        "read_only" = ReadOnly;
        "read_only_all" = ReadOnlyHinted(LoadHint::CacheAll);
        "read_only_global" = ReadOnlyHinted(LoadHint::CacheGlobal);
        "read_only_streaming" = ReadOnlyHinted(LoadHint::Streaming);
        "read_only_last_use" = ReadOnlyHinted(LoadHint::LastUse);
        "read_only_uncached" = ReadOnlyHinted(LoadHint::DoNotCache);
        "read_only_evict_first" = ReadOnlyHinted(LoadHint::EvictFirst);
        "read_only_evict_last" = ReadOnlyHinted(LoadHint::EvictLast);
        "read_only_evict_unchanged" = ReadOnlyHinted(LoadHint::EvictUnchanged);
        "read_only_no_allocate" = ReadOnlyHinted(LoadHint::NoAllocate);
        "read_only_prefetch_64" = ReadOnlyHinted(LoadHint::Prefetch64);
        "read_only_prefetch_128" = ReadOnlyHinted(LoadHint::Prefetch128);
        "read_only_prefetch_256" = ReadOnlyHinted(LoadHint::Prefetch256);
        "read_only_no_allocate_prefetch_256" = ReadOnlyHinted(LoadHint::NoAllocatePrefetch256);
        "shuffle" = Shuffle(ShuffleKind::Index);
        "shuffle_up" = Shuffle(ShuffleKind::Up);
        "shuffle_down" = Shuffle(ShuffleKind::Down);
        "shuffle_xor" = Shuffle(ShuffleKind::Xor);
        "any" = Vote(VoteKind::Any);
        "all" = Vote(VoteKind::All);
        "ballot" = Vote(VoteKind::Ballot);
        "match_any" = MatchAny;
        "warp_barrier" = WarpBarrier;
        "assume_warp_uniform" = Assume(Assumption::WarpUniform);
        "assume_block_uniform" = Assume(Assumption::BlockUniform);
        "assume_members" = Assume(Assumption::Members);
        "block_barrier" = BlockBarrier;
        "role_barrier" = RoleBarrier;
        "named_barrier_sync" = NamedBarrier(BarrierKind::Synchronise);
        "named_barrier_arrive" = NamedBarrier(BarrierKind::Arrive);
        "named_barrier_any" = NamedBarrier(BarrierKind::Any);
        "named_barrier_all" = NamedBarrier(BarrierKind::All);
        "named_barrier_count" = NamedBarrier(BarrierKind::Count);
        "global_timer" = GlobalTimer;
        "nanosleep" = Nanosleep;
        "trap" = Trap;
        "mul_add" = FusedMultiplyAdd;
        "min" = Minimum;
        "max" = Maximum;
        "abs" = Absolute;
        "sqrt" = SquareRoot;
        "round_ties_even" = Integral(Rounding::NearestEven);
        "trunc" = Integral(Rounding::TowardZero);
        "floor" = Integral(Rounding::Down);
        "ceil" = Integral(Rounding::Up);
        "copysign" = CopySign;
        "add_toward_zero" = Rounded(RoundedOperation::Add, Direction::TowardZero);
        "add_down" = Rounded(RoundedOperation::Add, Direction::Down);
        "add_up" = Rounded(RoundedOperation::Add, Direction::Up);
        "subtract_toward_zero" = Rounded(RoundedOperation::Subtract, Direction::TowardZero);
        "subtract_down" = Rounded(RoundedOperation::Subtract, Direction::Down);
        "subtract_up" = Rounded(RoundedOperation::Subtract, Direction::Up);
        "multiply_toward_zero" = Rounded(RoundedOperation::Multiply, Direction::TowardZero);
        "multiply_down" = Rounded(RoundedOperation::Multiply, Direction::Down);
        "multiply_up" = Rounded(RoundedOperation::Multiply, Direction::Up);
        "divide_toward_zero" = Rounded(RoundedOperation::Divide, Direction::TowardZero);
        "divide_down" = Rounded(RoundedOperation::Divide, Direction::Down);
        "divide_up" = Rounded(RoundedOperation::Divide, Direction::Up);
        "mul_add_toward_zero" = Rounded(RoundedOperation::FusedMultiplyAdd, Direction::TowardZero);
        "mul_add_down" = Rounded(RoundedOperation::FusedMultiplyAdd, Direction::Down);
        "mul_add_up" = Rounded(RoundedOperation::FusedMultiplyAdd, Direction::Up);
        "sqrt_toward_zero" = Rounded(RoundedOperation::SquareRoot, Direction::TowardZero);
        "sqrt_down" = Rounded(RoundedOperation::SquareRoot, Direction::Down);
        "sqrt_up" = Rounded(RoundedOperation::SquareRoot, Direction::Up);
        "to_f32_toward_zero" = ToF32(Direction::TowardZero);
        "to_f32_down" = ToF32(Direction::Down);
        "to_f32_up" = ToF32(Direction::Up);
        "pack_f16_toward_zero" = PackTowardZero(HalfFormat::F16);
        "pack_bf16_toward_zero" = PackTowardZero(HalfFormat::Bf16);
        "add_f16x2" = HalfPair(HalfFormat::F16, HalfOperation::Add);
        "subtract_f16x2" = HalfPair(HalfFormat::F16, HalfOperation::Subtract);
        "multiply_f16x2" = HalfPair(HalfFormat::F16, HalfOperation::Multiply);
        "mul_add_f16x2" = HalfPair(HalfFormat::F16, HalfOperation::FusedMultiplyAdd);
        "min_f16x2" = HalfPair(HalfFormat::F16, HalfOperation::Minimum);
        "max_f16x2" = HalfPair(HalfFormat::F16, HalfOperation::Maximum);
        "add_bf16x2" = HalfPair(HalfFormat::Bf16, HalfOperation::Add);
        "subtract_bf16x2" = HalfPair(HalfFormat::Bf16, HalfOperation::Subtract);
        "multiply_bf16x2" = HalfPair(HalfFormat::Bf16, HalfOperation::Multiply);
        "mul_add_bf16x2" = HalfPair(HalfFormat::Bf16, HalfOperation::FusedMultiplyAdd);
        "min_bf16x2" = HalfPair(HalfFormat::Bf16, HalfOperation::Minimum);
        "max_bf16x2" = HalfPair(HalfFormat::Bf16, HalfOperation::Maximum);
        "count_ones" = CountOnes;
        "leading_zeros" = LeadingZeros;
        "trailing_zeros" = TrailingZeros;
        "reverse_bits" = ReverseBits;
        "bitcast" = Bitcast;
        "pack_bf16" = PackBf16;
        "pack_f16" = PackF16;
        "pack_e4m3" = PackE4m3;
        "pack_e5m2" = PackE5m2;
        "f16_value" = F16Value;
        "widen_e4m3" = WidenE4m3;
        "widen_e5m2" = WidenE5m2;
    }
    ordered {
        "load" = Load;
        "store" = Store;
        "fence" = Fence;
        "fetch_add" = Atomic(AtomicOp::Add);
        "fetch_min" = Atomic(AtomicOp::Minimum);
        "fetch_max" = Atomic(AtomicOp::Maximum);
        "fetch_and" = Atomic(AtomicOp::And);
        "fetch_or" = Atomic(AtomicOp::Or);
        "fetch_xor" = Atomic(AtomicOp::Xor);
        "exchange" = Atomic(AtomicOp::Exchange);
        "compare_exchange" = Atomic(AtomicOp::CompareExchange);
        "fetch_increment" = Atomic(AtomicOp::Increment);
        "fetch_decrement" = Atomic(AtomicOp::Decrement);
        "fetch_add_f16" = Atomic(AtomicOp::AddF16);
        "fetch_add_bf16" = Atomic(AtomicOp::AddBf16);
        "fetch_min_f16" = Atomic(AtomicOp::MinimumF16);
        "fetch_max_f16" = Atomic(AtomicOp::MaximumF16);
        "fetch_min_bf16" = Atomic(AtomicOp::MinimumBf16);
        "fetch_max_bf16" = Atomic(AtomicOp::MaximumBf16);
    }
}
