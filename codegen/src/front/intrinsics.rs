//! The functions that PTX provides, as rows: Rust name, operation, and the types of arguments and result.

use crate::ir::{Assumption, AtomicOp, BarrierKind, Intrinsic, Order, Scope, ShuffleKind, VoteKind};

/// The type of an argument or result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Unit,
    /// Control does not come back.
    Never,
    Bool,
    U16,
    U32,
    U64,
    I32,
    I64,
    F32,
    F64,
    /// Whatever the caller has, the same everywhere in the row.
    Value,
}

/// Which lanes take part in a warp operation: its last operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Members {
    /// Not a warp operation.
    None,
    /// All 32 lanes; not written.
    All,
    /// Written as the first argument.
    First,
}

/// One function.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) intrinsic: Intrinsic,
    /// Arguments other than the members.
    pub(super) arguments: &'static [Shape],
    pub(super) result: Shape,
    pub(super) members: Members,
}

/// The function of that name. `shared` and `fence` have forms of their own and are not in the table.
pub(super) fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().chain(super::arithmetic_functions::OPERATIONS).find(|operation| operation.name == name)
}

pub(super) const fn row(
    name: &'static str,
    intrinsic: Intrinsic,
    arguments: &'static [Shape],
    result: Shape,
) -> Operation {
    Operation { name, intrinsic, arguments, result, members: Members::None }
}

const fn warp(
    name: &'static str,
    intrinsic: Intrinsic,
    arguments: &'static [Shape],
    result: Shape,
    members: Members,
) -> Operation {
    Operation { name, intrinsic, arguments, result, members }
}

const INDEX: Intrinsic = Intrinsic::Shuffle(ShuffleKind::Index);
const UP: Intrinsic = Intrinsic::Shuffle(ShuffleKind::Up);
const DOWN: Intrinsic = Intrinsic::Shuffle(ShuffleKind::Down);
const XOR: Intrinsic = Intrinsic::Shuffle(ShuffleKind::Xor);
const ANY: Intrinsic = Intrinsic::Vote(VoteKind::Any);
const ALL: Intrinsic = Intrinsic::Vote(VoteKind::All);
const BALLOT: Intrinsic = Intrinsic::Vote(VoteKind::Ballot);

const WARP_UNIFORM: Intrinsic = Intrinsic::Assume(Assumption::WarpUniform);
const BLOCK_UNIFORM: Intrinsic = Intrinsic::Assume(Assumption::BlockUniform);

const fn named(kind: BarrierKind) -> Intrinsic {
    Intrinsic::NamedBarrier(kind)
}

