//! The gradients of a weighted combine, taken where the experts are.

use crossdock_device::kernels::gradient::code::GradientArguments;
use half::bf16;

use crate::gpu::buffer::Buffer;
use crate::round::arrived::Arrived;
use crate::round::launches::Launches;
use crate::round::outputs::Outputs;
use crate::{Error, Result, Wire};

/// What the backward of a weighted combine gives one rank, in its device memory.
#[derive(Debug)]
pub struct Gradients {
    /// `[slots, hidden]`: of the experts' outputs: weight times the gradient of the token's result,
    /// rounded to bf16. Slots that nobody takes hold nothing.
    pub outputs: Buffer<bf16>,
    /// `[slots]`: of the router's weights: the dot product of output and gradient, in f32.
    /// [`Combine::values`](crate::Combine::values) sends them home.
    pub weights: Buffer<f32>,
}

impl Arrived<'_> {
    /// Takes the gradients of the weighted combine whose results' gradients arrived here, by a
    /// [`dispatch_cached`](crate::Dock::dispatch_cached) with the handle of that round; `outputs`
    /// are what that combine took, one per slot.
    ///
    /// # Errors
    /// When the dock's rows are not bf16, `outputs` has the wrong length, or memory is short.
    pub fn gradients<'a>(&self, outputs: impl Into<Outputs<'a>>) -> Result<Gradients> {
        let dock = self.dock();
        let rank = &dock.rank;
        if dock.shape.wire != Wire::Bf16 {
            let (expected, found) = (dock.shape.wire.to_string(), "gradients, which travel as bf16");
            return Err(Error::WrongWire { rank: rank.index(), expected, found });
        }
        let elements = self.slot_count() * dock.shape.hidden as usize;
        let outputs = outputs.into();
        outputs.check(rank.index(), "outputs", "slots * hidden", elements)?;
        let outputs = outputs.upload(rank)?;
        let gradients =
            Gradients { outputs: rank.buffer(elements)?, weights: rank.buffer(self.slot_count())? };
        let kernel = &dock.kernels.gradient;
        let mut launches = Launches::begin(rank)?;
        launches.push(kernel.launch(
            dock.sm_plan().gradient.blocks(self.row_count()),
            &GradientArguments {
                gradients: dock.memory.arrived_rows.here().global(),
                by_expert: u32::from(self.layout().is_by_expert()),
                outputs: outputs.slice().global(),
                selections: dock.memory.selections.here().global(),
                source_offsets: self.plan().source_offsets.global(),
                ranks: dock.ranks(),
                output_gradients: gradients.outputs.global(),
                weight_gradients: gradients.weights.global(),
                status: dock.signals.status_record(),
            },
        )?);
        dock.finish(launches)?;
        Ok(gradients)
    }
}
