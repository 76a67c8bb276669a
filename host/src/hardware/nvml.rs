//! What NVML, the management library that comes with the driver, says about GPUs and their NVLinks.
//! It is looked for when it is asked.

use std::ffi::{CStr, c_char, c_uint};
use std::mem::zeroed;

use nvml_wrapper_sys::bindings::{self as sys, NvmlLib, nvmlDevice_t, nvmlReturn_t};

use super::found::{Managed, ManagedGpu};

/// Where the driver installs it.
const NAMES: &[&str] = if cfg!(windows) { &["nvml.dll"] } else { &["libnvidia-ml.so.1", "libnvidia-ml.so"] };

/// Asks NVML.
///
/// # Errors
/// A sentence that says why it does not answer.
pub(super) fn ask() -> Result<Managed, String> {
    // SAFETY: loading NVML runs its initialisers, as every program that uses it does.
    let library = NAMES.iter().find_map(|name| unsafe { NvmlLib::new(*name) }.ok());
    let library = library.ok_or("NVML is not installed (libnvidia-ml.so.1 was not found)")?;
    let nvml = Nvml::start(library).map_err(|reason| format!("NVML does not answer: {reason}"))?;
    let mut gpus = Vec::new();
    for index in 0..nvml.count().map_err(|reason| format!("NVML does not answer: {reason}"))? {
        let gpu = nvml.gpu(index);
        gpus.push(gpu.map_err(|reason| format!("NVML does not answer for GPU {index}: {reason}"))?);
    }
    Ok(Managed { driver: nvml.driver().ok(), gpus })
}

/// Calls a function that writes one value of a plain type, if the library has it.
macro_rules! get {
    ($nvml:expr, $function:ident ( $($argument:expr),* ), $type:ty) => {{
        // SAFETY: all types that are asked for are plain data, of which zeros are a value.
        let mut value: $type = unsafe { zeroed() };
        match &$nvml.library.$function {
            // SAFETY: the library is initialised, and the function writes one value of this type.
            Ok(function) => $nvml.check(unsafe { function($($argument,)* &raw mut value) }).map(|()| value),
            Err(missing) => Err(missing.to_string()),
        }
    }};
}

/// The library between its initialisation and its end.
struct Nvml {
    library: NvmlLib,
}

impl Nvml {
    fn start(library: NvmlLib) -> Result<Nvml, String> {
        let nvml = Nvml { library };
        match &nvml.library.nvmlInit_v2 {
            // SAFETY: the function takes nothing.
            Ok(start) => nvml.check(unsafe { start() }).map(|()| nvml),
            Err(missing) => Err(missing.to_string()),
        }
    }

    fn check(&self, code: nvmlReturn_t) -> Result<(), String> {
        if code == sys::nvmlReturn_enum_NVML_SUCCESS {
            return Ok(());
        }
        let words = self.library.nvmlErrorString.as_ref().ok().map(|words| {
            // SAFETY: NVML gives a static text for every code.
            unsafe { CStr::from_ptr(words(code)) }.to_string_lossy().into_owned()
        });
        Err(words.unwrap_or_else(|| format!("error {code}")))
    }

    fn count(&self) -> Result<c_uint, String> {
        get!(self, nvmlDeviceGetCount_v2(), c_uint)
    }

    fn driver(&self) -> Result<String, String> {
        self.text(|text, length| {
            let function = self.library.nvmlSystemGetDriverVersion.as_ref().ok()?;
            // SAFETY: the buffer is as long as stated.
            Some(unsafe { function(text, length) })
        })
    }

