//! Why the tool stops early, and with which exit code.

use std::path::PathBuf;

use crossdock::host::Error;

/// Every way to fail. Bad input exits with 2; a run that went wrong exits with 1.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A flag, or flags together, ask for something that cannot be.
    #[error("{0}")]
    Arguments(String),
    /// A file does not hold what it should.
    #[error("{}: {problem}", path.display())]
    File { path: PathBuf, problem: String },
    /// The result differs from the reference.
    #[error("mismatch: {0}")]
    Mismatch(String),
    /// The kernels could not be made for the shape.
    #[error("{0}")]
    Kernels(String),
    /// Runs of `crossdock check` went wrong; they have been reported.
    #[error("{found} of {runs} runs went wrong")]
    Findings { found: usize, runs: u32 },
    /// Tests of `crossdock gpu-test` failed; they have been reported.
    #[error("{failed} of {tests} tests failed")]
    Tests { failed: usize, tests: usize },
    /// A Rust file has mistakes, each shown where it is.
    #[error("{0}")]
    Source(String),
    /// The round did not end.
    #[error("the round failed: {0}")]
    Round(String),
    /// A kernel did something wrong.
    #[error("{0}")]
    Kernel(String),
    /// The result is there, and its file does not take it.
    #[error("{}: the result could not be written: {problem}", path.display())]
    Unwritten { path: PathBuf, problem: String },
    /// Standard output does not take what is written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// Errors about what was asked for exit differently from errors of the round.
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::NoRanks { .. }
            | Error::SeveralNodes { .. }
            | Error::TooManyRanks { .. }
            | Error::UnevenExperts { .. }
            | Error::Hidden { .. }
            | Error::OpaqueRow { .. }
            | Error::OutOfRange { .. }
            | Error::Specialise(_)
            | Error::OverCapacity { .. }
            | Error::NoSuchExpert { .. }
            | Error::NoGpu { .. } => Failure::Arguments(error.to_string()),
            _ => Failure::Round(error.to_string()),
        }
    }
}

impl From<crossdock_trial::Error> for Failure {
    fn from(error: crossdock_trial::Error) -> Failure {
        use crossdock_trial::Error;
        match error {
            Error::Round(error) => error.into(),
            Error::Mismatch(difference) => Failure::Mismatch(difference),
            Error::Failed(problem) => Failure::Kernel(problem),
            Error::Rates { path, problem } => Failure::File { path, problem },
            Error::UnknownGpu { .. } => Failure::Arguments(format!("--model {error}")),
            _ => Failure::Kernels(error.to_string()),
        }
    }
}

impl Failure {
    /// 1 for a run that went wrong, 2 for bad input.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Failure::Mismatch(_)
            | Failure::Findings { .. }
            | Failure::Tests { .. }
            | Failure::Round(_)
            | Failure::Kernel(_)
            | Failure::Unwritten { .. }
            | Failure::Output(_) => 1,
            Failure::Arguments(_) | Failure::File { .. } | Failure::Kernels(_) | Failure::Source(_) => 2,
        }
    }

    /// A complaint about the flags.
    pub(crate) fn arguments(sentence: impl Into<String>) -> Failure {
        Failure::Arguments(sentence.into())
    }

    /// A complaint about a file.
    pub(crate) fn file(path: impl Into<PathBuf>, problem: impl ToString) -> Failure {
        Failure::File { path: path.into(), problem: problem.to_string() }
    }
}
