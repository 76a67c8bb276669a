//! Complete modules that use each row, for an assembler to accept or reject.

use super::operand::{NameKind, OperandPattern, Shape, Value};
use super::{Requirement, Row};
use crate::model::{Instruction, Operand};
use crate::types::Class;

/// One instruction of a row, and what it needs.
#[derive(Clone, Debug)]
pub struct Example {
    /// The instruction.
    pub instruction: Instruction,
    /// Least PTX version and GPU.
    pub requirement: Requirement,
}

impl Example {
    /// An entry of this name that uses the instruction, for a module with [`MODULE_PRELUDE`].
    pub fn entry(&self, name: &str) -> String {
        let instruction = self.instruction.to_string();
        let mut text = format!(
            ".visible .entry {name}(.param .align 16 .b8 parameter[64])\n{{\n{PRELUDE}    .local .align 16 .b8 stack[64];\n"
        );
        let mut declare = |needed: bool, line: &str| {
            if needed {
                text.push_str(&format!("    {line}\n"));
            }
        };
        declare(instruction.contains("%b128"), ".reg .b128 %b128_<8>;");
        declare(instruction.contains("(local)"), ".param .b32 local;");
        declare(instruction.contains("outgoing"), ".param .align 16 .b8 outgoing[64];");
        let reads_result =
            ["ld.param::func", "ld.weak.param::func"].iter().any(|ld| instruction.starts_with(ld));
        declare(reads_result, "call (outgoing), fills;");
        declare(instruction.starts_with("brx"), "table: .branchtargets end, end;");
        if instruction.ends_with("prototype") {
            let results = if instruction.contains("(local), %") { "(.param .b32 _) " } else { "" };
            let parameters = if instruction.contains("(local), prototype") { ".param .b32 _" } else { "" };
            declare(true, &format!("prototype: .callprototype {results}_ ({parameters});"));
        }
        text.push_str(&format!("    {instruction};\nend:\n    ret;\n}}\n"));
        text
    }
}

/// Module-level declarations that the examples' operands use.
pub const MODULE_PRELUDE: &str = "\
.const .align 16 .b8 constant[64];
.global .align 16 .b8 variable[64];
.func plain() { ret; }
.func takes(.param .b32 argument) { ret; }
.func (.param .b32 result) gives() { ret; }
.func (.param .align 16 .b8 result[64]) fills() { ret; }
.func (.param .b32 result) both(.param .b32 argument) { ret; }
";

/// Declarations in a body that the examples' operands use: registers of each width, a parameter,
/// variables, labels.
const PRELUDE: &str = "    .reg .pred %p<4>;\n    .reg .b8 %b8_<8>;\n    .reg .b16 %b16_<8>;\n    .reg .b32 %b32_<8>;\n    .reg .b64 %b64_<8>;\n    \
.reg .f32 %f32_<8>;\n    .reg .f64 %f64_<8>;\n    .shared .align 16 .b8 buffer[256];\n";

/// Instructions of `row`: one with every optional modifier left out, one for each alternative of
/// each position, and one for each operand shape.
pub fn examples(row: &'static Row) -> Vec<Example> {
    let form = row.form();
    let minimal: Vec<Option<&'static str>> = form
        .elements
        .iter()
        .map(|e| if e.is_optional() { None } else { e.alternatives.first().copied() })
        .collect();
    let mut choices = vec![minimal.clone()];
    for (position, element) in form.elements.iter().enumerate() {
        for alternative in &element.alternatives {
            let mut choice = minimal.clone();
            choice[position] = Some(alternative);
            form.complete_groups(position, &mut choice);
            choices.push(choice);
        }
    }
    let mut examples: Vec<Example> = Vec::new();
    for choice in choices {
        let modifiers: Vec<&str> = choice.into_iter().flatten().collect();
        let opcode = std::iter::once(row.name).chain(modifiers.iter().copied()).collect::<Vec<_>>().join(".");
        let hinted = modifiers.contains(&"L2::cache_hint");
        for shape in &form.shapes {
            if shape.iter().any(OperandPattern::is_cache_policy) != hinted {
                continue;
            }
            let operands = operands(row, &modifiers, shape);
            if let Some(instruction) = operands.and_then(|o| Instruction::new(&opcode, o).ok())
                && !examples.iter().any(|e| e.instruction == instruction)
            {
                let requirement = instruction.opcode.requirement();
                examples.push(Example { instruction, requirement });
            }
        }
    }
    examples
}

