//! `multimem`: accesses to one place on several GPUs (PTX ISA section 9.7.9.14).

use crossdock_ptx as ptx;

use super::arithmetic::operand;
use super::builder::Builder;
use super::memory::{atomic_operation, list, order, type_bits};
use super::modifiers::Modifiers;
use crate::op::{Atomic, MemoryOp, MulticastAction, MulticastOp, MulticastReduction, Op, Space};

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    (name == "multimem").then(|| multimem(builder, instruction))
}

fn multimem(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let kind = modifiers.require(&["ld_reduce", "st", "red"].map(|name| (name, name)))?;
    let ty = modifiers.last()?;
    let bits = type_bits(ty)?;
    let wide = modifiers.take("acc::f32");
    modifiers.choose(&[("v2", ()), ("v4", ()), ("v8", ())]);
    // Multicast memory is global, whether the instruction says so or not.
    modifiers.take("global");
    let operation = if kind == "st" { None } else { Some(atomic_operation(&mut modifiers, ty)?) };
    let order = order(&mut modifiers)?;
    modifiers.finish()?;
    let (address, values) = if kind == "ld_reduce" { (1, 0) } else { (0, 1) };
    let (_, base, offset) = builder.address(operand(instruction, address)?, Space::Global)?;
    let mut data = Vec::new();
    for value in list(operand(instruction, values)?) {
        data.push(if kind == "ld_reduce" {
            builder.destination_data(value, bits)?
        } else {
            builder.data(value, bits)?
        });
    }
    let action = match (kind, operation) {
        ("ld_reduce", Some(Atomic::AddHalf(format, _))) if wide => {
            MulticastAction::Load(MulticastReduction::SumInF32(format))
        }
        ("ld_reduce", Some(operation)) => MulticastAction::Load(MulticastReduction::Atomic(operation)),
        ("red", _) => MulticastAction::Reduce,
        _ => MulticastAction::Store,
    };
    let access = MemoryOp {
        space: Space::Global,
        order,
        non_coherent: false,
        base,
        offset,
        element: (bits / 8) as u8,
        signed: ty.starts_with('s'),
        data,
        atomic: operation.filter(|_| kind == "red"),
        old: Vec::new(),
    };
    builder.code.multicasts.push(MulticastOp { access, action });
    builder.emit(Op::Multicast(builder.code.multicasts.len() as u32 - 1));
    Ok(())
}
