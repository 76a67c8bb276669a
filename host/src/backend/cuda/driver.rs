//! The driver: whether it is there, what it can do, and which GPUs it shows.

use std::ffi::CStr;

use crossdock_device::Target;
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
    pub capability: (u32, u32),
    /// The newest target whose kernels it runs under this driver; `None` for a GPU that is older
    /// than all of them.
    pub target: Option<Target>,
    /// Where it is on the PCI bus: domain, bus, device and function, such as `0000:17:00.0`.
    pub pci_address: String,
    /// Multiprocessors.
    pub multiprocessors: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Whether it reaches the memory of each GPU directly.
    pub reaches: Vec<bool>,
    /// Whether memory can be shared with other processes by file descriptor.
    pub shares_files: bool,
    /// Whether its memory can be shared by fabric handle, for which a process needs an IMEX
    /// channel.
    pub shares_fabric: bool,
    /// Whether it takes part in multicast memory.
    pub multicast: bool,
}

/// The driver that is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Driver {
    /// The CUDA version that it supports.
    cuda: (u32, u32),
    /// How many GPUs it shows, at least one.
    pub(super) gpus: usize,
}

/// Starts the driver, once it is sure that it will do.
pub(super) fn start() -> Result<Driver> {
    let missing = |reason: String| Error::NoGpu { reason };
    if !is_installed() {
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
        count => Ok(Driver {
            cuda: (version.unsigned_abs() / 1000, version.unsigned_abs() % 1000 / 10),
            gpus: count as usize,
        }),
    }
}

/// Whether the driver's library is there. cudarc, which is to load it, panics where it is not; if
/// another crate of the program has cudarc linked to the driver instead, it has no such question.
fn is_installed() -> bool {
    let names: &[&str] = if cfg!(windows) { &["nvcuda.dll"] } else { &["libcuda.so.1", "libcuda.so"] };
    // SAFETY: it loads the driver, as every CUDA program does at its start.
    names.iter().any(|name| unsafe { libloading::Library::new(*name) }.is_ok())
}

/// Which driver this machine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverVersion {
    /// The CUDA version that it supports, such as 12 and 4.
    pub cuda: (u32, u32),
    /// Its release, such as `550.54.15`, where the system says so.
    pub release: Option<String>,
}

/// The driver that runs kernels here.
///
/// # Errors
/// [`Error::NoGpu`] when there is no driver, an old one, or no GPU.
pub fn driver() -> Result<DriverVersion> {
    let cuda = start()?.cuda;
    let release = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    let release = release.and_then(|text| release_in(&text).map(str::to_owned));
    Ok(DriverVersion { cuda, release })
}

/// The release in what the kernel module says of itself.
fn release_in(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("NVRM version:"))?;
    let is_release = |word: &&str| {
        word.contains('.')
            && word.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    line.split_whitespace().find(is_release)
}

/// All GPUs that the driver shows; there is at least one.
///
/// # Errors
/// [`Error::NoGpu`] when there is no driver, an old one, or no GPU.
pub fn gpus() -> Result<Vec<Gpu>> {
    let driver = start()?;
    (0..driver.gpus).map(|index| examine(index, driver)).collect()
}

/// The newest target that all these GPUs run.
pub(super) fn target(devices: impl IntoIterator<Item = usize>) -> Result<Target> {
    let driver = start()?;
    let mut common: Option<Target> = None;
    for index in devices {
        let device = result::device::get(index as i32).map_err(about(index))?;
        let capability = capability(index, device)?;
        let newest = Target::of_gpu(capability, driver.cuda).ok_or_else(|| {
            let ((major, minor), least) = (capability, Target::OLDEST);
            Error::NoGpu {
                reason: format!("GPU {index} has compute capability {major}.{minor}; kernels are made for {least} and newer"),
            }
        })?;
        // What an older GPU runs, a newer one runs as well.
        common = Some(common.map_or(newest, |other| if other.sm() <= newest.sm() { other } else { newest }));
    }
    Ok(common.unwrap_or(Target::OLDEST))
}

