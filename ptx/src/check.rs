//! Checks of a whole module that single instructions cannot make: declarations, register classes,
//! targets.

mod scope;

use crate::error::{Error, Line};
use crate::model::{Function, Instruction, Item, Module, Operand, Statement, Variable};
use crate::special;
use crate::table::Sm;
use crate::table::form::Chosen;
use crate::table::operand::{NameKind, OperandPattern, Shape, Value};
use crate::types::{Class, Type};
use scope::{Scope, Scopes};

impl Module {
    /// Checks that every register, label and symbol is declared, that registers fit their operands,
    /// and that the module's `.version` and `.target` have every instruction.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the text.
    pub fn check(&self) -> Result<(), Vec<Error>> {
        let mut checker = Checker { module: self, target: None, errors: Vec::new() };
        checker.target = self.target.iter().find_map(|target| Sm::parse(target));
        if checker.target.is_none() {
            let what = format!("the target `{}` (a GPU such as `sm_90` is)", self.target.join(", "));
            checker.errors.push(Error::Unsupported { line: Line(0), what });
        }
        checker.module();
        if checker.errors.is_empty() { Ok(()) } else { Err(checker.errors) }
    }
}

struct Checker<'a> {
    module: &'a Module,
    target: Option<Sm>,
    errors: Vec<Error>,
}

impl<'a> Checker<'a> {
    fn module(&mut self) {
        let mut globals = Scope::default();
        for item in &self.module.items {
            match item {
                Item::Variable(variable) => self.declare(&mut globals, variable),
                Item::Function(function) => {
                    globals.functions.insert(&function.name);
                }
                Item::Alias { alias, .. } => {
                    globals.functions.insert(alias);
                }
                Item::File { .. } | Item::Pragma(_) | Item::Comment(_) => {}
            }
        }
        let mut scopes = Scopes(vec![globals]);
        for item in &self.module.items {
            if let Item::Function(function) = item {
                self.function(&mut scopes, function);
            }
        }
    }

    fn declare(&mut self, scope: &mut Scope<'a>, variable: &'a Variable) {
        if !scope.variables.insert(&variable.name) {
            self.errors.push(Error::Redeclared { line: Line(0), name: variable.name.clone() });
        }
    }

    fn function(&mut self, scopes: &mut Scopes<'a>, function: &'a Function) {
        let mut parameters = Scope::default();
        for variable in function.parameters.iter().chain(&function.results).filter(|v| v.name != "_") {
            self.declare(&mut parameters, variable);
        }
        scopes.0.push(parameters);
        if let Some(body) = &function.body {
            self.block(scopes, body);
        }
        scopes.0.pop();
    }

    fn block(&mut self, scopes: &mut Scopes<'a>, statements: &'a [Statement]) {
        let mut scope = Scope::default();
        for statement in statements {
            let (fresh, name) = match statement {
                Statement::Registers { ty, names } => {
                    for (name, count) in names {
                        if !scope.declare_register(name, *count, *ty) {
                            self.errors.push(Error::Redeclared { line: Line(0), name: name.clone() });
                        }
                    }
                    continue;
                }
                Statement::Variable(variable) => {
                    self.declare(&mut scope, variable);
                    continue;
                }
                Statement::Label(name) => (scope.labels.insert(name), name),
                Statement::BranchTargets { label, .. } => (scope.tables.insert(label), label),
                Statement::CallTargets { label, .. } => (scope.prototypes.insert(label), label),
                Statement::CallPrototype(prototype) => {
                    (scope.prototypes.insert(&prototype.label), &prototype.label)
                }
                _ => continue,
            };
            if !fresh {
                self.errors.push(Error::Redeclared { line: Line(0), name: name.clone() });
            }
        }
        scopes.0.push(scope);
        for statement in statements {
            match statement {
                Statement::Instruction(instruction) => self.instruction(scopes, instruction),
                Statement::Block(inner) => self.block(scopes, inner),
                Statement::CallTargets { targets, .. } => {
                    for target in targets {
                        self.declared(scopes.has(target, |s| &s.functions), "function", target, Line(0));
                    }
                }
                Statement::BranchTargets { targets, .. } => {
                    for target in targets {
                        self.declared(scopes.has(target, |s| &s.labels), "label", target, Line(0));
                    }
                }
                _ => {}
            }
        }
        scopes.0.pop();
    }

    fn declared(&mut self, is_declared: bool, kind: &'static str, name: &str, line: Line) {
        if !is_declared {
            self.errors.push(Error::Undeclared { line, kind, name: name.to_owned() });
        }
    }

    fn instruction(&mut self, scopes: &Scopes<'a>, instruction: &'a Instruction) {
        self.requirement(instruction);
        let line = Line(instruction.line);
        if let Some(guard) = &instruction.guard {
            self.register(scopes, instruction, &guard.register, Class::Predicate, false);
        }
        let Some(patterns) = instruction.patterns() else {
            self.errors.push(Error::Operands {
                line,
                opcode: instruction.opcode.to_string(),
                expected: instruction.opcode.row.operands.to_owned(),
                found: crate::printer::comma_separated(&instruction.operands),
            });
            return;
        };
        let chosen = instruction.opcode.chosen();
        for (pattern, operand) in patterns.iter().zip(&instruction.operands) {
            self.operand(scopes, (instruction, &chosen), pattern, operand);
        }
    }

