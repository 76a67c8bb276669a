//! Number formats by their definition: FP8 as a table of all values, rounding as the nearest of
//! them.

use std::sync::LazyLock;

use half::bf16;

/// f32 to bf16, to nearest even; every NaN gives the one NaN that GPUs give, `0x7fff`.
pub fn round_to_bf16(value: f32) -> bf16 {
    if value.is_nan() { bf16::from_bits(0x7fff) } else { bf16::from_f32(value) }
}

/// An 8-bit float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// `x1111111` is NaN and there is no infinity.
    E4m3,
    /// The highest exponent is for infinity and NaN.
    E5m2,
}

/// What defines an 8-bit float besides its sign.
struct Definition {
    name: &'static str,
    exponent_bits: u32,
    bias: i32,
    mantissa_bits: u32,
    /// The byte of the largest finite value, and that of infinity. All others of that sign are NaN.
    largest: u8,
    infinity: Option<u8>,
    /// The byte that a NaN becomes.
    nan: u8,
}

/// What a block's scale is and how it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Largest size over largest element, f32.
    F32,
    /// The least power of two that is not less, f32.
    PowerOfTwo,
    /// The same as one byte, its exponent plus 127; rows have a multiple of four bytes.
    Ue8m0,
}

/// Rows of 8-bit floats with one scale per block; the last block of a row may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Float8Rows {
    /// The elements.
    pub element: Element,
    /// Elements per scale.
    pub block: usize,
    /// The scales.
    pub scale: Scale,
}

/// The value of every byte of every element.
static VALUES: LazyLock<[[f32; 256]; Element::ALL.len()]> = LazyLock::new(|| {
    Element::ALL.map(|element| {
        let definition = element.definition();
        std::array::from_fn(|byte| definition.value(byte))
    })
});

impl Definition {
    /// The sign is above the exponent; bits above the sign are nothing.
    fn sign(&self) -> u8 {
        1 << (self.exponent_bits + self.mantissa_bits)
    }

    fn value(&self, byte: usize) -> f32 {
        let (sign, units) = (usize::from(self.sign()), 1 << self.mantissa_bits);
        let magnitude = byte % sign;
        let exponent = (magnitude / units) as i32;
        let mantissa = (magnitude % units) as f32 / units as f32;
        let size = match exponent {
            _ if self.infinity.map(usize::from) == Some(magnitude) => f32::INFINITY,
            _ if magnitude > self.largest.into() => f32::NAN,
            0 => mantissa * 2f32.powi(1 - self.bias),
            _ => (1.0 + mantissa) * 2f32.powi(exponent - self.bias),
        };
        if byte & sign == 0 { size } else { -size }
    }
}

impl Element {
    /// Every one.
    pub const ALL: [Element; 2] = [Element::E4m3, Element::E5m2];

    /// The element that wires call so.
    pub fn named(name: &str) -> Option<Element> {
        Element::ALL.into_iter().find(|element| element.definition().name == name)
    }

    fn definition(self) -> Definition {
        match self {
            Element::E4m3 => Definition {
                name: "e4m3",
                exponent_bits: 4,
                bias: 7,
                mantissa_bits: 3,
                largest: 0x7e,
                infinity: None,
                nan: 0x7f,
            },
            Element::E5m2 => Definition {
                name: "e5m2",
                exponent_bits: 5,
                bias: 15,
                mantissa_bits: 2,
                largest: 0x7b,
                infinity: Some(0x7c),
                nan: 0x7f,
            },
        }
    }

    fn values(self) -> &'static [f32; 256] {
        &VALUES[self as usize]
    }

    /// The largest finite value.
    fn largest(self) -> f32 {
        self.values()[usize::from(self.definition().largest)]
    }

    /// The byte nearest to `value`, ties to the even byte, at most the largest finite one in size;
    /// NaN gives NaN, where there is one.
    fn nearest(self, value: f32) -> u8 {
        let definition = self.definition();
        if value.is_nan() {
            return definition.nan;
        }
        let sign = if value.is_sign_negative() { definition.sign() } else { 0 };
        let (size, values, last) = (value.abs(), self.values(), definition.largest);
        if size >= self.largest() {
            return sign | last;
        }
        // The finite values of one sign are in the order of their bytes.
        let above = values[..=usize::from(last)].partition_point(|&value| value <= size);
        let below = above - 1;
        let (down, up) = (size - values[below], values[above] - size);
        let nearest = if down < up || down == up && below % 2 == 0 { below } else { above };
        sign | nearest as u8
    }
}

impl Scale {
    /// The exponent of the least power of two that is not below `size`, from -127 to 127.
    fn exponent(size: f32) -> i32 {
        // f64 holds all of these powers exactly.
        (-127..127).find(|&exponent| 2f64.powi(exponent) >= f64::from(size)).unwrap_or(127)
    }
}

/// Rows of `hidden` values as FP8, and their scales as bytes.
///
/// Per block: the largest size, at least 1e-4, NaN not counted; with the largest element as L,
/// values times `L / largest size` and the scale `largest size / L`; or, with the power of two,
/// values divided by it.
pub fn quantise(values: &[f32], hidden: usize, format: Float8Rows) -> (Vec<u8>, Vec<u8>) {
    let Float8Rows { element, block, scale } = format;
    let (mut bytes, mut scales) = (Vec::with_capacity(values.len()), Vec::new());
    for row in values.chunks(hidden) {
        for values in row.chunks(block) {
            let largest = values.iter().fold(1e-4f32, |largest, value| largest.max(value.abs()));
            let quotient = largest / element.largest();
            let exponent = Scale::exponent(quotient);
            let factor = match scale {
                Scale::F32 => element.largest() / largest,
                Scale::PowerOfTwo | Scale::Ue8m0 => 2f64.powi(-exponent) as f32,
            };
            bytes.extend(values.iter().map(|value| element.nearest(value * factor)));
            match scale {
                Scale::F32 => scales.extend(quotient.to_le_bytes()),
                Scale::PowerOfTwo => scales.extend((2f64.powi(exponent) as f32).to_le_bytes()),
                Scale::Ue8m0 => scales.push((exponent + 127) as u8),
            }
        }
        scales.resize(scales.len().next_multiple_of(4), 0);
    }
    (bytes, scales)
}

