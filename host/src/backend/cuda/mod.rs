//! The backend of NVIDIA GPUs, on the driver alone: `libcuda` is looked for when a cluster starts, and nothing of CUDA is needed to build.
//!
//! The ranks of one process are threads, each with a stream of its own, on one GPU or on several; a process may also be one rank of many
//! ([`Ranks::Process`]). Symmetric memory is physical memory that every rank maps: within a process by address, between
//! processes by file descriptors (`exchange`).
//!
//! **Several ranks on one GPU** share it: each is told of its part of the multiprocessors only, so that all their blocks are resident
//! at once and a rank that waits for another does not keep it from running. No call here waits for the whole device.

mod driver;
#[cfg(unix)]
mod exchange;
mod jit;
mod member;
mod memory;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::driver::{Call, device_count};
pub use self::driver::{Driver, Gpu, driver, gpus};
use self::member::Member;
use self::memory::Sharable;
use super::{Backend, Departure, Device, KernelHandle, Launch, Mark, Sharing, Ticket};
use crate::bootstrap::{Environment, Group};
use crate::meeting::Meeting;
use crate::report::{Elapsed, LaunchReport};
use crate::{Error, Result, Trace};

/// Which ranks this process runs.
#[derive(Clone, Debug)]
pub(crate) enum Ranks {
    /// All of them, as threads, each on the GPU with this number.
    Threads(Vec<usize>),
    /// One; the others are other processes.
    Process(Environment),
}

/// NVIDIA GPUs.
#[derive(Debug)]
pub(crate) struct Cuda {
    first: usize,
    members: Vec<Member>,
    meeting: Place,
    #[cfg(unix)]
    exchange: Option<exchange::Server>,
}

/// Where ranks meet.
#[derive(Debug)]
enum Place {
    Threads(Meeting),
    Processes(Group),
}

/// What [`Backend::export`] gives.
#[derive(Debug, Serialize, Deserialize)]
struct Exported {
    /// Which symmetric allocation of its rank it is, counted from 0.
    number: u64,
    bytes: u64,
    way: Way,
}

/// How a peer reaches an allocation.
#[derive(Debug, Serialize, Deserialize)]
enum Way {
    /// It is in the same process.
    Address(u64),
    /// It asks the socket at this path for a file descriptor.
    Socket(String),
}

impl Cuda {
    /// Opens the GPUs of this process's ranks; with several processes, meets the others.
    pub(crate) fn new(ranks: &Ranks, multiprocessors: Option<u32>, patience: Duration) -> Result<Cuda> {
        let count = device_count()?;
        let available = |device: usize| {
            let reason = format!("GPU {device} was asked for; the driver shows {count}");
            if device < count { Ok(device) } else { Err(Error::NoGpu { reason }) }
        };
        match ranks {
            Ranks::Threads(devices) => {
                let mut members = Vec::with_capacity(devices.len());
                for (rank, &device) in devices.iter().enumerate() {
                    let sharers = devices.iter().filter(|&&other| other == device).count();
                    members.push(Member::open(
                        rank,
                        available(device)?,
                        sharers,
                        multiprocessors,
                        Sharable::InProcess,
                    )?);
                }
                let meeting = Place::Threads(Meeting::new(devices.len(), patience));
                Ok(Cuda {
                    first: 0,
                    members,
                    meeting,
                    #[cfg(unix)]
                    exchange: None,
                })
            }
            Ranks::Process(environment) => Cuda::join(environment, count, multiprocessors, patience),
        }
    }

    #[cfg(unix)]
    fn join(
        environment: &Environment,
        devices: usize,
        multiprocessors: Option<u32>,
        patience: Duration,
    ) -> Result<Cuda> {
        let (rank, device) = (environment.rank, environment.local_rank % devices);
        // Ranks of the node are dealt to its GPUs in turn.
        let sharers = (environment.local_ranks - device).div_ceil(devices);
        let member = Member::open(rank, device, sharers, multiprocessors, Sharable::ByFile)?;
        let exchange = exchange::Server::start().map_err(|error| Error::Driver {
            rank,
            call: "offering memory to other processes",
            reason: error.to_string(),
        })?;
        let group = Group::join(environment, patience)?;
        Ok(Cuda {
            first: rank,
            members: vec![member],
            meeting: Place::Processes(group),
            exchange: Some(exchange),
        })
    }

    #[cfg(not(unix))]
    fn join(environment: &Environment, _: usize, _: Option<u32>, _: Duration) -> Result<Cuda> {
        let reason = "ranks in several processes need Linux; run all of them in one process".to_owned();
        let _ = environment;
        Err(Error::NoGpu { reason })
    }

    /// The ranks of this process.
    pub(crate) fn here(&self) -> Range<usize> {
        self.first..self.first + self.members.len()
    }

    fn member(&self, rank: usize) -> &Member {
        &self.members[rank - self.first]
    }
}

impl Backend for Cuda {
    fn multiprocessors(&self) -> u32 {
        self.members.iter().map(Member::multiprocessors).min().unwrap_or(1)
    }

