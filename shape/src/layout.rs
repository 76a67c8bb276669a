//! How arrived rows lie: `by_source`, `by_expert(alignment: 128)` or `masked(capacity: 64)`.

use std::fmt;
use std::str::FromStr;

use crate::text::{self, Error, Fields, Mistake, Placed, Value};

/// How the rows that arrive at a rank lie in its memory. In every layout, rows come in the same
/// order each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// One row per token that needs this rank, grouped by source rank and inside by token. Experts
    /// find their inputs through the arrived row of each slot.
    #[default]
    BySource,
    /// One row per selection, at its slot: grouped by local expert and inside by source rank, token
    /// and position in top-k. The rows of each expert begin at a multiple of `alignment`; the rows
    /// between are zeros. What a grouped GEMM takes.
    ByExpert {
        /// In rows; 1 for none.
        alignment: u32,
    },
    /// `[local experts, capacity, hidden]`: as [`ByExpert`](Self::ByExpert), with the same number
    /// of slots for every expert, of which the first ones, as many as it was sent, hold rows and
    /// the others nothing. What a masked GEMM takes.
    Masked {
        /// Slots of each expert.
        capacity: u32,
    },
}

impl Layout {
    /// Whether rows lie at their slots.
    pub const fn is_by_expert(self) -> bool {
        !matches!(self, Layout::BySource)
    }

    /// Slots that an expert's first one is a multiple of.
    pub const fn alignment(self) -> u32 {
        if let Layout::ByExpert { alignment } = self { alignment } else { 1 }
    }

    /// Slots of every expert; 0 for as many as it needs.
    pub const fn expert_capacity(self) -> u32 {
        if let Layout::Masked { capacity } = self { capacity } else { 0 }
    }
}

const RULE: &str = "a layout is `by_source`, `by_expert(alignment: 128)` or `masked(capacity: 64)`";

/// The layout that a spelling of before version 0.1 named, such as `expert:8`.
fn earlier(text: &str) -> Option<Layout> {
    let (word, rows) = text.split_once(':').unwrap_or((text, ""));
    match word {
        "source" => Some(Layout::BySource),
        "expert" => Some(Layout::ByExpert { alignment: rows.parse().ok()? }),
        "masked" => Some(Layout::Masked { capacity: rows.parse().ok()? }),
        _ => None,
    }
}

impl FromStr for Layout {
    type Err = Error;

    fn from_str(text: &str) -> Result<Layout, Error> {
        text::no_earlier(text, earlier(text))?;
        let Placed { at, it } = text::value(text)?;
        let refused =
            |message: &str| Err(Error(vec![Mistake { at: at.clone(), message: message.to_owned() }]));
        let (owner, name) = match it {
            Value::Word("by_source", None) => return Ok(Layout::BySource),
            Value::Word("by_source", Some(_)) => return refused("by_source has no options: leave them out"),
            Value::Word("by_expert", _) => ("by_expert", "alignment"),
            Value::Word("masked", _) => ("masked", "capacity"),
            _ => return refused(RULE),
        };
        let options = if let Value::Word(_, Some(options)) = it { options } else { Vec::new() };
        let mut fields = Fields::new(owner, options);
        let rows = fields.number(name, 1);
        let mistakes = fields.finish();
        match rows {
            _ if !mistakes.is_empty() => Err(Error(mistakes)),
            None if owner == "masked" => refused("masked needs its capacity: `masked(capacity: 64)`"),
            None => refused("by_expert needs its alignment, 1 for none: `by_expert(alignment: 128)`"),
            Some(capacity) if owner == "masked" => Ok(Layout::Masked { capacity }),
            Some(alignment) => Ok(Layout::ByExpert { alignment }),
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layout::BySource => f.write_str("by_source"),
            Layout::ByExpert { alignment } => write!(f, "by_expert(alignment: {alignment})"),
            Layout::Masked { capacity } => write!(f, "masked(capacity: {capacity})"),
        }
    }
}
