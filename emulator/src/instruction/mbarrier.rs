//! Mbarrier instructions, lane after lane (PTX ISA section 9.7.13.15).

use crossdock_ptx::{Operand, Order, Scope};

use crate::activity::Class;
use crate::cluster::Cluster;
use crate::consistency::{Kind, Knowledge, Phases};
use crate::decode::decoder::{Decode, Decoder};
use crate::error::FaultKind;
use crate::execute::place::shared_address;
use crate::execute::{Operation, Raised, Site, Step, model, raise};
use crate::mbarrier;
use crate::op::{Address, Data, Effect, Space, Strength};
use crate::parking::Read;
use crate::register::{NONE, Slot, lanes};

pub(super) const DECODINGS: &[(&str, Decode)] = &[("mbarrier", decode)];

/// What an mbarrier wait names its phase by.
#[derive(Clone, Copy, Debug)]
enum Phase {
    State(Slot),
    Parity(Slot),
}

/// What an mbarrier instruction does.
#[derive(Clone, Copy, Debug)]
enum Action {
    Initialise {
        count: Slot,
    },
    Invalidate,
    Expect {
        bytes: Slot,
    },
    Complete {
        bytes: Slot,
    },
    /// `state` is [`NONE`] when it is not wanted.
    Arrive {
        state: Slot,
        count: Option<Slot>,
        expect: Option<Slot>,
        drop: bool,
        no_complete: bool,
    },
    /// `test_wait`, or `try_wait` (which may return early, and here always does).
    Test {
        complete: Slot,
        phase: Phase,
    },
}

fn decode(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.take("b64");
    if d.take("pending_count") {
        let (state, to) =
            (Data { slot: d.long(1)?, long: true }, Data { slot: d.result_word()?, long: false });
        d.emit_own(Class::Asynchronous, Effect::Memory, PendingCount { state, to });
        return Ok(());
    }
    let space = d.get::<Space>();
    let written = d.get::<Order>();
    // Without a scope: as far as an mbarrier of the cluster can be reached.
    let scope = d.get().unwrap_or(Scope::Cluster);
    let (place, action) = if d.take("init") {
        (0, Action::Initialise { count: d.word(1)? })
    } else if d.take("inval") {
        (0, Action::Invalidate)
    } else if d.take("test_wait") || d.take("try_wait") {
        let phase = if d.take("parity") { Phase::Parity(d.word(2)?) } else { Phase::State(d.long(2)?) };
        (1, Action::Test { complete: d.result_predicate()?, phase })
    } else if let Some(drop) = d.choose(&[("arrive", false), ("arrive_drop", true)]) {
        let (no_complete, announces) = (d.take("noComplete"), d.take("expect_tx"));
        let number = if d.operands().len() > 2 { Some(d.word(2)?) } else { None };
        let (count, expect) = if announces { (None, number) } else { (number, None) };
        let state = if *d.at(0)? == Operand::Sink { NONE } else { d.result_value(true)? };
        (1, Action::Arrive { state, count, expect, drop, no_complete })
    } else {
        let complete = d.require(&[("expect_tx", false), ("complete_tx", true)])?;
        let bytes = d.word(1)?;
        (0, if complete { Action::Complete { bytes } } else { Action::Expect { bytes } })
    };
    let strength = match (written, action) {
        (Some(Order::Relaxed), _) | (None, Action::Expect { .. } | Action::Complete { .. }) => {
            Strength::Ordered(Order::Relaxed, scope)
        }
        (_, Action::Arrive { .. }) => Strength::Ordered(Order::Release, scope),
        (_, Action::Test { .. }) => Strength::Ordered(Order::Acquire, scope),
        _ => Strength::Weak,
    };
    let address = d.address(place, space)?;
    d.emit_own(Class::Asynchronous, Effect::Memory, Mbarrier { action, address, strength });
    Ok(())
}

/// The offset in shared memory of an mbarrier operand.
pub(super) fn offset(site: &Site<'_, '_>, operand: &Address, lane: usize) -> Result<u32, Raised> {
    let (env, bytes) = (&*site.env, mbarrier::BYTES as u32);
    let elsewhere = |place| FaultKind::Mbarrier(format!("mbarrier at {place}; it must be in shared memory"));
    let address = shared_address(env, operand.space, operand.of(site.r, lane), lane, elsewhere)?;
    let rank = env.block.rank;
    if !address.is_multiple_of(bytes.into()) {
        let place = env.cluster.describe_address(rank, address);
        return raise(lane, FaultKind::Misaligned { access: "mbarrier", bytes, place });
    }
    let own = operand.space != Some(Space::Shared) || Cluster::rank(rank, address) == rank.into();
    match env.cluster.place(rank, address, bytes.into()) {
        Ok(offset) if own => Ok(offset as u32),
        _ => {
            let place = env.cluster.describe_address(rank, address);
            raise(lane, FaultKind::OutOfBounds { access: "mbarrier", bytes, place })
        }
    }
}

/// All but `mbarrier.pending_count`.
#[derive(Debug)]
struct Mbarrier {
    action: Action,
    address: Address,
    strength: Strength,
}

impl Operation for Mbarrier {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        let tests = matches!(self.action, Action::Test { .. });
        let publishes = matches!(self.action, Action::Arrive { .. });
        site.spin.stored |= !tests;
        for lane in lanes(site.mask) {
            let offset = offset(site, &self.address, lane)?;
            self.one(site, lane, offset)?;
            if !tests {
                let key = site.env.shared_key + u64::from(offset);
                site.env.memory.watch.written(key, mbarrier::BYTES as u64);
            }
        }
        if publishes {
            model::published(site);
        }
        Ok(Step::Next)
    }
}

