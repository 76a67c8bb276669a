//! `crossdock ptx`: the text that a GPU's driver would be given, of crossdock's kernels or of those
//! in a Rust file.

pub(crate) mod arguments;
mod file;
mod report;
mod source;

use crossdock::{CompileError, CompileOptions, DeviceModule, KernelSet, RouterKernel, Shape, Target};

use crate::console;
use crate::failure::Failure;
use crate::ptx::arguments::PtxArguments;

/// The kernel that chooses experts; the others move rows.
const ROUTER: &str = "router";

/// Any shape that the kernels take: their names do not depend on it.
const SOME_SHAPE: Shape = Shape { hidden: 8, top_k: 1, experts: 1, wire: crossdock::Wire::Bf16 };

/// Prints one kernel, or the names of all.
pub(crate) fn run(arguments: &PtxArguments) -> Result<(), Failure> {
    if let Some(path) = &arguments.file {
        return file::run(path, arguments);
    }
    let Some(wanted) = &arguments.kernel else {
        let kernels = specialise(SOME_SHAPE, CompileOptions::default())?;
        let names: String = names(&kernels).iter().map(|name| format!("{name}\n")).collect();
        return console::print(&names);
    };
    if wanted == ROUTER {
        let groups = (arguments.groups, arguments.top_groups.unwrap_or(arguments.groups));
        let gate = arguments.router.gate(arguments.shape.experts, arguments.row.top_k, groups);
        let kernel = RouterKernel::jit_for(gate, options(arguments)?);
        return console::print(&kernel.map_err(|error| Failure::Kernels(error.to_string()))?.router.ptx);
    }
    let shape = Shape {
        hidden: arguments.row.hidden,
        top_k: arguments.row.top_k,
        experts: arguments.shape.experts,
        wire: arguments.shape.wire,
    };
    let kernels = specialise(shape, options(arguments)?)?;
    match kernels.ptx().iter().find(|(name, _)| name == wanted) {
        Some(_) if arguments.ir => console::print(representation(wanted)),
        Some((_, text)) => console::print(text),
        None => {
            let names = names(&kernels).join(", ");
            Err(Failure::arguments(format!("--kernel {wanted} does not exist: the kernels are {names}")))
        }
    }
}

/// The IR of the module that defines one of crossdock's kernels; they are named alike.
fn representation(kernel: &str) -> &'static str {
    let path = format!("kernels::{kernel}::code");
    DeviceModule::shipped().iter().find(|(known, _)| *known == path).map_or("", |(_, module)| module.ir)
}

/// The kernels in the order they run.
fn names(kernels: &KernelSet) -> Vec<&'static str> {
    [ROUTER].into_iter().chain(kernels.ptx().map(|(name, _)| name)).collect()
}

/// What the flags ask the PTX to be made for.
fn options(arguments: &PtxArguments) -> Result<CompileOptions, Failure> {
    let target = arguments.target.as_deref().unwrap_or(Target::OLDEST.name());
    CompileOptions::new(target, arguments.ptx_version.as_deref()).map_err(|error| match &error {
        CompileError::Parameter { parameter, .. } if parameter == "ptx" => {
            Failure::arguments(format!("--ptx-version: {error}"))
        }
        _ => Failure::arguments(format!("--target: {error}")),
    })
}

fn specialise(shape: Shape, options: CompileOptions) -> Result<std::sync::Arc<KernelSet>, Failure> {
    KernelSet::jit_for(shape, options).map_err(|error| Failure::Kernels(error.to_string()))
}
