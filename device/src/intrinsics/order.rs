//! Memory orders and scopes as types, so that only legal pairs of operation and order exist (PTX ISA section 8).

/// No ordering of other accesses: `.relaxed`.
#[derive(Clone, Copy, Debug)]
pub struct Relaxed;
/// Later accesses see what the matching release published: `.acquire`.
#[derive(Clone, Copy, Debug)]
pub struct Acquire;
/// Earlier accesses are visible to whoever acquires this one: `.release`.
#[derive(Clone, Copy, Debug)]
pub struct Release;
/// Both: `.acq_rel`.
#[derive(Clone, Copy, Debug)]
pub struct AcquireRelease;
/// A fence in one total order with all others of its scope: `.sc`.
#[derive(Clone, Copy, Debug)]
pub struct SequentiallyConsistent;

/// Threads of the same block: `.cta`.
#[derive(Clone, Copy, Debug)]
pub struct Block;
/// Threads of the same cluster: `.cluster` (sm_90 and newer).
#[derive(Clone, Copy, Debug)]
pub struct Cluster;
/// Threads of the same GPU: `.gpu`.
#[derive(Clone, Copy, Debug)]
pub struct Gpu;
/// All threads of all GPUs, and the host: `.sys`.
#[derive(Clone, Copy, Debug)]
pub struct System;

mod sealed {
    pub trait Sealed {}
}

macro_rules! orders {
    ($($(#[$doc:meta])* $name:ident: $($member:ident),+;)+) => {
        $($(#[$doc])* pub trait $name: sealed::Sealed {} $(impl $name for $member {})+)+
    };
}

macro_rules! seal {
    ($($member:ident),+) => { $(impl sealed::Sealed for $member {})+ };
}

seal!(Relaxed, Acquire, Release, AcquireRelease, SequentiallyConsistent, Block, Cluster, Gpu, System);

orders! {
    /// Orders that a load may have.
    Load: Relaxed, Acquire;
    /// Orders that a store may have.
    Store: Relaxed, Release;
    /// Orders that a read-modify-write may have.
    Atomic: Relaxed, Acquire, Release, AcquireRelease;
    /// Orders that a fence may have.
    Fence: Acquire, Release, AcquireRelease, SequentiallyConsistent;
    /// Which threads an operation is ordered with.
    Scope: Block, Cluster, Gpu, System;
}
