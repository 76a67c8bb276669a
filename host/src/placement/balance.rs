//! Balancing: from measured loads to a placement.
//!
//! *Hierarchical*, where the groups of a group-limited router can be spread evenly over the nodes:
//! whole groups are packed to nodes, so that a token's experts stay on few nodes; experts are
//! replicated inside their node; replicas are packed to the GPUs of the node. *Global* otherwise:
//! the same with one group and one node. Use hierarchical for prefill, and global (one group) for
//! decoding on many GPUs.
//!
//! How experts are replicated and packed inside a node is what [`spread`](super::spread) says, or,
//! on request, the published EPLB algorithms (DeepSeek, `eplb.py`). Ties, which the publication
//! leaves open, go to the lower index everywhere, so a placement is a function of the loads.

use super::Placement;
use super::packing::pack;
use super::replication::replicate;
use super::spread;
use crate::{Error, Result};

/// What a placement must fit.
///
/// ```
/// use crossdock_host::Balance;
///
/// let balance = Balance { physical_experts: 8, groups: 1, nodes: 1, gpus: 4 };
/// let loads = [10.0, 50.0, 20.0, 30.0, 15.0, 25.0];
/// let placement = &balance.place(&loads, 6)?[0];
/// assert_eq!(placement.physical_to_logical(), [1, 4, 5, 3, 1, 0, 2, 3]);
/// # Ok::<(), crossdock_host::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Experts that the GPUs hold together, replicas counted: at least the logical experts, and a
    /// multiple of `gpus`.
    pub physical_experts: usize,
    /// Groups of the group-limited router, which divide the logical experts; 1 for none.
    pub groups: usize,
    /// Nodes. If they do not divide `groups`, the placement is global.
    pub nodes: usize,
    /// GPUs in all, a multiple of `nodes`.
    pub gpus: usize,
}

/// How a node's experts are replicated, and packed to its GPUs.
#[derive(Clone, Copy)]
enum Policy {
    Spread,
    Published,
}

impl Balance {
    /// One placement per layer. `loads` is `[layers, logical experts]`: how many tokens each expert
    /// got, or any estimate of it in any unit.
    ///
    /// Each further copy goes to the expert whose copies carry most. Two copies of an expert are on
    /// one GPU only if it has more copies than its node has GPUs, and it has so many only if every
    /// expert of the node has as many as GPUs. Experts of equal load, or of none, get equally many
    /// copies, give or take one.
    ///
    /// # Errors
    /// When sizes do not divide as their documentation says, `loads` holds no whole number of
    /// layers, or a load is negative or not finite.
    pub fn place(&self, loads: &[f64], logical_experts: usize) -> Result<Vec<Placement>> {
        self.layers(loads, logical_experts, Policy::Spread)
    }

    /// [`place`](Self::place) by the EPLB algorithms exactly as DeepSeek published them: the same
    /// tables as `eplb.py`, for whoever must agree with it. Copies of an expert may share a GPU,
    /// and without load the first expert gets all further copies.
    ///
    /// # Errors
    /// As for [`place`](Self::place).
    pub fn place_as_published(&self, loads: &[f64], logical_experts: usize) -> Result<Vec<Placement>> {
        self.layers(loads, logical_experts, Policy::Published)
    }

    fn layers(&self, loads: &[f64], logical_experts: usize, policy: Policy) -> Result<Vec<Placement>> {
        self.check(logical_experts)?;
        if !loads.len().is_multiple_of(logical_experts) {
            let expected = loads.len().next_multiple_of(logical_experts);
            let rule = "layers * logical experts";
            return Err(Error::Rows { what: "loads", rule, expected, found: loads.len() });
        }
        // Sums of a layer's loads stay finite below this.
        let most = f64::MAX / logical_experts as f64;
        if let Some(index) = loads.iter().position(|load| !(0.0..=most).contains(load)) {
            let (layer, expert) = (index / logical_experts, index % logical_experts);
            return Err(Error::Load { layer, expert, load: loads[index] });
        }
        loads.chunks(logical_experts).map(|loads| self.layer(loads, policy)).collect()
    }

    fn check(&self, experts: usize) -> Result<()> {
        let most = u64::from(u32::MAX >> 1);
        let within = |parameter, value: usize, least: usize| {
            let (value, least) = (value as u64, least as u64);
            if (least..=most).contains(&value) {
                Ok(())
            } else {
                Err(Error::OutOfRange { parameter, value, least, most })
            }
        };
        within("logical_experts", experts, 1)?;
        within("groups", self.groups, 1)?;
        within("nodes", self.nodes, 1)?;
        within("gpus", self.gpus, 1)?;
        within("physical_experts", self.physical_experts, experts)?;
        let multiple = |parameter, value: usize, of, divisor: usize| {
            if value.is_multiple_of(divisor) {
                Ok(())
            } else {
                Err(Error::NotMultiple { parameter, value, of, divisor })
            }
        };
        multiple("logical_experts", experts, "groups", self.groups)?;
        multiple("gpus", self.gpus, "nodes", self.nodes)?;
        multiple("physical_experts", self.physical_experts, "gpus", self.gpus)
    }

    fn layer(&self, loads: &[f64], policy: Policy) -> Result<Placement> {
        let hierarchical = self.groups.is_multiple_of(self.nodes);
        let (groups, nodes) = if hierarchical { (self.groups, self.nodes) } else { (1, 1) };
        let group_size = loads.len() / groups;
        let group_loads: Vec<f64> = loads.chunks(group_size).map(|group| group.iter().sum()).collect();
        let seats = pack(&group_loads, nodes);
        let per_gpu = self.physical_experts / self.gpus;
        let mut physical_to_logical = vec![0; self.physical_experts];
        for node in 0..nodes {
            // The node's experts: its groups in the order in which they were packed.
            let mut here: Vec<usize> = (0..groups).filter(|&group| seats[group].pack == node).collect();
            here.sort_by_key(|&group| seats[group].position);
            let experts: Vec<usize> =
                here.iter().flat_map(|group| group * group_size..(group + 1) * group_size).collect();
            let node_loads: Vec<f64> = experts.iter().map(|&expert| loads[expert]).collect();
            let (copies, gpus) = (self.physical_experts / nodes, self.gpus / nodes);
            let (replicas, copy_seats) = match policy {
                Policy::Spread => {
                    let replicas = spread::replicate(&node_loads, copies, gpus);
                    let seats = spread::pack(&replicas, &node_loads, gpus);
                    (replicas, seats)
                }
                Policy::Published => {
                    let replicas = replicate(&node_loads, copies);
                    let share = |&expert: &usize| node_loads[expert] / replicas.counts[expert] as f64;
                    let shares: Vec<f64> = replicas.experts.iter().map(share).collect();
                    (replicas, pack(&shares, gpus))
                }
            };
            let first_gpu = node * gpus;
            for (&expert, seat) in replicas.experts.iter().zip(copy_seats) {
                let physical = (first_gpu + seat.pack) * per_gpu + seat.position;
                physical_to_logical[physical] = experts[expert] as u32;
            }
        }
        Placement::new(loads.len(), physical_to_logical)
    }
}
