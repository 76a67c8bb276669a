//! What the threads of a block, or of the blocks of a cluster, share.

pub mod mbarrier;
pub mod reductions;
