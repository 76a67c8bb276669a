//! Pointers typed by state space and by who may touch them. They are plain addresses: the host
//! fills them in.

use std::marker::PhantomData;

use super::{Atomic, Load, LoadHint, ReadOnlyHint, Scope, Store, StoreHint, on_host};

/// Integer types that may index memory.
pub trait Index: Copy {
    /// The number, as wide as addresses.
    #[doc(hidden)]
    fn wide(self) -> u64;
}

impl Index for u32 {
    fn wide(self) -> u64 {
        u64::from(self)
    }
}

impl Index for u64 {
    fn wide(self) -> u64 {
        self
    }
}

impl Index for usize {
    fn wide(self) -> u64 {
        self as u64
    }
}

macro_rules! pointer {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<T> {
            address: u64,
            element: PhantomData<*mut T>,
        }

        impl<T> Clone for $name<T> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<T> Copy for $name<T> {}

        // SAFETY: a device address is a number on the host; nothing here dereferences it.
        unsafe impl<T> Send for $name<T> {}
        // SAFETY: as for `Send`.
        unsafe impl<T> Sync for $name<T> {}

        impl<T> std::fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:#x})"), self.address)
            }
        }

        impl<T> $name<T> {
            /// A pointer to a device address.
            pub const fn from_address(address: u64) -> Self {
                Self { address, element: PhantomData }
            }

            /// The device address.
            pub const fn address(self) -> u64 {
                self.address
            }
        }
    };
}

macro_rules! access {
    ($name:ident) => {
        impl<T: Copy> $name<T> {
            /// The element `index` places further. Nothing is checked: a slice has bounds.
            pub fn at<I: Index>(self, index: I) -> Self {
                let bytes = index.wide().wrapping_mul(size_of::<T>() as u64);
                Self::from_address(self.address.wrapping_add(bytes))
            }

            /// The same address seen as elements of another type.
            pub fn cast<U: Copy>(self) -> $name<U> {
                $name::from_address(self.address)
            }

            /// Weak load (`ld`): must not race with a write. As wide as the alignment of `T`
            /// allows, 16 bytes at most. PTX ISA section 9.7.9.
            pub fn read(self) -> T {
                on_host(concat!(stringify!($name), "::read"))
            }

            /// Weak store (`st`): must not race with any access. PTX ISA section 9.7.9.
            pub fn write(self, _value: T) {
                on_host(concat!(stringify!($name), "::write"))
            }

            /// Load that no compiler may leave out or move (`ld.volatile`): as a relaxed load by
            /// the whole system, one access for each part of up to 16 bytes. For code that follows
            /// CUDA's `volatile`; [`load`](Self::load) says more. PTX ISA section 9.7.9.
            pub fn read_volatile(self) -> T {
                on_host(concat!(stringify!($name), "::read_volatile"))
            }

            /// Store that no compiler may leave out or move (`st.volatile`); see
            /// [`read_volatile`](Self::read_volatile). PTX ISA section 9.7.9.
            pub fn write_volatile(self, _value: T) {
                on_host(concat!(stringify!($name), "::write_volatile"))
            }

            /// Strong load: `ld.relaxed` or `ld.acquire`. `T` is a number of 8 to 64 bits or a
            /// struct of 16 bytes, aligned to them, in parts of 4 or 8 bytes (`B128`). PTX ISA
            /// section 9.7.9.
            pub fn load<O: Load, S: Scope>(self, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::load"))
            }

            /// Strong store: `st.relaxed` or `st.release`. `T` is as for [`load`](Self::load). PTX
            /// ISA section 9.7.9.
            pub fn store<O: Store, S: Scope>(self, _value: T, _order: O, _scope: S) {
                on_host(concat!(stringify!($name), "::store"))
            }

            /// Adds and gives the old value: `atom.add`, or `red.add` when the result is not used.
            /// `T` is a 32- or 64-bit number, here and below; outside shared memory and from
            /// `sm_90` on also a struct of 2 or 4 `f32`, aligned to its size, of which each is
            /// changed atomically (`f32x4`). PTX ISA section 9.7.13.
            pub fn fetch_add<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_add"))
            }

            /// Keeps the smaller and gives the old value: `atom.min`. PTX ISA section 9.7.13.
            pub fn fetch_min<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_min"))
            }

            /// Keeps the larger and gives the old value: `atom.max`. PTX ISA section 9.7.13.
            pub fn fetch_max<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_max"))
            }

            /// Bitwise and; gives the old value: `atom.and`. PTX ISA section 9.7.13.
            pub fn fetch_and<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_and"))
            }

            /// Bitwise or; gives the old value: `atom.or`. PTX ISA section 9.7.13.
            pub fn fetch_or<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_or"))
            }

            /// Bitwise exclusive or; gives the old value: `atom.xor`. PTX ISA section 9.7.13.
            pub fn fetch_xor<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_xor"))
            }

            /// `u32`: one more, and 0 after `last`; gives the old value: `atom.inc`. PTX ISA
            /// section 9.7.13.
            pub fn fetch_increment<O: Atomic, S: Scope>(self, _last: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_increment"))
            }

            /// `u32`: one less, and `last` after 0 or above `last`; gives the old value:
            /// `atom.dec`. PTX ISA section 9.7.13.
            pub fn fetch_decrement<O: Atomic, S: Scope>(self, _last: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_decrement"))
            }

            /// Each f16 of the value: adds, rounded to nearest even; gives the old ones. `T` is
            /// `u16`, `u32` or a struct of 1, 2 or 4 words, aligned to its size; in shared memory
            /// one word at most. `atom.add.noftz`; more than one word needs `sm_90`. PTX ISA
            /// section 9.7.13.
            pub fn fetch_add_f16<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_add_f16"))
            }

            /// Each f16 of the value: keeps the smaller; gives the old ones. `T` is `u32` or a
            /// struct of 1, 2 or 4 words, aligned to its size; not in shared memory.
            /// `atom.min.noftz`, which needs `sm_90`. PTX ISA section 9.7.13.
            pub fn fetch_min_f16<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_min_f16"))
            }

            /// Each f16 of the value: keeps the larger; gives the old ones. `T` is `u32` or a
            /// struct of 1, 2 or 4 words, aligned to its size; not in shared memory.
            /// `atom.max.noftz`, which needs `sm_90`. PTX ISA section 9.7.13.
            pub fn fetch_max_f16<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_max_f16"))
            }

            /// Each bf16 of the value: adds, rounded to nearest even; gives the old ones. `T` is
            /// `u16`, `u32` or a struct of 1, 2 or 4 words, aligned to its size; in shared memory
            /// one word at most. `atom.add.noftz`, which needs `sm_90`. PTX ISA section 9.7.13.
            pub fn fetch_add_bf16<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_add_bf16"))
            }

            /// Each bf16 of the value: keeps the smaller; gives the old ones. `T` is `u32` or a
            /// struct of 1, 2 or 4 words, aligned to its size; not in shared memory.
            /// `atom.min.noftz`, which needs `sm_90`. PTX ISA section 9.7.13.
            pub fn fetch_min_bf16<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_min_bf16"))
            }

            /// Each bf16 of the value: keeps the larger; gives the old ones. `T` is `u32` or a
            /// struct of 1, 2 or 4 words, aligned to its size; not in shared memory.
            /// `atom.max.noftz`, which needs `sm_90`. PTX ISA section 9.7.13.
            pub fn fetch_max_bf16<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::fetch_max_bf16"))
            }

            /// Replaces and gives the old value: `atom.exch`; from `sm_90` on also 16 bytes, as
            /// [`load`](Self::load) takes them. PTX ISA section 9.7.13.
            pub fn exchange<O: Atomic, S: Scope>(self, _value: T, _order: O, _scope: S) -> T {
                on_host(concat!(stringify!($name), "::exchange"))
            }

            /// Replaces if equal to `expected`; gives the old value: `atom.cas`; also 16-bit
            /// numbers, and from `sm_90` on 16 bytes, as [`load`](Self::load) takes them. PTX ISA
            /// section 9.7.13.
            pub fn compare_exchange<O: Atomic, S: Scope>(
                self,
                _expected: T,
                _new: T,
                _order: O,
                _scope: S,
            ) -> T {
                on_host(concat!(stringify!($name), "::compare_exchange"))
            }
        }
    };
}

