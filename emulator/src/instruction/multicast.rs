//! `multimem`: every lane makes the same access at its place on each GPU, in order of GPU number
//! (PTX ISA section 9.7.9.14, which leaves the order open).

use super::vector::{destinations, sources};
use crate::activity::Class;
use crate::decode::decoder::{Decode, Decoder};
use crate::error::FaultKind;
use crate::execute::access::{addresses, atomic_at, load_at, store_at};
use crate::execute::element::{get, put};
use crate::execute::{Operation, Raised, Site, Step, raise};
use crate::numeric::atomic::{self, half_type};
use crate::op::{Atomic, AtomicOperation, Data, Effect, HalfFormat, MemoryOp, Rounding, Space};
use crate::register::lanes;

pub(super) const DECODINGS: &[(&str, Decode)] = &[("multimem", decode)];

/// What a `multimem` instruction does with its place on every GPU.
#[derive(Clone, Copy, Debug)]
enum Action {
    Load(Reduction),
    Store,
    Reduce,
}

/// How the values of the GPUs become one.
#[derive(Clone, Copy, Debug)]
enum Reduction {
    /// As an atomic operation would make it, one GPU after the other.
    Atomic(Atomic),
    /// A sum of pairs of 16-bit floats that is rounded once: `.acc::f32`.
    SumInF32(HalfFormat),
}

fn decode(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let kind = d.require(&["ld_reduce", "st", "red"].map(|name| (name, name)))?;
    let ty = d.ty()?;
    let wide = d.take("acc::f32");
    d.ignore_vector();
    // Multicast memory is global, whether the instruction says so or not.
    d.take("global");
    let operation = if kind == "st" { None } else { Some(d.atomic(ty)?) };
    let strength = d.strength();
    let loads = kind == "ld_reduce";
    let address = d.address(usize::from(loads), Some(Space::Global))?;
    let data = if loads { destinations(d, ty.bits())? } else { sources(d, 1, ty.bits())? };
    let action = match (operation, half_type(ty)) {
        (Some(Atomic { operation: AtomicOperation::Add, .. }), Some((format, _))) if loads && wide => {
            Action::Load(Reduction::SumInF32(format))
        }
        (Some(operation), _) if loads => Action::Load(Reduction::Atomic(operation)),
        (Some(_), _) => Action::Reduce,
        (None, _) => Action::Store,
    };
    let atomic = operation.filter(|_| !loads);
    let access = MemoryOp { strength, atomic, ..MemoryOp::weak(address, ty, data) };
    d.emit_own(Class::Atomic, Effect::Memory, Multicast { access, action });
    Ok(())
}

/// The access to make on every GPU, and what becomes of it.
#[derive(Debug)]
struct Multicast {
    access: MemoryOp,
    action: Action,
}

impl Operation for Multicast {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let Multicast { access, action } = self;
        let addresses = addresses(site.r, access);
        let most = check(site, access, &addresses)?;
        let mut sums = vec![Sum::default(); 32 * access.data.len()];
        for member in 0..most {
            let mut places = [0; 32];
            let mut here = 0;
            for lane in lanes(site.mask) {
                if let Some(place) = site.env.memory.multicast_place(addresses[lane], member) {
                    places[lane] = place;
                    here |= 1 << lane;
                }
            }
            let member = &mut site.of_lanes(here);
            match *action {
                Action::Store => store_at(member, access, &places)?,
                Action::Reduce => atomic_at(member, access, &places)?,
                Action::Load(reduction) => {
                    load_at(member, access, &places)?;
                    each(access, here, |index, lane, data| {
                        let value = get(member.r, data, lane, access.element);
                        sums[index].add(reduction, access.element, value);
                    });
                }
            }
        }
        if let Action::Load(reduction) = *action {
            each(access, site.mask, |index, lane, data| {
                put(site.r, data, lane, sums[index].finish(reduction), access);
            });
        }
        Ok(Step::Next)
    }
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
fn check(site: &Site<'_, '_>, op: &MemoryOp, addresses: &[u64; 32]) -> Result<usize, Raised> {
    let memory = &*site.env.memory;
    let mut most = 0;
    for lane in lanes(site.mask) {
        let address = addresses[lane];
        let place = || memory.describe(address);
        let (access, bytes) = ("multimem access", op.bytes() as u32);
        let Some(multicast) = memory.multicast(address) else {
            return raise(lane, FaultKind::NotMulticast { place: place() });
        };
        if !address.is_multiple_of(bytes.into()) {
            return raise(lane, FaultKind::Misaligned { access, bytes, place: place() });
        }
        if address - multicast.base + u64::from(bytes) > multicast.bytes {
            return raise(lane, FaultKind::OutOfBounds { access, bytes, place: place() });
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
    fn add(&mut self, reduction: Reduction, element: u8, value: u128) {
        let value = value & (u128::MAX >> (128 - 8 * u32::from(element)));
        match reduction {
            Reduction::Atomic(operation) if self.started => {
                self.value = atomic::apply(operation, self.value, value, 0);
            }
            Reduction::Atomic(_) => self.value = value,
            Reduction::SumInF32(format) => {
                for (half, shift) in self.pair.iter_mut().zip([0, 16]) {
                    let part = format.format().decode((value as u32) >> shift & 0xffff) as f32;
                    *half = if self.started { *half + part } else { part };
                }
            }
        }
        self.started = true;
    }

    fn finish(&self, reduction: Reduction) -> u128 {
        match reduction {
            Reduction::Atomic(_) => self.value,
            Reduction::SumInF32(format) => {
                let encode = |half: f32| format.format().encode(half.into(), Rounding::NearestEven, false);
                let [low, high] = self.pair.map(encode);
                u128::from(low | high << 16)
            }
        }
    }
}
