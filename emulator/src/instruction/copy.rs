//! `cp.async`, and the groups of copies that a thread commits and waits for (PTX ISA section
//! 9.7.9.25).
//!
//! Addresses, sizes and alignment are checked when a copy is issued and traffic is counted then;
//! contents are read later. A `cp.async` is one agent for the lanes that execute it together.

use crossdock_ptx::Operand;

use super::issue::{emit, issue, locate, outstanding, start_lane_copies};
use super::{bulk, mbarrier};
use crate::agent::{Location, Transfer, Work};
use crate::consistency::{Kind, Trail};
use crate::counters::Direction;
use crate::decode::decoder::{Decode, Decoder};
use crate::error::FaultKind;
use crate::execute::{Awaited, Operation, Raised, Site, Step, model, raise};
use crate::op::{Address, Op, Space};
use crate::register::{Slot, lanes};

pub(super) const DECODINGS: &[(&str, Decode)] = &[("cp", decode)];

fn constant(operand: &Operand) -> Result<u32, String> {
    match operand {
        Operand::Integer(value) => {
            u32::try_from(*value).map_err(|_| format!("`{operand}` is not a number of groups"))
        }
        _ => Err(format!("`{operand}` is not a constant")),
    }
}

fn decode(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let reduces = d.take("reduce");
    if !d.take("async") {
        return Err("the emulator executes its `.async` form only".into());
    }
    d.ignore(&["L2"]);
    let bulk = d.take("bulk");
    if d.take("commit_group") {
        emit(d, Commit { bulk });
    } else if d.take("wait_group") {
        let (groups, read) = (constant(d.at(0)?)?, d.take("read"));
        emit(d, Wait { bulk, groups, read });
    } else if d.take("wait_all") {
        emit(d, WaitAll);
    } else if bulk {
        return bulk::decode(d, reduces);
    } else if d.take("mbarrier") {
        d.ignore(&["arrive", "b64"]);
        let counted = d.take("noinc");
        let space = d.get::<Space>();
        let address = d.address(0, space)?;
        emit(d, Arrive { address, counted });
    } else {
        d.ignore(&["ca", "cg", "global", "shared"]);
        let hinted = d.has("L2::cache_hint");
        let has_size = d.operands().len() > 3 + usize::from(hinted);
        let source_bytes = if has_size { Some(source_bytes(d)?) } else { None };
        let (to, from) = (d.address(0, Some(Space::Shared))?, d.address(1, Some(Space::Global))?);
        let bytes = constant(d.at(2)?)?;
        emit(d, Copy { to, from, bytes, source_bytes });
    }
    Ok(())
}

/// How many bytes of its source a `cp.async` reads: a number, or a predicate that says whether it
/// reads none.
fn source_bytes(d: &mut Decoder<'_, '_>) -> Result<Slot, String> {
    let error = match d.word(3) {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error,
    };
    let Ok(p) = d.predicate(3) else { return Err(error) };
    let operands = [d.new_word()?, d.constant(0)?, d.word(2)?];
    d.emit(Op::Select { wide: false, operands, p });
    Ok(operands[0])
}

/// `cp.async`: every lane copies a few bytes.
#[derive(Debug)]
struct Copy {
    to: Address,
    from: Address,
    bytes: u32,
    /// Bytes that are read; zeros fill the rest.
    source_bytes: Option<Slot>,
}

impl Operation for Copy {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let (mask, bytes) = (site.mask, self.bytes);
        let mut transfer = Transfer::default();
        let mut addresses = [0; 32];
        let mut parts = Vec::with_capacity(32);
        // Lanes by how much they read: 0 to 16 bytes.
        let mut by_size = [0u32; 17];
        for lane in lanes(mask) {
            let source = self.source_bytes.map_or(bytes, |slot| site.r.lane::<u32>(slot, lane));
            if source > bytes {
                let text = format!("the source has {source} bytes; at most {bytes} are copied");
                return raise(lane, FaultKind::Asynchronous(text));
            }
            let from = if source == 0 {
                Location::Global(0)
            } else {
                locate(site, &self.from, lane, (source, bytes), "read")?
            };
            let to = locate(site, &self.to, lane, (bytes, bytes), "write")?;
            transfer.add_filled(from, to, source, bytes);
            parts.push((lane, from, source, to));
            addresses[lane] = self.from.of(site.r, lane);
            by_size[source as usize] |= 1 << lane;
        }
        for (bytes, &lanes) in by_size.iter().enumerate().skip(1).filter(|&(_, &lanes)| lanes != 0) {
            site.env.counters.add_lanes(Direction::Read, &addresses, lanes, bytes as u64);
        }
        let clock = start_lane_copies(site, mask);
        if let Some(clock) = &clock {
            for (lane, from, source, to) in parts {
                let who = (site.pc, lane);
                model::copy(site.env, clock, Kind::Read, who, from, (source, bytes as u8))?;
                model::copy(site.env, clock, Kind::Write, who, to, (bytes, bytes as u8))?;
            }
        }
        let trail = clock.map(|clock| clock.trail);
        let serial = issue(site, trail, mask.trailing_zeros(), false, Work::Transfer(transfer));
        for lane in lanes(mask) {
            let own = trail.map(|trail| Trail { lanes: 1 << lane, ..trail });
            outstanding(site.private).copies[lane].add(serial, own, site.env.agents);
        }
        Ok(Step::Next)
    }
}