const OPERATIONS: &[Operation] = &[
    row("thread_in_block", Intrinsic::ThreadInBlock, &[], Shape::U32),
    row("threads_in_block", Intrinsic::ThreadsInBlock, &[], Shape::U32),
    row("block_in_grid", Intrinsic::BlockInGrid, &[], Shape::U32),
    row("blocks_in_grid", Intrinsic::BlocksInGrid, &[], Shape::U32),
    row("lane", Intrinsic::Lane, &[], Shape::U32),
    row("target_is_at_least", Intrinsic::TargetIsAtLeast, &[Shape::U32], Shape::Bool),
    row("target_is_specific", Intrinsic::TargetIsSpecific, &[], Shape::Bool),
    row("assume_warp_uniform", WARP_UNIFORM, &[Shape::Value], Shape::Value),
    row("assume_block_uniform", BLOCK_UNIFORM, &[Shape::Value], Shape::Value),
    row("assume_members", Intrinsic::Assume(Assumption::Members), &[Shape::U32], Shape::U32),
    row("block_barrier", Intrinsic::BlockBarrier, &[], Shape::Unit),
    row("role_barrier", Intrinsic::RoleBarrier, &[], Shape::Unit),
    row("named_barrier_sync", named(BarrierKind::Synchronise), &[Shape::U32, Shape::U32], Shape::Unit),
    row("named_barrier_arrive", named(BarrierKind::Arrive), &[Shape::U32, Shape::U32], Shape::Unit),
    row("named_barrier_any", named(BarrierKind::Any), &[Shape::U32, Shape::U32, Shape::Bool], Shape::Bool),
    row("named_barrier_all", named(BarrierKind::All), &[Shape::U32, Shape::U32, Shape::Bool], Shape::Bool),
    row("named_barrier_count", named(BarrierKind::Count), &[Shape::U32, Shape::U32, Shape::Bool], Shape::U32),
    row("global_timer", Intrinsic::GlobalTimer, &[], Shape::U64),
    row("nanosleep", Intrinsic::Nanosleep, &[Shape::U32], Shape::Unit),
    row("trap", Intrinsic::Trap, &[], Shape::Never),
    row("pack_bf16", Intrinsic::PackBf16, &[Shape::F32, Shape::F32], Shape::U32),
    row("pack_f16", Intrinsic::PackF16, &[Shape::F32, Shape::F32], Shape::U32),
    row("pack_e4m3", Intrinsic::PackE4m3, &[Shape::F32, Shape::F32], Shape::U16),
    row("pack_e5m2", Intrinsic::PackE5m2, &[Shape::F32, Shape::F32], Shape::U16),
    row("f16_value", Intrinsic::F16Value, &[Shape::U16], Shape::F32),
    row("widen_e4m3", Intrinsic::WidenE4m3, &[Shape::U16], Shape::U32),
    row("widen_e5m2", Intrinsic::WidenE5m2, &[Shape::U16], Shape::U32),
    warp("shuffle", INDEX, &[Shape::Value, Shape::U32], Shape::Value, Members::All),
    warp("shuffle_up", UP, &[Shape::Value, Shape::U32], Shape::Value, Members::All),
    warp("shuffle_down", DOWN, &[Shape::Value, Shape::U32], Shape::Value, Members::All),
    warp("shuffle_xor", XOR, &[Shape::Value, Shape::U32], Shape::Value, Members::All),
    warp("shuffle_among", INDEX, &[Shape::Value, Shape::U32], Shape::Value, Members::First),
    warp("shuffle_up_among", UP, &[Shape::Value, Shape::U32], Shape::Value, Members::First),
    warp("shuffle_down_among", DOWN, &[Shape::Value, Shape::U32], Shape::Value, Members::First),
    warp("shuffle_xor_among", XOR, &[Shape::Value, Shape::U32], Shape::Value, Members::First),
    warp("any", ANY, &[Shape::Bool], Shape::Bool, Members::All),
    warp("all", ALL, &[Shape::Bool], Shape::Bool, Members::All),
    warp("ballot", BALLOT, &[Shape::Bool], Shape::U32, Members::All),
    warp("any_among", ANY, &[Shape::Bool], Shape::Bool, Members::First),
    warp("all_among", ALL, &[Shape::Bool], Shape::Bool, Members::First),
    warp("ballot_among", BALLOT, &[Shape::Bool], Shape::U32, Members::First),
    warp("match_any", Intrinsic::MatchAny, &[Shape::Value], Shape::U32, Members::All),
    warp("match_any_among", Intrinsic::MatchAny, &[Shape::Value], Shape::U32, Members::First),
    warp("warp_barrier", Intrinsic::WarpBarrier, &[], Shape::Unit, Members::All),
    warp("warp_barrier_among", Intrinsic::WarpBarrier, &[], Shape::Unit, Members::First),
];

/// The read-modify-write method of that name.
pub(super) fn atomic(name: &str) -> Option<AtomicOp> {
    Some(match name {
        "fetch_add" => AtomicOp::Add,
        "fetch_min" => AtomicOp::Minimum,
        "fetch_max" => AtomicOp::Maximum,
        "fetch_and" => AtomicOp::And,
        "fetch_or" => AtomicOp::Or,
        "fetch_xor" => AtomicOp::Xor,
        "fetch_increment" => AtomicOp::Increment,
        "fetch_decrement" => AtomicOp::Decrement,
        "fetch_add_f16" => AtomicOp::AddF16,
        "fetch_add_bf16" => AtomicOp::AddBf16,
        "fetch_min_f16" => AtomicOp::MinimumF16,
        "fetch_max_f16" => AtomicOp::MaximumF16,
        "fetch_min_bf16" => AtomicOp::MinimumBf16,
        "fetch_max_bf16" => AtomicOp::MaximumBf16,
        "exchange" => AtomicOp::Exchange,
        "compare_exchange" => AtomicOp::CompareExchange,
        _ => return None,
    })
}

/// The memory order of that name.
pub(super) fn order(name: &str) -> Option<Order> {
    Some(match name {
        "Relaxed" => Order::Relaxed,
        "Acquire" => Order::Acquire,
        "Release" => Order::Release,
        "AcquireRelease" => Order::AcquireRelease,
        "SequentiallyConsistent" => Order::SequentiallyConsistent,
        _ => return None,
    })
}

/// The scope of that name.
pub(super) fn scope(name: &str) -> Option<Scope> {
    Some(match name {
        "Block" => Scope::Block,
        "Cluster" => Scope::Cluster,
        "Gpu" => Scope::Gpu,
        "System" => Scope::System,
        _ => return None,
    })
}
