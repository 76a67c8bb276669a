//! The PTX memory consistency model (PTX ISA section 8): data races with scopes and proxies, and
//! what strong reads may find.
//!
//! The race detector follows FastTrack (Flanagan and Freund, PLDI 2009): shadow memory remembers
//! the last write and the reads since, as moments of threads, and vector clocks tell whether
//! somebody knows of them. It differs where PTX does ("A Formal Analysis of the NVIDIA PTX Memory
//! Consistency Model", Lustig, Sahasrabuddhe and Giroux, ASPLOS 2019): synchronisation needs scopes
//! that contain each other's threads, relaxed accesses of one size never race with each other
//! within their scopes, and bulk copies reach memory through a proxy of their own.
//!
//! - [`clock`], [`knowledge`]: what somebody knows of the past of every warp.
//! - [`past`], [`lanes`], [`halves`], [`patterns`]: what each lane of a warp knows; releases,
//!   acquires, fences and meetings.
//! - [`stamp`], [`shadow`], [`row`]: what memory knows of accesses.
//! - [`check`], [`relation`], [`view`]: whether an access is ordered after those before it;
//!   [`whole_warp`] for whole warps.
//! - [`location`], [`strong`]: release patterns, acquire patterns and what travels between them;
//!   which of the remembered stores a strong read finds, as in "Dynamic Race Detection for C++11"
//!   (Lidbury and Donaldson, POPL 2017).
//! - [`helper`]: copies as threads of their own.
//! - [`phases`] for mbarriers, and whether bulk copies find them initialised.
//! - [`host`]: the programs that launch.
//! - [`report`]: a race in words, with the nearest remedy.
//!
//! # Decisions and deviations
//!
//! What differs from section 8 of the PTX ISA, or is decided where it leaves a choice:
//!
//! 1. Stores take effect in program order and coherence is the order of execution, so load
//!    buffering and what needs stores to be delayed past later stores (2+2W) is not produced.
//! 2. Weak loads find the newest value: if another one were possible, there would be a race.
//! 3. Lanes of one instruction that store the same value to the same place do not race; different
//!    values do, as it is undefined which stays. Lanes of one instruction that load the same place
//!    strongly find the same store.
//! 4. The PTX ISA describes `fence.proxy.async` with the instruction and has no rule for it in
//!    section 8. Here it covers what its thread knows. Barriers and releases pass that on within
//!    the block and not beyond, since section 8.9.5 preserves causality within the async proxy for
//!    one thread block only: what passes to another block passes as ordinary accesses do. So a bulk
//!    copy must be after such a fence of its own block with respect to *writes* of what it reads or
//!    writes, ordinary ones and those of other blocks' bulk copies. The completion of a copy is
//!    followed by the implicit fence that section 9.7.9.25 names, so ordinary accesses after it
//!    need none, in any block. *Reads* of what a copy overwrites need no fence either: they are
//!    over. A fence whose news comes back to its block by way of another block is asked for again.
//!    Fences after which a thread comes by `barrier.cluster`, or by an mbarrier that other blocks
//!    of the cluster arrive at, count whatever their block.
//! 5. The phase of an mbarrier makes known what all earlier phases did. The PTX ISA does not say
//!    that `fence.mbarrier_init` is a proxy fence; here it is one for the initialisations of its
//!    thread, as NVIDIA's libraries use it, and orders nothing else.
//! 6. A write hides the writes before it that it is ordered after, unless they are weaker: of less
//!    scope or another size, or not strong. So an access that races only with such an earlier write
//!    is found.
//! 7. `ld.global.nc` races with every write that was not complete when its kernel began, or is made
//!    before it is known to be over.
//! 8. A run has room for 2^25 distinct accesses between synchronisations. Later ones are not
//!    remembered: races with them go unnoticed.
//! 9. With `Hosts::PerGpu`, more than 2^22 distinct accesses since the hosts began make the next
//!    run begin as if all had met: a race across that moment goes unnoticed. The same holds after a
//!    run that failed.
//! 10. Of a location eight strong stores are remembered. An older one counts as ordered before what
//!     comes later.
//! 11. `mbarrier.inval` is a strong use of the mbarrier and does not race with waits and arrivals
//!     before it: libcu++ ends its pipelines after votes, which order nothing. Who uses the
//!     mbarrier afterwards is reported, in the schedules in which somebody does.