pointer! {
    /// An element, or the first of several, in this GPU's own global memory.
    Global
}
pointer! {
    /// An element in the block's shared memory.
    Shared
}
pointer! {
    /// An element in the symmetric memory of some rank, reached over NVLink.
    Peer
}
pointer! {
    /// One symmetric allocation of all ranks: a table in this GPU's memory with each rank's base
    /// address (64-bit).
    Peers
}

access!(Global);
access!(Shared);
access!(Peer);

macro_rules! hinted {
    ($name:ident) => {
        impl<T: Copy> $name<T> {
            /// [`read`](Self::read) with a hint for the caches, which changes no result. PTX ISA
            /// section 9.7.9.
            pub fn read_hinted<H: LoadHint>(self, _hint: H) -> T {
                on_host(concat!(stringify!($name), "::read_hinted"))
            }

            /// [`write`](Self::write) with a hint for the caches, which changes no result. PTX ISA
            /// section 9.7.9.
            pub fn write_hinted<H: StoreHint>(self, _value: T, _hint: H) {
                on_host(concat!(stringify!($name), "::write_hinted"))
            }

            /// Reads a register of a device that is mapped into memory, exactly once
            /// (`ld.mmio.relaxed.sys`, PTX 8.2). `T` is a number of 8 to 64 bits. PTX ISA section
            /// 9.7.9.
            pub fn read_mmio(self) -> T {
                on_host(concat!(stringify!($name), "::read_mmio"))
            }

            /// Writes a register of a device that is mapped into memory, exactly once
            /// (`st.mmio.relaxed.sys`, PTX 8.2). PTX ISA section 9.7.9.
            pub fn write_mmio(self, _value: T) {
                on_host(concat!(stringify!($name), "::write_mmio"))
            }
        }
    };
}

hinted!(Global);
hinted!(Peer);

impl<T: Copy> Global<T> {
    /// Reads what nobody writes while the kernel runs, through the cache for such data:
    /// `ld.global.nc`. PTX ISA section 9.7.9.
    pub fn read_only(self) -> T {
        on_host("Global::read_only")
    }

    /// [`read_only`](Self::read_only) with a hint for the caches. PTX ISA section 9.7.9.
    pub fn read_only_hinted<H: ReadOnlyHint>(self, _hint: H) -> T {
        on_host("Global::read_only_hinted")
    }
}

impl<T: Copy> Peers<T> {
    /// The first element of that rank's copy. Reads the table.
    pub fn rank(self, _rank: u32) -> Peer<T> {
        on_host("Peers::rank")
    }
}
