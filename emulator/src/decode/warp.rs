//! Warp-synchronous instructions and block barriers.

use crossdock_ptx as ptx;
use ptx::Operand;

use super::arithmetic::operand;
use super::builder::{Bank, Builder};
use super::modifiers::Modifiers;
use crate::code::Preset;
use crate::op::{AsynchronousOp, BarrierKind, BarrierOp, Op, Reduction, ShuffleMode, Vote, WarpOp};
use crate::register::NONE;

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    Some(match name {
        "shfl" | "vote" | "match" | "redux" | "elect" => warp(builder, name, instruction),
        "activemask" => active_mask(builder, instruction),
        "bar" | "barrier" => barrier(builder, name, instruction),
        _ => return None,
    })
}

fn emit(builder: &mut Builder<'_>, op: WarpOp) {
    builder.code.warp.push(op);
    builder.emit(Op::Warp(builder.code.warp.len() as u32 - 1));
}

fn active_mask(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let d = builder.destination_word(operand(instruction, 0)?)?;
    builder.emit(Op::ActiveMask { d });
    Ok(())
}

fn warp(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    if !modifiers.take("sync") {
        return Err("the emulator executes its `.sync` form only".into());
    }
    let last = instruction.operands.len().saturating_sub(1);
    let members = builder.word(at(last)?)?;
    let op = match name {
        "shfl" => {
            modifiers.take("b32");
            let mode = modifiers.require(&[
                ("up", ShuffleMode::Up),
                ("down", ShuffleMode::Down),
                ("bfly", ShuffleMode::Butterfly),
                ("idx", ShuffleMode::Index),
            ])?;
            let [a, b, c] = [builder.word(at(1)?)?, builder.word(at(2)?)?, builder.word(at(3)?)?];
            let (d, valid) = value_and_predicate(builder, at(0)?)?;
            WarpOp::Shuffle { mode, d, valid, a, b, c, members }
        }
        "vote" => {
            let kind = modifiers.require(&[
                ("all", Vote::All),
                ("any", Vote::Any),
                ("uni", Vote::Uniform),
                ("ballot", Vote::Ballot),
            ])?;
            modifiers.choose(&[("pred", ()), ("b32", ())]);
            let a = builder.predicate(at(1)?)?;
            let d = if kind == Vote::Ballot {
                builder.destination_word(at(0)?)?
            } else {
                builder.destination_predicate(at(0)?)?
            };
            WarpOp::Vote { kind, d, a, members }
        }
        "match" => {
            let all = modifiers.require(&[("any", false), ("all", true)])?;
            let wide = modifiers.last()? == "b64";
            let a = builder.value(at(1)?, wide)?;
            let (d, valid) = value_and_predicate(builder, at(0)?)?;
            WarpOp::Match { wide, all, d, valid, a, members }
        }
        "redux" => {
            let ty = modifiers.last()?;
            if ty == "f32" {
                let maximum = modifiers.require(&[("min", false), ("max", true)])?;
                let (absolute, nan) = (modifiers.take("abs"), modifiers.take("NaN"));
                let a = builder.word(at(1)?)?;
                let d = builder.destination_word(at(0)?)?;
                let kind = Reduction::Float { maximum, absolute, nan };
                emit(builder, WarpOp::Redux { kind, d, a, members });
                return modifiers.finish();
            }
            let signed = ty == "s32";
            let (unsigned, with_sign) = modifiers.require(&[
                ("add", (Reduction::Add, Reduction::Add)),
                ("min", (Reduction::MinimumUnsigned, Reduction::MinimumSigned)),
                ("max", (Reduction::MaximumUnsigned, Reduction::MaximumSigned)),
                ("and", (Reduction::And, Reduction::And)),
                ("or", (Reduction::Or, Reduction::Or)),
                ("xor", (Reduction::Xor, Reduction::Xor)),
            ])?;
            let a = builder.word(at(1)?)?;
            let d = builder.destination_word(at(0)?)?;
            WarpOp::Redux { kind: if signed { with_sign } else { unsigned }, d, a, members }
        }
        _ => {
            let Operand::Pair(d, leader) = at(0)? else { return Err("it writes a pair `d|p`".into()) };
            let d = if **d == Operand::Sink { NONE } else { builder.destination_word(d)? };
            let leader = builder.destination_predicate(leader)?;
            WarpOp::Elect { d, leader, members }
        }
    };
    emit(builder, op);
    modifiers.finish()
}

