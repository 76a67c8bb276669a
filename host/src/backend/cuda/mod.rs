//! The backend of NVIDIA GPUs, on the driver alone: `libcuda` is looked for when a cluster starts, and nothing of CUDA is needed to build.
//!
//! The ranks of one process are threads, each with a stream of its own, on one GPU or on several; a process may also be one rank of many
//! ([`Ranks::Process`]). Symmetric memory is physical memory that every rank maps: within a process by address, between
//! processes by fabric handles or file descriptors (`sharing`, `exchange`).
//!
//! **Several ranks on one GPU** share it: each is told of its part of the multiprocessors only, so that all their blocks are resident
//! at once and a rank that waits for another does not keep it from running. No call here waits for the whole device.

mod driver;
#[cfg(unix)]
mod exchange;
mod jit;
mod member;
mod memory;
mod multicast;
mod pool;
mod sharing;
mod streams;

use std::ffi::c_void;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crossdock_device::Target;
use serde::{Deserialize, Serialize};

use self::driver::Call;
pub use self::driver::{DriverVersion, Gpu, driver, gpus};
use self::member::{Member, Neighbours};
use self::sharing::{Abilities, Physical, Sharable};
use super::{Backend, Device, EventHandle, GraphHandle, KernelHandle, Launch, Sharing, StreamHandle, Ticket};
use crate::exchange::in_process::Meeting;
use crate::exchange::{Environment, RankExit, Tcp};
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
    sharable: Sharable,
    /// Why ranks have no multicast addresses; `None` if they have.
    why_no_multicast: Option<&'static str>,
    #[cfg(unix)]
    exchange: Option<exchange::Server>,
}

/// Where ranks meet.
#[derive(Debug)]
enum Place {
    Threads(Meeting),
    Processes(Tcp),
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
    /// It opens this fabric handle.
    Fabric(Vec<u8>),
}

impl Exported {
    fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("it is plain data")
    }

    fn of_bytes(rank: usize, bytes: &[u8]) -> Result<Exported> {
        postcard::from_bytes(bytes).map_err(|error| unreached(rank, error.to_string()))
    }
}

/// A peer's memory could not be reached.
fn unreached(rank: usize, reason: String) -> Error {
    Error::Driver { rank, call: "reaching the memory of a peer", reason }
}

