//! What can go wrong in this crate.

use std::fmt;
use std::time::Duration;

use crossdock::host;

/// Why a kernel of this crate gave no verified result.
#[derive(Debug)]
pub enum Error {
    /// crossdock reports an error.
    Host(host::Error),
    /// The token did not reach a rank of the ring in time.
    Late {
        /// The rank that waited.
        rank: usize,
        /// The turn in which it waited; the first is 1.
        turn: u32,
        /// How long it waited, in the clock of the device.
        deadline: Duration,
    },
    /// Rows that cannot be quantised.
    Rows {
        /// Numbers in all.
        values: usize,
        /// Numbers per row.
        hidden: usize,
    },
    /// A kernel's result is not that of plain Rust.
    Wrong {
        /// The result.
        what: String,
        /// What plain Rust computes.
        expected: String,
        /// What the kernel computed.
        found: String,
    },
}

impl Error {
    /// Compares one result of a kernel with what plain Rust computes.
    ///
    /// # Errors
    /// When they differ.
    pub fn unless_equal<T: PartialEq + fmt::Debug>(
        what: impl fmt::Display,
        expected: T,
        found: T,
    ) -> Result<(), Error> {
        if expected == found {
            return Ok(());
        }
        let (expected, found) = (format!("{expected:?}"), format!("{found:?}"));
        Err(Error::Wrong { what: what.to_string(), expected, found })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Host(error) => error.fmt(f),
            Error::Late { rank, turn, deadline } => {
                write!(f, "rank {rank}: in turn {turn} the token did not come within {deadline:?}")
            }
            Error::Rows { values, hidden } => write!(
                f,
                "{values} numbers are no rows of {hidden} that can be quantised: bulk copies need a multiple of 16 per row, \
                 and rows must be whole"
            ),
            Error::Wrong { what, expected, found } => {
                write!(f, "{what} must be {expected}; the kernel computed {found}")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<host::Error> for Error {
    fn from(error: host::Error) -> Error {
        Error::Host(error)
    }
}
