//! Checks inline PTX against the instruction table: the front end calls it where the text is
//! written, the validator wherever IR comes from.

use crossdock_ptx::hole;
use crossdock_ptx::table::Convergence;
use crossdock_ptx::table::operand::{NameKind, OperandPattern, Value};
use crossdock_ptx::{Instruction, Operand, Space as PtxSpace, Type as PtxType, asm, special};

use crate::ir::{Asm, AsmOperand, Role, Scalar, Space, Type};

/// One mistake in inline PTX.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where it is.
    pub(crate) place: Place,
    /// One sentence that says what to write instead.
    pub(crate) message: String,
}

/// What a [`Problem`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An entry of [`Asm::text`].
    Text(usize),
    /// An operand.
    Operand(usize),
}

/// What stands for each operand that is a modifier, by name.
pub(crate) type Modifiers<'a> = Vec<(&'a str, &'static str)>;

/// The modifiers of the first choice each, for what is the same for all of them.
pub(crate) fn first_modifiers(asm: &Asm) -> Modifiers<'_> {
    let first = |operand: &'_ AsmOperand| operand.role.modifiers()?.first().map(|(_, text)| *text);
    asm.operands.iter().filter_map(|operand| Some((operand.name.as_str(), first(operand)?))).collect()
}

/// More combinations of modifiers than this are an error.
const MOST_COMBINATIONS: usize = 64;

/// Every combination of modifiers; `None` if there are too many.
fn combinations(asm: &Asm) -> Option<Vec<Modifiers<'_>>> {
    let mut all = vec![Vec::new()];
    for operand in &asm.operands {
        let Some(choices) = operand.role.modifiers() else { continue };
        let longer = all.iter().flat_map(|chosen: &Modifiers<'_>| {
            choices.iter().map(|(_, text)| {
                let mut chosen = chosen.clone();
                chosen.push((operand.name.as_str(), *text));
                chosen
            })
        });
        all = longer.take(MOST_COMBINATIONS + 1).collect();
        if all.len() > MOST_COMBINATIONS {
            return None;
        }
    }
    Some(all)
}

/// The instructions of an entry of [`Asm::text`].
pub(crate) fn parse(text: &str, modifiers: &Modifiers<'_>) -> Result<Vec<Instruction>, String> {
    let modifier =
        |name: &str| modifiers.iter().find(|(known, _)| *known == name).map(|(_, modifier)| *modifier);
    asm::parse(text, &modifier).map_err(|error| {
        let message = error.to_string();
        match message.strip_prefix("line 1: ") {
            Some(rest) => rest.to_string(),
            None => message,
        }
    })
}

/// All instructions, if the text is well formed.
pub(crate) fn instructions(asm: &Asm, modifiers: &Modifiers<'_>) -> Result<Vec<Instruction>, String> {
    let parsed: Result<Vec<Vec<Instruction>>, String> =
        asm.text.iter().map(|text| parse(text, modifiers)).collect();
    Ok(parsed?.into_iter().flatten().collect())
}

/// What a register of that Rust type is in PTX; `None` for what does not fit into one.
pub(crate) fn register_type(ty: &Type) -> Option<PtxType> {
    Some(match ty {
        Type::Scalar(scalar) => match scalar {
            Scalar::Bool => PtxType::Pred,
            Scalar::U8 => PtxType::U8,
            Scalar::U16 => PtxType::U16,
            Scalar::U32 => PtxType::U32,
            Scalar::U64 => PtxType::U64,
            Scalar::I8 => PtxType::S8,
            Scalar::I16 => PtxType::S16,
            Scalar::I32 => PtxType::S32,
            Scalar::I64 => PtxType::S64,
            Scalar::F32 => PtxType::F32,
            Scalar::F64 => PtxType::F64,
        },
        Type::Pointer(Space::Shared, _) => PtxType::U32,
        Type::Pointer(..) | Type::Peers(_) => PtxType::U64,
        _ => return None,
    })
}

