//! Fences (PTX ISA section 9.7.13, `fence`).

use super::{Fence, Scope, on_host};

/// Orders this thread's earlier and later accesses for the threads of `scope`: `fence.acq_rel.*` or `fence.sc.*`.
pub fn fence<O: Fence, S: Scope>(_order: O, _scope: S) {
    on_host("fence")
}
