//! Loads, stores and atomics of a warp: the one path from registers to memory.

use super::contiguous::{contiguous, load_contiguous, store_contiguous};
use super::place::{Use, is_common, place};
use super::{Environment, Private, Raised, model};
use crate::consistency::Kind;
use crate::counters::Direction;
use crate::memory::window;
use crate::op::{Atomic, Data, MemoryOp, Order, Space};
use crate::parking::{Read, Spin};
use crate::register::{NONE, Registers};

/// The addresses of all lanes.
#[inline(always)]
pub(super) fn addresses(r: &Registers, op: &MemoryOp) -> [u64; 32] {
    let mut out = [op.offset as u64; 32];
    match op.base {
        Some(Data { slot, long: true }) => {
            let base = &r.longs[usize::from(slot)];
            for lane in 0..32 {
                out[lane] = base[lane].wrapping_add(op.offset as u64);
            }
        }
        Some(Data { slot, long: false }) => {
            let base = &r.words[usize::from(slot)];
            // Addresses of 32 bits stay so: compilers count on `[%r1+508]` for a %r1 below zero.
            let ones = op.space.address_bits();
            for lane in 0..32 {
                out[lane] = u64::from(base[lane]).wrapping_add(op.offset as u64) & ones;
            }
        }
        None => {}
    }
    out
}

pub(super) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 == 1)
}

/// Counts an executed request, apart for lanes that access global and lanes that access shared memory.
fn count(env: &mut Environment<'_>, op: &MemoryOp, direction: Direction, addresses: &[u64; 32], mask: u32) {
    let of = |space| {
        lanes(mask)
            .filter(|&lane| window::space(addresses[lane]) == space)
            .fold(0, |found, lane| found | 1 << lane)
    };
    let (global, shared) = match op.space {
        Space::Global | Space::Const => (mask, 0),
        Space::Shared | Space::Cluster => (0, mask),
        Space::Generic => (of(Space::Global), of(Space::Shared)),
        _ => (0, 0),
    };
    let bytes = op.bytes() as u64;
    if global != 0 {
        env.counters.add_lanes(direction, addresses, global, bytes);
    }
    if shared != 0 {
        env.counters.add_shared(addresses, shared, bytes, direction == Direction::Both);
    }
}

#[inline(always)]
fn extend(value: u64, element: u8, signed: bool) -> u64 {
    let unused = 64 - 8 * u32::from(element);
    if signed { ((value << unused) as i64 >> unused) as u64 } else { value }
}

