//! Physical memory of a GPU and where it is mapped (CUDA driver API, "Virtual Memory Management").

#[cfg(unix)]
use std::ffi::c_void;
use std::sync::Arc;

use cudarc::driver::sys::{
    self, CUmemAccess_flags_enum as Access, CUmemAccessDesc, CUmemAllocationHandleType_enum as Handles,
    CUmemAllocationProp, CUmemAllocationType_enum, CUmemLocation, CUmemLocationType_enum,
};

use super::refused;
use crate::Result;

/// Who may map memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharable {
    /// Ranks of this process.
    InProcess,
    /// Other processes too, by file descriptor.
    ByFile,
}

/// Memory that is mapped at an address, for one or several GPUs.
#[derive(Debug)]
pub(super) struct Mapping {
    address: sys::CUdeviceptr,
    bytes: usize,
    physical: sys::CUmemGenericAllocationHandle,
}

impl Mapping {
    /// New memory of `device`, of at least `bytes` bytes. The context of the rank is current.
    pub(super) fn allocate(rank: usize, device: i32, bytes: u64, sharable: Sharable) -> Result<Arc<Mapping>> {
        // SAFETY: all fields of the struct may be zero.
        let mut properties: CUmemAllocationProp = unsafe { std::mem::zeroed() };
        properties.type_ = CUmemAllocationType_enum::CU_MEM_ALLOCATION_TYPE_PINNED;
        properties.location = location(device);
        properties.requestedHandleTypes = match sharable {
            Sharable::InProcess => Handles::CU_MEM_HANDLE_TYPE_NONE,
            Sharable::ByFile => Handles::CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
        };
        let mut granularity = 0;
        let recommended = sys::CUmemAllocationGranularity_flags_enum::CU_MEM_ALLOC_GRANULARITY_RECOMMENDED;
        // SAFETY: the driver reads the properties and writes one number.
        unsafe { sys::cuMemGetAllocationGranularity(&mut granularity, &properties, recommended) }
            .result()
            .map_err(|error| refused(rank, "asking for the granularity of memory", error))?;
        let bytes = (bytes as usize).next_multiple_of(granularity.max(1));
        let mut physical = 0;
        // SAFETY: as above; the size is a multiple of the granularity.
        unsafe { sys::cuMemCreate(&mut physical, bytes, &properties, 0) }
            .result()
            .map_err(|error| refused(rank, "reserving symmetric memory", error))?;
        Mapping::place(rank, device, physical, bytes)
    }

    /// Memory that another process exported.
    #[cfg(unix)]
    pub(super) fn import(
        rank: usize,
        device: i32,
        file: &std::os::fd::OwnedFd,
        bytes: u64,
    ) -> Result<Arc<Mapping>> {
        use std::os::fd::AsRawFd;

        let mut physical = 0;
        // A file descriptor travels as the pointer itself.
        let handle = std::ptr::without_provenance_mut::<c_void>(file.as_raw_fd() as usize);
        // SAFETY: the descriptor is open, and the driver does not keep it.
        unsafe {
            sys::cuMemImportFromShareableHandle(
                &mut physical,
                handle,
                Handles::CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
            )
        }
        .result()
        .map_err(|error| refused(rank, "opening the memory of another process", error))?;
        Mapping::place(rank, device, physical, bytes as usize)
    }

    /// Gives physical memory an address; takes the memory over, also when that fails.
    fn place(
        rank: usize,
        device: i32,
        physical: sys::CUmemGenericAllocationHandle,
        bytes: usize,
    ) -> Result<Arc<Mapping>> {
        let release = |error, call| {
            // SAFETY: the handle is ours and not mapped.
            let _ = unsafe { sys::cuMemRelease(physical) };
            refused(rank, call, error)
        };
        let mut address = 0;
        // SAFETY: the driver writes one address.
        unsafe { sys::cuMemAddressReserve(&mut address, bytes, 0, 0, 0) }
            .result()
            .map_err(|error| release(error, "reserving addresses"))?;
        // SAFETY: the range is reserved and empty, and as long as the memory.
        if let Err(error) = unsafe { sys::cuMemMap(address, bytes, 0, physical, 0) }.result() {
            // SAFETY: the range is ours and empty.
            let _ = unsafe { sys::cuMemAddressFree(address, bytes) };
            return Err(release(error, "mapping memory"));
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

    /// A file descriptor through which another process can map it.
    #[cfg(unix)]
    pub(super) fn export(&self, rank: usize) -> Result<std::os::fd::OwnedFd> {
        use std::os::fd::{FromRawFd, OwnedFd};

        let mut file: i32 = -1;
        // SAFETY: for this type of handle the driver writes one file descriptor.
        unsafe {
            sys::cuMemExportToShareableHandle(
                (&raw mut file).cast::<c_void>(),
                self.physical,
                Handles::CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
                0,
            )
        }
        .result()
        .map_err(|error| refused(rank, "offering memory to other processes", error))?;
        // SAFETY: the driver made the descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(file) })
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
        // SAFETY: the range was mapped by `place`, nobody holds the mapping any more, and ranks wait for their launches before they let
        // go of one. What fails here stays until the process ends.
        let freed = unsafe {
            let unmapped = sys::cuMemUnmap(self.address, self.bytes).result();
            let released = sys::cuMemRelease(self.physical).result();
            unmapped.and(released).and(sys::cuMemAddressFree(self.address, self.bytes).result())
        };
        if let Err(error) = freed {
            tracing::warn!(address = self.address, %error, "symmetric memory was not freed");
        }
    }
}

pub(super) fn location(device: i32) -> CUmemLocation {
    CUmemLocation { type_: CUmemLocationType_enum::CU_MEM_LOCATION_TYPE_DEVICE, id: device }
}
