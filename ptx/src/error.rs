//! Everything that can be wrong with PTX text or with an instruction that is being built.

use std::fmt;

/// What was wrong, on which line of the PTX text, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text does not follow the PTX grammar.
    #[error("{line}expected {expected}, found {found}")]
    Syntax {
        /// Where.
        line: Line,
        /// What the grammar allows here.
        expected: String,
        /// What the text has.
        found: String,
    },
    /// Legal PTX that the model cannot hold.
    #[error("{line}{what} is not supported")]
    Unsupported {
        /// Where.
        line: Line,
        /// The construct, by name.
        what: String,
    },
    /// No row of the table has this mnemonic.
    #[error("{line}unknown instruction `{name}`")]
    UnknownInstruction {
        /// Where.
        line: Line,
        /// The mnemonic before the first dot.
        name: String,
    },
    /// No form of the instruction has this modifier.
    #[error("{line}`{name}` has no modifier `.{modifier}`; its forms are: {forms}")]
    UnknownModifier {
        /// Where.
        line: Line,
        /// The mnemonic.
        name: String,
        /// The modifier without its dot.
        modifier: String,
        /// Every form of the instruction.
        forms: String,
    },
    /// Every modifier exists, but no form has all of them together.
    #[error("{line}`{opcode}` is no legal combination of modifiers; the forms of `{name}` are: {forms}")]
    IllegalCombination {
        /// Where.
        line: Line,
        /// The opcode as written.
        opcode: String,
        /// The mnemonic.
        name: String,
        /// Every form of the instruction.
        forms: String,
    },
    /// The opcode is legal, its operands are not.
    #[error("{line}`{opcode}` takes the operands `{expected}`, found `{found}`")]
    Operands {
        /// Where.
        line: Line,
        /// The opcode.
        opcode: String,
        /// The operand pattern of the table.
        expected: String,
        /// The operands as written.
        found: String,
    },
    /// A register, label, variable or function is used and never declared.
    #[error("{line}{kind} `{name}` is not declared")]
    Undeclared {
        /// Where.
        line: Line,
        /// "register", "label" or "symbol".
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A name is declared more than once in a scope.
    #[error("{line}`{name}` is declared twice in this scope")]
    Redeclared {
        /// Where.
        line: Line,
        /// The name.
        name: String,
    },
    /// The instruction needs a newer GPU than the module's `.target`.
    #[error("{line}`{what}` needs {needed}; the module's target is {target}")]
    Target {
        /// Where.
        line: Line,
        /// The instruction or modifier.
        what: String,
        /// The least target.
        needed: String,
        /// The module's target.
        target: String,
    },
    /// The instruction needs a newer PTX version than the module's `.version`.
    #[error("{line}`{what}` needs PTX {needed}; the module's version is {version}")]
    Version {
        /// Where.
        line: Line,
        /// The instruction or modifier.
        what: String,
        /// The least version.
        needed: String,
        /// The module's version.
        version: String,
    },
    /// A register's type does not fit the operand.
    #[error("{line}operand `{operand}` of `{opcode}` must be {expected}; it is {found}")]
    RegisterClass {
        /// Where.
        line: Line,
        /// The opcode.
        opcode: String,
        /// The operand as written.
        operand: String,
        /// The class that the instruction needs.
        expected: String,
        /// The declared type.
        found: String,
    },
    /// There is no `ptxas` on this machine, or it does not run.
    #[error("no ptxas ({program}: {reason}; set PTXAS or PATH)")]
    NoAssembler {
        /// What was started.
        program: String,
        /// What happened.
        reason: String,
    },
    /// NVIDIA's assembler refuses the module.
    #[cfg(feature = "assembler")]
    #[error("ptxas refuses the module for {target}: {messages}")]
    NotAssembled {
        /// The GPU, such as `sm_90a`.
        target: String,
        /// What it said.
        messages: String,
    },
}

/// A line of PTX text, from 1; 0 for an instruction that was built and has no text.
///
/// Displays as the prefix of a message: `"line 12: "`, or nothing for 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line(pub u32);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, "line {}: ", self.0) }
    }
}