/// The values of FP8 rows, rounded to bf16.
pub fn dequantise(bytes: &[u8], scales: &[u8], hidden: usize, format: Float8Rows) -> Vec<bf16> {
    let Float8Rows { element, block, scale } = format;
    let mut values = Vec::with_capacity(bytes.len());
    let width = if scale == Scale::Ue8m0 { 1 } else { 4 };
    let row_scales = (width * hidden.div_ceil(block)).next_multiple_of(4);
    for (row, scales) in bytes.chunks(hidden).zip(scales.chunks(row_scales)) {
        for (bytes, stored) in row.chunks(block).zip(scales.chunks(width)) {
            let scale = match *stored {
                [255] => f32::NAN,
                [exponent] => 2f64.powi(i32::from(exponent) - 127) as f32,
                [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
                _ => unreachable!("scales have one or four bytes"),
            };
            values
                .extend(bytes.iter().map(|&byte| round_to_bf16(element.values()[usize::from(byte)] * scale)));
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
            assert_eq!(Element::E4m3.values()[byte], value, "byte {byte:#x}");
        }
        assert!(Element::E4m3.values()[0x7f].is_nan() && Element::E4m3.values()[0xff].is_nan());
    }

    #[test]
    fn every_finite_e4m3_value_is_its_own_nearest() {
        for byte in (0..=255u8).filter(|byte| byte & 0x7f != 0x7f) {
            assert_eq!(Element::E4m3.nearest(Element::E4m3.values()[usize::from(byte)]), byte);
        }
    }

    #[test]
    fn ties_go_to_the_even_mantissa_and_large_values_saturate() {
        assert_eq!(Element::E4m3.nearest(1.0625), 0x38); // between 1 (even) and 1.125
        assert_eq!(Element::E4m3.nearest(1.1875), 0x3a); // between 1.125 and 1.25 (even)
        assert_eq!(Element::E4m3.nearest(0.0009765625), 0x00); // between 0 (even) and the smallest
        assert_eq!(Element::E4m3.nearest(-1e9), 0xfe);
        assert_eq!(Element::E4m3.nearest(460.0), 0x7e);
    }

    #[test]
    fn every_finite_e5m2_value_is_its_own_nearest_and_ties_go_to_even() {
        for byte in (0..=255u8).filter(|byte| byte & 0x7f < 0x7c) {
            assert_eq!(Element::E5m2.nearest(Element::E5m2.values()[usize::from(byte)]), byte);
        }
        assert_eq!(Element::E5m2.values()[0x7b], 57344.0);
        assert_eq!(Element::E5m2.nearest(1.125), 0x3c);
        assert_eq!(Element::E5m2.nearest(-1.375), 0xbe);
        assert_eq!(Element::E5m2.nearest(f32::INFINITY), 0x7b);
    }

    fn floats(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn scales_are_the_largest_size_over_448() {
        // Two rows of three in blocks of two: the last block of each row holds one value.
        let format = Float8Rows { element: Element::E4m3, block: 2, scale: Scale::F32 };
        let (bytes, scales) = quantise(&[1.0, -2.0, 0.0, 448.0, 0.5, 4.48], 3, format);
        assert_eq!(scales, floats(&[2.0 / 448.0, 1e-4 / 448.0, 1.0, 4.48 / 448.0]));
        assert_eq!(bytes, [0x76, 0xfe, 0x00, 0x7e, 0x30, 0x7e]);
        let values = dequantise(&bytes, &scales, 3, format);
        let expected: Vec<bf16> = [1.0, -2.0, 0.0, 448.0, 0.5, 4.48].map(bf16::from_f32).to_vec();
        assert_eq!(values, expected);
    }

    #[test]
    fn powers_of_two_are_not_below_the_quotient() {
        let format = Float8Rows { element: Element::E5m2, block: 2, scale: Scale::PowerOfTwo };
        let values = [57344.0, 1.0, 65536.0, 2.0, 3.0, 0.0];
        let (bytes, scales) = quantise(&values, 3, format);
        // 65536 / 57344 is above 1, 3 / 57344 above 2^-15, 1e-4 / 57344 above 2^-30.
        assert_eq!(scales, floats(&[1.0, 2.0, 2f32.powi(-14), 2f32.powi(-29)]));
        assert_eq!(bytes, [0x7b, 0x3c, 0x78, 0x78, 0x7a, 0x00]);
        let bytes_format = Float8Rows { scale: Scale::Ue8m0, ..format };
        let (same, exponents) = quantise(&values, 3, bytes_format);
        assert_eq!(exponents.len(), 8);
        assert_eq!(dequantise(&same, &exponents, 3, bytes_format), dequantise(&bytes, &scales, 3, format));
    }

    #[test]
    fn nan_rounds_to_the_gpu_nan() {
        assert_eq!(round_to_bf16(f32::from_bits(0xffc0_1234)).to_bits(), 0x7fff);
        assert_eq!(round_to_bf16(1.0 + 1.0 / 256.0).to_bits(), 0x3f80); // tie to even
    }
}
