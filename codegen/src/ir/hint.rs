//! How caches treat a weak access to global memory (PTX ISA sections 9.7.9.1 and 9.7.9.2). Hints: they change no result.

use crossdock_ptx::{Eviction, LoadCache, Prefetch, StoreCache};

/// What a load tells the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadHint {
    /// Cached in L1 and L2, likely to be read again: `.ca`.
    CacheAll,
    /// Cached in L2 and not in L1: `.cg`.
    CacheGlobal,
    /// Likely to be read once: `.cs`.
    Streaming,
    /// Not read again: `.lu`.
    LastUse,
    /// Fetched again each time: `.cv`.
    DoNotCache,
    /// First to leave L1: `.L1::evict_first`.
    EvictFirst,
    /// Last to leave L1: `.L1::evict_last`.
    EvictLast,
    /// Does not change what leaves L1: `.L1::evict_unchanged`.
    EvictUnchanged,
    /// Takes no place in L1: `.L1::no_allocate`.
    NoAllocate,
    /// L2 fetches 64 bytes: `.L2::64B`.
    Prefetch64,
    /// L2 fetches 128 bytes: `.L2::128B`.
    Prefetch128,
    /// L2 fetches 256 bytes: `.L2::256B`.
    Prefetch256,
    /// Takes no place in L1, and L2 fetches 256 bytes: `.L1::no_allocate.L2::256B`.
    NoAllocatePrefetch256,
}

impl LoadHint {
    /// What it says about both caches.
    pub fn cache(self) -> Option<LoadCache> {
        Some(match self {
            LoadHint::CacheAll => LoadCache::All,
            LoadHint::CacheGlobal => LoadCache::Global,
            LoadHint::Streaming => LoadCache::Streaming,
            LoadHint::LastUse => LoadCache::LastUse,
            LoadHint::DoNotCache => LoadCache::Uncached,
            _ => return None,
        })
    }

    /// What it says about L1.
    pub fn eviction(self) -> Option<Eviction> {
        Some(match self {
            LoadHint::EvictFirst => Eviction::First,
            LoadHint::EvictLast => Eviction::Last,
            LoadHint::EvictUnchanged => Eviction::Unchanged,
            LoadHint::NoAllocate | LoadHint::NoAllocatePrefetch256 => Eviction::NoAllocate,
            _ => return None,
        })
    }

    /// What it says about L2.
    pub fn prefetch(self) -> Option<Prefetch> {
        Some(match self {
            LoadHint::Prefetch64 => Prefetch::Bytes64,
            LoadHint::Prefetch128 => Prefetch::Bytes128,
            LoadHint::Prefetch256 | LoadHint::NoAllocatePrefetch256 => Prefetch::Bytes256,
            _ => return None,
        })
    }

    /// The hint of that name in Rust.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "CacheAll" => LoadHint::CacheAll,
            "CacheGlobal" => LoadHint::CacheGlobal,
            "Streaming" => LoadHint::Streaming,
            "LastUse" => LoadHint::LastUse,
            "DoNotCache" => LoadHint::DoNotCache,
            "EvictFirst" => LoadHint::EvictFirst,
            "EvictLast" => LoadHint::EvictLast,
            "EvictUnchanged" => LoadHint::EvictUnchanged,
            "NoAllocate" => LoadHint::NoAllocate,
            "Prefetch64" => LoadHint::Prefetch64,
            "Prefetch128" => LoadHint::Prefetch128,
            "Prefetch256" => LoadHint::Prefetch256,
            "NoAllocatePrefetch256" => LoadHint::NoAllocatePrefetch256,
            _ => return None,
        })
    }
}

impl LoadHint {
    /// Whether a load of read-only data (`ld.global.nc`) may have it.
    pub fn is_for_read_only(self) -> bool {
        !matches!(self, LoadHint::LastUse | LoadHint::DoNotCache)
    }
}

/// What a store tells the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreHint {
    /// Written back when it leaves the caches: `.wb`.
    WriteBack,
    /// Cached in L2 and not in L1: `.cg`.
    CacheGlobal,
    /// Likely to be written once: `.cs`.
    Streaming,
    /// Written through L2 to system memory: `.wt`.
    WriteThrough,
    /// First to leave L1: `.L1::evict_first`.
    EvictFirst,
    /// Last to leave L1: `.L1::evict_last`.
    EvictLast,
    /// Does not change what leaves L1: `.L1::evict_unchanged`.
    EvictUnchanged,
    /// Takes no place in L1: `.L1::no_allocate`.
    NoAllocate,
}

impl StoreHint {
    /// What it says about both caches, or else about L1.
    pub fn cache(self) -> Result<StoreCache, Eviction> {
        match self {
            StoreHint::WriteBack => Ok(StoreCache::WriteBack),
            StoreHint::CacheGlobal => Ok(StoreCache::Global),
            StoreHint::Streaming => Ok(StoreCache::Streaming),
            StoreHint::WriteThrough => Ok(StoreCache::WriteThrough),
            StoreHint::EvictFirst => Err(Eviction::First),
            StoreHint::EvictLast => Err(Eviction::Last),
            StoreHint::EvictUnchanged => Err(Eviction::Unchanged),
            StoreHint::NoAllocate => Err(Eviction::NoAllocate),
        }
    }

    /// The hint of that name in Rust.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "WriteBack" => StoreHint::WriteBack,
            "CacheGlobal" => StoreHint::CacheGlobal,
            "Streaming" => StoreHint::Streaming,
            "WriteThrough" => StoreHint::WriteThrough,
            "EvictFirst" => StoreHint::EvictFirst,
            "EvictLast" => StoreHint::EvictLast,
            "EvictUnchanged" => StoreHint::EvictUnchanged,
            "NoAllocate" => StoreHint::NoAllocate,
            _ => return None,
        })
    }
}
