//! Loads, stores and atomics of a warp: the one path from registers to memory.

use super::transpose::transpose;
use super::{Environment, Private, Raised, model};
use crate::cluster::Cluster;
use crate::consistency::Kind;
use crate::counters::Direction;
use crate::error::FaultKind;
use crate::memory::allocation::Missing;
use crate::memory::{Region, window};
use crate::op::{Atomic, Data, MemoryOp, Order, Space};
use crate::parking::{Read, Spin};
use crate::register::{FULL, NONE, Registers};

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
            for lane in 0..32 {
                out[lane] = u64::from(base[lane]).wrapping_add(op.offset as u64);
            }
        }
        None => {}
    }
    out
}

#[inline(always)]
fn is_contiguous(addresses: &[u64; 32], bytes: u64) -> bool {
    let mut different = 0;
    for lane in 0..32 {
        different |= addresses[lane] ^ addresses[0].wrapping_add(lane as u64 * bytes);
    }
    different == 0
}

pub(super) fn lanes(mask: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |lane| mask >> lane & 1 == 1)
}

/// How a lane uses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Read,
    Write,
    Atomic,
}

impl Use {
    fn name(self) -> &'static str {
        match self {
            Use::Read => "read",
            Use::Write => "write",
            Use::Atomic => "atomic",
        }
    }
}

/// The memory that an access goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// An allocation.
    Global(usize),
    Shared,
    Local,
    Parameters,
}

/// The place of one lane's access.
#[derive(Clone, Copy, Debug)]
struct Place {
    home: Home,
    offset: usize,
    /// What other warps would watch; `None` for memory of the lane itself.
    key: Option<u64>,
}

impl Place {
    #[inline(always)]
    fn region<'a>(&self, env: &'a mut Environment<'_>, private: &'a mut Private) -> &'a mut Region {
        match self.home {
            Home::Global(number) => &mut env.memory.allocations[number].region,
            Home::Shared => &mut env.cluster.shared,
            Home::Local => &mut private.local,
            Home::Parameters => env.parameters,
        }
    }
}

/// Finds and checks the memory of one lane.
#[inline(always)]
fn place(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    purpose: Use,
    lane: usize,
    address: u64,
) -> Result<Place, Raised> {
    let bytes = op.bytes();
    let fault = |kind| Err(Raised { kind, lane: Some(lane as u32) });
    let access = purpose.name();
    let width = bytes as u32;
    let (space, offset) = match op.space {
        Space::Generic => match window::space(address) {
            Space::Global => (Space::Global, address),
            space => (space, window::offset(address)),
        },
        Space::Const => (Space::Global, address),
        // A parameter of a function is local memory of its caller.
        Space::Param if window::space(address) == Space::Local => (Space::Local, window::offset(address)),
        space => (space, address),
    };
    let named = |name: &str, size: usize| format!("{name} memory ({size} bytes) + {offset}");
    if address & (bytes as u64 - 1) != 0 {
        let place = match space {
            Space::Global => env.memory.describe(address),
            Space::Shared | Space::Cluster => env.cluster.describe_address(env.block.rank, offset),
            Space::Local => named("local", private.local_bytes),
            _ => named("parameter", env.parameters.len()),
        };
        return fault(FaultKind::Misaligned { access, bytes: width, place });
    }
    let inside = |size: usize| offset <= size as u64 && size as u64 - offset >= bytes as u64;
    match space {
        Space::Shared | Space::Cluster => {
            let rank = env.block.rank;
            // Only generic addresses and `.shared::cluster` reach other blocks.
            let own = op.space != Space::Shared || Cluster::rank(rank, offset) == rank.into();
            let offset = match env.cluster.place(rank, offset, bytes as u64) {
                Ok(found) if own => found,
                _ => {
                    let place = env.cluster.describe_address(rank, offset);
                    return fault(FaultKind::OutOfBounds { access, bytes: width, place });
                }
            };
            // Libraries read behind the end of what they wrote and drop it, so only checked runs report this.
            let checked = env.detector.is_some();
            if checked && purpose != Use::Write && !env.cluster.shared.is_written(offset, bytes) {
                let place = env.cluster.describe(offset);
                return fault(FaultKind::Uninitialised { bytes: width, place });
            }
            Ok(Place { home: Home::Shared, offset, key: Some(env.shared_key + offset as u64) })
        }
        Space::Local => {
            let size = private.local_bytes;
            if !inside(size) {
                return fault(FaultKind::OutOfBounds { access, bytes: width, place: named("local", size) });
            }
            let start = lane * size + offset as usize;
            // Bytes that nobody wrote are no mistake here: compilers set bit fields in words they did not write.
            Ok(Place { home: Home::Local, offset: start, key: None })
        }
        Space::Param => {
            let size = env.parameters.len();
            if !inside(size) {
                return fault(FaultKind::OutOfBounds {
                    access,
                    bytes: width,
                    place: named("parameter", size),
                });
            }
            if purpose != Use::Read {
                return fault(FaultKind::ReadOnly { access, bytes: width, place: named("parameter", size) });
            }
            Ok(Place { home: Home::Parameters, offset: offset as usize, key: None })
        }
        _ => {
            let (number, offset) = match env.memory.locate(&mut private.recent, address, bytes as u64) {
                Ok(found) => found,
                Err(missing) => {
                    let place = env.memory.describe(address);
                    return fault(match missing {
                        Missing::Outside => FaultKind::OutOfBounds { access, bytes: width, place },
                        Missing::Freed => FaultKind::UseAfterFree { access, bytes: width, place },
                    });
                }
            };
            let allocation = &env.memory.allocations[number];
            if purpose != Use::Read && allocation.read_only {
                let place = env.memory.describe(address);
                return fault(FaultKind::ReadOnly { access, bytes: width, place });
            }
            if purpose != Use::Write && !allocation.region.is_written(offset, bytes) {
                let place = env.memory.describe(address);
                return fault(FaultKind::Uninitialised { bytes: width, place });
            }
            Ok(Place { home: Home::Global(number), offset, key: Some(address) })
        }
    }
}

