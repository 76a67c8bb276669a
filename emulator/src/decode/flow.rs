//! Loops of a kernel: what their bodies write, and which of that derives from a clock.

use std::collections::{HashMap, HashSet};

use crate::code::{Code, Loop};
use crate::op::{Effect, Op};
use crate::register::{Bank, PredicateSource, Slot};

/// What an instruction reads and writes, and where it may go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flow {
    pub(super) reads: Vec<(Bank, Slot)>,
    pub(super) writes: Vec<(Bank, Slot)>,
    /// A label that it branches to.
    pub(super) branch: Option<usize>,
}

/// Registers that derive from a clock, whatever path is taken.
fn clock_registers(code: &Code, flows: &[Flow]) -> HashSet<(Bank, Slot)> {
    let mut tainted = HashSet::new();
    loop {
        let before = tainted.len();
        for (instruction, flow) in code.instructions.iter().zip(flows) {
            let derives = match instruction.op.effect() {
                Effect::Clock => true,
                // A load through a tainted address would be strange; its value is memory's all the
                // same.
                Effect::Memory => false,
                Effect::Lanes | Effect::Block | Effect::Leaves => {
                    flow.reads.iter().any(|register| tainted.contains(register))
                }
            };
            if derives {
                tainted.extend(flow.writes.iter().copied());
            }
        }
        if tainted.len() == before {
            return tainted;
        }
    }
}

fn successors(code: &Code, pc: u32) -> impl Iterator<Item = u32> {
    let instruction = &code.instructions[pc as usize];
    let unguarded = instruction.guard == PredicateSource::ALWAYS;
    let (target, leaves) = match instruction.op {
        Op::Branch { target } => (Some(target), true),
        op => (None, op.effect() == Effect::Leaves),
    };
    let falls = !(leaves && unguarded);
    let next = (falls && (pc as usize) + 1 < code.instructions.len()).then_some(pc + 1);
    target.into_iter().chain(next)
}

/// Finds the back-edges and describes their loops.
pub(super) fn loops(code: &Code, flows: &[Flow]) -> HashMap<u32, Loop> {
    let tainted = clock_registers(code, flows);
    let mut predecessors: Vec<Vec<u32>> = vec![Vec::new(); code.instructions.len()];
    for pc in 0..code.instructions.len() as u32 {
        for successor in successors(code, pc) {
            predecessors[successor as usize].push(pc);
        }
    }
    let mut found = HashMap::new();
    for (pc, instruction) in code.instructions.iter().enumerate() {
        let Op::Branch { target } = instruction.op else { continue };
        if target as usize > pc {
            continue;
        }
        // The body: everything from which the branch is reached without passing its target again.
        let mut body = HashSet::from([target, pc as u32]);
        let mut open = vec![pc as u32];
        while let Some(at) = open.pop() {
            if at == target {
                continue;
            }
            for &before in &predecessors[at as usize] {
                if body.insert(before) {
                    open.push(before);
                }
            }
        }
        let mut description = Loop::default();
        let mut written = HashSet::new();
        for &at in &body {
            let op = code.instructions[at as usize].op;
            description.timed |= op.effect() == Effect::Clock;
            if matches!(op, Op::Branch { target } if target <= at) {
                description.back_edges.push(at);
            }
            written.extend(flows[at as usize].writes.iter().filter(|register| !tainted.contains(register)));
        }
        let mut written: Vec<(Bank, Slot)> = written.into_iter().collect();
        written.sort_unstable();
        for (bank, slot) in written {
            match bank {
                Bank::Word => description.words.push(slot),
                Bank::Long => description.longs.push(slot),
                Bank::Predicate => description.predicates.push(slot),
            }
        }
        found.insert(pc as u32, description);
    }
    found
}
