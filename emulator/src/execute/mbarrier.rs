//! Mbarrier instructions, lane after lane (PTX ISA section 9.7.13.15).

use super::asynchronous::{lanes, raise};
use super::place::shared_address;
use super::{Environment, Private, Raised, model};
use crate::cluster::Cluster;
use crate::consistency::{Kind, Knowledge, Phases};
use crate::error::FaultKind;
use crate::mbarrier;
use crate::op::{Address, Awaited, MbarrierKind, Order, Scope, Space};
use crate::parking::{Read, Spin};
use crate::register::{NONE, Registers, Slot};

/// The offset in shared memory of an mbarrier operand.
pub(super) fn offset(
    env: &Environment<'_>,
    r: &Registers,
    operand: &Address,
    lane: usize,
) -> Result<u32, Raised> {
    let elsewhere = |place| FaultKind::Mbarrier(format!("mbarrier at {place}; it must be in shared memory"));
    let address = shared_address(env, operand.space, operand.of(r, lane), lane, elsewhere)?;
    let bytes = mbarrier::BYTES as u32;
    let rank = env.block.rank;
    if !address.is_multiple_of(bytes.into()) {
        let place = env.cluster.describe_address(rank, address);
        return raise(lane, FaultKind::Misaligned { access: "mbarrier", bytes, place });
    }
    let own = operand.space != Space::Shared || Cluster::rank(rank, address) == rank.into();
    match env.cluster.place(rank, address, bytes.into()) {
        Ok(offset) if own => Ok(offset as u32),
        _ => {
            let place = env.cluster.describe_address(rank, address);
            raise(lane, FaultKind::OutOfBounds { access: "mbarrier", bytes, place })
        }
    }
}

pub(super) fn execute(
    env: &mut Environment<'_>,
    private: &mut Private,
    spin: &mut Spin,
    r: &mut Registers,
    (kind, address, order): (MbarrierKind, &Address, Order),
    pc: u32,
    mask: u32,
) -> Result<(), Raised> {
    let tests = matches!(kind, MbarrierKind::Test { .. });
    if !tests {
        spin.stored = true;
    }
    for lane in lanes(mask) {
        let offset = offset(env, r, address, lane)?;
        let publishes = matches!(kind, MbarrierKind::Arrive { .. });
        let remote = env.cluster.owner(offset as usize) != env.block.rank;
        let reach = if remote { Scope::Cluster } else { Scope::Block };
        let knowledge =
            private.clocks.as_ref().filter(|_| publishes).map(|clocks| clocks.arrival(lane, order, reach));
        if remote
            && let MbarrierKind::Initialise { .. } | MbarrierKind::Invalidate | MbarrierKind::Test { .. } =
                kind
        {
            let place = env.cluster.describe(offset as usize);
            let text = format!("mbarrier at {place}: a block may only arrive at mbarriers of another one");
            return raise(lane, FaultKind::Mbarrier(text));
        }
        // A scope that does not reach the other block publishes nothing there.
        let reaches = !remote || order.scope().is_some_and(|scope| scope >= Scope::Cluster);
        let knowledge = knowledge.as_ref().filter(|_| reaches).map(|knowledge| (knowledge, remote));
        match one(env, spin, r, kind, (pc, lane, offset), knowledge) {
            Err(text) => return raise(lane, FaultKind::Mbarrier(text)),
            Ok(is_complete) => {
                let access = match kind {
                    MbarrierKind::Initialise { .. } => None,
                    // A test or an arrival behind it is misuse; one before it is over, so it need not be ordered.
                    MbarrierKind::Invalidate => Some(Kind::Write),
                    MbarrierKind::Test { .. } => Some(Kind::Read),
                    _ => Some(Kind::Atomic),
                };
                let mark = model::mbarrier(env, private, access, pc, lane, offset)?;
                if let (MbarrierKind::Initialise { .. }, Some(mark)) = (kind, mark) {
                    env.cluster.phases.insert(offset, Phases::of(mark));
                }
                if let (true, Some(clocks), Some(phases)) =
                    (is_complete, &mut private.clocks, env.cluster.phases.get(&offset))
                {
                    let cluster = order.scope().is_some_and(|scope| scope >= Scope::Cluster);
                    clocks.wait(lane, order, &phases.complete(cluster), pc);
                }
            }
        }
        if !tests {
            env.memory.watch.written(env.shared_key + u64::from(offset), mbarrier::BYTES as u64);
        }
    }
    if matches!(kind, MbarrierKind::Arrive { .. }) {
        model::published(private);
    }
    Ok(())
}

