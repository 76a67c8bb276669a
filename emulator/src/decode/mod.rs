//! From a parsed module to kernels that the interpreter executes.
//!
//! Everything that can be settled before execution is: types, rounding, register slots, addresses of variables. What
//! the emulator does not execute is refused here, by name and line, never ignored.

mod arithmetic;
mod asynchronous;
mod builder;
mod composite;
mod constant;
mod control;
mod conversion;
mod floating;
mod flow;
mod function;
mod logic;
mod memory;
mod modifiers;
mod operand;
mod warp;

use std::collections::HashMap;

use crossdock_ptx as ptx;

use crate::code::Code;
use crate::error::Error;

/// A module, decoded.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) kernels: Vec<Code>,
    pub(crate) variables: Vec<ModuleVariable>,
}

/// A `.global` or `.const` variable.
#[derive(Debug)]
pub(crate) struct ModuleVariable {
    pub(crate) name: String,
    pub(crate) contents: Vec<u8>,
    pub(crate) read_only: bool,
}

/// What functions of a module refer to.
struct Context<'a> {
    functions: HashMap<&'a str, &'a ptx::Function>,
    /// Module-scope shared variables.
    shared: HashMap<&'a str, &'a ptx::Variable>,
    /// `.global` and `.const` variables: position in [`Decoded::variables`].
    variables: HashMap<&'a str, usize>,
    files: HashMap<u32, String>,
}

/// Parses and decodes PTX text.
pub(crate) fn module(text: &str) -> Result<Decoded, Error> {
    let module = ptx::parse(text).map_err(|error| Error::Syntax(error.to_string()))?;
    if module.address_size != 64 {
        return Err(Error::Module(format!("`.address_size {}`; it must be 64", module.address_size)));
    }
    let mut context = Context {
        functions: HashMap::new(),
        shared: HashMap::new(),
        variables: HashMap::new(),
        files: HashMap::new(),
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
            ptx::Item::Comment(_) => {}
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
    Ok(Decoded { kernels, variables })
}
