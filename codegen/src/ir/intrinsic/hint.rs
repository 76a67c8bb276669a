//! How caches treat a weak access to global memory (PTX ISA sections 9.7.9.1 and 9.7.9.2). Hints:
//! they change no result.

use crossdock_ptx::{Eviction, LoadCache, Prefetch, StoreCache};

use super::parameters::Parameter;

/// A list of hints, each with what stands after `read_` or `write_` in the text form, and with its
/// modifiers in PTX for readers.
macro_rules! hints {
    ($(#[$doc:meta])* $name:ident { $($(#[$hint:meta])* $variant:ident = $word:literal, $modifiers:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$hint])* #[doc = concat!(" `.", $modifiers, "`")] $variant,)*
        }

        impl $name {
            /// Every hint.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// What the text form calls it.
            pub fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// The hint of that name in Rust.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($variant) => Some($name::$variant),)*
                    _ => None,
                }
            }
        }

        impl Parameter for $name {}
    };
}

hints! {
    /// What a load tells the caches.
    LoadHint {
        /// Cached in L1 and L2, likely to be read again:
        CacheAll = "all", "ca";
        /// Cached in L2 and not in L1:
        CacheGlobal = "global", "cg";
        /// Likely to be read once:
        Streaming = "streaming", "cs";
        /// Not read again:
        LastUse = "last_use", "lu";
        /// Fetched again each time:
        DoNotCache = "uncached", "cv";
        /// First to leave L1:
        EvictFirst = "evict_first", "L1::evict_first";
        /// Last to leave L1:
        EvictLast = "evict_last", "L1::evict_last";
        /// Does not change what leaves L1:
        EvictUnchanged = "evict_unchanged", "L1::evict_unchanged";
        /// Takes no place in L1:
        NoAllocate = "no_allocate", "L1::no_allocate";
        /// L2 fetches 64 bytes:
        Prefetch64 = "prefetch_64", "L2::64B";
        /// L2 fetches 128 bytes:
        Prefetch128 = "prefetch_128", "L2::128B";
        /// L2 fetches 256 bytes:
        Prefetch256 = "prefetch_256", "L2::256B";
        /// Takes no place in L1, and L2 fetches 256 bytes:
        NoAllocatePrefetch256 = "no_allocate_prefetch_256", "L1::no_allocate.L2::256B";
    }
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

    /// Whether a load of read-only data (`ld.global.nc`) may have it.
    pub fn is_for_read_only(self) -> bool {
        !matches!(self, LoadHint::LastUse | LoadHint::DoNotCache)
    }
}

hints! {
    /// What a store tells the caches.
    StoreHint {
        /// Written back when it leaves the caches:
        WriteBack = "write_back", "wb";
        /// Cached in L2 and not in L1:
        CacheGlobal = "global", "cg";
        /// Likely to be written once:
        Streaming = "streaming", "cs";
        /// Written through L2 to system memory:
        WriteThrough = "through", "wt";
        /// First to leave L1:
        EvictFirst = "evict_first", "L1::evict_first";
        /// Last to leave L1:
        EvictLast = "evict_last", "L1::evict_last";
        /// Does not change what leaves L1:
        EvictUnchanged = "evict_unchanged", "L1::evict_unchanged";
        /// Takes no place in L1:
        NoAllocate = "no_allocate", "L1::no_allocate";
    }
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
}
