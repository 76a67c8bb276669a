//! How ranks come to each other's memory: what their GPUs can do, what follows for all of them, and
//! the driver's handles of physical memory and of multicast objects (CUDA driver API, "Virtual
//! Memory Management" and "Multicast Object Management").
//!
//! Between processes, handles travel as *fabric handles*, plain bytes that every process of the
//! NVLink domain may open which has an IMEX channel (`/dev/nvidia-caps-imex-channels`), or as file
//! descriptors (`descriptors`), which need nothing.

use cudarc::driver::sys::{
    self, CUdevice_attribute_enum as Attribute, CUmemAllocationHandleType_enum as Handles,
    CUmemAllocationProp, CUmemAllocationType_enum, CUmemFabricHandle, CUmemLocation, CUmemLocationType_enum,
    CUmulticastGranularity_flags_enum as MulticastGranularity, CUmulticastObjectProp,
};
use cudarc::driver::{CudaContext, DriverError};
use serde::{Deserialize, Serialize};

use super::driver::refused;
use crate::Result;

/// Who may map memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharable {
    /// Ranks of this process.
    InProcess,
    /// Other processes of the node too, by file descriptor.
    ByFile,
    /// All processes of the NVLink domain too, by fabric handle.
    ByFabric,
}

impl Sharable {
    fn handles(self) -> Handles {
        match self {
            Sharable::InProcess => Handles::CU_MEM_HANDLE_TYPE_NONE,
            Sharable::ByFile => Handles::CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
            Sharable::ByFabric => Handles::CU_MEM_HANDLE_TYPE_FABRIC,
        }
    }
}

/// What the GPU of a rank can do, as the rank tells the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Abilities {
    /// What tells the GPU from others, in every process.
    pub(super) gpu: [u8; 16],
    /// Whether its memory can be shared by file descriptor.
    pub(super) files: bool,
    /// Whether its memory can be shared by fabric handle, and the process may do so.
    pub(super) fabric: bool,
    pub(super) multicast: bool,
}

impl Abilities {
    /// Abilities of the GPU of a context, which is current.
    pub(super) fn of(context: &CudaContext) -> Result<Abilities, DriverError> {
        let device = context.cu_device();
        let has = |attribute| context.attribute(attribute).map(|value| value != 0);
        Ok(Abilities {
            gpu: super::driver::identity(device)?,
            files: has(Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED)?,
            fabric: has(Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_FABRIC_SUPPORTED)?
                && may_share_by_fabric(device),
            multicast: has(Attribute::CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED)?,
        })
    }
}

/// Whether this process has an IMEX channel: without one the driver refuses memory with a fabric
/// handle, which is the only way to ask.
fn may_share_by_fabric(device: i32) -> bool {
    let properties = properties(device, Sharable::ByFabric);
    let Ok(bytes) = granularity(&properties) else { return false };
    Physical::create(&properties, bytes).is_ok_and(|memory| memory.fabric_handle().is_ok())
}

/// How ranks in several processes share memory; `None` if there is no way that all of them have.
pub(super) fn agreed(ranks: &[Abilities]) -> Option<Sharable> {
    if ranks.iter().all(|rank| rank.fabric) {
        Some(Sharable::ByFabric)
    } else if ranks.iter().all(|rank| rank.files) {
        Some(Sharable::ByFile)
    } else {
        None
    }
}

/// Why these ranks have no multicast addresses; `None` if they have.
pub(super) fn why_no_multicast(ranks: &[Abilities]) -> Option<&'static str> {
    let shared =
        ranks.iter().enumerate().any(|(at, rank)| ranks[..at].iter().any(|other| other.gpu == rank.gpu));
    if !ranks.iter().all(|rank| rank.multicast) {
        Some("a rank's GPU has no multicast memory, which needs NVSwitches and compute capability 9.0")
    } else if shared {
        Some(
            "several ranks share a GPU, which can be in a multicast object only once; give each rank its own",
        )
    } else {
        None
    }
}

/// The memory of a GPU, as the driver names it.
pub(super) fn location(device: i32) -> CUmemLocation {
    CUmemLocation { type_: CUmemLocationType_enum::CU_MEM_LOCATION_TYPE_DEVICE, id: device }
}

/// What memory of a GPU is asked for with.
pub(super) fn properties(device: i32, sharable: Sharable) -> CUmemAllocationProp {
    // SAFETY: all fields of the struct may be zero.
    let mut properties: CUmemAllocationProp = unsafe { std::mem::zeroed() };
    properties.type_ = CUmemAllocationType_enum::CU_MEM_ALLOCATION_TYPE_PINNED;
    properties.location = location(device);
    properties.requestedHandleTypes = sharable.handles();
    properties
}

