//! The entry around a kernel's body: const parameters checked, run-time parameters declared and
//! loaded.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use crossdock_ptx::{Directive, PointerAttribute, Space as PtxSpace, Type as PtxType, Variable, opcode};

use super::frame::Frame;
use super::roles::Roles;
use super::scalar::Data;
use super::value::{Value, Want};
use super::{Outcome, Specialiser, Stop};
use crate::Error;
use crate::back::constant::{Constant, range};
use crate::back::emit::{self, Argument, Assembly, Base, Class, Entry, SharedVariable};
use crate::back::evaluate::{Evaluator, Parameters};
use crate::back::layout::{self, LeafType};
use crate::back::program::{Program, parameters};
use crate::back::signature::{Kernel, LaunchNeeds, Options};
use crate::back::uniformity;
use crate::ir::{Function, Scalar, Space, Type};

pub(super) fn specialise(
    program: &Program,
    kernel: &str,
    arguments: &[(&str, i128)],
    options: &Options,
) -> Result<Kernel, Error> {
    let (module, function) = program.kernel(kernel)?;
    let constants = const_parameters(function, arguments)?;
    let known = constants.clone();
    let attributes = function.kernel.clone().unwrap_or_default();
    let mut specialiser = Specialiser {
        program,
        evaluator: Evaluator::new(program, options.target),
        body: Assembly::default(),
        mistakes: Vec::new(),
        shared: Vec::new(),
        dynamic: None,
        shared_sites: BTreeMap::new(),
        shared_addresses: FxHashMap::default(),
        homes: FxHashSet::default(),
        attributes,
        kernel: &function.name,
        krate: program.modules[module].krate(),
        roles: Roles::default(),
        options: *options,
        statements: 0,
        depth: 0,
    };
    let mut frame = Frame::new(module, function, constants);
    frame.result.is_kernel = true;
    frame.origins =
        function.const_parameters.iter().map(|(name, _)| (name.clone(), vec![name.clone()])).collect();
    let declared = match specialiser.kernel_body(&mut frame) {
        Ok(declared) => declared,
        Err(Stop::Fatal(error)) => return Err(*error),
        Err(Stop::Recorded) => Vec::new(),
    };
    specialiser.barriers_are_apart();
    if !specialiser.mistakes.is_empty() {
        return Err(Error::Specialise(specialiser.mistakes));
    }
    let uniform =
        uniformity::check(program, options.target, module, function, &known).map_err(Error::Specialise)?;
    let Specialiser { attributes, shared, dynamic, .. } = &specialiser;
    let block = attributes.block.extents().map(u64::from);
    let name = if attributes.block_is_most { "maxntid" } else { "reqntid" };
    let mut directives = vec![Directive { name: name.to_string(), values: block.to_vec() }];
    if let Some(most) = attributes.max_registers {
        directives.push(Directive { name: "maxnreg".to_string(), values: vec![u64::from(most)] });
    }
    let place = |end: u64, variable: &SharedVariable| end.next_multiple_of(variable.align) + variable.bytes;
    // What is dynamic lies after what is static.
    let shared_bytes = shared.iter().chain(dynamic.iter().map(|dynamic| &dynamic.variable)).fold(0, place);
    let needs = LaunchNeeds {
        block: attributes.block,
        block_is_most: attributes.block_is_most,
        grid_dimensions: attributes.grid_dimensions,
        shared_bytes: u32::try_from(shared_bytes).unwrap_or(u32::MAX),
        dynamic_shared_unit: dynamic.as_ref().map_or(0, |dynamic| dynamic.unit),
    };
    let entry = Entry {
        name: &function.name,
        parameters: declared,
        directives,
        shared: specialiser.shared,
        dynamic: specialiser.dynamic.map(|dynamic| dynamic.variable),
        modules: &program.modules,
    };
    let ptx = emit::print(specialiser.body, entry, &uniform, *options)?;
    ptx.check().map_err(|mut errors| errors.swap_remove(0))?;
    Ok(Kernel { name: emit::identifier(&function.name), ptx, parameters: parameters(function), needs })
}

/// Checks the const arguments against the kernel's const parameters; all that is wrong is reported.
fn const_parameters(function: &Function, arguments: &[(&str, i128)]) -> Result<Parameters, Error> {
    let error =
        |parameter: &str, message: String| Error::Parameter { parameter: parameter.to_string(), message };
    let mut mistakes = Vec::new();
    let known: Vec<String> = function.const_parameters.iter().map(|(name, _)| format!("`{name}`")).collect();
    for (position, (name, _)) in arguments.iter().enumerate() {
        if !function.const_parameters.iter().any(|(parameter, _)| parameter == name) {
            let has = if known.is_empty() { "none".to_string() } else { known.join(", ") };
            let message = format!("`{}` has no const parameter `{name}`: it has {has}", function.name);
            mistakes.push(error(name, message));
        } else if arguments[..position].iter().any(|(earlier, _)| earlier == name) {
            mistakes.push(error(name, format!("the const parameter `{name}` is given twice: give it once")));
        }
    }
    let mut parameters = Parameters::new();
    for (name, scalar) in &function.const_parameters {
        let Some((_, number)) = arguments.iter().find(|(argument, _)| argument == name) else {
            let message = format!("`{}` needs a value for its const parameter `{name}`", function.name);
            mistakes.push(error(name, message));
            continue;
        };
        let Some(value) = Constant::from_number(*scalar, *number) else {
            let (least, greatest) = if *scalar == Scalar::Bool { (0, 1) } else { range(*scalar) };
            let message =
                format!("{name} must be a {} from {least} to {greatest}: {number} is not", scalar.name());
            mistakes.push(error(name, message));
            continue;
        };
        parameters.insert(name.clone(), value);
    }
    match mistakes.len() {
        0 => Ok(parameters),
        1 => Err(mistakes.swap_remove(0)),
        _ => Err(Error::Several(mistakes)),
    }
}

