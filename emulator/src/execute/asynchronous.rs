//! Issuing copies to agents, and waiting for them (PTX ISA section 9.7.9.25).
//!
//! Addresses, sizes and alignment are checked when a copy is issued and traffic is counted then; contents are read
//! later. `cp.async` is one agent for the lanes that execute it together, a bulk copy one for each lane.

use super::{Environment, Private, Raised, cluster, fill, mbarrier, model, remote};
use crate::agent::{Agent, Completion, Location, Transfer, Work};
use crate::cluster::{Cluster, Unreachable};
use crate::consistency::{Kind, Trail};
use crate::counters::Direction;
use crate::error::FaultKind;
use crate::memory::allocation::Missing;
use crate::memory::window;
use crate::op::{Address, AsynchronousOp, BulkCopy, LaneCopy, Space};
use crate::outstanding::Outstanding;
use crate::parking::Spin;
use crate::register::Registers;

/// Size and alignment of bulk copies.
const BULK: u32 = 16;

pub(super) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 == 1)
}

pub(super) fn raise<T>(lane: usize, kind: FaultKind) -> Result<T, Raised> {
    Err(Raised { kind, lane: Some(lane as u32) })
}

/// Executes an instruction that concerns agents; false when its lanes must wait.
#[inline(never)]
pub(super) fn execute(
    env: &mut Environment<'_>,
    private: &mut Private,
    spin: &mut Spin,
    r: &mut Registers,
    op: &AsynchronousOp,
    pc: u32,
    mask: u32,
) -> Result<bool, Raised> {
    match op {
        AsynchronousOp::Mbarrier { kind, address, order } => {
            mbarrier::execute(env, private, spin, r, (*kind, address, *order), pc, mask)?;
        }
        AsynchronousOp::ClusterArrive { releases } => cluster::arrive(env, private, *releases, mask)?,
        AsynchronousOp::ClusterWait => return cluster::wait(env, private, mask),

        AsynchronousOp::PendingCount { d, state } => mbarrier::pending_count(r, *d, *state, mask)?,
        AsynchronousOp::Bulk(copy) => bulk(env, private, r, copy, pc, mask)?,
        AsynchronousOp::Fill { to, bytes } => {
            spin.stored = true;
            fill::execute(env, private, r, (to, *bytes), pc, mask)?;
        }
        AsynchronousOp::Remote(store) => {
            spin.stored = true;
            remote::execute(env, private, r, store, pc, mask)?;
        }
        AsynchronousOp::Prefetch { from, bytes } => {
            for lane in lanes(mask) {
                let bytes = r.lane::<u32>(*bytes, lane);
                size(lane, bytes)?;
                locate(env, private, r, from, lane, bytes, "read", BULK)?;
            }
        }
        AsynchronousOp::Copy(copy) => copy_lanes(env, private, r, copy, pc, mask)?,
        AsynchronousOp::Commit { bulk } => {
            let outstanding = outstanding(private);
            let groups = if *bulk { &mut outstanding.bulk } else { &mut outstanding.copies };
            for lane in lanes(mask) {
                groups[lane].commit(env.agents);
            }
        }
        AsynchronousOp::Wait { bulk, groups, read } => {
            let Some(outstanding) = private.outstanding.as_deref_mut() else { return Ok(true) };
            let all = if *bulk { &mut outstanding.bulk } else { &mut outstanding.copies };
            if !lanes(mask).all(|lane| all[lane].are_past(env.agents, *groups, *read)) {
                return Ok(false);
            }
            if let Some(clocks) = &mut private.clocks {
                for lane in lanes(mask) {
                    clocks.acquire(1 << lane, &all[lane].learn(*groups, *read));
                }
            }
        }
        AsynchronousOp::WaitAll => {
            let Some(outstanding) = private.outstanding.as_deref_mut() else { return Ok(true) };
            if !lanes(mask).all(|lane| outstanding.copies[lane].are_complete(env.agents)) {
                return Ok(false);
            }
            if let Some(clocks) = &mut private.clocks {
                for lane in lanes(mask) {
                    clocks.acquire(1 << lane, &outstanding.copies[lane].learn_all());
                }
            }
        }
        AsynchronousOp::ArriveAfterCopies { address, counted } => {
            let mut mbarriers = Vec::new();
            let mut after = Vec::new();
            for lane in lanes(mask) {
                let offset = mbarrier::offset(env, r, address, lane)?;
                let cluster = &mut *env.cluster;
                let prepared = if *counted {
                    cluster.mbarriers.get(&cluster.shared, offset).map(|_| ())
                } else {
                    cluster.update_mbarrier(offset, None, |mbarrier| mbarrier.add_pending())
                };
                prepared.or_else(|text| raise(lane, FaultKind::Mbarrier(text)))?;
                env.memory.watch.written(env.shared_key + u64::from(offset), 8);
                let copies = private.outstanding.as_ref().map(|outstanding| &outstanding.copies[lane]);
                mbarriers.push((offset, copies.map(|copies| copies.knowledge()).unwrap_or_default()));
                if let Some(outstanding) = &private.outstanding {
                    let live = outstanding.copies[lane].all().filter(|&serial| env.agents.is_live(serial));
                    after.extend(live);
                }
            }
            after.sort_unstable();
            after.dedup();
            spin.stored = true;
            issue(env, None, pc, mask.trailing_zeros(), false, Work::Arrival { after, mbarriers });
        }
    }
    Ok(true)
}

