//! Runs launches to their end: blocks onto multiprocessors, warps in turn, waiters awake when what
//! they wait for happens, and a verdict when nothing can happen any more.

mod agent;
mod barrier;
mod exploring;
mod verdict;
mod waiting;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use crate::agent::{Agents, Issuer, shared_key};
use crate::block::{BARRIERS, Barrier, Block};
use crate::clock::Clock;
use crate::cluster::Cluster;
use crate::config::Config;
use crate::consistency::Detector;
use crate::counters::BlockWaits;
use crate::error::Error;
use crate::execute::{self, Environment};
use crate::gpu::Gpu;
use crate::memory::Memory;
use crate::pending::Pending;
use crate::report::Report;
use crate::schedule::{self, Schedule, Turn};
use crate::trace::{Recorder, Trace};
use crate::warp::{Stop, Warp};

/// What is resident, and who may execute.
#[derive(Debug)]
pub(crate) struct Engine {
    gpus: Vec<Gpu>,
    warps: Vec<Option<Box<Warp>>>,
    free_warps: Vec<usize>,
    blocks: Vec<Option<Block>>,
    free_blocks: Vec<usize>,
    clusters: Vec<Option<Cluster>>,
    free_clusters: Vec<usize>,
    /// Clusters that have started.
    started_clusters: u64,
    ready: VecDeque<usize>,
    /// (cycle, warp, group), earliest first.
    sleepers: BinaryHeap<Reverse<(u64, usize, u32)>>,
    /// Launches by (GPU, stream); the first of each runs.
    pub(crate) streams: BTreeMap<(usize, u32), VecDeque<usize>>,
    clock: Clock,
    pub(crate) recorder: Option<Recorder>,
    /// The interpreter's loop for AVX2 and FMA.
    wide: bool,
    agents: Agents,
    pub(crate) schedule: Box<dyn Schedule>,
    /// Looks for data races, if checks are on.
    pub(crate) detector: Option<Detector>,
    /// The policy in words.
    pub(crate) described: String,
    livelock_after: u64,
    /// Instructions since a warp exited, a barrier completed or a copy finished.
    idle: u64,
}

impl Engine {
    /// An idle engine.
    pub(crate) fn new(config: &Config) -> Engine {
        Engine {
            gpus: vec![Gpu::new(config.sms_per_gpu); config.gpus],
            warps: Vec::new(),
            free_warps: Vec::new(),
            blocks: Vec::new(),
            free_blocks: Vec::new(),
            clusters: Vec::new(),
            free_clusters: Vec::new(),
            started_clusters: 0,
            ready: VecDeque::new(),
            sleepers: BinaryHeap::new(),
            streams: BTreeMap::new(),
            clock: Clock::new(),
            recorder: config.trace.then(Recorder::default),
            wide: !config.baseline && execute::is_wide_supported(),
            agents: Agents::default(),
            schedule: schedule::new(config),
            detector: config.checks.then(|| Detector::new(config)),
            described: config.policy.describe(config.schedule_seed),
            livelock_after: config.livelock_after,
            idle: 0,
        }
    }

    /// Runs until every stream is empty; or until a GPU of those that are `awaited` is idle and
    /// nothing else happens until time passes or its host acts.
    pub(crate) fn run(
        &mut self,
        memory: &mut Memory,
        launches: &mut [Pending],
        awaited: &[usize],
    ) -> Result<(), Error> {
        let is_resumed = self.blocks.iter().any(Option::is_some);
        if let Some(detector) = &mut self.detector
            && !is_resumed
        {
            detector.start_run();
        }
        self.idle = 0;
        self.wake_watchers(memory);
        let gpus: Vec<usize> = (0..self.gpus.len()).collect();
        for gpu in gpus {
            self.start_blocks(launches, gpu);
        }
        loop {
            while let Some(turn) = self.next_turn(launches)? {
                self.turn(memory, launches, turn)?;
                if self.idle > self.livelock_after {
                    return Err(Error::Livelock(self.livelock(launches)));
                }
            }
            if self.wake_sleepers() {
                continue;
            }
            if awaited.iter().any(|&gpu| self.is_idle(gpu)) {
                return Ok(());
            }
            if !self.wake_timed(memory) {
                break;
            }
        }
        if self.streams.values().any(|queue| !queue.is_empty()) {
            return Err(Error::Deadlock(self.deadlock(memory, launches)));
        }
        Ok(())
    }

