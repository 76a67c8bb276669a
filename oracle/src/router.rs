//! Which experts a gate chooses, and with which weights, by the definition: score everything, sort,
//! take the first.
//!
//! - A NaN counts as minus infinity wherever it appears before a comparison.
//! - `exp(x)`, `x` at most 0, is the f32 polynomial of [`exp`], whose every operation rounds once;
//!   below -87 it is 0.
//! - Sigmoid of `x` is `1 / (1 + e)` or, for negative `x`, `e / (1 + e)` with `e = exp(-|x|)`.
//! - Softmax is `exp(x - largest) / sum`. For the sum, the experts of each group are cut into runs:
//!   as many as the largest power of two not above `32 / groups`, equally long but for the last
//!   ones. Each run is summed from its first expert; run sums, with zeros up to 32 of them, are
//!   added in pairs 1, 2, 4, 8 and 16 apart.
//! - Experts are chosen by logit, or with bias by score and bias, by logit among equals. Softmax of
//!   the chosen is chosen by logit and bias, and summed in the order of choice.
//! - Weights are summed in the order of choice. Where that sum is not positive and finite,
//!   normalised weights are 0.

use std::cmp::Ordering;

/// From logits to scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// One expert at a time.
    Sigmoid,
    /// Over all experts.
    Softmax,
    /// The logits themselves.
    Identity,
    /// The root of softplus, one expert at a time.
    SqrtSoftplus,
    /// Over the chosen experts.
    SoftmaxOfChosen,
}

/// A gate: which experts there are and how they are chosen.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// Experts in all.
    pub experts: usize,
    /// Equal groups of consecutive experts.
    pub groups: usize,
    /// Groups that take part.
    pub top_groups: usize,
    /// Experts to choose.
    pub top_k: usize,
    /// How experts are scored.
    pub score: Score,
    /// `[experts]`: added to scores for choosing. With it, a group counts by its two best experts,
    /// without by its best.
    pub bias: Option<&'a [f32]>,
    /// Whether weights are divided by their sum.
    pub normalised: bool,
    /// What weights are multiplied by.
    pub scaling: f32,
}

