//! `st.async` and `red.async` (PTX ISA section 9.7): each lane sends values from registers into the
//! shared memory of another block of its cluster, whose mbarrier gets the bytes.
//!
//! The values are taken when the instruction is executed; an agent of each lane writes them later.
//! They use the generic proxy. Completion releases at the scope of the cluster, so whoever waits
//! must acquire at that scope.

use super::issue::{emit, issue, start_lane_copies};
use super::mbarrier;
use super::vector::sources;
use crate::agent::{Completion, Location, Transfer, Work};
use crate::consistency::Kind;
use crate::decode::decoder::Decoder;
use crate::error::FaultKind;
use crate::execute::element::get;
use crate::execute::place::shared_address;
use crate::execute::{Operation, Raised, Site, Step, model, raise};
use crate::op::{Address, Atomic, Data, Space};
use crate::register::lanes;

pub(super) fn decode(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let space = d.get::<Space>();
    let reduction = if d.name() == "red" { Some(d.atomic(ty)?) } else { None };
    // Reductions are always relaxed at the scope of the cluster, stores always weak.
    d.ignore(&["relaxed", "cluster", "weak", "mbarrier::complete_tx::bytes"]);
    d.ignore_vector();
    let values = sources(d, 1, ty.bits())?;
    let (to, mbarrier) = (d.address(0, space)?, d.address(2, space)?);
    emit(d, RemoteStore { to, values, element: (ty.bits() / 8) as u8, mbarrier, reduction });
    Ok(())
}

#[derive(Debug)]
struct RemoteStore {
    to: Address,
    values: Vec<Data>,
    /// Bytes of a value.
    element: u8,
    /// The mbarrier whose transaction count it completes.
    mbarrier: Address,
    /// How it combines with the destination.
    reduction: Option<Atomic>,
}

impl Operation for RemoteStore {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        site.spin.stored = true;
        let element = usize::from(self.element);
        for lane in lanes(site.mask) {
            let mut values = Vec::with_capacity(element * self.values.len());
            for &value in &self.values {
                let bits = get(site.r, value, lane, self.element);
                values.extend_from_slice(&bits.to_le_bytes()[..element]);
            }
            let bytes = values.len() as u32;
            let to = self.destination(site, lane, bytes)?;
            let mbarrier = mbarrier::offset(site, &self.mbarrier, lane)?;
            let cluster = &*site.env.cluster;
            if let Err(text) = cluster.mbarriers.get(&cluster.shared, mbarrier) {
                return raise(lane, FaultKind::Mbarrier(text));
            }
            let [owner, told] = [to, mbarrier].map(|offset| cluster.owner(offset as usize));
            if owner != told {
                let text = format!(
                    "it writes to the cluster's block {owner} and completes at an mbarrier of block {told}; both must be in one block"
                );
                return raise(lane, FaultKind::Asynchronous(text));
            }
            if owner == site.env.block.rank {
                let text =
                    "it writes to its own block; the destination must be in another block of the cluster";
                return raise(lane, FaultKind::Asynchronous(text.into()));
            }
            let clock = start_lane_copies(site, 1 << lane);
            if let Some(clock) = &clock {
                let kind = if self.reduction.is_some() { Kind::Atomic } else { Kind::Write };
                let (who, length) = ((site.pc, lane), (bytes, self.element));
                model::copy(site.env, clock, kind, who, Location::Shared(to), length)?;
                model::completion(site.env, clock, who, mbarrier)?;
            }
            let mut transfer = Transfer::default();
            transfer.reduction = self.reduction;
            transfer.add_values(Location::Shared(to), &values);
            transfer.completes = Some(Completion { mbarrier, bytes, cluster: true });
            issue(site, clock.map(|clock| clock.trail), lane as u32, true, Work::Transfer(transfer));
        }
        Ok(Step::Next)
    }
}

impl RemoteStore {
    /// The offset in the cluster's shared memory that a lane writes.
    fn destination(&self, site: &Site<'_, '_>, lane: usize, bytes: u32) -> Result<u32, Raised> {
        let env = &*site.env;
        let elsewhere = |place| {
            let text = format!("it writes {place}; the destination must be shared memory of the cluster");
            FaultKind::Asynchronous(text)
        };
        let address = shared_address(env, self.to.space, self.to.of(site.r, lane), lane, elsewhere)?;
        let rank = env.block.rank;
        let place = || env.cluster.describe_address(rank, address);
        if !address.is_multiple_of(bytes.into()) {
            return raise(lane, FaultKind::Misaligned { access: "write", bytes, place: place() });
        }
        match env.cluster.place(rank, address, bytes.into()) {
            Ok(offset) => Ok(offset as u32),
            Err(_) => raise(lane, FaultKind::OutOfBounds { access: "write", bytes, place: place() }),
        }
    }
}
