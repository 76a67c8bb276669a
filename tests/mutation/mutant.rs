//! Mutants of a kernel: its PTX with one instruction weakened, removed or added.

use crossdock_ptx::{Instruction, Item, Module, Statement};

use crate::weakening::{Weakening, weakenings};

/// One mutant.
#[derive(Clone)]
pub(crate) struct Mutant {
    /// The instruction and what became of it.
    pub(crate) change: String,
    pub(crate) text: String,
}

/// Every mutant of a module's kernel: one that traps, so that a kernel that no case reaches is
/// noticed, and those whose synchronisation is weaker, in the order of their instructions.
pub(crate) fn mutants(text: &str) -> Vec<Mutant> {
    let module = crossdock_ptx::parse(text).expect("kernels are PTX");
    let mut traps = module.clone();
    let trap = Instruction::new("trap", Vec::new()).expect("an instruction");
    change(&mut traps, 0, |body, index| body.insert(index, Statement::Instruction(trap)));
    let mut all = vec![Mutant { change: "trap added".into(), text: traps.to_string() }];
    let mut number = 0;
    while let Some(original) = instruction(&module, number) {
        for Weakening { change: what, instruction } in weakenings(&original) {
            let mut mutated = module.clone();
            change(&mut mutated, number, |body, index| match instruction {
                Some(other) => body[index] = Statement::Instruction(other),
                None => drop(body.remove(index)),
            });
            if mutated.check().is_ok() {
                all.push(Mutant { change: format!("{} {what}", original.opcode), text: mutated.to_string() });
            }
        }
        number += 1;
    }
    all
}

/// The instruction of that number in the order of the text.
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

/// Calls `edit` with the statements that hold the instruction of that number, and its index among
/// them.
fn change(module: &mut Module, number: usize, edit: impl FnOnce(&mut Vec<Statement>, usize)) {
    fn find<'a>(
        statements: &'a mut Vec<Statement>,
        left: &mut usize,
    ) -> Option<(&'a mut Vec<Statement>, usize)> {
        let position = statements.iter().position(|statement| match statement {
            Statement::Instruction(_) if *left == 0 => true,
            Statement::Instruction(_) => {
                *left -= 1;
                false
            }
            Statement::Block(inner) => {
                let count = count(inner);
                let is_inside = *left < count;
                *left -= if is_inside { 0 } else { count };
                is_inside
            }
            _ => false,
        })?;
        if matches!(statements[position], Statement::Block(_)) {
            let Statement::Block(inner) = &mut statements[position] else { return None };
            return find(inner, left);
        }
        Some((statements, position))
    }
    let mut left = number;
    for item in &mut module.items {
        if let Item::Function(function) = item
            && let Some(body) = &mut function.body
            && let Some((statements, index)) = find(body, &mut left)
        {
            return edit(statements, index);
        }
    }
}

fn count(statements: &[Statement]) -> usize {
    statements
        .iter()
        .map(|statement| match statement {
            Statement::Instruction(_) => 1,
            Statement::Block(inner) => count(inner),
            _ => 0,
        })
        .sum()
}
