//! Function bodies: statements in order, device functions inlined where they are called.

use crossdock_ptx as ptx;
use ptx::{Operand, Statement};

use super::Context;
use super::builder::{Builder, Frame, Scope, Symbol, place};
use super::flow;
use crate::code::{Code, Origin, Parameter};
use crate::error::Error;
use crate::op::Op;
use crate::register::PredicateSource;

/// Bytes of the parameters of a kernel (PTX ISA section 5.1.6.1).
const MOST_PARAMETERS: u32 = 32764;
/// Instructions of a kernel after inlining.
const MOST_INSTRUCTIONS: usize = 1 << 20;

/// Decodes an entry.
pub(super) fn kernel(context: &Context<'_>, function: &ptx::Function) -> Result<Code, Error> {
    let mut builder = Builder::new(context, &function.name);
    let unsupported = |reason: String| Error::Unsupported {
        function: function.name.clone(),
        line: 0,
        instruction: format!(".entry {}", function.name),
        reason,
    };
    let mut end_of_parameters = 0;
    for parameter in &function.parameters {
        let (offset, end) = place(end_of_parameters, parameter, MOST_PARAMETERS).map_err(unsupported)?;
        builder.define(&parameter.name, Symbol::Parameter(offset));
        let bytes = end - offset;
        builder.code.parameters.push(Parameter { name: parameter.name.clone(), offset, bytes });
        end_of_parameters = end;
    }
    builder.code.parameter_bytes = end_of_parameters;
    for directive in &function.directives {
        let value = |index: usize| directive.values.get(index).copied().unwrap_or(1);
        match directive.name.as_str() {
            "reqntid" => {
                builder.code.required_block = Some([value(0) as u32, value(1) as u32, value(2) as u32])
            }
            "maxntid" => {
                builder.code.most_threads = Some(value(0).saturating_mul(value(1)).saturating_mul(value(2)))
            }
            "reqnctapercluster" if directive.values.iter().any(|&extent| extent > 1) => {
                return Err(unsupported("clusters of more than one block are not executed".into()));
            }
            _ => {}
        }
    }
    body(&mut builder, function.body.as_deref().unwrap_or_default())?;
    // Falling off the end exits.
    builder.origin = Origin { text: "exit".into(), line: builder.origin.line, source: None };
    builder.guard = PredicateSource::ALWAYS;
    builder.emit(Op::Exit);
    for (instruction, flow) in builder.code.instructions.iter_mut().zip(&builder.flows) {
        if let (Op::Branch { target }, Some(label)) = (&mut instruction.op, flow.branch) {
            *target = builder.labels[label].unwrap_or_default();
        }
    }
    builder.code.loops = flow::loops(&builder.code, &builder.flows);
    Ok(builder.code)
}

/// Decodes the statements of a block, whose scope is already open.
fn body(builder: &mut Builder<'_>, statements: &[Statement]) -> Result<(), Error> {
    builder.declare_labels(statements);
    for statement in statements {
        match statement {
            Statement::Registers { ty, names } => builder.declare_registers(*ty, names),
            Statement::Variable(variable) => {
                builder.declare_variable(variable).map_err(|reason| Error::Unsupported {
                    function: builder.frame().function.clone(),
                    line: 0,
                    instruction: format!("variable {}", variable.name),
                    reason,
                })?;
            }
            Statement::Label(name) => {
                if let Ok(label) = builder.label(name) {
                    builder.place_label(label);
                }
            }
            Statement::Location(location) => builder.location = Some((location.file, location.line)),
            // Branch targets are known from the start of the block.
            Statement::Comment(_) | Statement::Pragma(_) | Statement::BranchTargets { .. } => {}
            Statement::Block(statements) => {
                builder.frame().scopes.push(Scope::default());
                body(builder, statements)?;
                builder.frame().scopes.pop();
            }
            Statement::Instruction(instruction) => self::instruction(builder, instruction)?,
        }
    }
    Ok(())
}