pub(super) fn put(r: &mut Registers, data: Data, lane: usize, value: u128, op: &MemoryOp) {
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

pub(super) fn get(r: &Registers, data: Data, lane: usize, element: u8) -> u128 {
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

/// Executes a load.
pub(super) fn load(
    env: &mut Environment<'_>,
    private: &mut Private,
    spin: &mut Spin,
    r: &mut Registers,
    op: &MemoryOp,
    (pc, mask): (u32, u32),
    addresses: &[u64; 32],
) -> Result<(), Raised> {
    let bytes = op.bytes();
    let checked = env.detector.is_some();
    if let Some((number, offset)) = contiguous(env, private, op, addresses, (pc, mask))
        && !spin.recording
        && !(checked && op.order != Order::Weak)
        && env.memory.allocations[number].region.is_written(offset, 32 * bytes)
    {
        model::row(env, private, op, pc, Kind::Read, (number, offset))?;
        let allocation = &env.memory.allocations[number];
        let owner = allocation.gpu;
        let source = allocation.region.bytes(offset, 32 * bytes);
        load_contiguous(r, op, source);
        env.counters.add_contiguous(Direction::Read, owner, addresses[0], 32 * bytes as u64);
        return Ok(());
    }
    let element = usize::from(op.element);
    // Lanes that load the same load once. Local memory is each lane's own, whatever the address.
    let groups = model::groups(addresses, mask, |address| is_common(op, address));
    for lane in lanes(mask).filter(|&lane| groups[lane] != 0) {
        let place = place(env, private, op, Use::Read, lane, addresses[lane])?;
        if checked && op.order == Order::Weak {
            model::weak(env, private, op, pc, Kind::Read, groups[lane], (place.home, place.offset))?;
        }
        for (index, &data) in op.data.iter().enumerate() {
            let offset = place.offset + index * element;
            let mut value = place.region(env, private).value(offset, element);
            if checked && op.order != Order::Weak {
                value = model::load(env, private, op, (pc, groups[lane]), (place.home, offset), value)?;
            }
            if spin.recording
                && let Some(key) = place.key
            {
                spin.record(Read { address: key + (index * element) as u64, bytes: op.element, value });
            }
            for lane in lanes(groups[lane]) {
                put(r, data, lane, value, op);
            }
        }
    }
    count(env, op, Direction::Read, addresses, mask);
    Ok(())
}

/// Executes a store.
pub(super) fn store(
    env: &mut Environment<'_>,
    private: &mut Private,
    spin: &mut Spin,
    r: &mut Registers,
    op: &MemoryOp,
    (pc, mask): (u32, u32),
    addresses: &[u64; 32],
) -> Result<(), Raised> {
    let bytes = op.bytes();
    let checked = env.detector.is_some();
    if let Some((number, offset)) = contiguous(env, private, op, addresses, (pc, mask))
        && !env.memory.allocations[number].read_only
        && !(checked && op.order != Order::Weak)
    {
        model::row(env, private, op, pc, Kind::Write, (number, offset))?;
        let allocation = &mut env.memory.allocations[number];
        store_contiguous(r, op, allocation.region.bytes_mut(offset, 32 * bytes));
        env.counters.add_contiguous(Direction::Write, allocation.gpu, addresses[0], 32 * bytes as u64);
        env.memory.watch.written(addresses[0], 32 * bytes as u64);
        spin.stored = true;
        return Ok(());
    }
    let element = usize::from(op.element);
    let groups =
        if checked { model::groups(addresses, mask, |address| is_common(op, address)) } else { [0; 32] };
    for lane in lanes(mask) {
        let place = place(env, private, op, Use::Write, lane, addresses[lane])?;
        if checked && op.order == Order::Weak && groups[lane] != 0 {
            let group = groups[lane];
            let differs = |&data: &Data| {
                lanes(group).any(|other| get(r, data, other, op.element) != get(r, data, lane, op.element))
            };
            if !group.is_power_of_two() && op.data.iter().any(differs) {
                return model::differing(env, private, op, pc, group, (place.home, place.offset));
            }
            model::weak(env, private, op, pc, Kind::Write, group, (place.home, place.offset))?;
        }
        for (index, &data) in op.data.iter().enumerate() {
            let (offset, value) = (place.offset + index * element, get(r, data, lane, op.element));
            if checked && op.order != Order::Weak {
                let region = place.region(env, private);
                let old = region.is_written(offset, element).then(|| region.value(offset, element));
                model::store(env, private, op, (pc, 1 << lane), (place.home, offset), (old, value))?;
            }
            let region = place.region(env, private);
            let old = region.value(offset, element);
            region.set_value(offset, element, value);
            // A loop may keep its state in local memory, which nobody watches.
            spin.stored |= place.key.is_none() && region.value(offset, element) != old;
        }
        if let Some(key) = place.key {
            env.memory.watch.written(key, bytes as u64);
            spin.stored = true;
        }
    }
    if op.order.releases() {
        model::published(private);
    }
    count(env, op, Direction::Write, addresses, mask);
    Ok(())
}

/// Executes `atom` or `red`, lane after lane.
pub(super) fn atomic(
    env: &mut Environment<'_>,
    private: &mut Private,
    spin: &mut Spin,
    r: &mut Registers,
    op: &MemoryOp,
    (pc, mask): (u32, u32),
    addresses: &[u64; 32],
) -> Result<(), Raised> {
    let Some(operation) = op.atomic else { return Ok(()) };
    let element = usize::from(op.element);
    for lane in lanes(mask) {
        let place = place(env, private, op, Use::Atomic, lane, addresses[lane])?;
        let key = place.key;
        let mut changed = false;
        for index in 0..op.bytes() / element {
            let offset = place.offset + index * element;
            let old = place.region(env, private).value(offset, element);
            let operand = |index: usize| op.data.get(index).map_or(0, |&data| get(r, data, lane, op.element));
            let new = super::atomic::apply(operation, op.element, old, operand(index), operand(index + 1));
            if env.detector.is_some() {
                // A comparison that fails only reads.
                let writes = operation != Atomic::CompareExchange || old == operand(index);
                let new = writes.then_some(new);
                model::atomic(env, private, op, (pc, 1 << lane), (place.home, offset), (old, new))?;
            }
            if new != old {
                place.region(env, private).set_value(offset, element, new);
            }
            changed |= new != old;
            if spin.recording
                && let Some(key) = key
            {
                spin.record(Read { address: key + (index * element) as u64, bytes: op.element, value: old });
            }
            if let Some(&data) = op.old.get(index) {
                put(r, data, lane, old, op);
            }
        }
        if changed && let Some(key) = key {
            env.memory.watch.written(key, op.bytes() as u64);
            spin.stored = true;
        }
    }
    if op.order.releases() {
        model::published(private);
    }
    count(env, op, Direction::Both, addresses, mask);
    Ok(())
}
