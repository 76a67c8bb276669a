//! How many tokens the ranks bring: one number for all, or one for each.

use std::fmt;

use crate::failure::Failure;

/// Tokens of each rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counts(Vec<usize>);

impl Counts {
    /// As many for each of `ranks` ranks.
    pub(super) fn even(ranks: usize, tokens: usize) -> Counts {
        Counts(vec![tokens; ranks])
    }

    /// What `--tokens` gives: a number for all ranks, or as many numbers as ranks.
    pub(super) fn given(ranks: usize, numbers: &[u32]) -> Result<Counts, Failure> {
        match *numbers {
            [tokens] => Ok(Counts::even(ranks, tokens as usize)),
            _ if numbers.len() == ranks => {
                Ok(Counts(numbers.iter().map(|&tokens| tokens as usize).collect()))
            }
            _ => Err(Failure::arguments(format!(
                "--tokens gives {} numbers for {ranks} ranks: give one for all ranks, or one for each",
                numbers.len()
            ))),
        }
    }

    /// Tokens of all ranks.
    pub(super) fn sum(&self) -> usize {
        self.0.iter().sum()
    }

    /// Tokens of the rank that has most.
    pub(super) fn most(&self) -> usize {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// Whether all ranks have as many.
    pub(super) fn are_even(&self) -> bool {
        self.0.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// Tokens of a rank.
    pub(super) fn of(&self, rank: usize) -> usize {
        self.0[rank]
    }

    /// The tokens of a rank among those of all.
    pub(super) fn range(&self, rank: usize) -> std::ops::Range<usize> {
        let first = self.0[..rank].iter().sum();
        first..first + self.0[rank]
    }

    /// The rank that a token of all belongs to, and its number there.
    pub(super) fn place(&self, token: usize) -> (usize, usize) {
        let ranks = 0..self.0.len();
        let found = ranks.map(|rank| (rank, self.range(rank))).find(|(_, range)| range.contains(&token));
        found.map_or((0, token), |(rank, range)| (rank, token - range.start))
    }
}

impl fmt::Display for Counts {
    /// As `--tokens` takes them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = if self.are_even() { &self.0[..1] } else { &self.0[..] };
        let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        f.write_str(&words.join(","))
    }
}

impl serde::Serialize for Counts {
    /// A number if all ranks have as many, else a list.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.are_even() { self.most().serialize(serializer) } else { self.0.serialize(serializer) }
    }
}
