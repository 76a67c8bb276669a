//! `st.bulk` (PTX ISA section 9.7): a lane sets a run of its block's shared memory to zero. It is a weak store that is complete when
//! the instruction is.

use super::asynchronous::{lanes, raise};
use super::place::shared_address;
use super::{Environment, Private, Raised, model};
use crate::cluster::Cluster;
use crate::error::FaultKind;
use crate::op::{Address, Space};
use crate::register::{Registers, Slot};

/// Alignment of the address, and what the size is a multiple of.
const UNIT: u64 = 8;

pub(super) fn execute(
    env: &mut Environment<'_>,
    private: &mut Private,
    r: &Registers,
    (to, size): (&Address, Slot),
    pc: u32,
    mask: u32,
) -> Result<(), Raised> {
    let mut left = mask;
    for lane in lanes(mask) {
        if left >> lane & 1 == 0 {
            continue;
        }
        let operands = |lane: usize| (to.of(r, lane), r.longs[usize::from(size)][lane]);
        let (address, bytes) = operands(lane);
        // Lanes that do the same do not race with each other.
        let same = lanes(left).filter(|&other| operands(other) == (address, bytes));
        let same = same.fold(0, |mask, other| mask | 1u32 << other);
        left &= !same;
        let offset = destination(env, to.space, address, bytes, lane)?;
        let length = bytes as usize;
        if length == 0 {
            continue;
        }
        model::fill(env, private, pc, same, (offset, length))?;
        env.cluster.shared.bytes_mut(offset, length).fill(0);
        env.memory.watch.written(env.shared_key + offset as u64, bytes);
    }
    Ok(())
}

/// Where the run begins in the shared memory of the cluster.
fn destination(
    env: &Environment<'_>,
    space: Space,
    address: u64,
    bytes: u64,
    lane: usize,
) -> Result<usize, Raised> {
    let rank = env.block.rank;
    let elsewhere =
        |place| FaultKind::OutOfBounds { access: "bulk store to shared memory", bytes: clamp(bytes), place };
    let address = shared_address(env, space, address, lane, elsewhere)?;
    let place = || env.cluster.describe_address(rank, address);
    if !address.is_multiple_of(UNIT) {
        return raise(
            lane,
            FaultKind::Misaligned { access: "bulk store", bytes: UNIT as u32, place: place() },
        );
    }
    let outside =
        || raise(lane, FaultKind::OutOfBounds { access: "bulk store", bytes: clamp(bytes), place: place() });
    if !bytes.is_multiple_of(UNIT) {
        let text = format!("a bulk store of {bytes} bytes; the size must be a multiple of {UNIT}");
        return raise(lane, FaultKind::Asynchronous(text));
    }
    if bytes > u64::from(u32::MAX) || Cluster::rank(rank, address) != rank.into() {
        return outside();
    }
    env.cluster.place(rank, address, bytes).or_else(|_| outside())
}

fn clamp(bytes: u64) -> u32 {
    bytes.try_into().unwrap_or(u32::MAX)
}
