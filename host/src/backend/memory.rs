//! The device memory of one rank.

use crate::Result;

/// Whether peers reach an allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Only the rank that allocates it.
    Local,
    /// Every rank allocates one in the same order, and all may reach all of them. It is freed when
    /// every rank has released its own, so a peer that is late never writes to freed memory.
    Symmetric,
}

/// The device memory of one rank.
pub(crate) trait Memory {
    /// Reserves `bytes` of device memory, aligned to 256 bytes, with undefined contents.
    fn allocate(&self, bytes: u64, sharing: Sharing) -> Result<u64>;

    /// Gives memory back once earlier launches of the rank are done with it (see [`Sharing`]). On
    /// any thread.
    fn release(&self, address: u64);

    /// What a peer needs to reach the symmetric allocation at `address`, to be handed to its
    /// [`import`](Self::import).
    fn export(&self, address: u64) -> Result<Vec<u8>>;

    /// Where this rank finds the symmetric allocation that `peer` exported.
    fn import(&self, peer: usize, exported: &[u8]) -> Result<u64>;

    /// Why there are no multicast addresses; `None` if there are.
    fn why_no_multicast(&self) -> Option<&'static str>;

    /// Binds the symmetric allocations at the addresses that the ranks give, all of one size, to a
    /// multicast object, and returns where the kernels of this rank reach all of them at once
    /// (`multimem`). It is given back as memory is. All ranks must call it, in the same order.
    fn multicast(&self, address: u64) -> Result<u64>;

    /// Copies from the host.
    fn write(&self, address: u64, bytes: &[u8]) -> Result<()>;

    /// Copies to the host.
    fn read(&self, address: u64, bytes: &mut [u8]) -> Result<()>;

    /// Copies inside the memory that the rank reaches; the ranges do not overlap.
    fn copy(&self, from: u64, to: u64, bytes: u64) -> Result<()>;

    /// Sets every byte.
    fn fill(&self, address: u64, value: u8, bytes: u64) -> Result<()>;
}
