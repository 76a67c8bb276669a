//! What the measurements are of: the machine, its driver, and when.

use std::time::SystemTime;

use crossdock::CompileOptions;
use crossdock::host::{Cluster, Topology, driver, gpus};
use crossdock_trial::model::Rates;
use serde::Serialize;

use super::arguments::BenchArguments;
use crate::failure::Failure;
use crate::flags::{BackendName, word};

/// Part of every row.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    /// When the run began, in UTC.
    pub(super) date: String,
    /// The version of crossdock.
    pub(super) version: &'static str,
    /// What ran the kernels.
    pub(super) backend: String,
    /// Release and CUDA version of the driver; `null` for virtual GPUs.
    pub(super) driver: Option<String>,
    /// The name of the GPU of rank 0; `null` for virtual GPUs.
    pub(super) gpu: Option<String>,
    /// GPUs that the ranks ran on.
    pub(super) gpus: usize,
    /// What the kernels were made for.
    pub(super) target: String,
}

/// The machine, the cluster on it, what its kernels are made for, and whose rates a model takes, if
/// there is one.
pub(super) struct Found {
    pub(super) machine: Machine,
    pub(super) cluster: Cluster,
    pub(super) target: CompileOptions,
    pub(super) rates: Option<Rates>,
}

/// What the arguments ask to measure on.
pub(super) fn find(arguments: &BenchArguments) -> Result<Found, Failure> {
    let ranks = arguments.round.gpus_per_node as usize;
    let topology = Topology::nodes(1).gpus_per_node(ranks);
    let target = |cluster: &Cluster| -> Result<CompileOptions, Failure> {
        match arguments.round.target {
            Some(target) => Ok(target),
            None => Ok(cluster.target()?.into()),
        }
    };
    let machine =
        |driver: Option<String>, gpu: Option<String>, gpus: usize, target: &CompileOptions| Machine {
            date: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
            version: env!("CARGO_PKG_VERSION"),
            backend: word(arguments.round.backend),
            driver,
            gpu,
            gpus,
            target: target.target.to_string(),
        };
    match arguments.round.backend {
        BackendName::Emulator => {
            let rates = Rates::load(&arguments.model)?;
            let cluster = Cluster::emulated(topology)?;
            let target = target(&cluster)?;
            let cluster = cluster.multiprocessors(rates.multiprocessors()).rates(rates.for_plans());
            Ok(Found { machine: machine(None, None, ranks, &target), cluster, target, rates: Some(rates) })
        }
        BackendName::Cuda => {
            let (driver, all) = (driver()?, gpus()?);
            let cluster = Cluster::cuda(topology)?;
            let target = target(&cluster)?;
            let (major, minor) = driver.cuda;
            let release = driver.release.map_or(String::new(), |release| format!("{release}, "));
            let name = all.first().map(|gpu| gpu.name.clone());
            let used = all.len().min(ranks);
            let machine = machine(Some(format!("{release}CUDA {major}.{minor}")), name, used, &target);
            Ok(Found { machine, cluster, target, rates: None })
        }
    }
}
