//! The fewest bytes that a round can move.

use crate::{Arrival, Round, Slots};

/// Lower bounds of the bytes that one stage moves, over all ranks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Rows that the stage must deliver, on the own rank and on others.
    pub rows: u64,
    /// Bytes that must cross NVLink.
    pub nvlink: u64,
    /// Bytes that ranks must read from and write to their own memory.
    pub hbm: u64,
}

/// Dispatch: each row and what travels beside it once to every rank that needs it, read once where
/// it starts. Where rows lie by expert, the receiving rank reads a row once more if several of its
/// experts want it, and writes each further copy and the zeros between experts.
pub fn dispatch_bounds(round: &Round, arrivals: &[Arrival]) -> Bounds {
    let bytes = (round.row_bytes + round.side_bytes) as u64;
    let mut bounds = Bounds::default();
    for_each_token(round, |rank, destinations| {
        bounds.rows += destinations.len() as u64;
        bounds.hbm += if destinations.is_empty() { 0 } else { round.source_bytes as u64 };
        for &destination in destinations {
            *(if destination == rank { &mut bounds.hbm } else { &mut bounds.nvlink }) += bytes;
        }
    });
    if round.slots != Slots::BesideRows {
        for arrival in arrivals {
            for selections in arrival.selections.chunks(round.top_k) {
                let copies = selections.iter().flatten().count() as u64;
                bounds.hbm += if copies > 1 { copies * bytes } else { 0 };
            }
            if let Slots::Aligned(_) = round.slots {
                bounds.hbm += arrival.expert_rows.iter().filter(|row| row.is_none()).count() as u64 * bytes;
            }
        }
    }
    bounds
}

/// Combine: each expert output read once, one partial sum per row back to its source, and every
/// result written once.
pub fn combine_bounds(round: &Round, arrivals: &[Arrival]) -> Bounds {
    let bytes = 2 * round.hidden as u64;
    let slots: usize = arrivals.iter().flat_map(|arrival| &arrival.expert_counts).sum();
    let mut bounds = Bounds { hbm: slots as u64 * bytes, ..Bounds::default() };
    for_each_token(round, |rank, destinations| {
        bounds.rows += destinations.len() as u64;
        for &destination in destinations {
            // Written here or across NVLink; read here either way.
            *(if destination == rank { &mut bounds.hbm } else { &mut bounds.nvlink }) += bytes;
            bounds.hbm += bytes;
        }
        bounds.hbm += bytes;
    });
    bounds
}

fn for_each_token(round: &Round, mut visit: impl FnMut(usize, &[usize])) {
    for rank in 0..round.ranks() {
        for token in 0..round.tokens(rank) {
            visit(rank, &round.destinations(rank, token));
        }
    }
}
