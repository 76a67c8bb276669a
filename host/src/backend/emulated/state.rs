//! What the rank threads share, and the execution of what they launched.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use crossdock_emulator as emulator;

use super::super::{Argument, EventHandle, KernelHandle, Launch, Ticket};
use super::Settings;
use super::streams::Streams;
use crate::exchange::seats::Rendezvous;
use crate::report::{Counters, LaunchReport, Link, Traffic};
use crate::{Error, Result};

#[derive(Debug)]
pub(super) struct State {
    pub(super) machine: emulator::Machine,
    pub(super) rendezvous: Rendezvous,
    pub(super) ranks: Vec<RankState>,
    /// Loaded kernels by PTX text and name.
    loaded: HashMap<(String, String), KernelHandle>,
    kernels: Vec<emulator::Kernel>,
    /// Multicast addresses by those of the ranks' memory.
    multicasts: HashMap<Vec<u64>, u64>,
    /// The error that ended it for everybody.
    pub(super) broken: Option<Error>,
    /// When a rank last called.
    pub(super) progress: Instant,
}

#[derive(Debug, Default)]
pub(super) struct RankState {
    pub(super) streams: Streams,
    /// Launches that the machine does not have yet, with those that each waits for besides those of its stream.
    queue: Vec<(Ticket, Launch, Vec<Ticket>)>,
    /// All that the machine has or had.
    handed: HashMap<Ticket, emulator::Ticket>,
    /// Launches that the machine has, unfinished when it last stopped.
    under_way: Vec<(Ticket, emulator::Ticket)>,
    launches: u64,
    pub(super) reports: HashMap<Ticket, LaunchReport>,
    /// Cycles of the finished launches.
    cycles: HashMap<Ticket, u64>,
    /// Launches whose reports nobody will ask for, and that are not finished.
    forgotten: HashSet<Ticket>,
    /// Local memory to free when the queue is empty.
    released: Vec<u64>,
    /// Symmetric memory in order of allocation: address, and what became of it.
    symmetric: Vec<(u64, Symmetric)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Symmetric {
    InUse,
    Released,
    Freed,
}

impl State {
    /// A machine with one GPU per rank, and programs that run.
    pub(super) fn new(settings: &Settings) -> Result<State> {
        let config = emulator::Config {
            gpus: settings.ranks,
            sms_per_gpu: settings.multiprocessors,
            policy: settings
                .priority_changes
                .map_or_else(emulator::Policy::default, |changes| emulator::Policy::Priorities { changes }),
            schedule_seed: settings.schedule_seed,
            trace: settings.trace,
            // Ranks are programs of their own: what one waited for, another does not know.
            hosts: emulator::Hosts::PerGpu,
            ..emulator::Config::default()
        };
        Ok(State {
            machine: emulator::Machine::new(config).map_err(|error| super::machine_error(None, error))?,
            rendezvous: Rendezvous::new(settings.ranks),
            ranks: (0..settings.ranks).map(|_| RankState::default()).collect(),
            loaded: HashMap::new(),
            kernels: Vec::new(),
            multicasts: HashMap::new(),
            broken: None,
            progress: Instant::now(),
        })
    }

    /// Loads a kernel, unless a rank has loaded it before.
    pub(super) fn load(&mut self, ptx: &str, name: &str) -> Result<KernelHandle, emulator::Error> {
        let key = (ptx.to_string(), name.to_string());
        if let Some(&handle) = self.loaded.get(&key) {
            return Ok(handle);
        }
        let module = self.machine.load(ptx)?;
        let handle = KernelHandle(self.kernels.len());
        self.kernels.push(self.machine.kernel(module, name)?);
        self.loaded.insert(key, handle);
        Ok(handle)
    }

    /// The multicast address of these allocations: the first rank that asks binds them.
    pub(super) fn multicast(&mut self, addresses: &[u64]) -> Result<u64, emulator::Error> {
        if let Some(&address) = self.multicasts.get(addresses) {
            return Ok(address);
        }
        let address = self.machine.multicast(addresses)?;
        self.multicasts.insert(addresses.to_vec(), address);
        Ok(address)
    }

    pub(super) fn is_multicast(&self, address: u64) -> bool {
        self.multicasts.values().any(|&multicast| multicast == address)
    }

    /// Lets the rendezvous decide, executing what was launched if it comes to that.
    pub(super) fn settle(&mut self) {
        let State { machine, rendezvous, ranks, kernels, broken, .. } = self;
        let gathered = rendezvous.settle(|waiting| {
            let outcome = execute(machine, ranks, kernels, waiting);
            *broken = outcome.as_ref().err().cloned();
            outcome
        });
        if gathered {
            machine.hosts_meet();
        }
        self.free_released();
        self.progress = Instant::now();
    }

    /// Frees what nobody uses any more: local memory of ranks without launches, and the symmetric allocations that
    /// every rank has released.
    pub(super) fn free_released(&mut self) {
        let mut free = Vec::new();
        for rank in self.ranks.iter_mut().filter(|rank| rank.is_idle()) {
            free.append(&mut rank.released);
        }
        if self.ranks.iter().all(|rank| rank.is_idle()) {
            let longest = self.ranks.iter().map(|rank| rank.symmetric.len()).max().unwrap_or(0);
            for index in 0..longest {
                let done = self.ranks.iter().enumerate().all(|(number, rank)| {
                    self.rendezvous.has_departed(number)
                        || rank.symmetric.get(index).is_some_and(|&(_, fate)| fate != Symmetric::InUse)
                });
                for (address, fate) in self.ranks.iter_mut().filter_map(|rank| rank.symmetric.get_mut(index))
                {
                    if done && *fate == Symmetric::Released {
                        *fate = Symmetric::Freed;
                        free.push(*address);
                    }
                }
            }
        }
        for address in free {
            if let Err(error) = self.machine.free(address) {
                tracing::warn!(address, %error, "device memory was not freed");
            }
        }
    }
}

impl RankState {
    /// Whether all its launches are finished.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.under_way.is_empty()
    }

