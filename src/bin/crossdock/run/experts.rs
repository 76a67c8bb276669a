//! The simulated experts: cheap, deterministic, and different enough from each other for a wrong one to show.

use crossdock::Shape;
use half::bf16;

use crate::arguments::ExpertName;

/// Expert number `expert` turns its input row into its output row.
pub(super) fn compute(name: ExpertName, expert: usize, input: &[bf16], output: &mut [bf16]) {
    match name {
        ExpertName::Identity => output.copy_from_slice(input),
        ExpertName::Scaled => {
            let factor = factor(expert);
            for (output, input) in output.iter_mut().zip(input) {
                *output = bf16::from_f32(input.to_f32() * factor);
            }
        }
    }
}

/// What experts compute with when rows are opaque: each byte of row and side record is a number from -128 to 127, as often as
/// it takes to fill `hidden` elements.
pub(super) fn opaque_rows(rows: &[u8], sides: &[u8], shape: &Shape) -> Vec<bf16> {
    let (row_bytes, side_bytes) = (shape.row_bytes() as usize, shape.side_bytes() as usize);
    let mut values = Vec::with_capacity(rows.len() / row_bytes * shape.hidden as usize);
    for (number, row) in rows.chunks(row_bytes).enumerate() {
        let side = &sides[number * side_bytes..][..side_bytes];
        let bytes = side.iter().chain(row).cycle().take(shape.hidden as usize);
        values.extend(bytes.map(|&byte| bf16::from_f32(f32::from(byte.cast_signed()))));
    }
    values
}

/// A bf16 that no other of 4096 experts has, of a magnitude near 1, so that no expert drowns in a sum. Every 256 experts
/// share an exponent; within them, the multiplier spreads neighbours over signs and fractions.
fn factor(expert: usize) -> f32 {
    let spread = expert * 165 % 256;
    let sign = if spread < 128 { 1.0 } else { -1.0 };
    let octave = (expert / 256) as i32;
    let exponent = if octave % 2 == 0 { octave / 2 } else { -(octave + 1) / 2 };
    sign * (1.0 + (spread % 128) as f32 / 128.0) * 2f32.powi(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experts_copy_or_scale() {
        let input = [1.0, -2.0].map(bf16::from_f32);
        let output = |name, expert| {
            let mut output = [bf16::ZERO; 2];
            compute(name, expert, &input, &mut output);
            output.map(f32::from)
        };
        assert_eq!(output(ExpertName::Identity, 8), [1.0, -2.0]);
        assert_eq!(output(ExpertName::Scaled, 0), [1.0, -2.0]);
        // 165 is 37 above 128, and octave 1 halves.
        assert_eq!(output(ExpertName::Scaled, 1), [-1.2890625, 2.578125]);
        assert_eq!(output(ExpertName::Scaled, 257), [-0.64453125, 1.2890625]);
    }

    #[test]
    fn every_expert_has_its_own_factor_and_bf16_holds_it() {
        let factors: std::collections::BTreeSet<u16> = (0..crate::arguments::MOST_EXPERTS as usize)
            .map(|expert| {
                assert_eq!(bf16::from_f32(factor(expert)).to_f32(), factor(expert), "expert {expert}");
                bf16::from_f32(factor(expert)).to_bits()
            })
            .collect();
        assert_eq!(factors.len(), 4096);
    }
}
