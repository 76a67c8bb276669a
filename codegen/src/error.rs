//! The one error type of this crate: a list of mistakes, each at its own place.

use std::fmt;

use crate::ir::Span;

/// One mistake, in one plain sentence that says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Rust file, relative, when known.
    pub file: String,
    /// Position in it; the default span when there is none.
    pub span: Span,
    /// The sentence.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.span.line > 0 && !self.file.is_empty() {
            write!(f, "{} ({}:{}:{})", self.message, self.file, self.span.line, self.span.column + 1)
        } else {
            f.write_str(&self.message)
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why device code did not become PTX. `Debug` prints the sentence, too, because that is what a
/// `main` that returns the error shows.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The IR text is not IR.
    #[error("line {line} of the IR text: {message}")]
    Text {
        /// Line in the IR text, from 1.
        line: u32,
        /// What was expected.
        message: String,
    },
    /// The IR breaks a rule of the language.
    #[error("{}", list(.0))]
    Invalid(Vec<Mistake>),
    /// The kernel that was asked for is not there.
    #[error("there is no kernel `{name}`; the modules have {}", names(.available))]
    NoSuchKernel {
        /// What was asked for.
        name: String,
        /// What exists.
        available: Vec<String>,
    },
    /// A const parameter is missing, unknown or out of its type's range.
    #[error("{message}")]
    Parameter {
        /// The const parameter at fault.
        parameter: String,
        /// The sentence.
        message: String,
    },
    /// Several of these: each const parameter at fault has its own.
    #[error("{}", .0.iter().map(Error::to_string).collect::<Vec<_>>().join("\n"))]
    Several(Vec<Error>),
    /// A `const { assert!(..) }` of the kernel failed for these parameters.
    #[error("{}", mistake.message)]
    Relation {
        /// The violated relation, formatted.
        mistake: Mistake,
        /// Const parameters that the condition or message mentions, in order of mention.
        parameters: Vec<String>,
    },
    /// Constructs that cannot be specialised, such as a dynamic index into a register array.
    #[error("{}", list(.0))]
    Specialise(Vec<Mistake>),
    /// The emitted PTX breaks the instruction table: a bug in the back end, reported rather than
    /// printed.
    #[error("emitted PTX is not valid: {0}")]
    Ptx(#[from] crossdock_ptx::Error),
}

fn list(mistakes: &[Mistake]) -> String {
    mistakes.iter().map(Mistake::to_string).collect::<Vec<_>>().join("\n")
}

fn names(names: &[String]) -> String {
    match names {
        [] => "no kernels".to_string(),
        _ => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    }
}