mod check;
pub(crate) mod clock;
mod halves;
mod helper;
mod host;
pub(crate) mod knowledge;
pub(crate) mod lanes;
mod location;
mod past;
mod patterns;
mod phases;
mod relation;
mod report;
mod row;
pub(crate) mod scope;
mod shadow;
pub(crate) mod stamp;
mod strong;
mod view;
mod whole_warp;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::code::Code;
use crate::config::{Config, Hosts};
use crate::op::{Fence, Order, Scope};
pub(crate) use check::Racing;
use clock::LaunchId;
pub(crate) use helper::{AgentClock, Trail};
pub(crate) use knowledge::Knowledge;
pub(crate) use lanes::LaneClocks;
pub(crate) use phases::Phases;
pub(crate) use report::Later;
pub(crate) use scope::Place;
use shadow::Sets;
pub(crate) use shadow::Shadow;
use stamp::Stamps;
pub(crate) use stamp::{Access, Kind, Mark, Proxy};
pub(crate) use strong::Strong;

/// A warp, a group of helper threads that copy for one, or a host.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    launch: LaunchId,
    place: Place,
    block: [u32; 3],
    warp: u32,
}

/// A launch, or what stands for one where a host is an actor.
#[derive(Clone, Debug)]
struct Launched {
    id: LaunchId,
    /// `None` for a host.
    code: Option<Arc<Code>>,
    gpu: usize,
    /// What all its threads know at their start.
    start: Knowledge,
    /// What all its threads knew at their end.
    end: Knowledge,
}

/// What fences of sequential consistency hand to later ones, by how far their scopes reach.
#[derive(Clone, Debug, Default)]
struct Fences {
    blocks: HashMap<u32, Knowledge>,
    clusters: HashMap<u32, Knowledge>,
    gpus: HashMap<usize, Knowledge>,
    system: Knowledge,
}

/// Everything about all launches between two moments at which every host knows that nothing runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detector {
    /// Which of these spans it is.
    run: u32,
    gpus: usize,
    kind: Hosts,
    /// One for each GPU, if hosts are told apart.
    hosts: Vec<LaneClocks>,
    /// What hosts knew when they made launches that have not begun, by ticket.
    enqueued: HashMap<usize, Knowledge>,
    /// The proxy of bulk copies matters only if there are any.
    tracks_proxies: bool,
    stamps: Stamps,
    sets: Sets,
    actors: Vec<Actor>,
    launches: Vec<Launched>,
    tickets: HashMap<usize, u32>,
    /// Numbers of streams.
    numbers: HashMap<(usize, u32), u32>,
    /// What the next launch of a stream knows, by GPU and stream.
    streams: HashMap<(usize, u32), Knowledge>,
    fences: Fences,
    blocks: u32,
}

impl Detector {
    /// A detector for a machine.
    pub(crate) fn new(config: &Config) -> Detector {
        let mut detector = Detector { gpus: config.gpus, kind: config.hosts, ..Detector::default() };
        detector.forget();
        detector
    }

    /// Blocks of a launch begin; it follows everything that its stream did before, and the launches
    /// of `after`.
    pub(crate) fn start_launch(
        &mut self,
        ticket: usize,
        code: &Arc<Code>,
        (gpu, stream): (usize, u32),
        after: &[usize],
    ) {
        if self.tickets.contains_key(&ticket) {
            return;
        }
        self.tracks_proxies |= code.asynchronous;
        let mut start = self.streams.get(&(gpu, stream)).cloned().unwrap_or_default();
        if let Some(known) = self.enqueued.remove(&ticket) {
            start.join(&known);
        }
        // A launch that is not known any more ended before everybody waited for everything.
        for number in after.iter().filter_map(|earlier| self.tickets.get(earlier)) {
            start.join(&self.launches[*number as usize].end);
        }
        // The boundaries of launches order all proxies (PTX ISA section 8.9.4): bulk copies follow
        // what the host copied, too.
        if self.tracks_proxies {
            start.fence_proxy(true, true);
        }
        let streams = self.numbers.len() as u32;
        let stream = *self.numbers.entry((gpu, stream)).or_insert(streams);
        let id = LaunchId { number: self.launches.len() as u32, stream };
        self.tickets.insert(ticket, id.number);
        self.launches.push(Launched { id, code: Some(code.clone()), gpu, start: start.clone(), end: start });
    }

