//! Inline PTX: its text with registers in place of names.
//!
//! Every result has a register of its own, so that an instruction may write it before a later one
//! reads an operand.

use crossdock_ptx::hole;
use crossdock_ptx::table::opcode::Words;
use crossdock_ptx::table::operand::{NameKind, OperandPattern};
use crossdock_ptx::table::{Convergence, Effect};
use crossdock_ptx::{Instruction, Operand, opcode};

use super::address::split;
use super::frame::Frame;
use super::value::{Value, Want};
use super::{Outcome, Specialiser};
use crate::asm::{Modifiers, instructions};
use crate::back::constant::Constant;
use crate::back::emit::{self, Argument, Base, Class, Register};
use crate::back::layout::LeafType;
use crate::ir::{Asm, AsmOperand, Expr, Role, Scalar, Span, Type};

/// What stands for an operand.
struct Bound {
    value: Value,
    /// How the value is held by the instructions.
    class: Class,
}

/// The register class that instructions see, and the leaf that the language sees. Integers of 16
/// bits live in 32-bit registers, and pass through registers of their own size.
fn classes(ty: &Type) -> Option<(Class, LeafType)> {
    let leaf = match ty {
        Type::Scalar(scalar) => LeafType::Scalar(*scalar),
        Type::Pointer(space, _) => LeafType::Pointer(*space),
        Type::Peers(_) => LeafType::Pointer(crate::ir::Space::Global),
        _ => return None,
    };
    let class = match leaf {
        LeafType::Scalar(Scalar::U16 | Scalar::I16) => Class::Bits16,
        leaf => leaf.class(),
    };
    Some((class, leaf))
}

impl<'p> Specialiser<'p> {
    /// The results of inline PTX.
    pub(super) fn asm(
        &mut self,
        frame: &mut Frame<'p>,
        expression: &'p Expr,
        asm: &'p Asm,
        values: &'p [Expr],
        want: &Want,
    ) -> Outcome<Vec<Value>> {
        let span = expression.span;
        let Some(types) = asm.types(values.iter().map(|value| &value.ty)) else {
            return Err(self.mistake(
                frame,
                span,
                "inline PTX needs a value for each operand that takes one",
            ));
        };
        let mut given = Vec::with_capacity(values.len());
        for value in values {
            given.push(self.scalar(frame, value, &Want::anything())?);
        }
        let modifiers = self.modifiers(frame, span, asm, &given)?;
        let code = instructions(asm, &modifiers).map_err(|message| self.mistake(frame, span, message))?;
        self.at(frame, span);
        let results = asm.operands.iter().filter(|operand| operand.role.gives_value()).count();
        let mut given = given.into_iter();
        let mut bound = Vec::with_capacity(types.len());
        let mut position = 0;
        for (operand, ty) in asm.operands.iter().zip(&types) {
            let Some((class, leaf)) = classes(ty) else {
                return Err(self.mistake(frame, span, "an operand is a scalar or a pointer"));
            };
            let value = if operand.role.takes_value() { given.next() } else { None };
            let part = match results {
                1 => want.clone(),
                _ => want.part(position, 1, &format!("_{position}")),
            };
            position += usize::from(operand.role.gives_value());
            // One instruction reads everything before it writes.
            let at_once = code.len() == 1 && class == leaf.class() && !narrow(leaf);
            bound.push(self.bind(operand, (class, leaf), value, &part, at_once));
        }
        for instruction in &code {
            let emitted = self.emitted(frame, span, instruction, asm, &bound)?;
            self.body.push(emitted);
        }
        let mut outcome = Vec::with_capacity(results);
        for ((operand, ty), bound) in asm.operands.iter().zip(&types).zip(bound) {
            if operand.role.gives_value()
                && let Some((_, leaf)) = classes(ty)
            {
                let part = match results {
                    1 => want.clone(),
                    _ => want.part(outcome.len(), 1, &format!("_{}", outcome.len())),
                };
                outcome.push(self.widened(bound.value, leaf, &part));
            }
        }
        Ok(outcome)
    }