fn operands(row: &'static Row, modifiers: &[&'static str], shape: &[OperandPattern]) -> Option<Vec<Operand>> {
    let chosen = row.form().chosen(modifiers);
    let slot = |label: &str| chosen.slot(label);
    let mut counter = 0;
    shape
        .iter()
        .map(|pattern| {
            Some(match pattern {
                OperandPattern::Value(value) => example_value(value, &slot, &mut counter)?,
                OperandPattern::Pair(first, second) => Operand::Pair(
                    Box::new(example_value(first, &slot, &mut counter)?),
                    Box::new(example_value(second, &slot, &mut counter)?),
                ),
                OperandPattern::Address(_) => example_address(row.name, modifiers),
                OperandPattern::Constant { name: "count", .. } => Operand::Integer(64),
                OperandPattern::Constant { allowed, .. } => {
                    Operand::Integer(allowed.last().copied().unwrap_or(1))
                }
                OperandPattern::Name { kind, .. } => match kind {
                    NameKind::Label => Operand::Symbol("end".to_owned(), 0),
                    NameKind::Function => Operand::Symbol(callee(shape).to_owned(), 0),
                    NameKind::Symbol => Operand::Symbol(symbol_in(modifiers).to_owned(), 0),
                    NameKind::List => Operand::List(vec![Operand::Symbol("local".to_owned(), 0)]),
                    NameKind::Targets => Operand::Symbol("table".to_owned(), 0),
                    NameKind::Prototype => Operand::Symbol("prototype".to_owned(), 0),
                    NameKind::Sink => Operand::Sink,
                },
            })
        })
        .collect()
}

/// A function with the results and arguments of a call's shape.
fn callee(shape: &[OperandPattern]) -> &'static str {
    let has =
        |list: &str| shape.iter().any(|p| matches!(p, OperandPattern::Name { name, .. } if *name == list));
    match (has("results"), has("arguments")) {
        (false, false) => "plain",
        (false, true) => "takes",
        (true, false) => "gives",
        (true, true) => "both",
    }
}

fn example_address(name: &str, modifiers: &[&str]) -> Operand {
    let (base, offset) = if name == "st" && modifiers.iter().any(|m| m.starts_with("param"))
        || modifiers.contains(&"param::func")
    {
        ("outgoing", 0)
    } else if modifiers.iter().any(|m| m.starts_with("param")) {
        ("parameter", 0)
    } else {
        ("%b64_0", 16)
    };
    Operand::Address { base: Some(base.to_owned()), offset }
}

fn symbol_in(modifiers: &[&str]) -> &'static str {
    let declared = [("const", "constant"), ("global", "variable"), ("local", "stack")];
    declared.iter().find(|(space, _)| modifiers.contains(space)).map_or("buffer", |(_, name)| name)
}

fn example_value(
    value: &Value,
    slot: &dyn Fn(&str) -> Option<&'static str>,
    counter: &mut usize,
) -> Option<Operand> {
    let class = value.class(slot)?;
    let mut register = |class: Class| {
        *counter += 1;
        let index = *counter % 8;
        Operand::Register(match class {
            Class::Predicate => format!("%p{}", index % 4),
            Class::Float(bits) => format!("%f{bits}_{index}"),
            Class::Bits(bits) | Class::Integer(bits) => {
                format!("%b{}_{index}", bits.max(if value.wider { 16 } else { 8 }))
            }
        })
    };
    let lanes = match (value.shape, slot("vec")) {
        (Shape::Vector, Some("x1")) => return Some(Operand::Vector(vec![register(class)])),
        (Shape::Vector, Some("v2" | "x2")) => 2,
        (Shape::Vector, Some("v4" | "x4")) => 4,
        (Shape::Vector, Some("v8")) => 8,
        (Shape::Pack, _) => 2,
        _ => 1,
    };
    let element = if value.shape == Shape::Pack { class.with_bits(class.bits() / 2) } else { class };
    if lanes == 1 {
        return Some(register(element));
    }
    Some(Operand::Vector((0..lanes).map(|_| register(element)).collect()))
}
