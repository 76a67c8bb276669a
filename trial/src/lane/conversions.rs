//! Conversions between number formats: every bf16 and f16 and 8-bit float there is, and f32 near
//! every place where rounding turns. Compared with virtual GPUs, and with the same Rust functions
//! as rustc compiles them.

use super::{Lane, Test, same};
use crate::Error;
use crossdock_device::device;
use crossdock_device::numbers::float8::NAMES;

/// The conversions.
#[device(crate = ::crossdock_device)]
#[expect(dead_code, unreachable_pub, reason = "kernels are public items, and called on GPUs only")]
pub mod code {
    use crossdock_device::numbers::float8::code::{pair, values};
    use crossdock_device::numbers::half::code::*;
    use crossdock_device::numbers::quantise::code::*;
    use crossdock_device::prelude::*;

    /// Words that come of one number.
    pub const RESULTS: u32 = 8;

    /// One number in narrow formats, and in the 8-bit float of that number.
    pub fn narrowed(value: f32, float8: u32) -> B128 {
        B128 {
            x: bf16::from_f32(value).to_bits() as u32 | (f16::from_f32(value).to_bits() as u32) << 16,
            y: pair(float8, value, -value) as u32 | (pair(float8, value, 1.0) as u32) << 16,
            z: bf16x2::from_f32(value, 1.0).to_bits(),
            w: ue8m0::from_f32_up(value).to_bits() as u32
                | (ue8m0::from_f32_down(value).to_bits() as u32) << 8,
        }
    }

    /// The upper half of a number's bits in wide formats.
    pub fn widened(value: f32, float8: u32) -> B128 {
        let half = (value.to_bits() >> 16) as u16;
        let (low, high) = values(float8, half);
        B128 {
            x: bf16::from_bits(half).to_f32().to_bits(),
            y: f16::from_bits(half).to_f32().to_bits(),
            z: low.to_bits(),
            w: high.to_bits(),
        }
    }

    /// Both, for each number.
    #[kernel(warps = 8)]
    pub fn convert(values: Global<f32>, results: Global<B128>, count: u32, float8: u32) {
        let mut index = block_in_grid() * threads_in_block() + thread_in_block();
        while index < count {
            let value = values.at(index).read();
            results.at(index * 2).write(narrowed(value, float8));
            results.at(index * 2 + 1).write(widened(value, float8));
            index += blocks_in_grid() * threads_in_block();
        }
    }
}

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new("conversions: all 65,536 patterns of bf16, f16 and pairs of 8-bit floats", |lane| {
            run(lane, &(0..=u16::MAX).map(|upper| u32::from(upper) << 16).collect::<Vec<_>>())
        }),
        Test::new("conversions: f32 at and beside every place where rounding turns", |lane| {
            let lower = [1, 0x0fff, 0x1000, 0x1001, 0x7fff, 0x8000, 0x8001, 0xffff];
            // Every upper half whose lowest bits are not needed by the narrowest formats, and all
            // exponents.
            let upper = (0..=u16::MAX).step_by(7);
            run(
                lane,
                &upper
                    .flat_map(|upper| lower.map(|lower| u32::from(upper) << 16 | lower))
                    .collect::<Vec<_>>(),
            )
        }),
    ]
}

fn run(lane: &Lane, bits: &[u32]) -> Result<(), Error> {
    (1..=NAMES.len() as u32).try_for_each(|float8| run_with(lane, bits, float8))
}

fn run_with(lane: &Lane, bits: &[u32], float8: u32) -> Result<(), Error> {
    let values: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
    let image = code::__device::MODULE.specialise_for(&[], lane.target())?;
    let found = lane.compare(1, |rank| {
        let (from, to) =
            (rank.buffer::<f32>(values.len())?, rank.buffer::<u32>(values.len() * code::RESULTS as usize)?);
        from.write(0, &values)?;
        let arguments = code::ConvertArguments {
            values: from.global(),
            results: to.global(),
            count: values.len() as u32,
            float8,
        };
        rank.kernel(&image)?.launch(16, &arguments)?;
        to.read(0..to.len())
    })?;
    let words = |words: crossdock_device::prelude::B128| [words.x, words.y, words.z, words.w];
    let expected: Vec<u32> = values
        .iter()
        .flat_map(|&value| {
            [words(code::narrowed(value, float8)), words(code::widened(value, float8))].concat()
        })
        .collect();
    same(found.first().map_or(&[][..], Vec::as_slice), &expected, "conversions", "the host gives")
}
