//! Loads, stores and atomics of a warp: the one path from registers to memory.

use super::contiguous::{contiguous, load_contiguous, store_contiguous};
use super::element::{extend, get, put};
use super::environment::{Raised, Site};
use super::model;
use super::moves::splat;
use super::place::{Use, is_common, place};
use crate::consistency::Kind;
use crate::counters::Direction;
use crate::memory::window;
use crate::numeric::atomic;
use crate::op::{AtomicOperation, Data, MemoryOp, Space, Strength, address_bits};
use crate::parking::Read;
use crate::register::{Registers, Slot, lanes};

/// The addresses of all lanes.
#[inline(always)]
pub(crate) fn addresses(r: &Registers, op: &MemoryOp) -> [u64; 32] {
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
            let ones = address_bits(op.space);
            for lane in 0..32 {
                out[lane] = u64::from(base[lane]).wrapping_add(op.offset as u64) & ones;
            }
        }
        None => {}
    }
    out
}

/// Counts an executed request, apart for lanes that access global and lanes that access shared
/// memory.
fn count(site: &mut Site<'_, '_>, op: &MemoryOp, direction: Direction, addresses: &[u64; 32]) {
    let (mask, counters) = (site.mask, &mut *site.env.counters);
    let of = |space| {
        lanes(mask)
            .filter(|&lane| window::space(addresses[lane]) == space)
            .fold(0, |found, lane| found | 1 << lane)
    };
    let (global, shared) = match op.space {
        Some(Space::Global | Space::Const) => (mask, 0),
        Some(Space::Shared | Space::Cluster) => (0, mask),
        None => (of(Space::Global), of(Space::Shared)),
        _ => (0, 0),
    };
    let bytes = op.bytes() as u64;
    if global != 0 {
        counters.add_lanes(direction, addresses, global, bytes);
    }
    if shared != 0 {
        counters.add_shared(addresses, shared, bytes, direction == Direction::Both);
    }
}

/// `ld.param` of a kernel parameter.
#[inline(always)]
pub(super) fn load_parameter(
    site: &mut Site<'_, '_>,
    offset: u32,
    d: Slot,
    long: bool,
    bytes: u8,
    signed: bool,
) {
    let value = site.env.parameters.value(offset as usize, usize::from(bytes)) as u64;
    splat(site.r, site.mask, d, long, extend(value, bytes, signed));
}

/// `ld`.
#[inline(always)]
pub(super) fn load(site: &mut Site<'_, '_>, index: u32) -> Result<(), Raised> {
    let op = &site.env.code.memory[index as usize];
    load_at(site, op, &addresses(site.r, op))
}

/// `st`.
#[inline(always)]
pub(super) fn store(site: &mut Site<'_, '_>, index: u32) -> Result<(), Raised> {
    let op = &site.env.code.memory[index as usize];
    store_at(site, op, &addresses(site.r, op))
}

/// `atom` and `red`.
#[inline(always)]
pub(super) fn atomic(site: &mut Site<'_, '_>, index: u32) -> Result<(), Raised> {
    let op = &site.env.code.memory[index as usize];
    atomic_at(site, op, &addresses(site.r, op))
}

/// Loads from the addresses of lanes.
pub(crate) fn load_at(site: &mut Site<'_, '_>, op: &MemoryOp, addresses: &[u64; 32]) -> Result<(), Raised> {
    let bytes = op.bytes();
    let checked = site.env.detector.is_some();
    if let Some(place) = contiguous(site, op, addresses)
        && !site.spin.recording
        && !(checked && op.strength != Strength::Weak)
        && site.env.memory.allocations[place.0].region.is_written(place.1, 32 * bytes)
    {
        model::row(site, op, Kind::Read, place)?;
        let allocation = &site.env.memory.allocations[place.0];
        load_contiguous(site.r, op, allocation.region.bytes(place.1, 32 * bytes));
        let row = (addresses[0], 32 * bytes as u64);
        site.env.counters.add_contiguous(Direction::Read, allocation.gpu, row.0, row.1);
        return Ok(());
    }
    let element = usize::from(op.element);
    // Lanes that load the same load once. Local memory is each lane's own, whatever the address.
    let groups = model::groups(addresses, site.mask, |address| is_common(op, address));
    for lane in lanes(site.mask).filter(|&lane| groups[lane] != 0) {
        let place = place(site, op, Use::Read, lane, addresses[lane])?;
        if checked && op.strength == Strength::Weak {
            model::weak(site, op, Kind::Read, groups[lane], (place.home, place.offset))?;
        }
        for (index, &data) in op.data.iter().enumerate() {
            let offset = place.offset + index * element;
            let mut value = place.region(site).value(offset, element);
            if checked && op.strength != Strength::Weak {
                value = model::load(site, op, groups[lane], (place.home, offset), value)?;
            }
            if site.spin.recording
                && let Some(key) = place.key
            {
                let address = key + (index * element) as u64;
                site.spin.record(Read { address, bytes: op.element, value });
            }
            for lane in lanes(groups[lane]) {
                put(site.r, data, lane, value, op);
            }
        }
    }
    count(site, op, Direction::Read, addresses);
    Ok(())
}

