//! Branches, returns, traps and sleeping (PTX ISA section 9.7.12).

use crossdock_ptx::Operand;

use crate::decode::builder::Region;
use crate::decode::decoder::{Decode, Decoder};
use crate::op::{Boolean, Comparison, Op, Reason, Type};
use crate::register::{NONE, PredicateSource};

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("bra", branch),
    ("brx", branch_by_index),
    ("ret", leave),
    ("exit", |d| just(d, Op::Exit {})),
    ("trap", |d| just(d, Op::Trap { reason: Reason::Trap })),
    ("brkpt", |d| just(d, Op::Trap { reason: Reason::Breakpoint })),
    ("nanosleep", sleep),
    // Register budgets, events and programmatic launches have no effect on results: launches of a
    // stream run one after the other here.
    ("pmevent", |d| just(d, Op::Nothing {})),
    ("setmaxnreg", |d| just(d, Op::Nothing {})),
    ("griddepcontrol", |d| just(d, Op::Nothing {})),
];

fn just(d: &mut Decoder<'_, '_>, op: Op) -> Result<(), String> {
    d.ignore(&[""]);
    d.emit(op);
    Ok(())
}

fn branch(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.take("uni");
    let [Operand::Symbol(label, 0)] = d.operands() else { return Err("its target is not a label".into()) };
    let label = d.label(label)?;
    d.emit_branch(label);
    Ok(())
}

/// A test and a branch for each target, and a trap after them; each counts as an instruction.
fn branch_by_index(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ignore(&["idx", "uni"]);
    let Operand::Symbol(list, 0) = d.at(1)? else { return Err("it does not name a list of targets".into()) };
    let targets = d.targets(list)?;
    let index = d.word(0)?;
    let guard = d.guard;
    for (number, target) in targets.iter().enumerate() {
        let label = d.label(target)?;
        let (number, taken) = (d.constant(number as u32)?, d.new_predicate()?);
        let operands = [taken, NONE, index, number];
        d.emit(Op::Compare { ty: Type::U32, test: Comparison::Equal, flush: false, operands });
        let taken = PredicateSource::new(taken, false);
        if guard == PredicateSource::ALWAYS {
            d.guard = taken;
        } else {
            let both = d.new_predicate()?;
            d.guard = PredicateSource::ALWAYS;
            d.emit(Op::PredicateLogic { kind: Boolean::And, d: both, a: guard, b: taken });
            d.guard = PredicateSource::new(both, false);
        }
        d.emit_branch(label);
        d.guard = guard;
    }
    d.emit(Op::Trap { reason: Reason::BranchIndex });
    Ok(())
}

fn leave(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.take("uni");
    let exit = d.frame().exit;
    match exit {
        Some(exit) => d.emit_branch(exit),
        None if d.region == Region::Kernel => d.emit(Op::Exit {}),
        None => d.emit(Op::Return {}),
    }
    Ok(())
}

fn sleep(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let a = d.word(0)?;
    d.emit(Op::Sleep { a });
    Ok(())
}
