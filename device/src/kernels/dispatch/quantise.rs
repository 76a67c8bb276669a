//! Rows of bf16 that become 8-bit floats on their way: quantised once, whatever the number of
//! destinations.
//!
//! The numbers are those of [`numbers::quantise`](crate::numbers::quantise): per block,
//! `amax = max(1e-4, max |x|)`, the scale is `amax / largest` or the least power of two not below
//! it, and elements are `x * factor`, rounded to nearest even and saturated. A NaN becomes NaN and
//! does not count for `amax`.

use crate::device;

/// Quantising a row by one warp.
#[device]
pub mod code {
    use crate::numbers::float8::code::{codes as codes_of, largest};
    use crate::numbers::half::code::bf16x2;
    use crate::numbers::quantise::code::Scale;
    use crate::prelude::*;

    /// `FORMAT`: rows travel as they are. Any other number is that of an 8-bit float.
    pub const NEVER: u32 = 0;

    /// `SCALES`: `amax / largest`, as f32.
    pub const EXACT: u32 = 0;
    /// `SCALES`: the least power of two that is not below `amax / largest`, as f32.
    pub const POWER_OF_TWO: u32 = 1;
    /// `SCALES`: the same as its exponent, one byte.
    pub const UE8M0: u32 = 2;

    /// Elements of a lane: two pieces of bf16 in, one piece of codes out.
    pub const LANE_ELEMENTS: u32 = 16;
    /// Elements that a warp takes at once.
    pub const WARP_ELEMENTS: u32 = LANE_ELEMENTS * WARP;
    /// Steps of a warp whose elements are in registers at once.
    pub const STEPS_IN_FLIGHT: usize = 2;

    /// The greater magnitudes of two pairs. A NaN does not count.
    fn greater(a: u32, b: u32) -> bf16x2 {
        bf16x2::from_bits(a).abs().max(bf16x2::from_bits(b).abs())
    }

    /// The greatest magnitude of eight numbers, in the two halves of a pair.
    fn greatest_of_eight(numbers: B128) -> bf16x2 {
        greater(numbers.x, numbers.y).max(greater(numbers.z, numbers.w))
    }

    /// The greatest magnitude of a lane's numbers.
    pub fn greatest(low: B128, high: B128) -> f32 {
        let (a, b) = greatest_of_eight(low).max(greatest_of_eight(high)).to_f32();
        // The device language's `max` passes over NaN, and so does a block of nothing else.
        a.max(b)
    }

    /// The scale of a block with that greatest magnitude.
    pub fn scale<const FORMAT: u32, const SCALES: u32>(amax: f32) -> Scale {
        let largest = largest::<FORMAT>();
        if SCALES == EXACT { Scale::exact(amax, largest) } else { Scale::power_of_two(amax, largest) }
    }

    /// The codes of four numbers.
    fn four<const FORMAT: u32>(scale: Scale, low: u32, high: u32) -> u32 {
        let (a, b) = unpack_bf16(low);
        let (c, d) = unpack_bf16(high);
        codes_of::<FORMAT>(a, b, c, d, scale)
    }

    /// The codes of a lane's numbers.
    pub fn codes<const FORMAT: u32>(scale: Scale, low: B128, high: B128) -> B128 {
        B128 {
            x: four::<FORMAT>(scale, low.x, low.y),
            y: four::<FORMAT>(scale, low.z, low.w),
            z: four::<FORMAT>(scale, high.x, high.y),
            w: four::<FORMAT>(scale, high.z, high.w),
        }
    }

    /// Quantises the `HIDDEN` bf16 at `source` and writes codes and scales to the `target` and
    /// `sides` of every lane in `wanting`. All lanes of the warp.
    pub fn quantise_to_lanes<
        const HIDDEN: u32,
        const SIDE_WORDS: u32,
        const FORMAT: u32,
        const SCALES: u32,
        const BLOCK: u32,
    >(
        source: Global<B128>, // [HIDDEN / 8]
        target: Peer<B128>,   // [HIDDEN / 16]
        sides: Peer<u32>,     // [SIDE_WORDS]
        wanting: u32,
    ) {
        let side_entries = if SCALES == UE8M0 { SIDE_WORDS * 4 } else { SIDE_WORDS };
        let mut base = 0;
        while base < HIDDEN {
            let mut low = [B128::ZERO; STEPS_IN_FLIGHT];
            let mut high = [B128::ZERO; STEPS_IN_FLIGHT];
            #[unroll]
            for step in 0..STEPS_IN_FLIGHT {
                let element = base + step as u32 * WARP_ELEMENTS + lane() * LANE_ELEMENTS;
                if element < HIDDEN {
                    low[step] = source.at(element / 8).read();
                    high[step] = source.at(element / 8 + 1).read();
                }
            }
            let mut packed = [B128::ZERO; STEPS_IN_FLIGHT];
            let mut entry = [0u32; STEPS_IN_FLIGHT];
            #[unroll]
            for step in 0..STEPS_IN_FLIGHT {
                let element = base + step as u32 * WARP_ELEMENTS + lane() * LANE_ELEMENTS;
                let mut amax = greatest(low[step], high[step]);
                #[unroll]
                for doubling in 0..3 {
                    let distance = 1 << doubling;
                    if distance * LANE_ELEMENTS < BLOCK {
                        amax = amax.max(shuffle_xor(amax, distance));
                    }
                }
                let scale = scale::<FORMAT, SCALES>(amax);
                packed[step] = codes::<FORMAT>(scale, low[step], high[step]);
                if SCALES == UE8M0 {
                    // The bytes after the last scale fill its word with zeros.
                    let is_scale = element < HIDDEN;
                    entry[step] = if is_scale { scale.exponent().to_bits() as u32 } else { 0 };
                } else {
                    entry[step] = scale.scale.to_bits();
                }
            }
            let mut remaining = wanting;
            while remaining != 0 {
                let target = shuffle(target, remaining.trailing_zeros());
                let sides = shuffle(sides, remaining.trailing_zeros());
                #[unroll]
                for step in 0..STEPS_IN_FLIGHT {
                    let element = base + step as u32 * WARP_ELEMENTS + lane() * LANE_ELEMENTS;
                    if element < HIDDEN {
                        target.at(element / LANE_ELEMENTS).write(packed[step]);
                    }
                    if element % BLOCK == 0 && element / BLOCK < side_entries {
                        if SCALES == UE8M0 {
                            sides.cast::<u8>().at(element / BLOCK).write(entry[step] as u8);
                        } else {
                            sides.at(element / BLOCK).write(entry[step]);
                        }
                    }
                }
                remaining &= remaining - 1;
            }
            base += STEPS_IN_FLIGHT as u32 * WARP_ELEMENTS;
        }
    }
}