/// Every mistake. `types` has the type of each operand; `describe` names a type as Rust writes it.
pub(crate) fn check(asm: &Asm, types: &[&Type], describe: &dyn Fn(&Type) -> String) -> Vec<Problem> {
    let mut check = Check { asm, types, describe, problems: Vec::new(), operands: Vec::new() };
    for (index, (operand, ty)) in asm.operands.iter().zip(types).enumerate() {
        let name = &operand.name;
        if asm.operands[..index].iter().any(|earlier| earlier.name == *name) {
            check.about(index, format!("there are two operands `{name}`: give them different names"));
        }
        if operand.role == Role::Const && !ty.scalar().is_some_and(Scalar::is_integer) {
            check.about(
                index,
                format!("a `const(..)` operand is an integer, and `{name}` is `{}`", describe(ty)),
            );
        } else if let Some(choices) = operand.role.modifiers() {
            if choices.is_empty() || ty.scalar() != Some(Scalar::U32) {
                check.about(index, format!("`{name}` is no memory order and no scope: name a parameter"));
            }
        } else if register_type(ty).is_none() {
            let found = describe(ty);
            check.about(
                index,
                format!("an operand is a scalar or a pointer, and `{name}` is `{found}`: write its parts"),
            );
        }
    }
    if !check.problems.is_empty() {
        return check.problems;
    }
    let Some(combinations) = combinations(asm) else {
        let message = "there are too many orders and scopes here: split the instructions".to_string();
        check.problem(Place::Text(0), message);
        return check.problems;
    };
    for modifiers in combinations {
        check.combination(&modifiers);
    }
    check.problems
}

/// What happened to an operand so far.
struct State {
    written: bool,
    guarded: bool,
    used: bool,
}

struct Check<'a> {
    asm: &'a Asm,
    types: &'a [&'a Type],
    describe: &'a dyn Fn(&Type) -> String,
    problems: Vec<Problem>,
    operands: Vec<State>,
}

