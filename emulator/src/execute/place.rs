//! Where a lane's access goes: the memory and the offset in it, and whether it may go there.

use super::environment::{Environment, Raised, Site, raise};
use crate::cluster::Cluster;
use crate::error::FaultKind;
use crate::memory::allocation::Missing;
use crate::memory::{Recent, Region, window};
use crate::op::{MemoryOp, Space};
use crate::register::{Slot, lanes};

/// How a lane uses memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
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
pub(crate) enum Home {
    /// An allocation.
    Global(usize),
    Shared,
    Local,
    Parameters,
}

/// A lane's address within shared memory of the cluster; what `elsewhere` makes of the place where
/// a generic one is instead.
pub(crate) fn shared_address(
    env: &Environment<'_>,
    space: Option<Space>,
    address: u64,
    lane: usize,
    elsewhere: impl FnOnce(String) -> FaultKind,
) -> Result<u64, Raised> {
    match space {
        None if window::space(address) == Space::Shared => Ok(window::offset(address)),
        None => raise(lane, elsewhere(env.memory.describe(address))),
        Some(_) => Ok(address),
    }
}

/// The place of one lane's access.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) home: Home,
    pub(crate) offset: usize,
    /// What other warps would watch; `None` for memory of the lane itself.
    pub(crate) key: Option<u64>,
}

impl Place {
    #[inline(always)]
    pub(crate) fn region<'a>(&self, site: &'a mut Site<'_, '_>) -> &'a mut Region {
        match self.home {
            Home::Global(number) => &mut site.env.memory.allocations[number].region,
            Home::Shared => &mut site.env.cluster.shared,
            Home::Local => &mut site.private.local,
            Home::Parameters => site.env.parameters,
        }
    }
}

/// Finds and checks the memory of one lane.
#[inline(always)]
pub(crate) fn place(
    site: &mut Site<'_, '_>,
    op: &MemoryOp,
    purpose: Use,
    lane: usize,
    address: u64,
) -> Result<Place, Raised> {
    let (env, private) = (&mut *site.env, &mut *site.private);
    let bytes = op.bytes();
    let fault = |kind| raise(lane, kind);
    let access = purpose.name();
    let width = bytes as u32;
    let (space, offset) = match op.space {
        None => match window::space(address) {
            Space::Global => (Space::Global, address),
            space => (space, window::offset(address)),
        },
        Some(Space::Const) => (Space::Global, address),
        // A parameter of a function is local memory of its caller.
        Some(Space::Param) if window::space(address) == Space::Local => {
            (Space::Local, window::offset(address))
        }
        Some(space) => (space, address),
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
            let own = op.space != Some(Space::Shared) || Cluster::rank(rank, offset) == rank.into();
            let offset = match env.cluster.place(rank, offset, bytes as u64) {
                Ok(found) if own => found,
                _ => {
                    let place = env.cluster.describe_address(rank, offset);
                    return fault(FaultKind::OutOfBounds { access, bytes: width, place });
                }
            };
            // Libraries read past the end of what they wrote and drop it, so only checked runs
            // report this.
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
            // Bytes that nobody wrote are no mistake here: compilers set bit fields in words they
            // did not write.
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
pub(super) fn is_common(op: &MemoryOp, address: u64) -> bool {
    match op.space {
        None | Some(Space::Param) => window::space(address) != Space::Local,
        Some(space) => space != Space::Local,
    }
}

/// `isspacep`.
#[inline(never)]
pub(super) fn in_space(site: &mut Site<'_, '_>, space: Space, d: Slot, a: Slot) {
    let (env, private) = (&*site.env, &mut *site.private);
    // Constants are allocations that cannot be written.
    let is_constant = |recent: &mut Recent, address| match env.memory.locate(recent, address, 1) {
        Ok((number, _)) => env.memory.allocations[number].read_only,
        Err(_) => false,
    };
    let mut result = 0;
    for lane in lanes(site.mask) {
        let address: u64 = site.r.lane(a, lane);
        let within = match space {
            Space::Const => {
                window::space(address) == Space::Global && is_constant(&mut private.recent, address)
            }
            Space::Global => {
                window::space(address) == Space::Global && !is_constant(&mut private.recent, address)
            }
            Space::Shared => {
                let own = env.block.rank;
                window::space(address) == Space::Shared
                    && Cluster::rank(own, window::offset(address)) == own.into()
            }
            Space::Cluster => window::space(address) == Space::Shared,
            space => window::space(address) == space,
        };
        result |= u32::from(within) << lane;
    }
    site.r.set_predicate(d, result, site.mask);
}