/// What sizes of such memory are multiples of.
pub(super) fn granularity(properties: &CUmemAllocationProp) -> Result<usize, DriverError> {
    let mut granularity = 0;
    let recommended = sys::CUmemAllocationGranularity_flags_enum::CU_MEM_ALLOC_GRANULARITY_RECOMMENDED;
    // SAFETY: the driver reads the properties and writes one number.
    unsafe { sys::cuMemGetAllocationGranularity(&mut granularity, properties, recommended) }.result()?;
    Ok(granularity.max(1))
}

/// What sizes of memory are multiples of that is to be bound to a multicast object of so many GPUs.
pub(super) fn multicast_granularity(
    gpus: u32,
    bytes: usize,
    sharable: Sharable,
) -> Result<usize, DriverError> {
    let properties = multicast_properties(gpus, bytes, sharable);
    let mut granularity = 0;
    // SAFETY: the driver reads the properties and writes one number.
    unsafe {
        sys::cuMulticastGetGranularity(
            &mut granularity,
            &properties,
            MulticastGranularity::CU_MULTICAST_GRANULARITY_MINIMUM,
        )
    }
    .result()?;
    Ok(granularity.max(1))
}

fn multicast_properties(gpus: u32, bytes: usize, sharable: Sharable) -> CUmulticastObjectProp {
    CUmulticastObjectProp {
        numDevices: gpus,
        size: bytes,
        handleTypes: sharable.handles().0.into(),
        flags: 0,
    }
}

/// The driver's handle of physical memory or of a multicast object, which it treats alike. What is
/// mapped or bound stays until it is not.
#[derive(Debug)]
pub(super) struct Physical(sys::CUmemGenericAllocationHandle);

impl Physical {
    /// New memory, of a size that is a multiple of the granularity.
    pub(super) fn create(properties: &CUmemAllocationProp, bytes: usize) -> Result<Physical, DriverError> {
        let mut handle = 0;
        // SAFETY: the driver reads the properties and writes one handle.
        unsafe { sys::cuMemCreate(&mut handle, bytes, properties, 0) }.result()?;
        Ok(Physical(handle))
    }

    /// A multicast object for so many GPUs, of a size that is a multiple of the granularity.
    pub(super) fn create_multicast(
        gpus: u32,
        bytes: usize,
        sharable: Sharable,
    ) -> Result<Physical, DriverError> {
        let properties = multicast_properties(gpus, bytes, sharable);
        let mut handle = 0;
        // SAFETY: the driver reads the properties and writes one handle.
        unsafe { sys::cuMulticastCreate(&mut handle, &properties) }.result()?;
        Ok(Physical(handle))
    }

    /// Makes a GPU one of a multicast object's. Binding and mapping the object blocks until all of
    /// them are.
    pub(super) fn add_device(&self, rank: usize, device: i32) -> Result<()> {
        // SAFETY: the handle is ours. What is no multicast object is an error.
        unsafe { sys::cuMulticastAddDevice(self.0, device) }
            .result()
            .map_err(|error| refused(rank, "adding a GPU to a multicast object", error))
    }

    /// Puts memory of one of its GPUs behind the first `bytes` addresses of a multicast object.
    pub(super) fn bind(&self, rank: usize, memory: &Physical, bytes: usize) -> Result<()> {
        // SAFETY: both handles are ours. A wrong size or GPU is an error.
        unsafe { sys::cuMulticastBindMem(self.0, 0, memory.0, 0, bytes, 0) }
            .result()
            .map_err(|error| refused(rank, "binding memory to a multicast object", error))
    }

    pub(super) fn handle(&self) -> sys::CUmemGenericAllocationHandle {
        self.0
    }

    /// The bytes by which other processes open it.
    pub(super) fn fabric_handle(&self) -> Result<Vec<u8>, DriverError> {
        let mut handle = CUmemFabricHandle { data: [0; 64] };
        // SAFETY: for this type of handle the driver writes one `CUmemFabricHandle`.
        unsafe {
            sys::cuMemExportToShareableHandle(
                (&raw mut handle).cast(),
                self.0,
                Handles::CU_MEM_HANDLE_TYPE_FABRIC,
                0,
            )
        }
        .result()?;
        Ok(handle.data.to_vec())
    }

