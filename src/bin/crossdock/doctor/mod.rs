//! What this machine has, and what that means; how its GPUs and network devices are connected.
//! Absence is a plain statement, not an error.

pub(crate) mod arguments;
mod show;
#[cfg(test)]
mod tests;

use crossdock::host::hardware::{self, Hardware};
use crossdock::host::{driver, gpus};
use crossdock_ptx::assembler::Assembler;
use libloading::{Library, Symbol};
use serde::Serialize;

use self::arguments::DoctorArguments;
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
    topology: Hardware,
}

/// `crossdock doctor`.
pub(crate) fn run(arguments: &DoctorArguments) -> Result<(), Failure> {
    let examination =
        Examination { findings: vec![emulator(), cuda(), ptxas(), fabric()], topology: hardware::discover() };
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
    console::print(&(text + &show::text(&examination.topology)))
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

fn cuda() -> Finding {
    finding(
        "driver",
        gpus().map_err(|error| error.to_string()).map(|gpus| driver_words(gpus.len())),
        "`crossdock run --backend cuda` executes the kernels on them; several ranks may share one",
        "kernels cannot run on a GPU here; everything else works on virtual ones",
    )
}

fn driver_words(gpus: usize) -> String {
    let version = driver().map_or_else(
        |_| String::new(),
        |driver| {
            let (major, minor) = driver.cuda;
            let release = driver.release.map_or(String::new(), |release| format!("{release}, "));
            format!(", driver {release}CUDA {major}.{minor}")
        },
    );
    format!("{gpus} GPU(s){version}")
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
