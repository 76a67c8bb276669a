//! Fences between the ways in which one memory is reached.

use crate::device;

pub use code::*;

/// Proxy fences and the mbarrier fence (PTX ISA sections 8.4 and 9.7.13.4). `fence(order, scope)`
/// orders accesses of one way; these order accesses of different ways. They need `sm_90` except for
/// `fence_alias`.
#[device]
pub mod code {
    use crate::intrinsics::*;

    /// Between what this thread accessed and later asynchronous copies, and the other way round, in
    /// all memory. `fence.proxy.async`.
    pub fn fence_async() {
        ptx!("fence.proxy.async;");
    }

    /// [`fence_async`] for shared memory: after a thread has written what a bulk copy will read.
    /// `fence.proxy.async.shared::cta`.
    pub fn fence_async_shared() {
        ptx!("fence.proxy.async.shared::cta;");
    }

    /// [`fence_async`] for global memory. `fence.proxy.async.global`.
    pub fn fence_async_global() {
        ptx!("fence.proxy.async.global;");
    }

    /// Between accesses of one place through different virtual addresses, such as a multicast
    /// address and a rank's own. `fence.proxy.alias`.
    pub fn fence_alias() {
        ptx!("fence.proxy.alias;");
    }

    /// Makes an initialised mbarrier visible to the async proxy and to the cluster.
    /// `fence.mbarrier_init`.
    pub fn fence_mbarrier_init() {
        ptx!("fence.mbarrier_init.release.cluster;");
    }
}
