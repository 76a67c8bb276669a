//! The backend of NVIDIA GPUs, on the driver alone: `libcuda` is looked for when a cluster starts,
//! and nothing of CUDA is needed to build.
//!
//! The ranks of one process are threads, each with a stream of its own, on one GPU or on several; a
//! process may also be one rank of many ([`Ranks::Process`]). Symmetric memory is physical memory
//! that every rank maps: within a process by address, between processes by fabric handles or file
//! descriptors (`sharing`, `descriptors`).
//!
//! **Several ranks on one GPU** share it: each is told of its part of the multiprocessors only, so
//! that all their blocks are resident at once and a rank that waits for another does not keep it
//! from running. No call here waits for the whole device.

#[cfg(unix)]
mod descriptors;
mod driver;
mod jit;
mod kernels;
mod mapping;
mod member;
mod memory;
mod multicast;
mod pool;
mod process;
mod sharing;
mod state;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use crossdock_device::Target;

pub use self::driver::{DriverVersion, Gpu, driver, gpus};
use self::member::{Member, Opened};
use self::process::Process;
use super::Backend;
use crate::exchange::in_process::InProcess;
use crate::exchange::{Environment, Exchange};
use crate::{Error, Result};

/// Which ranks this process runs.
#[derive(Clone, Debug)]
pub(crate) enum Ranks {
    /// All of them, as threads, each on the GPU with this number.
    Threads(Vec<usize>),
    /// One; the others are other processes.
    Process(Environment),
}

/// The GPUs of this process's ranks, in rank order, and where all ranks meet.
pub(crate) type Open = (Vec<Arc<dyn Backend>>, Arc<dyn Exchange>);

impl Ranks {
    /// The number of the first rank of this process.
    pub(crate) fn first(&self) -> usize {
        match self {
            Ranks::Threads(_) => 0,
            Ranks::Process(environment) => environment.rank,
        }
    }

    /// The newest target that the GPUs of this process's ranks run.
    pub(crate) fn target(&self) -> Result<Target> {
        match self {
            Ranks::Threads(devices) => driver::target(devices.iter().copied()),
            Ranks::Process(environment) => driver::target([environment.local_rank % driver::start()?.gpus]),
        }
    }

    /// Opens the GPUs of this process's ranks, with at most so many multiprocessors of each; with
    /// several processes, meets the others.
    pub(crate) fn open(&self, multiprocessors: Option<u32>, patience: Duration) -> Result<Open> {
        let count = driver::start()?.gpus;
        match self {
            Ranks::Threads(devices) => open_threads(devices, count, multiprocessors, patience),
            Ranks::Process(environment) => join(environment, count, multiprocessors, patience),
        }
    }
}

fn open_threads(
    devices: &[usize],
    count: usize,
    multiprocessors: Option<u32>,
    patience: Duration,
) -> Result<Open> {
    let mut opened = Vec::with_capacity(devices.len());
    for (rank, &device) in devices.iter().enumerate() {
        if device >= count {
            let reason = format!("GPU {device} was asked for; the driver shows {count}");
            return Err(Error::NoGpu { reason });
        }
        opened.push(Opened::new(rank, device)?);
    }
    let abilities = opened.iter().map(Opened::abilities).collect::<Result<Vec<_>>>()?;
    let exchange: Arc<dyn Exchange> = Arc::new(InProcess::new(devices.len(), patience, ()));
    let process = Process::alone(Arc::clone(&exchange), sharing::why_no_multicast(&abilities));
    let process = Arc::new(process);
    let meet = |opened: Opened| -> Arc<dyn Backend> {
        Arc::new(Member::new(opened, &abilities, multiprocessors, Arc::clone(&process)))
    };
    Ok((opened.into_iter().map(meet).collect(), exchange))
}

#[cfg(unix)]
fn join(
    environment: &Environment,
    devices: usize,
    multiprocessors: Option<u32>,
    patience: Duration,
) -> Result<Open> {
    use self::descriptors::Server;
    use self::process::{Processes, unreached};
    use self::sharing::Abilities;
    use crate::exchange::Tcp;

    // Ranks of the node are dealt to its GPUs in turn.
    let (rank, device) = (environment.rank, environment.local_rank % devices);
    let opened = Opened::new(rank, device)?;
    let own = opened.abilities()?;
    let server = Server::start().map_err(|error| Error::Driver {
        rank,
        call: "offering memory to other processes",
        reason: error.to_string(),
    })?;
    let server = Arc::new(server);
    let group = Tcp::join(environment, patience)?;
    // A launcher may show each process one GPU only, which is GPU 0 for all of them, so numbers do
    // not tell who shares one.
    let told = postcard::to_stdvec(&own).expect("it is plain data");
    let abilities = group.gather("saying what the ranks' GPUs can do", told)?;
    let abilities: Vec<Abilities> = abilities
        .iter()
        .map(|told| postcard::from_bytes(told).map_err(|error| unreached(rank, error.to_string())))
        .collect::<Result<_>>()?;
    let sharable = sharing::agreed(&abilities).ok_or(Error::Unsupported {
        rank,
        what: "ranks are in several processes",
        why: "their GPUs share memory neither all by fabric handle nor all by file descriptor; run all ranks in one process",
    })?;
    let exchange: Arc<dyn Exchange> = Arc::new(Processes { group, server: Arc::clone(&server) });
    let why_no_multicast = sharing::why_no_multicast(&abilities);
    let process = Process::among_others(Arc::clone(&exchange), sharable, why_no_multicast, server);
    let member = Member::new(opened, &abilities, multiprocessors, Arc::new(process));
    Ok((vec![Arc::new(member)], exchange))
}

#[cfg(not(unix))]
fn join(_: &Environment, _: usize, _: Option<u32>, _: Duration) -> Result<Open> {
    let reason = "ranks in several processes need Linux; run all of them in one process".to_owned();
    Err(Error::NoGpu { reason })
}
