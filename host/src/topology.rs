//! Which GPUs take part: nodes, the GPUs of each, and the numbering of ranks over them.
//!
//! Ranks are numbered node by node, so the ranks of one node are consecutive.

use crate::Error;

/// The GPUs that take part, one rank each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Topology {
    nodes: usize,
    gpus_per_node: usize,
}

impl Topology {
    /// `nodes` machines with one GPU each; see [`gpus_per_node`](Self::gpus_per_node) for more.
    pub const fn nodes(nodes: usize) -> Topology {
        Topology { nodes, gpus_per_node: 1 }
    }

    /// The same nodes with `gpus` GPUs each, all connected by NVLink inside their node.
    pub const fn gpus_per_node(self, gpus: usize) -> Topology {
        Topology { nodes: self.nodes, gpus_per_node: gpus }
    }

    /// How many nodes there are.
    pub const fn node_count(self) -> usize {
        self.nodes
    }

    /// How many GPUs one node has.
    pub const fn gpu_count_per_node(self) -> usize {
        self.gpus_per_node
    }

    /// How many ranks there are in all.
    pub const fn ranks(self) -> usize {
        self.nodes.saturating_mul(self.gpus_per_node)
    }

    /// The node of `rank` and its index among the GPUs of that node; `None` when there is no such
    /// rank.
    pub const fn place(self, rank: usize) -> Option<(usize, usize)> {
        if rank < self.ranks() { Some((rank / self.gpus_per_node, rank % self.gpus_per_node)) } else { None }
    }

    /// The rank of GPU `local` of `node`; `None` when there is no such GPU.
    pub const fn rank(self, node: usize, local: usize) -> Option<usize> {
        if node < self.nodes && local < self.gpus_per_node {
            Some(node * self.gpus_per_node + local)
        } else {
            None
        }
    }

    /// Refuses what no backend can connect yet.
    pub(crate) fn check(self) -> Result<(), Error> {
        if self.ranks() == 0 {
            return Err(Error::NoRanks { nodes: self.nodes, gpus_per_node: self.gpus_per_node });
        }
        if self.nodes != 1 {
            return Err(Error::SeveralNodes { nodes: self.nodes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_numbered_node_by_node() {
        let topology = Topology::nodes(3).gpus_per_node(4);
        assert_eq!(topology.ranks(), 12);
        let mut expected = 0;
        for node in 0..3 {
            for local in 0..4 {
                assert_eq!(topology.rank(node, local), Some(expected));
                assert_eq!(topology.place(expected), Some((node, local)));
                expected += 1;
            }
        }
        assert_eq!(topology.place(12), None);
        assert_eq!(topology.rank(3, 0), None);
        assert_eq!(topology.rank(0, 4), None);
    }

    #[test]
    fn empty_and_networked_topologies_are_refused_by_name() {
        let empty = Topology::nodes(1).gpus_per_node(0).check().expect_err("no ranks");
        assert_eq!(
            empty.to_string(),
            "a topology of 1 node(s) with 0 GPUs each has no ranks; both counts must be at least 1"
        );
        let two = Topology::nodes(2).gpus_per_node(8).check().expect_err("two nodes");
        assert!(matches!(two, Error::SeveralNodes { nodes: 2 }), "{two}");
    }
}