    /// Whether nothing is left to run on the GPU.
    pub(crate) fn is_idle(&self, gpu: usize) -> bool {
        self.streams.range((gpu, 0)..=(gpu, u32::MAX)).all(|(_, queue)| queue.is_empty())
    }

    /// Starts blocks of the launches at the head of the GPU's streams while there is room.
    fn start_blocks(&mut self, launches: &mut [Pending], gpu: usize) {
        let heads: Vec<(u32, usize)> = self
            .streams
            .range((gpu, 0)..=(gpu, u32::MAX))
            .filter_map(|(&(_, stream), queue)| Some((stream, *queue.front()?)))
            .collect();
        for (stream, ticket) in heads {
            if launches[ticket].after.iter().any(|&earlier| launches[earlier].report.is_none()) {
                continue;
            }
            if let Some(detector) = &mut self.detector {
                let Pending { code, after, .. } = &launches[ticket];
                detector.start_launch(ticket, code, (gpu, stream), after);
            }
            while launches[ticket].started < launches[ticket].blocks() {
                let launch = &mut launches[ticket];
                let placed = self.gpus[gpu].place(launch.demand(), launch.blocks_of_cluster());
                let Some(multiprocessors) = placed else { break };
                self.start_cluster(launch, ticket, &multiprocessors);
            }
        }
    }

    /// Starts the blocks of a cluster together, each on one of the multiprocessors.
    fn start_cluster(&mut self, launch: &mut Pending, ticket: usize, multiprocessors: &[usize]) {
        let cluster = self.free_clusters.pop().unwrap_or_else(|| {
            self.clusters.push(None);
            self.clusters.len() - 1
        });
        let mut first = None;
        let mut slots = Vec::with_capacity(multiprocessors.len());
        for &sm in multiprocessors {
            let number = self.detector.as_mut().map_or(0, Detector::start_block);
            let numbers = (number, *first.get_or_insert(number));
            slots.push(self.start_block(launch, ticket, (sm, cluster), numbers));
        }
        self.started_clusters += 1;
        let (threads, shared) = (launch.threads(), launch.shared());
        let mut started = Cluster::new(self.started_clusters, slots, threads, shared);
        if let Some(offset) = launch.code.reserved_shared {
            started.initialise_reserved(offset);
        }
        self.clusters[cluster] = Some(started);
    }

    /// Starts a block of a cluster; `numbers` are what the detector calls it and the cluster's
    /// first block.
    fn start_block(
        &mut self,
        launch: &mut Pending,
        ticket: usize,
        (sm, cluster): (usize, usize),
        numbers: (u32, u32),
    ) -> usize {
        let index = launch.block_index(launch.started);
        let now = self.clock.cycles();
        launch.started += 1;
        launch.residency.block_starts(sm, now);
        let threads = launch.threads();
        let count = threads.div_ceil(32);
        let slot = self.free_blocks.pop().unwrap_or_else(|| {
            self.blocks.push(None);
            self.blocks.len() - 1
        });
        let mut warps = Vec::with_capacity(count as usize);
        for number in 0..count {
            let sms = self.gpus[launch.gpu].count();
            let mut warp = Box::new(launch.warp(slot, ticket, index, number, sm, sms));
            if let Some(detector) = &mut self.detector {
                warp.private.clocks =
                    detector.start_warp(ticket, (index, numbers.0, numbers.1), number, warp.alive);
            }
            let place = self.free_warps.pop().unwrap_or_else(|| {
                self.warps.push(None);
                self.warps.len() - 1
            });
            self.warps[place] = Some(warp);
            if let Some(recorder) = &mut self.recorder {
                recorder.warp_starts(place, (launch.gpu, sm), ticket, (index, number), now);
            }
            warps.push(place);
            self.enqueue(place);
        }
        self.blocks[slot] = Some(Block {
            launch: ticket,
            index,
            sm,
            threads,
            cluster,
            rank: launch.rank(index),
            warps,
            alive: count,
            barriers: vec![Barrier::default(); BARRIERS],
            agents: 0,
            started: now,
            waits: BlockWaits::default(),
        });
        slot
    }

