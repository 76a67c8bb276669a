//! Replication: more copies for experts with more load.
//!
//! Every expert has one copy; each further one goes to the expert whose copies carry most, the
//! lower index among equals. No other numbers of copies give a lighter heaviest copy.

/// The copies of `loads.len()` experts, `copies` in all, at least one each.
#[derive(Debug)]
pub(super) struct Replicas {
    /// `[copies]`: the expert of each copy; the first copies are the experts in order.
    pub(super) experts: Vec<usize>,
    /// `[experts]`: copies of each.
    pub(super) counts: Vec<usize>,
}

/// Distributes `copies` copies; there are at least as many as experts.
pub(super) fn replicate(loads: &[f64], copies: usize) -> Replicas {
    let mut experts: Vec<usize> = (0..loads.len()).collect();
    let mut counts = vec![1; loads.len()];
    while experts.len() < copies {
        let share = |expert: usize| loads[expert] / counts[expert] as f64;
        let mut heaviest = 0;
        for expert in 1..loads.len() {
            if share(expert) > share(heaviest) {
                heaviest = expert;
            }
        }
        experts.push(heaviest);
        counts[heaviest] += 1;
    }
    Replicas { experts, counts }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_go_where_the_load_is() {
        let replicas = replicate(&[4.0, 12.0, 5.0], 6);
        assert_eq!(replicas.counts, [1, 3, 2]);
        assert_eq!(replicas.experts, [0, 1, 2, 1, 1, 2]);
    }

    #[test]
    fn without_load_the_first_expert_takes_them() {
        assert_eq!(replicate(&[0.0, 0.0], 4).counts, [3, 1]);
    }
}