/// `commit_group`.
#[derive(Debug)]
struct Commit {
    bulk: bool,
}

impl Operation for Commit {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let outstanding = outstanding(site.private);
        let groups = if self.bulk { &mut outstanding.bulk } else { &mut outstanding.copies };
        for lane in lanes(site.mask) {
            groups[lane].commit(site.env.agents);
        }
        Ok(Step::Next)
    }
}

/// `wait_group`: until at most `groups` of the latest groups are incomplete; with `read`, until
/// their sources were read.
#[derive(Debug)]
struct Wait {
    bulk: bool,
    groups: u32,
    read: bool,
}

impl Operation for Wait {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let Some(outstanding) = site.private.outstanding.as_deref_mut() else { return Ok(Step::Next) };
        let all = if self.bulk { &mut outstanding.bulk } else { &mut outstanding.copies };
        if !lanes(site.mask).all(|lane| all[lane].are_past(site.env.agents, self.groups, self.read)) {
            return Ok(Step::Wait(Awaited::Copies));
        }
        if let Some(clocks) = &mut site.private.clocks {
            for lane in lanes(site.mask) {
                clocks.acquire(1 << lane, &all[lane].learn(self.groups, self.read));
            }
        }
        Ok(Step::Next)
    }
}

/// `cp.async.wait_all`.
#[derive(Debug)]
struct WaitAll;

impl Operation for WaitAll {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let Some(outstanding) = site.private.outstanding.as_deref_mut() else { return Ok(Step::Next) };
        if !lanes(site.mask).all(|lane| outstanding.copies[lane].are_complete(site.env.agents)) {
            return Ok(Step::Wait(Awaited::Copies));
        }
        if let Some(clocks) = &mut site.private.clocks {
            for lane in lanes(site.mask) {
                clocks.acquire(1 << lane, &outstanding.copies[lane].learn_all());
            }
        }
        Ok(Step::Next)
    }
}

/// `cp.async.mbarrier.arrive`; `counted` with `.noinc`, when the phase expects the arrival already.
#[derive(Debug)]
struct Arrive {
    address: Address,
    counted: bool,
}

impl Operation for Arrive {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let mut mbarriers = Vec::new();
        let mut after = Vec::new();
        for lane in lanes(site.mask) {
            let offset = mbarrier::offset(site, &self.address, lane)?;
            let env = &mut *site.env;
            let cluster = &mut *env.cluster;
            let prepared = if self.counted {
                cluster.mbarriers.get(&cluster.shared, offset).map(|_| ())
            } else {
                cluster.update_mbarrier(offset, None, |mbarrier| mbarrier.add_pending())
            };
            prepared.or_else(|text| raise(lane, FaultKind::Mbarrier(text)))?;
            env.memory.watch.written(env.shared_key + u64::from(offset), 8);
            let copies = site.private.outstanding.as_ref().map(|outstanding| &outstanding.copies[lane]);
            mbarriers.push((offset, copies.map(|copies| copies.knowledge()).unwrap_or_default()));
            let all = copies.into_iter().flat_map(|copies| copies.all());
            after.extend(all.filter(|&serial| env.agents.is_live(serial)));
        }
        after.sort_unstable();
        after.dedup();
        site.spin.stored = true;
        let first = site.mask.trailing_zeros();
        issue(site, None, first, false, Work::Arrival { after, mbarriers });
        Ok(Step::Next)
    }
}
