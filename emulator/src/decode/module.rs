//! Modules: their variables, and their kernels one after the other.

use std::collections::HashMap;

use crossdock_ptx as ptx;

use super::call_graph::CallGraph;
use super::constant::{self, Address, ModuleVariable};
use super::context::Context;
use super::function::{self, Program};
use crate::error::Error;

/// A module, decoded. It never changes, so that machines can share it.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// What it was made of.
    pub(crate) text: String,
    pub(crate) kernels: Vec<Program>,
    pub(crate) variables: Vec<Initial>,
}

/// A `.global` or `.const` variable, and what it holds at first.
#[derive(Debug)]
pub(crate) struct Initial {
    pub(crate) name: String,
    pub(crate) contents: Vec<u8>,
    pub(crate) addresses: Vec<Relocation>,
    pub(crate) read_only: bool,
}

/// An address in the contents of a variable, known when variables have their places.
#[derive(Debug)]
pub(crate) struct Relocation {
    /// Where in the contents.
    pub(crate) at: usize,
    pub(crate) bytes: usize,
    /// The variable (an index), or nothing for a function.
    pub(crate) variable: Option<usize>,
    /// Bytes after it, or the function's address.
    pub(crate) addend: u64,
    /// The first of its bits that is stored.
    pub(crate) shift: u32,
}

impl Relocation {
    /// Stores the address, now that variables have their places.
    pub(crate) fn store(&self, places: &[u64], contents: &mut [u8]) {
        let base = self.variable.map_or(0, |index| places[index]);
        let bytes = (base.wrapping_add(self.addend) >> self.shift).to_le_bytes();
        contents[self.at..self.at + self.bytes].copy_from_slice(&bytes[..self.bytes]);
    }
}

/// Parses and decodes PTX text.
pub(super) fn module(text: &str) -> Result<Decoded, Error> {
    let module = ptx::parse(text).map_err(|error| Error::Syntax(error.to_string()))?;
    if module.address_size != 64 {
        return Err(Error::Module(format!("`.address_size {}`; it must be 64", module.address_size)));
    }
    let mut context = Context {
        functions: HashMap::new(),
        shared: HashMap::new(),
        variables: HashMap::new(),
        files: HashMap::new(),
        calls: CallGraph::of(&module),
    };
    let mut variables = Vec::new();
    for item in &module.items {
        match item {
            ptx::Item::File { index, path } => {
                context.files.insert(*index, path.clone());
            }
            ptx::Item::Variable(variable) if variable.space == ptx::Space::Shared => {
                context.shared.insert(&variable.name, variable);
            }
            ptx::Item::Variable(variable) => {
                context.variables.insert(&variable.name, variables.len());
                variables.push(constant::variable(variable).map_err(Error::Module)?);
            }
            ptx::Item::Function(function) => {
                // A definition replaces a declaration.
                if function.body.is_some() || !context.functions.contains_key(function.name.as_str()) {
                    context.functions.insert(&function.name, function);
                }
            }
            ptx::Item::Alias { .. } | ptx::Item::Pragma(_) | ptx::Item::Comment(_) => {}
        }
    }
    for item in &module.items {
        if let ptx::Item::Alias { alias, function } = item {
            let Some(&function) = context.functions.get(function.as_str()) else {
                return Err(Error::Module(format!(
                    "`.alias {alias}` names `{function}`, which is no function"
                )));
            };
            context.functions.insert(alias, function);
        }
    }
    let mut kernels = Vec::new();
    for item in &module.items {
        if let ptx::Item::Function(function) = item
            && function.kind == ptx::FunctionKind::Entry
            && function.body.is_some()
        {
            kernels.push(function::kernel(&context, function)?);
        }
    }
    let variables =
        variables.into_iter().map(|variable| resolve(&context, variable)).collect::<Result<_, _>>()?;
    Ok(Decoded { text: text.to_owned(), kernels, variables })
}

/// Finds what the addresses in a variable's initial value name.
fn resolve(context: &Context<'_>, variable: ModuleVariable<'_>) -> Result<Initial, Error> {
    let ModuleVariable { name, contents, addresses, read_only } = variable;
    let mut found = Vec::with_capacity(addresses.len());
    for Address { at, bytes, symbol, addend, shift } in addresses {
        let variable = context.variables.get(symbol).copied();
        let function = context.calls.address(symbol);
        let base = match (variable, function) {
            (Some(_), _) => 0,
            (None, Some(address)) => address,
            (None, None) => {
                let text = format!(
                    "variable `{name}`: `{symbol}` is neither a `.global` or `.const` variable nor a function"
                );
                return Err(Error::Module(text));
            }
        };
        let addend = base.wrapping_add(addend as u64);
        found.push(Relocation { at, bytes, variable, addend, shift });
    }
    Ok(Initial { name, contents, addresses: found, read_only })
}