/// Executes an instruction for one lane, whose arrival publishes `knowledge`; whether a test found its phase complete.
fn one(
    env: &mut Environment<'_>,
    spin: &mut Spin,
    r: &mut Registers,
    kind: MbarrierKind,
    (pc, lane, offset): (u32, usize, u32),
    knowledge: Option<(&Knowledge, bool)>,
) -> Result<bool, String> {
    let cluster = &mut *env.cluster;
    let word = |slot: Slot| r.lane::<u32>(slot, lane);
    let (mbarriers, shared) = (&mut cluster.mbarriers, &mut cluster.shared);
    match kind {
        MbarrierKind::Initialise { count } => {
            mbarriers.initialise(shared, offset, word(count))?;
            cluster.phases.remove(&offset);
            Ok(false)
        }
        MbarrierKind::Invalidate => mbarriers.invalidate(shared, offset).map(|()| false),
        MbarrierKind::Expect { bytes } => {
            cluster.update_mbarrier(offset, None, |mbarrier| mbarrier.expect(word(bytes))).map(|()| false)
        }
        MbarrierKind::Complete { bytes } => {
            cluster.update_mbarrier(offset, None, |mbarrier| mbarrier.complete(word(bytes))).map(|()| false)
        }
        MbarrierKind::Arrive { state, count, expect, drop, no_complete } => {
            let before = cluster.update_mbarrier(offset, knowledge, |mbarrier| {
                let before = mbarrier.state();
                if let Some(bytes) = expect {
                    mbarrier.expect(word(bytes))?;
                }
                mbarrier.arrive(count.map_or(1, word), drop, no_complete)?;
                Ok(before)
            })?;
            if state != NONE {
                r.set_lane(state, lane, before);
            }
            Ok(false)
        }
        MbarrierKind::Test { complete, phase } => {
            let mbarrier = mbarriers.get(shared, offset)?;
            let named = |text: String| format!("mbarrier at shared memory + {offset}: {text}");
            let is_complete = match phase {
                Awaited::State(slot) => mbarrier.is_complete_since(r.lane(slot, lane)).map_err(named)?,
                Awaited::Parity(slot) => {
                    let is_complete = mbarrier.is_complete_parity(word(slot)).map_err(named)?;
                    if let Some(missed) = spin.tested((pc, offset), lane, mbarrier.phase(), is_complete) {
                        return Err(named(format!(
                            "the phase that the lane waits for, phase {missed}, completed and so did the next one \
                             before the lane saw it: {mbarrier}"
                        )));
                    }
                    is_complete
                }
            };
            if spin.recording {
                let address = env.shared_key + u64::from(offset);
                let bytes = mbarrier::BYTES as u8;
                spin.record(Read { address, bytes, value: mbarrier.digest().into() });
            }
            r.set_predicate(complete, if is_complete { u32::MAX } else { 0 }, 1 << lane);
            Ok(is_complete)
        }
    }
}

pub(super) fn pending_count(r: &mut Registers, d: Slot, state: Slot, mask: u32) -> Result<(), Raised> {
    for lane in lanes(mask) {
        match mbarrier::pending_count(r.lane(state, lane)) {
            Ok(count) => r.set_lane(d, lane, count),
            Err(text) => return raise(lane, FaultKind::Mbarrier(text)),
        }
    }
    Ok(())
}
