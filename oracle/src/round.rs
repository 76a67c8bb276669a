//! The input of a round: every rank's tokens and routes.

/// One round over all ranks.
#[derive(Clone, Debug, Default)]
pub struct Round {
    /// Experts in all, spread evenly over the ranks.
    pub experts: usize,
    /// Selections per token.
    pub top_k: usize,
    /// Elements per token.
    pub hidden: usize,
    /// Bytes of one row on the wire, without what travels beside it.
    pub row_bytes: usize,
    /// Bytes of one row where it starts, with what travels beside it if that starts there too.
    pub source_bytes: usize,
    /// Bytes that travel beside a row: scales, or other side tensors.
    pub side_bytes: usize,
    /// Where the slots of each expert begin.
    pub slots: Slots,
    /// What each rank brings, in rank order.
    pub sources: Vec<Source>,
}

/// Where the slots of a rank's experts begin, and whether rows lie at them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slots {
    /// One expert's slots after the other's; rows lie by source rank.
    #[default]
    BesideRows,
    /// Each expert's slots begin at a multiple of the number; rows lie at their slots, zeros at
    /// those that nobody takes.
    Aligned(usize),
    /// Every expert has so many slots; rows lie at their slots, and the others hold anything.
    Fixed(usize),
}

impl Slots {
    /// Slots of an expert that `count` selections name.
    pub(crate) fn of_expert(self, count: usize) -> usize {
        match self {
            Slots::BesideRows => count,
            Slots::Aligned(alignment) => count.div_ceil(alignment) * alignment,
            Slots::Fixed(slots) => slots,
        }
    }
}

/// What one rank brings to a round.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// `[tokens, top_k]`: the experts of each token, -1 for none.
    pub experts: Vec<i32>,
    /// `[tokens, top_k]`: the router's weights.
    pub weights: Vec<f32>,
    /// `[tokens, row_bytes]`: the rows as they travel.
    pub rows: Vec<u8>,
    /// `[tokens, side_bytes]`.
    pub sides: Vec<u8>,
}

impl Round {
    /// How many ranks take part.
    pub fn ranks(&self) -> usize {
        self.sources.len()
    }

    /// Experts that live on one rank.
    pub fn experts_per_rank(&self) -> usize {
        self.experts / self.ranks()
    }

    /// How many tokens `rank` brings.
    pub fn tokens(&self, rank: usize) -> usize {
        self.sources[rank].experts.len() / self.top_k
    }

    /// The expert of selection `k` of a token; `None` where the token selects none.
    pub fn expert(&self, rank: usize, token: usize, k: usize) -> Option<usize> {
        usize::try_from(self.sources[rank].experts[token * self.top_k + k]).ok()
    }

    /// The rank that holds the expert of selection `k` of a token.
    pub fn destination(&self, rank: usize, token: usize, k: usize) -> Option<usize> {
        self.expert(rank, token, k).map(|expert| expert / self.experts_per_rank())
    }

    /// The ranks that a token's row must reach, in the order in which its selections first name
    /// them.
    pub fn destinations(&self, rank: usize, token: usize) -> Vec<usize> {
        let mut named = Vec::new();
        for k in 0..self.top_k {
            if let Some(destination) = self.destination(rank, token, k)
                && !named.contains(&destination)
            {
                named.push(destination);
            }
        }
        named
    }
}
