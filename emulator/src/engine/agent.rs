//! Turns of agents, and what becomes of them when their block exits.

use super::Engine;
use crate::agent::{Agent, Progress, Room, Work, shared_key};
use crate::block::Block;
use crate::error::{Error, Fault, FaultKind, Position};
use crate::memory::{Memory, window};
use crate::op::Space;
use crate::parking::Read;
use crate::pending::Pending;
use crate::schedule::{AGENT, Turn};
use crate::warp::State;

/// A turn of this many instructions of a warp is a chunk for an agent.
const INSTRUCTIONS_PER_CHUNK: u32 = 8;

impl Engine {
    /// Puts the agents that were just issued into the run queue.
    pub(super) fn schedule_agents(&mut self) {
        self.ready.extend(self.agents.issued.drain(..).map(|serial| AGENT | serial as usize));
    }

    pub(super) fn agent_turn(
        &mut self,
        memory: &mut Memory,
        launches: &mut [Pending],
        turn: Turn,
    ) -> Result<(), Error> {
        let serial = (turn.warp & !AGENT) as u64;
        let Some(mut agent) = self.agents.live.remove(&serial) else { return Ok(()) };
        let issuer = agent.issuer;
        let mut room = Room {
            memory,
            cluster: self.clusters[issuer.cluster.0]
                .as_mut()
                .filter(|cluster| cluster.number == issuer.cluster.1),
            shared_key: shared_key(issuer.cluster.0),
            detector: self.detector.as_mut(),
        };
        let steps = (turn.budget / INSTRUCTIONS_PER_CHUNK).max(1);
        let progress = match agent.step(&mut room, &self.agents, steps, turn.group.is_some()) {
            Ok(progress) => progress,
            Err(kind) => return Err(blame(launches, &agent, kind, &self.described)),
        };
        if progress == Progress::Finished {
            self.idle = 0;
            if let Some(block) = self.blocks[issuer.slot].as_mut().filter(|block| holds(block, &agent)) {
                block.agents -= 1;
            }
            launches[issuer.ticket].agents -= 1;
            if self.finish_launch(launches, issuer.ticket) {
                self.start_blocks(launches, launches[issuer.ticket].gpu);
            }
        } else {
            self.agents.live.insert(serial, agent);
            self.ready.push_back(turn.warp);
        }
        if progress != Progress::Some {
            self.wake_issuer(issuer.place);
        }
        if !memory.watch.notified.is_empty() {
            self.wake_watchers(memory);
        }
        Ok(())
    }

    /// Lets groups of a warp look again whether their copies are complete.
    pub(super) fn wake_issuer(&mut self, place: usize) {
        let Some(warp) = self.warp(place) else { return };
        let waits = |state: &State| matches!(state, State::Awaits(_));
        let waiting: Vec<u32> =
            warp.groups.iter().filter(|group| waits(&group.state)).map(|group| group.id).collect();
        for id in waiting {
            self.end_wait(place, id);
            if let Some(group) = self.warp_mut(place).and_then(|warp| warp.group_mut(id)) {
                group.state = State::Ready;
            }
        }
        self.enqueue(place);
    }

    /// The block in `slot` exits. A bulk copy that still needs its shared memory is a mistake;
    /// `cp.async` is dropped, since nobody can see what it would write; writes to global memory go
    /// on.
    pub(super) fn abandon_agents(&mut self, launches: &mut [Pending], slot: usize) -> Result<(), Error> {
        let Some(block) = self.blocks[slot].as_ref() else { return Ok(()) };
        if let Some(cluster) =
            self.clusters[block.cluster].as_ref().filter(|cluster| cluster.blocks.len() > 1)
        {
            let others = self.agents.live.values().filter(|agent| {
                agent.issuer.cluster == (block.cluster, cluster.number) && agent.issuer.slot != slot
            });
            for agent in others {
                let inside = |offset: u32| cluster.owner(offset as usize) == block.rank;
                if let Work::Transfer(transfer) = &agent.work
                    && transfer.reaches(inside)
                {
                    let text = format!(
                        "the block {} of the cluster exits before this copy of another block into its shared memory is \
                         complete; meet at `barrier.cluster` first",
                        block.rank
                    );
                    let kind = FaultKind::Asynchronous(text);
                    return Err(blame(launches, agent, kind, &self.described));
                }
            }
        }
        if block.agents == 0 {
            return Ok(());
        }
        let mut dropped = Vec::new();
        for (&serial, agent) in self.agents.live.iter().filter(|(_, agent)| agent.issuer.slot == slot) {
            if !holds(block, agent) {
                continue;
            }
            match &agent.work {
                // What comes from registers needs the other block alone, whose end is looked at
                // above.
                Work::Transfer(transfer) if transfer.is_from_registers() && agent.bulk => {}
                Work::Transfer(transfer) if agent.bulk && transfer.needs_shared() => {
                    let text = if transfer.fills_shared() {
                        "the block exits before this copy into its shared memory is complete; wait for its mbarrier"
                    } else {
                        "the block exits while this copy still reads its shared memory; \
                         wait with `cp.async.bulk.wait_group.read`"
                    };
                    let kind = FaultKind::Asynchronous(text.into());
                    return Err(blame(launches, agent, kind, &self.described));
                }
                Work::Transfer(_) if agent.bulk => {}
                _ => dropped.push((serial, agent.issuer.ticket)),
            }
        }
        for (serial, ticket) in dropped {
            self.agents.live.remove(&serial);
            launches[ticket].agents -= 1;
        }
        Ok(())
    }

    /// The mbarrier that a parked group reads, with its state.
    pub(super) fn mbarrier(&self, read: &Read) -> Option<String> {
        if window::space(read.address) != Space::Shared {
            return None;
        }
        let slot = (window::offset(read.address) >> 32) as usize;
        self.clusters.get(slot)?.as_ref()?.mbarriers.describe(read.address as u32)
    }
}

/// Whether the block is the one whose warp issued the agent, and not a later one in its place.
fn holds(block: &Block, agent: &Agent) -> bool {
    block.launch == agent.issuer.ticket && block.index == agent.issuer.block
}

/// A fault of an agent, at the instruction that issued it.
fn blame(launches: &[Pending], agent: &Agent, kind: FaultKind, schedule: &str) -> Error {
    let launch = &launches[agent.issuer.ticket];
    let origin = &launch.code.origins[agent.pc as usize];
    let position = Position {
        kernel: launch.code.name.clone(),
        instruction: origin.text.clone(),
        line: origin.line,
        source: launch.code.source(agent.pc),
        gpu: launch.gpu,
        block: agent.issuer.block,
        warp: agent.issuer.warp,
    };
    Error::Fault(Box::new(Fault { kind, position, lane: Some(agent.lane), schedule: schedule.into() }))
}
