//! What is executed: a kernel and its arguments, read once, put on as many machines as are wanted.

use std::path::PathBuf;

use crossdock_emulator::{Argument as Parameter, Config, Error, Launch, Machine, Ticket};

use super::argument::{Argument, Contents};
use crate::exec::arguments::ExecArguments;
use crate::failure::Failure;
use crate::files::{RawArray, read_raw};

/// A parameter whose file has been read.
enum Value {
    Bytes(Vec<u8>),
    Array { gpu: usize, array: RawArray, is_result: bool },
    Zeros { gpu: usize, bytes: u64 },
}

/// A kernel with arguments.
pub(super) struct Program<'a> {
    arguments: &'a ExecArguments,
    text: String,
    values: Vec<Value>,
    /// Where results go, in the order of arguments.
    pub(super) files: Vec<PathBuf>,
}

/// A program on a machine, ready to run.
pub(super) struct Started {
    pub(super) machine: Machine,
    pub(super) ticket: Ticket,
    /// Arrays that are results, with their addresses.
    results: Vec<(u64, RawArray)>,
}

impl Started {
    /// The results, once the kernel is done.
    pub(super) fn results(&mut self) -> Result<Vec<RawArray>, Failure> {
        let mut arrays = Vec::with_capacity(self.results.len());
        for (address, array) in &self.results {
            let mut array = array.clone();
            self.machine.read(*address, &mut array.bytes).map_err(|error| bad(&error))?;
            arrays.push(array);
        }
        Ok(arrays)
    }
}

impl<'a> Program<'a> {
    /// Reads the files.
    pub(super) fn read(arguments: &'a ExecArguments) -> Result<Program<'a>, Failure> {
        let text = std::fs::read_to_string(&arguments.file)
            .map_err(|error| Failure::file(&arguments.file, error))?;
        let mut files = Vec::new();
        let mut values = Vec::new();
        for (number, argument) in arguments.arguments.iter().enumerate() {
            let value = value(argument, &mut files).map_err(|failure| of_argument(number, failure))?;
            values.push(value);
        }
        Ok(Program { arguments, text, values, files })
    }

    /// Puts the program on a machine.
    pub(super) fn start(&self, config: Config) -> Result<Started, Failure> {
        let arguments = self.arguments;
        let mut machine =
            Machine::new(Config { gpus: arguments.gpus, ..config }).map_err(|error| bad(&error))?;
        let in_file = |error: Error| Failure::file(&arguments.file, error);
        let module = machine.load(&self.text).map_err(in_file)?;
        let kernel = machine.kernel(module, &arguments.kernel).map_err(in_file)?;
        let mut results = Vec::new();
        let mut parameters = Vec::new();
        for (number, value) in self.values.iter().enumerate() {
            let parameter =
                place(&mut machine, value, &mut results).map_err(|error| of_argument(number, bad(&error)))?;
            parameters.push(parameter);
        }
        let launch = Launch {
            gpu: arguments.gpu,
            stream: 0,
            kernel,
            grid: arguments.grid.extents(),
            block: arguments.block.extents(),
            shared_bytes: arguments.shared,
            arguments: parameters,
        };
        let launched = match arguments.cluster {
            Some(cluster) => machine.launch_in_clusters(launch, cluster.extents()),
            None => machine.launch(launch),
        };
        let ticket = launched.map_err(|error| bad(&error))?;
        Ok(Started { machine, ticket, results })
    }
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

/// Reads what an argument names.
fn value(argument: &Argument, files: &mut Vec<PathBuf>) -> Result<Value, Failure> {
    let (gpu, contents) = match argument {
        Argument::Value(bytes) => return Ok(Value::Bytes(bytes.clone())),
        Argument::Buffer { gpu, contents } => (*gpu, contents),
    };
    let (array, is_result) = match contents {
        Contents::In(path) => (read_raw(path)?, false),
        Contents::InOut(path) => {
            files.push(path.clone());
            (read_raw(path)?, true)
        }
        Contents::Out { path, shape, descriptor, bytes } => {
            files.push(path.clone());
            let (shape, descriptor) = (shape.clone(), (*descriptor).to_owned());
            (RawArray { shape, descriptor, bytes: vec![0; *bytes] }, true)
        }
        Contents::Zeros(bytes) => return Ok(Value::Zeros { gpu, bytes: *bytes as u64 }),
    };
    Ok(Value::Array { gpu, array, is_result })
}

/// Puts a value into a machine; the parameter.
fn place(
    machine: &mut Machine,
    value: &Value,
    results: &mut Vec<(u64, RawArray)>,
) -> Result<Parameter, Error> {
    Ok(match value {
        Value::Bytes(bytes) => Parameter::Bytes(bytes.clone()),
        Value::Zeros { gpu, bytes } => {
            let address = machine.allocate(*gpu, *bytes)?;
            machine.fill(address, 0, *bytes)?;
            Parameter::U64(address)
        }
        Value::Array { gpu, array, is_result } => {
            let address = machine.allocate(*gpu, array.bytes.len() as u64)?;
            machine.write(address, &array.bytes)?;
            if *is_result {
                results.push((address, array.clone()));
            }
            Parameter::U64(address)
        }
    })
}
