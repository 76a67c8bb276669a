//! One Mixture-of-Experts layer over several GPUs: router, dispatch, experts, combine.
//!
//! Every rank holds a share of the experts and brings tokens of its own. The result is compared
//! with a *dense* layer on the host, which computes every expert for every token in `f64` and knows
//! neither ranks nor crossdock. Run it in other shapes:
//!
//! ```console
//! $ cargo run --release --example moe_layer -- \
//!       --ranks 6 --experts 48 --top-k 6 --hidden 512 --tokens 40
//! ```

use clap::Parser;
use crossdock::host::{Capacity, Cluster, Error, Rank, Tokens, Topology, bf16, check_shape};
use crossdock::{Gate, LogitFormat, ScoreFunction, Shape, Wire};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// The shape of the layer and of the machine.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Virtual GPUs
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=128))]
    ranks: u32,
    /// Tokens of each rank
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=4096))]
    tokens: u32,
    /// Elements of a token; a multiple of 8
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(8..=16384))]
    hidden: u32,
    /// Elements between the two halves of an expert
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=16384))]
    intermediate: u32,
    /// Experts in all; a multiple of the ranks
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=2048))]
    experts: u32,
    /// Experts of each token
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=32))]
    top_k: u32,
    /// Of weights and tokens
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// A feed-forward network: `down * (silu(gate * x) . (up * x))`.
struct Expert {
    gate: Vec<f32>, // [intermediate, hidden]
    up: Vec<f32>,   // [intermediate, hidden]
    down: Vec<f32>, // [hidden, intermediate]
}

/// The weights of the layer. A real program holds only the experts of its own rank.
struct Layer {
    router: Vec<f32>, // [experts, hidden]
    experts: Vec<Expert>,
}

impl Layer {
    fn random(options: &Options) -> Layer {
        let mut random = Pcg64::seed_from_u64(options.seed);
        let (hidden, intermediate) = (options.hidden as usize, options.intermediate as usize);
        let mut matrix = |rows: usize, columns: usize| -> Vec<f32> {
            let bound = 2.0 / (columns as f32).sqrt();
            (0..rows * columns).map(|_| random.random_range(-bound..bound)).collect()
        };
        let router = matrix(options.experts as usize, hidden);
        let mut expert = || Expert {
            gate: matrix(intermediate, hidden),
            up: matrix(intermediate, hidden),
            down: matrix(hidden, intermediate),
        };
        Layer { router, experts: (0..options.experts).map(|_| expert()).collect() }
    }
}

/// `matrix * x`, one result per row.
fn multiply(matrix: &[f32], x: &[f32]) -> Vec<f32> {
    matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect()
}

impl Expert {
    fn forward(&self, input: &[bf16], output: &mut [bf16]) {
        let x: Vec<f32> = input.iter().map(|value| value.to_f32()).collect();
        let (gate, up) = (multiply(&self.gate, &x), multiply(&self.up, &x));
        let inner: Vec<f32> = gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        for (output, y) in output.iter_mut().zip(multiply(&self.down, &inner)) {
            *output = bf16::from_f32(y);
        }
    }
}

/// The layer on one rank: `x` and the result are `[tokens, hidden]`.
fn forward(rank: &Rank, options: &Options, layer: &Layer, x: &[bf16]) -> Result<Vec<bf16>, Error> {
    let &Options { hidden, experts, top_k, tokens, .. } = options;
    let capacity = Capacity::tokens(tokens as usize);
    let gate = Gate {
        experts,
        groups: 1,
        top_groups: 1,
        top_k,
        score: ScoreFunction::Softmax,
        biased: false,
        normalised: true,
        logits: LogitFormat::F32,
    };
    let shape = Shape { hidden, top_k, experts, wire: Wire::Bf16 };
    check_shape(&shape, rank.topology().ranks())?;
    let mut router = rank.router(rank.router_kernel(gate)?, capacity)?;
    let mut dock = rank.dock(rank.kernels(shape)?, capacity)?;

    // 1. Router: logits to experts and weights, which stay on the device.
    let logits: Vec<f32> = x
        .chunks(hidden as usize)
        .flat_map(|token| {
            multiply(&layer.router, &token.iter().map(|value| value.to_f32()).collect::<Vec<_>>())
        })
        .collect();
    let routed = router.route(&logits)?;
    // 2. Dispatch: every token to the ranks of its experts.
    let arrived = dock.dispatch_routed(&Tokens::Bf16(x), &routed)?;
    // 3. This rank's experts, on what arrived.
    let outputs = arrived.apply(|expert, input, output| layer.experts[expert].forward(input, output))?;
    // 4. Combine: the weighted sums, in the order of this rank's tokens.
    Ok(arrived.combine(&outputs)?.rows)
}