impl Cuda {
    /// Opens the GPUs of this process's ranks; with several processes, meets the others.
    pub(crate) fn new(ranks: &Ranks, multiprocessors: Option<u32>, patience: Duration) -> Result<Cuda> {
        let count = driver::start()?.gpus;
        let available = |device: usize| {
            let reason = format!("GPU {device} was asked for; the driver shows {count}");
            if device < count { Ok(device) } else { Err(Error::NoGpu { reason }) }
        };
        match ranks {
            Ranks::Threads(devices) => {
                let mut members = Vec::with_capacity(devices.len());
                let mut abilities = Vec::with_capacity(devices.len());
                for (rank, &device) in devices.iter().enumerate() {
                    let member = Member::open(rank, available(device)?)?;
                    abilities.push(member.abilities()?);
                    members.push(member);
                }
                let (sharable, why_no_multicast) =
                    (Sharable::InProcess, sharing::why_no_multicast(&abilities));
                for (member, own) in members.iter_mut().zip(&abilities) {
                    member.meet(Neighbours::of(own, &abilities, sharable), multiprocessors);
                }
                let meeting = Place::Threads(Meeting::new(devices.len(), patience));
                Ok(Cuda {
                    first: 0,
                    members,
                    meeting,
                    sharable,
                    why_no_multicast,
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
        // Ranks of the node are dealt to its GPUs in turn.
        let (rank, device) = (environment.rank, environment.local_rank % devices);
        let mut member = Member::open(rank, device)?;
        let own = member.abilities()?;
        let exchange = exchange::Server::start().map_err(|error| Error::Driver {
            rank,
            call: "offering memory to other processes",
            reason: error.to_string(),
        })?;
        let group = Tcp::join(environment, patience)?;
        // A launcher may show each process one GPU only, which is GPU 0 for all of them, so numbers do not tell who shares one.
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
        member.meet(Neighbours::of(&own, &abilities, sharable), multiprocessors);
        Ok(Cuda {
            first: rank,
            members: vec![member],
            meeting: Place::Processes(group),
            sharable,
            why_no_multicast: sharing::why_no_multicast(&abilities),
            exchange: Some(exchange),
        })
    }

    #[cfg(not(unix))]
    fn join(environment: &Environment, _: usize, _: Option<u32>, _: Duration) -> Result<Cuda> {
        let reason = "ranks in several processes need Linux; run all of them in one process".to_owned();
        let _ = environment;
        Err(Error::NoGpu { reason })
    }

    /// The newest target that the GPUs of this process's ranks run.
    pub(crate) fn target(ranks: &Ranks) -> Result<Target> {
        match ranks {
            Ranks::Threads(devices) => driver::target(devices.iter().copied()),
            Ranks::Process(environment) => driver::target([environment.local_rank % driver::start()?.gpus]),
        }
    }

    /// The ranks of this process.
    pub(crate) fn here(&self) -> Range<usize> {
        self.first..self.first + self.members.len()
    }

    fn member(&self, rank: usize) -> &Member {
        &self.members[rank - self.first]
    }

    /// Offers what `rank` has to its peers, by the number or, within the process, by the address that is given.
    fn offer(&self, rank: usize, number: u64, physical: &Physical, address: u64) -> Result<Way> {
        let failed = |error| refused(rank, "offering memory to other processes", error);
        match self.sharable {
            Sharable::InProcess => Ok(Way::Address(address)),
            Sharable::ByFabric => Ok(Way::Fabric(physical.fabric_handle().map_err(failed)?)),
            #[cfg(unix)]
            Sharable::ByFile => {
                let exchange = self.exchange.as_ref().expect("ranks in processes have one");
                exchange.offer(number, physical.file().map_err(failed)?);
                Ok(Way::Socket(exchange.path().to_owned()))
            }
            #[cfg(not(unix))]
            Sharable::ByFile => Err(unreached(rank, "there are no file descriptors".to_owned())),
        }
    }

    /// Opens what a peer of another process offered.
    fn accept(&self, rank: usize, peer: usize, number: u64, way: &Way) -> Result<Physical> {
        self.member(rank).enter()?;
        let failed = |error| refused(rank, "opening the memory of another process", error);
        match way {
            Way::Fabric(handle) => Physical::of_fabric_handle(handle)
                .ok_or_else(|| {
                    unreached(rank, format!("rank {peer} sent {} bytes as fabric handle", handle.len()))
                })?
                .map_err(failed),
            #[cfg(unix)]
            Way::Socket(path) => {
                let file = exchange::ask(path, number).map_err(|error| {
                    unreached(rank, format!("rank {peer} did not hand its memory over: {error}"))
                })?;
                Physical::of_file(&file).map_err(failed)
            }
            _ => Err(unreached(rank, format!("the memory of rank {peer} is in another process"))),
        }
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
        let way = self.offer(rank, number, mapping.physical(), address)?;
        Ok(Exported { number, bytes: mapping.bytes(), way }.to_bytes())
    }

    fn import(&self, rank: usize, peer: usize, exported: &[u8]) -> Result<u64> {
        let Exported { number, bytes, way } = Exported::of_bytes(rank, exported)?;
        let member = self.member(rank);
        if peer == rank {
            return member.address_of(number);
        }
        if let Way::Address(address) = way {
            let (_, mapping) = self.member(peer).symmetric(address)?;
            mapping.allow(rank, member.device())?;
            member.keep(number, Arc::clone(&mapping));
            return Ok(address);
        }
        let physical = self.accept(rank, peer, number, &way)?;
        let mapping = member.map(Arc::new(physical), bytes)?;
        let address = mapping.address();
        member.keep(number, mapping);
        Ok(address)
    }

    fn why_no_multicast(&self) -> Option<&'static str> {
        self.why_no_multicast
    }

    fn multicast(&self, rank: usize, address: u64) -> Result<u64> {
        self.bind_multicast(rank, address)
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

    fn stream(&self, rank: usize) -> Result<StreamHandle> {
        self.member(rank).add_stream()
    }

    unsafe fn adopt_stream(&self, rank: usize, stream: *mut c_void) -> Result<StreamHandle> {
        // SAFETY: as the caller promises.
        unsafe { self.member(rank).adopt_stream(stream) }
    }

    fn record(&self, rank: usize, stream: StreamHandle) -> Result<EventHandle> {
        self.member(rank).record(stream)
    }

    fn wait_for(&self, rank: usize, stream: StreamHandle, event: EventHandle) -> Result<()> {
        self.member(rank).wait_for(stream, event)
    }

    fn elapsed(&self, rank: usize, from: EventHandle, to: EventHandle) -> Result<Elapsed> {
        self.member(rank).elapsed(from, to).map(Elapsed::Seconds)
    }

    fn forget_event(&self, rank: usize, event: EventHandle) {
        self.member(rank).forget_event(event);
    }

    fn begin_capture(&self, rank: usize, stream: StreamHandle) -> Result<()> {
        self.member(rank).begin_capture(stream)
    }

    fn end_capture(&self, rank: usize) -> Result<GraphHandle> {
        self.member(rank).end_capture()
    }

    fn replay(&self, rank: usize, stream: StreamHandle, graph: GraphHandle) -> Result<()> {
        self.member(rank).replay(stream, graph)
    }

    fn forget_graph(&self, rank: usize, graph: GraphHandle) {
        self.member(rank).forget_graph(graph);
    }

    fn wait(&self, rank: usize) -> Result<()> {
        self.member(rank).wait()
    }

    fn take_report(&self, rank: usize, ticket: Ticket) -> Option<LaunchReport> {
        self.member(rank).take_report(ticket)
    }

    fn forget(&self, rank: usize, ticket: Ticket) {
        self.member(rank).forget(ticket);
    }

    fn gather(&self, rank: usize, purpose: &str, bytes: Vec<u8>) -> Result<Vec<Vec<u8>>> {
        match &self.meeting {
            Place::Threads(meeting) => meeting.gather(rank, purpose, bytes),
            Place::Processes(group) => {
                let gathered = group.gather(purpose, bytes)?;
                #[cfg(unix)]
                if let Some(exchange) = &self.exchange {
                    exchange.all_have_met();
                }
                Ok(gathered)
            }
        }
    }

    fn leave(&self, rank: usize, departure: RankExit) {
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
