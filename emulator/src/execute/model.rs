//! Accesses of lanes as the memory consistency model sees them, when checks are on.

use super::environment::{Environment, Raised, Site};
use super::place::Home;
use crate::agent::Location;
use crate::consistency::{
    Access, AgentClock, Detector, Kind, LaneClocks, Later, Mark, Proxy, Racing, Shadow, Strong,
};
use crate::error::FaultKind;
use crate::mbarrier;
use crate::memory::Recent;
use crate::op::{Fence, MemoryOp, Scope, Space};
use crate::schedule::Schedule;

/// What checking an access needs; `None` for memory that no other thread writes.
struct Model<'a> {
    detector: &'a mut Detector,
    shadow: &'a mut Shadow,
    clocks: &'a mut LaneClocks,
    schedule: &'a mut dyn Schedule,
    space: Space,
}

fn model<'a>(site: &'a mut Site<'_, '_>, home: Home) -> Option<Model<'a>> {
    let env = &mut *site.env;
    let detector = env.detector.as_deref_mut()?;
    let clocks = site.private.clocks.as_deref_mut()?;
    let (shadow, space) = match home {
        Home::Global(number) => {
            let allocation = &mut env.memory.allocations[number];
            if allocation.read_only {
                return None;
            }
            (&mut allocation.shadow, Space::Global)
        }
        Home::Shared => (&mut env.cluster.shadow, Space::Shared),
        Home::Local | Home::Parameters => return None,
    };
    Some(Model { detector, shadow, clocks, schedule: env.schedule, space })
}

fn weak_access(op: &MemoryOp, kind: Kind) -> Access {
    Access { kind, non_coherent: op.non_coherent, ..weak_write(op.element) }
}

/// For the first lane of those that access the same memory, all of them; zero for the others.
/// `shared` tells whether an address means the same memory to all lanes.
pub(crate) fn groups(addresses: &[u64; 32], mask: u32, shared: impl Fn(u64) -> bool) -> [u32; 32] {
    let mut last = None;
    let increasing = (0..32)
        .filter(|lane| mask >> lane & 1 == 1)
        .all(|lane: usize| last.replace(addresses[lane]).is_none_or(|last| last < addresses[lane]));
    if increasing {
        return std::array::from_fn(|lane| mask & 1 << lane);
    }
    let mut groups = [0; 32];
    let mut left = mask;
    while left != 0 {
        let first = left.trailing_zeros() as usize;
        let equal =
            (0..32).fold(0, |equal, lane| equal | u32::from(addresses[lane] == addresses[first]) << lane);
        groups[first] = if shared(addresses[first]) { equal & left } else { 1 << first };
        left &= !groups[first];
    }
    groups
}

#[cold]
fn raise(site: &Site<'_, '_>, racing: &Racing, access: Access, home: Home) -> Raised {
    let (space, place) = match home {
        Home::Global(number) => {
            let base = site.env.memory.allocations[number].base;
            (Space::Global, site.env.memory.describe(base + racing.offset as u64))
        }
        _ => (Space::Shared, site.env.cluster.describe(racing.offset)),
    };
    let lane = Some(racing.lane as u32);
    let (Some(detector), Some(clocks)) = (&site.env.detector, &site.private.clocks) else {
        return Raised { kind: FaultKind::Trap("a race without a detector"), lane };
    };
    let later = Later::of_warp(clocks, access, site.pc, racing.lane, space);
    Raised { kind: FaultKind::DataRace(Box::new(detector.race(racing, &later, place))), lane }
}

/// All lanes access neighbouring places of an allocation weakly.
#[inline]
pub(super) fn row(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    kind: Kind,
    (number, offset): (usize, usize),
) -> Result<(), Raised> {
    let (home, pc) = (Home::Global(number), site.pc);
    let Some(Model { detector, shadow, clocks, space, .. }) = model(site, home) else { return Ok(()) };
    let access = weak_access(op, kind);
    let checked = detector.row((shadow, space), clocks, access, pc, offset, op.bytes());
    checked.map_err(|racing| raise(site, &racing, access, home))
}