    /// Puts a warp with a ready group into the run queue.
    fn enqueue(&mut self, place: usize) {
        if let Some(warp) = &mut self.warps[place]
            && !warp.queued
            && warp.has_ready_group()
        {
            warp.queued = true;
            self.ready.push_back(place);
        }
    }

    fn turn(&mut self, memory: &mut Memory, launches: &mut [Pending], turn: Turn) -> Result<(), Error> {
        if turn.warp & schedule::AGENT != 0 {
            return self.agent_turn(memory, launches, turn);
        }
        let Some(mut warp) = self.warps[turn.warp].take() else { return Ok(()) };
        warp.queued = false;
        let slot = warp.block;
        let Some(block) = self.blocks[slot].as_mut() else { return Ok(()) };
        let cluster_slot = block.cluster;
        let Some(cluster) = self.clusters[cluster_slot].as_mut() else { return Ok(()) };
        let ticket = block.launch;
        let launch = &mut launches[ticket];
        let (code, operations) = (launch.code.clone(), launch.operations.clone());
        let sharing = self.ready.len() as u64 + 1;
        let issuer = Issuer {
            ticket,
            slot,
            cluster: (cluster_slot, cluster.number),
            block: block.index,
            place: turn.warp,
            warp: warp.index,
        };
        let mut env = Environment {
            code: &code,
            operations: &operations,
            memory,
            block,
            cluster,
            parameters: &mut launch.parameters,
            counters: &mut launch.counters,
            wide: self.wide,
            now: self.clock.cycles(),
            sharing,
            shared_key: shared_key(cluster_slot),
            agents: &mut self.agents,
            issuer,
            launched: &mut launch.agents,
            gpu: launch.gpu,
            printed: &mut launch.printed,
            detector: self.detector.as_mut(),
            schedule: self.schedule.as_mut(),
        };
        let (executed, result) = warp.run(&mut env, turn.budget, turn.group);
        self.clock.advance(u64::from(executed), sharing);
        self.idle += u64::from(executed);
        self.schedule.executed(executed);
        self.warps[turn.warp] = Some(warp);
        if !self.agents.issued.is_empty() {
            self.schedule_agents();
        }
        self.sample(launches, false);
        let stop = match result {
            Ok(stop) => stop,
            Err((pc, raised)) => return Err(self.fault(launches, turn.warp, pc, raised)),
        };
        self.wake_cluster(cluster_slot);
        match stop {
            Stop::TurnOver | Stop::Blocked => {}
            Stop::Arrived { barrier } => {
                let op = code.barriers[barrier as usize];
                if let Err(raised) = self.arrive(turn.warp, op) {
                    let pc = self.warp(turn.warp).map_or(0, |warp| warp.groups[0].pc);
                    return Err(self.fault(launches, turn.warp, pc, raised));
                }
                self.complete_barriers(slot, launches);
            }
            Stop::Sleeping { group, until } => {
                self.begin_wait(turn.warp, group);
                self.sleepers.push(Reverse((until, turn.warp, group)));
            }
            Stop::Parking { group, parking } => self.park(memory, turn.warp, group, parking),
            Stop::Exited => self.exit_warp(launches, turn.warp, slot)?,
        }
        self.enqueue(turn.warp);
        if !memory.watch.notified.is_empty() {
            self.wake_watchers(memory);
        }
        Ok(())
    }

    /// Takes the bytes on the links for the trace, if it is time or `now`.
    fn sample(&mut self, launches: &[Pending], at_once: bool) {
        let now = self.clock.cycles();
        if let Some(recorder) = &mut self.recorder
            && (at_once || recorder.is_due(now))
        {
            let running =
                self.streams.values().filter_map(|queue| queue.front()).map(|&ticket| &launches[ticket]);
            recorder.sample(running, now);
        }
    }