fn outstanding(private: &mut Private) -> &mut Outstanding {
    private.outstanding.get_or_insert_default()
}

pub(super) fn issue(
    env: &mut Environment<'_>,
    trail: Option<Trail>,
    pc: u32,
    lane: u32,
    bulk: bool,
    work: Work,
) -> u64 {
    env.block.agents += 1;
    *env.launched += 1;
    env.agents.issue(Agent { issuer: env.issuer, pc, lane, bulk, work, trail })
}

fn size(lane: usize, bytes: u32) -> Result<(), Raised> {
    if bytes.is_multiple_of(BULK) {
        return Ok(());
    }
    let text = format!("a bulk copy of {bytes} bytes; the size must be a multiple of {BULK}");
    raise(lane, FaultKind::Asynchronous(text))
}

/// Finds and checks one end of a copy.
#[expect(clippy::too_many_arguments, reason = "an access is where, who, how much and how")]
fn locate(
    env: &mut Environment<'_>,
    private: &mut Private,
    r: &Registers,
    operand: &Address,
    lane: usize,
    bytes: u32,
    access: &'static str,
    alignment: u32,
) -> Result<Location, Raised> {
    let address = operand.of(r, lane);
    let shared = matches!(operand.space, Space::Shared | Space::Cluster);
    let rank = env.block.rank;
    let place = |env: &Environment<'_>| {
        if shared { env.cluster.describe_address(rank, address) } else { env.memory.describe(address) }
    };
    if !address.is_multiple_of(alignment.into()) {
        let text = format!("{access} of {bytes} bytes at {}; it must be aligned to {alignment}", place(env));
        return raise(lane, FaultKind::Asynchronous(text));
    }
    if shared {
        let own = operand.space != Space::Shared || Cluster::rank(rank, address) == rank.into();
        return match env.cluster.place(rank, address, bytes.into()) {
            Ok(offset) if own => Ok(Location::Shared(offset as u32)),
            _ => raise(lane, FaultKind::OutOfBounds { access, bytes, place: place(env) }),
        };
    }
    if bytes == 0 {
        return Ok(Location::Global(address));
    }
    match env.memory.locate(&mut private.recent, address, bytes.into()) {
        Ok((number, _)) if access == "write" && env.memory.allocations[number].read_only => {
            raise(lane, FaultKind::ReadOnly { access, bytes, place: place(env) })
        }
        Ok(_) => Ok(Location::Global(address)),
        Err(Missing::Outside) => raise(lane, FaultKind::OutOfBounds { access, bytes, place: place(env) }),
        Err(Missing::Freed) => raise(lane, FaultKind::UseAfterFree { access, bytes, place: place(env) }),
    }
}

fn bulk(
    env: &mut Environment<'_>,
    private: &mut Private,
    r: &Registers,
    copy: &BulkCopy,
    pc: u32,
    mask: u32,
) -> Result<(), Raised> {
    for lane in lanes(mask) {
        let bytes = r.lane::<u32>(copy.bytes, lane);
        size(lane, bytes)?;
        let from = locate(env, private, r, &copy.from, lane, bytes, "read", BULK)?;
        let to = locate(env, private, r, &copy.to, lane, bytes, "write", BULK)?;
        let mbarrier = match &copy.mbarrier {
            Some(address) => Some(mbarrier::offset(env, r, address, lane)?),
            None => None,
        };
        if let Location::Global(address) = from {
            env.counters.add(Direction::Read, window::owner(address), bytes.into());
        }
        if let Location::Global(address) = to {
            let direction = if copy.reduction.is_some() { Direction::Both } else { Direction::Write };
            env.counters.add(direction, window::owner(address), bytes.into());
        }
        let Some(blocks) = copy.blocks else {
            bulk_transfer(env, private, copy, (pc, lane), (from, to, bytes), mbarrier)?;
            continue;
        };
        // Multicast: to each block a transfer of its own, whose completion is its own too.
        let blocks = r.lane::<u32>(blocks, lane) & 0xffff;
        for rank in (0..16).filter(|rank| blocks >> rank & 1 == 1) {
            let counterpart = |offset| {
                env.cluster.counterpart(rank, offset).or_else(|why| {
                    let text = match why {
                        Unreachable::Outside => {
                            format!("the cluster has no block {rank} that the mask {blocks:#x} names")
                        }
                        Unreachable::Exited => {
                            format!("the cluster's block {rank}, which the mask names, has exited")
                        }
                    };
                    raise(lane, FaultKind::Asynchronous(text))
                })
            };
            let there = match to {
                Location::Shared(offset) => Location::Shared(counterpart(offset)?),
                global => global,
            };
            let mbarrier = mbarrier.map(counterpart).transpose()?;
            bulk_transfer(env, private, copy, (pc, lane), (from, there, bytes), mbarrier)?;
        }
    }
    Ok(())
}

