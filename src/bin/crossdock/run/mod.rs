//! `crossdock run`: a whole round on virtual GPUs, compared with the reference.

mod demand;
mod experts;
mod inputs;
mod report;
mod round;
mod table;
mod verify;

use std::time::Instant;

use crossdock::KernelSet;

use crate::arguments::RunArguments;
use crate::console;
use crate::failure::Failure;
use crate::files::{self, Array};
use crate::progress::Progress;
use inputs::Inputs;
use report::Report;
use verify::Reference;

/// Runs a round, verifies it, reports.
pub(crate) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let progress = Progress::start("preparing tokens and routes");
    if let Some(path) = &arguments.output {
        files::check_output(path)?;
    }
    let inputs = Inputs::prepare(arguments)?;

    progress.phase("specialising kernels");
    let start = Instant::now();
    let kernels = KernelSet::jit(inputs.shape).map_err(|error| Failure::Kernels(error.to_string()))?;
    let specialise = start.elapsed().as_secs_f64();

    progress.phase("dispatching and combining on virtual GPUs");
    let start = Instant::now();
    let ranks = round::run(arguments, &inputs, kernels)?;
    let round = start.elapsed().as_secs_f64();

    progress.phase("verifying");
    let reference = Reference::compute(&inputs, arguments.expert);
    let (observed, reports): (Vec<_>, Vec<_>) = ranks.into_iter().unzip();
    let mismatch = reference.first_difference(&observed);
    let report = Report::new(&inputs, &reference, &observed, &reports, (round, specialise), mismatch);
    if let Some(path) = &arguments.output {
        let values = observed.iter().flat_map(|rank| &rank.results).map(|value| value.to_f32()).collect();
        files::write_npy(path, &Array { shape: inputs.output_shape, values })?;
    }
    drop(progress);

    if arguments.json {
        console::print(&(serde_json::to_string(&report).map_err(std::io::Error::from)? + "\n"))?;
    } else {
        console::print(&table::render(&report))?;
    }
    match report.mismatch {
        None => Ok(()),
        Some(difference) => Err(Failure::Mismatch(difference)),
    }
}
