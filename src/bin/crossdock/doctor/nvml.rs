//! What NVML, the management library that comes with the driver, says about GPUs and their NVLinks. It is looked for when it is asked.

use nvml_wrapper::Device;
use nvml_wrapper::Nvml;
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id;

use super::pci::PciAddress;

/// Links that NVML numbers at most (`NVML_NVLINK_MAX_LINKS`).
const MOST_LINKS: u32 = 18;

/// What it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Managed {
    pub(super) driver: Option<String>,
    pub(super) gpus: Vec<ManagedGpu>,
}

/// One GPU; what it does not say of it is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ManagedGpu {
    pub(super) address: PciAddress,
    pub(super) name: String,
    pub(super) capability: Option<(u32, u32)>,
    pub(super) memory_bytes: Option<u64>,
    /// The device at the other end of each active NVLink; `None` for one that is not said.
    pub(super) links: Vec<Option<PciAddress>>,
    /// How many of them end at an NVSwitch.
    pub(super) switch_links: Option<u32>,
    /// Of one link in one direction.
    pub(super) link_bytes_per_second: Option<u64>,
}

/// Asks NVML.
///
/// # Errors
/// A sentence that says why it does not answer.
pub(super) fn ask() -> Result<Managed, String> {
    let nvml = Nvml::init().map_err(|error| match error {
        NvmlError::LibloadingError(_) => "NVML is not installed (libnvidia-ml.so.1 was not found)".to_owned(),
        error => format!("NVML does not answer: {error}"),
    })?;
    let refused = |error: NvmlError| format!("NVML does not answer: {error}");
    let mut gpus = Vec::new();
    for index in 0..nvml.device_count().map_err(refused)? {
        let device = nvml.device_by_index(index).map_err(refused)?;
        gpus.push(
            examine(&device).map_err(|error| format!("NVML does not answer for GPU {index}: {error}"))?,
        );
    }
    Ok(Managed { driver: nvml.sys_driver_version().ok(), gpus })
}

fn examine(device: &Device<'_>) -> Result<ManagedGpu, String> {
    let refused = |error: NvmlError| error.to_string();
    let capability = device.cuda_compute_capability().ok();
    let links = (0..MOST_LINKS).filter_map(|link| {
        let link = device.link_wrapper_for(link);
        // A GPU without NVLink, or with fewer links, refuses.
        let active = link.is_active().unwrap_or(false);
        active.then(|| link.remote_pci_info().ok()?.bus_id.parse().ok())
    });
    Ok(ManagedGpu {
        address: device.pci_info().map_err(refused)?.bus_id.parse()?,
        name: device.name().map_err(refused)?,
        capability: capability.map(|found| (found.major.unsigned_abs(), found.minor.unsigned_abs())),
        memory_bytes: device.memory_info().ok().map(|memory| memory.total),
        links: links.collect(),
        switch_links: number(device, field_id::NVML_FI_DEV_NVSWITCH_CONNECTED_LINK_COUNT)
            .and_then(|count| count.try_into().ok()),
        // NVML counts megabytes.
        link_bytes_per_second: number(device, field_id::NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON)
            .filter(|&speed| speed > 0)
            .and_then(|speed| speed.checked_mul(1_000_000)),
    })
}

/// A whole number that the GPU has under a field's name.
fn number(device: &Device<'_>, field: u32) -> Option<u64> {
    let samples = device.field_values_for(&[FieldId(field)]).ok()?;
    match samples.into_iter().next()?.ok()?.value.ok()? {
        SampleValue::U32(value) => Some(value.into()),
        SampleValue::U64(value) => Some(value),
        SampleValue::I64(value) => value.try_into().ok(),
        SampleValue::F64(_) => None,
    }
}
