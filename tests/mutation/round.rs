//! Small rounds on virtual GPUs, with kernels that may be mutants: what ranks see, or how the round fails.

use crossdock::host::{
    Arrived, Buffer, Capacity, Cluster, Combine, DeviceRouting, DeviceTokens, Dock, Error, Layout, Origin,
    Rank, Routed, Routing, Tokens, Topology,
};
use crossdock::{Opaque, Shape, Wire};
use half::bf16;

use crate::cases::{Case, Step, Trouble};
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
    rows: Vec<u8>,
    sides: Vec<u8>,
    origins: Vec<Origin>,
    gradients: Vec<u32>,
    results: Vec<u16>,
}

/// Runs the rounds of a case; an error is one that no kernel reported.
pub(crate) fn run(case: &Case, kernels: &Kernels, schedule_seed: u64) -> Result<Outcome, Error> {
    let ranks = case.rounds[0].len();
    let tokens = case.rounds.iter().flatten().copied().max().unwrap_or(0);
    let mut capacity = Capacity::tokens(tokens).layout(case.layout);
    if let Some(rows) = case.rows {
        capacity = capacity.rows(rows);
    }
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(ranks))?;
    let outcome = cluster.schedule_seed(schedule_seed).run(|rank| {
        let mut dock = rank.dock(kernels.set.clone(), capacity)?;
        let mut seen = Vec::new();
        let is_last = rank.index() == ranks - 1;
        match case.trouble {
            Trouble::BadExperts if !is_last => routed_round(case, kernels, rank, &mut dock, &mut seen)?,
            Trouble::BadExperts | Trouble::BadExpertsEverywhere => {
                let kernels = kernels.with_wrong_router();
                match routed_round(case, &kernels, rank, &mut dock, &mut seen) {
                    // It goes without a word, so that its peers find out by themselves.
                    Err(Error::NoSuchExpert { .. }) if case.trouble == Trouble::BadExperts => {
                        return Ok(seen);
                    }
                    other => other?,
                }
            }
            Trouble::TooManyTokens => enqueue_too_many(rank, &case.shape, &mut dock, tokens)?,
            _ => {}
        }
        for number in 0..case.rounds.len() {
            if !round(case, number, rank, &mut dock, &mut seen)? {
                return Ok(seen);
            }
        }
        if case.trouble == Trouble::None {
            routed_round(case, kernels, rank, &mut dock, &mut seen)?;
        }
        Ok(seen)
    });
    match outcome {
        Ok(seen) => Ok(Outcome::Rounds(seen)),
        Err(Error::Late { stage, .. }) => Ok(Outcome::Fault(format!("late in {stage}"))),
        Err(Error::Overflow { .. }) => Ok(Outcome::Fault("overflow".into())),
        Err(Error::NoSuchExpert { .. }) => Ok(Outcome::Fault("no such expert".into())),
        Err(Error::OverCapacity { .. }) => Ok(Outcome::Fault("too many tokens".into())),
        Err(other) => Err(other),
    }
}

/// What a rank sends.
struct Contents {
    values: Vec<bf16>,
    bytes: Vec<u8>,
    scales: Vec<f32>,
    sides: Vec<Vec<u8>>,
}

impl Contents {
    fn new(shape: &Shape, tokens: usize, random: &mut Random) -> Contents {
        let values: Vec<bf16> = (0..tokens * shape.hidden as usize)
            .map(|_| bf16::from_f32(random.below(4096) as f32 / 64.0 - 32.0))
            .collect();
        let mut bytes = |width: u32| -> Vec<u8> {
            (0..tokens * width as usize).map(|_| random.below(256) as u8).collect()
        };
        let (bytes, sides) = match shape.wire {
            Wire::Opaque(Opaque { row_bytes, sides }) => {
                (bytes(row_bytes), sides.into_iter().filter(|&width| width > 0).map(bytes).collect())
            }
            // E4M3 numbers without NaN.
            _ => (values.iter().map(|value| value.to_bits() as u8 & 0x77).collect(), Vec::new()),
        };
        let scales =
            (0..tokens * shape.scale_count() as usize).map(|_| random.below(1000) as f32 / 1000.0).collect();
        Contents { values, bytes, scales, sides }
    }

    /// The tokens of a round, whose side tensors are borrowed through `sides`.
    fn tokens<'a>(&'a self, case: &Case, sides: &'a mut Vec<&'a [u8]>) -> Tokens<'a> {
        match case.shape.wire {
            Wire::Fp8(_) if !case.quantises => Tokens::Fp8 { values: &self.bytes, scales: &self.scales },
            Wire::Bf16 | Wire::Fp8(_) => Tokens::Bf16(&self.values),
            Wire::Opaque(_) => {
                sides.extend(self.sides.iter().map(Vec::as_slice));
                Tokens::Opaque { rows: &self.bytes, sides }
            }
        }
    }
}

