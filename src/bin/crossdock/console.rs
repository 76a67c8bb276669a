//! Tables, and output that survives a reader who leaves (`crossdock ptx | head`).

use std::io::{self, ErrorKind, Write};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Row, Table};

use crate::failure::Failure;

/// An empty table.
pub(crate) fn table(header: impl Into<Row>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header);
    table
}

/// The table with all columns but the first few aligned as numbers are.
pub(crate) fn right_aligned(mut table: Table, but: usize) -> Table {
    for column in table.column_iter_mut().skip(but) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

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