impl Mbarrier {
    /// Executes it for one lane: what it does, and what that means for the memory model.
    fn one(&self, site: &mut Site<'_, '_>, lane: usize, offset: u32) -> Result<(), Raised> {
        let Mbarrier { action, strength, .. } = *self;
        let remote = site.env.cluster.owner(offset as usize) != site.env.block.rank;
        let reach = if remote { Scope::Cluster } else { Scope::Block };
        if remote && matches!(action, Action::Initialise { .. } | Action::Invalidate | Action::Test { .. }) {
            let place = site.env.cluster.describe(offset as usize);
            let text = format!("mbarrier at {place}: a block may only arrive at mbarriers of another one");
            return raise(lane, FaultKind::Mbarrier(text));
        }
        // A scope that does not reach the other block publishes nothing there.
        let in_cluster = strength.scope().is_some_and(|scope| scope >= Scope::Cluster);
        let publishes = matches!(action, Action::Arrive { .. }) && (!remote || in_cluster);
        let clocks = site.private.clocks.as_ref().filter(|_| publishes);
        let knowledge = clocks.map(|clocks| clocks.arrival(lane, strength, reach));
        let knowledge = knowledge.as_ref().map(|knowledge| (knowledge, remote));
        let act = self.act(site, (lane, offset), knowledge);
        let is_complete = act.or_else(|text| raise(lane, FaultKind::Mbarrier(text)))?;
        let access = match action {
            Action::Initialise { .. } => None,
            // A test or an arrival after it is misuse; one before it is over, so it need not be
            // ordered.
            Action::Invalidate => Some(Kind::Write),
            Action::Test { .. } => Some(Kind::Read),
            _ => Some(Kind::Atomic),
        };
        let mark = model::mbarrier(site, access, lane, offset)?;
        if let (Action::Initialise { .. }, Some(mark)) = (action, mark) {
            site.env.cluster.phases.insert(offset, Phases::of(mark));
        }
        if let (true, Some(clocks), Some(phases)) =
            (is_complete, &mut site.private.clocks, site.env.cluster.phases.get(&offset))
        {
            clocks.wait(lane, strength, &phases.complete(in_cluster), site.pc);
        }
        Ok(())
    }

    /// Changes or tests the object; `knowledge` is what an arrival publishes. Whether a test found
    /// its phase complete.
    fn act(
        &self,
        site: &mut Site<'_, '_>,
        (lane, offset): (usize, u32),
        knowledge: Option<(&Knowledge, bool)>,
    ) -> Result<bool, String> {
        let cluster = &mut *site.env.cluster;
        let r = &mut *site.r;
        let word = |slot: Slot| r.lane::<u32>(slot, lane);
        let (mbarriers, shared) = (&mut cluster.mbarriers, &mut cluster.shared);
        match self.action {
            Action::Initialise { count } => {
                mbarriers.initialise(shared, offset, word(count))?;
                cluster.phases.remove(&offset);
            }
            Action::Invalidate => mbarriers.invalidate(shared, offset)?,
            Action::Expect { bytes } => {
                cluster.update_mbarrier(offset, None, |mbarrier| mbarrier.expect(word(bytes)))?;
            }
            Action::Complete { bytes } => {
                cluster.update_mbarrier(offset, None, |mbarrier| mbarrier.complete(word(bytes)))?;
            }
            Action::Arrive { state, count, expect, drop, no_complete } => {
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
            }
            Action::Test { complete, phase } => {
                let mbarrier = mbarriers.get(shared, offset)?;
                let named = |text: String| format!("mbarrier at shared memory + {offset}: {text}");
                let is_complete = match phase {
                    Phase::State(slot) => mbarrier.is_complete_since(r.lane(slot, lane)).map_err(named)?,
                    Phase::Parity(slot) => {
                        let is_complete = mbarrier.is_complete_parity(word(slot)).map_err(named)?;
                        let at = (site.pc, offset);
                        if let Some(missed) = site.spin.tested(at, lane, mbarrier.phase(), is_complete) {
                            return Err(named(format!(
                                "the phase that the lane waits for, phase {missed}, completed and so did the \
                                 next one before the lane saw it: {mbarrier}"
                            )));
                        }
                        is_complete
                    }
                };
                if site.spin.recording {
                    let address = site.env.shared_key + u64::from(offset);
                    let bytes = mbarrier::BYTES as u8;
                    site.spin.record(Read { address, bytes, value: mbarrier.digest().into() });
                }
                r.set_predicate(complete, if is_complete { u32::MAX } else { 0 }, 1 << lane);
                return Ok(is_complete);
            }
        }
        Ok(false)
    }
}

/// `mbarrier.pending_count`.
#[derive(Debug)]
struct PendingCount {
    state: Data,
    to: Data,
}

impl Operation for PendingCount {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        for lane in lanes(site.mask) {
            match mbarrier::pending_count(site.r.lane(self.state.slot, lane)) {
                Ok(count) => site.r.set_lane(self.to.slot, lane, count),
                Err(text) => return raise(lane, FaultKind::Mbarrier(text)),
            }
        }
        Ok(Step::Next)
    }
}
