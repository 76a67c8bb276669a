//! DLPack: tensors of other libraries as slices, and buffers as tensors for other libraries,
//! without a copy.
//!
//! [`dlpark`] has the structures of the standard (`DLManagedTensor` and `DLManagedTensorVersioned`)
//! and owns what it is handed; this module checks that a tensor suits a rank, and gives buffers
//! away.
//!
//! ```
//! use crossdock_host::dlpack::{self, Elements, dlpark};
//! use crossdock_host::{Cluster, Error, Topology};
//!
//! # fn main() -> Result<(), Error> {
//! Cluster::emulated(Topology::nodes(1))?.run(|rank| -> Result<(), Error> {
//!     let buffer = rank.buffer::<f32>(6)?;
//!     buffer.write(0, &[0.0; 6])?;
//!     // To another library, which frees the memory when it is done with it ..
//!     let tensor: dlpark::versioned::Dlpack =
//!         dlpack::export(buffer, &[2, 3], dlpack::dtype::<f32>())?;
//!     // .. and from one.
//!     let view = tensor.validate().expect("it was just made");
//!     // SAFETY: the tensor describes the buffer, and nobody writes it.
//!     let elements = unsafe { dlpack::elements::<f32>(rank, &view)? };
//!     let Elements::Device(slice) = elements else { unreachable!() };
//!     assert_eq!(slice.len(), 6);
//!     Ok(())
//! })?;
//! # Ok(())
//! # }
//! ```
//!
//! A stream is no part of a tensor. A producer's work must be done, or ordered before what the rank
//! launches, when a slice is used; what this library launched is done when its calls return.

pub use dlpark;

use std::sync::Arc;

use dlpark::ffi::{DLDataType, DLDevice, DLDeviceType};
use dlpark::metadata::Dynamic;
use dlpark::{DlpackElement, Managed, ManagedTensorBase, TensorRef};

use crate::backend::Device;
use crate::gpu::buffer::Buffer;
use crate::gpu::rank::Rank;
use crate::gpu::slice::DeviceSlice;
use crate::plain::Plain;
use crate::{Error, Result};

/// The elements of a tensor, where they are.
#[derive(Clone, Copy, Debug)]
pub enum Elements<'a, T> {
    /// In host memory.
    Host(&'a [T]),
    /// In the memory of the rank's GPU.
    Device(DeviceSlice<'a, T>),
}

/// The DLPack type of a Rust type.
pub const fn dtype<T: DlpackElement>() -> DLDataType {
    T::DTYPE
}

/// The elements of a tensor of `T`, in row-major order, on the host or on the GPU of `rank`.
///
/// # Errors
/// When the tensor has another type, is not compact, or is on another device.
///
/// # Safety
/// What the tensor says of its memory is true for as long as `'a`, and nobody writes that memory in
/// this time. Its producer's work is done, or ordered before what the rank launches, when the
/// elements are used.
pub unsafe fn elements<'a, T: DlpackElement + Plain>(
    rank: &Rank,
    tensor: &TensorRef<'a>,
) -> Result<Elements<'a, T>> {
    let found = tensor.dtype();
    if found != T::DTYPE {
        let problem = format!("its elements are {found:?}; {:?} are needed", T::DTYPE);
        return Err(Error::Tensor { rank: rank.index(), problem });
    }
    // SAFETY: the caller promises the same.
    let bytes = unsafe { bytes(rank, tensor)? };
    match bytes {
        // SAFETY: the caller promises that the memory is there, and `T` was checked; alignment is
        // checked here.
        Elements::Host(_) => unsafe { tensor.cpu_slice::<T>() }.map(Elements::Host).map_err(unsuitable(rank)),
        Elements::Device(bytes) => {
            bytes.check_aligned_to(rank.index(), "a DLPack tensor", align_of::<T>() as u64)?;
            // SAFETY: as above; so many elements are so many bytes.
            Ok(Elements::Device(unsafe { DeviceSlice::from_raw(bytes.address(), tensor.num_elements()) }))
        }
    }
}

