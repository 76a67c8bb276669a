//! `mov` between a register and the parts of a vector.

use crate::op::{Data, PackList};
use crate::register::Registers;

pub(super) fn read(r: &Registers, data: Data, bits: u32, lane: usize) -> u128 {
    let slot = usize::from(data.slot);
    let value = match (data.long, bits) {
        _ if data.slot == crate::register::NONE => 0,
        (_, 128) => u128::from(r.longs[slot][lane]) | u128::from(r.longs[slot + 1][lane]) << 64,
        (true, _) => u128::from(r.longs[slot][lane]),
        (false, _) => u128::from(r.words[slot][lane]),
    };
    if bits == 128 { value } else { value & ((1 << bits) - 1) }
}

pub(super) fn write(r: &mut Registers, data: Data, bits: u32, lane: usize, value: u128) {
    let slot = usize::from(data.slot);
    match (data.long, bits) {
        _ if data.slot == crate::register::NONE => {}
        (_, 128) => {
            r.longs[slot][lane] = value as u64;
            r.longs[slot + 1][lane] = (value >> 64) as u64;
        }
        (true, _) => r.longs[slot][lane] = value as u64,
        (false, _) => r.words[slot][lane] = value as u32,
    }
}

#[inline(never)]
pub(super) fn pack_many(r: &mut Registers, mask: u32, list: &PackList) {
    let bits = list.bits / list.parts.len() as u32;
    for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
        let value = list
            .parts
            .iter()
            .enumerate()
            .fold(0, |value, (index, &part)| value | read(r, part, bits, lane) << (bits * index as u32));
        write(r, list.whole, list.bits, lane, value);
    }
}

#[inline(never)]
pub(super) fn unpack_many(r: &mut Registers, mask: u32, list: &PackList) {
    let bits = list.bits / list.parts.len() as u32;
    for lane in (0..32).filter(|lane| mask >> lane & 1 == 1) {
        let value = read(r, list.whole, list.bits, lane);
        for (index, &part) in list.parts.iter().enumerate() {
            write(r, part, bits, lane, (value >> (bits * index as u32)) & ((1 << bits) - 1));
        }
    }
}
