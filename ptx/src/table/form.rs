//! A row's grammar as data, and the assignment of written modifiers to its slots.

use super::operand::{OperandPattern, shapes};
use super::{Row, slots};
use crate::types::Class;

/// A row's modifiers and operand shapes.
#[derive(Debug)]
pub struct Form {
    /// Positions for modifiers, in the documented order.
    pub elements: Vec<Element>,
    /// Every legal operand list: one for each choice of the pattern's optional parts.
    pub shapes: Vec<Vec<OperandPattern>>,
}

/// One position for a modifier.
#[derive(Debug, PartialEq, Eq)]
pub struct Element {
    /// The slot's name (`type` of `.<type>`, `a` of `.<a:type>`); `None` for alternatives in place.
    pub label: Option<&'static str>,
    /// The modifiers that fit, without dots.
    pub alternatives: Vec<&'static str>,
    /// The optional groups around it, outermost first.
    groups: Vec<usize>,
}

impl Element {
    /// Whether a legal opcode may leave it out.
    pub fn is_optional(&self) -> bool {
        !self.groups.is_empty()
    }
}

impl Form {
    pub(super) fn of(row: &'static Row) -> Form {
        let modifiers = &row.grammar[row.name.len()..];
        Form { elements: elements(modifiers), shapes: shapes(row.operands) }
    }

    /// Gives each written modifier its position: the index into `written` per element, or `None`
    /// when this form does not have all of them together. Any order is accepted, except that types
    /// keep theirs: `cvt.f32.s32` is not `cvt.s32.f32`.
    pub fn assign(&self, written: &[&str]) -> Option<Vec<Option<usize>>> {
        if written.len() > self.elements.len() {
            return None;
        }
        let mut filled = vec![None; self.elements.len()];
        self.place(written, 0, 0, &mut filled).then_some(filled)
    }

    /// `next_type` is the first position that may take a type: one after the position of the
    /// previous type.
    fn place(
        &self,
        written: &[&str],
        next: usize,
        next_type: usize,
        filled: &mut Vec<Option<usize>>,
    ) -> bool {
        let Some(modifier) = written.get(next) else {
            return self.is_complete(filled);
        };
        let is_type = Class::of(modifier).is_some();
        for (position, element) in self.elements.iter().enumerate().skip(if is_type { next_type } else { 0 })
        {
            if filled[position].is_none() && element.alternatives.contains(modifier) {
                filled[position] = Some(next);
                let next_type = if is_type { position + 1 } else { next_type };
                if self.place(written, next + 1, next_type, filled) {
                    return true;
                }
                filled[position] = None;
            }
        }
        false
    }

    /// Required elements are filled, and a group is filled as a whole or not at all.
    fn is_complete(&self, filled: &[Option<usize>]) -> bool {
        self.elements.iter().enumerate().all(|(position, element)| {
            let Some(&innermost) = element.groups.last() else {
                return filled[position].is_some();
            };
            let entered = self
                .elements
                .iter()
                .zip(filled)
                .any(|(other, f)| f.is_some() && other.groups.contains(&innermost));
            !entered || filled[position].is_some()
        })
    }

    /// Fills the other required modifiers of the optional groups around `position` with their first
    /// alternative.
    pub(super) fn complete_groups(&self, position: usize, choice: &mut [Option<&'static str>]) {
        let entered = &self.elements[position].groups;
        for (element, chosen) in self.elements.iter().zip(choice) {
            if chosen.is_none() && element.groups.last().is_some_and(|group| entered.contains(group)) {
                *chosen = element.alternatives.first().copied();
            }
        }
    }

    /// The modifiers of an assignment, in the documented order, as the table's own strings.
    pub fn ordered(&self, written: &[&str], assignment: &[Option<usize>]) -> Vec<&'static str> {
        let chosen = self.elements.iter().zip(assignment).filter_map(|(element, index)| {
            index.and_then(|index| element.alternatives.iter().copied().find(|a| *a == written[index]))
        });
        chosen.collect()
    }

    /// Which modifier of an opcode of this form is in which slot.
    pub fn chosen(&self, modifiers: &[&'static str]) -> Chosen {
        let assignment = self.assign(modifiers).unwrap_or_default();
        let filled = self.elements.iter().zip(assignment);
        Chosen(filled.filter_map(|(element, index)| Some((element.label?, modifiers[index?]))).collect())
    }
}

/// The slots of an opcode that are filled: label and modifier.
#[derive(Debug)]
pub struct Chosen(Vec<(&'static str, &'static str)>);

impl Chosen {
    /// The modifier in the slot `label`.
    pub fn slot(&self, label: &str) -> Option<&'static str> {
        self.0.iter().find(|(slot, _)| *slot == label).map(|(_, modifier)| *modifier)
    }
}

/// Parses `{.weak}.<type>`. The table is fixed at compile time and a test builds every form, so a
/// mistake panics.
fn elements(grammar: &'static str) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut groups: Vec<usize> = Vec::new();
    let mut group_count = 0;
    let mut rest = grammar;
    while let Some(first) = rest.chars().next() {
        match first {
            '{' => {
                groups.push(group_count);
                group_count += 1;
                rest = &rest[1..];
            }
            '}' => {
                groups.pop();
                rest = &rest[1..];
            }
            _ => {
                let end = rest.find(['{', '}']).unwrap_or(rest.len());
                let next_dot = dot_that_starts_next(&rest[..end]);
                let (word, tail) = rest.split_at(next_dot.unwrap_or(end));
                elements.push(element(word, groups.clone()));
                rest = tail;
            }
        }
    }
    elements
}

/// The dot that begins the next element: one that neither starts the text nor follows a `|`.
fn dot_that_starts_next(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (1..bytes.len()).find(|&i| bytes[i] == b'.' && bytes[i - 1] != b'|')
}

fn element(word: &'static str, groups: Vec<usize>) -> Element {
    if let Some(slot) = word.strip_prefix(".<").and_then(|w| w.strip_suffix('>')) {
        let (label, class) = slot.split_once(':').unwrap_or((slot, slot));
        let alternatives = slots::alternatives(class).to_vec();
        return Element { label: Some(label), alternatives, groups };
    }
    let alternatives = word
        .split('|')
        .map(|w| {
            w.strip_prefix('.').unwrap_or_else(|| panic!("`{word}` in the table must be written with dots"))
        })
        .collect();
    Element { label: None, alternatives, groups }
}
