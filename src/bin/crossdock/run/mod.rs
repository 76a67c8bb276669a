//! `crossdock run`: a whole round on virtual GPUs, compared with the reference.

mod activity;
pub(crate) mod demand;
mod experts;
mod inputs;
mod report;
mod round;
mod table;
mod verify;

use std::sync::Arc;
use std::time::Instant;

use crossdock::KernelSet;
use crossdock::host::Cluster;

use crate::arguments::RunArguments;
use crate::console;
use crate::failure::Failure;
use crate::files::{Array, Output};
use crate::model::{Estimate, Rates};
use crate::progress::Progress;
use inputs::Inputs;
use report::Report;
use verify::{Observed, Reference};

/// Runs the round that the arguments describe, with kernels that the caller may change, and compares it with the
/// reference. Reports nothing.
pub(crate) fn verify_round(
    arguments: &RunArguments,
    change: impl FnOnce(Arc<KernelSet>) -> Result<Arc<KernelSet>, Failure>,
) -> Result<(), Failure> {
    verify(arguments, change).map(|_| ())
}

/// The hash of the round's results, once every byte is as the reference says.
pub(crate) fn verified_hash(arguments: &RunArguments) -> Result<u64, Failure> {
    verify(arguments, Ok).map(|observed| verify::hash(&observed))
}

fn verify(
    arguments: &RunArguments,
    change: impl FnOnce(Arc<KernelSet>) -> Result<Arc<KernelSet>, Failure>,
) -> Result<Vec<Observed>, Failure> {
    let inputs = Inputs::prepare(arguments)?;
    let cluster = round::cluster(arguments, &inputs, None)?;
    let ran = round::run(arguments, &inputs, &cluster, change(kernels(&cluster, &inputs)?)?)?;
    let reference = Reference::compute(&inputs, arguments);
    match reference.first_difference(&ran.observed) {
        Some(difference) => Err(Failure::Mismatch(difference)),
        None => Ok(ran.observed),
    }
}

/// The kernels for the GPUs of a cluster.
fn kernels(cluster: &Cluster, inputs: &Inputs) -> Result<Arc<KernelSet>, Failure> {
    let target = cluster.target().map_err(Failure::from)?;
    KernelSet::jit_for(inputs.shape, target.into()).map_err(|error| Failure::Kernels(error.to_string()))
}

/// Runs a round, verifies it, reports.
pub(crate) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let progress = Progress::start("preparing tokens and routes");
    let output = arguments.output.as_deref().map(Output::open).transpose()?;
    let rates = arguments.model.as_deref().map(Rates::load).transpose()?;
    let inputs = Inputs::prepare(arguments)?;

    progress.phase("specialising kernels");
    let start = Instant::now();
    let cluster = round::cluster(arguments, &inputs, rates.as_ref())?;
    let kernels = kernels(&cluster, &inputs)?;
    let specialise = start.elapsed().as_secs_f64();

    progress.phase("dispatching and combining on virtual GPUs");
    let start = Instant::now();
    let ran = round::run(arguments, &inputs, &cluster, kernels)?;
    let round = start.elapsed().as_secs_f64();

    progress.phase("verifying");
    let expert = arguments.expert();
    let reference = Reference::compute(&inputs, arguments);
    let mismatch = reference.first_difference(&ran.observed);
    let seconds = (round, specialise);
    let report = Report::new(&inputs, &reference, &ran, seconds, expert, mismatch);
    let estimate = rates.and_then(|rates| Estimate::new(&rates, &ran.reports));
    let report = Report { estimate, ..report };
    drop(progress);

    // The verdict comes first: nothing that happens to the output file may lose it.
    let text = if arguments.json {
        serde_json::to_string(&report).map_err(std::io::Error::from)? + "\n"
    } else {
        table::render(&report)
    };
    let printed = console::print(&text);
    let written = output.map_or(Ok(()), |output| {
        let values = ran.observed.iter().flat_map(|rank| &rank.results).map(|value| value.to_f32()).collect();
        output.write(&Array { shape: inputs.output_shape, values })
    });
    let verified = report.mismatch.map_or(Ok(()), |difference| Err(Failure::Mismatch(difference)));
    if let (Err(unwritten), true) = (&written, verified.is_err()) {
        console::complain(unwritten);
    }
    verified.and(printed).and(written)
}
