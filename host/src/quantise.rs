//! FP8 with one scale per block of elements, on the host: the same bits as dispatch makes of bf16
//! rows.
//!
//! Per row and block: `amax = max(1e-4, max |x|)`. A scale is `amax / largest`, with the
//! largest finite element (448 of e4m3), or the least power of two that is not below that quotient;
//! elements become `x * factor`, rounded to nearest even and saturated, with `largest / amax` as
//! the factor, or one divided by the power of two. So `x ~ element * scale`. All divisions are
//! exact (correctly rounded f32). A NaN element becomes NaN and does not count for `amax`.

use crossdock_device::numbers::quantise::{LEAST_MAXIMUM, Scale, ue8m0, with_magnitude};
use crossdock_device::{Fp8, ScaleFormat};
use crossdock_ptx::Rounding;

use crate::{Error, Result};

/// Rows of 8-bit floats and their scales, as [`Tokens::Fp8`](crate::Tokens::Fp8) takes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fp8Rows {
    /// `[rows, hidden]`: the bits of the elements.
    pub values: Vec<u8>,
    /// `[rows, hidden.div_ceil(block)]`.
    pub scales: Vec<f32>,
}

/// Quantises rows of `hidden` elements; the last block of a row may be shorter.
///
/// ```
/// use crossdock_host::{Fp8, quantise};
///
/// let rows = [0.0, 7.0, -3.5, 1.75];
/// let fp8 = quantise::fp8(&rows, 4, Fp8::DEEPSEEK_V3)?;
/// assert_eq!(fp8.scales, [7.0 / 448.0]);
/// assert_eq!(quantise::dequantise(&fp8.values, &fp8.scales, 4, Fp8::DEEPSEEK_V3)?, rows);
/// # Ok::<(), crossdock_host::Error>(())
/// ```
///
/// # Errors
/// When `hidden` or the block is 0, or `values` is no whole number of rows.
pub fn fp8<T: Copy + Into<f32>>(values: &[T], hidden: usize, format: Fp8) -> Result<Fp8Rows> {
    check(values.len(), hidden, format)?;
    let element = format.element.format();
    let largest = element.value(element.greatest());
    let mut rows = Fp8Rows::default();
    rows.values.reserve_exact(values.len());
    for chunk in values.chunks_exact(hidden).flat_map(|row| row.chunks(format.block as usize)) {
        let amax = chunk.iter().fold(LEAST_MAXIMUM, |amax, &x| with_magnitude(amax, x.into()));
        let scale = match format.scale {
            ScaleFormat::F32 => Scale::exact(amax, largest),
            ScaleFormat::PowerOfTwo | ScaleFormat::Ue8m0 => Scale::power_of_two(amax, largest),
        };
        rows.values.extend(
            chunk.iter().map(|&x| {
                element.encode((x.into() * scale.factor).into(), Rounding::NearestEven, true) as u8
            }),
        );
        rows.scales.push(scale.scale);
    }
    Ok(rows)
}

/// Elements times their scales: one f32 product each, rounded once.
///
/// # Errors
/// When `hidden` or the block is 0, `values` is no whole number of rows, or `scales` does not match
/// them.
pub fn dequantise(values: &[u8], scales: &[f32], hidden: usize, format: Fp8) -> Result<Vec<f32>> {
    check(values.len(), hidden, format)?;
    let block = format.block as usize;
    let expected = values.len() / hidden * hidden.div_ceil(block);
    if scales.len() != expected {
        let found = scales.len();
        return Err(Error::Rows { what: "scales", rule: "rows * scales per row", expected, found });
    }
    let element = format.element.format();
    let all: &[f32; 256] = &std::array::from_fn(|code| element.value(code as u32));
    let chunks = values.chunks_exact(hidden).flat_map(|row| row.chunks(block));
    let products = chunks
        .zip(scales)
        .flat_map(|(chunk, &scale)| chunk.iter().map(move |&code| all[usize::from(code)] * scale));
    Ok(products.collect())
}

