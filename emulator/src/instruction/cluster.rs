//! Clusters: `mapa` and `getctarank`, which put the rank of a block into a shared address and take
//! it out (PTX ISA sections 9.7.9.23 and 9.7.9.24), and `barrier.cluster`, at which each thread
//! arrives and later waits (section 9.7.13.4).

use crossdock_ptx::{Order, Scope};

use crate::activity::Class;
use crate::cluster::RANK_SHIFT;
use crate::code::Preset;
use crate::consistency::Knowledge;
use crate::decode::decoder::{Decode, Decoder};
use crate::error::FaultKind;
use crate::execute::{Awaited, Operation, Raised, Site, Step, raise};
use crate::memory::window;
use crate::op::{Comparison, Effect, IntegerBinary, Op, Shift, Strength, Type, WarpOp, Width};
use crate::register::{Bank, NONE, PredicateSource, Slot, lanes};

pub(super) const DECODINGS: &[(&str, Decode)] = &[("mapa", map), ("getctarank", rank)];

/// The offset of an address in its block's shared memory with the rank above it, as 32 bits, and
/// whether addresses have 64.
fn shared_address(d: &mut Decoder<'_, '_>) -> Result<(Slot, bool), String> {
    let wide = d.ty()?.bits() == 64;
    if !d.take("shared::cluster") && !wide {
        return Err("generic addresses have 64 bits".into());
    }
    let a = d.value(1, wide)?;
    if !wide {
        return Ok((a, wide));
    }
    let low = d.new_word()?;
    d.emit(Op::Unpack32 { low, high: NONE, a });
    Ok((low, wide))
}

fn map(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let (address, wide) = shared_address(d)?;
    let rank = d.word(2)?;
    let to = d.result_value(wide)?;
    let (one, shift) = (d.constant(1)?, d.constant(RANK_SHIFT)?);
    let mask = d.constant((1 << RANK_SHIFT) - 1)?;
    let [offset, next, high] = [d.new_word()?, d.new_word()?, d.new_word()?];
    d.emit(Op::Binary32 { kind: IntegerBinary::And, operands: [offset, address, mask] });
    d.emit(Op::Binary32 { kind: IntegerBinary::Add, operands: [next, rank, one] });
    d.emit(Op::Shift { width: Width::W32, kind: Shift::Left, operands: [high, next, shift] });
    let mapped = if wide { d.new_word()? } else { to };
    d.emit(Op::Binary32 { kind: IntegerBinary::Or, operands: [mapped, offset, high] });
    if wide {
        // A generic address stays one; an address in the window has no bits there.
        let base = if d.has("shared::cluster") { 0 } else { (window::SHARED_BASE >> 32) as u32 };
        let operands = [to, mapped, d.constant(base)?];
        d.emit(Op::Pack32 { operands });
    }
    Ok(())
}

fn rank(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let (address, _) = shared_address(d)?;
    let to = d.result_word()?;
    let (zero, one, shift) = (d.constant(0)?, d.constant(1)?, d.constant(RANK_SHIFT)?);
    let own = d.preset(Bank::Word, Preset::RankInCluster)?;
    let [field, named] = [d.new_word()?, d.new_word()?];
    let is_own = d.new_predicate()?;
    let kind = Shift::RightUnsigned;
    d.emit(Op::Shift { width: Width::W32, kind, operands: [field, address, shift] });
    d.emit(Op::Binary32 { kind: IntegerBinary::Subtract, operands: [named, field, one] });
    let operands = [is_own, NONE, field, zero];
    d.emit(Op::Compare { ty: Type::U32, test: Comparison::Equal, flush: false, operands });
    let p = PredicateSource::new(is_own, false);
    d.emit(Op::Select { wide: false, operands: [to, own, named], p });
    Ok(())
}

pub(super) fn barrier(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    // Lanes of a warp come together first; nothing of theirs is ordered by that.
    if d.take("aligned") {
        let members = d.constant(u32::MAX)?;
        d.emit_warp(WarpOp::Elect { d: NONE, leader: NONE, members });
    }
    let arrives = d.require(&[("arrive", true), ("wait", false)])?;
    let releases = d.get() != Some(Order::Relaxed);
    if arrives {
        d.emit_own(Class::Asynchronous, Effect::Memory, Arrive { releases });
    } else {
        d.emit_own(Class::Asynchronous, Effect::Memory, Wait);
    }
    Ok(())
}

/// `barrier.cluster.arrive`; with `.relaxed` it does not release.
#[derive(Debug)]
struct Arrive {
    releases: bool,
}

impl Operation for Arrive {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let (private, mask) = (&mut *site.private, site.mask);
        let twice = mask & private.cluster_lanes.arrived;
        if twice != 0 {
            let text = "a thread arrives at the barrier of the cluster again before it waits".to_owned();
            return raise(twice.trailing_zeros() as usize, FaultKind::Barrier(text));
        }
        let barrier = &mut site.env.cluster.barrier;
        private.cluster_lanes.arrived |= mask;
        for lane in lanes(mask) {
            private.cluster_lanes.phases[lane] = barrier.phase;
        }
        let knowledge = private.clocks.as_ref().map(|clocks| {
            if self.releases {
                return clocks.published_by(mask);
            }
            let mut knowledge = Knowledge::default();
            let relaxed = Strength::Ordered(Order::Relaxed, Scope::Cluster);
            for lane in lanes(mask) {
                knowledge.join(&clocks.arrival(lane, relaxed, Scope::Cluster));
            }
            knowledge
        });
        barrier.arrive(mask.count_ones(), knowledge.as_ref());
        if let Some(clocks) = &mut private.clocks {
            clocks.tick();
        }
        Ok(Step::Next)
    }
}

/// `barrier.cluster.wait`.
#[derive(Debug)]
struct Wait;

impl Operation for Wait {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let (private, mask) = (&mut *site.private, site.mask);
        let early = mask & !private.cluster_lanes.arrived;
        if early != 0 {
            let text = "a thread waits at the barrier of the cluster, but has not arrived".to_owned();
            return raise(early.trailing_zeros() as usize, FaultKind::Barrier(text));
        }
        let barrier = &site.env.cluster.barrier;
        if lanes(mask).any(|lane| private.cluster_lanes.phases[lane] == barrier.phase) {
            return Ok(Step::Wait(Awaited::Cluster));
        }
        private.cluster_lanes.arrived &= !mask;
        if let Some(clocks) = &mut private.clocks {
            for lane in lanes(mask) {
                // Whose arrivals they were is not kept, so fences between proxies count for all
                // blocks.
                clocks.acquire_from_anyone(lane, &barrier.complete, clocks.place);
            }
        }
        Ok(Step::Next)
    }
}
