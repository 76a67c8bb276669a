//! Branches, returns, traps and sleeping.

use crossdock_ptx as ptx;
use ptx::Operand;

use super::builder::{Builder, Region};
use super::modifiers::Modifiers;
use crate::op::Op;

pub(super) fn decode(
    builder: &mut Builder<'_>,
    name: &str,
    instruction: &ptx::Instruction,
) -> Option<Result<(), String>> {
    matches!(
        name,
        "bra" | "ret" | "exit" | "trap" | "brkpt" | "nanosleep" | "pmevent" | "setmaxnreg" | "griddepcontrol"
    )
    .then(|| control(builder, name, instruction))
}

fn control(builder: &mut Builder<'_>, name: &str, instruction: &ptx::Instruction) -> Result<(), String> {
    let mut modifiers = Modifiers::of(instruction);
    let operands = &instruction.operands;
    match name {
        "bra" => {
            modifiers.take("uni");
            let [Operand::Symbol(label, 0)] = operands.as_slice() else {
                return Err("its target is not a label".into());
            };
            let label = builder.label(label)?;
            builder.emit_branch(label);
        }
        "ret" => {
            modifiers.take("uni");
            let exit = builder.frame().exit;
            match exit {
                Some(exit) => builder.emit_branch(exit),
                None if builder.region == Region::Kernel => builder.emit(Op::Exit),
                None => builder.emit(Op::Return),
            }
        }
        "exit" => builder.emit(Op::Exit),
        "trap" => builder.emit(Op::Trap { name: "trap" }),
        "brkpt" => builder.emit(Op::Trap { name: "brkpt" }),
        "nanosleep" => {
            modifiers.take("u32");
            let a = builder.word(operands.first().ok_or("it has no operand")?)?;
            builder.emit(Op::Sleep { a });
        }
        // Register budgets, events and programmatic launches have no effect on results: launches of a stream run
        // one after the other here.
        _ => {
            modifiers.ignore(&[""]);
            builder.emit(Op::Nothing);
        }
    }
    modifiers.finish()
}
