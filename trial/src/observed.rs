//! The round itself, on one rank: through the library, with what the rank held copied out.

use std::sync::Arc;

use crossdock_device::{KernelSet, Wire};
use crossdock_host::report::{LaunchReport, RoundReport};
use crossdock_host::{Arrived, Capacity, Cluster, Dock, Error, Layout, NOWHERE, Rank, Routing};
use crossdock_oracle::{Arrival, Selection};
use half::bf16;

use crate::expert::opaque_rows;
use crate::{Routes, Trial};

/// What one rank held in a round. Equal ones are equal bit by bit, NaN included.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// What arrived; `rows` and `sides` as they lie in memory.
    pub arrival: Arrival,
    /// `[tokens, hidden]`: the combined tokens.
    pub results: Vec<bf16>,
    /// What the router's kernel chose, if it was asked.
    pub routed: Option<Routes>,
}

impl PartialEq for Observed {
    fn eq(&self, other: &Observed) -> bool {
        let bits = |rank: &Observed| rank.results.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        self.arrival == other.arrival && bits(self) == bits(other) && self.routed == other.routed
    }
}

/// What a round was on one rank.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What the rank held.
    pub observed: Observed,
    /// What that took.
    pub report: RoundReport,
    /// What the router's kernel took, if it was asked.
    pub router: Option<LaunchReport>,
}

impl Trial {
    /// Runs the round on a cluster with a rank for each that brings something, each with a dock
    /// that has room for just this round.
    ///
    /// # Errors
    /// When a rank fails.
    pub fn run(&self, cluster: &Cluster, kernels: &Arc<KernelSet>) -> Result<Vec<Outcome>, Error> {
        let capacity = Capacity::tokens(self.most_tokens()).layout(self.layout);
        cluster.run(|rank| self.round(rank, &mut rank.dock(Arc::clone(kernels), capacity)?))
    }

    /// Runs the round on a rank's dock. Collective.
    ///
    /// # Errors
    /// When the round fails.
    pub fn round(&self, rank: &Rank, dock: &mut Dock) -> Result<Outcome, Error> {
        let brought = &self.ranks[rank.index()];
        let sent = self.sent(rank.index())?;
        let Some(inputs) = &self.router else {
            let routing = Routing::new(&brought.routes.experts, &brought.routes.weights);
            return self.finish(dock.dispatch(&sent.tokens(), &routing)?);
        };
        let capacity = Capacity::tokens(self.most_tokens());
        let mut router = rank.router(rank.router_kernel(inputs.gate)?, capacity)?;
        router.set_bias(&inputs.bias)?;
        router.set_scaling(inputs.scaling)?;
        let routed = router.route(&brought.logits)?;
        let mut outcome = self.finish(dock.dispatch_routed(&sent.tokens(), &routed)?)?;
        outcome.observed.routed = Some(Routes { experts: routed.experts()?, weights: routed.weights()? });
        outcome.router = Some(routed.report());
        Ok(outcome)
    }

    /// Copies out what arrived, runs the experts, combines.
    fn finish(&self, arrived: Arrived<'_>) -> Result<Outcome, Error> {
        let arrival = self.held(&arrived)?;
        let outputs = self.outputs(&arrived, &arrival)?;
        let dispatch = arrived.report().clone();
        let combined = arrived.combine(&outputs)?;
        let report = RoundReport { dispatch, combine: combined.report };
        let observed = Observed { arrival, results: combined.rows, routed: None };
        Ok(Outcome { observed, report, router: None })
    }

    /// Copies out what arrived.
    ///
    /// # Errors
    /// When the device fails.
    pub fn held(&self, arrived: &Arrived<'_>) -> Result<Arrival, Error> {
        // A token's partial sums come home to as many rows as it can have destinations.
        let fan_out = self.ranks.len().min(self.shape.top_k as usize);
        let sizes = |values: &[u32]| values.iter().map(|&value| value as usize).collect();
        let origin = |origin: crossdock_host::Origin| (origin.rank as usize, origin.index as usize / fan_out);
        let selection = |selection: crossdock_host::Selection| {
            // What goes nowhere weighs nothing; where it does, the difference shows.
            let nothing = selection.slot == NOWHERE && selection.weight.to_bits() == 0;
            (!nothing).then_some(Selection { slot: selection.slot as usize, weight: selection.weight })
        };
        let row = |row: u32| (row != NOWHERE).then_some(row as usize);
        Ok(Arrival {
            origins: arrived.origins()?.into_iter().map(origin).collect(),
            rows: arrived.rows()?,
            sides: arrived.side_records()?,
            selections: arrived.selections()?.into_iter().map(selection).collect(),
            source_offsets: sizes(arrived.source_offsets()),
            expert_offsets: sizes(arrived.expert_offsets()),
            expert_counts: sizes(arrived.expert_counts()),
            expert_rows: arrived.expert_rows()?.into_iter().map(row).collect(),
        })
    }

    /// What the experts make of arrivals that were copied out, `[slots, hidden]`.
    ///
    /// # Errors
    /// When the device fails.
    pub fn outputs(&self, arrived: &Arrived<'_>, arrival: &Arrival) -> Result<Vec<bf16>, Error> {
        if !matches!(self.shape.wire, Wire::Opaque(_)) {
            return arrived.apply(|number, input, output| self.expert.compute(number, input, output));
        }
        let rows = opaque_rows(&arrival.rows, &arrival.sides, &self.shape);
        let (first, hidden) = (arrived.local_experts().start, self.shape.hidden as usize);
        Ok(self.expert.outputs(first, arrival, hidden, &rows, self.layout != Layout::BySource))
    }
}

/// FNV-1a over the bytes of all results, rank by rank: equal bits give equal hashes on every
/// machine.
pub fn hash<'a>(observed: impl IntoIterator<Item = &'a Observed>) -> u64 {
    let results = observed.into_iter().flat_map(|rank| &rank.results);
    results.flat_map(|value| value.to_le_bytes()).fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv() {
        let rank = |results: &[u16]| Observed {
            results: results.iter().map(|&bits| bf16::from_bits(bits)).collect(),
            ..Observed::default()
        };
        // FNV-1a of the empty string and of "foobar".
        assert_eq!(hash(&[]), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(&[rank(&[0x6f66]), rank(&[0x626f, 0x7261])]), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn observations_are_equal_by_their_bits() {
        let with = |value: f32| Observed { results: vec![bf16::from_f32(value)], ..Observed::default() };
        assert_eq!(with(f32::NAN), with(f32::NAN));
        assert_ne!(with(0.0), with(-0.0));
    }
}