    /// What the operands that are orders and scopes stand for.
    fn modifiers<'i>(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        asm: &'i Asm,
        given: &[Value],
    ) -> Outcome<Modifiers<'i>> {
        let takers = asm.operands.iter().filter(|operand| operand.role.takes_value());
        let mut modifiers = Vec::new();
        for (operand, value) in takers.zip(given) {
            let Some(choices) = operand.role.modifiers() else { continue };
            let chosen = match value {
                Value::Constant(Constant::Integer(code)) => choices.iter().find(|(known, _)| known == code),
                _ => None,
            };
            let Some((_, modifier)) = chosen else {
                let names =
                    choices.iter().map(|(_, name)| format!("`.{name}`")).collect::<Vec<_>>().join(" or ");
                let message = format!(
                    "`{}` must be known here, and be {names}: pass an order or a scope by its name",
                    operand.name
                );
                return Err(self.mistake(frame, span, message));
            };
            modifiers.push((operand.name.as_str(), *modifier));
        }
        Ok(modifiers)
    }

    fn bind(
        &mut self,
        operand: &AsmOperand,
        (class, leaf): (Class, LeafType),
        value: Option<Value>,
        want: &Want,
        at_once: bool,
    ) -> Bound {
        let name = want.name.as_deref().filter(|_| operand.role.gives_value()).unwrap_or(&operand.name);
        let value = match (&operand.role, value) {
            (Role::Const | Role::Order(_) | Role::Scope(_), Some(value)) => value,
            (Role::In, Some(value)) if class == leaf.class() => value,
            (Role::In, Some(value)) => {
                let register = self.body.register(class, None);
                self.narrowed(register, &value);
                Value::Register(register)
            }
            (Role::InOut, Some(value)) => {
                let register = self.body.register(class, Some(name));
                match class == leaf.class() {
                    true => self.move_into(register, &value),
                    false => self.narrowed(register, &value),
                }
                Value::Register(register)
            }
            (Role::Out(_), _) if at_once => {
                let named = Want { name: Some(name.to_string()), into: want.into.clone() };
                Value::Register(self.result(&named, class))
            }
            _ => Value::Register(self.body.register(class, Some(name))),
        };
        Bound { value, class }
    }

    fn narrowed(&mut self, register: Register, value: &Value) {
        let wide = self.register(value, Class::Bits32);
        self.body.pure(opcode!(cvt.u16.u32), register, vec![Argument::Register(wide)]);
    }

    /// A result as the language holds it: small integers extended to 32 bits.
    fn widened(&mut self, value: Value, leaf: LeafType, want: &Want) -> Value {
        let opcode = match leaf {
            LeafType::Scalar(Scalar::U16) => opcode!(cvt.u32.u16),
            LeafType::Scalar(Scalar::I16) => opcode!(cvt.s32.s16),
            LeafType::Scalar(Scalar::U8) => opcode!(cvt.u32.u8),
            LeafType::Scalar(Scalar::I8) => opcode!(cvt.s32.s8),
            _ => return value,
        };
        let Value::Register(narrow) = value else { return value };
        let result = self.result(want, Class::Bits32);
        self.body.pure(opcode, result, vec![Argument::Register(narrow)]);
        Value::Register(result)
    }

    fn emitted(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        instruction: &Instruction,
        asm: &Asm,
        bound: &[Bound],
    ) -> Outcome<emit::Instruction> {
        let patterns = instruction.patterns().unwrap_or_default();
        let row = instruction.opcode.row;
        let mut results = 0;
        let mut arguments = Vec::with_capacity(patterns.len());
        let mut reads_special = false;
        for (pattern, operand) in patterns.iter().zip(&instruction.operands) {
            let (is_result, constant) = match pattern {
                OperandPattern::Value(value) => {
                    (value.destination, value.takes_integers(&instruction.opcode))
                }
                OperandPattern::Pair(..) | OperandPattern::Name { kind: NameKind::Sink, .. } => (true, false),
                OperandPattern::Constant { .. } => (false, true),
                _ => (false, false),
            };
            results += usize::from(is_result);
            reads_special |= matches!(operand, Operand::Register(name) if hole(name).is_none());
            let argument = self.operand(frame, span, operand, constant, (asm, bound))?;
            if let (OperandPattern::Constant { allowed, .. }, Argument::Integer(value)) = (pattern, &argument)
                && !allowed.is_empty()
                && !allowed.contains(value)
            {
                let legal = allowed.iter().map(i128::to_string).collect::<Vec<_>>().join(" or ");
                let message =
                    format!("`{}` takes the constant {legal} here, and this is {value}", instruction.opcode);
                return Err(self.mistake(frame, span, message));
            }
            arguments.push(argument);
        }
        if row.convergence == Convergence::Block && !instruction.opcode.has("cluster") {
            let given = |name| {
                let named = |pattern: &OperandPattern| matches!(pattern, OperandPattern::Value(value) if value.name == name);
                patterns.iter().position(named).map(|position| &arguments[position])
            };
            let number = match given("a") {
                Some(Argument::Integer(number)) => Some(*number),
                _ => None,
            };
            let threads = match given("b") {
                Some(Argument::Integer(threads)) => *threads,
                Some(_) => -1,
                None => 0,
            };
            self.asm_barrier(frame, span, number, threads)?;
        }
        let guard = match &instruction.guard {
            Some(guard) => match self.place(frame, span, &guard.register, (asm, bound))? {
                Value::Not(register) => Some((register, !guard.negated)),
                value => Some((self.register(&value, Class::Predicate), guard.negated)),
            },
            None => None,
        };
        let pure = results > 0
            && row.effect == Effect::None
            && row.convergence == Convergence::None
            && !reads_special
            && row.name != "activemask";
        Ok(emit::Instruction { opcode: Words::from(&instruction.opcode), arguments, results, pure, guard })
    }

    fn place(
        &mut self,
        frame: &Frame<'_>,
        span: Span,
        register: &str,
        (asm, bound): (&Asm, &[Bound]),
    ) -> Outcome<Value> {
        let name = hole(register).unwrap_or_default();
        let position = asm.operands.iter().position(|operand| operand.name == name);
        match position.and_then(|position| bound.get(position)) {
            Some(bound) => Ok(bound.value.clone()),
            None => Err(self.mistake(frame, span, format!("there is no operand `{name}`"))),
        }
    }

    fn operand(
        &mut self,
        frame: &Frame<'_>,
        span: Span,
        operand: &Operand,
        takes_constants: bool,
        names: (&Asm, &[Bound]),
    ) -> Outcome<Argument> {
        Ok(match operand {
            Operand::Register(name) if hole(name).is_none() => Argument::Special(name.clone().into()),
            Operand::Register(name) => {
                let value = self.place(frame, span, name, names)?;
                let class = self.class_of(name, names);
                match value {
                    Value::Constant(Constant::Integer(number)) if takes_constants => {
                        Argument::Integer(number)
                    }
                    value => Argument::Register(self.register(&value, class)),
                }
            }
            Operand::Not(name) => match self.place(frame, span, name, names)? {
                Value::Not(register) => Argument::Register(register),
                value => Argument::Not(self.register(&value, Class::Predicate)),
            },
            Operand::Address { base: Some(base), offset } => {
                let (base, further) = match self.place(frame, span, base, names)? {
                    Value::Constant(_) => return Err(self.mistake(frame, span, "an address is no constant")),
                    pointer => split(pointer),
                };
                match further.checked_add(*offset) {
                    Some(offset) if i32::try_from(offset).is_ok() => Argument::Address(base, offset),
                    _ => {
                        let class = match &base {
                            Base::Register(register) => self.body.class(*register),
                            Base::Symbol(_) => Class::Bits32,
                        };
                        let start = self.register(&Value::Address(base, further), class);
                        Argument::Address(Base::Register(start), *offset)
                    }
                }
            }
            Operand::Vector(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| self.operand(frame, span, part, false, names))
                    .collect::<Outcome<Vec<_>>>()?;
                Argument::Vector(parts)
            }
            Operand::Pair(first, second) => Argument::Pair(Box::new([
                self.operand(frame, span, first, false, names)?,
                self.operand(frame, span, second, false, names)?,
            ])),
            Operand::Integer(value) => Argument::Integer(*value),
            Operand::Float32(bits) => Argument::Float32(*bits),
            Operand::Float64(bits) => Argument::Float64(*bits),
            Operand::Sink => Argument::Sink,
            other => return Err(self.mistake(frame, span, format!("`{other}` cannot be an operand"))),
        })
    }

    fn class_of(&self, register: &str, (asm, bound): (&Asm, &[Bound])) -> Class {
        let name = hole(register).unwrap_or_default();
        let position = asm.operands.iter().position(|operand| operand.name == name);
        position.and_then(|position| bound.get(position)).map_or(Class::Bits32, |bound| bound.class)
    }
}

/// Whether instructions may leave more in the register than the type has.
fn narrow(leaf: LeafType) -> bool {
    matches!(leaf, LeafType::Scalar(Scalar::U8 | Scalar::I8))
}
