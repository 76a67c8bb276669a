//! The operand half of a row: `d=vec(data), [a]{, policy:b64}`.
//!
//! | notation | operand |
//! |---|---|
//! | `d=type` | destination register of the type chosen in slot `type`, or of a fixed one: `b32` |
//! | `d?=type` | the same, and `_` is accepted |
//! | `a:type` | source: register or constant |
//! | `!c:pred` | source predicate that may be negated |
//! | `a:~type` | the register may be wider than the type |
//! | `vec(type)` | `{a, b}` or `{a, b, c, d}` when slot `vec` is filled, else one register |
//! | `pack(type)` | `{a, b}` or `{a, b, c, d}` whose widths sum to the type's |
//! | `wide(type)` | twice the width of the type |
//! | `[a]` | address |
//! | `n:const`, `n:const(4;8;16)` | constant, from the listed values if any |
//! | `t:label`, `f:function`, `s:symbol` | label, function name, variable |
//! | `l:list` | `( )` list |
//! | `t:targets` | `.branchtargets` label |
//! | `p:prototype` | `.callprototype` or `.calltargets` label |
//! | `p|q` | pair of destinations |
//! | `sink` | `_` |
//! | `{, b:u32}` | optional part |
//! | `cache_policy:b64` | present exactly when `.L2::cache_hint` is |

use crate::model::{Opcode, Operand, hole};
use crate::types::{Class, Type};

/// One operand of a shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OperandPattern {
    /// A register or constant.
    Value(Value),
    /// `p|q`.
    Pair(Value, Value),
    /// `[a]`.
    Address(&'static str),
    /// A constant; any value when `allowed` is empty.
    Constant {
        /// Its name in the reference.
        name: &'static str,
        /// The legal values.
        allowed: Vec<i128>,
    },
    /// A label, function, variable, list or branch-target table.
    Name {
        /// Its name in the reference.
        name: &'static str,
        /// What it names.
        kind: NameKind,
    },
}

/// What an operand that is not a value stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// A label in the body.
    Label,
    /// A function.
    Function,
    /// A variable.
    Symbol,
    /// `(a, b)`.
    List,
    /// The label of a `.branchtargets` line.
    Targets,
    /// The label of a `.callprototype` or `.calltargets` line.
    Prototype,
    /// `_`
    Sink,
}

/// A register or constant operand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// Its name in the reference: `d`.
    pub name: &'static str,
    /// Whether the instruction writes it.
    pub destination: bool,
    /// Whether `_` is accepted.
    pub sink: bool,
    /// Whether `!` is accepted.
    pub negatable: bool,
    /// Whether a wider register is accepted (PTX ISA section 9.4.1).
    pub wider: bool,
    /// How the type makes the operand.
    pub shape: Shape,
    /// A slot's name or a fixed type.
    pub type_name: &'static str,
}

/// How an operand follows from its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One register of the type.
    Scalar,
    /// A vector when slot `vec` is filled.
    Vector,
    /// A vector whose element widths sum to the type's.
    Pack,
    /// One register of twice the width.
    Wide,
}

impl Value {
    /// The class that the operand's (or, for vectors, each element's) register must have; `slot`
    /// gives the modifier in a slot.
    pub(crate) fn class(&self, slot: &dyn Fn(&str) -> Option<&'static str>) -> Option<Class> {
        let class = Class::of(slot(self.type_name).unwrap_or(self.type_name))?;
        Some(if self.shape == Shape::Wide { class.with_bits(class.bits() * 2) } else { class })
    }

    /// Checks that a register of type `ty` may be this operand of `opcode`, or one of that many
    /// elements of it.
    ///
    /// # Errors
    /// What the operand must be: "a 32-bit integer register".
    pub fn check(&self, opcode: &Opcode, elements: u32, ty: Type) -> Result<(), String> {
        let chosen = opcode.chosen();
        let Some(mut class) = self.class(&|label| chosen.slot(label)) else { return Ok(()) };
        if self.shape == Shape::Pack {
            class = Class::Bits(class.bits() / elements.max(1));
        }
        match class.admits(ty, self.wider) {
            true => Ok(()),
            false => Err(class.to_string()),
        }
    }

    /// Whether a constant may be this operand of `opcode`: sources that are integers or bits.
    pub fn takes_integers(&self, opcode: &Opcode) -> bool {
        let chosen = opcode.chosen();
        let class = self.class(&|label| chosen.slot(label));
        !self.destination && matches!(class, Some(Class::Bits(_) | Class::Integer(_)))
    }

    fn matches(&self, operand: &Operand, slot: &dyn Fn(&str) -> Option<&'static str>) -> bool {
        let Some(class) = self.class(slot) else { return false };
        let lanes = if self.shape == Shape::Vector { vector_length(slot) } else { 1 };
        // Matrices are in a list even if there is one.
        let is_list = lanes > 1 || self.shape == Shape::Vector && slot("vec") == Some("x1");
        match operand {
            Operand::Vector(elements) if self.shape == Shape::Pack => {
                matches!(elements.len(), 2 | 4)
                    && elements.iter().all(|e| self.matches_lane(e, Class::Bits(0)))
            }
            _ if self.shape == Shape::Pack => false,
            Operand::Vector(elements) => {
                is_list && elements.len() == lanes && elements.iter().all(|e| self.matches_lane(e, class))
            }
            Operand::Sink => self.sink && lanes == 1,
            _ => !is_list && self.matches_lane(operand, class),
        }
    }