/// The same layer without ranks: every expert for every token, and for each element how far
/// rounding may lead from it.
///
/// Outputs, partial sums and results are rounded to bf16, each by 2^-8 at most of the weighted
/// outputs that it sums. The `f32` sums inside an expert add a little of the products that they
/// sum, which may cancel each other.
fn dense(options: &Options, layer: &Layer, token: &[bf16]) -> Vec<(f64, f64)> {
    let x: Vec<f64> = token.iter().map(|value| value.to_f64()).collect();
    let times = |matrix: &[f32], x: &[f64]| -> Vec<f64> {
        matrix.chunks(x.len()).map(|row| row.iter().zip(x).map(|(&a, b)| f64::from(a) * b).sum()).collect()
    };
    let logits = times(&layer.router, &x);
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
    let chosen = &order[..options.top_k as usize];
    // Softmax over all, normalised over the chosen, is softmax over the chosen.
    let total: f64 = chosen.iter().map(|&expert| (logits[expert] - logits[order[0]]).exp()).sum();
    let mut sums = vec![(0.0, 0.0); token.len()];
    for (number, expert) in layer.experts.iter().enumerate() {
        let weight =
            if chosen.contains(&number) { (logits[number] - logits[order[0]]).exp() / total } else { 0.0 };
        let (gate, up) = (times(&expert.gate, &x), times(&expert.up, &x));
        let inner: Vec<f64> = gate.iter().zip(&up).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        for ((sum, rounding), row) in sums.iter_mut().zip(expert.down.chunks(inner.len())) {
            let products = || row.iter().zip(&inner).map(|(&a, b)| weight * f64::from(a) * b);
            let y: f64 = products().sum();
            *sum += y;
            *rounding += 3.0 / 256.0 * y.abs() + 1e-4 * products().map(f64::abs).sum::<f64>();
        }
    }
    sums
}

/// Runs the layer and compares; the largest error as a share of what rounding may do.
fn run(options: &Options) -> Result<f64, Error> {
    let layer = Layer::random(options);
    let tokens: Vec<Vec<bf16>> = (0..options.ranks)
        .map(|rank| {
            let mut random = Pcg64::seed_from_u64(options.seed ^ (u64::from(rank) + 1) << 32);
            let elements = options.tokens * options.hidden;
            (0..elements).map(|_| bf16::from_f32(random.random_range(-2.0..2.0))).collect()
        })
        .collect();
    let cluster = Cluster::emulated(Topology::nodes(1).gpus_per_node(options.ranks as usize))?;
    let results = cluster.run(|rank| forward(rank, options, &layer, &tokens[rank.index()]))?;

    let hidden = options.hidden as usize;
    let mut largest = 0.0f64;
    for (tokens, results) in tokens.iter().zip(&results) {
        for (token, result) in tokens.chunks(hidden).zip(results.chunks(hidden)) {
            for (&(expected, rounding), found) in dense(options, &layer, token).iter().zip(result) {
                let error = (found.to_f64() - expected).abs() / rounding.max(f64::MIN_POSITIVE);
                largest = if error.is_nan() { f64::INFINITY } else { largest.max(error) };
            }
        }
    }
    Ok(largest)
}

fn main() -> std::process::ExitCode {
    let options = Options::parse();
    match run(&options) {
        Ok(error) => {
            let &Options { ranks, tokens, experts, top_k, .. } = &options;
            println!("{tokens} tokens on each of {ranks} ranks, top-{top_k} of {experts} experts");
            println!("largest error: {:.1} % of what rounding to bf16 may do", 100.0 * error);
            std::process::ExitCode::from(u8::from(error > 1.0))
        }
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(words: &str) -> Options {
        Options::parse_from(std::iter::once("moe_layer").chain(words.split_whitespace()))
    }

    #[test]
    fn the_layer_is_the_dense_layer_in_several_shapes() {
        for words in [
            "--tokens 8",
            "--ranks 1 --tokens 5",
            "--ranks 3 --experts 9 --top-k 9 --hidden 40 --intermediate 7 --tokens 6",
            "--ranks 8 --experts 32 --top-k 1 --tokens 3 --seed 5",
            "--tokens 0",
        ] {
            let error = run(&options(words)).unwrap_or_else(|error| panic!("{words}: {error}"));
            assert!(error <= 1.0, "{words}: {error}");
        }
    }

    #[test]
    fn impossible_shapes_are_explained() {
        let message = |words: &str| run(&options(words)).expect_err(words).to_string();
        assert!(message("--ranks 3").contains("experts must be a multiple of the number of ranks"));
        assert!(message("--hidden 12").contains("use a multiple of 8"));
    }
}
