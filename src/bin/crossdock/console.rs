//! Output that survives a reader who leaves (`crossdock ptx | head`).

use std::io::{self, ErrorKind, Write};

use crate::failure::Failure;

/// Writes to standard output. A closed pipe is no failure: whoever read has seen enough.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes one sentence to standard error, if that is possible.
pub(crate) fn complain(failure: &Failure) {
    let _ = writeln!(io::stderr().lock(), "error: {failure}");
}
