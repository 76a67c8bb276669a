//! `crossdock run`: a whole round on virtual GPUs, compared with the reference.

pub(crate) mod arguments;
mod counts;
mod inputs;
mod report;
mod round;
mod rounding;
mod table;

use std::sync::Arc;
use std::time::Instant;

use crossdock::KernelSet;
use crossdock::host::Cluster;
use crossdock_trial::model::{Estimate, Rates};
use crossdock_trial::{Reference, Trial, hash};

use crate::console;
use crate::failure::Failure;
use crate::files::{Array, Output};
use crate::progress::Progress;
use crate::run::arguments::RunArguments;
use inputs::Inputs;
use report::Report;

/// Runs the round that the arguments describe, with kernels that the caller may change, and
/// compares it with the reference: the hash of its results. Reports nothing.
pub(crate) fn verify(
    arguments: &RunArguments,
    change: impl FnOnce(Arc<KernelSet>) -> Result<Arc<KernelSet>, Failure>,
) -> Result<u64, Failure> {
    let Inputs { trial, .. } = Inputs::prepare(arguments)?;
    let cluster = round::cluster(arguments, &trial, None)?;
    let ran = round::run(arguments, &trial, &cluster, change(kernels(&cluster, &trial)?)?)?;
    Reference::new(&trial).check(&ran.observed)?;
    Ok(hash(&ran.observed))
}

/// The kernels for the GPUs of a cluster.
fn kernels(cluster: &Cluster, trial: &Trial) -> Result<Arc<KernelSet>, Failure> {
    let target = cluster.target().map_err(Failure::from)?;
    KernelSet::jit_for(trial.shape, target.into()).map_err(|error| Failure::Kernels(error.to_string()))
}

/// Runs a round, verifies it, reports.
pub(crate) fn run(arguments: &RunArguments) -> Result<(), Failure> {
    let progress = Progress::start("preparing tokens and routes");
    let output = arguments.output.as_deref().map(Output::open).transpose()?;
    let rates = arguments.model.as_deref().map(Rates::load).transpose()?;
    let inputs = Inputs::prepare(arguments)?;

    progress.phase("specialising kernels");
    let start = Instant::now();
    let cluster = round::cluster(arguments, &inputs.trial, rates.as_ref())?;
    let kernels = kernels(&cluster, &inputs.trial)?;
    let specialise = start.elapsed().as_secs_f64();

    progress.phase("dispatching and combining on virtual GPUs");
    let start = Instant::now();
    let ran = round::run(arguments, &inputs.trial, &cluster, kernels)?;
    let round = start.elapsed().as_secs_f64();

    progress.phase("verifying");
    let reference = Reference::new(&inputs.trial);
    let mismatch = reference.first_difference(&ran.observed);
    let seconds = (round, specialise);
    let report = Report::new(arguments, &inputs, &reference, &ran, seconds, mismatch);
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
