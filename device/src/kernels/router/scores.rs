//! A router's arithmetic: scores of logits with the same bits everywhere, and how scores are
//! compared.
//!
//! The hardware's `ex2.approx` may differ between GPUs, so the exponential is a polynomial in
//! `fma`, whose every step is defined by IEEE 754: it gives the same bits on a GPU, in the emulator
//! and on the host.

use crate::device;

/// Exponential, sigmoid, order keys, and which lane holds which experts.
// The constants are parts of one formula, each rounded as the error bound of the whole asks.
#[device]
#[allow(clippy::approx_constant)]
pub mod code {
    use crate::prelude::*;

    /// Score function: `1 / (1 + exp(-x))`.
    pub const SIGMOID: u32 = 0;
    /// Score function: `exp(x) / sum of exp`, over all experts.
    pub const SOFTMAX: u32 = 1;
    /// Score function: the logit itself.
    pub const IDENTITY: u32 = 2;
    /// Score function: `sqrt(ln(1 + exp(x)))`.
    pub const SQRT_SOFTPLUS: u32 = 3;
    /// Score function: `exp(x) / sum of exp`, over the chosen experts.
    pub const SOFTMAX_OF_CHOSEN: u32 = 4;

    /// The bits of minus infinity.
    pub const MINUS_INFINITY: u32 = 0xff80_0000;
    /// The bits of plus infinity.
    pub const INFINITY: u32 = 0x7f80_0000;

    /// `x`, or minus infinity in place of NaN.
    pub fn number(x: f32) -> f32 {
        if x.is_nan() { f32::from_bits(MINUS_INFINITY) } else { x }
    }

    /// `exp(x)` for `x` of at most 0 or minus infinity, with a relative error below 2^-23; 0 for
    /// `x` below -87.
    ///
    /// `x = n ln 2 + r` with `n` whole and `r` within half of ln 2; `exp(x) = 2^n exp(r)`. The
    /// polynomial of degree 6 is the interpolation of `(exp(r) - 1 - r) / r^2` at Chebyshev nodes.
    pub fn exponential(x: f32) -> f32 {
        // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
        let shifted = x.mul_add(1.442_695, 12_582_912.0);
        let n = shifted - 12_582_912.0;
        let r = n.mul_add(1.904_654_2e-9, n.mul_add(-0.693_147_2, x));
        let mut sum = 0.001_392_625f32;
        sum = sum.mul_add(r, 0.008_363_233);
        sum = sum.mul_add(r, 0.041_666_552);
        sum = sum.mul_add(r, 0.166_665_77);
        sum = sum.mul_add(r, 0.5);
        sum = sum.mul_add(r, 1.0);
        sum = sum.mul_add(r, 1.0);
        let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
        if x < -87.0 { 0.0 } else { sum * power }
    }

    /// `1 / (1 + exp(-x))` for any `x` but NaN, with a relative error below 2^-22; 0 for `x` below
    /// -87.
    pub fn sigmoid(x: f32) -> f32 {
        let small = exponential(-x.abs());
        let numerator = if x < 0.0 { small } else { 1.0 };
        numerator / (1.0 + small)
    }

    /// `ln(1 + e)` for `e` of 0 to 1, with a relative error below 2^-22.
    ///
    /// `ln(1 + e) = 2 artanh(t)` with `t = e / (2 + e)`, which is at most a third, so seven terms
    /// of the series are enough.
    pub fn logarithm_of_one_plus(e: f32) -> f32 {
        let t = e / (2.0 + e);
        let square = t * t;
        let mut sum = 0.076_923_08f32;
        sum = sum.mul_add(square, 0.090_909_09);
        sum = sum.mul_add(square, 0.111_111_11);
        sum = sum.mul_add(square, 0.142_857_15);
        sum = sum.mul_add(square, 0.2);
        sum = sum.mul_add(square, 0.333_333_34);
        let twice = t + t;
        (twice * square).mul_add(sum, twice)
    }

    /// `sqrt(ln(1 + exp(x)))` for any `x` but NaN, with a relative error below 2^-22; 0 for `x`
    /// below -87.
    pub fn sqrt_softplus(x: f32) -> f32 {
        (x.max(0.0) + logarithm_of_one_plus(exponential(-x.abs()))).sqrt()
    }

    /// The exponential that softmax sums: of the distance to the largest logit, 0 for the largest
    /// even if it is infinite.
    pub fn above(logit: f32, largest: f32) -> f32 {
        let distance = if logit == largest { 0.0 } else { logit - largest };
        exponential(distance)
    }

