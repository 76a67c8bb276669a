//! One instruction that is being decoded: its operands by position, and its modifiers, which are
//! consumed. A modifier that nobody consumes makes the instruction unsupported.

use std::ops::{Deref, DerefMut};

use crossdock_ptx as ptx;
use ptx::{AtomicOperation, Modifier, Operand, Order, Scope, Type};

use super::builder::Builder;
use crate::activity::Class;
use crate::execute::{Operation, Raised, Site, Step, moves};
use crate::op::{Address, Atomic, Data, Effect, Space, Strength};
use crate::register::{PredicateSource, Slot, lanes};

/// What an instruction becomes: operations that it appends to the code.
pub(crate) type Decode = fn(&mut Decoder<'_, '_>) -> Result<(), String>;

/// An instruction and where its operations go.
pub(crate) struct Decoder<'d, 'c> {
    builder: &'d mut Builder<'c>,
    instruction: &'d ptx::Instruction,
    /// The modifiers that were not consumed.
    left: Vec<&'static str>,
}

impl<'c> Deref for Decoder<'_, 'c> {
    type Target = Builder<'c>;

    fn deref(&self) -> &Builder<'c> {
        self.builder
    }
}

impl<'c> DerefMut for Decoder<'_, 'c> {
    fn deref_mut(&mut self) -> &mut Builder<'c> {
        self.builder
    }
}

impl<'d, 'c> Decoder<'d, 'c> {
    pub(crate) fn new(builder: &'d mut Builder<'c>, instruction: &'d ptx::Instruction) -> Decoder<'d, 'c> {
        Decoder { builder, instruction, left: instruction.opcode.modifiers.clone() }
    }

