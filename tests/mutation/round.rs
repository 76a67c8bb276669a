//! Small rounds on virtual GPUs, with kernels that may be mutants: what ranks see, or how the round
//! fails.

use crossdock::host::{
    Arrived, Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Dock, Error, Layout, Rank,
    Routed, Routing, Topology,
};
use crossdock::{Shape, Wire};
use crossdock_trial::{Observed, Random, Trial};
use half::bf16;

use crate::cases::{Step, Tried, Trouble};
use crate::kernels::Kernels;

/// What came of a case.
#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    /// What every rank saw of every round.
    Rounds(Vec<Vec<Seen>>),
    /// The fault that a kernel reported.
    Fault(String),
}

/// What a rank saw of a round.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    observed: Observed,
    /// Gradients of the weights, as bits.
    gradients: Vec<u32>,
    /// Experts and weights that a router looked up, the weights as bits.
    by_table: (Vec<i32>, Vec<u32>),
}

/// Runs the rounds of a case; an error is one that no kernel reported.
pub(crate) fn run(tried: &Tried, kernels: &Kernels, schedule_seed: u64) -> Result<Outcome, Error> {
    let (ranks, trials) = (tried.case.ranks(), tried.case.trials());
    let mut capacity = tried.case.capacity();
    if let Some(rows) = tried.rows {
        capacity = capacity.rows(rows);
    }
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks))?;
    let outcome = cluster.schedule_seed(schedule_seed).run(|rank| {
        let mut dock = rank.dock(kernels.set.clone(), capacity)?;
        let mut seen = Vec::new();
        let is_last = rank.index() == ranks - 1;
        match tried.trouble {
            Trouble::BadExperts if !is_last => routed_round(&trials[0], kernels, rank, &mut dock, &mut seen)?,
            Trouble::BadExperts | Trouble::BadExpertsEverywhere => {
                let kernels = kernels.with_wrong_router();
                match routed_round(&trials[0], &kernels, rank, &mut dock, &mut seen) {
                    // Its program ends well, so that what its peers know is what it told them.
                    Err(Error::NoSuchExpert { .. }) if tried.trouble == Trouble::BadExperts => {
                        return Ok(seen);
                    }
                    other => other?,
                }
            }
            Trouble::TooManyTokens => {
                let most = tried.case.rounds.iter().flatten().copied().max().unwrap_or(0);
                enqueue_too_many(rank, &tried.case.shape(), &mut dock, most)?;
            }
            _ => {}
        }
        for (number, trial) in trials.iter().enumerate() {
            // Later rounds of the case show that buffers are free again, so the trouble is in the
            // last.
            let trouble = if is_last && number > 0 { tried.trouble } else { Trouble::None };
            if !round(trial, number, trouble, rank, &mut dock, &mut seen)? {
                return Ok(seen);
            }
        }
        if tried.trouble == Trouble::None {
            routed_round(&trials[0], kernels, rank, &mut dock, &mut seen)?;
        }
        Ok(seen)
    });
    match outcome {
        Ok(seen) => Ok(Outcome::Rounds(seen)),
        Err(Error::Late { stage, .. }) => Ok(Outcome::Fault(format!("late in {stage}"))),
        Err(Error::Overflow { .. }) => Ok(Outcome::Fault("overflow".into())),
        Err(Error::NoSuchExpert { .. }) => Ok(Outcome::Fault("no such expert".into())),
        Err(Error::OverCapacity { .. }) => Ok(Outcome::Fault("too many tokens".into())),
        Err(Error::OutOfStep { .. }) => Ok(Outcome::Fault("out of step".into())),
        Err(other) => Err(other),
    }
}

/// One round, then twice again with its positions, of which the first ends without a combine. False
/// if this rank ends.
fn round(
    trial: &Trial,
    number: usize,
    trouble: Trouble,
    rank: &Rank,
    dock: &mut Dock,
    seen: &mut Vec<Seen>,
) -> Result<bool, Error> {
    let routes = &trial.ranks[rank.index()].routes;
    let sent = trial.sent(rank.index())?;
    if trouble == Trouble::EndsBefore(Step::Dispatch) {
        return Ok(false);
    }
    let handle = {
        let arrived = dock.dispatch(&sent.tokens(), &Routing::new(&routes.experts, &routes.weights))?;
        let handle = arrived.handle()?;
        match trouble {
            Trouble::EndsBefore(Step::Combine) => return Ok(false),
            Trouble::SkipsCombineFor(step) => {
                drop(arrived);
                if step == Step::CachedDispatch {
                    dock.dispatch_cached(&sent.tokens(), &handle)?;
                } else {
                    dock.dispatch(&sent.tokens(), &Routing::new(&routes.experts, &routes.weights))?;
                }
                return Ok(false);
            }
            _ => {}
        }
        seen.push(combine(trial, arrived, if number % 2 == 1 { Ask::SumsOfRows } else { Ask::Sums })?);
        handle
    };
    if trouble == Trouble::EndsBefore(Step::CachedDispatch) {
        return Ok(false);
    }
    let rows = dock.dispatch_cached(&sent.tokens(), &handle)?.rows()?;
    let arrived = dock.dispatch_cached(&sent.tokens(), &handle)?;
    assert_eq!(rows, arrived.rows()?);
    let ask = if trial.shape.wire == Wire::Bf16 { Ask::SumsAndGradients } else { Ask::Sums };
    seen.push(combine(trial, arrived, ask)?);
    Ok(true)
}

