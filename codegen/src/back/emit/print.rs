//! The finished body as a PTX module.

use rustc_hash::FxHashSet;

use crossdock_ptx::{
    Directive, Function, FunctionKind, Instruction, Item, Linkage, Location, Module, Opcode, Operand, Space,
    Statement, Type, Variable, opcode,
};

use super::names::{Names, identifier};
use super::{Argument, Assembly, Base, Guard, Line, SourceLine};
use crate::back::Options;
use crate::back::uniformity::Uniform;
use crate::ir;
use crate::{Error, Mistake};

/// A block-shared array; without bytes where the launch states its size.
#[derive(Clone, Debug)]
pub(in crate::back) struct SharedVariable {
    pub(in crate::back) name: String,
    pub(in crate::back) align: u64,
    pub(in crate::back) bytes: u64,
}

/// Everything of an entry that is not its body.
#[derive(Debug)]
pub(in crate::back) struct Entry<'a> {
    pub(in crate::back) name: &'a str,
    pub(in crate::back) parameters: Vec<Variable>,
    pub(in crate::back) directives: Vec<Directive>,
    pub(in crate::back) shared: Vec<SharedVariable>,
    pub(in crate::back) dynamic: Option<SharedVariable>,
    pub(in crate::back) modules: &'a [ir::Module],
}

/// Longest `.reg` line, in characters.
const DECLARATION_WIDTH: usize = 100;

/// Cleans the body up, names its registers and makes the module. It takes the proof that barriers
/// and warp operations are reached by all that they name.
pub(in crate::back) fn print(
    mut body: Assembly,
    entry: Entry<'_>,
    _uniform: &Uniform,
    options: Options,
) -> Result<Module, Error> {
    body.clean();
    let names = Names::of(&body);
    let files = files(&body, entry.modules);
    let mut statements = declarations(&names);
    let declared = |shared: SharedVariable, linkage| Variable {
        linkage,
        space: Space::Shared,
        align: Some(shared.align as u32),
        ty: Type::B8,
        vector: 1,
        pointer: None,
        name: shared.name,
        dimensions: vec![shared.bytes],
        initializer: Vec::new(),
    };
    statements.extend(entry.shared.into_iter().map(|shared| Statement::Variable(declared(shared, None))));
    let (mut mistakes, mut source) = (Vec::new(), None);
    for line in &body.lines {
        if let Line::Source(line) = line {
            source = Some(*line);
        }
        statements_of(line, &names, &files, entry.modules, &mut statements)?;
        if let Some(Statement::Instruction(instruction)) = statements.last()
            && let Some(message) = beyond_target(&instruction.opcode, options)
        {
            let mistake = match source {
                Some(SourceLine { module, line, column }) => {
                    let file = entry.modules[module].file.clone();
                    Mistake { file, span: ir::Span { line, column }, message }
                }
                None => Mistake { file: String::new(), span: ir::Span::default(), message },
            };
            if !mistakes.contains(&mistake) {
                mistakes.push(mistake);
            }
        }
    }
    if !mistakes.is_empty() {
        return Err(Error::Specialise(mistakes));
    }
    let mut items: Vec<Item> = files
        .iter()
        .enumerate()
        .map(|(index, path)| Item::File { index: index as u32 + 1, path: path.to_string() })
        .collect();
    items.extend(entry.dynamic.map(|shared| Item::Variable(declared(shared, Some(Linkage::Extern)))));
    items.push(Item::Function(Function {
        linkage: Some(Linkage::Visible),
        kind: FunctionKind::Entry,
        results: Vec::new(),
        name: identifier(entry.name),
        parameters: entry.parameters,
        directives: entry.directives,
        body: Some(statements),
    }));
    Ok(Module { version: options.version, target: vec![options.target.to_string()], address_size: 64, items })
}

/// Source files in order of first use.
fn files<'a>(body: &Assembly, modules: &'a [ir::Module]) -> Vec<&'a str> {
    let mut files = Vec::new();
    let mut seen = FxHashSet::default();
    for line in &body.lines {
        if let Line::Source(source) = line {
            let file = modules[source.module].file.as_str();
            if seen.insert(file) {
                files.push(file);
            }
        }
    }
    files
}