/// The bytes of a tensor of any type, in row-major order, on the host or on the GPU of `rank`: for
/// 8-bit floats and whatever else Rust has no type for.
///
/// # Errors
/// When the tensor is not compact, or is on another device.
///
/// # Safety
/// As for [`elements`].
pub unsafe fn bytes<'a>(rank: &Rank, tensor: &TensorRef<'a>) -> Result<Elements<'a, u8>> {
    if !tensor.is_compact().map_err(unsuitable(rank))? {
        let problem = format!(
            "shape {:?} with strides {:?} is not compact in row-major order: make it contiguous first",
            tensor.shape(),
            tensor.strides().unwrap_or_default()
        );
        return Err(Error::Tensor { rank: rank.index(), problem });
    }
    let (found, own) = (tensor.device(), device(rank));
    if found.device_type == DLDeviceType::CPU {
        // SAFETY: the caller promises that the memory is there.
        return unsafe { tensor.cpu_bytes() }.map(Elements::Host).map_err(unsuitable(rank));
    }
    if found != own {
        let problem = format!("it is on {}; this rank reads {} and the host", name(found), name(own));
        return Err(Error::Tensor { rank: rank.index(), problem });
    }
    // SAFETY: the pointer is not followed here.
    let start = unsafe { tensor.offset_bytes_ptr() }.map_err(unsuitable(rank))?;
    // SAFETY: the caller promises that so many bytes are there.
    Ok(Elements::Device(unsafe { DeviceSlice::from_raw(start.addr() as u64, tensor.num_bytes()) }))
}

/// Gives the memory of a buffer to another library, as a tensor of `dtype` in row-major order; `M`
/// says whether of the legacy or the versioned kind. The memory is freed by the tensor's deleter,
/// on whatever thread. Virtual GPUs are extension devices with the number of the rank.
///
/// # Errors
/// When the shape has another number of elements than the buffer, or the type another size.
pub fn export<T: Plain, M: ManagedTensorBase>(
    buffer: Buffer<T>,
    shape: &[usize],
    dtype: DLDataType,
) -> Result<Managed<M>> {
    let (rank, length) = (buffer.rank().index(), buffer.len());
    let refuse = |problem: String| Err(Error::Tensor { rank, problem });
    if usize::from(dtype.bits) * usize::from(dtype.lanes) != 8 * size_of::<T>() {
        return refuse(format!("{dtype:?} has not the {} bytes of the buffer's elements", size_of::<T>()));
    }
    let elements = shape.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    if elements != Some(length) {
        return refuse(format!("shape {shape:?} does not have the {length} elements of the buffer"));
    }
    let device = device(buffer.rank());
    let address = if length == 0 { 0 } else { buffer.address() };
    let prepared = Dynamic::compact(shape).prepare_as::<M>();
    let prepared = prepared.map_err(|error| Error::Tensor { rank, problem: error.to_string() })?;
    let mut tensor = prepared.initialize(Box::new(Arc::clone(buffer.allocation())));
    tensor.set_data(std::ptr::without_provenance_mut(address as usize));
    tensor.set_dtype(dtype);
    tensor.set_device(device);
    // SAFETY: the context owns the memory, which has as many elements of that type as the shape
    // says.
    Ok(unsafe { tensor.finish() })
}

/// The GPU of a rank, as DLPack names it.
fn device(rank: &Rank) -> DLDevice {
    match rank.backend().device() {
        Device::Cuda(number) => DLDevice { device_type: DLDeviceType::CUDA, device_id: number },
        Device::Virtual => DLDevice { device_type: DLDeviceType::EXTDEV, device_id: rank.index() as i32 },
    }
}

fn name(device: DLDevice) -> String {
    match device.device_type {
        DLDeviceType::CUDA => format!("CUDA device {}", device.device_id),
        DLDeviceType::EXTDEV => format!("extension device {}", device.device_id),
        DLDeviceType(other) => format!("device {} of DLPack's type {other}", device.device_id),
    }
}

fn unsuitable(rank: &Rank) -> impl Fn(dlpark::tensor::Error) -> Error {
    let rank = rank.index();
    move |error| Error::Tensor { rank, problem: error.to_string() }
}
