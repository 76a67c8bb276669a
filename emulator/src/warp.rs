//! A warp under independent thread scheduling: path groups of lanes at the same instruction.
//!
//! Since Volta every thread has its own program counter and no point of reconvergence is guaranteed
//! (CUDA programming guide, "Independent Thread Scheduling"). Branches split a group; groups that
//! meet at an instruction merge. The group that is furthest behind goes first, since that
//! reconverges best, but a ready group never waits long: lanes that spin may wait for the others.

use crate::code::Code;
use crate::error::FaultKind;
use crate::execute::{self, Awaited, Environment, Event, Private, Raised, Running};
use crate::op::{Op, WarpOp};
use crate::parking::{Parking, Spin};
use crate::register::Registers;

/// A ready group waits at most about this many instructions of its warp.
const PATIENCE: u32 = 256;
/// Instructions of a group that goes out of turn.
const EXCURSION: u32 = 64;

/// What a group does.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Can execute.
    Ready,
    /// Waits for other lanes at a warp instruction.
    WarpSync,
    /// Waits for the other lanes of the warp before it arrives at a block barrier.
    Gathering,
    /// Arrived at a block barrier.
    Barrier(u32),
    /// Waits for its asynchronous copies, or for its cluster.
    Awaits(Awaited),
    /// Sleeps; the engine knows until when.
    Sleeping,
    /// Spins on memory.
    Parked(Box<Parking>),
}

/// Lanes at the same instruction.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: u32,
    pub(crate) pc: u32,
    pub(crate) mask: u32,
    pub(crate) state: State,
    /// Instructions of the warp since this group was last executed.
    waited: u32,
    /// Virtual cycle at which it began to wait, if it waits for other warps, memory or time.
    pub(crate) since: u64,
}

/// A resident warp.
#[derive(Debug)]
pub(crate) struct Warp {
    pub(crate) block: usize,
    /// Index in the block.
    pub(crate) index: u32,
    pub(crate) registers: Registers,
    pub(crate) private: Private,
    pub(crate) groups: Vec<Group>,
    /// Lanes that have not exited.
    pub(crate) alive: u32,
    pub(crate) spin: Spin,
    /// Whether the warp is in the run queue.
    pub(crate) queued: bool,
    next_group: u32,
}

/// Why a warp stopped executing.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Its turn is over.
    TurnOver,
    /// No group is ready.
    Blocked,
    /// All lanes wait at the block barrier instruction `barrier`.
    Arrived { barrier: u32 },
    /// A group sleeps.
    Sleeping { group: u32, until: u64 },
    /// A group wants to park.
    Parking { group: u32, parking: Parking },
    /// All lanes exited.
    Exited,
}

impl Warp {
    pub(crate) fn new(block: usize, index: u32, lanes: u32, registers: Registers, private: Private) -> Warp {
        Warp {
            block,
            index,
            registers,
            private,
            groups: vec![Group { id: 0, pc: 0, mask: lanes, state: State::Ready, waited: 0, since: 0 }],
            alive: lanes,
            spin: Spin::default(),
            queued: false,
            next_group: 1,
        }
    }

    pub(crate) fn group_mut(&mut self, id: u32) -> Option<&mut Group> {
        self.groups.iter_mut().find(|group| group.id == id)
    }

    pub(crate) fn has_ready_group(&self) -> bool {
        self.groups.iter().any(|group| matches!(group.state, State::Ready))
    }

