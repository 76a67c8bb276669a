//! The state of decoding one kernel: names, slots, labels, and the code so far.

use std::collections::HashMap;

use crossdock_ptx as ptx;

use super::constant::{variable_align, variable_bytes};
use super::context::Context;
use super::flow::Flow;
use crate::activity::Class;
use crate::code::{Code, FRAME, Instruction, Origin, Preset, RESERVED_SHARED};
use crate::execute::Operation;
use crate::op::{BarrierOp, CombinedCompare, Conversion, Data, Effect, MemoryOp, Op, PackList, WarpOp};
use crate::register::{Bank, PredicateSource, Slot};

/// Bytes of the shared variables of a kernel; launches have a tighter limit.
const MOST_SHARED: u32 = 16 << 20;
/// Bytes of local memory of a function (CUDA programming guide, "Compute Capabilities").
const MOST_LOCAL: u32 = 512 << 10;

/// Offset and end of a variable that is put after `used` bytes.
pub(crate) fn place(used: u32, variable: &ptx::Variable, most: u32) -> Result<(u32, u32), String> {
    let bytes = variable_bytes(variable).ok_or_else(|| format!("`{}` has no size", variable.name))?;
    let offset = used.checked_next_multiple_of(variable_align(variable));
    let end = offset.and_then(|offset| u64::from(offset).checked_add(bytes));
    match (offset, end) {
        (Some(offset), Some(end)) if end <= u64::from(most) => Ok((offset, end as u32)),
        _ => Err(format!("`{}` does not fit: there is room for {most} bytes", variable.name)),
    }
}

/// A declared register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Register {
    pub(crate) bank: Bank,
    pub(crate) slot: Slot,
    /// Bits of the declared type; 128-bit registers take two longs.
    pub(crate) bits: u32,
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Symbol {
    Shared(u32),
    DynamicShared,
    Local(u32),
    /// A `.param` variable of a body or a parameter of a function: local memory that `.param`
    /// accesses reach.
    FunctionParameter(u32),
    /// A kernel parameter at this offset.
    Parameter(u32),
    /// A module variable.
    Module(usize),
    /// A function's address.
    Function(u64),
}

/// What the last operand of an indirect call names.
pub(crate) enum Prototype {
    Signature(ptx::CallPrototype),
    Targets(Vec<String>),
}

/// Whose code is being decoded: local variables belong to its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    Kernel,
    Subroutine(u32),
}

/// Names of a `{ }` block.
#[derive(Default)]
pub(crate) struct Scope {
    registers: HashMap<String, Register>,
    /// `%r<10>`: prefix, count and type; slots are given on first use.
    families: Vec<(String, u32, ptx::Type)>,
    singles: HashMap<String, ptx::Type>,
    symbols: HashMap<String, Symbol>,
    labels: HashMap<String, usize>,
    /// `.branchtargets` and `.calltargets` lists.
    targets: HashMap<String, Vec<String>>,
    prototypes: HashMap<String, ptx::CallPrototype>,
}

/// A function body that is being decoded: the kernel's, or one inlined into it.
pub(crate) struct Frame {
    pub(crate) scopes: Vec<Scope>,
    /// Where `ret` goes; `None` in the kernel itself.
    pub(crate) exit: Option<usize>,
    pub(crate) function: String,
}

