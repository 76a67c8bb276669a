//! Assembling a module, and what its kernels take: only with the feature `assembler`, because
//! nobody else reads object files.

use std::process::{Command, Output, Stdio};

use object::{Object, ObjectSection};

use super::Assembler;
use crate::Error;

/// What the assembler made of a module for one target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembled {
    /// The object file that a driver loads.
    pub cubin: Vec<u8>,
    /// One for every `.entry`, by name.
    pub kernels: Vec<Usage>,
}

/// What one kernel takes on the GPU.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usage {
    /// Name of the `.entry`.
    pub kernel: String,
    /// 32-bit registers per thread.
    pub registers: u32,
    /// Bytes of local memory per thread that hold variables.
    pub stack_bytes: u32,
    /// Bytes of registers that had to be stored to local memory.
    pub spill_store_bytes: u32,
    /// Bytes of registers that had to be loaded from local memory.
    pub spill_load_bytes: u32,
    /// Bytes of machine code.
    pub code_bytes: u64,
}

impl Assembler {
    /// Assembles a module for a GPU such as `sm_90a`, fully optimised and with line numbers.
    ///
    /// # Errors
    /// [`Error::NotAssembled`] with what the assembler said.
    pub fn assemble(&self, ptx: &str, target: &str) -> Result<Assembled, Error> {
        self.run(ptx, target, &["--generate-line-info"])
    }

    /// Checks that a module is legal for a target, and nothing more: quicker than
    /// [`assemble`](Self::assemble), and modules may lack what they call.
    ///
    /// # Errors
    /// [`Error::NotAssembled`] with what the assembler said.
    pub fn check(&self, ptx: &str, target: &str) -> Result<(), Error> {
        self.run(ptx, target, &["--compile-only", "--opt-level", "0"]).map(|_| ())
    }

    fn run(&self, ptx: &str, target: &str, options: &[&str]) -> Result<Assembled, Error> {
        let refused = |messages: String| Error::NotAssembled { target: target.to_owned(), messages };
        let io = |error: std::io::Error| refused(error.to_string());
        let folder = tempfile::tempdir().map_err(io)?;
        let (source, object) = (folder.path().join("module.ptx"), folder.path().join("module.cubin"));
        std::fs::write(&source, ptx).map_err(io)?;
        let Output { status, stdout, stderr } = Command::new(&self.program)
            .args(["--verbose", "--gpu-name", target])
            .args(options)
            .arg("--output-file")
            .args([&object, &source])
            .stdin(Stdio::null())
            .output()
            .map_err(io)?;
        let said = [stdout, stderr].concat();
        let said = String::from_utf8_lossy(&said);
        if !status.success() {
            // The folder has another name each time.
            return Err(refused(said.replace(&source.display().to_string(), "module.ptx")));
        }
        let cubin = std::fs::read(&object).map_err(io)?;
        let kernels = usage(&said, &cubin).map_err(refused)?;
        Ok(Assembled { cubin, kernels })
    }
}

/// What `ptxas --verbose` says of every entry, and the size of its code.
fn usage(said: &str, cubin: &[u8]) -> Result<Vec<Usage>, String> {
    let file = object::File::parse(cubin).map_err(|error| error.to_string())?;
    let mut kernels: Vec<Usage> = Vec::new();
    for line in said.lines() {
        if let Some(rest) = line.split("Compiling entry function '").nth(1) {
            let kernel = rest.split('\'').next().unwrap_or_default().to_owned();
            let section = file.section_by_name(&format!(".text.{kernel}"));
            let code_bytes = section.map_or(0, |section| section.size());
            kernels.push(Usage { kernel, code_bytes, ..Usage::default() });
        }
        let Some(kernel) = kernels.last_mut() else { continue };
        let number = |unit: &str| {
            let before = line.split(unit).next().filter(|before| before.len() < line.len())?;
            before.split_whitespace().next_back()?.parse().ok()
        };
        kernel.registers = number(" registers").unwrap_or(kernel.registers);
        kernel.stack_bytes = number(" bytes stack frame").unwrap_or(kernel.stack_bytes);
        kernel.spill_store_bytes = number(" bytes spill stores").unwrap_or(kernel.spill_store_bytes);
        kernel.spill_load_bytes = number(" bytes spill loads").unwrap_or(kernel.spill_load_bytes);
    }
    kernels.sort();
    Ok(kernels)
}