/// One round, then twice again with its positions, of which the first ends without a combine. False if this rank ends.
fn round(
    case: &Case,
    number: usize,
    rank: &Rank,
    dock: &mut Dock,
    seen: &mut Vec<Seen>,
) -> Result<bool, Error> {
    let (shape, tokens) = (&case.shape, case.rounds[number][rank.index()]);
    let ranks = case.rounds[number].len();
    let is_last = rank.index() == ranks - 1;
    let mut random = Random(((number * ranks + rank.index()) as u64 + 1) << 20);
    let experts: Vec<i32> = (0..tokens * shape.top_k as usize)
        .map(|_| random.below(shape.experts as usize + 1) as i32 - 1)
        .collect();
    // Later rounds of the case show that buffers are free again, so the trouble is in the last.
    let ends = |step| is_last && number > 0 && case.trouble == Trouble::EndsBefore(step);
    let weights: Vec<f32> = experts.iter().map(|_| random.below(1000) as f32 / 500.0 - 1.0).collect();
    let contents = Contents::new(shape, tokens, &mut random);
    let mut sides = Vec::new();
    let tokens = contents.tokens(case, &mut sides);
    if ends(Step::Dispatch) {
        return Ok(false);
    }
    let handle = {
        let arrived = dock.dispatch(&tokens, &Routing::new(&experts, &weights))?;
        let handle = arrived.handle()?;
        if ends(Step::Combine) {
            return Ok(false);
        }
        seen.push(combine(case, arrived, if number % 2 == 1 { Ask::SumsOfRows } else { Ask::Sums })?);
        handle
    };
    if ends(Step::CachedDispatch) {
        return Ok(false);
    }
    let rows = dock.dispatch_cached(&tokens, &handle)?.rows()?;
    let arrived = dock.dispatch_cached(&tokens, &handle)?;
    assert_eq!(rows, arrived.rows()?);
    let ask = if shape.wire == Wire::Bf16 { Ask::SumsAndGradients } else { Ask::Sums };
    seen.push(combine(case, arrived, ask)?);
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
    case: &Case,
    kernels: &Kernels,
    rank: &Rank,
    dock: &mut Dock,
    seen: &mut Vec<Seen>,
) -> Result<(), Error> {
    let tokens = case.rounds[0][rank.index()];
    let mut random = Random((rank.index() as u64 + 1) << 40);
    let mut router = rank.router(kernels.router.clone(), Capacity::tokens(tokens))?;
    let logits: Vec<f32> =
        (0..tokens * case.shape.experts as usize).map(|_| random.below(4096) as f32 / 512.0).collect();
    let routed: Routed = router.route(&logits)?;
    let contents = Contents::new(&case.shape, tokens, &mut random);
    let mut sides = Vec::new();
    let arrived = dock.dispatch_routed(&contents.tokens(case, &mut sides), &routed)?;
    seen.push(combine(case, arrived, Ask::SumsOfRows)?);
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
fn combine(case: &Case, arrived: Arrived<'_>, ask: Ask) -> Result<Seen, Error> {
    let (rows, sides, origins) = (arrived.rows()?, arrived.side_records()?, arrived.origins()?);
    let outputs = if matches!(case.shape.wire, Wire::Opaque(_)) || ask == Ask::SumsOfRows {
        let of = if ask == Ask::SumsOfRows { arrived.row_count() } else { arrived.slot_count() };
        let elements = of * case.shape.hidden as usize;
        (0..elements).map(|element| bf16::from_f32(element as f32 % 61.0 - 30.0)).collect()
    } else {
        arrived.apply(|expert, input, output| {
            for (output, input) in output.iter_mut().zip(input) {
                *output = bf16::from_f32(input.to_f32() * (expert as f32 - 1.5));
            }
        })?
    };
    let mut found = Vec::new();
    if ask == Ask::SumsAndGradients {
        let weights = arrived.gradients(&outputs)?.weights;
        // Slots that nobody takes have no gradient.
        if case.layout == Layout::BySource {
            found = weights.read(0..arrived.slot_count())?;
        }
    }
    let results = match ask {
        Ask::SumsOfRows => arrived.combine_with(Combine::of_rows(&outputs))?.rows,
        _ => arrived.combine(&outputs)?.rows,
    };
    Ok(Seen {
        rows,
        sides,
        origins,
        gradients: found.iter().map(|weight| weight.to_bits()).collect(),
        results: results.iter().map(|value| value.to_bits()).collect(),
    })
}

/// SplitMix64: contents depend on the seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as usize
    }
}
