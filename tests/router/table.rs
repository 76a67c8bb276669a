//! Routes by a table of token identifiers, against the reference; what is no table, and no row of
//! it.

use crossdock::host::{Capacity, Cluster, DeviceRouting, Error, Placement, Rank, Topology};
use crossdock::{Gate, LogitFormat, RouterKernel, ScoreFunction};
use crossdock_trial::{Random, RouterInputs};
use proptest::prelude::*;

use super::logit;

const GATE: Gate = Gate {
    experts: 12,
    groups: 1,
    top_groups: 1,
    top_k: 3,
    score: ScoreFunction::SqrtSoftplus,
    biased: false,
    normalised: true,
    logits: LogitFormat::F32,
};

fn on_one_rank<T: Send>(run: impl Fn(&Rank) -> Result<T, Error> + Sync) -> Result<T, Error> {
    Cluster::emulated(Topology::nodes(1).gpus_per_node(1))?.run(run).map(|mut results| results.remove(0))
}

/// A table of random experts, a third of them none.
fn table(random: &mut Random, gate: Gate, vocabulary: usize) -> Vec<i32> {
    let entry = |random: &mut Random| match random.bits() % 3 {
        0 => -1,
        _ => (random.bits() % u64::from(gate.experts)) as i32,
    };
    (0..vocabulary * gate.top_k as usize).map(|_| entry(random)).collect()
}

fn gates() -> impl Strategy<Value = Gate> {
    let scores = prop::sample::select(vec![
        ScoreFunction::Sigmoid,
        ScoreFunction::Softmax,
        ScoreFunction::Identity,
        ScoreFunction::SqrtSoftplus,
        ScoreFunction::SoftmaxOfChosen,
    ]);
    (1u32..=9, 1u32..=30, 1u32..=32, scores, any::<bool>()).prop_map(
        |(groups, size, top_k, score, normalised)| {
            let experts = groups * size;
            let top_k = top_k.min(experts);
            Gate { experts, groups, top_groups: groups, top_k, score, normalised, ..GATE }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn tables_choose_and_logits_weigh(gate in gates(), tokens in 0usize..=7, seed in any::<u64>()) {
        let mut random = Random(seed);
        let table = table(&mut random, gate, 5);
        let ids: Vec<u32> = (0..tokens).map(|_| (random.bits() % 5) as u32).collect();
        let logits: Vec<f32> = (0..tokens * gate.experts as usize).map(|_| logit(&mut random)).collect();
        let (experts, weights) = on_one_rank(|rank| {
            let kernel = RouterKernel::jit(gate).expect("the gate is possible");
            let mut router = rank.router(kernel, Capacity::tokens(7))?;
            router.set_scaling(2.5)?;
            router.set_table(&table)?;
            let routed = router.route_by_table(&logits, &ids)?;
            Ok((routed.experts()?, routed.weights()?))
        }).expect("the table is one");
        let top_k = gate.top_k as usize;
        let chosen: Vec<i32> =
            ids.iter().flat_map(|&id| &table[id as usize * top_k..][..top_k]).copied().collect();
        prop_assert_eq!(&experts, &chosen);
        let expected = RouterInputs { gate, bias: Vec::new(), scaling: 2.5 }.expected_weights(&logits, &chosen);
        let bits = |weights: &[f32]| weights.iter().map(|weight| weight.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&weights), bits(&expected), "{:?} and {:?}", weights, expected);
    }
}

#[test]
fn replicas_serve_what_the_table_chooses() {
    let routed = on_one_rank(|rank| {
        let gate = Gate { experts: 2, top_k: 2, score: ScoreFunction::Identity, normalised: false, ..GATE };
        let kernel = RouterKernel::jit(gate).expect("the gate is possible");
        let mut router = rank.router(kernel, Capacity::tokens(4))?;
        router.place(&Placement::new(2, vec![0, 1, 1])?, 1)?;
        router.set_table(&[1, 0, -1, 1])?;
        let routed = router.route_by_table(&[3.0f32, 5.0, 7.0, 9.0], &[0, 1])?;
        Ok((routed.experts()?, routed.weights()?))
    });
    // Tokens have the numbers 1 and 2, so replica 2 of expert 1 serves the first, replica 1 the
    // second.
    assert_eq!(routed.expect("no rank fails"), (vec![2, 0, -1, 1], vec![5.0, 3.0, 0.0, 9.0]));
}

#[test]
fn identifiers_in_device_memory_beyond_the_table_choose_nothing() {
    let routed = on_one_rank(|rank| {
        let kernel = RouterKernel::jit(GATE).expect("the gate is possible");
        let mut router = rank.router(kernel, Capacity::tokens(2))?;
        router.set_table(&[4, 5, 6])?;
        let (logits, ids) = (rank.buffer::<f32>(24)?, rank.buffer::<u32>(2)?);
        logits.write(0, &[0.5; 24])?;
        ids.write(0, &[1, 0])?;
        let (experts, weights, count) =
            (rank.buffer::<i32>(6)?, rank.buffer::<f32>(6)?, rank.buffer::<u32>(1)?);
        count.write(0, &[2])?;
        let routing =
            DeviceRouting { experts: (&experts).into(), weights: (&weights).into(), tokens: (&count).into() };
        router.enqueue_by_table(&logits, &ids, routing)?;
        Ok((experts.read(0..6)?, weights.read(0..6)?))
    });
    let (experts, weights) = routed.expect("no rank fails");
    assert_eq!(experts, [-1, -1, -1, 4, 5, 6]);
    assert_eq!(weights[..3], [0.0; 3]);
    assert!(weights[3..].iter().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-6), "{weights:?}");
}

#[test]
fn what_is_no_table_is_refused() {
    let message = |table: Option<&'static [i32]>, ids: &'static [u32], logits: usize| {
        let routed = on_one_rank(|rank| {
            let kernel = RouterKernel::jit(GATE).expect("the gate is possible");
            let mut router = rank.router(kernel, Capacity::tokens(2))?;
            table.map_or(Ok(()), |table| router.set_table(table))?;
            router.route_by_table(&vec![0.0f32; logits], ids).map(|_| ())
        });
        routed.expect_err("refused").to_string()
    };
    assert_eq!(
        message(Some(&[1, 2, 3, 4]), &[], 0),
        "rank 0: the router's table must hold vocabulary * top_k = 6 elements; it holds 4"
    );
    assert_eq!(
        message(Some(&[1, 2, 3, 4, -2, 6]), &[], 0),
        "rank 0, row 1 of the router's table, selection 1: expert -2 does not exist; use 0 to 11, or -1 for none"
    );
    assert_eq!(
        message(Some(&[1, 2, 12]), &[], 0),
        "rank 0, row 0 of the router's table, selection 2: expert 12 does not exist; use 0 to 11, or -1 for none"
    );
    assert_eq!(
        message(None, &[0], 12),
        "rank 0, token 0: the router's table has no row 0: it has 0 rows, which `Router::set_table` gives it"
    );
    assert_eq!(
        message(Some(&[1, 2, 3]), &[0, 7], 24),
        "rank 0, token 1: the router's table has no row 7: it has 1 rows, which `Router::set_table` gives it"
    );
    assert_eq!(
        message(Some(&[1, 2, 3]), &[0, 0], 12),
        "rank 0: logits must hold token identifiers * experts = 24 elements; it holds 12"
    );
    assert_eq!(
        message(Some(&[1, 2, 3]), &[0, 0, 0], 36),
        "rank 0 routes 3 tokens, but the router was opened with Capacity::tokens(2)"
    );
}
