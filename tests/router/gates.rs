//! Gates of every kind, chosen and random.

use crossdock::{Gate, LogitFormat, ScoreFunction};
use crossdock_trial::{Random, RouterInputs};
use proptest::prelude::*;

use super::{Batch, logit};

const PLAIN: Gate = Gate {
    experts: 64,
    groups: 1,
    top_groups: 1,
    top_k: 6,
    score: ScoreFunction::Softmax,
    biased: false,
    normalised: false,
    logits: LogitFormat::F32,
};

/// How the logits of a batch are drawn.
#[derive(Clone, Copy, Debug)]
enum Contents {
    /// All different, most likely.
    Spread,
    /// One of three values, so that most comparisons are ties.
    Ties,
    /// Every logit of a token the same.
    Equal,
    /// Mostly ordinary, with NaN, both infinities, zeros of both signs, huge and tiny numbers among
    /// them.
    Wild,
    /// Nothing but minus infinity and NaN.
    Void,
    /// All so large that sigmoids are 1, or so small that they are 0.
    Saturated,
}

fn batch(gate: Gate, tokens: usize, contents: Contents, seed: u64) -> Batch {
    const WILD: [f32; 10] =
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MAX, f32::MIN, 1e-42, -88.5, 120.0];
    let mut random = Random(seed);
    let mut logits = Vec::new();
    for _ in 0..tokens {
        let all = logit(&mut random);
        for _ in 0..gate.experts {
            let drawn = logit(&mut random);
            let pick = random.bits() as usize;
            logits.push(match contents {
                Contents::Spread => drawn,
                Contents::Ties => [-1.0, 0.5, 2.0][pick % 3],
                Contents::Equal => all,
                Contents::Wild if pick.is_multiple_of(3) => WILD[pick / 3 % WILD.len()],
                Contents::Wild => drawn * 12.0,
                Contents::Saturated if pick.is_multiple_of(3) => -90.0 + drawn,
                Contents::Saturated => 40.0 + drawn,
                Contents::Void => [f32::NEG_INFINITY, f32::NAN][pick % 2],
            });
        }
    }
    let biases = if gate.biased { gate.experts } else { 0 };
    let bias = (0..biases).map(|_| match contents {
        Contents::Ties | Contents::Equal | Contents::Saturated => (random.bits() % 2) as f32 * 0.25,
        _ => logit(&mut random) / 16.0,
    });
    let bias = bias.collect();
    Batch { router: RouterInputs { gate, scaling: 2.5, bias }, logits }
}

const CONTENTS: [Contents; 6] =
    [Contents::Spread, Contents::Ties, Contents::Equal, Contents::Wild, Contents::Void, Contents::Saturated];

#[test]
fn published_gates_agree_with_the_reference() {
    let mixtral = Gate { experts: 8, top_k: 2, normalised: true, ..PLAIN };
    let deepseek_v2 = Gate { experts: 160, groups: 8, top_groups: 3, top_k: 6, ..PLAIN };
    let narrow = Gate { logits: LogitFormat::Bf16, ..Gate::DEEPSEEK_V3 };
    let gpt_oss = Gate { experts: 128, top_k: 4, score: ScoreFunction::SoftmaxOfChosen, ..PLAIN };
    let deepseek_v4 =
        Gate { experts: 384, score: ScoreFunction::SqrtSoftplus, biased: true, normalised: true, ..PLAIN };
    for gate in [PLAIN, mixtral, deepseek_v2, Gate::DEEPSEEK_V3, narrow, gpt_oss, deepseek_v4] {
        for (seed, contents) in CONTENTS.into_iter().enumerate() {
            batch(gate, 5, contents, seed as u64).agrees();
        }
    }
}

#[test]
fn the_largest_and_the_smallest_gates_agree() {
    let identity = Gate { score: ScoreFunction::Identity, biased: true, ..PLAIN };
    for gate in [
        Gate { experts: 2048, top_k: 32, biased: true, normalised: true, ..PLAIN },
        Gate { experts: 2040, groups: 17, top_groups: 5, top_k: 31, biased: true, ..PLAIN },
        Gate { experts: 2047, top_k: 7, ..identity },
        Gate { experts: 1, top_k: 1, normalised: true, ..PLAIN },
        Gate { experts: 32, groups: 32, top_groups: 32, top_k: 32, ..identity },
        Gate { experts: 32, groups: 32, top_groups: 3, top_k: 3, ..identity },
    ] {
        batch(gate, 2, Contents::Spread, 3).agrees();
        batch(gate, 1, Contents::Wild, 4).agrees();
    }
}

#[test]
fn equal_logits_choose_the_lowest_experts_of_the_lowest_groups() {
    let gate = Gate { experts: 48, groups: 6, top_groups: 2, top_k: 10, biased: true, ..PLAIN };
    let router = RouterInputs { gate, scaling: 1.0, bias: vec![0.0; 48] };
    let batch = Batch { router, logits: vec![0.3; 48 * 3] };
    let (experts, weights, _) = batch.run();
    assert_eq!(experts, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].repeat(3));
    assert!(weights.iter().all(|&weight| (weight - 1.0 / 48.0).abs() < 1e-8));
}

