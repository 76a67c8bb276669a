//! Memory orders and scopes as types, so that only legal pairs of operation and order exist (PTX
//! ISA section 8).

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
    pub trait Sealed: Copy {}
}

macro_rules! orders {
    ($($(#[$doc:meta])* $name:ident in $family:path, $wrong:literal: $($member:ident),+;)+) => {
        $($(#[$doc])* #[diagnostic::on_unimplemented(message = $wrong, label = "not legal here")] pub trait $name: $family {} $(impl $name for $member {})+)+
    };
}

macro_rules! seal {
    ($($member:ident),+) => { $(impl sealed::Sealed for $member {})+ };
}

seal!(Relaxed, Acquire, Release, AcquireRelease, SequentiallyConsistent, Block, Cluster, Gpu, System);

orders! {
    /// Any memory order.
    Order in sealed::Sealed, "`{Self}` is no memory order: write `Relaxed`, `Acquire`, `Release`, `AcquireRelease` or `SequentiallyConsistent`":
        Relaxed, Acquire, Release, AcquireRelease, SequentiallyConsistent;
    /// Orders that a load may have, and a wait for a phase of an mbarrier.
    Load in Atomic, "a load cannot be `{Self}`: write `Relaxed` or `Acquire`": Relaxed, Acquire;
    /// Orders that a store may have, a reduction without result, and an arrival at an mbarrier.
    Store in Atomic, "a store or arrival cannot be `{Self}`: write `Relaxed` or `Release`": Relaxed, Release;
    /// Orders that a read-modify-write may have.
    Atomic in Order, "a read-modify-write cannot be `{Self}`: write `Relaxed`, `Acquire`, `Release` or `AcquireRelease`":
        Relaxed, Acquire, Release, AcquireRelease;
    /// Orders that a fence may have.
    Fence in Order, "a fence cannot be `{Self}`: write `Acquire`, `Release`, `AcquireRelease` or `SequentiallyConsistent`":
        Acquire, Release, AcquireRelease, SequentiallyConsistent;
    /// Which threads an operation is ordered with.
    Scope in sealed::Sealed, "`{Self}` is no scope: write `Block`, `Cluster`, `Gpu` or `System`": Block, Cluster, Gpu, System;
    /// Which threads an operation of an mbarrier is ordered with.
    BarrierScope in Scope, "an mbarrier does not have the scope `{Self}`: write `Block` or `Cluster`": Block, Cluster;
}
