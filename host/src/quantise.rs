//! FP8 with one scale per block of elements, as DeepSeek-V3 and DeepEP define it.
//!
//! Per row and block: `amax = max(1e-4, max |x|)`; elements become `e4m3(x * (448 / amax))`, rounded to nearest even
//! and saturated at 448; the stored scale is `amax / 448`, so that `x ~ element * scale`. Both divisions are exact
//! (correctly rounded f32). A NaN element becomes NaN and does not count for `amax`.

use crate::{Error, Result};

/// The largest finite e4m3.
const LARGEST: f32 = 448.0;

/// The least `amax`: keeps the scale of a block of zeros finite.
const LEAST_MAXIMUM: f32 = 1e-4;

/// Rows of 8-bit floats and their scales, as [`Tokens::Fp8`](crate::Tokens::Fp8) takes them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fp8Rows {
    /// `[rows, hidden]`: e4m3 (the finite variant: no infinities, NaN is 0x7f or 0xff).
    pub values: Vec<u8>,
    /// `[rows, hidden.div_ceil(block)]`.
    pub scales: Vec<f32>,
}

/// Quantises rows of `hidden` elements with one scale per `block`; the last block of a row may be shorter.
///
/// ```
/// use crossdock_host::quantise;
///
/// let rows = [0.0, 7.0, -3.5, 1.75];
/// let fp8 = quantise::fp8_e4m3(&rows, 4, 128)?;
/// assert_eq!(fp8.scales, [7.0 / 448.0]);
/// assert_eq!(quantise::dequantise(&fp8.values, &fp8.scales, 4, 128)?, rows);
/// # Ok::<(), crossdock_host::Error>(())
/// ```
///
/// # Errors
/// When `hidden` or `block` is 0, or `values` is no whole number of rows.
pub fn fp8_e4m3<T: Copy + Into<f32>>(values: &[T], hidden: usize, block: usize) -> Result<Fp8Rows> {
    check(values.len(), hidden, block)?;
    let mut rows = Fp8Rows::default();
    rows.values.reserve_exact(values.len());
    for chunk in values.chunks_exact(hidden).flat_map(|row| row.chunks(block)) {
        let maximum = chunk.iter().fold(LEAST_MAXIMUM, |maximum, &x| maximum.max(x.into().abs()));
        let scale = LARGEST / maximum;
        rows.values.extend(chunk.iter().map(|&x| e4m3(x.into() * scale)));
        rows.scales.push(maximum / LARGEST);
    }
    Ok(rows)
}

/// Elements times their scales: one f32 product each, rounded once.
///
/// # Errors
/// When `hidden` or `block` is 0, `values` is no whole number of rows, or `scales` does not match them.
pub fn dequantise(values: &[u8], scales: &[f32], hidden: usize, block: usize) -> Result<Vec<f32>> {
    check(values.len(), hidden, block)?;
    let expected = values.len() / hidden * hidden.div_ceil(block);
    if scales.len() != expected {
        let found = scales.len();
        return Err(Error::Rows { what: "scales", rule: "rows * scales per row", expected, found });
    }
    let chunks = values.chunks_exact(hidden).flat_map(|row| row.chunks(block));
    Ok(chunks
        .zip(scales)
        .flat_map(|(chunk, &scale)| chunk.iter().map(move |&x| from_e4m3(x) * scale))
        .collect())
}