/// A round that nobody waits for, of one token more than the dock has room for.
fn enqueue_too_many(rank: &Rank, shape: &Shape, dock: &mut Dock, room: usize) -> Result<(), Error> {
    let selections = room * shape.top_k as usize;
    let rows: Buffer<bf16> = rank.buffer(room * shape.hidden as usize)?;
    let experts: Buffer<i32> = rank.buffer(selections)?;
    let weights: Buffer<f32> = rank.buffer(selections)?;
    let count: Buffer<u32> = rank.buffer(1)?;
    rows.clear()?;
    experts.clear()?;
    weights.clear()?;
    count.write(0, &[room as u32 + 1])?;
    let routing =
        DeviceRouting { experts: (&experts).into(), weights: (&weights).into(), tokens: (&count).into() };
    dock.enqueue(DeviceTokens::Bf16((&rows).into()), routing)?;
    dock.synchronise()
}

/// A round by the router's choice.
fn routed_round(
    trial: &Trial,
    kernels: &Kernels,
    rank: &Rank,
    dock: &mut Dock,
    seen: &mut Vec<Seen>,
) -> Result<(), Error> {
    let tokens = trial.tokens(rank.index());
    let mut random = Random((rank.index() as u64 + 1) << 40);
    let mut router = rank.router(kernels.router.clone(), Capacity::tokens(tokens))?;
    let logits: Vec<f32> =
        (0..tokens * trial.shape.experts as usize).map(|_| random.below(4096) as f32 / 512.0).collect();
    let routed: Routed = router.route(&logits)?;
    let arrived = dock.dispatch_routed(&trial.sent(rank.index())?.tokens(), &routed)?;
    let mut round = combine(trial, arrived, Ask::SumsOfRows)?;
    // Beside it the experts of the same tokens by a table, which need no round.
    let (experts, selections) = (trial.shape.experts as usize, 5 * trial.shape.top_k as usize);
    router.set_table(&(0..selections).map(|entry| (entry % experts) as i32).collect::<Vec<_>>())?;
    let token_ids: Vec<u32> = (0..tokens as u32).map(|token| token * 3 % 5).collect();
    let found = router.route_by_table(&logits, &token_ids)?;
    round.by_table = (found.experts()?, found.weights()?.into_iter().map(f32::to_bits).collect());
    seen.push(round);
    Ok(())
}

/// What a rank asks of its arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ask {
    /// Sums of the outputs of slots.
    Sums,
    /// Sums of outputs that the rank has added up for each arrived row.
    SumsOfRows,
    SumsAndGradients,
}

/// Experts, and what is asked of their outputs.
fn combine(trial: &Trial, arrived: Arrived<'_>, ask: Ask) -> Result<Seen, Error> {
    let arrival = trial.held(&arrived)?;
    let outputs = if ask == Ask::SumsOfRows {
        let elements = arrived.row_count() * trial.shape.hidden as usize;
        (0..elements).map(|element| bf16::from_f32(element as f32 % 61.0 - 30.0)).collect()
    } else {
        trial.outputs(&arrived, &arrival)?
    };
    let mut gradients = Vec::new();
    if ask == Ask::SumsAndGradients {
        let weights = arrived.gradients(&outputs)?.weights;
        // Slots that nobody takes have no gradient.
        if trial.layout == Layout::BySource {
            gradients = weights.read(0..arrived.slot_count())?;
        }
    }
    let results = match ask {
        Ask::SumsOfRows => arrived.combine_with(Combine::of_rows(&outputs))?.rows,
        _ => arrived.combine(&outputs)?.rows,
    };
    Ok(Seen {
        observed: Observed { arrival, results, routed: None },
        gradients: gradients.iter().map(|weight: &f32| weight.to_bits()).collect(),
        by_table: Default::default(),
    })
}
