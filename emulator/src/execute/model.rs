//! Accesses of lanes as the memory consistency model sees them, when checks are on.

use super::place::Home;
use super::{Environment, Private, Raised};
use crate::agent::Location;
use crate::consistency::{
    Access, AgentClock, Detector, Kind, LaneClocks, Later, Mark, Proxy, Racing, Shadow, Strong,
};
use crate::error::FaultKind;
use crate::mbarrier;
use crate::memory::Recent;
use crate::op::{MemoryOp, Scope, Space};
use crate::schedule::Schedule;

/// What checking an access needs; `None` for memory that no other thread writes.
struct Model<'a> {
    detector: &'a mut Detector,
    shadow: &'a mut Shadow,
    clocks: &'a mut LaneClocks,
    schedule: &'a mut dyn Schedule,
    space: Space,
}

fn model<'a>(env: &'a mut Environment<'_>, private: &'a mut Private, home: Home) -> Option<Model<'a>> {
    let detector = env.detector.as_deref_mut()?;
    let clocks = private.clocks.as_deref_mut()?;
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
    let non_coherent = op.non_coherent;
    Access { kind, strong: None, bytes: op.element, proxy: Proxy::Generic, non_coherent, asynchronous: false }
}

/// For the first lane of those that access the same memory, all of them; zero for the others. `shared` tells whether an
/// address means the same memory to all lanes.
pub(super) fn groups(addresses: &[u64; 32], mask: u32, shared: impl Fn(u64) -> bool) -> [u32; 32] {
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
fn raise(
    env: &mut Environment<'_>,
    private: &Private,
    racing: &Racing,
    access: Access,
    pc: u32,
    home: Home,
) -> Raised {
    let (space, place) = match home {
        Home::Global(number) => {
            let base = env.memory.allocations[number].base;
            (Space::Global, env.memory.describe(base + racing.offset as u64))
        }
        _ => (Space::Shared, env.cluster.describe(racing.offset)),
    };
    let lane = Some(racing.lane as u32);
    let (Some(detector), Some(clocks)) = (&env.detector, &private.clocks) else {
        return Raised { kind: FaultKind::Trap("a race without a detector"), lane };
    };
    let later = Later::of_warp(clocks, access, pc, racing.lane, space);
    Raised { kind: FaultKind::DataRace(Box::new(detector.race(racing, &later, place))), lane }
}

/// All lanes access neighbouring places of an allocation weakly.
#[inline]
pub(super) fn row(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    pc: u32,
    kind: Kind,
    (number, offset): (usize, usize),
) -> Result<(), Raised> {
    let home = Home::Global(number);
    let Some(model) = model(env, private, home) else { return Ok(()) };
    let access = weak_access(op, kind);
    let place = (model.shadow, model.space);
    model
        .detector
        .row(place, model.clocks, access, pc, offset, op.bytes())
        .map_err(|racing| raise(env, private, &racing, access, pc, home))
}

/// The lanes of `mask` access one place weakly.
pub(super) fn weak(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    pc: u32,
    kind: Kind,
    mask: u32,
    (home, offset): (Home, usize),
) -> Result<(), Raised> {
    let Some(model) = model(env, private, home) else { return Ok(()) };
    let access = weak_access(op, kind);
    let place = (model.shadow, model.space);
    model
        .detector
        .access(place, model.clocks, access, pc, mask, (offset, op.bytes()))
        .map(|_| ())
        .map_err(|racing| raise(env, private, &racing, access, pc, home))
}

/// The lanes of `mask` write different values to one place in one instruction.
pub(super) fn differing(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    pc: u32,
    mask: u32,
    (home, offset): (Home, usize),
) -> Result<(), Raised> {
    let Some(model) = model(env, private, home) else { return Ok(()) };
    let access = weak_access(op, Kind::Write);
    let racing = model.detector.itself(model.clocks, access, pc, mask, offset);
    Err(raise(env, private, &racing, access, pc, home))
}

fn strong(op: &MemoryOp, space: Space, (pc, lanes): (u32, u32), key: u64, offset: usize) -> Strong {
    Strong { space, order: op.order, pc, lanes, offset, bytes: op.element, key }
}

/// Names a place among those that a warp can reach.
fn key(home: Home, offset: usize) -> u64 {
    match home {
        Home::Global(number) => (number as u64 + 1) << 44 | offset as u64,
        _ => offset as u64,
    }
}

fn strong_access(op: &MemoryOp, kind: Kind) -> Access {
    Access { strong: op.order.scope(), ..weak_access(op, kind) }
}

/// Lanes load the same element strongly; what they find.
pub(super) fn load(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    who: (u32, u32),
    (home, offset): (Home, usize),
    newest: u128,
) -> Result<u128, Raised> {
    let Some(model) = model(env, private, home) else { return Ok(newest) };
    let strong = strong(op, model.space, who, key(home, offset), offset);
    let found = model.detector.load(model.shadow, model.clocks, model.schedule, &strong, newest);
    found.map_err(|racing| raise(env, private, &racing, strong_access(op, Kind::Read), who.0, home))
}

/// A lane stores an element strongly over `old`, if anything was there.
pub(super) fn store(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    who: (u32, u32),
    (home, offset): (Home, usize),
    (old, value): (Option<u128>, u128),
) -> Result<(), Raised> {
    let Some(model) = model(env, private, home) else { return Ok(()) };
    let strong = strong(op, model.space, who, key(home, offset), offset);
    let done = model.detector.store(model.shadow, model.clocks, &strong, old, value);
    done.map_err(|racing| raise(env, private, &racing, strong_access(op, Kind::Write), who.0, home))
}

/// A lane's atomic operation finds `old` and makes `new` of it, unless it does not write.
pub(super) fn atomic(
    env: &mut Environment<'_>,
    private: &mut Private,
    op: &MemoryOp,
    who: (u32, u32),
    (home, offset): (Home, usize),
    (old, new): (u128, Option<u128>),
) -> Result<(), Raised> {
    let Some(model) = model(env, private, home) else { return Ok(()) };
    let strong = strong(op, model.space, who, key(home, offset), offset);
    let returns = !op.old.is_empty();
    let done = model.detector.atomic(model.shadow, model.clocks, &strong, old, new, returns);
    done.map_err(|racing| raise(env, private, &racing, strong_access(op, Kind::Atomic), who.0, home))
}

/// Behind an instruction that released, accesses are later than what it published.
pub(super) fn published(private: &mut Private) {
    if let Some(clocks) = &mut private.clocks {
        clocks.tick();
    }
}

/// A lane uses the mbarrier at an offset of shared memory: strongly, or by making or ending it, which is a weak write. The
/// access, if it is remembered.
pub(super) fn mbarrier(
    env: &mut Environment<'_>,
    private: &mut Private,
    kind: Option<Kind>,
    pc: u32,
    lane: usize,
    offset: u32,
) -> Result<Option<Mark>, Raised> {
    let home = Home::Shared;
    let scope = if env.cluster.blocks.len() == 1 { Scope::Block } else { Scope::Cluster };
    let Some(model) = model(env, private, home) else { return Ok(None) };
    let access = Access {
        kind: kind.unwrap_or(Kind::Write),
        strong: kind.map(|_| scope),
        bytes: mbarrier::BYTES as u8,
        proxy: Proxy::Generic,
        non_coherent: false,
        asynchronous: false,
    };
    let bytes = (offset as usize, mbarrier::BYTES);
    let place = (model.shadow, model.space);
    let checked = model.detector.access(place, model.clocks, access, pc, 1 << lane, bytes);
    checked.map(Some).map_err(|racing| raise(env, private, &racing, access, pc, home))
}

/// The lanes of `mask` together set a run of shared memory, in units of eight bytes.
pub(super) fn fill(
    env: &mut Environment<'_>,
    private: &mut Private,
    pc: u32,
    mask: u32,
    run: (usize, usize),
) -> Result<(), Raised> {
    let home = Home::Shared;
    let Some(model) = model(env, private, home) else { return Ok(()) };
    let access = Access {
        kind: Kind::Write,
        strong: None,
        bytes: 8,
        proxy: Proxy::Generic,
        non_coherent: false,
        asynchronous: false,
    };
    let place = (model.shadow, model.space);
    let checked = model.detector.access(place, model.clocks, access, pc, mask, run);
    checked.map(|_| ()).map_err(|racing| raise(env, private, &racing, access, pc, home))
}

/// A bulk copy that `lane` issues will complete bytes of the mbarrier at an offset of shared memory.
pub(super) fn completion(
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
pub(super) fn copy(
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
    // A reduction is relaxed: `cp.reduce.async.bulk` at the scope of the GPU (PTX ISA section 9.7.9.25), `red.async` at that of
    // the cluster.
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