/// Stores at the addresses of lanes.
pub(crate) fn store_at(site: &mut Site<'_, '_>, op: &MemoryOp, addresses: &[u64; 32]) -> Result<(), Raised> {
    let bytes = op.bytes();
    let checked = site.env.detector.is_some();
    if let Some(place) = contiguous(site, op, addresses)
        && !site.env.memory.allocations[place.0].read_only
        && !(checked && op.strength != Strength::Weak)
    {
        model::row(site, op, Kind::Write, place)?;
        let memory = &mut *site.env.memory;
        let allocation = &mut memory.allocations[place.0];
        store_contiguous(site.r, op, allocation.region.bytes_mut(place.1, 32 * bytes));
        let row = (addresses[0], 32 * bytes as u64);
        site.env.counters.add_contiguous(Direction::Write, allocation.gpu, row.0, row.1);
        memory.watch.written(row.0, row.1);
        site.spin.stored = true;
        return Ok(());
    }
    let element = usize::from(op.element);
    let groups =
        if checked { model::groups(addresses, site.mask, |address| is_common(op, address)) } else { [0; 32] };
    for lane in lanes(site.mask) {
        let place = place(site, op, Use::Write, lane, addresses[lane])?;
        if checked && op.strength == Strength::Weak && groups[lane] != 0 {
            let group = groups[lane];
            let value = |data: Data, lane| get(site.r, data, lane, op.element);
            let differs = |&data: &Data| lanes(group).any(|other| value(data, other) != value(data, lane));
            if !group.is_power_of_two() && op.data.iter().any(differs) {
                return model::differing(site, op, group, (place.home, place.offset));
            }
            model::weak(site, op, Kind::Write, group, (place.home, place.offset))?;
        }
        for (index, &data) in op.data.iter().enumerate() {
            let (offset, value) = (place.offset + index * element, get(site.r, data, lane, op.element));
            if checked && op.strength != Strength::Weak {
                let region = place.region(site);
                let old = region.is_written(offset, element).then(|| region.value(offset, element));
                model::store(site, op, 1 << lane, (place.home, offset), (old, value))?;
            }
            let region = place.region(site);
            let old = region.value(offset, element);
            region.set_value(offset, element, value);
            // A loop may keep its state in local memory, which nobody watches.
            let changed = place.key.is_none() && region.value(offset, element) != old;
            site.spin.stored |= changed;
        }
        if let Some(key) = place.key {
            site.env.memory.watch.written(key, bytes as u64);
            site.spin.stored = true;
        }
    }
    if op.strength.releases() {
        model::published(site);
    }
    count(site, op, Direction::Write, addresses);
    Ok(())
}

/// Updates the addresses of lanes, lane after lane.
pub(crate) fn atomic_at(site: &mut Site<'_, '_>, op: &MemoryOp, addresses: &[u64; 32]) -> Result<(), Raised> {
    let Some(operation) = op.atomic else { return Ok(()) };
    let element = usize::from(op.element);
    for lane in lanes(site.mask) {
        let place = place(site, op, Use::Atomic, lane, addresses[lane])?;
        let key = place.key;
        let mut changed = false;
        for index in 0..op.bytes() / element {
            let offset = place.offset + index * element;
            let old = place.region(site).value(offset, element);
            let operand =
                |index: usize| op.data.get(index).map_or(0, |&data| get(site.r, data, lane, op.element));
            let (a, b) = (operand(index), operand(index + 1));
            let new = atomic::apply(operation, old, a, b);
            if site.env.detector.is_some() {
                // A comparison that fails only reads.
                let writes = operation.operation != AtomicOperation::CompareExchange || old == a;
                let new = writes.then_some(new);
                model::atomic(site, op, 1 << lane, (place.home, offset), (old, new))?;
            }
            if new != old {
                place.region(site).set_value(offset, element, new);
            }
            changed |= new != old;
            if site.spin.recording
                && let Some(key) = key
            {
                let address = key + (index * element) as u64;
                site.spin.record(Read { address, bytes: op.element, value: old });
            }
            if let Some(&data) = op.old.get(index) {
                put(site.r, data, lane, old, op);
            }
        }
        if changed && let Some(key) = key {
            site.env.memory.watch.written(key, op.bytes() as u64);
            site.spin.stored = true;
        }
    }
    if op.strength.releases() {
        model::published(site);
    }
    count(site, op, Direction::Both, addresses);
    Ok(())
}