    /// Puts a launch on its stream, or captures it.
    pub(super) fn enqueue(&mut self, launch: Launch) -> Ticket {
        let ticket = Ticket(self.launches);
        self.launches += 1;
        let Some(launch) = self.streams.take(launch) else { return ticket };
        if !launch.reported {
            self.forgotten.insert(ticket);
        }
        let after = self.streams.append(launch.stream, ticket);
        self.queue.push((ticket, launch, after));
        ticket
    }

    /// Cycles of the launches of a stream between two events, which are finished; `None` if the events are the wrong way round.
    pub(super) fn cycles(&self, from: EventHandle, to: EventHandle) -> Option<u64> {
        let between = self.streams.between(from, to)?;
        Some(between.iter().filter_map(|ticket| self.cycles.get(ticket)).sum())
    }

    /// Nobody will ask for this report.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        let is_under_way = |waiting: Ticket| waiting == ticket;
        if self.queue.iter().any(|&(waiting, ..)| is_under_way(waiting))
            || self.under_way.iter().any(|&(waiting, _)| is_under_way(waiting))
        {
            self.forgotten.insert(ticket);
        }
        self.reports.remove(&ticket);
    }

    /// The rank's next symmetric allocation.
    pub(super) fn note_symmetric(&mut self, address: u64) {
        self.symmetric.push((address, Symmetric::InUse));
    }

    /// The rank no longer uses this allocation.
    pub(super) fn note_released(&mut self, address: u64) {
        match self.symmetric.iter_mut().find(|(start, fate)| *start == address && *fate == Symmetric::InUse) {
            Some((_, fate)) => *fate = Symmetric::Released,
            None => self.released.push(address),
        }
    }
}

/// Hands every launch to the machine, and runs it until all launches of some of the waiting ranks are finished: the others' may
/// depend on what the hosts of these launch next. Returns these ranks.
fn execute(
    machine: &mut emulator::Machine,
    ranks: &mut [RankState],
    kernels: &[emulator::Kernel],
    waiting: &[usize],
) -> Result<Vec<usize>> {
    let mut refused = None;
    for (rank, state) in ranks.iter_mut().enumerate() {
        for (ticket, launch, after) in state.queue.drain(..) {
            let arguments = launch.arguments.iter().map(argument).collect();
            let after: Vec<_> =
                after.iter().filter_map(|earlier| state.handed.get(earlier).copied()).collect();
            let cluster = launch.options.cluster;
            let cluster = (cluster > 1).then_some([cluster, 1, 1]);
            let launch = emulator::Launch {
                gpu: rank,
                stream: launch.stream.0,
                kernel: kernels[launch.kernel.0],
                grid: [launch.blocks, 1, 1],
                block: [launch.threads, 1, 1],
                shared_bytes: 0,
                arguments,
            };
            match machine.launch_after(launch, cluster, &after) {
                Ok(handle) => {
                    state.handed.insert(ticket, handle);
                    state.under_way.push((ticket, handle));
                }
                Err(error) => refused = refused.or(Some(super::machine_error(Some(rank), error))),
            }
        }
    }
    if let Some(error) = refused {
        return Err(error);
    }
    let start = Instant::now();
    machine.run_for(waiting).map_err(|error| super::machine_error(None, error))?;
    let seconds = start.elapsed().as_secs_f64();
    tracing::debug!(seconds, "executed");
    for state in ranks.iter_mut() {
        state.under_way.retain(|&(ticket, handle)| match machine.report(handle) {
            Some(report) => {
                state.cycles.insert(ticket, report.activity.cycles);
                if !state.forgotten.remove(&ticket) {
                    state.reports.insert(ticket, launch_report(report, seconds));
                }
                false
            }
            None => true,
        });
    }
    Ok(waiting.iter().copied().filter(|&rank| ranks[rank].is_idle()).collect())
}

fn argument(argument: &Argument) -> emulator::Argument {
    match *argument {
        Argument::U8(value) => emulator::Argument::Bytes(vec![value]),
        Argument::U16(value) => emulator::Argument::Bytes(value.to_le_bytes().to_vec()),
        Argument::U32(value) => emulator::Argument::U32(value),
        Argument::U64(value) => emulator::Argument::U64(value),
        Argument::F32(value) => emulator::Argument::F32(value),
        Argument::F64(value) => emulator::Argument::Bytes(value.to_le_bytes().to_vec()),
    }
}

fn launch_report(report: &emulator::Report, seconds: f64) -> LaunchReport {
    let nvlink = report.traffic.nvlink.iter();
    let nvlink =
        nvlink.map(|(&(_, owner), link)| (owner, Link { read: link.read, written: link.written })).collect();
    let traffic =
        Traffic { hbm_read: report.traffic.hbm_read, hbm_written: report.traffic.hbm_written, nvlink };
    let activity = report.activity.clone();
    let counters = Counters { warp_instructions: report.warp_instructions, traffic, activity };
    LaunchReport { kernel: report.kernel.clone(), counters: Some(counters), seconds }
}
