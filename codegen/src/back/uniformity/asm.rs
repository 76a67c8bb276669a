//! Inline PTX: what its registers hold, instruction by instruction, and who must be there for each.

use rustc_hash::FxHashMap;

use crossdock_ptx::table::operand::OperandPattern;
use crossdock_ptx::table::{Convergence, Effect};
use crossdock_ptx::{Instruction, Operand};

use super::fact::{Fact, Level, Value};
use super::message::Operation;
use super::{Analysis, Walk};
use crate::asm::{first_modifiers, instructions};
use crate::back::constant::Constant;
use crate::ir::{Asm, Span};

/// Special registers that all threads of a block see alike (PTX ISA section 10).
const BLOCK_REGISTERS: [&str; 11] = [
    "%ctaid",
    "%nctaid",
    "%ntid",
    "%smid",
    "%nsmid",
    "%nwarpid",
    "%gridid",
    "%clusterid",
    "%nclusterid",
    "%dynamic_smem_size",
    "%total_smem_size",
];

impl<'p> Analysis<'p> {
    /// The result of inline PTX whose values are these; checks who must be there.
    pub(super) fn asm(&mut self, walk: &Walk<'p>, asm: &Asm, values: Vec<Value>, span: Span) -> Value {
        let mut values = values.iter().map(Value::summary);
        let mut registers: FxHashMap<String, Fact> = FxHashMap::default();
        for operand in &asm.operands {
            let fact = if operand.role.takes_value() { values.next() } else { None };
            registers.insert(format!("{{{}}}", operand.name), fact.unwrap_or_else(Fact::uniform));
        }
        for instruction in instructions(asm, &first_modifiers(asm)).unwrap_or_default() {
            let given = self.instruction(walk, &registers, &instruction, span);
            for destination in destinations(&instruction) {
                let fact = match (&instruction.guard, registers.get(destination)) {
                    (Some(guard), Some(before)) => {
                        let guard = registers.get(&guard.register).cloned().unwrap_or_else(Fact::uniform);
                        before.or(&given).chosen_by(&guard)
                    }
                    _ => given.clone(),
                };
                registers.insert(destination.to_string(), fact);
            }
        }
        let given = asm.operands.iter().filter(|operand| operand.role.gives_value());
        let mut given: Vec<Value> = given
            .filter_map(|operand| registers.remove(&format!("{{{}}}", operand.name)))
            .map(Value::Whole)
            .collect();
        match given.len() {
            0 => Value::Whole(Fact::uniform()),
            1 => given.swap_remove(0),
            _ => Value::Parts(given),
        }
    }

    /// What an instruction gives; checks who must be there for it.
    fn instruction(
        &mut self,
        walk: &Walk<'p>,
        registers: &FxHashMap<String, Fact>,
        instruction: &Instruction,
        span: Span,
    ) -> Fact {
        let row = instruction.opcode.row;
        let own = Fact::from_operation(Level::Lane, "inline PTX", walk.position(span));
        let name = instruction.opcode.to_string();
        let operation = Operation::Asm(&name);
        let sources = sources(instruction, registers, &own);
        match row.convergence {
            Convergence::None if row.effect == Effect::None && row.name != "activemask" => sources,
            Convergence::None => own,
            Convergence::Warp => {
                let members = named(instruction, "membermask").map(|mask| match mask {
                    Operand::Integer(mask) => Fact::constant(Constant::Integer(mask & 0xffff_ffff)),
                    Operand::Register(name) => registers.get(name).cloned().unwrap_or_else(|| own.clone()),
                    _ => own.clone(),
                });
                let whole_warp = match members {
                    Some(members) => self.members(walk, operation, Some(&members), span),
                    None => {
                        self.together(walk, operation, Level::Warp, span);
                        true
                    }
                };
                let agreed = matches!(row.name, "vote" | "redux") || instruction.opcode.has("all");
                match (whole_warp, agreed) {
                    (true, _) if row.name != "elect" && sources.level() <= Level::Warp => {
                        Fact::at_level(sources.level(), sources.origin())
                    }
                    (true, true) => Fact::from_operation(Level::Warp, "inline PTX", walk.position(span)),
                    _ => own,
                }
            }
            Convergence::Block => {
                // With a number of threads a barrier is for some warps, each as a whole.
                let least = match named(instruction, "b") {
                    Some(_) => Level::Warp,
                    None => self.whole_block,
                };
                match (walk.control().role, least) {
                    (Some(role), Level::Block) => {
                        self.refuse(walk, span, self.whole_block_in_role(&format!("`{name}`"), role));
                    }
                    _ => self.together(walk, operation, least, span),
                }
                own
            }
        }
    }
}

/// The operand that the table calls `name`.
fn named<'i>(instruction: &'i Instruction, name: &str) -> Option<&'i Operand> {
    let patterns = instruction.patterns()?;
    let position = patterns
        .iter()
        .position(|pattern| matches!(pattern, OperandPattern::Value(value) if value.name == name))?;
    instruction.operands.get(position)
}

/// The registers that an instruction writes.
fn destinations(instruction: &Instruction) -> Vec<&str> {
    let mut found = Vec::new();
    for (pattern, operand) in instruction.patterns().unwrap_or_default().iter().zip(&instruction.operands) {
        let writes = match pattern {
            OperandPattern::Value(value) => value.destination,
            OperandPattern::Pair(..) => true,
            _ => false,
        };
        if writes {
            each_register(operand, &mut |register| found.push(register));
        }
    }
    found
}

/// What holds of something computed from everything that the instruction reads.
fn sources(instruction: &Instruction, registers: &FxHashMap<String, Fact>, own: &Fact) -> Fact {
    let mut all = Fact::uniform();
    for (pattern, operand) in instruction.patterns().unwrap_or_default().iter().zip(&instruction.operands) {
        let reads = match pattern {
            OperandPattern::Value(value) => !value.destination && value.name != "membermask",
            OperandPattern::Pair(..) => false,
            _ => true,
        };
        if reads {
            each_register(operand, &mut |register| {
                let is_shared = BLOCK_REGISTERS.contains(&register.split('.').next().unwrap_or(register));
                all = match registers.get(register) {
                    Some(fact) => all.with(fact),
                    None if is_shared => all.clone(),
                    None => all.with(own),
                };
            });
        }
    }
    all
}

fn each_register<'i>(operand: &'i Operand, found: &mut impl FnMut(&'i str)) {
    match operand {
        Operand::Register(name) | Operand::Not(name) => found(name),
        Operand::Address { base: Some(base), .. } => found(base),
        Operand::Vector(parts) => parts.iter().for_each(|part| each_register(part, found)),
        Operand::Pair(first, second) => {
            each_register(first, found);
            each_register(second, found);
        }
        _ => {}
    }
}
