//! Whole rounds: logits, router, placement, dispatch, experts, combine.

use crossdock::host::{
    Arrived, Balance, Capacity, Cluster, Error, Placement, Rank, Routing, Tokens, Topology, bf16,
};
use crossdock::{Gate, KernelSet, RouterKernel, ScoreFunction, Shape, Wire};
use crossdock_trial::Random;

use super::logit;

const RANKS: usize = 4;
const TOKENS: usize = 11;
const HIDDEN: u32 = 64;
const EXPERTS: u32 = 24;

/// Normalised sigmoids; 5 of 24 experts in 2 of 4 groups.
fn gate() -> Gate {
    Gate {
        experts: EXPERTS,
        groups: 4,
        top_groups: 2,
        top_k: 5,
        score: ScoreFunction::Sigmoid,
        ..Gate::DEEPSEEK_V3
    }
}

fn shape(experts: usize) -> Shape {
    Shape { hidden: HIDDEN, top_k: 5, experts: experts as u32, wire: Wire::Bf16 }
}

/// A rank's logits, with a taste for low experts, and rows.
fn inputs(rank: usize) -> (Vec<f32>, Vec<bf16>) {
    let mut random = Random(rank as u64 + 77);
    let logits = (0..TOKENS * EXPERTS as usize)
        .map(|index| logit(&mut random) - (index % EXPERTS as usize) as f32 / 4.0)
        .collect();
    let rows = (0..TOKENS * HIDDEN as usize).map(|_| bf16::from_f32(logit(&mut random))).collect();
    (logits, rows)
}

/// Each logical expert multiplies by its own factor.
fn experts(arrived: &Arrived<'_>, logical: impl Fn(usize) -> usize) -> Result<Vec<bf16>, Error> {
    arrived.apply(|number, input, output| {
        let factor = 0.5 + logical(number) as f32 / 8.0;
        for (y, x) in output.iter_mut().zip(input) {
            *y = bf16::from_f32(x.to_f32() * factor);
        }
    })
}

/// What one rank has of a round.
struct Seen {
    experts: Vec<i32>,
    weights: Vec<f32>,
    results: Vec<bf16>,
    /// Selections of each local expert.
    loads: Vec<f64>,
}

fn round(rank: &Rank, placement: Option<&Placement>) -> Result<Seen, Error> {
    let (logits, rows) = inputs(rank.index());
    let mut router = rank.router(RouterKernel::jit(gate())?, Capacity::tokens(TOKENS))?;
    router.set_bias(&[0.125; EXPERTS as usize])?;
    router.set_scaling(2.5)?;
    if let Some(placement) = placement {
        router.place(placement, rank.index() as u32)?;
    }
    let mut dock = rank.dock(KernelSet::jit(shape(router.target_experts()))?, Capacity::tokens(TOKENS))?;
    let routed = router.route(&logits)?;
    let arrived = dock.dispatch_routed(&Tokens::Bf16(&rows), &routed)?;
    let logical =
        |number: usize| placement.map_or(number, |table| table.physical_to_logical()[number] as usize);
    let outputs = experts(&arrived, logical)?;
    let loads = arrived.expert_counts().iter().map(|&count| f64::from(count)).collect();
    let results = arrived.combine(&outputs)?.rows;
    Ok(Seen { experts: routed.experts()?, weights: routed.weights()?, results, loads })
}

fn cluster() -> Cluster {
    Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("four GPUs are a node")
}

fn joined<T>(ranks: &[Seen], part: impl Fn(&Seen) -> Vec<T>) -> Vec<T> {
    ranks.iter().flat_map(part).collect()
}

#[test]
fn routes_that_stay_on_the_device_are_those_of_the_host() {
    let seen = cluster().run(|rank| round(rank, None)).expect("no rank fails");
    let given = cluster().run(|rank| -> Result<Vec<bf16>, Error> {
        let Seen { experts: routes, weights, .. } = &seen[rank.index()];
        let mut dock = rank.dock(KernelSet::jit(shape(EXPERTS as usize))?, Capacity::tokens(TOKENS))?;
        let (_, rows) = inputs(rank.index());
        let arrived = dock.dispatch(&Tokens::Bf16(&rows), &Routing::new(routes, weights))?;
        let outputs = experts(&arrived, |number| number)?;
        Ok(arrived.combine(&outputs)?.rows)
    });
    for (rank, results) in given.expect("no rank fails").iter().enumerate() {
        assert_eq!(results, &seen[rank].results, "rank {rank}");
        assert!(results.iter().any(|value| value.to_f32() != 0.0));
    }
}

#[test]
fn replicas_change_where_experts_run_and_not_what_comes_back() {
    let single = cluster().run(|rank| round(rank, None)).expect("no rank fails");
    let loads = joined(&single, |seen| seen.loads.clone());
    let balance = Balance { physical_experts: 32, groups: 4, nodes: 1, gpus: RANKS };
    let placement = balance.place(&loads, EXPERTS as usize).expect("the sizes divide").remove(0);
    assert!(
        (0..EXPERTS as usize).any(|expert| placement.replicas(expert).len() > 1),
        "something is replicated"
    );
    let placed = cluster().run(|rank| round(rank, Some(&placement))).expect("no rank fails");

    for (rank, (single, placed)) in single.iter().zip(&placed).enumerate() {
        assert_eq!(single.weights, placed.weights, "rank {rank}");
        for (index, (&logical, &physical)) in single.experts.iter().zip(&placed.experts).enumerate() {
            let number = (rank + index / 5) as u32;
            let expected = placement.physical(logical as usize, number).expect("the expert exists");
            assert_eq!(physical, expected as i32, "rank {rank}, selection {index}");
        }
        // Partial sums round to bf16 on the way, and other experts share a rank now: each sum of at
        // most five partial sums of the same terms may round differently.
        for (index, (a, b)) in single.results.iter().zip(&placed.results).enumerate() {
            let row = &single.weights[index / HIDDEN as usize * 5..][..5];
            let size = row.iter().sum::<f32>() * 8.0 * 3.5;
            assert!((a.to_f32() - b.to_f32()).abs() <= size * 6.0 / 256.0, "rank {rank}, element {index}");
        }
    }
    // The same selections, spread more evenly.
    let spread = joined(&placed, |seen| seen.loads.clone());
    assert_eq!(placement.logical_loads(&spread).expect("as many loads as physical experts"), loads);
    let heaviest =
        |ranks: &[Seen]| ranks.iter().map(|seen| seen.loads.iter().sum::<f64>()).fold(0.0, f64::max);
    assert!(heaviest(&placed) < heaviest(&single), "{} and {}", heaviest(&placed), heaviest(&single));
}

