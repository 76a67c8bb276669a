//! Which functions may call which: what can be inlined, and what an indirect call can reach.

use std::collections::{HashMap, HashSet};

use crossdock_ptx as ptx;
use ptx::{Item, Operand, Statement};

/// The functions of a module, as far as calls are concerned.
#[derive(Default)]
pub(super) struct CallGraph<'a> {
    /// Positions in the module: function addresses follow from them.
    numbers: HashMap<&'a str, u64>,
    /// Functions that may be active twice in one thread.
    recursive: HashSet<&'a str>,
    /// Functions whose address the module takes, in order.
    pub(super) address_taken: Vec<&'a str>,
}

#[derive(Default)]
struct Calls<'a> {
    direct: HashSet<&'a str>,
    indirect: bool,
}

impl<'a> CallGraph<'a> {
    pub(super) fn of(module: &'a ptx::Module) -> CallGraph<'a> {
        let mut graph = CallGraph::default();
        for item in &module.items {
            if let Item::Function(function) = item {
                let next = graph.numbers.len() as u64 + 1;
                graph.numbers.entry(function.name.as_str()).or_insert(next);
            }
        }
        // An alias has the address of its function, and calls what that calls.
        let mut aliases = Vec::new();
        for item in &module.items {
            if let Item::Alias { alias, function } = item {
                aliases.push((alias.as_str(), function.as_str()));
                if let Some(&number) = graph.numbers.get(function.as_str()) {
                    graph.numbers.insert(alias, number);
                }
            }
        }
        let mut calls: HashMap<&str, Calls<'a>> = HashMap::new();
        for item in &module.items {
            match item {
                Item::Variable(variable) => {
                    variable.initializer.iter().for_each(|value| graph.take_address(value));
                }
                Item::Function(function) => {
                    let calls = calls.entry(function.name.as_str()).or_default();
                    graph.statements(function.body.as_deref().unwrap_or_default(), calls);
                }
                _ => {}
            }
        }
        for (alias, function) in aliases {
            calls.entry(alias).or_default().direct.insert(function);
        }
        let taken: Vec<&str> = graph.address_taken.clone();
        for &start in calls.keys() {
            let mut seen = HashSet::new();
            let mut open = vec![start];
            while let Some(name) = open.pop() {
                let Some(calls) = calls.get(name) else { continue };
                let indirect = if calls.indirect { taken.as_slice() } else { &[] };
                open.extend(calls.direct.iter().chain(indirect).filter(|&&callee| seen.insert(callee)));
            }
            if seen.contains(start) {
                graph.recursive.insert(start);
            }
        }
        graph
    }

    fn statements(&mut self, statements: &'a [Statement], calls: &mut Calls<'a>) {
        for statement in statements {
            match statement {
                Statement::Block(statements) => self.statements(statements, calls),
                Statement::Instruction(instruction) if instruction.opcode.name() == "call" => {
                    let callee =
                        instruction.operands.iter().find(|operand| !matches!(operand, Operand::List(_)));
                    match callee {
                        Some(Operand::Symbol(name, _)) => {
                            calls.direct.insert(name);
                        }
                        _ => calls.indirect = true,
                    }
                }
                Statement::Instruction(instruction) => {
                    instruction.operands.iter().for_each(|operand| self.take_address(operand));
                }
                _ => {}
            }
        }
    }

    fn take_address(&mut self, operand: &'a Operand) {
        match operand {
            Operand::Symbol(name, _) | Operand::Generic(name, _) => {
                let is_new = !self.address_taken.contains(&name.as_str());
                let is_function = self.numbers.contains_key(name.as_str());
                self.address_taken.extend((is_function && is_new).then_some(name.as_str()));
            }
            Operand::Masked { address, .. } => self.take_address(address),
            Operand::Vector(values) | Operand::List(values) => {
                values.iter().for_each(|value| self.take_address(value));
            }
            _ => {}
        }
    }

    /// The address of a function: no valid address of memory.
    pub(super) fn address(&self, function: &str) -> Option<u64> {
        self.numbers.get(function).map(|number| number * 16)
    }

    pub(super) fn is_recursive(&self, function: &str) -> bool {
        self.recursive.contains(function)
    }
}
