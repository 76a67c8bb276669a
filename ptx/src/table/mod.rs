//! The instruction table: every form of every instruction, once.
//!
//! A [`Row`] is written in the notation of the PTX ISA: `ld{.weak}{.<space>}.<data> d=data, [a]`.
//! Braces are optional parts, `.<name>` is a slot whose alternatives are listed once in [`slots`],
//! `.a|.b` are alternatives in place. After the space come the operands (see [`operand`]). The
//! parser, the order in which the printer writes modifiers, the checks, the reference page and the
//! assembler test all follow from these rows.
//!
//! Combinations that are illegal together are different rows: `ld.acquire` has a scope and no
//! `.nc`.

mod arithmetic;
mod asynchronous;
mod barrier;
mod control;
mod conversion;
mod example;
mod floating;
pub mod form;
mod logic;
mod memory;
mod multimem;
pub mod opcode;
pub mod operand;
mod reference;
mod requirement;
pub mod slots;
mod synchronous;
mod target;
mod video;

use rustc_hash::FxHashMap;
use std::sync::LazyLock;

pub use example::{Example, MODULE_PRELUDE, examples};
pub use reference::reference;
pub use requirement::{Requirement, Sm};
pub use target::{NEWEST_VERSION, Target};

use crate::version::Version;
use form::Form;

/// What an instruction does to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing.
    None,
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Reads and writes, as atomics do.
    ReadWrite,
    /// Orders other accesses.
    Fence,
    /// Starts or awaits work that another agent does.
    Async,
}

/// Which threads must execute an instruction together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Convergence {
    /// Any thread on its own.
    None,
    /// The threads of a warp (or those in the member mask).
    Warp,
    /// The threads of a block or cluster.
    Block,
}

/// One form of an instruction.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// The mnemonic before the first dot: `ld`.
    pub name: &'static str,
    /// Mnemonic and modifiers: `ld{.weak}{.<space>}.<data>`.
    pub grammar: &'static str,
    /// Operand pattern: `d=data, [a]`.
    pub operands: &'static str,
    /// Least PTX version and GPU for the form; single modifiers may need more.
    pub requirement: Requirement,
    /// Modifiers that need a newer PTX version in this row than the row itself.
    pub newer_modifiers: &'static [(&'static str, Version)],
    /// What it does to memory.
    pub effect: Effect,
    /// Which threads must execute it together.
    pub convergence: Convergence,
}

impl Row {
    /// A row with no memory effect, for any thread on its own. `version` is `(major, minor)`, `sm`
    /// the least GPU.
    const fn new(notation: &'static str, version: (u32, u32), sm: u32) -> Row {
        let bytes = notation.as_bytes();
        let mut name = 0;
        while name < bytes.len() && bytes[name] != b'.' && bytes[name] != b'{' && bytes[name] != b' ' {
            name += 1;
        }
        let mut end = name;
        while end < bytes.len() && bytes[end] != b' ' {
            end += 1;
        }
        let (grammar, rest) = notation.split_at(end);
        let operands = if rest.is_empty() { rest } else { rest.split_at(1).1 };
        Row {
            name: notation.split_at(name).0,
            grammar,
            operands,
            requirement: Requirement {
                version: Version { major: version.0, minor: version.1 },
                sm: Sm { number: sm, specific: false },
            },
            newer_modifiers: &[],
            effect: Effect::None,
            convergence: Convergence::None,
        }
    }

    const fn effect(mut self, effect: Effect) -> Row {
        self.effect = effect;
        self
    }

    const fn reads(self) -> Row {
        self.effect(Effect::Read)
    }

    const fn writes(self) -> Row {
        self.effect(Effect::Write)
    }

    const fn updates(self) -> Row {
        self.effect(Effect::ReadWrite)
    }

    const fn fences(self) -> Row {
        self.effect(Effect::Fence)
    }

    const fn asynchronous(self) -> Row {
        self.effect(Effect::Async)
    }

    const fn warp(mut self) -> Row {
        self.convergence = Convergence::Warp;
        self
    }

    const fn block(mut self) -> Row {
        self.convergence = Convergence::Block;
        self
    }

    /// Modifiers that came in a later PTX version than the row.
    const fn since(mut self, newer_modifiers: &'static [(&'static str, Version)]) -> Row {
        self.newer_modifiers = newer_modifiers;
        self
    }

    /// Only for architecture-specific targets, such as `sm_90a`.
    const fn specific(mut self) -> Row {
        self.requirement.sm.specific = true;
        self
    }

    /// The grammar as data.
    pub fn form(&'static self) -> &'static Form {
        INDEX
            .forms
            .get(&std::ptr::from_ref(self).addr())
            .expect("only this module makes rows, and the index holds all")
    }
}

/// A version, for [`Row::since`].
const fn version(major: u32, minor: u32) -> Version {
    Version { major, minor }
}

static SECTIONS: &[&[Row]] = &[
    memory::ROWS,
    multimem::ROWS,
    synchronous::ROWS,
    barrier::ROWS,
    asynchronous::ROWS,
    conversion::ROWS,
    arithmetic::ROWS,
    floating::ROWS,
    logic::ROWS,
    video::ROWS,
    control::ROWS,
];

/// Every row, in the order of the reference page.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    SECTIONS.iter().copied().flatten()
}

/// The rows of one mnemonic; empty when there is no such instruction.
pub fn rows_named(name: &str) -> &'static [&'static Row] {
    INDEX.names.get(name).map_or(&[], Vec::as_slice)
}

struct Index {
    names: FxHashMap<&'static str, Vec<&'static Row>>,
    forms: FxHashMap<usize, Form>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { names: FxHashMap::default(), forms: FxHashMap::default() };
    for row in rows() {
        index.names.entry(row.name).or_default().push(row);
        index.forms.insert(std::ptr::from_ref(row).addr(), Form::of(row));
    }
    index
});
