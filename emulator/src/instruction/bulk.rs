//! Bulk copies and reductions of one contiguous run of bytes (PTX ISA section 9.7.9.25): an agent
//! for each lane.

use super::issue::{emit, issue, locate, outstanding};
use super::mbarrier;
use crate::agent::{Completion, Location, Transfer, Work};
use crate::cluster::Unreachable;
use crate::consistency::Kind;
use crate::counters::Direction;
use crate::decode::decoder::Decoder;
use crate::error::FaultKind;
use crate::execute::{Operation, Raised, Site, Step, model, raise};
use crate::memory::window;
use crate::op::{Address, Atomic, Space};
use crate::register::{Slot, lanes};

/// Size and alignment of bulk copies.
const UNIT: u32 = 16;

pub(super) fn decode(d: &mut Decoder<'_, '_>, reduces: bool) -> Result<(), String> {
    if d.take("prefetch") {
        d.take("global");
        let (bytes, from) = (d.word(1)?, d.address(0, Some(Space::Global))?);
        emit(d, Prefetch { from, bytes });
        return Ok(());
    }
    let reduction = if reduces {
        let ty = d.ty()?;
        Some(d.atomic(ty)?)
    } else {
        None
    };
    // The first space is that of the destination.
    let (to, from) = (d.of_kind::<Space>()?, d.of_kind::<Space>()?);
    let completes = d.take("mbarrier::complete_tx::bytes");
    d.take("bulk_group");
    let blocks = if d.take("multicast::cluster") { Some(d.word(4)?) } else { None };
    let mbarrier = if completes { Some(d.address(3, Some(to))?) } else { None };
    let (to, from) = (d.address(0, Some(to))?, d.address(1, Some(from))?);
    let bytes = d.word(2)?;
    emit(d, BulkCopy { to, from, bytes, mbarrier, reduction, blocks });
    Ok(())
}

fn check_size(lane: usize, bytes: u32) -> Result<(), Raised> {
    if bytes.is_multiple_of(UNIT) {
        return Ok(());
    }
    let text = format!("a bulk copy of {bytes} bytes; the size must be a multiple of {UNIT}");
    raise(lane, FaultKind::Asynchronous(text))
}

/// `cp.async.bulk.prefetch`.
#[derive(Debug)]
struct Prefetch {
    from: Address,
    bytes: Slot,
}

impl Operation for Prefetch {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        for lane in lanes(site.mask) {
            let bytes = site.r.lane::<u32>(self.bytes, lane);
            check_size(lane, bytes)?;
            locate(site, &self.from, lane, (bytes, UNIT), "read")?;
        }
        Ok(Step::Next)
    }
}

/// `cp.async.bulk` and `cp.reduce.async.bulk`.
#[derive(Debug)]
struct BulkCopy {
    to: Address,
    from: Address,
    bytes: Slot,
    /// The mbarrier whose transaction count it completes; otherwise it belongs to a bulk group.
    mbarrier: Option<Address>,
    /// How it combines with the destination.
    reduction: Option<Atomic>,
    /// `.multicast::cluster`: a bit for each block of the cluster that gets the bytes, at the same
    /// offset in its shared memory.
    blocks: Option<Slot>,
}

impl Operation for BulkCopy {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        for lane in lanes(site.mask) {
            let bytes = site.r.lane::<u32>(self.bytes, lane);
            check_size(lane, bytes)?;
            let from = locate(site, &self.from, lane, (bytes, UNIT), "read")?;
            let to = locate(site, &self.to, lane, (bytes, UNIT), "write")?;
            let mbarrier = match &self.mbarrier {
                Some(address) => Some(mbarrier::offset(site, address, lane)?),
                None => None,
            };
            if let Location::Global(address) = from {
                site.env.counters.add(Direction::Read, window::owner(address), bytes.into());
            }
            if let Location::Global(address) = to {
                let direction = if self.reduction.is_some() { Direction::Both } else { Direction::Write };
                site.env.counters.add(direction, window::owner(address), bytes.into());
            }
            let Some(blocks) = self.blocks else {
                self.transfer(site, lane, (from, to, bytes), mbarrier)?;
                continue;
            };
            // Multicast: to each block a transfer of its own, whose completion is its own too.
            let blocks = site.r.lane::<u32>(blocks, lane) & 0xffff;
            for rank in (0..16).filter(|rank| blocks >> rank & 1 == 1) {
                let there = |offset| counterpart(site, lane, (rank, blocks), offset);
                let to = match to {
                    Location::Shared(offset) => Location::Shared(there(offset)?),
                    global => global,
                };
                let mbarrier = mbarrier.map(there).transpose()?;
                self.transfer(site, lane, (from, to, bytes), mbarrier)?;
            }
        }
        Ok(Step::Next)
    }
}

/// The same place in the block of a rank, which a mask names.
fn counterpart(
    site: &Site<'_, '_>,
    lane: usize,
    (rank, blocks): (u32, u32),
    offset: u32,
) -> Result<u32, Raised> {
    site.env.cluster.counterpart(rank, offset).or_else(|why| {
        let text = match why {
            Unreachable::Outside => {
                format!("the cluster has no block {rank} that the mask {blocks:#x} names")
            }
            Unreachable::Exited => format!("the cluster's block {rank}, which the mask names, has exited"),
        };
        raise(lane, FaultKind::Asynchronous(text))
    })
}

impl BulkCopy {
    /// Issues one copy of one lane.
    fn transfer(
        &self,
        site: &mut Site<'_, '_>,
        lane: usize,
        (from, to, bytes): (Location, Location, u32),
        mbarrier: Option<u32>,
    ) -> Result<(), Raised> {
        let mut transfer = Transfer::default();
        transfer.reduction = self.reduction;
        transfer.add(from, to, bytes);
        if let Some(mbarrier) = mbarrier {
            if let Err(text) = site.env.cluster.mbarriers.get(&site.env.cluster.shared, mbarrier) {
                return raise(lane, FaultKind::Mbarrier(text));
            }
            // Whoever finds the phase complete is after the copy, wherever it was issued.
            transfer.completes = Some(Completion { mbarrier, bytes, cluster: false });
        }
        let clock = match (&mut site.env.detector, &mut site.private.clocks) {
            (Some(detector), Some(clocks)) => Some(detector.start_bulk(clocks, lane)),
            _ => None,
        };
        if let Some(clock) = &clock {
            let (kind, element) = match self.reduction {
                Some(reduction) => (Kind::Atomic, reduction.bytes() as u8),
                None => (Kind::Write, UNIT as u8),
            };
            let who = (site.pc, lane);
            model::copy(site.env, clock, Kind::Read, who, from, (bytes, UNIT as u8))?;
            model::copy(site.env, clock, kind, who, to, (bytes, element))?;
            if let Some(mbarrier) = mbarrier {
                model::completion(site.env, clock, who, mbarrier)?;
            }
        }
        let trail = clock.map(|clock| clock.trail);
        let serial = issue(site, trail, lane as u32, true, Work::Transfer(transfer));
        if mbarrier.is_none() {
            outstanding(site.private).bulk[lane].add(serial, trail, site.env.agents);
        }
        Ok(())
    }
}
