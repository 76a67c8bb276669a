//! Mbarriers, bulk copies and `cp.async` (PTX ISA sections 9.7.9.25 and 9.7.13.15).

use crossdock_ptx as ptx;
use ptx::Operand;

use super::arithmetic::operand;
use super::builder::Builder;
use super::memory::{atomic_operation, list, type_bits};
use super::modifiers::Modifiers;
use crate::op::{
    Address, AsynchronousOp, Awaited, BulkCopy, LaneCopy, MbarrierKind, Op, Order, RemoteStore, Scope, Space,
};
use crate::register::NONE;

const COMPLETES: &str = "mbarrier::complete_tx::bytes";

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    let decoded = match name {
        "mbarrier" => mbarrier(builder, instruction),
        "cp" => copy(builder, instruction),
        "st" if instruction.opcode.has("bulk") => fill(builder, instruction),
        "st" | "red" => remote_store(builder, instruction),
        _ => return None,
    };
    Some(decoded.map(|op| {
        builder.code.asynchronous.push(op);
        builder.emit(Op::Asynchronous(builder.code.asynchronous.len() as u32 - 1));
    }))
}

fn address(builder: &mut Builder<'_>, operand: &Operand, space: Space) -> Result<Address, String> {
    let (space, base, offset) = builder.address(operand, space)?;
    Ok(Address { space, base, offset })
}

/// The space of an mbarrier.
fn shared(modifiers: &mut Modifiers) -> Space {
    let spaces =
        [("shared", Space::Shared), ("shared::cta", Space::Shared), ("shared::cluster", Space::Cluster)];
    modifiers.choose(&spaces).unwrap_or(Space::Generic)
}

fn constant(operand: &Operand) -> Result<u32, String> {
    match operand {
        Operand::Integer(value) => {
            u32::try_from(*value).map_err(|_| format!("`{operand}` is not a number of groups"))
        }
        _ => Err(format!("`{operand}` is not a constant")),
    }
}

fn mbarrier(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<AsynchronousOp, String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    modifiers.take("b64");
    if modifiers.take("pending_count") {
        modifiers.finish()?;
        let state = builder.long(at(1)?)?;
        return Ok(AsynchronousOp::PendingCount { d: builder.destination_word(at(0)?)?, state });
    }
    let space = shared(&mut modifiers);
    let written = modifiers.choose(&[("relaxed", 0), ("acquire", 1), ("release", 2)]);
    // Without a scope: as far as an mbarrier of the cluster can be reached.
    let scope = modifiers.scope().unwrap_or(Scope::Cluster);
    let (place, kind) = if modifiers.take("init") {
        (0, MbarrierKind::Initialise { count: builder.word(at(1)?)? })
    } else if modifiers.take("inval") {
        (0, MbarrierKind::Invalidate)
    } else if let Some(test) = modifiers.choose(&[("test_wait", ()), ("try_wait", ())]) {
        let () = test;
        let phase = if modifiers.take("parity") {
            Awaited::Parity(builder.word(at(2)?)?)
        } else {
            Awaited::State(builder.long(at(2)?)?)
        };
        (1, MbarrierKind::Test { complete: builder.destination_predicate(at(0)?)?, phase })
    } else if let Some(drop) = modifiers.choose(&[("arrive", false), ("arrive_drop", true)]) {
        let no_complete = modifiers.take("noComplete");
        let announces = modifiers.take("expect_tx");
        let number = match instruction.operands.get(2) {
            Some(number) => Some(builder.word(number)?),
            None => None,
        };
        let (count, expect) = if announces { (None, number) } else { (number, None) };
        let state = match at(0)? {
            Operand::Sink => NONE,
            state => builder.destination_value(state, true)?,
        };
        (1, MbarrierKind::Arrive { state, count, expect, drop, no_complete })
    } else {
        let complete = modifiers.require(&[("expect_tx", false), ("complete_tx", true)])?;
        let bytes = builder.word(at(1)?)?;
        (0, if complete { MbarrierKind::Complete { bytes } } else { MbarrierKind::Expect { bytes } })
    };
    modifiers.finish()?;
    let order = match (written, kind) {
        (Some(0), _) | (None, MbarrierKind::Expect { .. } | MbarrierKind::Complete { .. }) => {
            Order::Relaxed(scope)
        }
        (_, MbarrierKind::Arrive { .. }) => Order::Release(scope),
        (_, MbarrierKind::Test { .. }) => Order::Acquire(scope),
        _ => Order::Weak,
    };
    Ok(AsynchronousOp::Mbarrier { kind, address: address(builder, at(place)?, space)?, order })
}

