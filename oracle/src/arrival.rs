//! What each rank must hold after dispatch.

use crate::{Round, Slots};

/// What one rank must hold after dispatch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Arrival {
    /// `[rows]`: source rank and token of each row.
    pub origins: Vec<(usize, usize)>,
    /// `[rows, row_bytes]`.
    pub rows: Vec<u8>,
    /// `[rows, side_bytes]`.
    pub sides: Vec<u8>,
    /// `[rows, top_k]`: the selections of each row that are on this rank, `None` for those that are
    /// elsewhere or nowhere.
    pub selections: Vec<Option<Selection>>,
    /// `[ranks + 1]`: where each source's rows begin.
    pub source_offsets: Vec<usize>,
    /// `[experts per rank + 1]`: where each local expert's slots begin.
    pub expert_offsets: Vec<usize>,
    /// `[experts per rank]`: how many of its slots hold a selection.
    pub expert_counts: Vec<usize>,
    /// `[slots]`: the row that each slot takes; `None` for those that nobody takes.
    pub expert_rows: Vec<Option<usize>>,
}

/// One selection of an arrived row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    /// The slot in the rank's list of expert inputs and outputs.
    pub slot: usize,
    /// The router's weight.
    pub weight: f32,
}

/// What every rank must hold after dispatch, in rank order.
pub fn arrivals(round: &Round) -> Vec<Arrival> {
    (0..round.ranks()).map(|rank| arrival(round, rank)).collect()
}

fn arrival(round: &Round, here: usize) -> Arrival {
    let mut arrival = Arrival { source_offsets: vec![0], ..Arrival::default() };
    for (rank, source) in round.sources.iter().enumerate() {
        for token in 0..round.tokens(rank) {
            if round.destinations(rank, token).contains(&here) {
                arrival.origins.push((rank, token));
                arrival.rows.extend(&source.rows[token * round.row_bytes..][..round.row_bytes]);
                arrival.sides.extend(&source.sides[token * round.side_bytes..][..round.side_bytes]);
            }
        }
        arrival.source_offsets.push(arrival.origins.len());
    }

    // Slots are handed out expert by expert; the rows are already in the order that the slots of
    // one expert need.
    arrival.selections = vec![None; arrival.origins.len() * round.top_k];
    arrival.expert_offsets.push(0);
    let first_expert = here * round.experts_per_rank();
    for expert in first_expert..first_expert + round.experts_per_rank() {
        let first = arrival.expert_rows.len();
        for (row, &(rank, token)) in arrival.origins.iter().enumerate() {
            for k in 0..round.top_k {
                if round.expert(rank, token, k) == Some(expert) {
                    let weight = round.sources[rank].weights[token * round.top_k + k];
                    arrival.selections[row * round.top_k + k] =
                        Some(Selection { slot: arrival.expert_rows.len(), weight });
                    arrival.expert_rows.push(Some(row));
                }
            }
        }
        let count = arrival.expert_rows.len() - first;
        arrival.expert_counts.push(count);
        arrival.expert_rows.resize(first + round.slots.of_expert(count), None);
        arrival.expert_offsets.push(arrival.expert_rows.len());
    }
    arrival
}

impl Arrival {
    /// `rows`, `[rows, width]`, as they lie in memory: by source, or copied to the slots that take
    /// them, with `filler` between.
    pub fn stored<T: Copy>(&self, round: &Round, rows: &[T], width: usize, filler: T) -> Vec<T> {
        if round.slots == Slots::BesideRows {
            return rows.to_vec();
        }
        let mut stored = Vec::with_capacity(self.expert_rows.len() * width);
        for row in &self.expert_rows {
            match row {
                Some(row) => stored.extend_from_slice(&rows[row * width..][..width]),
                None => stored.extend(std::iter::repeat_n(filler, width)),
            }
        }
        stored
    }
}
