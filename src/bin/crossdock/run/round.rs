//! The round itself, on the GPUs that the arguments ask for, with a trace if they do.

use std::sync::Arc;

use crossdock::KernelSet;
use crossdock::host::planning::SmPlan;
use crossdock::host::report::{LaunchReport, RoundReport};
use crossdock::host::{Capacity, Cluster, Error, Rank, Topology};
use crossdock_trial::model::Rates;
use crossdock_trial::{Observed, Outcome, Trial};

use crate::budget;
use crate::failure::Failure;
use crate::flags::{BackendName, Policy};
use crate::run::arguments::RunArguments;

/// A round that was run; one entry per rank.
pub(super) struct Ran {
    /// What kernels might take of each GPU.
    pub(super) sm_plan: SmPlan,
    /// What the rank held.
    pub(super) observed: Vec<Observed>,
    /// What that took.
    pub(super) reports: Vec<RoundReport>,
    /// What the router's kernel took, if it was asked.
    pub(super) routers: Vec<Option<LaunchReport>>,
}

/// The GPUs that the arguments ask for; plans are made with the rates of one.
pub(super) fn cluster(
    arguments: &RunArguments,
    trial: &Trial,
    rates: Option<&Rates>,
) -> Result<Cluster, Failure> {
    if arguments.trace.is_some() && arguments.round.backend != BackendName::Emulator {
        return Err(Failure::arguments("--trace records virtual GPUs; leave it or --backend away"));
    }
    let topology = Topology::nodes(1).gpus_per_node(trial.ranks.len());
    let cluster = match arguments.round.backend {
        BackendName::Emulator => Cluster::emulated(topology),
        BackendName::Cuda => Cluster::cuda(topology),
    };
    let mut cluster = cluster.map_err(Failure::from)?.schedule_seed(arguments.schedule_seed);
    if let Policy::Priorities(changes) = arguments.policy {
        cluster = cluster.priorities(changes);
    }
    if let Some(options) = arguments.round.target {
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
    trial: &Trial,
    cluster: &Cluster,
    kernels: Arc<KernelSet>,
) -> Result<Ran, Failure> {
    let capacity = Capacity::tokens(trial.most_tokens()).layout(trial.layout);
    let program = |rank: &Rank| -> Result<(SmPlan, Outcome), Error> {
        let mut dock = rank.dock(Arc::clone(&kernels), capacity)?;
        budget::check(rank, arguments.sms)?;
        dock.set_budget(arguments.sms)?;
        Ok((dock.sm_plan(), trial.round(rank, &mut dock)?))
    };
    let ranks = traced(arguments, cluster, program)?;
    // All ranks plan alike, and there is one at least.
    let sm_plan = ranks.first().map(|(sm_plan, _)| *sm_plan);
    let sm_plan = sm_plan.ok_or_else(|| Failure::Round("no rank took part".into()))?;
    let mut ran = Ran { sm_plan, observed: Vec::new(), reports: Vec::new(), routers: Vec::new() };
    for (_, Outcome { observed, report, router }) in ranks {
        ran.observed.push(observed);
        ran.reports.push(report);
        ran.routers.push(router);
    }
    Ok(ran)
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