fn copy(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<AsynchronousOp, String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    let reduces = modifiers.take("reduce");
    if !modifiers.take("async") {
        return Err("the emulator executes its `.async` form only".into());
    }
    modifiers.ignore(&["L2"]);
    let bulk = modifiers.take("bulk");
    if modifiers.take("commit_group") {
        modifiers.finish()?;
        return Ok(AsynchronousOp::Commit { bulk });
    }
    if modifiers.take("wait_group") {
        let read = modifiers.take("read");
        modifiers.finish()?;
        return Ok(AsynchronousOp::Wait { bulk, groups: constant(at(0)?)?, read });
    }
    if modifiers.take("wait_all") {
        modifiers.finish()?;
        return Ok(AsynchronousOp::WaitAll);
    }
    if bulk {
        return bulk_copy(builder, instruction, modifiers, reduces);
    }
    if modifiers.take("mbarrier") {
        modifiers.take("arrive");
        modifiers.take("b64");
        let counted = modifiers.take("noinc");
        let space = shared(&mut modifiers);
        modifiers.finish()?;
        return Ok(AsynchronousOp::ArriveAfterCopies { address: address(builder, at(0)?, space)?, counted });
    }
    modifiers.choose(&[("ca", ()), ("cg", ())]);
    modifiers.take("global");
    shared(&mut modifiers);
    modifiers.finish()?;
    let hinted = instruction.opcode.has("L2::cache_hint");
    let source = instruction.operands.get(3).filter(|_| !hinted || instruction.operands.len() > 4);
    let source_bytes = match source {
        Some(bytes) => Some(builder.word(bytes)?),
        None => None,
    };
    Ok(AsynchronousOp::Copy(LaneCopy {
        to: address(builder, at(0)?, Space::Shared)?,
        from: address(builder, at(1)?, Space::Global)?,
        bytes: constant(at(2)?)?,
        source_bytes,
    }))
}

fn bulk_copy(
    builder: &mut Builder<'_>,
    instruction: &ptx::Instruction,
    mut modifiers: Modifiers,
    reduces: bool,
) -> Result<AsynchronousOp, String> {
    let at = |index| operand(instruction, index);
    if modifiers.take("prefetch") {
        modifiers.take("global");
        modifiers.finish()?;
        let bytes = builder.word(at(1)?)?;
        return Ok(AsynchronousOp::Prefetch { from: address(builder, at(0)?, Space::Global)?, bytes });
    }
    let reduction = if reduces {
        let ty = modifiers.last()?;
        modifiers.take("noftz");
        Some((atomic_operation(&mut modifiers, ty)?, (type_bits(ty)? / 8) as u8))
    } else {
        None
    };
    // The first space is that of the destination.
    let spaces: Vec<Space> = instruction
        .opcode
        .modifiers
        .iter()
        .filter_map(|modifier| match *modifier {
            "global" => Some(Space::Global),
            "shared::cta" => Some(Space::Shared),
            "shared::cluster" => Some(Space::Cluster),
            _ => None,
        })
        .collect();
    for space in ["global", "shared::cta", "shared::cluster"] {
        modifiers.take(space);
    }
    let [to, from] = spaces.as_slice() else { return Err("it needs two state spaces".into()) };
    let completes = modifiers.take(COMPLETES);
    modifiers.take("bulk_group");
    let multicast = modifiers.take("multicast::cluster");
    modifiers.finish()?;
    let blocks = if multicast { Some(builder.word(at(4)?)?) } else { None };
    let mbarrier = if completes { Some(address(builder, at(3)?, *to)?) } else { None };
    Ok(AsynchronousOp::Bulk(BulkCopy {
        to: address(builder, at(0)?, *to)?,
        from: address(builder, at(1)?, *from)?,
        bytes: builder.word(at(2)?)?,
        mbarrier,
        reduction,
        blocks,
    }))
}

/// `st.bulk`, whose value the table knows to be zero.
fn fill(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<AsynchronousOp, String> {
    let mut modifiers = Modifiers::of(instruction);
    modifiers.take("bulk");
    modifiers.take("weak");
    let space = shared(&mut modifiers);
    modifiers.finish()?;
    let to = address(builder, operand(instruction, 0)?, space)?;
    Ok(AsynchronousOp::Fill { to, bytes: builder.long(operand(instruction, 1)?)? })
}

/// `st.async` and `red.async`.
fn remote_store(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<AsynchronousOp, String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    modifiers.take("async");
    let ty = modifiers.last()?;
    let bits = type_bits(ty)?;
    let space = shared(&mut modifiers);
    let reduction = if instruction.opcode.name() == "red" {
        // Always at the scope of the cluster.
        modifiers.take("relaxed");
        modifiers.scope();
        Some(atomic_operation(&mut modifiers, ty)?)
    } else {
        modifiers.take("weak");
        modifiers.choose(&[("v2", ()), ("v4", ())]);
        None
    };
    modifiers.take(COMPLETES);
    modifiers.finish()?;
    let mut values = Vec::new();
    for value in list(at(1)?) {
        values.push(builder.data(value, bits)?);
    }
    Ok(AsynchronousOp::Remote(RemoteStore {
        to: address(builder, at(0)?, space)?,
        values,
        element: (bits / 8) as u8,
        mbarrier: address(builder, at(2)?, space)?,
        reduction,
    }))
}
