//! Ranks whose programs differ: a rank that waits only for its own launches goes on, while kernels
//! of others wait for what it will launch.

use std::time::Duration;

use crossdock_host::{
    Capacity, Cluster, Error, Gate, KernelSet, LogitFormat, Rank, Routed, RouterKernel, Routing,
    ScoreFunction, Shape, Target, Tokens, Topology, Wire, bf16,
};

const RANKS: usize = 3;
const TOKENS: usize = 4;
const SHAPE: Shape = Shape { hidden: 64, top_k: 2, experts: 6, wire: Wire::Bf16 };
const HIDDEN: usize = SHAPE.hidden as usize;

fn gate() -> Gate {
    Gate {
        experts: SHAPE.experts,
        groups: 1,
        top_groups: 1,
        top_k: SHAPE.top_k,
        score: ScoreFunction::Softmax,
        biased: false,
        normalised: true,
        logits: LogitFormat::F32,
    }
}

/// Logits by which token `t` of a rank chooses its own first expert, then the next rank's.
fn logits(rank: usize) -> Vec<f32> {
    let mut logits = vec![0.0; TOKENS * 6];
    for token in 0..TOKENS {
        logits[token * 6 + rank * 2] = 2.0;
        logits[token * 6 + (rank * 2 + 2) % 6] = 1.0;
    }
    logits
}

#[test]
fn some_ranks_route_on_the_device_and_others_on_the_host() {
    for seed in 0..4 {
        for routed in 0..1_usize << RANKS {
            let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("one node");
            let results = cluster.deadline(Duration::from_millis(5)).schedule_seed(seed).run(
                |rank| -> Result<Vec<f32>, Error> {
                    let index = rank.index();
                    let mut dock = rank.dock(rank.kernels(SHAPE)?, Capacity::tokens(TOKENS))?;
                    let mut router = rank.router(rank.router_kernel(gate())?, Capacity::tokens(TOKENS))?;
                    let rows: Vec<bf16> =
                        (0..TOKENS * HIDDEN).map(|at| bf16::from_f32((index * 8 + at % 7) as f32)).collect();
                    let rows = Tokens::Bf16(&rows);
                    let routes: Routed = router.route(&logits(index))?;
                    let arrived = if routed >> index & 1 == 1 {
                        dock.dispatch_routed(&rows, &routes)?
                    } else {
                        let (experts, weights) = (routes.experts()?, routes.weights()?);
                        dock.dispatch(&rows, &Routing::new(&experts, &weights))?
                    };
                    let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
                    let home = arrived.combine(&outputs)?;
                    Ok(home.rows.iter().map(|x| x.to_f32()).collect())
                },
            );
            let results = results
                .unwrap_or_else(|error| panic!("seed {seed}, routed on the device {routed:03b}: {error}"));
            for (rank, rows) in results.iter().enumerate() {
                for (at, &value) in rows.iter().enumerate() {
                    let expected = (rank * 8 + at % 7) as f32;
                    // Two weights that sum to 1, each product rounded to bf16.
                    assert!((value - expected).abs() <= expected / 64.0, "{value} for {expected}");
                }
            }
        }
    }
}

/// A round whose kernels are made for the target that `target` gives for each rank; the bits that
/// come home.
fn round(target: impl Fn(&Rank) -> Target + Sync) -> Vec<Vec<u16>> {
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(RANKS)).expect("one node");
    let results = cluster.run(|rank| -> Result<Vec<u16>, Error> {
        let (index, options) = (rank.index(), target(rank).into());
        let mut dock = rank.dock(KernelSet::jit_for(SHAPE, options)?, Capacity::tokens(TOKENS))?;
        let mut router = rank.router(RouterKernel::jit_for(gate(), options)?, Capacity::tokens(TOKENS))?;
        let rows: Vec<bf16> =
            (0..TOKENS * HIDDEN).map(|at| bf16::from_f32((index * 8 + at % 7) as f32 / 3.0)).collect();
        let routes = router.route(&logits(index))?;
        let arrived = dock.dispatch_routed(&Tokens::Bf16(&rows), &routes)?;
        let outputs = arrived.apply(|_, input, output| output.copy_from_slice(input))?;
        Ok(arrived.combine(&outputs)?.rows.iter().map(|x| x.to_bits()).collect())
    });
    results.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn gpus_of_different_generations_work_together() {
    let [old, new] = ["sm_80", "sm_90"].map(|name| Target::named(name).expect("a target"));
    let expected = round(|_| old);
    assert_eq!(round(|_| new), expected);
    for some in 1..(1_usize << RANKS) - 1 {
        assert_eq!(
            round(|rank| if some >> rank.index() & 1 == 1 { new } else { old }),
            expected,
            "{some:03b}"
        );
    }
}

#[test]
fn ranks_make_kernels_for_what_their_gpus_run() {
    let cluster = || Cluster::emulated(Topology::nodes(1)).expect("one rank");
    let target = |cluster: Cluster| {
        let made = cluster.run(|rank| -> Result<_, Error> {
            assert!(rank.kernels(SHAPE)?.dispatch.ptx.contains(&format!(".target {}", rank.target())));
            assert!(rank.router_kernel(gate())?.router.ptx.contains(&format!(".target {}", rank.target())));
            Ok(rank.target().name())
        });
        made.unwrap_or_else(|error| panic!("{error}"))[0]
    };
    assert_eq!(target(cluster()), "sm_90");
    assert_eq!(target(cluster().for_target(Target::OLDEST)), "sm_80");
}
