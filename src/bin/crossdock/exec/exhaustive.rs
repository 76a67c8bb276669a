//! `crossdock exec --exhaustive`: every schedule of a tiny kernel.

use std::collections::BTreeSet;

use crossdock_emulator::{Bounds, Config, Exploration, explore};
use serde::Serialize;

use super::program::Program;
use crate::console;
use crate::exec::arguments::ExecArguments;
use crate::failure::Failure;

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Report {
    schedules: u64,
    /// Whether these are all that the bounds permit.
    exhausted: bool,
    /// How many different results the kernel left in its arrays.
    distinct_results: usize,
    preemptions: u32,
}

/// Runs all schedules; results are compared and not written.
pub(super) fn run(arguments: &ExecArguments, program: &Program<'_>, preemptions: u32) -> Result<(), Failure> {
    let bounds = Bounds { preemptions, schedules: arguments.most_schedules, ..Bounds::default() };
    let mut results = BTreeSet::new();
    let exploration = explore(&bounds, |policy| -> Result<(), Failure> {
        let mut started = program.start(Config { policy, ..Config::default() })?;
        started.machine.run().map_err(|error| Failure::Kernel(error.to_string()))?;
        results.insert(started.results()?.into_iter().map(|array| array.bytes).collect::<Vec<_>>());
        Ok(())
    });
    let Exploration { schedules, exhausted, failure } = exploration;
    if let Some((recording, failure)) = failure {
        super::write_recording(arguments, Some(&recording))?;
        return Err(match failure {
            Failure::Kernel(problem) => {
                let replay = match &arguments.record {
                    Some(path) => format!("its decisions are in {}, for --replay", path.display()),
                    None => format!("its decisions, for --replay, are:\n{recording}"),
                };
                Failure::Kernel(format!("{problem}\nafter {schedules} schedules; {replay}"))
            }
            other => other,
        });
    }
    let report = Report { schedules, exhausted, distinct_results: results.len(), preemptions };
    let text = if arguments.json {
        serde_json::to_string_pretty(&report).map_err(std::io::Error::from)? + "\n"
    } else {
        let scope = if exhausted { "all" } else { "not all" };
        format!(
            "{schedules} schedules, {scope} with at most {preemptions} preemptions: nothing found, {} distinct result(s)\n",
            report.distinct_results
        )
    };
    console::print(&text)
}
