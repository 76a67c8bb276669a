//! Slices that have the wrong length are refused with the rule that they break.

use crate::{Error, Result};

/// Refuses a slice of `found` elements where the rule wants `expected`.
pub(crate) fn length(
    rank: usize,
    what: &'static str,
    rule: &'static str,
    (found, expected): (usize, usize),
) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Length { rank, what, rule, expected, found }) }
}

/// Refuses a slice of fewer elements than the rule wants.
pub(crate) fn at_least(
    rank: usize,
    what: &'static str,
    rule: &'static str,
    (found, expected): (usize, usize),
) -> Result<()> {
    length(rank, what, rule, (found.min(expected), expected))
}