    fn gpu(&self, index: c_uint) -> Result<ManagedGpu, String> {
        let device = get!(self, nvmlDeviceGetHandleByIndex_v2(index), nvmlDevice_t)?;
        let name = self.text(|text, length| {
            let function = self.library.nvmlDeviceGetName.as_ref().ok()?;
            // SAFETY: the device is NVML's, and the buffer is as long as stated.
            Some(unsafe { function(device, text, length) })
        })?;
        let pci = get!(self, nvmlDeviceGetPciInfo_v3(device), sys::nvmlPciInfo_t)?;
        let memory = get!(self, nvmlDeviceGetMemoryInfo(device), sys::nvmlMemory_t);
        let links = (0..sys::NVML_NVLINK_MAX_LINKS).filter_map(|link| {
            let active = get!(self, nvmlDeviceGetNvLinkState(device, link), sys::nvmlEnableState_t);
            // A GPU without NVLink, or with fewer links, refuses.
            (active == Ok(sys::nvmlEnableState_enum_NVML_FEATURE_ENABLED)).then(|| {
                let remote =
                    get!(self, nvmlDeviceGetNvLinkRemotePciInfo_v2(device, link), sys::nvmlPciInfo_t);
                text_of(&remote.ok()?.busId).parse().ok()
            })
        });
        Ok(ManagedGpu {
            address: text_of(&pci.busId).parse()?,
            name,
            capability: self.capability(device),
            memory_bytes: memory.ok().map(|memory| memory.total),
            links: links.collect(),
            switch_links: self
                .number(device, sys::field_id::NVML_FI_DEV_NVSWITCH_CONNECTED_LINK_COUNT)
                .and_then(|count| count.try_into().ok()),
            // NVML counts megabytes.
            link_bytes_per_second: self
                .number(device, sys::field_id::NVML_FI_DEV_NVLINK_SPEED_MBPS_COMMON)
                .filter(|&speed| speed > 0)
                .and_then(|speed| speed.checked_mul(1_000_000)),
        })
    }

    fn capability(&self, device: nvmlDevice_t) -> Option<(u32, u32)> {
        let (mut major, mut minor) = (0, 0);
        let function = self.library.nvmlDeviceGetCudaComputeCapability.as_ref().ok()?;
        // SAFETY: the device is NVML's, which writes two numbers.
        self.check(unsafe { function(device, &mut major, &mut minor) }).ok()?;
        Some((major.unsigned_abs(), minor.unsigned_abs()))
    }

    /// A whole number that the GPU has under a field's name.
    fn number(&self, device: nvmlDevice_t, field: u32) -> Option<u64> {
        // SAFETY: all fields of the struct may be zero.
        let mut asked: sys::nvmlFieldValue_t = unsafe { zeroed() };
        asked.fieldId = field;
        let function = self.library.nvmlDeviceGetFieldValues.as_ref().ok()?;
        // SAFETY: the device is NVML's, which reads and writes one value.
        self.check(unsafe { function(device, 1, &mut asked) }).ok()?;
        self.check(asked.nvmlReturn).ok()?;
        // SAFETY: `valueType` names the member that was written.
        unsafe {
            match asked.valueType {
                sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_INT => Some(asked.value.uiVal.into()),
                sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG
                | sys::nvmlValueType_enum_NVML_VALUE_TYPE_UNSIGNED_LONG_LONG => Some(asked.value.ullVal),
                sys::nvmlValueType_enum_NVML_VALUE_TYPE_SIGNED_LONG_LONG => {
                    asked.value.sllVal.try_into().ok()
                }
                _ => None,
            }
        }
    }

    /// A text that a function writes to a buffer of the given length.
    fn text(&self, write: impl Fn(*mut c_char, c_uint) -> Option<nvmlReturn_t>) -> Result<String, String> {
        let mut buffer = [0; 96];
        let code = write(buffer.as_mut_ptr(), buffer.len() as c_uint);
        self.check(code.ok_or("NVML lacks a function")?)?;
        Ok(text_of(&buffer))
    }
}

impl Drop for Nvml {
    fn drop(&mut self) {
        if let Ok(end) = &self.library.nvmlShutdown {
            // SAFETY: it was initialised once, and nothing of it is used any more.
            unsafe { end() };
        }
    }
}

/// The characters before the first zero.
fn text_of(characters: &[c_char]) -> String {
    let bytes = characters.iter().map(|&character| character as u8).take_while(|&byte| byte != 0);
    bytes.map(char::from).collect()
}
