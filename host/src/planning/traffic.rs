//! How many bytes a token costs in each kernel, on average over random routes.

use crossdock_device::Shape;

/// Bytes per token of a rank. Ranks are alike, so what one sends another's equals what it gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Traffic {
    /// Read by the multiprocessors.
    pub(super) read: f64,
    /// Written by the multiprocessors, to whatever memory.
    pub(super) written: f64,
    /// Across NVLink, in each direction.
    pub(super) link: f64,
}

impl Traffic {
    /// Each row is read once and written once to every rank that needs it; with `by_expert`, rows
    /// that several local experts want are read once more and copied.
    pub(super) fn dispatch(shape: &Shape, ranks: usize, by_expert: bool) -> Traffic {
        let row = f64::from(shape.row_bytes()) + f64::from(shape.side_bytes());
        let reached = expected_ranks(ranks, shape.experts, shape.top_k);
        let copies = if by_expert { f64::from(shape.top_k) - reached } else { 0.0 };
        Traffic {
            read: row * (1.0 + copies.min(reached)),
            written: row * (reached + copies),
            link: row * reached * remote(ranks),
        }
    }

    /// Every expert output and every partial sum is read once; partial sums and results are written
    /// once.
    pub(super) fn combine(shape: &Shape, ranks: usize) -> Traffic {
        let row = f64::from(shape.output_row_bytes());
        let reached = expected_ranks(ranks, shape.experts, shape.top_k);
        Traffic {
            read: row * (f64::from(shape.top_k) + reached),
            written: row * (reached + 1.0),
            link: row * reached * remote(ranks),
        }
    }

    /// Every arrived gradient and every expert output is read once, and a gradient written per
    /// selection; nothing leaves the GPU.
    pub(super) fn gradient(shape: &Shape, ranks: usize) -> Traffic {
        let row = f64::from(shape.output_row_bytes());
        let reached = expected_ranks(ranks, shape.experts, shape.top_k);
        let top_k = f64::from(shape.top_k);
        Traffic { read: row * (reached + top_k), written: row * top_k, link: 0.0 }
    }
}

/// The share of a token's destinations that are other ranks.
fn remote(ranks: usize) -> f64 {
    1.0 - 1.0 / ranks as f64
}

/// How many of `ranks` ranks a token reaches on average when its `top_k` different experts are any
/// of `experts`: `ranks * (1 - C(experts - local, top_k) / C(experts, top_k))`.
pub(super) fn expected_ranks(ranks: usize, experts: u32, top_k: u32) -> f64 {
    let (ranks, experts) = (ranks as f64, f64::from(experts));
    let elsewhere = experts - experts / ranks;
    let missed: f64 =
        (0..top_k).map(f64::from).map(|drawn| ((elsewhere - drawn) / (experts - drawn)).max(0.0)).product();
    ranks * (1.0 - missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean over every choice of `top_k` out of `experts`.
    fn by_enumeration(ranks: usize, experts: u32, top_k: u32) -> f64 {
        let local = experts as usize / ranks;
        let (mut sum, mut choices) = (0, 0);
        for set in 0u32..1 << experts {
            if set.count_ones() == top_k {
                choices += 1;
                sum += (0..ranks).filter(|rank| set >> (rank * local) & ((1 << local) - 1) != 0).count();
            }
        }
        sum as f64 / f64::from(choices)
    }

    #[test]
    fn expected_ranks_are_the_mean_over_all_choices() {
        for (ranks, experts) in [(1, 6), (2, 8), (3, 9), (4, 12), (6, 12)] {
            for top_k in 1..=experts {
                let (found, expected) =
                    (expected_ranks(ranks, experts, top_k), by_enumeration(ranks, experts, top_k));
                assert!((found - expected).abs() < 1e-9, "{ranks}, {experts}, {top_k}: {found}, {expected}");
            }
        }
        // DeepSeek-V3 on 8 ranks, as published of DeepEP's own plan.
        assert!((expected_ranks(8, 256, 8) - 5.29).abs() < 0.005);
    }
}
