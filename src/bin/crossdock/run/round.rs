//! The round itself, through the library, with what each rank held copied out for verification.

use std::sync::Arc;

use crossdock::host::report::RoundReport;
use crossdock::host::{
    Arrived, Capacity, Cluster, Error, NOWHERE, Rank, Routing, Tokens, Topology, quantise,
};
use crossdock::{KernelSet, RouterKernel, Wire};
use crossdock_oracle::Selection;

use super::experts;
use super::inputs::{Inputs, RankInputs};
use super::verify::{Observed, ObservedRoutes};
use crate::arguments::{ExpertName, Policy, RunArguments};
use crate::failure::Failure;
use crate::routing::Routes;

/// Runs one round on all ranks; what each held and what it took, in rank order.
pub(super) fn run(
    arguments: &RunArguments,
    inputs: &Inputs,
    kernels: Arc<KernelSet>,
) -> Result<Vec<(Observed, RoundReport)>, Failure> {
    let program = |rank: &Rank| -> Result<(Observed, RoundReport), Error> {
        let capacity = Capacity::tokens(inputs.tokens).layout(arguments.layout);
        let mut dock = rank.dock(Arc::clone(&kernels), capacity)?;
        let RankInputs { activations, logits, routes } = &inputs.ranks[rank.index()];
        let quantised;
        let tokens = match inputs.shape.wire {
            Wire::Bf16 => Tokens::Bf16(activations),
            Wire::Fp8 { block } => {
                quantised = quantise::fp8_e4m3(activations, inputs.shape.hidden as usize, block as usize)?;
                Tokens::Fp8 { values: &quantised.values, scales: &quantised.scales }
            }
        };
        let Some(gate) = &inputs.gate else {
            let arrived = dock.dispatch(&tokens, &Routing::new(&routes.experts, &routes.weights))?;
            return finish(arrived, inputs, arguments.expert());
        };
        let mut router = rank.router(RouterKernel::jit(gate.gate)?, Capacity::tokens(inputs.tokens))?;
        router.set_bias(&gate.bias)?;
        router.set_scaling(gate.scaling);
        let routed = router.route(logits)?;
        let arrived = dock.dispatch_routed(&tokens, &routed)?;
        let (mut observed, report) = finish(arrived, inputs, arguments.expert())?;
        let routes = Routes { experts: routed.experts()?, weights: routed.weights()? };
        observed.routed = Some(ObservedRoutes { routes, report: routed.report() });
        Ok((observed, report))
    };
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(inputs.ranks.len())).map_err(failure)?;
    let cluster = cluster.schedule_seed(arguments.schedule_seed);
    let cluster = match arguments.policy {
        Policy::Fair => cluster,
        Policy::Priorities(changes) => cluster.priorities(changes),
    };
    let Some(path) = &arguments.trace else { return cluster.run(program).map_err(failure) };
    let file = std::fs::File::create(path).map_err(|error| Failure::file(path, error))?;
    let (outcome, trace) = cluster.run_traced(program);
    let written = trace.map_or(Ok(()), |trace| crate::trace::write(&trace, file));
    // A failed round is the greater failure, and its trace is what helps.
    let outcome = outcome.map_err(failure)?;
    written.map_err(|error| Failure::Unwritten { path: path.clone(), problem: error.to_string() })?;
    Ok(outcome)
}

/// Copies out what arrived, runs the experts, combines.
fn finish(
    arrived: Arrived<'_>,
    inputs: &Inputs,
    expert: ExpertName,
) -> Result<(Observed, RoundReport), Error> {
    let fan_out = inputs.ranks.len().min(inputs.shape.top_k as usize);
    let sizes = |values: &[u32]| values.iter().map(|&value| value as usize).collect();
    let selection = |selection: crossdock::host::Selection| {
        (selection.slot != NOWHERE)
            .then_some(Selection { slot: selection.slot as usize, weight: selection.weight })
    };
    let mut observed = Observed {
        origins: arrived
            .origins()?
            .into_iter()
            .map(|origin| (origin.rank as usize, origin.index as usize / fan_out))
            .collect(),
        rows: arrived.rows()?,
        scales: arrived.scales()?,
        selections: arrived.selections()?.into_iter().map(selection).collect(),
        source_offsets: sizes(arrived.source_offsets()),
        expert_offsets: sizes(arrived.expert_offsets()),
        expert_counts: sizes(arrived.expert_counts()),
        expert_rows: arrived
            .expert_rows()?
            .iter()
            .map(|&row| (row != NOWHERE).then_some(row as usize))
            .collect(),
        results: Vec::new(),
        routed: None,
    };
    let outputs = arrived.apply(|number, input, output| experts::compute(expert, number, input, output))?;
    let dispatch = arrived.report().clone();
    let combined = arrived.combine(&outputs)?;
    observed.results = combined.rows;
    Ok((observed, RoundReport { dispatch, combine: combined.report }))
}

/// Errors about what was asked for exit differently from errors of the round.
fn failure(error: Error) -> Failure {
    match error {
        Error::NoRanks { .. }
        | Error::SeveralNodes { .. }
        | Error::TooManyRanks { .. }
        | Error::UnevenExperts { .. }
        | Error::Hidden { .. }
        | Error::OutOfRange { .. }
        | Error::Specialise(_)
        | Error::OverCapacity { .. }
        | Error::Overflow { .. }
        | Error::NoSuchExpert { .. } => Failure::Arguments(error.to_string()),
        _ => Failure::Round(error.to_string()),
    }
}
