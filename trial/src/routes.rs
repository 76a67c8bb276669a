//! Simulated gates: which experts each token chooses, and with which weights.
//!
//! Scores follow DeepSeek-V3's gate: a sigmoid per expert, the top-k of it, weights that are the
//! chosen scores normalised to sum 1. With group-limited choice a token first keeps the groups
//! whose two best scores sum highest. The logits are the logarithm of an expert's popularity plus
//! Gumbel noise, which makes the choice a draw without replacement in proportion to popularity.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use rand::RngExt;

/// How popular the experts are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Routing {
    /// All alike.
    Uniform,
    /// Expert `e` in proportion to `1 / (e + 1)^exponent`.
    Zipf(f64),
    /// Every selection of every token names expert 0.
    OneExpert,
    /// All alike, and each selection is none with this probability.
    Sparse(f64),
}

/// As the flag spells it.
impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Routing::Uniform => f.write_str("uniform"),
            Routing::Zipf(exponent) => write!(f, "zipf:{exponent}"),
            Routing::OneExpert => f.write_str("one-expert"),
            Routing::Sparse(none) => write!(f, "sparse:{none}"),
        }
    }
}

impl FromStr for Routing {
    type Err = String;

    fn from_str(text: &str) -> Result<Routing, String> {
        match text {
            "uniform" => return Ok(Routing::Uniform),
            "one-expert" => return Ok(Routing::OneExpert),
            _ => {}
        }
        let number = |prefix| text.strip_prefix(prefix).and_then(|number| f64::from_str(number).ok());
        match (number("zipf:"), number("sparse:")) {
            (Some(exponent), _) if (0.0..=16.0).contains(&exponent) => Ok(Routing::Zipf(exponent)),
            (_, Some(none)) if (0.0..=1.0).contains(&none) => Ok(Routing::Sparse(none)),
            _ => Err("expected uniform, one-expert, zipf:S with S from 0 to 16, such as zipf:1.2, \
                      or sparse:P with P from 0 to 1, such as sparse:0.3"
                .into()),
        }
    }
}

/// Group-limited choice: tokens choose `top` of `count` equal groups of experts, then experts
/// inside those.
#[derive(Clone, Copy, Debug)]
pub struct Groups {
    /// Groups in all.
    pub count: usize,
    /// Groups that a token chooses.
    pub top: usize,
}

/// A simulated gate. The caller has checked that groups divide the experts and hold enough of them.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedGate {
    /// Experts in all.
    pub experts: usize,
    /// Experts per token.
    pub top_k: usize,
    /// How popular the experts are.
    pub routing: Routing,
    /// Groups that limit the choice, if any do.
    pub groups: Option<Groups>,
}

/// What a gate decides: `[tokens, top_k]` each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routes {
    /// Expert numbers, -1 for none.
    pub experts: Vec<i32>,
    /// What each expert's output counts.
    pub weights: Vec<f32>,
}

impl SimulatedGate {
    /// Routes `tokens` tokens.
    pub fn route(&self, tokens: usize, random: &mut impl RngExt) -> Routes {
        let popularity = self.popularity();
        let mut routes = Routes::default();
        for _ in 0..tokens {
            let scores: Vec<f64> = popularity.iter().map(|logit| sigmoid(logit + gumbel(random))).collect();
            let chosen = match (self.routing, self.groups) {
                (Routing::OneExpert, _) => vec![0; self.top_k],
                (_, None) => best(&scores, 0..self.experts, self.top_k),
                (_, Some(groups)) => best(&scores, self.inside_best_groups(&scores, groups), self.top_k),
            };
            push_weights(&mut routes.weights, &scores, &chosen);
            routes.experts.extend(chosen.iter().map(|&expert| expert as i32));
        }
        if let Routing::Sparse(none) = self.routing {
            for (expert, weight) in routes.experts.iter_mut().zip(&mut routes.weights) {
                if random.random::<f64>() < none {
                    (*expert, *weight) = (-1, 0.0);
                }
            }
        }
        routes
    }

    /// Logits for the router's kernel, `[tokens, experts]`.
    pub fn logits(&self, tokens: usize, random: &mut impl RngExt) -> Vec<f32> {
        let popularity = self.popularity();
        let token = |_| popularity.iter().map(|logit| (logit + gumbel(random)) as f32).collect::<Vec<_>>();
        (0..tokens).flat_map(token).collect()
    }

    /// The logarithm of how popular each expert is.
    fn popularity(&self) -> Vec<f64> {
        let logarithm = |expert: usize| match self.routing {
            Routing::Zipf(exponent) => -exponent * ((expert + 1) as f64).ln(),
            Routing::Uniform | Routing::OneExpert | Routing::Sparse(_) => 0.0,
        };
        (0..self.experts).map(logarithm).collect()
    }

    fn inside_best_groups(&self, scores: &[f64], groups: Groups) -> impl Iterator<Item = usize> + use<> {
        let size = self.experts / groups.count;
        let group_scores: Vec<f64> = scores
            .chunks(size)
            .map(|group| best(group, 0..size, 2).into_iter().map(|expert| group[expert]).sum())
            .collect();
        let kept = best(&group_scores, 0..groups.count, groups.top);
        kept.into_iter().flat_map(move |group| group * size..(group + 1) * size)
    }
}

/// Random positive weights for routes that come without: scores normalised over the selections that
/// name an expert.
pub(crate) fn random_weights(experts: &[i32], top_k: usize, random: &mut impl RngExt) -> Vec<f32> {
    let mut weights = Vec::with_capacity(experts.len());
    for experts in experts.chunks(top_k) {
        let scores: Vec<f64> =
            experts.iter().map(|&expert| if expert < 0 { 0.0 } else { sigmoid(gumbel(random)) }).collect();
        let selections: Vec<usize> = (0..experts.len()).collect();
        push_weights(&mut weights, &scores, &selections);
    }
    weights
}