/// The sentence for an instruction that the target or the PTX version does not have. The table of
/// instructions knows.
fn beyond_target(opcode: &Opcode, options: Options) -> Option<String> {
    let (needed, Options { target, version }) = (opcode.requirement(), options);
    if !needed.sm.is_met_by(target.sm()) {
        let least = needed.sm;
        let question = if least.specific {
            "target_is_specific()".to_string()
        } else {
            format!("target_is_at_least({})", least.number)
        };
        return Some(format!(
            "`{opcode}` needs the target {least}, and this kernel is made for {target}: raise the target, or do this only \
             `if {question}`"
        ));
    }
    (needed.version > version).then(|| {
        format!(
            "`{opcode}` needs PTX {}, and this kernel is written in PTX {version}: raise the version",
            needed.version
        )
    })
}

fn declarations(names: &Names) -> Vec<Statement> {
    let mut statements = Vec::new();
    for (class, prefix, count) in &names.temporaries {
        let ty = class.ty();
        if *count > 0 {
            let temporaries = vec![(format!("%{prefix}"), Some(count + 1))];
            statements.push(Statement::Registers { ty, names: temporaries });
        }
        let mut line = Vec::new();
        let mut width = 0;
        for (_, name) in names.bindings.iter().filter(|(binding, _)| binding == class) {
            if width + name.len() + 2 > DECLARATION_WIDTH {
                statements.push(Statement::Registers { ty, names: std::mem::take(&mut line) });
                width = 0;
            }
            width += name.len() + 2;
            line.push((name.clone(), None));
        }
        if !line.is_empty() {
            statements.push(Statement::Registers { ty, names: line });
        }
    }
    statements
}

fn statements_of(
    line: &Line,
    names: &Names,
    files: &[&str],
    modules: &[ir::Module],
    statements: &mut Vec<Statement>,
) -> Result<(), Error> {
    match line {
        Line::Source(source) => {
            let module = &modules[source.module];
            let file = module.file.rsplit(['/', '\\']).next().unwrap_or_default();
            let text = module.lines.get(&source.line).map_or("", String::as_str);
            let comment: String =
                format!("{file}:{}  {text}", source.line).chars().filter(|c| !c.is_control()).collect();
            statements.push(Statement::Comment(comment.trim_end().to_string()));
            let index = files.iter().position(|file| *file == module.file).unwrap_or_default();
            statements.push(Statement::Location(Location {
                file: index as u32 + 1,
                line: source.line,
                column: source.column + 1,
            }));
        }
        Line::Label(label) => statements.push(Statement::Label(names.label(*label))),
        Line::Branch(guard, target) => {
            let target = vec![Operand::Symbol(names.label(*target), 0)];
            statements.push(guarded(Instruction::with(&opcode!(bra), target)?, guard, names));
        }
        Line::Return(guard) => {
            statements.push(guarded(Instruction::with(&opcode!(ret), Vec::new())?, guard, names))
        }
        Line::Instruction(instruction) => {
            let operands = instruction.arguments.iter().map(|argument| operand(argument, names)).collect();
            let printed = Instruction::with(&instruction.opcode, operands)?;
            statements.push(guarded(printed, &instruction.guard, names));
        }
    }
    Ok(())
}

fn guarded(instruction: Instruction, guard: &Guard, names: &Names) -> Statement {
    Statement::Instruction(match guard {
        Some((register, negated)) => instruction.guarded(names.register(*register), *negated),
        None => instruction,
    })
}

fn operand(argument: &Argument, names: &Names) -> Operand {
    match argument {
        Argument::Register(register) => Operand::Register(names.register(*register)),
        Argument::Integer(value) => Operand::Integer(*value),
        Argument::Float32(bits) => Operand::Float32(*bits),
        Argument::Float64(bits) => Operand::Float64(*bits),
        Argument::Address(base, offset) => {
            let base = match base {
                Base::Register(register) => names.register(*register),
                Base::Symbol(name) => name.clone(),
            };
            Operand::Address { base: Some(base), offset: *offset }
        }
        Argument::Vector(parts) => Operand::Vector(parts.iter().map(|part| operand(part, names)).collect()),
        Argument::Symbol(name) => Operand::Symbol(name.clone(), 0),
        Argument::Special(name) => Operand::Register(name.to_string()),
        Argument::Not(register) => Operand::Not(names.register(*register)),
        Argument::Pair(parts) => {
            let [first, second] = &**parts;
            Operand::Pair(Box::new(operand(first, names)), Box::new(operand(second, names)))
        }
        Argument::Sink => Operand::Sink,
    }
}
