//! What a run reports: the JSON object, and the numbers that the tables show.

use crossdock::Shape;
use crossdock::host::planning::KernelSms;
use crossdock::host::report::{Activity, Counters, LaunchReport, RoundReport, StageReport};
use crossdock_oracle::{Bounds, combine_bounds, dispatch_bounds};
use crossdock_trial::model::Estimate;
use crossdock_trial::{Observed, Reference, hash};
use serde::Serialize;

use super::counts::Counts;
use super::inputs::Inputs;
use super::round::Ran;
use super::rounding::Rounded;
use crate::flags::word;
use crate::run::arguments::RunArguments;

/// One run.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether every byte is as the reference says.
    pub(super) verified: bool,
    /// The first difference, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mismatch: Option<String>,
    /// Hash of the combined tokens of all ranks.
    pub(super) hash: String,
    /// How many ranks took part.
    pub(super) ranks: usize,
    /// Tokens per rank: a number, or a list where they differ.
    pub(super) tokens: Counts,
    /// What became of activations of a file that are no bf16.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rounded: Option<Rounded>,
    pub(super) hidden: u32,
    pub(super) top_k: u32,
    pub(super) experts: u32,
    pub(super) wire: String,
    /// What the simulated experts did.
    pub(super) expert: String,
    /// What the router's kernel took, if it was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) router: Option<RouterReport>,
    /// What the kernels may take of each GPU.
    pub(super) plan: PlanReport,
    pub(super) dispatch: Stage,
    pub(super) combine: Stage,
    pub(super) seconds: Seconds,
    /// What the round would take on a GPU, if `--model` asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) estimate: Option<Estimate>,
    /// One entry per rank.
    pub(super) per_rank: Vec<RankReport>,
}

/// What the kernels of a stage may take of each GPU.
#[derive(Debug, Serialize)]
pub(super) struct PlanReport {
    pub(super) dispatch: KernelSms,
    pub(super) combine: KernelSms,
}

/// The router's kernel over all ranks. Its execution is part of dispatch's seconds.
#[derive(Debug, Serialize)]
pub(super) struct RouterReport {
    /// How experts were scored.
    pub(super) score: String,
    pub(super) groups: u32,
    pub(super) top_groups: u32,
    pub(super) warp_instructions: Option<u64>,
}

/// One stage over all ranks. Counters are `null` where the machine cannot count.
#[derive(Debug, Serialize)]
pub(super) struct Stage {
    /// Rows that the stage delivered: tokens to ranks, or partial sums to tokens.
    pub(super) rows: u64,
    pub(super) warp_instructions: Option<u64>,
    pub(super) bytes: Bytes,
    /// How the instructions were executed; absent where the machine cannot count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) activity: Option<StageActivity>,
    pub(super) seconds: StageSeconds,
}

/// What the launches of a stage did on all ranks together; `docs/counters.md` defines each number.
#[derive(Debug, Serialize)]
pub(super) struct StageActivity {
    #[serde(flatten)]
    counted: Activity,
    /// Share of the warps that would have fitted on the busy multiprocessors.
    occupancy: f64,
}

/// Bytes moved, and the fewest that could be.
#[derive(Debug, Serialize)]
pub(super) struct Bytes {
    pub(super) nvlink: Option<u64>,
    pub(super) nvlink_bound: u64,
    pub(super) hbm: Option<u64>,
    pub(super) hbm_bound: u64,
}

/// Wall-clock time of one stage.
#[derive(Debug, Serialize)]
pub(super) struct StageSeconds {
    /// Executing its kernels.
    pub(super) emulate: f64,
}

/// Where the wall-clock time went.
#[derive(Debug, Serialize)]
pub(super) struct Seconds {
    /// Everything around the kernels: memory, copies, experts.
    pub(super) host: f64,
    /// Making the kernels.
    pub(super) specialise: f64,
    /// Executing them.
    pub(super) emulate: f64,
}

/// One rank.
#[derive(Debug, Serialize)]
pub(super) struct RankReport {
    pub(super) rank: usize,
    /// Tokens with at least one route.
    pub(super) tokens_sent: usize,
    /// Rows sent, counting one per destination rank, this one included.
    pub(super) rows_sent: usize,
    pub(super) rows_received: usize,
    /// Selections per local expert.
    pub(super) per_expert: Spread,
    /// Bytes that this rank's own kernels read from and wrote to each peer's memory. What the
    /// peers' kernels access here is in their entries.
    pub(super) links: Vec<Link>,
}

/// The spread of selections over a rank's experts.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Spread {
    pub(super) minimum: usize,
    pub(super) median: f64,
    pub(super) maximum: usize,
}

/// Bytes that one rank's own kernels read from and wrote to one peer's memory, by stage.
#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) peer: usize,
    pub(super) dispatch: u64,
    pub(super) combine: u64,
}