/// The number by which the driver knows a GPU, or a part of one, in every process.
pub(super) fn identity(device: sys::CUdevice) -> Result<[u8; 16], DriverError> {
    let mut identity = sys::CUuuid { bytes: [0; 16] };
    // SAFETY: the driver writes sixteen bytes.
    unsafe { sys::cuDeviceGetUuid_v2(&mut identity, device) }.result()?;
    Ok(identity.bytes.map(|byte| byte as u8))
}

fn about(index: usize) -> impl Fn(DriverError) -> Error {
    move |error| Error::NoGpu { reason: format!("asking about GPU {index} failed: {}", reason(error)) }
}

fn capability(index: usize, device: sys::CUdevice) -> Result<(u32, u32)> {
    let number = |which| {
        // SAFETY: the device exists.
        unsafe { result::device::get_attribute(device, which) }.map(i32::unsigned_abs).map_err(about(index))
    };
    Ok((
        number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
        number(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?,
    ))
}

fn examine(index: usize, driver: Driver) -> Result<Gpu> {
    let (count, refused) = (driver.gpus, about(index));
    let device = result::device::get(index as i32).map_err(&refused)?;
    // SAFETY: the device exists.
    let attribute = |which| unsafe { result::device::get_attribute(device, which) }.map_err(&refused);
    let capability = capability(index, device)?;
    let mut reaches = Vec::with_capacity(count);
    for other in 0..count {
        let peer = result::device::get(other as i32).map_err(&refused)?;
        let mut can = i32::from(other == index);
        if other != index {
            // SAFETY: both devices exist, and the driver writes one integer.
            unsafe { sys::cuDeviceCanAccessPeer(&mut can, device, peer) }.result().map_err(&refused)?;
        }
        reaches.push(can != 0);
    }
    Ok(Gpu {
        name: result::device::get_name(device).map_err(&refused)?,
        capability,
        target: Target::of_gpu(capability, driver.cuda),
        pci_address: pci_address(device).map_err(&refused)?,
        multiprocessors: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?.cast_unsigned(),
        // SAFETY: the device exists.
        memory: unsafe { result::device::total_mem(device) }.map_err(&refused)? as u64,
        reaches,
        shares_files: attribute(Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED)?
            != 0,
        shares_fabric: attribute(Attribute::CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_FABRIC_SUPPORTED)? != 0,
        multicast: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED)? != 0,
    })
}

fn pci_address(device: sys::CUdevice) -> Result<String, DriverError> {
    let mut text = [0; 32];
    // SAFETY: the driver writes at most as many characters as it is told that there is room for,
    // the last one zero.
    unsafe { sys::cuDeviceGetPCIBusId(text.as_mut_ptr(), text.len() as i32, device) }.result()?;
    let bytes = text.iter().map(|&character| character as u8).take_while(|&byte| byte != 0);
    Ok(bytes.map(char::from).collect())
}

/// The error of a call that the driver refused.
pub(super) fn refused(rank: usize, call: Call, error: DriverError) -> Error {
    Error::Driver { rank, call, reason: reason(error) }
}

/// The driver's name and explanation of an error.
pub(super) fn reason(error: DriverError) -> String {
    let text = |found: Result<&CStr, DriverError>| found.map(|text| text.to_string_lossy().into_owned()).ok();
    match (text(error.error_name()), text(error.error_string())) {
        (Some(name), Some(explained)) => format!("{explained} ({name})"),
        _ => format!("driver error {}", error.0 as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::release_in;

    #[test]
    fn the_release_is_found_in_both_forms_of_the_line() {
        let proprietary = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: 11.4.0\n";
        assert_eq!(release_in(proprietary), Some("550.54.15"));
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.86.10  Release Build  (dvs-builder@U16)\n";
        assert_eq!(release_in(open), Some("570.86.10"));
        assert_eq!(release_in("nothing of the kind 1.2.3"), None);
    }
}
