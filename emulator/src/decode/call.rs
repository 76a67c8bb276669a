//! Calls. A device function is inlined where it is called. It becomes a subroutine, which exists
//! once, if it may be active more than once in a thread, if it is called through its address, or if
//! the kernel is already long.

use crossdock_ptx as ptx;
use ptx::{Operand, Variable};

use super::builder::{Builder, Frame, Prototype, Region, Scope, Symbol, place};
use super::constant::variable_bytes;
use super::function::{MOST_INSTRUCTIONS, body};
use crate::error::Error;
use crate::instruction::system;
use crate::op::{Address, CallOp, Callee, Data, MemoryOp, Op, Place, Space, Subroutine, Type};
use crate::register::PredicateSource;

/// After this many instructions functions are no longer inlined.
const LONG: usize = 1 << 15;
/// Functions may be inlined into each other this deep.
const DEPTH: usize = 64;
/// Bytes of a frame.
const MOST_FRAME: u32 = 512 << 10;

/// Why a call cannot be decoded.
pub(super) enum CallError {
    Reason(String),
    Inside(Error),
}

impl From<String> for CallError {
    fn from(reason: String) -> Self {
        CallError::Reason(reason)
    }
}

/// The operands of `call (results), callee, (arguments), prototype`.
struct Operands<'a> {
    results: &'a [Operand],
    callee: &'a Operand,
    arguments: &'a [Operand],
    prototype: Option<&'a str>,
}

fn operands(instruction: &ptx::Instruction) -> Result<Operands<'_>, String> {
    let mut found = Operands { results: &[], callee: &Operand::Sink, arguments: &[], prototype: None };
    for operand in &instruction.operands {
        match (operand, found.callee) {
            (Operand::List(list), Operand::Sink) => found.results = list,
            (Operand::List(list), _) => found.arguments = list,
            (callee, Operand::Sink) => found.callee = callee,
            (Operand::Symbol(name, 0), _) => found.prototype = Some(name),
            (other, _) => return Err(format!("`{other}` is not a prototype")),
        }
    }
    Ok(found)
}

/// Decodes a call.
pub(super) fn decode(builder: &mut Builder<'_>, instruction: &ptx::Instruction) -> Result<(), CallError> {
    let operands = operands(instruction)?;
    let Operand::Symbol(callee, 0) = operands.callee else { return indirect(builder, &operands) };
    let context = builder.context;
    let Some(function) = context.functions.get(callee.as_str()).copied() else {
        return Err(format!("function `{callee}` is not declared").into());
    };
    let Some(statements) = function.body.as_deref() else {
        return external(builder, callee, &operands);
    };
    let actuals = actuals(builder, &operands, &function.results, &function.parameters, callee)?;
    let long = builder.code.instructions.len() > LONG || builder.frames.len() > DEPTH;
    if long || context.calls.is_recursive(callee) {
        let number = subroutine(builder, callee)?;
        return call(builder, Callee::Direct(number), &operands, actuals);
    }
    // A guarded call jumps over the body; lanes meet again after it.
    let exit = builder.new_label();
    let guard = builder.guard;
    if guard != PredicateSource::ALWAYS {
        builder.guard = guard.negated();
        builder.emit_branch(exit);
    }
    let location = builder.location;
    builder.frames.push(Frame { scopes: vec![Scope::default()], exit: Some(exit), function: callee.clone() });
    for (formal, &(offset, _)) in function.results.iter().chain(&function.parameters).zip(&actuals) {
        builder.define(&formal.name, Symbol::FunctionParameter(offset));
    }
    let result = body(builder, statements);
    builder.frames.pop();
    builder.location = location;
    builder.place_label(exit);
    result.map_err(CallError::Inside)?;
    load_results(builder, &operands, &actuals, guard)?;
    Ok(())
}

