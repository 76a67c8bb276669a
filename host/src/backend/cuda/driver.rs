//! The driver: whether it is there, what it can do, and which GPUs it shows.

use std::ffi::CStr;

use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute};
use cudarc::driver::{DriverError, result};

use crate::{Error, Result};

/// What was asked of the driver, in words.
pub(super) type Call = &'static str;

/// The CUDA version of the oldest driver that has everything used here, as the driver counts.
const OLDEST: i32 = 12_040;

/// One GPU that the driver shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gpu {
    /// Its name.
    pub name: String,
    /// Compute capability, such as 9 and 0.
    pub capability: (i32, i32),
    /// Multiprocessors.
    pub multiprocessors: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Whether it reaches the memory of each GPU directly.
    pub reaches: Vec<bool>,
    /// Whether memory can be shared with other processes by file descriptor.
    pub shares_files: bool,
    /// Whether it takes part in multicast memory.
    pub multicast: bool,
}

/// How many GPUs there are, at least one.
pub(super) fn device_count() -> Result<usize> {
    let missing = |reason: String| Error::NoGpu { reason };
    // SAFETY: it loads the driver and forgets it again, as every CUDA program does at its start.
    if !unsafe { sys::is_culib_present() } {
        return Err(missing("no NVIDIA driver is installed (libcuda was not found)".into()));
    }
    let refused = |call: Call| move |error| missing(format!("{call} failed: {}", reason(error)));
    result::init().map_err(refused("starting the NVIDIA driver"))?;
    let mut version = 0;
    // SAFETY: the driver writes one integer.
    unsafe { sys::cuDriverGetVersion(&mut version) }
        .result()
        .map_err(refused("asking for the driver's version"))?;
    if version < OLDEST {
        return Err(missing(format!(
            "the driver supports CUDA {}.{}; {}.{} is needed, which driver 550 and newer support",
            version / 1000,
            version % 1000 / 10,
            OLDEST / 1000,
            OLDEST % 1000 / 10
        )));
    }
    match result::device::get_count().map_err(refused("counting GPUs"))? {
        0 => Err(missing("the driver shows no GPU; is CUDA_VISIBLE_DEVICES empty?".into())),
        count => Ok(count as usize),
    }
}

/// All GPUs that the driver shows; there is at least one.
///
/// # Errors
/// [`Error::NoGpu`] when there is no driver, an old one, or no GPU.
pub fn gpus() -> Result<Vec<Gpu>> {
    let count = device_count()?;
    (0..count).map(|index| examine(index, count)).collect()
}

fn examine(index: usize, count: usize) -> Result<Gpu> {
    let refused =
        |error| Error::NoGpu { reason: format!("asking about GPU {index} failed: {}", reason(error)) };
    let device = result::device::get(index as i32).map_err(refused)?;
    // SAFETY: the device exists.
    let attribute = |which| unsafe { result::device::get_attribute(device, which) }.map_err(refused);
    let mut reaches = Vec::with_capacity(count);
    for other in 0..count {
        let peer = result::device::get(other as i32).map_err(refused)?;
        let mut can = i32::from(other == index);
        if other != index {
            // SAFETY: both devices exist, and the driver writes one integer.
            unsafe { sys::cuDeviceCanAccessPeer(&mut can, device, peer) }.result().map_err(refused)?;
        }
        reaches.push(can != 0);
    }
    Ok(Gpu {
        name: result::device::get_name(device).map_err(refused)?,
        capability: (
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
        ),
        multiprocessors: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?.cast_unsigned(),
        // SAFETY: the device exists.
        memory: unsafe { result::device::total_mem(device) }.map_err(refused)? as u64,
        reaches,
        shares_files: attribute(Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED)?
            != 0,
        multicast: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED)? != 0,
    })
}

/// The driver's name and explanation of an error.
pub(super) fn reason(error: DriverError) -> String {
    let text = |found: Result<&CStr, DriverError>| found.map(|text| text.to_string_lossy().into_owned()).ok();
    match (text(error.error_name()), text(error.error_string())) {
        (Some(name), Some(explained)) => format!("{explained} ({name})"),
        _ => format!("driver error {}", error.0 as u32),
    }
}
