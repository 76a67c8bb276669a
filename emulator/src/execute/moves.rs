//! `mov`: between registers, and between a register and the parts of a vector.

use super::environment::Site;
use crate::op::Data;
use crate::register::{NONE, PredicateSource, Registers, Slot, lanes};

#[inline(always)]
pub(super) fn move32(r: &mut Registers, mask: u32, d: Slot, a: Slot) {
    r.map(mask, d, a, |x: u32| x);
}

#[inline(always)]
pub(super) fn move64(r: &mut Registers, mask: u32, d: Slot, a: Slot) {
    r.map(mask, d, a, |x: u64| x);
}

#[inline(always)]
pub(super) fn move_predicate(r: &mut Registers, mask: u32, d: Slot, a: PredicateSource) {
    let value = r.predicate(a);
    r.set_predicate(d, value, mask);
}

#[inline(always)]
pub(super) fn pack16(r: &mut Registers, mask: u32, operands: [Slot; 3]) {
    r.map_two(mask, operands, |low: u32, high: u32| (low & 0xffff) | high << 16);
}

#[inline(always)]
pub(super) fn pack32(r: &mut Registers, mask: u32, operands: [Slot; 3]) {
    r.map_two(mask, operands, |low: u32, high: u32| u64::from(low) | u64::from(high) << 32);
}

#[inline(always)]
pub(super) fn unpack16(r: &mut Registers, mask: u32, low: Slot, high: Slot, a: Slot) {
    // The source may be one of the destinations.
    let source = r.words[usize::from(a)].0;
    if low != NONE {
        r.store(low, &source.map(|x| x & 0xffff), mask);
    }
    if high != NONE {
        r.store(high, &source.map(|x| x >> 16), mask);
    }
}

#[inline(always)]
pub(super) fn unpack32(r: &mut Registers, mask: u32, low: Slot, high: Slot, a: Slot) {
    if low != NONE {
        r.map(mask, low, a, |x: u64| x as u32);
    }
    if high != NONE {
        r.map(mask, high, a, |x: u64| (x >> 32) as u32);
    }
}

#[inline(always)]
pub(super) fn active_mask(r: &mut Registers, mask: u32, d: Slot) {
    r.store::<u32>(d, &[mask; 32], mask);
}

#[inline(always)]
pub(super) fn nothing(_: &mut Registers, _: u32) {}

/// Puts one value into all lanes of a register of either bank.
#[inline(always)]
pub(super) fn splat(r: &mut Registers, mask: u32, d: Slot, long: bool, value: u64) {
    if long {
        r.store(d, &[value; 32], mask);
    } else {
        r.store(d, &[value as u32; 32], mask);
    }
}

/// The low bits of a register of a lane.
pub(crate) fn read(r: &Registers, data: Data, bits: u32, lane: usize) -> u128 {
    let slot = usize::from(data.slot);
    let value = match (data.long, bits) {
        _ if data.slot == NONE => 0,
        (_, 128) => u128::from(r.longs[slot][lane]) | u128::from(r.longs[slot + 1][lane]) << 64,
        (true, _) => u128::from(r.longs[slot][lane]),
        (false, _) => u128::from(r.words[slot][lane]),
    };
    if bits == 128 { value } else { value & ((1 << bits) - 1) }
}

/// Sets a register of a lane.
pub(crate) fn write(r: &mut Registers, data: Data, bits: u32, lane: usize, value: u128) {
    let slot = usize::from(data.slot);
    match (data.long, bits) {
        _ if data.slot == NONE => {}
        (_, 128) => {
            r.longs[slot][lane] = value as u64;
            r.longs[slot + 1][lane] = (value >> 64) as u64;
        }
        (true, _) => r.longs[slot][lane] = value as u64,
        (false, _) => r.words[slot][lane] = value as u32,
    }
}

#[inline(never)]
pub(super) fn pack_many(site: &mut Site<'_, '_>, index: u32) {
    let list = &site.env.code.packs[index as usize];
    let bits = list.bits / list.parts.len() as u32;
    for lane in lanes(site.mask) {
        let parts = list.parts.iter().enumerate();
        let value = parts
            .fold(0, |value, (index, &part)| value | read(site.r, part, bits, lane) << (bits * index as u32));
        write(site.r, list.whole, list.bits, lane, value);
    }
}

#[inline(never)]
pub(super) fn unpack_many(site: &mut Site<'_, '_>, index: u32) {
    let list = &site.env.code.packs[index as usize];
    let bits = list.bits / list.parts.len() as u32;
    for lane in lanes(site.mask) {
        let value = read(site.r, list.whole, list.bits, lane);
        for (index, &part) in list.parts.iter().enumerate() {
            write(site.r, part, bits, lane, (value >> (bits * index as u32)) & ((1 << bits) - 1));
        }
    }
}