impl Gate<'_> {
    /// The experts and weights of every token, `[tokens, top_k]` each; `logits` is
    /// `[tokens, experts]`.
    pub fn route(&self, logits: &[f32]) -> (Vec<i32>, Vec<f32>) {
        let tokens = logits.chunks(self.experts).map(|logits| {
            let chosen = self.choose(logits, &self.scores(logits));
            chosen.into_iter().map(|expert| expert as i32).collect()
        });
        let experts: Vec<Vec<i32>> = tokens.collect();
        let experts = experts.concat();
        let weights = self.weights(logits, &experts);
        (experts, weights)
    }

    /// The weights of chosen experts, both `[tokens, top_k]`; -1 is none and weighs 0.
    pub fn weights(&self, logits: &[f32], experts: &[i32]) -> Vec<f32> {
        let mut weights = Vec::new();
        for (logits, experts) in logits.chunks(self.experts).zip(experts.chunks(self.top_k)) {
            let scores = self.scores(logits);
            let mut token: Vec<f32> = experts
                .iter()
                .filter_map(|&expert| scores.get(usize::try_from(expert).ok()?).copied())
                .collect();
            if self.score == Score::SoftmaxOfChosen {
                token = exponentials(&token);
                let sum = token.iter().fold(0.0, |sum, exp| sum + exp);
                token.iter_mut().for_each(|weight| *weight /= sum);
            } else if self.normalised {
                let total = token.iter().fold(0.0, |total, weight| total + weight);
                let sound = total > 0.0 && total < f32::INFINITY;
                token.iter_mut().for_each(|weight| *weight = if sound { *weight / total } else { 0.0 });
            }
            let mut token = token.into_iter();
            weights.extend(experts.iter().map(|&expert| match expert {
                0.. => token.next().unwrap_or(0.0) * self.scaling,
                _ => 0.0 * self.scaling,
            }));
        }
        weights
    }

    /// The score of every expert of one token; the logit where scores depend on the choice.
    pub fn scores(&self, logits: &[f32]) -> Vec<f32> {
        let logits: Vec<f32> = logits.iter().map(|&logit| or_least(logit)).collect();
        match self.score {
            Score::Identity | Score::SoftmaxOfChosen => logits,
            Score::SqrtSoftplus => logits.into_iter().map(sqrt_softplus).collect(),
            Score::Sigmoid => logits.into_iter().map(sigmoid).collect(),
            Score::Softmax => {
                let exps = exponentials(&logits);
                let sum = self.sum(&exps);
                exps.into_iter().map(|exp| exp / sum).collect()
            }
        }
    }

    fn sum(&self, values: &[f32]) -> f32 {
        let size = self.experts / self.groups;
        let mut runs_per_group = 32;
        while runs_per_group > 32 / self.groups {
            runs_per_group /= 2;
        }
        let length = size.div_ceil(runs_per_group);
        let mut sums = [0.0f32; 32];
        for (expert, value) in values.iter().enumerate() {
            let (group, inside) = (expert / size, expert % size);
            sums[group * runs_per_group + inside / length] += value;
        }
        let mut apart = 1;
        while apart < 32 {
            sums = std::array::from_fn(|run| sums[run] + sums[run ^ apart]);
            apart *= 2;
        }
        sums[0]
    }

    fn choose(&self, logits: &[f32], scores: &[f32]) -> Vec<usize> {
        let logits: Vec<f32> = logits.iter().map(|&logit| or_least(logit)).collect();
        let choices: Vec<f32> = match self.bias {
            Some(bias) => scores.iter().zip(bias).map(|(score, bias)| or_least(score + bias)).collect(),
            None => logits.clone(),
        };
        let best_first = |&a: &usize, &b: &usize| {
            descending(choices[a], choices[b]).then(descending(logits[a], logits[b])).then(a.cmp(&b))
        };
        let size = self.experts / self.groups;
        let mut groups: Vec<usize> = (0..self.groups).collect();
        if self.top_groups < self.groups {
            let standing: Vec<(f32, f32)> = groups
                .iter()
                .map(|group| {
                    let mut inside: Vec<usize> = (group * size..(group + 1) * size).collect();
                    inside.sort_by(best_first);
                    let score = match (self.bias, &inside[..]) {
                        (Some(_), [best, second, ..]) => or_least(choices[*best] + choices[*second]),
                        _ => choices[inside[0]],
                    };
                    (score, logits[inside[0]])
                })
                .collect();
            groups.sort_by(|&a, &b| {
                let (a_first, b_first) = (standing[a], standing[b]);
                descending(a_first.0, b_first.0).then(descending(a_first.1, b_first.1)).then(a.cmp(&b))
            });
            groups.truncate(self.top_groups);
        }
        let mut candidates: Vec<usize> =
            groups.into_iter().flat_map(|group| group * size..(group + 1) * size).collect();
        candidates.sort_by(best_first);
        candidates.truncate(self.top_k);
        candidates
    }
}

/// `exp(x - largest)`, 1 for the largest even if it is infinite.
fn exponentials(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    logits.iter().map(|&logit| if logit == largest { 1.0 } else { exp(logit - largest) }).collect()
}

fn descending(a: f32, b: f32) -> Ordering {
    b.partial_cmp(&a).unwrap_or(Ordering::Equal)
}

fn or_least(value: f32) -> f32 {
    if value.is_nan() { f32::NEG_INFINITY } else { value }
}

/// `1 / (1 + exp(-x))` with the roundings of the contract.
fn sigmoid(x: f32) -> f32 {
    if x < 0.0 {
        let e = exp(x);
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + exp(-x))
    }
}

/// `sqrt(max(x, 0) + ln(1 + exp(-|x|)))`. The logarithm of `1 + e` is twice the artanh of
/// `t = e / (2 + e)` by its series up to `t^13`, by Horner's rule in `fma` of `t^2`.
fn sqrt_softplus(x: f32) -> f32 {
    let e = exp(-x.abs());
    let t = e / (2.0 + e);
    let series = [13.0, 11.0, 9.0, 7.0, 5.0, 3.0].map(|odd: f32| 1.0 / odd);
    let sum = series.into_iter().reduce(|sum, next| sum.mul_add(t * t, next)).unwrap_or(0.0);
    let logarithm = (2.0 * t * (t * t)).mul_add(sum, 2.0 * t);
    (x.max(0.0) + logarithm).sqrt()
}