/// The lanes of `mask` make one access together.
fn access(
    site: &mut Site<'_, '_>,
    access: Access,
    mask: u32,
    home: Home,
    run: (usize, usize),
) -> Result<Option<Mark>, Raised> {
    let pc = site.pc;
    let Some(Model { detector, shadow, clocks, space, .. }) = model(site, home) else { return Ok(None) };
    let checked = detector.access((shadow, space), clocks, access, pc, mask, run);
    checked.map(Some).map_err(|racing| raise(site, &racing, access, home))
}

/// The lanes of `mask` access one place weakly.
pub(crate) fn weak(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    kind: Kind,
    mask: u32,
    (home, offset): (Home, usize),
) -> Result<(), Raised> {
    access(site, weak_access(op, kind), mask, home, (offset, op.bytes())).map(|_| ())
}

/// The lanes of `mask` write different values to one place in one instruction.
pub(super) fn differing(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    mask: u32,
    (home, offset): (Home, usize),
) -> Result<(), Raised> {
    let pc = site.pc;
    let Some(Model { detector, clocks, .. }) = model(site, home) else { return Ok(()) };
    let access = weak_access(op, Kind::Write);
    let racing = detector.itself(clocks, access, pc, mask, offset);
    Err(raise(site, &racing, access, home))
}

/// An element that lanes access strongly. Its key names it among the places that a warp can reach.
fn strong(op: &MemoryOp, space: Space, (pc, lanes): (u32, u32), home: Home, offset: usize) -> Strong {
    let key = match home {
        Home::Global(number) => (number as u64 + 1) << 44 | offset as u64,
        _ => offset as u64,
    };
    Strong { space, strength: op.strength, pc, lanes, offset, bytes: op.element, key }
}

fn strong_access(op: &MemoryOp, kind: Kind) -> Access {
    Access { strong: op.strength.scope(), ..weak_access(op, kind) }
}

/// Lanes load the same element strongly; what they find.
pub(super) fn load(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    lanes: u32,
    (home, offset): (Home, usize),
    newest: u128,
) -> Result<u128, Raised> {
    let pc = site.pc;
    let Some(model) = model(site, home) else { return Ok(newest) };
    let strong = strong(op, model.space, (pc, lanes), home, offset);
    let found = model.detector.load(model.shadow, model.clocks, model.schedule, &strong, newest);
    found.map_err(|racing| raise(site, &racing, strong_access(op, Kind::Read), home))
}

/// A lane stores an element strongly over `old`, if anything was there.
pub(super) fn store(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    lanes: u32,
    (home, offset): (Home, usize),
    (old, value): (Option<u128>, u128),
) -> Result<(), Raised> {
    let pc = site.pc;
    let Some(model) = model(site, home) else { return Ok(()) };
    let strong = strong(op, model.space, (pc, lanes), home, offset);
    let done = model.detector.store(model.shadow, model.clocks, &strong, old, value);
    done.map_err(|racing| raise(site, &racing, strong_access(op, Kind::Write), home))
}

/// A lane's atomic operation finds `old` and makes `new` of it, unless it does not write.
pub(super) fn atomic(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    lanes: u32,
    (home, offset): (Home, usize),
    (old, new): (u128, Option<u128>),
) -> Result<(), Raised> {
    let pc = site.pc;
    let Some(model) = model(site, home) else { return Ok(()) };
    let strong = strong(op, model.space, (pc, lanes), home, offset);
    let returns = !op.old.is_empty();
    let done = model.detector.atomic(model.shadow, model.clocks, &strong, old, new, returns);
    done.map_err(|racing| raise(site, &racing, strong_access(op, Kind::Atomic), home))
}

/// Behind an instruction that released, accesses are later than what it published.
pub(crate) fn published(site: &mut Site<'_, '_>) {
    if let Some(clocks) = &mut site.private.clocks {
        clocks.tick();
    }
}

/// `fence` and `membar`.
pub(super) fn fence(site: &mut Site<'_, '_>, fence: Fence) {
    if let (Some(detector), Some(clocks)) = (&mut site.env.detector, &mut site.private.clocks) {
        detector.fence(clocks, &mut site.env.cluster.phases, fence, (site.pc, site.mask));
    }
}

