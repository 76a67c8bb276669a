//! The simulated experts: cheap, exact, and different enough from each other for a wrong one to show.

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

/// A signed power of two. Neighbours differ, and the period of 26 is no usual number of experts on a rank.
fn factor(expert: usize) -> f32 {
    let sign = if (expert / 13).is_multiple_of(2) { 1.0 } else { -1.0 };
    sign * 2f32.powi((expert % 13) as i32 - 6)
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
        assert_eq!(output(ExpertName::Scaled, 8), [4.0, -8.0]);
        assert_eq!(output(ExpertName::Scaled, 19), [-1.0, 2.0]);
    }

    #[test]
    fn experts_within_a_period_have_distinct_factors() {
        let factors: std::collections::BTreeSet<u32> =
            (0..26).map(|expert| factor(expert).to_bits()).collect();
        assert_eq!(factors.len(), 26);
    }
}