    fn matches_lane(&self, operand: &Operand, class: Class) -> bool {
        match operand {
            Operand::Register(_) => true,
            Operand::Sink => self.destination && matches!(self.shape, Shape::Vector | Shape::Pack),
            Operand::Not(_) => self.negatable,
            Operand::Integer(value) => {
                // A predicate's constants are 0 and anything else.
                !self.destination && !matches!(class, Class::Float(_)) && fits_64_bits(*value)
            }
            // A constant of either size becomes the size of its use (PTX ISA section 4.5.2).
            Operand::Float32(_) => {
                !self.destination && matches!(class, Class::Float(32 | 64) | Class::Bits(0 | 32))
            }
            Operand::Float64(_) => {
                !self.destination && matches!(class, Class::Float(32 | 64) | Class::Bits(0 | 64))
            }
            _ => false,
        }
    }
}

fn fits_64_bits(value: i128) -> bool {
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value)
}

fn vector_length(slot: &dyn Fn(&str) -> Option<&'static str>) -> usize {
    match slot("vec") {
        Some("v2" | "x2") => 2,
        Some("v4" | "x4") => 4,
        Some("v8") => 8,
        _ => 1,
    }
}

impl OperandPattern {
    /// Whether this is the cache policy that `.L2::cache_hint` asks for.
    pub(crate) fn is_cache_policy(&self) -> bool {
        matches!(self, OperandPattern::Value(Value { name: "cache_policy", .. }))
    }

    /// Whether `operand` has the right shape; register types are checked elsewhere, where
    /// declarations are known.
    pub(crate) fn matches(&self, operand: &Operand, slot: &dyn Fn(&str) -> Option<&'static str>) -> bool {
        match (self, operand) {
            (OperandPattern::Value(value), _) => value.matches(operand, slot),
            (OperandPattern::Pair(first, second), Operand::Pair(a, b)) => {
                first.matches(a, slot) && second.matches(b, slot)
            }
            (OperandPattern::Address(_), Operand::Address { .. }) => true,
            (OperandPattern::Constant { .. }, Operand::Register(name)) => hole(name).is_some(),
            (OperandPattern::Constant { allowed, .. }, Operand::Integer(value)) => {
                fits_64_bits(*value) && (allowed.is_empty() || allowed.contains(value))
            }
            (OperandPattern::Name { kind, .. }, _) => matches!(
                (kind, operand),
                (
                    NameKind::Label | NameKind::Targets | NameKind::Function | NameKind::Prototype,
                    Operand::Symbol(_, 0)
                ) | (NameKind::Symbol, Operand::Symbol(..))
                    | (NameKind::List, Operand::List(_))
                    | (NameKind::Sink, Operand::Sink)
            ),
            _ => false,
        }
    }
}

/// Every operand list of a pattern, shortest last.
pub(super) fn shapes(pattern: &'static str) -> Vec<Vec<OperandPattern>> {
    let mut texts = Vec::new();
    expand(pattern.to_owned(), &mut texts);
    texts
        .iter()
        .map(|text| {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            // The table lives for the whole program and is read once, so its words may too.
            parts.map(|part| operand(part.to_owned().leak())).collect()
        })
        .collect()
}

fn expand(text: String, out: &mut Vec<String>) {
    let Some(open) = text.find('{') else {
        out.push(text);
        return;
    };
    let mut depth = 0;
    let close = text.char_indices().skip(open).find_map(|(i, c)| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        (depth == 0).then_some(i)
    });
    let close = close.unwrap_or_else(|| panic!("unbalanced braces in the operands `{text}` of the table"));
    let (before, inner, after) = (&text[..open], &text[open + 1..close], &text[close + 1..]);
    expand(format!("{before}{inner}{after}"), out);
    expand(format!("{before}{after}"), out);
}

fn operand(text: &'static str) -> OperandPattern {
    if text == "sink" {
        return OperandPattern::Name { name: "_", kind: NameKind::Sink };
    }
    if let Some(name) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        return OperandPattern::Address(name);
    }
    if let Some((first, second)) = text.split_once('|') {
        return OperandPattern::Pair(value(first), value(second));
    }
    if let Some((name, kind)) = text.split_once(':') {
        if let Some(values) = kind.strip_prefix("const") {
            let values = values.trim_matches(['(', ')']).split(';').filter_map(|v| v.parse().ok());
            return OperandPattern::Constant { name, allowed: values.collect() };
        }
        let kind = match kind {
            "label" => Some(NameKind::Label),
            "function" => Some(NameKind::Function),
            "symbol" => Some(NameKind::Symbol),
            "list" => Some(NameKind::List),
            "targets" => Some(NameKind::Targets),
            "prototype" => Some(NameKind::Prototype),
            _ => None,
        };
        if let Some(kind) = kind {
            return OperandPattern::Name { name, kind };
        }
    }
    OperandPattern::Value(value(text))
}

fn value(text: &'static str) -> Value {
    let (text, negatable) = text.strip_prefix('!').map_or((text, false), |t| (t, true));
    let at =
        text.find(['=', ':', '?']).unwrap_or_else(|| panic!("operand `{text}` of the table needs a type"));
    let name = &text[..at];
    let sink = text[at..].starts_with('?');
    let destination = sink || text[at..].starts_with('=');
    let kind = text[at..].trim_start_matches(['?', '=', ':']);
    let (kind, wider) = kind.strip_prefix('~').map_or((kind, false), |k| (k, true));
    let inside = |prefix: &str| kind.strip_prefix(prefix).and_then(|k| k.strip_suffix(')'));
    let (shape, type_name) = if let Some(inner) = inside("vec(") {
        (Shape::Vector, inner)
    } else if let Some(inner) = inside("pack(") {
        (Shape::Pack, inner)
    } else if let Some(inner) = inside("wide(") {
        (Shape::Wide, inner)
    } else {
        (Shape::Scalar, kind)
    };
    let (type_name, wider) = type_name.strip_prefix('~').map_or((type_name, wider), |t| (t, true));
    Value { name, destination, sink, negatable, wider, shape, type_name }
}
