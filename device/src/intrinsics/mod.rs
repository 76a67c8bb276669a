//! Operations that PTX provides, as Rust functions and types that rustc checks.
//!
//! In device code each of these becomes the PTX instruction named in its documentation. On the host
//! the pure ones (numbers) really compute; the ones that need a GPU panic and say so.

mod arithmetic;
pub(crate) mod asm;
mod assume;
mod block;
mod hint;
mod index;
mod memory;
mod number;
mod order;
mod pointer;
mod sets;
mod slice;
mod target;
mod warp;

pub use crate::ptx;
pub use arithmetic::*;
pub use assume::*;
pub use block::*;
pub use hint::{
    CacheAll, CacheGlobal, DoNotCache, EvictFirst, EvictLast, EvictUnchanged, LastUse, LoadHint, NoAllocate,
    NoAllocatePrefetch256, Prefetch64, Prefetch128, Prefetch256, ReadOnlyHint, StoreHint, Streaming,
    WriteBack, WriteThrough,
};
pub use index::*;
pub use memory::*;
pub use number::*;
pub use order::{
    Acquire, AcquireRelease, Atomic, BarrierScope, Block, Cluster, Fence, Gpu, Load, Order, Relaxed, Release,
    Scope, SequentiallyConsistent, Store, System,
};
pub use pointer::{Global, Index, Peer, Peers, Shared};
pub use sets::{Float, Integer, IntegerWord, Number, Signed, Unsigned, Word};
pub use slice::{GlobalSlice, PeerSlice, SharedSlice};
pub use target::*;
pub use time::*;
pub use warp::*;

mod time;

/// What a GPU operation does when device code is called on the host.
#[cold]
#[track_caller]
fn on_host(operation: &str) -> ! {
    panic!("`{operation}` runs only on a GPU or in the emulator; this is the host twin of a device function")
}
