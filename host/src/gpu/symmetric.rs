//! One buffer of a symmetric set: every rank has one of equal length, and all ranks reach all of
//! them.

use std::cell::OnceCell;
use std::sync::Arc;

use crossdock_device::intrinsics::{Global, Peers};
use crossdock_device::library::code::Symmetric;

use crate::backend::Sharing;
use crate::gpu::allocation::Allocation;
use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;
use crate::plain::Plain;
use crate::{Error, Result};

/// One buffer of equal length on every rank, each reachable from all: this rank's own, and a table
/// in device memory with the address of everybody's.
#[derive(Debug)]
pub struct SymmetricBuffer<T> {
    /// Where kernels of this rank reach everybody's at once, from when it is asked for.
    multicast: OnceCell<Arc<Allocation>>,
    here: Buffer<T>,
    /// Where this rank finds everybody's.
    addresses: Vec<u64>,
    table: Buffer<u64>,
}

impl Rank {
    /// Device memory for `len` elements on every rank, zero, reachable from all. Collective.
    ///
    /// # Errors
    /// When memory is short or ranks ask for different lengths.
    pub fn symmetric_buffer<T: Plain>(&self, len: usize) -> Result<SymmetricBuffer<T>> {
        SymmetricBuffer::new(self, len, true)
    }

    /// Whether symmetric buffers have [multicast addresses](SymmetricBuffer::multicast): every rank
    /// needs a GPU of its own, behind NVSwitches and of compute capability 9.0 or newer. Virtual
    /// GPUs always have them.
    pub fn has_multicast(&self) -> bool {
        self.backend().why_no_multicast().is_none()
    }
}

impl<T: Plain> SymmetricBuffer<T> {
    /// Collective. The contents are zero if `cleared`, and then so on every rank before any of them
    /// returns.
    pub(crate) fn new(rank: &Rank, len: usize, cleared: bool) -> Result<SymmetricBuffer<T>> {
        let here = Buffer::new(rank, len, Sharing::Symmetric, None)?;
        if cleared {
            here.clear()?;
        }
        let backend = rank.backend();
        let purpose = format!("allocating {len} symmetric elements of {} bytes", size_of::<T>());
        let exported = backend.export(here.address())?;
        let everybodys = rank.gather(&purpose, exported)?;
        let mut addresses = Vec::with_capacity(everybodys.len());
        for (peer, exported) in everybodys.iter().enumerate() {
            addresses.push(backend.import(peer, exported)?);
        }
        // Who has the table reaches this rank's own buffer by it.
        let table = Buffer::new(rank, addresses.len(), Sharing::Local, Some(here.allocation()))?;
        table.write(0, &addresses)?;
        Ok(SymmetricBuffer { multicast: OnceCell::new(), here, addresses, table })
    }

    /// This rank's own buffer.
    pub fn here(&self) -> &Buffer<T> {
        &self.here
    }

    /// Copies the first `len` elements of a buffer of this rank to the start of a peer's own, after
    /// all earlier launches of this rank. The peer sees them after a [`barrier`](Rank::barrier)
    /// that this rank enters after [`Rank::synchronise`].
    ///
    /// # Errors
    /// When one of the buffers is shorter, there is no such peer, or the machine is broken.
    pub fn copy_to(&self, peer: usize, from: &Buffer<T>, len: usize) -> Result<()> {
        let ranks = self.addresses.len();
        let to = *self.addresses.get(peer).ok_or(Error::NoSuchRank { peer, ranks })?;
        let length = self.here.len().min(from.len());
        if len > length {
            return Err(Error::OutsideBuffer { start: 0, end: len, length });
        }
        if len == 0 {
            return Ok(());
        }
        let rank = self.here.rank();
        rank.backend().copy(from.address(), to, len as u64 * size_of::<T>() as u64)
    }

    /// The multicast address of everybody's buffer, for `multimem` instructions
    /// ([`library::multicast`](crossdock_device::library::multicast)): an access at an offset of it
    /// is one at that offset of all of them. Collective, when it is asked for the first time.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there is none ([`Rank::has_multicast`]); when a peer fails.
    pub fn multicast<U>(&self) -> Result<Global<U>> {
        if let Some(multicast) = self.multicast.get() {
            return Ok(Global::from_address(multicast.address()));
        }
        let rank = self.here.rank();
        let address = rank.backend().multicast(self.here.address())?;
        let bytes = (self.here.len() * size_of::<T>()) as u64;
        let allocation = rank.owner(address, bytes, Some(self.here.allocation()));
        Ok(Global::from_address(self.multicast.get_or_init(|| allocation).address()))
    }

    /// The argument for a kernel parameter `Peers<U>`.
    pub fn peers<U>(&self) -> Peers<U> {
        Peers::from_address(self.table.address())
    }

    /// The argument for a kernel parameter `Symmetric<U>`.
    pub fn symmetric<U>(&self) -> Symmetric<U> {
        Symmetric { peers: self.peers(), here: Global::from_address(self.here.address()) }
    }
}