#[test]
fn exact_sums_come_back_equal_through_replicas() {
    // Rows and factors are small whole numbers and weights powers of two, so nothing rounds in
    // either placement.
    let placement =
        Placement::new(8, vec![0, 1, 2, 3, 4, 5, 6, 7, 1, 1, 6, 0]).expect("every expert is there");
    let gate = Gate {
        experts: 8,
        groups: 1,
        top_groups: 1,
        top_k: 4,
        score: ScoreFunction::Identity,
        biased: false,
        normalised: false,
        ..Gate::DEEPSEEK_V3
    };
    let run = |placement: Option<&Placement>| {
        cluster().run(|rank| -> Result<Vec<bf16>, Error> {
            let mut router = rank.router(RouterKernel::jit(gate)?, Capacity::tokens(TOKENS))?;
            if let Some(placement) = placement {
                router.place(placement, 5 * rank.index() as u32)?;
            }
            let mut random = Random(rank.index() as u64);
            let logits: Vec<f32> =
                (0..TOKENS * 8).map(|_| [0.25, 0.5, 1.0, 2.0, 4.0][random.bits() as usize % 5]).collect();
            let rows: Vec<bf16> =
                (0..TOKENS * 16).map(|_| bf16::from_f32((random.bits() % 3) as f32 - 1.0)).collect();
            let shape =
                Shape { hidden: 16, top_k: 4, experts: router.target_experts() as u32, wire: Wire::Bf16 };
            let mut dock = rank.dock(KernelSet::jit(shape)?, Capacity::tokens(TOKENS))?;
            let arrived = dock.dispatch_routed(&Tokens::Bf16(&rows), &router.route(&logits)?)?;
            let outputs = arrived.apply(|number, input, output| {
                let logical = placement.map_or(number, |table| table.physical_to_logical()[number] as usize);
                for (y, x) in output.iter_mut().zip(input) {
                    *y = bf16::from_f32(x.to_f32() * [1.0, -1.0, 2.0, 1.0, -2.0, 1.0, 2.0, -1.0][logical]);
                }
            })?;
            Ok(arrived.combine(&outputs)?.rows)
        })
    };
    let (single, placed) = (run(None).expect("no rank fails"), run(Some(&placement)).expect("no rank fails"));
    assert_eq!(single, placed);
    assert!(single.iter().flatten().any(|value| value.to_f32() != 0.0));
}

#[test]
fn routers_and_docks_that_do_not_suit_say_so() {
    let one = Cluster::emulated(Topology::nodes(1).gpus_per_node(1)).expect("one GPU is a node");
    let messages = one.run(|rank| -> Result<Vec<String>, Error> {
        let mut router = rank.router(RouterKernel::jit(gate())?, Capacity::tokens(2))?;
        let mut messages = Vec::new();
        let mut refused = |error: Option<Error>| messages.push(error.expect("refused").to_string());
        refused(router.route(&[0.0f32; 25]).err());
        refused(router.route(&[0.0f32; 3 * 24]).err());
        refused(router.route(&[bf16::ZERO; 24]).err());
        refused(router.set_bias(&[0.0; 23]).err());
        let short = rank.buffer::<f32>(30)?;
        refused(router.route_from(&short, 2).err());
        let placement = Placement::new(2, vec![0, 1])?;
        refused(router.place(&placement, 0).err());
        let mut dock = rank.dock(KernelSet::jit(shape(32))?, Capacity::tokens(2))?;
        let routed = router.route(&[0.0f32; 24])?;
        let rows = [bf16::ZERO; HIDDEN as usize];
        refused(dock.dispatch_routed(&Tokens::Bf16(&rows), &routed).err());
        let mut dock = rank.dock(KernelSet::jit(Shape { top_k: 4, ..shape(24) })?, Capacity::tokens(2))?;
        refused(dock.dispatch_routed(&Tokens::Bf16(&rows), &routed).err());
        Ok(messages)
    });
    assert_eq!(
        messages.expect("no rank fails")[0],
        [
            "rank 0: logits must hold tokens * experts = 48 elements; it holds 25",
            "rank 0 routes 3 tokens, but the router was opened with Capacity::tokens(2)",
            "rank 0: the router's kernel reads logits as F32, but these are Bf16",
            "rank 0: the router's bias must hold experts = 24 elements; it holds 23",
            "rank 0: logits must hold at least tokens * experts = 48 elements; it holds 30",
            "rank 0: the placement must hold the router's experts = 24 elements; it holds 2",
            "rank 0: experts must be equal: the router has 24, the dock 32",
            "rank 0: experts per token must be equal: the router has 5, the dock 4",
        ]
    );
}
