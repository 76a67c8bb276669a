//! Hosts: the programs that launch kernels, and what they know of each other.
//!
//! One host may drive all GPUs. Then the end of a run orders everything, and nothing is left to
//! find between two runs. Or each GPU has a host of its own, as in a distributed program. Such a
//! host is a thread like others: it knows what the launches of its GPU did once it has waited for
//! them, its launches follow what it knew when it made them, and it knows what other GPUs did only
//! as far as its own GPU's kernels, or a meeting of the hosts, tell. Its copies are weak accesses.

use super::Detector;
use super::check::{Racing, Request};
use super::clock::LaunchId;
use super::knowledge::Knowledge;
use super::lanes::LaneClocks;
use super::report::Later;
use super::scope::Place;
use super::shadow::Shadow;
use super::stamp::{Access, Kind, Mark, Proxy};
use super::{Actor, Launched};
use crate::config::Hosts;
use crate::error::Race;
use crate::op::Space;

/// Distinct accesses after which the next run begins anew, as if all hosts had met: it bounds
/// memory.
const MOST_BETWEEN_MEETINGS: usize = 1 << 22;

/// A host has one thread.
const THREAD: u32 = 1;

impl Detector {
    /// A run begins. One host waited for everything before; hosts of one GPU each did not.
    pub(crate) fn start_run(&mut self) {
        let is_full = self.stamps.count() > MOST_BETWEEN_MEETINGS;
        if self.hosts.is_empty() || is_full {
            self.forget();
        }
    }

    /// All that was is over, and everybody knows.
    pub(crate) fn forget(&mut self) {
        let (gpus, kind) = (self.gpus, self.kind);
        *self = Detector { run: self.run.wrapping_add(1).max(1), gpus, kind, ..Detector::default() };
        if kind == Hosts::PerGpu {
            for gpu in 0..gpus {
                let launch = LaunchId { number: self.launches.len() as u32, ..LaunchId::NONE };
                let nothing = Knowledge::default;
                self.launches.push(Launched {
                    id: launch,
                    code: None,
                    gpu,
                    start: nothing(),
                    end: nothing(),
                });
                // No scope but that of the system contains a host.
                let place = Place {
                    gpu: usize::MAX - gpu,
                    cluster: u32::MAX - gpu as u32,
                    block: u32::MAX - gpu as u32,
                };
                let number = self.actors.len() as u32;
                self.actors.push(Actor { launch, place, block: [0; 3], warp: 0 });
                self.hosts.push(LaneClocks::new(number, launch, place, THREAD, nothing()));
            }
        }
    }

    /// The host of a GPU makes a launch, which follows all that the host knows.
    pub(crate) fn enqueue(&mut self, ticket: usize, gpu: usize) {
        if let Some(host) = self.hosts.get_mut(gpu) {
            self.enqueued.insert(ticket, host.published(0));
            host.tick();
        }
    }

    /// The host of a GPU waits for all streams of the GPU.
    pub(crate) fn host_waits(&mut self, gpu: usize) {
        let Some(host) = self.hosts.get_mut(gpu) else { return };
        for (_, end) in self.streams.iter().filter(|((of, _), _)| *of == gpu) {
            host.acquire(THREAD, end);
        }
    }

    /// All hosts wait for each other.
    pub(crate) fn hosts_meet(&mut self) {
        let mut all = Knowledge::default();
        for host in &self.hosts {
            all.join(&host.published(0));
        }
        for host in &mut self.hosts {
            host.acquire(THREAD, &all);
            host.tick();
        }
    }

    /// The host of a GPU copies from or to the memory of its GPU, after all launches that are
    /// over.
    pub(crate) fn host_access(
        &mut self,
        gpu: usize,
        kind: Kind,
        shadow: &mut Shadow,
        (offset, length): (usize, usize),
        describe: impl Fn(usize) -> String,
    ) -> Result<(), Box<Race>> {
        if self.hosts.is_empty() {
            return Ok(());
        }
        self.host_waits(gpu);
        let mut host = std::mem::replace(
            &mut self.hosts[gpu],
            LaneClocks::new(0, LaunchId::NONE, Place { gpu, cluster: 0, block: 0 }, 0, Knowledge::default()),
        );
        let access = Access {
            kind,
            strong: None,
            bytes: 1,
            proxy: Proxy::Generic,
            non_coherent: false,
            asynchronous: false,
        };
        let stamp = self.stamp(&mut host, access, 0, 0);
        let request = Request {
            view: &host,
            actor: host.actor,
            launch: host.launch,
            place: host.place,
            mark: Mark::lane(stamp, 0),
            lanes: THREAD,
            access,
            space: Space::Global,
        };
        let checked = self.request(shadow, &request, offset, length).map_err(|racing: Racing| {
            let later = Later::of_warp(&host, access, 0, 0, Space::Global);
            Box::new(self.race(&racing, &later, describe(racing.offset)))
        });
        self.hosts[gpu] = host;
        checked
    }
}
