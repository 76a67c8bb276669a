//! Arrivals at block barriers and their completion (PTX ISA section 9.7.13.1).

use super::Engine;
use crate::block::{BARRIERS, Barrier};
use crate::error::FaultKind;
use crate::execute::Raised;
use crate::op::{BarrierKind, BarrierOp, Op};
use crate::pending::Pending;
use crate::warp::State;

impl Engine {
    pub(super) fn arrive(&mut self, place: usize, op: BarrierOp) -> Result<(), Raised> {
        let now = self.clock.cycles();
        let misuse = |text: String| Raised { kind: FaultKind::Barrier(text), lane: None };
        let Some(warp) = self.warps[place].as_deref_mut() else { return Ok(()) };
        let Some(block) = self.blocks[warp.block].as_mut() else { return Ok(()) };
        let lane = warp.alive.trailing_zeros() as usize;
        let id = warp.registers.words[usize::from(op.id)][lane];
        if id as usize >= BARRIERS {
            return Err(misuse(format!(
                "barrier {id} does not exist; a block has barriers 0 to {}",
                BARRIERS - 1
            )));
        }
        let expected = match op.threads {
            None => None,
            Some(slot) => {
                let threads = warp.registers.words[usize::from(slot)][lane];
                if threads == 0 || !threads.is_multiple_of(32) || threads > block.threads.next_multiple_of(32)
                {
                    return Err(misuse(format!(
                        "barrier {id} for {threads} threads; it must be a multiple of 32 up to the block's {}",
                        block.threads
                    )));
                }
                Some(threads / 32)
            }
        };
        let barrier = &mut block.barriers[id as usize];
        let reduces = !matches!(op.kind, BarrierKind::Sync | BarrierKind::Arrive);
        if barrier.arrived == 0 {
            *barrier = Barrier { expected, reduces, ..Barrier::default() };
        } else if barrier.expected != expected {
            let threads = |warps: Option<u32>| warps.map_or("all".into(), |warps| (warps * 32).to_string());
            return Err(misuse(format!(
                "a warp arrives at barrier {id} for {} threads, others wait at it for {}; all must name one number",
                threads(expected),
                threads(barrier.expected)
            )));
        } else if barrier.reduces != reduces {
            return Err(misuse(format!(
                "barrier {id} is used by `red` and by `sync` or `arrive` at the same time; take another barrier for one of them"
            )));
        }
        barrier.arrived += 1;
        if let Some(clocks) = &mut warp.private.clocks {
            barrier.knowledge.join(&clocks.published_by(clocks.alive()));
            clocks.tick();
        }
        for group in &mut warp.groups {
            if let BarrierKind::Population { a, .. }
            | BarrierKind::All { a, .. }
            | BarrierKind::Any { a, .. } = op.kind
            {
                let votes = warp.registers.predicate(a) & group.mask;
                barrier.population += votes.count_ones();
                barrier.any |= votes != 0;
                barrier.not_all |= votes != group.mask;
            }
            if op.kind == BarrierKind::Arrive {
                group.state = State::Ready;
                group.pc += 1;
            } else {
                group.state = State::Barrier(id);
                group.since = now;
                barrier.waiting.push((place, group.id));
            }
        }
        Ok(())
    }

    pub(super) fn complete_barriers(&mut self, slot: usize, launches: &[Pending]) {
        for id in 0..BARRIERS {
            let Some(block) = self.blocks[slot].as_mut() else { return };
            if !block.barriers[id].is_complete(block.alive) {
                continue;
            }
            let barrier = std::mem::take(&mut block.barriers[id]);
            self.idle = 0;
            let code = launches[block.launch].code.clone();
            for &(place, id) in &barrier.waiting {
                self.end_wait(place, id);
                let Some(warp) = self.warp_mut(place) else { continue };
                let Some(group) = warp.group_mut(id) else { continue };
                let (pc, mask) = (group.pc, group.mask);
                group.state = State::Ready;
                group.pc += 1;
                if let Some(clocks) = &mut warp.private.clocks {
                    // A warp waits as a whole.
                    clocks.meet(clocks.alive());
                    clocks.acquire(clocks.alive(), &barrier.knowledge);
                }
                if let Op::Barrier { index } = code.instructions[pc as usize].op {
                    let all = |holds: bool| if holds { u32::MAX } else { 0 };
                    match code.barriers[index as usize].kind {
                        BarrierKind::Population { d, .. } => {
                            warp.registers.store(d, &[barrier.population; 32], mask);
                        }
                        BarrierKind::All { d, .. } => {
                            warp.registers.set_predicate(d, all(!barrier.not_all), mask)
                        }
                        BarrierKind::Any { d, .. } => warp.registers.set_predicate(d, all(barrier.any), mask),
                        BarrierKind::Sync | BarrierKind::Arrive => {}
                    }
                }
                self.enqueue(place);
            }
        }
    }
}
