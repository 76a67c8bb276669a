//! Fences (PTX ISA section 9.7.13, `fence`).

use super::{Fence, Scope, on_host};

/// Orders this thread's earlier and later accesses for the threads of `scope`: `fence.acquire.*`,
/// `fence.release.*`, `fence.acq_rel.*` or `fence.sc.*`. PTX ISA section 9.7.13.
///
/// A `Release` fence makes releases of the strong stores after it, an `Acquire` fence acquires of
/// the strong loads before it. The one-sided forms exist from `sm_90` and PTX 8.6 on; elsewhere
/// they become `fence.acq_rel`. There is no relaxed fence:
///
/// ```compile_fail,E0277
/// use crossdock_device::prelude::*;
///
/// fence(Relaxed, Gpu);
/// ```
pub fn fence<O: Fence, S: Scope>(_order: O, _scope: S) {
    on_host("fence")
}
