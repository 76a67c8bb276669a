//! `st.async` and `red.async` (PTX ISA section 9.7): each lane sends values from registers into the shared memory
//! of another block of its cluster, whose mbarrier gets the bytes.
//!
//! The values are taken when the instruction is executed; an agent of each lane writes them later. They use the generic
//! proxy. Completion releases at the scope of the cluster, so whoever waits must acquire at that scope.

use super::asynchronous::{issue, lanes, raise};
use super::place::shared_address;
use super::{Environment, Private, Raised, access, mbarrier, model};
use crate::agent::{Completion, Location, Transfer, Work};
use crate::consistency::Kind;
use crate::error::FaultKind;
use crate::op::{Address, RemoteStore};
use crate::register::Registers;

pub(super) fn execute(
    env: &mut Environment<'_>,
    private: &mut Private,
    r: &Registers,
    store: &RemoteStore,
    pc: u32,
    mask: u32,
) -> Result<(), Raised> {
    let element = usize::from(store.element);
    for lane in lanes(mask) {
        let mut values = Vec::with_capacity(element * store.values.len());
        for &value in &store.values {
            let bits = access::get(r, value, lane, store.element);
            values.extend_from_slice(&bits.to_le_bytes()[..element]);
        }
        let bytes = values.len() as u32;
        let to = destination(env, r, &store.to, lane, bytes)?;
        let mbarrier = mbarrier::offset(env, r, &store.mbarrier, lane)?;
        if let Err(text) = env.cluster.mbarriers.get(&env.cluster.shared, mbarrier) {
            return raise(lane, FaultKind::Mbarrier(text));
        }
        let [owner, told] = [to, mbarrier].map(|offset| env.cluster.owner(offset as usize));
        if owner != told {
            let text = format!(
                "it writes to the cluster's block {owner} and completes at an mbarrier of block {told}; both must be in one block"
            );
            return raise(lane, FaultKind::Asynchronous(text));
        }
        if owner == env.block.rank {
            let text = "it writes to its own block; the destination must be in another block of the cluster";
            return raise(lane, FaultKind::Asynchronous(text.into()));
        }
        let clock = match (&mut env.detector, &mut private.clocks) {
            (Some(detector), Some(clocks)) => Some(detector.start_lane_copies(clocks, 1 << lane)),
            _ => None,
        };
        if let Some(clock) = &clock {
            let kind = if store.reduction.is_some() { Kind::Atomic } else { Kind::Write };
            let length = (bytes, store.element);
            model::copy(env, clock, kind, (pc, lane), Location::Shared(to), length)?;
            model::completion(env, clock, (pc, lane), mbarrier)?;
        }
        let mut transfer = Transfer::default();
        transfer.reduction = store.reduction.map(|operation| (operation, store.element));
        transfer.add_values(Location::Shared(to), &values);
        transfer.completes = Some(Completion { mbarrier, bytes, cluster: true });
        issue(env, clock.map(|clock| clock.trail), pc, lane as u32, true, Work::Transfer(transfer));
    }
    Ok(())
}

/// The offset in the cluster's shared memory that a lane writes.
fn destination(
    env: &Environment<'_>,
    r: &Registers,
    operand: &Address,
    lane: usize,
    bytes: u32,
) -> Result<u32, Raised> {
    let elsewhere = |place| {
        FaultKind::Asynchronous(format!(
            "it writes {place}; the destination must be shared memory of the cluster"
        ))
    };
    let address = shared_address(env, operand.space, operand.of(r, lane), lane, elsewhere)?;
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