    /// What another process gave the fabric handle of; `None` if that is no fabric handle.
    pub(super) fn of_fabric_handle(bytes: &[u8]) -> Option<Result<Physical, DriverError>> {
        let mut fabric = CUmemFabricHandle { data: bytes.try_into().ok()? };
        let mut handle = 0;
        // SAFETY: for this type of handle the driver reads one `CUmemFabricHandle`.
        let opened = unsafe {
            sys::cuMemImportFromShareableHandle(
                &mut handle,
                (&raw mut fabric).cast(),
                Handles::CU_MEM_HANDLE_TYPE_FABRIC,
            )
        };
        Some(opened.result().map(|()| Physical(handle)))
    }

    /// A file descriptor through which another process can open it.
    #[cfg(unix)]
    pub(super) fn file(&self) -> Result<std::os::fd::OwnedFd, DriverError> {
        use std::os::fd::{FromRawFd, OwnedFd};

        let mut file: i32 = -1;
        // SAFETY: for this type of handle the driver writes one file descriptor.
        unsafe {
            sys::cuMemExportToShareableHandle(
                (&raw mut file).cast(),
                self.0,
                Handles::CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
                0,
            )
        }
        .result()?;
        // SAFETY: the driver made the descriptor for us.
        Ok(unsafe { OwnedFd::from_raw_fd(file) })
    }

    /// What another process gave a file descriptor of.
    #[cfg(unix)]
    pub(super) fn of_file(file: &std::os::fd::OwnedFd) -> Result<Physical, DriverError> {
        use std::os::fd::AsRawFd;

        let mut handle = 0;
        // A file descriptor travels as the pointer itself.
        let descriptor = std::ptr::without_provenance_mut(file.as_raw_fd() as usize);
        // SAFETY: the descriptor is open, and the driver does not keep it.
        unsafe {
            sys::cuMemImportFromShareableHandle(
                &mut handle,
                descriptor,
                Handles::CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR,
            )
        }
        .result()?;
        Ok(Physical(handle))
    }
}

impl Drop for Physical {
    fn drop(&mut self) {
        // SAFETY: the handle is ours.
        if let Err(error) = unsafe { sys::cuMemRelease(self.0) }.result() {
            tracing::warn!(%error, "a handle of memory was not given back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(gpu: u8, files: bool, fabric: bool, multicast: bool) -> Abilities {
        Abilities { gpu: [gpu; 16], files, fabric, multicast }
    }

    #[test]
    fn fabric_handles_are_taken_if_every_rank_has_them() {
        let ranks = [rank(0, true, true, true), rank(1, true, true, true)];
        assert_eq!(agreed(&ranks), Some(Sharable::ByFabric));
        let one_without_channel = [rank(0, true, true, true), rank(1, true, false, true)];
        assert_eq!(agreed(&one_without_channel), Some(Sharable::ByFile));
        assert_eq!(agreed(&[rank(0, false, true, true)]), Some(Sharable::ByFabric));
        assert_eq!(agreed(&[rank(0, true, false, true), rank(1, false, true, true)]), None);
    }

    #[test]
    fn multicast_needs_a_gpu_for_each_rank_that_has_it() {
        let all = [rank(0, true, false, true), rank(1, true, false, true), rank(2, true, false, true)];
        assert_eq!(why_no_multicast(&all), None);
        let why = |ranks: &[Abilities]| why_no_multicast(ranks).expect("there is none");
        assert!(why(&[rank(0, true, false, true), rank(1, true, false, false)]).contains("NVSwitches"));
        assert!(why(&[rank(3, true, false, true), rank(3, true, false, true)]).contains("share a GPU"));
    }

    #[test]
    fn abilities_travel_whole() {
        let sent = rank(7, true, false, true);
        let bytes = postcard::to_stdvec(&sent).expect("plain data");
        assert_eq!(postcard::from_bytes(&bytes), Ok(sent));
    }

    #[test]
    fn bytes_of_another_length_are_no_fabric_handle() {
        assert!(Physical::of_fabric_handle(&[0; 63]).is_none());
        assert!(Physical::of_fabric_handle(&[]).is_none());
    }

    #[test]
    fn properties_name_gpu_and_kind_of_handle() {
        let asked = properties(3, Sharable::ByFabric);
        assert_eq!(asked.requestedHandleTypes, Handles::CU_MEM_HANDLE_TYPE_FABRIC);
        let multicast = multicast_properties(8, 4 << 20, Sharable::ByFile);
        assert_eq!((multicast.numDevices, multicast.size, multicast.handleTypes), (8, 4 << 20, 1));
        assert_eq!(multicast_properties(8, 4 << 20, Sharable::InProcess).handleTypes, 0);
    }
}
