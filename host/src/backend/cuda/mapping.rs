//! Physical memory of a GPU, or of several as a multicast object, and where it is mapped (CUDA
//! driver API, "Virtual Memory Management").

use std::sync::Arc;

use cudarc::driver::sys::{self, CUmemAccess_flags_enum as Access, CUmemAccessDesc};

use super::driver::refused;
use super::sharing::{self, Physical, Sharable, location};
use crate::Result;

/// Memory that is mapped at an address, for one or several GPUs.
#[derive(Debug)]
pub(super) struct Mapping {
    address: sys::CUdeviceptr,
    bytes: usize,
    physical: Arc<Physical>,
}

impl Mapping {
    /// New memory of `device`, of at least `bytes` bytes, and fit for a multicast object of so many
    /// GPUs. The context of the rank is current.
    pub(super) fn allocate(
        rank: usize,
        device: i32,
        bytes: u64,
        sharable: Sharable,
        multicast_gpus: Option<u32>,
    ) -> Result<Arc<Mapping>> {
        let properties = sharing::properties(device, sharable);
        let mut granularity = sharing::granularity(&properties)
            .map_err(|error| refused(rank, "asking for the granularity of memory", error))?;
        if let Some(gpus) = multicast_gpus {
            let bytes = (bytes as usize).next_multiple_of(granularity);
            // Both are powers of two.
            granularity =
                granularity.max(sharing::multicast_granularity(gpus, bytes, sharable).map_err(|error| {
                    refused(rank, "asking for the granularity of multicast memory", error)
                })?);
        }
        let bytes = (bytes as usize).next_multiple_of(granularity);
        let physical = Physical::create(&properties, bytes)
            .map_err(|error| refused(rank, "reserving symmetric memory", error))?;
        Mapping::place(rank, device, Arc::new(physical), bytes as u64)
    }

    /// Gives physical memory an address.
    pub(super) fn place(
        rank: usize,
        device: i32,
        physical: Arc<Physical>,
        bytes: u64,
    ) -> Result<Arc<Mapping>> {
        let bytes = bytes as usize;
        let mut address = 0;
        // SAFETY: the driver writes one address.
        unsafe { sys::cuMemAddressReserve(&mut address, bytes, 0, 0, 0) }
            .result()
            .map_err(|error| refused(rank, "reserving addresses", error))?;
        // SAFETY: the range is reserved and empty, and as long as the memory.
        if let Err(error) = unsafe { sys::cuMemMap(address, bytes, 0, physical.handle(), 0) }.result() {
            // SAFETY: the range is ours and empty.
            let _ = unsafe { sys::cuMemAddressFree(address, bytes) };
            return Err(refused(rank, "mapping memory", error));
        }
        let mapping = Arc::new(Mapping { address, bytes, physical });
        mapping.allow(rank, device)?;
        Ok(mapping)
    }

    /// Lets a GPU read and write it.
    pub(super) fn allow(&self, rank: usize, device: i32) -> Result<()> {
        let access =
            CUmemAccessDesc { location: location(device), flags: Access::CU_MEM_ACCESS_FLAGS_PROT_READWRITE };
        // SAFETY: the range is mapped, and one description is passed.
        unsafe { sys::cuMemSetAccess(self.address, self.bytes, &access, 1) }.result().map_err(|error| {
            refused(rank, "reaching the memory of a peer (is there NVLink or peer access?)", error)
        })
    }

    pub(super) fn physical(&self) -> &Physical {
        &self.physical
    }

    pub(super) fn address(&self) -> u64 {
        self.address
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes as u64
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `place`, the mapping is not held any more, and ranks wait
        // for their launches before they let go of one. What fails here stays until the process
        // ends.
        let freed = unsafe {
            let unmapped = sys::cuMemUnmap(self.address, self.bytes).result();
            unmapped.and(sys::cuMemAddressFree(self.address, self.bytes).result())
        };
        if let Err(error) = freed {
            tracing::warn!(address = self.address, %error, "symmetric memory was not unmapped");
        }
    }
}