    /// The score of a logit. Softmax also takes the largest logit, of all or of the chosen, and the
    /// sum of the exponentials above it.
    pub fn score<const SCORES: u32>(logit: f32, largest: f32, sum: f32) -> f32 {
        if SCORES == SIGMOID {
            sigmoid(logit)
        } else if SCORES == SOFTMAX || SCORES == SOFTMAX_OF_CHOSEN {
            above(logit, largest) / sum
        } else if SCORES == SQRT_SOFTPLUS {
            sqrt_softplus(logit)
        } else {
            logit
        }
    }

    /// An integer that is ordered as `x` is, and above 0. Both zeros are equal; NaN counts as minus
    /// infinity.
    pub fn key_of(x: f32) -> u32 {
        // Adding zero makes -0 and 0 the same.
        let bits = (number(x) + 0.0).to_bits();
        if bits >> 31 == 1 { !bits } else { bits | 0x8000_0000 }
    }

    /// The number that has this key.
    pub fn value_of(key: u32) -> f32 {
        f32::from_bits(if key >> 31 == 1 { key & 0x7fff_ffff } else { !key })
    }

    /// Lanes that share one group of experts: a power of two, as many as fit.
    pub const fn lanes_per_group(groups: u32) -> u32 {
        let most = WARP / groups;
        if most >= 32 {
            32
        } else if most >= 16 {
            16
        } else if most >= 8 {
            8
        } else if most >= 4 {
            4
        } else if most >= 2 {
            2
        } else {
            1
        }
    }

    /// Experts per lane: lane `l` of a group's lanes holds its experts from `l * slots_per_lane`,
    /// the last lanes fewer or none.
    pub const fn slots_per_lane(experts: u32, groups: u32) -> u32 {
        (experts / groups).div_ceil(lanes_per_group(groups))
    }
}

#[cfg(test)]
mod tests {
    use super::code::{exponential, key_of, number, sigmoid, sqrt_softplus, value_of};

    /// f32 from -87 to -0, every 4099th, and the ends.
    fn arguments() -> impl Iterator<Item = f32> {
        let last = (-87.0f32).to_bits();
        ((-0.0f32).to_bits()..=last).step_by(4099).chain([last]).map(f32::from_bits)
    }

    #[test]
    fn the_exponential_is_within_its_bound_of_f64() {
        let worst = arguments()
            .map(|x| (f64::from(exponential(x)) / f64::from(x).exp() - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2f64.powi(-23), "{worst:e}");
        assert_eq!(
            [0.0, -0.0, -87.01, f32::MIN, f32::NEG_INFINITY].map(exponential),
            [1.0, 1.0, 0.0, 0.0, 0.0]
        );
    }

    #[test]
    fn the_root_of_softplus_is_within_its_bound_of_f64() {
        let exact = |x: f32| f64::from(x).exp().ln_1p().sqrt();
        let worst = arguments()
            .flat_map(|x| [x, -x])
            .map(|x| (f64::from(sqrt_softplus(x)) / exact(x) - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2f64.powi(-22), "{worst:e}");
        let ends = [f32::NEG_INFINITY, -87.01, 1e6, f32::INFINITY];
        assert_eq!(ends.map(sqrt_softplus), [0.0, 0.0, 1000.0, f32::INFINITY]);
    }

    #[test]
    fn the_sigmoid_is_within_its_bound_of_f64() {
        let exact = |x: f32| 1.0 / (1.0 + (-f64::from(x)).exp());
        let worst = arguments()
            .flat_map(|x| [x, -x])
            .map(|x| (f64::from(sigmoid(x)) / exact(x) - 1.0).abs())
            .fold(0.0, f64::max);
        assert!(worst < 2f64.powi(-22), "{worst:e}");
        let ends = [0.0, -0.0, 100.0, f32::INFINITY, -88.0, f32::NEG_INFINITY].map(sigmoid);
        assert_eq!(ends, [0.5, 0.5, 1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn keys_are_ordered_as_numbers_and_give_them_back() {
        let ascending = [
            f32::NEG_INFINITY,
            f32::MIN,
            -1.0,
            -f32::MIN_POSITIVE,
            -1e-45,
            0.0,
            1e-45,
            1.0,
            f32::MAX,
            f32::INFINITY,
        ];
        let keys = ascending.map(key_of);
        assert!(keys[0] > 0 && keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert_eq!(keys.map(value_of), ascending);
        assert_eq!((key_of(-0.0), key_of(f32::NAN)), (key_of(0.0), keys[0]));
        assert_eq!(number(f32::NAN), f32::NEG_INFINITY);
    }
}
