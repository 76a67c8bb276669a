//! What this machine has, and what that means. Absence is a plain statement, not an error.

use crossdock::host::gpus;
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
        "`crossdock run --backend cuda` executes the kernels on them; several ranks may share one",
        "kernels cannot run on a GPU here; everything else works on virtual ones",
    )
}

/// The GPUs that the driver shows, and which of them reach each other's memory.
fn examine_driver() -> Result<String, String> {
    let gpus = gpus().map_err(|error| error.to_string())?;
    let mut text = format!("{} GPU(s)", gpus.len());
    for (number, gpu) in gpus.iter().enumerate() {
        let (major, minor) = gpu.capability;
        let peers: Vec<String> = (0..gpus.len())
            .filter(|&other| other != number && gpu.reaches[other])
            .map(|other| other.to_string())
            .collect();
        let reaches =
            if peers.is_empty() { "no other GPU".to_owned() } else { format!("GPU {}", peers.join(", ")) };
        text += &format!(
            "\n     {:<10} GPU {number}: {} (compute capability {major}.{minor}, {}), {} multiprocessors, {:.0} GiB, reaches {reaches}{}{}",
            "",
            gpu.name,
            gpu.target.map_or("too old for the kernels".to_owned(), |target| format!("runs {target}")),
            gpu.multiprocessors,
            gpu.memory as f64 / f64::from(1 << 30),
            if gpu.shares_files { "" } else { ", cannot share memory between processes" },
            if gpu.multicast { ", multicast" } else { "" },
        );
    }
    Ok(text)
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