impl<'p> Specialiser<'p> {
    /// Declares and loads the parameters and writes the body down.
    fn kernel_body(&mut self, frame: &mut Frame<'p>) -> Outcome<Vec<Variable>> {
        let function = frame.function;
        let mut declared = Vec::new();
        for (local, parameter) in function.locals.iter().enumerate().take(function.parameters) {
            let into = match frame.varies[local] {
                true => Some(self.homes(frame, local, function.span)?),
                false => None,
            };
            let want = Want { name: Some(parameter.name.clone()), into };
            let parts = layout::launched(self.program, &parameter.ty)
                .map_err(|message| self.mistake(frame, function.span, message))?;
            let mut values = Vec::new();
            for (part, (suffix, ty)) in parts.iter().enumerate() {
                let name = emit::identifier(&format!("{}{suffix}", parameter.name));
                let symbol = format!("{}_param_{name}", emit::identifier(&function.name));
                // PTX needs different names: of a part and a parameter called like it, or in
                // made-up modules.
                let symbol = match declared.iter().any(|variable: &Variable| variable.name == symbol) {
                    true => format!("{symbol}_{}", declared.len()),
                    false => symbol,
                };
                declared.push(self.declare(frame, &symbol, ty)?);
                values.push(self.load_parameter(frame, symbol, ty, &want.part(part, 1, suffix))?);
            }
            frame.locals[local] = Some(values);
        }
        self.block(frame, &function.body)?;
        self.body.ret(None);
        Ok(declared)
    }

    /// The value of the declared parameter `symbol`.
    fn load_parameter(
        &mut self,
        frame: &mut Frame<'p>,
        symbol: String,
        ty: &Type,
        want: &Want,
    ) -> Outcome<Value> {
        let leaves = self.leaves(frame, ty, frame.function.span)?;
        let [leaf] = leaves.as_slice() else { return Err(self.not_launchable(frame)) };
        let place = Argument::Address(Base::Symbol(symbol), 0);
        let opcode = opcode!(ld.param.(Data::of(leaf.ty)));
        Ok(match leaf.ty {
            LeafType::Scalar(Scalar::Bool) => {
                let byte = self.body.register(Class::Bits32, None);
                self.body.pure(opcode, byte, vec![place]);
                self.nonzero(byte, want)
            }
            ty => {
                let register = self.result(want, ty.class());
                self.body.pure(opcode, register, vec![place]);
                Value::Register(register)
            }
        })
    }

    fn not_launchable(&mut self, frame: &Frame<'p>) -> Stop {
        let message = "a kernel parameter must be a scalar, a Global, a Peer, a Peers, a slice of global memory or a struct of these";
        self.mistake(frame, frame.function.span, message)
    }

    fn declare(&mut self, frame: &Frame<'p>, symbol: &str, ty: &Type) -> Outcome<Variable> {
        let span = frame.function.span;
        let (scalar, align) = match ty {
            Type::Scalar(scalar) => (*scalar, None),
            Type::Pointer(Space::Global | Space::Peer, pointee) => {
                (Scalar::U64, Some(self.layout(frame, pointee, span)?.align))
            }
            Type::Peers(_) => (Scalar::U64, Some(8)),
            _ => return Err(self.not_launchable(frame)),
        };
        let pointer = align.map(|align| PointerAttribute {
            space: Some(PtxSpace::Global),
            align: Some(align.min(1 << 16) as u32),
        });
        Ok(Variable {
            linkage: None,
            space: PtxSpace::Param,
            align: None,
            ty: parameter_type(scalar),
            vector: 1,
            pointer,
            name: symbol.to_string(),
            dimensions: Vec::new(),
            initializer: Vec::new(),
        })
    }
}

fn parameter_type(scalar: Scalar) -> PtxType {
    match scalar {
        Scalar::Bool | Scalar::U8 => PtxType::U8,
        Scalar::U16 => PtxType::U16,
        Scalar::U32 => PtxType::U32,
        Scalar::U64 => PtxType::U64,
        Scalar::I8 => PtxType::S8,
        Scalar::I16 => PtxType::S16,
        Scalar::I32 => PtxType::S32,
        Scalar::I64 => PtxType::S64,
        Scalar::F32 => PtxType::F32,
        Scalar::F64 => PtxType::F64,
    }
}