    /// The last thread of a launch exited and its copies are complete.
    pub(crate) fn end_launch(&mut self, ticket: usize, gpu: usize, stream: u32) {
        let Some(&number) = self.tickets.get(&ticket) else { return };
        let mut end = std::mem::take(&mut self.launches[number as usize].end);
        let id = self.launches[number as usize].id;
        Arc::make_mut(&mut end.generic).complete(id);
        // The boundaries of launches order all proxies (PTX ISA section 8.9.4).
        if self.tracks_proxies {
            end.fence_proxy(true, true);
        }
        self.launches[number as usize].end = end.clone();
        self.streams.insert((gpu, stream), end);
    }

    /// A number for a block that starts.
    pub(crate) fn start_block(&mut self) -> u32 {
        self.blocks += 1;
        self.blocks
    }

    /// A warp starts with the lanes of `mask`. A block is its index, its number, and that of the
    /// cluster's first block.
    pub(crate) fn start_warp(
        &mut self,
        ticket: usize,
        block: ([u32; 3], u32, u32),
        warp: u32,
        mask: u32,
    ) -> Option<Box<LaneClocks>> {
        let &launch = self.tickets.get(&ticket)?;
        let &Launched { id, gpu, ref start, .. } = &self.launches[launch as usize];
        let place = Place { gpu, cluster: block.2, block: block.1 };
        let number = self.actors.len() as u32;
        self.actors.push(Actor { launch: id, place, block: block.0, warp });
        Some(Box::new(LaneClocks::new(number, id, place, mask, start.clone())))
    }

    /// A number for a helper of a warp.
    fn add_helper(&mut self, warp: u32) -> u32 {
        self.actors.push(self.actors[warp as usize].clone());
        self.actors.len() as u32 - 1
    }

    /// Lanes of a warp exit.
    pub(crate) fn exit(&mut self, clocks: &mut LaneClocks, mask: u32) {
        self.launches[clocks.launch.number as usize].end.join(&clocks.published_by(mask));
        clocks.exit(mask);
    }

    /// A fence by the lanes of `mask`, in a block with these mbarriers.
    pub(crate) fn fence(
        &mut self,
        clocks: &mut LaneClocks,
        mbarriers: &mut BTreeMap<u32, Phases>,
        fence: Fence,
        (pc, mask): (u32, u32),
    ) {
        let (order, scope) = match fence {
            Fence::Threads(order, scope) => (order, scope),
            Fence::MbarrierInit => {
                if self.tracks_proxies {
                    self.fence_initialised(clocks, mask, mbarriers.values_mut());
                }
                return;
            }
            Fence::Proxy { global, shared } => {
                if self.tracks_proxies {
                    clocks.fence_proxy(mask, global, shared);
                }
                return;
            }
        };
        if order != Order::Release {
            clocks.fence_acquire(mask, scope, pc);
        }
        if order == Order::SequentiallyConsistent {
            self.fence_sequentially(clocks, mask, scope);
        }
        if order != Order::Acquire {
            clocks.fence_release(mask, scope, pc);
        }
    }

    /// `fence.sc`: it synchronises with those before it whose scopes and its own contain each
    /// other's threads (PTX ISA sections 8.9.3 and 8.9.4). The order of such fences is that of
    /// execution.
    fn fence_sequentially(&mut self, clocks: &mut LaneClocks, mask: u32, scope: Scope) {
        let Place { gpu, cluster, block } = clocks.place;
        for lane in clock::lanes(mask) {
            let mut earlier = self.fences.blocks.get(&block).cloned().unwrap_or_default();
            if scope >= Scope::Cluster
                && let Some(same_cluster) = self.fences.clusters.get(&cluster)
            {
                earlier.join(same_cluster);
            }
            if scope >= Scope::Gpu {
                if let Some(same_gpu) = self.fences.gpus.get(&gpu) {
                    earlier.join_from_elsewhere(same_gpu);
                }
                if scope == Scope::System {
                    earlier.join_from_elsewhere(&self.fences.system);
                }
            }
            clocks.acquire_from_anyone(lane, &earlier, clocks.place);
            let mine = clocks.published(lane);
            self.fences.blocks.entry(block).or_default().join(&mine);
            if scope >= Scope::Cluster {
                self.fences.clusters.entry(cluster).or_default().join(&mine);
            }
            if scope >= Scope::Gpu {
                self.fences.gpus.entry(gpu).or_default().join(&mine);
            }
            if scope == Scope::System {
                self.fences.system.join(&mine);
            }
        }
        clocks.tick();
    }
}