/// The contract's exponential for `x` at most 0: `n` is `x / ln 2` to the nearest whole number
/// (ties to even) of the f32 product with one rounding; `r = (x - n ln2_high) - n ln2_low`, each
/// step rounded once; then Horner's rule in `fma`.
pub fn exp(x: f32) -> f32 {
    if x < -87.0 {
        return 0.0;
    }
    // In f64 the product is exact, so this rounds once, as the fused sum with a large number does.
    let n = (f64::from(x) * f64::from(f32::from_bits(0x3fb8_aa3b))).round_ties_even() as f32;
    let r = (-n).mul_add(f32::from_bits(0x3f31_7218), x);
    let r = (-n).mul_add(f32::from_bits(0xb102_e308), r);
    let coefficients =
        [0x3ab6_88be, 0x3c09_05f1, 0x3d2a_aa8c, 0x3e2a_aa6e, 0x3f00_0000, 0x3f80_0000, 0x3f80_0000];
    let polynomial = coefficients.map(f32::from_bits).into_iter().reduce(|sum, next| sum.mul_add(r, next));
    polynomial.unwrap_or(1.0) * 2f32.powi(n as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GATE: Gate<'static> = Gate {
        experts: 6,
        groups: 3,
        top_groups: 2,
        top_k: 2,
        score: Score::Identity,
        bias: None,
        normalised: true,
        scaling: 2.0,
    };

    #[test]
    fn groups_limit_the_choice() {
        // Sums of two: 0.90, 0.92, 0.93; the group with the best expert loses, and wins without
        // bias.
        let logits = [0.80, 0.10, 0.46, 0.46, 0.53, 0.40];
        let (experts, _) = Gate { bias: Some(&[0.0; 6]), ..GATE }.route(&logits);
        assert_eq!(experts, [4, 2]);
        let (experts, weights) = GATE.route(&logits);
        assert_eq!(experts, [0, 4]);
        assert_eq!(weights, [0.80 / (0.80 + 0.53) * 2.0, 0.53 / (0.80 + 0.53) * 2.0]);
    }

    #[test]
    fn bias_chooses_and_does_not_weigh() {
        let gate = Gate {
            groups: 1,
            top_groups: 1,
            normalised: false,
            bias: Some(&[0., 0., 9., 0., 0., 8.]),
            ..GATE
        };
        let (experts, weights) = gate.route(&[1.0, 2.0, 3.0, 4.0, 5.0, 0.5]);
        assert_eq!((experts, weights), (vec![2, 5], vec![6.0, 1.0]));
    }

    #[test]
    fn equals_go_to_the_lower_index_and_nan_is_least() {
        let gate = Gate { groups: 1, top_groups: 1, top_k: 3, score: Score::Softmax, ..GATE };
        let (experts, weights) = gate.route(&[f32::NAN; 6]);
        assert_eq!(experts, [0, 1, 2]);
        assert!(weights.iter().all(|weight| (weight - 2.0 / 3.0).abs() < 1e-6));
        let (experts, weights) =
            gate.route(&[f32::NAN, 0.0, f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, 1.0]);
        assert_eq!((experts, weights), (vec![2, 4, 5], vec![1.0, 1.0, 0.0]));
    }

    #[test]
    fn scores_are_those_of_f64_within_rounding() {
        let logits = [-3.5, 0.25, 7.0, -80.0, 1.5, 1.5];
        let exact: Vec<f64> = logits.iter().map(|&x: &f32| f64::from(x).exp()).collect();
        let sum: f64 = exact.iter().sum();
        let softmax = Gate { score: Score::Softmax, ..GATE }.scores(&logits);
        let sigmoids = Gate { score: Score::Sigmoid, ..GATE }.scores(&logits);
        for expert in 0..6 {
            assert!((f64::from(softmax[expert]) / (exact[expert] / sum) - 1.0).abs() < 1e-6, "{softmax:?}");
            let sigmoid = exact[expert] / (1.0 + exact[expert]);
            assert!((f64::from(sigmoids[expert]) / sigmoid - 1.0).abs() < 1e-6, "{sigmoids:?}");
        }
    }
}
