//! Building instructions: the table decides which opcodes and operands exist.

use std::fmt;

use crate::error::{Error, Line};
use crate::model::{Guard, Instruction, Opcode, Operand};
use crate::printer::comma_separated;
use crate::table::form::{Chosen, Form};
use crate::table::opcode::Words;
use crate::table::operand::OperandPattern;
use crate::table::{Requirement, Row, rows_named};
use crate::types::Type;

impl Instruction {
    /// The instruction `opcode` (`"ld.acquire.sys.global.v4.b32"`, modifiers in any order) with
    /// these operands.
    ///
    /// # Errors
    /// When the table has no such form, or the form takes other operands.
    pub fn new(opcode: &str, operands: Vec<Operand>) -> Result<Instruction, Error> {
        Instruction::at_line(opcode, operands, 0)
    }

    /// The same with the guard `@register`, or `@!register` when `negated`.
    pub fn guarded(mut self, register: impl Into<String>, negated: bool) -> Instruction {
        self.guard = Some(Guard { register: register.into(), negated });
        self
    }

    pub(crate) fn at_line(opcode: &str, operands: Vec<Operand>, line: u32) -> Result<Instruction, Error> {
        let mut words = opcode.split('.');
        let name = words.next().unwrap_or_default();
        Instruction::of_words(name, &words.collect::<Vec<_>>(), operands, line)
    }

    /// The instruction of an opcode that the table has.
    ///
    /// # Errors
    /// When no form of it takes these operands.
    pub fn with(opcode: &Words, operands: Vec<Operand>) -> Result<Instruction, Error> {
        Instruction::of_words(opcode.name(), opcode.modifiers(), operands, 0)
    }

    fn of_words(
        name: &str,
        written: &[&str],
        operands: Vec<Operand>,
        line: u32,
    ) -> Result<Instruction, Error> {
        let opcode = || [&[name], written].concat().join(".");
        let candidates = rows_named(name);
        if candidates.is_empty() {
            return Err(Error::UnknownInstruction { line: Line(line), name: name.to_owned() });
        }
        let mut wrong_operands: Vec<&'static Row> = Vec::new();
        let unwrapped = unwrapped(&operands);
        for row in candidates {
            let form = row.form();
            let Some(assignment) = form.assign(written) else { continue };
            let modifiers = form.ordered(written, &assignment);
            if matching_shape(form, &modifiers, &operands).is_some() {
                return Ok(Instruction { guard: None, opcode: Opcode { row, modifiers }, operands, line });
            }
            if let Some(operands) = &unwrapped
                && matching_shape(form, &modifiers, operands).is_some()
            {
                let operands = operands.clone();
                return Ok(Instruction { guard: None, opcode: Opcode { row, modifiers }, operands, line });
            }
            wrong_operands.push(row);
        }
        Err(if wrong_operands.is_empty() {
            modifier_error(name, &opcode(), written, candidates, line)
        } else {
            let expected: Vec<&str> = wrong_operands.iter().map(|row| row.operands).collect();
            Error::Operands {
                line: Line(line),
                opcode: opcode(),
                expected: expected.join("` or `"),
                found: comma_separated(&operands),
            }
        })
    }

    /// The operand patterns that this instruction's operands matched, one per operand.
    pub fn patterns(&self) -> Option<&'static [OperandPattern]> {
        matching_shape(self.opcode.row.form(), &self.opcode.modifiers, &self.operands)
    }
}

/// The operands with `{%r1}` as `%r1`, if there are such: Triton writes vectors of one element, and
/// assemblers take them.
fn unwrapped(operands: &[Operand]) -> Option<Vec<Operand>> {
    let alone = |operand: &Operand| match operand {
        Operand::Vector(elements) if elements.len() == 1 => elements.first().cloned(),
        _ => None,
    };
    operands
        .iter()
        .any(|operand| alone(operand).is_some())
        .then(|| operands.iter().map(|operand| alone(operand).unwrap_or_else(|| operand.clone())).collect())
}

fn matching_shape(
    form: &'static Form,
    modifiers: &[&'static str],
    operands: &[Operand],
) -> Option<&'static [OperandPattern]> {
    let chosen = form.chosen(modifiers);
    let slot = |label: &str| chosen.slot(label);
    let hinted = modifiers.contains(&"L2::cache_hint");
    let fits = |shape: &&Vec<OperandPattern>| {
        shape.len() == operands.len()
            && shape.iter().any(OperandPattern::is_cache_policy) == hinted
            && shape.iter().zip(operands).all(|(p, o)| p.matches(o, &slot))
    };
    form.shapes.iter().find(fits).map(Vec::as_slice)
}

fn modifier_error(name: &str, opcode: &str, written: &[&str], rows: &[&'static Row], line: u32) -> Error {
    let knows = |modifier: &&&str| {
        rows.iter().any(|row| row.form().elements.iter().any(|e| e.alternatives.contains(*modifier)))
    };
    let forms = rows.iter().map(|row| format!("`{}`", row.grammar)).collect::<Vec<_>>().join(", ");
    match written.iter().find(|modifier| !knows(modifier)) {
        Some(modifier) => Error::UnknownModifier {
            line: Line(line),
            name: name.to_owned(),
            modifier: (*modifier).to_owned(),
            forms,
        },
        None => Error::IllegalCombination {
            line: Line(line),
            opcode: opcode.to_owned(),
            name: name.to_owned(),
            forms,
        },
    }
}

impl Opcode {
    /// The modifier chosen in the row's slot `label`: `opcode.slot("scope")` is `Some("sys")` for
    /// `ld.acquire.sys.b32`.
    pub fn slot(&self, label: &str) -> Option<&'static str> {
        self.chosen().slot(label)
    }

    /// All its filled slots, for who asks for several.
    pub(crate) fn chosen(&self) -> Chosen {
        self.row.form().chosen(&self.modifiers)
    }

    /// The last modifier that is a fundamental type; `u32` for `ld.global.u32`, and the source type
    /// for `cvt`.
    pub fn last_type(&self) -> Option<Type> {
        self.modifiers.iter().rev().find_map(|modifier| Type::fundamental(modifier))
    }

    /// Least PTX version and GPU for the form and every chosen modifier.
    pub fn requirement(&self) -> Requirement {
        let own = self.modifiers.iter().filter_map(|modifier| Requirement::of_modifier(modifier));
        let newer = self.row.newer_modifiers.iter().filter(|(modifier, _)| self.has(modifier));
        let newer = newer.map(|(_, version)| Requirement { version: *version, ..self.row.requirement });
        let combined = Requirement::of_combination(&self.modifiers);
        own.chain(newer).chain(combined).fold(self.row.requirement, Requirement::and)
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row.name)?;
        self.modifiers.iter().try_for_each(|modifier| write!(f, ".{modifier}"))
    }
}