    /// The groups that can execute.
    pub(crate) fn ready_groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().filter(|group| matches!(group.state, State::Ready))
    }

    /// Executes up to `budget` instructions; returns how many were, and why it stopped. `pick` may
    /// name a group (modulo the number of ready ones) instead of the one furthest behind.
    pub(crate) fn run(
        &mut self,
        env: &mut Environment<'_>,
        budget: u32,
        mut pick: Option<u32>,
    ) -> (u32, Result<Stop, (u32, Raised)>) {
        let mut executed = 0;
        while executed < budget {
            self.merge_ready();
            let Some((position, in_turn)) = self.choose(pick.take()) else {
                return (executed, self.blocked(env.code));
            };
            let others: Vec<u32> = if self.groups.len() == 1 {
                Vec::new()
            } else {
                let ready = |(other, group): (usize, &Group)| {
                    (other != position && matches!(group.state, State::Ready)).then_some(group.pc)
                };
                self.groups.iter().enumerate().filter_map(ready).collect()
            };
            let limit = if in_turn { others.iter().copied().min().unwrap_or(u32::MAX) } else { u32::MAX };
            let turn = if others.is_empty() { budget - executed } else { (budget - executed).min(EXCURSION) };
            let group = &self.groups[position];
            let mut running = Running {
                registers: &mut self.registers,
                private: &mut self.private,
                spin: &mut self.spin,
                pc: group.pc,
                mask: group.mask,
                alive: self.alive,
                executed: 0,
                budget: turn,
                limit,
                meetings: if in_turn { &[] } else { &others },
            };
            let result = execute::run(env, &mut running);
            let (pc, steps) = (running.pc, running.executed);
            executed += steps;
            env.now += u64::from(steps) / env.sharing; // the next group reads a later clock, never an earlier one
            for group in &mut self.groups {
                group.waited = group.waited.saturating_add(steps);
            }
            let group = &mut self.groups[position];
            group.waited = 0;
            group.pc = pc;
            let stop = match result {
                Ok(event) => self.handle(env, position, event),
                Err(raised) => return (executed, Err((pc, raised))),
            };
            match stop {
                Ok(None) => {}
                Ok(Some(stop)) => return (executed, Ok(stop)),
                Err(raised) => return (executed, Err((pc, raised))),
            }
        }
        (executed, Ok(Stop::TurnOver))
    }

    /// The ready group to execute, and whether it is the one furthest behind.
    fn choose(&self, pick: Option<u32>) -> Option<(usize, bool)> {
        if self.groups.len() == 1 {
            return matches!(self.groups[0].state, State::Ready).then_some((0, true));
        }
        let ready =
            || self.groups.iter().enumerate().filter(|(_, group)| matches!(group.state, State::Ready));
        let count = ready().count();
        let (behind, _) = ready().min_by_key(|(_, group)| group.pc)?;
        if let Some(pick) = pick {
            let (position, _) = ready().nth(pick as usize % count)?;
            return Some((position, position == behind));
        }
        let (patient, group) = ready().max_by_key(|(_, group)| group.waited)?;
        if group.waited > PATIENCE { Some((patient, patient == behind)) } else { Some((behind, true)) }
    }

    /// Merges ready groups at the same instruction.
    pub(crate) fn merge_ready(&mut self) {
        let mut first = 0;
        while first + 1 < self.groups.len() {
            let mut second = first + 1;
            while second < self.groups.len() {
                let (a, b) = (&self.groups[first], &self.groups[second]);
                if a.pc == b.pc && matches!((&a.state, &b.state), (State::Ready, State::Ready)) {
                    let mask = self.groups.remove(second).mask;
                    self.groups[first].mask |= mask;
                } else {
                    second += 1;
                }
            }
            first += 1;
        }
    }

    fn add_group(&mut self, pc: u32, mask: u32, state: State) -> u32 {
        let id = self.next_group;
        self.next_group = self.next_group.wrapping_add(1);
        self.groups.push(Group { id, pc, mask, state, waited: 0, since: 0 });
        id
    }

    /// Leaves only `mask` in a group; its other lanes go on after the instruction.
    fn leave_behind(&mut self, position: usize, mask: u32) {
        let group = &mut self.groups[position];
        let (pc, rest) = (group.pc, group.mask & !mask);
        group.mask = mask;
        if rest != 0 {
            self.add_group(pc + 1, rest, State::Ready);
        }
    }

    fn handle(
        &mut self,
        env: &mut Environment<'_>,
        position: usize,
        event: Event,
    ) -> Result<Option<Stop>, Raised> {
        match event {
            Event::Pause => Ok(None),
            Event::Split { taken, target, rest } => {
                let group = &mut self.groups[position];
                group.mask &= !taken;
                group.pc = rest;
                self.add_group(target, taken, State::Ready);
                Ok(None)
            }
            Event::Exit(lanes) => {
                self.leave_behind(position, lanes);
                self.groups.remove(position);
                self.alive &= !lanes;
                let barrier = &mut env.cluster.barrier;
                let arrived = self.private.cluster_lanes.arrived_in(barrier.phase, lanes);
                barrier.exit(lanes.count_ones(), arrived);
                if let (Some(detector), Some(clocks)) = (&mut env.detector, &mut self.private.clocks) {
                    detector.exit(clocks, lanes);
                }
                if self.alive == 0 {
                    return Ok(Some(Stop::Exited));
                }
                self.release_warp_syncs(env)?;
                Ok(self.gathered(env.code))
            }
            Event::WarpSync(lanes) => {
                self.leave_behind(position, lanes);
                self.groups[position].state = State::WarpSync;
                self.merge_waiting(position);
                self.release_warp_syncs(env)?;
                Ok(None)
            }
            Event::Barrier(lanes) => {
                self.leave_behind(position, lanes);
                self.groups[position].state = State::Gathering;
                self.merge_waiting(position);
                Ok(self.gathered(env.code))
            }
            Event::Await(awaited) => {
                let group = &mut self.groups[position];
                group.state = State::Awaits(awaited);
                group.since = env.now;
                Ok(None)
            }
            Event::Sleep { until } => {
                let group = &mut self.groups[position];
                group.state = State::Sleeping;
                Ok(Some(Stop::Sleeping { group: group.id, until }))
            }
            Event::Park(parking) => Ok(Some(Stop::Parking { group: self.groups[position].id, parking })),
        }
    }

    /// Merges the group with those that wait in the same way at the same instruction.
    fn merge_waiting(&mut self, position: usize) {
        let (id, pc, state) = {
            let group = &self.groups[position];
            (group.id, group.pc, std::mem::discriminant(&group.state))
        };
        let mut joined = 0;
        self.groups.retain(|group| {
            let joins = group.id != id && group.pc == pc && std::mem::discriminant(&group.state) == state;
            joined |= if joins { group.mask } else { 0 };
            !joins
        });
        if let Some(group) = self.group_mut(id) {
            group.mask |= joined;
        }
    }

    /// Executes warp instructions for which all named lanes are there.
    fn release_warp_syncs(&mut self, env: &mut Environment<'_>) -> Result<(), Raised> {
        let code = env.code;
        let waiting: Vec<u32> = self
            .groups
            .iter()
            .filter(|group| matches!(group.state, State::WarpSync))
            .map(|group| group.id)
            .collect();
        for id in waiting {
            let Some(group) = self.groups.iter().find(|group| group.id == id) else { continue };
            let (pc, mut left) = (group.pc, group.mask);
            let Op::Warp { index } = code.instructions[pc as usize].op else { continue };
            let op = &code.warp[index as usize];
            let members = self.registers.words[usize::from(op.members())];
            while left != 0 {
                let named = members[left.trailing_zeros() as usize];
                let here = (0..32)
                    .filter(|&lane| left >> lane & 1 == 1 && members[lane] == named)
                    .fold(0, |found, lane| found | 1u32 << lane);
                left &= !here;
                if here & !named != 0 {
                    let text = &code.origins[pc as usize].text;
                    return Err(Raised {
                        kind: FaultKind::WarpSync(format!(
                            "a lane executes `{text}` with member mask {named:#010x}, which does not contain it; name every \
                             lane that executes it"
                        )),
                        lane: Some((here & !named).trailing_zeros()),
                    });
                }
                if matches!(op, WarpOp::Barrier { .. }) {
                    let arrived = self.at_warp_barrier(code, named);
                    let lanes = arrived.iter().fold(0, |found, &(_, lanes)| found | lanes);
                    if named & self.alive & !lanes == 0 {
                        for (group, lanes) in arrived {
                            if let Some(group) = self.groups.iter().find(|other| other.id == group) {
                                env.counters.released(group.pc, lanes);
                            }
                            self.proceed(group, lanes);
                        }
                        if let Some(clocks) = &mut self.private.clocks {
                            clocks.meet(lanes);
                        }
                        break;
                    }
                } else if named & self.alive & !here == 0 {
                    execute::warp_operation(&mut self.registers, op, here);
                    env.counters.released(pc, here);
                    self.proceed(id, here);
                }
            }
        }
        Ok(())
    }

    /// The groups, and of each the lanes, that wait at any `bar.warp.sync` with this member mask.
    fn at_warp_barrier(&self, code: &Code, named: u32) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        for group in self.groups.iter().filter(|group| matches!(group.state, State::WarpSync)) {
            let Op::Warp { index } = code.instructions[group.pc as usize].op else { continue };
            if let WarpOp::Barrier { members } = code.warp[index as usize] {
                let members = &self.registers.words[usize::from(members)];
                let lanes = (0..32)
                    .filter(|&lane| group.mask >> lane & 1 == 1 && members[lane] == named)
                    .fold(0, |lanes, lane| lanes | 1 << lane);
                if lanes != 0 {
                    found.push((group.id, lanes));
                }
            }
        }
        found
    }

    /// Lets lanes of a waiting group go on after their instruction.
    fn proceed(&mut self, id: u32, lanes: u32) {
        let Some(position) = self.groups.iter().position(|group| group.id == id) else { return };
        let group = &mut self.groups[position];
        let pc = group.pc + 1;
        if group.mask == lanes {
            group.pc = pc;
            group.state = State::Ready;
            group.waited = 0;
        } else {
            group.mask &= !lanes;
            self.add_group(pc, lanes, State::Ready);
        }
    }

    /// If all lanes wait for the warp at the same barrier instruction (or, unless it is `.aligned`,
    /// at equal ones), the warp has arrived.
    fn gathered(&self, code: &Code) -> Option<Stop> {
        let mut first = None;
        for group in &self.groups {
            if !matches!(group.state, State::Gathering) {
                return None;
            }
            let Op::Barrier { index } = code.instructions[group.pc as usize].op else { return None };
            match first {
                None => first = Some(index),
                Some(other) => {
                    let (a, b) = (&code.barriers[other as usize], &code.barriers[index as usize]);
                    if a.aligned || a != b {
                        return None;
                    }
                }
            }
        }
        first.map(|barrier| Stop::Arrived { barrier })
    }

    /// No group is ready: that is a mistake of the kernel if the lanes wait for each other only.
    fn blocked(&self, code: &Code) -> Result<Stop, (u32, Raised)> {
        let waits_for_warp = |group: &Group| matches!(group.state, State::WarpSync | State::Gathering);
        if self.groups.is_empty() || !self.groups.iter().all(waits_for_warp) {
            return Ok(Stop::Blocked);
        }
        let gathering = self.groups.iter().find(|group| matches!(group.state, State::Gathering));
        let group = gathering.unwrap_or(&self.groups[0]);
        let describe = |group: &Group| {
            let origin = &code.origins[group.pc as usize];
            format!("lanes {:#010x} wait at PTX line {}: `{}`", group.mask, origin.line, origin.text)
        };
        let all = self.groups.iter().map(describe).collect::<Vec<_>>().join("; ");
        let missing = self.alive & !self.groups.iter().fold(0, |lanes, group| lanes | group.mask);
        debug_assert_eq!(missing, 0);
        let kind = if gathering.is_some() {
            FaultKind::Barrier(format!(
                "the lanes of a warp wait for each other at different instructions: {all}; a barrier takes whole warps, so let them \
                 meet first"
            ))
        } else {
            FaultKind::WarpSync(format!(
                "lanes named in a member mask wait at different instructions: {all}; name the lanes of one path, or let them \
                 meet first"
            ))
        };
        Err((group.pc, Raised { kind, lane: Some(group.mask.trailing_zeros()) }))
    }
}