    /// What was recorded so far.
    pub(crate) fn take_trace(&mut self, launches: &[Pending]) -> Option<Trace> {
        let now = self.clock.cycles();
        self.recorder.as_mut().map(|recorder| recorder.take(launches, now))
    }

    /// Lets those go on who wait for a phase of the cluster's barrier that was just completed.
    fn wake_cluster(&mut self, slot: usize) {
        let Some(cluster) = self.clusters[slot].as_mut().filter(|cluster| cluster.barrier.completed) else {
            return;
        };
        cluster.barrier.completed = false;
        self.idle = 0;
        let blocks = cluster.blocks.iter().flatten().filter_map(|&block| self.blocks[block].as_ref());
        let places: Vec<usize> = blocks.flat_map(|block| block.warps.iter().copied()).collect();
        for place in places {
            self.wake_issuer(place);
        }
    }

    /// A block has exited: the memory of its cluster goes with the last one.
    fn leave_cluster(&mut self, block: &Block) {
        let Some(cluster) = self.clusters[block.cluster].as_mut() else { return };
        cluster.blocks[block.rank as usize] = None;
        if cluster.blocks.iter().all(Option::is_none) {
            self.clusters[block.cluster] = None;
            self.free_clusters.push(block.cluster);
        }
    }

    fn warp(&self, place: usize) -> Option<&Warp> {
        self.warps.get(place)?.as_deref()
    }

    fn warp_mut(&mut self, place: usize) -> Option<&mut Warp> {
        self.warps.get_mut(place)?.as_deref_mut()
    }

    fn exit_warp(&mut self, launches: &mut [Pending], place: usize, slot: usize) -> Result<(), Error> {
        self.warps[place] = None;
        self.idle = 0;
        self.clock.reset_jump();
        let now = self.clock.cycles();
        let Some(block) = self.blocks[slot].as_mut() else { return Ok(()) };
        launches[block.launch].residency.warp_ends(block.started, now);
        if let Some(recorder) = &mut self.recorder {
            recorder.warp_ends(place, launches, now);
        }
        block.alive -= 1;
        if block.alive > 0 {
            self.complete_barriers(slot, launches);
            return Ok(());
        }
        self.abandon_agents(launches, slot)?;
        let Some(block) = self.blocks[slot].take() else { return Ok(()) };
        self.leave_cluster(&block);
        self.free_blocks.push(slot);
        self.free_warps.extend(&block.warps);
        let ticket = block.launch;
        let launch = &mut launches[ticket];
        let gpu = launch.gpu;
        self.gpus[gpu].release(block.sm, launch.demand());
        launch.residency.block_ends(block.sm, &block.waits, now);
        launch.finished += 1;
        self.finish_launch(launches, ticket);
        self.start_blocks(launches, gpu);
        Ok(())
    }

    /// Writes the report if all blocks have exited and all their agents are finished; whether that
    /// is so.
    fn finish_launch(&mut self, launches: &mut [Pending], ticket: usize) -> bool {
        let launch = &mut launches[ticket];
        let gpu = launch.gpu;
        let finished = launch.finished == launch.blocks() && launch.agents == 0;
        if finished {
            let mut activity = launch.counters.activity(&launch.code);
            launch.residency.complete(&mut activity, self.clock.cycles());
            launch.report = Some(Report {
                kernel: launch.code.name.clone(),
                gpu,
                warp_instructions: activity.instructions.total(),
                traffic: launch.counters.traffic(gpu),
                activity,
            });
            let now = self.clock.cycles();
            for (&(gpu, stream), queue) in &mut self.streams {
                if queue.front() == Some(&ticket) {
                    queue.pop_front();
                    if let Some(detector) = &mut self.detector {
                        detector.end_launch(ticket, gpu, stream);
                    }
                    if let Some(recorder) = &mut self.recorder {
                        let launch = &launches[ticket];
                        let begun = launch.residency.begun().unwrap_or(now);
                        recorder.launch_ends(launch, stream, (begun, now));
                    }
                }
            }
            self.sample(launches, true);
        }
        finished
    }
}
