//! Function bodies: statements in order.

use std::sync::Arc;

use crossdock_ptx as ptx;
use ptx::Statement;

use super::builder::{Builder, Scope, Symbol, place};
use super::call::CallError;
use super::context::Context;
use super::decoder::Decoder;
use super::flow;
use crate::code::{Code, Origin, Parameter};
use crate::error::Error;
use crate::execute::Operation;
use crate::instruction;
use crate::op::Op;
use crate::register::PredicateSource;

/// Bytes of the parameters of a kernel (PTX ISA section 5.1.6.1).
const MOST_PARAMETERS: u32 = 32764;
/// Instructions of a kernel after inlining.
pub(super) const MOST_INSTRUCTIONS: usize = 1 << 20;

/// A decoded kernel, and what its own operations do.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) code: Arc<Code>,
    pub(crate) operations: Arc<[Box<dyn Operation>]>,
}

/// Decodes an entry.
pub(super) fn kernel(context: &Context<'_>, function: &ptx::Function) -> Result<Program, Error> {
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
            "reqnctapercluster" => {
                let extents = [0, 1, 2].map(|axis| u32::try_from(value(axis)).unwrap_or(u32::MAX));
                builder.code.required_cluster = Some(extents);
            }
            "blocksareclusters" => {
                return Err(unsupported("`.blocksareclusters`: a grid is given in blocks here".into()));
            }
            "maxclusterrank" => builder.code.most_blocks_of_cluster = Some(value(0)),
            _ => {}
        }
    }
    body(&mut builder, function.body.as_deref().unwrap_or_default())?;
    // Falling off the end exits.
    builder.origin = Origin { text: "exit".into(), line: builder.origin.line, source: None };
    builder.guard = PredicateSource::ALWAYS;
    builder.emit(Op::Exit {});
    builder.code.frame_bytes = builder.frame_bytes.next_multiple_of(16);
    super::call::subroutines(&mut builder)?;
    for (instruction, flow) in builder.code.instructions.iter_mut().zip(&builder.flows) {
        if let (Op::Branch { target }, Some(label)) = (&mut instruction.op, flow.branch) {
            *target = builder.labels[label].unwrap_or_default();
        }
    }
    builder.code.loops = flow::loops(&builder.code, &builder.flows);
    Ok(Program { code: Arc::new(builder.code), operations: builder.operations.into() })
}

/// Decodes the statements of a block, whose scope is already open.
pub(super) fn body(builder: &mut Builder<'_>, statements: &[Statement]) -> Result<(), Error> {
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
            // Targets and prototypes are known from the start of the block.
            Statement::Comment(_)
            | Statement::Pragma(_)
            | Statement::BranchTargets { .. }
            | Statement::CallTargets { .. }
            | Statement::CallPrototype(_) => {}
            Statement::Block(statements) => {
                builder.frame().scopes.push(Scope::default());
                body(builder, statements)?;
                builder.frame().scopes.pop();
            }
            Statement::Instruction(instruction) => one(builder, instruction)?,
        }
    }
    Ok(())
}

/// Decodes an instruction.
fn one(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), Error> {
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
    let name = instruction.opcode.name();
    if name == "call" {
        return match super::call::decode(builder, instruction) {
            Ok(()) => Ok(()),
            Err(CallError::Reason(reason)) => Err(unsupported(reason)),
            Err(CallError::Inside(error)) => Err(error),
        };
    }
    let Some(decode) = instruction::decoding(name) else {
        return Err(unsupported(format!("the emulator does not execute `{name}`")));
    };
    let mut decoder = Decoder::new(builder, instruction);
    decode(&mut decoder).and_then(|()| decoder.finish()).map_err(unsupported)
}
