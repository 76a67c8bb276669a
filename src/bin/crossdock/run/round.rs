//! The round itself, through the library, with what each rank held copied out for verification.

use std::sync::Arc;

use crossdock::host::planning::SmPlan;
use crossdock::host::report::RoundReport;
use crossdock::host::{
    Arrived, Capacity, Cluster, Error, Layout, NOWHERE, Rank, Routing, Tokens, Topology, quantise,
};
use crossdock::{KernelSet, Wire};
use crossdock_oracle::Selection;

use super::experts;
use super::inputs::{Inputs, RankInputs};
use super::verify::{Observed, ObservedRoutes};
use crate::arguments::{BackendName, ExpertName, Policy, RunArguments};
use crate::budget;
use crate::failure::Failure;
use crate::model::Rates;
use crate::routing::Routes;

/// A round that was run; one entry per rank.
pub(super) struct Ran {
    /// What kernels might take of each GPU.
    pub(super) sm_plan: SmPlan,
    /// What the rank held.
    pub(super) observed: Vec<Observed>,
    /// What that took.
    pub(super) reports: Vec<RoundReport>,
}

/// The GPUs that the arguments ask for; plans are made with the rates of one.
pub(super) fn cluster(
    arguments: &RunArguments,
    inputs: &Inputs,
    rates: Option<&Rates>,
) -> Result<Cluster, Failure> {
    if arguments.trace.is_some() && arguments.backend != BackendName::Emulator {
        return Err(Failure::arguments("--trace records virtual GPUs; leave it or --backend away"));
    }
    let topology = Topology::nodes(1).gpus_per_node(inputs.ranks.len());
    let cluster = match arguments.backend {
        BackendName::Emulator => Cluster::emulated(topology),
        BackendName::Cuda => Cluster::cuda(topology),
    };
    let mut cluster = cluster.map_err(Failure::from)?.schedule_seed(arguments.schedule_seed);
    if let Policy::Priorities(changes) = arguments.policy {
        cluster = cluster.priorities(changes);
    }
    if let Some(options) = arguments.target {
        cluster = cluster.for_target(options.target);
    }
    if let Some(rates) = rates {
        cluster = cluster.multiprocessors(rates.multiprocessors()).rates(rates.for_plans());
    }
    Ok(cluster)
}

/// Runs one round on all ranks of a cluster.
pub(super) fn run(
    arguments: &RunArguments,
    inputs: &Inputs,
    cluster: &Cluster,
    kernels: Arc<KernelSet>,
) -> Result<Ran, Failure> {
    let program = |rank: &Rank| -> Result<(SmPlan, (Observed, RoundReport)), Error> {
        let capacity = Capacity::tokens(inputs.tokens).layout(arguments.layout);
        let mut dock = rank.dock(Arc::clone(&kernels), capacity)?;
        budget::check(rank, arguments.sms)?;
        dock.set_budget(arguments.sms)?;
        let sm_plan = dock.sm_plan();
        let RankInputs { activations, opaque, logits, routes } = &inputs.ranks[rank.index()];
        let quantised;
        let sides: Vec<&[u8]> = opaque.sides.iter().map(Vec::as_slice).collect();
        let tokens = match inputs.shape.wire {
            Wire::Bf16 => Tokens::Bf16(activations),
            Wire::Fp8(fp8) if fp8.is_made_by_dispatch() && !arguments.pre_quantised => {
                Tokens::Bf16(activations)
            }
            Wire::Fp8(fp8) => {
                quantised = quantise::fp8(activations, inputs.shape.hidden as usize, fp8)?;
                Tokens::Fp8 { values: &quantised.values, scales: &quantised.scales }
            }
            Wire::Opaque(_) => Tokens::Opaque { rows: &opaque.rows, sides: &sides },
        };
        let Some(gate) = &inputs.gate else {
            let arrived = dock.dispatch(&tokens, &Routing::new(&routes.experts, &routes.weights))?;
            return Ok((sm_plan, finish(arrived, inputs, arguments.expert())?));
        };
        let mut router = rank.router(rank.router_kernel(gate.gate)?, Capacity::tokens(inputs.tokens))?;
        router.set_bias(&gate.bias)?;
        router.set_scaling(gate.scaling);
        let routed = router.route(logits)?;
        let arrived = dock.dispatch_routed(&tokens, &routed)?;
        let (mut observed, report) = finish(arrived, inputs, arguments.expert())?;
        let routes = Routes { experts: routed.experts()?, weights: routed.weights()? };
        observed.routed = Some(ObservedRoutes { routes, report: routed.report() });
        Ok((sm_plan, (observed, report)))
    };
    let ranks = traced(arguments, cluster, program)?;
    let (plans, ranks): (Vec<_>, Vec<_>) = ranks.into_iter().unzip();
    // All ranks plan alike, and there is one at least.
    let sm_plan = plans.first().copied();
    let sm_plan = sm_plan.ok_or_else(|| Failure::Round("no rank took part".into()))?;
    let (observed, reports) = ranks.into_iter().unzip();
    Ok(Ran { sm_plan, observed, reports })
}

/// Runs the program, and writes its trace if the arguments say so.
fn traced<T: Send>(
    arguments: &RunArguments,
    cluster: &Cluster,
    program: impl Fn(&Rank) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Failure> {
    let Some(path) = &arguments.trace else { return cluster.run(program).map_err(Failure::from) };
    let file = std::fs::File::create(path).map_err(|error| Failure::file(path, error))?;
    let (outcome, trace) = cluster.run_traced(program);
    let written = trace.map_or(Ok(()), |trace| crate::trace::write(&trace, file));
    // A failed round is the greater failure, and its trace is what helps.
    let outcome = outcome.map_err(Failure::from)?;
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
        sides: arrived.side_records()?,
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
    let outputs = match inputs.shape.wire {
        Wire::Opaque(_) => opaque_outputs(&arrived, &observed, expert),
        _ => arrived.apply(|number, input, output| experts::compute(expert, number, input, output))?,
    };
    let dispatch = arrived.report().clone();
    let combined = arrived.combine(&outputs)?;
    observed.results = combined.rows;
    Ok((observed, RoundReport { dispatch, combine: combined.report }))
}

/// What the experts make of opaque rows, `[slots, hidden]`.
fn opaque_outputs(arrived: &Arrived<'_>, observed: &Observed, expert: ExpertName) -> Vec<half::bf16> {
    let hidden = arrived.shape().hidden as usize;
    let rows = experts::opaque_rows(&observed.rows, &observed.sides, &arrived.shape());
    let mut outputs = vec![half::bf16::ZERO; arrived.slot_count() * hidden];
    for (local, number) in arrived.local_experts().enumerate() {
        for slot in observed.expert_offsets[local]..observed.expert_offsets[local + 1] {
            let Some(row) = observed.expert_rows[slot] else { continue };
            let row = if arrived.layout() == Layout::BySource { row } else { slot };
            let (input, output) = (&rows[row * hidden..][..hidden], &mut outputs[slot * hidden..][..hidden]);
            experts::compute(expert, number, input, output);
        }
    }
    outputs
}