/// All sigmoids are exactly 1, so only logits tell experts and groups apart.
#[test]
fn saturated_scores_leave_the_choice_to_the_logits() {
    let gate = Gate { experts: 16, groups: 4, top_groups: 2, top_k: 4, ..Gate::DEEPSEEK_V3 };
    let router = RouterInputs { gate, scaling: 1.0, bias: vec![0.25; 16] };
    let logits = [20., 21., 22., 23., 60., 30., 31., 20., 24., 25., 26., 27., 20., 59., 40., 41.].to_vec();
    let (experts, weights, _) = Batch { router, logits: logits.clone() }.run();
    assert_eq!((experts, weights), (vec![4, 13, 15, 14], vec![0.25; 4]));

    // With one bias that is higher, that expert comes first, and its group with it.
    let mut bias = vec![0.0; 16];
    bias[8] = 0.5;
    let router = RouterInputs { gate, scaling: 1.0, bias };
    assert_eq!(Batch { router, logits }.run().0, [8, 4, 6, 5]);

    // Softmax whose exponentials are all 0 but for the largest, without bias.
    let gate = Gate { experts: 8, top_k: 3, ..PLAIN };
    let router = RouterInputs { gate, scaling: 1.0, bias: Vec::new() };
    let logits = vec![-500.0, 300.0, -200.0, -700.0, -100.0, -600.0, -400.0, -300.0];
    assert_eq!(Batch { router, logits }.run().0, [1, 4, 2]);
}

#[test]
fn softmax_of_the_chosen_is_mixtral_within_rounding() {
    let mixtral = Gate { experts: 8, top_k: 2, normalised: true, ..PLAIN };
    let chosen = Gate { score: ScoreFunction::SoftmaxOfChosen, ..mixtral };
    let (a, b) = (batch(mixtral, 9, Contents::Spread, 2).run(), batch(chosen, 9, Contents::Spread, 2).run());
    assert_eq!(a.0, b.0);
    assert!(a.1.iter().zip(&b.1).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn more_tokens_than_warps_and_none_at_all() {
    let gate = Gate { experts: 16, top_k: 3, ..PLAIN };
    batch(gate, 4500, Contents::Spread, 1).agrees();
    batch(gate, 0, Contents::Spread, 1).agrees();
}

#[test]
fn weights_are_those_of_f64_within_rounding() {
    for score in [ScoreFunction::Sigmoid, ScoreFunction::Softmax] {
        let gate = Gate { score, normalised: true, experts: 200, top_k: 9, ..PLAIN };
        let batch = batch(gate, 8, Contents::Spread, 11);
        let (experts, weights, _) = batch.run();
        for (token, logits) in batch.logits.chunks(200).enumerate() {
            let here = token * 9..(token + 1) * 9;
            let exact = |&expert: &i32| {
                let exponential = f64::from(logits[expert as usize]).exp();
                if score == ScoreFunction::Sigmoid { exponential / (1.0 + exponential) } else { exponential }
            };
            let exact: Vec<f64> = experts[here.clone()].iter().map(exact).collect();
            let sum: f64 = exact.iter().sum();
            for (found, exact) in weights[here].iter().zip(&exact) {
                let relative = (f64::from(*found) / (exact / sum * 2.5) - 1.0).abs();
                assert!(relative < 1e-6, "{score:?}, token {token}: {relative:e}");
            }
        }
    }
}

/// Gates in which everything divides as it must.
fn gates() -> impl Strategy<Value = Gate> {
    let score = prop_oneof![
        Just(ScoreFunction::Sigmoid),
        Just(ScoreFunction::Softmax),
        Just(ScoreFunction::Identity),
        Just(ScoreFunction::SqrtSoftplus),
        Just(ScoreFunction::SoftmaxOfChosen),
    ];
    let logits = prop_oneof![Just(LogitFormat::F32), Just(LogitFormat::Bf16)];
    let sizes = prop_oneof![
        3 => (1u32..=1, 1u32..=300),
        4 => (1u32..=32, 1u32..=24),
        1 => (1u32..=4, 1u32..=512),
    ];
    (sizes, any::<u32>(), any::<u32>(), score, any::<bool>(), any::<bool>(), logits).prop_map(
        |((groups, size), top_groups, top_k, score, biased, normalised, logits)| {
            let top_groups = 1 + top_groups % groups;
            let top_k = 1 + top_k % (top_groups * size).min(32);
            Gate { experts: groups * size, groups, top_groups, top_k, score, biased, normalised, logits }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn random_gates_agree(gate in gates(), tokens in 0usize..=5, contents in 0..CONTENTS.len(), seed in any::<u64>()) {
        batch(gate, tokens, CONTENTS[contents], seed).agrees();
    }
}

#[test]
fn warp_instructions_per_token_are_as_reviewed() {
    let gates = [
        ("deepseek_v3", Gate::DEEPSEEK_V3),
        ("deepseek_v3, bf16", Gate { logits: LogitFormat::Bf16, ..Gate::DEEPSEEK_V3 }),
        ("softmax, 8 of 128", Gate { experts: 128, top_k: 8, normalised: true, ..PLAIN }),
        ("plain, 2 of 8", Gate { experts: 8, top_k: 2, score: ScoreFunction::Identity, ..PLAIN }),
        ("softmax, 32 of 2048", Gate { experts: 2048, top_k: 32, ..PLAIN }),
    ];
    let mut table = String::new();
    for (name, gate) in gates {
        // Two warps per block and far fewer blocks than fit: every token has a warp of its own.
        let instructions = batch(gate, 4, Contents::Spread, 5).run().2.expect("virtual GPUs count");
        table += &format!("{name:<22}{:>8}\n", instructions / 4);
    }
    insta::assert_snapshot!(table);
}
