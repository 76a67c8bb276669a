//! Mutants of a kernel: its PTX with one order, scope, fence, barrier or wait weakened or removed. Where PTX, or the target, has
//! no weaker form, there is no mutant.

use crossdock_ptx::{Instruction, Item, Module, Operand, Statement};

/// One mutant.
pub(crate) struct Mutant {
    /// The instruction and what became of it.
    pub(crate) change: String,
    pub(crate) text: String,
}

/// Scopes, each with the next smaller one that differs on a machine whose clusters are single blocks.
const NARROWER: [(&str, &str); 3] = [("sys", "gpu"), ("gpu", "cta"), ("cluster", "cta")];

/// Every order with what is weaker.
const WEAKER: [(&str, &[&str]); 4] = [
    ("sc", &["acq_rel"]),
    ("acq_rel", &["acquire", "release", "relaxed"]),
    ("acquire", &["relaxed"]),
    ("release", &["relaxed"]),
];

/// Instructions that are there for their order only, as the first words of their opcode.
const REMOVABLE: [&str; 18] = [
    "fence",
    "membar",
    "bar.sync",
    "bar.arrive",
    "bar.warp.sync",
    "barrier.sync",
    "barrier.arrive",
    "barrier.cta.sync",
    "barrier.cluster.wait",
    "barrier.cluster.arrive",
    "cp.async.wait_group",
    "cp.async.wait_all",
    "cp.async.bulk.wait_group",
    "cp.async.commit_group",
    "cp.async.bulk.commit_group",
    "mbarrier.expect_tx",
    "mbarrier.complete_tx",
    "griddepcontrol.wait",
];

/// Everything that makes a load or a store strong.
const STRENGTH: [&str; 9] =
    ["relaxed", "acquire", "release", "volatile", "mmio", "sys", "gpu", "cluster", "cta"];

/// Every mutant of a module's kernels, in the order of their instructions.
pub(crate) fn mutants(text: &str) -> Vec<Mutant> {
    let module = crossdock_ptx::parse(text).expect("kernels are PTX");
    let mut all = Vec::new();
    let mut number = 0;
    while let Some(instruction) = instruction(&module, number) {
        for replacement in replacements(&instruction) {
            let (original, mut mutated) = (shown(&instruction), module.clone());
            let change = match &replacement {
                Some(other) if other.opcode == instruction.opcode => {
                    format!("{original} -> of lane 0 alone")
                }
                Some(other) => format!("{original} -> {}", other.opcode),
                None => format!("{original} removed"),
            };
            replace(&mut mutated, number, replacement);
            if mutated.check().is_ok() {
                all.push(Mutant { change, text: mutated.to_string() });
            }
        }
        number += 1;
    }
    all
}

/// The instruction without the registers whose names say nothing.
fn shown(instruction: &Instruction) -> String {
    instruction.opcode.to_string()
}

/// What an instruction is replaced by, one at a time; `None` for nothing.
fn replacements(instruction: &Instruction) -> Vec<Option<Instruction>> {
    let opcode = instruction.opcode.to_string();
    let words: Vec<&str> = opcode.split('.').collect();
    let mut found = Vec::new();
    let mut offer = |words: &[&str]| {
        if let Ok(mut mutated) = Instruction::new(&words.join("."), instruction.operands.clone()) {
            mutated.guard = instruction.guard.clone();
            found.push(Some(mutated));
        }
    };
    let with = |old: &str, new: &str| -> Vec<String> {
        words.iter().map(|&word| if word == old { new.to_owned() } else { word.to_owned() }).collect()
    };
    for (order, weaker) in WEAKER {
        if words.contains(&order) {
            for other in weaker {
                offer(&with(order, other).iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
    }
    for (scope, narrower) in NARROWER {
        if words.contains(&scope) {
            offer(&with(scope, narrower).iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
    let weak: Vec<&str> = words.iter().copied().filter(|word| !STRENGTH.contains(word)).collect();
    if matches!(words[0], "ld" | "st") && weak.len() < words.len() {
        offer(&weak);
    }
    if opcode == "cp.async.bulk.wait_group" {
        offer(&["cp", "async", "bulk", "wait_group", "read"]);
    }
    let mut other = |opcode: &str, operands: Vec<Operand>| {
        if let Ok(mut mutated) = Instruction::new(opcode, operands) {
            mutated.guard = instruction.guard.clone();
            found.push(Some(mutated));
        }
    };
    let operands = &instruction.operands;
    if opcode.starts_with("mbarrier.arrive.expect_tx") {
        let plain: Vec<&str> = words.iter().copied().filter(|&word| word != "expect_tx").collect();
        other(&plain.join("."), operands[..operands.len() - 1].to_vec());
    }
    if words[0] == "mbarrier" && words[1].ends_with("_wait") {
        let zero = Operand::Integer(0);
        other("setp.eq.u32", vec![operands[0].clone(), zero.clone(), zero]);
    }
    if opcode == "bar.warp.sync" && operands[0] != Operand::Integer(1) {
        other(&opcode, vec![Operand::Integer(1)]);
    }
    if REMOVABLE.iter().any(|prefix| opcode == *prefix || opcode.starts_with(&format!("{prefix}."))) {
        found.push(None);
    }
    found
}

/// Visits the bodies' statements in order until `visit` has found what it looks for.
fn instruction(module: &Module, number: usize) -> Option<Instruction> {
    fn find(statements: &[Statement], left: &mut usize) -> Option<Instruction> {
        for statement in statements {
            match statement {
                Statement::Block(inner) => {
                    if let Some(found) = find(inner, left) {
                        return Some(found);
                    }
                }
                Statement::Instruction(instruction) if *left == 0 => return Some(instruction.clone()),
                Statement::Instruction(_) => *left -= 1,
                _ => {}
            }
        }
        None
    }
    let mut left = number;
    module.items.iter().find_map(|item| match item {
        Item::Function(function) => find(function.body.as_deref().unwrap_or_default(), &mut left),
        _ => None,
    })
}

fn replace(module: &mut Module, number: usize, replacement: Option<Instruction>) {
    fn visit(statements: &mut Vec<Statement>, left: &mut usize, replacement: &Option<Instruction>) -> bool {
        for index in 0..statements.len() {
            match &mut statements[index] {
                Statement::Block(inner) => {
                    let is_done = visit(inner, left, replacement);
                    if is_done {
                        return true;
                    }
                }
                Statement::Instruction(_) if *left == 0 => {
                    match replacement {
                        Some(other) => statements[index] = Statement::Instruction(other.clone()),
                        None => drop(statements.remove(index)),
                    }
                    return true;
                }
                Statement::Instruction(_) => *left -= 1,
                _ => {}
            }
        }
        false
    }
    let mut left = number;
    for item in &mut module.items {
        if let Item::Function(function) = item
            && let Some(body) = &mut function.body
            && visit(body, &mut left, &replacement)
        {
            return;
        }
    }
}
