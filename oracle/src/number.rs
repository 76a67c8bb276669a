//! Number formats by their definition: FP8 as a table of all values, rounding as the nearest of them.

use std::sync::LazyLock;

use half::bf16;

/// f32 to bf16, to nearest even; every NaN gives the one NaN that GPUs give, `0x7fff`.
pub fn round_to_bf16(value: f32) -> bf16 {
    if value.is_nan() { bf16::from_bits(0x7fff) } else { bf16::from_f32(value) }
}

/// The value of every E4M3 byte: sign, four exponent bits with bias 7, three mantissa bits; `x1111111` is NaN and there
/// is no infinity.
static E4M3: LazyLock<[f32; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        let sign = if byte & 0x80 == 0 { 1.0 } else { -1.0 };
        let exponent = (byte >> 3 & 0xf) as i32;
        let mantissa = (byte & 7) as f32 / 8.0;
        match (exponent, byte & 7) {
            (15, 7) => f32::NAN,
            (0, _) => sign * mantissa * 2f32.powi(-6),
            _ => sign * (1.0 + mantissa) * 2f32.powi(exponent - 7),
        }
    })
});

/// The largest finite E4M3 value.
const LARGEST: f32 = 448.0;

/// The E4M3 byte nearest to `value`, ties to the even byte, at most 448 in size; NaN gives NaN.
fn nearest_e4m3(value: f32) -> u8 {
    if value.is_nan() {
        return 0x7f;
    }
    let sign = if value.is_sign_negative() { 0x80 } else { 0 };
    let size = value.abs();
    if size >= LARGEST {
        return sign | 0x7e;
    }
    // The finite values of one sign are in the order of their bytes.
    let above = E4M3[..0x7f].partition_point(|&value| value <= size);
    let below = above - 1;
    let (down, up) = (size - E4M3[below], E4M3[above] - size);
    let nearest = if down < up || down == up && below % 2 == 0 { below } else { above };
    sign | nearest as u8
}

/// Rows of `hidden` values as FP8 with one scale per `block` values (the last block of a row may be shorter).
///
/// Per block: the largest size, at least 1e-4; values times `448 / largest`, rounded to E4M3; the scale that is stored
/// is `largest / 448`.
pub fn quantise(values: &[f32], hidden: usize, block: usize) -> (Vec<u8>, Vec<f32>) {
    let (mut bytes, mut scales) = (Vec::with_capacity(values.len()), Vec::new());
    for row in values.chunks(hidden) {
        for values in row.chunks(block) {
            let largest = values.iter().fold(1e-4f32, |largest, value| largest.max(value.abs()));
            let factor = LARGEST / largest;
            bytes.extend(values.iter().map(|value| nearest_e4m3(value * factor)));
            scales.push(largest / LARGEST);
        }
    }
    (bytes, scales)
}

/// The values of FP8 rows, rounded to bf16.
pub fn dequantise(bytes: &[u8], scales: &[f32], hidden: usize, block: usize) -> Vec<bf16> {
    let mut values = Vec::with_capacity(bytes.len());
    let mut scale = scales.iter();
    for row in bytes.chunks(hidden) {
        for bytes in row.chunks(block) {
            let scale = scale.next().copied().unwrap_or(f32::NAN);
            values.extend(bytes.iter().map(|&byte| round_to_bf16(E4M3[usize::from(byte)] * scale)));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e4m3_has_the_values_of_its_definition() {
        for (byte, value) in [
            (0x00, 0.0),
            (0x01, 0.001953125),
            (0x08, 0.015625),
            (0x38, 1.0),
            (0x3c, 1.5),
            (0x7e, 448.0),
            (0xb8, -1.0),
        ] {
            assert_eq!(E4M3[byte], value, "byte {byte:#x}");
        }
        assert!(E4M3[0x7f].is_nan() && E4M3[0xff].is_nan());
    }

    #[test]
    fn every_finite_e4m3_value_is_its_own_nearest() {
        for byte in (0..=255u8).filter(|byte| byte & 0x7f != 0x7f) {
            assert_eq!(nearest_e4m3(E4M3[usize::from(byte)]), byte);
        }
    }

    #[test]
    fn ties_go_to_the_even_mantissa_and_large_values_saturate() {
        assert_eq!(nearest_e4m3(1.0625), 0x38); // between 1 (even) and 1.125
        assert_eq!(nearest_e4m3(1.1875), 0x3a); // between 1.125 and 1.25 (even)
        assert_eq!(nearest_e4m3(0.0009765625), 0x00); // between 0 (even) and the smallest
        assert_eq!(nearest_e4m3(-1e9), 0xfe);
        assert_eq!(nearest_e4m3(460.0), 0x7e);
    }

    #[test]
    fn scales_are_the_largest_size_over_448() {
        // Two rows of three in blocks of two: the last block of each row holds one value.
        let (bytes, scales) = quantise(&[1.0, -2.0, 0.0, 448.0, 0.5, 4.48], 3, 2);
        assert_eq!(scales, [2.0 / 448.0, 1e-4 / 448.0, 1.0, 4.48 / 448.0]);
        assert_eq!(bytes, [0x76, 0xfe, 0x00, 0x7e, 0x30, 0x7e]);
        let values = dequantise(&bytes, &scales, 3, 2);
        let expected: Vec<bf16> = [1.0, -2.0, 0.0, 448.0, 0.5, 4.48].map(bf16::from_f32).to_vec();
        assert_eq!(values, expected);
    }

    #[test]
    fn nan_rounds_to_the_gpu_nan() {
        assert_eq!(round_to_bf16(f32::from_bits(0xffc0_1234)).to_bits(), 0x7fff);
        assert_eq!(round_to_bf16(1.0 + 1.0 / 256.0).to_bits(), 0x3f80); // tie to even
    }
}