/// Scales as they are stored.
pub(crate) fn scales_of_bytes(format: ScaleFormat, bytes: &[u8]) -> Vec<f32> {
    match format {
        ScaleFormat::Ue8m0 => bytes.iter().map(|&exponent| ue8m0::from_bits(exponent).to_f32()).collect(),
        ScaleFormat::F32 | ScaleFormat::PowerOfTwo => {
            bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect()
        }
    }
}

fn check(elements: usize, hidden: usize, format: Fp8) -> Result<()> {
    for (parameter, value) in [("hidden", hidden), ("block", format.block as usize)] {
        if value == 0 {
            return Err(Error::OutOfRange { parameter, value: 0, least: 1, most: u64::from(u32::MAX) });
        }
    }
    if !elements.is_multiple_of(hidden) {
        let expected = elements.next_multiple_of(hidden);
        return Err(Error::Rows { what: "values", rule: "whole rows of hidden", expected, found: elements });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossdock_device::Float8;

    const fn format(element: Float8, block: u32, scale: ScaleFormat) -> Fp8 {
        Fp8 { element, block, scale }
    }

    #[test]
    fn blocks_have_their_own_scale_and_the_last_may_be_short() {
        let rows: Vec<half::bf16> =
            [1.0, -2.0, 0.0, 0.0, 448.0, 3.0, 3.0, 3.0, 3.0, 3.0].map(half::bf16::from_f32).into();
        let pairs = format(Float8::E4m3, 2, ScaleFormat::F32);
        let quantised = fp8(&rows, 5, pairs).expect("two rows of five");
        assert_eq!(quantised.scales, [2.0 / 448.0, 1e-4 / 448.0, 1.0, 3.0 / 448.0, 3.0 / 448.0, 3.0 / 448.0]);
        assert_eq!(quantised.values, [0x76, 0xfe, 0, 0, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e]);
        let back = dequantise(&quantised.values, &quantised.scales, 5, pairs).expect("the same rows");
        assert_eq!(back[..5], [1.0, -2.0, 0.0, 0.0, 448.0]);
    }

    #[test]
    fn powers_of_two_are_rounded_up() {
        for &element in Float8::ALL {
            let (definition, code) = (element.format(), element.format().greatest() as u8);
            let largest = definition.value(code.into());
            for scale in [ScaleFormat::PowerOfTwo, ScaleFormat::Ue8m0] {
                let format = format(element, 1, scale);
                let quantised =
                    fp8(&[largest, largest.next_up(), -2.0 * largest, 0.0], 4, format).expect("a row");
                assert_eq!(quantised.scales[..3], [1.0, 2.0, 2.0]);
                // The least power of two that is not below 1e-4 / largest.
                let least = quantised.scales[3];
                assert!(least >= 1e-4 / largest && least / 2.0 < 1e-4 / largest && least.to_bits() << 9 == 0);
                // Half of the largest is one exponent less.
                let half = code - (1 << definition.mantissa_bits());
                assert_eq!(quantised.values, [code, half, code | definition.sign_bit() as u8, 0]);
            }
        }
    }

    #[test]
    fn wrong_sizes_are_refused() {
        let format = format(Float8::E4m3, 2, ScaleFormat::F32);
        assert!(matches!(fp8(&[1.0; 5], 4, format), Err(Error::Rows { expected: 8, found: 5, .. })));
        assert!(matches!(fp8::<f32>(&[], 0, format), Err(Error::OutOfRange { parameter: "hidden", .. })));
        let none = Fp8 { block: 0, ..format };
        assert!(matches!(fp8::<f32>(&[], 4, none), Err(Error::OutOfRange { parameter: "block", .. })));
        assert!(matches!(
            dequantise(&[0; 8], &[1.0; 3], 4, format),
            Err(Error::Rows { expected: 4, found: 3, .. })
        ));
    }
}