/// A lane uses the mbarrier at an offset of shared memory: strongly, or by making it, which is a
/// weak write. The access, if it is remembered. To end one (`mbarrier.inval`) is a strong use:
/// libcu++ does so when all threads have come past their last wait, by votes that order nothing,
/// and whoever comes too late is reported as using what is no mbarrier.
pub(crate) fn mbarrier(
    site: &mut Site<'_, '_>,
    kind: Option<Kind>,
    lane: usize,
    offset: u32,
) -> Result<Option<Mark>, Raised> {
    let scope = if site.env.cluster.blocks.len() == 1 { Scope::Block } else { Scope::Cluster };
    let (strong, bytes) = (kind.map(|_| scope), mbarrier::BYTES as u8);
    let made = Access { strong, ..weak_write(bytes) };
    let made = Access { kind: kind.unwrap_or(Kind::Write), ..made };
    access(site, made, 1 << lane, Home::Shared, (offset as usize, mbarrier::BYTES))
}

fn weak_write(bytes: u8) -> Access {
    Access {
        kind: Kind::Write,
        strong: None,
        bytes,
        proxy: Proxy::Generic,
        non_coherent: false,
        asynchronous: false,
    }
}

/// The lanes of `mask` together set a run of shared memory, in units of eight bytes.
pub(crate) fn fill(site: &mut Site<'_, '_>, mask: u32, run: (usize, usize)) -> Result<(), Raised> {
    access(site, weak_write(8), mask, Home::Shared, run).map(|_| ())
}

/// A bulk copy that `lane` issues will complete bytes of the mbarrier at an offset of shared
/// memory.
pub(crate) fn completion(
    env: &Environment<'_>,
    clock: &AgentClock,
    (pc, lane): (u32, usize),
    offset: u32,
) -> Result<(), Raised> {
    let (Some(detector), Some(phases)) = (env.detector.as_deref(), env.cluster.phases.get(&offset)) else {
        return Ok(());
    };
    detector.completes_at(phases, clock, (lane, offset as usize)).map_err(|racing| {
        let place = env.cluster.describe(offset as usize);
        let race = detector.race(&racing, &Later::of_completion(clock, pc, racing.lane), place);
        Raised { kind: FaultKind::DataRace(Box::new(race)), lane: Some(lane as u32) }
    })
}

/// A copy that `lane` issues will access `length` bytes, `bytes` of which are an element.
pub(crate) fn copy(
    env: &mut Environment<'_>,
    clock: &AgentClock,
    kind: Kind,
    (pc, lane): (u32, usize),
    location: Location,
    (length, bytes): (u32, u8),
) -> Result<(), Raised> {
    let Some(detector) = env.detector.as_deref_mut() else { return Ok(()) };
    if length == 0 {
        return Ok(());
    }
    let (shadow, space, offset, base) = match location {
        Location::Shared(offset) => (&mut env.cluster.shadow, Space::Shared, offset as usize, None),
        Location::Global(address) => {
            let found = env.memory.locate(&mut Recent::default(), address, length.into());
            let Ok((number, offset)) = found else { return Ok(()) };
            let allocation = &mut env.memory.allocations[number];
            if allocation.read_only {
                return Ok(());
            }
            (&mut allocation.shadow, Space::Global, offset, Some(allocation.base))
        }
    };
    // A reduction is relaxed: `cp.reduce.async.bulk` at the scope of the GPU (PTX ISA section
    // 9.7.9.25), `red.async` at that of the cluster.
    let scope = if clock.proxy == Proxy::Async { Scope::Gpu } else { Scope::Cluster };
    let strong = (kind == Kind::Atomic).then_some(scope);
    let access = Access { kind, strong, bytes, proxy: clock.proxy, non_coherent: false, asynchronous: true };
    let helper = clock.lane_for(lane);
    let noted = detector.copy(shadow, clock, access, (pc, helper), space, (offset, length as usize));
    noted.map_err(|racing| {
        let place = match base {
            Some(base) => env.memory.describe(base + racing.offset as u64),
            None => env.cluster.describe(racing.offset),
        };
        let later = Later::of_copy(clock, access, pc, helper, space);
        let race = detector.race(&racing, &later, place);
        Raised { kind: FaultKind::DataRace(Box::new(race)), lane: Some(lane as u32) }
    })
}
