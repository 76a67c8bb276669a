//! The layer over several ranks: candle routes and computes the experts, crossdock dispatches and
//! combines.

use candle_core::{DType, Device, IndexOp, Storage, Tensor, bail};
use crossdock::host::{Arrived, Capacity, Dock, Rank, Routing, Tokens, bf16};
use crossdock::{KernelSet, Shape, Wire};

use crate::error::Error;

/// A feed-forward network: `down * (silu(gate * x) . (up * x))`, in f32.
#[derive(Clone, Debug)]
pub struct Expert {
    /// `[intermediate, hidden]`.
    pub gate: Tensor,
    /// `[intermediate, hidden]`.
    pub up: Tensor,
    /// `[hidden, intermediate]`.
    pub down: Tensor,
}

impl Expert {
    /// `[rows, hidden]` in f32, of as many.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let inner = (x.matmul(&self.gate.t()?)?.silu()? * x.matmul(&self.up.t()?)?)?;
        inner.matmul(&self.down.t()?)
    }
}

/// The layer's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Elements of a token; a multiple of 8.
    pub hidden: usize,
    /// Elements between the halves of an expert.
    pub intermediate: usize,
    /// Experts in all; a multiple of the ranks.
    pub experts: usize,
    /// Experts of each token.
    pub top_k: usize,
}

/// The weights. A real program holds only the experts of its own rank.
#[derive(Clone, Debug)]
pub struct Weights {
    /// `[experts, hidden]`, f32.
    pub router: Tensor,
    pub experts: Vec<Expert>,
}

impl Weights {
    /// Copies on another device.
    pub fn to_device(&self, device: &Device) -> candle_core::Result<Weights> {
        let expert = |expert: &Expert| {
            Ok(Expert {
                gate: expert.gate.to_device(device)?,
                up: expert.up.to_device(device)?,
                down: expert.down.to_device(device)?,
            })
        };
        let experts = self.experts.iter().map(expert).collect::<candle_core::Result<_>>()?;
        Ok(Weights { router: self.router.to_device(device)?, experts })
    }

    /// Softmax over the `top_k` experts with the highest logits: their numbers and weights,
    /// `[tokens, top_k]` each.
    pub fn route(&self, x: &Tensor, top_k: usize) -> candle_core::Result<(Tensor, Tensor)> {
        let logits = x.to_dtype(DType::F32)?.matmul(&self.router.t()?)?;
        let chosen = logits.arg_sort_last_dim(false)?.narrow(1, 0, top_k)?.contiguous()?;
        let scores = logits.gather(&chosen, 1)?;
        let exponentials = scores.broadcast_sub(&scores.max_keepdim(1)?)?.exp()?;
        let weights = exponentials.broadcast_div(&exponentials.sum_keepdim(1)?)?;
        Ok((chosen, weights))
    }
}

/// The layer on one rank.
pub struct Layer<'a> {
    config: Config,
    weights: &'a Weights,
    dock: Dock,
}

impl<'a> Layer<'a> {
    /// Opens a dock for up to `tokens` tokens per rank. Collective.
    pub fn open(
        rank: &Rank,
        config: Config,
        weights: &'a Weights,
        tokens: usize,
    ) -> Result<Layer<'a>, Error> {
        let shape = Shape {
            hidden: config.hidden as u32,
            top_k: config.top_k as u32,
            experts: config.experts as u32,
            wire: Wire::Bf16,
        };
        let kernels = KernelSet::jit(shape).map_err(crossdock::host::Error::from)?;
        Ok(Layer { config, weights, dock: rank.dock(kernels, Capacity::tokens(tokens))? })
    }

    /// `x` and the result are `[tokens, hidden]` in bf16. Collective.
    pub fn forward(&mut self, x: &Tensor) -> Result<Tensor, Error> {
        let (tokens, hidden) = x.dims2()?;
        let x = x.contiguous()?;
        // 1. Router.
        let (chosen, weights) = self.weights.route(&x, self.config.top_k)?;
        let experts: Vec<i32> =
            chosen.flatten_all()?.to_vec1::<u32>()?.into_iter().map(u32::cast_signed).collect();
        let weights = weights.flatten_all()?.to_vec1::<f32>()?;
        // 2. Dispatch: the rows go from where the tensor is.
        let routing = Routing::new(&experts, &weights);
        let arrived = dispatch(&mut self.dock, &x, &routing)?;
        // 3. This rank's experts, on what arrived.
        let outputs = compute(&arrived, self.weights, x.device())?;
        // 4. Combine: the weighted sums, in the order of this rank's tokens.
        let home = arrived.combine(&outputs)?;
        Ok(Tensor::from_vec(home.rows, (tokens, hidden), x.device())?)
    }
}

/// Sends a contiguous bf16 tensor without copying it to where it is not.
fn dispatch<'dock>(
    dock: &'dock mut Dock,
    x: &Tensor,
    routing: &Routing<'_>,
) -> Result<Arrived<'dock>, Error> {
    let (storage, layout) = x.storage_and_layout();
    let Some((start, end)) = layout.contiguous_offsets() else {
        return Err(candle_core::Error::Msg("rows must be contiguous".to_owned()).bt().into());
    };
    match &*storage {
        Storage::Cpu(rows) => {
            let rows = &rows.as_slice::<bf16>()?[start..end];
            Ok(dock.dispatch(&Tokens::Bf16(rows), routing)?)
        }
        #[cfg(feature = "cuda")]
        Storage::Cuda(rows) => {
            use candle_core::cuda_backend::cudarc::driver::DevicePtr;
            use crossdock::host::{DeviceSlice, DeviceTokens};

            // What candle's stream has still to do to the rows comes first.
            x.device().synchronize()?;
            let slice = rows.as_cuda_slice::<bf16>()?;
            let (address, _in_use) = slice.device_ptr(slice.stream());
            // SAFETY: the storage is locked for reading until dispatch has returned, and the
            // elements from `start` to `end` are in it.
            let rows = unsafe {
                DeviceSlice::<bf16>::from_raw(address + (start * size_of::<bf16>()) as u64, end - start)
            };
            Ok(dock.dispatch(&Tokens::Device(DeviceTokens::Bf16(rows)), routing)?)
        }
        _ => {
            let unsupported =
                || -> candle_core::Result<()> { bail!("rows must be on the CPU or on a CUDA device") };
            unsupported()?;
            unreachable!("it has failed")
        }
    }
}

/// `[slots, hidden]`: what this rank's experts make of the rows that arrived. Candle has no tensor
/// that borrows memory, so rows come as a copy.
fn compute(arrived: &Arrived<'_>, weights: &Weights, device: &Device) -> Result<Vec<bf16>, Error> {
    let hidden = arrived.shape().hidden as usize;
    let rows = Tensor::from_vec(arrived.bf16_rows()?, (arrived.row_count(), hidden), device)?;
    let rows = rows.to_dtype(DType::F32)?;
    let slots = Tensor::from_vec(arrived.expert_rows()?, arrived.slot_count(), device)?;
    let mut outputs = Vec::with_capacity(arrived.slot_count() * hidden);
    for (local, number) in arrived.local_experts().enumerate() {
        let first = arrived.expert_offsets()[local] as usize;
        let count = arrived.expert_counts()[local] as usize;
        if count == 0 {
            continue;
        }
        let input = rows.index_select(&slots.i(first..first + count)?, 0)?;
        let output = weights.experts[number].forward(&input)?.to_dtype(DType::BF16)?;
        outputs.extend(output.flatten_all()?.to_vec1::<bf16>()?);
    }
    Ok(outputs)
}
