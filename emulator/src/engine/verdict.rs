//! Saying what went wrong: positions of faults, and who waits for what in a deadlock.

use super::Engine;
use crate::error::{Deadlock, Error, Fault, Livelock, Position, Waiter};
use crate::execute::{Awaited, Raised};
use crate::memory::{Memory, window};
use crate::op::Space;
use crate::parking::Read;
use crate::pending::Pending;
use crate::warp::{State, Warp};

impl Engine {
    pub(super) fn position(&self, launches: &[Pending], place: usize, pc: u32) -> Option<Position> {
        let warp = self.warp(place)?;
        let block = self.blocks.get(warp.block)?.as_ref()?;
        let launch = &launches[block.launch];
        let origin = launch.code.origins.get(pc as usize)?;
        Some(Position {
            kernel: launch.code.name.clone(),
            instruction: origin.text.clone(),
            line: origin.line,
            source: launch.code.source(pc),
            gpu: launch.gpu,
            block: block.index,
            warp: warp.index,
        })
    }

    pub(super) fn fault(&self, launches: &[Pending], place: usize, pc: u32, raised: Raised) -> Error {
        match self.position(launches, place, pc) {
            Some(position) => {
                let schedule = self.described.clone();
                Error::Fault(Box::new(Fault { kind: raised.kind, position, lane: raised.lane, schedule }))
            }
            None => Error::Handle(raised.kind.to_string()),
        }
    }

    pub(super) fn deadlock(&self, memory: &Memory, launches: &[Pending]) -> Deadlock {
        let mut waiters = Vec::new();
        for (place, warp) in self.warps.iter().enumerate() {
            let Some(warp) = warp else { continue };
            for group in &warp.groups {
                if let Some(position) = self.position(launches, place, group.pc) {
                    let reason = self.reason(memory, warp, &group.state);
                    waiters.push(Waiter { position, lanes: group.mask, reason });
                }
            }
        }
        waiters.sort_by_key(|waiter| {
            let [x, y, z] = waiter.position.block;
            (waiter.position.gpu, waiter.position.kernel.clone(), [z, y, x], waiter.position.warp)
        });
        let unstarted = self
            .streams
            .values()
            .filter_map(|queue| Some(&launches[*queue.front()?]))
            .filter(|launch| launch.started < launch.blocks())
            .map(|launch| (launch.code.name.clone(), launch.gpu, launch.blocks() - launch.started))
            .collect();
        Deadlock { waiters, unstarted, schedule: self.described.clone() }
    }

    pub(super) fn livelock(&self, launches: &[Pending]) -> Livelock {
        let mut groups = Vec::new();
        for (place, warp) in self.warps.iter().enumerate() {
            for group in warp.iter().flat_map(|warp| warp.ready_groups()) {
                groups
                    .extend(self.position(launches, place, group.pc).map(|position| (position, group.mask)));
            }
        }
        groups.sort_by_key(|(position, _)| {
            let [x, y, z] = position.block;
            (position.gpu, position.kernel.clone(), [z, y, x], position.warp)
        });
        Livelock { instructions: self.idle, groups, schedule: self.described.clone() }
    }

    pub(super) fn reason(&self, memory: &Memory, warp: &Warp, state: &State) -> String {
        match state {
            State::Ready | State::Sleeping => "its turn".into(),
            State::WarpSync => "lanes that its member mask names".into(),
            State::Awaits(Awaited::Copies) => "its asynchronous copies".into(),
            State::Awaits(Awaited::Cluster) => {
                let block = self.blocks[warp.block].as_ref();
                let cluster = block.and_then(|block| self.clusters[block.cluster].as_ref());
                let (arrived, alive) =
                    cluster.map_or((0, 0), |cluster| (cluster.barrier.arrived, cluster.barrier.alive));
                format!("the barrier of its cluster: {arrived} of {alive} threads have arrived")
            }
            State::Gathering => "the other lanes of its warp, to arrive at the block barrier together".into(),
            State::Barrier(id) => {
                let block = self.blocks[warp.block].as_ref();
                let (arrived, expected) = block.map_or((0, 0), |block| {
                    let barrier = &block.barriers[*id as usize];
                    (barrier.arrived, barrier.expected.unwrap_or(block.alive))
                });
                format!("barrier {id}: {arrived} of {expected} warps have arrived")
            }
            State::Parked(parking) if parking.reads.is_empty() => "nothing: an endless loop".into(),
            State::Parked(parking) => {
                const SHOWN: usize = 4;
                let mut reads = parking.reads.clone();
                reads.dedup_by_key(|read| read.address);
                let describe = |read: &Read| {
                    if let Some(text) = self.mbarrier(read) {
                        return text;
                    }
                    let place = if window::space(read.address) == Space::Shared {
                        format!("shared memory + {}", read.address & 0xffff_ffff)
                    } else {
                        memory.describe(read.address)
                    };
                    format!("{place} (value {:#x}, {} bytes)", read.value, read.bytes)
                };
                let shown = reads.iter().take(SHOWN).map(describe).collect::<Vec<_>>().join(" or ");
                let more = if reads.len() > SHOWN {
                    format!(" or {} more places", reads.len() - SHOWN)
                } else {
                    String::new()
                };
                format!("a change of {shown}{more}")
            }
        }
    }
}