    fn device(&self, rank: usize) -> Device {
        Device::Cuda(self.member(rank).ordinal())
    }

    fn allocate(&self, rank: usize, bytes: u64, sharing: Sharing) -> Result<u64> {
        match sharing {
            Sharing::Local => self.member(rank).allocate(bytes),
            Sharing::Symmetric => self.member(rank).allocate_symmetric(bytes),
        }
    }

    fn release(&self, rank: usize, address: u64) {
        if let Err(error) = self.member(rank).release(address) {
            tracing::warn!(rank, %error, "memory was not given back");
        }
    }

    fn export(&self, rank: usize, address: u64) -> Result<Vec<u8>> {
        let (number, mapping) = self.member(rank).symmetric(address)?;
        let way = match &self.meeting {
            Place::Threads(_) => Way::Address(address),
            #[cfg(unix)]
            Place::Processes(_) => {
                let exchange = self.exchange.as_ref().expect("ranks in processes have one");
                exchange.offer(number, mapping.export(rank)?);
                Way::Socket(exchange.path().to_owned())
            }
            #[cfg(not(unix))]
            Place::Processes(_) => unreachable!("such a cluster does not open"),
        };
        let exported = Exported { number, bytes: mapping.bytes(), way };
        Ok(postcard::to_stdvec(&exported).expect("it is plain data"))
    }

    fn import(&self, rank: usize, peer: usize, exported: &[u8]) -> Result<u64> {
        let malformed =
            |reason: String| Error::Driver { rank, call: "reaching the memory of a peer", reason };
        let exported: Exported =
            postcard::from_bytes(exported).map_err(|error| malformed(error.to_string()))?;
        let member = self.member(rank);
        match exported.way {
            Way::Address(address) => {
                let (_, mapping) = self.member(peer).symmetric(address)?;
                mapping.allow(rank, member.device())?;
                member.keep(exported.number, Arc::clone(&mapping));
                Ok(address)
            }
            Way::Socket(_) if peer == rank => member.address_of(exported.number),
            #[cfg(unix)]
            Way::Socket(path) => {
                let file = exchange::ask(&path, exported.number).map_err(|error| {
                    malformed(format!("rank {peer} did not hand its memory over: {error}"))
                })?;
                let mapping = member.map_file(&file, exported.bytes)?;
                let address = mapping.address();
                member.keep(exported.number, mapping);
                Ok(address)
            }
            #[cfg(not(unix))]
            Way::Socket(_) => Err(malformed("it is in another process".to_owned())),
        }
    }

    fn write(&self, rank: usize, address: u64, bytes: &[u8]) -> Result<()> {
        self.member(rank).write(address, bytes)
    }

    fn read(&self, rank: usize, address: u64, bytes: &mut [u8]) -> Result<()> {
        self.member(rank).read(address, bytes)
    }

    fn copy(&self, rank: usize, from: u64, to: u64, bytes: u64) -> Result<()> {
        self.member(rank).copy(from, to, bytes)
    }

    fn fill(&self, rank: usize, address: u64, value: u8, bytes: u64) -> Result<()> {
        self.member(rank).fill(address, value, bytes)
    }

    fn load(&self, rank: usize, ptx: &str, name: &str) -> Result<KernelHandle> {
        self.member(rank).load(ptx, name)
    }

    fn launch(&self, rank: usize, launch: Launch) -> Result<Ticket> {
        self.member(rank).launch(&launch)
    }

    fn wait(&self, rank: usize) -> Result<()> {
        self.member(rank).wait()
    }

    fn take_report(&self, rank: usize, ticket: Ticket) -> Option<LaunchReport> {
        self.member(rank).take_report(ticket)
    }

    fn record(&self, rank: usize) -> Result<Mark> {
        self.member(rank).record()
    }

    fn elapsed(&self, rank: usize, from: Mark, to: Mark) -> Result<Elapsed> {
        self.member(rank).elapsed(from, to).map(Elapsed::Seconds)
    }

    fn forget(&self, rank: usize, mark: Mark) {
        self.member(rank).forget(mark);
    }

    fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        match &self.meeting {
            Place::Threads(meeting) => meeting.gather(rank, purpose, bytes),
            Place::Processes(group) => group.gather(purpose, bytes),
        }
    }

    fn leave(&self, rank: usize, departure: Departure) {
        match &self.meeting {
            Place::Threads(meeting) => meeting.leave(rank, departure),
            Place::Processes(group) => group.leave(departure),
        }
    }

    fn take_trace(&self) -> Option<Trace> {
        None
    }

    fn was_told_of_failure(&self, rank: usize) -> bool {
        match &self.meeting {
            Place::Threads(meeting) => meeting.was_told_of_failure(rank),
            // One rank is all there is here.
            Place::Processes(_) => false,
        }
    }
}

/// The error of a call that the driver refused.
fn refused(rank: usize, call: Call, error: cudarc::driver::DriverError) -> Error {
    Error::Driver { rank, call, reason: driver::reason(error) }
}
