//! The quantiser alone: what dispatch does to bf16 rows on the way to 8-bit floats, from a GPU's
//! memory to the same memory.

use crossdock::host::report::StageReport;
use crossdock::host::{Error, Kernel, Rank};
use crossdock::intrinsics::Peer;
use crossdock::{CompileOptions, ConstParameter, Shape};

use super::span::spanned;

/// The kernel, around the device function that `dispatch` calls.
#[crossdock::device(crate = ::crossdock)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock::kernels::dispatch::quantise::code::quantise_to_lanes;
    use crossdock::prelude::*;

    /// Quantises rows in place of sending them. One warp per row.
    #[kernel(warps = 8)]
    pub fn quantise<
        const HIDDEN: u32,
        const SIDE_WORDS: u32,
        const FORMAT: u32,
        const SCALES: u32,
        const BLOCK: u32,
    >(
        rows: Global<B128>, // [tokens, HIDDEN / 8]: bf16
        values: Peer<B128>, // [tokens, HIDDEN / 16]
        scales: Peer<u32>,  // [tokens, SIDE_WORDS]
        tokens: u32,
    ) {
        let mut token = warp_in_grid();
        while token < tokens {
            quantise_to_lanes::<HIDDEN, SIDE_WORDS, FORMAT, SCALES, BLOCK>(
                rows.at(token as u64 * (HIDDEN / 8) as u64),
                values.at(token as u64 * (HIDDEN / 16) as u64),
                scales.at(token as u64 * SIDE_WORDS as u64),
                1,
            );
            token += warps_in_grid();
        }
    }
}

/// The kernel on one rank, with memory for its rows.
#[derive(Debug)]
pub(super) struct Quantiser {
    kernel: Kernel<code::QuantiseArguments>,
    rows: crossdock::host::Buffer<u8>,
    values: crossdock::host::Buffer<u8>,
    scales: crossdock::host::Buffer<u8>,
    tokens: usize,
}

impl Quantiser {
    /// For `tokens` rows of a shape whose wire dispatch makes of bf16.
    pub(super) fn open(
        rank: &Rank,
        shape: &Shape,
        target: CompileOptions,
        rows: &[crossdock::host::bf16],
    ) -> Result<Quantiser, Error> {
        let names = ["HIDDEN", "SIDE_WORDS", "FORMAT", "SCALES", "BLOCK"];
        let parameters = ConstParameter::named(&shape.parameters(), &names);
        let image = code::__device::MODULE.specialise_for(&parameters, target)?;
        let tokens = rows.len() / shape.hidden as usize;
        let quantiser = Quantiser {
            kernel: rank.kernel(&image)?,
            rows: rank.buffer(2 * rows.len())?,
            values: rank.buffer(rows.len())?,
            scales: rank.buffer(tokens * shape.side_bytes() as usize)?,
            tokens,
        };
        let bytes: Vec<u8> = rows.iter().flat_map(|value| value.to_le_bytes()).collect();
        quantiser.rows.write(0, &bytes)?;
        Ok(quantiser)
    }

    /// Quantises all rows once, on `blocks` blocks at most.
    pub(super) fn run(&self, rank: &Rank, blocks: u32) -> Result<StageReport, Error> {
        let blocks = self.tokens.div_ceil(8).clamp(1, blocks.max(1) as usize) as u32;
        let arguments = code::QuantiseArguments {
            rows: self.rows.global(),
            values: Peer::from_address(self.values.address()),
            scales: Peer::from_address(self.scales.address()),
            tokens: self.tokens as u32,
        };
        let (launched, span) = spanned(rank, || self.kernel.launch(blocks, &arguments))?;
        Ok(StageReport { launches: vec![launched.report()], span })
    }

    /// Bytes that one run reads and writes.
    pub(super) fn bytes(shape: &Shape, tokens: u32) -> u64 {
        let row = shape.output_row_bytes() + shape.row_bytes() + shape.side_bytes();
        u64::from(tokens) * u64::from(row)
    }

    /// What the last run made: codes and scale records.
    #[cfg(test)]
    fn results(&self) -> Result<(Vec<u8>, Vec<u8>), Error> {
        Ok((self.values.read(0..self.values.len())?, self.scales.read(0..self.scales.len())?))
    }
}

#[cfg(test)]
mod tests {
    use crossdock::host::{Cluster, Topology, bf16, quantise};
    use crossdock::{Fp8, Wire};

    use super::*;

    #[test]
    fn it_makes_the_bits_that_the_host_makes_and_moves_the_bytes_that_are_said() {
        let shape = Shape { hidden: 336, top_k: 1, experts: 1, wire: Wire::FP8 };
        let rows: Vec<bf16> = (0..5 * 336).map(|at| bf16::from_f32((at % 97) as f32 - 40.5)).collect();
        let expected = quantise::fp8(&rows, 336, Fp8::DEEPSEEK_V3).expect("whole rows");
        let cluster = Cluster::emulated(Topology::nodes(1)).expect("one GPU");
        let results = cluster.run(|rank| -> Result<_, Error> {
            let quantiser = Quantiser::open(rank, &shape, CompileOptions::default(), &rows)?;
            let report = quantiser.run(rank, 132)?;
            Ok((quantiser.results()?, report))
        });
        let ((values, scales), report) = results.expect("it runs").remove(0);
        assert_eq!(values, expected.values);
        let scale_bytes: Vec<u8> = expected.scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
        assert_eq!(scales, scale_bytes);
        let traffic = report.counters().expect("virtual GPUs count").traffic;
        assert_eq!(traffic.hbm_total(), Quantiser::bytes(&shape, 5));
    }
}
