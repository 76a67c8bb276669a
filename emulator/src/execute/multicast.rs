//! `multimem`: every lane makes the same access at its place on each GPU, in order of GPU number (PTX ISA section
//! 9.7.9.14, which leaves the order open).

use super::access::{self, get, lanes, put};
use super::{Environment, Private, Raised, atomic};
use crate::error::FaultKind;
use crate::numeric::{BF16, F16, Rounding};
use crate::op::{Data, HalfFormat, MemoryOp, MulticastAction, MulticastOp, MulticastReduction};
use crate::parking::Spin;
use crate::register::Registers;

/// Executes a `multimem` instruction.
pub(super) fn execute(
    env: &mut Environment<'_>,
    private: &mut Private,
    spin: &mut Spin,
    r: &mut Registers,
    op: &MulticastOp,
    (pc, mask): (u32, u32),
) -> Result<(), Raised> {
    let addresses = access::addresses(r, &op.access);
    let most = check(env, &op.access, &addresses, mask)?;
    let mut sums = vec![Sum::default(); 32 * op.access.data.len()];
    for member in 0..most {
        let mut places = [0; 32];
        let mut here = 0;
        for lane in lanes(mask) {
            if let Some(place) = env.memory.multicast_place(addresses[lane], member) {
                places[lane] = place;
                here |= 1 << lane;
            }
        }
        let who = (pc, here);
        match op.action {
            MulticastAction::Store => access::store(env, private, spin, r, &op.access, who, &places)?,
            MulticastAction::Reduce => access::atomic(env, private, spin, r, &op.access, who, &places)?,
            MulticastAction::Load(reduction) => {
                access::load(env, private, spin, r, &op.access, who, &places)?;
                each(&op.access, here, |index, lane, data| {
                    sums[index].add(reduction, op.access.element, get(r, data, lane, op.access.element));
                });
            }
        }
    }
    if let MulticastAction::Load(reduction) = op.action {
        each(&op.access, mask, |index, lane, data| {
            put(r, data, lane, sums[index].finish(reduction), &op.access);
        });
    }
    Ok(())
}

/// Calls `f` with a number of its own, the lane and the register for every element of every lane.
fn each(op: &MemoryOp, mask: u32, mut f: impl FnMut(usize, usize, Data)) {
    for lane in lanes(mask) {
        for (index, &data) in op.data.iter().enumerate() {
            f(lane * op.data.len() + index, lane, data);
        }
    }
}

/// All lanes must access multicast memory; the largest number of GPUs among their places.
fn check(env: &Environment<'_>, op: &MemoryOp, addresses: &[u64; 32], mask: u32) -> Result<usize, Raised> {
    let mut most = 0;
    for lane in lanes(mask) {
        let address = addresses[lane];
        let fault = |kind| Err(Raised { kind, lane: Some(lane as u32) });
        let place = || env.memory.describe(address);
        let (access, bytes) = ("multimem access", op.bytes() as u32);
        let Some(multicast) = env.memory.multicast(address) else {
            return fault(FaultKind::NotMulticast { place: place() });
        };
        if !address.is_multiple_of(bytes.into()) {
            return fault(FaultKind::Misaligned { access, bytes, place: place() });
        }
        if address - multicast.base + u64::from(bytes) > multicast.bytes {
            return fault(FaultKind::OutOfBounds { access, bytes, place: place() });
        }
        most = most.max(multicast.members.len());
    }
    Ok(most)
}

/// What the GPUs so far add up to.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    started: bool,
    value: u128,
    /// The halves of a pair that is not rounded yet.
    pair: [f32; 2],
}

impl Sum {
    fn add(&mut self, reduction: MulticastReduction, element: u8, value: u128) {
        let value = value & (u128::MAX >> (128 - 8 * u32::from(element)));
        match reduction {
            MulticastReduction::Atomic(operation) if self.started => {
                self.value = atomic::apply(operation, element, self.value, value, 0);
            }
            MulticastReduction::Atomic(_) => self.value = value,
            MulticastReduction::SumInF32(format) => {
                let encoding = encoding(format);
                for (half, shift) in self.pair.iter_mut().zip([0, 16]) {
                    let part = encoding.decode((value as u32) >> shift & 0xffff) as f32;
                    *half = if self.started { *half + part } else { part };
                }
            }
        }
        self.started = true;
    }

    fn finish(&self, reduction: MulticastReduction) -> u128 {
        match reduction {
            MulticastReduction::Atomic(_) => self.value,
            MulticastReduction::SumInF32(format) => {
                let [low, high] =
                    self.pair.map(|half| encoding(format).encode(half.into(), Rounding::Nearest, false));
                u128::from(low | high << 16)
            }
        }
    }
}

fn encoding(format: HalfFormat) -> crate::numeric::Format {
    match format {
        HalfFormat::F16 => F16,
        HalfFormat::Bf16 => BF16,
    }
}
