//! One lane's value of one element of a memory operation: from and to registers.

use crate::op::{Data, MemoryOp};
use crate::register::{NONE, Registers};

#[inline(always)]
pub(super) fn extend(value: u64, element: u8, signed: bool) -> u64 {
    let unused = 64 - 8 * u32::from(element);
    if signed { ((value << unused) as i64 >> unused) as u64 } else { value }
}

pub(crate) fn put(r: &mut Registers, data: Data, lane: usize, value: u128, op: &MemoryOp) {
    if data.slot == NONE {
        return;
    }
    if op.element == 16 {
        r.longs[usize::from(data.slot)][lane] = value as u64;
        r.longs[usize::from(data.slot) + 1][lane] = (value >> 64) as u64;
    } else {
        let value = extend(value as u64, op.element, op.signed);
        if data.long {
            r.longs[usize::from(data.slot)][lane] = value;
        } else {
            r.words[usize::from(data.slot)][lane] = value as u32;
        }
    }
}

pub(crate) fn get(r: &Registers, data: Data, lane: usize, element: u8) -> u128 {
    let slot = usize::from(data.slot);
    if data.slot == NONE {
        0
    } else if element == 16 {
        u128::from(r.longs[slot][lane]) | u128::from(r.longs[slot + 1][lane]) << 64
    } else if data.long {
        u128::from(r.longs[slot][lane])
    } else {
        u128::from(r.words[slot][lane])
    }
}
