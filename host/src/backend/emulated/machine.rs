//! The machine of virtual GPUs, and what it knows of each rank.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crossdock_emulator as emulator;

use super::queues::Queues;
use crate::Error;
use crate::backend::{EventHandle, KernelHandle, Launch, Ticket};
use crate::exchange::Seats;
use crate::report::LaunchReport;

/// What the machine is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) ranks: usize,
    pub(crate) schedule_seed: u64,
    pub(crate) priority_changes: Option<u32>,
    pub(crate) trace: bool,
    pub(crate) multiprocessors: u32,
    /// How long waiting ranks bear with one that does nothing, in wall-clock time.
    pub(crate) patience: Duration,
}

/// The virtual GPUs of all ranks.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) machine: emulator::Machine,
    pub(super) multiprocessors: u32,
    pub(super) ranks: Vec<RankState>,
    /// Loaded kernels by PTX text and name.
    loaded: HashMap<(String, String), KernelHandle>,
    pub(super) kernels: Vec<emulator::Kernel>,
    /// Multicast addresses by those of the ranks' memory.
    multicasts: HashMap<Vec<u64>, u64>,
}

/// What was launched by one rank, and the memory that it gave back.
#[derive(Debug, Default)]
pub(super) struct RankState {
    pub(super) streams: Queues,
    /// Launches that the machine does not have yet, with those that each waits for besides those of
    /// its stream.
    pub(super) queue: Vec<(Ticket, Launch, Vec<Ticket>)>,
    /// All that the machine has or had.
    pub(super) handed: HashMap<Ticket, emulator::Ticket>,
    /// Launches that the machine has, unfinished when it last stopped.
    pub(super) under_way: Vec<(Ticket, emulator::Ticket)>,
    launches: u64,
    pub(super) reports: HashMap<Ticket, LaunchReport>,
    /// Cycles of the finished launches.
    pub(super) cycles: HashMap<Ticket, u64>,
    /// Unfinished launches whose reports will not be read.
    pub(super) forgotten: HashSet<Ticket>,
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

impl Machine {
    /// A machine with one GPU per rank.
    pub(super) fn new(settings: &Settings) -> Result<Machine, emulator::Error> {
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
        Ok(Machine {
            machine: emulator::Machine::new(config)?,
            multiprocessors: settings.multiprocessors,
            ranks: (0..settings.ranks).map(|_| RankState::default()).collect(),
            loaded: HashMap::new(),
            kernels: Vec::new(),
            multicasts: HashMap::new(),
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

    /// Frees what is not used any more: local memory of ranks without launches, and the symmetric
    /// allocations that every rank has released.
    pub(super) fn free_released(&mut self, seats: &Seats) {
        let mut free = Vec::new();
        for rank in self.ranks.iter_mut().filter(|rank| rank.is_idle()) {
            free.append(&mut rank.released);
        }
        if self.ranks.iter().all(|rank| rank.is_idle()) {
            let longest = self.ranks.iter().map(|rank| rank.symmetric.len()).max().unwrap_or(0);
            for index in 0..longest {
                let done = self.ranks.iter().enumerate().all(|(number, rank)| {
                    seats.has_departed(number)
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

    /// Cycles of the launches of a stream between two events, which are finished; `None` if the
    /// events are the wrong way round.
    pub(super) fn cycles(&self, from: EventHandle, to: EventHandle) -> Option<u64> {
        let between = self.streams.between(from, to)?;
        Some(between.iter().filter_map(|ticket| self.cycles.get(ticket)).sum())
    }

    /// Drops a report that will not be read.
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

/// An error of the machine, with the rank that it is about.
pub(super) fn machine_error(rank: Option<usize>, error: emulator::Error) -> Error {
    Error::Machine { rank, cause: Arc::new(error) }
}
