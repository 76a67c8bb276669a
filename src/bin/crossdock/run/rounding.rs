//! Activations of a file in the kernels' type, and how far that is from what the file holds.

use half::bf16;
use serde::Serialize;

/// Activations that no bf16 is equal to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rounded {
    /// How many were rounded to the nearest bf16.
    pub(super) activations: usize,
    /// Of how many.
    pub(super) of: usize,
    /// The largest distance from the value in the file, as a part of that value.
    pub(super) largest_relative_error: f64,
}

/// The nearest bf16 of each value, ties to even, and what that changed, if anything. Fails with the
/// index of a number that is too large.
pub(super) fn to_bf16(values: &[f32]) -> Result<(Vec<bf16>, Option<Rounded>), usize> {
    let mut rounded = Rounded { activations: 0, of: values.len(), largest_relative_error: 0.0 };
    let mut nearest = Vec::with_capacity(values.len());
    for (index, &value) in values.iter().enumerate() {
        let found = bf16::from_f32(value);
        if value.is_finite() && !found.is_finite() {
            return Err(index);
        }
        if value.is_finite() && found.to_f32() != value {
            let (value, found) = (f64::from(value), f64::from(found.to_f32()));
            rounded.activations += 1;
            rounded.largest_relative_error =
                rounded.largest_relative_error.max(((found - value) / value).abs());
        }
        nearest.push(found);
    }
    Ok((nearest, (rounded.activations > 0).then_some(rounded)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bf16_is_counted_and_what_is_too_large_is_found() {
        let exact = [1.0, -0.0, f32::INFINITY, f32::NAN, f32::MIN_POSITIVE, 1.007_812_5];
        let (values, rounded) = to_bf16(&exact).expect("nothing is too large");
        assert_eq!((values.len(), rounded), (6, None));
        let (values, rounded) = to_bf16(&[1.0, 1.003_906_2, 2.011_718_8]).expect("nothing is too large");
        assert_eq!(values, [1.0, 1.0, 2.015625].map(bf16::from_f32));
        let rounded = rounded.expect("two are no bf16");
        assert_eq!((rounded.activations, rounded.of), (2, 3));
        assert!((rounded.largest_relative_error - 0.003_906_2 / 1.003_906_2).abs() < 1e-6, "{rounded:?}");
        assert_eq!(to_bf16(&[1.0, 3.4e38]), Err(1));
    }
}
