//! A Mixture-of-Experts layer of candle tensors over several ranks, compared with the dense layer
//! by candle alone.
//!
//! Tensors are on the CPU and ranks are virtual GPUs; with `--features cuda` both are on NVIDIA
//! GPUs.

mod dense;
mod error;
mod layer;

use candle_core::{DType, Device, Tensor};
use crossdock::host::{Cluster, Topology, gpus};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use error::Error;
use layer::{Config, Expert, Layer, Weights};

fn random(rows: usize, columns: usize, bound: f32, random: &mut Pcg64) -> candle_core::Result<Tensor> {
    let values: Vec<f32> = (0..rows * columns).map(|_| random.random_range(-bound..bound)).collect();
    Tensor::from_vec(values, (rows, columns), &Device::Cpu)
}

fn weights(config: &Config, seed: u64) -> candle_core::Result<Weights> {
    let mut source = Pcg64::seed_from_u64(seed);
    let &Config { hidden, intermediate, experts, .. } = config;
    let mut matrix =
        |rows: usize, columns: usize| random(rows, columns, 2.0 / (columns as f32).sqrt(), &mut source);
    let router = matrix(experts, hidden)?;
    let mut expert = || {
        let (gate, up) = (matrix(intermediate, hidden)?, matrix(intermediate, hidden)?);
        Ok(Expert { gate, up, down: matrix(hidden, intermediate)? })
    };
    let experts = (0..experts).map(|_| expert()).collect::<candle_core::Result<_>>()?;
    Ok(Weights { router, experts })
}

/// Where the tensors of a rank are.
fn device(rank: usize) -> Result<Device, Error> {
    if cfg!(feature = "cuda") { Ok(Device::new_cuda(rank % gpus()?.len())?) } else { Ok(Device::Cpu) }
}

/// Runs the layer on so many tokens a rank, and compares; the largest error as a share of what
/// rounding may do.
fn run(config: Config, ranks: usize, tokens: usize, seed: u64) -> Result<f32, Error> {
    let weights = weights(&config, seed)?;
    let inputs: Vec<Tensor> = (0..ranks)
        .map(|rank| {
            let mut source = Pcg64::seed_from_u64(seed ^ (rank as u64 + 1) << 32);
            random(tokens, config.hidden, 2.0, &mut source)?.to_dtype(DType::BF16)
        })
        .collect::<candle_core::Result<_>>()?;
    let topology = Topology::nodes(1).gpus_per_node(ranks);
    let cluster =
        if cfg!(feature = "cuda") { Cluster::cuda(topology)? } else { Cluster::emulated(topology)? };
    let results = cluster.run(|rank| -> Result<Tensor, Error> {
        let device = device(rank.index())?;
        let weights = weights.to_device(&device)?;
        let x = inputs[rank.index()].to_device(&device)?;
        let mut layer = Layer::open(rank, config, &weights, tokens)?;
        // The second call is what a model does: the dock is opened once.
        layer.forward(&x)?;
        Ok(layer.forward(&x)?.to_device(&Device::Cpu)?)
    })?;
    let mut largest = 0.0f32;
    for (x, result) in inputs.iter().zip(&results) {
        let (expected, tolerance) = dense::forward(x, &weights, config.top_k)?;
        let error = ((result.to_dtype(DType::F32)? - expected)?.abs()? / tolerance)?;
        for error in error.flatten_all()?.to_vec1::<f32>()? {
            largest = if error.is_nan() { f32::INFINITY } else { largest.max(error) };
        }
    }
    Ok(largest)
}

fn main() -> std::process::ExitCode {
    let config = Config { hidden: 256, intermediate: 128, experts: 16, top_k: 4 };
    match run(config, 4, 24, 1) {
        Ok(error) => {
            println!("24 tokens on each of 4 ranks, top-{} of {} experts", config.top_k, config.experts);
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

    #[test]
    fn the_layer_is_the_dense_layer_in_several_shapes() {
        for (hidden, intermediate, experts, top_k, ranks, tokens) in
            [(128, 64, 8, 2, 2, 8), (40, 7, 9, 9, 3, 6), (64, 32, 4, 1, 1, 5), (64, 16, 32, 5, 8, 3)]
        {
            let config = Config { hidden, intermediate, experts, top_k };
            let error = run(config, ranks, tokens, 5).unwrap_or_else(|error| panic!("{config:?}: {error}"));
            assert!(error <= 1.0, "{config:?}: {error}");
        }
    }

    #[test]
    fn impossible_shapes_are_explained() {
        let config = Config { hidden: 64, intermediate: 16, experts: 8, top_k: 2 };
        let error = run(config, 3, 4, 1).expect_err("8 experts on 3 ranks").to_string();
        assert!(error.contains("experts must be a multiple of the number of ranks"), "{error}");
    }
}
