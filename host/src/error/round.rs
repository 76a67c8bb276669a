//! What errors of rounds name: a stage, and what there is too much of.

use std::fmt;

/// What a round has too much of at one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflowing {
    /// Arrived rows.
    Rows,
    /// Slots, with the alignment between experts.
    Slots,
    /// Slots of one expert, by its number among all.
    Expert(usize),
}

impl fmt::Display for Overflowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Overflowing::Rows => f.write_str("arrived rows"),
            Overflowing::Slots => f.write_str("slots"),
            Overflowing::Expert(number) => write!(f, "selections of expert {number}"),
        }
    }
}

/// A stage of a round, as kernels name it in a status record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Counting rows and selections.
    Count,
    /// Positions from everybody's counts.
    Layout,
    /// Rows to the ranks of their experts.
    Dispatch,
    /// Partial sums back to their tokens.
    Combine,
    /// The start of a round with known positions.
    BeginRound,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Count => "count",
            Stage::Layout => "layout",
            Stage::Dispatch => "dispatch",
            Stage::Combine => "combine",
            Stage::BeginRound => "begin_round",
        })
    }
}
