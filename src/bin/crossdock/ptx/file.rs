//! `crossdock ptx --file`: kernels of a Rust file, for whoever wants to see what becomes of a line.

use std::path::Path;

use crossdock_codegen::back::{self, KernelSignature};
use crossdock_codegen::text;

use super::options;
use super::source::Source;
use crate::console;
use crate::failure::Failure;
use crate::ptx::arguments::PtxArguments;

/// Prints a kernel of the file, the list of its kernels, or its IR.
pub(super) fn run(path: &Path, arguments: &PtxArguments) -> Result<(), Failure> {
    let source = Source::read(path)?;
    if arguments.ir && arguments.kernel.is_none() {
        let modules: Vec<String> = source.modules.iter().map(text::print).collect();
        return console::print(&modules.join("\n"));
    }
    let is_own = |kernel: &KernelSignature| source.modules.iter().any(|module| module.name == kernel.module);
    let kernels: Vec<KernelSignature> = source.program.kernels().into_iter().filter(is_own).collect();
    if arguments.list {
        let lines: String = kernels.iter().map(|kernel| format!("{}\n", signature(kernel))).collect();
        return console::print(&lines);
    }
    let kernel = choose(&kernels, arguments.kernel.as_deref())?;
    if arguments.ir {
        let module = source.modules.iter().find(|module| module.name == kernel.module);
        return console::print(&module.map(text::print).unwrap_or_default());
    }
    let parameters: Vec<(&str, i128)> =
        arguments.parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let name = format!("{}::{}", kernel.module, kernel.name);
    let made = back::specialise(&source.program, &name, &parameters, &options(arguments)?)
        .map_err(|error| source.failure(&error))?;
    console::print(&made.ptx.to_string())
}

/// The kernel of that name, or the only one.
fn choose<'a>(kernels: &'a [KernelSignature], wanted: Option<&str>) -> Result<&'a KernelSignature, Failure> {
    let names: Vec<&str> = kernels.iter().map(|kernel| kernel.name.as_str()).collect();
    let names = names.join(", ");
    match (kernels, wanted) {
        ([], _) => {
            Err(Failure::arguments("--file has no kernel: mark a function with `#[kernel(warps = 8)]`"))
        }
        ([only], None) => Ok(only),
        (_, None) => Err(Failure::arguments(format!("--kernel is needed: the file has {names}"))),
        (_, Some(wanted)) => {
            let named = |kernel: &&KernelSignature| {
                kernel.name == wanted || format!("{}::{}", kernel.module, kernel.name) == wanted
            };
            match kernels.iter().filter(named).collect::<Vec<_>>().as_slice() {
                [one] => Ok(one),
                [] => {
                    Err(Failure::arguments(format!("--kernel {wanted} does not exist: the file has {names}")))
                }
                several => {
                    let paths: Vec<String> =
                        several.iter().map(|kernel| format!("{}::{}", kernel.module, kernel.name)).collect();
                    let message =
                        format!("--kernel {wanted} is not the only one: write one of {}", paths.join(", "));
                    Err(Failure::arguments(message))
                }
            }
        }
    }
}

/// The kernel as Rust writes its head, with what it states of its launches after it.
fn signature(kernel: &KernelSignature) -> String {
    let constants: Vec<String> = kernel
        .const_parameters
        .iter()
        .map(|(name, scalar)| format!("const {name}: {}", scalar.name()))
        .collect();
    let constants = if constants.is_empty() { String::new() } else { format!("<{}>", constants.join(", ")) };
    let parameters: Vec<String> =
        kernel.parameters.iter().map(|parameter| format!("{}: {}", parameter.name, parameter.ty)).collect();
    format!("{}{constants}({}) {}", kernel.name, parameters.join(", "), kernel.attributes)
}