impl Report {
    /// `seconds` are those of the round and of making the kernels.
    pub(super) fn new(
        arguments: &RunArguments,
        inputs: &Inputs,
        reference: &Reference,
        ran: &Ran,
        (round, specialise): (f64, f64),
        mismatch: Option<String>,
    ) -> Report {
        let trial = &inputs.trial;
        let Shape { hidden, top_k, experts, wire } = trial.shape;
        let Ran { sm_plan, observed, reports, routers } = ran;
        let rows = observed.iter().map(|rank| rank.arrival.origins.len() as u64).sum();
        let stages = |stage: fn(&RoundReport) -> &StageReport| reports.iter().map(stage).collect::<Vec<_>>();
        let dispatch = Stage::new(
            rows,
            &stages(|report| &report.dispatch),
            dispatch_bounds(&reference.round, &reference.arrivals),
        );
        let combine = combine_bounds(&reference.round, &reference.arrivals);
        let combine = Stage::new(rows, &stages(|report| &report.combine), combine);
        let emulate = dispatch.seconds.emulate + combine.seconds.emulate;
        Report {
            verified: mismatch.is_none(),
            mismatch,
            hash: format!("{:#018x}", hash(observed)),
            ranks: trial.ranks.len(),
            tokens: inputs.tokens.clone(),
            rounded: inputs.rounded,
            hidden,
            top_k,
            experts,
            wire: wire.to_string(),
            expert: trial.expert.to_string(),
            router: arguments.router.zip(trial.router.as_ref()).map(|(name, router)| RouterReport {
                score: word(name),
                groups: router.gate.groups,
                top_groups: router.gate.top_groups,
                warp_instructions: routers.iter().map(router_instructions).sum(),
            }),
            plan: PlanReport { dispatch: sm_plan.dispatch, combine: sm_plan.combine },
            dispatch,
            combine,
            seconds: Seconds { host: (round - emulate).max(0.0), specialise, emulate },
            estimate: None,
            per_rank: (0..observed.len())
                .map(|rank| RankReport::new(rank, reference, &observed[rank], &reports[rank]))
                .collect(),
        }
    }
}

/// What the router's kernel of one rank issued.
fn router_instructions(router: &Option<LaunchReport>) -> Option<u64> {
    Some(router.as_ref()?.counters.as_ref()?.warp_instructions)
}

impl Stage {
    fn new(rows: u64, ranks: &[&StageReport], bounds: Bounds) -> Stage {
        let counters: Option<Vec<Counters>> = ranks.iter().map(|rank| rank.counters()).collect();
        let sum = |count: fn(&Counters) -> u64| counters.as_ref().map(|ranks| ranks.iter().map(count).sum());
        Stage {
            rows,
            warp_instructions: sum(|counters| counters.warp_instructions),
            bytes: Bytes {
                nvlink: sum(|counters| counters.traffic.nvlink_total()),
                nvlink_bound: bounds.nvlink,
                hbm: sum(|counters| counters.traffic.hbm_total()),
                hbm_bound: bounds.hbm,
            },
            activity: counters.as_ref().map(|ranks| {
                let mut counted = Activity::default();
                ranks.iter().for_each(|counters| counted += &counters.activity);
                StageActivity { occupancy: counted.occupancy(), counted }
            }),
            // The ranks' kernels are executed together.
            seconds: StageSeconds { emulate: ranks.iter().map(|rank| rank.seconds()).fold(0.0, f64::max) },
        }
    }
}

impl RankReport {
    fn new(rank: usize, reference: &Reference, observed: &Observed, report: &RoundReport) -> RankReport {
        let round = &reference.round;
        let destinations: Vec<usize> =
            (0..round.tokens(rank)).map(|token| round.destinations(rank, token).len()).collect();
        let links = |stage: &StageReport| {
            stage.counters().map(|counters| counters.traffic.nvlink).unwrap_or_default()
        };
        let (dispatch, combine) = (links(&report.dispatch), links(&report.combine));
        let bytes = |links: &std::collections::BTreeMap<usize, crossdock::host::report::Link>,
                     peer: usize| {
            links.get(&peer).map_or(0, |link| link.read + link.written)
        };
        RankReport {
            rank,
            tokens_sent: destinations.iter().filter(|&&count| count > 0).count(),
            rows_sent: destinations.iter().sum(),
            rows_received: observed.arrival.origins.len(),
            per_expert: Spread::of(observed.arrival.expert_counts.clone()),
            links: (0..round.ranks())
                .filter(|&peer| peer != rank)
                .map(|peer| Link { peer, dispatch: bytes(&dispatch, peer), combine: bytes(&combine, peer) })
                .collect(),
        }
    }
}

impl Spread {
    fn of(mut counts: Vec<usize>) -> Spread {
        counts.sort_unstable();
        let (Some(&minimum), Some(&maximum)) = (counts.first(), counts.last()) else {
            return Spread::default();
        };
        let (low, high) = (counts[(counts.len() - 1) / 2], counts[counts.len() / 2]);
        Spread { minimum, median: (low + high) as f64 / 2.0, maximum }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_lies_between() {
        assert_eq!(Spread::of(vec![7, 1, 4, 2]), Spread { minimum: 1, median: 3.0, maximum: 7 });
        assert_eq!(Spread::of(vec![5, 9, 1]), Spread { minimum: 1, median: 5.0, maximum: 9 });
        assert_eq!(Spread::of(vec![]), Spread { minimum: 0, median: 0.0, maximum: 0 });
    }
}
