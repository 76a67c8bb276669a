//! Instructions that the lanes of a warp execute together (PTX ISA sections 9.7.9.6 and 9.7.13).

use crossdock_ptx::{AtomicOperation, Operand};

use super::float::binary_kind;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{Atomic, Reduction, ShuffleMode, Type, Vote, WarpOp};
use crate::register::{NONE, Slot};

pub(super) const DECODINGS: &[(&str, Decode)] =
    &[("shfl", shuffle), ("vote", vote), ("match", find), ("redux", reduce), ("elect", elect)];

/// The member mask of the `.sync` form, which is the last operand.
fn members(d: &mut Decoder<'_, '_>) -> Result<Slot, String> {
    if !d.take("sync") {
        return Err("the emulator executes its `.sync` form only".into());
    }
    d.word(d.operands().len() - 1)
}

/// `d` or `d|p`.
fn value_and_predicate(d: &mut Decoder<'_, '_>) -> Result<(Slot, Slot), String> {
    match d.at(0)? {
        Operand::Pair(to, p) => Ok((d.destination_word(to)?, d.destination_predicate(p)?)),
        to => Ok((d.destination_word(to)?, NONE)),
    }
}

fn shuffle(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let members = members(d)?;
    let mode = d.require(&[
        ("up", ShuffleMode::Up),
        ("down", ShuffleMode::Down),
        ("bfly", ShuffleMode::Butterfly),
        ("idx", ShuffleMode::Index),
    ])?;
    let [a, b, c] = [d.word(1)?, d.word(2)?, d.word(3)?];
    let (to, valid) = value_and_predicate(d)?;
    d.emit_warp(WarpOp::Shuffle { mode, d: to, valid, a, b, c, members });
    Ok(())
}

fn vote(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let members = members(d)?;
    let kind = d.require(&[
        ("all", Vote::All),
        ("any", Vote::Any),
        ("uni", Vote::Uniform),
        ("ballot", Vote::Ballot),
    ])?;
    let a = d.predicate(1)?;
    let to = if kind == Vote::Ballot { d.result_word()? } else { d.result_predicate()? };
    d.emit_warp(WarpOp::Vote { kind, d: to, a, members });
    Ok(())
}

fn find(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let wide = d.ty()?.bits() == 64;
    let members = members(d)?;
    let all = d.require(&[("any", false), ("all", true)])?;
    let a = d.value(1, wide)?;
    let (to, valid) = value_and_predicate(d)?;
    d.emit_warp(WarpOp::Match { wide, all, d: to, valid, a, members });
    Ok(())
}

fn reduce(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let ty = d.ty()?;
    let members = members(d)?;
    let operation = d.of_kind::<AtomicOperation>()?;
    let kind = if ty == Type::F32 {
        let (absolute, nan) = (d.take("abs"), d.take("NaN"));
        let name = if operation == AtomicOperation::Minimum { "min" } else { "max" };
        Reduction::Float { kind: binary_kind(name, nan).ok_or("it has no kind")?, absolute }
    } else {
        Reduction::Integer(Atomic { operation, ty })
    };
    let (to, a) = (d.result_word()?, d.word(1)?);
    d.emit_warp(WarpOp::Redux { kind, d: to, a, members });
    Ok(())
}

fn elect(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let members = members(d)?;
    let Operand::Pair(to, leader) = d.at(0)? else { return Err("it writes a pair `d|p`".into()) };
    let to = if **to == Operand::Sink { NONE } else { d.destination_word(to)? };
    let leader = d.destination_predicate(leader)?;
    d.emit_warp(WarpOp::Elect { d: to, leader, members });
    Ok(())
}