pub(crate) struct Builder<'a> {
    pub(crate) context: &'a Context<'a>,
    pub(crate) code: Code,
    pub(crate) operations: Vec<Box<dyn Operation>>,
    pub(crate) frames: Vec<Frame>,
    /// Instruction positions of labels.
    pub(crate) labels: Vec<Option<u32>>,
    pub(crate) flows: Vec<Flow>,
    /// Registers that the instruction being decoded writes and reads.
    pub(crate) flow: Flow,
    presets: HashMap<(Bank, Preset), Slot>,
    module_shared: HashMap<String, u32>,
    pub(crate) location: Option<(u32, u32)>,
    pub(crate) guard: PredicateSource,
    pub(crate) origin: Origin,
    pub(crate) region: Region,
    /// Bytes of local variables of the region so far.
    pub(crate) frame_bytes: u32,
    /// Functions that became subroutines, in the order of [`Code::subroutines`].
    pub(crate) subroutines: Vec<String>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(context: &'a Context<'a>, name: &str) -> Builder<'a> {
        let code = Code {
            name: name.to_owned(),
            files: context.files.clone(),
            predicates: 1,
            longs: usize::from(FRAME) + 1,
            ..Code::default()
        };
        Builder {
            context,
            code,
            operations: Vec::new(),
            frames: vec![Frame { scopes: vec![Scope::default()], exit: None, function: name.to_owned() }],
            labels: Vec::new(),
            flows: Vec::new(),
            flow: Flow::default(),
            presets: HashMap::new(),
            module_shared: HashMap::new(),
            location: None,
            guard: PredicateSource::ALWAYS,
            origin: Origin { text: String::new(), line: 0, source: None },
            region: Region::Kernel,
            frame_bytes: 0,
            subroutines: Vec::new(),
        }
    }

    pub(crate) fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the kernel's frame is never popped")
    }

    pub(crate) fn scope(&mut self) -> &mut Scope {
        self.frame().scopes.last_mut().expect("a frame has a scope")
    }

    // Registers.

    /// A fresh slot, or two neighbouring ones for 128 bits.
    fn new_slot(&mut self, bank: Bank, count: usize) -> Result<Slot, String> {
        let (size, most) = match bank {
            Bank::Word => (&mut self.code.words, usize::from(u16::MAX)),
            Bank::Long => (&mut self.code.longs, usize::from(u16::MAX)),
            Bank::Predicate => (&mut self.code.predicates, usize::from(u16::MAX >> 1)),
        };
        let slot = *size;
        *size += count;
        if *size > most {
            return Err(format!("the kernel uses more than {most} registers of one kind"));
        }
        Ok(slot as Slot)
    }

    /// A fresh register of a type.
    pub(crate) fn new_register(&mut self, ty: ptx::Type) -> Result<Register, String> {
        let bits = ty.bits();
        let (bank, count) = match bits {
            _ if ty == ptx::Type::Pred => (Bank::Predicate, 1),
            128 => (Bank::Long, 2),
            64 => (Bank::Long, 1),
            _ => (Bank::Word, 1),
        };
        Ok(Register { bank, slot: self.new_slot(bank, count)?, bits })
    }

    pub(crate) fn declare_registers(&mut self, ty: ptx::Type, names: &[(String, Option<u32>)]) {
        let scope = self.scope();
        for (name, count) in names {
            match count {
                Some(count) => scope.families.push((name.clone(), *count, ty)),
                None => {
                    scope.singles.insert(name.clone(), ty);
                }
            }
        }
    }

    /// The register of a name.
    pub(crate) fn register(&mut self, name: &str) -> Result<Register, String> {
        let depth = self.frame().scopes.len();
        for level in (0..depth).rev() {
            let scope = &self.frame().scopes[level];
            if let Some(&register) = scope.registers.get(name) {
                return Ok(register);
            }
            let declared = scope.singles.get(name).copied().or_else(|| {
                let (_, _, ty) = scope.families.iter().find(|(prefix, count, _)| {
                    name.strip_prefix(prefix.as_str())
                        .filter(|digits| *digits == "0" || !digits.starts_with(['0', '+']))
                        .and_then(|digits| digits.parse::<u32>().ok())
                        .is_some_and(|number| number < *count)
                })?;
                Some(*ty)
            });
            if let Some(ty) = declared {
                let register = self.new_register(ty)?;
                self.frame().scopes[level].registers.insert(name.to_owned(), register);
                return Ok(register);
            }
        }
        Err(format!("register `{name}` is not declared"))
    }

    /// The slot that holds a value from the start.
    pub(crate) fn preset(&mut self, bank: Bank, preset: Preset) -> Result<Slot, String> {
        if let Some(&slot) = self.presets.get(&(bank, preset)) {
            return Ok(slot);
        }
        let slot = self.new_slot(bank, 1)?;
        self.presets.insert((bank, preset), slot);
        match bank {
            Bank::Word => self.code.word_presets.push((slot, preset)),
            _ => self.code.long_presets.push((slot, preset)),
        }
        Ok(slot)
    }

    /// A fresh register of 32 bits.
    pub(crate) fn new_word(&mut self) -> Result<Slot, String> {
        self.new_slot(Bank::Word, 1)
    }

    /// A fresh predicate.
    pub(crate) fn new_predicate(&mut self) -> Result<Slot, String> {
        self.new_slot(Bank::Predicate, 1)
    }

    /// The slot that holds a word from the start.
    pub(crate) fn constant(&mut self, value: u32) -> Result<Slot, String> {
        self.preset(Bank::Word, Preset::Constant(value.into()))
    }

    // Labels.

    /// Makes the labels of a block known before its instructions refer to them.
    pub(crate) fn declare_labels(&mut self, statements: &[ptx::Statement]) {
        for statement in statements {
            if let ptx::Statement::Label(name) = statement {
                let id = self.new_label();
                self.scope().labels.insert(name.clone(), id);
            }
            if let ptx::Statement::BranchTargets { label, targets } = statement {
                self.scope().targets.insert(label.clone(), targets.clone());
            }
            if let ptx::Statement::CallTargets { label, targets } = statement {
                self.scope().targets.insert(label.clone(), targets.clone());
            }
            if let ptx::Statement::CallPrototype(prototype) = statement {
                self.scope().prototypes.insert(prototype.label.clone(), prototype.clone());
            }
        }
    }

    pub(crate) fn new_label(&mut self) -> usize {
        self.labels.push(None);
        self.labels.len() - 1
    }

    pub(crate) fn place_label(&mut self, id: usize) {
        self.labels[id] = Some(self.code.instructions.len() as u32);
    }

    pub(crate) fn label(&mut self, name: &str) -> Result<usize, String> {
        let found = self.frame().scopes.iter().rev().find_map(|scope| scope.labels.get(name).copied());
        found.ok_or_else(|| format!("label `{name}` is not defined"))
    }

    /// The labels of a `.branchtargets` list.
    pub(crate) fn targets(&mut self, name: &str) -> Result<Vec<String>, String> {
        let found = self.frame().scopes.iter().rev().find_map(|scope| scope.targets.get(name).cloned());
        found.ok_or_else(|| format!("`{name}` is not a list of branch targets"))
    }

    /// What an indirect call names last.
    pub(crate) fn prototype(&mut self, name: &str) -> Result<Prototype, String> {
        let scopes = &self.frame().scopes;
        if let Some(found) = scopes.iter().rev().find_map(|scope| scope.prototypes.get(name)) {
            return Ok(Prototype::Signature(found.clone()));
        }
        let found = scopes.iter().rev().find_map(|scope| scope.targets.get(name).cloned());
        found
            .map(Prototype::Targets)
            .ok_or_else(|| format!("`{name}` is neither a `.callprototype` nor a `.calltargets` list"))
    }

    // Symbols.

    pub(crate) fn define(&mut self, name: &str, symbol: Symbol) {
        self.scope().symbols.insert(name.to_owned(), symbol);
    }

    /// Gives a `.shared`, `.local` or `.param` variable of a body its place.
    pub(crate) fn declare_variable(&mut self, variable: &ptx::Variable) -> Result<(), String> {
        let symbol = match variable.space {
            ptx::Space::Shared => self.shared_variable(variable)?,
            ptx::Space::Local => Symbol::Local(self.local_variable(variable)?),
            ptx::Space::Param => Symbol::FunctionParameter(self.local_variable(variable)?),
            _ => return Err(format!("variable `{}` must be at module scope", variable.name)),
        };
        self.define(&variable.name, symbol);
        Ok(())
    }

    fn shared_variable(&mut self, variable: &ptx::Variable) -> Result<Symbol, String> {
        let align = variable_align(variable);
        let bytes = variable_bytes(variable).ok_or_else(|| format!("`{}` has no size", variable.name))?;
        if bytes == 0 && variable.linkage == Some(ptx::Linkage::Extern) {
            self.code.shared_align = self.code.shared_align.max(align);
            return Ok(Symbol::DynamicShared);
        }
        let (offset, end) = place(self.code.shared_bytes, variable, MOST_SHARED)?;
        self.code.shared_bytes = end;
        Ok(Symbol::Shared(offset))
    }

    /// An offset in the frame for a `.local` or `.param` variable.
    pub(crate) fn local_variable(&mut self, variable: &ptx::Variable) -> Result<u32, String> {
        let (offset, end) = place(self.frame_bytes, variable, MOST_LOCAL)?;
        self.frame_bytes = end;
        Ok(offset)
    }

    /// The register that holds where the frame begins; the kernel's begins at 0.
    pub(crate) fn frame_base(&mut self) -> Option<Data> {
        matches!(self.region, Region::Subroutine(_)).then_some(Data { slot: FRAME, long: true })
    }

    /// Where the kilobyte of shared memory begins that the system reserves; cooperative groups keep
    /// the barriers of tiles of several warps there. Kernels that do not ask for it do not have it.
    pub(crate) fn reserved_shared(&mut self) -> Result<Slot, String> {
        let offset = match self.code.reserved_shared {
            Some(offset) => offset,
            None => self.code.shared_bytes.next_multiple_of(RESERVED_SHARED),
        };
        if self.code.reserved_shared.is_none() {
            self.code.reserved_shared = Some(offset);
            self.code.shared_bytes = offset + RESERVED_SHARED;
        }
        self.preset(Bank::Word, Preset::Constant(offset.into()))
    }

    pub(crate) fn symbol(&mut self, name: &str) -> Result<Symbol, String> {
        let found = self.frame().scopes.iter().rev().find_map(|scope| scope.symbols.get(name).copied());
        if let Some(symbol) = found {
            return Ok(symbol);
        }
        if let Some(&offset) = self.module_shared.get(name) {
            return Ok(Symbol::Shared(offset));
        }
        let context = self.context;
        if let Some(variable) = context.shared.get(name) {
            let symbol = self.shared_variable(variable)?;
            if let Symbol::Shared(offset) = symbol {
                self.module_shared.insert(name.to_owned(), offset);
            }
            return Ok(symbol);
        }
        if let Some(&index) = context.variables.get(name) {
            return Ok(Symbol::Module(index));
        }
        let address = context.calls.address(name);
        address.map(Symbol::Function).ok_or_else(|| format!("symbol `{name}` is not declared"))
    }

    // Code.

    /// Appends an operation for the instruction being decoded.
    pub(crate) fn emit(&mut self, op: Op) {
        self.code.instructions.push(Instruction { op, guard: self.guard });
        let mut origin = self.origin.clone();
        origin.source = self.location;
        self.code.origins.push(origin);
        self.flows.push(std::mem::take(&mut self.flow));
    }

    /// Appends an operation of the kernel's own list, with what others must know of it.
    pub(crate) fn emit_own(&mut self, class: Class, effect: Effect, operation: impl Operation + 'static) {
        self.code.asynchronous |= class == Class::Asynchronous;
        self.operations.push(Box::new(operation));
        self.emit(Op::Own { index: self.operations.len() as u32 - 1, class, effect });
    }

    /// Appends a warp instruction.
    pub(crate) fn emit_warp(&mut self, op: WarpOp) {
        self.code.warp.push(op);
        self.emit(Op::Warp { index: self.code.warp.len() as u32 - 1 });
    }

    /// Appends a conversion.
    pub(crate) fn emit_conversion(&mut self, conversion: Conversion) {
        self.code.conversions.push(conversion);
        self.emit(Op::Convert { index: self.code.conversions.len() as u32 - 1 });
    }

    /// Adds a comparison that takes more than an operation holds.
    pub(crate) fn add_compare(&mut self, compare: CombinedCompare) -> u32 {
        self.code.compares.push(compare);
        self.code.compares.len() as u32 - 1
    }

    /// Adds a list that is moved.
    pub(crate) fn add_pack(&mut self, list: PackList) -> u32 {
        self.code.packs.push(list);
        self.code.packs.len() as u32 - 1
    }

    /// Appends an atomic operation.
    pub(crate) fn emit_atomic(&mut self, op: MemoryOp) {
        self.code.memory.push(op);
        self.emit(Op::Atomic { index: self.code.memory.len() as u32 - 1 });
    }

    /// Appends a block barrier.
    pub(crate) fn emit_barrier(&mut self, op: BarrierOp) {
        self.code.barriers.push(op);
        self.emit(Op::Barrier { index: self.code.barriers.len() as u32 - 1 });
    }

    /// Appends a load.
    pub(crate) fn emit_load(&mut self, op: MemoryOp) {
        self.code.memory.push(op);
        self.emit(Op::Load { index: self.code.memory.len() as u32 - 1 });
    }

    /// Appends a store.
    pub(crate) fn emit_store(&mut self, op: MemoryOp) {
        self.code.memory.push(op);
        self.emit(Op::Store { index: self.code.memory.len() as u32 - 1 });
    }

    /// Appends a branch to a label; its target is filled in at the end.
    pub(crate) fn emit_branch(&mut self, label: usize) {
        self.flow.branch = Some(label);
        self.emit(Op::Branch { target: 0 });
    }
}