/// Whether an address means the same memory to all lanes.
fn is_common(op: &MemoryOp, address: u64) -> bool {
    match op.space {
        Space::Generic | Space::Param => window::space(address) != Space::Local,
        space => space != Space::Local,
    }
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

/// The bytes of a request of all lanes to neighbouring addresses of one allocation: (allocation, offset).
#[inline(always)]
fn contiguous(
    env: &Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    addresses: &[u64; 32],
    (pc, mask): (u32, u32),
) -> Option<(usize, usize)> {
    let bytes = op.bytes() as u64;
    let global = matches!(op.space, Space::Global | Space::Generic);
    if mask != FULL || !global || addresses[0] & (bytes - 1) != 0 || !is_contiguous(addresses, bytes) {
        return None;
    }
    let (number, offset) = env.memory.locate(&mut private.recent, addresses[0], 32 * bytes).ok()?;
    let region = &env.memory.allocations[number].region;
    private.ahead.step(pc, region.all(), offset, 32 * bytes as usize);
    Some((number, offset))
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

/// Loads `WORDS` words a lane.
#[inline(always)]
fn load_words<const WORDS: usize>(r: &mut Registers, op: &MemoryOp, source: &[u8]) {
    // All at once: the host fetches the lines of the row together, and the lanes are dealt out of its nearest cache.
    let mut row = [[0u32; WORDS]; 32];
    for (word, bytes) in row.as_flattened_mut().iter_mut().zip(source.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    for (index, data) in op.data.iter().enumerate().take(WORDS).filter(|(_, data)| data.slot != NONE) {
        let target = &mut r.words[usize::from(data.slot)];
        for lane in 0..32 {
            target[lane] = row[lane][index];
        }
    }
}

/// Loads four words a lane.
#[inline(always)]
fn load_quads(r: &mut Registers, op: &MemoryOp, source: &[u8]) {
    let mut row = [[[0u32; 4]; 4]; 8];
    for (word, bytes) in row.as_flattened_mut().as_flattened_mut().iter_mut().zip(source.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let words = row.each_ref().map(transpose);
    for (index, data) in op.data.iter().enumerate().take(4).filter(|(_, data)| data.slot != NONE) {
        let (target, _) = r.words[usize::from(data.slot)].as_chunks_mut();
        for (target, words) in target.iter_mut().zip(&words) {
            *target = words[index];
        }
    }
}

fn load_contiguous(r: &mut Registers, op: &MemoryOp, source: &[u8]) {
    let words = op.element == 4 && op.data.iter().all(|data| !data.long);
    match (words, op.bytes()) {
        (true, 4) => load_words::<1>(r, op, source),
        (true, 8) => load_words::<2>(r, op, source),
        (true, 16) => load_quads(r, op, source),
        (true, 32) => load_words::<8>(r, op, source),
        (_, bytes) => {
            let element = usize::from(op.element);
            for lane in 0..32 {
                for (index, &data) in op.data.iter().enumerate() {
                    let start = lane * bytes + index * element;
                    let mut value = [0; 16];
                    value[..element].copy_from_slice(&source[start..start + element]);
                    put(r, data, lane, u128::from_le_bytes(value), op);
                }
            }
        }
    }
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

/// Stores `WORDS` words a lane.
#[inline(always)]
fn store_words<const WORDS: usize>(r: &Registers, op: &MemoryOp, target: &mut [u8]) {
    let mut row = [[0u32; WORDS]; 32];
    for (index, data) in op.data.iter().enumerate().take(WORDS).filter(|(_, data)| data.slot != NONE) {
        let source = &r.words[usize::from(data.slot)];
        for lane in 0..32 {
            row[lane][index] = source[lane];
        }
    }
    for (bytes, word) in target.as_chunks_mut().0.iter_mut().zip(row.as_flattened()) {
        *bytes = word.to_le_bytes();
    }
}

/// Stores four words a lane.
#[inline(always)]
fn store_quads(r: &Registers, op: &MemoryOp, target: &mut [u8]) {
    let mut words = [[[0u32; 4]; 4]; 8];
    for (index, data) in op.data.iter().enumerate().take(4).filter(|(_, data)| data.slot != NONE) {
        let (source, _) = r.words[usize::from(data.slot)].as_chunks();
        for (words, source) in words.iter_mut().zip(source) {
            words[index] = *source;
        }
    }
    let row = words.each_ref().map(transpose);
    for (bytes, word) in target.as_chunks_mut().0.iter_mut().zip(row.as_flattened().as_flattened()) {
        *bytes = word.to_le_bytes();
    }
}

fn store_contiguous(r: &Registers, op: &MemoryOp, target: &mut [u8]) {
    let words = op.element == 4 && op.data.iter().all(|data| !data.long);
    match (words, op.bytes()) {
        (true, 4) => store_words::<1>(r, op, target),
        (true, 8) => store_words::<2>(r, op, target),
        (true, 16) => store_quads(r, op, target),
        (true, 32) => store_words::<8>(r, op, target),
        (_, bytes) => {
            let element = usize::from(op.element);
            for lane in 0..32 {
                for (index, &data) in op.data.iter().enumerate() {
                    let start = lane * bytes + index * element;
                    let value = get(r, data, lane, op.element).to_le_bytes();
                    target[start..start + element].copy_from_slice(&value[..element]);
                }
            }
        }
    }
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