    /// Where its operations go: for operands that are parts of an operand.
    pub(crate) fn builder(&mut self) -> &mut Builder<'c> {
        self.builder
    }

    /// Bytes of the kernel's parameters.
    pub(crate) fn parameter_bytes(&self) -> u32 {
        self.builder.code.parameter_bytes
    }

    /// The mnemonic.
    pub(crate) fn name(&self) -> &'static str {
        self.instruction.opcode.name()
    }

    /// Everything must have been consumed.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self.left.first() {
            None => Ok(()),
            Some(modifier) => Err(format!("the emulator does not execute it with `.{modifier}`")),
        }
    }

    // Modifiers.

    /// Whether a modifier was written, consumed or not.
    pub(crate) fn has(&self, modifier: &str) -> bool {
        self.instruction.opcode.has(modifier)
    }

    /// Whether `modifier` is there; consumes it.
    pub(crate) fn take(&mut self, modifier: &str) -> bool {
        let position = self.left.iter().position(|&left| left == modifier);
        position.map(|position| self.left.remove(position)).is_some()
    }

    /// The first of these that is there.
    pub(crate) fn choose<T: Copy>(&mut self, alternatives: &[(&str, T)]) -> Option<T> {
        alternatives.iter().find(|(name, _)| self.take(name)).map(|&(_, value)| value)
    }

    /// One of these must be there.
    pub(crate) fn require<T: Copy>(&mut self, alternatives: &[(&str, T)]) -> Result<T, String> {
        self.choose(alternatives).ok_or_else(|| {
            let names: Vec<_> = alternatives.iter().map(|(name, _)| format!(".{name}")).collect();
            format!("the emulator executes it with one of {} only", names.join(", "))
        })
    }

    /// The first choice of a kind.
    pub(crate) fn get<T: Modifier>(&mut self) -> Option<T> {
        let position = self.left.iter().position(|left| T::spelled(left).is_some())?;
        T::spelled(self.left.remove(position))
    }

    /// A choice of a kind that must be there.
    pub(crate) fn of_kind<T: Modifier>(&mut self) -> Result<T, String> {
        self.get().ok_or_else(|| "the emulator does not execute it in this form".into())
    }

    /// The last type.
    pub(crate) fn ty(&mut self) -> Result<Type, String> {
        let position = self.left.iter().rposition(|left| Type::from_modifier(left).is_some());
        position
            .and_then(|position| Type::from_modifier(self.left.remove(position)))
            .ok_or_else(|| "it has no type".into())
    }

    /// The last type of those that were written, consumed or not.
    pub(crate) fn last_type(&self) -> Option<Type> {
        self.instruction.opcode.types().last()
    }

    /// Consumes hints: modifiers with one of these prefixes, which change no result.
    pub(crate) fn ignore(&mut self, prefixes: &[&str]) {
        self.left.retain(|modifier| !prefixes.iter().any(|prefix| modifier.starts_with(prefix)));
    }

    /// Consumes how long a vector is: its operand says so.
    pub(crate) fn ignore_vector(&mut self) {
        self.get::<ptx::VectorWidth>();
    }

    /// How strong an access is.
    pub(crate) fn strength(&mut self) -> Strength {
        if self.take("mmio") {
            self.ignore(&["relaxed", "sys"]);
            return Strength::Mmio;
        }
        if self.take("volatile") {
            return Strength::Volatile;
        }
        self.take("weak");
        match (self.get::<Order>(), self.get::<Scope>()) {
            (None, None) => Strength::Weak,
            // An atomic without an order is relaxed.
            (order, scope) => Strength::Ordered(order.unwrap_or(Order::Relaxed), scope.unwrap_or(Scope::Gpu)),
        }
    }

    /// What an atomic operation on elements of a type does.
    pub(crate) fn atomic(&mut self, ty: Type) -> Result<Atomic, String> {
        self.take("noftz");
        Ok(Atomic { operation: self.of_kind::<AtomicOperation>()?, ty })
    }

    // Operands, by position.

    pub(crate) fn operands(&self) -> &'d [Operand] {
        &self.instruction.operands
    }

    pub(crate) fn at(&self, index: usize) -> Result<&'d Operand, String> {
        self.operands().get(index).ok_or_else(|| format!("it has no operand {}", index + 1))
    }

    /// A source of at most 32 bits.
    pub(crate) fn word(&mut self, index: usize) -> Result<Slot, String> {
        let operand = self.at(index)?;
        self.builder.word(operand)
    }

    /// The destination and two sources of one bank.
    pub(crate) fn three(&mut self, wide: bool) -> Result<[Slot; 3], String> {
        Ok([self.result_value(wide)?, self.value(1, wide)?, self.value(2, wide)?])
    }

    /// The destination and three sources of one bank.
    pub(crate) fn four(&mut self, wide: bool) -> Result<[Slot; 4], String> {
        let [d, a, b] = self.three(wide)?;
        Ok([d, a, b, self.value(3, wide)?])
    }

    /// A source of 64 bits.
    pub(crate) fn long(&mut self, index: usize) -> Result<Slot, String> {
        self.value(index, true)
    }

    /// A source of the bank that `wide` tells.
    pub(crate) fn value(&mut self, index: usize, wide: bool) -> Result<Slot, String> {
        let operand = self.at(index)?;
        self.builder.value(operand, wide)
    }

    /// A source of either bank.
    pub(crate) fn data(&mut self, index: usize, bits: u32) -> Result<Data, String> {
        let operand = self.at(index)?;
        self.builder.data(operand, bits)
    }

    /// A predicate source.
    pub(crate) fn predicate(&mut self, index: usize) -> Result<PredicateSource, String> {
        let operand = self.at(index)?;
        self.builder.predicate(operand)
    }

    /// The destination, of at most 32 bits.
    pub(crate) fn result_word(&mut self) -> Result<Slot, String> {
        self.result_value(false)
    }

    /// The destination, of the bank that `wide` tells.
    pub(crate) fn result_value(&mut self, wide: bool) -> Result<Slot, String> {
        let operand = self.at(0)?;
        self.builder.destination_value(operand, wide)
    }

    /// The destination, of either bank.
    pub(crate) fn result_data(&mut self, bits: u32) -> Result<Data, String> {
        let operand = self.at(0)?;
        self.builder.destination_data(operand, bits)
    }

    /// The destination, a predicate.
    pub(crate) fn result_predicate(&mut self) -> Result<Slot, String> {
        let operand = self.at(0)?;
        self.builder.destination_predicate(operand)
    }

    /// An address in a space, or a generic one.
    pub(crate) fn address(&mut self, index: usize, space: Option<Space>) -> Result<Address, String> {
        let operand = self.at(index)?;
        self.builder.address(operand, space)
    }

    /// A pure function of up to three sources of `from` bits, in each lane: for what is too rare
    /// for a row of the interpreter.
    pub(crate) fn function(
        &mut self,
        class: Class,
        (from, to): (u32, u32),
        function: impl Fn([u64; 3]) -> u64 + Send + Sync + 'static,
    ) -> Result<(), String> {
        let mut sources = Vec::with_capacity(3);
        for source in &self.operands()[1..] {
            sources.push(self.builder.data(source, from)?);
        }
        let d = self.result_data(to)?;
        self.emit_function(class, d, sources, function);
        Ok(())
    }

    /// The same with sources and destination that are known.
    pub(crate) fn emit_function(
        &mut self,
        class: Class,
        d: Data,
        sources: Vec<Data>,
        function: impl Fn([u64; 3]) -> u64 + Send + Sync + 'static,
    ) {
        self.emit_own(class, Effect::Lanes, Function { function, d, sources });
    }
}

/// A pure function with its registers.
struct Function<F> {
    function: F,
    d: Data,
    sources: Vec<Data>,
}

impl<F> std::fmt::Debug for Function<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function").field("d", &self.d).field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl<F: Fn([u64; 3]) -> u64 + Send + Sync> Operation for Function<F> {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        for lane in lanes(site.mask) {
            let source = |index: usize| {
                self.sources.get(index).map_or(0, |&data| moves::read(site.r, data, 64, lane) as u64)
            };
            let value = (self.function)([source(0), source(1), source(2)]);
            moves::write(site.r, self.d, if self.d.long { 64 } else { 32 }, lane, value.into());
        }
        Ok(Step::Next)
    }
}