/// Results and arguments as places in the caller's frame; registers and constants are put there
/// first.
fn actuals(
    builder: &mut Builder<'_>,
    operands: &Operands<'_>,
    results: &[Variable],
    parameters: &[Variable],
    callee: &str,
) -> Result<Vec<(u32, u32)>, String> {
    if operands.results.len() != results.len() || operands.arguments.len() != parameters.len() {
        return Err(format!("`{callee}` has {} results and {} parameters", results.len(), parameters.len()));
    }
    let mut places = Vec::new();
    let given = operands.results.iter().chain(operands.arguments);
    for (position, (formal, actual)) in results.iter().chain(parameters).zip(given).enumerate() {
        let bytes = variable_bytes(formal).ok_or_else(|| format!("`{}` has no size", formal.name))? as u32;
        let offset = match actual {
            Operand::Symbol(name, 0) => match builder.symbol(name)? {
                Symbol::FunctionParameter(offset) => offset,
                _ => return Err(format!("argument `{name}` is not a `.param` variable of the body")),
            },
            value => {
                let offset = builder.local_variable(formal)?;
                if position >= results.len() {
                    let bits = formal.ty.bits();
                    let data = builder.data(value, bits)?;
                    let op = in_frame(builder, offset, bytes, data);
                    builder.emit_store(op);
                }
                offset
            }
        };
        places.push((offset, bytes));
    }
    Ok(places)
}

/// Copies results that go to registers out of the frame.
fn load_results(
    builder: &mut Builder<'_>,
    operands: &Operands<'_>,
    actuals: &[(u32, u32)],
    guard: PredicateSource,
) -> Result<(), String> {
    builder.guard = guard;
    for (result, &(offset, bytes)) in operands.results.iter().zip(actuals) {
        if let Operand::Register(_) = result {
            let data = builder.destination_data(result, bytes * 8)?;
            let op = in_frame(builder, offset, bytes, data);
            builder.emit_load(op);
        }
    }
    Ok(())
}

/// An access to a place in the frame.
fn in_frame(builder: &mut Builder<'_>, offset: u32, bytes: u32, data: Data) -> MemoryOp {
    let base = builder.frame_base();
    let address = Address { space: Some(Space::Local), base, offset: offset.into() };
    MemoryOp { element: bytes as u8, ..MemoryOp::weak(address, Type::B8, vec![data]) }
}

/// The number of a function's subroutine; it is decoded later.
fn subroutine(builder: &mut Builder<'_>, name: &str) -> Result<u32, String> {
    if let Some(position) = builder.subroutines.iter().position(|known| known == name) {
        return Ok(position as u32);
    }
    let context = builder.context;
    let function = context.functions.get(name).ok_or_else(|| format!("function `{name}` is not declared"))?;
    if function.body.is_none() {
        return Err(not_linked(name));
    }
    let mut formals = Vec::new();
    let mut used = 0;
    for formal in function.results.iter().chain(&function.parameters) {
        let (offset, end) = place(used, formal, MOST_FRAME)?;
        formals.push(Place { offset, bytes: end - offset });
        used = end;
    }
    builder.subroutines.push(name.to_owned());
    builder.code.subroutines.push(Subroutine { formals, frame_bytes: used, ..Subroutine::default() });
    Ok(builder.subroutines.len() as u32 - 1)
}

fn call(
    builder: &mut Builder<'_>,
    callee: Callee,
    operands: &Operands<'_>,
    actuals: Vec<(u32, u32)>,
) -> Result<(), CallError> {
    let guard = builder.guard;
    let places = actuals.iter().map(|&(offset, bytes)| Place { offset, bytes }).collect();
    let caller = match builder.region {
        Region::Kernel => None,
        Region::Subroutine(number) => Some(number),
    };
    builder.code.calls.push(CallOp { callee, actuals: places, results: operands.results.len(), caller });
    builder.emit(Op::Call { index: builder.code.calls.len() as u32 - 1 });
    load_results(builder, operands, &actuals, guard)?;
    Ok(())
}

