//! Ranks whose programs differ: a rank that waits only for its own launches goes on, while kernels of others wait for what it
//! will launch.

use std::time::Duration;

use crossdock_host::{
    Capacity, Cluster, Error, Gate, KernelSet, LogitFormat, Routed, RouterKernel, Routing, ScoreFunction,
    Shape, Tokens, Topology, Wire, bf16,
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
                    let mut dock = rank.dock(KernelSet::jit(SHAPE)?, Capacity::tokens(TOKENS))?;
                    let mut router = rank.router(RouterKernel::jit(gate())?, Capacity::tokens(TOKENS))?;
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
