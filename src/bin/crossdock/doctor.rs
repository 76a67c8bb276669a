//! What this machine has, and what that means. Absence is a plain statement, not an error.

use std::ffi::{CStr, c_char, c_int, c_uint};

use crossdock_ptx::assembler::Assembler;
use libloading::{Library, Symbol};
use serde::Serialize;

use crate::arguments::DoctorArguments;
use crate::console;
use crate::failure::Failure;

/// One thing that was looked for.
#[derive(Debug, Serialize)]
struct Finding {
    /// What was looked for.
    subject: &'static str,
    /// Whether it is there and answers.
    present: bool,
    /// What was found, or why not.
    found: String,
    /// What that means for crossdock.
    meaning: &'static str,
}

#[derive(Debug, Serialize)]
struct Examination {
    findings: Vec<Finding>,
}

/// `crossdock doctor`.
pub(crate) fn run(arguments: &DoctorArguments) -> Result<(), Failure> {
    let examination = Examination { findings: vec![emulator(), driver(), ptxas(), fabric()] };
    if arguments.json {
        let text = serde_json::to_string_pretty(&examination).map_err(std::io::Error::from)?;
        return console::print(&(text + "\n"));
    }
    let mut text = String::new();
    for finding in &examination.findings {
        let mark = if finding.present { "yes" } else { "no " };
        text += &format!(
            "{mark}  {:<10} {}\n     {:<10} {}\n",
            finding.subject, finding.found, "", finding.meaning
        );
    }
    console::print(&text)
}

fn finding(
    subject: &'static str,
    found: Result<String, String>,
    present: &'static str,
    absent: &'static str,
) -> Finding {
    let meaning = if found.is_ok() { present } else { absent };
    Finding { subject, present: found.is_ok(), found: found.unwrap_or_else(|reason| reason), meaning }
}

fn emulator() -> Finding {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    finding(
        "emulator",
        Ok(format!("virtual GPUs on this processor ({processors} hardware threads)")),
        "`crossdock run` executes the kernels' PTX here; it needs nothing else",
        "",
    )
}

fn driver() -> Finding {
    finding(
        "driver",
        examine_driver(),
        "the GPUs can run the PTX that `crossdock ptx` prints; `crossdock run` uses the emulator all the same",
        "kernels cannot run on a GPU here; nothing that crossdock does today needs one",
    )
}

/// The CUDA driver's version and its GPUs.
fn examine_driver() -> Result<String, String> {
    let name = if cfg!(windows) { "nvcuda.dll" } else { "libcuda.so.1" };
    // SAFETY: loading the driver runs its initialisers, which every CUDA program does.
    let library =
        unsafe { Library::new(name) }.map_err(|_| format!("no NVIDIA driver ({name} is not installed)"))?;
    type Status = c_int;
    // SAFETY: the signatures are those of cuda.h; `c_int` is CUresult, CUdevice and CUdevice_attribute.
    let (initialise, version, count, name_of, attribute) = unsafe {
        let initialise: Symbol<unsafe extern "C" fn(c_uint) -> Status> = symbol(&library, b"cuInit\0")?;
        let version: Symbol<unsafe extern "C" fn(*mut c_int) -> Status> =
            symbol(&library, b"cuDriverGetVersion\0")?;
        let count: Symbol<unsafe extern "C" fn(*mut c_int) -> Status> =
            symbol(&library, b"cuDeviceGetCount\0")?;
        let name_of: Symbol<unsafe extern "C" fn(*mut c_char, c_int, c_int) -> Status> =
            symbol(&library, b"cuDeviceGetName\0")?;
        let attribute: Symbol<unsafe extern "C" fn(*mut c_int, c_int, c_int) -> Status> =
            symbol(&library, b"cuDeviceGetAttribute\0")?;
        (initialise, version, count, name_of, attribute)
    };
    let check = |status: Status, call: &str| match status {
        0 => Ok(()),
        error => Err(format!("an NVIDIA driver that does not work: {call} returned error {error}")),
    };

    let (mut number, mut gpus) = (0, 0);
    // SAFETY: `cuInit` comes first, and both others write one int through a valid pointer.
    unsafe {
        check(initialise(0), "cuInit")?;
        check(version(&mut number), "cuDriverGetVersion")?;
        check(count(&mut gpus), "cuDeviceGetCount")?;
    }
    let mut text = format!("NVIDIA driver for CUDA {}.{}, {gpus} GPU(s)", number / 1000, number % 1000 / 10);
    // Devices are numbered from 0; compute capability is attributes 75 and 76.
    for device in 0..gpus {
        let mut bytes = [0 as c_char; 128];
        let (mut major, mut minor) = (0, 0);
        // SAFETY: the buffer is as long as stated and the other pointers are to one int each.
        unsafe {
            check(name_of(bytes.as_mut_ptr(), bytes.len() as c_int - 1, device), "cuDeviceGetName")?;
            check(attribute(&mut major, 75, device), "cuDeviceGetAttribute")?;
            check(attribute(&mut minor, 76, device), "cuDeviceGetAttribute")?;
        }
        // SAFETY: the last byte of the buffer was never handed out, so it is still the terminator.
        let name = unsafe { CStr::from_ptr(bytes.as_ptr()) }.to_string_lossy();
        text += &format!(", {name} (sm_{major}{minor})");
    }
    if gpus == 0 { Err(text) } else { Ok(text) }
}

/// # Safety
/// `T` must be the type of the symbol.
unsafe fn symbol<'library, T>(
    library: &'library Library,
    name: &[u8],
) -> Result<Symbol<'library, T>, String> {
    // SAFETY: the caller promises the type.
    unsafe { library.get(name) }.map_err(|error| error.to_string())
}

fn ptxas() -> Finding {
    finding(
        "ptxas",
        examine_ptxas(),
        "the kernels' PTX can be assembled as a test; crossdock itself never calls ptxas",
        "the tests that assemble PTX are skipped; crossdock itself never calls ptxas",
    )
}

fn examine_ptxas() -> Result<String, String> {
    let found = Assembler::find().map_err(|error| error.to_string())?;
    Ok(format!("ptxas {} ({})", found.release(), found.program().display()))
}

fn fabric() -> Finding {
    finding(
        "libfabric",
        examine_fabric(),
        "a network is reachable through libfabric; crossdock connects the GPUs of one node so far",
        "networks are out of reach; crossdock connects the GPUs of one node so far and does not need them",
    )
}

fn examine_fabric() -> Result<String, String> {
    let name = "libfabric.so.1";
    // SAFETY: loading libfabric runs its initialisers, which every program that uses it does.
    let library =
        unsafe { Library::new(name) }.map_err(|_| format!("no libfabric ({name} is not installed)"))?;
    // SAFETY: the signature is that of rdma/fabric.h; the call takes nothing and reads a constant.
    let version = unsafe { symbol::<unsafe extern "C" fn() -> u32>(&library, b"fi_version\0")?() };
    Ok(format!("libfabric {}.{}", version >> 16, version & 0xffff))
}
