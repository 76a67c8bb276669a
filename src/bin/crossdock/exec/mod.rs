//! `crossdock exec`: runs a kernel of any PTX file on virtual GPUs, with arrays from files.

pub(crate) mod argument;
pub(crate) mod arguments;
mod exhaustive;
mod program;
mod report;

use crossdock_emulator::{Config, Policy, Recording};

use crate::console;
use crate::failure::Failure;
use crate::files::Output;
use crate::flags;
use arguments::ExecArguments;
use program::Program;
use report::Report;

/// Runs the kernel.
pub(crate) fn run(arguments: &ExecArguments) -> Result<(), Failure> {
    let program = Program::read(arguments)?;
    if let Some(preemptions) = arguments.exhaustive {
        return exhaustive::run(arguments, &program, preemptions);
    }
    let policy = match (&arguments.replay, arguments.policy) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).map_err(|error| Failure::file(path, error))?;
            Policy::Replay(text.parse().map_err(|problem: String| Failure::file(path, problem))?)
        }
        (None, flags::Policy::Fair) => Policy::Fair,
        (None, flags::Policy::Priorities(changes)) => Policy::Priorities { changes },
    };
    let config = Config {
        policy,
        schedule_seed: arguments.schedule_seed,
        record: arguments.record.is_some(),
        checks: !arguments.unchecked,
        ..Config::default()
    };
    let mut started = program.start(config)?;
    let outputs: Vec<Output> =
        program.files.iter().map(|path| Output::open(path)).collect::<Result<_, _>>()?;
    let outcome = started.machine.run();
    write_recording(arguments, started.machine.recording())?;
    let printed = started.machine.printed(started.ticket).to_owned();
    if let Err(error) = outcome {
        console::print(&if arguments.json { report::failure(arguments, &error, &printed) } else { printed })?;
        return Err(Failure::Kernel(error.to_string()));
    }
    let mut written = Vec::new();
    for (output, array) in outputs.into_iter().zip(started.results()?) {
        written.push(report::Written::new(output.path(), &array));
        output.write_raw(&array)?;
    }
    let counters = started
        .machine
        .report(started.ticket)
        .ok_or_else(|| Failure::Kernel("the kernel did not finish".into()))?;
    let report = Report::new(counters, printed, written);
    console::print(&if arguments.json { report.json() } else { report.text() })
}

/// Writes the decisions where `--record` says.
fn write_recording(arguments: &ExecArguments, recording: Option<&Recording>) -> Result<(), Failure> {
    let (Some(path), Some(recording)) = (&arguments.record, recording) else { return Ok(()) };
    let unwritten =
        |error: std::io::Error| Failure::Unwritten { path: path.clone(), problem: error.to_string() };
    std::fs::write(path, recording.to_string()).map_err(unwritten)
}