fn check(elements: usize, hidden: usize, block: usize) -> Result<()> {
    for (parameter, value) in [("hidden", hidden), ("block", block)] {
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

/// To e4m3, nearest even, saturating; NaN becomes 0x7f.
fn e4m3(x: f32) -> u8 {
    if x.is_nan() {
        return 0x7f;
    }
    let sign = if x.is_sign_negative() { 0x80 } else { 0 };
    let magnitude = x.abs().min(LARGEST);
    // The exponent of the result's binade, -6 for subnormals too; three mantissa bits make the step 2^(exponent - 3).
    let exponent = ((magnitude.to_bits() >> 23) as i32 - 127).max(-6);
    let step_inverse = f32::from_bits(((3 - exponent + 127) as u32) << 23);
    let steps = (magnitude * step_inverse).round_ties_even() as i32; // exact product: a power of two
    // 8 to 16 steps in a normal binade; 16 carries into the next exponent by itself.
    sign | (((exponent + 6) << 3) + steps) as u8
}

/// The exact value of an e4m3.
fn from_e4m3(bits: u8) -> f32 {
    let magnitude = match bits & 0x7f {
        0x7f => f32::NAN,
        bits @ 0..8 => f32::from(bits) / 512.0,
        bits => f32::from_bits((u32::from(bits >> 3) + 120) << 23 | u32::from(bits & 7) << 20),
    };
    if bits & 0x80 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sign, exponent and mantissa as the format defines them, in f64.
    fn meaning(bits: u8) -> f64 {
        let sign = if bits & 0x80 == 0 { 1.0 } else { -1.0 };
        let (exponent, mantissa) = (i32::from(bits >> 3 & 15), f64::from(bits & 7));
        if bits & 0x7f == 0x7f {
            f64::NAN
        } else if exponent == 0 {
            sign * mantissa / 8.0 * 2f64.powi(-6)
        } else {
            sign * (1.0 + mantissa / 8.0) * 2f64.powi(exponent - 7)
        }
    }

    #[test]
    fn decodes_every_value() {
        for bits in 0..=u8::MAX {
            let (decoded, expected) = (f64::from(from_e4m3(bits)), meaning(bits));
            assert!(decoded == expected || decoded.is_nan() && expected.is_nan(), "{bits:#04x}");
        }
        assert_eq!(from_e4m3(0x7e), 448.0);
    }

    #[test]
    fn encodes_to_the_nearest_value_and_ties_to_even() {
        let mut tested = 0;
        let finite: Vec<u8> = (0..0x7f).collect();
        for pair in finite.windows(2) {
            let (low, high) = (meaning(pair[0]) as f32, meaning(pair[1]) as f32);
            let middle = (low + high) / 2.0; // exact
            let even = if pair[0] % 2 == 0 { pair[0] } else { pair[1] };
            for (x, expected) in [
                (low, pair[0]),
                (middle.next_down(), pair[0]),
                (middle, even),
                (middle.next_up(), pair[1]),
                (high, pair[1]),
            ] {
                assert_eq!(e4m3(x), expected, "{x}");
                assert_eq!(e4m3(-x), expected | 0x80, "-{x}");
                tested += 1;
            }
        }
        assert_eq!(tested, 126 * 5);
        for (x, expected) in
            [(449.0, 0x7e), (f32::INFINITY, 0x7e), (f32::NEG_INFINITY, 0xfe), (f32::NAN, 0x7f), (1e-45, 0)]
        {
            assert_eq!(e4m3(x), expected, "{x}");
        }
    }

    #[test]
    fn blocks_have_their_own_scale_and_the_last_may_be_short() {
        let rows: Vec<half::bf16> =
            [1.0, -2.0, 0.0, 0.0, 448.0, 3.0, 3.0, 3.0, 3.0, 3.0].map(half::bf16::from_f32).into();
        let fp8 = fp8_e4m3(&rows, 5, 2).expect("two rows of five");
        assert_eq!(fp8.scales, [2.0 / 448.0, 1e-4 / 448.0, 1.0, 3.0 / 448.0, 3.0 / 448.0, 3.0 / 448.0]);
        assert_eq!(fp8.values, [0x76, 0xfe, 0, 0, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e, 0x7e]);
        let back = dequantise(&fp8.values, &fp8.scales, 5, 2).expect("the same rows");
        assert_eq!(back[..5], [1.0, -2.0, 0.0, 0.0, 448.0]);
    }

    #[test]
    fn wrong_sizes_are_refused() {
        assert!(matches!(fp8_e4m3(&[1.0; 5], 4, 2), Err(Error::Rows { expected: 8, found: 5, .. })));
        assert!(matches!(fp8_e4m3::<f32>(&[], 0, 2), Err(Error::OutOfRange { parameter: "hidden", .. })));
        assert!(matches!(
            dequantise(&[0; 8], &[1.0; 3], 4, 2),
            Err(Error::Rows { expected: 4, found: 3, .. })
        ));
    }
}