/// `d` or `d|p`.
fn value_and_predicate(
    builder: &mut Builder<'_>,
    operand: &Operand,
) -> Result<(crate::register::Slot, crate::register::Slot), String> {
    match operand {
        Operand::Pair(d, p) => Ok((builder.destination_word(d)?, builder.destination_predicate(p)?)),
        d => Ok((builder.destination_word(d)?, NONE)),
    }
}

fn cluster_barrier(builder: &mut Builder<'_>, mut modifiers: Modifiers) -> Result<(), String> {
    // Lanes of a warp come together first; nothing of theirs is ordered by that.
    if modifiers.take("aligned") {
        let members = builder.preset(Bank::Word, Preset::Constant(u32::MAX.into()))?;
        emit(builder, WarpOp::Elect { d: NONE, leader: NONE, members });
    }
    let arrives = modifiers.require(&[("arrive", true), ("wait", false)])?;
    let releases = !modifiers.take("relaxed");
    modifiers.choose(&[("release", ()), ("acquire", ())]);
    modifiers.finish()?;
    builder.code.asynchronous.push(if arrives {
        AsynchronousOp::ClusterArrive { releases }
    } else {
        AsynchronousOp::ClusterWait
    });
    builder.emit(Op::Asynchronous(builder.code.asynchronous.len() as u32 - 1));
    Ok(())
}

fn barrier(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let at = |index| operand(instruction, index);
    let mut modifiers = Modifiers::of(instruction);
    if modifiers.take("warp") {
        modifiers.take("sync");
        let members = builder.word(at(0)?)?;
        emit(builder, WarpOp::Barrier { members });
        return modifiers.finish();
    }
    if modifiers.take("cluster") {
        return cluster_barrier(builder, modifiers);
    }
    modifiers.take("cta");
    let aligned = modifiers.take("aligned") || name == "bar";
    let mut operands = instruction.operands.iter();
    let mut next = || operands.next().ok_or_else(|| "it lacks an operand".to_owned());
    if modifiers.take("red") {
        let operation = modifiers.require(&[("popc", 0), ("and", 1), ("or", 2)])?;
        modifiers.choose(&[("u32", ()), ("pred", ())]);
        modifiers.finish()?;
        let (d, id) = (next()?, builder.word(next()?)?);
        let (threads, predicate) = match (next()?, next().ok()) {
            (threads, Some(predicate)) => (Some(builder.word(threads)?), predicate),
            (predicate, None) => (None, predicate),
        };
        let a = builder.predicate(predicate)?;
        let kind = match operation {
            0 => BarrierKind::Population { d: builder.destination_word(d)?, a },
            1 => BarrierKind::All { d: builder.destination_predicate(d)?, a },
            _ => BarrierKind::Any { d: builder.destination_predicate(d)?, a },
        };
        builder.code.barriers.push(BarrierOp { kind, aligned, id, threads });
    } else {
        let kind = modifiers.require(&[("sync", BarrierKind::Sync), ("arrive", BarrierKind::Arrive)])?;
        modifiers.finish()?;
        let id = builder.word(next()?)?;
        let threads = match next().ok() {
            Some(threads) => Some(builder.word(threads)?),
            None => None,
        };
        builder.code.barriers.push(BarrierOp { kind, aligned, id, threads });
    }
    builder.emit(Op::Barrier(builder.code.barriers.len() as u32 - 1));
    Ok(())
}