/// A call of the function whose address a register holds.
fn indirect(builder: &mut Builder<'_>, operands: &Operands<'_>) -> Result<(), CallError> {
    let name = operands.prototype.ok_or_else(|| "an indirect call needs a prototype".to_owned())?;
    let context = builder.context;
    let (names, formals) = match builder.prototype(name)? {
        Prototype::Signature(prototype) => {
            let formals = Some((prototype.results.clone(), prototype.parameters.clone()));
            (context.calls.address_taken.iter().map(|&name| name.to_owned()).collect(), formals)
        }
        Prototype::Targets(targets) => (targets, None),
    };
    let sizes = |results: &[Variable], parameters: &[Variable]| {
        let all = results.iter().chain(parameters).map(variable_bytes).collect::<Vec<_>>();
        (results.len(), all)
    };
    let signature = |name: &str| {
        let function = context.functions.get(name).filter(|function| function.body.is_some())?;
        Some((function.results.clone(), function.parameters.clone()))
    };
    let Some((results, parameters)) = formals.or_else(|| names.iter().find_map(|name| signature(name)))
    else {
        return Err(format!("`{name}` names no function of this module").into());
    };
    let wanted = sizes(&results, &parameters);
    let mut candidates = Vec::new();
    for name in names {
        let fits =
            signature(&name).is_some_and(|(results, parameters)| sizes(&results, &parameters) == wanted);
        if let (true, Some(address)) = (fits, context.calls.address(&name)) {
            candidates.push((address, subroutine(builder, &name)?));
        }
    }
    let actuals = actuals(builder, operands, &results, &parameters, "the prototype")?;
    let address = builder.long(operands.callee)?;
    call(builder, Callee::Indirect { address, candidates }, operands, actuals)
}

fn not_linked(name: &str) -> String {
    format!(
        "function `{name}` has no body; modules are not linked, and of the driver's functions there are `vprintf`, \
         `__assertfail`, `malloc` and `free`"
    )
}

/// A call of a function that the driver provides.
fn external(builder: &mut Builder<'_>, name: &str, operands: &Operands<'_>) -> Result<(), CallError> {
    let Some((function, results, parameters)) = system::function(name) else {
        return Err(not_linked(name).into());
    };
    let formal = |&bytes: &u32| Variable {
        linkage: None,
        space: Space::Param,
        align: None,
        ty: if bytes == 8 { Type::B64 } else { Type::B32 },
        vector: 1,
        pointer: None,
        name: name.to_owned(),
        dimensions: Vec::new(),
        initializer: Vec::new(),
    };
    let results: Vec<Variable> = results.iter().map(formal).collect();
    let parameters: Vec<Variable> = parameters.iter().map(formal).collect();
    let actuals = actuals(builder, operands, &results, &parameters, name)?;
    let guard = builder.guard;
    let places = actuals.iter().map(|&(offset, bytes)| Place { offset, bytes }).collect();
    system::emit(builder, function, places);
    load_results(builder, operands, &actuals, guard)?;
    Ok(())
}

/// Decodes the subroutines that were called, and those that they call.
pub(super) fn subroutines(builder: &mut Builder<'_>) -> Result<(), Error> {
    let mut number = 0;
    while let Some(name) = builder.subroutines.get(number).cloned() {
        let context = builder.context;
        let Some(function) = context.functions.get(name.as_str()).copied() else { break };
        let start = builder.code.instructions.len() as u32;
        let registers = [builder.code.words, builder.code.longs, builder.code.predicates];
        builder.region = Region::Subroutine(number as u32);
        builder.frame_bytes = builder.code.subroutines[number].frame_bytes;
        builder.frames = vec![Frame { scopes: vec![Scope::default()], exit: None, function: name.clone() }];
        let formals = builder.code.subroutines[number].formals.clone();
        for (formal, place) in function.results.iter().chain(&function.parameters).zip(formals) {
            builder.define(&formal.name, Symbol::FunctionParameter(place.offset));
        }
        body(builder, function.body.as_deref().unwrap_or_default())?;
        builder.guard = PredicateSource::ALWAYS;
        builder.emit(Op::Return {});
        if builder.code.instructions.len() > MOST_INSTRUCTIONS {
            return Err(Error::Module(format!("kernel `{}` is too long", builder.code.name)));
        }
        let end = builder.code.instructions.len() as u32;
        let code = &mut builder.code;
        let range = |from: usize, to: usize| from as u16..to as u16;
        let subroutine = &mut code.subroutines[number];
        subroutine.code = start..end;
        subroutine.words = range(registers[0], code.words);
        subroutine.longs = range(registers[1], code.longs);
        subroutine.predicates = range(registers[2], code.predicates);
        subroutine.frame_bytes = builder.frame_bytes.next_multiple_of(16);
        number += 1;
    }
    Ok(())
}
