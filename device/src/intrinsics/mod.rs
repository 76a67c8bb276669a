//! Operations that PTX provides, as Rust functions and types that rustc checks.
//!
//! In device code each of these becomes the PTX instruction named in its documentation. On the host the pure ones
//! (numbers) really compute; the ones that need a GPU panic and say so.

mod arithmetic;
mod assume;
mod block;
mod hint;
mod index;
pub(crate) mod inline;
mod memory;
mod number;
mod order;
mod pointer;
mod sets;
mod slice;
mod target;
mod warp;

pub use crate::ptx;
pub use arithmetic::{
    add_bf16x2, add_down, add_f16x2, add_toward_zero, add_up, divide_down, divide_toward_zero, divide_up,
    f32_from_f64_down, f32_from_f64_toward_zero, f32_from_f64_up, f32_from_i32_down,
    f32_from_i32_toward_zero, f32_from_i32_up, f32_from_i64_down, f32_from_i64_toward_zero, f32_from_i64_up,
    f32_from_u32_down, f32_from_u32_toward_zero, f32_from_u32_up, f32_from_u64_down,
    f32_from_u64_toward_zero, f32_from_u64_up, max_bf16x2, max_f16x2, min_bf16x2, min_f16x2, mul_add_bf16x2,
    mul_add_down, mul_add_f16x2, mul_add_toward_zero, mul_add_up, multiply_bf16x2, multiply_down,
    multiply_f16x2, multiply_toward_zero, multiply_up, pack_bf16_toward_zero, pack_f16_toward_zero,
    sqrt_down, sqrt_toward_zero, sqrt_up, subtract_bf16x2, subtract_down, subtract_f16x2,
    subtract_toward_zero, subtract_up,
};
pub use assume::{assume_block_uniform, assume_members, assume_warp_uniform};
pub use block::{
    block_barrier, named_barrier_all, named_barrier_any, named_barrier_arrive, named_barrier_count,
    named_barrier_sync, role_barrier, shared,
};
pub use hint::{
    CacheAll, CacheGlobal, DoNotCache, EvictFirst, EvictLast, EvictUnchanged, LastUse, LoadHint, NoAllocate,
    NoAllocatePrefetch256, Prefetch64, Prefetch128, Prefetch256, ReadOnlyHint, StoreHint, Streaming,
    WriteBack, WriteThrough,
};
pub use index::{block_in_grid, blocks_in_grid, lane, thread_in_block, threads_in_block};
pub use memory::fence;
pub use number::{f16_value, pack_bf16, pack_e4m3, pack_e5m2, pack_f16, widen_e4m3, widen_e5m2};
pub use order::{
    Acquire, AcquireRelease, Atomic, BarrierScope, Block, Cluster, Fence, Gpu, Load, Order, Relaxed, Release,
    Scope, SequentiallyConsistent, Store, System,
};
pub use pointer::{Global, Index, Peer, Peers, Shared};
pub use sets::{Float, Integer, IntegerWord, Number, Signed, Unsigned, Word};
pub use slice::{GlobalSlice, PeerSlice, SharedSlice};
pub use target::{target_is_at_least, target_is_specific};
pub use time::{global_timer, nanosleep, trap};
pub use warp::{
    all, all_among, any, any_among, ballot, ballot_among, match_any, match_any_among, shuffle, shuffle_among,
    shuffle_down, shuffle_up, shuffle_xor, warp_barrier, warp_barrier_among,
};

mod time;

/// What a GPU operation does when device code is called on the host.
#[cold]
#[track_caller]
fn on_host(operation: &str) -> ! {
    panic!("`{operation}` runs only on a GPU or in the emulator; this is the host twin of a device function")
}