impl Check<'_> {
    /// The instructions with these modifiers.
    fn combination(&mut self, modifiers: &Modifiers<'_>) {
        let before = self.problems.len();
        let state = |operand: &AsmOperand| {
            let modifier = format!(".{{{}}}", operand.name);
            let used = operand.role.modifiers().is_some()
                && self.asm.text.iter().any(|text| text.contains(&modifier));
            State { written: operand.role.takes_value(), guarded: false, used }
        };
        self.operands = self.asm.operands.iter().map(state).collect();
        for (index, text) in self.asm.text.iter().enumerate() {
            match parse(text, modifiers) {
                Ok(parsed) => {
                    if parsed.is_empty() {
                        self.problem(
                            Place::Text(index),
                            "there is no instruction here: write one".to_string(),
                        );
                    }
                    parsed.iter().for_each(|instruction| self.instruction(index, instruction));
                }
                Err(message) => self.problem(Place::Text(index), message),
            }
        }
        if self.asm.text.is_empty() {
            self.problem(Place::Text(0), "there is no instruction here: write one".to_string());
        }
        if self.problems.len() == before {
            self.leftovers();
        }
    }

    fn problem(&mut self, place: Place, message: String) {
        let problem = Problem { place, message };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn about(&mut self, operand: usize, message: String) {
        self.problem(Place::Operand(operand), message);
    }

    fn instruction(&mut self, text: usize, instruction: &Instruction) {
        let opcode = instruction.opcode.to_string();
        if instruction.opcode.row.is_control_flow() {
            let message = format!(
                "`{opcode}` decides which instruction comes next: write Rust's control flow around the PTX"
            );
            return self.problem(Place::Text(text), message);
        }
        let guarded = instruction.guard.is_some();
        if let Some(guard) = &instruction.guard {
            if instruction.opcode.row.convergence != Convergence::None {
                let message =
                    format!("`{opcode}` waits for other threads: write an `if` in place of its guard");
                self.problem(Place::Text(text), message);
            }
            self.register(text, &guard.register, "a guard", &|ty| match ty {
                PtxType::Pred => Ok(()),
                _ => Err("a predicate register".to_string()),
            });
        }
        let Some(patterns) = instruction.patterns() else { return };
        let spaces = instruction.address_spaces();
        let mut spaces = spaces.into_iter();
        let mut destinations = Vec::new();
        for (pattern, operand) in patterns.iter().zip(&instruction.operands) {
            match (pattern, operand) {
                (OperandPattern::Value(value), _) => {
                    self.value(text, instruction, (value, 1), operand, &mut destinations);
                }
                (OperandPattern::Pair(first, second), Operand::Pair(a, b)) => {
                    self.value(text, instruction, (first, 1), a, &mut destinations);
                    self.value(text, instruction, (second, 1), b, &mut destinations);
                }
                (OperandPattern::Address(_), Operand::Address { base, .. }) => {
                    self.address(text, &opcode, base.as_deref(), spaces.next().flatten());
                }
                (OperandPattern::Constant { .. }, Operand::Register(name)) => {
                    self.constant(text, &opcode, name)
                }
                (OperandPattern::Constant { .. }, _)
                | (OperandPattern::Name { kind: NameKind::Sink, .. }, _) => {}
                _ => self.problem(
                    Place::Text(text),
                    format!(
                        "`{operand}` in `{opcode}` is a name of the module: give its address as an operand"
                    ),
                ),
            }
        }
        for name in destinations {
            self.write(text, &opcode, &name, guarded);
        }
    }

    fn value(
        &mut self,
        text: usize,
        instruction: &Instruction,
        (value, elements): (&Value, u32),
        operand: &Operand,
        destinations: &mut Vec<String>,
    ) {
        let opcode = instruction.opcode.to_string();
        match operand {
            Operand::Register(name) if value.destination => destinations.push(name.clone()),
            Operand::Register(name) | Operand::Not(name) => {
                if self.constant_hole(name) && value.takes_integers(&instruction.opcode) {
                    return self.mark(name);
                }
                self.register(text, name, &format!("`{opcode}`"), &|ty| {
                    value.check(&instruction.opcode, elements, ty)
                });
                return;
            }
            Operand::Vector(parts) => {
                let elements = u32::try_from(parts.len()).unwrap_or(u32::MAX);
                for part in parts {
                    self.value(text, instruction, (value, elements), part, destinations);
                }
                return;
            }
            Operand::Symbol(..) => {
                let message = format!(
                    "`{operand}` in `{opcode}` is a name of the module: give its address as an operand"
                );
                self.problem(Place::Text(text), message);
                return;
            }
            _ => return,
        }
        if let Some(index) = self.operand(text, destinations.last().map_or("", String::as_str), &opcode)
            && let Some(ty) = register_type(self.types[index])
            && let Err(expected) = value.check(&instruction.opcode, elements, ty)
        {
            self.misfit(index, &format!("`{opcode}`"), &expected);
        }
    }

    fn misfit(&mut self, index: usize, what: &str, expected: &str) {
        let (name, found) = (&self.asm.operands[index].name, (self.describe)(self.types[index]));
        self.about(index, format!("{what} needs {expected} for `{{{name}}}`, and it is `{found}`"));
    }

    /// The operand that a register stands for; reports if there is none.
    fn operand(&mut self, text: usize, register: &str, opcode: &str) -> Option<usize> {
        let Some(name) = hole(register) else {
            let message =
                format!("`{register}` in `{opcode}` is no operand: write `{{name}}` and give it a value");
            self.problem(Place::Text(text), message);
            return None;
        };
        let index = self.asm.operands.iter().position(|operand| operand.name == name);
        if index.is_none() {
            let message = format!(
                "there is no operand `{name}`: add `{name} = in(..)`, `{name} = out(..)` or the like"
            );
            self.problem(Place::Text(text), message);
        }
        index
    }

    fn constant_hole(&self, register: &str) -> bool {
        let Some(name) = hole(register) else { return false };
        self.asm.operands.iter().any(|operand| operand.name == name && operand.role == Role::Const)
    }

    fn mark(&mut self, register: &str) {
        let name = hole(register).unwrap_or_default();
        if let Some(index) = self.asm.operands.iter().position(|operand| operand.name == name) {
            self.operands[index].used = true;
        }
    }

    /// A register that is read.
    fn register(
        &mut self,
        text: usize,
        register: &str,
        what: &str,
        fits: &dyn Fn(PtxType) -> Result<(), String>,
    ) {
        if let Some(ty) = special::type_of(register) {
            if let Err(expected) = fits(ty) {
                let message = format!("{what} needs {expected}, and `{register}` is `{ty}`");
                self.problem(Place::Text(text), message);
            }
            return;
        }
        let Some(index) = self.operand(text, register, what.trim_matches('`')) else { return };
        self.operands[index].used = true;
        let name = &self.asm.operands[index].name;
        if self.asm.operands[index].role.modifiers().is_some() {
            return self.about(
                index,
                format!("`{name}` is a modifier: write `.{{{name}}}` behind the instruction's name"),
            );
        }
        if self.asm.operands[index].role == Role::Const {
            let message = format!("{what} takes no constant for `{{{name}}}`: write `{name} = in(..)`");
            return self.about(index, message);
        }
        if !self.operands[index].written {
            let message = match self.operands[index].guarded {
                true => format!(
                    "`{{{name}}}` is read, and was written only under a guard: write `{name} = inout(..)`"
                ),
                false => {
                    format!("`{{{name}}}` is read before an instruction writes it: write `{name} = in(..)`")
                }
            };
            return self.about(index, message);
        }
        if let Some(ty) = register_type(self.types[index])
            && let Err(expected) = fits(ty)
        {
            self.misfit(index, what, &expected);
        }
    }

    fn write(&mut self, text: usize, opcode: &str, register: &str, guarded: bool) {
        let Some(index) = self.operand(text, register, opcode) else { return };
        let operand = &self.asm.operands[index];
        let name = &operand.name;
        let state = &mut self.operands[index];
        state.used = true;
        state.written |= !guarded;
        state.guarded |= guarded;
        if !operand.role.gives_value() && !matches!(operand.role, Role::Scratch(_)) {
            let message =
                format!("`{opcode}` writes `{{{name}}}`: write `{name} = out(T)` or `{name} = inout(..)`");
            self.about(index, message);
        }
    }

    fn address(&mut self, text: usize, opcode: &str, base: Option<&str>, space: Option<PtxSpace>) {
        let Some(base) = base.filter(|base| hole(base).is_some()) else {
            let message = format!(
                "an address of `{opcode}` is a pointer operand: write `[{{name}}]` or `[{{name}}+16]`"
            );
            return self.problem(Place::Text(text), message);
        };
        let Some(index) = self.operand(text, base, opcode) else { return };
        self.operands[index].used = true;
        let (name, ty) = (&self.asm.operands[index].name, self.types[index]);
        let found = (self.describe)(ty);
        let Type::Pointer(pointer, _) = ty else {
            let message = format!("`[{{{name}}}]` needs a pointer, and it is `{found}`");
            return self.about(index, message);
        };
        if !self.operands[index].written {
            let message =
                format!("`{{{name}}}` is read before an instruction writes it: write `{name} = in(..)`");
            return self.about(index, message);
        }
        let message = match (space, pointer) {
            (Some(PtxSpace::Shared), Space::Shared)
            | (Some(PtxSpace::Global) | None, Space::Global | Space::Peer) => return,
            (Some(PtxSpace::Shared), _) => {
                format!(
                    "`{opcode}` takes an address in shared memory for `[{{{name}}}]`, and it is `{found}`"
                )
            }
            (None, _) => format!(
                "`{opcode}` takes a generic address for `[{{{name}}}]`, and it is `{found}`: write the instruction with \
                 `.shared::cta`"
            ),
            (Some(space), _) => {
                let space = space.modifier();
                format!(
                    "`{opcode}` takes an address in {space} memory for `[{{{name}}}]`, and it is `{found}`"
                )
            }
        };
        self.about(index, message);
    }

    /// A place that takes constants only.
    fn constant(&mut self, text: usize, opcode: &str, register: &str) {
        let Some(index) = self.operand(text, register, opcode) else { return };
        self.operands[index].used = true;
        if self.asm.operands[index].role != Role::Const {
            let name = &self.asm.operands[index].name;
            self.about(
                index,
                format!("`{opcode}` takes a constant for `{{{name}}}`: write `{name} = const(..)`"),
            );
        }
    }

    fn leftovers(&mut self) {
        for (index, operand) in self.asm.operands.iter().enumerate() {
            let (state, name) = (&self.operands[index], &operand.name);
            let message = if !state.used {
                format!("no instruction mentions `{{{name}}}`: leave it out, or use it")
            } else if !state.written && matches!(operand.role, Role::Out(_)) {
                format!("`{{{name}}}` is written only under a guard: give it a value, `{name} = inout(..)`")
            } else {
                continue;
            };
            self.about(index, message);
        }
    }
}
