//! Which GPU holds which expert, when popular experts have several replicas.
//!
//! Models choose among *logical* experts. GPUs hold *physical* experts: copies of logical ones,
//! numbered so that GPU `g` holds the consecutive physical experts of its share, as a dock expects.
//! A [`Placement`] maps between the two. It comes from measured loads ([`Balance`]), or
//! from a table that you have ([`Placement::new`]).

mod balance;
mod packing;
mod replication;
mod spread;

pub use balance::Balance;

use crate::{Error, Result};

/// The placement of one layer: which logical expert each physical expert is a replica of.
///
/// ```
/// use crossdock_host::Placement;
///
/// // Four GPUs with two experts each hold six logical experts; 1 and 4 have two replicas.
/// let placement = Placement::new(6, vec![0, 1, 2, 4, 3, 1, 5, 4])?;
/// assert_eq!(placement.replicas(4), [3, 7]);
/// // Tokens alternate between the replicas.
/// assert_eq!([10, 11, 12].map(|token| placement.physical(4, token)), [Some(3), Some(7), Some(3)]);
/// # Ok::<(), crossdock_host::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    logical: Vec<u32>,
    /// `[logical experts + 1]`: where the replicas of each logical expert begin in `replicas`.
    offsets: Vec<u32>,
    /// The physical experts, grouped by logical expert and ascending inside.
    replicas: Vec<u32>,
}

impl Placement {
    /// The placement in which physical expert `p` is a replica of logical expert
    /// `physical_to_logical[p]`.
    ///
    /// # Errors
    /// When an entry names no logical expert, or a logical expert has no replica.
    pub fn new(logical_experts: usize, physical_to_logical: Vec<u32>) -> Result<Placement> {
        let (least, most) = (1, u64::from(u32::MAX >> 1));
        for (parameter, count) in
            [("logical_experts", logical_experts), ("physical_to_logical.len()", physical_to_logical.len())]
        {
            if !(least..=most).contains(&(count as u64)) {
                return Err(Error::OutOfRange { parameter, value: count as u64, least, most });
            }
        }
        // Fewer replicas than experts leave one without; said before anything as large as their
        // number is allocated.
        if physical_to_logical.len() < logical_experts {
            let (least, value) = (logical_experts as u64, physical_to_logical.len() as u64);
            return Err(Error::OutOfRange { parameter: "physical_to_logical.len()", value, least, most });
        }
        let mut offsets = vec![0u32; logical_experts + 1];
        for (physical, &expert) in physical_to_logical.iter().enumerate() {
            match offsets.get_mut(expert as usize + 1) {
                Some(count) => *count += 1,
                None => return Err(Error::NoSuchLogicalExpert { physical, expert, logical_experts }),
            }
        }
        if let Some(expert) = offsets[1..].iter().position(|&count| count == 0) {
            return Err(Error::UnplacedExpert { expert });
        }
        for expert in 0..logical_experts {
            offsets[expert + 1] += offsets[expert];
        }
        let mut next = offsets.clone();
        let mut replicas = vec![0; physical_to_logical.len()];
        for (physical, &expert) in physical_to_logical.iter().enumerate() {
            let place = &mut next[expert as usize];
            replicas[*place as usize] = physical as u32;
            *place += 1;
        }
        Ok(Placement { logical: physical_to_logical, offsets, replicas })
    }

    /// How many experts the model has.
    pub fn logical_experts(&self) -> usize {
        self.offsets.len() - 1
    }

    /// How many experts the GPUs hold together: what a dock's shape calls `experts`.
    pub fn physical_experts(&self) -> usize {
        self.logical.len()
    }

    /// `[physical experts]`: the logical expert of each.
    pub fn physical_to_logical(&self) -> &[u32] {
        &self.logical
    }

    /// The physical experts that are replicas of `logical`, ascending; empty when there is no such
    /// expert.
    pub fn replicas(&self, logical: usize) -> &[u32] {
        match self.offsets.get(logical..).and_then(|offsets| offsets.first_chunk::<2>()) {
            Some(&[start, end]) => &self.replicas[start as usize..end as usize],
            None => &[],
        }
    }

    /// The replica that serves token number `token`: the replicas take turns. `None` when there is
    /// no such expert.
    ///
    /// The router counts tokens from the number that [`Router::place`](crate::Router::place) was
    /// given, so that ranks with few tokens do not all begin with the same replica.
    pub fn physical(&self, logical: usize, token: u32) -> Option<u32> {
        let replicas = self.replicas(logical);
        replicas.get((token as usize).checked_rem(replicas.len())?).copied()
    }

    /// The load of each logical expert, when `loads` are those of the physical experts: what
    /// [`Balance`] takes again.
    ///
    /// # Errors
    /// When there are not as many loads as physical experts.
    pub fn logical_loads(&self, loads: &[f64]) -> Result<Vec<f64>> {
        let (expected, found) = (self.physical_experts(), loads.len());
        if expected != found {
            return Err(Error::Rows { what: "loads", rule: "physical experts", expected, found });
        }
        let mut sums = vec![0.0; self.logical_experts()];
        for (&expert, load) in self.logical.iter().zip(loads) {
            sums[expert as usize] += load;
        }
        Ok(sums)
    }
    /// As the router's kernel takes it: where each logical expert's replicas begin, and the
    /// replicas.
    pub(crate) fn tables(&self) -> (&[u32], &[u32]) {
        (&self.offsets, &self.replicas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_invert_each_other() {
        let placement = Placement::new(3, vec![2, 0, 1, 2, 2]).expect("every expert is there");
        assert_eq!((placement.logical_experts(), placement.physical_experts()), (3, 5));
        assert_eq!([0, 1, 2, 3].map(|expert| placement.replicas(expert)), [&[1][..], &[2], &[0, 3, 4], &[]]);
        assert_eq!(placement.tables(), (&[0, 1, 2, 5][..], &[1, 2, 0, 3, 4][..]));
        assert_eq!(placement.physical(2, 7), Some(3));
        assert_eq!(placement.physical(2, u32::MAX), Some(0));
        assert_eq!(placement.physical(3, 0), None);
        assert_eq!(
            placement.logical_loads(&[1.0, 10.0, 20.0, 2.0, 4.0]).expect("five loads"),
            [10.0, 20.0, 7.0]
        );
        let error = placement.logical_loads(&[1.0; 4]).expect_err("a load is missing");
        assert_eq!(error.to_string(), "loads must hold physical experts = 5 elements; it holds 4");
    }

    #[test]
    fn tables_that_lose_an_expert_are_refused() {
        let message = |experts, table| Placement::new(experts, table).expect_err("refused").to_string();
        assert_eq!(
            message(3, vec![0, 1, 3]),
            "physical expert 2 is said to be a replica of logical expert 3; use 0 to 2"
        );
        assert_eq!(
            message(3, vec![0, 1, 1]),
            "logical expert 2 has no replica; every expert needs one at least"
        );
        assert_eq!(message(0, vec![0]), "logical_experts must be 1 to 2147483647: 0 is not");
        assert_eq!(message(4, vec![0, 1]), "physical_to_logical.len() must be 4 to 2147483647: 2 is not");
    }
}