    fn requirement(&mut self, instruction: &Instruction) {
        let needed = instruction.opcode.requirement();
        let (line, what) = (Line(instruction.line), || instruction.opcode.to_string());
        if needed.version > self.module.version {
            let (needed, version) = (needed.version.to_string(), self.module.version.to_string());
            self.errors.push(Error::Version { line, what: what(), needed, version });
        }
        if self.target.is_some_and(|target| !needed.sm.is_met_by(target)) {
            let (needed, target) = (needed.sm.to_string(), self.module.target.join(", "));
            self.errors.push(Error::Target { line, what: what(), needed, target });
        }
    }

    fn operand(
        &mut self,
        scopes: &Scopes<'a>,
        (instruction, chosen): (&Instruction, &Chosen),
        pattern: &OperandPattern,
        operand: &'a Operand,
    ) {
        let line = Line(instruction.line);
        match (pattern, operand) {
            (OperandPattern::Value(value), _) => self.value(scopes, (instruction, chosen), value, operand),
            (OperandPattern::Pair(first, second), Operand::Pair(a, b)) => {
                self.value(scopes, (instruction, chosen), first, a);
                self.value(scopes, (instruction, chosen), second, b);
            }
            (OperandPattern::Address(_), Operand::Address { base: Some(base), .. }) => {
                self.address(scopes, instruction, base);
            }
            (OperandPattern::Name { kind, .. }, Operand::Symbol(name, _)) => match kind {
                NameKind::Label => self.declared(scopes.has(name, |s| &s.labels), "label", name, line),
                NameKind::Targets => {
                    self.declared(scopes.has(name, |s| &s.tables), "branch target table", name, line);
                }
                NameKind::Prototype => {
                    self.declared(scopes.has(name, |s| &s.prototypes), "call prototype", name, line);
                }
                NameKind::Function => {
                    self.declared(scopes.has(name, |s| &s.functions), "function", name, line)
                }
                _ => self.symbol(scopes, name, line),
            },
            (OperandPattern::Name { .. }, Operand::Register(name)) => {
                self.declared(scopes.register(name).is_some(), "register", name, line);
            }
            (OperandPattern::Name { .. }, Operand::List(elements)) => {
                for element in elements {
                    match element {
                        Operand::Register(name) => {
                            self.declared(scopes.register(name).is_some(), "register", name, line);
                        }
                        Operand::Symbol(name, _) => self.symbol(scopes, name, line),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn symbol(&mut self, scopes: &Scopes<'a>, name: &str, line: Line) {
        let is_declared = scopes.has(name, |s| &s.variables) || scopes.has(name, |s| &s.functions);
        self.declared(is_declared, "symbol", name, line);
    }

    fn value(
        &mut self,
        scopes: &Scopes<'a>,
        (instruction, chosen): (&Instruction, &Chosen),
        value: &Value,
        operand: &'a Operand,
    ) {
        let Some(class) = value.class(&|label| chosen.slot(label)) else { return };
        match operand {
            Operand::Register(name) | Operand::Not(name) => {
                self.register(scopes, instruction, name, class, value.wider);
            }
            Operand::Vector(elements) => {
                let class = if value.shape == Shape::Pack {
                    Class::Bits(class.bits() / u32::try_from(elements.len()).unwrap_or(u32::MAX).max(1))
                } else {
                    class
                };
                for element in elements {
                    if let Operand::Register(name) = element {
                        self.register(scopes, instruction, name, class, value.wider);
                    }
                }
            }
            _ => {}
        }
    }

    fn address(&mut self, scopes: &Scopes<'a>, instruction: &Instruction, base: &str) {
        match scopes.register(base) {
            Some(ty) => {
                let narrow = ["shared", "local", "param", "const"];
                let may_be_narrow = self.module.address_size == 32
                    || instruction.opcode.modifiers.iter().any(|m| narrow.iter().any(|n| m.starts_with(n)));
                let class =
                    if may_be_narrow && ty.bits() == 32 { Class::Integer(32) } else { Class::Integer(64) };
                self.register(scopes, instruction, base, class, false);
            }
            None if base.starts_with('%') => {
                self.register(scopes, instruction, base, Class::Integer(64), false);
            }
            None => self.symbol(scopes, base, Line(instruction.line)),
        }
    }

    fn register(
        &mut self,
        scopes: &Scopes<'a>,
        instruction: &Instruction,
        name: &str,
        class: Class,
        wider: bool,
    ) {
        let line = Line(instruction.line);
        let Some(ty): Option<Type> = scopes.register(name).or_else(|| special::type_of(name)) else {
            self.errors.push(Error::Undeclared { line, kind: "register", name: name.to_owned() });
            return;
        };
        if !class.admits(ty, wider) {
            self.errors.push(Error::RegisterClass {
                line,
                opcode: instruction.opcode.to_string(),
                operand: name.to_owned(),
                expected: class.to_string(),
                found: format!("declared {ty}"),
            });
        }
    }
}
