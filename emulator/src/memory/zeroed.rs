//! Zeroed bytes for memory of virtual GPUs.
//!
//! A block of rows is walked by many warps at once, each a page or more apart, so that small pages
//! of the host cost more time than the data: large runs are mapped, and where the host has huge
//! pages it is asked for them.

use std::ops::{Deref, DerefMut};

use memmap2::{MmapMut, MmapOptions};

/// From here on a run is mapped by itself.
const MAPPED: usize = 4 << 20;

/// Bytes that are zero at first. The host commits its pages when they are first written.
#[derive(Debug)]
pub(super) enum Zeroed {
    Small(Vec<u8>),
    Mapped(MmapMut),
}

impl Default for Zeroed {
    fn default() -> Self {
        Zeroed::Small(Vec::new())
    }
}

impl Zeroed {
    /// Few bytes, or such as are freed soon.
    pub(super) fn new(bytes: usize) -> Zeroed {
        Zeroed::Small(vec![0; bytes])
    }

    /// `None` when the host has no address space for so many.
    pub(super) fn try_new(bytes: usize) -> Option<Zeroed> {
        if bytes < MAPPED {
            return Some(Zeroed::new(bytes));
        }
        let map = MmapOptions::new().len(bytes).map_anon().ok()?;
        // Advice: a host without huge pages, or one that has forbidden them, does as well.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::HugePage);
        Some(Zeroed::Mapped(map))
    }
}

impl Deref for Zeroed {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        match self {
            Zeroed::Small(bytes) => bytes,
            Zeroed::Mapped(bytes) => bytes,
        }
    }
}

impl DerefMut for Zeroed {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Zeroed::Small(bytes) => bytes,
            Zeroed::Mapped(bytes) => bytes,
        }
    }
}
