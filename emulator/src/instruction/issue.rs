//! What operations have in common that give work to agents: copies that go on by themselves.

use crate::activity::Class;
use crate::agent::{Agent, Location, Work};
use crate::cluster::Cluster;
use crate::consistency::{AgentClock, Trail};
use crate::decode::decoder::Decoder;
use crate::error::FaultKind;
use crate::execute::{Operation, Private, Raised, Site, raise};
use crate::memory::allocation::Missing;
use crate::op::{Address, Effect, Space};
use crate::outstanding::Outstanding;

/// Decodes to an operation that starts a copy or waits for one.
pub(super) fn emit(d: &mut Decoder<'_, '_>, operation: impl Operation + 'static) {
    d.emit_own(Class::Asynchronous, Effect::Memory, operation);
}

/// The copies of a warp.
pub(super) fn outstanding(private: &mut Private) -> &mut Outstanding {
    private.outstanding.get_or_insert_default()
}

/// Gives work to an agent; its number.
pub(super) fn issue(site: &mut Site<'_, '_>, trail: Option<Trail>, lane: u32, bulk: bool, work: Work) -> u64 {
    let env = &mut *site.env;
    env.block.agents += 1;
    *env.launched += 1;
    env.agents.issue(Agent { issuer: env.issuer, pc: site.pc, lane, bulk, work, trail })
}

/// The clock of a copy that lanes issue together, if checks are on.
pub(super) fn start_lane_copies(site: &mut Site<'_, '_>, mask: u32) -> Option<AgentClock> {
    match (&mut site.env.detector, &mut site.private.clocks) {
        (Some(detector), Some(clocks)) => Some(detector.start_lane_copies(clocks, mask)),
        _ => None,
    }
}

/// Finds and checks one end of a copy: how long it is, and to what it must be aligned.
pub(super) fn locate(
    site: &mut Site<'_, '_>,
    operand: &Address,
    lane: usize,
    (bytes, alignment): (u32, u32),
    access: &'static str,
) -> Result<Location, Raised> {
    let (env, address) = (&*site.env, operand.of(site.r, lane));
    let shared = matches!(operand.space, Some(Space::Shared | Space::Cluster));
    let rank = env.block.rank;
    let place =
        || if shared { env.cluster.describe_address(rank, address) } else { env.memory.describe(address) };
    if !address.is_multiple_of(alignment.into()) {
        let text = format!("{access} of {bytes} bytes at {}; it must be aligned to {alignment}", place());
        return raise(lane, FaultKind::Asynchronous(text));
    }
    if shared {
        let own = operand.space != Some(Space::Shared) || Cluster::rank(rank, address) == rank.into();
        return match env.cluster.place(rank, address, bytes.into()) {
            Ok(offset) if own => Ok(Location::Shared(offset as u32)),
            _ => raise(lane, FaultKind::OutOfBounds { access, bytes, place: place() }),
        };
    }
    if bytes == 0 {
        return Ok(Location::Global(address));
    }
    match env.memory.locate(&mut site.private.recent, address, bytes.into()) {
        Ok((number, _)) if access == "write" && env.memory.allocations[number].read_only => {
            raise(lane, FaultKind::ReadOnly { access, bytes, place: place() })
        }
        Ok(_) => Ok(Location::Global(address)),
        Err(Missing::Outside) => raise(lane, FaultKind::OutOfBounds { access, bytes, place: place() }),
        Err(Missing::Freed) => raise(lane, FaultKind::UseAfterFree { access, bytes, place: place() }),
    }
}
