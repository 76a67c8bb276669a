//! `crossdock exec`: runs a kernel of any PTX file on virtual GPUs, with arrays from files.

pub(crate) mod argument;
mod report;

use std::path::Path;

use crossdock_emulator::{Argument as Parameter, Config, Error, Launch, Machine};

use crate::arguments::ExecArguments;
use crate::console;
use crate::failure::Failure;
use crate::files::{Output, RawArray, read_raw};
use argument::{Argument, Contents};
use report::Report;

/// An array that is written to a file when the kernel is done.
struct Pending {
    output: Output,
    address: u64,
    array: RawArray,
}

/// Runs the kernel.
pub(crate) fn run(arguments: &ExecArguments) -> Result<(), Failure> {
    let text =
        std::fs::read_to_string(&arguments.file).map_err(|error| Failure::file(&arguments.file, error))?;
    let config = Config { gpus: arguments.gpus, schedule_seed: arguments.schedule_seed, ..Config::default() };
    let mut machine = Machine::new(config).map_err(|error| bad(&error))?;
    let in_file = |error: Error| Failure::file(&arguments.file, error);
    let module = machine.load(&text).map_err(in_file)?;
    let kernel = machine.kernel(module, &arguments.kernel).map_err(in_file)?;
    let mut results = Vec::new();
    let mut parameters = Vec::new();
    for (number, argument) in arguments.arguments.iter().enumerate() {
        parameters.push(match argument {
            Argument::Value(bytes) => Parameter::Bytes(bytes.clone()),
            Argument::Buffer { gpu, contents } => {
                let address = buffer(&mut machine, *gpu, contents, &mut results)
                    .map_err(|failure| of_argument(number, failure))?;
                Parameter::U64(address)
            }
        });
    }
    let launch = Launch {
        gpu: arguments.gpu,
        stream: 0,
        kernel,
        grid: arguments.grid,
        block: arguments.block,
        shared_bytes: arguments.shared,
        arguments: parameters,
    };
    let ticket = machine.launch(launch).map_err(|error| bad(&error))?;
    let outcome = machine.run();
    let printed = machine.printed(ticket).to_owned();
    if let Err(error) = outcome {
        if !arguments.json {
            console::print(&printed)?;
        }
        return Err(Failure::Kernel(error.to_string()));
    }
    let mut outputs = Vec::new();
    for Pending { output, address, mut array } in results {
        machine.read(address, &mut array.bytes).map_err(|error| bad(&error))?;
        outputs.push(report::Written::new(output.path(), &array));
        output.write_raw(&array)?;
    }
    let counters =
        machine.report(ticket).ok_or_else(|| Failure::Kernel("the kernel did not finish".into()))?;
    let report = Report::new(counters, printed, outputs);
    console::print(&if arguments.json { report.json() } else { report.text() })
}

fn bad(error: &Error) -> Failure {
    Failure::arguments(error.to_string())
}

/// The sentence, with the argument that it is about.
fn of_argument(number: usize, failure: Failure) -> Failure {
    match failure {
        Failure::Arguments(sentence) => {
            Failure::arguments(format!("--arg number {}: {sentence}", number + 1))
        }
        other => other,
    }
}

/// Makes a buffer; returns its address.
fn buffer(
    machine: &mut Machine,
    gpu: usize,
    contents: &Contents,
    results: &mut Vec<Pending>,
) -> Result<u64, Failure> {
    let (array, path): (RawArray, Option<&Path>) = match contents {
        Contents::In(path) => (read_raw(path)?, None),
        Contents::InOut(path) => (read_raw(path)?, Some(path)),
        Contents::Out { path, shape, descriptor, bytes } => {
            let (shape, descriptor) = (shape.clone(), (*descriptor).to_owned());
            (RawArray { shape, descriptor, bytes: vec![0; *bytes] }, Some(path))
        }
        Contents::Zeros(bytes) => {
            let address = machine.allocate(gpu, *bytes as u64).map_err(|error| bad(&error))?;
            machine.fill(address, 0, *bytes as u64).map_err(|error| bad(&error))?;
            return Ok(address);
        }
    };
    let address = machine.allocate(gpu, array.bytes.len() as u64).map_err(|error| bad(&error))?;
    machine.write(address, &array.bytes).map_err(|error| bad(&error))?;
    if let Some(path) = path {
        results.push(Pending { output: Output::open(path)?, address, array });
    }
    Ok(address)
}