fn push_weights(weights: &mut Vec<f32>, scores: &[f64], chosen: &[usize]) {
    let sum: f64 = chosen.iter().map(|&index| scores[index]).sum();
    weights.extend(chosen.iter().map(|&index| if sum > 0.0 { (scores[index] / sum) as f32 } else { 0.0 }));
}

/// The `count` candidates with the highest scores, highest first; the lower index first among
/// equals.
fn best(scores: &[f64], candidates: impl Iterator<Item = usize>, count: usize) -> Vec<usize> {
    let mut candidates: Vec<usize> = candidates.collect();
    let higher_first =
        |&a: &usize, &b: &usize| -> Ordering { scores[b].total_cmp(&scores[a]).then(a.cmp(&b)) };
    if count < candidates.len() {
        candidates.select_nth_unstable_by(count, higher_first);
        candidates.truncate(count);
    }
    candidates.sort_unstable_by(higher_first);
    candidates
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

fn gumbel(random: &mut impl RngExt) -> f64 {
    let uniform = random.random::<f64>().max(f64::MIN_POSITIVE);
    -(-uniform.ln()).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    fn routes(routing: Routing, groups: Option<Groups>) -> Routes {
        let gate = SimulatedGate { experts: 32, top_k: 6, routing, groups };
        gate.route(400, &mut Pcg64::seed_from_u64(7))
    }

    fn counts(routes: &Routes) -> [usize; 32] {
        let mut counts = [0; 32];
        for &expert in &routes.experts {
            counts[expert as usize] += 1;
        }
        counts
    }

    #[test]
    fn tokens_choose_distinct_experts_with_weights_that_sum_to_one() {
        let routes = routes(Routing::Uniform, None);
        for (experts, weights) in routes.experts.chunks(6).zip(routes.weights.chunks(6)) {
            let mut distinct = experts.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 6);
            assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-6);
            assert!(weights.is_sorted_by(|a, b| a >= b), "highest first: {weights:?}");
        }
        // 75 expected each, standard deviation 8.
        assert!(counts(&routes).iter().all(|count| (40..110).contains(count)), "{:?}", counts(&routes));
    }

    #[test]
    fn zipf_prefers_low_experts() {
        let counts = counts(&routes(Routing::Zipf(1.5), None));
        assert!(counts[0] > 350 && counts[0] > 4 * counts[16], "{counts:?}");
    }

    #[test]
    fn one_expert_takes_everything() {
        let routes = routes(Routing::OneExpert, None);
        assert!(routes.experts.iter().all(|&expert| expert == 0));
        assert!(routes.weights.iter().all(|weight| (weight - 1.0 / 6.0).abs() < 1e-6));
    }

    #[test]
    fn sparse_selections_name_no_expert_and_weigh_nothing() {
        let routes = routes(Routing::Sparse(0.25), None);
        let none = routes.experts.iter().filter(|&&expert| expert == -1).count();
        // 600 of 2400 expected, standard deviation 21.
        assert!((450..750).contains(&none), "{none}");
        assert!(
            routes.experts.iter().zip(&routes.weights).all(|(&expert, &weight)| expert >= 0 || weight == 0.0)
        );
    }

    #[test]
    fn group_limited_tokens_stay_in_their_groups() {
        let routes = routes(Routing::Uniform, Some(Groups { count: 8, top: 2 }));
        let mut seen = [false; 8];
        for experts in routes.experts.chunks(6) {
            let mut groups: Vec<i32> = experts.iter().map(|expert| expert / 4).collect();
            groups.sort_unstable();
            groups.dedup();
            assert!(groups.len() <= 2, "{experts:?}");
            groups.iter().for_each(|&group| seen[group as usize] = true);
        }
        assert_eq!(seen, [true; 8]);
    }

    #[test]
    fn groups_are_ranked_by_their_two_best_scores() {
        let gate = SimulatedGate { experts: 6, top_k: 2, routing: Routing::Uniform, groups: None };
        // Sums of the two best: 0.90, 0.92, 0.93; the group of the best single score loses.
        let scores = [0.80, 0.10, 0.46, 0.46, 0.53, 0.40];
        let kept: Vec<usize> = gate.inside_best_groups(&scores, Groups { count: 3, top: 2 }).collect();
        assert_eq!(kept, [4, 5, 2, 3]);
    }

    #[test]
    fn weights_for_given_routes_skip_empty_selections() {
        let weights = random_weights(&[3, -1, 3, -1, -1, -1], 3, &mut Pcg64::seed_from_u64(1));
        assert!(weights[0] > 0.0 && weights[2] > 0.0 && (weights[0] + weights[2] - 1.0).abs() < 1e-6);
        assert_eq!([weights[1], weights[3], weights[4], weights[5]], [0.0; 4]);
    }

    #[test]
    fn routing_names_are_parsed_or_explained() {
        assert_eq!("zipf:1.2".parse(), Ok(Routing::Zipf(1.2)));
        for text in ["uniform", "one-expert", "zipf:1.5", "sparse:0.25"] {
            assert_eq!(text.parse::<Routing>().map(|routing| routing.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("sparse:0.25".parse(), Ok(Routing::Sparse(0.25)));
        for wrong in
            ["zipf", "zipf:", "zipf:-1", "zipf:nan", "Uniform", "zipf:99", "sparse:1.1", "sparse:nan"]
        {
            assert!(wrong.parse::<Routing>().is_err_and(|message| message.contains("zipf:S")), "{wrong}");
        }
    }
}
