//! Hints for the caches as types, so that only legal pairs of access and hint exist (PTX ISA
//! sections 9.7.9.1 and 9.7.9.2).
//!
//! They change no result.

/// Cached in L1 and L2, likely to be read again: `.ca`.
#[derive(Clone, Copy, Debug)]
pub struct CacheAll;
/// Cached in L2 and not in L1: `.cg`.
#[derive(Clone, Copy, Debug)]
pub struct CacheGlobal;
/// Likely to be read once: `.cs`.
#[derive(Clone, Copy, Debug)]
pub struct Streaming;
/// Not read again: `.lu`.
#[derive(Clone, Copy, Debug)]
pub struct LastUse;
/// Fetched again each time: `.cv`.
#[derive(Clone, Copy, Debug)]
pub struct DoNotCache;
/// First to leave L1: `.L1::evict_first`.
#[derive(Clone, Copy, Debug)]
pub struct EvictFirst;
/// Last to leave L1: `.L1::evict_last`.
#[derive(Clone, Copy, Debug)]
pub struct EvictLast;
/// Does not change what leaves L1: `.L1::evict_unchanged`.
#[derive(Clone, Copy, Debug)]
pub struct EvictUnchanged;
/// Takes no place in L1: `.L1::no_allocate`.
#[derive(Clone, Copy, Debug)]
pub struct NoAllocate;
/// L2 fetches 64 bytes: `.L2::64B`.
#[derive(Clone, Copy, Debug)]
pub struct Prefetch64;
/// L2 fetches 128 bytes: `.L2::128B`.
#[derive(Clone, Copy, Debug)]
pub struct Prefetch128;
/// L2 fetches 256 bytes: `.L2::256B`.
#[derive(Clone, Copy, Debug)]
pub struct Prefetch256;
/// Takes no place in L1, and L2 fetches 256 bytes: `.L1::no_allocate.L2::256B`.
#[derive(Clone, Copy, Debug)]
pub struct NoAllocatePrefetch256;
/// Written back when it leaves the caches: `.wb`.
#[derive(Clone, Copy, Debug)]
pub struct WriteBack;
/// Written through L2 to system memory: `.wt`.
#[derive(Clone, Copy, Debug)]
pub struct WriteThrough;

mod sealed {
    pub trait Sealed {}
}

macro_rules! hints {
    ($($(#[$doc:meta])* $name:ident: $($member:ident),+;)+) => {
        $($(#[$doc])* pub trait $name: sealed::Sealed {} $(impl $name for $member {})+)+
    };
}

macro_rules! seal {
    ($($member:ident),+) => { $(impl sealed::Sealed for $member {})+ };
}

seal!(
    CacheAll,
    CacheGlobal,
    Streaming,
    LastUse,
    DoNotCache,
    EvictFirst,
    EvictLast,
    EvictUnchanged,
    NoAllocate,
    Prefetch64,
    Prefetch128,
    Prefetch256,
    NoAllocatePrefetch256,
    WriteBack,
    WriteThrough
);

hints! {
    /// Hints that a load may have.
    LoadHint: CacheAll, CacheGlobal, Streaming, LastUse, DoNotCache, EvictFirst, EvictLast, EvictUnchanged, NoAllocate, Prefetch64, Prefetch128, Prefetch256, NoAllocatePrefetch256;
    /// Hints that a load of read-only data may have.
    ReadOnlyHint: CacheAll, CacheGlobal, Streaming, EvictFirst, EvictLast, EvictUnchanged, NoAllocate, Prefetch64, Prefetch128, Prefetch256, NoAllocatePrefetch256;
    /// Hints that a store may have.
    StoreHint: WriteBack, CacheGlobal, Streaming, WriteThrough, EvictFirst, EvictLast, EvictUnchanged, NoAllocate;
}
