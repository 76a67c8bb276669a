//! How large a round may be and how its arrivals lie: what sizes the memory of a dock.

use crossdock_device::layout::code::slots_of_expert;
use crossdock_device::{Layout, Shape};

use crate::{Error, Result};

/// How large a round may be, and how its arrivals lie. Equal on all ranks.
///
/// ```
/// use crossdock_host::{Capacity, Layout};
///
/// // Up to 4096 tokens per rank, never more than 10,000 rows on one rank, rows grouped by
/// // expert in blocks of 128.
/// let capacity = Capacity::tokens(4096).rows(10_000).layout(Layout::ByExpert { alignment: 128 });
/// # let _ = capacity;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    tokens: usize,
    rows: Option<usize>,
    layout: Layout,
}

impl Capacity {
    /// Up to `tokens` tokens per rank and round. Room is made for the worst case, in which every
    /// token of every rank goes to this rank, unless [`rows`](Self::rows) limits it.
    pub const fn tokens(tokens: usize) -> Capacity {
        Capacity { tokens, rows: None, layout: Layout::BySource }
    }

    /// Room for `rows` arrived rows only, and for as many slots before alignment. A round that
    /// needs more fails on every rank alike with [`Error::Overflow`], before any row is sent, and
    /// the next round can begin.
    pub const fn rows(self, rows: usize) -> Capacity {
        Capacity { rows: Some(rows), ..self }
    }

    /// The tokens it was made for.
    pub(crate) const fn count(self) -> usize {
        self.tokens
    }

    /// How arrivals lie.
    pub const fn layout(self, layout: Layout) -> Capacity {
        Capacity { layout, ..self }
    }
}

/// The sizes that follow from a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ResolvedCapacity {
    /// Tokens of a rank.
    pub(crate) tokens: usize,
    /// Arrived rows.
    pub(crate) rows: usize,
    /// Slots, those that nobody takes included.
    pub(crate) slots: usize,
    pub(crate) layout: Layout,
}

impl ResolvedCapacity {
    /// Works the sizes out, or says why they cannot be.
    pub(crate) fn new(capacity: Capacity, shape: &Shape, ranks: usize) -> Result<ResolvedCapacity> {
        let Capacity { tokens, rows, layout } = capacity;
        let out_of_range = |parameter: &'static str, value: u64, least: u64, most: u64| {
            Err(Error::OutOfRange { parameter, value, least, most })
        };
        // Indices of tokens, places, rows and slots are 32 bits in the kernels.
        let most = u64::from(u32::MAX / 2) / (ranks as u64 * u64::from(shape.top_k));
        if tokens as u64 > most {
            return out_of_range("Capacity::tokens", tokens as u64, 0, most);
        }
        let local_experts = shape.experts as usize / ranks;
        let worst = ranks * tokens;
        let rows = rows.unwrap_or(worst).min(worst);
        let used = if capacity.rows.is_some() { rows } else { worst * shape.top_k as usize };
        let slots = match layout {
            Layout::BySource => rows.saturating_mul(shape.top_k as usize),
            Layout::ByExpert { alignment } => {
                let most = u64::from(u32::MAX / 4) / local_experts as u64;
                if alignment == 0 || u64::from(alignment) > most {
                    return out_of_range("the alignment of Layout::ByExpert", alignment.into(), 1, most);
                }
                // Each expert may leave all but one slot of its last group unused.
                used + local_experts * (alignment as usize - 1)
            }
            Layout::Masked { capacity } => {
                let most = u64::from(u32::MAX / 2) / local_experts as u64;
                if capacity == 0 || u64::from(capacity) > most {
                    return out_of_range("the capacity of Layout::Masked", capacity.into(), 1, most);
                }
                local_experts * slots_of_expert(0, 1, capacity) as usize
            }
        };
        Ok(ResolvedCapacity { tokens, rows, slots, layout })
    }

    /// Rows of the buffer that peers write rows to.
    pub(crate) fn arrivals(&self) -> usize {
        if self.layout.is_by_expert() { self.slots } else { self.rows }
    }
}

#[cfg(test)]
mod tests {
    use crossdock_device::Wire;

    use super::*;

    const SHAPE: Shape = Shape { hidden: 16, top_k: 3, experts: 8, wire: Wire::Bf16 };

    fn capacity(capacity: Capacity) -> ResolvedCapacity {
        ResolvedCapacity::new(capacity, &SHAPE, 2).expect("the capacity is legal")
    }

    #[test]
    fn sizes_follow_from_the_worst_case_or_the_limit() {
        let plain = capacity(Capacity::tokens(10));
        assert_eq!((plain.rows, plain.slots, plain.arrivals()), (20, 60, 20));
        let grouped = capacity(Capacity::tokens(10).layout(Layout::ByExpert { alignment: 4 }));
        assert_eq!((grouped.rows, grouped.slots, grouped.arrivals()), (20, 60 + 4 * 3, 72));
        let limited = capacity(Capacity::tokens(10).rows(7).layout(Layout::ByExpert { alignment: 1 }));
        assert_eq!((limited.rows, limited.slots), (7, 7));
        let masked = capacity(Capacity::tokens(10).layout(Layout::Masked { capacity: 5 }));
        assert_eq!((masked.slots, masked.arrivals()), (20, 20));
        assert_eq!(capacity(Capacity::tokens(0)).arrivals(), 0);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let message = |capacity| ResolvedCapacity::new(capacity, &SHAPE, 2).expect_err("illegal").to_string();
        assert_eq!(
            message(Capacity::tokens(1).layout(Layout::ByExpert { alignment: 0 })),
            "the alignment of Layout::ByExpert must be 1 to 268435455: 0 is not"
        );
        assert_eq!(
            message(Capacity::tokens(1).layout(Layout::Masked { capacity: 0 })),
            "the capacity of Layout::Masked must be 1 to 536870911: 0 is not"
        );
        assert!(message(Capacity::tokens(usize::MAX)).starts_with("Capacity::tokens must be 0 to 357913941"));
    }
}
