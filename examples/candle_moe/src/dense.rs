//! The same layer without ranks: every expert for every token, in f32, by candle alone.

use candle_core::{DType, Tensor};

use crate::layer::Weights;

/// Results, `[tokens, hidden]` in f32, and how far the layer with ranks may be from them: it rounds
/// outputs, partial sums and results to bf16, each by 2^-8 at most of the weighted outputs that it
/// sums.
pub fn forward(x: &Tensor, weights: &Weights, top_k: usize) -> candle_core::Result<(Tensor, Tensor)> {
    let (chosen, shares) = weights.route(x, top_k)?;
    let x = x.to_dtype(DType::F32)?;
    let mut sums = x.zeros_like()?;
    let mut magnitudes = x.zeros_like()?;
    for (number, expert) in weights.experts.iter().enumerate() {
        // The weight of this expert for each token; 0 where it was not chosen.
        let mine = chosen.eq(number as u32)?.to_dtype(DType::F32)?;
        let weight = (mine * &shares)?.sum_keepdim(1)?;
        let output = expert.forward(&x)?.broadcast_mul(&weight)?;
        sums = (sums + &output)?;
        magnitudes = (magnitudes + output.abs()?)?;
    }
    Ok((sums, ((magnitudes * (3.0 / 256.0))? + 1e-5)?))
}
