//! Block-level operations: shared memory and the block barrier.

use super::{Shared, on_host};

/// An uninitialised array of `count` elements in shared memory, one per call site; `count` is constant.
pub fn shared<T: Copy>(_count: u32) -> Shared<T> {
    on_host("shared")
}

/// Waits for all threads of the block and orders their memory accesses: `bar.sync 0`.
pub fn block_barrier() {
    on_host("block_barrier")
}