/// Issues one copy of one lane.
fn bulk_transfer(
    env: &mut Environment<'_>,
    private: &mut Private,
    copy: &BulkCopy,
    (pc, lane): (u32, usize),
    (from, to, bytes): (Location, Location, u32),
    mbarrier: Option<u32>,
) -> Result<(), Raised> {
    let mut transfer = Transfer::default();
    transfer.reduction = copy.reduction;
    transfer.add(from, to, bytes);
    if let Some(mbarrier) = mbarrier {
        if let Err(text) = env.cluster.mbarriers.get(&env.cluster.shared, mbarrier) {
            return raise(lane, FaultKind::Mbarrier(text));
        }
        // Whoever finds the phase complete is behind the copy, wherever it was issued.
        transfer.completes = Some(Completion { mbarrier, bytes, cluster: false });
    }
    let clock = match (&mut env.detector, &mut private.clocks) {
        (Some(detector), Some(clocks)) => Some(detector.start_bulk(clocks, lane)),
        _ => None,
    };
    if let Some(clock) = &clock {
        let (kind, element) = match copy.reduction {
            Some((_, element)) => (Kind::Atomic, element),
            None => (Kind::Write, BULK as u8),
        };
        model::copy(env, clock, Kind::Read, (pc, lane), from, (bytes, BULK as u8))?;
        model::copy(env, clock, kind, (pc, lane), to, (bytes, element))?;
        if let Some(mbarrier) = mbarrier {
            model::completion(env, clock, (pc, lane), mbarrier)?;
        }
    }
    let trail = clock.map(|clock| clock.trail);
    let serial = issue(env, trail, pc, lane as u32, true, Work::Transfer(transfer));
    if mbarrier.is_none() {
        outstanding(private).bulk[lane].add(serial, trail, env.agents);
    }
    Ok(())
}

fn copy_lanes(
    env: &mut Environment<'_>,
    private: &mut Private,
    r: &Registers,
    copy: &LaneCopy,
    pc: u32,
    mask: u32,
) -> Result<(), Raised> {
    let mut transfer = Transfer::default();
    let mut addresses = [0; 32];
    let mut parts = Vec::with_capacity(32);
    // Lanes by how much they read: 0 to 16 bytes.
    let mut by_size = [0u32; 17];
    for lane in lanes(mask) {
        let source = copy.source_bytes.map_or(copy.bytes, |slot| r.lane::<u32>(slot, lane));
        if source > copy.bytes {
            let text = format!("the source has {source} bytes; at most {} are copied", copy.bytes);
            return raise(lane, FaultKind::Asynchronous(text));
        }
        let from = if source == 0 {
            Location::Global(0)
        } else {
            locate(env, private, r, &copy.from, lane, source, "read", copy.bytes)?
        };
        let to = locate(env, private, r, &copy.to, lane, copy.bytes, "write", copy.bytes)?;
        transfer.add_filled(from, to, source, copy.bytes);
        parts.push((lane, from, source, to));
        addresses[lane] = copy.from.of(r, lane);
        by_size[source as usize] |= 1 << lane;
    }
    for (bytes, &lanes) in by_size.iter().enumerate().skip(1).filter(|&(_, &lanes)| lanes != 0) {
        env.counters.add_lanes(Direction::Read, &addresses, lanes, bytes as u64);
    }
    let clock = match (&mut env.detector, &mut private.clocks) {
        (Some(detector), Some(clocks)) => Some(detector.start_lane_copies(clocks, mask)),
        _ => None,
    };
    if let Some(clock) = &clock {
        let element = copy.bytes as u8;
        for (lane, from, source, to) in parts {
            model::copy(env, clock, Kind::Read, (pc, lane), from, (source, element))?;
            model::copy(env, clock, Kind::Write, (pc, lane), to, (copy.bytes, element))?;
        }
    }
    let trail = clock.map(|clock| clock.trail);
    let serial = issue(env, trail, pc, mask.trailing_zeros(), false, Work::Transfer(transfer));
    for lane in lanes(mask) {
        let own = trail.map(|trail| Trail { lanes: 1 << lane, ..trail });
        outstanding(private).copies[lane].add(serial, own, env.agents);
    }
    Ok(())
}
