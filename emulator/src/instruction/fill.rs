//! `st.bulk` (PTX ISA section 9.7): a lane sets a run of its block's shared memory to zero. It is a
//! weak store that is complete when the instruction is.

use super::issue::emit;
use crate::cluster::Cluster;
use crate::decode::decoder::Decoder;
use crate::error::FaultKind;
use crate::execute::place::shared_address;
use crate::execute::{Operation, Raised, Site, Step, model, raise};
use crate::op::{Address, Space};
use crate::register::{Slot, lanes};

/// Alignment of the address, and what the size is a multiple of.
const UNIT: u64 = 8;

/// The table knows that the value is zero.
pub(super) fn decode(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.take("weak");
    let space = d.get::<Space>();
    let (to, bytes) = (d.address(0, space)?, d.long(1)?);
    emit(d, Fill { to, bytes });
    Ok(())
}

#[derive(Debug)]
struct Fill {
    to: Address,
    bytes: Slot,
}

impl Operation for Fill {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        site.spin.stored = true;
        let mut left = site.mask;
        for lane in lanes(site.mask) {
            if left >> lane & 1 == 0 {
                continue;
            }
            let operands = |lane: usize| (self.to.of(site.r, lane), site.r.lane::<u64>(self.bytes, lane));
            let (address, bytes) = operands(lane);
            // Lanes that do the same do not race with each other.
            let same = lanes(left).filter(|&other| operands(other) == (address, bytes));
            let same = same.fold(0, |mask, other| mask | 1u32 << other);
            left &= !same;
            let offset = destination(site, self.to.space, address, bytes, lane)?;
            if bytes == 0 {
                continue;
            }
            let run = (offset, bytes as usize);
            model::fill(site, same, run)?;
            site.env.cluster.shared.bytes_mut(run.0, run.1).fill(0);
            site.env.memory.watch.written(site.env.shared_key + offset as u64, bytes);
        }
        Ok(Step::Next)
    }
}

/// Where the run begins in the shared memory of the cluster.
fn destination(
    site: &Site<'_, '_>,
    space: Option<Space>,
    address: u64,
    bytes: u64,
    lane: usize,
) -> Result<usize, Raised> {
    let env = &*site.env;
    let rank = env.block.rank;
    let width = bytes.try_into().unwrap_or(u32::MAX);
    let elsewhere =
        |place| FaultKind::OutOfBounds { access: "bulk store to shared memory", bytes: width, place };
    let address = shared_address(env, space, address, lane, elsewhere)?;
    let place = || env.cluster.describe_address(rank, address);
    if !address.is_multiple_of(UNIT) {
        let kind = FaultKind::Misaligned { access: "bulk store", bytes: UNIT as u32, place: place() };
        return raise(lane, kind);
    }
    if !bytes.is_multiple_of(UNIT) {
        let text = format!("a bulk store of {bytes} bytes; the size must be a multiple of {UNIT}");
        return raise(lane, FaultKind::Asynchronous(text));
    }
    let outside =
        || raise(lane, FaultKind::OutOfBounds { access: "bulk store", bytes: width, place: place() });
    if bytes > u64::from(u32::MAX) || Cluster::rank(rank, address) != rank.into() {
        return outside();
    }
    env.cluster.place(rank, address, bytes).or_else(|_| outside())
}