fn instruction(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), Error> {
    let text = instruction.to_string().trim().trim_end_matches(';').to_owned();
    builder.origin = Origin { text: text.clone(), line: instruction.line, source: None };
    builder.flow = flow::Flow::default();
    let function = builder.frame().function.clone();
    let unsupported =
        |reason: String| Error::Unsupported { function, line: instruction.line, instruction: text, reason };
    if builder.code.instructions.len() >= MOST_INSTRUCTIONS {
        return Err(unsupported(format!("the kernel has more than {MOST_INSTRUCTIONS} instructions")));
    }
    builder.guard = match &instruction.guard {
        None => PredicateSource::ALWAYS,
        Some(guard) => match builder.predicate_register(&guard.register, guard.negated) {
            Ok(guard) => guard,
            Err(reason) => return Err(unsupported(reason)),
        },
    };
    if instruction.opcode.name() == "call" {
        return match call(builder, instruction) {
            Ok(()) => Ok(()),
            Err(CallError::Reason(reason)) => Err(unsupported(reason)),
            Err(CallError::Inside(error)) => Err(error),
        };
    }
    let name = instruction.opcode.name();
    let decoded = super::composite::decode(builder, name, instruction)
        .or_else(|| super::control::decode(builder, name, instruction))
        .or_else(|| super::conversion::decode(builder, name, instruction))
        .or_else(|| super::memory::decode(builder, name, instruction))
        .or_else(|| super::warp::decode(builder, name, instruction))
        .or_else(|| super::asynchronous::decode(builder, name, instruction))
        .or_else(|| super::floating::decode(builder, name, instruction))
        .or_else(|| super::logic::decode(builder, name, instruction))
        .or_else(|| super::arithmetic::decode(builder, name, instruction));
    match decoded {
        Some(Ok(())) => Ok(()),
        Some(Err(reason)) => Err(unsupported(reason)),
        None => Err(unsupported(format!("the emulator does not execute `{name}`"))),
    }
}

enum CallError {
    Reason(String),
    Inside(Error),
}

impl From<String> for CallError {
    fn from(reason: String) -> Self {
        CallError::Reason(reason)
    }
}

/// Inlines a device function. Its parameters are the caller's argument variables under other names.
fn call(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), CallError> {
    let names = |list: &Operand| -> Result<Vec<String>, String> {
        let Operand::List(list) = list else { return Err(format!("`{list}` is not an argument list")) };
        list.iter()
            .map(|argument| match argument {
                Operand::Symbol(name, 0) => Ok(name.clone()),
                other => Err(format!("argument `{other}` is not a `.param` variable")),
            })
            .collect()
    };
    let mut lists = Vec::new();
    let mut callee = None;
    for operand in &instruction.operands {
        match operand {
            Operand::Symbol(name, 0) if callee.is_none() => callee = Some(name.clone()),
            Operand::List(_) => lists.push((callee.is_some(), names(operand)?)),
            other => {
                return Err(format!("`{other}` is not the name of a function; calls are direct only").into());
            }
        }
    }
    let callee = callee.ok_or_else(|| "it names no function".to_owned())?;
    let context = builder.context;
    let function = context.functions.get(callee.as_str()).copied();
    let Some(function) = function else { return Err(format!("function `{callee}` is not declared").into()) };
    let Some(statements) = function.body.as_deref() else {
        return Err(format!("function `{callee}` has no body; modules are not linked").into());
    };
    if builder.frames.iter().any(|frame| frame.function == callee) {
        return Err(format!("`{callee}` is recursive; calls are inlined").into());
    }
    let list = |behind: bool| {
        lists.iter().find(|(after, _)| *after == behind).map(|(_, names)| names.clone()).unwrap_or_default()
    };
    let (results, arguments) = (list(false), list(true));
    if results.len() != function.results.len() || arguments.len() != function.parameters.len() {
        return Err(format!(
            "`{callee}` has {} results and {} parameters",
            function.results.len(),
            function.parameters.len()
        )
        .into());
    }
    let mut scope = Vec::new();
    let formal = function.results.iter().chain(&function.parameters);
    for (formal, actual) in formal.zip(results.iter().chain(&arguments)) {
        scope.push((formal.name.clone(), builder.symbol(actual)?));
    }
    // A guarded call jumps over the body; lanes meet again behind it.
    let exit = builder.new_label();
    let guard = builder.guard;
    if guard != PredicateSource::ALWAYS {
        builder.guard = guard.negated();
        builder.emit_branch(exit);
    }
    let location = builder.location;
    builder.frames.push(Frame { scopes: vec![Scope::default()], exit: Some(exit), function: callee });
    for (name, symbol) in scope {
        builder.define(&name, symbol);
    }
    let result = body(builder, statements);
    builder.frames.pop();
    builder.location = location;
    builder.place_label(exit);
    result.map_err(CallError::Inside)
}
